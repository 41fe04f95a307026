"""Pictures of the whole program at 80 by 24 and 140 by 45, each looked at before it was accepted.

The mail is the demo's at a moment that stands still. The wire is a session written down in
``wire_samples``, spoken by a real connection on a clock that ticks evenly: ports, times and the
order in which threads come to speak differ from run to run.

A new picture: ``pytest tests/ui/test_snapshots_main.py --snapshot-update``, then look at it.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from main_app import NARROW, NOW, SECONDS, WIDE, Person, fast_keys, main_screen, no_logged_errors
from textual.pilot import Pilot
from wire_samples import session

from tui_mail.config import Config
from tui_mail.demo.thread import demo_in_thread
from tui_mail.mail.service import MailService
from tui_mail.ui.app import TuiMail
from tui_mail.ui.screens.error import ErrorScreen
from tui_mail.ui.screens.password import PasswordScreen
from tui_mail.ui.terminal import prepare
from tui_mail.wire import transcript
from tui_mail.wire.transcript import Transcript

Scene = Callable[[Person], Awaitable[object]]
Compare = Callable[..., bool]
SIZES = {"80x24": NARROW, "140x45": WIDE}
TICK = 0.004  # seconds


class EvenClock:
    """In the place of the module ``time``: every look at it is a tick later."""

    strftime, gmtime = staticmethod(time.strftime), staticmethod(time.gmtime)

    def __init__(self) -> None:
        self._ticks = count()

    def time(self) -> float:
        return NOW.timestamp() + next(self._ticks) * TICK

    perf_counter = time


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Transcript:
    monkeypatch.setattr(transcript, "time", EvenClock())
    shown = Transcript()
    session(shown, "demo/1")
    monkeypatch.undo()
    return shown


@pytest.fixture
def demo() -> Iterator[Config]:
    with demo_in_thread(NOW) as settings, no_logged_errors(), fast_keys():
        yield settings


@pytest.fixture
def start(wire: Transcript) -> Iterator[Callable[[Config], TuiMail]]:
    """Starts the program with these settings."""
    services: list[MailService] = []

    def start(settings: Config) -> TuiMail:
        service = MailService(settings)
        services.append(service)
        service.start()
        # The accounts have their own by now; only the screen is shown the other one.
        service._ready.result(SECONDS)
        service.transcript = wire
        return TuiMail(service, settings, prepare({"TERM": "xterm-256color"}), now=NOW.timestamp)

    yield start
    for service in services:
        service.stop()


def played(app: TuiMail, scene: Scene, *, wait: bool = True) -> Callable[[Pilot[Any]], Any]:
    """What is to be done before the picture is taken."""

    async def play(pilot: Pilot[Any]) -> None:
        person = Person(app, pilot)
        if wait:
            await person.settled()
        await scene(person)
        main_screen(app)._show_command()  # or else half a second later
        await pilot.pause()

    return play


async def read(person: Person, subject: str) -> None:
    unread = person.main.status.status.unread
    assert unread
    await person.read(subject)
    await person.until(lambda: person.main.status.status.unread == unread - 1, "a message read")


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
