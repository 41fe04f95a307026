"""The rows of one selected mailbox: fetched from the server, into the store.

A message the server cannot tell about, or tells wrongly, costs its own row and no other; what
has failed is not asked for again. Knows UIDs only: which messages there are is ``mailbox_list``'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from tui_mail.errors import Cancelled, CommandRefused, MailError
from tui_mail.mail import events
from tui_mail.mail.actions import Actions
from tui_mail.mail.gathering import Structures, Summaries
from tui_mail.mail.records import to_structure, unreadable_record
from tui_mail.mail.store import MessageRecord, Store, StoredMailbox, StoreThreads
from tui_mail.net.imap import ImapClient, OnResponse
from tui_mail.wire import commands
from tui_mail.wire.commands import Command
from tui_mail.wire.responses import Completed, Fetch, Response
from tui_mail.wire.sequence_set import SequenceSet

BARE_ITEMS = ("UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE")
SUMMARY_ITEMS = (*BARE_ITEMS, "ENVELOPE")
MOST_REFUSALS = 24  # of one slice: enough to find one bad message in a thousand

Stored = TypeVar("Stored")


@dataclass(eq=False)
class MailboxRows:
    """``left`` is set when another mailbox is about to be selected on the connection."""

    account: str
    account_id: int
    client: ImapClient
    stored: StoredMailbox
    store: StoreThreads
    actions: Actions
    publish: events.Publish
    pause: Callable[[], Awaitable[None]]
    left: bool = field(default=False, init=False)
    # UIDs about whose row, or structure, the server says nothing that can be read.
    _no_row: set[int] = field(default_factory=set, init=False)
    _no_structure: set[int] = field(default_factory=set, init=False)
    # Flags told unasked while rows are on their way; they are newer than those of the rows.
    _flags_told: dict[int, frozenset[str]] = field(default_factory=dict, init=False)
    # Messages told to be gone while rows are on their way: theirs come too late to be kept.
    _gone_told: set[int] = field(default_factory=set, init=False)
    _rows_coming: int = field(default=0, init=False)
    _told: set[str] = field(default_factory=set, init=False)

    @property
    def id(self) -> int:
        return self.stored.id

    async def run(
        self, command: Command, *, origin: str, on_data: OnResponse | None = None
    ) -> Completed:
        """Run a command that is meant for this mailbox.

        Raises ``Cancelled`` when another one is open by now, else as ``ImapClient.run``.
        """
        if self.left:
            raise Cancelled("Another mailbox is open now")
        return await self.client.run(command, origin=origin, on_data=on_data)

    async def fetch_summaries(self, uids: Iterable[int], *, origin: str) -> None:
        """Rows for these UIDs, into the store. Raises as ``run``, but for ``CommandRefused``."""
        wanted = frozenset(uids) - self._no_row
        malformed = self.client.malformed
        summaries = Summaries(lambda fetched: fetched.uid in wanted, len(wanted))
        with self.rows_coming():
            refused = await self._fetch(
                wanted, SUMMARY_ITEMS, origin, summaries.receive, summaries.records
            )
            await self.put_records(summaries.finish())
        lacking = wanted - summaries.records.keys()
        if lacking and (refused or self.client.malformed > malformed):
            await self._fetch_bare(lacking)

    async def _fetch_bare(self, uids: frozenset[int]) -> None:
        """A row for messages whose envelope could not be read, so that they can be opened."""
        found: dict[int, MessageRecord] = {}

        def receive(response: Response) -> None:
            if isinstance(response, Fetch) and response.uid in uids and response.size is not None:
                found[response.uid] = unreadable_record(response)

        with self.rows_coming():
            await self._fetch(uids, BARE_ITEMS, "rows whose envelope is broken", receive, found)
            await self.put_records(list(found.values()))
        self._no_row |= uids - found.keys()

    async def fetch_structures(self, uids: Iterable[int]) -> None:
        """BODYSTRUCTURE for these UIDs, into the store. Raises as ``fetch_summaries``."""
        wanted = frozenset(uids) - self._no_structure
        malformed = self.client.malformed
        structures = Structures(wanted)
        refused = await self._fetch(
            wanted,
            ("UID", "BODYSTRUCTURE"),
            "parts of visible rows",
            structures.receive,
            structures.found,
        )
        await self._put_structures(list(structures.found.values()))
        if refused or structures.unreadable or self.client.malformed > malformed:
            self._no_structure |= wanted - structures.found.keys()

    async def _fetch(
        self,
        uids: Iterable[int],
        items: Sequence[str],
        origin: str,
        receive: OnResponse,
        found: Container[int],
    ) -> CommandRefused | None:
        """FETCH what is not ``found``; the refusal, if there was one.

        Some servers answer NO to the whole command for one message they cannot read: what is
        lacking then is asked for again in halves.
        """
        waiting = [sorted(uids)]
        refused = None
        refusals = 0
        while waiting:
            lacking = [uid for uid in waiting.pop() if uid not in found]
            error = await self._fetch_part(lacking, items, origin, receive)
            if error is None:
                continue
            refused = error
            refusals += 1
            lacking = [uid for uid in lacking if uid not in found]
            if len(lacking) > 1 and refusals < MOST_REFUSALS:
                half = len(lacking) // 2
                waiting += [lacking[:half], lacking[half:]]
        if refused is not None:
            self.tell(refused)
        return refused

    async def _fetch_part(
        self, uids: Sequence[int], items: Sequence[str], origin: str, receive: OnResponse
    ) -> CommandRefused | None:
        for numbers in SequenceSet.from_numbers(uids).split():
            command = commands.fetch(numbers, items)
            try:
                await self.run(command, origin=origin, on_data=receive)
            except CommandRefused as error:
                return error
        return None

    async def keep_structure(self, fetched: Fetch) -> None:
        """The structure that came with a message a person opened."""
        structure = to_structure(fetched)
        if structure is not None:
            await self._put_structures([structure])

    async def _put_structures(self, structures: Sequence[tuple[int, bool, bytes]]) -> None:
        if structures:
            await self._write(Store.put_structures, self.id, structures)
            uids = tuple(uid for uid, _, _ in structures)
            self.publish(events.RowsChanged(self.account, self.id, uids))

    async def refresh_flags(self, uids: Iterable[int], *, origin: str) -> None:
        """Flags of these UIDs; they come back through ``settle``. Raises as ``run``."""
        for numbers in SequenceSet.from_numbers(uids).split():
            await self.run(commands.fetch(numbers, ("UID", "FLAGS")), origin=origin)

    @contextmanager
    def rows_coming(self) -> Iterator[None]:
        """From before a FETCH of rows until they have been put."""
        self._rows_coming += 1
        try:
            yield
        finally:
            self._rows_coming -= 1
            if not self._rows_coming:
                self._flags_told.clear()
                self._gone_told.clear()

    async def put_records(self, records: Sequence[MessageRecord]) -> tuple[int, ...]:
        """Keep these rows and tell of them; their UIDs."""
        records = [
            replace(record, flags=self._flags(record))
            for record in records
            if record.uid not in self._gone_told
        ]
        if not records:
            return ()
        await self._write(Store.put_messages, self.id, records)
        uids = tuple(record.uid for record in records)
        self.publish(events.RowsChanged(self.account, self.id, uids))
        return uids

    def _flags(self, record: MessageRecord) -> frozenset[str]:
        flags = self._flags_told.get(record.uid, record.flags)
        return self.actions.overlay(self.id, record.uid, flags)

    def tell(self, error: MailError) -> None:
        """Tell a person, once for each kind of trouble while this mailbox is open."""
        if error.title not in self._told:
            self._told.add(error.title)
            self.publish(events.Notice(self.account, error))

    # The store

    async def _read(self, function: Callable[..., Stored], *arguments: object) -> Stored:
        return await asyncio.wrap_future(self.store.read(function, *arguments))

    async def _write(self, function: Callable[..., Stored], *arguments: object) -> Stored:
        # Leaving the mailbox must not take back what waits to be written.
        future = asyncio.wrap_future(self.store.write(function, *arguments))
        return await asyncio.shield(future)
