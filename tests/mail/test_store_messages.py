"""Rows, flags, unread and structures: what goes in comes out, whatever is in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.store import MessageRecord, Store
from tui_mail.mail.store.flags import KEYWORDS_LIMIT, pack, unpack
from tui_mail.mail.store.messages import TEXT_LIMIT
from tui_mail.model import DELETED, FLAGGED, SEEN, SYSTEM_FLAGS, MessageSummary

GREATEST = 2**32 - 1
FULL = MessageRecord(
    uid=5,
    flags=frozenset({SEEN, FLAGGED, "$Forwarded", "\\Odd", "Work"}),
    modseq=2**63 - 1,
    internal_date=1_700_000_000,
    size=5_000_000_000,
    sent_date=-5,
    sender='Änna "A" Example',
    recipients="北京, \U0001f600 Bob\\",
    subject="it's\ta {subject}\nof two lines",
    sender_address="anna@example.org",
    message_id="<1@example.org>",
    in_reply_to="<0@example.org>",
    has_attachment=True,
    structure=b'("text" "plain" \x00\xff)',
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "mail.db")
    yield store
    store.close()


@pytest.fixture
def mailbox(store: Store) -> int:
    account = store.account_id("work", "anna@example.org")
    for name in (b"before", b"INBOX", b"after"):
        store.ensure_mailbox(account, name)
    return store.ensure_mailbox(account, b"INBOX").id


def plain(uid: int, *flags: str) -> MessageRecord:
    return MessageRecord(uid, frozenset(flags), None, 0, 0, None, "", "", "", "", "", "")


def flags_of(store: Store, mailbox: int, uid: int) -> frozenset[str]:
    (row,) = store.rows(mailbox, [uid])
    return row.flags


def test_record_comes_back_whole(store: Store, mailbox: int) -> None:
    store.put_messages(mailbox, [FULL])
    assert store.record(mailbox, 5) == FULL
    assert store.structure(mailbox, 5) == FULL.structure
    assert store.rows(mailbox, [5]) == [
        MessageSummary(
            5,
            FULL.flags,
            FULL.internal_date,
            FULL.size,
            FULL.sender,
            FULL.recipients,
            FULL.subject,
            True,
        )
    ]
    assert store.record(mailbox, 6) is None
    assert store.structure(mailbox, 6) is None


@given(
    texts=st.tuples(*[st.text(max_size=50)] * 6),
    structure=st.none() | st.binary(max_size=50),
    attachment=st.none() | st.booleans(),
    uid=st.integers(1, GREATEST),
)
def test_any_text_comes_back(
    texts: tuple[str, str, str, str, str, str],
    structure: bytes | None,
    attachment: bool | None,
    uid: int,
) -> None:
    store = Store.open(None)
    mailbox = store.ensure_mailbox(store.account_id("a", "b"), b"INBOX").id
    record = MessageRecord(uid, frozenset(), None, 0, 0, None, *texts, attachment, structure)
    store.put_messages(mailbox, [record])
    assert store.record(mailbox, uid) == record
    (row,) = store.rows(mailbox, [uid])
    assert [row.sender, row.recipients, row.subject] == list(texts[:3])
    assert row.has_attachment is attachment
    store.close()


def test_what_cannot_be_stored_is_made_to_fit(store: Store, mailbox: int) -> None:
    bad = replace(
        FULL,
        subject="\ud800x",
        sender="é" * 100_000,
        size=10**30,
        sent_date=-(10**30),
        internal_date=10**30,
        modseq=10**30,
    )
    store.put_messages(mailbox, [plain(1), bad, plain(9)])
    stored = store.record(mailbox, bad.uid)
    assert stored is not None
    assert stored.subject == "?x"
    assert stored.sender == "é" * TEXT_LIMIT
    assert (stored.size, stored.sent_date) == (2**63 - 1, 1 - 2**63)
    assert len(store.rows(mailbox, [1, 5, 9])) == 3


@pytest.mark.parametrize("uid", [0, -1, GREATEST + 1, GREATEST + 5])
def test_impossible_uids_reach_no_other_mailbox(store: Store, mailbox: int, uid: int) -> None:
    others = [store.ensure_mailbox(1, name).id for name in (b"before", b"after")]
    every = [plain(other) for other in (1, 4, GREATEST - 1, GREATEST)]
    for other in others:
        store.put_messages(other, every)
    before = [[store.record(other, row.uid) for row in every] for other in others]
    store.put_messages(mailbox, [replace(FULL, uid=uid)])
    store.put_flags(mailbox, [(uid, frozenset({DELETED}), 1)])
    store.put_structures(mailbox, [(uid, True, b"x")])
    store.remove_messages(mailbox, [uid])
    assert [[store.record(other, row.uid) for row in every] for other in others] == before


def test_a_later_fetch_keeps_what_it_did_not_ask_for(store: Store, mailbox: int) -> None:
    store.put_messages(mailbox, [FULL])
    store.put_messages(mailbox, [plain(5)])
    assert store.record(mailbox, 5) == replace(
        plain(5), modseq=FULL.modseq, has_attachment=True, structure=FULL.structure
    )


@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 199, 200, 223, 1000, 2421])
def test_any_number_of_messages(store: Store, mailbox: int, count: int) -> None:
    uids = range(1, count + 1)
    store.put_messages(mailbox, [replace(FULL, uid=uid, subject=str(uid)) for uid in uids])
    rows = store.rows(mailbox, uids)
    assert [(row.uid, row.subject) for row in rows] == [(uid, str(uid)) for uid in uids]
    assert store.unknown(mailbox, range(1, count + 3)).tolist() == [count + 1, count + 2]


def test_rows_and_unknown_keep_the_order_given(store: Store, mailbox: int) -> None:
    store.put_messages(mailbox, [plain(uid) for uid in (1, 3, 5, GREATEST)])
    asked = [5, 2, GREATEST, 1, 4, 3, 1]
    assert [row.uid for row in store.rows(mailbox, asked)] == [5, GREATEST, 1, 3, 1]
    assert store.unknown(mailbox, asked).tolist() == [2, 4]
    assert store.rows(mailbox, []) == []
    assert store.unknown(mailbox, []).tolist() == []


def test_put_flags(store: Store, mailbox: int) -> None:
    store.put_messages(mailbox, [replace(plain(uid), modseq=1) for uid in range(1, 2500)])
    store.put_flags(
        mailbox,
        [(uid, frozenset({SEEN, "$x"}), 7 if uid % 2 else None) for uid in range(1, 2400)]
        + [(9999, frozenset({SEEN}), 7)],
    )
    for uid, flags, modseq in (
        (1, {SEEN, "$x"}, 7),
        (2, {SEEN, "$x"}, 1),
        (2399, {SEEN, "$x"}, 7),
        (2400, set(), 1),
    ):
        record = store.record(mailbox, uid)
        assert record is not None
        assert record.flags == flags
        assert record.modseq == modseq
    assert store.record(mailbox, 9999) is None
    store.put_flags(mailbox, [(1, frozenset(), None)])
    assert flags_of(store, mailbox, 1) == frozenset()


def test_flags_that_say_the_same_are_not_written(store: Store, mailbox: int) -> None:
    store.put_messages(mailbox, [replace(FULL, uid=uid) for uid in range(1, 101)])
    before = store._database.value("SELECT total_changes()")
    store.put_flags(mailbox, [(uid, FULL.flags, None) for uid in range(1, 101)])
    store.put_flags(mailbox, [(uid, FULL.flags, FULL.modseq) for uid in range(1, 101)])
    assert store._database.value("SELECT total_changes()") == before


@given(
    st.frozensets(
        st.sampled_from(SYSTEM_FLAGS)
        | st.from_regex(r"\\?[A-Za-z$&~+.=_-][A-Za-z0-9$&~+.=_-]{0,20}", fullmatch=True),
        max_size=12,
    )
)
def test_flags_come_back(flags: frozenset[str]) -> None:
    assert unpack(*pack(flags)) == flags


def test_keywords_are_bounded() -> None:
    _, keywords = pack(frozenset({SEEN, "x" * 5000}))
    assert keywords is None
    bits, keywords = pack(frozenset({SEEN, *(f"keyword{number:04}" for number in range(5000))}))
    assert keywords is not None
    assert KEYWORDS_LIMIT - 20 < len(keywords) <= KEYWORDS_LIMIT
    kept = unpack(bits, keywords)
    assert SEEN in kept
    assert all(flag == SEEN or len(flag) == 11 for flag in kept)


def test_unread_follows_the_flags(store: Store, mailbox: int) -> None:
    others = [store.ensure_mailbox(1, name).id for name in (b"before", b"after")]
    for other in others:
        store.put_messages(other, [plain(uid) for uid in (1, 50, GREATEST)])
    store.put_messages(
        mailbox, [plain(uid, *([] if uid in (10, 20, 30) else [SEEN])) for uid in range(1, 40)]
    )
    assert store.unread_count(mailbox) == 3
    for uid, newer, older in (
        (1, 10, None),
        (10, 20, None),
        (15, 20, 10),
        (30, None, 20),
        (GREATEST, None, 30),
    ):
        assert store.next_unread(mailbox, uid, newer=True) == newer
        assert store.next_unread(mailbox, uid, newer=False) == older
    store.put_flags(mailbox, [(20, frozenset({SEEN}), None), (25, frozenset({"Seen"}), None)])
    assert store.next_unread(mailbox, 10, newer=True) == 25
    store.remove_messages(mailbox, [25])
    assert store.next_unread(mailbox, 10, newer=True) == 30
    assert store.unread_count(mailbox) == 2
    assert [store.unread_count(other) for other in others] == [3, 3]


def test_structures_reach_known_messages_only(store: Store, mailbox: int) -> None:
    store.put_messages(mailbox, [plain(1), plain(2)])
    store.put_structures(mailbox, [(1, True, b"one"), (2, False, b"two"), (3, True, b"three")])
    assert [row.has_attachment for row in store.rows(mailbox, [1, 2, 3])] == [True, False]
    assert [store.structure(mailbox, uid) for uid in (1, 2, 3)] == [b"one", b"two", None]
    store.put_structures(mailbox, [(1, False, b"new")])
    record = store.record(mailbox, 1)
    assert record is not None
    assert (record.has_attachment, record.structure) == (False, b"new")


def test_removed_messages_leave_nothing(store: Store, mailbox: int) -> None:
    store.put_messages(mailbox, [replace(FULL, uid=uid) for uid in range(1, 2502)])
    store.put_body(mailbox, 1, "1", b"text", True)
    store.put_body(mailbox, 2501, "1", b"text", True)
    store.remove_messages(mailbox, iter(range(1, 2501)))
    assert [row.uid for row in store.rows(mailbox, range(1, 2502))] == [2501]
    assert store.structure(mailbox, 1) is None
    assert store.body(mailbox, 1, "1") is None
    assert store.body(mailbox, 2501, "1") is not None
    # A message that is there again begins anew.
    store.put_messages(mailbox, [plain(1)])
    assert store.record(mailbox, 1) == plain(1)
