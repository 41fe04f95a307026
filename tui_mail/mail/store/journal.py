"""What a person did and the server has not confirmed, oldest first. It outlives ``kill -9``."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from tui_mail.mail.store.tables import Tables
from tui_mail.mail.store.values import JournalEntry


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
        name = mailbox.decode("latin-1")
        with self._database.transaction():
            number: int = self._database.value(
                "INSERT INTO journal (account_id, kind, mailbox, uids, payload, uid_validity,"
                " created) VALUES (?, ?, ?, ?, ?,"
                " (SELECT uid_validity FROM mailbox WHERE account_id = ? AND name = ?), ?)"
                " RETURNING id",
                account_id,
                kind,
                name,
                uids,
                json.dumps(payload),
                account_id,
                name,
                time.time(),
            )
        return number

    def journal(self, account_id: int) -> list[JournalEntry]:
        """All actions of an account that have not been removed, oldest first."""
        return [
            JournalEntry(
                number, kind, mailbox.encode("latin-1"), uids, json.loads(payload), valid, created
            )
            for number, kind, mailbox, uids, payload, valid, created in self._database.select(
                "id, kind, mailbox, uids, payload, uid_validity, created",
                "FROM (SELECT * FROM journal WHERE account_id = ? ORDER BY id)",
                account_id,
            )
        ]

    def journal_remove(self, number: int) -> None:
        """The server has answered; an entry that is gone already is no error."""
        self._database.execute("DELETE FROM journal WHERE id = ?", number)
