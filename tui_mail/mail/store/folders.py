"""What a command on a whole folder changes in the store, each in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from tui_mail.mail.store.database import numbers
from tui_mail.mail.store.flags import SEEN_BIT
from tui_mail.mail.store.mailboxes import TAKE_OVER, Mailboxes
from tui_mail.mail.store.messages import Messages
from tui_mail.mail.store.orders import Orders
from tui_mail.mail.store.tables import is_uid
from tui_mail.model import Mailbox

_SLICE = 1000
_RENAME_IN_JOURNAL = (
    "UPDATE journal SET mailbox = ?1 WHERE account_id = ?2 AND mailbox = ?3",
    "UPDATE journal SET payload = json_set(payload, '$.target', ?1)"
    " WHERE account_id = ?2 AND json_extract(payload, '$.target') = ?3",
)


class Folders(Mailboxes, Orders, Messages):
    def change_mailboxes(
        self,
        account_id: int,
        *,
        listed: Sequence[Mailbox] = (),
        gone: Iterable[bytes] = (),
        renamed: Mapping[bytes, bytes] | None = None,
    ) -> None:
        """Take over a part of what LIST says: names told anew, names that are no more.

        A ``renamed`` mailbox (old name to new) keeps its id and its mail; what stood at the new
        name before goes. What the journal says of it goes by the new name, too. Mailboxes named
        nowhere stay as they are.
        """
        with self._database.transaction():
            for old, new in (renamed or {}).items():
                self._rename(account_id, old.decode("latin-1"), new.decode("latin-1"))
            self._remove_mailboxes(account_id, gone)
            self._add(account_id, listed, TAKE_OVER)
        self.untidy = True

    def mark_seen(self, mailbox_id: int, uids: Sequence[int]) -> None:
        """Set \\Seen in the rows of these messages."""
        for block in _blocks(uids):
            self._database.execute(
                f"UPDATE message SET flags = flags | {SEEN_BIT} WHERE flags & {SEEN_BIT} = 0"
                " AND key IN (SELECT (SELECT generation << 32 FROM mailbox WHERE id = ?) + value"
                " FROM json_each(?))",
                mailbox_id,
                block,
            )

    def _rename(self, account_id: int, old: str, new: str) -> None:
        for renaming in _RENAME_IN_JOURNAL:
            self._database.execute(renaming, new, account_id, old)
        known = "SELECT 1 FROM mailbox WHERE account_id = ? AND name = ?"
        if old == new or self._database.value(known, account_id, old) is None:
            return
        self._remove_mailboxes(account_id, [new.encode("latin-1")])
        self._database.execute(
            "UPDATE mailbox SET name = ? WHERE account_id = ? AND name = ?", new, account_id, old
        )

    def _remove_mailboxes(self, account_id: int, names: Iterable[bytes]) -> None:
        named = "account_id = ? AND name IN (SELECT value FROM json_each(?))"
        every = json.dumps([name.decode("latin-1") for name in names])
        self._database.execute(
            f"INSERT INTO stale SELECT generation FROM mailbox WHERE {named}", account_id, every
        )
        self._database.execute(f"DELETE FROM mailbox WHERE {named}", account_id, every)


def _blocks(uids: Sequence[int]) -> Iterable[str]:
    return (
        numbers(filter(is_uid, uids[start : start + _SLICE]))
        for start in range(0, len(uids), _SLICE)
    )
