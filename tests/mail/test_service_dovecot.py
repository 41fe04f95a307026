"""The mail service against a real Dovecot: connecting, the list, reading, news, coming back."""

from __future__ import annotations

from pathlib import Path

import pytest
from running_service import RunningService, account
from servers import Dovecot, LatencyProxy, generate

from tui_mail.errors import ConnectionFailed, InsecureConnection
from tui_mail.mail import events
from tui_mail.model import SEEN, Phase

pytestmark = pytest.mark.server


def url(server: Dovecot, user: str, scheme: str = "imap+insecure") -> str:
    port = server.tls_port if scheme == "imaps" else server.port
    return f"{scheme}://{user}@{server.host}:{port}"


def filled(server: Dovecot, count: int) -> str:
    """A new user with that many messages in the INBOX."""
    user = server.new_user()
    with server.connect(user) as raw:
        raw.append_many("INBOX", generate(count))
    return user


@pytest.mark.parametrize("scheme", ["imaps", "imap", "imap+insecure"])
def test_connects_and_lists(dovecot: Dovecot, scheme: str) -> None:
    user = filled(dovecot, 3)
    settings = account(url(dovecot, user, scheme), ca_file=dovecot.ca_file)
    with RunningService(settings) as running:
        mailbox_id = running.opened()
        assert list(running.order()) == [3, 2, 1]
        rows = running.service.rows(mailbox_id, [3, 1]).result()
        assert [row.uid for row in rows] == [3, 1]
        assert all(row.subject and row.sender for row in rows)


def test_password_never_in_the_transcript(dovecot: Dovecot) -> None:
    with RunningService(account(url(dovecot, filled(dovecot, 1)))) as running:
        running.opened()
        wire = "\n".join(running.wire())
        assert "AUTHENTICATE PLAIN ********" in wire
        assert "secret" not in wire


def test_unknown_authority_is_refused_before_the_password(dovecot: Dovecot) -> None:
    with RunningService(account(url(dovecot, dovecot.new_user(), "imaps"))) as running:
        refused = running.wait_for(events.PhaseChanged, lambda e: e.phase is Phase.REFUSED)
        assert isinstance(refused.error, InsecureConnection)
        assert "not trusted" in refused.error.title
        assert not any("AUTHENTICATE" in line for line in running.wire())


def test_wrong_name_in_the_certificate_is_refused(start_dovecot) -> None:  # type: ignore[no-untyped-def]
    server = start_dovecot(wrong_name=True)
    settings = account(url(server, server.new_user(), "imap"), ca_file=server.ca_file)
    with RunningService(settings) as running:
        refused = running.wait_for(events.PhaseChanged, lambda e: e.phase is Phase.REFUSED)
        assert isinstance(refused.error, InsecureConnection)


def test_login_disabled_without_tls(start_dovecot) -> None:  # type: ignore[no-untyped-def]
    server = start_dovecot(plaintext_login=False)
    with RunningService(account(url(server, server.new_user()))) as running:
        refused = running.wait_for(events.PhaseChanged, lambda e: e.phase is Phase.REFUSED)
        assert isinstance(refused.error, InsecureConnection)
        assert "LOGINDISABLED" in refused.error.title


def test_wrong_password_asks_once_and_goes_on_with_the_right_one(dovecot: Dovecot) -> None:
    user = filled(dovecot, 1)
    with RunningService(account(url(dovecot, user), password="wrong")) as running:
        wanted = running.wait_for(events.PasswordWanted)
        assert user in wanted.user and "did not accept" in wanted.reason
        assert sum("AUTHENTICATE" in line for line in running.wire()) == 1
        running.service.give_password("work", "secret", remember=False).result()
        running.opened()


def test_no_server_says_so_and_tries_again(dovecot: Dovecot) -> None:
    with LatencyProxy(1) as nothing:
        dead = nothing.port
    with RunningService(account(f"imap+insecure://anna@127.0.0.1:{dead}")) as running:
        waiting = running.wait_for(events.PhaseChanged, lambda e: e.phase is Phase.WAITING)
        assert isinstance(waiting.error, ConnectionFailed)
        assert "refused the connection" in waiting.error.title
        assert waiting.retry_in is not None and 0 < waiting.retry_in <= 60


def test_round_trips_to_the_first_screenful(dovecot: Dovecot) -> None:
    """Greeting, log in, SELECT, newest page: nothing else before the first rows."""
    with RunningService(account(url(dovecot, filled(dovecot, 100)))) as running:
        running.wait_for(events.RowsChanged)
        sent = [line for line in running.wire() if line.startswith("→")]
        first = next(number for number, line in enumerate(sent) if " FETCH 41:100 (" in line)
        names = [line.split()[2] for line in sent[:first]]
        # ENABLE goes out with SELECT, so it costs no round trip of its own.
        assert names == ["AUTHENTICATE", "ENABLE", "SELECT"]


def test_second_start_resynchronizes_in_one_round_trip(
    dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    user = filled(dovecot, 30)
    settings = account(url(dovecot, user))
    with RunningService(settings, demo=False) as running:
        running.opened()
        running.wait_for(events.CountsChanged, lambda e: b"INBOX" in e.names)
    with dovecot.connect(user) as raw:
        raw.command("SELECT INBOX")
        raw.command("UID STORE 2 +FLAGS (\\Deleted)")
        raw.command("UID STORE 5 +FLAGS (\\Answered)")
        raw.command("UID EXPUNGE 2")
        raw.append_many("INBOX", generate(2))
    with RunningService(settings, demo=False) as running:
        mailbox_id = running.opened()
        assert list(running.order()) == [uid for uid in range(32, 0, -1) if uid != 2]
        running.wait_for(events.RowsChanged, lambda e: 5 in e.uids)
        row = running.service.rows(mailbox_id, [5]).result()[0]
        assert "\\Answered" in row.flags
        assert not running.service.rows(mailbox_id, [2]).result()
        sent = [line for line in running.wire() if line.startswith("→")]
        assert not any("SEARCH" in line for line in sent)


@pytest.mark.parametrize(
    "capabilities",
    [None, "IMAP4rev1 SASL-IR AUTH=PLAIN UIDPLUS IDLE", "IMAP4rev1 AUTH=PLAIN CONDSTORE"],
)
def test_changes_while_away(
    start_dovecot,  # type: ignore[no-untyped-def]
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capabilities: str | None,
) -> None:
    """Messages gone, come and changed between two runs, by what the server can tell."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    server = start_dovecot(capabilities=capabilities) if capabilities else start_dovecot()
    user = filled(server, 10)
    settings = account(url(server, user))
    with RunningService(settings, demo=False) as running:
        mailbox_id = running.opened()
        running.wait_for(events.RowsChanged, lambda e: 1 in e.uids)
    with server.connect(user) as raw:
        raw.command("SELECT INBOX")
        raw.command("UID STORE 3 +FLAGS (\\Deleted)")
        raw.command("EXPUNGE")
        raw.command("UID STORE 4 FLAGS (\\Flagged)")
        raw.append_many("INBOX", generate(1))
    with RunningService(settings, demo=False) as running:
        running.opened()
        assert list(running.order()) == [11, 10, 9, 8, 7, 6, 5, 4, 2, 1]
        running.wait_for(events.RowsChanged, lambda e: 4 in e.uids)
        row = running.service.rows(mailbox_id, [4]).result()[0]
        assert row.flags - {"\\Recent"} == {"\\Flagged"}


def test_uid_validity_change_forgets_the_cache(
    dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    user = filled(dovecot, 2)
    settings = account(url(dovecot, user))
    with dovecot.connect(user) as raw:
        raw.command("CREATE Box")
        raw.append_many("Box", generate(5))
    with RunningService(settings, demo=False) as running:
        running.opened()
        running.service.open_mailbox("work", b"Box").result()
        running.opened(b"Box")
    with dovecot.connect(user) as raw:
        raw.command("DELETE Box")
        raw.command("CREATE Box")
        raw.append_many("Box", generate(1))
    with RunningService(settings, demo=False) as running:
        mailbox_id = running.opened(b"Box")
        assert list(running.order()) == [1]
        assert len(running.service.rows(mailbox_id, [1, 2, 3, 4, 5]).result()) == 1


def test_new_mail_is_told_through_idle(dovecot: Dovecot) -> None:
    user = filled(dovecot, 2)
    with RunningService(account(url(dovecot, user))) as running:
        running.opened()
        with dovecot.connect(user) as raw:
            raw.append_many("INBOX", generate(1))
        arrived = running.wait_for(events.MailArrived)
        assert arrived.uids == (3,)
        assert list(running.order()) == [3, 2, 1]


def test_expunge_and_flags_by_another_client(dovecot: Dovecot) -> None:
    user = filled(dovecot, 5)
    with RunningService(account(url(dovecot, user))) as running:
        mailbox_id = running.opened()
        with dovecot.connect(user) as raw:
            raw.command("SELECT INBOX")
            raw.command("UID STORE 2 +FLAGS (\\Deleted)")
            raw.command("EXPUNGE")
            raw.command("UID STORE 4 FLAGS (\\Answered)")
        running.wait_for(events.OrderChanged, lambda e: list(e.order) == [5, 4, 3, 1])
        running.wait_for(
            events.RowsChanged,
            lambda e: any(
                "\\Answered" in row.flags
                for row in running.service.rows(mailbox_id, e.uids).result()
                if row.uid == 4
            ),
        )


def test_reading_fetches_the_text_and_not_the_attachment(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    big = b"QUJD" * 100_000
    message = (
        b"From: a@example.org\r\nSubject: big\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/plain\r\n\r\nthe text\r\n"
        b"--x\r\nContent-Type: application/pdf; name=a.pdf\r\n"
        b"Content-Disposition: attachment; filename=a.pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + big + b"\r\n--x--\r\n"
    )
    with dovecot.connect(user) as raw:
        raw.append("INBOX", message)
    with RunningService(account(url(dovecot, user))) as running:
        mailbox_id = running.opened()
        shown = running.service.open_message("work", mailbox_id, 1).result(10)
        assert shown.data.strip() == b"the text" and shown.complete
        assert b"Subject: big" in shown.header
        received = sum(line.size for line in running.service.transcript.lines())
        assert received < 20_000
        row = running.service.rows(mailbox_id, [1]).result()[0]
        assert SEEN not in row.flags, "fetching must not mark as read"


def test_seen_is_stored_when_shown(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        raw.append("INBOX", b"Subject: x\r\n\r\ntext\r\n")
    with RunningService(account(url(dovecot, user))) as running:
        mailbox_id = running.opened()
        running.service.mark_seen("work", mailbox_id, 1).result()
        assert SEEN in running.service.rows(mailbox_id, [1]).result()[0].flags
    with dovecot.connect(user) as raw:
        raw.command("SELECT INBOX")
        assert any(b"\\Seen" in line for line in raw.command("FETCH 1 (FLAGS)"))


def test_read_only_changes_nothing(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        raw.append("INBOX", b"Subject: x\r\n\r\ntext\r\n")
    with RunningService(account(url(dovecot, user)), read_only=True) as running:
        mailbox_id = running.opened()
        running.service.mark_seen("work", mailbox_id, 1).result()
        sent = [line for line in running.wire() if line.startswith("→")]
        assert not any("SELECT" in line or "STORE" in line for line in sent)
        assert any("EXAMINE" in line for line in sent)


def test_a_cut_line_comes_back_where_it_was(dovecot: Dovecot) -> None:
    user = filled(dovecot, 3)
    with (
        LatencyProxy(dovecot.port) as line,
        RunningService(account(f"imap+insecure://{user}@127.0.0.1:{line.port}")) as running,
    ):
        running.opened()
        seen = len(running.events)
        line.cut()
        running.wait_for(events.PhaseChanged, lambda e: e.phase is Phase.WAITING, after=seen)
        with dovecot.connect(user) as raw:
            raw.append_many("INBOX", generate(1))
        running.wait_for(events.MailboxOpened, lambda e: e.live and e.name == b"INBOX", after=seen)
        assert list(running.order()) == [4, 3, 2, 1]


def test_seen_while_offline_is_sent_after_a_restart(
    dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        raw.append("INBOX", b"Subject: x\r\n\r\ntext\r\n")
    with LatencyProxy(dovecot.port) as line:
        settings = account(f"imap+insecure://{user}@127.0.0.1:{line.port}")
        with RunningService(settings, demo=False) as running:
            mailbox_id = running.opened()
            line.stall()
            running.service.mark_seen("work", mailbox_id, 1).result()
            line.cut()
            line.resume()
        with RunningService(settings, demo=False) as running:
            running.opened()
            assert SEEN in running.service.rows(mailbox_id, [1]).result()[0].flags
            running.wait_for(events.CountsChanged, lambda e: b"INBOX" in e.names)
    with dovecot.connect(user) as raw:
        raw.command("SELECT INBOX")
        assert any(b"\\Seen" in line for line in raw.command("FETCH 1 (FLAGS)"))


def test_save_part_never_overwrites(dovecot: Dovecot, tmp_path: Path) -> None:
    user = dovecot.new_user()
    message = (
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n"
        b"--x\r\nContent-Type: application/octet-stream\r\n"
        b'Content-Disposition: attachment; filename="../../etc/pass wd"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QUJD\r\n" * 60_000 + b"--x--\r\n"
    )
    with dovecot.connect(user) as raw:
        raw.append("INBOX", message)
    with RunningService(account(url(dovecot, user))) as running:
        mailbox_id = running.opened()
        shown = running.service.open_message("work", mailbox_id, 1).result(10)
        part = next(part for part in shown.structure.walk() if part.section == "2")
        seen: list[tuple[int, int]] = []
        saved = [
            running.service.save_part(
                "work", mailbox_id, 1, part, tmp_path, lambda *at: seen.append(at)
            ).result(20)
            for _ in range(2)
        ]
    assert len(set(saved)) == 2
    assert all(path.parent == tmp_path and path.read_bytes() == b"ABC" * 60_000 for path in saved)
    assert seen[0][0] < seen[-1][0]


def test_folders_with_difficult_names(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    names = [b'With "quotes"', b"With space", b"Back\\slash", b"Entw&APw-rfe", b"a/b/c"]
    with dovecot.connect(user) as raw:
        for name in names:
            raw.command(b'CREATE "%b"' % name.replace(b"\\", b"\\\\").replace(b'"', b'\\"'))
        raw.append_many("With space", generate(1))
    with RunningService(account(url(dovecot, user))) as running:
        running.opened()
        running.wait_for(events.MailboxesChanged)
        listed = {
            stored.mailbox.name: stored.mailbox
            for stored in running.service.mailboxes("work").result()
        }
        assert set(names) <= set(listed)
        assert listed[b"Entw&APw-rfe"].path == ("Entwürfe",)
        assert listed[b"a/b/c"].path == ("a", "b", "c")
        for name in names:
            running.service.open_mailbox("work", name).result()
            running.opened(name)


def test_text_below_a_picture_is_part_of_the_message(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    message = (
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/plain\r\n\r\nabove\r\n"
        b"--x\r\nContent-Type: image/png\r\nContent-Disposition: inline\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QUJD\r\n" * 1000 + b"\r\n"
        b"--x\r\nContent-Type: text/plain\r\n\r\nbelow\r\n--x--\r\n"
    )
    with dovecot.connect(user) as raw:
        raw.append("INBOX", message)
    with RunningService(account(url(dovecot, user))) as running:
        mailbox_id = running.opened()
        shown = running.service.open_message("work", mailbox_id, 1).result(10)
        assert shown.data.strip() == b"above"
        assert [data.strip() for _, data, _ in shown.further] == [b"below"]
        assert not any("BODY.PEEK[2]" in line for line in running.wire())
