"""Watching Cyrus and Courier: everything below ``INBOX.``, IDLE, no NOTIFY."""

from __future__ import annotations

import pytest
from news_watching import Watching, quickly
from servers import Courier, Cyrus

from tui_mail.config import News, NewsRule
from tui_mail.mail.news import Happening, NewMail
from tui_mail.model import INBOX, MailboxStatus

pytestmark = pytest.mark.server

LISTS = b"INBOX.Lists"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    quickly(monkeypatch)


@pytest.fixture(params=["cyrus", "courier"])
def server(request: pytest.FixtureRequest) -> Cyrus | Courier:
    found: Cyrus | Courier = request.getfixturevalue(request.param)
    return found


def message(subject: str) -> bytes:
    return f"From: Bea <bea@example.org>\r\nSubject: {subject}\r\n\r\ntext\r\n".encode()


async def test_two_clients_at_once(server: Cyrus | Courier) -> None:
    user = server.new_user()
    with server.connect(user) as other:
        for name in ("INBOX.Lists", "INBOX.Quiet"):
            other.command(f'CREATE "{name}"')
            other.command(f'SUBSCRIBE "{name}"')
        other.append("INBOX.Lists", message("the first"))
        url = f"imap+insecure://{user}@{server.host}:{server.port}"
        settings = News(poll=1, rules=(NewsRule("INBOX/quiet", bell=False, notify=False),))
        async with Watching(url, settings) as watching:
            await watching.ready()
            await watching.until(lambda: bool(watching.news.told_below(LISTS)))
            before = watching.pokes
            other.append("INBOX.Lists", message("on the list"))
            other.append("INBOX", message("in the open one"))
            mail = await watching.mail(LISTS)
            assert (mail.path, mail.sender, mail.subject) == ("INBOX/Lists", "Bea", "on the list")
            await watching.counts(LISTS, messages=2, unseen=2)
            await watching.until(lambda: watching.pokes > before)

            # What was in the open mailbox the account has told of.
            watching.news.figures(INBOX, MailboxStatus(uid_next=2))
            watching.watch.follow(LISTS)
            await watching.ready(LISTS)
            other.append("INBOX", message("in the inbox"))
            assert (await watching.mail(INBOX)).subject == "in the inbox"

            other.command("SELECT INBOX.Lists")
            other.command("STORE 1:* +FLAGS (\\Seen \\Deleted)")
            before = watching.pokes
            other.command("EXPUNGE")
            await watching.until(lambda: watching.pokes > before)

            other.command('DELETE "INBOX.Quiet"')
            gone = await watching.item(Happening.GONE, "INBOX/Quiet is no longer there")
            assert gone.mailbox == b"INBOX.Quiet"
            assert all(mail.bell for mail in watching.events if isinstance(mail, NewMail))
