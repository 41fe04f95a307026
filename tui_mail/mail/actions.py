"""What a person did to messages: journaled, applied to the store at once, sent in order.

The journal outlives the process; an entry leaves it only when the server has answered. Every
kind of action in it must be safe to send twice, because the answer may have been lost.
Today there is one kind, adding flags, used for ``\\Seen``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tui_mail.errors import CommandRefused
from tui_mail.mail import events
from tui_mail.mail.store import JournalEntry, Store, StoredMailbox, StoreThreads
from tui_mail.net.imap import ImapClient
from tui_mail.wire import commands
from tui_mail.wire.sequence_set import SequenceSet

ADD_FLAGS = "add flags"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Flags a message shall get, not yet confirmed by the server."""

    entry: int
    flags: frozenset[str]


class Actions:
    """The actions of one account."""

    def __init__(
        self, account: str, account_id: int, store: StoreThreads, publish: events.Publish
    ) -> None:
        self._account = account
        self._account_id = account_id
        self._store = store
        self._publish = publish
        self._entries: list[JournalEntry] = []
        self._pending: dict[tuple[int, int], list[_Wanted]] = {}
        self._sending = asyncio.Lock()
        self.changed = asyncio.Event()

    async def load(self) -> None:
        """Read the journal a previous run left."""
        self._entries = await asyncio.wrap_future(self._store.read(Store.journal, self._account_id))
        for entry in self._entries:
            stored = await asyncio.wrap_future(
                self._store.read(Store.mailbox_by_name, self._account_id, entry.mailbox)
            )
            if stored is not None:
                self._note(stored.id, entry)
        if self._entries:
            self.changed.set()

    def overlay(self, mailbox_id: int, uid: int, flags: frozenset[str]) -> frozenset[str]:
        """The server's flags of a message with what a person changed since."""
        for wanted in self._pending.get((mailbox_id, uid), ()):
            flags |= wanted.flags
        return flags

    def waiting(self) -> frozenset[bytes]:
        """The mailboxes that have entries in the journal."""
        return frozenset(entry.mailbox for entry in self._entries)

    async def add_flags(
        self, stored: StoredMailbox, uid_validity: int, uids: Sequence[int], flags: frozenset[str]
    ) -> None:
        """Add flags to messages: at once on the screen, on the server as soon as it can be."""
        rows = await asyncio.wrap_future(self._store.read(Store.rows, stored.id, tuple(uids)))
        lacking = [row for row in rows if not flags <= row.flags]
        if not lacking:
            return
        uid_set = str(SequenceSet.from_numbers(row.uid for row in lacking))
        name, payload = stored.mailbox.name, {"flags": sorted(flags)}
        number = await asyncio.wrap_future(
            self._store.write(
                Store.journal_add, self._account_id, ADD_FLAGS, name, uid_set, payload
            )
        )
        entry = JournalEntry(number, ADD_FLAGS, name, uid_set, payload, uid_validity, time.time())
        self._entries.append(entry)
        self._note(stored.id, entry)
        changed = [(row.uid, row.flags | flags, None) for row in lacking]
        await asyncio.wrap_future(self._store.write(Store.put_flags, stored.id, changed))
        told = tuple(row.uid for row in lacking)
        self._publish(events.RowsChanged(self._account, stored.id, told))
        self.changed.set()

    async def send(self, client: ImapClient, stored: StoredMailbox, uid_validity: int) -> None:
        """Send the journal's entries for the selected mailbox, in order.

        What the server refuses is taken back, with its words as a notice. Raises
        ``ConnectionFailed``; the journal then keeps what was not answered.
        """
        async with self._sending:
            for entry in [e for e in self._entries if e.mailbox == stored.mailbox.name]:
                if entry.uid_validity != uid_validity:
                    await self._settle(stored, entry)  # these UIDs name other messages now
                    continue
                flags = _flags(entry)
                command = commands.store(
                    SequenceSet.parse(entry.uids), "+FLAGS", flags, silent=True
                )
                try:
                    await client.run(command, origin="mark as read")
                except CommandRefused as error:
                    await self._take_back(client, stored, entry)
                    self._publish(events.Notice(self._account, error))
                await self._settle(stored, entry)

    async def _take_back(
        self, client: ImapClient, stored: StoredMailbox, entry: JournalEntry
    ) -> None:
        """Ask the server for the flags as they are; they come back through the mailbox."""
        await self._settle(stored, entry)
        command = commands.fetch(SequenceSet.parse(entry.uids), ("UID", "FLAGS"))
        await client.run(command, origin="flags after a refusal")

    async def _settle(self, stored: StoredMailbox, entry: JournalEntry) -> None:
        if entry not in self._entries:
            return
        await asyncio.wrap_future(self._store.write(Store.journal_remove, entry.id))
        self._entries.remove(entry)
        for uid in SequenceSet.parse(entry.uids).to_array():
            key = (stored.id, uid)
            left = [wanted for wanted in self._pending.get(key, ()) if wanted.entry != entry.id]
            if left:
                self._pending[key] = left
            else:
                self._pending.pop(key, None)

    def _note(self, mailbox_id: int, entry: JournalEntry) -> None:
        wanted = _Wanted(entry.id, _flags(entry))
        for uid in SequenceSet.parse(entry.uids).to_array():
            self._pending.setdefault((mailbox_id, uid), []).append(wanted)


def _flags(entry: JournalEntry) -> frozenset[str]:
    flags = entry.payload.get("flags")
    return frozenset(map(str, flags)) if isinstance(flags, list) else frozenset()
