"""A second connection that sits in IDLE (RFC 2177) on the current mailbox.

It only says that something happened; the account's own connection then fetches what. It opens
the mailbox with EXAMINE, so that watching changes nothing. When it cannot be had (servers limit
connections), the account polls.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tui_mail.errors import MailError
from tui_mail.model import Phase
from tui_mail.net.imap import ImapClient
from tui_mail.wire import commands
from tui_mail.wire.responses import Exists, Expunge, Fetch, Response, Vanished

REISSUE = 25 * 60.0  # seconds: servers may end an IDLE after 29 minutes (RFC 2177, 3)
START_AFTER = 1.0  # seconds: the first screen goes before the watch
TRY_AGAIN = 120.0  # seconds until a watch that could not be had is tried again
log = logging.getLogger(__name__)

Connect = Callable[[str, Callable[[Phase], None]], Awaitable[ImapClient]]


class Watch:
    """``on_news`` is called whenever the server says something about the mailbox."""

    def __init__(self, connect: Connect, on_news: Callable[[], None]) -> None:
        self.alive = False
        self._connect = connect
        self._on_news = on_news
        self._mailbox: bytes | None = None
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def follow(self, mailbox: bytes) -> None:
        """Watch this mailbox from now on."""
        if mailbox == self._mailbox:
            return
        self._mailbox = mailbox
        self._changed.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        await asyncio.sleep(START_AFTER)
        while True:
            try:
                client = await self._connect("2", lambda _phase: None)
                try:
                    self.alive = True
                    await self._idle(client)
                finally:
                    self.alive = False
                    await client.close()
            except MailError as error:
                log.info("watching by IDLE is not possible now: %s", error.title)
            await asyncio.sleep(TRY_AGAIN)

    async def _idle(self, client: ImapClient) -> None:
        while not client.closed.done():
            self._changed.clear()
            client.on_response = None
            if self._mailbox is not None:
                await client.run(
                    commands.select(self._mailbox, read_only=True), origin="watch for news"
                )
            # What arrived between the account's SELECT and this one would be missed.
            self._on_news()
            client.on_response = self._receive
            while not client.closed.done() and not self._changed.is_set():
                command = commands.idle()
                answered = client.start(command, origin="watch for news")
                changed = asyncio.create_task(self._changed.wait())
                try:
                    await asyncio.wait(
                        [changed, answered, client.closed],
                        timeout=REISSUE,
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                finally:
                    changed.cancel()
                if not answered.done():
                    client.idle_done()
                await client.finish(command, answered)

    def _receive(self, response: Response) -> None:
        if isinstance(response, Exists | Expunge | Fetch | Vanished):
            self._on_news()
