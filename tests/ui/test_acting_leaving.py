"""Leaving a mailbox in which messages are marked as deleted, as ``expunge_on_leave`` has it."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from main_app import NOW, Person, whole_app

from tui_mail.config import ActionSettings, Deletion, ExpungeOnLeave
from tui_mail.demo.thread import demo_in_thread
from tui_mail.model import DELETED
from tui_mail.ui.screens.confirm import Confirm
from tui_mail.wire.transcript import Direction


@asynccontextmanager
async def marked(
    leave: ExpungeOnLeave = ExpungeOnLeave.ASK, count: int = 2
) -> AsyncIterator[Person]:
    """In INBOX, with the two newest messages marked."""
    with demo_in_thread(NOW) as settings:
        asking = ActionSettings(delete=Deletion.MARK, expunge_on_leave=leave)
        async with whole_app(replace(settings, actions=asking)) as person:
            messages = person.main.messages
            for uid in messages.order[:count]:
                messages.go_to_uid(uid)
                await person.press("d")
                await person.until(lambda uid=uid: DELETED in messages.row(uid).flags)
            await person.until(lambda: person.service.waiting("demo") == 0)
            yield person


async def to(person: Person, name: bytes) -> None:
    person.main.open_mailbox("demo", name)
    await person.pilot.pause()


async def there(person: Person, name: bytes, count: int) -> None:
    await person.until(lambda: person.main.mailbox.name == name and person.main.mailbox.live)
    await person.until(lambda: len(person.main.messages.order) == count)


async def asked(person: Person) -> None:
    await person.until(lambda: isinstance(person.app.screen, Confirm), "the question")


async def test_yes_expunges_what_is_marked_and_goes_on() -> None:
    async with marked() as person:
        await to(person, b"Sent")
        await asked(person)
        await person.sees("Expunge 2 messages marked as deleted in INBOX?")
        await person.press("y")
        await there(person, b"Sent", 13)
        await person.until(lambda: person.service.waiting("demo") == 0)
        await to(person, b"INBOX")
        await there(person, b"INBOX", 82)


async def test_no_leaves_them_marked() -> None:
    async with marked() as person:
        await to(person, b"Sent")
        await asked(person)
        await person.press("n")
        await there(person, b"Sent", 13)
        await to(person, b"INBOX")
        await there(person, b"INBOX", 84)


async def test_leaving_the_program_asks_too() -> None:
    async with marked(count=1) as person:
        await person.press("q")
        await asked(person)
        await person.sees("Expunge 1 message marked as deleted in INBOX?")
        await person.press("y")
        await person.until(lambda: not person.app.is_running)
        assert person.app.return_code == 0


async def test_always_expunges_without_a_question() -> None:
    async with marked(ExpungeOnLeave.ALWAYS) as person:
        await to(person, b"Sent")
        await there(person, b"Sent", 13)
        await person.until(lambda: person.service.waiting("demo") == 0)
        await to(person, b"INBOX")
        await there(person, b"INBOX", 82)


async def test_nothing_marked_or_nothing_to_ask_is_no_question() -> None:
    async with marked(count=0) as person:
        await to(person, b"Sent")
        await there(person, b"Sent", 13)
    async with marked(ExpungeOnLeave.NEVER) as person:
        await to(person, b"Sent")
        await there(person, b"Sent", 13)


async def test_going_to_the_folder_one_is_in_asks_nothing() -> None:
    async with marked() as person:
        await to(person, b"INBOX")
        await there(person, b"INBOX", 84)
        await person.press("%")
        await person.until(lambda: person.main.mailbox.live and person.main.mailbox.read_only)
        # Where nothing may be changed nothing is asked either.
        await to(person, b"Sent")
        await there(person, b"Sent", 13)


@pytest.mark.parametrize("leave", list(ExpungeOnLeave))
async def test_a_signal_expunges_what_needs_no_answer(leave: ExpungeOnLeave) -> None:
    async with marked(leave) as person:
        os.kill(os.getpid(), signal.SIGTERM)
        ended = 128 + signal.SIGTERM
        await person.until(lambda: person.app.return_value == ended, "the end")
        assert not isinstance(person.app.screen, Confirm)

        def expunged() -> bool:
            lines = person.service.transcript.lines()
            return any(
                b"EXPUNGE" in line.text for line in lines if line.direction is Direction.SENT
            )

        if leave is ExpungeOnLeave.ALWAYS:
            await person.until(expunged)
        else:
            assert person.service.waiting("demo") == 0
            assert not expunged()
