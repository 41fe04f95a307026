"""What the environment says about the terminal, and the sequences made from that."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import re
import signal
import subprocess
import sys

import pytest

from tui_mail.ui.terminal import (
    SurvivingFile,
    Terminal,
    copy_sequence,
    keep_title_sequence,
    leave_on_signals,
    prepare,
    restore_title_sequence,
    title_sequence,
)

XTERM = Terminal("xterm-256color", "", False, True)
SCREEN = Terminal("screen", "screen", False, True)
TMUX = Terminal("tmux-256color", "tmux", False, True)
CONSOLE = Terminal("linux", "", False, True)


def test_the_module_loads_no_textual() -> None:
    code = "import sys, tui_mail.ui.terminal; print(*{'textual', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_inside_screen_the_outer_terminals_colors_are_forgotten() -> None:
    environ = {"TERM": "screen", "STY": "1234.pts-0", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    assert prepare(environ) == SCREEN
    assert "COLORTERM" not in environ
    assert environ["TEXTUAL_ANIMATIONS"] == "none"
    assert not SCREEN.mouse_works


def test_elsewhere_colors_stay() -> None:
    environ = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "TEXTUAL_THEME": "nord"}
    assert prepare(environ) == XTERM
    assert environ["COLORTERM"] == "truecolor"
    assert "TEXTUAL_THEME" not in environ
    assert prepare({"TERM": "tmux-256color", "TMUX": "/tmp/x,1,0"}) == TMUX
    assert XTERM.mouse_works and TMUX.mouse_works


@pytest.mark.parametrize(
    ("environ", "no_color"), [({"NO_COLOR": "1"}, True), ({"NO_COLOR": ""}, False), ({}, False)]
)
def test_no_color_counts_only_with_a_value(environ: dict[str, str], no_color: bool) -> None:
    assert prepare(environ).no_color is no_color
    assert ("NO_COLOR" in environ) is no_color


@pytest.mark.parametrize(
    ("environ", "unicode"),
    [
        ({}, True),
        ({"LANG": "de_DE.UTF-8"}, True),
        ({"LANG": "de_DE.utf8"}, True),
        ({"LC_ALL": "C", "LANG": "de_DE.ISO-8859-1"}, True),
        ({"LC_CTYPE": "de_DE.ISO-8859-1", "LANG": "de_DE.UTF-8"}, False),
    ],
)
def test_unicode_is_what_the_locale_says(environ: dict[str, str], unicode: bool) -> None:
    assert prepare(environ).unicode is unicode


def test_the_window_is_named_as_the_terminal_wants_it() -> None:
    assert title_sequence("INBOX (3)", XTERM) == "\x1b]2;INBOX (3)\x07"
    assert title_sequence("INBOX (3)", SCREEN) == "\x1bkINBOX (3)\x1b\\"
    assert title_sequence("INBOX (3)", CONSOLE) == ""
    assert len(title_sequence("x" * 500, SCREEN)) < 70


def test_a_title_cannot_break_out() -> None:
    for terminal in (XTERM, SCREEN, TMUX):
        inside = title_sequence("a\x1b\\b\x07c\x9cd", terminal)[2:].removesuffix("\x1b\\")
        assert not re.search("[\x00-\x1f\x7f-\x9f]", inside.removesuffix("\x07"))


def test_the_title_is_given_back() -> None:
    assert keep_title_sequence(XTERM) == "\x1b[22;2t"
    assert restore_title_sequence(XTERM, "/bin/bash") == "\x1b[23;2t"
    assert keep_title_sequence(SCREEN) == ""
    assert restore_title_sequence(SCREEN, "/bin/bash") == "\x1bkbash\x1b\\"
    assert keep_title_sequence(CONSOLE) + restore_title_sequence(CONSOLE, "/bin/sh") == ""


@pytest.mark.parametrize("terminal", [XTERM, SCREEN, TMUX])
def test_the_clipboard_gets_the_text(terminal: Terminal) -> None:
    text = "https://example.org/" + "ä" * 300
    sequence = copy_sequence(text, terminal)
    assert sequence is not None
    if terminal is SCREEN:
        chunks = re.findall("\x1bP(.*?)\x1b\\\\", sequence, re.DOTALL)
        assert max(map(len, chunks)) <= 76
        sequence = "".join(chunks)
    match = re.fullmatch("\x1b\\]52;c;([A-Za-z0-9+/=]+)\x07", sequence)
    assert match is not None
    assert base64.b64decode(match[1]).decode() == text


def test_more_than_a_terminal_takes_is_not_copied() -> None:
    assert copy_sequence("x" * 100_000, XTERM) is None
    assert copy_sequence("\udc80", XTERM) is not None


async def test_the_first_signal_asks_to_leave_and_the_second_kills() -> None:
    loop = asyncio.get_running_loop()
    left: asyncio.Future[int] = loop.create_future()
    leave_on_signals(loop, left.set_result)
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        assert await left == 128 + signal.SIGTERM
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGHUP) is not signal.SIG_DFL
    finally:
        for number in (signal.SIGHUP, signal.SIGTERM):
            loop.remove_signal_handler(number)


class _Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


def test_a_terminal_that_went_away_is_no_error() -> None:
    file = SurvivingFile(_Gone())
    assert file.write("text") == 4
    assert file.gone
    file.flush()
    closed = io.StringIO()
    closed.close()
    file = SurvivingFile(closed)
    assert file.write("more") == 4
    assert file.gone
