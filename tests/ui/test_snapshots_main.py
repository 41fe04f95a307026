"""Pictures of the whole program at 80 by 24 and 140 by 45, each looked at before it was accepted.

The mail is the demo's at a moment that stands still; see ``pictures``.

A new picture: ``pytest tests/ui/test_snapshots_main.py --snapshot-update``, then look at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from main_app import WIDE, Person
from pictures import SIZES, Compare, Scene, demo_to_show, played, programs, read

from tui_mail.config import Config
from tui_mail.ui.app import TuiMail
from tui_mail.ui.screens.error import ErrorScreen
from tui_mail.ui.screens.password import PasswordScreen


@pytest.fixture
def demo() -> Iterator[Config]:
    with demo_to_show() as settings:
        yield settings


@pytest.fixture
def start() -> Iterator[Callable[[Config], TuiMail]]:
    with programs() as start:
        yield start


async def show_list(person: Person) -> None:
    await person.press("j", "j")


async def show_tree(person: Person) -> None:
    await person.press("y", "j", "j")


async def show_plain(person: Person) -> None:
    await read(person, "Welcome")


async def show_html(person: Person) -> None:
    await read(person, "Things that take")


async def show_quotes(person: Person) -> None:
    await read(person, "Quotes, flowed")


async def show_search(person: Person) -> None:
    await read(person, "Quotes, flowed")
    await person.opens("slash")
    await person.press(*"that", "enter")
    await person.until(lambda: person.main.viewer.searched)
    await person.press("n")


async def show_wide_characters(person: Person) -> None:
    await read(person, "Wide, combining")


async def show_wire(person: Person) -> None:
    await read(person, "Welcome")
    await person.press("I", "k", "k", "k")


async def show_parts(person: Person) -> None:
    await read(person, "The picture, the bill")
    await person.opens("v")
    await person.press("j")


async def show_links(person: Person) -> None:
    await read(person, "Things that take")
    await person.opens("o")


async def show_help(person: Person) -> None:
    await person.opens("question_mark")


async def show_picker(person: Person) -> None:
    await person.opens("c")
    await person.press("l", "i")


async def show_error(person: Person) -> None:
    person.main.open_mailbox("demo", b"Lists/Nowhere")
    await person.until(lambda: isinstance(person.app.screen, ErrorScreen))


SCENES: tuple[Scene, ...] = (
    show_list,
    show_tree,
    show_plain,
    show_html,
    show_quotes,
    show_search,
    show_wide_characters,
    show_wire,
    show_parts,
    show_links,
    show_help,
    show_picker,
    show_error,
)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("scene", SCENES, ids=[each.__name__ for each in SCENES])
def test_a_picture_of(
    scene: Scene,
    size: tuple[int, int],
    demo: Config,
    start: Callable[[Config], TuiMail],
    snap_compare: Compare,
) -> None:
    app = start(demo)
    assert snap_compare(app, terminal_size=size, run_before=played(app, scene))


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_picture_of_the_password_prompt(
    size: tuple[int, int],
    demo: Config,
    start: Callable[[Config], TuiMail],
    snap_compare: Compare,
) -> None:
    account = replace(demo.accounts[0], password="wrong")
    app = start(replace(demo, accounts=(account,)))

    async def show_prompt(person: Person) -> None:
        await person.until(lambda: isinstance(person.app.screen, PasswordScreen))
        await person.press(*"secret")

    assert snap_compare(app, terminal_size=size, run_before=played(app, show_prompt, wait=False))


@pytest.mark.parametrize("name", ["dark", "light", "high-contrast"])
def test_a_picture_of_theme(
    name: str, demo: Config, start: Callable[[Config], TuiMail], snap_compare: Compare
) -> None:
    app = start(replace(demo, ui=replace(demo.ui, theme=name)))
    assert snap_compare(app, terminal_size=WIDE, run_before=played(app, show_wire_and_quotes))


async def show_wire_and_quotes(person: Person) -> None:
    await read(person, "Quotes, flowed")
    await person.press("I", "k")
