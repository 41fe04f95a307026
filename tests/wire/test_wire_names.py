"""Sequence sets and the names of mailboxes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.errors import ProtocolError
from tui_mail.wire.mailbox_name import decode, encode
from tui_mail.wire.sequence_set import STAR, SequenceSet

numbers = st.integers(1, STAR - 1)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1", "1"),
        ("*", "*"),
        ("1:*", "1:*"),
        ("*:4", "4:*"),
        ("5:1", "1:5"),
        ("2,4:7,9,12:*", "2,4:7,9,12:*"),
        ("3,1,2", "1:3"),
        ("1:5,3:9", "1:9"),
        ("1:5,2:3", "1:5"),
        ("4294967295", "4294967295"),
        ("4294967295,*", "4294967295,*"),
        ("7:*,*", "7:*"),
    ],
)
def test_sets_are_read_and_written(text: str, written: str) -> None:
    found = SequenceSet.parse(text)
    assert str(found) == written
    assert SequenceSet.parse(bytes(found)) == found


@pytest.mark.parametrize(
    "text",
    ["", "0", "1,", ",1", "1:", ":1", "1:2:3", "a", "-1", "+1", "1 ", "1_0", "4294967296", "**"],
)
def test_what_is_no_set(text: str) -> None:
    with pytest.raises(ValueError, match="not a message number"):
        SequenceSet.parse(text)


@pytest.mark.parametrize("text", ["9" * 5000, "1:0", "\u0661"], ids=["long", "zero", "arabic"])
def test_what_int_would_take_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="not a message number"):
        SequenceSet.parse(text)


@given(st.lists(numbers, max_size=30))
def test_numbers_come_back(given_numbers: list[int]) -> None:
    found = SequenceSet.from_numbers(given_numbers)
    expected = sorted(set(given_numbers))
    assert list(found.to_array()) == expected
    assert len(found) == len(expected)
    assert bool(found) == bool(expected)
    assert all(number in found for number in expected)
    assert (1 in found) == (1 in expected)
    if expected:
        assert SequenceSet.parse(str(found)) == found


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=20), st.integers(21, 60))
def test_a_split_set_is_the_same_set(ranges: list[tuple[int, int]], length: int) -> None:
    whole = SequenceSet.parse(",".join(f"{first}:{last}" for first, last in ranges))
    pieces = whole.split(length)
    assert all(0 < len(str(piece)) <= length for piece in pieces)
    assert SequenceSet.parse(",".join(map(str, pieces))) == whole
    assert sum(map(len, pieces)) == len(whole)


def test_an_empty_set_has_no_pieces() -> None:
    assert SequenceSet().split() == []


@pytest.mark.parametrize("bad", [[0], [-1, 5], [STAR]])
def test_from_numbers_takes_message_numbers_only(bad: list[int]) -> None:
    with pytest.raises(ValueError, match="not message numbers"):
        SequenceSet.from_numbers(bad)


def test_between() -> None:
    assert str(SequenceSet.between(4)) == "4:*"
    assert str(SequenceSet.between(4, 6)) == "4:6"
    with pytest.raises(ValueError, match="not a range"):
        SequenceSet.between(5, 4)


def test_a_huge_set_is_not_expanded() -> None:
    huge = SequenceSet.parse("1:4294967295")
    assert len(huge) == 4294967295
    assert 77 in huge
    with pytest.raises(ProtocolError):
        huge.to_array()
    with pytest.raises(ProtocolError):
        SequenceSet.parse("1:5").to_array(limit=4)


def test_a_set_without_an_end_has_no_length() -> None:
    with pytest.raises(ValueError, match="no end"):
        len(SequenceSet.between(1))
    with pytest.raises(ProtocolError):
        SequenceSet.between(1).to_array()


def test_a_million_numbers_are_one_range() -> None:
    assert SequenceSet.from_numbers(range(1, 1_000_001)).ranges == ((1, 1_000_000),)


# mailbox names


@pytest.mark.parametrize(
    ("wire", "shown"),
    [
        (b"INBOX", "INBOX"),
        (b"a & b".replace(b"&", b"&-"), "a & b"),
        (b"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),
        (b"Entw&APw-rfe", "Entwürfe"),
        (b"&2D3eAA-", "\U0001f600"),
        (b"", ""),
    ],
)
def test_names_both_ways(wire: bytes, shown: str) -> None:
    assert decode(wire) == shown
    assert encode(shown) == wire


@pytest.mark.parametrize(
    ("wire", "shown"),
    [
        (b"&", "&"),
        (b"a&b", "a&b"),
        (b"&A-", "&A-"),
        (b"&2D0-", "&2D0-"),
        (b"&****-", "&****-"),
        (b"\xc3\xa9", "é"),
        (b"\xff&-", "\N{REPLACEMENT CHARACTER}&"),
        (b"&APw", "&APw"),
    ],
)
def test_broken_names_are_shown_as_they_stand(wire: bytes, shown: str) -> None:
    assert decode(wire) == shown


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_name_comes_back(name: str) -> None:
    wire = encode(name)
    assert decode(wire) == name
    assert all(0x20 <= octet <= 0x7E for octet in wire)


@given(st.text())
def test_half_a_surrogate_pair_is_replaced(name: str) -> None:
    shown = decode(encode(name))
    assert shown.encode() is not None
    assert encode(shown) == encode(name)


@given(st.binary())
def test_no_name_raises(name: bytes) -> None:
    decode(name).encode("utf-8")
