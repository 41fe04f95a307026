"""The status bar and the line of hints, at every width."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult

from tui_mail.model import Phase, Progress
from tui_mail.ui.keymap import Keymap
from tui_mail.ui.widgets.status_bar import (
    HintLine,
    Status,
    StatusBar,
    duration,
    fit_status,
    progress_text,
)

ONLINE = Status(
    account="work",
    phase=Phase.ONLINE,
    mailbox="INBOX",
    total=10_234,
    unread=12,
    position="42%",
    command="UID FETCH",
    milliseconds=48.3,
)
BUSY = replace(ONLINE, progress=Progress("Fetching envelopes", 1_200, 10_234))
BROKEN = replace(
    ONLINE,
    phase=Phase.WAITING,
    retry_in=23,
    error="mail.example.org closed the connection: too many connections from your address",
)
LONG = replace(
    BUSY, account="anna.example@mail.example.org", mailbox="Lists/A name that nobody can read/all"
)
WIDE = replace(ONLINE, account="日本" * 10, mailbox="日本語" * 20)


def said(status: Status, width: int) -> str:
    return "".join(text for text, _ in fit_status(status, width))


@pytest.mark.parametrize("status", [Status(), ONLINE, BUSY, BROKEN, LONG, WIDE])
def test_it_fills_the_width_exactly(status: Status) -> None:
    for width in range(60, 201):
        assert cell_len(said(status, width)) == width


def test_eighty_columns_say_all_of_the_usual() -> None:
    assert said(ONLINE, 80).split("  ")[:5] == [
        " work",
        "online",
        "INBOX",
        "12 unread of 10,234",
        "42%",
    ]
    assert said(ONLINE, 80).endswith("UID FETCH 48 ms ")
    assert said(BUSY, 80).endswith("Fetching envelopes 1,200/10,234 11% ")


@pytest.mark.parametrize("status", [ONLINE, BUSY, BROKEN, LONG])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_account_state_mailbox_and_counts_always_stay(status: Status, width: int) -> None:
    text = said(status, width)
    assert status.account[:5] in text
    assert (" online" in text) or ("again in 23 s" in text)
    assert status.mailbox[:4] in text
    assert "12/10,234" in text or "12 unread of 10,234" in text


def test_what_is_going_on_is_said_even_where_it_is_narrow() -> None:
    for width in (60, 80):
        assert "Fetchi" in said(LONG, width)
        assert "mail" in said(BROKEN, 80)


def test_the_last_command_gives_way_before_what_is_going_on() -> None:
    assert "UID FETCH" not in said(BUSY, 80)
    assert "UID FETCH 48 ms" in said(BUSY, 120)


def test_an_error_is_said_before_progress() -> None:
    text = said(replace(BUSY, error="Disk full"), 120)
    assert "Disk full" in text
    assert "Fetching" not in text


def test_what_is_not_known_yet() -> None:
    assert "…" in said(Status(account="work", mailbox="INBOX"), 80)
    assert "1,000 messages" in said(replace(ONLINE, total=1000, unread=None), 80)
    assert "1 message " in said(replace(ONLINE, total=1, unread=None), 80)
    assert "UID FETCH…" in said(replace(ONLINE, milliseconds=None), 80)
    assert "UID FETCH… 7 s" in said(replace(ONLINE, milliseconds=None, awaited=7), 80)
    assert "(read only)" in said(replace(ONLINE, read_only=True), 80)


def test_text_from_outside_is_cleaned() -> None:
    dirty = "a\x1b[31mb\n\u202ec"
    text = said(
        replace(ONLINE, mailbox=dirty, account=dirty, command=dirty, error=dirty),
        200,
    )
    assert text.isprintable()


def test_figures_are_read_at_a_glance() -> None:
    assert [duration(value) for value in (0.4, 8, 999.4, 1234)] == [
        "0 ms",
        "8 ms",
        "999 ms",
        "1.2 s",
    ]
    assert progress_text(Progress("Saving", 5)) == "Saving 5"
    assert progress_text(Progress("Saving")) == "Saving…"
    assert progress_text(Progress("Saving", 30, 20)) == "Saving 30/20 100%"


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield StatusBar()
        yield HintLine()

    def row(self, y: int) -> str:
        return self.screen._compositor.render_strips()[y].text


async def test_a_change_that_shows_nothing_new_draws_nothing() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        bar = app.query_one(StatusBar)
        bar.change(account="work", phase=Phase.ONLINE, milliseconds=8.1, command="NOOP")
        await pilot.pause()
        assert "work  online" in app.row(0)
        drawn: list[object] = []
        bar.refresh = lambda *args, **options: drawn.append(args)  # type: ignore[method-assign,assignment]
        bar.change(milliseconds=8.2)
        assert not drawn
        bar.change(milliseconds=9.2)
        assert drawn


async def test_hints_give_way_to_a_notice_and_come_back() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        line = app.query_one(HintLine)
        line.show_hints(Keymap().hints("list"))
        await pilot.pause()
        assert "Enter Read" in app.row(1)
        assert app.row(1).rstrip().endswith("? Help")
        line.show_notice("Saved to [/tmp]\x1b[2J", error=True)
        await pilot.pause()
        assert "Saved to [/tmp]" in app.row(1)
        assert "\x1b" not in app.row(1)
        line.clear_notice()
        await pilot.pause()
        assert "Enter Read" in app.row(1)


@pytest.mark.parametrize("width", [20, 40, 80])
def test_hints_that_do_not_fit_are_left_out_but_help_stays(width: int) -> None:
    line = HintLine()
    line.show_hints(Keymap().hints("viewer"))
    text = "".join(text for text, _ in line.parts(width)).rstrip()
    assert cell_len(text) <= width
    assert text.endswith("? Help")
