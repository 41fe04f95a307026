"""Which messages the selected mailbox holds, kept equal to the server by what it says.

Applies EXISTS, EXPUNGE, VANISHED and FETCH in the order in which they arrive, and learns every
UID by SEARCH. What cannot be so is not believed: the whole list is then asked for again, a few
times and no more. Opening a mailbox, and following it, is ``sync``'s.
"""

from __future__ import annotations

import asyncio
from array import array
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice

from tui_mail.errors import CommandRefused, ProtocolError
from tui_mail.mail import events
from tui_mail.mail.gathering import Searched
from tui_mail.mail.news import FlagsTold, MessagesExpunged
from tui_mail.mail.rows import MailboxRows
from tui_mail.mail.selected import Selected
from tui_mail.mail.sequence_map import SequenceMap, missing
from tui_mail.mail.store import Store
from tui_mail.wire import commands
from tui_mail.wire.commands import Command
from tui_mail.wire.responses import Exists, Expunge, Fetch, Response, Vanished
from tui_mail.wire.sequence_set import SequenceSet

MANY = 200  # more new messages than this are found by SEARCH and filled in later
SAVE_DELAY = 2.0  # seconds: the list of UIDs is written at most this often
SEARCHES = 3  # answers that contradict what else the server says, until the last is believed
CONTRADICTIONS = 3  # after so many the list is not asked for again ...
CONTRADICTIONS_PERIOD = 60.0  # ... for so many seconds
UIDS_SLICE = 10_000  # messages whose UID is asked for at a time where SEARCH fails


@dataclass(slots=True)
class _Changes:
    """What the server said unasked and has not been applied yet."""

    expunged: list[int] = field(default_factory=list)
    flags: dict[int, tuple[frozenset[str], int | None]] = field(default_factory=dict)
    shrunk: bool = False


@dataclass(eq=False)
class MailboxList(MailboxRows):
    """The list of one selected mailbox.

    ``lacking`` is set when many rows may be missing from the store. ``flags_unsure``: cached
    flags may be old, and no modseq tells which (no CONDSTORE, or not for this mailbox).
    """

    selected: Selected = field(default_factory=Selected, init=False)
    flags_unsure: bool = field(default=False, init=False)
    lacking: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _map: SequenceMap = field(default_factory=SequenceMap, init=False)
    _selecting: bool = field(default=True, init=False)
    _in_flight_before: frozenset[str] = field(default=frozenset(), init=False)
    _newest: int = field(default=0, init=False)  # UIDs above this are news
    _grown: bool = field(default=False, init=False)
    _count_unsure: bool = field(default=False, init=False)
    _order_unsure: bool = field(default=False, init=False)
    # What EXISTS said last, 0 since a message went: fewer there cannot be.
    _told_count: int = field(default=0, init=False)
    # The last answer to SEARCH: nothing came or went since; and one that has not ended was taken.
    _listed_since: bool = field(default=False, init=False)
    _listing: bool = field(default=False, init=False)
    _contradictions: deque[float] = field(
        default_factory=lambda: deque(maxlen=CONTRADICTIONS), init=False
    )
    _changes: _Changes = field(default_factory=_Changes, init=False)
    _changed: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    # The modseq that the store is as new as, and the highest one seen since.
    _modseq: int | None = field(default=None, init=False)
    _modseq_seen: int = field(default=0, init=False)
    _save_handle: asyncio.TimerHandle | None = field(default=None, init=False)

    @property
    def order(self) -> array[int]:
        """UIDs by sequence number, ascending; 0 where not known yet. Not to be changed."""
        return self._map.uids

    # What the server says

    def _receive(self, response: Response) -> None:
        if self._selecting:
            # What is still in flight from before SELECT speaks of the mailbox before.
            if not self._in_flight_before & self.client.in_flight:
                self.selected.take(response)
            return
        changes = self._changes
        match response:
            case Exists(count=count):
                self._told_count = count
                self._moved()
                self._grown = self._grown or count > len(self._map)
                if not self._map.exists(count):
                    self._distrust()
            case Expunge(sequence=sequence):
                self._told_count = 0
                uid = self._map.expunge(sequence)
                if self._moved() or uid is None:
                    self._distrust()
                elif uid:
                    changes.expunged.append(uid)
                changes.shrunk = True
            case Vanished(uids=uids, earlier=False):
                self._told_count = 0
                self._moved()
                gone, all_of_them = self._map.vanish(uids)
                changes.expunged.extend(gone)
                changes.shrunk = True
                if not all_of_them:
                    self._distrust()
            case Fetch():
                if not self._receive_fetch(response):
                    return
            case _:
                return
        self._changed.set()

    def _receive_fetch(self, fetched: Fetch) -> bool:
        """Whether there is anything to be applied."""
        uid = fetched.uid or 0
        if self._order_unsure:
            uid = uid if not self._map.complete or uid in self._map else 0
        elif not uid:
            uid = self._map.uid(fetched.sequence)
        elif not self._map.learn(fetched.sequence, uid):
            self._distrust()
            return True
        self._modseq_seen = max(self._modseq_seen, fetched.modseq or 0)
        if fetched.envelope is not None:
            self._flags_told.pop(uid, None)
            return False
        if fetched.flags is None or not uid:
            return False
        self._changes.flags[uid] = (fetched.flags, fetched.modseq)
        if self._rows_coming:
            self._flags_told[uid] = fetched.flags
        return True

    def _moved(self) -> bool:
        """Something came or went; whether that is told behind a list taken over on trust.

        Cyrus tells so what its list has already, other servers what it has not.
        """
        self._listed_since = False
        if self._listing:
            self._distrust()
        return self._listing

    def _distrust(self) -> None:
        self._order_unsure = self._count_unsure = True

    async def _applied(self) -> None:
        """``_apply``, and tell the screen once it can see it."""
        told = self._apply()
        if told is not None:
            written, uids = told
            await asyncio.shield(asyncio.wrap_future(written))
            self.publish(events.RowsChanged(self.account, self.id, uids))

    def _apply(self) -> tuple[Future[None], tuple[int, ...]] | None:
        """Hand over what has come in to the store: at once, so that leaving loses nothing.

        The write of flags, if there is one, and whose they are.
        """
        changes, self._changes = self._changes, _Changes()
        # In the middle of an answer modseqs come in any order: a lower one may be on its way.
        if self._modseq is not None and not self.client.in_flight:
            self._modseq = max(self._modseq, self._modseq_seen)
        if changes.expunged:
            if self._rows_coming:
                self._gone_told.update(changes.expunged)
            hidden = self.actions.pending.hidden(self.id)
            gone = tuple(uid for uid in changes.expunged if uid not in hidden)
            self.publish(MessagesExpunged(self.account, self.id, gone))
            self.store.write(Store.remove_messages, self.id, changes.expunged)
        if changes.shrunk or changes.expunged:
            self.show_order()
        if not changes.flags:
            return None
        overlaid = [
            (uid, self.actions.overlay(self.id, uid, flags), modseq)
            for uid, (flags, modseq) in changes.flags.items()
        ]
        told = tuple((uid, flags) for uid, flags, _ in overlaid)
        self.publish(FlagsTold(self.account, self.id, told))
        return self.store.write(Store.put_flags, self.id, overlaid), tuple(changes.flags)

    # The whole list

    async def _learn_uids(self, searched: Searched | None = None) -> None:
        """Every UID, by SEARCH, else by FETCH; ``searched`` is a first answer to SEARCH."""
        if searched is None:
            searched = await self._search()
        for _ in range(SEARCHES - 1):
            # Some servers list what they announce, or take away, only behind it.
            self._listing = False
            if not searched.answered or (searched.take_again() and not self._order_unsure):
                break
            searched = await self._search()
        self._listing = False
        if not searched.answered:
            self._start_over()
            await self._fetch_uids()
        elif not searched.take_again():
            self._count_unsure = self._listed_since = True
            self._told_count = 0
            searched.take_again()
            self._contradicted()
        self._newest = self._map.highest
        await self._write(Store.set_filled_to, self.id, self._map.highest + 1)
        self.show_order()
        self.lacking.set()

    def _search_command(self) -> Command:
        extended = "ESEARCH" in self.client.capabilities
        return commands.search("ALL", return_=("ALL",) if extended else None)

    async def _search(self) -> Searched:
        searched = Searched(self._take_uids)
        try:
            await self.run(
                self._search_command(), origin="list of messages", on_data=searched.receive
            )
        except CommandRefused as error:
            self.tell(error)
        return searched

    def _take_uids(self, uids: array[int], again: bool) -> bool:
        self._listed_since = self._listed_since or not again
        if not self._count_unsure:
            return self._map.assign(uids)
        if (again and not self._listed_since) or len(uids) < self._told_count:
            return False
        self._map.replace(uids)
        self._count_unsure = self._order_unsure = False
        self._listing = True
        return True

    async def _fetch_uids(self) -> None:
        """Where SEARCH is refused or its answer unreadable; they come back through ``_receive``."""
        for last in range(len(self._map), 0, -UIDS_SLICE):
            numbers = SequenceSet.between(max(1, last - UIDS_SLICE + 1), last)
            command = commands.fetch(numbers, ("UID",), uid=False)
            try:
                await self.run(command, origin="list of messages")
            except CommandRefused as error:
                self.tell(error)
                return

    async def _relearn(self) -> None:
        """What the server said cannot be so: take its whole list again."""
        if self._contradicted():
            return
        before = array("I", [uid for uid in self._map.uids if uid])
        self._start_over()
        await self._learn_uids()
        await self._forget_missing(before)

    def _start_over(self) -> None:
        count = len(self._map)
        self._map = SequenceMap()
        self._map.exists(count)
        self._order_unsure = False

    def _contradicted(self) -> bool:
        """Note a contradiction; whether there were too many of late, of which a person is told."""
        now = asyncio.get_running_loop().time()
        times = self._contradictions
        if len(times) == CONTRADICTIONS and now - times[0] < CONTRADICTIONS_PERIOD:
            self.tell(
                ProtocolError(
                    "What the server says about this mailbox contradicts itself",
                    advice="The list may be wrong: open the mailbox again, and see the wire pane.",
                )
            )
            return True
        times.append(now)
        return False

    async def forget_strangers(self) -> None:
        """Rows of messages that went before it was known which ones they were."""
        if self._map.complete:
            order = array("I", self._map.uids)
            strangers = await self._read(Store.strangers, self.id, order)
            gone = [uid for uid in strangers if uid not in self._map]
            if gone:
                await self._write(Store.remove_messages, self.id, gone)

    async def _forget_missing(self, cached: array[int]) -> None:
        if not self._map.complete:
            return  # what is not known to be gone is kept
        for gone in missing(cached, array("I", self._map.uids)):
            if gone:
                await self._write(Store.remove_messages, self.id, gone)
            await self.pause()

    def _news(self) -> int:
        """How many messages there are above ``_newest``; more than ``MANY`` are not counted."""
        newest_first = islice(reversed(self._map.uids), MANY + 1)
        return next(
            (at for at, uid in enumerate(newest_first) if uid and uid <= self._newest),
            min(len(self._map), MANY + 1),
        )

    # Keeping

    def show_order(self) -> None:
        """Tell the screen the list, without the messages that wait to be moved or deleted."""
        visible = self.actions.pending.visible(self.id, self._map.uids)
        self.publish(events.OrderChanged(self.account, self.id, visible[::-1]))

    def _save_soon(self) -> None:
        if self._save_handle is None:
            loop = asyncio.get_running_loop()
            self._save_handle = loop.call_later(SAVE_DELAY, self.save)

    def save(self) -> None:
        """Write the list of UIDs, and the modseq it stands for, without waiting."""
        if self._save_handle is not None:
            self._save_handle.cancel()
            self._save_handle = None
        if self._selecting:
            return
        self._apply()
        if self._map.complete and not self._order_unsure:
            modseq = None if self.flags_unsure else self._modseq
            uids = array("I", self._map.uids)
            self.store.write(Store.put_order, self.id, uids, highest_modseq=modseq)

    def leave(self) -> None:
        """Another mailbox will be selected: write what is not written, run nothing any more."""
        self.save()
        self.left = True
        if self.client.on_response == self._receive:
            self.client.on_response = None
