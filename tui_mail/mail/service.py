"""What the screen talks to: all accounts, on a thread of their own.

Started before the screen exists, so that connecting and drawing overlap; a terminal that stalls
never stalls a connection. Every method may be called from any thread and returns at once; those
that answer return a ``concurrent.futures.Future``.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tui_mail import config
from tui_mail.credentials import Credentials
from tui_mail.errors import StoreError
from tui_mail.mail import events
from tui_mail.mail.account import Account
from tui_mail.mail.actions import Action, Deed
from tui_mail.mail.actions.permissions import Permissions
from tui_mail.mail.download import OnProgress, save_part
from tui_mail.mail.folder_session import Session
from tui_mail.mail.news_desk import NewsDesk
from tui_mail.mail.reader import Message, Reader
from tui_mail.mail.store import Matches, Store, StoredMailbox, StoreThreads
from tui_mail.mail.writing import Writing
from tui_mail.model import INBOX, BodyPart, MessageSummary, SpecialUse
from tui_mail.wire.sequence_set import SequenceSet
from tui_mail.wire.transcript import Transcript

if TYPE_CHECKING:
    from tui_mail.mail.patterns import Pattern

LAST_MAILBOX = "last mailbox"
PERSON_ACTIVE = 0.5  # seconds after a key in which background work leaves room
BREATH = 0.004  # seconds it then rests after each slice of parsing
SLICE_REST = 0.1  # seconds it then rests before each command
EVENTS_LIMIT = 10_000  # kept until the screen listens
CLOSE_TIMEOUT = 3.0  # seconds for goodbyes; then the process leaves anyway
SEND_TIMEOUT = 1.5  # seconds of these to send what a person did last; the journal keeps the rest

Result = TypeVar("Result")
Listener = Callable[[events.Event], None]
log = logging.getLogger(__name__)


class MailService:
    """All accounts, their store and their transcript. The demo's store is in memory.

    ``standalone``: only to write and send; no account is connected until that needs it.
    Unless it ``sends``, what is put into the outbox is left there for another program.
    """

    def __init__(
        self,
        settings: config.Config,
        *,
        read_only: bool = False,
        standalone: bool = False,
        sends: bool = True,
    ) -> None:
        self.settings = settings
        self.read_only = read_only
        self.transcript = Transcript(max_lines=settings.wire.lines, max_bytes=settings.wire.bytes)
        self._store = StoreThreads(None if settings.demo else config.store_path())
        self._desk = NewsDesk(settings.news, self._store, self._publish, labels=settings.labels)
        self.news = self._desk.log
        self._accounts: dict[str, Account] = {}
        self._readers: dict[str, Reader] = {}
        self._listener: Listener | None = None
        self._waiting: deque[events.Event] = deque(maxlen=EVENTS_LIMIT)
        self._publishing = threading.Lock()
        self._active_at = 0.0
        self._loop = asyncio.new_event_loop()
        self._ready: Future[None] = Future()
        self._stopping = asyncio.Event()
        self._listening = asyncio.Event()
        self._standalone = standalone
        self.writing = Writing(
            settings,
            self._store,
            self.transcript,
            self._publish,
            self._accounts,
            self._readers,
            self._loop,
            self._patience,
            read_only=read_only,
            standalone=standalone,
            sends=sends,
        )
        self._thread = threading.Thread(target=self._run_loop, name="mail", daemon=True)

    # Life

    def start(self) -> None:
        """Start the mail thread; it opens the store, connects, and opens the first mailbox."""
        self._thread.start()

    def opened(self) -> Future[None]:
        """Done when the store is open; raises StoreError when it could not be."""
        return self._ready

    def stop(self) -> None:
        """Log out, write what is unwritten, end the threads. Takes ``CLOSE_TIMEOUT`` at most."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(CLOSE_TIMEOUT)
        self._store.close()

    def _run_loop(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        try:
            for settings in self.settings.accounts:
                await self._add_account(settings)
        except StoreError as error:
            self._ready.set_exception(error)
            self._publish(events.Notice("", error))
            return
        await self.writing.start()
        self._ready.set_result(None)
        connected = () if self._standalone else tuple(self._accounts.values())
        tasks = [
            asyncio.create_task(account.run(), name=f"account {account.name}")
            for account in connected
        ]
        for account in connected[:1]:
            await account.current.open(await self._first_mailbox(account))
        await self._stopping.wait()
        for account in self._accounts.values():
            account.logging_in.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(SEND_TIMEOUT):
                for account in self._accounts.values():
                    await account.acting.sent()
                await self.writing.settled()
        await self.writing.stop()
        for account in self._accounts.values():
            await account.acting.stop()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT)
        await self._desk.stop()

    async def _add_account(self, settings: config.Account) -> None:
        identity = settings.imap.identity
        account_id = await asyncio.wrap_future(
            self._store.write(Store.account_id, settings.name, identity)
        )
        account = Account(
            settings,
            account_id,
            self._store,
            self.transcript,
            credentials=Credentials(settings),
            read_only=self.read_only,
            pause=self._breathe,
            patience=self._patience,
            news=self._desk.account(settings.name, account_id),
            poll=self.settings.news.poll,
        )
        await account.acting.actions.adopt()
        self._accounts[settings.name] = account
        self._readers[settings.name] = Reader(account, self._store)
        self.writing.add(account)

    async def _first_mailbox(self, account: Account) -> bytes:
        last = await asyncio.wrap_future(self._store.read(Store.setting, account.id, LAST_MAILBOX))
        return last.encode("latin-1") if last else INBOX

    # Events

    def listen(self, listener: Listener) -> None:
        """``listener`` gets every event, on the mail thread, from those missed so far on."""
        with self._publishing:
            self._listener = listener
            missed = list(self._waiting)
            self._waiting.clear()
            for event in missed:
                listener(event)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._listening.set)

    def _publish(self, event: events.Event) -> None:
        self.writing.hear(event)
        with self._publishing:
            if self._listener is None:
                self._waiting.append(event)
            else:
                self._listener(event)

    # Leaving room for the person

    def person_active(self) -> None:
        """A key was pressed: background work leaves room for a moment."""
        self._active_at = time.monotonic()

    @property
    def _person_is_active(self) -> bool:
        return time.monotonic() - self._active_at < PERSON_ACTIVE

    async def _breathe(self) -> None:
        await asyncio.sleep(BREATH if self._person_is_active else 0)

    async def _patience(self) -> None:
        """Before a slice of background work: the screen comes first, and then a person's keys."""
        await self._listening.wait()
        if self._person_is_active:
            await asyncio.sleep(SLICE_REST)

    # Reading the store

    def mailboxes(self, account: str) -> Future[list[StoredMailbox]]:
        return self._store.read(Store.mailboxes, self._accounts[account].id)

    def mailboxes_named(self, account: str, names: Sequence[bytes]) -> Future[list[StoredMailbox]]:
        return self._store.read(_named, self._accounts[account].id, tuple(names))

    def rows(self, mailbox_id: int, uids: Sequence[int]) -> Future[list[MessageSummary]]:
        return self._store.read(Store.rows, mailbox_id, uids)

    def matching(self, mailbox_id: int, pattern: Pattern, below: int) -> Future[Matches]:
        """One slice of the messages a pattern names; see ``Store.matching``."""
        return self._store.read(Store.matching, mailbox_id, pattern, below=below)

    def matching_among(
        self, mailbox_id: int, pattern: Pattern, uids: Sequence[int]
    ) -> Future[array[int]]:
        return self._store.read(Store.matching_among, mailbox_id, pattern, uids)

    def next_unread(self, mailbox_id: int, uid: int, *, newer: bool) -> Future[int | None]:
        """The nearest unread message that is not about to be moved or deleted."""
        hidden = [account.acting.actions.pending.hidden(mailbox_id) for account in self._all()]
        return self._store.read(_next_unread, mailbox_id, uid, newer, hidden)

    def _all(self) -> list[Account]:
        return list(self._accounts.values())

    # What a person wishes

    def open_mailbox(self, account: str, name: bytes, *, read_only: bool = False) -> Future[None]:
        """As ``CurrentMailbox.open``; it is the one that is opened at the next start, too."""
        target = self._accounts[account]
        self._store.write(Store.put_setting, target.id, LAST_MAILBOX, name.decode("latin-1"))
        return self._call(target.current.open(name, read_only=read_only))

    def want(
        self,
        account: str,
        mailbox_id: int,
        rows: tuple[int, ...],
        structures: tuple[int, ...] = (),
    ) -> None:
        """Rows, or structures, that the screen shows and the store lacks."""
        target = self._accounts[account]
        self._loop.call_soon_threadsafe(target.current.want, mailbox_id, rows, structures)

    def open_message(
        self,
        account: str,
        mailbox_id: int,
        uid: int,
        *,
        root: str | None = None,
        section: str | None = None,
        prefer_html: bool = False,
        whole: bool = False,
    ) -> Future[Message]:
        """As ``Reader.open``."""
        return self._call(
            self._readers[account].open(
                mailbox_id,
                uid,
                root=root,
                section=section,
                prefer_html=prefer_html,
                whole=whole,
            )
        )

    def message_source(self, account: str, mailbox_id: int, uid: int) -> Future[tuple[bytes, bool]]:
        return self._call(self._readers[account].source(mailbox_id, uid))

    def fetch_ahead(self, account: str, mailbox_id: int, uids: Sequence[int]) -> Future[None]:
        return self._call(self._readers[account].fetch_ahead(mailbox_id, uids))

    def mark_seen(self, account: str, mailbox_id: int, uid: int) -> Future[None]:
        return self._call(self._accounts[account].mark_seen(mailbox_id, uid))

    # Actions on messages

    def act(
        self, account: str, mailbox_id: int, uids: Sequence[int], action: Action
    ) -> Future[Deed]:
        """As ``Acting.act``: journaled and on the screen when the future is done."""
        return self._call(self._accounts[account].acting.act(mailbox_id, uids, action))

    def empty(
        self, account: str, name: bytes, uid_validity: int, uids: Sequence[int]
    ) -> Future[Deed]:
        """As ``Acting.empty``: Trash or Junk, of the messages that ``messages_in`` has named."""
        return self._call(self._accounts[account].acting.empty(name, uid_validity, uids))

    def undo(self, account: str, number: int | None = None) -> Future[Deed]:
        """Take back the newest deed, or the one of this number; raises as ``Acting.undo``."""
        return self._call(self._accounts[account].acting.undo(number))

    def undo_stack(self, account: str) -> tuple[Deed, ...]:
        """What ``undo`` can take back, the newest first."""
        return self._accounts[account].acting.actions.stack

    def waiting(self, account: str) -> int:
        """How many entries of the journal have not been answered by the server."""
        return self._accounts[account].acting.actions.waiting

    def all_sent(self, account: str) -> Future[None]:
        """Done when nothing waits for the server; offline that may take days."""

        async def all_sent() -> None:
            await self._accounts[account].acting.actions.empty.wait()

        return self._call(all_sent())

    def permissions(self, account: str, mailbox_id: int) -> Future[Permissions]:
        """What a mailbox allows, as the server said when it was open last."""

        async def permissions() -> Permissions:
            return self._accounts[account].acting.permissions(mailbox_id)

        return self._call(permissions())

    def special_mailbox(self, account: str, use: SpecialUse) -> Future[StoredMailbox | None]:
        """As ``Acting.special_mailbox``."""
        return self._call(self._accounts[account].acting.special_mailbox(use))

    def last_targets(self, account: str) -> Future[list[bytes]]:
        """As ``Acting.last_targets``."""
        return self._call(self._accounts[account].acting.last_targets())

    def save_part(
        self,
        account: str,
        mailbox_id: int,
        uid: int,
        part: BodyPart,
        folder: Path,
        on_progress: OnProgress,
    ) -> Future[Path]:
        """As ``download.save_part``; cancelling the future cancels the download."""

        async def save() -> Path:
            sync = await self._accounts[account].selected(mailbox_id)
            return await save_part(sync, uid, part, folder, on_progress)

        return self._call(save())

    def folder_work(
        self,
        account: str,
        work: Callable[[Session], Coroutine[Any, Any, Result]],
        *,
        aside: bool = False,
    ) -> Future[Result]:
        """Do something to folders (``folder_actions``, ``folder_contents``, ``folder_details``).

        ``aside`` is for what selects a mailbox: it gets a connection of its own. Raises
        ``ConnectionFailed`` when not connected, and as ``work`` does.
        """

        async def do() -> Result:
            async with self._accounts[account].folder_session(aside=aside) as session:
                result = await work(session)
            self._publish(events.MailboxesChanged(account))
            self._accounts[account].look_for_news()
            return result

        return self._call(do())

    def refresh_folders(self, account: str) -> Future[None]:
        return self._call(self._accounts[account].refresh_folders())

    def retry_now(self, account: str) -> None:
        self._loop.call_soon_threadsafe(self._accounts[account].retry_now)

    def give_password(
        self, account: str, password: str | None, *, remember: bool, sending: bool = False
    ) -> Future[None]:
        """Answer ``PasswordWanted``, which says whether it is for ``sending``.

        With ``remember`` it goes to the keyring as well; None: the person gave up. Raises
        ``CredentialError`` when the keyring does not take it; it is used all the same.
        """
        logging_in = self._accounts[account].logging_in
        return self._call(logging_in.give(password, remember=remember, sending=sending))

    def _call(self, work: Coroutine[None, None, Result]) -> Future[Result]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)


def _next_unread(
    store: Store, mailbox_id: int, uid: int, newer: bool, hidden: Sequence[SequenceSet]
) -> int | None:
    found = store.next_unread(mailbox_id, uid, newer=newer)
    while found is not None and any(found in each for each in hidden):
        found = store.next_unread(mailbox_id, found, newer=newer)
    return found


def _named(store: Store, account_id: int, names: tuple[bytes, ...]) -> list[StoredMailbox]:
    found = (store.mailbox_by_name(account_id, name) for name in names)
    return [stored for stored in found if stored is not None]
