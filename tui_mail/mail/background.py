"""What an open mailbox still lacks, fetched in the background: rows on screen first.

Each command is small enough that a person's next wish does not wait behind it: the slice grows
and shrinks with the line.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable
from time import perf_counter

from tui_mail.mail import events
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.mail.sync import MailboxSync
from tui_mail.model import Progress

FIRST_SLICE = 100  # rows
LARGEST_SLICE = 1000
FLAGS_PER_ROW = 8  # a flags-only answer is about this much smaller than a row
SLICE_TARGET = 0.15  # seconds a background command may hold the connection
TOP_CHECKED = 1000  # newest rows are always looked at, whatever was filled before
SHOW_AFTER = 0.5  # seconds of work before there is progress to show


class Background:
    """The wishes of the screen for one mailbox, and the filling behind them."""

    def __init__(
        self, account: str, sync: MailboxSync, store: StoreThreads, publish: events.Publish
    ) -> None:
        self._account = account
        self._sync = sync
        self._store = store
        self._publish = publish
        self._rows: tuple[int, ...] = ()
        self._structures: tuple[int, ...] = ()
        self._wanted = asyncio.Event()

    def want(self, rows: tuple[int, ...], structures: tuple[int, ...]) -> None:
        """What the screen shows now and lacks; replaces what it showed before."""
        self._rows, self._structures = rows, structures
        self._wanted.set()

    async def serve(self) -> None:
        """Fetch what is wanted, the latest wish only."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            rows, structures = self._rows, self._structures
            self._rows, self._structures = (), ()
            if rows:
                await self._sync.fetch_summaries(rows, origin="rows on screen")
            elif structures:
                await self._sync.fetch_structures(structures)

    async def fill(self) -> None:
        """Fetch every row the store lacks, newest first; then flags, where nothing tells them."""
        order = self._sync.order
        state = await asyncio.wrap_future(self._store.read(Store.sync_state, self._sync.id))
        top = max(0, len(order) - TOP_CHECKED)
        filled = bisect_left(order, state.filled_to)
        await self._backwards(top, len(order), self._fill_slice, FIRST_SLICE, "")
        await self._backwards(0, min(filled, top), self._fill_and_mark, FIRST_SLICE, "messages")
        self._store.write(Store.set_filled_to, self._sync.id, 1)
        self._sync.filled = True
        await self._sync.update_counts()
        if self._sync.flags_unsure:
            await self._backwards(
                0, len(order), self._flags_slice, FIRST_SLICE * FLAGS_PER_ROW, "flags"
            )

    async def _backwards(
        self,
        begin: int,
        end: int,
        work: Callable[[tuple[int, ...]], Awaitable[None]],
        size: int,
        what: str,
    ) -> None:
        largest = size * LARGEST_SLICE // FIRST_SLICE
        started = perf_counter()
        total, position = end - begin, end
        while position > begin:
            await self._sync.client.quiet()
            first = max(begin, position - size)
            # Messages may come and go meanwhile; a shifted slice only asks for a row twice.
            uids = tuple(uid for uid in self._sync.order[first:position] if uid)
            began = perf_counter()
            await work(uids)
            took = perf_counter() - began
            if took < SLICE_TARGET / 2:
                size = min(largest, size * 2)
            elif took > SLICE_TARGET:
                size = max(FIRST_SLICE // 2, size // 2)
            position = first
            if what and perf_counter() - started > SHOW_AFTER:
                progress = Progress(f"fetching {what}", total - (position - begin), total)
                self._publish(events.ProgressChanged(self._account, progress))
        if what and perf_counter() - started > SHOW_AFTER:
            self._publish(events.ProgressChanged(self._account, None))

    async def _fill_slice(self, uids: tuple[int, ...]) -> None:
        unknown = await asyncio.wrap_future(self._store.read(Store.unknown, self._sync.id, uids))
        if unknown:
            await self._sync.fetch_summaries(unknown, origin="background synchronization")

    async def _fill_and_mark(self, uids: tuple[int, ...]) -> None:
        await self._fill_slice(uids)
        if uids:
            self._store.write(Store.set_filled_to, self._sync.id, uids[0])

    async def _flags_slice(self, uids: tuple[int, ...]) -> None:
        if uids:
            await self._sync.refresh_flags(uids, origin="background synchronization")
