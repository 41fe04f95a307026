"""Has the address book learn from stored rows, a slice at a time, while a person is not typing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable

from tui_mail.errors import MailError
from tui_mail.mail import events
from tui_mail.mail.outbox.worker import Calls, Worker
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.model import SpecialUse

FIRST_REST = 3.0  # seconds: what is seen first comes first
REST = 0.05  # seconds between two slices
# Whoever writes there is nobody to write to, or has been written to from elsewhere.
_UNLEARNED = frozenset({SpecialUse.JUNK, SpecialUse.TRASH, SpecialUse.DRAFTS})


class AddressLearning:
    """``own`` are the person's own addresses. ``patience`` is awaited before each slice."""

    def __init__(
        self,
        store: StoreThreads,
        own: Iterable[str],
        patience: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = Calls(store)
        self._own: Collection[str] = frozenset(each.casefold() for each in own)
        self._patience = patience
        self._dirty: dict[int, None] = {}
        self._worker = Worker(self._learn, lambda: 3600.0, lambda error: None)

    async def run(self, accounts: Iterable[int]) -> None:
        """Until cancelled. ``accounts`` by their numbers in the store."""
        await asyncio.sleep(FIRST_REST)
        for account in accounts:
            for mailbox in await self._store.read(Store.mailboxes, account):
                self._dirty[mailbox.id] = None
        await self._worker.run()

    def hear(self, event: events.Event) -> None:
        """Rows that are new may name somebody new. On the mail thread."""
        if isinstance(event, events.RowsChanged | events.MailArrived):
            self._dirty[event.mailbox_id] = None
            self._worker.wake.set()

    async def _learn(self) -> bool:
        if not self._dirty:
            return False
        await asyncio.sleep(REST)
        await self._patience()
        mailbox_id = next(iter(self._dirty))
        del self._dirty[mailbox_id]
        mailbox = await self._store.read(Store.mailbox, mailbox_id)
        if mailbox is not None and mailbox.mailbox.special_use not in _UNLEARNED:
            try:
                more = await self._store.write(Store.learn_addresses, mailbox_id, self._own)
            except MailError:
                return False  # the store says elsewhere what is wrong with it
            if more:
                self._dirty[mailbox_id] = None
        return True
