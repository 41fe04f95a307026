"""A loop of the mail thread: looks for something to do, does it, and waits.

What fails is tried again later, each thing by itself; nothing ends the loop but being cancelled.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Concatenate, ParamSpec, TypeVar

from tui_mail.errors import MailError, StoreError
from tui_mail.mail.store import Store, StoreThreads

# Seconds until something that failed is tried again, the last for every time that follows.
WAITS: tuple[float, ...] = (5.0, 30.0, 120.0, 600.0, 3600.0)
LONGEST_NAP = 60.0  # seconds: what another program has left is looked for then
RETRY_STORE = 5.0

P = ParamSpec("P")
R = TypeVar("R")
log = logging.getLogger(__name__)


class Calls:
    """The store's methods, awaited."""

    def __init__(self, store: StoreThreads) -> None:
        self._store = store

    async def read(
        self, method: Callable[Concatenate[Store, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        return await asyncio.wrap_future(self._store.read(method, *args, **kwargs))

    async def write(
        self, method: Callable[Concatenate[Store, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        # A change that has been handed to the writer happens, whoever stops waiting for it.
        return await asyncio.shield(asyncio.wrap_future(self._store.write(method, *args, **kwargs)))

    async def insist(
        self, method: Callable[Concatenate[Store, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """As ``write``, again and again while the disk is full: this has happened already."""
        while True:
            try:
                return await self.write(method, *args, **kwargs)
            except StoreError as error:
                if not error.temporary:
                    raise
                log.warning("writing what has happened: %s", error.title)
            await asyncio.sleep(RETRY_STORE)


class Patience:
    """Which things, by number, are not to be tried again yet."""

    def __init__(self) -> None:
        self._failed: dict[int, tuple[int, float]] = {}  # how often, and when it is tried again

    def failed(self, number: int) -> None:
        times = self._failed.get(number, (0, 0.0))[0]
        wait = WAITS[min(times, len(WAITS) - 1)]
        self._failed[number] = (times + 1, asyncio.get_running_loop().time() + wait)

    def done(self, number: int) -> None:
        self._failed.pop(number, None)

    def forgive(self) -> None:
        """Something has changed: everything may be tried again, and at once."""
        self._failed.clear()

    @property
    def waiting(self) -> Sequence[int]:
        now = asyncio.get_running_loop().time()
        return [number for number, (_, due) in self._failed.items() if due > now]

    @property
    def next_due(self) -> float:
        """Seconds, ``LONGEST_NAP`` at most."""
        now = asyncio.get_running_loop().time()
        times = [due - now for _, due in self._failed.values() if due > now]
        return min((*times, LONGEST_NAP))


class Worker:
    """``work`` does one thing and says whether there was one; ``nap`` is how long to wait else.

    ``wake`` is set when there may be something new. ``fault`` is told what the program did wrong.
    """

    def __init__(
        self,
        work: Callable[[], Awaitable[bool]],
        nap: Callable[[], float],
        fault: Callable[[MailError], None],
    ) -> None:
        self.wake = asyncio.Event()
        self._work = work
        self._nap = nap
        self._fault = fault

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.wake.clear()
            try:
                if await self._work():
                    continue
                nap = self._nap()
            except MailError as error:
                log.info("%s", error.title)
                nap = RETRY_STORE
            except Exception as error:
                log.exception("work of the outbox failed")
                self._fault(MailError(f"An error in tui-mail: {error!r}"))
                nap = LONGEST_NAP
            with suppress(TimeoutError):
                async with asyncio.timeout(max(nap, 0.0)):
                    await self.wake.wait()
