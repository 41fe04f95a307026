"""Undo several deep, where messages have been moved to and fro and have other UIDs since."""

from __future__ import annotations

import pytest
from mailbox_contents import contents, fill, numbers
from running_service import RunningService, account
from servers import Dovecot, LatencyProxy

from tui_mail.errors import MailError
from tui_mail.mail import events
from tui_mail.mail.actions import (
    ARCHIVE,
    MARK_DELETED,
    Copy,
    Move,
    add_flags,
    queue,
    replace_flags,
)
from tui_mail.model import ANSWERED, DELETED, FLAGGED

pytestmark = pytest.mark.server

CAPABILITIES = {
    "all": None,
    "no move": "IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN UIDPLUS IDLE",
    "bare": "IMAP4rev1 AUTH=PLAIN",
}


@pytest.fixture(params=list(CAPABILITIES))
def server(request, start_dovecot) -> Dovecot:  # type: ignore[no-untyped-def]
    capabilities = CAPABILITIES[request.param]
    return start_dovecot(capabilities=capabilities) if capabilities else start_dovecot()


def act(running: RunningService, *arguments):  # type: ignore[no-untyped-def]
    return running.service.act("work", *arguments).result(10)


def undo(running: RunningService, times: int = 1) -> None:
    for _ in range(times):
        running.service.undo("work").result(10)


def sent(running: RunningService) -> None:
    running.service.all_sent("work").result(20)


def listed(running: RunningService) -> int:
    mailbox_id = running.opened()
    running.wait_for(events.MailboxesChanged)
    return mailbox_id


def open_mailbox(running: RunningService, name: bytes) -> int:
    running.service.open_mailbox("work", name).result(10)
    return running.opened(name)


@pytest.mark.parametrize("at_once", [True, False])
def test_flags_after_the_message_came_back(server: Dovecot, at_once: bool) -> None:
    user = server.new_user()
    fill(server, user, 3)
    url = f"imap+insecure://{user}@{server.host}:{server.port}"
    with server.connect(user) as raw, RunningService(account(url)) as running:
        inbox = listed(running)
        act(running, inbox, [1, 2], add_flags([FLAGGED]))
        act(running, inbox, [2], replace_flags([ANSWERED, "$x"]))
        act(running, inbox, [1, 2], ARCHIVE)
        sent(running)
        assert contents(raw, "Archive") == [(1, {FLAGGED}), (2, {ANSWERED, "$x"})]
        if at_once:
            undo(running, 3)
        else:
            for _ in range(3):
                undo(running)
                sent(running)
        sent(running)
        assert contents(raw, "INBOX") == [(3, set()), (1, set()), (2, set())]
        assert numbers(raw, "Archive") == []


def test_from_folder_to_folder_and_all_the_way_back(server: Dovecot) -> None:
    user = server.new_user()
    fill(server, user, 3)
    url = f"imap+insecure://{user}@{server.host}:{server.port}"
    with server.connect(user) as raw:
        for name in ("One", "Two"):
            raw.command(f"CREATE {name}")
        with RunningService(account(url)) as running:
            inbox = listed(running)
            act(running, inbox, [1, 3], Move(b"One"))
            sent(running)
            one = open_mailbox(running, b"One")
            act(running, one, [1, 2], MARK_DELETED)
            act(running, one, [2], Copy(b"Two"))
            act(running, one, [1, 2], Move(b"Two"))
            sent(running)
            assert numbers(raw, "Two") == [3, 1, 3]
            undo(running)
            sent(running)
            assert contents(raw, "One") == [(1, {DELETED}), (3, {DELETED})]
            undo(running, 3)
            sent(running)
            assert contents(raw, "INBOX") == [(2, set()), (1, set()), (3, set())]
            assert (numbers(raw, "One"), numbers(raw, "Two")) == ([], [])


def test_what_is_still_on_its_way_back_is_not_undone_further(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "RETURN_WAIT", 0.1)
    monkeypatch.setattr(queue, "GRACE", 0.1)
    user = dovecot.new_user()
    fill(dovecot, user, 2)
    with LatencyProxy(dovecot.port) as line, dovecot.connect(user) as raw:
        settings = account(f"imap+insecure://{user}@127.0.0.1:{line.port}")
        with RunningService(settings) as running:
            inbox = listed(running)
            act(running, inbox, [1], add_flags([FLAGGED]))
            act(running, inbox, [1], ARCHIVE)
            sent(running)
            line.stall()
            undo(running)
            with pytest.raises(MailError, match="on its way back: flag 1 message"):
                running.service.undo("work").result(10)
            line.resume()
            sent(running)
            assert contents(raw, "INBOX") == [(2, set()), (1, {FLAGGED})]
            undo(running)
            sent(running)
            assert contents(raw, "INBOX") == [(2, set()), (1, set())]


def test_a_move_that_is_refused_halfway_leaves_no_second_message(start_dovecot) -> None:  # type: ignore[no-untyped-def]
    """COPY is done and nothing expunged: the copies go, and the messages are as they were."""
    server = start_dovecot(capabilities="IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN UIDPLUS IDLE")
    user = server.new_user()
    fill(server, user, 2)
    url = f"imap+insecure://{user}@{server.host}:{server.port}"
    with server.connect(user) as raw:
        raw.command("CREATE Fast")
        raw.command("CREATE Box")
        fill(server, user, 2, "Fast", first=11)
        raw.command(f"SETACL Fast {user} lrswtia")
        with RunningService(account(url)) as running:
            listed(running)
            fast = open_mailbox(running, b"Fast")
            act(running, fast, [1], Move(b"Box"))
            refused = running.wait_for(events.Notice)
            assert refused.error.title == "The server refused to move 1 message to Box"
            assert refused.error.server_line == "The server did not expunge them"
            sent(running)
            assert contents(raw, "Fast") == [(11, set()), (12, set())]
            assert numbers(raw, "Box") == []
