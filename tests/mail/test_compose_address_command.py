"""The person's own address book program: run and read."""

from __future__ import annotations

import os
import shlex
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.errors import MailError
from tui_mail.mail.compose.address_command import Found, look_up, parse_output


def _command(tmp_path: Path, script: str) -> str:
    """A program with this body, in which ``argv`` is what it was given."""
    file = tmp_path / "book.py"
    file.write_text(f"import sys, os, time\nargv = sys.argv[1:]\n{script}\n")
    return shlex.join([sys.executable, "-S", str(file)])


@pytest.mark.parametrize(
    ("output", "found"),
    [
        # khard email --parsable
        (
            "searching for 'an' ...\nanna@example.org\tAnna Example\twork\n",
            [Found("Anna Example", "anna@example.org", "work")],
        ),
        # abook --mutt-query: an empty line first
        (
            "\nanna@example.org\tAnna Example\t \nbo@example.net\tBo\tfriend\n",
            [Found("Anna Example", "anna@example.org"), Found("Bo", "bo@example.net", "friend")],
        ),
        ("Not found\n", []),
        # notmuch-addrlookup
        (
            'Anna Example <anna@example.org>\n"Doe, J" <j@x.org>\nbare@x.org\n',
            [
                Found("Anna Example", "anna@example.org"),
                Found("Doe, J", "j@x.org"),
                Found("", "bare@x.org"),
            ],
        ),
        ("A@x.org\tA\na@x.org\tB\n", [Found("A", "A@x.org")]),
        ("a@x.org\tEvil\x1b[31m\n", [Found("Evil\ufffd[31m", "a@x.org")]),
        ("a@x.org, b@x.org\tTwo\n", []),
        ("", []),
    ],
)
def test_what_programs_print(output: str, found: list[Found]) -> None:
    assert parse_output(output.encode()) == found
    assert parse_output(output.replace("\n", "\r\n").encode()) == found


@given(st.binary(max_size=300))
def test_anything_printed_gives_values(output: bytes) -> None:
    assert all(each.address for each in parse_output(output))


def test_what_was_typed_is_one_word_that_no_shell_reads(tmp_path: Path) -> None:
    command = _command(tmp_path, "print('a@x.org\\t' + '|'.join(argv))")
    assert look_up(command, "$(id); x y")[0].name == "$(id); x y"
    assert look_up(f"{command} -q %s --end", "x y")[0].name == "-q|x y|--end"


def test_nothing_that_looks_like_an_option_is_handed_on(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    command = _command(tmp_path, f"open({str(marker)!r}, 'w')")
    assert look_up(command, "--exec=x") == []
    assert look_up(command, "  ") == []
    assert not marker.exists()


@pytest.mark.parametrize("script", ["print('Not found'); sys.exit(1)", "sys.exit(0)"])
def test_nothing_found(tmp_path: Path, script: str) -> None:
    assert look_up(_command(tmp_path, script), "x") == []


def test_what_went_wrong_is_told(tmp_path: Path) -> None:
    command = _command(tmp_path, "sys.stderr.write('first\\nno \\x1b database\\n'); sys.exit(3)")
    with pytest.raises(MailError) as raised:
        look_up(command, "x")
    assert "status 3" in raised.value.title
    assert raised.value.server_line == "no \\x1b database"
    with pytest.raises(MailError, match="No such file"):
        look_up(str(tmp_path / "nowhere"), "x")


def test_one_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    script = f"pid = os.fork()\nif pid: open({str(noted)!r}, 'w').write(str(pid))\ntime.sleep(60)"
    started = time.monotonic()
    with pytest.raises(MailError, match="stopped after"):
        look_up(_command(tmp_path, script), "x", timeout=1.5)
    assert time.monotonic() - started < 10
    child = int(noted.read_text())
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and _alive(child):
        os.sched_yield()
    assert not _alive(child)


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_one_that_never_stops_printing_is_cut_off(tmp_path: Path) -> None:
    script = "while True: print('a%d@x.org\\tname' % id(object()), flush=False)"
    assert look_up(_command(tmp_path, script), "x", timeout=20)[0].name == "name"
