"""Transfer encodings, whole and in pieces."""

from __future__ import annotations

import base64
import binascii
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.transfer import TransferDecoder, decode_transfer


@pytest.mark.parametrize(
    ("encoding", "data", "expected"),
    [
        ("7bit", b"as it is\r\n", b"as it is\r\n"),
        ("x-unknown", b"as it is", b"as it is"),
        ("", b"as it is", b"as it is"),
        ("BASE64", b"aGVs\r\nbG8=\r\n", b"hello"),
        ("base64", b"aGVsbG8", b"hello"),
        ("base64", b"aG*Vs-bG8=", b"hello"),
        ("base64", b"aGVsbG8=aGVsbG8=", b"hellohello"),
        ("base64", b"aGVsbG8a=A", b"hello\x1a"),
        ("base64", b"====", b""),
        ("base64", b"", b""),
        ("quoted-printable", b"Gr=C3=BC=C3=9Fe", "Grüße".encode()),
        ("quoted-printable", b"soft=\r\n break", b"soft break"),
        ("quoted-printable", b"soft=  \r\nbreak", b"softbreak"),
        ("quoted-printable", b"trailing \t\r\nspace", b"trailing\r\nspace"),
        ("quoted-printable", b"100=, a=ZZ", b"100=, a=ZZ"),
        ("quoted-printable", b"end=", b"end"),
        ("x-uuencode", b"begin 644 x\n%:&5L;&\\\n`\nend\n", b"hello"),
        ("x-uuencode", b"text\nbegin 644 x\n%:&5L;&\\ garbage\nend\nafter\n", b"hello"),
    ],
)
def test_decoding(encoding: str, data: bytes, expected: bytes) -> None:
    assert decode_transfer(data, encoding) == expected


PIECES = st.lists(st.integers(min_value=1, max_value=9), min_size=1, max_size=60)


def in_pieces(data: bytes, encoding: str, sizes: list[int]) -> bytes:
    decoder = TransferDecoder(encoding)
    out = b""
    while data:
        for size in sizes:
            out += decoder.feed(data[:size])
            data = data[size:]
    return out + decoder.finish()


@given(st.binary(max_size=300), PIECES)
def test_base64_in_pieces(data: bytes, sizes: list[int]) -> None:
    assert in_pieces(base64.encodebytes(data), "base64", sizes) == data


@given(st.binary(max_size=300), PIECES)
def test_quoted_printable_in_pieces(data: bytes, sizes: list[int]) -> None:
    encoded = quopri.encodestring(data, quotetabs=True)
    assert in_pieces(encoded, "quoted-printable", sizes) == data


@given(st.binary(max_size=300), PIECES)
def test_uuencode_in_pieces(data: bytes, sizes: list[int]) -> None:
    lines = [binascii.b2a_uu(data[start : start + 45]) for start in range(0, len(data), 45)]
    encoded = b"begin 644 name\n" + b"".join(lines) + b"`\nend\n"
    assert in_pieces(encoded, "uuencode", sizes) == data


@given(st.binary(max_size=200), PIECES)
def test_garbage_decodes_the_same_in_pieces_and_never_raises(data: bytes, sizes: list[int]) -> None:
    for encoding in ("base64", "quoted-printable", "x-uuencode", "8bit"):
        assert in_pieces(data, encoding, sizes) == decode_transfer(data, encoding)


def test_a_line_without_end_is_decoded_before_it_is_whole() -> None:
    decoder = TransferDecoder("quoted-printable")
    first = decoder.feed(b"=41" * 30_000 + b"=4")
    assert len(first) > 29_000
    assert first + decoder.feed(b"2") + decoder.finish() == b"A" * 30_000 + b"B"
