"""The details of a folder, and its rights given and taken on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from main_app import NARROW, Person, whole_app
from running_service import account
from servers import Dovecot, generate

from tui_mail.config import Config
from tui_mail.mail.folder_details import FolderDetails, Grant
from tui_mail.model import Mailbox, MailboxStatus
from tui_mail.ui.screens.confirm import Confirm
from tui_mail.ui.screens.error import ErrorScreen
from tui_mail.ui.screens.folder_details import FolderDetailsScreen
from tui_mail.ui.screens.rights import LettersScreen, RightsScreen
from tui_mail.ui.widgets.prompt import Prompt


@asynccontextmanager
async def at_details(
    dovecot: Dovecot, rights: str = "lrswipkxtea", size: tuple[int, int] = NARROW
) -> AsyncIterator[Person]:
    """The details of a folder that is shared with ben."""
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        raw.command("CREATE Shared")
        raw.append_many("Shared", generate(4))
        raw.command("SETACL Shared ben lrs")
        raw.command(f"SETACL Shared {user} {rights}")
    url = f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}"
    async with whole_app(Config((account(url),), demo=True), size=size) as person:
        await person.until(lambda: b"Shared" in person.main.mailboxes["work"])
        person.main.folder_tree.go_to_mailbox("work", b"Shared")
        await person.press("y")
        await person.opens("v")
        yield person


async def on(person: Person, screen: type) -> None:
    await person.until(lambda: isinstance(person.app.screen, screen), screen.__name__)
    await person.pilot.pause()


def listed(person: Person) -> list[str]:
    """Who is on the list of rights that is shown."""
    screen = person.app.screen
    return (
        [row[0][0].strip() for row in screen.lines.rows] if isinstance(screen, RightsScreen) else []
    )


async def told(person: Person) -> str:
    """All the lines of the details, also those that have to be scrolled to."""
    screen = person.app.screen
    assert isinstance(screen, FolderDetailsScreen)
    return "\n".join("".join(text for text, _ in row) for row in screen.lines.rows)


@pytest.mark.server
async def test_every_figure_and_every_letter_is_explained(dovecot: Dovecot) -> None:
    async with at_details(dovecot, "lrswita") as person:
        details = await told(person)
        assert "Messages          4, " in details
        assert "Quota, storage    ░" in details and "of 20G" in details
        assert "t  mark its messages as deleted" in details
        assert "You may not" in details and "x  delete or rename the folder" in details
        assert "ben" in details and "lrs" in details
        await person.sees("r Change rights")
        # More than fits: the rest is a key away, the keys stay in sight.
        assert "ben" not in person.text()
        await person.press("end")
        await person.sees("ben", "r Change rights")
        await person.press("q")
        assert person.main.context == "tree"


@pytest.mark.server
async def test_rights_are_given_letter_by_letter(dovecot: Dovecot) -> None:
    async with at_details(dovecot) as person:
        await person.press("r")
        await on(person, RightsScreen)
        await person.sees("Rights: Shared", "ben may", "l  see the folder in lists")
        await person.press("enter")
        await on(person, LettersScreen)
        await person.sees("What ben may do", "[x] s", "[ ] w", "[ ] i")
        await person.press("w", "k", "s")
        await person.sees("[ ] s", "[x] w", "[x] k")
        await person.press("up", "up", "space", "enter")
        await on(person, RightsScreen)
        await person.until(lambda: "ben may" in person.text() and "w  set flags" in person.text())
        assert "The rights of ben are changed" in person.notice
        assert "k  create folders in it" in person.text()
        await person.press("q")
        await on(person, FolderDetailsScreen)
        assert "ben" in await told(person)


@pytest.mark.server
async def test_leaving_the_letters_changes_nothing(dovecot: Dovecot) -> None:
    async with at_details(dovecot) as person:
        await person.press("r")
        await on(person, RightsScreen)
        await person.press("enter")
        await on(person, LettersScreen)
        await person.press("w", "q")
        await on(person, RightsScreen)
        assert "w  set flags" not in person.text().partition("ben may")[2]


@pytest.mark.server
async def test_somebody_is_added_and_taken_off_again(dovecot: Dovecot) -> None:
    async with at_details(dovecot) as person:
        await person.press("r")
        await on(person, RightsScreen)
        await person.press("a")
        await on(person, Prompt)
        await person.type("carol")
        await person.press("enter")
        await on(person, LettersScreen)
        await person.press("l", "r", "enter")
        await on(person, RightsScreen)
        await person.sees("carol may", "r  open it")
        assert "carol" in listed(person)
        await person.press("d")
        await on(person, Confirm)
        await person.sees("Take carol off the list")
        await person.press("y")
        await on(person, RightsScreen)
        await person.until(lambda: listed(person) and "carol" not in listed(person))


@pytest.mark.server
async def test_the_last_administrator_is_warned(dovecot: Dovecot) -> None:
    async with at_details(dovecot) as person:
        await person.press("r")
        await on(person, RightsScreen)
        await person.press("end", "enter")
        await on(person, LettersScreen)
        await person.press("a", "enter")
        await on(person, Confirm)
        await person.sees("Nobody else on the list")
        await person.press("n")
        await on(person, RightsScreen)
        assert "a  see and change who has which rights" in person.text()


def test_without_the_right_to_administer_nothing_is_offered() -> None:
    mailbox = Mailbox(b"Shared", "/", frozenset(), ("Shared",))
    grants = (Grant(b"ben", frozenset("lr")),)
    for rights, read_only, offered in (
        ("la", False, True),
        ("l", False, False),
        ("la", True, False),
    ):
        details = FolderDetails(
            mailbox, MailboxStatus(), None, frozenset(rights), grants, modern_rights=True
        )
        screen = FolderDetailsScreen(details, read_only=read_only)
        assert (("r", "Change rights") in screen.hints()) is offered


@pytest.mark.server
async def test_what_the_server_refuses_is_shown_and_the_list_stays(dovecot: Dovecot) -> None:
    async with at_details(dovecot) as person:
        await person.press("r")
        await on(person, RightsScreen)
        await person.press("a")
        await on(person, Prompt)
        await person.type("anyone")
        await person.press("enter")
        await on(person, LettersScreen)
        await person.press("l", "enter")
        await on(person, ErrorScreen)
        await person.sees("The server did not give rights to anyone", "is disallowed")
        await person.press("q")
        await on(person, RightsScreen)
        await person.sees("ben may")


@pytest.mark.server
async def test_a_size_the_server_does_not_tell_is_added_up(
    start_dovecot: Callable[..., Dovecot],
) -> None:
    async with at_details(start_dovecot(capabilities="IMAP4rev1 ACL RIGHTS=kxte")) as person:
        await person.sees("Size              not told", "m Add up the size")
        await person.press("m")
        await person.until(lambda: "octets)" in person.text(), "the size")
        assert "Add up the size" not in person.text()
