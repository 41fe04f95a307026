"""Accounts, and small settings for each. An account's number is its key everywhere else."""

from __future__ import annotations

from tui_mail.mail.store.tables import Tables


class Accounts(Tables):
    def account_id(self, name: str, identity: str) -> int:
        """The number of the account called ``name`` in the configuration; made when new.

        ``identity`` is "user@host". When it is another one than before, nothing that was kept of
        the account is of use: mailboxes, mail, settings and journal go, and the number is new.
        """
        known = self._database.row("SELECT id, identity FROM account WHERE name = ?", name)
        if known is not None and known[1] == identity:
            return int(known[0])
        with self._database.transaction():
            if known is not None:
                self._forget_account(known[0])
            # Another program may have been first; its number is as good.
            self._database.execute(
                "INSERT INTO account (name, identity) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
                name,
                identity,
            )
            number: int = self._database.value("SELECT id FROM account WHERE name = ?", name)
        return number

    def setting(self, account_id: int, key: str) -> str | None:
        found: str | None = self._database.value(
            "SELECT value FROM setting WHERE account_id = ? AND key = ?", account_id, key
        )
        return found

    def put_setting(self, account_id: int, key: str, value: str | None) -> None:
        """Remember a small text; None forgets it."""
        if value is None:
            sql = "DELETE FROM setting WHERE account_id = ? AND key = ?"
            self._database.execute(sql, account_id, key)
        else:
            self._database.execute(
                "INSERT INTO setting VALUES (?, ?, ?)"
                " ON CONFLICT (account_id, key) DO UPDATE SET value = excluded.value",
                account_id,
                key,
                value,
            )

    def _forget_account(self, account_id: int) -> None:
        self._database.execute(
            "INSERT INTO stale SELECT generation FROM mailbox WHERE account_id = ?", account_id
        )
        for table in ("mailbox", "setting", "journal"):
            self._database.execute(f"DELETE FROM {table} WHERE account_id = ?", account_id)
        self._database.execute("DELETE FROM account WHERE id = ?", account_id)
        self.untidy = True
