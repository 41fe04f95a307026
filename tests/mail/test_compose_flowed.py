"""Bodies between how they are written and how they travel; quoting."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.compose import flowed, quoting

LONG = " ".join(["word"] * 60)


def test_a_paragraph_is_broken_behind_spaces_and_joined_again() -> None:
    lines = flowed.encode(LONG).splitlines()
    assert len(lines) > 3
    assert all(len(line) <= 73 for line in lines)
    assert all(line.endswith(" ") for line in lines[:-1])
    assert not lines[-1].endswith(" ")
    assert flowed.decode("\r\n".join(lines)) == LONG


def test_quotes_are_broken_with_their_marks() -> None:
    lines = flowed.encode(f"> > {LONG}").splitlines()
    assert all(line.startswith(">> ") for line in lines)
    assert flowed.decode("\n".join(lines)) == f">> {LONG}"


@pytest.mark.parametrize(
    ("written", "travels"),
    [
        ("", ""),
        ("a\n\nb\n\n\n", "a\n\nb\n"),
        ("From here", " From here\n"),
        (" indented", "  indented\n"),
        (">quoted", "> quoted\n"),
        (">", ">\n"),
        ("trailing   \nnext", "trailing\nnext\n"),
        ("a\r\nb\rc", "a\nb\nc\n"),
        ("a\n-- \nAnna", "a\n-- \nAnna\n"),
        ("> -- ", "> --\n"),
        ("nul\0 and \udc80", "nul\ufffd and \ufffd\n"),
    ],
)
def test_how_lines_travel(written: str, travels: str) -> None:
    assert flowed.encode(written) == travels


def test_no_line_of_a_paragraph_looks_like_the_signature() -> None:
    text = "-- " + "x" * 80 + " and more"
    assert "-- " not in flowed.encode(text).splitlines()
    assert flowed.decode(flowed.encode(text)) == text


@given(st.text(alphabet="ab >-\nFrom \t-ü漢\r\x00", max_size=400))
def test_what_was_written_arrives(text: str) -> None:
    normal = flowed.normal(text)
    assert flowed.decode(flowed.encode(text)) == normal
    assert flowed.normal(normal) == normal


def test_quoting_goes_one_deeper() -> None:
    assert quoting.quote("\na\n\n> b\n>> c\n\n") == "> a\n>\n>> b\n>>> c"


def test_the_signature_is_not_quoted() -> None:
    assert quoting.quote("a\n-- \nAnna\n") == "> a"
    assert quoting.quote("-- \nAnna") == ""
    assert quoting.quote("") == ""


def test_the_line_above(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    try:
        line = quoting.attribution("Anna", 1795231800)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert line == "On 21 November 2026 at 05:30, Anna wrote:"
    assert quoting.attribution("Anna", None) == "Anna wrote:"
    assert quoting.attribution("Anna", 10**20) == "Anna wrote:"
