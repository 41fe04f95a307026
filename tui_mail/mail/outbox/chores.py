"""What sending a message does to others: ``\\Answered``, ``$Forwarded``, and its draft removed.

All of it goes through the journal of the account whose mailbox it is, so it waits as long as that
takes and shows at once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from tui_mail.errors import MailError, StoreError
from tui_mail.mail.account import Account
from tui_mail.mail.actions import Action, Erase, add_flags
from tui_mail.mail.compose.values import MessageReference
from tui_mail.mail.outbox.worker import Calls
from tui_mail.mail.store import Chore, Store, StoredMailbox, StoreThreads

log = logging.getLogger(__name__)


class Chores:
    """``accounts`` are all there are, by name: one may answer from another account."""

    def __init__(self, accounts: Mapping[str, Account], store: StoreThreads) -> None:
        self._accounts = accounts
        self._store = Calls(store)

    async def do(self, chore: Chore) -> None:
        """Raises StoreError. What the mailbox does not allow is left, and so is what is gone."""
        action: Action = add_flags([chore.flag]) if chore.flag else Erase()
        await self._act(chore.message, action)

    async def erase(self, message: MessageReference) -> bool:
        """Remove a message; False where nothing is known here about its mailbox."""
        return await self._act(message, Erase())

    async def _act(self, message: MessageReference, action: Action) -> bool:
        account = self._accounts.get(message.account)
        if account is None:
            return False
        mailbox = await self._mailbox(account, message)
        if mailbox is None:
            return False
        try:
            await account.acting.act(mailbox.id, [message.uid], action, keep=False)
        except StoreError:
            raise
        except MailError as error:
            log.info("account %s: %s", account.name, error.title)
        return True

    async def _mailbox(self, account: Account, message: MessageReference) -> StoredMailbox | None:
        """The mailbox, if its UIDs still mean what they did (RFC 9051, 2.3.1.1)."""
        found = await self._store.read(Store.mailbox_by_name, account.id, message.mailbox)
        if found is None:
            return None
        state = await self._store.read(Store.sync_state, found.id)
        return found if state.uid_validity == message.uid_validity else None
