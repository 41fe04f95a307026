"""The whole program as it stands in a picture: nothing in it differs from run to run.

The mail is the demo's at a moment that stands still. The wire is a session written down in
``wire_samples``, spoken by a real connection on a clock that ticks evenly: ports, times and the
order in which threads come to speak differ from run to run. The news are those a test puts there.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from main_app import NARROW, NOW, SECONDS, WIDE, Person, main_screen, no_logged_errors
from textual.pilot import Pilot
from wire_samples import session

from tui_mail.config import Config
from tui_mail.demo.thread import demo_in_thread
from tui_mail.mail.news import NewsLog
from tui_mail.mail.service import MailService
from tui_mail.ui.app import TuiMail
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


def wire_to_show() -> Transcript:
    """A session that is always the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transcript, "time", EvenClock())
        shown = Transcript()
        session(shown, "demo/1")
    return shown


@contextmanager
def demo_to_show() -> Iterator[Config]:
    """The demo's settings while it runs."""
    with demo_in_thread(NOW) as settings, no_logged_errors():
        yield settings


@contextmanager
def programs(
    news: Callable[[], NewsLog] = NewsLog,
) -> Iterator[Callable[[Config], TuiMail]]:
    """Starts the program with settings it is given; ends what was started."""
    services: list[MailService] = []

    def start(settings: Config) -> TuiMail:
        service = MailService(settings)
        services.append(service)
        service.start()
        # The accounts have their own by now; only the screen is shown the others.
        service._ready.result(SECONDS)
        service.transcript = wire_to_show()
        service.news = news()
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
        main = main_screen(app)
        main.status.show_command(main.service.transcript)  # or else half a second later
        await pilot.pause()

    return play


async def read(person: Person, subject: str) -> None:
    """Open the message of this subject, and have it marked as read."""
    unread = person.main.status.status.unread
    assert unread
    await person.read(subject)
    await person.until(lambda: person.main.status.status.unread == unread - 1, "a message read")
