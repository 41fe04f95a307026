"""Header fields decoded: encoded words, addresses, dates, ids."""

from __future__ import annotations

import calendar
import email.utils

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.headers import (
    MAX_ADDRESSES,
    SummaryFields,
    decode_header,
    display_address,
    display_addresses,
    full_address,
    message_ids,
    parse_date,
    summary_fields,
)
from tui_mail.model import Address, Envelope


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"Plain", "Plain"),
        (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe?= aus =?iso-8859-1?q?K=F6ln?=", "Grüße aus Köln"),
        (b"Re: =?UTF-8?B?R3LDvMOfZQ==?=", "Re: Grüße"),
        (b"=?utf-8?q?a?= =?utf-8?q?b?=\r\n =?utf-8?q?c?=", "abc"),
        (b"=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        (b"=?utf-8?q?a_?=b", "a b"),
        # A character cut in two between words, as some mailers do.
        (b"=?utf-8?b?8J+Y?= =?utf-8?b?gA==?=", "😀"),
        (b"=?utf-8?b?4oI?= =?utf-8?b?rA?=", "€"),
        (b"=?utf-8?q?=E2=82?= =?utf-8?q?=AC?=", "€"),
        (b"=?utf-8?b?R3LDvMOfZQ?=", "Grüße"),
        (b"=?utf-8?q?spaces inside are wrong?=", "spaces inside are wrong"),
        (b"=?utf-8?q?why??=", "why?"),
        (b"=?utf-8?q?bad=ZZ=4?=", "bad=ZZ=4"),
        (b"=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        (b"=?us-ascii*en?q?language?=", "language"),
        (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        (b"=?koi8-r?B?8NLJ18XU?=", "Привет"),
        (b"=?no-such-charset?q?=C3=BC?=", "ü"),
        (b"=?utf-7?q?+ADw-?=", "+ADw-"),
        (b"=?zlib?q?x?=", "x"),
        ("Größe".encode(), "Größe"),
        ("Größe".encode("latin-1"), "Größe"),
        (b"folded\r\n  subject\r\n\tline", "folded  subject line"),
        (b"=?utf-8?q?unfinished", "=?utf-8?q?unfinished"),
        (b"\x1b[31m=?utf-8?q?=1b[0m=0d=0aBcc:_x?=", "\ufffd[31m\ufffd[0m Bcc: x"),
        (b"=?utf-8?b?4oCu?=x", "x"),
        (b"", ""),
    ],
)
def test_unstructured_fields(raw: bytes, expected: str) -> None:
    assert decode_header(raw) == expected


@given(st.binary(max_size=200))
def test_no_octets_are_too_odd_for_a_field(raw: bytes) -> None:
    assert "\n" not in decode_header(raw)
    assert "\x1b" not in decode_header(b"=?utf-8?q?" + raw + b"?=")


def test_a_huge_field_is_bounded() -> None:
    assert len(decode_header(b"=?utf-8?q?" + b"=C3=BC" * 100_000 + b"?=")) < 100_000


ANNA = Address(b"Anna Example", b"anna", b"example.org")
BARE = Address(None, b"bob", b"example.org")


def test_addresses() -> None:
    assert display_address(ANNA) == "Anna Example"
    assert display_address(BARE) == "bob@example.org"
    assert full_address(ANNA) == "Anna Example <anna@example.org>"
    assert full_address(BARE) == "bob@example.org"
    assert full_address(Address(b"Example, Anna", b"a", b"b.c")) == '"Example, Anna" <a@b.c>'
    assert full_address(Address(b"a@b.c", b"a", b"b.c")) == "a@b.c"
    assert display_address(Address(b'"Anna \\"A\\""', b"a", b"b.c")) == 'Anna "A"'
    assert display_address(Address(b"=?utf-8?q?J=C3=BCrgen?=", b"j", b"b.c")) == "Jürgen"


def test_placeholders_of_servers_are_not_shown() -> None:
    assert display_address(Address(None, b"root", b".MISSING-HOST-NAME.")) == "root"


def test_groups() -> None:
    begin, end = Address(None, b"Friends", None), Address(None, None, None)
    assert display_addresses((begin, end)) == "Friends:;"
    assert display_addresses((begin, ANNA, BARE, end, BARE)) == (
        "Friends: Anna Example, bob@example.org, bob@example.org"
    )
    assert display_addresses((begin,)) == "Friends:;"
    assert display_addresses(()) == ""


def test_many_addresses_are_counted() -> None:
    shown = display_addresses((BARE,) * (MAX_ADDRESSES + 5))
    assert shown.endswith("bob@example.org, and 5 more")


MOMENT = calendar.timegm((2023, 11, 12, 13, 5, 33))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"Sun, 12 Nov 2023 14:05:33 +0100", MOMENT),
        (b"Sun, 12 Nov 2023 14:05:33 +0100 (CET)", MOMENT),
        (b"12 Nov 2023 13:05:33 GMT", MOMENT),
        (b"12 Nov 2023 13:05:33", MOMENT),
        (b"Sun, 12 Nov 23 08:05:33 EST", MOMENT),
        (b"12 November 2023 13:05:33 UT", MOMENT),
        (b"12-Nov-2023 05:35:33 -0730", MOMENT),
        (b"Sun Nov 12 13:05:33 2023", MOMENT),
        (b"2023-11-12T13:05:33Z", MOMENT),
        (b"2023-11-12 14:05:33.123+01:00", MOMENT),
        (b"12 Nov 123 13:05:33 +0000", MOMENT),
        (b"1 Jan 1970 00:00 +0000", 0),
        (b"31 Dec 1969 23:59:59 +0000", -1),
        (b"29 Feb 2000 00:00:00 +0000", 951782400),
        (b"32 Nov 2023 13:05:33 +0000", None),
        (b"12 Foo 2023 13:05:33 +0000", None),
        (b"12 Nov 2023 33:05:33 +0000", None),
        (b"2023-13-12T13:05:33Z", None),
        (b"yesterday", None),
        (b"", None),
    ],
)
def test_dates(raw: bytes, expected: int | None) -> None:
    assert parse_date(raw) == expected


@given(st.integers(min_value=-2_000_000_000, max_value=4_000_000_000))
def test_dates_agree_with_the_standard_library(moment: int) -> None:
    assert parse_date(email.utils.formatdate(moment).encode()) == moment


@given(st.binary(max_size=60))
def test_no_octets_are_too_odd_for_a_date(raw: bytes) -> None:
    parse_date(raw)
    parse_date(b"12 Nov 2023 " + raw)


def test_message_ids() -> None:
    assert message_ids(b"<a@b> <c@d>\r\n\t<e@f>") == ("a@b", "c@d", "e@f")
    assert message_ids(b"bare@id") == ("bare@id",)
    assert message_ids(b"Anna's message of Monday") == ()
    assert message_ids(None) == ()


def test_the_summary_of_an_envelope() -> None:
    envelope = Envelope(
        date=b"Sun, 12 Nov 2023 14:05:33 +0100",
        subject=b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
        from_=(Address(b"Anna Example", b"Anna", b"Example.org"),),
        sender=(),
        reply_to=(),
        to=(BARE,),
        cc=(ANNA,),
        bcc=(),
        in_reply_to=b"<before@x> <more@x>",
        message_id=b"<this@x>",
    )
    assert summary_fields(envelope) == SummaryFields(
        sender="Anna Example",
        sender_address="anna@example.org",
        recipients="bob@example.org",
        subject="Grüße",
        sent_date=MOMENT,
        message_id="this@x",
        in_reply_to="before@x",
    )


def test_an_empty_envelope_has_a_summary() -> None:
    empty = Envelope(None, None, (), (), (), (), (), (), None, None)
    assert summary_fields(empty) == SummaryFields("", "", "", "", None, "", "")
