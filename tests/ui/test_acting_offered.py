"""What cannot be done is not offered, and says why when its key is pressed all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from main_app import NOW, Person, whole_app
from running_service import account
from servers import Dovecot, generate

from tui_mail.config import Config
from tui_mail.demo.thread import demo_in_thread
from tui_mail.ui.screens.error import ErrorScreen
from tui_mail.ui.widgets.picker import Picker
from tui_mail.wire.transcript import Direction


def hints(person: Person) -> str:
    """The line of hints, as after the next key."""
    person.main.hints.clear_notice()
    return "".join(text for text, _ in person.main.hints.parts(200))


def sent(person: Person) -> str:
    lines = person.service.transcript.lines()
    return "\n".join(
        line.text.decode("ascii", "replace") for line in lines if line.direction is Direction.SENT
    )


async def refused(person: Person, key: str) -> str:
    """The reason why this key does nothing here, as it is told."""
    await person.press(key)
    if isinstance(person.app.screen, ErrorScreen):
        told = person.text()
        await person.press("q")
        return told
    return person.notice


async def palette(person: Person, typed: str) -> str:
    """What the list of actions has for what was typed."""
    await person.opens("colon")
    assert isinstance(person.app.screen, Picker)
    await person.type(typed)
    told = person.text()
    await person.press("escape")
    return told


# Looking only


async def test_a_folder_that_is_only_looked_at_offers_no_change() -> None:
    async with whole_app() as person:
        assert "Delete" in hints(person)
        await person.press("%")
        assert person.notice == "Read only: nothing is changed"
        await person.until(lambda: person.main.mailbox.live and person.main.mailbox.read_only)
        await person.sees("INBOX (read only)")
        await person.until(lambda: "Delete" not in hints(person))
        assert "Read" in hints(person)
        assert "message.delete" not in await palette(person, "delete")
        for key in ("d", "s", "a", "S", "N", "F", "w", "W", "u", "$"):
            assert "for reading only" in await refused(person, key), key
        # A copy changes nothing here.
        await person.opens("C")
        await person.press("escape")
        assert "STORE" not in sent(person) and "MOVE" not in sent(person)
        await person.press("%")
        await person.until(lambda: person.main.mailbox.live and not person.main.mailbox.read_only)
        await person.until(lambda: "Delete" in hints(person))
        await person.press("F")
        await person.until(lambda: "STORE" in sent(person))


async def test_reading_there_leaves_a_message_unread() -> None:
    async with whole_app() as person:
        await person.press("%")
        await person.until(lambda: person.main.mailbox.live and person.main.mailbox.read_only)
        uid = await person.read("Welcome")
        await person.press("q")
        assert person.row(uid).startswith(" N")
        assert "STORE" not in sent(person)


async def test_a_folder_is_opened_from_the_tree_to_be_looked_at() -> None:
    async with whole_app() as person:
        person.main.folder_tree.go_to_mailbox("demo", b"Lists/Protocol")
        await person.press("y", "%")
        await person.sees("Lists/Protocol (read only)")
        await person.until(lambda: person.main.mailbox.live)
        assert "EXAMINE Lists/Protocol" in sent(person)
        await person.press("y")
        assert "read-only" in await refused(person, "M")
        await person.press("enter")
        await person.until(lambda: person.main.mailbox.live and not person.main.mailbox.read_only)
        assert "(read only)" not in person.text()


# Folders


async def test_the_tree_says_why_at_once_and_asks_nothing() -> None:
    async with whole_app() as person:
        tree = person.main.folder_tree
        tree.go_to_mailbox("demo", b"INBOX")
        await person.press("y")
        before = sent(person)
        assert "cannot be deleted" in await refused(person, "d")
        assert "cannot be renamed" in await refused(person, "r")
        assert "Only Trash and Junk" in await refused(person, "E")
        tree.home()
        for key in ("d", "r", "s", "v", "%"):
            assert "no folder" in await refused(person, key), key
        assert sent(person) == before


# What rights leave


@asynccontextmanager
async def with_rights(dovecot: Dovecot, rights: str) -> AsyncIterator[Person]:
    """At the folder Shared, in which one has these rights."""
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        raw.command("CREATE Shared")
        raw.append_many("Shared", generate(2))
        raw.command(f"SETACL Shared {user} {rights}")
    url = f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}"
    async with whole_app(Config((account(url),), demo=True)) as person:
        person.main.open_mailbox("work", b"Shared")
        await person.sees("Shared")
        await person.settled()
        await person.until(lambda: person.main.offering.permissions.rights is not None)
        yield person


@pytest.mark.server
async def test_rights_decide_what_is_offered(dovecot: Dovecot) -> None:
    async with with_rights(dovecot, "lrswi") as person:
        await person.until(lambda: "Delete" not in hints(person))
        assert "Move" not in hints(person) and "Archive" not in hints(person)
        for key in ("d", "s", "a", "$"):
            assert "you lack the right" in await refused(person, key), key
        await person.press("F")
        await person.until(lambda: "STORE" in sent(person))
        assert "MOVE" not in sent(person)
        person.main.folder_tree.go_to_mailbox("work", b"Shared")
        await person.press("y")
        assert "Create" not in hints(person)
        assert "k (create)" in await refused(person, "C")
        assert "x (delete mailbox)" in await refused(person, "d")
        assert "DELETE" not in sent(person)


@pytest.mark.server
async def test_a_folder_one_may_only_read(dovecot: Dovecot) -> None:
    async with with_rights(dovecot, "lr") as person:
        await person.sees("(read only)")
        assert "Delete" not in hints(person)
        assert "for reading only" in await refused(person, "N")
        assert "STORE" not in sent(person)


async def test_with_read_only_no_copy_is_offered_either() -> None:
    with demo_in_thread(NOW) as settings:
        async with whole_app(settings, read_only=True) as person:
            await person.until(lambda: person.main.mailbox.read_only)
            for key in ("C", "d", "u"):
                assert "--read-only" in await refused(person, key), key
            await person.press("%")
            assert "--read-only" in person.notice
            await person.press("y")
            assert "read-only" in await refused(person, "C")
