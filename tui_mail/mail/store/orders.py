"""The UIDs that are on the server, ascending: what the list is made of before any row is read.

They lie in blobs of up to 16,384 UIDs, so a million of them are read in some sixty steps, and a
message that arrives or goes rewrites one blob and not four megabytes.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left

from tui_mail.mail.store.database import numbers
from tui_mail.mail.store.tables import BASE, END, Tables, fitting

SPAN = 14  # a blob holds the UIDs that are equal but for this many low bits


class Orders(Tables):
    def order(self, mailbox_id: int) -> array[int]:
        """The stored UIDs, ascending; empty when there are none."""
        blobs = self._database.blobs(
            f"SELECT data FROM uids WHERE key >= {BASE} AND key < {BASE} + {END} ORDER BY key",
            mailbox_id,
            mailbox_id,
        )
        return uids_of(b"".join(blobs))

    def put_order(self, mailbox_id: int, order: array[int], *, highest_modseq: int | None) -> None:
        """Store all UIDs of the mailbox, ascending and each once.

        ``highest_modseq`` is the HIGHESTMODSEQ (RFC 7162, 3.1.2.1) that flags and order are as
        new as, None when it is not known. Both are stored together or not at all.
        """
        with self._database.transaction():
            base = self._base(mailbox_id)
            if base is None:
                return
            rows = [(base + first, _bytes(uids)) for first, uids in _spans(order)]
            self._database.execute(
                "DELETE FROM uids WHERE key >= ? AND key < ?"
                " AND key NOT IN (SELECT value FROM json_each(?))",
                base,
                base + END,
                numbers(key for key, _ in rows),
            )
            self._database.insert(
                "INSERT INTO uids",
                rows,
                "ON CONFLICT (key) DO UPDATE SET data = excluded.data WHERE data <> excluded.data",
            )
            self._database.execute(
                "UPDATE mailbox SET highest_modseq = ? WHERE id = ?",
                fitting(highest_modseq),
                mailbox_id,
            )

    def _remove_from_order(self, base: int, uids: array[int]) -> None:
        """Take ascending UIDs out of the blobs they are in; only within a transaction."""
        for first, removed in _spans(uids):
            data = self._database.value("SELECT data FROM uids WHERE key = ?", base + first)
            if data is None:
                continue
            going = set(removed)
            left = array("I", [uid for uid in uids_of(data) if uid not in going])
            if left:
                sql = "UPDATE uids SET data = ? WHERE key = ?"
                self._database.execute(sql, _bytes(left), base + first)
            else:
                self._database.execute("DELETE FROM uids WHERE key = ?", base + first)


def _spans(order: array[int]) -> list[tuple[int, array[int]]]:
    spans = []
    start = 0
    while start < len(order):
        span = order[start] >> SPAN
        end = bisect_left(order, (span + 1) << SPAN, start)
        spans.append((span << SPAN, order[start:end]))
        start = end
    return spans


def _bytes(uids: array[int]) -> bytes:
    if sys.byteorder == "big":
        uids = array("I", uids)
        uids.byteswap()
    return uids.tobytes()


def uids_of(data: bytes) -> array[int]:
    """The UIDs of one blob."""
    uids = array("I")
    uids.frombytes(data)
    if sys.byteorder == "big":
        uids.byteswap()
    return uids
