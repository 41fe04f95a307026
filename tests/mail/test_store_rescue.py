"""A damaged file: what was being written is taken over into the new one, and nothing sent twice."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from tui_mail.mail.compose.values import Attachment, Draft, Outgoing, Sending
from tui_mail.mail.store import MessageRecord, Store
from tui_mail.mail.store.damage import mark_damaged

PAGE = 4096
BODY = "what was typed\n" * 2000
OUTGOING = Outgoing("work", "a@x.org", ("b@x.org",), b"From: a\r\n\r\nhi\r\n", "<1@x.org>", "hi")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with mail, two drafts, and a message of the outbox for each state of interest."""
    path = tmp_path / "mail.db"
    store = Store.open(path)
    inbox = store.ensure_mailbox(store.account_id("work", "a@x"), b"INBOX").id
    rows = [
        MessageRecord(uid, frozenset(), None, 0, 0, None, "", "", "s" * 400, "", "", "")
        for uid in range(1, 3000)
    ]
    store.put_messages(inbox, rows)
    blob = store.blob_add(b"attached")
    file = Attachment("a.bin", "application/octet-stream", 8, blob=blob)
    store.draft_add(Draft("work", "a@x", body=BODY, attachments=(file,)), "<1@x>", "dead")
    store.draft_add(Draft("work", "a@x", body="second"), "<2@x>", "dead")
    for state in ("queued", "sending", "accepted", "failed"):
        entry = store.outbox_add(OUTGOING, "dead", due=time.time(), held=False, to_file=True)
        if state == "failed":
            store.outbox_stop(entry.id, Sending.FAILED, "550 no", "why")
        elif state != "queued":
            store.outbox_begin(entry.id, "dead")
        if state == "accepted":
            store.outbox_accepted(entry.id, "250 ok", "Q")
    store.close()
    return path


def states(store: Store) -> list[Sending]:
    return [each.state for each in reversed(store.outbox())]


def test_taken_over_where_only_mail_is_damaged(path: Path) -> None:
    mark_damaged(path)
    store = Store.open(path)
    assert "2 drafts and 4 messages of the outbox could be saved" in store.notice
    assert [each.draft.body for each in store.drafts()] == ["second", BODY]
    (attached,) = store.drafts()[1].draft.attachments
    assert attached.blob is not None and store.blob(attached.blob) == b"attached"
    store.blobs_sweep(time.time() + 60)
    assert store.blob(attached.blob) == b"attached"
    assert states(store) == [
        Sending.UNCERTAIN,
        Sending.UNCERTAIN,
        Sending.ACCEPTED,
        Sending.FAILED,
    ]
    assert store.outgoing(1) == OUTGOING
    store.close()
    again = Store.open(path)
    assert again.notice == "" and len(again.drafts()) == 2
    again.close()


def root_page(path: Path, table: str) -> int:
    connection = sqlite3.connect(path)
    (page,) = connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)
    ).fetchone()
    connection.close()
    return int(page)


@pytest.mark.parametrize("table", ["message", "blob", "outbox"])
def test_what_can_be_read_is_taken_over(path: Path, table: str) -> None:
    start = (root_page(path, table) - 1) * PAGE
    data = path.read_bytes()
    path.write_bytes(data[:start] + b"\xa5" * PAGE + data[start + PAGE :])
    mark_damaged(path)
    store = Store.open(path)
    assert [each.draft.body for each in store.drafts()] == ["second", BODY]
    assert len(store.outbox()) == (0 if table == "outbox" else 4)
    store.close()


def test_nothing_to_be_read_is_no_reason_to_fail(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 1000)
    store = Store.open(path)
    assert "begun anew" in store.notice and "saved" not in store.notice
    assert store.drafts() == [] and store.outbox() == []
    store.close()
    assert not list(path.parent.glob("*broken*-damaged"))
