"""Patterns over the store: what SQLite finds is what looking at each message finds."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_mail.mail.pattern_dates import Ago, Bound
from tui_mail.mail.patterns import (
    And,
    Dated,
    DateField,
    Field,
    HasFlag,
    HasKeyword,
    Not,
    Or,
    Pattern,
    Sized,
    Text,
    parse,
)
from tui_mail.mail.records import to_record
from tui_mail.mail.store import MessageRecord, Store, schema
from tui_mail.model import DELETED, FLAGGED, RECENT, SEEN, SYSTEM_FLAGS, Address, Envelope
from tui_mail.wire.responses import Fetch

NOW = 1_770_000_000
DAY = 86400
GREATEST = 2**32 - 1
PLAIN = MessageRecord(1, frozenset(), None, NOW, 100, NOW, "", "", "", "", "", "")
# Few characters, so that texts are found in each other; those that SQL patterns give a meaning.
ALPHABET = "aAbBäÄßéÉsǆǅ%_*?[]^-\\$'\" "
texts = st.text(ALPHABET, max_size=6)
flags = st.frozensets(
    st.sampled_from((*SYSTEM_FLAGS, "Junk", "NonJunk", "$Junk", "$label1", "a_b", "a%b", "[x]"))
)
moments = st.integers(-3 * DAY, 3 * DAY).map(lambda seconds: NOW + seconds)
records = st.builds(
    MessageRecord,
    uid=st.integers(1, 40) | st.integers(GREATEST - 3, GREATEST),
    flags=flags,
    modseq=st.none(),
    internal_date=moments,
    size=st.integers(0, 2000),
    sent_date=st.none() | moments,
    sender=texts,
    recipients=texts,
    subject=texts,
    sender_address=texts,
    message_id=texts,
    in_reply_to=texts,
    to_addresses=texts,
    cc_addresses=texts,
)
bounds = st.none() | st.builds(
    Bound,
    st.builds(Ago, st.integers(0, 4), st.sampled_from("dH"))
    | st.integers(-3, 3).map(lambda days: _day_of(NOW + days * DAY)),
    st.booleans(),
)
leaves = st.one_of(
    st.builds(
        Text,
        st.lists(st.sampled_from(Field), min_size=1, max_size=3, unique=True).map(tuple),
        st.text(ALPHABET, min_size=1, max_size=3),
    ),
    st.builds(HasFlag, st.sampled_from(SYSTEM_FLAGS)),
    st.builds(
        HasKeyword,
        st.sampled_from(["junk", "Junk", "$junk", "nonjunk", "$LABEL1", "a_b", "axb", "[x]", "%"]),
    ),
    st.builds(Dated, st.sampled_from(DateField), bounds, bounds),
    st.builds(Sized, st.none() | st.integers(0, 2000), st.none() | st.integers(-1, 2000)),
)
patterns: st.SearchStrategy[Pattern] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


def _day_of(moment: int) -> date:
    return date.fromtimestamp(moment)


def expected(pattern: Pattern, record: MessageRecord) -> bool:
    """The same question answered without SQL."""
    match pattern:
        case And(inner):
            return all(expected(each, record) for each in inner)
        case Or(inner):
            return any(expected(each, record) for each in inner)
        case Not(negated):
            return not expected(negated, record)
        case HasFlag(flag):
            return flag in record.flags
        case HasKeyword(name):
            wanted = {name.lower(), f"${name}".lower()}
            return any(each.lower() in wanted for each in record.flags - set(SYSTEM_FLAGS))
        case Sized(least, most):
            return (least is None or record.size >= least) and (most is None or record.size <= most)
        case Dated(field, since, until):
            sent = record.internal_date if record.sent_date is None else record.sent_date
            moment = sent if field is DateField.SENT else record.internal_date
            return (since is None or moment >= since.instant(NOW)) and (
                until is None or moment < until.instant(NOW)
            )
        case Text(fields, text):
            where = {
                Field.FROM: (record.sender, record.sender_address),
                Field.TO: (record.to_addresses,),
                Field.CC: (record.cc_addresses,),
                Field.SUBJECT: (record.subject,),
                Field.MESSAGE_ID: (record.message_id,),
            }
            found = (value for field in fields for value in where[field])
            if not pattern.ignore_case:
                return any(text in value for value in found)
            return any(_folded(text) in _folded(value) for value in found)


def _folded(text: str) -> str:
    """In lower case, a character for a character."""
    return "".join(each.lower() if len(each.lower()) == 1 else each for each in text)


def found(store: Store, mailbox: int, pattern: Pattern, rows: int) -> list[int]:
    uids: list[int] = []
    below = 2**32
    while below:
        matches = store.matching(mailbox, pattern, below=below, rows=rows, now=NOW)
        assert matches.below < below
        uids.extend(matches.uids)
        below = matches.below
    return uids


@settings(max_examples=300, deadline=None)
@given(st.lists(records, max_size=12, unique_by=lambda each: each.uid), patterns, st.integers(1, 5))
def test_sql_finds_what_looking_finds(
    messages: list[MessageRecord], pattern: Pattern, rows: int
) -> None:
    store = Store.open(None)
    account = store.account_id("a", "b")
    others = [store.ensure_mailbox(account, b"before").id]
    mailbox = store.ensure_mailbox(account, b"INBOX").id
    others.append(store.ensure_mailbox(account, b"other").id)
    for other in others:
        store.put_messages(other, [replace(PLAIN, uid=uid) for uid in (1, 5, GREATEST)])
    store.put_messages(mailbox, messages)
    wanted = [each.uid for each in messages if expected(pattern, each)]
    newest_first = sorted(wanted, reverse=True)
    assert found(store, mailbox, pattern, rows) == newest_first
    assert found(store, mailbox, pattern, 100) == newest_first
    every = [each.uid for each in messages] + [41, 41]
    assert store.matching_among(mailbox, pattern, every, now=NOW).tolist() == wanted
    store.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "mail.db")
    yield store
    store.close()


@pytest.fixture
def mailbox(store: Store) -> int:
    return store.ensure_mailbox(store.account_id("a", "b"), b"INBOX").id


def test_slices_are_bounded_and_go_on_where_they_stopped(store: Store, mailbox: int) -> None:
    store.put_messages(
        mailbox,
        [replace(PLAIN, uid=uid, size=uid) for uid in range(1, 10_001)],
    )
    first = store.matching(mailbox, parse("~z >9998"))
    assert first.uids.tolist() == [10_000, 9999]
    assert first.below == 8001
    assert store.matching(mailbox, parse("~z >9998"), below=8001).uids == array("I")
    assert found(store, mailbox, parse("~A"), 3000) == list(range(10_000, 0, -1))


def test_nothing_is_found_where_nothing_is(store: Store, mailbox: int) -> None:
    assert store.matching(mailbox, parse("~A")) == store.matching(mailbox + 9, parse("~A"))
    assert store.matching(mailbox, parse("~A")).below == 0
    assert store.matching_among(mailbox + 9, parse("~A"), [1]).tolist() == []
    assert store.matching_among(mailbox, parse("~A"), []).tolist() == []


def test_the_largest_pattern_is_not_too_large(store: Store, mailbox: int) -> None:
    store.put_messages(mailbox, [replace(PLAIN, flags=frozenset({FLAGGED, DELETED}))])
    for text in ("~F" * 500, "~D|" * 332 + "~D", "!(" * 50 + "~F" + ")" * 50, "!~s a " * 166):
        assert store.matching(mailbox, parse(text)).uids.tolist() == [1]
    assert store.matching(mailbox, parse("~s " + "ä" * 997)).uids.tolist() == []
    assert store.matching(mailbox, parse("~s " + "[*" * 498)).uids.tolist() == []


def test_many_uids_are_asked_about_in_the_order_given(store: Store, mailbox: int) -> None:
    store.put_messages(
        mailbox,
        [replace(PLAIN, uid=uid, flags=frozenset({SEEN} if uid % 2 else {RECENT}))
         for uid in range(1, 3001)],
    )  # fmt: skip
    asked = list(range(3100, 0, -1))
    unread = store.matching_among(mailbox, parse("~N"), asked)
    assert unread.tolist() == list(range(3000, 0, -2))


def test_names_and_addresses_of_an_envelope_are_found(store: Store, mailbox: int) -> None:
    def person(name: str, box: str) -> tuple[Address, ...]:
        return (Address(name.encode(), box.encode(), b"example.org"),)

    nobody: tuple[Address, ...] = ()
    envelope = Envelope(
        date=b"Sun, 01 Feb 2026 10:00:00 +0000",
        subject=b"=?utf-8?q?Gr=C3=BC=C3=9Fe?= from here",
        from_=person("Anna", "a1"),
        sender=nobody,
        reply_to=nobody,
        to=person("=?utf-8?q?J=C3=B6rg?=", "b2"),
        cc=person("Carl", "c3"),
        bcc=nobody,
        in_reply_to=None,
        message_id=b"<id-4@example.org>",
    )
    record = to_record(Fetch(1, uid=9, flags=frozenset(), envelope=envelope, size=5))
    assert record is not None
    store.put_messages(mailbox, [record])
    for text in (
        "~f anna", "~f a1@example.org", "~t jörg", "~t B2@", "~t b2@", "~c carl", "~c c3@",
        "~C b2", "~C c3", "~L a1 ~L b2 ~L c3", "~s grüße", "~s Grüße", "~i id-4@", "grüße from",
        "a1@", "~d 1/2/2026", "~r 1/2/2026",
    ):  # fmt: skip
        matches = store.matching(mailbox, parse(text)).uids.tolist()
        assert matches == ([] if text == "~t B2@" else [9]), text
    for text in ("~t anna", "~c jörg", "~f carl", "~s anna", "~s GRÜSSE", "jörg", "~d 2/2/2026"):
        assert store.matching(mailbox, parse(text)).uids.tolist() == [], text


def test_rows_of_an_earlier_version_are_searched_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        patched.setattr(schema, "VERSION", 1)
        old = Store.open(tmp_path / "mail.db")
        mailbox = old.ensure_mailbox(old.account_id("a", "b"), b"INBOX").id
        old._database.execute(
            "INSERT INTO message SELECT (generation << 32) + 1, 0, NULL, NULL, 0, 0, NULL, NULL,"
            " '', 'Anna, Bob', '', '', '', '' FROM mailbox"
        )
        old.close()
    store = Store.open(tmp_path / "mail.db")
    assert store.matching(mailbox, parse("~t anna")).uids.tolist() == [1]
    assert store.matching(mailbox, parse("~c anna")).uids.tolist() == []
    store.close()
