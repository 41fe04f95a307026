"""The second connection of an account: it hears of news in every mailbox, and reads who wrote.

Three ways, by what the server offers. NOTIFY: it sits in INBOX and is told of all mailboxes.
IDLE: it sits in the mailbox that a person has open, and asks for the figures of the others now
and then. Neither: it only asks. Mailboxes are opened with EXAMINE, so watching changes nothing.
What has happened in the open mailbox is for the account's own connection to fetch.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tui_mail.errors import AuthenticationFailed, CommandRefused, MailError
from tui_mail.mail import notify
from tui_mail.mail.folders import MAILBOX_LIMIT
from tui_mail.mail.idling import first_of, idle
from tui_mail.mail.news_desk import AccountNews
from tui_mail.mail.news_figures import Figures, Poller
from tui_mail.mail.news_reading import Fresh, count_messages, read_arrivals
from tui_mail.mail.selected import Selected
from tui_mail.model import INBOX, NONEXISTENT, SUBSCRIBED, MailboxStatus, Phase
from tui_mail.net.imap import ANSWER_TIMEOUT, ImapClient
from tui_mail.wire import commands
from tui_mail.wire.responses import (
    Exists,
    Expunge,
    Fetch,
    ListData,
    Response,
    StatusData,
    Vanished,
)

ORIGIN = "watch for news"
REISSUE = 25 * 60.0  # seconds: servers may end an IDLE after 29 minutes (RFC 2177, 3)
START_AFTER = 1.0  # seconds: the first screen goes before the watch
FIRST_RETRY = 5.0  # seconds until a watch that was lost is tried again; doubles each time
LONGEST_RETRY = 120.0
REFUSED_RETRY = 900.0  # seconds
CHECK_TIMEOUT = 10.0  # seconds without an answer until a line that is doubted counts as dead
STEADY = 60.0  # seconds after which a connection counts as a good one
READ_GAP = 2.0  # seconds between two readings of who wrote, however fast mail comes
TIMER_SLACK = 0.01  # seconds a timer may ring too early
LIST_EVERY = 900.0  # seconds between two looks for new folders, where nobody tells of them
LIST_GAP = 2.0  # seconds in which several changes of the folders are put together
SOON = 1.0  # seconds until the list of folders is looked for again
log = logging.getLogger(__name__)

Connect = Callable[[str, Callable[[Phase], None]], Awaitable[ImapClient]]


class NewsWatch:
    """``on_news`` is called when something happened in the mailbox that ``follow`` named.

    ``on_folders`` is called when mailboxes were made, removed or subscribed, and ``on_renamed``
    with the old name and the new one where the server tells both. ``poll`` is in seconds.
    Everything else goes to ``news`` and ``figures``.
    """

    def __init__(
        self,
        connect: Connect,
        news: AccountNews,
        figures: Figures,
        *,
        poll: float,
        on_news: Callable[[], None],
        on_folders: Callable[[], None],
        on_renamed: Callable[[bytes, bytes], None] = lambda old, new: None,
    ) -> None:
        self._connect = connect
        self._news = news
        self._figures = figures
        self._poll = poll
        self._on_news = on_news
        self._on_folders = on_folders
        self._on_renamed = on_renamed
        self._poller = Poller(origin=ORIGIN)
        self._mailbox: bytes | None = None
        self._wake = asyncio.Event()
        self._doubted = False
        self._task: asyncio.Task[None] | None = None
        self._begin()

    def _begin(self) -> None:
        """Nothing is known of a new connection."""
        self.connected = False
        self._selected: bytes | None = None
        self._collecting: Selected | None = None
        self._reading = False
        self._idles = False
        self._notified = False
        self._heard_for: bytes | None = None
        self._covered: set[bytes] = set()
        self._refused: set[bytes] = set()
        self._fresh: dict[bytes, Fresh] = {}
        self._home_changed = False
        self._read_at = self._poll_at = self._list_at = 0.0
        self._alarms: dict[str, asyncio.TimerHandle] = {}

    # What the account wants

    @property
    def alive(self) -> bool:
        """Whether news of the followed mailbox come unasked."""
        if not self.connected or self._mailbox is None:
            return False
        if self._notified:
            return self._mailbox == self._selected or self._mailbox in self._covered
        return self._idles and self._mailbox == self._selected

    def follow(self, mailbox: bytes) -> None:
        """A person has opened this mailbox."""
        self._mailbox = mailbox
        self._fresh.pop(mailbox, None)
        self._wake.set()
        self.start()

    def start(self) -> None:
        """Watch, whether a mailbox has been opened or not."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def check(self) -> None:
        """Make sure soon that the line is alive: the computer may have slept."""
        self._doubted = True
        self._wake.set()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._figures.close()

    async def poll_on(self, client: ImapClient) -> None:
        """Ask on a connection that has other things to do, while there is none of its own.

        One command at a time, each when nobody waits for anything else. Who wrote stays unknown.
        Raises ``ConnectionFailed``.
        """
        loop = asyncio.get_running_loop()
        if self.connected or not self._news.listed or loop.time() < self._poll_at:
            return
        self._poll_at = loop.time() + self._poll
        await self._poller.round(client, self._others(), on_data=self._receive_figures, at_once=1)
        for name, fresh in self._fresh.items():
            self._news.arrived(name, (), count=fresh.most, uid_next=fresh.uid_next)
        self._fresh.clear()

    # The connection

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(START_AFTER)
        delay = FIRST_RETRY
        while True:
            began = loop.time()
            try:
                await self._session()
            except AuthenticationFailed as error:
                # Too many connections, or a new password; neither is a reason to try it often.
                log.info("watching is refused: %s", error.server_line)
                await asyncio.sleep(REFUSED_RETRY)
                continue
            except MailError as error:
                log.info("watching is not possible now: %s", error.title)
            except Exception:
                log.exception("the watch failed")
            if self._doubted:
                delay = 0.0  # the line was dead, as it seemed: a new one may be had at once
            elif loop.time() - began > STEADY:
                delay = FIRST_RETRY
            self._doubted = False
            self._wake.clear()
            # Another mailbox, or a computer that woke up, is a reason to try before.
            with suppress(TimeoutError):
                async with asyncio.timeout(delay * random.uniform(0.5, 1.0)):
                    await self._wake.wait()
            delay = min(LONGEST_RETRY, max(FIRST_RETRY, 2 * delay))

    async def _session(self) -> None:
        client = await self._connect("2", lambda _phase: None)
        self._begin()
        try:
            client.on_response = self._receive
            self._idles = "IDLE" in client.capabilities
            self._list_at = asyncio.get_running_loop().time()  # the account has just done so
            if "NOTIFY" in client.capabilities and await self._examine(client, INBOX):
                self._notified = await notify.begin(client, origin=ORIGIN)
            self.connected = True
            while not client.closed.done():
                await self._once(client)
            raise client.closed.result()
        finally:
            for alarm in self._alarms.values():
                alarm.cancel()
            self._begin()
            await client.close()

    async def _once(self, client: ImapClient) -> None:
        """What there is to do, and then wait for more."""
        now = asyncio.get_running_loop().time()
        self._wake.clear()
        if self._fresh and self._reading_delay < TIMER_SLACK:
            await self._read(client)
        home = self._home
        if home is None:
            await self._leave(client)
        elif self._selected != home:
            await self._sit_down(client, home)
        if self._home_changed and home is not None:
            await self._recount(client, home)
        if self.alive and self._heard_for != self._mailbox:
            # What came between the account's SELECT and this would be missed.
            self._heard_for = self._mailbox
            self._on_news()
        if not self._notified and now >= self._poll_at:
            await self._poll_others(client)
        if not self._wake.is_set():
            await self._wait(client)

    @property
    def _home(self) -> bytes | None:
        """The mailbox to sit in."""
        if self._notified:
            return INBOX
        return (self._mailbox or INBOX) if self._idles else None

    async def _examine(self, client: ImapClient, name: bytes) -> bool:
        """Open a mailbox; False where that is refused."""
        self._selected = None
        self._collecting = selected = Selected()
        try:
            await client.run(commands.select(name, read_only=True), origin=ORIGIN)
        except CommandRefused as error:
            log.info("a mailbox that cannot be watched: %s", error.server_line)
            return False
        finally:
            self._collecting = None
        self._selected = name
        if name != self._mailbox:
            status = MailboxStatus(
                messages=selected.exists,
                uid_next=selected.uid_next or None,
                uid_validity=selected.uid_validity or None,
            )
            self._note(name, status)
        return True

    async def _sit_down(self, client: ImapClient, home: bytes) -> None:
        """Open the mailbox to sit in. What came to it while this was elsewhere was not told."""
        if await self._examine(client, home) and home == self._mailbox:
            self._on_news()

    async def _leave(self, client: ImapClient) -> None:
        """Sit nowhere. CLOSE expunges nothing after EXAMINE (RFC 9051, 6.4.1)."""
        if self._selected is not None:
            self._selected = None
            with suppress(CommandRefused):
                await client.run(commands.close(), origin=ORIGIN)

    async def _recount(self, client: ImapClient, home: bytes) -> None:
        """The figures of the mailbox it sits in, which STATUS is not for (RFC 9051, 6.3.11)."""
        self._home_changed = False
        if home == self._mailbox or not await self._examine(client, home):
            return
        with suppress(CommandRefused):
            unseen = await count_messages(client, "UNSEEN", origin=ORIGIN)
            self._figures.put(home, MailboxStatus(unseen=unseen))

    async def _wait(self, client: ImapClient) -> None:
        """Until something happens, or it is time to ask."""
        loop = asyncio.get_running_loop()
        timeout = REISSUE
        if not self._notified:
            timeout = min(REISSUE, max(0.0, self._poll_at - loop.time()))
        woken = asyncio.create_task(self._wake.wait())
        try:
            if self._idles and self._selected is not None:
                await idle(client, woken, origin=ORIGIN, timeout=timeout, patience=self._patience)
            else:
                await first_of(woken, client.closed, timeout=timeout)
                await client.run(commands.noop(), origin=ORIGIN, timeout=self._patience())
            self._doubted = False
        except CommandRefused as error:
            log.info("IDLE is offered and refused: %s", error.server_line)
            self._idles = self._notified = False
        finally:
            woken.cancel()

    def _patience(self) -> float:
        return CHECK_TIMEOUT if self._doubted else ANSWER_TIMEOUT

    # What is asked

    async def _poll_others(self, client: ImapClient) -> None:
        loop = asyncio.get_running_loop()
        if not self._news.listed:
            self._poll_at = loop.time() + SOON
            return
        self._poll_at = loop.time() + self._poll
        refused = await self._poller.round(client, self._others())
        if self._selected is not None:
            # An IDLE that ends may have kept to itself what it was about to say (Dovecot 2.3).
            await client.run(commands.noop(), origin=ORIGIN)
        if refused or self._list_at + LIST_EVERY < loop.time():
            self._refused.update(refused)
            self._list_soon()

    def _others(self) -> list[bytes]:
        """The watched mailboxes but the open one, and those that cannot be asked about."""
        names = (mailbox.name for mailbox in self._news.mailboxes())
        spared = {self._mailbox, self._selected, *self._refused}
        return [name for name in names if name not in spared and self._news.choices(name).watch]

    async def _read(self, client: ImapClient) -> None:
        """Who wrote, in every mailbox that has new messages."""
        while self._fresh:
            name = next(iter(self._fresh))
            opened = self._selected == name or await self._examine(client, name)
            # Opening it may have told of even newer ones, or that all UIDs are other ones now.
            newest = self._fresh.pop(name, None)
            if newest is None:
                continue
            self._reading = True
            try:
                await read_arrivals(client, self._news, name, newest, opened=opened, origin=ORIGIN)
            finally:
                self._reading = False
        self._read_at = asyncio.get_running_loop().time()

    # What the server says

    def _receive(self, response: Response) -> None:
        if isinstance(response, StatusData):
            self._receive_figures(response)
        elif isinstance(response, ListData):
            self._receive_name(response)
        elif self._collecting is not None:
            self._collecting.take(response)
        elif isinstance(response, Exists | Expunge | Vanished | Fetch):
            if not (self._reading and isinstance(response, Fetch)):
                self._receive_change()
        elif notify.has_ended(response):
            log.info("NOTIFY has ended: the server has too much to tell")
            self._notified = False
            self._wake.set()

    def _receive_change(self) -> None:
        """Something happened in the selected mailbox."""
        if self._selected == self._mailbox:
            self._on_news()
        elif self._selected is not None and self._selected == self._home:
            self._home_changed = True
            self._wake_within(self._reading_delay)

    def _receive_figures(self, response: Response) -> None:
        if not isinstance(response, StatusData):
            return
        name = INBOX if response.name.upper() == INBOX else response.name
        if len(self._covered) < MAILBOX_LIMIT:
            self._covered.add(name)
        if name != self._mailbox:
            self._note(name, response.items)
        elif self._heard_for == name:
            self._on_news()

    def _receive_name(self, listed: ListData) -> None:
        """LIST that nobody asked for tells of a mailbox made, removed or subscribed."""
        mailbox = self._news.mailbox(listed.name)
        there = NONEXISTENT not in listed.attributes
        subscribed = SUBSCRIBED in listed.attributes
        if mailbox is None or not there or subscribed != mailbox.subscribed:
            self._list_soon()
        # RFC 5465, 5.4: both names in one response.
        if listed.old_name is not None:
            self._on_renamed(listed.old_name, listed.name)

    def _note(self, name: bytes, status: MailboxStatus) -> None:
        self._figures.put(name, status)
        if status.uid_next is None:
            return
        first = self._news.figures(name, status)
        fresh = self._fresh.get(name)
        if first is None:
            # Older figures, of a server that is not at one with itself; or other UIDs by now.
            if fresh is not None and fresh.first != self._news.told_below(name):
                del self._fresh[name]
        elif not self._news.choices(name).tell:
            self._news.arrived(name, (), count=0, uid_next=status.uid_next)
        else:
            self._fresh[name] = Fresh(first, status.uid_next)
            self._wake_within(self._reading_delay)

    @property
    def _reading_delay(self) -> float:
        return max(0.0, self._read_at + READ_GAP - asyncio.get_running_loop().time())

    def _wake_within(self, delay: float) -> None:
        self._alarm("wake", delay, self._wake.set)

    def _list_soon(self) -> None:
        self._alarm("list", LIST_GAP, self._list)

    def _list(self) -> None:
        self._list_at = asyncio.get_running_loop().time()
        self._on_folders()

    def _alarm(self, what: str, delay: float, call: Callable[[], None]) -> None:
        """Call once after a while, however often it was asked for."""
        if what in self._alarms:
            return

        def ring() -> None:
            del self._alarms[what]
            call()

        self._alarms[what] = asyncio.get_running_loop().call_later(delay, ring)
