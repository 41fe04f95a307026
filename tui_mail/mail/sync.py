"""The selected mailbox, from SELECT on, kept equal to the server through the store.

First the newest page, then the list of UIDs, then what changed meanwhile; the rest of the rows
is ``background``'s. Changes nothing on the server, and holds nothing of a mailbox but its UIDs.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from tui_mail.errors import CommandRefused, ProtocolError
from tui_mail.mail import events
from tui_mail.mail.gathering import Searched, Summaries
from tui_mail.mail.mailbox_list import MANY, MailboxList
from tui_mail.mail.rows import SUMMARY_ITEMS
from tui_mail.mail.selected import Selected
from tui_mail.mail.sequence_map import LIMIT, SequenceMap
from tui_mail.mail.store import Store, SyncState
from tui_mail.model import MailboxStatus
from tui_mail.wire import commands
from tui_mail.wire.commands import Command
from tui_mail.wire.responses import Response, StatusData
from tui_mail.wire.sequence_set import SequenceSet

FIRST_PAGE = 60  # rows: a tall terminal's screenful


@dataclass(eq=False)
class MailboxSync(MailboxList):
    """One selected mailbox on one connection, from SELECT until another is selected.

    ``filled`` is set by whoever fills the store once no row is missing.
    """

    filled: bool = field(default=False, init=False)

    async def select(self, *, read_only: bool, resync: bool, origin: str) -> None:
        """SELECT or EXAMINE, then the newest page and the list of UIDs.

        Nothing cached: one round trip for SELECT, one for the newest page and the UIDs, which
        are pipelined. With a cache and ``resync`` (QRESYNC was enabled): one for everything.
        Raises as ``ImapClient.run``, and ``ProtocolError`` for more messages than ``LIMIT``.
        """
        state = await self._read(Store.sync_state, self.id)
        cached = await self._read(Store.order, self.id)
        can_resync = bool(resync and state.uid_validity and state.highest_modseq and cached)
        command = commands.select(
            self.stored.mailbox.name,
            read_only=read_only,
            condstore="CONDSTORE" in self.client.capabilities and not resync,
            qresync=(state.uid_validity or 0, state.highest_modseq or 0, None)
            if can_resync
            else None,
        )
        try:
            await self._run_select(command, read_only, origin)
        except CommandRefused as error:
            if not (can_resync and error.server_line.startswith("BAD")):
                raise
            self.selected = Selected()
            return await self.select(read_only=read_only, resync=False, origin=origin)
        if await self._write(Store.reset_if_stale, self.id, self.selected.uid_validity):
            cached = array("I")
        trusted = can_resync and self._resume(cached, state)
        self._begin(trusted)
        self._newest = cached[-1] if cached else 0
        if not trusted or not await self._catch_up():
            await self._open_list(have_cache=bool(cached))
            await self._forget_missing(cached)
            await self._refresh_changed_flags(cached, state)
        await self._applied()
        self.save()

    async def _run_select(self, command: Command, read_only: bool, origin: str) -> None:
        """``selected`` has the answer."""
        self._selecting = True
        self._in_flight_before = self.client.in_flight
        self.client.on_response = self._receive
        try:
            completed = await self.client.run(command, origin=origin)
            if not self.selected.uid_validity:
                await self._ask_uid_validity()
            if (self.selected.exists or 0) > LIMIT:
                raise ProtocolError(
                    f"The server says that this mailbox holds {self.selected.exists:,} messages",
                    advice=f"More than {LIMIT:,} cannot be shown.",
                )
        except BaseException:
            self.client.on_response = None
            raise
        code = completed.code.name if completed.code is not None else ""
        self.selected.read_only = read_only or code == "READ-ONLY"

    async def _ask_uid_validity(self) -> None:
        """SELECT's own could not be read; without it every cached message would be forgotten."""

        def receive(response: Response) -> None:
            if isinstance(response, StatusData):
                self.selected.uid_validity = response.items.uid_validity or 0

        command = commands.status(self.stored.mailbox.name, ("UIDVALIDITY",))
        try:
            await self.client.run(command, origin="open mailbox", on_data=receive)
        except CommandRefused as error:
            self.tell(error)

    def _resume(self, cached: array[int], state: SyncState) -> bool:
        """Whether the cache and QRESYNC's answer (RFC 7162, 3.2.5.2) together are the mailbox."""
        selected = self.selected
        if not cached or selected.unsure or selected.exists is None:
            return False
        if (selected.highest_modseq or 0) < (state.highest_modseq or 0):
            return False  # the server was set back, or keeps no modseqs here any more
        resumed = SequenceMap(cached)
        gone = [uid for vanished in selected.vanished for uid in resumed.vanish(vanished)[0]]
        if not resumed.exists(selected.exists):
            return False
        self._map = resumed
        self._changes.expunged.extend(gone)
        return True

    def _begin(self, trusted: bool) -> None:
        """From here on what the server says changes the list."""
        selected = self.selected
        if not trusted:
            self._map = SequenceMap()
            self._map.exists(selected.exists or 0)
        self._count_unsure = selected.exists is None or selected.unsure
        self._modseq = selected.highest_modseq
        self._modseq_seen = self._modseq or 0
        self._selecting = False
        if not selected.unsure:
            for fetched in selected.fetched:
                self._receive(fetched)
        selected.fetched = []
        selected.vanished = []

    async def _catch_up(self) -> bool:
        """After QRESYNC: the messages that are new. False when the whole list is needed."""
        if self._order_unsure or self._news() > MANY:
            return False
        await self._applied()
        if self._news():
            await self._fetch_new()
        else:
            self.show_order()
        return self._map.complete

    async def _open_list(self, *, have_cache: bool) -> None:
        """The newest page and the UIDs, in one round trip."""
        if self._order_unsure:
            self._start_over()
        count = len(self._map)
        if not count:
            if self._count_unsure:
                await self._learn_uids()
            else:
                self.show_order()
            return
        first = max(1, count - FIRST_PAGE + 1)
        summaries = Summaries(lambda fetched: fetched.sequence >= first, FIRST_PAGE + MANY)
        fetch = commands.fetch(SequenceSet.between(first, count), SUMMARY_ITEMS, uid=False)
        searched = Searched(self._take_uids)
        search = self._search_command()
        with self.rows_coming():
            fetch_answer = self.client.start(
                fetch, origin="newest messages", on_data=summaries.receive
            )
            search_answer = self.client.start(
                search, origin="list of messages", on_data=searched.receive
            )
            try:
                await self.client.finish(fetch, fetch_answer)
            except CommandRefused as error:
                self.tell(error)  # the rows come one by one when the screen wants them
            await self.put_records(summaries.finish())
        if not have_cache:
            self.show_order()
        try:
            await self.client.finish(search, search_answer)
        except CommandRefused as error:
            self.tell(error)
        await self._learn_uids(searched)

    async def _refresh_changed_flags(self, cached: array[int], state: SyncState) -> None:
        """Flags that changed while nobody looked (RFC 7162, 3.1.4.1), where modseqs tell."""
        since, now = state.highest_modseq, self.selected.highest_modseq
        self.flags_unsure = bool(cached) and (since is None or now is None or now < since)
        if not cached or self.flags_unsure or since is None or now == since:
            return
        command = commands.fetch(SequenceSet.between(1), ("UID", "FLAGS"), changed_since=since)
        try:
            await self.run(command, origin="changed flags")
        except CommandRefused as error:
            self.flags_unsure = True
            self.tell(error)

    # Following

    async def settle(self) -> None:
        """Apply to the store what was said unasked, for as long as the mailbox is selected."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            grown, self._grown = self._grown, False
            await self._applied()
            if self._order_unsure:
                await self._relearn()
            elif grown:
                await self._fetch_new()
            await self.update_counts()
            self._save_soon()

    async def _fetch_new(self) -> None:
        before, news = self._newest, self._news()
        if news > MANY:
            await self._learn_uids()
            arrived = tuple(uid for uid in self._map.uids[-MANY:] if uid > before)
        else:
            arrived = await self._fetch_rows_above(before, news)
        if arrived:
            self.publish(events.MailArrived(self.account, self.id, arrived))

    async def _fetch_rows_above(self, before: int, news: int) -> tuple[int, ...]:
        summaries = Summaries(lambda fetched: (fetched.uid or 0) > before, news + MANY)
        command = commands.fetch(SequenceSet.between(before + 1), SUMMARY_ITEMS)
        with self.rows_coming():
            try:
                await self.run(command, origin="new messages", on_data=summaries.receive)
            except CommandRefused as error:
                self.tell(error)
            if self._map.complete or self._contradicted():
                self._newest = max(self._newest, self._map.highest)
            else:
                await self._learn_uids()
            there = frozenset(self._map.uids[-news - MANY :])
            uids = await self.put_records(
                [record for record in summaries.finish() if record.uid in there]
            )
        self.show_order()
        return uids

    async def update_counts(self) -> None:
        """Tell the folder list how many messages there are, and are unread, as known here."""
        hidden = self.actions.pending.hidden(self.id).to_array()
        unseen = await self._read(Store.unread_count, self.id) if self.filled else None
        if unseen and hidden:
            unseen -= await self._read(Store.unread_among, self.id, hidden)
        counts = MailboxStatus(messages=len(self._map) - len(hidden), unseen=unseen)
        name = self.stored.mailbox.name
        await self._write(Store.put_status, self.account_id, {name: counts})
        self.publish(events.CountsChanged(self.account, (name,)))
