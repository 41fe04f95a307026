"""The UIDs of a mailbox: what goes in comes out, and little is written for a little change."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.store import Store

GREATEST = 2**32 - 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "mail.db")
    yield store
    store.close()


def mailbox(store: Store, name: bytes = b"INBOX") -> int:
    return store.ensure_mailbox(store.account_id("work", "anna@example.org"), name).id


@pytest.mark.parametrize(
    "uids",
    [
        [],
        [1],
        [GREATEST],
        [16383, 16384, 16385],
        [1, 16384, 32768, GREATEST - 1, GREATEST],
        list(range(1, 50_000)),
    ],
    ids=["none", "first", "last", "edge", "far apart", "many"],
)
def test_order_comes_back(store: Store, uids: list[int]) -> None:
    number = mailbox(store)
    before, after = mailbox(store, b"before"), mailbox(store, b"after")
    for other in (before, after):
        store.put_order(other, array("I", [1, GREATEST]), highest_modseq=None)
    store.put_order(number, array("I", [3, 70_000, GREATEST]), highest_modseq=1)
    store.put_order(number, array("I", uids), highest_modseq=2)
    assert store.order(number) == array("I", uids)
    assert store.sync_state(number).highest_modseq == 2
    for other in (before, after):
        assert store.order(other).tolist() == [1, GREATEST]


@given(orders=st.lists(st.sets(st.integers(1, GREATEST) | st.integers(1, 40_000)), max_size=4))
def test_the_last_order_counts(orders: list[set[int]]) -> None:
    store = Store.open(None)
    number = mailbox(store)
    for uids in orders:
        order = array("I", sorted(uids))
        store.put_order(number, order, highest_modseq=None)
        assert store.order(number) == order
    store.close()


def test_modseq_none_is_stored_as_unknown(store: Store) -> None:
    number = mailbox(store)
    store.put_order(number, array("I", [1]), highest_modseq=5)
    store.put_order(number, array("I", [1]), highest_modseq=None)
    assert store.sync_state(number).highest_modseq is None


def test_one_more_message_in_a_million_writes_one_blob(store: Store, tmp_path: Path) -> None:
    number = mailbox(store)
    order = array("I", range(1, 1_000_001))
    store.put_order(number, order, highest_modseq=1)
    store.close()  # which empties the log
    store = Store.open(tmp_path / "mail.db")
    order.append(1_000_001)
    del order[500_000]
    store.put_order(number, order, highest_modseq=2)
    assert (tmp_path / "mail.db-wal").stat().st_size < 300_000
    assert store.order(number) == order
    store.close()
