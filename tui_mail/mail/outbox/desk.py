"""The outbox of all accounts: what a person may do with it, and what programs leave behind.

Runs on the mail thread.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import datetime

from tui_mail import config
from tui_mail.mail import events
from tui_mail.mail.account import Account
from tui_mail.mail.compose.values import OutboxEntry, Outgoing, Sending
from tui_mail.mail.outbox.office import Office, Surroundings
from tui_mail.mail.outbox.worker import Calls
from tui_mail.mail.rights import NotAllowed
from tui_mail.mail.store import DraftGone, Store, StoreThreads
from tui_mail.mail.store.outbox import STOPPED

_GONE = "This message is not in the outbox any more"


class Desk:
    """``hear`` wants every event: what this program has to send is counted by them."""

    def __init__(self, settings: config.Config, store: StoreThreads, *, read_only: bool) -> None:
        self._settings = {each.name: each for each in settings.accounts}
        self._hold = settings.compose.hold
        self._threads = store
        self._store = Calls(store)
        self._owner = store.presence.owner
        self._read_only = read_only
        self._offices: dict[str, Office] = {}
        self._publish: events.Publish = lambda event: None
        self._own: dict[int, OutboxEntry] = {}
        self._changed = asyncio.Event()

    def add(self, account: Account, surroundings: Surroundings) -> Office:
        """An account's outbox; the caller runs it."""
        self._publish = surroundings.publish
        office = Office(account, self._settings[account.name], surroundings)
        self._offices[account.name] = office
        return office

    def hear(self, event: events.Event) -> None:
        """Keeps count of what this program has to send."""
        if isinstance(event, events.OutboxChanged):
            if event.entry is not None:
                self._own[event.entry.id] = event.entry
            self._changed.set()

    @property
    def unsent(self) -> int:
        """How many messages are on their way just now, or wait for their first try."""
        return len(self._under_way())

    def _under_way(self) -> list[OutboxEntry]:
        entries = tuple(self._own.values())
        return [
            each
            for each in entries
            if each.state in (Sending.HELD, Sending.SENDING)
            or (each.state is Sending.QUEUED and not each.tries)
        ]

    async def add_message(
        self, outgoing: Outgoing, *, hold: float | None, draft: int | None, to_file: bool = True
    ) -> OutboxEntry:
        """Into the outbox; sent after ``hold`` seconds, None for as long as the settings say."""
        self._allowed()
        wait = self._hold if hold is None else hold
        settings = self._settings[outgoing.account]
        entry = await self._store.write(
            Store.outbox_add,
            outgoing,
            self._owner,
            due=time.time() + wait,
            held=wait > 0,
            to_file=to_file and settings.save_sent,
            draft=draft,
        )
        self._publish(events.OutboxChanged(entry.account, entry))
        self._wake(entry.account)
        return entry

    async def send_draft(self, number: int, hold: float | None) -> OutboxEntry:
        """Build a draft and put it into the outbox. Raises DraftError, DraftGone, NotAllowed."""
        from tui_mail.mail.compose.build import build

        self._allowed()
        stored = await self._store.read(Store.draft, number)
        if stored is None:
            raise DraftGone("This draft is not here any more")
        if await self._store.read(Store.outbox_of_draft, number) is not None:
            raise NotAllowed("This message is in the outbox already")
        if stored.draft.account not in self._settings:
            raise NotAllowed(
                f"There is no account {stored.draft.account} to send this from",
                advice="Choose another one in From.",
            )
        outgoing = await asyncio.to_thread(
            build, stored.draft, datetime.now().astimezone(), self.blob
        )
        return await self.add_message(outgoing, hold=hold, draft=number)

    def blob(self, number: int) -> bytes:
        """For a thread that may wait."""
        return self._threads.read(Store.blob, number).result()

    async def call_back(self, number: int) -> int:
        """Out of the outbox; its draft, 0 for a message that has none. Raises NotAllowed."""
        return (await self._withdraw(number, with_draft=False)).draft or 0

    async def drop(self, number: int) -> None:
        """Out of the outbox with its draft; one that was sent is not filed. Raises NotAllowed."""
        entry = await self._store.read(Store.outbox_entry, number)
        if entry is not None and entry.state is Sending.ACCEPTED:
            await self._store.write(Store.outbox_filed, number)
            await self._tell(number)
            return
        if entry is not None and entry.state is Sending.FILED:
            raise NotAllowed("This message was sent")
        await self._withdraw(number, with_draft=True)

    async def _withdraw(self, number: int, *, with_draft: bool) -> OutboxEntry:
        entry = await self._store.write(
            Store.outbox_withdraw, number, self._owner, with_draft=with_draft
        )
        if entry is None:
            there = await self._store.read(Store.outbox_entry, number)
            if there is None:
                raise NotAllowed(_GONE)
            sent = there.state is not Sending.SENDING
            what = "was sent already" if sent else "is being handed over to the server"
            raise NotAllowed(f"It is too late: this message {what}")
        self._own.pop(number, None)
        self._publish(events.OutboxChanged(entry.account, None))
        self._publish(events.DraftsChanged(entry.account))
        return entry

    async def retry(self, number: int) -> OutboxEntry:
        """Try it now: one that waits, failed, or of which nobody knows. Raises NotAllowed."""
        entry = await self._store.read(Store.outbox_entry, number)
        if entry is not None and entry.state is Sending.ACCEPTED:
            if entry.account in self._offices:
                self._offices[entry.account].file_now()
            return entry
        return await self._again(number, (*STOPPED, Sending.QUEUED, Sending.HELD))

    async def send_to_the_others(self, number: int) -> OutboxEntry:
        """Where some were refused: to the rest. Raises NotAllowed."""
        entry = await self._store.read(Store.outbox_entry, number)
        refused = [each.address for each in entry.refused] if entry is not None else []
        return await self._again(number, (Sending.PARTLY_REFUSED,), without=refused)

    async def _again(
        self, number: int, states: Iterable[Sending], without: Sequence[str] = ()
    ) -> OutboxEntry:
        self._allowed()
        done = await self._store.write(
            Store.outbox_again, number, self._owner, states, without=without
        )
        entry = await self._store.read(Store.outbox_entry, number)
        if entry is None:
            raise NotAllowed(_GONE)
        if not done:
            raise NotAllowed(f"This message is not to be sent now: it is {entry.state.value}")
        self._publish(events.OutboxChanged(entry.account, entry))
        self._wake(entry.account)
        return entry

    async def mark_sent(self, number: int) -> OutboxEntry:
        """A person knows that it did arrive: file it in Sent. Raises NotAllowed."""
        self._allowed()
        entry = await self._store.read(Store.outbox_entry, number)
        if entry is None or entry.state is not Sending.UNCERTAIN:
            raise NotAllowed(_GONE if entry is None else "What became of this message is known")
        await self._store.write(Store.outbox_accepted, number, entry.reply, "", owner=self._owner)
        self._wake(entry.account)
        await self._tell(number)
        now = await self._store.read(Store.outbox_entry, number)
        return now or entry

    # Life

    async def adopt(self) -> None:
        """Take over what programs that have ended left; of what was being sent nobody knows."""
        for owner in await self._store.read(Store.outbox_owners):
            if not self._threads.presence.alive(owner):
                for entry in await self._store.write(Store.outbox_claim, self._owner, owner):
                    self._publish(events.OutboxChanged(entry.account, entry))
                    self._wake(entry.account)

    async def line_is_back(self, account: str) -> None:
        if account in self._offices:
            await self._offices[account].line_is_back()

    async def send_now(self) -> None:
        """End every hold; done when nothing waits for its first try any longer."""
        for entry in self._under_way():
            if entry.state is Sending.HELD:
                await self._store.write(Store.outbox_due, entry.id, time.time())
                self._wake(entry.account)
        while self._under_way():
            self._changed.clear()
            await self._changed.wait()

    async def close(self) -> None:
        """Begin nothing any more, and hear what has been handed over to its end."""
        offices = tuple(self._offices.values())
        for office in offices:
            office.closing = True
        for office in offices:
            await office.at_rest()

    def _allowed(self) -> None:
        if self._read_only:
            raise NotAllowed("tui-mail was started with --read-only, and sends nothing")

    def _wake(self, account: str) -> None:
        if account in self._offices:
            self._offices[account].wake()

    async def _tell(self, number: int) -> None:
        entry = await self._store.read(Store.outbox_entry, number)
        if entry is not None:
            self._publish(events.OutboxChanged(entry.account, entry))
