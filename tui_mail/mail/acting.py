"""What an account does with its actions: checks them, finds their targets, has them sent.

Those for the open mailbox go over its connection, all others over one aside. Each session calls
``serve_here`` and ``serve_aside`` anew; the journal is there all the time.
"""

from __future__ import annotations

import asyncio
import json
import logging
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace

from tui_mail.errors import CommandRefused, MailError, StoreError
from tui_mail.mail import events
from tui_mail.mail.actions import Actions
from tui_mail.mail.actions.entries import UNDO, Entry
from tui_mail.mail.actions.errands import Errands
from tui_mail.mail.actions.permissions import UNKNOWN, Permissions, refusal
from tui_mail.mail.actions.sending import Sender
from tui_mail.mail.actions.values import (
    Action,
    ChangeFlags,
    Copy,
    Deed,
    Erase,
    Move,
    MoveTo,
    TargetMissing,
    shown_name,
)
from tui_mail.mail.aside import Aside, Connect
from tui_mail.mail.rights import NotAllowed, Rights, has_modern_rights, understood
from tui_mail.mail.store import Store, StoredMailbox, StoreThreads
from tui_mail.mail.sync import MailboxSync
from tui_mail.model import INBOX, MailboxStatus, SpecialUse
from tui_mail.net.imap import ImapClient
from tui_mail.wire import commands, mailbox_name
from tui_mail.wire.responses import MyRightsData, Response, StatusData

LAST_TARGETS = "last targets"  # the setting's name
MOST_TARGETS = 20
RETRY_ASIDE = (5.0, 300.0)  # seconds until a connection aside is tried again, and at most
RETRY_STORE = 5.0  # seconds until the journal is tried again when it could not be written
ADOPT_INTERVAL = 60.0  # seconds between two looks for what other programs left
MISSING = ("NONEXISTENT", "TRYCREATE")  # codes (RFC 5530, 3; RFC 9051, 7.1)
FIGURES = ("MESSAGES", "UNSEEN", "UIDNEXT", "UIDVALIDITY")

log = logging.getLogger(__name__)


class Acting:
    """``opened`` gives the open mailbox. ``own_messages`` hears what is put into a mailbox here.

    ``folders_doubted`` is called when a refusal may mean that a mailbox is gone, or called
    otherwise.

    ``current`` is the mailbox on the screen, selected or not, 0 for none; ``examined`` the same
    where a person wants it opened for reading only.
    """

    def __init__(
        self,
        account: str,
        account_id: int,
        store: StoreThreads,
        publish: events.Publish,
        connect: Connect,
        opened: Callable[[], MailboxSync | None],
        *,
        folders: Mapping[SpecialUse, str],
        read_only: bool,
        own_messages: Callable[[bytes, Iterable[int]], None] = lambda name, uids: None,
        folders_doubted: Callable[[], None] = lambda: None,
    ) -> None:
        self.current = 0
        self.examined = 0
        self.actions = Actions(account, account_id, store, publish, self._show)
        self._account = account
        self._account_id = account_id
        self._store = store
        self._publish = publish
        self._opened = opened
        self._folders = folders
        self._read_only = read_only
        self._own_messages = own_messages
        self._folders_doubted = folders_doubted
        self._aside = Aside(connect)
        self._rights: dict[int, Rights] = {}
        self._permissions: dict[int, Permissions] = {}
        self._figures: set[bytes] = set()

    # What a person does

    async def act(
        self,
        mailbox_id: int,
        uids: Sequence[int],
        action: Action,
        *,
        keep: bool = True,
        uid_validity: int | None = None,
    ) -> Deed:
        """Do it at once, here; the server hears of it as soon as it can.

        ``keep``: undo shall know of it. ``uid_validity`` is that of the UIDs, where it may be
        another one than that of what is stored. Raises ``CommandRefused`` for what the server is
        known not to allow, ``TargetMissing``, ``StoreError``.
        """
        source = await asyncio.wrap_future(self._store.read(Store.mailbox, mailbox_id))
        if source is None:
            raise NotAllowed("This folder is gone")
        if self._read_only:
            raise NotAllowed("tui-mail was started with --read-only, and changes nothing")
        action, target = await self._resolved(source, uids, action)
        refused = refusal(
            action,
            self.permissions(source.id),
            self.permissions(target.id) if target is not None else UNKNOWN,
        )
        if refused is not None:
            raise refused
        deed = await self.actions.act(source, uids, action, keep=keep, uid_validity=uid_validity)
        if isinstance(action, Copy | Move) and deed.can_undo:
            await self._remember_target(action.target)
        if isinstance(action, ChangeFlags):
            await self._count(source.id)
        return deed

    async def empty(self, name: bytes, uid_validity: int, uids: Sequence[int]) -> Deed:
        """Erase exactly these messages, which a person has agreed to; what came since stays.

        Raises as ``act``, and ``NotAllowed`` where they were another mailbox's of this name.
        """
        stored = await asyncio.wrap_future(
            self._store.write(Store.ensure_mailbox, self._account_id, name)
        )
        state = await asyncio.wrap_future(self._store.read(Store.sync_state, stored.id))
        if state.uid_validity not in (None, uid_validity):
            raise NotAllowed(
                f"{shown_name(name)} was replaced by another folder meanwhile:"
                " nothing was removed.",
                advice="Look again, and empty it if it may still go.",
            )
        return await self.act(stored.id, uids, Erase(), uid_validity=uid_validity)

    async def _resolved(
        self, source: StoredMailbox, uids: Sequence[int], action: Action
    ) -> tuple[Action, StoredMailbox | None]:
        """The action with its target by name, and that mailbox as far as it is known."""
        if isinstance(action, MoveTo):
            found = await self.special_mailbox(action.use)
            usual = self._name_for(action.use, source.mailbox.delimiter)
            if found is None:
                # Made by hand since the folders were listed, nothing says what it is for.
                found = await asyncio.wrap_future(
                    self._store.read(Store.mailbox_by_name, self._account_id, usual)
                )
            if found is None or not found.mailbox.selectable:
                raise TargetMissing(
                    f"There is no folder for {action.use.value.removeprefix(chr(92))}",
                    usual,
                    again=(source.id, tuple(uids), action),
                )
            if found.id == source.id:
                if action.use is found.mailbox.special_use is SpecialUse.TRASH:
                    return Erase(), None
                raise NotAllowed(f"These are in {shown_name(source.mailbox.name)} already")
            return Move(found.mailbox.name), found
        if isinstance(action, Copy | Move):
            if isinstance(action, Move) and action.target == source.mailbox.name:
                raise NotAllowed(f"These are in {shown_name(source.mailbox.name)} already")
            name = action.target
            return action, await asyncio.wrap_future(
                self._store.read(Store.mailbox_by_name, self._account_id, name)
            )
        return action, None

    async def undo(self, number: int | None = None) -> Deed:
        """Take back the newest deed, or the one of this number. Raises ``MailError``."""
        deed = await self.actions.undo(number)
        if sync := self._opened():
            await self._count(sync.id)
        return deed

    async def special_mailbox(self, use: SpecialUse) -> StoredMailbox | None:
        """The mailbox for this: the configuration's, else the server's, else by its usual name.

        Where there is no Archive, Gmail has All Mail.
        """
        stored = await asyncio.wrap_future(self._store.read(Store.mailboxes, self._account_id))
        uses = (use, SpecialUse.ALL) if use is SpecialUse.ARCHIVE else (use,)
        for each in uses:
            for mailbox in stored:
                if mailbox.mailbox.special_use is each and mailbox.mailbox.selectable:
                    return mailbox
        return None

    def _name_for(self, use: SpecialUse, delimiter: str | None) -> bytes:
        """A name for a mailbox that is missing, beside or below INBOX as the others are."""
        if use in self._folders:
            return mailbox_name.encode(self._folders[use])
        name = use.value.removeprefix("\\").encode()
        # Cyrus and Courier have everything below ``INBOX.``.
        return b"INBOX." + name if delimiter == "." else name

    async def usual_name(self, use: SpecialUse) -> bytes:
        """A name for the mailbox for this, where there is none."""
        stored = await asyncio.wrap_future(self._store.read(Store.mailboxes, self._account_id))
        inbox = next((each for each in stored if each.mailbox.name == INBOX), None)
        delimiter = inbox.mailbox.delimiter if inbox is not None else None
        return self._name_for(use, delimiter)

    async def last_targets(self) -> list[bytes]:
        """Where messages were copied or moved to, the last one first."""
        noted = await asyncio.wrap_future(
            self._store.read(Store.setting, self._account_id, LAST_TARGETS)
        )
        return [name.encode("latin-1") for name in json.loads(noted)] if noted else []

    async def _remember_target(self, name: bytes) -> None:
        others = [each for each in await self.last_targets() if each != name]
        names = [each.decode("latin-1") for each in (name, *others)][:MOST_TARGETS]
        self._store.write(Store.put_setting, self._account_id, LAST_TARGETS, json.dumps(names))

    def renamed(self, names: Mapping[bytes, bytes]) -> None:
        """Mailboxes have new names (old to new), and the journal in the store knows them."""
        self.actions.renamed(names)

    # What mailboxes allow

    def permissions(self, mailbox_id: int) -> Permissions:
        """As the server said when it was open last."""
        sync = self._opened()
        if sync is not None and sync.id == mailbox_id:
            self._permissions[mailbox_id] = Permissions(
                sync.selected.read_only,
                sync.selected.permanent_flags,
                self._rights.get(mailbox_id),
            )
        known = self._permissions.get(mailbox_id, UNKNOWN)
        return replace(known, read_only=True) if mailbox_id == self.examined else known

    async def learn_rights(self, client: ImapClient, sync: MailboxSync) -> None:
        """MYRIGHTS of the open mailbox (RFC 4314, 3.5), once nothing else is under way."""
        if "ACL" not in client.capabilities:
            return
        modern = has_modern_rights(client.capabilities)

        def receive(response: Response) -> None:
            if isinstance(response, MyRightsData) and response.mailbox == sync.stored.mailbox.name:
                self._rights[sync.id] = understood(response.rights, modern=modern)

        await client.quiet()
        with suppress(CommandRefused):
            command = commands.myrights(sync.stored.mailbox.name)
            await sync.run(command, origin="rights", on_data=receive)

    # Sending

    def wake(self) -> None:
        """Another mailbox is open, or none: what can be sent, and where, has changed."""
        self.actions.changed_here.set()
        self.actions.changed_aside.set()

    async def serve_here(self, client: ImapClient, selection: asyncio.Lock) -> None:
        """Send what is for the open mailbox, which stays so while ``selection`` is held.

        Raises ``ConnectionFailed``.
        """
        sender = self._sender(client)
        while not self._read_only:
            self.actions.changed_here.clear()
            try:
                async with selection:
                    sync = self._writable()
                    entry = self.actions.next_here(sync.stored.mailbox.name) if sync else None
                    if entry is not None and sync is not None:
                        await sender.send(entry, sync.selected.uid_validity)
                if entry is None:
                    await self._refresh_figures(client)
                    await _wait(self.actions.changed_here, self.actions.next_due())
            except StoreError as error:
                self._publish(events.Notice(self._account, error))
                await asyncio.sleep(RETRY_STORE)

    async def serve_aside(self) -> None:
        """Send what is for other mailboxes, or must be looked after, over a connection aside."""
        delay, longest = RETRY_ASIDE
        held: set[bytes] = set()
        while not self._read_only:
            self.actions.changed_aside.clear()
            try:
                await self.actions.adopt(interval=ADOPT_INTERVAL)
                await self._send_aside(held)
            except MailError as error:
                # The journal keeps it; the account's own connection says what is wrong.
                log.info("account %s, aside: %s", self._account, error.title)
                await asyncio.sleep(delay)
                delay = min(2 * delay, longest)
                continue
            delay = RETRY_ASIDE[0]
            due = self.actions.next_due()
            await _wait(self.actions.changed_aside, min(due or ADOPT_INTERVAL, ADOPT_INTERVAL))

    async def sent(self) -> None:
        """Wait until nothing is left that could be sent now."""
        if not self._read_only and self._opened() is not None:
            await self.actions.empty.wait()

    def aside(self) -> AbstractAsyncContextManager[ImapClient]:
        """As ``Aside.client``: for what has to select a mailbox, or takes long."""
        return self._aside.client()

    def has_put(self, name: bytes, uids: Iterable[int]) -> None:
        """Messages were appended to a mailbox; ``uids`` are those that the server named."""
        self._own_messages(name, uids)
        self._figures.add(name)
        self.actions.changed_here.set()

    async def stop(self) -> None:
        """The session has ended."""
        await self._aside.stop()

    async def _send_aside(self, held: set[bytes]) -> None:
        while (entry := self.actions.next_aside(self._writable_name(), held)) is not None:
            try:
                if entry.kind == UNDO and await self.actions.undo_known(entry):
                    continue
                async with self._aside.client() as client:
                    sender = self._sender(client)
                    errands = Errands(self._account, sender, self.actions, self._publish, held)
                    await errands.run(entry, self._writable_name)
            finally:
                entry.busy = False
                self.actions.wake()

    def _sender(self, client: ImapClient) -> Sender:
        return Sender(client, self.actions, self._settled, self._own_messages, self._refused)

    def _refused(self, error: CommandRefused) -> None:
        # Dovecot refuses without a code what another client renamed while it is selected.
        if error.code in (None, "", *MISSING):
            self._folders_doubted()

    def _writable(self) -> MailboxSync | None:
        """The open mailbox. What waits for one that was examined goes aside, where it can."""
        sync = self._opened()
        return sync if sync is not None and sync.id != self.examined else None

    def _writable_name(self) -> bytes | None:
        sync = self._writable()
        return sync.stored.mailbox.name if sync is not None else None

    def _open_name(self) -> bytes | None:
        sync = self._opened()
        return sync.stored.mailbox.name if sync is not None else None

    async def _settled(self, entry: Entry) -> None:
        """The server has done it: have the lists as new as that before they are shown so."""
        sync = self._opened()
        name = self._open_name()
        if sync is not None and (
            entry.target == name or (entry.mailbox == name and entry.hides and _holds(sync, entry))
        ):
            # Some servers tell with the next command only, and one aside tells nothing here.
            with suppress(MailError):
                await sync.run(commands.noop(), origin=entry.text)
        self._figures |= {each for each in (entry.mailbox, entry.target) if each and each != name}
        self.actions.changed_here.set()

    async def _refresh_figures(self, client: ImapClient) -> None:
        """STATUS of the mailboxes that messages came into or went from."""
        statuses: dict[bytes, MailboxStatus] = {}

        def receive(response: Response) -> None:
            if isinstance(response, StatusData):
                statuses[response.name] = response.items

        while self._figures:
            name = self._figures.pop()
            if name == self._open_name():
                continue
            with suppress(CommandRefused):
                command = commands.status(name, FIGURES)
                await client.run(command, origin="figures of folders", on_data=receive)
        if statuses:
            await asyncio.wrap_future(
                self._store.write(Store.put_status, self._account_id, statuses)
            )
            self._publish(events.CountsChanged(self._account, tuple(statuses)))

    # Showing

    async def _show(self, mailbox_ids: set[int]) -> None:
        """Tell the order of the mailbox on the screen, if it is one of these, and its figures."""
        for mailbox_id in mailbox_ids:
            sync = self._opened()
            if sync is not None and sync.id == mailbox_id:
                sync.show_order()
            elif mailbox_id == self.current:
                self._publish(await self.cached_order(mailbox_id))
            await self._count(mailbox_id)

    async def cached_order(self, mailbox_id: int) -> events.OrderChanged:
        """The stored list of a mailbox, as it looks with what waits."""
        cached = await asyncio.wrap_future(self._store.read(Store.order, mailbox_id))
        visible = self.actions.pending.visible(mailbox_id, cached)
        return events.OrderChanged(self._account, mailbox_id, visible[::-1])

    async def _count(self, mailbox_id: int) -> None:
        sync = self._opened()
        if sync is not None and sync.id == mailbox_id:
            await sync.update_counts()


def _holds(sync: MailboxSync, entry: Entry) -> bool:
    order = sync.order
    for uid in entry.uids.to_array():
        place = bisect_left(order, uid)
        if place < len(order) and order[place] == uid:
            return True
    return False


async def _wait(event: asyncio.Event, seconds: float | None) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
