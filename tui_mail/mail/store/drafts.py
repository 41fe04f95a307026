"""Drafts as they are on this machine, and the octets attached to them. They outlive ``kill -9``.

A draft that is being written belongs to the program that has it open (``presence``). One that is
``postponed`` waits to be put into the Drafts mailbox, and leaves the store when it is there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from tui_mail.errors import MailError
from tui_mail.mail.compose.values import Draft, MessageReference
from tui_mail.mail.store.draft_text import draft_text, read_draft, reference_text
from tui_mail.mail.store.tables import Tables
from tui_mail.mail.store.values import StoredDraft

BLOB_LIMIT = 512 * 1024 * 1024  # octets

_COLUMNS = "id, owner, changed, postponed, message_id, saved, facts, data"
# What is in the outbox is shown there.
_WRITTEN = "NOT EXISTS (SELECT 1 FROM outbox WHERE draft_id = draft.id)"


class DraftGone(MailError):
    """The draft was sent, discarded, or put into the Drafts mailbox."""


class Drafts(Tables):
    def draft_add(self, draft: Draft, message_id: str, owner: str) -> int:
        """Keep a new draft, open in the program ``owner``; its number."""
        with self._database.transaction():
            number: int = self._database.value(
                "INSERT INTO draft (account, owner, changed, postponed, message_id, saved, data)"
                " VALUES (?, ?, ?, 0, ?, ?, ?) RETURNING id",
                draft.account,
                owner,
                time.time(),
                draft.message_id or message_id,
                reference_text(draft.saved),
                draft_text(draft),
            )
            self._note_blobs(number, draft)
        return number

    def draft_save(self, number: int, draft: Draft, owner: str) -> None:
        """Keep it as it is now. Its ``saved`` and ``message_id`` stay what they are here.

        Raises DraftGone.
        """
        with self._database.transaction():
            self._must_exist(
                self._database.execute(
                    "UPDATE draft SET account = ?, owner = ?, changed = ?, postponed = 0, data = ?"
                    " WHERE id = ?",
                    draft.account,
                    owner,
                    time.time(),
                    draft_text(draft),
                    number,
                )
            )
            self._note_blobs(number, draft)

    def drafts(self) -> list[StoredDraft]:
        """Every draft that is not in the outbox, the one changed last first."""
        return self._drafts(f"{_WRITTEN} ORDER BY changed DESC, id DESC")

    def draft(self, number: int) -> StoredDraft | None:
        """One draft, in the outbox or not."""
        return next(iter(self._drafts("id = ?", number)), None)

    def draft_of_copy(self, copy: MessageReference) -> int | None:
        """The draft that this message of the Drafts mailbox is the copy of."""
        number: int | None = self._database.value(
            "SELECT id FROM draft WHERE saved = ?", reference_text(copy)
        )
        return number

    def draft_open(self, number: int, owner: str, before: str) -> bool:
        """Take a draft that belonged to ``before``; False when another program was faster.

        It is not postponed any longer.
        """
        return bool(
            self._database.execute(
                "UPDATE draft SET owner = ?, postponed = 0 WHERE id = ? AND owner = ?",
                owner,
                number,
                before,
            )
        )

    def draft_postpone(self, number: int, owner: str) -> None:
        """It is to go into the Drafts mailbox, which ``owner`` sees to. Raises DraftGone."""
        self._must_exist(
            self._database.execute(
                f"UPDATE draft SET owner = ?, postponed = 1 WHERE id = ? AND {_WRITTEN}",
                owner,
                number,
            )
        )

    def drafts_postponed(self, account: str, owner: str) -> list[StoredDraft]:
        """Those that this program has to put into the Drafts mailbox, the oldest first."""
        return self._drafts(
            "account = ? AND owner = ? AND postponed = 1 ORDER BY changed", account, owner
        )

    def drafts_claim(self, owner: str, dead: str) -> bool:
        """See to what a program that has ended left postponed; whether there was anything."""
        return bool(
            self._database.execute(
                "UPDATE draft SET owner = ? WHERE owner = ? AND postponed = 1", owner, dead
            )
        )

    def draft_owners(self) -> list[str]:
        """The programs to which drafts belong."""
        rows = self._database.select("owner", "FROM (SELECT DISTINCT owner FROM draft)")
        return [owner for (owner,) in rows]

    def draft_note(self, number: int, facts: Mapping[str, object]) -> None:
        """Keep what is known about putting it into the Drafts mailbox, before going on."""
        self._database.execute("UPDATE draft SET facts = ? WHERE id = ?", json.dumps(facts), number)

    def draft_stored(
        self, number: int, changed: float, copy: MessageReference | None
    ) -> StoredDraft | None:
        """The draft as it was at ``changed`` lies in the Drafts mailbox, as ``copy`` if known.

        It leaves the store, unless it was changed or opened since: then it is returned as it is.
        ``DraftGone`` is raised where it went another way meanwhile.
        """
        with self._database.transaction():
            found = self.draft(number)
            if found is None:
                raise DraftGone("This draft is gone")
            if found.postponed and found.changed == changed:
                self.draft_remove(number)
                return None
            self._database.execute(
                "UPDATE draft SET saved = coalesce(?, saved), facts = '{}' WHERE id = ?",
                reference_text(copy),
                number,
            )
            return self.draft(number)

    def draft_discard(self, number: int) -> MessageReference | None:
        """Forget a draft; its copy in the Drafts mailbox, which is left to the caller."""
        with self._database.transaction():
            found = self.draft(number)
            self.draft_remove(number)
        return found.draft.saved if found else None

    def draft_remove(self, number: int) -> None:
        """Forget a draft and the blobs that no other one has. Only within a transaction."""
        self._database.execute("DELETE FROM draft WHERE id = ?", number)
        self._database.execute(
            "DELETE FROM blob WHERE id IN (SELECT blob_id FROM draft_blob WHERE draft_id = ?1"
            " AND NOT EXISTS (SELECT 1 FROM draft_blob AS other"
            " WHERE other.blob_id = draft_blob.blob_id AND other.draft_id <> ?1))",
            number,
        )
        self._database.execute("DELETE FROM draft_blob WHERE draft_id = ?", number)

    # Blobs

    def blob_add(self, data: bytes) -> int:
        """Keep octets for a draft that will name them; their number."""
        number: int = self._database.value(
            "INSERT INTO blob (created, data) VALUES (?, ?) RETURNING id", time.time(), data
        )
        return number

    def blob(self, number: int) -> bytes:
        """Raises DraftGone for a blob there is not."""
        row = self._database.row("SELECT data FROM blob WHERE id = ?", number)
        if row is None:
            raise DraftGone("This attachment is not kept here any more")
        return bytes(row[0])

    def blobs_sweep(self, before: float) -> None:
        """Remove what was kept before that time and no draft has ever named."""
        self._database.execute(
            "DELETE FROM blob WHERE created < ? AND id NOT IN (SELECT blob_id FROM draft_blob)",
            before,
        )

    def _note_blobs(self, number: int, draft: Draft) -> None:
        for each in draft.attachments:
            if each.blob is not None:
                self._database.execute(
                    "INSERT OR IGNORE INTO draft_blob VALUES (?, ?)", each.blob, number
                )

    def _must_exist(self, changed: int) -> None:
        if not changed:
            raise DraftGone(
                "This draft is not here any more",
                advice="It was sent, discarded or put into the Drafts mailbox meanwhile.",
            )

    def _drafts(self, condition: str, *parameters: str | int | float) -> list[StoredDraft]:
        rows: list[list[Any]] = self._database.select(
            _COLUMNS, f"FROM (SELECT * FROM draft WHERE {condition}) AS draft", *parameters
        )
        return [
            StoredDraft(
                number,
                read_draft(data, saved, message_id),
                changed,
                bool(postponed),
                owner,
                json.loads(facts),
            )
            for number, owner, changed, postponed, message_id, saved, facts, data in rows
        ]
