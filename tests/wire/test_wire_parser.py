"""Each response of the grammar: whole, byte by byte, and with more data behind it."""

from __future__ import annotations

from array import array

import pytest

from tui_mail.model import Address, Envelope, MailboxStatus
from tui_mail.wire.framing import Framer, Limits
from tui_mail.wire.parser import parse_response
from tui_mail.wire.responses import (
    AclData,
    CapabilityData,
    Completed,
    Condition,
    Continuation,
    Enabled,
    ESearchData,
    Exists,
    Expunge,
    Fetch,
    FlagsData,
    IdData,
    ListData,
    ListRightsData,
    LsubData,
    Malformed,
    MyRightsData,
    Namespace,
    NamespaceData,
    QuotaData,
    QuotaResource,
    QuotaRootData,
    Recent,
    Response,
    SearchData,
    StatusCode,
    StatusData,
    Unknown,
    Vanished,
)
from tui_mail.wire.sequence_set import SequenceSet


def ok(code: StatusCode | None, text: str = "x") -> Condition:
    return Condition("OK", code, text)


def numbers(*found: int) -> SearchData:
    return SearchData(array("I", found))


def fs(*items: str) -> frozenset[str]:
    return frozenset(items)


NOBODY = Envelope(None, None, (), (), (), (), (), (), None, None)
ANNA = Address(b"Anna", b"anna", b"example.org")

CASES: list[tuple[bytes, Response]] = [
    # status responses and their codes
    (b"* OK x", ok(None)),
    (b"* ok  x ", ok(None)),
    (b"*  NO x", Condition("NO", None, "x")),
    (b"* BAD x", Condition("BAD", None, "x")),
    (b"* BYE x", Condition("BYE", None, "x")),
    (b"* PREAUTH x", Condition("PREAUTH", None, "x")),
    (b"* OK", ok(None, "")),
    (b"* OK [ALERT] x", ok(StatusCode("ALERT"))),
    (b"* OK [ALERT]", ok(StatusCode("ALERT"), "")),
    (b"* OK [alert]x", ok(StatusCode("ALERT"))),
    (b"* OK [not closed x", ok(None, "[not closed x")),
    (b"* OK [] x", ok(None, "[] x")),
    (b"* OK \xc3\xa9t\xc3\xa9", ok(None, "été")),
    (b"* OK \xe9", ok(None, "é")),
    (b"* OK words that end in {5}", ok(None, "words that end in {5}")),
    (
        b"* OK [CAPABILITY IMAP4rev1 auth=plain] x",
        ok(StatusCode("CAPABILITY", (fs("IMAP4REV1", "AUTH=PLAIN"),))),
    ),
    (
        b"* OK [PERMANENTFLAGS (\\seen $Label \\*)] x",
        ok(StatusCode("PERMANENTFLAGS", (fs("\\Seen", "$Label", "\\*"),))),
    ),
    (b"* OK [PERMANENTFLAGS ()] x", ok(StatusCode("PERMANENTFLAGS", (fs(),)))),
    (b"* OK [PERMANENTFLAGS ([x])] x", ok(StatusCode("PERMANENTFLAGS", (fs("[x]"),)))),
    (b"* OK [UIDVALIDITY 4294967295] x", ok(StatusCode("UIDVALIDITY", (4294967295,)))),
    (b"* OK [UIDNEXT 1] x", ok(StatusCode("UIDNEXT", (1,)))),
    (b"* OK [UNSEEN 12] x", ok(StatusCode("UNSEEN", (12,)))),
    (b"* OK [HIGHESTMODSEQ 9223372036854775807] x", ok(StatusCode("HIGHESTMODSEQ", (2**63 - 1,)))),
    (b"* OK [HIGHESTMODSEQ 9223372036854775808] x", ok(StatusCode("HIGHESTMODSEQ"))),
    (b"* OK [UIDNEXT many] x", ok(StatusCode("UIDNEXT"))),
    (b"* OK [UIDNEXT] x", ok(StatusCode("UIDNEXT"))),
    (b"* OK [NOMODSEQ] x", ok(StatusCode("NOMODSEQ"))),
    (b"* OK [MODIFIED 7,9] x", ok(StatusCode("MODIFIED", ("7,9",)))),
    (
        b'* NO [BADCHARSET ("a]" b)] x',
        Condition("NO", StatusCode("BADCHARSET", ('("a]" b)',)), "x"),
    ),
    (b"A1 OK x", Completed("A1", "OK", None, "x")),
    (b"A1 OK", Completed("A1", "OK", None, "")),
    (b"a.1 no [TRYCREATE] x", Completed("a.1", "NO", StatusCode("TRYCREATE"), "x")),
    (b"A1 BAD x {3}", Completed("A1", "BAD", None, "x {3}")),
    (
        b"A1 OK [APPENDUID 38505 3955] x",
        Completed("A1", "OK", StatusCode("APPENDUID", (38505, "3955")), "x"),
    ),
    (
        b"A1 OK [COPYUID 38505 304,319:320 3956:3958] x",
        Completed("A1", "OK", StatusCode("COPYUID", (38505, "304,319:320", "3956:3958")), "x"),
    ),
    (b"A1 OK [COPYUID 1 x y] x", Completed("A1", "OK", StatusCode("COPYUID"), "x")),
    (b"A1 OK [COPYUID 1] x", Completed("A1", "OK", StatusCode("COPYUID"), "x")),
    # continuation requests
    (b"+ Ready", Continuation(b"Ready")),
    (b"+ ", Continuation(b"")),
    (b"+", Continuation(b"")),
    (b"+idling", Continuation(b"idling")),
    (b"+ OK {5}", Continuation(b"OK {5}")),
    # the server
    (b"* CAPABILITY IMAP4rev1 IDLE ", CapabilityData(fs("IMAP4REV1", "IDLE"))),
    (b"* CAPABILITY", CapabilityData(fs())),
    (b"* ENABLED CONDSTORE", Enabled(fs("CONDSTORE"))),
    (b"* ENABLED", Enabled(fs())),
    (b"* ID NIL", IdData(())),
    (b'* ID ("name" "x" "os" NIL)', IdData(((b"name", b"x"), (b"os", None)))),
    # mailboxes
    (b'* LIST (\\HASCHILDREN \\X) "/" a', ListData(b"a", "/", fs("\\HasChildren", "\\X"))),
    (b"* LIST () NIL inbox", ListData(b"INBOX", None, fs())),
    (b'* LIST () "" a', ListData(b"a", None, fs())),
    (b'* LIST () "\\\\" "a \\"b\\" \\\\c"', ListData(b'a "b" \\c', "\\", fs())),
    (b'* LIST () "/" {3}\r\na\xffb', ListData(b"a\xffb", "/", fs())),
    (b'* LIST () "/" "\xc3\xa9"', ListData(b"\xc3\xa9", "/", fs())),
    (b'* LIST () "/" NIL', ListData(b"NIL", "/", fs())),
    (b'* LIST () "/" nil', ListData(b"nil", "/", fs())),
    (b'* LIST () "/" a&-[b]%', ListData(b"a&-[b]%", "/", fs())),
    (b'*  LIST  ( \\Sent )  "/"  a ', ListData(b"a", "/", fs("\\Sent"))),
    (
        b'* LIST () "/" b ("OLDNAME" ("a") "CHILDINFO" ("SUBSCRIBED") x.y (z))',
        ListData(b"b", "/", fs(), b"a", fs("SUBSCRIBED")),
    ),
    (b'* LSUB (\\Noselect) "." a', LsubData(b"a", ".", fs("\\Noselect"))),
    (
        b"* STATUS a (MESSAGES 1 UNSEEN 2 UIDNEXT 3 UIDVALIDITY 4 HIGHESTMODSEQ 5 SIZE 6 X (y z))",
        StatusData(b"a", MailboxStatus(1, 2, 3, 4, 5, 6)),
    ),
    (b'* STATUS "a b" ( MESSAGES 1 )', StatusData(b"a b", MailboxStatus(1))),
    (b"* STATUS a ()", StatusData(b"a", MailboxStatus())),
    (b"* STATUS a (MESSAGES NIL)", StatusData(b"a", MailboxStatus())),
    (
        b'* NAMESPACE (("" "/")("#mh/" "/" "X" ("y"))) (("~" NIL)) NIL',
        NamespaceData((Namespace(b"", "/"), Namespace(b"#mh/", "/")), (Namespace(b"~", None),), ()),
    ),
    (b"* FLAGS (\\answered Old)", FlagsData(fs("\\Answered", "Old"))),
    (b"* FLAGS ()", FlagsData(fs())),
    (b"* SEARCH", numbers()),
    (b"* SEARCH ", numbers()),
    (b"* SEARCH 2  3 4294967295 ", numbers(2, 3, 4294967295)),
    (b"* SEARCH 2 3 (MODSEQ 917162500)", numbers(2, 3)),
    (b'* ESEARCH (TAG "A1") UID', ESearchData("A1", True)),
    (b"* ESEARCH", ESearchData(None, False)),
    (
        b'* ESEARCH (TAG "A1") UID MIN 2 MAX 9 COUNT 3 ALL 2,5:6 MODSEQ 7 X (y)',
        ESearchData("A1", True, SequenceSet(((2, 2), (5, 6))), 3, 2, 9, 7),
    ),
    (b"* 0 EXISTS", Exists(0)),
    (b"* 23 exists ", Exists(23)),
    (b"* 5 RECENT", Recent(5)),
    (b"* 44 EXPUNGE", Expunge(44)),
    (b"* VANISHED 1:3", Vanished(SequenceSet(((1, 3),)), False)),
    (b"* VANISHED (EARLIER) 41,43:116", Vanished(SequenceSet(((41, 41), (43, 116))), True)),
    # quota and rights
    (
        b'* QUOTA "" (STORAGE 10 512 MESSAGE 1 2)',
        QuotaData(b"", (QuotaResource("STORAGE", 10, 512), QuotaResource("MESSAGE", 1, 2))),
    ),
    (b'* QUOTA "ROOT"', QuotaData(b"ROOT", ())),
    (b'* QUOTAROOT inbox "" a', QuotaRootData(b"INBOX", (b"", b"a"))),
    (b"* QUOTAROOT a", QuotaRootData(b"a", ())),
    (b"* ACL a bob lrs anyone r", AclData(b"a", ((b"bob", "lrs"), (b"anyone", "r")))),
    (b"* ACL a", AclData(b"a", ())),
    (b'* LISTRIGHTS a bob "" l r', ListRightsData(b"a", b"bob", "", ("l", "r"))),
    (b"* MYRIGHTS a lrs", MyRightsData(b"a", "lrs")),
    # not for us
    (b"* METADATA a (/x y)", Unknown("METADATA", b"* METADATA a (/x y)")),
    (b"* 5 NEWS x", Unknown("NEWS", b"* 5 NEWS x")),
    # FETCH; envelopes and structures have files of their own
    (b"* 1 FETCH ()", Fetch(1)),
    (b"* 1 fetch (uid 7 flags (\\SEEN x) modseq (12))", Fetch(1, 7, fs("\\Seen", "x"), modseq=12)),
    (b"* 1 FETCH ( UID 7  FLAGS () ) ", Fetch(1, 7, fs())),
    (b'* 1 FETCH (FLAGS ("\\\\Seen"))', Fetch(1, flags=fs("\\Seen"))),
    (b"* 1 FETCH (RFC822.SIZE 0)", Fetch(1, size=0)),
    (b"* 1 FETCH (RFC822.SIZE NIL)", Fetch(1)),
    (b'* 1 FETCH (INTERNALDATE "14-Nov-2023 22:13:20 +0000")', Fetch(1, internal_date=1700000000)),
    (b'* 1 FETCH (INTERNALDATE " 1-jan-1970 01:00:00 +0130")', Fetch(1, internal_date=-1800)),
    (b'* 1 FETCH (INTERNALDATE "1-Jan-1970 00:00:00 -0130")', Fetch(1, internal_date=5400)),
    (
        b'* 1 FETCH (INTERNALDATE "31-Feb-2023 22:13:20 +0000" UID 7)',
        Fetch(1, 7, broken=("INTERNALDATE: there is no such day",)),
    ),
    (
        b"* 1 FETCH (UID 0 FLAGS ())",
        Fetch(1, flags=fs(), broken=("UID: a message number was expected",)),
    ),
    (b'* 1 FETCH (X-GM-LABELS ("\\\\Sent" {1}\r\na) X-GM-MSGID 5 UID 7)', Fetch(1, 7)),
    (b"* 1 FETCH (BODY[] {3}\r\n\r\n) UID 7)", Fetch(1, 7, sections=(("", b"\r\n)"),))),
    (b"* 1 FETCH (BINARY.SIZE[1] 5 X[{1}\r\na] (b) UID 7)", Fetch(1, 7)),
    (
        b"* 1 FETCH (BODY[1] ({1}\r\na) BODY[2] {1}\r\nb)",
        Fetch(
            1,
            sections=(("2", b"b"),),
            broken=("BODY: a string was expected, not a list",),
        ),
    ),
    (b"* 1 FETCH (BODY[] {3+}\r\nabc)", Fetch(1, sections=(("", b"abc"),))),
    (b"* 1 FETCH (BODY[] {0}\r\n)", Fetch(1, sections=(("", b""),))),
    (b"* 1 FETCH (BINARY[1.2] ~{2}\r\n\0\n)", Fetch(1, sections=(("BINARY[1.2]", b"\0\n"),))),
    (
        b'* 1 FETCH (BODY[1.mime] "x" BODY[2] NIL)',
        Fetch(1, sections=(("1.MIME", b"x"), ("2", None))),
    ),
    (b'* 1 FETCH (BODY[1]<0> "x")', Fetch(1, sections=(("1<0>", b"x"),))),
    (
        b'* 1 FETCH (BODY[HEADER.FIELDS ("Date" {4}\r\nFrom)] "x" UID 7)',
        Fetch(1, 7, sections=(("HEADER.FIELDS (DATE FROM)", b"x"),)),
    ),
    (
        b'* 1 FETCH (RFC822 "a" RFC822.HEADER "b" RFC822.TEXT "c")',
        Fetch(1, sections=(("", b"a"), ("HEADER", b"b"), ("TEXT", b"c"))),
    ),
]


def responses(pieces: list[bytes]) -> list[Response]:
    framer = Framer(Limits())
    found = []
    for piece in pieces:
        framer.feed(piece)
        while (raw := framer.take()) is not None:
            found.append(parse_response(raw.text, raw.literals))
    return found


@pytest.mark.parametrize(("line", "expected"), CASES, ids=[repr(case[0])[:50] for case in CASES])
def test_response(line: bytes, expected: Response) -> None:
    data = line + b"\r\n"
    assert responses([data]) == [expected]
    assert responses([data[at : at + 1] for at in range(len(data))]) == [expected]
    assert responses([data + b"* 9 EXISTS\r\n* 10"]) == [expected, Exists(9)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [case for case in CASES if b"\r\n" not in case[0]],
    ids=lambda value: repr(value)[:50],
)
def test_a_bare_line_feed_ends_a_response_too(line: bytes, expected: Response) -> None:
    assert responses([line + b"\n* 9 EXISTS\n"]) == [expected, Exists(9)]


MALFORMED = [
    b"",
    b" ",
    b"*",
    b"* ",
    b"* 5",
    b"* (",
    b"A1",
    b"A1 ",
    b"A1 MAYBE x",
    b"A1 OKAY x",
    b"* LIST",
    b"* LIST ()",
    b'* LIST () "/"',
    b'* LIST () "/" a () b',
    b'* LIST () "/" a ("X")',
    b'* LIST () "/" "a',
    b'* LIST () "/" a)',
    b'* LIST (() "/" a',
    b'* LIST () ("/") a',
    b'* LIST () "/" {1}\r\n\0',
    b'* LSUB () "/" a b',
    b"* STATUS",
    b"* STATUS a",
    b"* STATUS a (MESSAGES)",
    b"* STATUS a MESSAGES",
    b"* NAMESPACE NIL NIL",
    b'* NAMESPACE (("")) NIL NIL',
    b"* NAMESPACE x NIL NIL",
    b"* FLAGS",
    b"* FLAGS ((x))",
    b"* SEARCH x",
    b"* SEARCH 0",
    b"* SEARCH 4294967296",
    b"* SEARCH -1",
    b"* ESEARCH (TAG) UID",
    b"* ESEARCH UID ALL",
    b"* ESEARCH UID ALL 0",
    b"* ESEARCH UID ALL 5;6",
    b"* VANISHED",
    b"* VANISHED x",
    b"* VANISHED (LATER) 1",
    b"* VANISHED 4294967296",
    b"* 0 EXPUNGE",
    b"* 4294967296 EXPUNGE",
    b"* 5 EXPUNGE x",
    b"* 4294967295 EXISTS",
    b"* 1 EXISTS 2",
    b"* 1 RECENT x",
    b"* 0 FETCH ()",
    b"* 1 FETCH",
    b"* 1 FETCH x",
    b"* 1 FETCH (",
    b"* 1 FETCH (UID",
    b"* 1 FETCH (UID 1",
    b"* 1 FETCH (UID 1) x",
    b"* 1 FETCH (UID)",
    b"* 1 FETCH (UID 1))",
    b"* 1 FETCH (BODY[ x)",
    b"* 1 FETCH (BODY[] {3} abc)",
    b'* 1 FETCH (ENVELOPE "x)',
    b"* ID",
    b"* ID x",
    b'* ID ("a")',
    b"* QUOTA",
    b"* QUOTA a (STORAGE 1)",
    b"* QUOTA a () b",
    b"* QUOTAROOT",
    b"* ACL",
    b"* ACL a b",
    b"* LISTRIGHTS a",
    b"* MYRIGHTS a",
    b"* MYRIGHTS a b c",
]


@pytest.mark.parametrize("line", MALFORMED)
def test_a_malformed_response_harms_no_other(line: bytes) -> None:
    data = line + b"\r\n"
    broken, after = responses([data + b"* 9 EXISTS\r\n"])
    assert isinstance(broken, Malformed)
    assert broken.reason
    assert broken.line == line.partition(b"\0")[0] or b"{" in line
    assert after == Exists(9)


def test_nesting_is_bounded() -> None:
    deep = b"* 1 FETCH (X " + b"(" * 100_000 + b")" * 100_000 + b" UID 1)\r\n"
    (found,) = responses([deep])
    assert isinstance(found, Malformed)
    assert "nested" in found.reason
    assert len(found.line) == 4096


def test_the_number_of_values_is_bounded() -> None:
    (found,) = responses([b"* 1 FETCH (X (" + b"a " * 500_001 + b"))\r\n"])
    assert isinstance(found, Malformed)
    assert "too long" in found.reason


@pytest.mark.parametrize(
    "line",
    [
        b"* OK [X " + b'"' * 50_000,
        b"* OK [X " + b"(" * 50_000,
        b"* OK " + b"[" * 50_000,
        b"* 1 FETCH (ENVELOPE (" + b'"' * 50_000,
        b"* 1 FETCH (ENVELOPE (NIL NIL (" + b"(NIL NIL NIL NIL)" * 50_000,
        b"* 1 FETCH (ENVELOPE (NIL NIL (" + b'("\\"" NIL NIL NIL)' * 50_000,
        b"* 1 FETCH (BODY[" + b'"' * 50_001,
        b"* 1 FETCH (INTERNALDATE " + b" " * 50_000,
        b"* SEARCH" + b" (MODSEQ" * 20_000,
        b"* LIST " + b"( " * 50_000,
    ],
    ids=lambda line: repr(line[:60]),
)
def test_no_pattern_takes_more_than_linear_time(line: bytes) -> None:
    (found,) = responses([line + b"\r\n"])  # a quadratic pattern would take minutes here
    assert isinstance(found, Malformed | Condition)
