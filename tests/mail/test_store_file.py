"""The file itself: rights, damage, versions, a full disk, a killed program, two at once."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from array import array
from pathlib import Path

import pytest

from tui_mail.errors import StoreError
from tui_mail.mail.store import (
    MessageRecord,
    Store,
    StoreBusy,
    StoreCorrupt,
    StoreFull,
    StoreThreads,
    database,
    schema,
)
from tui_mail.mail.store.damage import mark_damaged
from tui_mail.mail.store.database import WAL_LIMIT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "mail.db"


def record(uid: int, subject: str = "") -> MessageRecord:
    return MessageRecord(uid, frozenset(), None, 0, 0, None, "", "", subject, "", "", "")


def inbox(store: Store) -> int:
    return store.ensure_mailbox(store.account_id("work", "anna@example.org"), b"INBOX").id


def fill(path: Path, count: int = 2000) -> None:
    store = Store.open(path)
    store.put_messages(inbox(store), [record(uid, "x" * 100) for uid in range(1, count + 1)])
    store.close()


def modes(path: Path) -> dict[str, int]:
    return {item.name: stat.S_IMODE(item.stat().st_mode) for item in path.parent.iterdir()}


def script(path: Path, body: str) -> subprocess.Popen[str]:
    """Another program on the same store: ``store`` and ``mailbox`` are ready in it."""
    text = (
        "import sys\nfrom pathlib import Path\nfrom tui_mail.mail.store import *\n"
        "store = Store.open(Path(sys.argv[1]))\n"
        "account = store.account_id('work', 'anna@example.org')\n"
        "mailbox = store.ensure_mailbox(account, b'INBOX').id\n"
        "def record(uid):\n"
        "    return MessageRecord(uid, frozenset(), None, 0, 0, None, '', '', '', '', '', '')\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", text + body, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_only_the_owner_may_read(path: Path, mask: int) -> None:
    old = os.umask(mask)
    try:
        store = Store.open(path)
        inbox(store)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert modes(path) == {"mail.db": 0o600, "mail.db-wal": 0o600, "mail.db-shm": 0o600}
        store.close()
    finally:
        os.umask(old)


def test_rights_of_an_old_file_are_taken_back(path: Path) -> None:
    fill(path)
    path.chmod(0o644)
    store = Store.open(path)
    store.put_setting(1, "a", "b")
    assert set(modes(path).values()) == {0o600}
    store.close()


def test_what_was_closed_is_there_again(path: Path) -> None:
    fill(path)
    store = Store.open(path)
    assert store.notice == ""
    assert len(store.rows(inbox(store), range(1, 2001))) == 2000
    store.close()


def test_in_memory_touches_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store.open(None)
    store.put_messages(inbox(store), [record(1)])
    assert store.reader() is store
    store.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damage", ["garbage", "cut", "first page"], ids=["no database", "cut off", "bad first page"]
)
def test_a_damaged_file_is_put_aside(path: Path, damage: str) -> None:
    fill(path)
    whole = path.read_bytes()
    if damage == "garbage":
        path.write_bytes(b"not a database at all" * 1000)
    elif damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    else:
        path.write_bytes(whole[:100] + bytes(3996) + whole[4096:])
    broken = path.read_bytes()

    store = Store.open(path)

    (aside,) = path.parent.glob("mail.db.broken-*")
    assert str(aside) in store.notice
    assert aside.read_bytes() == broken
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600
    assert store.rows(inbox(store), [1]) == []
    store.close()
    store = Store.open(path)
    assert store.notice == ""
    store.close()


def test_damage_found_while_running_is_put_aside_at_the_next_start(path: Path) -> None:
    fill(path, 20_000)
    whole = path.read_bytes()
    # Pages in the middle: the file opens well, and rows deep inside it are gone.
    start, end = len(whole) // 4096 // 4 * 4096, len(whole) // 4096 // 2 * 4096
    path.write_bytes(whole[:start] + b"\xa5" * (end - start) + whole[end:])
    store = Store.open(path)
    assert store.notice == ""
    mailbox = inbox(store)
    with pytest.raises(StoreCorrupt, match="damaged"):
        for uid in range(1, 20_001, 10):
            store.record(mailbox, uid)
    store.close()

    store = Store.open(path)
    assert "begun anew" in store.notice
    store.put_messages(inbox(store), [record(1)])
    store.close()
    assert len(list(path.parent.glob("mail.db.broken-*"))) == 1
    store = Store.open(path)
    assert store.notice == ""
    assert len(store.rows(inbox(store), [1])) == 1
    store.close()


def test_a_mark_does_not_outlive_its_file(path: Path) -> None:
    fill(path)
    mark_damaged(path)
    path.with_name("copy").write_bytes(path.read_bytes())
    path.with_name("copy").rename(path)
    store = Store.open(path)
    assert store.notice == ""
    assert len(store.rows(inbox(store), [1])) == 1
    store.close()


def test_two_damaged_files_are_both_kept(path: Path) -> None:
    path.parent.mkdir()
    for number in range(2):
        path.write_bytes(b"garbage %d" % number * 1000)
        Store.open(path).close()
    assert len(list(path.parent.glob("mail.db.broken-*"))) == 2


def test_a_later_version_is_refused_and_left_alone(path: Path) -> None:
    fill(path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"later tui-mail") as caught:
        Store.open(path)
    assert "Update tui-mail" in caught.value.advice
    assert path.read_bytes() == before
    assert [item.name for item in path.parent.glob("*broken*")] == []


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not tui-mail's"):
        Store.open(path)
    assert path.read_bytes() == before


def test_an_older_version_is_brought_up_to_date(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path)
    later = (
        *schema.MIGRATIONS,
        ("CREATE TABLE later (a INTEGER)", "INSERT INTO later VALUES (1)"),
        ("UPDATE later SET a = a + 1",),
    )
    monkeypatch.setattr(schema, "MIGRATIONS", later)
    monkeypatch.setattr(schema, "VERSION", len(later))
    for _ in range(2):
        store = Store.open(path)
        assert store._database.value("SELECT a FROM later") == 2
        assert len(store.rows(inbox(store), [1, 2000])) == 2
        store.close()


def test_a_migration_that_fails_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path)
    with monkeypatch.context() as patched:
        later = (*schema.MIGRATIONS, ("CREATE TABLE half (a)", "nonsense"))
        patched.setattr(schema, "MIGRATIONS", later)
        patched.setattr(schema, "VERSION", len(later))
        with pytest.raises(StoreError):
            Store.open(path)
    store = Store.open(path)
    assert store._database.value("SELECT count(*) FROM sqlite_schema WHERE name = 'half'") == 0
    assert len(store.rows(inbox(store), [1])) == 1
    store.close()


@pytest.mark.parametrize("place", ["a folder", "under a file"])
def test_a_path_that_cannot_be_opened(tmp_path: Path, place: str) -> None:
    if place == "a folder":
        path = tmp_path / "mail.db"
        path.mkdir(mode=0o755)
    else:
        (tmp_path / "file").touch()
        path = tmp_path / "file" / "mail.db"
    with pytest.raises(StoreError, match="could not be opened"):
        Store.open(path)
    if place == "a folder":
        assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_a_full_disk_takes_nothing_back(path: Path) -> None:
    store = Store.open(path)
    mailbox = inbox(store)
    store.put_messages(mailbox, [record(1)])
    pages = store._database.value("PRAGMA page_count")
    store._database.execute(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(StoreFull, match="could not be written") as caught:
        store.put_messages(mailbox, [record(uid, "x" * 1000) for uid in range(2, 500)])
    assert caught.value.temporary
    assert [row.uid for row in store.rows(mailbox, range(1, 500))] == [1]
    store._database.execute("PRAGMA max_page_count = 1000000")
    store.put_messages(mailbox, [record(uid, "x" * 1000) for uid in range(2, 500)])
    assert len(store.rows(mailbox, range(1, 500))) == 499
    store.close()


def test_a_file_that_may_not_grow(path: Path) -> None:
    """The system itself refuses to write, in the middle of the log."""
    with script(
        path,
        "import resource\n"
        "from array import array\n"
        "from tui_mail.errors import StoreError\n"
        "store.put_messages(mailbox, [record(1)])\n"
        "_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))\n"
        "try:\n"
        "    store.put_order(mailbox, array('I', range(1, 200_000)), highest_modseq=1)\n"
        "except StoreError as error:\n"
        "    print('could not be' in error.title)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))\n"
        "store.put_messages(mailbox, [record(2)])\n"
        "print(len(store.rows(mailbox, [1, 2])), len(store.order(mailbox)))\n",
    ) as program:
        output, _ = program.communicate(timeout=60)
    assert output.split() == ["True", "2", "0"]


def test_the_log_stays_small(path: Path) -> None:
    store = Store.open(path)
    reader = store.reader()
    mailbox = inbox(store)
    for first in range(1, 60_000, 500):
        store.put_messages(mailbox, [record(uid, "x" * 500) for uid in range(first, first + 500)])
        assert len(reader.rows(mailbox, [first])) == 1
        assert reader.next_unread(mailbox, first, newer=True)
    assert path.stat().st_size > 3 * WAL_LIMIT
    assert path.with_name("mail.db-wal").stat().st_size <= WAL_LIMIT
    reader.close()
    store.close()
    assert list(modes(path)) == ["mail.db"]


def test_a_killed_program_loses_nothing_it_was_told_is_stored(path: Path) -> None:
    with script(
        path,
        "store.reset_if_stale(mailbox, 7)\n"
        "for number in range(1, 100_000):\n"
        "    store.put_messages(mailbox, [record(number)])\n"
        "    store.journal_add(account, 'add flags', b'INBOX', str(number), {})\n"
        "    print(number, flush=True)\n",
    ) as program:
        assert program.stdout is not None
        told = [int(program.stdout.readline()) for _ in range(200)][-1]
        program.send_signal(signal.SIGKILL)
        program.wait(timeout=60)
    store = Store.open(path)
    assert store.notice == ""
    mailbox = inbox(store)
    assert len(store.rows(mailbox, range(1, told + 1))) == told
    assert [entry.uids for entry in store.journal(1)][:told] == [
        str(number) for number in range(1, told + 1)
    ]
    store.close()


def test_two_programs_at_once(path: Path) -> None:
    """Both open a new store, write at the same time, and see each other's mail."""
    body = (
        "print('ready', flush=True)\nsys.stdin.readline()\n"
        "first = int(sys.stdin.readline())\n"
        "for uid in range(first, first + 2000, 20):\n"
        "    store.put_messages(mailbox, [record(uid + step) for step in range(20)])\n"
        "    store.put_body(mailbox, uid, '1', bytes(1000), True)\n"
        "store.close()\n"
    )
    programs = [script(path, body) for _ in range(2)]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    store = Store.open(path)
    for program, first in zip(programs, (1, 5001), strict=True):
        assert program.stdin is not None
        program.stdin.write(f"\n{first}\n")
        program.stdin.flush()
    for program in programs:
        program.communicate(timeout=60)
        assert program.returncode == 0
    mailbox = inbox(store)
    assert mailbox == 1
    assert store.unread_count(mailbox) == 4000
    assert store._database.value("SELECT value FROM counter WHERE name = 'body_bytes'") == 200_000
    assert store._database.value("PRAGMA integrity_check") == "ok"
    store.close()


def test_a_reader_sees_the_last_commit_while_another_writes(path: Path) -> None:
    store = Store.open(path)
    mailbox = inbox(store)
    store.put_messages(mailbox, [record(1)])
    reader = store.reader()
    with store._database.transaction():
        store._database.execute("DELETE FROM message")
        assert len(reader.rows(mailbox, [1])) == 1
    assert reader.rows(mailbox, [1]) == []
    reader.close()
    store.close()


def test_a_writer_that_waited_too_long_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    store, other = Store.open(path), Store.open(path)
    mailbox = inbox(store)
    with store._database.transaction():
        with pytest.raises(StoreBusy, match="in use") as caught:
            other.put_messages(mailbox, [record(1)])
        assert caught.value.temporary
    other.put_messages(mailbox, [record(1)])
    assert len(store.rows(mailbox, [1])) == 1
    other.close()
    store.close()


def test_a_reader_writes_nothing(path: Path) -> None:
    store = Store.open(path)
    mailbox = inbox(store)
    reader = store.reader()
    with pytest.raises(StoreError, match="may not be written"):
        reader.put_order(mailbox, array("I", [1]), highest_modseq=None)
    reader.close()
    store.close()


def test_threads_use_a_new_file_where_the_old_is_damaged(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"garbage" * 1000)
    threads = StoreThreads(path)
    assert "begun anew" in threads.notice
    assert threads.write(Store.account_id, "work", "x").result() == 1
    assert threads.read(Store.mailboxes, 1).result() == []
    threads.close()
