"""Bytes to whole responses, in any pieces, within limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.errors import ProtocolError
from tui_mail.wire.framing import Framer, Limits, RawResponse

SMALL = Limits(line=100, literal=50, literals=3, response=120)


def take_all(framer: Framer) -> list[RawResponse]:
    found = []
    while (raw := framer.take()) is not None:
        found.append(raw)
    return found


def frames(*pieces: bytes, limits: Limits | None = None) -> list[RawResponse]:
    framer = Framer(limits or Limits())
    found = []
    for piece in pieces:
        framer.feed(piece)
        found += take_all(framer)
    return found


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"* OK\r\n", [RawResponse(b"* OK\r\n")]),
        (b"* OK\n", [RawResponse(b"* OK\n")]),
        (b"* A {2}\r\n\r\n B\r\n", [RawResponse(b"* A {2}\r\n B\r\n", (b"\r\n",))]),
        (b"* A {2}\n\r\n B\n", [RawResponse(b"* A {2}\n B\n", (b"\r\n",))]),
        (b"* A {0}\r\n\r\n", [RawResponse(b"* A {0}\r\n\r\n", (b"",))]),
        (b"* A ~{1}\r\n\0)\r\n", [RawResponse(b"* A ~{1}\r\n)\r\n", (b"\0",))]),
        (b"* A {1+}\r\nx\r\n", [RawResponse(b"* A {1+}\r\n\r\n", (b"x",))]),
        (
            b"* A {1}\r\nx {1}\r\ny z\r\n",
            [RawResponse(b"* A {1}\r\n {1}\r\n z\r\n", (b"x", b"y"))],
        ),
        (b"* A {}\r\n", [RawResponse(b"* A {}\r\n")]),
        (b"* A {x}\r\n", [RawResponse(b"* A {x}\r\n")]),
        (b"* OK {5}\r\n", [RawResponse(b"* OK {5}\r\n")]),
        (b"A1 BAD what? {5}\r\n", [RawResponse(b"A1 BAD what? {5}\r\n")]),
        (b"+ {5}\r\n", [RawResponse(b"+ {5}\r\n")]),
        (b"* OKAY {1}\r\nx\r\n", [RawResponse(b"* OKAY {1}\r\n\r\n", (b"x",))]),
        (b"\r\n", [RawResponse(b"\r\n")]),
    ],
)
def test_frames(data: bytes, expected: list[RawResponse]) -> None:
    assert frames(data) == expected
    assert frames(*(data[at : at + 1] for at in range(len(data)))) == expected
    assert frames(data + b"* 1 EX") == expected
    assert frames(data + data) == expected * 2
    assert sum(raw.size for raw in expected) == len(data)


def test_nothing_is_given_before_it_is_whole() -> None:
    framer = Framer(Limits())
    for piece in (b"* A {3}", b"\r\n", b"ab", b"c", b" B"):
        framer.feed(piece)
        assert framer.take() is None
    framer.feed(b"\r\n")
    assert framer.take() == RawResponse(b"* A {3}\r\n B\r\n", (b"abc",))
    assert framer.take() is None


def test_clear_forgets_a_half_response() -> None:
    framer = Framer(Limits())
    framer.feed(b"* OK\r\n* A {5}\r\nab")
    assert framer.take() is not None
    assert framer.take() is None
    framer.clear()
    framer.feed(b"* NO\r\n")
    assert take_all(framer) == [RawResponse(b"* NO\r\n")]


@pytest.mark.parametrize(
    "data",
    [
        b"x" * 101,
        b"x" * 101 + b"\r\n",
        b"x" * 40 + b"{1}\r\ny" + b"x" * 70,
        b"* A {51}\r\n",
        b"* A {99999999999999999999}\r\n",
        b"* A" + b" {1}\r\nx" * 4 + b"\r\n",
        b"* A {50}\r\n" + b"x" * 50 + b" {50}\r\n" + b"x" * 50 + b" {5}\r\n",
    ],
)
def test_limits(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        frames(data, limits=SMALL)
    with pytest.raises(ProtocolError):
        frames(*(data[at : at + 1] for at in range(len(data))), limits=SMALL)


def test_what_is_within_the_limits_passes() -> None:
    data = b"* A" + b" {1}\r\nx" * 3 + b"\r\n" + b"x" * 98 + b"\r\n"
    assert len(frames(data, limits=SMALL)) == 2


def test_limits_begin_anew_with_each_response() -> None:
    data = (b"* A {50}\r\n" + b"x" * 50 + b"\r\n") * 10
    assert len(frames(data, limits=SMALL)) == 10


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_pieces_make_no_difference(data: bytes, cuts: list[int]) -> None:
    def outcome(*pieces: bytes) -> list[RawResponse] | str:
        try:
            return frames(*pieces, limits=SMALL)
        except ProtocolError as error:
            return error.title

    places = sorted(cuts)
    ends = [*places, len(data)]
    pieces = [data[start:end] for start, end in zip([0, *places], ends, strict=True)]
    whole, in_pieces = outcome(data), outcome(*pieces)
    assert isinstance(whole, str) == isinstance(in_pieces, str)
    if not isinstance(whole, str):
        assert whole == in_pieces
