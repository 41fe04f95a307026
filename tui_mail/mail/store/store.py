"""The store: all tables on one connection, and what keeps the file in order.

Synchronous. One thread at a time may use a Store; ``threads`` has one to write and one to read.
"""

from __future__ import annotations

from pathlib import Path

from tui_mail.mail.store.accounts import Accounts
from tui_mail.mail.store.address_book import AddressBook
from tui_mail.mail.store.bodies import Bodies
from tui_mail.mail.store.changes import Changes
from tui_mail.mail.store.damage import is_marked, put_aside
from tui_mail.mail.store.database import Database, StoreCorrupt
from tui_mail.mail.store.folders import Folders
from tui_mail.mail.store.matching import Matching
from tui_mail.mail.store.outbox import Outbox
from tui_mail.mail.store.rescue import rescue
from tui_mail.mail.store.tables import END

_NOTICE = (
    "The mail cache was damaged and has been begun anew; the old file is kept as {aside}."
    " Mail on the server is untouched."
)
_SWEEP = (("message", 2000), ("structure", 1000), ("body", 16), ("uids", 4))  # rows at a time


class Store(Accounts, Folders, Matching, Bodies, Changes, Outbox, AddressBook):
    """Every method raises StoreError and nothing else when the database fails.

    A change is whole or not there at all, and once its method has returned it survives the end
    of the program. ``notice`` says what a person should know about opening, "" for nothing.
    """

    notice: str

    def __init__(self, database: Database, notice: str = "") -> None:
        super().__init__(database)
        self.notice = notice

    @classmethod
    def open(cls, path: Path | None) -> Store:
        """Open the file for writing, made when there is none; None is a store in memory.

        A damaged file is renamed and a new one begun, with what was being written: see ``notice``.
        Raises StoreError: no access, another program's file, a later tui-mail's file.
        """
        if path is None or not is_marked(path):
            try:
                return cls(Database(path))
            except StoreCorrupt:
                if path is None:
                    raise
        aside = put_aside(path)
        database = Database(path)
        return cls(database, _NOTICE.format(aside=aside) + rescue(aside, database))

    def reader(self) -> Store:
        """A second connection to the same file, which only reads; itself when in memory."""
        if self._database.path is None:
            return self
        reader = Store(Database(self._database.path, reader=True))
        reader.reads = self.reads
        return reader

    def close(self) -> None:
        self._database.close()

    def interrupt(self) -> None:
        """Break off a call that is running in another thread; it raises StoreError."""
        self._database.interrupt()

    def tidy(self) -> bool:
        """Do one slice (a few ms) of removing what is of no use; True while there is more.

        That is what replaced mailboxes, a new UIDVALIDITY or another identity left behind, and
        bodies beyond the cache's limit.
        """
        self.untidy = self._sweep() or self._trim_bodies()
        return self.untidy

    def _sweep(self) -> bool:
        generation = self._database.value("SELECT min(generation) FROM stale")
        if generation is None:
            return False
        first = generation << 32
        with self._database.transaction():
            for table, many in _SWEEP:
                if self._database.execute(
                    f"DELETE FROM {table} WHERE rowid IN"
                    f" (SELECT rowid FROM {table} WHERE key >= ? AND key < ? LIMIT {many})",
                    first,
                    first + END,
                ):
                    return True
            for table in ("address_learned", "stale"):
                self._database.execute(f"DELETE FROM {table} WHERE generation = ?", generation)
        return True
