"""LIST and STATUS answers in the store, and what UIDVALIDITY does to it."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_mail.mail.store import MessageRecord, Store, SyncState
from tui_mail.model import HAS_CHILDREN, NOSELECT, Mailbox, MailboxStatus, SpecialUse


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "mail.db")
    yield store
    store.close()


@pytest.fixture
def account(store: Store) -> int:
    return store.account_id("work", "anna@example.org")


def mailbox(name: bytes) -> Mailbox:
    return Mailbox(name, "/", frozenset(), tuple(name.decode("latin-1").split("/")))


def record(uid: int) -> MessageRecord:
    return MessageRecord(uid, frozenset(), 5, 0, 0, None, "", "", "", "", "", "", structure=b"(x)")


LISTED = [
    Mailbox(b"INBOX", ".", frozenset({HAS_CHILDREN}), ("INBOX",), None, True),
    Mailbox(b"Gesendet &AOQ-", None, frozenset({"\\X"}), ("Gesendet ä",), SpecialUse.SENT),
    Mailbox(b'\xff"\\ {5}', "\\", frozenset({NOSELECT}), ("\ufffd", '"', "a / b")),
]


def test_every_field_comes_back(store: Store, account: int) -> None:
    store.replace_mailboxes(account, LISTED)
    stored = store.mailboxes(account)
    assert [item.mailbox for item in stored] == sorted(LISTED, key=lambda item: item.name)
    assert {item.status for item in stored} == {MailboxStatus()}
    for item in stored:
        assert store.mailbox_by_name(account, item.mailbox.name) == item
    assert store.mailbox_by_name(account, b"inbox") is None


def test_a_second_answer_keeps_numbers_figures_and_mail(store: Store, account: int) -> None:
    store.replace_mailboxes(account, LISTED)
    inbox = store.ensure_mailbox(account, b"INBOX").id
    store.put_messages(inbox, [record(1)])
    store.put_status(account, {b"INBOX": MailboxStatus(messages=1)})
    changed = Mailbox(b"INBOX", "/", frozenset(), ("INBOX",), SpecialUse.ALL, False)

    store.replace_mailboxes(account, [changed, *LISTED[1:]])

    stored = store.mailbox_by_name(account, b"INBOX")
    assert stored is not None
    assert (stored.id, stored.mailbox, stored.status.messages) == (inbox, changed, 1)
    assert len(store.rows(inbox, [1])) == 1


def test_mailboxes_not_listed_go_with_their_mail(store: Store, account: int) -> None:
    other = store.account_id("home", "anna@home.example")
    store.replace_mailboxes(account, LISTED)
    store.replace_mailboxes(other, LISTED)
    gone = store.ensure_mailbox(account, LISTED[1].name).id
    kept = store.ensure_mailbox(other, LISTED[1].name).id
    for number in (gone, kept):
        store.put_messages(number, [record(1)])
        store.put_body(number, 1, "1", b"text", True)
        store.put_order(number, array("I", [1]), highest_modseq=None)

    store.replace_mailboxes(account, [LISTED[0]])

    assert [item.mailbox for item in store.mailboxes(account)] == [LISTED[0]]
    assert len(store.mailboxes(other)) == len(LISTED)
    for _ in range(10):
        assert (store.rows(gone, [1]), store.body(gone, 1, "1"), len(store.order(gone))) == (
            [],
            None,
            0,
        )
        assert len(store.rows(kept, [1])) == 1
        assert store.body(kept, 1, "1") is not None
        assert store.order(kept).tolist() == [1]
        store.tidy()
    # A mailbox of the old name is a new one.
    assert store.ensure_mailbox(account, LISTED[1].name).id != gone


def test_what_is_put_into_a_mailbox_that_is_gone_is_swallowed(store: Store, account: int) -> None:
    gone = store.ensure_mailbox(account, b"gone").id
    store.replace_mailboxes(account, LISTED)
    while store.tidy():
        pass
    store.put_messages(gone, [record(1)])
    store.put_structures(gone, [(1, True, b"(x)")])
    store.put_body(gone, 1, "1", b"text", True)
    store.put_order(gone, array("I", [1]), highest_modseq=1)
    store.put_flags(gone, [(1, frozenset(), 1)])
    store.remove_messages(gone, [1])
    store.set_filled_to(gone, 1)
    assert store.reset_if_stale(gone, 1) is False
    assert store.sync_state(gone) == SyncState(None, None, None, 0)
    assert store.unread_count(gone) == 0
    assert store.next_unread(gone, 5, newer=False) is None
    assert store.record(gone, 1) is None
    assert store.unknown(gone, [1]).tolist() == [1]


def test_an_empty_answer_is_not_believed(store: Store, account: int) -> None:
    store.replace_mailboxes(account, LISTED)
    store.replace_mailboxes(account, [])
    assert len(store.mailboxes(account)) == len(LISTED)


def test_a_name_listed_twice_counts_once(store: Store, account: int) -> None:
    store.replace_mailboxes(account, [LISTED[0], mailbox(b"INBOX")])
    assert [item.mailbox for item in store.mailboxes(account)] == [mailbox(b"INBOX")]


def test_twenty_thousand_mailboxes(store: Store, account: int) -> None:
    many = [mailbox(b"Lists/%05d" % number) for number in range(20_000)]
    store.replace_mailboxes(account, many)
    store.put_status(account, {item.name: MailboxStatus(unseen=3) for item in many})
    stored = store.mailboxes(account)
    assert [item.mailbox for item in stored] == many
    assert {item.status.unseen for item in stored} == {3}
    assert len({item.id for item in stored}) == len(many)


def test_ensured_mailbox_is_one_and_list_completes_it(store: Store, account: int) -> None:
    made = store.ensure_mailbox(account, b"B\x1b[31m")
    assert store.ensure_mailbox(account, b"B\x1b[31m") == made
    assert "\x1b" not in made.mailbox.path[0]
    listed = Mailbox(b"B\x1b[31m", "/", frozenset(), ("B",), SpecialUse.JUNK, True)
    store.replace_mailboxes(account, [listed])
    assert [(item.id, item.mailbox) for item in store.mailboxes(account)] == [(made.id, listed)]


def test_status_none_keeps_the_old_figure(store: Store, account: int) -> None:
    store.replace_mailboxes(account, LISTED)
    full = MailboxStatus(9, 2, 4294967295, 7, 2**63 - 1, 2**40)
    store.put_status(account, {LISTED[2].name: full, b"not listed": full})
    store.put_status(account, {LISTED[2].name: MailboxStatus(messages=0)})
    stored = store.mailbox_by_name(account, LISTED[2].name)
    assert stored is not None
    assert stored.status == MailboxStatus(0, 2, 4294967295, 7, 2**63 - 1, 2**40)
    assert len(store.mailboxes(account)) == len(LISTED)


def test_a_figure_too_big_for_the_database_is_cut(store: Store, account: int) -> None:
    store.replace_mailboxes(account, LISTED)
    store.put_status(account, {b"INBOX": MailboxStatus(size=10**40, messages=1)})
    stored = store.mailbox_by_name(account, b"INBOX")
    assert stored is not None
    assert stored.status == MailboxStatus(messages=1, size=2**63 - 1)


def test_status_does_not_touch_what_the_cache_stands_for(store: Store, account: int) -> None:
    inbox = store.ensure_mailbox(account, b"INBOX").id
    store.reset_if_stale(inbox, 7)
    store.put_order(inbox, array("I", [1]), highest_modseq=10)
    store.set_filled_to(inbox, 1)
    store.put_status(
        account, {b"INBOX": MailboxStatus(uid_next=5, uid_validity=8, highest_modseq=20)}
    )
    assert store.sync_state(inbox) == SyncState(7, 5, 10, 1)


def test_first_uid_validity_is_taken_over(store: Store, account: int) -> None:
    inbox = store.ensure_mailbox(account, b"INBOX").id
    store.put_messages(inbox, [record(1)])
    assert store.reset_if_stale(inbox, 7) is False
    assert store.reset_if_stale(inbox, 7) is False
    assert len(store.rows(inbox, [1])) == 1


def test_another_uid_validity_forgets_everything_at_once(store: Store, account: int) -> None:
    inbox = store.ensure_mailbox(account, b"INBOX").id
    other = store.ensure_mailbox(account, b"other").id
    for number in (inbox, other):
        store.reset_if_stale(number, 7)
        store.put_messages(number, [record(uid) for uid in range(1, 5001)])
        store.put_order(number, array("I", range(1, 5001)), highest_modseq=10)
        store.put_body(number, 1, "1", b"text", True)
        store.set_filled_to(number, 1)

    assert store.reset_if_stale(inbox, 8) is True

    assert store.sync_state(inbox) == SyncState(8, None, None, 0)
    assert store.rows(inbox, range(1, 100)) == []
    assert store.structure(inbox, 1) is None
    assert len(store.order(inbox)) == 0
    assert store.body(inbox, 1, "1") is None
    assert store.unread_count(inbox) == 0
    # New mail under the old numbers is not swept away with the old.
    store.put_messages(inbox, [record(1)])
    store.put_order(inbox, array("I", [1]), highest_modseq=11)
    slices = 0
    while store.tidy():
        slices += 1
    assert slices > 3
    assert len(store.rows(inbox, [1])) == 1
    assert store.order(inbox).tolist() == [1]
    assert store.unread_count(other) == 5000
    assert store.body(other, 1, "1") is not None
    assert store.structure(other, 5000) == b"(x)"
    assert len(store.order(other)) == 5000
