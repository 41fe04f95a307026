"""The store's two threads: any thread may ask, order is kept, errors arrive in the future."""

from __future__ import annotations

import asyncio
import threading
from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tui_mail.errors import StoreError
from tui_mail.mail.store import MessageRecord, Store, StoreCorrupt, StoreThreads


@pytest.fixture(params=["file", "memory"])
def threads(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreThreads]:
    threads = StoreThreads(tmp_path / "mail.db" if request.param == "file" else None)
    yield threads
    threads.close()


def record(uid: int) -> MessageRecord:
    return MessageRecord(uid, frozenset(), None, 0, 0, None, "", "", "", "", "", "")


def inbox(threads: StoreThreads) -> int:
    account = threads.write(Store.account_id, "work", "anna@example.org").result()
    return threads.write(Store.ensure_mailbox, account, b"INBOX").result().id


def test_a_read_sees_a_finished_write(threads: StoreThreads) -> None:
    mailbox = inbox(threads)
    for uid in range(1, 100):
        threads.write(Store.put_messages, mailbox, [record(uid)]).result()
        assert len(threads.read(Store.rows, mailbox, [uid]).result()) == 1


def test_writes_keep_their_order_and_take_keywords(threads: StoreThreads) -> None:
    mailbox = inbox(threads)
    for count in range(1, 50):
        last = threads.write(
            Store.put_order, mailbox, array("I", range(1, count + 1)), highest_modseq=count
        )
    last.result()
    assert len(threads.read(Store.order, mailbox).result()) == 49
    assert threads.read(Store.sync_state, mailbox).result().highest_modseq == 49


def test_many_threads_may_ask(threads: StoreThreads) -> None:
    mailbox = inbox(threads)

    def work(first: int) -> int:
        threads.write(Store.put_messages, mailbox, [record(first)]).result()
        return len(threads.read(Store.rows, mailbox, [first]).result())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(1, 101))) == [1] * 100


async def test_asyncio_waits_for_it(threads: StoreThreads) -> None:
    mailbox = await asyncio.to_thread(inbox, threads)
    await asyncio.wrap_future(threads.write(Store.put_messages, mailbox, [record(1)]))
    assert len(await asyncio.wrap_future(threads.read(Store.rows, mailbox, [1, 2]))) == 1


def test_an_error_is_the_callers(threads: StoreThreads) -> None:
    def broken(store: Store) -> None:
        store._database.execute("SELECT nothing")

    with pytest.raises(StoreError, match="failed"):
        threads.write(broken).result()
    with pytest.raises(StoreError, match="failed"):
        threads.read(broken).result()
    assert inbox(threads)


def test_reading_does_not_wait_for_writing(tmp_path: Path) -> None:
    threads = StoreThreads(tmp_path / "mail.db")
    mailbox = inbox(threads)
    go_on = threading.Event()
    writing = threads.write(lambda store: go_on.wait(60))
    assert threads.read(Store.rows, mailbox, [1]).result(60) == []
    assert not writing.done()
    go_on.set()
    threads.close()


def test_closing_finishes_what_was_to_be_written(tmp_path: Path) -> None:
    path = tmp_path / "mail.db"
    threads = StoreThreads(path)
    mailbox = inbox(threads)
    writes = [threads.write(Store.put_messages, mailbox, [record(uid)]) for uid in range(1, 200)]
    threads.close()
    threads.close()
    assert all(write.done() and write.exception() is None for write in writes)
    for ask in (threads.read, threads.write):
        with pytest.raises(StoreError, match="closed"):
            ask(Store.account_id, "work", "anna@example.org")
    store = Store.open(path)
    assert len(store.rows(mailbox, range(1, 200))) == 199
    store.close()


def test_closing_breaks_off_reading(tmp_path: Path) -> None:
    threads = StoreThreads(tmp_path / "mail.db")
    started = threading.Event()

    def endless(store: Store) -> None:
        started.set()
        store._database.value(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        )

    reading = threads.read(endless)
    waiting = threads.read(Store.mailboxes, 1)
    assert started.wait(60)
    threads.close()
    assert isinstance(reading.exception(), StoreError)
    assert isinstance(waiting.exception(), StoreError)


def wait_until_tidy(threads: StoreThreads) -> None:
    for _ in range(10_000):
        if not threads.write(lambda store: store.untidy).result():
            return
    raise AssertionError("never tidy")


def left(store: Store) -> int:
    count: int = store._database.value("SELECT count(*) FROM message")
    return count


def test_what_was_reset_is_swept_between_writes(threads: StoreThreads) -> None:
    mailbox = inbox(threads)
    threads.write(Store.reset_if_stale, mailbox, 1).result()
    threads.write(Store.put_messages, mailbox, [record(uid) for uid in range(1, 10_001)]).result()
    assert threads.write(Store.reset_if_stale, mailbox, 2).result()
    threads.write(Store.put_messages, mailbox, [record(1)]).result()
    wait_until_tidy(threads)
    assert threads.read(left).result() == 1


def test_sweeping_goes_on_after_the_next_start(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "mail.db")
    mailbox = store.ensure_mailbox(store.account_id("work", "x"), b"INBOX").id
    store.reset_if_stale(mailbox, 1)
    store.put_messages(mailbox, [record(uid) for uid in range(1, 10_001)])
    store.reset_if_stale(mailbox, 2)
    store.close()
    threads = StoreThreads(tmp_path / "mail.db")
    wait_until_tidy(threads)
    assert threads.read(left).result() == 0
    threads.close()


def test_bodies_are_trimmed_by_themselves(threads: StoreThreads) -> None:
    mailbox = inbox(threads)

    def limit(store: Store) -> None:
        store.cache_limit = 10_000

    threads.write(limit).result()
    for uid in range(1, 101):
        threads.write(Store.put_body, mailbox, uid, "1", bytes(1000), True)
    wait_until_tidy(threads)
    kept = [uid for uid in range(1, 101) if threads.read(Store.body, mailbox, uid, "1").result()]
    assert kept == list(range(91, 101))


def test_tidying_that_fails_is_given_up_quietly(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    threads = StoreThreads(tmp_path / "mail.db")
    mailbox = inbox(threads)

    def break_sweeping(store: Store) -> None:
        store._database.execute("DROP TABLE stale")
        store.untidy = True

    threads.write(break_sweeping).result()
    wait_until_tidy(threads)
    assert "tidying the store" in caplog.text
    threads.write(Store.put_messages, mailbox, [record(1)]).result()
    threads.close()


def test_a_store_that_cannot_be_opened_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "mail.db").mkdir()
    before = threading.active_count()
    with pytest.raises(StoreError):
        StoreThreads(tmp_path / "mail.db")
    assert threading.active_count() == before
    assert not issubclass(StoreError, StoreCorrupt)
