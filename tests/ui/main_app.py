"""The whole program without a terminal: the demo's mail or a server's, a clock that stands still.

``async with whole_app() as person:`` starts it; a ``Person`` presses keys, waits and looks. What
the program logs as an error, or would crash of, fails the test.
"""

from __future__ import annotations

import asyncio
import logging
import math
import smtplib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from textual import _wait
from textual.pilot import Pilot

from tui_mail.config import Config
from tui_mail.demo.people import ME_ADDRESS
from tui_mail.demo.server import PASSWORD, USER
from tui_mail.demo.thread import demo_in_thread
from tui_mail.mail.service import MailService
from tui_mail.ui.app import TuiMail
from tui_mail.ui.screens.main import MainScreen
from tui_mail.ui.terminal import prepare

NOW = datetime(2024, 5, 14, 10, 30, tzinfo=UTC)
NARROW = (80, 24)
WIDE = (140, 45)
SECONDS = 20.0
_LOOK_EVERY = 0.005


class Person:
    """Somebody at the keys of a running program."""

    def __init__(self, app: TuiMail, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot
        self.main = main_screen(app)
        self.service = app.service

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause(0)

    async def opens(self, key: str) -> None:
        """Press a key that lays a dialog over the screen, and wait until it takes keys."""
        depth = len(self.app.screen_stack)
        await self.press(key)
        await self.until(
            lambda: len(self.app.screen_stack) > depth and self.app.screen.is_mounted,
            f"the dialog of {key}",
        )

    async def type(self, text: str) -> None:
        """Characters as they are, not as names of keys; faster than anything they set off."""
        with no_idling():
            await self.pilot.press(*text)
        await self.pilot.pause()

    async def resize(self, columns: int, lines: int) -> None:
        """Give the terminal's window another size, and wait until it is laid out."""
        await self.pilot.resize_terminal(columns, lines)
        await self.until(lambda: self.main.size == (columns, lines), "the new size")
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until it holds; fail with a picture of the screen when it does not come about."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what or 'it'} did not come about; shown:\n{self.text()}")
            await asyncio.sleep(_LOOK_EVERY)
        await self.pilot.pause(0)

    async def sees(self, *texts: str) -> None:
        """Wait until all of these are on the screen."""
        await self.until(
            lambda: all(text in self.text() for text in texts), " and ".join(map(repr, texts))
        )

    async def settled(self) -> None:
        """Wait until nothing more comes by itself: rows, attachments, folders and their figures."""
        await self.until(lambda: is_settled(self.main), "rest")

    async def go_to(self, subject: str) -> int:
        """Put the cursor of the list on the newest message of this subject; its UID."""
        messages = self.main.messages
        for index, uid in enumerate(messages.order):
            rows = self.service.rows(self.main.mailbox.mailbox_id, (uid,)).result(SECONDS)
            if rows and subject in rows[0].subject:
                messages.go_to(index)
                await self.pilot.pause()
                return uid
        raise AssertionError(f"no message with {subject!r} in its subject")

    async def read(self, subject: str) -> int:
        """Open that message and wait for its text; its UID."""
        uid = await self.go_to(subject)
        await self.press("enter")
        await self.shown(uid)
        return uid

    async def shown(self, uid: int) -> None:
        """Wait until this message is the one shown."""
        reading = self.main.reading
        await self.until(
            lambda: reading.message is not None and reading.message.uid == uid, f"message {uid}"
        )

    def text(self) -> str:
        """All that is on the screen."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    def reads(self) -> str:
        """What the viewer shows, all of it."""
        lines = self.main.viewer.lines
        return "\n".join("".join(span.text for span in line) for line in lines)

    @property
    def notice(self) -> str:
        return self.main.hints.notice

    def row(self, uid: int) -> str:
        """The line of the list that shows this message."""
        messages = self.main.messages
        index = list(messages.order).index(uid)
        return messages.render_row(index, messages.content_size.width, False).text


def main_screen(app: Any) -> MainScreen:
    """The screen at the bottom of the stack."""
    screen = app.screen_stack[0]
    assert isinstance(screen, MainScreen)
    return screen


def is_settled(main: MainScreen) -> bool:
    """Whether all there is to show has come."""
    messages, status = main.messages, main.status.status
    rows = [messages.row(messages.order[index]) for index in messages.shown]
    folders = [
        stored.status
        for stored in main.mailboxes.get(main.account, {}).values()
        if stored.mailbox.selectable
    ]
    return (
        main.mailbox.live
        and status.progress is None
        and all(row is not None and row.has_attachment is not None for row in rows)
        and bool(folders)
        and all(each.messages is not None and each.unseen is not None for each in folders)
    )


@asynccontextmanager
async def whole_app(
    settings: Config | None = None,
    *,
    size: tuple[int, int] = NARROW,
    wait: bool = True,
    read_only: bool = False,
) -> AsyncIterator[Person]:
    """The program with these settings, or with a demo of its own; settled, with ``wait``."""
    with ExitStack() as stack:
        if settings is None:
            settings = stack.enter_context(demo_in_thread(NOW))
        stack.enter_context(no_logged_errors())
        service = MailService(settings, read_only=read_only)
        service.start()
        try:
            app = TuiMail(service, settings, prepare({"TERM": "xterm-256color"}), now=NOW.timestamp)
            async with app.run_test(size=size) as pilot:
                person = Person(app, pilot)
                if wait:
                    await person.settled()
                yield person
            if app.crash is not None:
                raise app.crash
        finally:
            await asyncio.to_thread(service.stop)


@contextmanager
def no_idling() -> Iterator[None]:
    """A pilot whose keys come right after one another."""
    before = _wait.SLEEP_GRANULARITY, _wait.SLEEP_IDLE
    _wait.SLEEP_GRANULARITY, _wait.SLEEP_IDLE = 0, math.inf
    try:
        yield
    finally:
        _wait.SLEEP_GRANULARITY, _wait.SLEEP_IDLE = before


@contextmanager
def no_logged_errors() -> Iterator[None]:
    """Fails if the program logs an error: that is where it puts its own faults."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = records.append  # type: ignore[method-assign]
    logger = logging.getLogger("tui_mail")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
    assert not records, "\n".join(logging.Formatter().format(record) for record in records)


def send_mail(settings: Config, subject: str, text: str) -> None:
    """A message to the demo's user, by SMTP as anybody would send it."""
    smtp = settings.accounts[0].smtp
    assert smtp is not None
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ben <ben@x.example>", ME_ADDRESS, subject
    message.set_content(text)
    with smtplib.SMTP("127.0.0.1", smtp.port, timeout=SECONDS) as connection:
        connection.login(USER, PASSWORD)
        connection.send_message(message)
