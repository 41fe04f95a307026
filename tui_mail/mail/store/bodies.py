"""Fetched sections of messages: a cache bounded in octets, least recently read first to go.

A section of a message never changes (RFC 9051, 2.3.1.1), so nothing here is ever out of date.
"""

from __future__ import annotations

import time
from collections import deque

from tui_mail.mail.store.database import Database
from tui_mail.mail.store.tables import BASE, Tables, is_uid
from tui_mail.mail.store.values import StoredBody

CACHE_LIMIT = 256 * 1024 * 1024  # octets of all sections together
BODY_LIMIT = 32 * 1024 * 1024  # octets of one; a longer one is not kept
_TRIM = 16  # sections removed at a time

# Of so many that were read longest ago, those it takes to make enough room.
_REMOVE_OLDEST = """
    DELETE FROM body WHERE id IN (
        SELECT id FROM (
            SELECT id, sum(size) OVER (ORDER BY used, id) - size AS freed_before
            FROM (SELECT id, used, size FROM body ORDER BY used, id LIMIT ?)
        ) WHERE freed_before < ?)"""

Read = tuple[int, int, str]


class Bodies(Tables):
    """``cache_limit`` may be set lower. ``reads`` is shared by a writer and its reader."""

    cache_limit: int
    reads: deque[Read]

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.cache_limit = CACHE_LIMIT
        # Reading must not write: what was read is noted here and stored with the next body.
        self.reads = deque(maxlen=1000)

    def put_body(
        self, mailbox_id: int, uid: int, section: str, data: bytes, complete: bool
    ) -> None:
        """Keep a section, named as FETCH names it ("1.2", "HEADER", "1.MIME").

        The beginning of a section does not replace the whole of it.
        """
        if len(data) > BODY_LIMIT or not is_uid(uid):
            return
        with self._database.transaction():
            self._store_reads()
            base = self._base(mailbox_id)
            if base is None:
                return
            self._database.execute(
                "INSERT INTO body (key, section, complete, used, size, data)"
                " VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (key, section) DO UPDATE SET complete = excluded.complete,"
                " used = excluded.used, size = excluded.size, data = excluded.data"
                " WHERE excluded.complete >= complete",
                base + uid,
                section,
                int(complete),
                _now(),
                len(data),
                data,
            )
        self.untidy = self.untidy or self._excess() > 0

    def body(self, mailbox_id: int, uid: int, section: str) -> StoredBody | None:
        row = self._database.row(
            f"SELECT data, complete FROM body WHERE key = {BASE} + ? AND section = ?",
            mailbox_id,
            uid,
            section,
        )
        if row is None:
            return None
        self.reads.append((mailbox_id, uid, section))
        return StoredBody(row[0], bool(row[1]))

    def _store_reads(self) -> None:
        while self.reads:
            mailbox_id, uid, section = self.reads.popleft()
            self._database.execute(
                f"UPDATE body SET used = ? WHERE key = {BASE} + ? AND section = ?",
                _now(),
                mailbox_id,
                uid,
                section,
            )

    def _excess(self) -> int:
        total: int = self._database.value("SELECT value FROM counter WHERE name = 'body_bytes'")
        return total - self.cache_limit

    def _trim_bodies(self) -> bool:
        """Remove a few of the sections read longest ago; False when none has to go."""
        excess = self._excess()
        if excess <= 0:
            return False
        with self._database.transaction():
            self._store_reads()
            self._database.execute(_REMOVE_OLDEST, _TRIM, excess)
        return True


def _now() -> int:
    return time.time_ns() // 1000
