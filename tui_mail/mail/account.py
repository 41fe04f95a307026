"""One account: its connection, its current mailbox, and coming back when the line drops.

Everything here runs on the mail thread. What a person wishes for is remembered, so that a new
connection carries on where the old one stopped.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tui_mail import config
from tui_mail.credentials import Credentials
from tui_mail.errors import (
    AuthenticationFailed,
    Cancelled,
    CommandRefused,
    ConnectionFailed,
    MailError,
)
from tui_mail.mail import events
from tui_mail.mail.actions import Actions
from tui_mail.mail.background import Background
from tui_mail.mail.folders import Folders
from tui_mail.mail.selected import Selected
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.mail.sync import MailboxSync
from tui_mail.mail.watch import Watch
from tui_mail.model import SEEN, Phase
from tui_mail.net import login
from tui_mail.net.imap import ImapClient
from tui_mail.net.stream import tls_context
from tui_mail.wire import commands
from tui_mail.wire.imap import State
from tui_mail.wire.transcript import Transcript

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
        publish: events.Publish,
        *,
        credentials: Credentials,
        read_only: bool,
        pause: Callable[[], Awaitable[None]],
    ) -> None:
        self.name = settings.name
        self.id = account_id
        self._settings = settings
        self._store = store
        self._transcript = transcript
        self._publish = publish
        self._credentials = credentials
        self._read_only = read_only
        self._pause = pause
        self._password: str | None = None
        self._password_given: asyncio.Future[str] | None = None
        self._retry = asyncio.Event()
        self._failures = 0
        self._client: ImapClient | None = None
        self._wished: bytes | None = None
        self._wish = asyncio.Event()
        self._open: MailboxSync | None = None
        self._opened = asyncio.Condition()
        self._background: Background | None = None
        self._open_task: asyncio.Task[None] | None = None
        self._poke = asyncio.Event()
        self._watch: Watch | None = None
        self.actions = Actions(settings.name, account_id, store, publish)
        self.folders = Folders(settings.name, account_id, store, publish, settings.folders)

    # What a person wishes

    async def open_mailbox(self, name: bytes) -> None:
        """Make this the current mailbox: from the store at once, from the server when it can."""
        self._wished = name
        stored = await asyncio.wrap_future(self._store.write(Store.ensure_mailbox, self.id, name))
        cached = await asyncio.wrap_future(self._store.read(Store.order, stored.id))
        self._publish(events.MailboxOpened(self.name, name, stored.id, live=False))
        if cached:
            self._publish(events.OrderChanged(self.name, stored.id, cached[::-1]))
        self._wish.set()

    def want(self, mailbox_id: int, rows: tuple[int, ...], structures: tuple[int, ...]) -> None:
        """Rows the screen shows and the store lacks."""
        if self._background is not None and self._open is not None and self._open.id == mailbox_id:
            self._background.want(rows, structures)

    async def mark_seen(self, mailbox_id: int, uid: int) -> None:
        """A message was shown: ``\\Seen``, unless the mailbox may not be written."""
        current = self._open
        if current is None or current.id != mailbox_id or current.selected.read_only:
            return
        permanent = current.selected.permanent_flags
        if permanent is not None and SEEN not in permanent:
            return
        validity = current.selected.uid_validity
        await self.actions.add_flags(current.stored, validity, [uid], frozenset({SEEN}))
        await current.update_counts()

    async def selected(self, mailbox_id: int) -> MailboxSync:
        """The open mailbox, once it is selected on a living connection.

        Raises ``ConnectionFailed`` when that does not come about, ``Cancelled`` when another
        mailbox is wished for meanwhile.
        """
        if self._client is None:
            raise ConnectionFailed(
                "Not connected, and this is not stored here yet",
                advice="It is fetched when the connection is back; open it again then.",
            )
        try:
            async with asyncio.timeout(SELECT_WAIT), self._opened:
                while self._open is None:
                    await self._opened.wait()
                if self._open.id != mailbox_id:
                    raise Cancelled("Another mailbox is open now")
                return self._open
        except TimeoutError:
            raise ConnectionFailed("The mailbox was not selected in time") from None

    async def refresh_folders(self) -> None:
        """List the folders again. Raises as ``ImapClient.run``."""
        if self._client is not None:
            await self.folders.refresh(self._client)

    def retry_now(self) -> None:
        """Do not wait any longer before connecting again; look for news if connected."""
        self._retry.set()
        self._poke.set()

    async def give_password(self, password: str | None, *, remember: bool) -> None:
        """The answer to ``PasswordWanted``; None when the person gave up.

        Raises ``CredentialError`` when it should be kept and the keyring does not take it.
        """
        waiting = self._password_given
        if waiting is not None and not waiting.done():
            if password is None:
                waiting.set_exception(Cancelled("No password was given"))
            else:
                waiting.set_result(password)
        if password is not None and remember:
            await asyncio.to_thread(self._credentials.remember, password)

    def stop_asking(self) -> None:
        """The program ends: nobody waits for a keyring or a ``password_command`` any longer."""
        self._credentials.cancel()

    # The connection

    async def run(self) -> None:
        """Connect, serve, and connect again, until cancelled."""
        await self.actions.load()
        while True:
            self._retry.clear()
            try:
                await self._session()
            except MailError as error:
                await self._wait_after(error)
            except Exception as error:
                log.exception("the connection of %s failed", self.name)
                await self._wait_after(ConnectionFailed(f"The connection failed: {error!r}"))

    async def _wait_after(self, error: MailError) -> None:
        log.info("account %s: %s", self.name, error.title)
        if not error.temporary:
            self._publish(events.PhaseChanged(self.name, Phase.REFUSED, error))
            await self._retry.wait()
            return
        self._failures += 1
        longest = min(LONGEST_WAIT, 2.0 ** (self._failures - 1))
        delay = longest * random.uniform(0.5, 1.0)
        self._publish(events.PhaseChanged(self.name, Phase.WAITING, error, delay))
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._retry.wait()

    async def connect(self, label: str, on_phase: login.OnPhase) -> ImapClient:
        """A connection that is logged in. Raises any ``MailError``."""
        context = await asyncio.to_thread(tls_context, self._settings.ca_file)
        recorder = self._transcript.recorder(f"{self.name}/{label}")
        client = await login.connect(self._settings.imap, context, recorder, on_phase, self._pause)
        try:
            if client.connection.state is State.NOT_AUTHENTICATED:
                on_phase(Phase.AUTHENTICATING)
                password = await self._find_password()
                await login.authenticate(client, self._settings.imap.user, password)
        except AuthenticationFailed:
            await client.close()
            self._password = None
            raise
        except BaseException:
            await client.close()
            raise
        return client

    async def _session(self) -> None:
        client = await self._log_in()
        self._failures = 0
        self._client = client
        resync = {"QRESYNC", "ENABLE"} <= client.capabilities
        if resync:
            client.start(commands.enable(("QRESYNC",)), origin="log in")
        self._publish(events.PhaseChanged(self.name, Phase.ONLINE))
        if self._wished is not None:
            self._wish.set()
        tasks = [
            asyncio.create_task(self._guarded(self._follow_wishes(client, resync))),
            asyncio.create_task(self._guarded(self._poll(client))),
        ]
        try:
            await asyncio.wait([client.closed])
            raise client.closed.result()
        finally:
            self._client = None
            await self._leave_mailbox()
            if self._watch is not None:
                await self._watch.stop()
                self._watch = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await client.close()

    async def _log_in(self) -> ImapClient:
        def on_phase(phase: Phase) -> None:
            self._publish(events.PhaseChanged(self.name, phase))

        while True:
            try:
                return await self.connect("1", on_phase)
            except AuthenticationFailed as error:
                # Asked once, a person decides; the server is not hammered with a wrong password.
                self._password = await self._ask_password(str(error))

    async def _find_password(self) -> str:
        if self._password is None:
            self._password = await asyncio.to_thread(self._credentials.find)
        if self._password is None:
            self._password = await self._ask_password(self._credentials.notice)
        return self._password

    async def _ask_password(self, reason: str) -> str:
        self._password_given = asyncio.get_running_loop().create_future()
        server = self._settings.imap
        self._publish(events.PasswordWanted(self.name, server.user, server.host, reason))
        return await self._password_given

    # The current mailbox

    async def _follow_wishes(self, client: ImapClient, resync: bool) -> None:
        await self._send_elsewhere(client)
        listed = False
        while True:
            if self._wished is None and not listed:
                await self._list_folders(client)
                listed = True
            await self._wish.wait()
            self._wish.clear()
            name = self._wished
            if name is None:
                continue
            await self._leave_mailbox(client)
            await self._enter_mailbox(client, name, resync)
            if not listed:
                await login.identify(client)
                await self._list_folders(client)
                listed = True

    async def _enter_mailbox(self, client: ImapClient, name: bytes, resync: bool) -> None:
        stored = await asyncio.wrap_future(self._store.write(Store.ensure_mailbox, self.id, name))
        sync = MailboxSync(
            self.name,
            self.id,
            client,
            stored,
            self._store,
            self.actions,
            self._publish,
            self._pause,
        )
        try:
            await sync.select(read_only=self._read_only, resync=resync, origin="open mailbox")
        except CommandRefused as error:
            self._publish(events.MailboxGone(self.name, name, error))
            return
        self._background = Background(self.name, sync, self._store, self._publish)
        async with self._opened:
            self._open = sync
            self._opened.notify_all()
        self._publish(
            events.MailboxOpened(
                self.name, name, stored.id, live=True, read_only=sync.selected.read_only
            )
        )
        self._open_task = asyncio.create_task(self._serve_mailbox(client, sync, self._background))
        self._follow_news(client, name)

    async def _serve_mailbox(
        self, client: ImapClient, sync: MailboxSync, background: Background
    ) -> None:
        work = (sync.settle(), background.serve(), background.fill(), self._send(client, sync))
        await asyncio.gather(*(self._guarded(each) for each in work))

    async def _send(self, client: ImapClient, sync: MailboxSync) -> None:
        self.actions.changed.set()
        while True:
            await self.actions.changed.wait()
            self.actions.changed.clear()
            await self.actions.send(client, sync.stored, sync.selected.uid_validity)

    async def _leave_mailbox(self, client: ImapClient | None = None) -> None:
        sync, self._open, self._background = self._open, None, None
        if self._open_task is not None:
            self._open_task.cancel()
            await asyncio.gather(self._open_task, return_exceptions=True)
            self._open_task = None
        if sync is not None:
            sync.save()
            if client is not None:
                await self.actions.send(client, sync.stored, sync.selected.uid_validity)
            self._publish(events.ProgressChanged(self.name, None))

    async def _send_elsewhere(self, client: ImapClient) -> None:
        """What a previous run or connection could not send, for mailboxes not open now."""
        if self._read_only:
            return
        for name in self.actions.waiting() - {self._wished}:
            stored = await asyncio.wrap_future(
                self._store.write(Store.ensure_mailbox, self.id, name)
            )
            selected = Selected()
            client.on_response = selected.take
            try:
                await client.run(commands.select(name), origin="send what waited")
                await self.actions.send(client, stored, selected.uid_validity)
            except CommandRefused as error:
                self._publish(events.Notice(self.name, error))

    async def _list_folders(self, client: ImapClient) -> None:
        try:
            await self.folders.refresh(client)
        except CommandRefused as error:
            self._publish(events.Notice(self.name, error))

    # News

    def _follow_news(self, client: ImapClient, name: bytes) -> None:
        if "IDLE" not in client.capabilities:
            return
        if self._watch is None:
            self._watch = Watch(self.connect, self._poke.set)
        self._watch.follow(name)

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
            await client.run(commands.noop(), origin=origin)

    async def _guarded(self, work: Awaitable[None]) -> None:
        """Run work of a session: a refusal is told, a lost connection ends the session anyway."""
        try:
            await work
        except CommandRefused as error:
            self._publish(events.Notice(self.name, error))
        except MailError as error:
            log.info("account %s: %s", self.name, error.title)
        except Exception as error:
            log.exception("work for account %s failed", self.name)
            if self._client is not None:
                self._client.abort(ConnectionFailed(f"An error in tui-mail: {error!r}"))
