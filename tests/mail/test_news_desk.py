"""The desk hears what accounts publish: the log, the noises, and what is no news."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from tui_mail.config import News, NewsRule
from tui_mail.errors import AuthenticationFailed, CommandRefused, ConnectionFailed
from tui_mail.mail import events
from tui_mail.mail.news import (
    FlagsTold,
    Happening,
    MessagesExpunged,
    NewMail,
    NewsItem,
    RemovedHere,
)
from tui_mail.mail.news_desk import MOST_FOLDERS, NewsDesk
from tui_mail.mail.store import MessageRecord, Store, StoreThreads
from tui_mail.model import DELETED, INBOX, NONEXISTENT, SEEN, Mailbox, MailboxStatus, Phase
from tui_mail.wire.sequence_set import SequenceSet

NOW = 1_700_000_000.0


def record(uid: int, *flags: str) -> MessageRecord:
    return MessageRecord(
        uid, frozenset(flags), None, int(NOW), 1, None, "Bea", "Anna", f"mail {uid}", "", "", ""
    )


def mailbox(name: str, *attributes: str) -> Mailbox:
    path = tuple(name.split("/"))
    return Mailbox(name.encode(), "/", frozenset(attributes), path, subscribed=True)


class Desk:
    """One account with an INBOX that is open, or will be."""

    def __init__(self, settings: News | None = None) -> None:
        self.now = NOW
        self.store = StoreThreads(None)
        self.events: list[events.Event] = []
        self.desk = NewsDesk(
            settings or News(), self.store, self.events.append, clock=lambda: self.now
        )
        self.account_id = self.store.write(Store.account_id, "work", "anna@h").result()
        self.news = self.desk.account("work", self.account_id)
        self.id = self.store.write(Store.ensure_mailbox, self.account_id, INBOX).result().id

    async def settle(self) -> None:
        while self.news._tasks:
            await asyncio.gather(*self.news._tasks)

    async def put_list(self, *names: str | Mailbox) -> None:
        listed = [name if isinstance(name, Mailbox) else mailbox(name) for name in names]
        self.store.write(Store.replace_mailboxes, self.account_id, listed).result()
        self.news.publish(events.MailboxesChanged("work"))
        await self.settle()

    async def open(self, *uids: int) -> None:
        """The INBOX with these messages, live."""
        self.store.write(Store.put_messages, self.id, [record(uid) for uid in uids]).result()
        self.news.publish(events.MailboxOpened("work", INBOX, self.id, live=False))
        self.news.publish(events.OrderChanged("work", self.id, array("I", sorted(uids)[::-1])))
        self.news.publish(events.MailboxOpened("work", INBOX, self.id, live=True))
        await self.settle()

    async def arrive(self, *uids: int) -> None:
        self.store.write(Store.put_messages, self.id, [record(uid) for uid in uids]).result()
        self.news.publish(events.MailArrived("work", self.id, uids))
        await self.settle()

    def phase(self, phase: Phase, error: Exception | None = None) -> None:
        self.news.publish(events.PhaseChanged("work", phase, error))  # type: ignore[arg-type]

    def items(self) -> list[NewsItem]:
        return self.desk.log.items()

    def texts(self) -> list[tuple[Happening, str]]:
        return [(item.happening, item.text) for item in self.items()]

    def mails(self) -> list[NewMail]:
        return [event for event in self.events if isinstance(event, NewMail)]


@pytest.fixture
async def make() -> AsyncIterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(settings: News | None = None) -> Desk:
        made.append(Desk(settings))
        return made[-1]

    yield make
    for each in made:
        await each.desk.stop()
        each.store.close()


async def test_mail_in_the_open_mailbox(make: Callable[..., Desk]) -> None:
    desk = make()
    await desk.put_list("INBOX")
    await desk.open(1, 2)
    await desk.arrive(3)
    assert desk.mails() == [
        NewMail("work", INBOX, "INBOX", (3,), 1, "Bea", "mail 3", bell=True, notify=True)
    ]
    assert desk.texts() == [(Happening.ARRIVED, "Bea: mail 3")]
    item = desk.items()[0]
    assert (item.mailbox, item.path, item.uids, item.time) == (INBOX, "INBOX", (3,), NOW)
    assert any(isinstance(event, events.MailArrived) for event in desk.events)


async def test_mail_before_the_folders_were_listed(make: Callable[..., Desk]) -> None:
    desk = make()
    await desk.open(1)
    await desk.arrive(2)
    assert [mail.uids for mail in desk.mails()] == [(2,)]


async def test_what_came_before_the_mailbox_was_live_makes_no_noise(
    make: Callable[..., Desk],
) -> None:
    desk = make()
    await desk.put_list("INBOX")
    desk.news.publish(events.MailboxOpened("work", INBOX, desk.id, live=False))
    desk.news.publish(events.OrderChanged("work", desk.id, array("I", [1])))
    await desk.arrive(2, 3)
    desk.news.publish(events.OrderChanged("work", desk.id, array("I", [3, 2, 1])))
    desk.news.publish(events.MailboxOpened("work", INBOX, desk.id, live=True))
    await desk.settle()
    assert desk.mails() == []
    assert len(desk.items()) == 2
    await desk.arrive(4)
    assert [mail.uids for mail in desk.mails()] == [(4,)]


async def test_many_at_once(make: Callable[..., Desk]) -> None:
    desk = make()
    await desk.put_list("INBOX")
    await desk.open()
    await desk.arrive(*range(1, 101))
    (mail,) = desk.mails()
    assert (mail.count, mail.subject) == (100, "mail 100")
    texts = desk.texts()
    assert len(texts) == 21
    assert texts[0] == (Happening.ARRIVED, "80 more new messages")
    assert texts[-1] == (Happening.ARRIVED, "Bea: mail 100")


async def test_the_watch_and_the_open_mailbox_tell_it_once(make: Callable[..., Desk]) -> None:
    desk = make()
    await desk.put_list("INBOX")
    await desk.open(1)
    status = MailboxStatus(uid_next=3, uid_validity=None)
    assert desk.news.figures(INBOX, status) == 2
    await desk.arrive(2)
    row = desk.store.read(Store.rows, desk.id, (2,)).result()
    desk.news.arrived(INBOX, row, count=1, uid_next=3)
    assert len(desk.mails()) == 1
    assert len(desk.items()) == 1


async def test_what_a_person_sees_on_opening_a_mailbox_is_not_told_later(
    make: Callable[..., Desk],
) -> None:
    desk = make()
    await desk.put_list("INBOX")
    desk.news.figures(INBOX, MailboxStatus(uid_next=2))
    await desk.open(1, 2, 3)
    assert desk.news.figures(INBOX, MailboxStatus(uid_next=4)) is None
    assert desk.items() == []


async def test_a_rule_that_silences(make: Callable[..., Desk]) -> None:
    rule = NewsRule("INBOX", bell=False, notify=False, command=False)
    desk = make(News(rules=(rule,)))
    await desk.put_list("INBOX")
    await desk.open(1)
    await desk.arrive(2)
    assert desk.mails() == []
    assert len(desk.items()) == 1


async def test_unwatched_is_not_even_logged(make: Callable[..., Desk]) -> None:
    desk = make(News(rules=(NewsRule("INBOX", watch=False),)))
    await desk.put_list("INBOX")
    await desk.open(1)
    await desk.arrive(2)
    assert desk.items() == []


async def test_another_client_expunges(make: Callable[..., Desk]) -> None:
    desk = make()
    await desk.open(1, 2, 3, 4)
    desk.news.publish(RemovedHere("work", desk.id, SequenceSet.parse("3")))
    # As it is published: the rows are taken away right behind it.
    desk.news.publish(MessagesExpunged("work", desk.id, (1, 3, 4, 99)))
    desk.store.write(Store.remove_messages, desk.id, [1, 3, 4, 99])
    await desk.settle()
    assert [(item.text, item.uids) for item in desk.items()] == [
        ("Bea: mail 1: expunged", (1,)),
        ("Bea: mail 4: expunged", (4,)),
    ]
    assert not any(isinstance(event, MessagesExpunged | RemovedHere) for event in desk.events)


async def test_another_client_changes_flags(make: Callable[..., Desk]) -> None:
    desk = make()
    await desk.open(1, 2, 3)
    told = ((1, frozenset({SEEN})), (2, frozenset[str]()), (77, frozenset({SEEN})))
    desk.news.publish(FlagsTold("work", desk.id, told))
    desk.store.write(Store.put_flags, desk.id, [(uid, flags, None) for uid, flags in told])
    # What is there already, because this program put it there, is not told.
    desk.news.publish(FlagsTold("work", desk.id, told))
    desk.news.publish(FlagsTold("work", desk.id, ((1, frozenset({DELETED})),)))
    await desk.settle()
    assert desk.texts() == [
        (Happening.FLAGS, "Bea: mail 1: read"),
        (Happening.FLAGS, "Bea: mail 1: marked as deleted, unread"),
    ]


async def test_many_changes_are_one_line(make: Callable[..., Desk]) -> None:
    desk = make()
    await desk.open(*range(1, 501))
    uids = tuple(range(1, 501))
    desk.news.publish(FlagsTold("work", desk.id, tuple((uid, frozenset({SEEN})) for uid in uids)))
    desk.news.publish(MessagesExpunged("work", desk.id, uids))
    desk.news.publish(MessagesExpunged("work", desk.id, uids[:30]))
    await desk.settle()
    assert [item.text for item in desk.items()] == [
        "200 or more messages have other flags",
        "500 messages expunged",
        "30 messages expunged",
    ]
    assert desk.items()[1].uid == 500


async def test_a_mailbox_nobody_named_says_nothing(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.news.publish(MessagesExpunged("work", 99, (1,)))
    desk.news.publish(events.MailArrived("work", 99, (1,)))
    await desk.settle()
    assert desk.items() == []


async def test_folders_made_and_gone(make: Callable[..., Desk]) -> None:
    desk = make()
    await desk.put_list("INBOX", "Old", "Mine")
    assert desk.items() == []
    desk.news.own_mailbox(b"Mine")
    desk.news.own_mailbox(b"Made")
    await desk.put_list("INBOX", "New", "Made")
    assert desk.texts() == [
        (Happening.GONE, "Old is no longer there"),
        (Happening.CREATED, "New is a new folder"),
    ]
    # Another time it is news: what was told of an own one was told for once.
    await desk.put_list("INBOX", "New")
    assert desk.texts()[2:] == [(Happening.GONE, "Made is no longer there")]
    await desk.put_list("INBOX", mailbox("New", NONEXISTENT))
    assert desk.texts()[3:] == [(Happening.GONE, "New is no longer there")]


async def test_a_great_many_folders_are_counted(make: Callable[..., Desk]) -> None:
    desk = make()
    await desk.put_list("INBOX")
    await desk.put_list("INBOX", *(f"Folder {number:03}" for number in range(500)))
    assert len(desk.items()) == MOST_FOLDERS + 1
    assert desk.texts()[-1] == (Happening.CREATED, "480 more folders are new")


async def test_where_nothing_is_subscribed_everything_is_watched(
    make: Callable[..., Desk],
) -> None:
    desk = make()
    await desk.put_list(*(replace(mailbox(name), subscribed=False) for name in ("INBOX", "Lists")))
    assert desk.news.choices(b"Lists").watch
    await desk.put_list("INBOX", replace(mailbox("Lists"), subscribed=False), "Subscribed")
    assert not desk.news.choices(b"Lists").watch
    assert not desk.news.choices(b"never listed").watch
    assert desk.news.choices(INBOX).watch
    desk.news.publish(events.MailboxOpened("work", b"Lists", 5, live=False))
    assert desk.news.choices(b"Lists").watch


async def test_lost_and_found(make: Callable[..., Desk]) -> None:
    desk = make()
    lost = ConnectionFailed("mail.example.org closed\x1b the connection")
    desk.phase(Phase.CONNECTING)
    desk.phase(Phase.WAITING, lost)
    assert desk.items() == []  # it has never been there
    desk.phase(Phase.ONLINE)
    assert desk.items() == []
    desk.phase(Phase.WAITING, lost)
    desk.phase(Phase.WAITING, lost)
    desk.now += 7300
    desk.phase(Phase.ONLINE)
    assert desk.texts() == [
        (Happening.LOST, "mail.example.org closed\ufffd the connection"),
        (Happening.RECONNECTED, "Connected again after 2 hours"),
    ]
    desk.phase(Phase.REFUSED, AuthenticationFailed("no"))
    assert desk.texts()[-1] == (Happening.REFUSED, "no")
    assert len([e for e in desk.events if isinstance(e, events.PhaseChanged)]) == 7


async def test_refusals_with_the_servers_words(make: Callable[..., Desk]) -> None:
    desk = make()
    refused = CommandRefused("The server refused COPY", server_line="NO [OVERQUOTA] full\r\n\x07")
    desk.news.publish(events.Notice("work", refused))
    desk.news.publish(events.MailboxGone("work", b"Entw&APw-rfe", refused))
    assert [(item.happening, item.path) for item in desk.items()] == [
        (Happening.REFUSED, ""),
        (Happening.GONE, "Entw&APw-rfe"),
    ]
    assert all(item.text.isprintable() for item in desk.items())
    assert "[OVERQUOTA] full" in desk.items()[0].text


async def test_a_closed_store_harms_nothing(make: Callable[..., Desk]) -> None:
    desk = make()
    await desk.open(1)
    desk.store.close()
    desk.news.publish(MessagesExpunged("work", desk.id, (1,)))
    desk.news.publish(events.MailboxesChanged("work"))
    desk.news.publish(events.MailArrived("work", desk.id, (2,)))
    await desk.settle()
    assert desk.items() == []
    assert len(desk.events) == 5


async def test_the_command_runs_by_rule_and_its_failure_is_told(make: Callable[..., Desk]) -> None:
    desk = make(News(on_new_mail="/no/such/program", rules=(NewsRule("Lists", command=False),)))
    await desk.put_list("INBOX", "Lists")
    desk.news.figures(b"Lists", MailboxStatus(uid_next=1))
    await desk.open(1)
    row = desk.store.read(Store.rows, desk.id, (1,)).result()
    desk.news.arrived(b"Lists", row, count=1, uid_next=2)
    await desk.arrive(2)
    assert len(desk.mails()) == 2
    command = desk.desk._command
    assert command is not None and command._task is not None
    await command._task
    (notice,) = [event for event in desk.events if isinstance(event, events.Notice)]
    assert "on_new_mail cannot run" in notice.error.title
