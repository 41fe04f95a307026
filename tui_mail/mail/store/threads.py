"""Runs the store's methods on threads of their own: one writes, one reads.

So a reader never waits for a writer (SQLite's write-ahead log), and nobody for the disk. Calls
of a kind run in the order in which they were made. May be used from any thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from tui_mail.errors import StoreError
from tui_mail.mail.store.presence import Presence
from tui_mail.mail.store.store import Store

P = ParamSpec("P")
R = TypeVar("R")

_CLOSED = "The mail cache is closed"
_log = logging.getLogger(__name__)


class StoreThreads:
    """An open store. ``notice`` is Store's; ``presence`` tells this program from others.

    Opening happens in the caller's thread, in a few milliseconds. Raises StoreError.
    """

    def __init__(self, path: Path | None) -> None:
        self._store = Store.open(path)
        self.notice = self._store.notice
        try:
            self.presence = Presence(path)
            self._read_store = self._store.reader()
        except BaseException:
            self._store.close()
            raise
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        # In memory there is one connection, and one thread may use it.
        self._reader = (
            self._writer
            if self._read_store is self._store
            else ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        )
        self._tidying = False
        self._closing = False
        self._writer.submit(self._tidy_later)

    def read(
        self, method: Callable[Concatenate[Store, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> Future[R]:
        """Run a reading method of Store, given unbound: ``read(Store.rows, mailbox_id, uids)``.

        The future raises StoreError where the method does. Raises StoreError when closed.
        """
        with _refused_when_closed():
            return self._reader.submit(
                self._read, partial(method, self._read_store, *args, **kwargs)
            )

    def write(
        self, method: Callable[Concatenate[Store, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> Future[R]:
        """Run any method of Store, as ``read`` does; a read made after its end sees its change."""
        with _refused_when_closed():
            return self._writer.submit(self._write, partial(method, self._store, *args, **kwargs))

    def close(self) -> None:
        """Finish what was to be written, break off reading, close the file. Blocks."""
        if self._closing:
            return
        self._closing = True
        if self._reader is not self._writer:
            last = self._reader.submit(lambda: None)
            # Again and again: what has not begun yet cannot be interrupted.
            while wait([last], timeout=0.01).not_done:
                self._read_store.interrupt()
            self._reader.shutdown()
            self._read_store.close()
        self._writer.shutdown()
        self._store.close()
        self.presence.close()

    def _read(self, call: Callable[[], R]) -> R:
        if self._closing:
            raise StoreError(_CLOSED)
        return call()

    def _write(self, call: Callable[[], R]) -> R:
        try:
            return call()
        finally:
            self._tidy_later()

    def _tidy_later(self) -> None:
        """Queue one slice behind the writes that are waiting. Only in the writer's thread."""
        if self._store.untidy and not self._tidying:
            with suppress(RuntimeError):  # closing: the next start goes on with it
                self._writer.submit(self._tidy)
                self._tidying = True

    def _tidy(self) -> None:
        self._tidying = False
        try:
            self._store.tidy()
        except StoreError as error:
            # Nobody waits for this, and what is in the way of it will meet the next write too.
            _log.warning("tidying the store: %s", error)
            self._store.untidy = False
        self._tidy_later()


@contextmanager
def _refused_when_closed() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise StoreError(_CLOSED) from error
