"""Words that no command can name as a flag: refused when asked for, and never stuck in a queue."""

from __future__ import annotations

import time

import pytest
from running_service import SECONDS, RunningService, account
from servers import Dovecot

from tui_mail.mail import events
from tui_mail.mail.actions import Copy, add_flags, permissions, sending
from tui_mail.mail.actions.entries import Entry
from tui_mail.mail.actions.sending import Sender
from tui_mail.mail.rights import NotAllowed
from tui_mail.model import FLAGGED, Phase
from tui_mail.wire.sequence_set import SequenceSet

pytestmark = pytest.mark.server


def test_what_is_no_flag_is_refused_or_given_up(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        raw.append("INBOX", b"Subject: one\r\n\r\n")
    url = f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}"
    with RunningService(account(url)) as running:
        inbox = running.opened()
        for word in ("two words", "(x", "Ä", "a]", "", "\\"):
            with pytest.raises(NotAllowed, match="cannot be the name of a flag"):
                running.service.act("work", inbox, [1], add_flags([word])).result(10)
        assert running.service.waiting("work") == 0
        # A journal may hold one all the same: an older version wrote it down.
        monkeypatch.setattr(permissions, "is_flag", lambda name: True)
        running.service.act("work", inbox, [1], add_flags(["foo(bar"])).result(10)
        told = running.wait_for(events.Notice)
        assert (
            told.error.title == "This flag cannot be named to the server: add foo(bar to 1 message"
        )
        running.service.act("work", inbox, [1], add_flags([FLAGGED])).result(10)
        running.service.all_sent("work").result(20)
        assert running.service.rows(inbox, [1]).result(10)[0].flags >= {FLAGGED}
        assert not any(
            phase.error for phase in running.events if isinstance(phase, events.PhaseChanged)
        )


def test_a_change_that_changes_nothing_is_nothing_to_undo(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        raw.append("INBOX", b"Subject: one\r\n\r\n", flags=[FLAGGED])
    url = f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}"
    with RunningService(account(url)) as running:
        inbox = running.opened()
        running.wait_for(events.RowsChanged)
        deed = running.service.act("work", inbox, [1], add_flags([FLAGGED])).result(10)
        assert not deed.number
        assert not deed.can_undo


def test_what_the_program_cannot_send_leaves_it_online(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        raw.append("INBOX", b"Subject: one\r\n\r\n")
        raw.append("Junk", b"Subject: two\r\n\r\n")
    tried = []

    async def fails(sender: Sender, entry: Entry) -> SequenceSet:
        tried.append(entry)
        raise ZeroDivisionError

    monkeypatch.setitem(sending._KINDS, "add flags", fails)  # type: ignore[arg-type]
    url = f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}"
    with RunningService(account(url)) as running:
        inbox = running.opened()
        running.wait_for(events.MailboxesChanged)
        before = len(running.events)
        running.service.act("work", inbox, [1], add_flags([FLAGGED])).result(10)
        running.wait_for(events.PhaseChanged, lambda e: e.error is not None, after=before)
        before = len(running.events)
        running.wait_for(events.PhaseChanged, lambda e: e.phase is Phase.ONLINE, after=before)
        running.service.open_mailbox("work", b"Junk").result(10)
        junk = running.opened(b"Junk")
        running.service.act("work", junk, [1], Copy(b"Archive")).result(10)
        with dovecot.connect(user) as raw:
            deadline = time.monotonic() + SECONDS
            while not any(b"* 1 EXISTS" in line for line in raw.command("EXAMINE Archive")):
                assert time.monotonic() < deadline
        assert len(tried) == 1
