"""A ``NewsWatch`` under test on the test's own loop, with all it told and a way to wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

from tui_mail.config import News, ServerUrl
from tui_mail.mail import events, news_watch
from tui_mail.mail.folders import Folders
from tui_mail.mail.news import Happening, NewMail, NewsItem
from tui_mail.mail.news_desk import NewsDesk
from tui_mail.mail.news_figures import Figures
from tui_mail.mail.news_watch import NewsWatch
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.model import INBOX, Mailbox, MailboxStatus, Phase
from tui_mail.net import login
from tui_mail.net.imap import ImapClient
from tui_mail.net.stream import context_for
from tui_mail.wire.imap import State
from tui_mail.wire.sasl import LogIn
from tui_mail.wire.transcript import Transcript

SECONDS = 20.0
Found = TypeVar("Found", bound=events.Event)


class Watching:
    """``async with Watching(url) as watching:`` watches an account as ``Account`` would.

    ``pokes`` counts how often it was said that the followed mailbox has news, ``lists`` how often
    that the folders changed: the list is then fetched again on a connection of its own.
    ``failures`` are what the next tries of the watch to connect come to.
    """

    def __init__(
        self,
        url: str,
        settings: News | None = None,
        *,
        follow: bytes = INBOX,
        listed: bool = True,
    ) -> None:
        self.url = ServerUrl.parse(url, "imap")
        self.store = StoreThreads(None)
        self.transcript = Transcript()
        self.events: list[events.Event] = []
        self.pokes = 0
        self.lists = 0
        self.failures: list[Exception] = []
        self.first: ImapClient | None = None
        self._changed = asyncio.Condition()
        self._settings = settings or News()
        self._follow = follow
        self._listed = listed
        self._tasks: set[asyncio.Task[None]] = set()
        self.desk = NewsDesk(self._settings, self.store, self._heard)

    async def __aenter__(self) -> Watching:
        self.account_id = self.store.write(Store.account_id, "work", self.url.identity).result()
        self.news = self.desk.account("work", self.account_id)
        self.desk.log.listener = self._tell
        self.watch = NewsWatch(
            self.connect,
            self.news,
            Figures("work", self.account_id, self.store, self.news.publish),
            poll=self._settings.poll,
            on_news=self._poked,
            on_folders=self._folders_changed,
        )
        if self._listed:
            await self.list_folders()
        self.watch.follow(self._follow)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.watch.stop()
        await asyncio.gather(*self._tasks)
        await self.desk.stop()
        if self.first is not None:
            await self.first.close()
        await asyncio.to_thread(self.store.close)

    async def connect(self, label: str, on_phase: Callable[[Phase], None]) -> ImapClient:
        recorder = self.transcript.recorder(f"work/{label}")
        if label == "2" and self.failures:
            raise self.failures.pop()
        client = await login.connect(self.url, context_for(self.url, None), recorder, on_phase)
        try:
            if client.connection.state is State.NOT_AUTHENTICATED:
                await login.authenticate(client, LogIn(self.url.user, "secret"))
        except BaseException:
            await client.close()
            raise
        return client

    async def list_folders(self) -> None:
        """Fetch the folders, as the account does."""
        if self.first is None:
            self.first = await self.connect("1", lambda _phase: None)
        folders = Folders("work", self.account_id, self.store, self.news.publish, {})
        await folders.refresh(self.first)
        await self.until(lambda: self.news.listed)

    async def put_list(self, *names: str) -> None:
        """These folders, all subscribed, without asking a server."""
        mailboxes = [
            Mailbox(name.encode(), "/", frozenset(), tuple(name.split("/")), subscribed=True)
            for name in names
        ]
        self.store.write(Store.replace_mailboxes, self.account_id, mailboxes).result()
        self.news.publish(events.MailboxesChanged("work"))
        await self.until(lambda: self.news.listed)

    async def ready(self, mailbox: bytes = INBOX) -> None:
        """Until news of the followed mailbox come unasked, and the others' figures are known."""
        await self.until(lambda: self.watch.alive and self.pokes > 0)
        await self.until(lambda: self.idles() > 0)

    def idles(self) -> int:
        return sum("→" in line and line.endswith(" IDLE") for line in self.wire())

    def _heard(self, event: events.Event) -> None:
        self.events.append(event)
        self._tell()

    def _poked(self) -> None:
        self.pokes += 1
        self._tell()

    def _folders_changed(self) -> None:
        self.lists += 1
        if self._listed:
            self._start(self.list_folders())
        self._tell()

    def _start(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tell(self) -> None:
        async def tell() -> None:
            async with self._changed:
                self._changed.notify_all()

        self._start(tell())

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for it; it is looked at after every event, item and poke, and now and then."""
        try:
            async with asyncio.timeout(SECONDS):
                while not condition():
                    async with self._changed:
                        try:
                            async with asyncio.timeout(0.05):
                                await self._changed.wait()
                        except TimeoutError:
                            continue
        except TimeoutError:
            told = "\n".join([*map(str, self.events), *map(str, self.items()), *self.wire()])
            raise AssertionError(f"not in {SECONDS} s; there was:\n{told}") from None

    async def wait_for(
        self, kind: type[Found], condition: Callable[[Found], bool] = lambda event: True
    ) -> Found:
        """The first event of this kind and condition."""

        def found() -> list[Found]:
            return [e for e in self.events if isinstance(e, kind) and condition(e)]

        await self.until(lambda: bool(found()))
        return found()[0]

    async def mail(self, mailbox: bytes) -> NewMail:
        """The first notification of new mail there."""
        return await self.wait_for(NewMail, lambda mail: mail.mailbox == mailbox)

    async def item(self, happening: Happening, text: str) -> NewsItem:
        """The first item of this kind with this in its text."""

        def found() -> list[NewsItem]:
            return [i for i in self.items() if i.happening is happening and text in i.text]

        await self.until(lambda: bool(found()))
        return found()[0]

    def items(self) -> list[NewsItem]:
        return self.desk.log.items()

    def status(self, name: bytes) -> MailboxStatus:
        """The figures in the store."""
        stored = self.store.read(Store.mailbox_by_name, self.account_id, name).result()
        assert stored is not None
        return stored.status

    async def counts(self, name: bytes, messages: int, unseen: int) -> None:
        """Until the folder list may show these."""

        def told() -> bool:
            status = self.status(name)
            return (status.messages, status.unseen) == (messages, unseen)

        await self.until(told)
        await self.wait_for(events.CountsChanged, lambda event: name in event.names)

    def wire(self, connection: str = "work/2") -> list[str]:
        """What crossed the wire on the watching connection, arrow first."""
        return [
            f"{line.direction.value} {line.text.decode('utf-8', 'replace')}"
            for line in self.transcript.lines()
            if line.connection == connection
        ]


def quickly(monkeypatch: object) -> None:
    """No waiting for the first screen, and none between two readings."""
    for name in ("START_AFTER", "READ_GAP", "LIST_GAP"):
        monkeypatch.setattr(news_watch, name, 0.0)  # type: ignore[attr-defined]
