"""One account: its connection, what is done on it, and coming back when the line drops.

Everything here runs on the mail thread. Which mailbox is open is ``CurrentMailbox``'s to know.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from tui_mail import config
from tui_mail.credentials import Credentials
from tui_mail.errors import (
    AuthenticationFailed,
    CommandRefused,
    ConnectionFailed,
    MailError,
    StoreError,
)
from tui_mail.mail import events
from tui_mail.mail.acting import Acting
from tui_mail.mail.actions import MARK_SEEN
from tui_mail.mail.actions.permissions import UNKNOWN, refusal
from tui_mail.mail.current_mailbox import CurrentMailbox
from tui_mail.mail.folder_session import Session
from tui_mail.mail.folders import Folders
from tui_mail.mail.logging_in import LoggingIn
from tui_mail.mail.malformed import MalformedNotices
from tui_mail.mail.news_desk import AccountNews
from tui_mail.mail.news_figures import Figures
from tui_mail.mail.news_watch import CHECK_TIMEOUT, NewsWatch
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.mail.sync import MailboxSync
from tui_mail.mail.wake import watch_clock
from tui_mail.model import Phase
from tui_mail.net import login
from tui_mail.net.imap import ANSWER_TIMEOUT, ImapClient
from tui_mail.net.stream import context_for
from tui_mail.wire import commands
from tui_mail.wire.imap import State
from tui_mail.wire.transcript import Transcript

MAIN = "1"  # what the transcript calls the connection that does the work
LONGEST_WAIT = 60.0  # seconds between two tries to connect
NOOP_INTERVAL = 60.0  # seconds, where there is no IDLE to tell the news
KEEPALIVE_INTERVAL = 300.0  # seconds; servers log an idle client out after 30 minutes
log = logging.getLogger(__name__)


class Account:
    """``run`` never ends; the others may be called at any time, on or offline."""

    def __init__(
        self,
        settings: config.Account,
        account_id: int,
        store: StoreThreads,
        transcript: Transcript,
        *,
        credentials: Credentials,
        read_only: bool,
        pause: Callable[[], Awaitable[None]],
        patience: Callable[[], Awaitable[None]],
        news: AccountNews,
        poll: float,
    ) -> None:
        self.name = settings.name
        self.id = account_id
        self._settings = settings
        self._store = store
        self._transcript = transcript
        publish = self._publish = news.publish
        self._read_only = read_only
        self._pause = pause
        self.logging_in = LoggingIn(settings, credentials, publish)
        self._retry = asyncio.Event()
        self._failures = 0
        self._client: ImapClient | None = None
        self._poke = asyncio.Event()
        self._watch: NewsWatch | None = None
        self._own_renames: set[tuple[bytes, bytes]] = set()
        self._renaming: set[asyncio.Task[None]] = set()
        self._list_task: asyncio.Task[None] | None = None
        self._connecting = False
        self._backing_off = False
        self._line_doubted = False
        self._malformed = MalformedNotices(settings.name, publish)
        self.acting = Acting(
            settings.name,
            account_id,
            store,
            publish,
            self.connect,
            lambda: self.current.sync,
            folders=settings.folders,
            read_only=read_only,
            own_messages=news.own_messages,
            folders_doubted=self._list_again,
        )
        self.current = CurrentMailbox(
            settings.name,
            account_id,
            store,
            publish,
            self.acting,
            read_only=read_only,
            pause=pause,
            patience=patience,
            guarded=self._guarded,
        )
        self._news = news
        self._poll_interval = poll
        self.folders = Folders(settings.name, account_id, store, publish, settings.folders)

    # What a person wishes

    async def mark_seen(self, mailbox_id: int, uid: int) -> None:
        """A message was shown: ``\\Seen``, unless the mailbox may not be written."""
        permissions = self.acting.permissions(mailbox_id)
        if not self._read_only and refusal(MARK_SEEN, permissions, UNKNOWN) is None:
            await self.acting.act(mailbox_id, [uid], MARK_SEEN, keep=False)

    @property
    def connected(self) -> bool:
        """Whether there is a connection that is logged in, as far as can be known."""
        return self._client is not None and not self._client.closed.done()

    async def selected(self, mailbox_id: int, *, patient: bool = False) -> MailboxSync:
        """The open mailbox, once it is selected on a living connection.

        ``patient`` waits for that also while there is no connection and none is being made.
        Raises ``ConnectionFailed`` where it does not, else as ``CurrentMailbox.selected``.
        """
        if not (self.connected or self._connecting or patient):
            raise ConnectionFailed(
                "Not connected, and this is not stored here yet",
                advice="It is fetched when the connection is back; open it again then.",
            )
        return await self.current.selected(mailbox_id)

    @asynccontextmanager
    async def folder_session(self, *, aside: bool) -> AsyncIterator[Session]:
        """What changes folders: a connection (``aside``: one that may select) and the store.

        Raises ``ConnectionFailed`` when not connected.
        """
        if self._client is None:
            raise ConnectionFailed(
                "Not connected, and folders can only be changed on the server",
                advice="Try again when the connection is back.",
            )
        if not aside:
            yield Session(
                self._client,
                self._store,
                self.id,
                read_only=self._read_only,
                before_letting_go=self.current.let_go,
                own_mailbox=self._news.own_mailbox,
                renamed=self._renamed_here,
            )
            return
        client = await self.connect("3", lambda _phase: None)
        try:
            yield Session(client, self._store, self.id, read_only=self._read_only)
        finally:
            await client.close()

    def _renamed_here(self, names: Mapping[bytes, bytes]) -> None:
        self._own_renames.update(names.items())
        self.acting.renamed(names)

    def _renamed(self, old: bytes, new: bytes) -> None:
        """The server tells of a mailbox with a new name."""
        if (old, new) in self._own_renames:
            self._own_renames.discard((old, new))
            return
        task = asyncio.create_task(self._guarded(lambda: self._renamed_elsewhere(old, new)))
        self._renaming.add(task)
        task.add_done_callback(self._renaming.discard)

    async def _renamed_elsewhere(self, old: bytes, new: bytes) -> None:
        """Keep what is known of it; the open one is opened again by its new name."""
        names = {old: new}
        write = self._store.write(Store.change_mailboxes, self.id, renamed=names)
        await asyncio.wrap_future(write)
        self.acting.renamed(names)
        await self.current.renamed(old, new)

    def look_for_news(self) -> None:
        """Something of ours may have changed the open mailbox on another connection."""
        self._poke.set()

    async def refresh_folders(self) -> None:
        """List the folders again. Raises as ``ImapClient.run``."""
        if self._client is not None:
            await self.folders.refresh(self._client)

    def retry_now(self) -> None:
        """Do not wait any longer before connecting again; look for news if connected."""
        self._retry.set()
        self._poke.set()

    # The connection

    async def run(self) -> None:
        """Connect, serve, and connect again, until cancelled."""
        clock = asyncio.create_task(watch_clock(self._woke_up))
        try:
            while True:
                self._retry.clear()
                self._connecting = True
                try:
                    await self._session()
                except MailError as error:
                    await self._wait_after(error)
                except Exception as error:
                    log.exception("the connection of %s failed", self.name)
                    await self._wait_after(ConnectionFailed(f"The connection failed: {error!r}"))
        finally:
            clock.cancel()

    def _woke_up(self) -> None:
        """The computer slept: what looks like a connection is probably none any more."""
        if self._backing_off:
            self._retry.set()
        self._line_doubted = True
        self._poke.set()
        if self._watch is not None:
            self._watch.check()

    async def _wait_after(self, error: MailError) -> None:
        log.info("account %s: %s", self.name, error.title)
        self._connecting = False
        if not error.temporary:
            self._publish(events.PhaseChanged(self.name, Phase.REFUSED, error))
            await self._retry.wait()
            return
        self._failures += 1
        longest = min(LONGEST_WAIT, 2.0 ** (self._failures - 1))
        delay = longest * random.uniform(0.5, 1.0)
        self._publish(events.PhaseChanged(self.name, Phase.WAITING, error, delay))
        self._backing_off = True
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._retry.wait()
        self._backing_off = False

    async def connect(self, label: str, on_phase: login.OnPhase) -> ImapClient:
        """A connection that is logged in. Raises any ``MailError``."""
        server = self._settings.imap
        context = await asyncio.to_thread(context_for, server, self._settings.ca_file)
        recorder = self._transcript.recorder(f"{self.name}/{label}")
        client = await login.connect(server, context, recorder, on_phase, self._pause)
        client.on_malformed = self._malformed.tell
        try:
            if client.connection.state is State.NOT_AUTHENTICATED:
                on_phase(Phase.AUTHENTICATING)
                await self._authenticate(client)
        except AuthenticationFailed:
            await client.close()
            if label == MAIN:  # the others are refused for their number, not for the password
                self.logging_in.forget()
            raise
        except BaseException:
            await client.close()
            raise
        return client

    async def _session(self) -> None:
        client = await self._log_in()
        began = asyncio.get_running_loop().time()
        self._client = client
        self._connecting = self._line_doubted = False
        resync = {"QRESYNC", "ENABLE"} <= client.capabilities
        if resync:
            client.start(commands.enable(("QRESYNC",)), origin="log in")
        self._publish(events.PhaseChanged(self.name, Phase.ONLINE))
        self._watch = self._new_watch(client)
        self._watch.start()
        work: tuple[Callable[[], Awaitable[None]], ...] = (
            lambda: self._follow(client, resync),
            lambda: self._poll(client),
            lambda: self.acting.serve_here(client, self.current.selection),
            self.acting.serve_aside,
        )
        tasks = [asyncio.create_task(self._guarded(each)) for each in work]
        try:
            await asyncio.wait([client.closed])
            raise client.closed.result()
        finally:
            self._client = None
            if asyncio.get_running_loop().time() - began > LONGEST_WAIT:
                self._failures = 0  # one that did not last is no better than none
            if self._list_task is not None:
                self._list_task.cancel()
                await asyncio.gather(self._list_task, return_exceptions=True)
                self._list_task = None
            await self.current.leave()
            if self._watch is not None:
                await self._watch.stop()
                self._watch = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.acting.stop()
            await client.close()

    async def _log_in(self) -> ImapClient:
        def on_phase(phase: Phase) -> None:
            self._publish(events.PhaseChanged(self.name, phase))

        while True:
            try:
                return await self.connect(MAIN, on_phase)
            except AuthenticationFailed as error:
                if self.logging_in.by_token:
                    raise
                # Asked once, a person decides; the server is not hammered with a wrong password.
                await self.logging_in.ask(str(error))

    async def _authenticate(self, client: ImapClient) -> None:
        server = self._settings.imap
        log_in = await self.logging_in.find(server)
        try:
            await login.authenticate(client, log_in)
        except AuthenticationFailed:
            if not log_in.token:
                raise
            # A token lasts an hour or so, and nobody says when it has ended.
            await login.authenticate(client, await self.logging_in.find(server, refused=log_in))

    # The folders

    async def _follow(self, client: ImapClient, resync: bool) -> None:
        def watch_that(name: bytes) -> None:
            if self._watch is not None:
                self._watch.follow(name)

        def list_once() -> None:
            if self._list_task is None:
                self._start_listing(client)

        await self.current.follow(client, resync=resync, on_selected=watch_that, settled=list_once)

    def _start_listing(self, client: ImapClient) -> None:
        """Beside all else: many folders take long, and nobody shall wait for their figures."""
        self._list_task = asyncio.create_task(self._guarded(lambda: self._list_folders(client)))

    def _list_again(self) -> None:
        if self._client is not None and (self._list_task is None or self._list_task.done()):
            self._start_listing(self._client)

    async def _list_folders(self, client: ImapClient) -> None:
        await login.identify(client)
        try:
            await self.folders.refresh(client)
        except CommandRefused as error:
            self._publish(events.Notice(self.name, error))

    # News

    def _new_watch(self, client: ImapClient) -> NewsWatch:
        return NewsWatch(
            self.connect,
            self._news,
            Figures(self.name, self.id, self._store, self._publish),
            poll=self._poll_interval,
            on_news=self._poke.set,
            on_folders=self._list_again,
            on_renamed=self._renamed,
        )

    async def _poll(self, client: ImapClient) -> None:
        """NOOP when the watch saw something, and now and then in any case."""
        while True:
            watched = self._watch is not None and self._watch.alive
            interval = KEEPALIVE_INTERVAL if watched else NOOP_INTERVAL
            origin = "keep the connection"
            with suppress(TimeoutError):
                async with asyncio.timeout(interval):
                    await self._poke.wait()
                    origin = "news"
            self._poke.clear()
            doubted, self._line_doubted = self._line_doubted, False
            timeout = CHECK_TIMEOUT if doubted else ANSWER_TIMEOUT
            with suppress(CommandRefused):
                await client.run(commands.noop(), origin=origin, timeout=timeout)
            if self._watch is not None and origin != "news":
                await self._watch.poll_on(client)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run work of a session: a refusal is told, a lost connection ends the session anyway."""
        try:
            await work()
        except (CommandRefused, StoreError) as error:
            self._publish(events.Notice(self.name, error))
        except MailError as error:
            log.info("account %s: %s", self.name, error.title)
        except Exception as error:
            log.exception("work for account %s failed", self.name)
            if self._client is not None:
                self._client.abort(ConnectionFailed(f"An error in tui-mail: {error!r}"))
