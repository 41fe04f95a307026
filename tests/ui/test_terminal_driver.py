"""The display on real terminals: a pty, GNU screen, tmux; suspended, resized, hung up, killed."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import ServerMissing
from servers.requirement import missing
from terminal import GnuScreen, PtySession, Tmux

PROGRAM = r"""
import asyncio, os
from tui_mail.ui.terminal import leave_on_signals, prepare
here = prepare(os.environ)
from textual import events
from textual.strip import Strip
from tui_mail.ui import theme
from tui_mail.ui.display import DisplayApp
from tui_mail.ui.keymap import canonical
from tui_mail.ui.widgets.line_view import LineView

class Lines(LineView):
    def on_mount(self):
        self.set_line_count(1000)
    def render_row(self, index, width, cursor):
        return self.compose_row([(f"line {index} of the list", "")], width, cursor=cursor)

class Program(DisplayApp[int]):
    def compose(self):
        yield Lines()
    def on_mount(self):
        leave_on_signals(asyncio.get_running_loop(), self.exit)
        self.name_window("mail")
    def on_key(self, event):
        lines = self.query_one(Lines)
        key = canonical(event.key)
        if key == "j":
            lines.move(1)
        elif key == "q":
            self.exit(0)
        elif key == "x":
            1 / 0
        elif key == "y":
            self.copy_to_clipboard("copied text")
        elif key == "ctrl+l":
            self.redraw()
        elif key == "ctrl+z":
            self.action_suspend_process()
        elif key == "!":
            with self.suspend():
                os.system("echo in the shell; sleep 0.2")

app = Program(here)
look = theme.Themes().load("terminal")
app.register_theme(look.textual)
app.theme = "terminal"
code = app.run(mouse=False)
raise SystemExit(code if code is not None else 7)
"""


@pytest.fixture
def program(tmp_path: Path) -> list[str]:
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    return [sys.executable, str(script)]


@pytest.fixture
def session(program: list[str], tmp_path: Path) -> Iterator[PtySession]:
    with PtySession(program, folder=tmp_path, environment=environment(), keep=True) as session:
        session.wait_for("line 0 of", "line 23 of")
        session.wait_quiet()
        yield session


def environment() -> dict[str, str]:
    root = Path(__file__).parents[2]
    return {**os.environ, "PYTHONPATH": str(root), "SHELL": "/bin/sh", "LC_ALL": "C.UTF-8"}


def test_a_step_costs_few_bytes_and_nothing_comes_by_itself(session: PtySession) -> None:
    assert session.bytes_for("j") < 160
    before = session.received
    session.wait_quiet(1.0)
    assert session.received == before


def test_it_leaves_the_terminal_as_it_was(session: PtySession) -> None:
    session.press("q")
    assert session.wait_exit() == 0
    assert session.terminal_restored() == []
    assert session.terminal.text.strip() == ""
    assert session.terminal.titles == ["mail"]
    assert session.raw is not None and session.raw.count(b"\x1b[23;2t") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(
    session: PtySession, number: signal.Signals
) -> None:
    session.signal(number)
    assert session.wait_exit() == 128 + number
    assert session.terminal_restored() == []
    assert "Traceback" not in session.terminal.text


def test_a_crash_leaves_the_terminal_as_it_was(session: PtySession) -> None:
    session.press("x")
    assert session.wait_exit() != 0
    assert session.terminal_restored() == []


def test_a_line_that_is_cut_ends_the_program(session: PtySession) -> None:
    session.hang_up()
    assert session.process.wait(10) == 128 + signal.SIGHUP


def test_a_new_size_is_drawn_whole(session: PtySession) -> None:
    for _ in range(5):  # the second size comes while the first is being told
        session.resize(60, 10)
        session.resize(100, 30)
        session.wait_for("line 0 of", "line 29 of")


def test_what_others_wrote_is_drawn_over_on_demand(session: PtySession) -> None:
    session.terminal.feed(b"\x1b[5;1Hsomebody wrote here\x1b[1;1H")
    session.press("\x0c")
    session.wait_gone("somebody")
    session.wait_for("line 4 of")


def test_a_command_in_between_comes_back_to_the_whole_picture(session: PtySession) -> None:
    session.press("!")
    session.wait_for("in the shell")
    session.wait_for("line 0 of", "line 23 of")
    session.wait_gone("in the shell")
    session.press("q")
    assert session.wait_exit() == 0
    assert session.terminal_restored() == []


def test_suspended_and_brought_back_the_picture_is_whole(program: list[str]) -> None:
    # Below a shell with jobs: where nobody could wake it, it is not stopped.
    script = f"set -m\n{shlex.join(program)}\necho stopped; read -r word; fg\necho ended with $?\n"
    with PtySession(["bash", "-c", script], environment=environment(), keep=True) as session:
        session.wait_for("line 0 of", "line 23 of")
        session.wait_quiet()
        session.press("\x1a")
        session.wait_for("stopped")
        assert not session.terminal.in_alternate_screen
        assert "line" not in session.terminal.text
        session.press("enter")
        session.wait_for("line 0 of", "line 23 of")
        session.press("j", "q")
        assert session.wait_exit() == 0
        assert "ended with 0" in session.terminal.text
        assert session.terminal_restored() == []


def test_the_clipboard_gets_the_text(session: PtySession) -> None:
    session.press("y")
    session.wait_until(lambda terminal: bool(terminal.clipboard), "the copy")
    assert session.terminal.clipboard == [b"copied text"]


@pytest.mark.parametrize("multiplexer", [GnuScreen, Tmux])
def test_inside_a_multiplexer_it_survives_detaching(
    multiplexer: type[GnuScreen | Tmux], program: list[str]
) -> None:
    try:
        made = multiplexer()
    except ServerMissing as problem:
        missing(problem)
    with made as inside:
        session = inside.start(program, environment=environment())
        session.wait_for("line 0 of", "line 20 of")
        session.press("j")
        session.wait_quiet()
        inside.detach()
        session = inside.attach(columns=100, lines=30)
        session.wait_for("line 0 of", "line 27 of")
        row = session.terminal.find("line 1 of")
        assert row is not None and session.terminal.cell(2, row[1]).reverse
        session.press("q")
        session.wait_gone("line 1 of")
