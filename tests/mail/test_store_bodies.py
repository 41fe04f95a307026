"""The cache of bodies: what it keeps, and which it gives up first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_mail.mail.store import Store, StoredBody, bodies


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "mail.db")
    yield store
    store.close()


@pytest.fixture
def mailbox(store: Store) -> int:
    return store.ensure_mailbox(store.account_id("work", "anna@example.org"), b"INBOX").id


def tidy(store: Store) -> None:
    while store.tidy():
        pass


def test_sections_of_a_message_are_apart(store: Store, mailbox: int) -> None:
    store.put_body(mailbox, 1, "1", b"text\x00\xff", True)
    store.put_body(mailbox, 1, "HEADER", b"", True)
    store.put_body(mailbox, 2, "1", b"other", False)
    assert store.body(mailbox, 1, "1") == StoredBody(b"text\x00\xff", True)
    assert store.body(mailbox, 1, "HEADER") == StoredBody(b"", True)
    assert store.body(mailbox, 2, "1") == StoredBody(b"other", False)
    assert store.body(mailbox, 2, "HEADER") is None


def test_a_beginning_grows_and_never_replaces_the_whole(store: Store, mailbox: int) -> None:
    for data, complete, expected in (
        (b"a", False, b"a"),
        (b"ab", False, b"ab"),
        (b"abc", True, b"abc"),
        (b"a", False, b"abc"),
    ):
        store.put_body(mailbox, 1, "1", data, complete)
        assert store.body(mailbox, 1, "1") == StoredBody(expected, expected == b"abc")


def test_least_recently_read_goes_first(store: Store, mailbox: int) -> None:
    store.cache_limit = 1000
    for uid in range(1, 101):
        store.put_body(mailbox, uid, "1", bytes(10), True)
    assert store.tidy() is False
    assert store.body(mailbox, 3, "1")
    store.put_body(mailbox, 101, "1", bytes(200), True)
    assert store.untidy
    tidy(store)
    left = [uid for uid in range(1, 102) if store.body(mailbox, uid, "1")]
    # There were 1200 octets: twenty sections of 10 had to go.
    assert left == [3, *range(22, 102)]


def test_replaced_and_removed_bodies_are_not_counted(store: Store, mailbox: int) -> None:
    store.cache_limit = 1000
    for _ in range(50):
        store.put_body(mailbox, 1, "1", bytes(900), True)
        store.put_body(mailbox, 2, "1", bytes(900), True)
        store.remove_messages(mailbox, [2])
        assert store.tidy() is False
    assert store.body(mailbox, 1, "1") is not None


def test_reads_of_another_connection_count(store: Store, mailbox: int) -> None:
    store.cache_limit = 100
    reader = store.reader()
    for uid in range(1, 11):
        store.put_body(mailbox, uid, "1", bytes(10), True)
    reader.body(mailbox, 1, "1")
    store.put_body(mailbox, 11, "1", bytes(10), True)
    tidy(store)
    reader.close()
    assert store.body(mailbox, 1, "1") is not None
    assert store.body(mailbox, 2, "1") is None
    assert store.body(mailbox, 3, "1") is not None


def test_a_body_too_long_is_not_kept(
    store: Store, mailbox: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_LIMIT", 5)
    store.put_body(mailbox, 1, "1", b"12345", True)
    store.put_body(mailbox, 2, "1", b"123456", True)
    assert store.body(mailbox, 1, "1") is not None
    assert store.body(mailbox, 2, "1") is None


def test_impossible_uids_reach_no_other_mailbox(store: Store, mailbox: int) -> None:
    neighbor = store.ensure_mailbox(1, b"neighbor").id
    store.put_body(neighbor, 1, "1", b"theirs", True)
    store.put_body(mailbox, 2**32 + 1, "1", b"mine!!", True)
    assert store.body(neighbor, 1, "1") == StoredBody(b"theirs", True)
