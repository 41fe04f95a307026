"""The outbox on the screen: what stands in it, and what can be asked of which entry."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len
from textual.app import App
from textual.pilot import Pilot

from tui_mail.mail.compose.values import OutboxEntry, RefusedRecipient, Sending
from tui_mail.ui import theme
from tui_mail.ui.controllers.outbox import failure
from tui_mail.ui.keymap import Keymap
from tui_mail.ui.screens.outbox import Answer, OutboxScreen
from tui_mail.ui.theme import Themes
from tui_mail.ui.widgets.outbox_row import details, entry_parts
from tui_mail.ui.widgets.status_bar import Status, fit_status

NOW = time.mktime((2024, 5, 14, 10, 30, 0, 0, 0, -1))
ENTRY = OutboxEntry(
    id=1,
    account="work",
    state=Sending.QUEUED,
    subject="Tea",
    recipients=("bob@x.example", "eve@x.example"),
    size=2048,
    created=NOW - 60,
)
REFUSED = replace(
    ENTRY,
    id=2,
    state=Sending.FAILED,
    reply="550 5.1.1 <bob@x.example>: Recipient address rejected",
    explanation="mail.example did not take the recipients: nobody there\nCheck the address.",
)


class OutboxApp(App[None]):
    def __init__(self, entries: Sequence[OutboxEntry]) -> None:
        super().__init__()
        self.shown = OutboxScreen(entries, Keymap(), now=lambda: NOW)
        self.answers: list[Answer | None] = []

    def on_mount(self) -> None:
        chosen = Themes().load("terminal")
        theme.use(chosen)
        self.register_theme(chosen.textual)
        self.theme = chosen.name
        self.push_screen(self.shown, self.answers.append)

    def text(self) -> str:
        return "\n".join(strip.text for strip in self.screen._compositor.render_strips())


@asynccontextmanager
async def outbox(*entries: OutboxEntry) -> AsyncIterator[tuple[OutboxApp, Pilot[Any]]]:
    app = OutboxApp(entries)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        yield app, pilot


async def test_it_shows_the_entry_and_the_servers_words() -> None:
    async with outbox(REFUSED, ENTRY) as (app, _):
        text = app.text()
        assert "refused" in text
        assert "Tea" in text
        assert "The server said: 550 5.1.1 <bob@x.example>" in text


@pytest.mark.parametrize(
    ("key", "action", "states"),
    [
        ("e", "outbox.edit", {Sending.HELD, Sending.QUEUED, Sending.FAILED, Sending.UNCERTAIN}),
        ("o", "outbox.others", {Sending.PARTLY_REFUSED}),
        ("M", "outbox.sent", {Sending.UNCERTAIN}),
        ("d", "outbox.drop", {*Sending} - {Sending.SENDING, Sending.FILED}),
        ("I", "outbox.wire", {*Sending}),
    ],
)
@pytest.mark.parametrize("state", Sending)
async def test_each_action_where_it_makes_sense(
    key: str, action: str, states: set[Sending], state: Sending
) -> None:
    if action == "outbox.edit":
        states = states | {Sending.PARTLY_REFUSED}
    entry = replace(ENTRY, state=state)
    async with outbox(entry) as (app, pilot):
        await pilot.press(key)
        await pilot.pause()
        assert app.answers == ([(action, entry)] if state in states else [])


async def test_the_cursor_stays_on_its_entry_while_others_come() -> None:
    newer = replace(ENTRY, id=3, subject="Coffee", state=Sending.HELD, due=NOW + 10)
    async with outbox(REFUSED, ENTRY) as (app, pilot):
        app.shown.take([newer, replace(REFUSED, subject="Milk"), ENTRY])
        await pilot.pause()
        assert app.shown.current is not None
        assert app.shown.current.subject == "Milk"
        await pilot.press("k")
        await pilot.pause()
        assert "Can be called back until 10:30:10" in app.text()
        app.shown.take([])
        await pilot.pause()
        assert "Nothing is being sent" in app.text()
        await pilot.press("e", "q")
        assert app.answers == [None]


def test_a_line_is_as_wide_as_the_pane_and_hides_nothing_from_outside() -> None:
    odd = replace(ENTRY, subject="a\x1b[2Jb日本", recipients=("x\n@x.example",) * 30)
    for width in (60, 78, 108):
        text = "".join(text for text, _ in entry_parts(odd, width, now=NOW))
        assert "\x1b" not in text
        assert "\n" not in text
        assert "日本" in text
        assert cell_len(text) == width


def test_what_is_said_of_an_entry() -> None:
    lines = [text for text, _ in details(replace(ENTRY, due=NOW + 300, tries=2), now=NOW)]
    assert lines == [
        "To bob@x.example, eve@x.example",
        "Tried again at 10:35:00",
        "Tried 2 times",
    ]
    partly = replace(
        ENTRY,
        state=Sending.PARTLY_REFUSED,
        refused=(RefusedRecipient("eve@x.example", 550, "550 5.1.1 no such user"),),
    )
    assert ("eve@x.example: 550 5.1.1 no such user", "error") in details(partly, now=NOW)
    assert "eve@x.example" in failure(partly).title
    sent = replace(ENTRY, state=Sending.ACCEPTED, queue_id="4F2A")
    assert [text for text, _ in details(sent, now=NOW)][1:] == [
        "It calls the message 4F2A",
        "The copy for Sent is still to be filed",
    ]


def test_a_refusal_is_told_with_the_servers_line_and_what_its_code_means() -> None:
    error = failure(REFUSED)
    assert error.server_line == REFUSED.reply
    assert error.advice == REFUSED.explanation


def test_what_came_to_nothing_without_a_word_of_the_server_is_explained() -> None:
    cut = replace(ENTRY, state=Sending.UNCERTAIN, explanation="The line broke\nLook for it first")
    assert failure(cut).advice == cut.explanation
    lines = [text for text, _ in details(cut, now=NOW)]
    assert lines[1:] == ["The line broke", "Look for it first"]


@pytest.mark.parametrize("width", [72, 80, 140])
def test_the_status_bar_says_what_is_written_and_sent_at_every_width(width: int) -> None:
    status = Status(
        account="work",
        mailbox="Lists/A rather long name of a folder",
        total=12_345,
        unread=67,
        command="UID FETCH",
        milliseconds=12.0,
        drafts="2 drafts: ^O",
        outbox="1 not sent: Q",
    )
    text = "".join(text for text, _ in fit_status(status, width))
    assert "2 drafts: ^O  1 not sent: Q" in text
    assert cell_len(text) == width
