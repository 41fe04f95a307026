"""What cannot be taken back is asked for first; and a question means what was meant at its key."""

from __future__ import annotations

import pytest
from main_app import Person, whole_app
from running_service import account
from servers import Dovecot

from tui_mail.config import Config
from tui_mail.ui.screens.confirm import Confirm

pytestmark = pytest.mark.server


def settings(dovecot: Dovecot, user: str) -> Config:
    return Config((account(f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}"),), demo=True)


def filled(dovecot: Dovecot, user: str, name: str = "INBOX", count: int = 3) -> None:
    with dovecot.connect(user) as raw:
        for number in range(1, count + 1):
            raw.append(name, b"Subject: number %d\r\n\r\n" % number)


def uids(person: Person) -> list[int]:
    return list(person.main.messages.order)


async def test_to_delete_in_trash_is_asked_first_and_not_undone(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    filled(dovecot, user)
    filled(dovecot, user, "Trash")
    async with whole_app(settings(dovecot, user)) as person:
        await person.until(lambda: uids(person) == [3, 2, 1])
        await person.press("F")
        await person.until(lambda: "Done: flag 1 message" in person.notice)
        person.main.open_mailbox("work", b"Trash")
        await person.until(lambda: person.main.mailbox.name == b"Trash" and uids(person))
        await person.opens("d")
        await person.sees("Delete 1 message for good?", "This cannot be undone.")
        await person.press("n")
        await person.until(lambda: not isinstance(person.app.screen, Confirm))
        assert uids(person) == [3, 2, 1]
        await person.press("t", "t")
        await person.opens("d")
        await person.sees("Delete 2 messages for good?")
        await person.press("y")
        await person.until(lambda: uids(person) == [1])
        await person.press("u")
        await person.until(lambda: "Cannot be taken back: delete 2 messages" in person.notice)
        assert "u again: undo: flag 1 message" in person.notice
        await person.press("u")
        await person.until(lambda: "Undone: flag 1 message" in person.notice)


async def test_what_is_moved_is_what_was_meant_when_the_question_began(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    filled(dovecot, user)
    with dovecot.connect(user) as raw:
        async with whole_app(settings(dovecot, user)) as person:
            await person.until(lambda: uids(person) == [3, 2, 1])
            await person.opens("s")
            raw.command("SELECT INBOX")
            raw.command("UID STORE 3 +FLAGS.SILENT (\\Deleted)")
            raw.command("EXPUNGE")
            await person.until(lambda: uids(person) == [2, 1], "the expunge")
            await person.type("archive")
            await person.press("enter")
            await person.until(lambda: "Done: move 1 message" in person.notice)
            await person.until(lambda: person.service.waiting("work") == 0)
            assert uids(person) == [2, 1]


async def test_what_comes_back_with_another_uid_is_said_to_be_on_top(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    filled(dovecot, user)
    async with whole_app(settings(dovecot, user)) as person:
        await person.until(lambda: uids(person) == [3, 2, 1])
        await person.press("j", "a")
        await person.until(lambda: uids(person) == [3, 1])
        await person.until(lambda: person.service.waiting("work") == 0)
        await person.press("u")
        await person.until(lambda: uids(person) == [4, 3, 1])
        assert person.notice == "Undone: move 1 message to Archive; on top of the list, as if new"
