"""What may reach the terminal, and what may not."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.sanitize import clean, columnar, decode_clean

HARMFUL = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069\ufeff\u00ad\u034f\u3164",
    "\ud800",
    "\udfff",
    "\U000e0041",
    "\ufffe",
]


@pytest.mark.parametrize("character", HARMFUL, ids=lambda c: f"U+{ord(c):04X}")
def test_nothing_harmful_passes(character: str) -> None:
    for made in (clean(f"a{character}b"), columnar(f"a{character}b")):
        assert character not in made
        assert made[0] == "a"
        assert made[-1] == "b"
    assert character not in decode_clean(f"a{character}b".encode("utf-8", "surrogatepass"))


def test_plain_text_is_returned_as_the_same_object() -> None:
    text = "A plain subject, with [brackets] and \\backslashes"
    assert clean(text) is text
    assert columnar(text) is text


def test_ordinary_scripts_are_untouched() -> None:
    for text in ("Größe", "日本語", "שלום", "مرحبا", "Привет", "a\u0301b", "ไทย"):
        assert clean(text) == text


def test_lines_become_one_or_stay_lines() -> None:
    text = "a\r\nb\rc\nd\u2028e\x0cf\x85g\th"
    assert clean(text) == "a b c d e f g h"
    assert clean(text, newlines=True) == "a\nb\nc\nd\ne\nf\ng h"
    assert clean(text, newlines=True, tabs=True) == "a\nb\nc\nd\ne\nf\ng\th"


def test_an_escape_sequence_is_shown_broken() -> None:
    assert clean("\x1b[31mred\x1b]0;title\x07") == "\ufffd[31mred\ufffd]0;title\ufffd"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("👨\u200d👩\u200d👧 family", "👨 family"),
        ("👍🏽", "👍"),
        ("❤\ufe0f", "❤"),
        ("1\ufe0f\u20e3", "1"),
        ("🇩🇪", "DE"),
        ("e\u0301", "é"),
        ("a" + "\u0300" * 50 + "b", "à\u0300\u0300\u0300b"),
        ("a\u00a0b\u2009c", "a b c"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u062e"),
        ("\U0001fbff\u0378", "\ufffd\ufffd"),
        ("", ""),
    ],
)
def test_columns_agree_with_a_multiplexer(text: str, expected: str) -> None:
    assert columnar(text) == expected


def test_protocol_lines_show_what_they_hold() -> None:
    assert decode_clean(b"* FLAGS (\\Seen \\Deleted)") == "* FLAGS (\\Seen \\Deleted)"
    assert decode_clean(b"\x1b[2J\r\n\x00") == "\\x1b[2J\\r\\n\\x00"
    assert decode_clean("Größe \u202e".encode()) == "Größe \\u202e"
    assert decode_clean("Größe".encode("latin-1")) == "Größe"
    assert decode_clean(b"\x9b31m") == "\\x9b31m"


def _is_drawable(text: str) -> bool:
    kinds = {unicodedata.category(character) for character in text}
    return not kinds & {"Cc", "Cs", "Zl", "Zp"}


@given(st.text(st.characters(codec=None), max_size=60))
def test_any_text_is_made_drawable_once_and_for_all(text: str) -> None:
    for function in (clean, columnar):
        made = function(text)
        assert _is_drawable(made)
        assert function(made) == made


@given(st.binary(max_size=60))
def test_any_octets_become_one_drawable_line(data: bytes) -> None:
    assert _is_drawable(decode_clean(data))


def test_every_code_point_is_drawable_afterwards() -> None:
    everything = "x".join(map(chr, range(sys.maxunicode + 1)))
    assert _is_drawable(clean(everything))
    assert _is_drawable(columnar(everything))
