"""The harness sees what a person would see: in a pty, in GNU screen, in tmux."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest
from servers import ServerMissing
from servers.process import alive
from servers.requirement import missing

from . import GnuScreen, PtySession, Terminal, Tmux, WaitedTooLong
from .multiplexer import Multiplexer

# Draws a box of its size and the keys it gets, at once; ends at q.
PROGRAM = r"""
import os, select, signal, sys, termios, tty
saved = termios.tcgetattr(0)
tty.setcbreak(0)
keys = b""
def draw(*_):
    size = os.get_terminal_size()
    rows = f"size {size.columns}x{size.lines}", f"term {os.environ['TERM']}", f"keys {keys!r}"
    os.write(1, b"\x1b[2J\x1b[H" + "\r\n".join(rows).encode())
signal.signal(signal.SIGWINCH, draw)
draw()
while True:
    key = os.read(0, 100)
    if key == b"q":
        break
    keys += key
    draw()
termios.tcsetattr(0, termios.TCSANOW, saved)
os.write(1, b"\x1b[2J\x1b[Hbye\r\n")
"""
COMMAND = [sys.executable, "-c", PROGRAM]


@pytest.fixture(params=[GnuScreen, Tmux])
def multiplexer(request: pytest.FixtureRequest) -> Iterator[Multiplexer]:
    try:
        made: Multiplexer = request.param()
    except ServerMissing as problem:
        missing(problem)
    with made:
        yield made


def fed(*pieces: bytes, columns: int = 20, lines: int = 4) -> Terminal:
    terminal = Terminal(columns, lines)
    for piece in pieces:
        terminal.feed(piece)
    return terminal


NOISE = (
    b"\x1b[>1u\x1b[?2026$p\x1b[?1049h\x1b]2;a title\x07\x1bka name\x1b\\\x1bP1;2|private\x1b\\"
    b"\x1b[2 q\x1b]52;c;aGVsbG8=\x1b\\\x1b[?1000;1006h\x07\x1b[?2004h\x1b[?25ltext"
)


@pytest.mark.parametrize("size", [1, 2, 7, len(NOISE)])
def test_private_sequences_are_noted_and_never_drawn(size: int) -> None:
    terminal = fed(*(NOISE[start : start + size] for start in range(0, len(NOISE), size)))
    assert terminal.display() == ["text", "", "", ""]
    assert terminal.titles == ["a title", "a name"]
    assert terminal.clipboard == [b"hello"]
    assert terminal.bells == 1
    assert terminal.keyboard_depth == 1
    assert terminal.mouse_on
    assert terminal.in_alternate_screen
    assert {2004, 1049} <= terminal.modes
    assert 25 not in terminal.modes


def test_the_alternate_screen_gives_the_first_one_back() -> None:
    terminal = fed(b"before\r\n", b"\x1b[?1049h", b"\x1b[Hinside", b"\x1b[<u\x1b[?1049l", b"after")
    assert terminal.display() == ["before", "after", "", ""]
    assert not terminal.in_alternate_screen
    assert terminal.keyboard_depth == 0


def test_highlighted_rows_are_those_of_the_bar() -> None:
    bar = b"\x1b[7m" + b" " * 20 + b"\x1b[0m"
    assert fed(b"one\r\n", bar).highlighted_rows() == (1,)
    assert fed(b"\r\n\r\n\x1b[44mfour and a half words\x1b[0m").highlighted_rows() == (2,)


def test_wide_characters_take_two_cells() -> None:
    terminal = fed("会議 x".encode())
    assert terminal.display()[0] == "会議 x"
    assert terminal.cell(5, 0).data == "x"


def test_movements_of_ncurses_that_pyte_lacks() -> None:
    rows = b"one\r\ntwo\r\nthree\r\nfour"
    assert fed(rows, b"\x1b[2;3r\x1b[4;1H\x1b[S!").display() == ["one", "three", "", "!our"]
    assert fed(rows, b"\x1b[2;4r\x1b[2T").display() == ["one", "", "", "two"]
    assert fed(b"-\x1b[4bx").display()[0] == "-----x"
    assert fed(b"\x1b[1;18H\x1b[2Zx\x1b[9Zy").display()[0] == "y       x"


def test_half_a_wide_character_is_a_space() -> None:
    assert fed("会議\x1b[1;1Hx\x1b[1;4Hy".encode()).display()[0] == "x 議y"


def test_a_program_in_a_pty() -> None:
    with PtySession(COMMAND, columns=60, lines=10, term="vt100") as session:
        session.wait_for("size 60x10", "term vt100")
        session.press("j", "down")
        session.wait_for(r"keys b'j\x1b[B'")
        session.resize(90, 30)
        session.wait_for("size 90x30")
        assert session.terminal_restored() == ["the line's modes differ"]
        assert session.bytes_for("k", quiet=0.1) > 20
        assert session.resident_memory() > 1 << 20
        session.press("q")
        assert session.wait_exit() == 0
        assert session.terminal.text.startswith("bye")
        assert session.terminal_restored() == []


def test_waiting_in_vain_shows_the_screen() -> None:
    with PtySession(["sh", "-c", "echo here I am; read -r line"]) as session:
        with pytest.raises(WaitedTooLong, match=r"'nothing'(.|\n)*\|here I am"):
            session.wait_for("nothing", seconds=0.2)
        session.press("enter")
        with pytest.raises(WaitedTooLong, match="ended with 0"):
            session.wait_for("nothing")


def test_signals_and_a_lost_line_reach_the_program() -> None:
    script = "trap 'echo got TERM; exit 3' TERM; echo ready; while :; do read -r line; done"
    with PtySession(["sh", "-c", script]) as session:
        session.wait_for("ready")
        session.signal(signal.SIGTERM)
        session.press("enter")
        assert session.wait_exit() == 3
        assert "got TERM" in session.terminal.text
    with PtySession(["sh", "-c", "echo ready; exec cat"]) as session:
        session.wait_for("ready")
        session.hang_up()
        assert session.process.wait(10) == -signal.SIGHUP


def test_leaving_ends_the_program() -> None:
    with PtySession(
        ["sh", "-c", "trap '' TERM HUP; echo ready; while :; do read -r x; done"]
    ) as it:
        it.wait_for("ready")
    assert it.process.returncode == -signal.SIGKILL


@pytest.mark.server
def test_a_program_in_a_multiplexer(multiplexer: Multiplexer) -> None:
    inside = {"GnuScreen": "screen", "Tmux": "tmux-256color"}[type(multiplexer).__name__]
    client = multiplexer.start(COMMAND, columns=60, lines=12)
    client.wait_for("size 60x12", f"term {inside}")
    client.press("j")
    client.wait_for("keys b'j'")
    multiplexer.detach()
    again = multiplexer.attach(100, 30)
    again.wait_for("size 100x30", "keys b'j'")
    again.press("q")
    assert again.wait_exit() == 0


@pytest.mark.server
def test_leaving_ends_the_multiplexer(multiplexer: Multiplexer) -> None:
    multiplexer.start(COMMAND).wait_for("size 80x24")
    pids = multiplexer.server_pids()
    assert pids
    multiplexer.__exit__(None, None, None)
    assert not any(map(alive, pids))
    assert not multiplexer.folder.exists()
