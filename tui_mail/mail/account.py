"""One account: its connection, its current mailbox, and coming back when the line drops.

Everything here runs on the mail thread. What a person wishes for is remembered, so that a new
connection carries on where the old one stopped.
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
    Cancelled,
    CommandRefused,
    ConnectionFailed,
    MailError,
    ProtocolError,
    StoreError,
)
from tui_mail.mail import events
from tui_mail.mail.acting import Acting
from tui_mail.mail.actions import MARK_SEEN
from tui_mail.mail.actions.permissions import UNKNOWN, refusal
from tui_mail.mail.background import Background
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
from tui_mail.net.stream import tls_context
from tui_mail.wire import commands
from tui_mail.wire.imap import State
from tui_mail.wire.transcript import Transcript

MAIN = "1"  # what the transcript calls the connection that does the work
LONGEST_WAIT = 60.0  # seconds between two tries to connect
NOOP_INTERVAL = 60.0  # seconds, where there is no IDLE to tell the news
KEEPALIVE_INTERVAL = 300.0  # seconds; servers log an idle client out after 30 minutes
SELECT_WAIT = 60.0  # seconds a wish waits for its mailbox to be selected
log = logging.getLogger(__name__)


class Account:
    """``run`` never ends; ``wish`` and the others may be called at any time, on or offline."""

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
        self._patience = patience
        self.logging_in = LoggingIn(settings, credentials, publish)
        self._retry = asyncio.Event()
        self._failures = 0
        self._client: ImapClient | None = None
        self._wished: bytes | None = None
        self._wished_read_only = False
        self._wish = asyncio.Event()
        self._open: MailboxSync | None = None
        self._opened = asyncio.Condition()
        self._background: Background | None = None
        self._open_task: asyncio.Task[None] | None = None
        self._poke = asyncio.Event()
        self._watch: NewsWatch | None = None
        self._own_renames: set[tuple[bytes, bytes]] = set()
        self._renaming: set[asyncio.Task[None]] = set()
        self._list_task: asyncio.Task[None] | None = None
        self._connecting = False
        self._backing_off = False
        self._line_doubted = False
        self._not_opened: MailError | None = None
        self._malformed = MalformedNotices(settings.name, publish)
        # Held while the open mailbox must stay selected, and while another is being selected.
        self._selection = asyncio.Lock()
        self.acting = Acting(
            settings.name,
            account_id,
            store,
            publish,
            self.connect,
            lambda: self._open,
            folders=settings.folders,
            read_only=read_only,
            own_messages=news.own_messages,
        )
        self._news = news
        self._poll_interval = poll
        self.folders = Folders(settings.name, account_id, store, publish, settings.folders)

    # What a person wishes

    async def open_mailbox(self, name: bytes, *, read_only: bool = False) -> None:
        """Make this the current mailbox: from the store at once, from the server when it can.

        ``read_only`` opens it with EXAMINE, also when the connection was lost and comes back.
        """
        self._wished, self._not_opened = name, None
        self._wished_read_only = read_only = read_only or self._read_only
        stored = await asyncio.wrap_future(self._store.write(Store.ensure_mailbox, self.id, name))
        self.acting.current = stored.id
        self.acting.examined = stored.id if read_only else 0
        cached = await self.acting.cached_order(stored.id)
        self._publish(
            events.MailboxOpened(self.name, name, stored.id, live=False, read_only=read_only)
        )
        if cached.order:
            self._publish(cached)
        self._wish.set()

    def want(self, mailbox_id: int, rows: tuple[int, ...], structures: tuple[int, ...]) -> None:
        """Rows the screen shows and the store lacks."""
        if self._background is not None and self._open is not None and self._open.id == mailbox_id:
            self._background.want(rows, structures)

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
        Raises ``ConnectionFailed`` when it does not come about in ``SELECT_WAIT`` seconds, the
        error that kept the mailbox from being opened, or ``Cancelled`` when another mailbox is
        wished for meanwhile.
        """
        if not (self.connected or self._connecting or patient):
            raise ConnectionFailed(
                "Not connected, and this is not stored here yet",
                advice="It is fetched when the connection is back; open it again then.",
            )
        try:
            async with asyncio.timeout(SELECT_WAIT), self._opened:
                while self._open is None or self._open.client.closed.done():
                    if self._not_opened is not None:
                        raise self._not_opened
                    await self._opened.wait()
                if self._open.id != mailbox_id:
                    raise Cancelled("Another mailbox is open now")
                return self._open
        except TimeoutError:
            raise ConnectionFailed("The mailbox was not selected in time") from None

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
                before_letting_go=self._let_go,
                own_mailbox=self._news.own_mailbox,
                renamed=self._renamed_here,
            )
            return
        client = await self.connect("3", lambda _phase: None)
        try:
            yield Session(client, self._store, self.id, read_only=self._read_only)
        finally:
            await client.close()

    async def _let_go(self) -> None:
        """The open mailbox is about to be renamed or deleted: none is open until the next wish.

        What the server then says is no longer about its messages.
        """
        async with self._selection:
            await self._leave_mailbox()
            self._wished = None

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
        if self._wished == old:
            await self.open_mailbox(new, read_only=self._wished_read_only)

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
        context = await asyncio.to_thread(tls_context, self._settings.ca_file)
        recorder = self._transcript.recorder(f"{self.name}/{label}")
        client = await login.connect(self._settings.imap, context, recorder, on_phase, self._pause)
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
        if self._wished is not None:
            self._wish.set()
        work: tuple[Callable[[], Awaitable[None]], ...] = (
            lambda: self._follow_wishes(client, resync),
            lambda: self._poll(client),
            lambda: self.acting.serve_here(client, self._selection),
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
            await self._leave_mailbox()
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

    # The current mailbox

    async def _follow_wishes(self, client: ImapClient, resync: bool) -> None:
        listed = False
        while True:
            if self._wished is None and not listed:
                self._start_listing(client)
                listed = True
            await self._wish.wait()
            self._wish.clear()
            name = self._wished
            if name is None:
                continue
            async with self._selection:
                await self._leave_mailbox()
                await self._enter_mailbox(client, name, resync, self._wished_read_only)
            self.acting.wake()
            if not listed:
                self._start_listing(client)
                listed = True

    async def _enter_mailbox(
        self, client: ImapClient, name: bytes, resync: bool, read_only: bool
    ) -> None:
        stored = await asyncio.wrap_future(self._store.write(Store.ensure_mailbox, self.id, name))
        self._not_opened = None
        sync = MailboxSync(
            self.name,
            self.id,
            client,
            stored,
            self._store,
            self.acting.actions,
            self._publish,
            self._pause,
        )
        try:
            await sync.select(read_only=read_only, resync=resync, origin="open mailbox")
        except (CommandRefused, ProtocolError) as error:
            self._publish(events.MailboxGone(self.name, name, error))
            async with self._opened:
                self._not_opened = error
                self._opened.notify_all()
            return
        self._background = Background(self.name, sync, self._store, self._publish, self._patience)
        async with self._opened:
            self._open = sync
            self._opened.notify_all()
        self._publish(
            events.MailboxOpened(
                self.name, name, stored.id, live=True, read_only=sync.selected.read_only
            )
        )
        self._open_task = asyncio.create_task(self._serve_mailbox(client, sync, self._background))
        if self._watch is not None:
            self._watch.follow(name)

    async def _serve_mailbox(
        self, client: ImapClient, sync: MailboxSync, background: Background
    ) -> None:
        work = (
            sync.settle,
            background.serve,
            background.fill,
            lambda: self._learn_rights(client, sync),
        )
        await asyncio.gather(*(self._guarded(each) for each in work))

    async def _learn_rights(self, client: ImapClient, sync: MailboxSync) -> None:
        await self.acting.learn_rights(client, sync)
        self._publish(events.PermissionsChanged(self.name, sync.id))

    async def _leave_mailbox(self) -> None:
        sync, self._open, self._background = self._open, None, None
        if self._open_task is not None:
            self._open_task.cancel()
            await asyncio.gather(self._open_task, return_exceptions=True)
            self._open_task = None
        if sync is not None:
            sync.leave()
            self._publish(events.ProgressChanged(self.name, None))

    def _start_listing(self, client: ImapClient) -> None:
        """Beside all else: many folders take long, and nobody shall wait for their figures."""
        self._list_task = asyncio.create_task(self._guarded(lambda: self._list_folders(client)))

    async def _list_folders(self, client: ImapClient) -> None:
        await login.identify(client)
        try:
            await self.folders.refresh(client)
        except CommandRefused as error:
            self._publish(events.Notice(self.name, error))

    # News

    def _new_watch(self, client: ImapClient) -> NewsWatch:
        def list_folders() -> None:
            if self._list_task is None or self._list_task.done():
                self._start_listing(client)

        return NewsWatch(
            self.connect,
            self._news,
            Figures(self.name, self.id, self._store, self._publish),
            poll=self._poll_interval,
            on_news=self._poke.set,
            on_folders=list_folders,
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
