"""Hears what happens in all accounts, writes the log of it, and lets new mail make its noises.

One desk for the program and one ``AccountNews`` for each account, on the mail thread. It sees the
events an account publishes and what the watching connection tells; it asks no server anything.
"""

from __future__ import annotations

import asyncio
import logging
import time
from array import array
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from tui_mail import config
from tui_mail.errors import MailError, StoreError
from tui_mail.mail import events
from tui_mail.mail.new_mail_command import NewMailCommand
from tui_mail.mail.news import (
    FlagsTold,
    Happening,
    MessagesExpunged,
    NewMail,
    NewsItem,
    NewsLog,
    RemovedHere,
)
from tui_mail.mail.news_arrivals import Arrival, Arrivals
from tui_mail.mail.news_changes import NO_LABELS, ONE_BY_ONE, Elsewhere
from tui_mail.mail.news_rules import Choices, choose, shown_path
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.model import INBOX, NONEXISTENT, Mailbox, MailboxStatus, MessageSummary, Phase
from tui_mail.sanitize import clean, decode_clean

MOST_OWN = 1000  # mailboxes that this program itself makes or removes
MOST_FOLDERS = 20  # lines about mailboxes made or gone, at a time
UNLISTED_INBOX = Mailbox(INBOX, None, frozenset(), ("INBOX",))  # there before LIST has named it
log = logging.getLogger(__name__)


class NewsDesk:
    """``log`` is for any thread; everything else for the mail thread alone."""

    def __init__(
        self,
        settings: config.News,
        store: StoreThreads,
        publish: events.Publish,
        *,
        labels: Mapping[str, config.Label] = NO_LABELS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.log = NewsLog()
        self.settings = settings
        self.labels = labels
        self.clock = clock
        self.store = store
        self.publish = publish
        self._accounts: list[AccountNews] = []
        self._command: NewMailCommand | None = None
        if settings.on_new_mail is not None:
            self._command = NewMailCommand(settings.on_new_mail, self._command_failed)

    def account(self, name: str, account_id: int) -> AccountNews:
        """The news of one account; its ``publish`` is to be given to whoever publishes for it."""
        news = AccountNews(self, name, account_id)
        self._accounts.append(news)
        return news

    async def stop(self) -> None:
        """End what is under way, a run of ``on_new_mail`` included."""
        for account in self._accounts:
            await account.stop()
        if self._command is not None:
            await self._command.stop()

    def announce(self, mail: NewMail, *, command: bool) -> None:
        """New mail that the rules let make a noise."""
        self.publish(mail)
        if command and self._command is not None:
            self._command.put(mail)

    def _command_failed(self, error: MailError) -> None:
        self.publish(events.Notice("", error))


class AccountNews:
    """The news of one account.

    Messages are told once, whoever saw them first: ``figures`` and ``arrived`` remember the UIDs.
    What was there before this program looked for the first time makes no noise.
    """

    def __init__(self, desk: NewsDesk, account: str, account_id: int) -> None:
        self._desk = desk
        self._account = account
        self._account_id = account_id
        self._mailboxes: dict[bytes, Mailbox] = {}
        self._ids: dict[int, bytes] = {}
        self._choices: dict[bytes, Choices] = {}
        self._subscribes = False
        self._open: bytes | None = None
        self.listed = False
        self._arrivals = Arrivals()
        self._tops: dict[int, int] = {}
        self._own_mailboxes: set[bytes] = set()
        self._lost_at: float | None = None
        self._online = False
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._elsewhere = Elsewhere(desk.store, self._later, self._tell_elsewhere, desk.labels)
        # These are said for this desk alone; the others are for everybody.
        self._inner: dict[type[events.Event], Callable[[Any], None]] = {
            MessagesExpunged: self._elsewhere.expunged,
            FlagsTold: self._elsewhere.flags_told,
            RemovedHere: self._elsewhere.removed_here,
        }
        self._handlers: dict[type[events.Event], Callable[[Any], None]] = {
            events.PhaseChanged: self._phase_changed,
            events.MailboxesChanged: self._mailboxes_changed,
            events.MailboxOpened: self._mailbox_opened,
            events.OrderChanged: self._order_changed,
            events.MailArrived: self._mail_arrived,
            events.MailboxGone: self._mailbox_gone,
            events.Notice: self._noticed,
        }

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # What the watch asks and tells

    def mailboxes(self) -> list[Mailbox]:
        """As LIST named them last."""
        return list(self._mailboxes.values())

    def mailbox(self, name: bytes) -> Mailbox | None:
        return self._mailboxes.get(name)

    def choices(self, name: bytes) -> Choices:
        """What is to be done about a mailbox; nothing about one that is not known.

        The open one counts as subscribed.
        """
        if name not in self._choices:
            mailbox = self._mailboxes.get(name, UNLISTED_INBOX if name == INBOX else None)
            if mailbox is None:
                return Choices(watch=False)
            subscribed = mailbox.subscribed or not self._subscribes or name == self._open
            self._choices[name] = choose(
                self._desk.settings, self._account, mailbox, subscribed=subscribed
            )
        return self._choices[name]

    def figures(self, name: bytes, status: MailboxStatus) -> int | None:
        """Note STATUS figures; the first UID nobody has told of, where there is any."""
        return self._arrivals.figures(name, status, self._desk.clock())

    def told_below(self, name: bytes) -> int | None:
        """All UIDs below this have been told of; None where nobody has looked."""
        return self._arrivals.told_below(name)

    def arrived(
        self, name: bytes, messages: Sequence[MessageSummary], *, count: int, uid_next: int
    ) -> None:
        """Messages from the first UID nobody has told of up to ``uid_next``, ascending.

        Of many only the newest are given; ``count`` says how many there are.
        """
        arrival = self._arrivals.take(
            name, messages, count=count, uid_next=uid_next, now=self._desk.clock()
        )
        choices = self.choices(name)
        if arrival.count <= 0 or not choices.tell:
            return
        self._log_arrival(name, arrival)
        # Where the messages could not be read nothing says that they are not fresh.
        if arrival.fresh or (arrival.fresh is not None and not arrival.messages):
            self._announce(name, arrival, choices)

    def own_messages(self, name: bytes, uids: Iterable[int]) -> None:
        """This program put these messages there (COPYUID, APPENDUID): they are no news."""
        self._arrivals.own(name, uids)

    def own_mailbox(self, name: bytes) -> None:
        """This program makes or removes this mailbox: that is no news."""
        if len(self._own_mailboxes) < MOST_OWN:
            self._own_mailboxes.add(name)

    # What the account publishes

    def publish(self, event: events.Event) -> None:
        """Pass an event of the account on, and hear what it says."""
        inner = self._inner.get(type(event))
        if inner is None:
            self._desk.publish(event)
        handler = inner or self._handlers.get(type(event))
        if handler is not None:
            try:
                handler(event)
            except StoreError as error:
                log.warning("news of %s: %s", self._account, error.title)

    def _phase_changed(self, event: events.PhaseChanged) -> None:
        now = self._desk.clock()
        reason = clean(event.error.title) if event.error is not None else ""
        if event.phase is Phase.ONLINE:
            self._online = True
            if self._lost_at is not None:
                away = _duration(now - self._lost_at)
                self._log(Happening.RECONNECTED, f"Connected again after {away}")
            self._lost_at = None
        elif event.phase is Phase.REFUSED:
            self._log(Happening.REFUSED, reason)
        elif event.phase is Phase.WAITING and self._online:
            self._online = False
            self._lost_at = now
            self._log(Happening.LOST, reason)

    def _mailboxes_changed(self, event: events.MailboxesChanged) -> None:
        self._later(self._compare_mailboxes)

    async def _compare_mailboxes(self) -> None:
        stored = await asyncio.wrap_future(self._desk.store.read(Store.mailboxes, self._account_id))
        # What does not exist may still be subscribed, and is then listed.
        mailboxes = {
            each.mailbox.name: each.mailbox
            for each in stored
            if NONEXISTENT not in each.mailbox.attributes
        }
        before, self._mailboxes = self._mailboxes, mailboxes
        self._ids.update((each.id, each.mailbox.name) for each in stored)
        self._choices.clear()
        # Where nobody ever subscribed to anything, every mailbox is as good as subscribed.
        self._subscribes = any(
            each.subscribed and each.name != INBOX for each in mailboxes.values()
        )
        # The first list of a run is no news, whatever an earlier run had stored.
        first, self.listed = not self.listed, True
        if first:
            return
        gone = [each for name, each in before.items() if name not in self._mailboxes]
        made = [each for name, each in self._mailboxes.items() if name not in before]
        for happening, found, one, many in (
            (Happening.GONE, gone, "is no longer there", "are no longer there"),
            (Happening.CREATED, made, "is a new folder", "are new"),
        ):
            told = [each for each in found if each.name not in self._own_mailboxes]
            for each in told[:MOST_FOLDERS]:
                path = shown_path(each)
                self._log(happening, f"{path} {one}", each.name, path=path)
            if len(told) > MOST_FOLDERS:
                self._log(happening, f"{len(told) - MOST_FOLDERS:,} more folders {many}")
            if happening is Happening.GONE:
                self._tell_open_is_gone(told, made)
            for each in found:
                self._own_mailboxes.discard(each.name)
                self._arrivals.forget(each.name)

    def _tell_open_is_gone(self, gone: Sequence[Mailbox], made: Sequence[Mailbox]) -> None:
        """What is new may be the same by another name, but it is not followed on a guess.

        UIDVALIDITY does not tell: Courier gives the same one to several mailboxes.
        """
        lost = next((each for each in gone if each.name == self._open), None)
        if lost is None:
            return
        new = [shown_path(each) for each in made if each.selectable]
        perhaps = f"; {new[0]} is new, perhaps the same one" if len(new) == 1 else ""
        title = f"{shown_path(lost)} was removed or renamed elsewhere{perhaps}"
        self._desk.publish(events.Notice(self._account, MailError(title)))

    def _mailbox_opened(self, event: events.MailboxOpened) -> None:
        self._ids.setdefault(event.mailbox_id, event.name)
        if event.name != self._open:
            self._open = event.name
            self._choices.clear()
        if event.live:
            top = self._tops.get(event.mailbox_id, 0)
            self._later(lambda: self._note_opened(event.name, event.mailbox_id, top))

    async def _note_opened(self, name: bytes, mailbox_id: int, top: int) -> None:
        """What arrives above UID ``top`` of the open mailbox is news; the rest is on the screen."""
        state = await asyncio.wrap_future(self._desk.store.read(Store.sync_state, mailbox_id))
        status = MailboxStatus(uid_validity=state.uid_validity, uid_next=top + 1)
        if self.figures(name, status) is not None:
            self.arrived(name, (), count=0, uid_next=top + 1)

    def _order_changed(self, event: events.OrderChanged) -> None:
        self._tops[event.mailbox_id] = _top(event.order)

    def _mail_arrived(self, event: events.MailArrived) -> None:
        name = self._ids.get(event.mailbox_id)
        if name is not None and event.uids:
            self._later(lambda: self._tell_arrived(name, event))

    async def _tell_arrived(self, name: bytes, event: events.MailArrived) -> None:
        uids = sorted(event.uids)
        rows = await asyncio.wrap_future(
            self._desk.store.read(Store.rows, event.mailbox_id, uids[-ONE_BY_ONE:])
        )
        self.arrived(name, rows, count=len(uids), uid_next=uids[-1] + 1)

    def _mailbox_gone(self, event: events.MailboxGone) -> None:
        self._log(Happening.GONE, _error_line(event.error), event.name)

    def _noticed(self, event: events.Notice) -> None:
        self._log(Happening.REFUSED, _error_line(event.error))

    # Telling

    def _tell_elsewhere(
        self, happening: Happening, mailbox_id: int, text: str, uids: tuple[int, ...]
    ) -> None:
        name = self._ids.get(mailbox_id)
        if name is not None:
            self._log(happening, text, name, uids)

    def _log_arrival(self, name: bytes, arrival: Arrival) -> None:
        told = arrival.messages[-ONE_BY_ONE:]
        if arrival.count > len(told):
            more = arrival.count - len(told)
            also = "more " if told else ""
            plural = "" if more == 1 else "s"
            self._log(Happening.ARRIVED, f"{more:,} {also}new message{plural}", name)
        for message in told:
            text = f"{message.sender}: {message.subject}"
            self._log(Happening.ARRIVED, text, name, (message.uid,))

    def _announce(self, name: bytes, arrival: Arrival, choices: Choices) -> None:
        if not (choices.bell or choices.notify or choices.command):
            return
        fresh = arrival.fresh or ()
        mail = NewMail(
            self._account,
            name,
            self._path(name),
            tuple(message.uid for message in fresh),
            arrival.count - len(arrival.messages) + len(fresh),
            clean(fresh[-1].sender) if fresh else "",
            clean(fresh[-1].subject) if fresh else "",
            choices.bell,
            choices.notify,
        )
        self._desk.announce(mail, command=choices.command)

    def _log(
        self,
        happening: Happening,
        text: str,
        name: bytes | None = None,
        uids: tuple[int, ...] = (),
        *,
        path: str | None = None,
    ) -> NewsItem:
        if path is None:
            path = self._path(name) if name is not None else ""
        return self._desk.log.add(
            happening,
            self._account,
            clean(text),
            time=self._desk.clock(),
            mailbox=name,
            path=path,
            uids=uids,
        )

    def _path(self, name: bytes) -> str:
        mailbox = self._mailboxes.get(name)
        return shown_path(mailbox) if mailbox is not None else decode_clean(name)

    def _later(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do what waits for the store, one after the other in the order of the events."""
        task = asyncio.create_task(self._in_turn(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _in_turn(self, work: Callable[[], Awaitable[None]]) -> None:
        async with self._turn:
            try:
                await work()
            except StoreError as error:
                log.warning("news of %s: %s", self._account, error.title)


def _top(order: array[int]) -> int:
    """The highest UID of a list that is newest first and may not know all of them yet."""
    return next((uid for uid in order if uid), 0)


def _error_line(error: MailError) -> str:
    server = f": {error.server_line}" if error.server_line else ""
    return f"{error.title}{server}"


def _duration(seconds: float) -> str:
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        count = int(seconds // length)
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{max(1, round(seconds))} s"
