"""Envelopes: the quick way and the tolerant one, which must not differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.model import Address, Envelope
from tui_mail.wire.framing import Framer, Limits
from tui_mail.wire.parser import parse_response
from tui_mail.wire.parser_envelope import envelope, envelope_value
from tui_mail.wire.responses import Fetch
from tui_mail.wire.tokens import Cursor, ParseError

ANNA = Address(b"Anna", b"anna", b"example.org")
USUAL = (
    b'("date" "subject" (("Anna" NIL "anna" "example.org")) '
    b'(("Anna" NIL "anna" "example.org")) (("Anna" NIL "anna" "example.org")) '
    b'((NIL NIL "bob" "example.com")("C \\"c\\"" NIL "c" "example.com")) NIL NIL "<a>" "<b>")'
)


def read(raw: bytes) -> Envelope | None:
    return envelope(Cursor(raw + b")\r\n"))


def test_the_usual_form() -> None:
    found = read(USUAL)
    assert found == Envelope(
        b"date",
        b"subject",
        (ANNA,),
        (ANNA,),
        (ANNA,),
        (Address(None, b"bob", b"example.com"), Address(b'C "c"', b"c", b"example.com")),
        (),
        (),
        b"<a>",
        b"<b>",
    )
    assert found == envelope_value(Cursor(USUAL).value())


def expect(raw: bytes, **fields: object) -> None:
    found = read(raw)
    assert found is not None
    assert {name: getattr(found, name) for name in fields} == fields


def test_nil_and_the_empty_string_differ() -> None:
    expect(b'("" NIL NIL NIL NIL NIL NIL NIL NIL "")', date=b"", subject=None, message_id=b"")


def test_group_syntax() -> None:
    group = b'((NIL NIL "Friends" NIL)(NIL NIL "bob" "example.com")(NIL NIL NIL NIL))'
    expect(
        b"(NIL NIL NIL NIL NIL %b NIL NIL NIL NIL)" % group,
        to=(
            Address(None, b"Friends", None),
            Address(None, b"bob", b"example.com"),
            Address(None, None, None),
        ),
    )


@pytest.mark.parametrize(
    "raw",
    [
        b'(NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL)',
        b'(nil "s" Nil NIL NIL NIL NIL NIL NIL NIL)',
        b'( NIL  "s"  NIL NIL NIL NIL NIL NIL NIL  NIL )',
        b'(NIL "s" () () () () () () NIL NIL)',
        b'(NIL "s" (NIL) NIL NIL NIL NIL NIL NIL NIL)',
        b'(NIL "s")',
        b'(NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL "more" ("of" it))',
        b"(NIL s NIL NIL NIL NIL NIL NIL NIL NIL)",
    ],
)
def test_what_servers_make_of_it(raw: bytes) -> None:
    nothing = Envelope(None, b"s", (), (), (), (), (), (), None, None)
    assert read(raw) == nothing


def test_an_address_with_fewer_or_more_fields() -> None:
    expect(
        b'(NIL NIL (("a" NIL "b")("c")("d" NIL "e" "f" "g")) NIL NIL NIL NIL NIL NIL NIL)',
        from_=(
            Address(b"a", b"b", None),
            Address(b"c", None, None),
            Address(b"d", b"e", b"f"),
        ),
    )


@pytest.mark.parametrize(
    "raw",
    [
        b'"text"',
        b"((x))",
        b"(NIL NIL x NIL NIL NIL NIL NIL NIL NIL)",
        b"(NIL NIL (x) NIL NIL NIL NIL NIL NIL NIL)",
        b"(NIL NIL ((x (y))) (((z))) NIL NIL NIL NIL NIL NIL)",
    ],
)
def test_what_is_no_envelope(raw: bytes) -> None:
    with pytest.raises(ParseError):
        read(raw)


def test_a_broken_envelope_leaves_the_other_items() -> None:
    line = b"* 1 FETCH (UID 7 ENVELOPE (NIL ({1}\r\n) NIL) FLAGS (x) BODY[] {2}\r\n)\r\n"
    found = parse_response(line, (b"a", b"bc"))
    assert isinstance(found, Fetch)
    assert (found.uid, found.flags, found.sections) == (7, frozenset({"x"}), (("", b"bc"),))
    assert found.envelope is None
    assert [item.partition(":")[0] for item in found.broken] == ["ENVELOPE"]


# Round trips: any envelope written by any mixture of quoted strings and literals.

octets = st.binary(max_size=12)
nstrings = st.none() | octets
addresses = st.lists(st.builds(Address, nstrings, nstrings, nstrings), max_size=3).map(tuple)
envelopes = st.builds(
    Envelope,
    nstrings,
    nstrings,
    *[addresses] * 6,
    nstrings,
    nstrings,
)


def written_string(value: bytes | None, literal: bool) -> bytes:
    if value is None:
        return b"NIL"
    if literal or b"\n" in value or b"\r" in value:
        return b"{%d}\r\n%b" % (len(value), value)
    return b'"%b"' % value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def written(value: Envelope, literal: bool) -> bytes:
    def string(item: bytes | None) -> bytes:
        return written_string(item, literal)

    def people(items: tuple[Address, ...]) -> bytes:
        each = [
            b"(%b NIL %b %b)" % (string(item.name), string(item.mailbox), string(item.host))
            for item in items
        ]
        return b"(%b)" % b"".join(each) if each else b"NIL"

    fields = [string(value.date), string(value.subject)]
    for items in (value.from_, value.sender, value.reply_to, value.to, value.cc, value.bcc):
        fields.append(people(items))
    fields += [string(value.in_reply_to), string(value.message_id)]
    return b"(%b)" % b" ".join(fields)


@given(envelopes, st.booleans())
def test_round_trip(value: Envelope, literal: bool) -> None:
    framer = Framer(Limits())
    framer.feed(b"* 1 FETCH (UID 7 ENVELOPE %b FLAGS ())\r\n" % written(value, literal))
    raw = framer.take()
    assert raw is not None
    assert parse_response(raw.text, raw.literals) == Fetch(
        1, 7, frozenset(), envelope=value, broken=()
    )


@given(envelopes)
def test_the_quick_way_and_the_tolerant_one_agree(value: Envelope) -> None:
    raw = written(value, literal=False)
    framer = Framer(Limits())
    framer.feed(raw + b"\r\n")
    response = framer.take()
    assert response is not None
    quick = envelope(Cursor(response.text, response.literals))
    assert quick == envelope_value(Cursor(response.text, response.literals).value()) == value
