"""The journal of one account: what a person did, applied at once, and waiting to be sent.

An entry is written before anything shows or sends it, and leaves only when the server has
answered. It is sent by the program that owns it; what a program that has ended left is taken
over by the next one that looks. Sends nothing itself (``sending``).
"""

from __future__ import annotations

import asyncio
import logging
from bisect import insort
from collections.abc import Awaitable, Callable, Container, Coroutine, Iterable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

from tui_mail.errors import MailError
from tui_mail.mail import events
from tui_mail.mail.actions.entries import (
    UNDO,
    Entry,
    draft,
    inverse_of_flags,
    inverse_of_transfer,
    undo_draft,
    union,
)
from tui_mail.mail.actions.identity import identity
from tui_mail.mail.actions.pending import Pending
from tui_mail.mail.actions.values import Action, ChangeFlags, Copy, Deed, Move, can_undo, describe
from tui_mail.mail.news import RemovedHere
from tui_mail.mail.store import (
    FlagChange,
    JournalDraft,
    JournalEntry,
    Store,
    StoredMailbox,
    StoreThreads,
)
from tui_mail.wire.sequence_set import SequenceSet

FLAGS_AT_ONCE = 20_000  # messages of one entry
TRANSFERS_AT_ONCE = 1_000
# Seconds in which a server may still be at work on a command whose answer was lost.
GRACE = 2.0
LONGEST_GRACE = 600.0
BATCHES_KEPT = 50  # that can be undone
LOST_TOLD = 5  # so often must an answer be lost for a person to be told

P = ParamSpec("P")
R = TypeVar("R")
log = logging.getLogger(__name__)


class Actions:
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
        self._told = (0, "")
        self._adopted = 0.0

    @property
    def waiting(self) -> int:
        """How many entries the server has not answered. From any thread."""
        return sum(map(len, tuple(self._queues.values())))

    def overlay(self, mailbox_id: int, uid: int, flags: frozenset[str]) -> frozenset[str]:
        """The server's flags of a message with what a person changed since."""
        return self.pending.flags(mailbox_id, uid, flags)

    # What other programs left

    async def adopt(self, *, interval: float = 0.0) -> None:
        """Take over what programs that have ended left in the journal, this one's last run too.

        ``interval`` is how many seconds ago that must have been done last.
        """
        now = asyncio.get_running_loop().time()
        if now - self._adopted < interval:
            return
        self._adopted = now
        owners = await self._read(Store.journal_owners, self._account_id)
        dead = [owner for owner in owners if not self._store.presence.alive(owner)]
        taken: list[JournalEntry] = []
        for owner in dead:
            taken += await self._write(Store.journal_claim, self._account_id, self._owner, owner)
        if not taken:
            return
        log.info("account %s: %d journal entries taken over", self._account, len(taken))
        hidden: set[int] = set()
        for stored in sorted(taken, key=lambda each: each.id):
            entry = await self._entry(stored)
            entry.fresh = False
            if stored.done is not None:
                self._done[entry.id] = entry
                continue
            if entry.flags is None:
                entry.not_before = asyncio.get_running_loop().time() + GRACE
            self._enqueue(entry)
            if entry.hides:
                hidden.add(entry.mailbox_id)
        self._tell()
        await self._shown(hidden)

    # What a person does

    async def act(
        self, mailbox: StoredMailbox, uids: Sequence[int], action: Action, *, keep: bool
    ) -> Deed:
        """Do it: in the journal and on the screen when this returns, on the server later.

        ``MoveTo`` has been resolved before. ``keep``: undo shall know of it. The deed's number
        is 0 when there was nothing to change.
        """
        return await _whole(self._act(mailbox, uids, action, keep))

    async def _act(
        self, mailbox: StoredMailbox, uids: Sequence[int], action: Action, keep: bool
    ) -> Deed:
        keep = keep and can_undo(action)
        text = describe(action, len(uids))
        if isinstance(action, ChangeFlags):
            written = await self._write_flags(mailbox, uids, action, text, keep)
        else:
            written = await self._write_others(mailbox, uids, action, text, keep)
        for entry in written:
            self._enqueue(entry)
        self._tell()
        if written and written[0].hides:
            await self._shown({mailbox.id})
        elif isinstance(action, ChangeFlags):
            changed = tuple(uid for entry in written for uid in entry.uids.to_array())
            self._publish(events.RowsChanged(self._account, mailbox.id, changed))
        number = written[0].stored.batch if written else 0
        return Deed(self._account, number, text, keep)

    async def _write_flags(
        self,
        mailbox: StoredMailbox,
        uids: Sequence[int],
        action: ChangeFlags,
        text: str,
        keep: bool,
    ) -> list[Entry]:
        written: list[Entry] = []
        for piece in _pieces(uids, FLAGS_AT_ONCE):
            batch = written[0].stored.batch if written else 0
            stored = await self._write(
                Store.journal_flags,
                self._account_id,
                draft(action, mailbox.mailbox.name, piece, text=text, keep=keep, batch=batch),
                mailbox.id,
                action.apply,
                owner=self._owner,
            )
            if stored is not None:
                written.append(Entry(stored, mailbox.id))
        return written

    async def _write_others(
        self,
        mailbox: StoredMailbox,
        uids: Sequence[int],
        action: Action,
        text: str,
        keep: bool,
    ) -> list[Entry]:
        drafts = []
        for piece in _pieces(uids, TRANSFERS_AT_ONCE):
            identities = {}
            if isinstance(action, Copy | Move):
                traits = await self._read(Store.traits, mailbox.id, piece.to_array())
                identities = {each.uid: identity(each) for each in traits}
            drafts.append(
                draft(
                    action,
                    mailbox.mailbox.name,
                    piece,
                    text=text,
                    keep=keep,
                    identities=identities,
                )
            )
        stored = await self._write(Store.journal_write, self._account_id, drafts, owner=self._owner)
        return [Entry(each, mailbox.id) for each in stored]

    async def undo(self, number: int | None = None) -> Deed:
        """Take back the newest deed, or the one of this number. Raises ``MailError``."""
        chosen = [deed for deed in self.stack if number is None or deed.number == number]
        if not chosen:
            raise MailError("There is nothing to undo")
        deed = chosen[0]
        for entry in reversed(self._batch(deed.number)):
            await _whole(self._undo_entry(entry))
        self._tell()
        return deed

    async def _undo_entry(self, entry: Entry) -> None:
        changes = [each.reversed() for each in entry.changes]
        if entry.fresh:
            entry.busy = True  # it must not be sent meanwhile
            try:
                await self._commit([], [entry], entry.mailbox_id, changes)
            finally:
                entry.busy = False
            return
        entry.facts.undone = True
        done = entry.id in self._done
        if not done:
            await self.note(entry)
        if entry.flags is not None:
            drafts = inverse_of_flags(entry)
            await self._commit(drafts, [entry] if done else [], entry.mailbox_id, changes)
        elif done and outcome_known(entry):
            facts = entry.facts
            if not facts.arrived:
                raise MailError(f"The server did not say where they went: {entry.text}")
            await self._commit(inverse_of_transfer(entry, facts.arrived, facts.validity), [entry])
        else:
            await self._commit([undo_draft(entry)])

    # What the sender does with the entries

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
            if not entry.busy and entry.not_before <= now and (looking or not entry.must_look):
                entry.busy = True
                entry.fresh = False
                return entry
        return None

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

    async def note(self, entry: Entry) -> None:
        """Write down the facts, before going on."""
        await self._write(Store.journal_note, entry.id, entry.facts.noted())

    def answer_lost(self, entry: Entry) -> None:
        """The connection ended before the server answered: look again when it is at rest."""
        entry.lost += 1
        if entry.flags is not None:
            return  # flags may be set twice, and at once
        wait = min(LONGEST_GRACE, GRACE * 2.0 ** (entry.lost - 1))
        entry.not_before = asyncio.get_running_loop().time() + wait
        if entry.lost == LOST_TOLD:
            title = f"The connection was lost {LOST_TOLD} times on the way to: {entry.text}"
            error = MailError(title, advice="It is tried again, after a longer and longer wait.")
            self._publish(events.Notice(self._account, error))

    async def conclude(self, entry: Entry, *, gone: bool) -> None:
        """The server has done it. ``gone``: all its messages have left the mailbox."""
        keep = entry.keep and (entry.transfers or not entry.facts.undone)
        if entry.hides:
            self._publish(RemovedHere(self._account, entry.mailbox_id, entry.uids))
        # Before anything is awaited: whatever stops this, it must not be sent again.
        if keep:
            self._done[entry.id] = entry
        self._dequeue(entry)
        await self._write(
            Store.journal_conclude,
            self._account_id,
            entry.id,
            entry.facts.noted(),
            keep=keep,
            mailbox_id=entry.mailbox_id,
            gone=entry.uids if gone else None,
        )
        self._tell()
        if entry.hides:
            await self._shown({entry.mailbox_id})

    async def take_back(
        self,
        entry: Entry,
        error: MailError,
        instead: Sequence[JournalDraft] = (),
        *,
        restore: bool = True,
    ) -> None:
        """The server does not do it: everything is as it was before, and a person is told why.

        ``instead`` is what the server still has to do for that. Without ``restore`` the rows are
        left alone: they are other messages now.
        """
        changes = [each.reversed() for each in entry.changes] if restore else []
        await _whole(self._commit(instead, [entry], entry.mailbox_id, changes))
        self._tell()
        self._publish(events.Notice(self._account, error))

    async def undo_known(self, undo: Entry) -> bool:
        """Go on with an ``UNDO`` for which nothing has to be looked at; whether it was one."""
        original = self.original(undo)
        if original is not None and not outcome_known(original):
            return False
        drafts = []
        if original is not None:
            facts = original.facts
            drafts = inverse_of_transfer(original, facts.arrived, facts.validity)
        await self.replace(undo, original, drafts)
        return True

    async def replace(
        self, undo: Entry, original: Entry | None, drafts: Sequence[JournalDraft]
    ) -> None:
        """What an ``UNDO`` takes is known now."""
        instead_of = [undo] if original is None else [undo, original]
        await _whole(self._commit(drafts, instead_of))
        self._tell()

    # The journal and the queues

    async def _commit(
        self,
        drafts: Sequence[JournalDraft],
        instead_of: Sequence[Entry] = (),
        mailbox_id: int = 0,
        changes: Sequence[FlagChange] = (),
    ) -> None:
        """Write entries and queue them, forget others, set flags of rows; show all that."""
        written = await self._write(
            Store.journal_write,
            self._account_id,
            drafts,
            owner=self._owner,
            instead_of=[entry.id for entry in instead_of],
            mailbox_id=mailbox_id,
            changes=changes,
        )
        entries = [await self._entry(stored) for stored in written]
        for entry in instead_of:
            self._done.pop(entry.id, None)
            self._dequeue(entry)
        for entry in entries:
            self._enqueue(entry)
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
        insort(self._queues.setdefault(entry.mailbox, []), entry, key=lambda each: each.id)
        self.pending.add(entry)
        self.empty.clear()
        self._wake()

    def _wake(self) -> None:
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
        self._wake()

    def _batch(self, number: int) -> list[Entry]:
        entries = (*self._done.values(), *self._waiting())
        chosen = (each for each in entries if each.stored.batch == number and each.keep)
        return sorted(chosen, key=lambda entry: entry.id)

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

    async def _read(
        self, method: Callable[Concatenate[Store, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        return await asyncio.wrap_future(self._store.read(method, *args, **kwargs))

    async def _write(
        self, method: Callable[Concatenate[Store, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        # A change that has been handed to the writer happens, whoever stops waiting for it.
        return await asyncio.shield(asyncio.wrap_future(self._store.write(method, *args, **kwargs)))


async def _whole(work: Coroutine[None, None, R]) -> R:
    """Carry this through, even where the one who waits for it is stopped."""
    return await asyncio.shield(asyncio.create_task(work))


def outcome_known(entry: Entry) -> bool:
    """Whether every message that arrived in the target is known by its UID there."""
    return len(entry.facts.arrived) >= len(entry.uids) or not entry.identities


def _pieces(uids: Sequence[int], at_once: int) -> list[SequenceSet]:
    """Sets of so many UIDs, each short enough for a command."""
    ordered = sorted(set(uids))
    blocks = (ordered[start : start + at_once] for start in range(0, len(ordered), at_once))
    return [piece for block in blocks for piece in SequenceSet.from_numbers(block).split()]
