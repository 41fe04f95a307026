"""What another client does at the same moment: the reader keeps text and place, and is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from main_app import NARROW, WIDE, whole_app
from running_service import account
from servers import Dovecot

from tui_mail.config import Config
from tui_mail.errors import MailError
from tui_mail.mail import events
from tui_mail.ui.screens.error import ErrorScreen

pytestmark = pytest.mark.server
GONE = "no longer in this folder"


def settings(dovecot: Dovecot, user: str) -> Config:
    return Config((account(f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}"),), demo=True)


def text(number: int) -> bytes:
    lines = "\r\n".join(f"line {line} of message {number}" for line in range(60))
    return f"Subject: number {number}\r\n\r\n{lines}\r\n".encode()


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_what_is_read_stays_when_it_is_expunged_elsewhere(
    dovecot: Dovecot, size: tuple[int, int]
) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        for number in range(1, 6):
            raw.append("INBOX", text(number))
        async with whole_app(settings(dovecot, user), size=size) as person:
            await person.read("number 3")
            await person.press("space")
            top = person.main.viewer.top
            assert top > 0
            raw.command("SELECT INBOX")
            raw.command("STORE 3 +FLAGS.SILENT (\\Deleted)")
            raw.command("EXPUNGE")
            await person.until(lambda: len(person.main.messages.order) == 4, "the expunge")
            await person.until(lambda: GONE in person.notice, "the notice")
            await person.until(lambda: GONE in person.reads(), "the note in the text")
            assert "line 59 of message 3" in person.reads()
            assert person.main.context == "viewer"
            assert abs(person.main.viewer.top - top) <= 2
            # Another width is another rendering: it is all still there.
            await person.resize(100, 30)
            await person.until(lambda: "line 59 of message 3" in person.reads())
            await person.press("j")
            await person.shown(2)
            assert GONE not in person.reads()


async def test_what_is_deleted_here_and_taken_back_is_told_in_the_viewer(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        for number in range(1, 4):
            raw.append("INBOX", text(number))
    async with whole_app(settings(dovecot, user), size=WIDE) as person:
        await person.read("number 3")
        person.main.messages.focus()
        await person.press("d")
        await person.until(lambda: GONE in person.reads())
        await person.press("u")
        await person.until(lambda: len(person.main.messages.order) == 3)


async def test_a_folder_that_goes_while_it_is_open_is_told(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        raw.command("CREATE Projects")
        raw.append("Projects", text(1))
        async with whole_app(settings(dovecot, user)) as person:
            person.main.open_mailbox("work", b"Projects")
            await person.until(lambda: person.main.mailbox.name == b"Projects")
            await person.settled()
            await person.read("number 1")
            raw.command("DELETE Projects")
            await person.press("f5")
            await person.until(lambda: isinstance(person.app.screen, ErrorScreen), "the news")
            await person.sees("The folder Projects cannot be opened", "doesn't exist: Projects")
            await person.press("q")
            await person.until(lambda: b"Projects" not in person.main.mailboxes["work"])
            assert "line 59 of message 1" in person.reads()
            assert not person.main.mailbox.live
            person.main.open_mailbox("work", b"INBOX")
            await person.until(lambda: person.main.mailbox.live)


async def test_a_refusal_hides_no_other_error(dovecot: Dovecot) -> None:
    async with whole_app(settings(dovecot, dovecot.new_user())) as person:
        for error in (MailError("It was renamed"), MailError("Not moved", server_line="NO gone")):
            person.service._publish(events.Notice("work", error))
        await person.until(lambda: isinstance(person.app.screen, ErrorScreen), "the refusal")
        await person.press("q")
        assert person.notice == "It was renamed"
        person.main.hints.show_notice("Done: moved")
        person.service._publish(events.Notice("work", error))
        await person.until(lambda: isinstance(person.app.screen, ErrorScreen), "the refusal")
        assert person.notice == ""


async def test_a_folder_renamed_elsewhere_is_told_with_what_is_new(
    start_dovecot: Callable[..., Dovecot],
) -> None:
    # Without NOTIFY nobody tells the new name.
    dovecot = start_dovecot(capabilities="IMAP4rev1 AUTH=PLAIN UIDPLUS MOVE IDLE NAMESPACE")
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        raw.command("CREATE Kunden")
        raw.append("Kunden", text(1))
        async with whole_app(settings(dovecot, user)) as person:
            await person.until(lambda: b"Kunden" in person.main.mailboxes["work"])
            person.main.open_mailbox("work", b"Kunden")
            await person.until(lambda: person.main.mailbox.name == b"Kunden")
            await person.until(lambda: person.main.mailbox.live)
            await person.settled()
            raw.command("RENAME Kunden Clients")
            await person.press("a")
            await person.until(lambda: isinstance(person.app.screen, ErrorScreen), "the refusal")
            await person.until(lambda: b"Clients" in person.main.mailboxes["work"], "the folders")
            await person.press("q")
            await person.until(lambda: person.notice.startswith("Kunden was removed or renamed"))
            assert person.notice.endswith("; Clients is new, perhaps the same one")
