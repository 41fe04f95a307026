"""One SQLite connection: opening, file modes, transactions, migrations, errors as ``StoreError``.

No ``sqlite3`` error leaves this file, and no other file of the store names ``sqlite3``.

Every step of a statement gives the GIL away and, while another thread computes, waits up to a
switch interval to have it back: a result of 200 rows taken row by row would wait 200 times.
So results are gathered into one JSON text by SQLite (``select``), and rows go in by the
hundred (``insert``).
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tui_mail.errors import StoreError
from tui_mail.mail.store import schema
from tui_mail.mail.store.damage import mark_damaged

# JSON functions are part of SQLite itself from this version on.
OLDEST_SQLITE = (3, 38, 0)
BUSY_SECONDS = 5.0
CACHE_KIB = 2048  # of database pages, for each connection
WAL_LIMIT = 8 * 1024 * 1024  # octets the write-ahead log is cut back to
_CHECKPOINT_PAGES = 1000
_INSERT_ROWS = (200, 20, 1)
# A commit outlives this program's death; only a power cut may take the last ones back.
_SYNCHRONOUS = "PRAGMA synchronous = NORMAL"
_LAST_ROWS = "SELECT {}".format(
    ", ".join(
        f"(SELECT max(rowid) FROM {table})"
        for table in ("account", "mailbox", "message", "structure", "uids", "body", "journal")
    )
)

Value = str | bytes | int | float | None
Row = list[Any]


class StoreBusy(StoreError):
    """Another program held the store for too long."""

    temporary = True


class StoreFull(StoreError):
    """The disk has no room left."""

    temporary = True


class StoreCorrupt(StoreError):
    """The file is damaged, or is not a database."""


class Database:
    """An open connection. It may be used from any thread, but by one at a time.

    ``path`` None is a database in memory. ``reader`` refuses writing and expects a file that a
    writing connection has already brought up to date.
    Raises StoreError, StoreCorrupt when the file is damaged.
    """

    def __init__(self, path: Path | None, *, reader: bool = False) -> None:
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise StoreError(
                f"SQLite {sqlite3.sqlite_version} is too old",
                advice="tui-mail needs SQLite 3.38 or later.",
            )
        self.path = path
        self._where = f"The mail cache {path}" if path else "The mail cache"
        if path is not None and not reader:
            _make_private(path, self._where)
        with self._errors():
            self._connection = sqlite3.connect(
                path or ":memory:",
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
        try:
            self._prepare(reader)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        with self._errors():
            self._connection.close()

    def interrupt(self) -> None:
        """Break off what another thread is doing with this connection."""
        self._connection.interrupt()

    def value(self, sql: str, *parameters: Value) -> Any:
        """The first column of the first row, None where there is no row."""
        row = self.row(sql, *parameters)
        return None if row is None else row[0]

    def row(self, sql: str, *parameters: Value) -> tuple[Any, ...] | None:
        with self._errors():
            found: tuple[Any, ...] | None = self._connection.execute(sql, parameters).fetchone()
        return found

    def select(self, columns: str, rest: str, *parameters: Value) -> list[Row]:
        """The rows of ``SELECT columns rest``, in one step. No column may be a blob.

        ``rest`` begins with FROM; rows come in the order in which it finds them.
        """
        sql = f"SELECT json_group_array(json_array({columns})) {rest}"
        rows: list[Row] = json.loads(self.value(sql, *parameters))
        return rows

    def blobs(self, sql: str, *parameters: Value) -> list[bytes]:
        """The first column of each row; for a handful of rows."""
        with self._errors():
            return [row[0] for row in self._connection.execute(sql, parameters)]

    def execute(self, sql: str, *parameters: Value) -> int:
        """Run one statement; the number of rows it changed."""
        with self._errors():
            return self._connection.execute(sql, parameters).rowcount

    def insert(self, head: str, rows: Sequence[Sequence[Value]], tail: str = "") -> None:
        """``head VALUES rows tail``, many rows to a step. ``head`` begins with INSERT."""
        start = 0
        for many in _INSERT_ROWS:
            while len(rows) - start >= many:
                block = rows[start : start + many]
                start += many
                values = ",".join([f"({','.join('?' * len(block[0]))})"] * many)
                flat = [value for row in block for value in row]
                self.execute(f"{head} VALUES {values} {tail}", *flat)

    @contextmanager
    def durable(self) -> Iterator[None]:
        """As ``transaction``, and at its end not even a power cut takes the changes back."""
        self.execute("PRAGMA synchronous = FULL")
        try:
            with self.transaction():
                yield
        finally:
            self.execute(_SYNCHRONOUS)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block's changes or none; they are on disk for other programs at its end."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself when the disk was full.
            if self._connection.in_transaction:
                self.execute("ROLLBACK")
            raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._translated(error) from error
        except (OverflowError, UnicodeEncodeError):
            raise StoreError(f"{self._where} cannot hold this value") from None

    def _translated(self, error: sqlite3.Error) -> StoreError:
        name = getattr(error, "sqlite_errorname", "")
        kind, what, advice = next(told for prefix, told in _ERRORS if name.startswith(prefix))
        if kind is StoreCorrupt and self.path is not None:
            mark_damaged(self.path)
        return kind(f"{self._where} {what}: {error}", advice=advice)

    def _prepare(self, reader: bool) -> None:
        self.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        # Sorting must not leave pieces of mail in /tmp.
        self.execute("PRAGMA temp_store = MEMORY")
        if reader:
            self.execute("PRAGMA query_only = ON")
            return
        self._check_identity()
        self._use_wal()
        self.execute(_SYNCHRONOUS)
        self.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        self.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
        self.execute("PRAGMA secure_delete = FAST")
        self._migrate()
        # A file that was cut off is found out now, where a new one can still be begun.
        self.row(_LAST_ROWS)

    def _check_identity(self) -> None:
        """Refuse somebody else's database, and one from a later tui-mail, before any change."""
        owner = self.value("PRAGMA application_id")
        if owner != schema.APPLICATION_ID and self.value("SELECT count(*) FROM sqlite_schema"):
            raise StoreError(
                f"{self.path} is a database, but not tui-mail's",
                advice="Move it away, or choose another place for the mail cache.",
            )
        version = self.value("PRAGMA user_version")
        if version > schema.VERSION:
            raise StoreError(
                f"{self._where} was written by a later tui-mail"
                f" (version {version}; this one knows {schema.VERSION})",
                advice="Update tui-mail, or move the file away: mail on the server is untouched.",
            )

    def _use_wal(self) -> None:
        # Two programs that start at once may both be changing the mode: SQLite does not wait here.
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self.value("PRAGMA journal_mode = WAL")
                return
            except StoreBusy:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _migrate(self) -> None:
        if self.value("PRAGMA user_version") == schema.VERSION:
            return
        with self.transaction():
            # Read again: another program may have done it while this one waited.
            version = self.value("PRAGMA user_version")
            for step in schema.MIGRATIONS[version:]:
                for statement in step:
                    self.execute(statement)
            self.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            self.execute(f"PRAGMA user_version = {schema.VERSION}")


_AGAIN = "Try again in a moment."
_RIGHTS = "Check the rights of file and folder."
_ANEW = "Start tui-mail again: it begins a new one. Mail on the server is untouched."
# How SQLite's name of an error begins: our error, what happened, what to try. The last fits all.
_ERRORS: tuple[tuple[str, tuple[type[StoreError], str, str]], ...] = (
    ("SQLITE_BUSY", (StoreBusy, "is in use by another program", _AGAIN)),
    ("SQLITE_LOCKED", (StoreBusy, "is in use by another program", _AGAIN)),
    ("SQLITE_FULL", (StoreFull, "could not be written", "Make room on the disk.")),
    ("SQLITE_CORRUPT", (StoreCorrupt, "is damaged", _ANEW)),
    ("SQLITE_NOTADB", (StoreCorrupt, "is not a database", _ANEW)),
    ("SQLITE_INTERRUPT", (StoreError, "is being closed", "")),
    ("SQLITE_READONLY", (StoreError, "may not be written", _RIGHTS)),
    ("SQLITE_CANTOPEN", (StoreError, "could not be opened", _RIGHTS)),
    ("SQLITE_IOERR", (StoreError, "could not be read or written", "Check the disk.")),
    ("", (StoreError, "failed", "")),
)


def _make_private(path: Path, where: str) -> None:
    """Make folder (0700) and file (0600); SQLite gives -wal and -shm the file's own mode.

    An existing file is changed by name, never opened: closing any descriptor of it would take
    away the locks that this process's other connections hold (POSIX, fcntl).
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            for suffix in ("", "-wal", "-shm"):
                _restrict(path.with_name(path.name + suffix))
    except OSError as error:
        raise StoreError(
            f"{where} could not be opened: {error.strerror}",
            advice="Check the rights of file and folder.",
        ) from error


def _restrict(path: Path) -> None:
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode) and mode & 0o077:
            path.chmod(0o600)
    except FileNotFoundError:
        pass


def numbers(values: Iterable[int]) -> str:
    """Numbers as the JSON text that SQLite's json_each reads."""
    return f"[{','.join(map(str, values))}]"
