"""Charsets as declared, misdeclared and unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.charsets import decode_charset, decode_unknown


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        ("utf-8", "utf-8", "Größe €"),
        ("ISO-8859-1", "latin-1", "Größe"),
        ("iso-8859-15", "iso-8859-15", "10 €"),
        ("koi8-r", "koi8-r", "Привет"),
        ("iso-2022-jp", "iso2022_jp", "日本語のメール"),
        ("Shift_JIS", "cp932", "日本語①"),
        ("gb2312", "gb18030", "简体中文㐀"),
        ("big5", "big5", "繁體中文"),
        ("ks_c_5601-1987", "cp949", "한국어"),
        ("windows-1251", "cp1251", "Привет"),
        ("x-mac-cyrillic", "mac_cyrillic", "Привет"),
        ("utf-16", "utf-16", "sechzehn"),
        ('"utf-8"', "utf-8", "quoted Ü"),
        (None, "ascii", "plain"),
        ("us-ascii", "ascii", "plain"),
    ],
)
def test_known_charsets(charset: str | None, codec: str, text: str) -> None:
    assert decode_charset(text.encode(codec), charset) == (text, "")


def test_latin_1_is_read_as_the_windows_charset_senders_mean() -> None:
    assert decode_charset(b"\x80 \x93quoted\x94", "iso-8859-1") == ("€ “quoted”", "")


@pytest.mark.parametrize(
    ("charset", "data", "text", "said"),
    [
        ("no-such", "Größe".encode(), "Größe", "not known"),
        ("no-such", "Größe".encode("cp1252"), "Größe", "not known"),
        ("utf-7", b"+ADw-script+AD4-", "+ADw-script+AD4-", "not read"),
        ("us-ascii", "Größe €".encode("cp1252"), "Größe €", "Windows-1252"),
        ("utf-8", "Größe und mehr".encode("cp1252"), "Gr\ufffd\ufffde und mehr", "do not fit"),
        ("iso-2022-jp", "Größe".encode(), "Größe", "UTF-8"),
        ("utf-8", b"good text " * 20 + b"\xff", "good text " * 20 + "\ufffd", "do not fit"),
        ("rot13", b"uryyb", "uryyb", "not known"),
        ("zlib", b"x\x9cK", "xœK", "not known"),
        ("../../etc", b"x", "x", "not known"),
        ("\x1b[31m", b"x", "x", "not known"),
    ],
)
def test_wrong_charsets_degrade_with_a_note(
    charset: str, data: bytes, text: str, said: str
) -> None:
    decoded = decode_charset(data, charset)
    assert decoded.text == text
    assert said in decoded.note


def test_raw_octets_are_guessed() -> None:
    assert decode_unknown("Größe".encode()) == "Größe"
    assert decode_unknown("Größe".encode("latin-1")) == "Größe"
    assert decode_unknown(b"\x81\x8d") == "\x81\x8d"


@given(st.binary(max_size=100), st.text(max_size=20) | st.sampled_from(["utf-16", "hz", "idna"]))
def test_nothing_raises(data: bytes, charset: str) -> None:
    decode_charset(data, charset)
