"""Words that no command can name as a flag: refused when asked for, and never stuck in a queue."""

from __future__ import annotations

import pytest
from running_service import RunningService, account
from servers import Dovecot

from tui_mail.mail import events
from tui_mail.mail.actions import add_flags, permissions
from tui_mail.mail.rights import NotAllowed
from tui_mail.model import FLAGGED

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
