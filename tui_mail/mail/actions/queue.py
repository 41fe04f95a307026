"""The journal of one account: what a person did, applied at once, and waiting to be sent.

An entry is written before anything shows or sends it, and leaves only when the server has
answered. It is sent by the program that owns it; what a program that has ended left is taken
over by the next one that looks. Sends nothing itself (``sending``).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tui_mail.errors import MailError
from tui_mail.mail import events
from tui_mail.mail.actions.entries import (
    UNDO,
    Entry,
    draft,
    inverse_of_flags,
    inverse_of_transfer,
    undo_draft,
)
from tui_mail.mail.actions.following import came_back, follow_names, follow_uids
from tui_mail.mail.actions.identity import identity
from tui_mail.mail.actions.queues import Queues, whole
from tui_mail.mail.actions.values import Action, ChangeFlags, Copy, Deed, Move, can_undo, describe
from tui_mail.mail.news import RemovedHere
from tui_mail.mail.store import JournalDraft, JournalEntry, Store, StoredMailbox
from tui_mail.wire.sequence_set import SequenceSet

FLAGS_AT_ONCE = 20_000  # messages of one entry
TRANSFERS_AT_ONCE = 1_000
# Seconds in which a server may still be at work on a command whose answer was lost, and for each
# message of it.
GRACE = 2.0
GRACE_EACH = 0.01
LONGEST_GRACE = 600.0
RETURN_WAIT = 5.0  # seconds in which a message that is brought back should be there
LOST_TOLD = 5  # so often must an answer be lost for a person to be told

log = logging.getLogger(__name__)


class Actions(Queues):
    """What a person does, and what became of it."""

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
                entry.not_before = asyncio.get_running_loop().time() + _grace(entry)
            self._enqueue(entry)
            if entry.hides:
                hidden.add(entry.mailbox_id)
        self._tell()
        await self._shown(hidden)

    # What a person does

    async def act(
        self,
        mailbox: StoredMailbox,
        uids: Sequence[int],
        action: Action,
        *,
        keep: bool,
        uid_validity: int | None = None,
    ) -> Deed:
        """Do it: in the journal and on the screen when this returns, on the server later.

        ``MoveTo`` has been resolved before. ``keep``: undo shall know of it. ``uid_validity``
        None is that of what is stored. The deed's number is 0 when there was nothing to change.
        """
        return await whole(self._act(mailbox, uids, action, keep, uid_validity))

    async def _act(
        self,
        mailbox: StoredMailbox,
        uids: Sequence[int],
        action: Action,
        keep: bool,
        uid_validity: int | None,
    ) -> Deed:
        keep = keep and can_undo(action)
        text = describe(action, len(uids))
        if isinstance(action, ChangeFlags):
            written = await self._write_flags(mailbox, uids, action, text, keep)
        else:
            written = await self._write_others(mailbox, uids, action, text, keep, uid_validity)
        self._tell()
        if written and written[0].hides:
            await self._shown({mailbox.id})
        elif isinstance(action, ChangeFlags):
            changed = tuple(uid for entry in written for uid in entry.uids.to_array())
            self._publish(events.RowsChanged(self._account, mailbox.id, changed))
        number = written[0].stored.batch if written else 0
        return Deed(self._account, number, text, keep and bool(written))

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
            with self._overlaid(mailbox.id) as meanwhile:
                stored = await self._write(
                    Store.journal_flags,
                    self._account_id,
                    draft(action, mailbox.mailbox.name, piece, text=text, keep=keep, batch=batch),
                    mailbox.id,
                    action.apply,
                    owner=self._owner,
                )
            if stored is not None:
                entry = Entry(stored, mailbox.id)
                self._enqueue(entry)
                written.append(entry)
                await self._change_again(mailbox.id, entry.uids, meanwhile, action.apply)
        return written

    async def _write_others(
        self,
        mailbox: StoredMailbox,
        uids: Sequence[int],
        action: Action,
        text: str,
        keep: bool,
        uid_validity: int | None,
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
                    uid_validity=uid_validity,
                    identities=identities,
                )
            )
        stored = await self._write(Store.journal_write, self._account_id, drafts, owner=self._owner)
        written = [Entry(each, mailbox.id) for each in stored]
        for entry in written:
            self._enqueue(entry)
        return written

    async def undo(self, number: int | None = None) -> Deed:
        """Take back the newest deed, or the one of this number. Raises ``MailError``."""
        chosen = [deed for deed in self.stack if number is None or deed.number == number]
        if not chosen:
            raise MailError("There is nothing to undo")
        deed = chosen[0]
        anew = False
        for entry in reversed(self._batch(deed.number)):
            anew = anew or (entry.kind == "move" and not entry.fresh)
            if not entry.fresh:
                await self._nothing_comes_back(entry)
            await whole(self._undo_entry(entry))
        self._tell()
        return replace(deed, comes_back_anew=anew)

    def _batch(self, number: int) -> list[Entry]:
        entries = (*self._done.values(), *self._waiting())
        chosen = (each for each in entries if each.stored.batch == number and each.keep)
        return sorted(chosen, key=lambda entry: entry.id)

    async def _nothing_comes_back(self, entry: Entry) -> None:
        """Wait for messages of this entry that a later undo brings back: their UIDs are new then.

        Raises ``MailError`` when that takes too long.
        """
        names = {entry.mailbox, entry.target}

        def on_the_way() -> bool:
            return any(
                each.undoes > entry.id
                and (each.mailbox if each.kind == UNDO else each.target) in names
                for each in self._waiting()
            )

        try:
            async with asyncio.timeout(RETURN_WAIT):
                while on_the_way():
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            raise MailError(
                f"What was moved after it is still on its way back: {entry.text}",
                advice="Undo it when the server has been reached.",
            ) from None

    async def _undo_entry(self, entry: Entry) -> None:
        changes = [each.reversed() for each in entry.changes]
        if entry.fresh:
            entry.busy = True  # it must not be sent meanwhile
            try:
                await self._commit([], [entry], entry.mailbox_id, changes)
            finally:
                entry.busy = False
            return
        done = entry.id in self._done
        if entry.flags is not None:
            drafts = inverse_of_flags(entry)
            if done:
                await self._commit(drafts, [entry], entry.mailbox_id, changes)
            else:
                await self._commit(drafts, [], entry.mailbox_id, changes, undone=entry)
        elif done and outcome_known(entry):
            if not entry.facts.arrived:
                raise MailError(f"The server did not say where they went: {entry.text}")
            await self._commit(inverse_of_transfer(entry), [entry])
        else:
            await self._commit([undo_draft(entry)], undone=entry)

    # What became of it

    def answer_lost(self, entry: Entry) -> None:
        """The connection ended before the server answered: look again when it is at rest."""
        entry.lost += 1
        if entry.flags is not None:
            return  # flags may be set twice, and at once
        wait = min(LONGEST_GRACE, _grace(entry) * 2.0 ** (entry.lost - 1))
        entry.not_before = asyncio.get_running_loop().time() + wait
        if entry.lost == LOST_TOLD:
            title = f"The connection was lost {LOST_TOLD} times on the way to: {entry.text}"
            error = MailError(title, advice="It is tried again, after a longer and longer wait.")
            self._publish(events.Notice(self._account, error))

    async def look_later(self, entry: Entry) -> None:
        """The server has done it, and did not say which message is which now."""
        entry.facts.moved = True
        await self.note(entry)
        self.wake()

    async def conclude(self, entry: Entry, *, gone: SequenceSet) -> None:
        """The server has done it. ``gone`` are messages that have left the mailbox."""
        keep = entry.keep and (entry.transfers or not entry.facts.undone)
        if entry.hides:
            self._publish(RemovedHere(self._account, entry.mailbox_id, entry.uids))
        # Before anything is awaited: whatever stops this, it must not be sent again.
        if keep:
            self._done[entry.id] = entry
        self._dequeue(entry)
        uids = came_back(entry)
        entries = (*self._done.values(), *self._waiting())
        followed = follow_uids(entries, entry.target, entry.facts.validity, uids) if uids else []
        await self._write(
            Store.journal_conclude,
            self._account_id,
            entry.id,
            entry.facts.noted(),
            keep=keep,
            mailbox_id=entry.mailbox_id,
            gone=gone,
            rewritten=[each.rewritten for each in followed],
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
        await whole(self._commit(instead, [entry], entry.mailbox_id, changes))
        self._tell()
        self._publish(events.Notice(self._account, error))

    async def undo_known(self, undo: Entry) -> bool:
        """Go on with an ``UNDO`` for which nothing has to be looked at; whether it was one."""
        original = self.original(undo)
        if original is not None and not outcome_known(original):
            return False
        drafts = []
        if original is not None:
            drafts = inverse_of_transfer(original)
        await self.replace(undo, original, drafts)
        return True

    async def replace(
        self, undo: Entry, original: Entry | None, drafts: Sequence[JournalDraft]
    ) -> None:
        """What an ``UNDO`` takes is known now."""
        instead_of = [undo] if original is None else [undo, original]
        await whole(self._commit(drafts, instead_of))
        self._tell()

    async def renamed_in_journal(self, entry: Entry) -> bool:
        """Whether another program has renamed the mailbox; the entry goes on by its new name."""
        stored = await self._read(Store.journal, self._account_id)
        now = next((each.mailbox for each in stored if each.id == entry.id), entry.mailbox)
        if now == entry.mailbox:
            return False
        self.renamed({entry.mailbox: now})
        return True

    def renamed(self, names: Mapping[bytes, bytes]) -> None:
        """Mailboxes have new names (old to new); the journal has them already."""
        entries = (*self._done.values(), *self._waiting())
        queues = [each for name in names for each in self._queues.pop(name, ())]
        follow_names(entries, names)
        for entry in queues:
            self._queue(entry)
        self.wake()


def outcome_known(entry: Entry) -> bool:
    """Whether every message that arrived in the target is known by its UID there."""
    return len(entry.facts.arrived) >= len(entry.uids) or not entry.identities


def _grace(entry: Entry) -> float:
    return GRACE + GRACE_EACH * len(entry.uids)


def _pieces(uids: Sequence[int], at_once: int) -> list[SequenceSet]:
    """Sets of so many UIDs, each short enough for a command."""
    ordered = sorted(set(uids))
    blocks = (ordered[start : start + at_once] for start in range(0, len(ordered), at_once))
    return [piece for block in blocks for piece in SequenceSet.from_numbers(block).split()]
