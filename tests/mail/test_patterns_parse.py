"""mutt's patterns read: the trees they become, and what is said about wrong ones."""

from __future__ import annotations

import time
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.pattern_dates import Ago, Bound
from tui_mail.mail.patterns import (
    DEPTH_LIMIT,
    EVERYTHING,
    LENGTH_LIMIT,
    And,
    Dated,
    DateField,
    Field,
    HasFlag,
    HasKeyword,
    Not,
    Or,
    Pattern,
    PatternError,
    Sized,
    Text,
    parse,
)
from tui_mail.model import ANSWERED, DELETED, FLAGGED, SEEN

TODAY = date(2026, 3, 15)
UNREAD = Not(HasFlag(SEEN))


def subject(text: str) -> Text:
    return Text((Field.SUBJECT,), text)


def sender(text: str) -> Text:
    return Text((Field.FROM,), text)


def plain(text: str) -> Text:
    return Text((Field.SUBJECT, Field.FROM), text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("~A", EVERYTHING),
        ("~N", UNREAD),
        ("~U", UNREAD),
        ("~R", HasFlag(SEEN)),
        ("~F", HasFlag(FLAGGED)),
        ("~D", HasFlag(DELETED)),
        ("~Q", HasFlag(ANSWERED)),
        ("~f anna", sender("anna")),
        ("~fanna", sender("anna")),
        ("  ~s   foo  ", subject("foo")),
        ("~t a@b.example", Text((Field.TO,), "a@b.example")),
        ("~c bob", Text((Field.CC,), "bob")),
        ("~C bob", Text((Field.TO, Field.CC), "bob")),
        ("~L bob", Text((Field.FROM, Field.TO, Field.CC), "bob")),
        ("~i 1@x", Text((Field.MESSAGE_ID,), "1@x")),
        ("~k $label1", HasKeyword("$label1")),
        ('~s "a (b) | c"', subject("a (b) | c")),
        ("~s 'it\\'s'", subject("it's")),
        ("~s a\\ b", subject("a b")),
        ("~s a\\|b", subject("a|b")),
        ("~s foo!=50%~x", subject("foo!=50%~x")),
        ('~s "~N"', subject("~N")),
        ("~f anna ~N", And((sender("anna"), UNREAD))),
        ("~N~F", And((UNREAD, HasFlag(FLAGGED)))),
        ("~N foo 'b c'", And((UNREAD, plain("foo"), plain("b c")))),
        ("!~N", Not(UNREAD)),
        ("! ! ~F", HasFlag(FLAGGED)),
        ("!!!~F", Not(HasFlag(FLAGGED))),
        ("~N | ~F ~D", Or((UNREAD, And((HasFlag(FLAGGED), HasFlag(DELETED)))))),
        ("~N|~F|~D", Or((UNREAD, HasFlag(FLAGGED), HasFlag(DELETED)))),
        ("(~N | ~F) ~D", And((Or((UNREAD, HasFlag(FLAGGED))), HasFlag(DELETED)))),
        ("!(~s a)", Not(subject("a"))),
        ("(((~F)))", HasFlag(FLAGGED)),
        ("~z >1M", Sized(1024 * 1024 + 1, None)),
        ("~z <10k", Sized(None, 10 * 1024 - 1)),
        ("~z 10-20K", Sized(10, 20 * 1024)),
        ("~z 10-", Sized(10, None)),
        ("~z -20", Sized(None, 20)),
        ("~z 7", Sized(7, 7)),
        # Without a pattern letter it is text, whatever is in it.
        ("hello", plain("hello")),
        ("  hello world ", plain("hello world")),
        ("(a | !b)", plain("(a | !b)")),
        ("50% a=b ~ ~/x a~b", plain("50% a=b ~ ~/x a~b")),
        ("all", EVERYTHING),
        ("ALL", EVERYTHING),
        (".", EVERYTHING),
        ("unread", UNREAD),
        ("flag", HasFlag(FLAGGED)),
        ("all mail", plain("all mail")),
    ],
)
def test_patterns(text: str, expected: Pattern) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("<2w", Bound(Ago(2, "w"), True), None),
        (">3m", None, Bound(Ago(3, "m"), True)),
        ("=1d", Bound(Ago(1, "d")), Bound(Ago(1, "d"), True)),
        ("<5H", Bound(Ago(5, "H"), True), None),
        ("01/03/2026-", Bound(date(2026, 3, 1)), None),
        ("-01/03/2026", None, Bound(date(2026, 3, 1), True)),
        ("1/3/26", Bound(date(2026, 3, 1)), Bound(date(2026, 3, 1), True)),
        ("1/3/99", Bound(date(1999, 3, 1)), Bound(date(1999, 3, 1), True)),
        ("1/2-7/2", Bound(date(2026, 2, 1)), Bound(date(2026, 2, 7), True)),
        ("9", Bound(date(2026, 3, 9)), Bound(date(2026, 3, 9), True)),
        ("20260301-20260228", Bound(date(2026, 2, 28)), Bound(date(2026, 3, 1), True)),
        ("2026-03-01-2026-03-05", Bound(date(2026, 3, 1)), Bound(date(2026, 3, 5), True)),
        ('"1/3/2026 - 5/3/2026"', Bound(date(2026, 3, 1)), Bound(date(2026, 3, 5), True)),
    ],
)
def test_dates(text: str, since: Bound | None, until: Bound | None) -> None:
    assert parse(f"~d {text}", today=TODAY) == Dated(DateField.SENT, since, until)
    assert parse(f"~r{text}", today=TODAY) == Dated(DateField.RECEIVED, since, until)


def at(*when: int) -> int:
    return int(datetime(*when).timestamp())  # type: ignore[arg-type]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Pacific/Kiritimati"])
def test_instants_are_local_days(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        # Summer time begins in Berlin on the 29th.
        now = at(2026, 3, 31, 14, 30)
        for bound, expected in (
            (Bound(date(2026, 3, 1)), at(2026, 3, 1)),
            (Bound(date(2026, 2, 28), True), at(2026, 3, 1)),
            (Bound(Ago(0, "d")), at(2026, 3, 31)),
            (Bound(Ago(1, "d"), True), at(2026, 3, 31)),
            (Bound(Ago(2, "w"), True), at(2026, 3, 18)),
            (Bound(Ago(1, "m")), at(2026, 2, 28)),
            (Bound(Ago(13, "m")), at(2025, 2, 28)),
            (Bound(Ago(3, "m")), at(2025, 12, 31)),
            (Bound(Ago(2, "y")), at(2024, 3, 31)),
            (Bound(Ago(2, "H"), True), now - 7200),
            (Bound(Ago(3, "M")), now - 180),
            (Bound(Ago(90, "S")), now - 90),
        ):
            assert bound.instant(now + 0.9) == expected, bound
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.sampled_from("ymwdHMS"), st.integers(0, 999_999_999))
def test_any_time_ago_is_an_instant(unit: str, count: int) -> None:
    pattern = parse(f"~d <{count}{unit}")
    assert isinstance(pattern, Dated) and pattern.since is not None
    # At the most it is the midnight to come.
    assert pattern.since.instant(1_800_000_000) <= 1_800_000_000 + 86400


@pytest.mark.parametrize(
    ("text", "position", "title"),
    [
        ("", 0, "is empty"),
        ("  ", 0, "is empty"),
        ("~N ~b foo", 3, "~b is not a pattern"),
        ("~q", 0, "~q is not a pattern"),
        ("~N ~", 3, "letter is missing after the ~ at 4"),
        ("~f", 2, "~f needs something after it"),
        ("~N ~f ", 6, "~f needs something after it"),
        ('~s ""', 3, "~s needs something after it"),
        ('~s "abc', 3, "quote at 4 is never closed"),
        ("(~N", 0, "( at 1 is never closed"),
        ("~N)", 2, "no ( for the ) at 3"),
        ("~s a (~N", 5, "( at 6 is never closed"),
        ("~N |", 4, "missing at the end"),
        ("~N | | ~F", 5, "missing before the | at 6"),
        ("() ~N", 1, "missing before the ) at 2"),
        ("~N !", 4, "missing after the !"),
        ("~N !|~F", 4, "missing after the !"),
        ("~d tomorrow", 3, "this is not a date"),
        ("~d 31/02/2026", 3, "no day 31/02/2026"),
        ("~d 01/03/2026-99/1", 3, "no day 99/1"),
        ("~d 0101", 3, "this is not a date"),
        ("~d 01/01/1500", 3, "year 1500"),
        ("~d =3H", 3, "= goes with"),
        ("~d -", 3, "this is not a date"),
        ("~d", 2, "~d needs something"),
        ("~z big", 3, "not a size"),
        ("~z -", 3, "not a size"),
        ("~z >", 3, "not a size"),
        ("~z >1G", 3, "not a size"),
        ("~k 'a b'", 3, "cannot be a keyword"),
        ("~k ä", 3, "cannot be a keyword"),
        ("~N" + "x" * LENGTH_LIMIT, LENGTH_LIMIT, "at most"),
        ("(" * (DEPTH_LIMIT + 1) + "~N" + ")" * (DEPTH_LIMIT + 1), DEPTH_LIMIT, "parentheses"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, position: int, title: str) -> None:
    with pytest.raises(PatternError) as caught:
        parse(text, today=TODAY)
    assert title in caught.value.title
    assert caught.value.position == position


def test_the_deepest_and_longest_are_read() -> None:
    assert parse("(" * DEPTH_LIMIT + "~F" + ")" * DEPTH_LIMIT) == HasFlag(FLAGGED)
    assert parse("!" * (LENGTH_LIMIT - 2) + "~F") == HasFlag(FLAGGED)


@given(st.text() | st.text("~!|() \"'\\<>=-/0123456789fsdzkNFAx", max_size=60))
def test_any_text_is_a_pattern_or_an_error_in_it(text: str) -> None:
    try:
        parse(text, today=TODAY)
    except PatternError as error:
        assert 0 <= error.position <= len(text)
        assert error.title


@pytest.mark.parametrize(
    ("text", "ignored"),
    [("anna", True), ("Anna", False), ("änna 5!", True), ("Änna", False), ("北京", True)],
)
def test_a_capital_makes_case_count(text: str, ignored: bool) -> None:
    assert sender(text).ignore_case is ignored


def test_a_label_is_found_by_its_name() -> None:
    names = {"urgent": "$label1", "two words": "$label2"}
    assert parse("~k urgent", keyword=names.get) == HasKeyword("$label1")
    assert parse('~k "two words"', keyword=names.get) == HasKeyword("$label2")
    assert parse("~k other", keyword=names.get) == HasKeyword("other")
