"""One more connection, for what has to select a mailbox that is not the open one.

So the open mailbox stays open, with what is being fetched from it. Made when it is wanted, kept
for a little while in case there is more, and used by one at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tui_mail.model import Phase
from tui_mail.net.imap import ImapClient

LINGER = 20.0  # seconds: servers count connections, and logging in takes some round trips

Connect = Callable[[str, Callable[[Phase], None]], Awaitable[ImapClient]]


class Aside:
    """``connect`` gives a connection that is logged in."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._client: ImapClient | None = None
        self._turn = asyncio.Lock()
        self._closing: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def client(self) -> AsyncIterator[ImapClient]:
        """A logged-in connection, with any mailbox or none selected. Raises any ``MailError``."""
        async with self._turn:
            await self._stay()
            if self._client is None or self._client.closed.done():
                self._client = None
                self._client = await self._connect("3", lambda _phase: None)
            try:
                yield self._client
            finally:
                self._closing = asyncio.create_task(self._close_later(self._client))

    async def stop(self) -> None:
        """Close it now, if there is one."""
        await self._stay()
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _stay(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            await asyncio.wait([self._closing])
            self._closing = None

    async def _close_later(self, client: ImapClient) -> None:
        await asyncio.wait([client.closed], timeout=LINGER)
        if self._client is client:
            self._client = None
        # What waits for its goodbye is not to be stopped halfway.
        await asyncio.shield(asyncio.create_task(client.close()))
