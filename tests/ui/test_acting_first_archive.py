"""The first message that is archived, on servers that come without a folder for it."""

from __future__ import annotations

import pytest
from main_app import Person, whole_app
from running_service import account
from servers import Courier, Cyrus

from tui_mail.config import Config
from tui_mail.mail import folder_actions
from tui_mail.mail.folder_session import Session

pytestmark = pytest.mark.server


@pytest.fixture(params=["cyrus", "courier"])
def server(request: pytest.FixtureRequest) -> Cyrus | Courier:
    found: Cyrus | Courier = request.getfixturevalue(request.param)
    return found


def filled(server: Cyrus | Courier) -> Config:
    user = server.new_user()
    with server.connect(user) as raw:
        for number in range(1, 4):
            raw.append("INBOX", b"Subject: number %d\r\n\r\n" % number)
    return Config((account(f"imap+insecure://{user}@{server.host}:{server.port}"),), demo=True)


def is_listed(person: Person) -> bool:
    inbox = person.main.mailboxes.get("work", {}).get(b"INBOX")
    return inbox is not None and inbox.mailbox.delimiter == "."


async def test_archive_is_made_once_and_then_known(server: Cyrus | Courier) -> None:
    async with whole_app(filled(server)) as person:
        messages = person.main.messages
        await person.until(lambda: list(messages.order) == [3, 2, 1])
        await person.until(lambda: is_listed(person))
        await person.opens("a")
        await person.sees("There is no folder for Archive. Create INBOX.Archive?")
        await person.press("y")
        await person.until(lambda: list(messages.order) == [2, 1])
        await person.until(lambda: "u takes it back" in person.notice)
        await person.press("a")
        await person.until(lambda: list(messages.order) == [1])
        await person.until(lambda: person.service.waiting("work") == 0)
        await person.press("u")
        await person.until(lambda: len(messages.order) == 2)


async def test_a_folder_made_by_hand_serves_at_once(server: Cyrus | Courier) -> None:
    async with whole_app(filled(server)) as person:
        messages = person.main.messages
        await person.until(lambda: list(messages.order) == [3, 2, 1])
        await person.until(lambda: is_listed(person))

        async def create(session: Session) -> None:
            await folder_actions.create(session, b"INBOX.Archive", ".")

        person.service.folder_work("work", create).result(10)
        await person.press("a")
        await person.until(lambda: list(messages.order) == [2, 1])


async def test_a_folder_that_is_named_and_not_there_is_made(server: Cyrus | Courier) -> None:
    async with whole_app(filled(server)) as person:
        messages = person.main.messages
        await person.until(lambda: list(messages.order) == [3, 2, 1])
        await person.until(lambda: is_listed(person))
        await person.opens("s")
        await person.type("Kunden/Müller")
        await person.sees("Enter makes a new folder")
        await person.press("enter")
        await person.sees("There is no folder INBOX.Kunden.Müller. Create INBOX.Kunden.Müller?")
        await person.press("y")
        await person.until(lambda: list(messages.order) == [2, 1])
        await person.until(lambda: person.service.waiting("work") == 0)
        assert "move 1 message to INBOX.Kunden.Müller" in person.notice
