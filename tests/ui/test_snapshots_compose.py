"""Pictures of writing mail at 80 by 24 and 140 by 45, each looked at before it was accepted.

A new picture: ``pytest tests/ui/test_snapshots_compose.py --snapshot-update``, then look at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from main_app import NOW, Person
from pictures import SIZES, Compare, Scene, demo_to_show, played, programs, read

from tui_mail.config import Config
from tui_mail.mail.compose.values import (
    Attachment,
    Draft,
    OutboxEntry,
    RefusedRecipient,
    Sending,
)
from tui_mail.mail.writing import Suggestion
from tui_mail.ui.app import TuiMail
from tui_mail.ui.screens.outbox import OutboxScreen

ME = "Robin Demo <robin@demo.example>"
TEA = Draft(
    account="demo",
    from_=ME,
    to="Ada Quill <ada@lighthouse.example>, 藤井千代 <chiyo@tomodachi.example>",
    subject="Tea on the gallery, möglichst heiß",
    body="Dear Ada,\n\n> Shall we say four?\n>> Or five?\n\nfour it is. 灯台 by the stairs.\n",
)
FILES = (
    Attachment("plan of the lamp room.pdf", "application/pdf", 3_000_000),
    Attachment("notes.txt", "text/plain", 1_200),
)


@pytest.fixture
def demo() -> Iterator[Config]:
    with demo_to_show() as settings:
        yield settings


@pytest.fixture
def start() -> Iterator[Callable[[Config], TuiMail]]:
    with programs() as start:
        yield start


async def show_reply(person: Person) -> None:
    await read(person, "Quotes, flowed")
    await person.press("r")
    await person.until(lambda: person.main.context == "compose", "the draft")
    await person.type("Thank you, I come for it on Friday.")


async def show_offers(person: Person) -> None:
    await person.main.composing.open(replace(TEA, to="", subject="", body=""))
    await person.pilot.pause()
    await person.type("Bob <bob@x.example>, ada")
    current = person.main.composing.current
    assert current is not None
    offers = [
        Suggestion("Ada Quill <ada@lighthouse.example>", "2024-05-14"),
        Suggestion("Adam Fischer <adam@boats.example>", "khard"),
    ]
    current.pane.offer("ada", offers)


async def show_wrong_address(person: Person) -> None:
    await person.main.composing.open(replace(TEA, to=f"{TEA.to}, bob@, carl@x.example"))
    await person.pilot.pause()
    await person.press("f9")
    await person.until(lambda: person.notice.startswith("To: "), "the mark")


async def show_commands(person: Person) -> None:
    await person.main.composing.open(replace(TEA, attachments=FILES))
    opened = await person.main.composing.open(replace(TEA, attachments=FILES, bcc="eve@x.example"))
    opened.pane.attached.take_server_size(2 * 1024 * 1024)
    await person.pilot.pause()
    await person.press("ctrl+x")


async def show_mail_meanwhile(person: Person) -> None:
    await person.main.composing.open(TEA)
    await person.pilot.pause()
    await person.press("ctrl+o")
    await read(person, "Quotes, flowed")


async def show_outbox(person: Person) -> None:
    entry = OutboxEntry(1, "demo", Sending.FILED, "Tea", ("ada@x.example",), 2048, NOW.timestamp())
    entries = [
        replace(entry, id=3, state=Sending.HELD, due=NOW.timestamp() + 8, subject="Too early?"),
        replace(
            entry,
            id=2,
            state=Sending.PARTLY_REFUSED,
            recipients=("ada@x.example", "eve@x.example"),
            reply="550 5.1.1 <eve@x.example>: Recipient address rejected: User unknown",
            refused=(
                RefusedRecipient("eve@x.example", 550, "550 5.1.1 <eve@x.example>: User unknown"),
            ),
        ),
        replace(entry, reply="250 2.0.0 Ok: queued as 4F2A", queue_id="4F2A"),
    ]
    person.app.push_screen(OutboxScreen(entries, person.main.keymap, now=NOW.timestamp))
    await person.until(lambda: isinstance(person.app.screen, OutboxScreen))
    await person.press("j")


SCENES: dict[str, Scene] = {
    "reply": show_reply,
    "offers": show_offers,
    "wrong address": show_wrong_address,
    "commands": show_commands,
    "mail meanwhile": show_mail_meanwhile,
    "outbox": show_outbox,
}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_a_picture_of_writing(
    scene: Scene,
    size: tuple[int, int],
    demo: Config,
    start: Callable[[Config], TuiMail],
    snap_compare: Compare,
) -> None:
    app = start(demo)
    assert snap_compare(app, terminal_size=size, run_before=played(app, scene))
