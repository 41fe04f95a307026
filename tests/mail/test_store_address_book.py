"""The address book: who is found by what, in which order, learned a slice at a time."""

from __future__ import annotations

import time
from array import array

import pytest

from tui_mail.mail.store import MessageRecord, Store, address_book

DAY = 86400
NOW = int(time.time())
OWN = frozenset({"anna@example.org"})


@pytest.fixture
def store() -> Store:
    return Store.open(None)


@pytest.fixture
def mailbox(store: Store) -> int:
    return store.ensure_mailbox(store.account_id("work", "anna@example.org"), b"INBOX").id


def record(
    uid: int, sender: str = "", address: str = "", *, to: str = "", cc: str = "", days_ago: int = 1
) -> MessageRecord:
    return MessageRecord(
        uid,
        frozenset(),
        None,
        NOW - days_ago * DAY,
        0,
        None,
        sender,
        to,
        "",
        address,
        "",
        "",
        to_addresses=to,
        cc_addresses=cc,
    )


def learn(store: Store, mailbox: int) -> int:
    slices = 1
    while store.learn_addresses(mailbox, OWN):
        slices += 1
    return slices


def found(store: Store, text: str) -> list[str]:
    return [each.address for each in store.addresses(text)]


@pytest.mark.parametrize(
    "text",
    ["jos", "JOSÉ", "mul", "müller", "jose mull", "mull jos", "jm", "jm@ex", "example", "<jm@"],
)
def test_found_by_the_beginning_of_every_word(store: Store, text: str) -> None:
    store.learn_written_to([("José Müller-Lüdenscheidt", "JM@example.org"), ("Other", "o@x.net")])
    (entry,) = store.addresses(text)
    assert (entry.name, entry.address) == ("José Müller-Lüdenscheidt", "jm@example.org")


@pytest.mark.parametrize("text", ["", "  ", "ose", "jose x", "@", "xample", "%", "_"])
def test_not_found_by_anything_else(store: Store, text: str) -> None:
    store.learn_written_to([("José Müller", "jm@example.org")])
    assert found(store, text) == []


def test_who_was_written_to_comes_before_who_wrote(store: Store, mailbox: int) -> None:
    store.put_messages(
        mailbox,
        [
            record(1, "Bert", "bert@a.org"),
            record(2, "Bert", "bert@a.org"),
            record(3, "Anna", "Anna@example.org", to="Berta <berta@a.org>"),
            record(4, "Carl", "c@a.org", to="Berti <berti@a.org>, Anna <anna@example.org>"),
        ],
    )
    learn(store, mailbox)
    assert found(store, "ber") == ["berta@a.org", "bert@a.org", "berti@a.org"]
    assert found(store, "anna") == []


def test_what_is_recent_counts_more(store: Store, mailbox: int) -> None:
    old = [record(uid, "Bob Old", "bob@old.org", days_ago=5 * 365) for uid in range(1, 20)]
    store.put_messages(mailbox, [*old, record(20, "Bob New", "bob@new.org")])
    learn(store, mailbox)
    assert found(store, "bob") == ["bob@new.org", "bob@old.org"]


def test_a_date_in_the_future_counts_as_today(store: Store, mailbox: int) -> None:
    rows = [record(1, "Bob Liar", "bob@liar.org", days_ago=-3650)]
    store.put_messages(mailbox, rows + [record(uid, "Bob", "bob@true.org") for uid in (2, 3)])
    learn(store, mailbox)
    assert found(store, "bob") == ["bob@true.org", "bob@liar.org"]
    assert all(each.last <= time.time() for each in store.addresses("bob"))


def test_the_newest_name_is_the_name(store: Store, mailbox: int) -> None:
    store.put_messages(
        mailbox,
        [
            record(1, "Bea Maiden", "bea@a.org", days_ago=900),
            record(2, "Bea Married", "bea@a.org", days_ago=9),
            record(3, "bea@a.org", "bea@a.org", days_ago=1),
        ],
    )
    learn(store, mailbox)
    assert [each.name for each in store.addresses("bea")] == ["Bea Married"]
    assert found(store, "maiden") == []


@pytest.mark.parametrize(
    "address",
    ["no-reply@a.org", "donotreply@a.org", "x+bounces@a.org", "MAILER-DAEMON@a.org", "zed"],
)
def test_nobody_is_not_learned(store: Store, mailbox: int, address: str) -> None:
    store.put_messages(mailbox, [record(1, "Zed", address), record(2, "Zoe", "replyto@a.org")])
    learn(store, mailbox)
    assert found(store, "zed") == [] and found(store, "zoe") == ["replyto@a.org"]


def test_a_crowd_and_what_was_cut_off_are_not_learned(store: Store, mailbox: int) -> None:
    crowd = ", ".join(f"p{number}@crowd.org" for number in range(30))
    cut = ", ".join(["first@cut.org", *["long" * 60 + "@x.org"] * 5, "last@cut.org"])[:1000]
    store.put_messages(mailbox, [record(1, to=crowd), record(2, to=cut)])
    learn(store, mailbox)
    assert found(store, "crowd") == [] and found(store, "cut.org") == ["first@cut.org"]


def put(store: Store, mailbox: int, uids: range) -> None:
    store.put_messages(mailbox, [record(uid, f"P{uid}", f"p{uid}@a.org") for uid in uids])


def everybody(store: Store) -> set[int]:
    return {int(each.name[1:]) for each in store.addresses("a.org", 999)}


def test_rows_are_waited_for_where_there_is_a_gap(
    store: Store, mailbox: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address_book, "SLICE", 3)
    store.put_order(mailbox, array("I", range(40, 70)), highest_modseq=None)
    put(store, mailbox, range(50, 55))
    learn(store, mailbox)
    assert everybody(store) == set(range(50, 55))
    put(store, mailbox, range(60, 70))  # a page on the screen, the rest is on its way
    put(store, mailbox, range(40, 45))
    learn(store, mailbox)
    assert everybody(store) == set(range(50, 55))
    put(store, mailbox, range(55, 60))
    put(store, mailbox, range(45, 50))
    learn(store, mailbox)
    assert everybody(store) == set(range(40, 70))


def test_a_row_that_never_comes_holds_nothing_up(
    store: Store, mailbox: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address_book, "HOPELESS", 4)
    store.put_order(mailbox, array("I", range(1, 30)), highest_modseq=None)
    put(store, mailbox, range(10, 12))
    learn(store, mailbox)
    put(store, mailbox, range(13, 17))
    learn(store, mailbox)
    assert everybody(store) == {10, 11, *range(13, 17)}


def test_nobody_is_counted_twice(store: Store, mailbox: int) -> None:
    rows = [record(1, "Twice", "twice@a.org"), record(2, "Twice", "twice@a.org")]
    store.put_messages(mailbox, [*rows, record(3, "Once", "once@a.org")])
    for _ in range(5):
        learn(store, mailbox)
    store.put_messages(mailbox, [record(4, "Once", "once@a.org"), record(5, "Once", "once@a.org")])
    learn(store, mailbox)
    assert found(store, "a.org") == ["once@a.org", "twice@a.org"]


def test_old_mail_of_a_large_mailbox_is_left(
    store: Store, mailbox: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address_book, "PER_MAILBOX", 10)
    put(store, mailbox, range(1, 101))
    learn(store, mailbox)
    assert everybody(store) == set(range(90, 101))


def test_the_book_stays_bounded(
    store: Store, mailbox: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address_book, "MOST_ADDRESSES", 5)
    store.learn_written_to([("P0", "p0@a.org")])
    put(store, mailbox, range(1, 50))
    learn(store, mailbox)
    assert len(everybody(store)) == 5 and 0 in everybody(store)
