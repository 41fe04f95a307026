"""What a person did and the server has not confirmed, oldest first. It outlives ``kill -9``.

Entries that are done stay for a while, so that they can be undone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence

from tui_mail.mail.store.database import numbers
from tui_mail.mail.store.tables import Tables
from tui_mail.mail.store.values import JournalDraft, JournalEntry

BATCHES_KEPT = 50  # of an account, once they are done

_COLUMNS = "id, kind, mailbox, uids, payload, uid_validity, created, batch, owner, facts, done"
_ADD = """
    INSERT INTO journal (account_id, kind, mailbox, uids, payload, uid_validity, created,
        batch, owner)
    VALUES (?1, ?2, ?3, ?4, ?5,
        coalesce(?6, (SELECT uid_validity FROM mailbox WHERE account_id = ?1 AND name = ?3)),
        ?7, ?8, ?9)
    RETURNING id"""
_FORGET_OLD = """
    DELETE FROM journal WHERE account_id = ?1 AND done IS NOT NULL AND batch NOT IN (
        SELECT DISTINCT batch FROM journal WHERE account_id = ?1 AND done IS NOT NULL
        ORDER BY batch DESC LIMIT ?2)"""


class Journal(Tables):
    def journal_add(
        self,
        account_id: int,
        kind: str,
        mailbox: bytes,
        uids: str,
        payload: Mapping[str, object],
    ) -> int:
        """Note an action; its number. ``payload`` is anything JSON can hold.

        The UIDVALIDITY under which the mailbox is stored now is noted with it.
        """
        with self._database.transaction():
            draft = JournalDraft(kind, mailbox, uids, payload)
            return self._journal_insert(account_id, [draft], "")[0].id

    def journal(self, account_id: int) -> list[JournalEntry]:
        """All entries of an account, oldest first, those that are done among them."""
        return self._journal_entries("account_id = ?", account_id)

    def journal_claim(self, account_id: int, owner: str, dead: str) -> list[JournalEntry]:
        """Take over the entries of a program that has ended; those taken, oldest first.

        Of several programs that try, one gets them.
        """
        with self._database.transaction():
            taken = self._database.select(
                "id", "FROM journal WHERE account_id = ? AND owner = ?", account_id, dead
            )
            chosen = numbers(number for (number,) in taken)
            self._database.execute(
                "UPDATE journal SET owner = ? WHERE id IN (SELECT value FROM json_each(?))",
                owner,
                chosen,
            )
            return self._journal_entries("id IN (SELECT value FROM json_each(?))", chosen)

    def journal_owners(self, account_id: int) -> list[str]:
        """The programs that have entries of this account."""
        return [
            owner
            for (owner,) in self._database.select(
                "owner",
                "FROM (SELECT DISTINCT owner FROM journal WHERE account_id = ?)",
                account_id,
            )
        ]

    def journal_note(self, number: int, facts: Mapping[str, object]) -> None:
        """Keep what is known now about an entry under way, before going on with it."""
        self._database.execute(
            "UPDATE journal SET facts = ? WHERE id = ?", json.dumps(facts), number
        )

    def journal_remove(self, number: int) -> None:
        """Forget an entry; one that is gone already is no error."""
        self._database.execute("DELETE FROM journal WHERE id = ?", number)

    def _journal_insert(
        self, account_id: int, drafts: Sequence[JournalDraft], owner: str
    ) -> list[JournalEntry]:
        begun = 0
        written = []
        for draft in drafts:
            number: int = self._database.value(
                _ADD,
                account_id,
                draft.kind,
                draft.mailbox.decode("latin-1"),
                draft.uids,
                json.dumps(draft.payload),
                draft.uid_validity,
                time.time(),
                draft.batch or begun,
                owner,
            )
            begun = begun or number
            written.append(number)
        self._database.execute("UPDATE journal SET batch = id WHERE batch = 0")
        return self._journal_entries("id IN (SELECT value FROM json_each(?))", numbers(written))

    def _journal_done(self, account_id: int, number: int, facts: Mapping[str, object]) -> None:
        self._database.execute(
            "UPDATE journal SET facts = ?, done = ? WHERE id = ?",
            json.dumps(facts),
            time.time(),
            number,
        )
        self._database.execute(_FORGET_OLD, account_id, BATCHES_KEPT)

    def _journal_rewrite(self, entries: Iterable[JournalEntry]) -> None:
        for entry in entries:
            self._database.execute(
                "UPDATE journal SET mailbox = ?, uids = ?, payload = ?, facts = ? WHERE id = ?",
                entry.mailbox.decode("latin-1"),
                entry.uids,
                json.dumps(entry.payload),
                json.dumps(entry.facts),
                entry.id,
            )

    def _journal_forget(self, ids: Iterable[int]) -> None:
        self._database.execute(
            "DELETE FROM journal WHERE id IN (SELECT value FROM json_each(?))", numbers(ids)
        )

    def _journal_entries(self, condition: str, *parameters: int | str) -> list[JournalEntry]:
        return [
            JournalEntry(
                number,
                kind,
                mailbox.encode("latin-1"),
                uids,
                json.loads(payload),
                valid,
                created,
                batch,
                owner,
                json.loads(facts),
                done,
            )
            for (
                number,
                kind,
                mailbox,
                uids,
                payload,
                valid,
                created,
                batch,
                owner,
                facts,
                done,
            ) in self._database.select(
                _COLUMNS, f"FROM (SELECT * FROM journal WHERE {condition} ORDER BY id)", *parameters
            )
        ]
