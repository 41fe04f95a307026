"""Accounts, settings and the journal, on a real database."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_mail.mail.store import MessageRecord, Store
from tui_mail.model import SEEN

INBOX = b"INBOX"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "mail.db")
    yield store
    store.close()


def record(uid: int) -> MessageRecord:
    return MessageRecord(uid, frozenset(), None, 0, 0, None, "", "", "", "", "", "")


def test_same_account_same_number(store: Store) -> None:
    work = store.account_id("work", "anna@example.org")
    home = store.account_id("home", "anna@example.org")
    assert work != home
    assert store.account_id("work", "anna@example.org") == work


def test_another_identity_starts_from_nothing(store: Store) -> None:
    old = store.account_id("work", "anna@example.org")
    other = store.account_id("home", "anna@home.example")
    for account in (old, other):
        mailbox = store.ensure_mailbox(account, INBOX).id
        store.put_messages(mailbox, [record(1), record(2)])
        store.put_order(mailbox, array("I", [1, 2]), highest_modseq=None)
        store.put_setting(account, "last", "INBOX")
        store.journal_add(account, "add flags", INBOX, "1", {})

    new = store.account_id("work", "anna@elsewhere.example")

    assert new not in (old, other)
    for account in (old, new):
        assert store.mailboxes(account) == []
        assert store.setting(account, "last") is None
        assert store.journal(account) == []
    kept = store.mailbox_by_name(other, INBOX)
    assert kept is not None
    assert len(store.rows(kept.id, [1, 2])) == 2
    assert store.setting(other, "last") == "INBOX"
    assert len(store.journal(other)) == 1


def test_setting_is_kept_replaced_and_forgotten(store: Store) -> None:
    work = store.account_id("work", "anna@example.org")
    home = store.account_id("home", "anna@home.example")
    store.put_setting(work, "last", "INBOX")
    store.put_setting(work, "last", "Entwürfe 'x'")
    assert store.setting(work, "last") == "Entwürfe 'x'"
    assert store.setting(home, "last") is None
    store.put_setting(work, "last", None)
    assert store.setting(work, "last") is None


def test_journal_keeps_the_order_and_every_field(store: Store) -> None:
    account = store.account_id("work", "anna@example.org")
    store.reset_if_stale(store.ensure_mailbox(account, b'A\xff"\\').id, 77)
    first = store.journal_add(account, "add flags", b'A\xff"\\', "1:3,9", {"flags": [SEEN]})
    second = store.journal_add(account, "append", b"elsewhere", "", {"größe": 1, "none": None})

    entries = store.journal(account)

    assert [entry.id for entry in entries] == [first, second]
    assert entries[0].mailbox == b'A\xff"\\'
    assert (entries[0].kind, entries[0].uids, entries[0].payload, entries[0].uid_validity) == (
        "add flags",
        "1:3,9",
        {"flags": [SEEN]},
        77,
    )
    assert (entries[1].payload, entries[1].uid_validity) == ({"größe": 1, "none": None}, None)
    assert entries[0].created <= entries[1].created


def test_removed_entry_stays_away_and_its_number_is_not_reused(store: Store) -> None:
    account = store.account_id("work", "anna@example.org")
    number = store.journal_add(account, "add flags", INBOX, "1", {})
    store.journal_remove(number)
    store.journal_remove(number)
    assert store.journal(account) == []
    assert store.journal_add(account, "add flags", INBOX, "1", {}) > number


def test_entries_with_uids_of_another_uid_validity_are_dropped(store: Store) -> None:
    account = store.account_id("work", "anna@example.org")
    inbox, other = (store.ensure_mailbox(account, name).id for name in (INBOX, b"other"))
    store.reset_if_stale(inbox, 1)
    store.reset_if_stale(other, 1)
    store.journal_add(account, "add flags", INBOX, "5", {})
    append = store.journal_add(account, "append", INBOX, "", {})
    elsewhere = store.journal_add(account, "add flags", b"other", "5", {})

    assert store.reset_if_stale(inbox, 2)

    assert [entry.id for entry in store.journal(account)] == [append, elsewhere]


def test_entries_of_a_mailbox_that_went_and_came_back_new_are_dropped(store: Store) -> None:
    account = store.account_id("work", "anna@example.org")
    keep = store.ensure_mailbox(account, INBOX).mailbox
    store.reset_if_stale(store.ensure_mailbox(account, b"list").id, 1)
    store.journal_add(account, "add flags", b"list", "5", {})
    store.replace_mailboxes(account, [keep])
    assert len(store.journal(account)) == 1

    assert not store.reset_if_stale(store.ensure_mailbox(account, b"list").id, 2)

    assert store.journal(account) == []
