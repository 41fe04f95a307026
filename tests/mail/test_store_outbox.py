"""The outbox in the store: which step may follow which, and what a crash leaves of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tui_mail.mail.compose.values import (
    Draft,
    MessageReference,
    OutboxEntry,
    Outgoing,
    RefusedRecipient,
    Sending,
)
from tui_mail.mail.store import Chore, Store
from tui_mail.mail.store import outbox as outbox_file

OUTGOING = Outgoing(
    account="work",
    sender="anna@example.org",
    recipients=("bert@example.org", "zoë@example.org"),
    message=b"From: x\r\n\r\n\x00\xff\r\n",
    message_id="<1@example.org>",
    subject="Größe",
    bcc="zoë@example.org",
    smtputf8=True,
)
REFUSED = RefusedRecipient("bert@example.org", 550, "550 5.1.1 who?")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "mail.db")
    yield store
    store.close()


def added(store: Store, *, held: bool = False, owner: str = "me", **more: object) -> OutboxEntry:
    options: dict[str, object] = {"due": time.time(), "to_file": True, **more}
    return store.outbox_add(OUTGOING, owner, held=held, **options)  # type: ignore[arg-type]


def state(store: Store, number: int) -> Sending | None:
    entry = store.outbox_entry(number)
    return entry.state if entry else None


def test_the_message_is_kept_byte_for_byte(store: Store) -> None:
    entry = added(store, held=True, due=5.5)
    assert store.outgoing(entry.id) == OUTGOING
    assert entry == OutboxEntry(
        id=entry.id,
        account="work",
        state=Sending.HELD,
        subject="Größe",
        recipients=OUTGOING.recipients,
        size=len(OUTGOING.message),
        created=entry.created,
        due=5.5,
    )
    assert store.outbox() == [entry]


def test_sending_begins_once_and_only_for_its_owner(store: Store) -> None:
    entry = added(store)
    assert not store.outbox_begin(entry.id, "other")
    assert store.outbox_begin(entry.id, "me")
    assert not store.outbox_begin(entry.id, "me")
    assert state(store, entry.id) is Sending.SENDING
    assert store.outbox_next("work", "me") is None


def test_what_was_called_back_is_not_begun(store: Store) -> None:
    draft = store.draft_add(Draft("work", "a@x"), "<a@x>", "me")
    entry = added(store, held=True, draft=draft)
    assert store.drafts() == []
    withdrawn = store.outbox_withdraw(entry.id, "me", with_draft=False)
    assert withdrawn == entry
    assert not store.outbox_begin(entry.id, "me")
    assert [each.number for each in store.drafts()] == [draft]


@pytest.mark.parametrize("further", [[], ["accept"], ["accept", "file"]])
def test_what_is_being_sent_or_was_cannot_be_called_back(store: Store, further: list[str]) -> None:
    entry = added(store)
    store.outbox_begin(entry.id, "me")
    if "accept" in further:
        store.outbox_accepted(entry.id, "250 ok", "Q1")
    if "file" in further:
        store.outbox_filed(entry.id)
    before = state(store, entry.id)
    assert store.outbox_withdraw(entry.id, "me", with_draft=True) is None
    assert not store.outbox_again(entry.id, "me", outbox_file.STOPPED)
    assert state(store, entry.id) is before


def test_acceptance_takes_the_draft_and_leaves_chores(store: Store) -> None:
    answered = MessageReference("work", b"INBOX", 1, 5)
    forwarded = MessageReference("other", b"Box", 2, 6)
    copy = MessageReference("work", b"Drafts", 3, 7)
    written = Draft(
        "work", "a@x", answers=answered, forwards=(forwarded,), saved=copy, message_id="<d@x>"
    )
    draft = store.draft_add(written, "", "me")
    entry = added(store, draft=draft)
    store.outbox_begin(entry.id, "me")
    assert store.outbox_accepted(entry.id, "250 2.0.0 Ok: queued as Q1", "Q1") == written
    now = store.outbox_entry(entry.id)
    assert now is not None
    assert (now.state, now.queue_id, now.due, now.draft) == (Sending.ACCEPTED, "Q1", None, None)
    assert store.draft(draft) is None
    chores = (Chore(forwarded, "$Forwarded"), Chore(answered, "\\Answered"), Chore(copy))
    assert store.outbox_chores("work", "me") == [(entry.id, chores)]
    store.outbox_chores_done(entry.id)
    assert store.outbox_chores("work", "me") == []


def test_filing_is_one_after_the_other_and_forgets_the_message(store: Store) -> None:
    first, second = added(store), added(store)
    for each in (first, second):
        store.outbox_begin(each.id, "me")
        store.outbox_accepted(each.id, "250", "")
    unfiled = store.outbox_unfiled("work", "me")
    assert unfiled is not None
    assert (unfiled.entry.id, unfiled.outgoing, dict(unfiled.facts)) == (first.id, OUTGOING, {})
    store.outbox_note(first.id, {"begun in": "Sent"})
    later = store.outbox_unfiled("work", "me", [first.id])
    assert later is not None and later.entry.id == second.id
    noted = store.outbox_unfiled("work", "me")
    assert noted is not None and dict(noted.facts) == {"begun in": "Sent"}
    store.outbox_filed(first.id)
    assert store.outgoing(first.id) is None and state(store, first.id) is Sending.FILED
    assert store.outbox_unfiled("work", "other") is None


def test_where_the_server_files_by_itself_nothing_is_left_to_do(store: Store) -> None:
    entry = added(store, to_file=False)
    store.outbox_begin(entry.id, "me")
    store.outbox_accepted(entry.id, "250", "")
    assert state(store, entry.id) is Sending.FILED
    assert store.outbox_unfiled("work", "me") is None


def test_of_what_was_filed_the_last_ones_are_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_file, "KEPT", 2)
    entries = [added(store, to_file=False) for _ in range(4)]
    for each in entries:
        store.outbox_begin(each.id, "me")
        store.outbox_accepted(each.id, "250", "")
    assert [each.id for each in store.outbox()] == [entries[3].id, entries[2].id]


def test_the_next_one_is_the_one_that_is_due_first(store: Store) -> None:
    late, soon = added(store, due=200.0), added(store, due=100.0)
    added(store, due=1.0, owner="other")
    assert store.outbox_next("other", "me") is None
    found = store.outbox_next("work", "me")
    assert found is not None and found.id == soon.id
    store.outbox_later(soon.id, 300.0, 1, "451 busy", "The server is busy")
    found = store.outbox_next("work", "me")
    assert found is not None and found.id == late.id
    again = store.outbox_entry(soon.id)
    assert again is not None
    assert (again.tries, again.reply, again.explanation) == (1, "451 busy", "The server is busy")


def test_a_refusal_waits_for_a_person_who_may_leave_some_out(store: Store) -> None:
    entry = added(store)
    store.outbox_begin(entry.id, "me")
    store.outbox_stop(entry.id, Sending.PARTLY_REFUSED, "550 who?", "why", [REFUSED])
    assert store.outbox_next("work", "me") is None
    stopped = store.outbox_entry(entry.id)
    assert stopped is not None and stopped.refused == (REFUSED,) and stopped.due is None
    assert store.outbox_again(
        entry.id, "other", (Sending.PARTLY_REFUSED,), without=["bert@example.org"]
    )
    outgoing = store.outgoing(entry.id)
    assert outgoing == replace(OUTGOING, recipients=("zoë@example.org",))
    assert store.outbox_next("work", "me") is None
    assert store.outbox_next("work", "other") is not None


def test_what_a_dead_program_was_handing_over_is_uncertain(store: Store) -> None:
    waiting, handed, accepted = (added(store, owner="dead") for _ in range(3))
    store.outbox_begin(handed.id, "dead")
    store.outbox_begin(accepted.id, "dead")
    store.outbox_accepted(accepted.id, "250", "")
    assert store.outbox_owners() == ["dead"]
    taken = {each.id: each for each in store.outbox_claim("me", "dead")}
    assert {number: each.state for number, each in taken.items()} == {
        waiting.id: Sending.QUEUED,
        handed.id: Sending.UNCERTAIN,
        accepted.id: Sending.ACCEPTED,
    }
    assert "nobody knows" in taken[handed.id].explanation
    assert not store.outbox_begin(handed.id, "me")
    assert store.outbox_claim("second", "dead") == []
    assert store.outbox_owners() == ["me"]
