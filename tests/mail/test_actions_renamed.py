"""Folders that get another name while the journal and the screen are about what is in them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import pytest
from mailbox_contents import fill, message, numbers
from running_service import SECONDS, RunningService, account
from servers import Dovecot

from tui_mail.mail import events, folder_actions, news_watch
from tui_mail.mail.actions import Move, add_flags
from tui_mail.mail.news import Happening
from tui_mail.model import FLAGGED

pytestmark = pytest.mark.server


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news_watch, "START_AFTER", 0.0)


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    name = dovecot.new_user()
    fill(dovecot, name, 3)
    with dovecot.connect(name) as raw:
        for mailbox in ("Box", "Box/Inner", "Other"):
            raw.command(f"CREATE {mailbox}")
    fill(dovecot, name, 2, "Box", first=11)
    return name


@pytest.fixture
def running(dovecot: Dovecot, user: str) -> Iterator[RunningService]:
    with RunningService(account(f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}")) as found:
        found.opened()
        found.wait_for(events.MailboxesChanged)
        yield found


def act(running: RunningService, *arguments):  # type: ignore[no-untyped-def]
    running.service.act("work", *arguments).result(10)
    running.service.all_sent("work").result(20)


def undo(running: RunningService) -> None:
    running.service.undo("work").result(10)
    running.service.all_sent("work").result(20)


def rename(running: RunningService, old: bytes, new: bytes) -> None:
    (stored,) = running.service.mailboxes_named("work", [old]).result()
    work = partial(folder_actions.rename, mailbox=stored.mailbox, new_name=new)
    running.service.folder_work("work", work).result(10)


def open_mailbox(running: RunningService, name: bytes) -> int:
    running.service.open_mailbox("work", name).result(10)
    return running.opened(name)


def test_undo_after_source_and_target_have_other_names(
    dovecot: Dovecot, user: str, running: RunningService
) -> None:
    box = open_mailbox(running, b"Box")
    act(running, box, [1], add_flags([FLAGGED]))
    act(running, box, [1, 2], Move(b"Other"))
    rename(running, b"Box", b"Crate")
    rename(running, b"Other", b"Another")
    with dovecot.connect(user) as raw:
        assert numbers(raw, "Another") == [11, 12]
        undo(running)
        assert (numbers(raw, "Crate"), numbers(raw, "Another")) == ([11, 12], [])
        assert open_mailbox(running, b"Crate") == box
        raw.command("EXAMINE Crate")
        assert any(b"Flagged" in line for line in raw.command("UID FETCH 1:* (FLAGS)")[:1])
        undo(running)
        raw.command("EXAMINE Crate")
        assert not any(b"Flagged" in line for line in raw.command("UID FETCH 1:* (FLAGS)"))
    assert running.service.undo_stack("work") == ()


def test_renamed_by_another_client_it_stays_open(
    dovecot: Dovecot, user: str, running: RunningService
) -> None:
    """NOTIFY tells the old name and the new one (RFC 5465, 5.4)."""
    box = open_mailbox(running, b"Box")
    act(running, box, [1], Move(b"Other"))
    seen = len(running.events)
    running.wait_for(events.OrderChanged, lambda e: e.mailbox_id == box and list(e.order) == [2])
    with dovecot.connect(user) as raw:
        raw.append("INBOX", message(4))
        # Told by NOTIFY alone, for INBOX is not the open mailbox.
        running.wait_for(events.CountsChanged, lambda e: b"INBOX" in e.names, after=seen)
        raw.command("RENAME Box Crate")
        again = running.wait_for(
            events.MailboxOpened, lambda event: event.live and event.name == b"Crate"
        )
        assert again.mailbox_id == box, "what is stored of it has stayed"
        undo(running)
        assert numbers(raw, "Crate") == [12, 11]
        (inner,) = running.service.mailboxes_named("work", [b"Crate/Inner"]).result()
        assert inner.mailbox.name == b"Crate/Inner"


def test_what_is_made_renamed_and_deleted_here_is_no_news(
    dovecot: Dovecot, user: str, running: RunningService
) -> None:
    service = running.service
    work = partial(folder_actions.create, name=b"New/Below", delimiter="/")
    service.folder_work("work", work).result(10)
    rename(running, b"New", b"Newer")
    (stored,) = service.mailboxes_named("work", [b"Newer"]).result()
    look = partial(folder_actions.would_go, mailbox=stored.mailbox)
    going = service.folder_work("work", look).result(10)
    service.folder_work("work", partial(folder_actions.delete, going=going)).result(10)
    with dovecot.connect(user) as raw:
        raw.command("CREATE Foreign")
    told: list[str] = []

    def foreign_is_told() -> bool:
        told[:] = [
            each.path
            for each in service.news.items()
            if each.happening in (Happening.CREATED, Happening.GONE)
        ]
        return "Foreign" in told

    heard = threading.Event()
    service.news.listener = heard.set
    service.refresh_folders("work").result(10)
    while not foreign_is_told():
        assert heard.wait(SECONDS), "nothing was told"
        heard.clear()
    assert told == ["Foreign"]
