"""BODYSTRUCTURE: the grammar's forms, and what servers make of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.model import BodyPart
from tui_mail.wire.framing import Framer, Limits
from tui_mail.wire.parser import parse_body_structure, parse_response
from tui_mail.wire.responses import Fetch

TEXT = b'("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" 10 2 NIL NIL NIL NIL)'
TEXT_PART = BodyPart("1", "text", "plain", (("charset", "utf-8"),), size=10, lines=2)


def read(raw: bytes) -> BodyPart:
    found = parse_body_structure(raw)
    assert found is not None
    return found


def fetch(raw: bytes) -> Fetch:
    framer = Framer(Limits())
    framer.feed(b"* 1 FETCH (UID 7 BODYSTRUCTURE %b FLAGS ())\r\n" % raw)
    whole = framer.take()
    assert whole is not None
    found = parse_response(whole.text, whole.literals)
    assert isinstance(found, Fetch)
    return found


def shape(part: BodyPart) -> list[tuple[str, str]]:
    return [(each.section, each.content_type) for each in part.walk()]


def test_one_part() -> None:
    assert read(TEXT) == TEXT_PART


def test_all_fields_of_a_part() -> None:
    raw = (
        b'("Application" "PDF" ("Name" "a.pdf" "X" NIL) "<id>" "what it is" "BASE64" 300 "md5"'
        b' ("ATTACHMENT" ("FileName" "b\\"\\\\.pdf" "size" "3")) ("de" "en") "http://x/" ("more"))'
    )
    assert read(raw) == BodyPart(
        "1",
        "application",
        "pdf",
        (("name", "a.pdf"), ("x", "")),
        "<id>",
        "what it is",
        "base64",
        300,
        None,
        "attachment",
        (("filename", 'b"\\.pdf'), ("size", "3")),
        ("de", "en"),
        "http://x/",
    )


def test_multiparts_are_numbered_as_fetch_wants_them() -> None:
    inner = b'(%b("TEXT" "HTML" NIL NIL NIL "7BIT" 1 1) "ALTERNATIVE")' % TEXT
    raw = (
        b'(%b("IMAGE" "PNG" NIL NIL NIL "BASE64" 5) "MIXED" ("BOUNDARY" "x") NIL "de" NIL)' % inner
    )
    found = read(raw)
    assert shape(found) == [
        ("", "multipart/mixed"),
        ("1", "multipart/alternative"),
        ("1.1", "text/plain"),
        ("1.2", "text/html"),
        ("2", "image/png"),
    ]
    assert found.parameters == (("boundary", "x"),)
    assert found.language == ("de",)


ENVELOPE = b'(NIL "inside" NIL NIL NIL NIL NIL NIL NIL NIL)'


def test_a_message_in_a_message() -> None:
    single = b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 50 %b %b 4)' % (ENVELOPE, TEXT)
    multi = b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 50 %b (%b%b "MIXED") 9 NIL ("inline") NIL)' % (
        ENVELOPE,
        TEXT,
        single,
    )
    found = read(b'(%b%b "MIXED")' % (single, multi))
    assert shape(found) == [
        ("", "multipart/mixed"),
        ("1", "message/rfc822"),
        ("1.1", "text/plain"),
        ("2", "message/rfc822"),
        ("2.TEXT", "multipart/mixed"),
        ("2.1", "text/plain"),
        ("2.2", "message/rfc822"),
        ("2.2.1", "text/plain"),
    ]
    first, second = found.children
    assert first.envelope is not None
    assert first.envelope.subject == b"inside"
    assert (first.lines, second.lines, second.disposition) == (4, 9, "inline")


@pytest.mark.parametrize(
    ("raw", "content_type", "parts"),
    [
        (b'("multipart" "mixed" ("boundary" "x") NIL NIL "8bit" 26 NIL NIL NIL)', "mixed", 0),
        (b'(() "mixed" ("boundary" "x"))', "mixed", 0),
        (b'(NIL "mixed" ("boundary" "x") NIL NIL)', "mixed", 0),
        (b'("mixed" ("boundary" "x") NIL NIL)', "mixed", 0),
        (b"(%b)" % TEXT, "mixed", 1),
        (b"(%b NIL)" % TEXT, "mixed", 1),
        (b'(()%b "mixed" NIL)' % TEXT, "mixed", 1),
        (b'(%b %b  "RELATED" )' % (TEXT, TEXT), "related", 2),
    ],
)
def test_odd_multiparts(raw: bytes, content_type: str, parts: int) -> None:
    found = read(raw)
    assert found.content_type == f"multipart/{content_type}"
    assert [part.section for part in found.children] == ["1", "2"][:parts]
    if b"boundary" in raw:
        assert found.parameter("boundary") == "x"


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        # no lines, and what follows them is still found
        (b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 10)', {"size": 10, "lines": None}),
        (
            b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 10 NIL ("inline" NIL) "de" NIL)',
            {"lines": None, "disposition": "inline", "language": ("de",)},
        ),
        (
            b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 10 NIL NIL ("inline" NIL) NIL NIL)',
            {"lines": None, "disposition": "inline"},
        ),
        (
            b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 10 "md5" ("inline" NIL))',
            {"lines": None, "disposition": "inline"},
        ),
        # lines where there should be none
        (
            b'("MESSAGE" "DELIVERY-STATUS" NIL NIL NIL "7BIT" 10 3 NIL ("inline" NIL))',
            {"lines": 3, "disposition": "inline", "children": ()},
        ),
        # message/rfc822 without its message, or without its envelope
        (
            b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 10 NIL ("attachment" ("filename" "x")) NIL)',
            {"envelope": None, "children": (), "disposition": "attachment"},
        ),
        (b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 10)', {"envelope": None, "children": ()}),
        (
            b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 10 NIL %b 3 NIL NIL NIL)' % TEXT,
            {"envelope": None, "lines": 3},
        ),
        # fields that are NIL, missing or of another kind
        (b"(NIL NIL NIL NIL NIL NIL NIL NIL)", {"content_type": "application/octet-stream"}),
        (b'("TEXT")', {"content_type": "text/plain"}),
        (b'("TEXT" NIL NIL NIL NIL NIL NIL)', {"content_type": "text/plain", "encoding": "7bit"}),
        (b'("TEXT" "X" ("a" "b" "c") NIL NIL "7BIT" 1 1)', {"parameters": (("a", "b"), ("c", ""))}),
        (b'("TEXT" "X" "a" NIL NIL "7BIT" 1 1)', {"parameters": ()}),
        (b'("TEXT" "X" (NIL "b" ("c") "d") NIL NIL "7BIT" 1 1)', {"parameters": ()}),
        (b'("TEXT" "X" () NIL NIL "7BIT" 1 1 NIL "attachment")', {"disposition": "attachment"}),
        (b'("TEXT" "X" () NIL NIL "7BIT" 1 1 NIL (NIL NIL))', {"disposition": None}),
        (b'("TEXT" "X" () NIL NIL "7BIT" 1 1 NIL NIL () NIL)', {"language": ()}),
        (b'("TEXT" "X" ("a" "\xff") NIL NIL "7BIT" 1 1)', {"parameters": (("a", "\xff"),)}),
        (b'("TEXT" "X" ("a" "\xc3\xa4") NIL NIL "7BIT" 1 1)', {"parameters": (("a", "ä"),)}),
        (b'("TEXT" "X" NIL NIL NIL "7BIT" 99999999999999999999 1)', {"size": 0, "lines": 1}),
    ],
)
def test_odd_parts(raw: bytes, fields: dict[str, object]) -> None:
    found = read(raw)
    assert {name: getattr(found, name) for name in fields} == fields


def test_raw_can_be_read_again_with_its_literals() -> None:
    raw = b'("TEXT" "PLAIN" ("name" {5}\r\na\r\n") "x" "{3}") NIL NIL "7BIT" 10 2)'
    found = fetch(raw)
    assert found.body_structure is not None
    assert found.body_structure.parameters == (("name", 'a\r\n")'), ("x", "{3}"))
    assert found.body_structure_raw == raw
    assert parse_body_structure(raw) == found.body_structure
    assert (found.uid, found.flags) == (7, frozenset())


def test_nil_is_no_structure() -> None:
    found = fetch(b"NIL")
    assert (found.body_structure, found.body_structure_raw, found.broken) == (None, None, ())


@pytest.mark.parametrize("raw", [b'"x"', b"()", b"(x (((y))))", b"((x)(()))", b"(((())))"])
def test_what_is_no_structure_breaks_only_itself(raw: bytes) -> None:
    found = fetch(raw)
    assert (found.uid, found.flags) == (7, frozenset())
    if found.body_structure is None:
        assert found.broken[0].startswith("BODYSTRUCTURE: ")


def test_nesting_and_the_number_of_parts_are_bounded() -> None:
    deep = fetch(b"(" * 90 + TEXT + b' "MIXED")' * 90)
    assert deep.body_structure is not None
    assert deep.body_structure.children[0].content_type == "multipart/mixed"
    many = fetch(b'(%b "MIXED")' % (b"(X)" * 5_001))
    assert many.body_structure is None
    assert "5000 parts" in many.broken[0]
    assert many.uid == 7


@pytest.mark.parametrize("raw", [b"", b"(", b"x", b"{5}\r\nab", b"({99999999999}\r\n"])
def test_broken_raw_is_a_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_body_structure(raw)


values = st.recursive(
    st.sampled_from([b"NIL", b'"x"', b"7", b'"text"', b'"message"', b'"rfc822"', b'"multipart"']),
    lambda inner: st.lists(inner, max_size=12).map(lambda items: b"(%b)" % b" ".join(items)),
    max_leaves=40,
)


@given(values)
def test_any_list_is_a_structure_or_a_clean_error(raw: bytes) -> None:
    found = fetch(raw)
    assert (found.uid, found.flags) == (7, frozenset())
    if found.body_structure_raw is not None:
        assert parse_body_structure(found.body_structure_raw) == found.body_structure
