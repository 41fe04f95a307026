"""What an open mailbox still lacks, fetched in the background: rows on screen first.

Each command is small enough that a person's next wish does not wait behind it: the slice grows
and shrinks with the line.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable
from time import perf_counter

from tui_mail.errors import CommandRefused
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
    """The wishes of the screen for one mailbox, and the filling behind them.

    ``patience`` is awaited before each slice of filling: it leaves room for a person.
    """

    def __init__(
        self,
        account: str,
        sync: MailboxSync,
        store: StoreThreads,
        publish: events.Publish,
        patience: Callable[[], Awaitable[None]],
    ) -> None:
        self._patience = patience
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
        """Fetch every row the store lacks, and again whenever many may be lacking anew."""
        while True:
            self._sync.lacking.clear()
            await self._fill_once()
            await self._sync.lacking.wait()

    async def _fill_once(self) -> None:
        """Newest first; then flags, where nothing tells which of them have changed."""
        sync = self._sync
        state = await asyncio.wrap_future(self._store.read(Store.sync_state, sync.id))
        end = len(sync.order)
        top = max(0, end - TOP_CHECKED)
        filled = bisect_left(sync.order, state.filled_to)
        whole = await self._backwards(top, end, self._fill_slice, FIRST_SLICE, "")
        if not await self._backwards(
            0, min(filled, top), self._fill_and_mark, FIRST_SLICE, "messages"
        ):
            whole = False
        if not whole or sync.lacking.is_set():
            return  # some UIDs are not known; if they become so, this begins again
        self._store.write(Store.set_filled_to, sync.id, 1)
        await sync.forget_strangers()
        sync.filled = True
        await sync.update_counts()
        if sync.flags_unsure:
            try:
                sync.flags_unsure = not await self._backwards(
                    0, len(sync.order), self._flags_slice, FIRST_SLICE * FLAGS_PER_ROW, "flags"
                )
            except CommandRefused as error:
                sync.tell(error)

    async def _backwards(
        self,
        begin: int,
        end: int,
        work: Callable[[tuple[int, ...]], Awaitable[None]],
        size: int,
        what: str,
    ) -> bool:
        """``work`` on these messages, the last ones first; False when a UID was not known."""
        largest = size * LARGEST_SLICE // FIRST_SLICE
        started = perf_counter()
        total, position = end - begin, end
        whole, shown = True, False
        try:
            while position > begin:
                await self._patience()
                await self._sync.client.quiet()
                first = max(begin, position - size)
                # Messages may come and go meanwhile; a shifted slice only asks for a row twice.
                slice_ = self._sync.order[first:position]
                uids = tuple(uid for uid in slice_ if uid)
                whole = whole and len(uids) == len(slice_)
                began = perf_counter()
                if uids:
                    await work(uids)
                took = perf_counter() - began
                if took < SLICE_TARGET / 2:
                    size = min(largest, size * 2)
                elif took > SLICE_TARGET:
                    size = max(FIRST_SLICE // 2, size // 2)
                position = first
                if what and perf_counter() - started > SHOW_AFTER:
                    shown = True
                    progress = Progress(f"fetching {what}", total - (position - begin), total)
                    self._publish(events.ProgressChanged(self._account, progress))
        finally:
            if shown:
                self._publish(events.ProgressChanged(self._account, None))
        return whole

    async def _fill_slice(self, uids: tuple[int, ...]) -> None:
        unknown = await asyncio.wrap_future(self._store.read(Store.unknown, self._sync.id, uids))
        if unknown:
            await self._sync.fetch_summaries(unknown, origin="background synchronization")

    async def _fill_and_mark(self, uids: tuple[int, ...]) -> None:
        await self._fill_slice(uids)
        self._store.write(Store.set_filled_to, self._sync.id, uids[0])

    async def _flags_slice(self, uids: tuple[int, ...]) -> None:
        await self._sync.refresh_flags(uids, origin="background synchronization")
