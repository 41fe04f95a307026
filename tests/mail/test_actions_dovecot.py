"""Actions against a real Dovecot: flags, copies, moves, deletion, undo, refusals, two clients."""

from __future__ import annotations

from pathlib import Path

import pytest
from mailbox_contents import contents, fill, numbers
from running_service import RunningService, account
from servers import Dovecot, LatencyProxy

from tui_mail.errors import MailError
from tui_mail.mail import events, service
from tui_mail.mail.actions import (
    ARCHIVE,
    DELETE,
    JUNK,
    MARK_DELETED,
    UNDELETE,
    Copy,
    Expunge,
    Move,
    add_flags,
    queue,
    replace_flags,
)
from tui_mail.model import ANSWERED, DELETED, FLAGGED, SEEN, SpecialUse

pytestmark = pytest.mark.server

# What decides which commands an action takes.
CAPABILITIES = {
    "all": None,
    "no move": "IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN UIDPLUS CONDSTORE QRESYNC ENABLE IDLE",
    "no condstore": "IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN UIDPLUS MOVE IDLE SPECIAL-USE",
    "bare": "IMAP4rev1 AUTH=PLAIN",
}


@pytest.fixture(params=list(CAPABILITIES))
def server(request, start_dovecot) -> Dovecot:  # type: ignore[no-untyped-def]
    capabilities = CAPABILITIES[request.param]
    return start_dovecot(capabilities=capabilities) if capabilities else start_dovecot()


def url(server: Dovecot, user: str) -> str:
    return f"imap+insecure://{user}@{server.host}:{server.port}"


def listed(running: RunningService) -> int:
    """The open INBOX, once the folders are known as well."""
    mailbox_id = running.opened()
    running.wait_for(events.MailboxesChanged)
    return mailbox_id


def act(running: RunningService, *arguments):  # type: ignore[no-untyped-def]
    return running.service.act("work", *arguments).result(10)


def sent(running: RunningService) -> None:
    running.service.all_sent("work").result(20)


def test_flags_are_changed_and_come_back(server: Dovecot) -> None:
    user = server.new_user()
    fill(server, user, 3)
    with server.connect(user) as raw:
        raw.command("SELECT INBOX")
        raw.command("UID STORE 2 FLAGS (\\Flagged $old)")
        with RunningService(account(url(server, user))) as running:
            mailbox_id = listed(running)
            deed = act(running, mailbox_id, [1, 2, 3], add_flags([FLAGGED, "$label1"]))
            assert deed.can_undo and deed.description == "add $label1 \\Flagged to 3 messages"
            rows = running.service.rows(mailbox_id, [1, 2, 3]).result()
            assert all({FLAGGED, "$label1"} <= row.flags for row in rows), "at once"
            act(running, mailbox_id, [1, 2], replace_flags([ANSWERED]))
            sent(running)
            assert contents(raw, "INBOX") == [
                (1, {ANSWERED}),
                (2, {ANSWERED}),
                (3, {FLAGGED, "$label1"}),
            ]
            assert len(running.service.undo_stack("work")) == 2
            running.service.undo("work").result(10)
            running.service.undo("work").result(10)
            assert running.service.undo_stack("work") == ()
            sent(running)
            assert contents(raw, "INBOX") == [(1, set()), (2, {FLAGGED, "$old"}), (3, set())]
            rows = running.service.rows(mailbox_id, [1, 2, 3]).result()
            assert [row.flags - {"\\Recent"} for row in rows] == [set(), {FLAGGED, "$old"}, set()]
            with pytest.raises(MailError, match="nothing to undo"):
                running.service.undo("work").result(10)


def test_move_is_shown_at_once_and_undone_after_the_server_did_it(server: Dovecot) -> None:
    user = server.new_user()
    fill(server, user, 5)
    with server.connect(user) as raw:
        raw.command("CREATE Box")
        with RunningService(account(url(server, user))) as running:
            mailbox_id = listed(running)
            seen = len(running.events)
            deed = act(running, mailbox_id, [2, 4], Move(b"Box"))
            assert deed.description == "move 2 messages to Box"
            assert list(running.order()) == [5, 3, 1], "before the server has answered"
            sent(running)
            assert (numbers(raw, "INBOX"), numbers(raw, "Box")) == ([1, 3, 5], [2, 4])
            orders = [e.order for e in running.events[seen:] if isinstance(e, events.OrderChanged)]
            assert all(2 not in order and 4 not in order for order in orders)
            assert running.service.rows(mailbox_id, [2, 4]).result() == []
            running.service.undo("work").result(10)
            sent(running)
            assert (numbers(raw, "INBOX"), numbers(raw, "Box")) == ([1, 3, 5, 2, 4], [])
            running.wait_for(events.OrderChanged, lambda e: len(e.order) == 5, after=seen)
            assert running.service.last_targets("work").result() == [b"Box"]


def test_copy_and_its_undo(server: Dovecot) -> None:
    user = server.new_user()
    fill(server, user, 3)
    fill(server, user, 3, "Archive")
    with server.connect(user) as raw, RunningService(account(url(server, user))) as running:
        mailbox_id = listed(running)
        act(running, mailbox_id, [1, 2, 3], Copy(b"Archive"))
        sent(running)
        assert numbers(raw, "INBOX") == [1, 2, 3]
        assert numbers(raw, "Archive") == [1, 2, 3, 1, 2, 3]
        running.service.undo("work").result(10)
        sent(running)
        assert numbers(raw, "INBOX") == [1, 2, 3]
        assert numbers(raw, "Archive") == [1, 2, 3], "of equal messages the older ones stay"


def test_archive_junk_and_delete_know_their_folders(server: Dovecot) -> None:
    user = server.new_user()
    fill(server, user, 4)
    with server.connect(user) as raw, RunningService(account(url(server, user))) as running:
        mailbox_id = listed(running)
        for uid, action in enumerate((ARCHIVE, JUNK, DELETE), start=1):
            act(running, mailbox_id, [uid], action)
        sent(running)
        for number, mailbox in enumerate(("Archive", "Junk", "Trash", "INBOX"), start=1):
            assert numbers(raw, mailbox) == [number]
        trash = running.service.special_mailbox("work", SpecialUse.TRASH).result()
        assert trash is not None and trash.mailbox.name == b"Trash"


def test_delete_in_trash_is_for_good_and_takes_only_these(server: Dovecot) -> None:
    user = server.new_user()
    fill(server, user, 4, "Trash")
    with server.connect(user) as raw:
        raw.command("SELECT Trash")
        raw.command("UID STORE 4 +FLAGS (\\Deleted)")
        raw.command("UNSELECT" if "UNSELECT" in raw.capabilities else "EXAMINE INBOX")
        with RunningService(account(url(server, user))) as running:
            listed(running)
            running.service.open_mailbox("work", b"Trash").result()
            mailbox_id = running.opened(b"Trash")
            deed = act(running, mailbox_id, [1, 2], DELETE)
            assert not deed.can_undo
            assert list(running.order()) == [4, 3]
            sent(running)
            assert contents(raw, "Trash") == [(3, set()), (4, {DELETED})]
            with pytest.raises(MailError, match="nothing to undo"):
                running.service.undo("work").result(10)


def test_mark_undelete_and_expunge_exactly_these(server: Dovecot) -> None:
    user = server.new_user()
    fill(server, user, 5)
    with server.connect(user) as raw:
        raw.command("SELECT INBOX")
        raw.command("UID STORE 5 +FLAGS (\\Deleted)")
        with RunningService(account(url(server, user))) as running:
            mailbox_id = listed(running)
            act(running, mailbox_id, [1, 2, 3], MARK_DELETED)
            act(running, mailbox_id, [2], UNDELETE)
            deed = act(running, mailbox_id, [1, 3], Expunge())
            assert not deed.can_undo
            assert list(running.order()) == [5, 4, 2]
            sent(running)
            assert contents(raw, "INBOX") == [(2, set()), (4, set()), (5, {DELETED})]


def test_what_another_client_undeleted_is_not_expunged(server: Dovecot) -> None:
    user = server.new_user()
    fill(server, user, 2)
    with server.connect(user) as raw, RunningService(account(url(server, user))) as running:
        mailbox_id = listed(running)
        act(running, mailbox_id, [1, 2], MARK_DELETED)
        sent(running)
        raw.command("SELECT INBOX")
        raw.command("UID STORE 2 -FLAGS (\\Deleted)")
        seen = len(running.events)
        act(running, mailbox_id, [1, 2], Expunge())
        sent(running)
        assert contents(raw, "INBOX") == [(2, set())]
        running.wait_for(events.OrderChanged, lambda e: list(e.order) == [2], after=seen)


def test_undo_of_what_has_not_been_sent_sends_nothing(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    fill(dovecot, user, 3)
    with LatencyProxy(dovecot.port) as line:
        settings = account(f"imap+insecure://{user}@127.0.0.1:{line.port}")
        with RunningService(settings) as running:
            mailbox_id = listed(running)
            line.stall()
            # The first keeps the connection busy, and so the others wait.
            act(running, mailbox_id, [1], add_flags([SEEN]))
            act(running, mailbox_id, [2], add_flags([FLAGGED]))
            act(running, mailbox_id, [2, 3], DELETE)
            assert list(running.order()) == [1]
            running.service.undo("work").result(10)
            assert list(running.order()) == [3, 2, 1]
            running.service.undo("work").result(10)
            assert running.service.rows(mailbox_id, [2]).result()[0].flags == {"\\Recent"}
            line.resume()
            sent(running)
            said = [text for text in running.wire() if text.startswith("→")]
            assert any("STORE 1 +FLAGS" in text for text in said)
            assert not any("Flagged" in text or "MOVE" in text for text in said)


def test_undo_in_the_middle_brings_back_what_moved(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    fill(dovecot, user, 3)
    with LatencyProxy(dovecot.port) as line, dovecot.connect(user) as raw:
        settings = account(f"imap+insecure://{user}@127.0.0.1:{line.port}")
        with RunningService(settings) as running:
            mailbox_id = listed(running)
            line.delay = 0.1
            act(running, mailbox_id, [2, 3], ARCHIVE)
            running.service.undo("work").result(10)  # MOVE is on its way
            sent(running)
            assert (numbers(raw, "INBOX"), numbers(raw, "Archive")) == ([1, 2, 3], [])


def test_offline_and_restarted(
    server: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done without a line is shown after a restart without one, and sent with one."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(queue, "GRACE", 0.1)
    monkeypatch.setattr(service, "SEND_TIMEOUT", 0.1)
    user = server.new_user()
    fill(server, user, 4)
    with LatencyProxy(server.port) as line, server.connect(user) as raw:
        settings = account(f"imap+insecure://{user}@127.0.0.1:{line.port}")
        with RunningService(settings, demo=False) as running:
            mailbox_id = listed(running)
            running.wait_for(events.CountsChanged, lambda e: b"INBOX" in e.names)
            line.stall()
            line.cut()
            act(running, mailbox_id, [1], add_flags([FLAGGED]))
            act(running, mailbox_id, [2], ARCHIVE)
            act(running, mailbox_id, [3], Copy(b"Archive"))
        assert numbers(raw, "INBOX") == [1, 2, 3, 4]
        with RunningService(settings, demo=False) as running:
            running.wait_for(events.OrderChanged, lambda e: list(e.order) == [4, 3, 1])
            assert FLAGGED in running.service.rows(mailbox_id, [1]).result()[0].flags
            assert [deed.description for deed in running.service.undo_stack("work")] == [
                "copy 1 message to Archive",
                "move 1 message to Archive",
                "flag 1 message",
            ]
            line.resume()
            sent(running)
            assert contents(raw, "INBOX") == [(1, {FLAGGED}), (3, set()), (4, set())]
            assert numbers(raw, "Archive") == [2, 3]
        with RunningService(settings, demo=False) as running:
            listed(running)
            for _ in range(3):
                running.service.undo("work").result(10)
            sent(running)
            assert [number for number, _ in contents(raw, "INBOX")] == [1, 3, 4, 2]
            assert contents(raw, "INBOX")[0] == (1, set())
            assert numbers(raw, "Archive") == []
