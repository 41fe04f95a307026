"""Watching all mailboxes of a real Dovecot, with another client at work at the same time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from news_watching import Watching, quickly
from servers import Dovecot

from tui_mail.config import News, NewsRule
from tui_mail.mail.news import Happening, NewMail
from tui_mail.model import INBOX

pytestmark = pytest.mark.server

LISTS = b"Lists/python"
FAST = 0.3  # seconds
# What CAPABILITY says instead of Dovecot's own list, which offers NOTIFY.
BARE = "IMAP4rev1 LITERAL+ ENABLE CONDSTORE LIST-EXTENDED LIST-STATUS SPECIAL-USE ESEARCH"
CAPABILITIES = {"NOTIFY": None, "IDLE": f"{BARE} IDLE", "neither": "IMAP4rev1"}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    quickly(monkeypatch)


@pytest.fixture(params=CAPABILITIES)
def server(request: pytest.FixtureRequest, start_dovecot: Callable[..., Dovecot]) -> Dovecot:
    capabilities = CAPABILITIES[request.param]
    return start_dovecot() if capabilities is None else start_dovecot(capabilities=capabilities)


def message(subject: str, sender: str = "Bea <bea@example.org>") -> bytes:
    return f"From: {sender}\r\nSubject: {subject}\r\n\r\ntext\r\n".encode()


def user_of(server: Dovecot) -> str:
    """A new user with a subscribed mailbox for a mailing list, and one that is not."""
    user = server.new_user()
    with server.connect(user) as raw:
        for name in ("Lists", "Lists/python", "Lists/quiet", "Elsewhere"):
            raw.command(f'CREATE "{name}"')
        for name in ("Lists/python", "Lists/quiet"):
            raw.command(f'SUBSCRIBE "{name}"')
        raw.append("INBOX", message("the first"))
        raw.append("Lists/python", message("the first on the list"))
    return user


def watching(
    server: Dovecot, user: str, settings: News | None = None, *, follow: bytes = INBOX
) -> Watching:
    url = f"imap+insecure://{user}@{server.host}:{server.port}"
    return Watching(url, settings or News(poll=FAST), follow=follow)


async def known(running: Watching, *names: bytes) -> None:
    """Until the figures of these are where telling begins."""
    await running.until(lambda: all(running.news.told_below(name) for name in names))


async def test_mail_in_another_mailbox_is_told_with_sender_and_subject(server: Dovecot) -> None:
    user = user_of(server)
    with server.connect(user) as other:
        async with watching(server, user) as running:
            await known(running, LISTS)
            other.append("Lists/python", message("=?utf-8?q?Caf=C3=A9?="))
            mail = await running.mail(LISTS)
            assert (mail.count, mail.uids, mail.sender, mail.subject) == (1, (2,), "Bea", "Café")
            assert mail.path == "Lists/python"
            assert mail.bell and mail.notify
            item = await running.item(Happening.ARRIVED, "Café")
            assert (item.account, item.mailbox, item.uid) == ("work", LISTS, 2)
            await running.counts(LISTS, messages=2, unseen=2)


async def test_many_at_once_are_counted_and_the_newest_named(server: Dovecot) -> None:
    user = user_of(server)
    with server.connect(user) as other:
        async with watching(server, user, settings=News(poll=10)) as running:
            await known(running, LISTS)
            for number in range(50):
                other.append("Lists/python", message(f"mail {number}"))
            running.watch._poll_at = 0.0
            running.watch._wake.set()
            await running.counts(LISTS, messages=51, unseen=51)
            await running.item(Happening.ARRIVED, "mail 49")
            told = [mail for mail in running.events if isinstance(mail, NewMail)]
            assert sum(mail.count for mail in told) == 50
            assert told[-1].subject == "mail 49"
            uids = [uid for item in running.items() for uid in item.uids]
            assert len(uids) == len(set(uids)) <= 50


async def test_what_is_seen_already_or_old_makes_no_noise(server: Dovecot) -> None:
    user = user_of(server)
    with server.connect(user) as other:
        async with watching(server, user) as running:
            await known(running, LISTS)
            other.append("Lists/python", message("read elsewhere"), flags=["\\Seen"])
            other.append(
                "Lists/python",
                message("moved here"),
                internal_date="17-Jul-2001 02:44:25 +0000",
            )
            await running.item(Happening.ARRIVED, "read elsewhere")
            await running.item(Happening.ARRIVED, "moved here")
            other.append("Lists/python", message("new"))
            assert (await running.mail(LISTS)).subject == "new"


async def test_rules_decide_what_makes_a_noise(server: Dovecot) -> None:
    user = user_of(server)
    rules = (
        NewsRule("lists/*", bell=False),
        NewsRule("Lists/quiet", notify=False, command=False),
        NewsRule("Elsewhere", watch=True),
        NewsRule("Sent", bell=True),
    )
    with server.connect(user) as other:
        async with watching(server, user, settings=News(poll=FAST, rules=rules)) as running:
            await known(running, LISTS, b"Lists/quiet", b"Elsewhere", b"Sent")
            other.append("Lists/quiet", message("silence"))
            await running.item(Happening.ARRIVED, "silence")
            other.append("Lists/python", message("no bell"))
            other.append("Elsewhere", message("watched"))
            other.append("Sent", message("wanted"))
            python = await running.mail(LISTS)
            assert (python.bell, python.notify) == (False, True)
            elsewhere = await running.mail(b"Elsewhere")
            assert (elsewhere.bell, elsewhere.notify) == (True, True)
            sent = await running.mail(b"Sent")
            assert (sent.bell, sent.notify) == (True, False)
            assert not any(
                e.mailbox == b"Lists/quiet" for e in running.events if isinstance(e, NewMail)
            )


async def test_the_open_mailbox_is_the_accounts_business(server: Dovecot) -> None:
    """The watch only says that there is something; the rest comes by ``MailArrived``."""
    user = user_of(server)
    with server.connect(user) as other:
        async with watching(server, user, follow=LISTS) as running:
            await known(running, b"INBOX")
            if running.watch._idles:
                await running.ready(LISTS)
            before = running.pokes
            other.append("Lists/python", message("in the open one"))
            other.append("INBOX", message("in the inbox"))
            assert (await running.mail(INBOX)).subject == "in the inbox"
            await running.counts(INBOX, messages=2, unseen=2)
            if running.watch._idles:
                await running.until(lambda: running.pokes > before)
            assert running.watch.alive is running.watch._idles
            assert not any("in the open one" in item.text for item in running.items())


async def test_following_another_mailbox(server: Dovecot) -> None:
    user = user_of(server)
    with server.connect(user) as other:
        async with watching(server, user) as running:
            await known(running, LISTS)
            running.watch.follow(LISTS)
            if running.watch._idles:
                await running.until(lambda: running.watch._heard_for == LISTS)
                await running.ready(LISTS)
            before = running.pokes
            other.append("Lists/python", message("in the open one"))
            if running.watch._idles:
                await running.until(lambda: running.pokes > before)
            running.watch.follow(INBOX)
            other.append("Lists/quiet", message("elsewhere"))
            assert (await running.mail(b"Lists/quiet")).subject == "elsewhere"


async def test_reading_and_expunging_elsewhere_changes_the_counts(server: Dovecot) -> None:
    user = user_of(server)
    with server.connect(user) as other:
        async with watching(server, user) as running:
            await known(running, LISTS)
            other.command("SELECT Lists/python")
            other.command("STORE 1 +FLAGS (\\Seen)")
            await running.counts(LISTS, messages=1, unseen=0)
            other.command("STORE 1 +FLAGS (\\Deleted)")
            other.command("EXPUNGE")
            await running.counts(LISTS, messages=0, unseen=0)
            assert not [event for event in running.events if isinstance(event, NewMail)]


async def test_what_came_while_the_connection_was_away_is_told(
    server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_mail.mail.news_watch.FIRST_RETRY", 0.1)
    user = user_of(server)
    async with watching(server, user) as running:
        await known(running, LISTS)
        server.kick(user)
        await running.until(lambda: not running.watch.connected)
        with server.connect(user) as other:
            other.append("Lists/python", message("meanwhile"))
        assert (await running.mail(LISTS)).subject == "meanwhile"


async def test_a_mailbox_that_goes_and_one_that_comes(server: Dovecot) -> None:
    user = user_of(server)
    with server.connect(user) as other:
        async with watching(server, user) as running:
            await known(running, LISTS)
            other.command("DELETE Lists/python")
            other.command("CREATE Fresh")
            other.command("SUBSCRIBE Fresh")
            await running.item(Happening.GONE, "Lists/python is no longer there")
            made = await running.item(Happening.CREATED, "Fresh is a new folder")
            assert made.mailbox == b"Fresh"
            await known(running, b"Fresh")
            other.append("Fresh", message("in the new one"))
            assert (await running.mail(b"Fresh")).subject == "in the new one"


async def test_own_messages_and_mailboxes_are_no_news(server: Dovecot) -> None:
    user = user_of(server)
    with server.connect(user) as other:
        async with watching(server, user) as running:
            await known(running, LISTS)
            running.news.own_messages(LISTS, [2])
            running.news.own_mailbox(b"Mine")
            other.command("CREATE Mine")
            other.append("Lists/python", message("moved by hand"))
            await running.counts(LISTS, messages=2, unseen=2)
            other.append("Lists/python", message("from outside"))
            assert (await running.mail(LISTS)).subject == "from outside"
            assert not any("by hand" in item.text for item in running.items())
            await running.list_folders()
            assert not any(item.happening is Happening.CREATED for item in running.items())
