"""The folder that is open, renamed or deleted from the tree: what is shown stays true."""

from __future__ import annotations

import pytest
from main_app import Person, whole_app
from running_service import account
from servers import Dovecot

from tui_mail.config import Config
from tui_mail.model import FLAGGED


def mailbox(person: Person) -> tuple[bytes, bool]:
    return person.main.mailbox.name, person.main.mailbox.live


async def at(person: Person, name: bytes) -> list[str]:
    """Open it; the subjects of the list."""
    account = person.main.settings.accounts[0].name
    await person.until(lambda: name in person.main.mailboxes[account])
    person.main.open_mailbox(account, name)
    await person.until(lambda: mailbox(person) == (name, True))
    await person.settled()
    person.main.folder_tree.go_to_mailbox(account, name)
    await person.press("y")
    return subjects(person)


def subjects(person: Person) -> list[str]:
    rows = [person.main.messages.row(uid) for uid in person.main.messages.order]
    return [row.subject if row is not None else "" for row in rows]


async def delete_it(person: Person, name: str) -> None:
    await person.opens("d")
    await person.type(name)
    await person.press("enter")
    await person.until(lambda: mailbox(person) == (b"INBOX", True), "INBOX")
    await person.settled()


async def rename_it(person: Person, old: bytes, new: str) -> None:
    await person.opens("r")
    await person.press(*["backspace"] * len(old.rpartition(b"/")[2]))
    await person.type(new)
    await person.press("enter")


async def test_inbox_takes_the_place_of_an_open_folder_that_is_deleted() -> None:
    async with whole_app() as person:
        inbox = subjects(person)
        assert await at(person, b"Drafts") != inbox
        await delete_it(person, "Drafts")
        assert subjects(person)[:20] == inbox[:20]
        assert len(person.main.messages.order) == 84
        assert person.main.context == "tree"
        await person.press("q")
        newest = person.main.messages.cursor_uid
        await person.press("F")
        await person.until(lambda: FLAGGED in person.main.messages.row(newest).flags)
        await person.until(lambda: person.service.waiting("demo") == 0)


async def test_an_open_folder_that_is_renamed_is_open_by_its_new_name() -> None:
    async with whole_app() as person:
        before = await at(person, b"Projects/Lighthouse/Lamp room")
        person.main.folder_tree.go_to_mailbox("demo", b"Projects/Lighthouse")
        await person.pilot.pause()
        await rename_it(person, b"Projects/Lighthouse", "Tower")
        await person.until(lambda: mailbox(person) == (b"Projects/Tower/Lamp room", True))
        await person.settled()
        assert subjects(person) == before


@pytest.mark.server
async def test_against_dovecot_nothing_of_inbox_comes_into_it(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        for number in range(5):
            raw.append("INBOX", b"Subject: inbox %d\r\n\r\ntext\r\n" % number)
        raw.command("CREATE Ours")
        raw.append("Ours", b"Subject: ours\r\n\r\ntext\r\n")
    url = f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}"
    async with whole_app(Config((account(url),), demo=True)) as person:
        assert await at(person, b"Ours") == ["ours"]
        await rename_it(person, b"Ours", "Yours")
        await person.until(lambda: mailbox(person) == (b"Yours", True))
        await person.settled()
        assert subjects(person) == ["ours"]
        person.main.folder_tree.go_to_mailbox("work", b"Yours")
        await person.pilot.pause()
        await delete_it(person, "Yours")
        assert len(subjects(person)) == 5 and all("inbox" in each for each in subjects(person))


@pytest.mark.server
async def test_what_the_server_refuses_leaves_the_folder_open(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        raw.command("CREATE Ours")
        raw.append("Ours", b"Subject: ours\r\n\r\ntext\r\n")
        url = f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}"
        async with whole_app(Config((account(url),), demo=True)) as person:
            await at(person, b"Ours")
            raw.command("CREATE Theirs")
            await rename_it(person, b"Ours", "Theirs")
            await person.sees("could not be renamed")
            await person.press("q")
            await person.until(lambda: mailbox(person) == (b"Ours", True))
            await person.settled()
            assert subjects(person) == ["ours"]
