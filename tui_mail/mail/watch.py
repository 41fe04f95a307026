"""A second connection that sits in IDLE (RFC 2177) on the current mailbox.

It only says that something happened; the account's own connection then fetches what. It opens
the mailbox with EXAMINE, so that watching changes nothing. When it cannot be had (servers limit
connections, or announce an IDLE they do not have), the account polls.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from tui_mail.errors import CommandRefused, MailError
from tui_mail.model import Phase
from tui_mail.net.imap import ANSWER_TIMEOUT, ImapClient
from tui_mail.wire import commands
from tui_mail.wire.responses import Exists, Expunge, Fetch, Response, Vanished

REISSUE = 25 * 60.0  # seconds: servers may end an IDLE after 29 minutes (RFC 2177, 3)
START_AFTER = 1.0  # seconds: the first screen goes before the watch
TRY_AGAIN = 120.0  # seconds until a watch that could not be had is tried again
CHECK_TIMEOUT = 10.0  # seconds without an answer until a line that is doubted counts as dead
SHORTEST_IDLE = 5.0  # seconds: an IDLE that the server ends sooner is begun again only then
log = logging.getLogger(__name__)

Connect = Callable[[str, Callable[[Phase], None]], Awaitable[ImapClient]]


class Watch:
    """``on_news`` is called whenever the server says something about the mailbox.

    ``alive`` is True while the server would tell. ``connect`` gives a connection that is logged
    in.
    """

    def __init__(self, connect: Connect, on_news: Callable[[], None]) -> None:
        self.alive = False
        self._connect = connect
        self._on_news = on_news
        self._mailbox: bytes | None = None
        self._changed = asyncio.Event()
        self._doubted = False
        self._task: asyncio.Task[None] | None = None

    def follow(self, mailbox: bytes) -> None:
        """Watch this mailbox from now on."""
        if mailbox == self._mailbox:
            return
        self._mailbox = mailbox
        self._changed.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def check(self) -> None:
        """Make sure soon that the line is alive: the computer may have slept."""
        self._doubted = True
        self._changed.set()

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
                    await self._follow(client)
                finally:
                    self.alive = False
                    await client.close()
            except CommandRefused as error:
                log.info("this server has no IDLE after all: %s", error.server_line)
                return
            except MailError as error:
                log.info("watching by IDLE is not possible now: %s", error.title)
            except Exception:
                log.exception("watching by IDLE failed")
            doubted, self._doubted = self._doubted, False
            if doubted:
                continue  # the line was dead, as it seemed: a new one may be had at once
            # Another mailbox, or a computer that woke up, is a reason to try before.
            with suppress(TimeoutError):
                async with asyncio.timeout(TRY_AGAIN):
                    await self._changed.wait()

    async def _follow(self, client: ImapClient) -> None:
        """Until the connection ends, or the server has no IDLE (``CommandRefused``)."""
        self._doubted = False
        selected: bytes | None = None
        while not client.closed.done():
            self._changed.clear()
            if self._mailbox != selected and self._mailbox is not None:
                selected = self._mailbox
                if not await self._select(client, selected):
                    selected = None
                    await _until(self._changed.wait(), client.closed)
                    continue
            await self._idle(client)

    async def _select(self, client: ImapClient, mailbox: bytes) -> bool:
        client.on_response = None
        try:
            await client.run(commands.select(mailbox, read_only=True), origin="watch for news")
        except CommandRefused as error:
            log.info("this mailbox cannot be watched: %s", error.server_line)
            return False
        # What arrived between the account's SELECT and this one would be missed.
        self._on_news()
        client.on_response = self._receive
        return True

    async def _idle(self, client: ImapClient) -> None:
        """One IDLE, until it is to be begun again or something else is wanted."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        command = commands.idle()
        answered = client.start(command, origin="watch for news")
        self.alive = True
        await _until(self._changed.wait(), answered, client.closed, timeout=REISSUE)
        ended_by_server = answered.done()
        if not ended_by_server:
            client.idle_done()
        doubted, self._doubted = self._doubted, False
        try:
            await client.finish(
                command, answered, timeout=CHECK_TIMEOUT if doubted else ANSWER_TIMEOUT
            )
        except MailError:
            self._doubted = doubted
            raise
        if ended_by_server:
            await asyncio.sleep(max(0.0, began + SHORTEST_IDLE - loop.time()))

    def _receive(self, response: Response) -> None:
        if isinstance(response, Exists | Expunge | Fetch | Vanished):
            self._on_news()


async def _until(
    event: Awaitable[Any], *others: asyncio.Future[Any], timeout: float | None = None
) -> None:
    waiting = asyncio.ensure_future(event)
    try:
        await asyncio.wait([waiting, *others], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
