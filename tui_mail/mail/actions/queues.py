"""The entries of one account's journal in memory: what waits, in order, and what can be undone.

Gives out what may be sent next, and keeps queues, journal and rows in step. Decides nothing about
what a person does (``queue``), and sends nothing.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Awaitable, Callable, Container, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, TypeVar

from tui_mail.mail import events
from tui_mail.mail.actions.entries import UNDO, Entry, union
from tui_mail.mail.actions.pending import Pending
from tui_mail.mail.actions.values import Deed
from tui_mail.mail.store import FlagChange, JournalDraft, JournalEntry, Store, StoreThreads
from tui_mail.wire.sequence_set import SequenceSet

BATCHES_KEPT = 50  # that can be undone

P = ParamSpec("P")
R = TypeVar("R")


class Queues:
    """``changed_here`` and ``changed_aside`` are set when there may be something to send.

    One is for who sends over the open mailbox's connection. ``empty`` is set when nothing waits.

    ``shown`` is called with mailboxes whose order looks different now.
    """

    def __init__(
        self,
        account: str,
        account_id: int,
        store: StoreThreads,
        publish: events.Publish,
        shown: Callable[[set[int]], Awaitable[None]],
    ) -> None:
        self.pending = Pending()
        self.changed_here = asyncio.Event()
        self.changed_aside = asyncio.Event()
        self.empty = asyncio.Event()
        self.empty.set()
        self.stack: tuple[Deed, ...] = ()
        self._account = account
        self._account_id = account_id
        self._store = store
        self._publish = publish
        self._shown = shown
        self._owner = store.presence.owner
        self._queues: dict[bytes, list[Entry]] = {}
        self._done: dict[int, Entry] = {}
        self._watchers: list[tuple[int, set[int]]] = []
        self._left = asyncio.Event()  # an entry has left the queues
        self._told = (0, "")
        self._adopted = 0.0

    @property
    def waiting(self) -> int:
        """How many entries the server has not answered. From any thread."""
        return sum(map(len, tuple(self._queues.values())))

    def overlay(self, mailbox_id: int, uid: int, flags: frozenset[str]) -> frozenset[str]:
        """The server's flags of a message with what a person changed since, to be written."""
        for each, uids in self._watchers:
            if each == mailbox_id:
                uids.add(uid)
        return self.pending.flags(mailbox_id, uid, flags)

    # What is to be sent

    def next_here(self, mailbox: bytes) -> Entry | None:
        """The oldest entry of the open mailbox, now ``busy``; None when it may not be sent now."""
        return self._take(entry for entry in self._heads() if entry.mailbox == mailbox)

    def next_aside(self, open_mailbox: bytes | None, held: Container[bytes]) -> Entry | None:
        """The oldest entry that is not for the open mailbox, or must be looked after; ``busy``.

        Nothing of the mailboxes in ``held``.
        """
        return self._take(
            (
                entry
                for entry in self._heads()
                if (entry.mailbox != open_mailbox or entry.must_look) and entry.mailbox not in held
            ),
            looking=True,
        )

    def _heads(self) -> list[Entry]:
        """The oldest entry of each mailbox, the oldest of all first."""
        return sorted((queue[0] for queue in self._queues.values()), key=lambda entry: entry.id)

    def _take(self, entries: Iterable[Entry], *, looking: bool = False) -> Entry | None:
        now = asyncio.get_running_loop().time()
        for entry in entries:
            if entry.busy or entry.not_before > now or (entry.must_look and not looking):
                continue
            if not self._is_looked_at(entry) and not self._would_meet(entry):
                entry.busy = True
                entry.fresh = False
                return entry
        return None

    def _is_looked_at(self, entry: Entry) -> bool:
        """Whether copies of an older entry are looked for in this one's mailbox, or will be.

        One that was moved on meanwhile would not be found, and be copied again.
        """
        return any(
            each.target == entry.mailbox and each.is_unsure and each.id < entry.id
            for each in self._waiting()
        )

    def _would_meet(self, entry: Entry) -> bool:
        """Whether messages would arrive in a mailbox while others are expunged from it.

        Without UIDPLUS, one that brings its mark ``\\Deleted`` along would be expunged with them.
        """
        return any(
            each.busy
            and (
                (entry.hides and each.target == entry.mailbox)
                or (each.hides and entry.target == each.mailbox)
            )
            for each in self._waiting()
        )

    def next_due(self) -> float | None:
        """Seconds until an entry that has to wait may be sent; None when there is none."""
        now = asyncio.get_running_loop().time()
        times = [queue[0].not_before - now for queue in self._queues.values()]
        return min((seconds for seconds in times if seconds > 0), default=None)

    def of_mailbox(self, name: bytes) -> tuple[Entry, ...]:
        return tuple(self._queues.get(name, ()))

    def original(self, entry: Entry) -> Entry | None:
        """What an ``UNDO`` is for; None when the server refused that."""
        return self._done.get(entry.undoes)

    # The journal and the queues

    async def note(self, entry: Entry) -> None:
        """Write down the facts, before going on."""
        self.pending.note(entry)
        await self._write(Store.journal_note, entry.id, entry.facts.noted())

    async def _commit(
        self,
        drafts: Sequence[JournalDraft],
        instead_of: Sequence[Entry] = (),
        mailbox_id: int = 0,
        changes: Sequence[FlagChange] = (),
        *,
        undone: Entry | None = None,
    ) -> None:
        """Write entries and queue them, forget others, set flags of rows; show all that.

        ``undone`` is kept, for as long as its outcome matters.
        """
        if undone is not None:
            undone.facts.undone = True
        with self._overlaid(mailbox_id) as meanwhile:
            written = await self._write(
                Store.journal_write,
                self._account_id,
                drafts,
                owner=self._owner,
                instead_of=[entry.id for entry in instead_of],
                mailbox_id=mailbox_id,
                changes=changes,
                rewritten=[] if undone is None else [undone.rewritten],
            )
            entries = [await self._entry(stored) for stored in written]
        for entry in instead_of:
            self._done.pop(entry.id, None)
            self._dequeue(entry)
        for entry in entries:
            self._enqueue(entry)
        for change in changes:
            named = SequenceSet.parse(change.uids)
            await self._change_again(mailbox_id, named, meanwhile, change.apply)
        if changes:
            uids = union(SequenceSet.parse(change.uids) for change in changes).to_array()
            self._publish(events.RowsChanged(self._account, mailbox_id, tuple(uids)))
        shown = {entry.mailbox_id for entry in (*entries, *instead_of) if entry.hides}
        if shown:
            await self._shown(shown)

    async def _entry(self, stored: JournalEntry) -> Entry:
        mailbox = await self._read(Store.mailbox_by_name, self._account_id, stored.mailbox)
        return Entry(stored, 0 if mailbox is None else mailbox.id)

    def _enqueue(self, entry: Entry) -> None:
        self._queue(entry)
        self.pending.add(entry)
        self.empty.clear()
        self.wake()

    def _queue(self, entry: Entry) -> None:
        insort(self._queues.setdefault(entry.mailbox, []), entry, key=lambda each: each.id)

    def wake(self) -> None:
        """There may be something to send now."""
        self.changed_here.set()
        self.changed_aside.set()

    def _dequeue(self, entry: Entry) -> None:
        queue = self._queues.get(entry.mailbox, [])
        if entry not in queue:
            return
        queue.remove(entry)
        if not queue:
            self._queues.pop(entry.mailbox, None)
        self.pending.remove(entry)
        self._left.set()
        self.wake()

    def _waiting(self) -> list[Entry]:
        return [entry for queue in self._queues.values() for entry in queue]

    def _tell(self) -> None:
        """Say what waits and what can be undone, when that has changed and is in the journal."""
        if not self._queues:
            self.empty.set()
        waiting = self._waiting()
        deeds = {
            entry.stored.batch: Deed(self._account, entry.stored.batch, entry.text)
            for entry in (*self._done.values(), *waiting)
            if entry.keep and not entry.facts.undone
        }
        newest = sorted(deeds, reverse=True)
        self.stack = tuple(deeds[number] for number in newest[:BATCHES_KEPT])
        for number, entry in tuple(self._done.items()):
            if not entry.facts.undone and entry.stored.batch not in newest[:BATCHES_KEPT]:
                del self._done[number]
        # What a program does by itself, such as marking as read, is no news.
        waits = sum(entry.keep or entry.kind == UNDO for entry in waiting)
        told = (waits, self.stack[0].description if self.stack else "")
        if told != self._told:
            self._told = told
            self._publish(events.ActionsChanged(self._account, *told))

    # The store

    @contextmanager
    def _overlaid(self, mailbox_id: int) -> Iterator[set[int]]:
        """The messages whose flags somebody writes to rows while a change is written."""
        watcher = (mailbox_id, set[int]())
        self._watchers.append(watcher)
        try:
            yield watcher[1]
        finally:
            self._watchers = [each for each in self._watchers if each is not watcher]

    async def _change_again(
        self,
        mailbox_id: int,
        uids: SequenceSet,
        meanwhile: Iterable[int],
        change: Callable[[frozenset[str]], frozenset[str]],
    ) -> None:
        """Flags that the server told meanwhile were written without this change."""
        overwritten = [uid for uid in meanwhile if uid in uids]
        if overwritten:
            await self._write(Store.change_flags, mailbox_id, overwritten, change)

    async def _read(
        self, method: Callable[Concatenate[Store, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        return await asyncio.wrap_future(self._store.read(method, *args, **kwargs))

    async def _write(
        self, method: Callable[Concatenate[Store, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        # A change that has been handed to the writer happens, whoever stops waiting for it.
        return await asyncio.shield(asyncio.wrap_future(self._store.write(method, *args, **kwargs)))


async def whole(work: Coroutine[None, None, R]) -> R:
    """Carry this through, even where the one who waits for it is stopped."""
    return await asyncio.shield(asyncio.create_task(work))
