"""The drafts on this machine, and how a message becomes one. Runs on the mail thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from tui_mail.mail import events
from tui_mail.mail.compose.values import Draft, MessageReference
from tui_mail.mail.drafts import DraftKeeper
from tui_mail.mail.outbox.chores import Chores
from tui_mail.mail.outbox.worker import Calls
from tui_mail.mail.rights import NotAllowed
from tui_mail.mail.store import Chore, DraftGone, Store, StoreThreads

FORGOTTEN = 86400.0  # seconds after which a blob that no draft has named is nobody's


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """A draft on this machine. ``changed`` is in seconds since the epoch.

    ``postponed``: it waits to be put into the Drafts mailbox. ``elsewhere``: another running
    program has it open.
    """

    number: int
    draft: Draft
    changed: float
    postponed: bool = False
    elsewhere: bool = False


class DraftBox:
    """``keepers`` are the accounts' ways to their Drafts mailboxes, by name."""

    def __init__(
        self,
        store: StoreThreads,
        keepers: dict[str, DraftKeeper],
        chores: Chores,
        publish: events.Publish,
    ) -> None:
        self._threads = store
        self._store = Calls(store)
        self._presence = store.presence
        self._keepers = keepers
        self._chores = chores
        self._publish = publish

    async def new(self, draft: Draft) -> int:
        """Keep it, open here; its number."""
        from tui_mail.mail.compose.addresses import bare
        from tui_mail.mail.compose.message_id import new_message_id

        message_id = new_message_id(bare(draft.from_))
        number = await self._store.write(Store.draft_add, draft, message_id, self._presence.owner)
        self._publish(events.DraftsChanged(draft.account))
        return number

    async def save(self, number: int, draft: Draft) -> None:
        """Raises DraftGone."""
        await self._store.write(Store.draft_save, number, draft, self._presence.owner)

    async def all(self) -> list[SavedDraft]:
        stored = await self._store.read(Store.drafts)
        return [
            SavedDraft(
                each.number,
                each.draft,
                each.changed,
                each.postponed,
                elsewhere=not each.postponed and self._is_elsewhere(each.owner),
            )
            for each in stored
        ]

    async def open(self, number: int) -> Draft:
        """Take it from wherever it waits. Raises DraftGone, NotAllowed while another has it."""
        stored = await self._store.read(Store.draft, number)
        if stored is None:
            raise DraftGone("This draft is not here any more")
        if await self._store.read(Store.outbox_of_draft, number) is not None:
            raise NotAllowed("This message is in the outbox", advice="Call it back to change it.")
        in_use = not stored.postponed and self._is_elsewhere(stored.owner)
        if in_use or not await self._store.write(
            Store.draft_open, number, self._presence.owner, stored.owner
        ):
            raise NotAllowed("Another tui-mail has this draft open")
        return stored.draft

    def _is_elsewhere(self, owner: str) -> bool:
        return owner != self._presence.owner and self._presence.alive(owner)

    async def discard(self, number: int) -> None:
        """Here, and its copy in the Drafts mailbox."""
        copy = await self._store.write(Store.draft_discard, number)
        if copy is not None:
            await self._chores.do(Chore(copy))
        self._publish(events.DraftsChanged(copy.account if copy is not None else ""))

    async def postpone(self, number: int) -> None:
        """To the Drafts mailbox as soon as that can be. Raises DraftGone."""
        stored = await self._store.read(Store.draft, number)
        await self._store.write(Store.draft_postpone, number, self._presence.owner)
        if stored is not None and stored.draft.account in self._keepers:
            self._keepers[stored.draft.account].wake()
        self._publish(events.DraftsChanged(stored.draft.account if stored else ""))

    async def of_copy(self, copy: MessageReference) -> int | None:
        """The draft that this message of the Drafts mailbox has become already, now open."""
        number = await self._store.read(Store.draft_of_copy, copy)
        if number is not None:
            await self.open(number)
        return number

    async def recalled(self, raw: bytes, account: str, copy: MessageReference) -> int:
        """A message of the Drafts mailbox as a draft. Raises MailError if it is none."""
        from tui_mail.mail.compose.parse_draft import parse_draft

        draft = await asyncio.to_thread(parse_draft, raw, account, self.keep)
        return await self.new(replace(draft, saved=copy))

    async def of(self, make: Callable[[Callable[[bytes], int]], Draft]) -> int:
        """A draft that ``make`` makes; it is given what keeps octets. May block."""
        return await self.new(await asyncio.to_thread(make, self.keep))

    def keep(self, data: bytes) -> int:
        """For a thread that may wait: octets as a blob."""
        return self._threads.write(Store.blob_add, data).result()

    async def adopt(self) -> None:
        """See to what programs that have ended have left postponed; forget what is nobody's."""
        for owner in await self._store.read(Store.draft_owners):
            if self._presence.alive(owner):
                continue
            if await self._store.write(Store.drafts_claim, self._presence.owner, owner):
                for keeper in self._keepers.values():
                    keeper.wake()
