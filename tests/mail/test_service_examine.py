"""One folder opened for reading only: EXAMINE, kept over a lost line, and nothing written there."""

from __future__ import annotations

import pytest
from running_service import RunningService, account
from servers import Dovecot, LatencyProxy

from tui_mail.mail import events
from tui_mail.mail.actions import MARK_DELETED, MARK_SEEN
from tui_mail.mail.rights import NotAllowed
from tui_mail.model import SEEN, Phase

pytestmark = pytest.mark.server


def filled(dovecot: Dovecot) -> str:
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        for number in range(3):
            raw.append("INBOX", b"Subject: %d\r\n\r\ntext\r\n" % number)
    return user


def is_live(event: events.MailboxOpened) -> bool:
    return event.live


def sent(running: RunningService) -> list[str]:
    return [line for line in running.wire() if line.startswith("→")]


def test_nothing_is_written_where_one_only_looks(dovecot: Dovecot) -> None:
    user = filled(dovecot)
    url = f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}"
    with RunningService(account(url)) as running:
        service = running.service
        mailbox_id = running.opened()
        seen = len(running.events)
        service.open_mailbox("work", b"INBOX", read_only=True).result()
        # Refused already while the server has yet to answer.
        with pytest.raises(NotAllowed):
            service.act("work", mailbox_id, [1], MARK_DELETED).result()
        opened = running.wait_for(events.MailboxOpened, is_live, after=seen)
        assert opened.read_only
        service.mark_seen("work", mailbox_id, 1).result()
        assert SEEN not in service.rows(mailbox_id, [1]).result()[0].flags
        seen = len(running.events)
        service.open_mailbox("work", b"INBOX").result()
        assert not running.wait_for(events.MailboxOpened, is_live, after=seen).read_only
        service.act("work", mailbox_id, [2], MARK_SEEN).result()
        service.all_sent("work").result(10)
        assert sum("EXAMINE" in line for line in sent(running)) == 1
        assert sum("STORE" in line for line in sent(running)) == 1


def test_what_waited_for_it_goes_over_another_connection(dovecot: Dovecot) -> None:
    user = filled(dovecot)
    with (
        LatencyProxy(dovecot.port) as line,
        RunningService(account(f"imap+insecure://{user}@127.0.0.1:{line.port}")) as running,
    ):
        service = running.service
        mailbox_id = running.opened()
        seen = len(running.events)
        line.stall()
        service.act("work", mailbox_id, [1], MARK_SEEN).result()
        service.open_mailbox("work", b"INBOX", read_only=True).result()
        line.cut()
        line.resume()
        running.wait_for(events.PhaseChanged, lambda e: e.phase is Phase.WAITING, after=seen)
        service.retry_now("work")
        opened = running.wait_for(events.MailboxOpened, is_live, after=seen)
        assert opened.read_only, "a lost line must not open it for writing"
        service.all_sent("work").result(15)
    with dovecot.connect(user) as raw:
        raw.command("SELECT INBOX")
        assert any(b"\\Seen" in each for each in raw.command("FETCH 1 (FLAGS)"))
