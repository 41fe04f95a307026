"""News through the whole mail service, with another client of the account at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from running_service import SECONDS, RunningService, account
from servers import Dovecot, generate

from tui_mail.mail import events, news_watch
from tui_mail.mail.actions import MARK_SEEN, Expunge, Move
from tui_mail.mail.news import Happening, NewMail, NewsItem
from tui_mail.model import Phase

pytestmark = pytest.mark.server


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news_watch, "START_AFTER", 0.0)
    monkeypatch.setattr(news_watch, "READ_GAP", 0.0)


def message(subject: str) -> bytes:
    return f"From: Bea <bea@example.org>\r\nSubject: {subject}\r\n\r\ntext\r\n".encode()


class Reader:
    """A ``RunningService`` whose log of news can be waited for."""

    def __init__(self, running: RunningService) -> None:
        self.running = running

    def item(self, happening: Happening, text: str) -> NewsItem:
        log = self.running.service.news

        def found() -> list[NewsItem]:
            return [i for i in log.items() if i.happening is happening and text in i.text]

        log.listener = self._tell
        with self.running._changed:
            assert self.running._changed.wait_for(found, SECONDS), log.items()
        return found()[0]

    def _tell(self) -> None:
        with self.running._changed:
            self.running._changed.notify_all()

    def texts(self) -> list[str]:
        return [item.text for item in self.running.service.news.items()]


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    name = dovecot.new_user()
    with dovecot.connect(name) as raw:
        raw.command('CREATE "Lists"')
        raw.command('SUBSCRIBE "Lists"')
        raw.append_many("INBOX", generate(3))
    return name


@pytest.fixture
def running(dovecot: Dovecot, user: str) -> Iterator[RunningService]:
    url = f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}"
    with RunningService(account(url)) as service:
        service.opened()
        service.wait_for(events.MailboxesChanged)
        watch = service.service._accounts["work"]._watch
        assert watch is not None
        with service._changed:
            while not watch._heard_for:
                service._changed.wait(0.05)
        yield service


def test_mail_here_and_elsewhere(dovecot: Dovecot, user: str, running: RunningService) -> None:
    reader = Reader(running)
    with dovecot.connect(user) as other:
        other.append("INBOX", message("here"))
        here = running.wait_for(NewMail, lambda mail: mail.subject == "here")
        assert (here.path, here.uids) == ("INBOX", (4,))
        other.append("Lists", message("elsewhere"))
        there = running.wait_for(NewMail, lambda mail: mail.subject == "elsewhere")
        assert there.mailbox == b"Lists"
        reader.item(Happening.ARRIVED, "elsewhere")
        running.service.open_mailbox("work", b"Lists").result()
        running.opened(b"Lists")
        other.append("Lists", message("in the open list"))
        running.wait_for(NewMail, lambda mail: mail.subject == "in the open list")
        other.append("INBOX", message("in the inbox that is not open"))
        running.wait_for(NewMail, lambda mail: "not open" in mail.subject)
    told = [event for event in running.events if isinstance(event, NewMail)]
    assert len(told) == 4
    assert len(running.service.news.items()) == 4


def test_what_another_client_does(dovecot: Dovecot, user: str, running: RunningService) -> None:
    reader = Reader(running)
    with dovecot.connect(user) as other:
        other.command("SELECT INBOX")
        other.command("STORE 1 +FLAGS (\\Flagged $Label1)")
        assert reader.item(Happening.FLAGS, "flagged, +#important").uid == 1
        other.command("STORE 2 +FLAGS (\\Deleted)")
        reader.item(Happening.FLAGS, "marked as deleted")
        other.command("EXPUNGE")
        assert reader.item(Happening.EXPUNGED, "expunged").uid == 2
        other.command("CREATE Fresh")
        reader.item(Happening.CREATED, "Fresh is a new folder")


def test_what_is_done_here_is_no_news(dovecot: Dovecot, user: str, running: RunningService) -> None:
    reader = Reader(running)
    mailbox_id = running.opened()
    service = running.service
    service.act("work", mailbox_id, [1], MARK_SEEN).result(10)
    service.act("work", mailbox_id, [1], Move(b"Lists")).result(10)
    service.all_sent("work").result(10)
    service.act("work", mailbox_id, [2], Expunge()).result(10)
    service.all_sent("work").result(10)
    with dovecot.connect(user) as other:
        other.append("Lists", message("from outside"))
        other.append("INBOX", message("here, too"))
    reader.item(Happening.ARRIVED, "from outside")
    reader.item(Happening.ARRIVED, "here, too")
    assert reader.texts() == ["Bea: from outside", "Bea: here, too"] or reader.texts() == [
        "Bea: here, too",
        "Bea: from outside",
    ]


def test_lost_and_back_again(dovecot: Dovecot, user: str, running: RunningService) -> None:
    reader = Reader(running)
    dovecot.kick(user)
    reader.item(Happening.LOST, "closed the connection")
    reader.item(Happening.RECONNECTED, "Connected again")
    running.wait_for(events.PhaseChanged, lambda e: e.phase is Phase.ONLINE)
    with dovecot.connect(user) as other:
        other.append("Lists", message("after it"))
    running.wait_for(NewMail, lambda mail: mail.subject == "after it")


def test_an_account_that_is_not_open_is_watched(
    dovecot: Dovecot, user: str, start_dovecot: Callable[..., Dovecot]
) -> None:
    url = f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}"
    settings = account(url)
    other_user = dovecot.new_user()
    home = account(f"imap+insecure://{other_user}@{dovecot.host}:{dovecot.port}")
    object.__setattr__(home, "name", "home")
    with RunningService(settings, home) as running:
        running.opened()
        running.wait_for(events.MailboxesChanged, lambda e: e.account == "home")
        watch = running.service._accounts["home"]._watch
        assert watch is not None
        with running._changed:
            while not (watch.connected and watch._news.told_below(b"INBOX")):
                running._changed.wait(0.05)
        with dovecot.connect(other_user) as other:
            other.append("INBOX", message("at home"))
        mail = running.wait_for(NewMail)
        assert (mail.account, mail.subject) == ("home", "at home")
        running.wait_for(
            events.CountsChanged, lambda e: e.account == "home" and b"INBOX" in e.names
        )
