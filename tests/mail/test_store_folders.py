"""Folders renamed, added and gone in the store, and many messages changed at once."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_mail.mail.store import MessageRecord, Store
from tui_mail.model import FLAGGED, SEEN, Mailbox, MailboxStatus
from tui_mail.wire.sequence_set import SequenceSet


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "mail.db")
    yield store
    store.close()


def mailbox(name: bytes, *attributes: str) -> Mailbox:
    return Mailbox(name, "/", frozenset(attributes), tuple(name.decode().split("/")))


def record(uid: int, *flags: str) -> MessageRecord:
    return MessageRecord(uid, frozenset(flags), None, 0, 0, None, "", "", str(uid), "", "", "")


def names(store: Store, account: int) -> list[bytes]:
    return [each.mailbox.name for each in store.mailboxes(account)]


def filled(store: Store, account: int, name: bytes, uids: list[int]) -> int:
    number = store.ensure_mailbox(account, name).id
    store.put_messages(number, [record(uid) for uid in uids])
    store.put_order(number, array("I", uids), highest_modseq=5)
    return number


def test_a_part_of_the_list_is_taken_over(store: Store) -> None:
    work, other = store.account_id("work", "a@b"), store.account_id("other", "a@c")
    for account in (work, other):
        store.replace_mailboxes(account, [mailbox(name) for name in (b"a", b"b", b"c")])
    store.put_status(work, {b"a": MailboxStatus(messages=3)})
    store.change_mailboxes(
        work, listed=[mailbox(b"a", "\\HasChildren"), mailbox(b"a/x")], gone=[b"b", b"none"]
    )
    assert names(store, work) == [b"a", b"a/x", b"c"]
    assert names(store, other) == [b"a", b"b", b"c"]
    stored = store.mailbox_by_name(work, b"a")
    assert stored is not None
    assert stored.mailbox.attributes == {"\\HasChildren"}
    assert stored.status.messages == 3
    store.change_mailboxes(work)
    assert names(store, work) == [b"a", b"a/x", b"c"]


def test_a_renamed_folder_keeps_its_mail(store: Store) -> None:
    account = store.account_id("work", "a@b")
    one = filled(store, account, b"a", [1, 2])
    below = filled(store, account, b"a/x", [7])
    stale = filled(store, account, b"b", [1])  # deleted by another client, and not known yet
    store.change_mailboxes(
        account,
        listed=[mailbox(b"b"), mailbox(b"b/x")],
        renamed={b"a": b"b", b"a/x": b"b/x", b"none": b"c"},
    )
    assert names(store, account) == [b"b", b"b/x"]
    by_name = {each.mailbox.name: each for each in store.mailboxes(account)}
    assert (by_name[b"b"].id, by_name[b"b/x"].id) == (one, below)
    assert by_name[b"b/x"].mailbox.path == ("b", "x")
    assert store.order(one).tolist() == [1, 2]
    assert [row.uid for row in store.rows(below, [7])] == [7]
    assert store.rows(stale, [1]) == []
    while store.tidy():
        pass
    assert store._database.value("SELECT count(*) FROM message") == 3


def test_many_are_seen_at_once(store: Store) -> None:
    account = store.account_id("work", "a@b")
    numbers = [store.ensure_mailbox(account, name).id for name in (b"a", b"b", b"c")]
    for number in numbers:
        store.put_messages(number, [record(uid, FLAGGED) for uid in range(1, 2502)])
    store.mark_seen(numbers[1], range(2, 2600))
    assert [store.unread_count(number) for number in numbers] == [2501, 1, 2501]
    (row,) = store.rows(numbers[1], [2000])
    assert row.flags == {SEEN, FLAGGED}
    store.mark_seen(numbers[1], [0, -1, 2**32])
    store.mark_seen(99, [1])
    assert [store.unread_count(number) for number in numbers] == [2501, 1, 2501]


def test_messages_that_are_gone_leave_nothing(store: Store) -> None:
    account = store.account_id("work", "a@b")
    uids = [*range(1, 2000), 20_000, 40_000]
    number, other = (filled(store, account, name, uids) for name in (b"a", b"b"))
    store.put_body(number, 1, "1", b"text", True)
    gone = SequenceSet.from_numbers([*range(1, 1999), 20_000, 50_000])
    store.journal_conclude(account, 1, {}, keep=False, mailbox_id=number, gone=gone)
    assert store.order(number).tolist() == [1999, 40_000]
    assert [row.uid for row in store.rows(number, uids)] == [1999, 40_000]
    assert store.body(number, 1, "1") is None
    assert store.sync_state(number).highest_modseq == 5
    assert store.order(other).tolist() == uids
    store.journal_conclude(account, 1, {}, keep=False, mailbox_id=99, gone=gone)
