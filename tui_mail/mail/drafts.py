"""Drafts between this machine and the Drafts mailbox of an account.

A postponed draft is put there before it leaves the store, the new copy before the old one goes;
offline it waits. What was typed is in one of the two places at every moment.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import datetime

from tui_mail.errors import CommandRefused, MailError
from tui_mail.mail import events
from tui_mail.mail.account import Account
from tui_mail.mail.compose.values import MessageReference
from tui_mail.mail.outbox.chores import Chores
from tui_mail.mail.outbox.filing import Filing, Letter
from tui_mail.mail.outbox.worker import Calls, Patience, Worker
from tui_mail.mail.store import DraftGone, Store, StoredDraft, StoreThreads
from tui_mail.model import DRAFT, SEEN, SpecialUse
from tui_mail.net.imap import ImapClient

log = logging.getLogger(__name__)


class DraftKeeper:
    """One account's postponed drafts. ``run`` never ends; ``wake`` when there may be some.

    ``standalone``: no session of the account runs, and none is waited for.
    """

    def __init__(
        self,
        account: Account,
        store: StoreThreads,
        publish: events.Publish,
        chores: Chores,
        *,
        standalone: bool = False,
    ) -> None:
        self.idle = asyncio.Event()  # set while nothing can be done
        self._account = account
        self._threads = store
        self._store = Calls(store)
        self._owner = store.presence.owner
        self._publish = publish
        self._chores = chores
        self._standalone = standalone
        self._filing = Filing(account)
        self._patience = Patience()
        self._told: set[int] = set()
        self._worker = Worker(self._keep_next, lambda: self._patience.next_due, self._tell)

    async def run(self) -> None:
        """Until cancelled."""
        await self._worker.run()

    def wake(self) -> None:
        self.idle.clear()
        self._worker.wake.set()

    def line_is_back(self) -> None:
        self._patience.forgive()
        self.wake()

    async def _keep_next(self) -> bool:
        waiting: list[StoredDraft] = []
        if self._account.connected or self._standalone:
            postponed = await self._store.read(
                Store.drafts_postponed, self._account.name, self._owner
            )
            later = self._patience.waiting
            waiting = [each for each in postponed if each.number not in later]
        if not waiting:
            self.idle.set()
            return False
        stored = waiting[0]
        try:
            async with self._account.acting.aside() as client:
                await self._keep(client, stored)
        except MailError as error:
            self._patience.failed(stored.number)
            if isinstance(error, CommandRefused) and stored.number not in self._told:
                self._told.add(stored.number)
                self._tell(error)
            return True
        self._patience.done(stored.number)
        self._publish(events.DraftsChanged(self._account.name))
        self._account.look_for_news()
        return True

    async def _keep(self, client: ImapClient, stored: StoredDraft) -> None:
        """Put it there as it is now, and remove the copy from before."""
        name = await self._filing.mailbox(client, SpecialUse.DRAFTS)
        letter = await asyncio.to_thread(self._letter, stored)
        old = [stored.draft.saved] if stored.draft.saved is not None else []
        begun = stored.facts.get("begun")
        copy: MessageReference | None = None
        if begun is not None:
            # The answer to an earlier try was lost.
            found = await self._filing.find(client, name, letter)
            arrived = [each for each in found if each != stored.draft.saved]
            if begun == stored.changed and arrived:
                copy = arrived.pop()
            old += arrived
        if copy is None:
            copy = await self._append(client, name, letter, stored)
        try:
            left = await self._store.write(Store.draft_stored, stored.number, stored.changed, copy)
        except DraftGone:
            left, old = None, [*old, *([copy] if copy is not None else [])]
        if left is not None:
            log.info("account %s: a draft was changed while it was stored", self._account.name)
        for each in old:
            if not await self._chores.erase(each) and each.account == self._account.name:
                await self._filing.remove(client, each)

    async def _append(
        self, client: ImapClient, name: bytes, letter: Letter, stored: StoredDraft
    ) -> MessageReference | None:
        async def begin() -> None:
            facts = {"begun": stored.changed}
            await self._store.write(Store.draft_note, stored.number, facts)

        copy = await self._filing.put(client, name, letter, begin)
        if copy is not None:
            return copy
        # Without UIDPLUS nobody says where it is.
        found = await self._filing.find(client, name, letter)
        return next((each for each in reversed(found) if each != stored.draft.saved), None)

    def _letter(self, stored: StoredDraft) -> Letter:
        """Reads the attachments: blocks."""
        from tui_mail.mail.compose.build import draft_copy

        draft = replace(stored.draft, saved=None)
        now = datetime.fromtimestamp(stored.changed).astimezone()
        message = draft_copy(draft, now, lambda blob: self._threads.read(Store.blob, blob).result())
        return Letter(
            SpecialUse.DRAFTS,
            message,
            draft.message_id,
            (DRAFT, SEEN),
            int(stored.changed),
            "keep the draft",
        )

    def _tell(self, error: MailError) -> None:
        self._publish(events.Notice(self._account.name, error))
