"""The selected mailbox, kept equal to the server through the store.

First the newest page, then the list of UIDs, then the rows on screen, then the rest in bounded
slices. Applies what the server says unasked (EXISTS, EXPUNGE, VANISHED, FETCH). Changes nothing
on the server, and holds nothing of a mailbox but its UIDs.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TypeVar

from tui_mail.errors import CommandRefused
from tui_mail.mail import events
from tui_mail.mail.actions import Actions
from tui_mail.mail.records import to_record, to_structure, unreadable_record
from tui_mail.mail.selected import Selected
from tui_mail.mail.sequence_map import SequenceMap
from tui_mail.mail.store import MessageRecord, Store, StoredMailbox, StoreThreads
from tui_mail.model import MailboxStatus
from tui_mail.net.imap import SLICE, ImapClient
from tui_mail.wire import commands
from tui_mail.wire.responses import (
    ESearchData,
    Exists,
    Expunge,
    Fetch,
    Response,
    SearchData,
    Vanished,
)
from tui_mail.wire.sequence_set import SequenceSet

BARE_ITEMS = ("UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE")
SUMMARY_ITEMS = (*BARE_ITEMS, "ENVELOPE")
FIRST_PAGE = 60  # rows: a tall terminal's screenful
MANY = 200  # more new messages than this are found by SEARCH and filled in later
SAVE_DELAY = 2.0  # seconds: the list of UIDs is written at most this often

Stored = TypeVar("Stored")
Converted = TypeVar("Converted")
Pause = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class _Changes:
    """What the server said unasked and has not been applied yet."""

    expunged: list[int] = field(default_factory=list)
    flags: dict[int, tuple[frozenset[str], int | None]] = field(default_factory=dict)
    grown: bool = False
    shrunk: bool = False
    unsure: bool = False


class MailboxSync:
    """One selected mailbox on one connection, from SELECT until another is selected.

    ``filled`` is set by whoever fills the store once no row is missing.
    """

    def __init__(
        self,
        account: str,
        account_id: int,
        client: ImapClient,
        stored: StoredMailbox,
        store: StoreThreads,
        actions: Actions,
        publish: events.Publish,
        pause: Pause,
    ) -> None:
        self.stored = stored
        self.selected = Selected()
        self.client = client
        self.filled = False
        self._account = account
        self._account_id = account_id
        self._store = store
        self._actions = actions
        self._publish = publish
        self._pause = pause
        self._map = SequenceMap()
        self._selecting = True
        self._changes = _Changes()
        self._changed = asyncio.Event()
        self._modseq: int | None = None
        self._had_cache = False
        self._save_handle: asyncio.TimerHandle | None = None

    @property
    def id(self) -> int:
        return self.stored.id

    @property
    def order(self) -> array[int]:
        """UIDs by sequence number, ascending; 0 where not known yet. Not to be changed."""
        return self._map.uids

    @property
    def flags_unsure(self) -> bool:
        """Whether cached flags may be old, with no modseq to tell which (no CONDSTORE)."""
        return self._had_cache and "CONDSTORE" not in self.client.capabilities

    # Opening

    async def select(self, *, read_only: bool, resync: bool, origin: str) -> None:
        """SELECT or EXAMINE, then the newest page and the list of UIDs.

        Nothing cached: one round trip for SELECT, one for the newest page and the UIDs, which
        are pipelined. With a cache and ``resync`` (QRESYNC was enabled): one for everything.
        Raises as ``ImapClient.run``.
        """
        client = self.client
        state = await self._read(Store.sync_state, self.id)
        cached = await self._read(Store.order, self.id)
        can_resync = bool(resync and state.uid_validity and state.highest_modseq and cached)
        command = commands.select(
            self.stored.mailbox.name,
            read_only=read_only,
            condstore="CONDSTORE" in client.capabilities and not resync,
            qresync=(state.uid_validity or 0, state.highest_modseq or 0, None)
            if can_resync
            else None,
        )
        client.on_response = self._receive
        try:
            completed = await client.run(command, origin=origin)
        except CommandRefused as error:
            if not (can_resync and error.server_line.startswith("BAD")):
                raise
            self.selected = Selected()
            return await self.select(read_only=read_only, resync=False, origin=origin)
        selected = self.selected
        selected.read_only = read_only or (
            completed.code is not None and completed.code.name == "READ-ONLY"
        )
        stale = await self._write(Store.reset_if_stale, self.id, selected.uid_validity)
        if stale:
            cached = array("I")
        self._had_cache = bool(cached)
        trusted = can_resync and not stale and not selected.unsure
        self._map = SequenceMap(cached) if trusted else SequenceMap()
        if trusted:
            await self._apply_vanished(selected.vanished)
            trusted = self._map.exists(selected.exists)
        if not trusted:
            self._map = SequenceMap()
            self._map.exists(selected.exists)
        self._selecting = False
        self._modseq = selected.highest_modseq
        for fetched in selected.fetched:
            self._receive(fetched)
        selected.fetched = []
        await self._learn_uids(trusted, have_cache=bool(cached))
        if not trusted and cached:
            await self._forget_missing(cached)
            await self._refresh_flags(state.highest_modseq)
        self.save()

    async def _learn_uids(self, trusted: bool, *, have_cache: bool) -> None:
        unknown = self._map.uids.count(0)
        if trusted and unknown <= MANY:
            if unknown:
                await self._fetch_new()
            else:
                self._publish_order()
            return
        count = len(self._map)
        if not count:
            self._publish_order()
            return
        page = SequenceSet.between(max(1, count - FIRST_PAGE + 1), count)
        fetched: list[Fetch] = []
        fetch = commands.fetch(page, SUMMARY_ITEMS, uid=False)
        fetch_answer = self.client.start(
            fetch, origin="newest messages", on_data=_gather_fetches(fetched)
        )
        searched = _Searched()
        search = commands.search(
            "ALL", return_=("ALL",) if "ESEARCH" in self.client.capabilities else None
        )
        search_answer = self.client.start(
            search, origin="list of messages", on_data=searched.receive
        )
        await self.client.finish(fetch, fetch_answer)
        await self._keep(fetched)
        if not have_cache:
            self._publish_order()
        await self.client.finish(search, search_answer)
        self._map.replace(searched.uids)
        self._publish_order()
        await self._write(Store.set_filled_to, self.id, self._map.highest + 1)

    async def _apply_vanished(self, vanished: Iterable[SequenceSet]) -> None:
        removed = [uid for gone in vanished for uid in self._map.vanish(gone)]
        if removed:
            await self._write(Store.remove_messages, self.id, removed)

    async def _forget_missing(self, cached: array[int]) -> None:
        gone = sorted(set(cached) - set(self._map.uids))
        if gone:
            await self._write(Store.remove_messages, self.id, gone)

    async def _refresh_flags(self, since: int | None) -> None:
        """Flags that changed while nobody looked (RFC 7162, 3.1.4.1), where modseqs tell."""
        if since is None or "CONDSTORE" not in self.client.capabilities:
            return
        everything = SequenceSet.between(1)
        command = commands.fetch(everything, ("UID", "FLAGS"), changed_since=since)
        await self.client.run(command, origin="changed flags")

    # What the server says unasked

    def _receive(self, response: Response) -> None:
        if self._selecting:
            self.selected.take(response)
            return
        changes = self._changes
        match response:
            case Exists(count=count):
                changes.grown = changes.grown or count > len(self._map)
                changes.unsure = changes.unsure or not self._map.exists(count)
            case Expunge(sequence=sequence):
                if uid := self._map.expunge(sequence):
                    changes.expunged.append(uid)
                changes.shrunk = True
            case Vanished(uids=uids):
                changes.expunged.extend(self._map.vanish(uids))
                changes.shrunk = True
            case Fetch():
                self._receive_fetch(response)
                if response.flags is None or response.envelope is not None:
                    return
            case _:
                return
        self._changed.set()

    def _receive_fetch(self, fetched: Fetch) -> None:
        if fetched.uid:
            self._map.learn(fetched.sequence, fetched.uid)
        uid = fetched.uid or self._map.uid(fetched.sequence)
        if fetched.modseq and self._modseq is not None:
            self._modseq = max(self._modseq, fetched.modseq)
        if uid and fetched.flags is not None and fetched.envelope is None:
            self._changes.flags[uid] = (fetched.flags, fetched.modseq)

    async def settle(self) -> None:
        """Apply to the store what was said unasked, for as long as the mailbox is selected."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            changes, self._changes = self._changes, _Changes()
            if changes.unsure:
                self._map = SequenceMap(array("I", bytes(4 * len(self._map))))
                await self._learn_uids(False, have_cache=True)
            if changes.shrunk:
                await self._write(Store.remove_messages, self.id, changes.expunged)
                self._publish_order()
            if changes.flags:
                await self._put_flags(changes.flags)
            if changes.grown:
                await self._fetch_new()
            await self.update_counts()
            self._save_soon()

    async def update_counts(self) -> None:
        """Tell the folder list how many messages there are, and are unread, as known here."""
        unseen = await self._read(Store.unread_count, self.id) if self.filled else None
        counts = MailboxStatus(messages=len(self._map), unseen=unseen)
        name = self.stored.mailbox.name
        await self._write(Store.put_status, self._account_id, {name: counts})
        self._publish(events.CountsChanged(self._account, (name,)))

    async def _put_flags(self, flags: dict[int, tuple[frozenset[str], int | None]]) -> None:
        overlaid = [
            (uid, self._actions.overlay(self.id, uid, new), modseq)
            for uid, (new, modseq) in flags.items()
        ]
        await self._write(Store.put_flags, self.id, overlaid)
        self._publish(events.RowsChanged(self._account, self.id, tuple(flags)))

    async def _fetch_new(self) -> None:
        before = self._map.highest
        numbers = SequenceSet.between(before + 1)
        fetched: list[Fetch] = []
        command = commands.fetch(numbers, SUMMARY_ITEMS)
        await self.client.run(command, origin="new messages", on_data=_gather_fetches(fetched))
        arrived = [item for item in fetched if item.uid and item.uid > before]
        uids = await self._keep(arrived)
        self._publish_order()
        if uids:
            self._publish(events.MailArrived(self._account, self.id, uids))

    # Rows

    async def fetch_summaries(self, uids: Sequence[int], *, origin: str) -> None:
        """Rows for these UIDs, into the store. Raises as ``ImapClient.run``."""
        fetched: list[Fetch] = []
        for numbers in SequenceSet.from_numbers(uids).split():
            command = commands.fetch(numbers, SUMMARY_ITEMS)
            await self.client.run(command, origin=origin, on_data=_gather_fetches(fetched))
        kept = await self._keep(fetched)
        missing = sorted(set(uids) - set(kept))
        if missing and self.client.malformed:
            await self._fetch_bare(missing)

    async def _fetch_bare(self, uids: Sequence[int]) -> None:
        """A row for messages whose envelope could not be read, so that they can be opened."""
        fetched: list[Fetch] = []
        for numbers in SequenceSet.from_numbers(uids).split():
            command = commands.fetch(numbers, BARE_ITEMS)
            await self.client.run(
                command,
                origin="rows whose envelope is broken",
                on_data=_gather_fetches(fetched),
            )
        await self._put_records([unreadable_record(item) for item in fetched if item.uid])

    async def fetch_structures(self, uids: Sequence[int]) -> None:
        """BODYSTRUCTURE for these UIDs, into the store. Raises as ``ImapClient.run``."""
        fetched: list[Fetch] = []
        for numbers in SequenceSet.from_numbers(uids).split():
            command = commands.fetch(numbers, ("UID", "BODYSTRUCTURE"))
            await self.client.run(
                command, origin="parts of visible rows", on_data=_gather_fetches(fetched)
            )
        await self._put_structures(await self._sliced(to_structure, fetched))

    async def keep_structure(self, fetched: Fetch) -> None:
        """The structure that came with a message a person opened."""
        structure = to_structure(fetched)
        if structure is not None:
            await self._put_structures([structure])

    async def _put_structures(self, structures: Sequence[tuple[int, bool, bytes]]) -> None:
        if structures:
            await self._write(Store.put_structures, self.id, structures)
            uids = tuple(uid for uid, _, _ in structures)
            self._publish(events.RowsChanged(self._account, self.id, uids))

    async def refresh_flags(self, uids: Iterable[int], *, origin: str) -> None:
        """Flags of these UIDs; they come back through ``settle``."""
        for numbers in SequenceSet.from_numbers(uids).split():
            await self.client.run(commands.fetch(numbers, ("UID", "FLAGS")), origin=origin)

    async def _keep(self, fetched: Sequence[Fetch]) -> tuple[int, ...]:
        return await self._put_records(await self._sliced(to_record, fetched))

    async def _put_records(self, records: Sequence[MessageRecord]) -> tuple[int, ...]:
        if not records:
            return ()
        records = [
            replace(record, flags=self._actions.overlay(self.id, record.uid, record.flags))
            for record in records
        ]
        await self._write(Store.put_messages, self.id, records)
        uids = tuple(record.uid for record in records)
        self._publish(events.RowsChanged(self._account, self.id, uids))
        return uids

    async def _sliced(
        self, convert: Callable[[Fetch], Converted | None], fetched: Iterable[Fetch]
    ) -> list[Converted]:
        """Convert one by one, giving way to others every few milliseconds."""
        converted: list[Converted] = []
        until = perf_counter() + SLICE
        for item in fetched:
            value = convert(item)
            if value is not None:
                converted.append(value)
            if perf_counter() > until:
                await self._pause()
                until = perf_counter() + SLICE
        return converted

    # The store

    async def _read(self, function: Callable[..., Stored], *arguments: object) -> Stored:
        return await asyncio.wrap_future(self._store.read(function, *arguments))

    async def _write(self, function: Callable[..., Stored], *arguments: object) -> Stored:
        return await asyncio.wrap_future(self._store.write(function, *arguments))

    def _publish_order(self) -> None:
        newest_first = self._map.newest_first()
        self._publish(events.OrderChanged(self._account, self.id, newest_first))

    def _save_soon(self) -> None:
        if self._save_handle is None:
            loop = asyncio.get_running_loop()
            self._save_handle = loop.call_later(SAVE_DELAY, self.save)

    def save(self) -> None:
        """Write the list of UIDs, and the modseq it stands for, without waiting."""
        if self._save_handle is not None:
            self._save_handle.cancel()
            self._save_handle = None
        if self._map.complete and not self._selecting:
            uids = array("I", self._map.uids)
            self._store.write(Store.put_order, self.id, uids, highest_modseq=self._modseq)


class _Searched:
    """The UIDs of SEARCH or ESEARCH (RFC 9051, 7.3.4; RFC 3501, 7.2.5), ascending."""

    def __init__(self) -> None:
        self.uids: array[int] = array("I")

    def receive(self, response: Response) -> None:
        match response:
            case ESearchData(all=found) if found is not None:
                self.uids = found.to_array()
            case SearchData(numbers=numbers):
                self.uids.extend(numbers)
                self.uids = array("I", sorted(self.uids))


def _gather_fetches(into: list[Fetch]) -> Callable[[Response], None]:
    def gather(response: Response) -> None:
        if isinstance(response, Fetch):
            into.append(response)

    return gather
