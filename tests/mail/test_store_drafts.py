"""Drafts in the store: every field survives, one program has each, blobs live as long as they."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tui_mail.mail.compose.values import Attachment, Draft, MessageReference
from tui_mail.mail.store import DraftGone, Store

COPY = MessageReference("work", b"Drafts", 7, 41)
DRAFT = Draft(
    account="work",
    from_="Anna <anna@example.org>",
    to="Zoë <zoe@example.org>, not yet",
    cc="c@example.org",
    bcc="b@example.org",
    reply_to="r@example.org",
    subject='Say "hello" \\ 灯台',
    body="one\n\ttwo\n\x00 \udc80 ✂\n",
    attachments=(
        Attachment("a.txt", "text/plain", 3, path=Path("/tmp/Größe/a.txt")),
        Attachment("b.bin", "application/octet-stream", 9, blob=5),
    ),
    in_reply_to="<1@example.org>",
    references=("<0@example.org>", "<1@example.org>"),
    answers=MessageReference("work", b"Archive&AOk-", 3, 9),
    forwards=(MessageReference("other", b"INBOX", 1, 2), MessageReference("other", b"X", 1, 3)),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "mail.db")
    yield store
    store.close()


def test_every_field_survives_another_start(tmp_path: Path) -> None:
    first = Store.open(tmp_path / "mail.db")
    number = first.draft_add(replace(DRAFT, saved=COPY), "<new@example.org>", "me")
    first.close()
    second = Store.open(tmp_path / "mail.db")
    (found,) = second.drafts()
    second.close()
    assert found.number == number
    assert found.draft == replace(DRAFT, saved=COPY, message_id="<new@example.org>")
    assert (found.owner, found.postponed, dict(found.facts)) == ("me", False, {})
    assert abs(found.changed - time.time()) < 60


def test_the_message_id_and_the_copy_are_the_stores_own(store: Store) -> None:
    given = replace(DRAFT, message_id="<mine@example.org>", saved=COPY)
    number = store.draft_add(given, "<new@example.org>", "me")
    store.draft_save(number, replace(DRAFT, subject="later"), "me")
    found = store.draft(number)
    assert found is not None
    assert found.draft == replace(given, subject="later")


def test_the_draft_changed_last_comes_first(store: Store) -> None:
    numbers = [store.draft_add(DRAFT, f"<{name}@x>", "me") for name in "abc"]
    store.draft_save(numbers[0], DRAFT, "me")
    assert [each.number for each in store.drafts()] == [numbers[0], numbers[2], numbers[1]]


def test_what_is_gone_says_so(store: Store) -> None:
    number = store.draft_add(DRAFT, "<a@x>", "me")
    assert store.draft_discard(number) is None
    with pytest.raises(DraftGone):
        store.draft_save(number, DRAFT, "me")
    with pytest.raises(DraftGone):
        store.draft_postpone(number, "me")
    with pytest.raises(DraftGone):
        store.draft_stored(number, 0.0, COPY)
    assert store.draft_discard(number) is None
    assert store.drafts() == []


def test_only_one_program_takes_a_draft(store: Store) -> None:
    number = store.draft_add(DRAFT, "<a@x>", "dead")
    assert store.draft_open(number, "first", "dead")
    assert not store.draft_open(number, "second", "dead")
    found = store.draft(number)
    assert found is not None and found.owner == "first"


def test_a_postponed_draft_is_claimed_and_an_open_one_is_not(store: Store) -> None:
    open_one = store.draft_add(DRAFT, "<a@x>", "dead")
    postponed = store.draft_add(DRAFT, "<b@x>", "dead")
    store.draft_postpone(postponed, "dead")
    assert store.draft_owners() == ["dead"]
    assert store.drafts_claim("me", "dead")
    assert not store.drafts_claim("me", "dead")
    assert [each.number for each in store.drafts_postponed("work", "me")] == [postponed]
    assert store.drafts_postponed("other", "me") == []
    found = store.draft(open_one)
    assert found is not None and found.owner == "dead"


def test_a_stored_draft_leaves_unless_it_was_changed_since(store: Store) -> None:
    number = store.draft_add(DRAFT, "<a@x>", "me")
    store.draft_postpone(number, "me")
    (before,) = store.drafts_postponed("work", "me")
    store.draft_note(number, {"begun": before.changed})
    store.draft_save(number, replace(DRAFT, body="a word more"), "me")
    store.draft_postpone(number, "me")
    left = store.draft_stored(number, before.changed, COPY)
    assert left is not None
    assert (left.draft.body, left.draft.saved, dict(left.facts)) == ("a word more", COPY, {})
    assert store.draft_of_copy(COPY) == number
    assert store.draft_stored(number, left.changed, replace(COPY, uid=42)) is None
    assert store.drafts() == [] and store.draft_of_copy(COPY) is None


def test_a_draft_that_was_opened_while_it_was_stored_stays(store: Store) -> None:
    number = store.draft_add(DRAFT, "<a@x>", "me")
    store.draft_postpone(number, "me")
    (before,) = store.drafts_postponed("work", "me")
    assert store.draft_open(number, "me", "me")
    left = store.draft_stored(number, before.changed, COPY)
    assert left is not None and left.draft.saved == COPY and not left.postponed


def test_blobs_go_with_the_last_draft_that_named_them(store: Store) -> None:
    shared, own = store.blob_add(b"shared"), store.blob_add(b"\x00own\xff")
    files = tuple(
        Attachment(str(blob), "application/octet-stream", 1, blob=blob) for blob in (shared, own)
    )
    first = store.draft_add(replace(DRAFT, attachments=files), "<a@x>", "me")
    second = store.draft_add(replace(DRAFT, attachments=files[:1]), "<b@x>", "me")
    # Taken out of the draft, but a person may want it back.
    store.draft_save(first, replace(DRAFT, attachments=()), "me")
    store.blobs_sweep(time.time() + 1)
    assert store.blob(own) == b"\x00own\xff"
    store.draft_discard(first)
    assert store.blob(shared) == b"shared"
    with pytest.raises(DraftGone):
        store.blob(own)
    store.draft_discard(second)
    with pytest.raises(DraftGone):
        store.blob(shared)


def test_a_blob_that_no_draft_names_is_swept_once_it_is_old(store: Store) -> None:
    blob = store.blob_add(b"x")
    store.blobs_sweep(time.time() - 60)
    assert store.blob(blob) == b"x"
    store.blobs_sweep(time.time() + 60)
    with pytest.raises(DraftGone):
        store.blob(blob)
