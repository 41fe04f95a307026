"""The message list and the store: orders and rows up, wishes down. Draws nothing."""

from __future__ import annotations

from array import array
from asyncio import wrap_future
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from tui_mail.mail.service import MailService
from tui_mail.model import MessageSummary
from tui_mail.ui.widgets.message_list import PAGES_AHEAD, MessageList

if TYPE_CHECKING:
    from tui_mail.mail.patterns import Pattern


class MailboxController:
    """What the list shows: one mailbox of one account.

    ``mailbox_id`` is 0 before any is open, and of the account ``owner``. ``live`` is True once the
    server has selected it. ``wished`` is the mailbox a person asked for last, None before the
    first time; ``account`` is that one's, while the one before it is still shown.
    """

    def __init__(
        self,
        service: MailService,
        messages: MessageList,
        run: Callable[..., object],
    ) -> None:
        self.account = ""
        self.owner = ""
        self.name = b""
        self.wished: bytes | None = None
        self.mailbox_id = 0
        self.live = False
        self.read_only = False
        self._service = service
        self._messages = messages
        self._run = run
        self._fresh = True
        self._order: array[int] = array("I")
        self._limit: Pattern | None = None
        self._limit_text = ""
        self._passed: set[int] = set()  # of the messages looked at, those the limit shows
        self._judged: set[int] = set()
        self._lacking: set[int] = set()  # UIDs near the page of which the store has no row
        self._wish: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())

    def opened(
        self, account: str, name: bytes, mailbox_id: int, *, live: bool, read_only: bool
    ) -> None:
        """The account's current mailbox is this one now."""
        if mailbox_id != self.mailbox_id:
            self._fresh = True
            self._limit, self._limit_text = None, ""
            self._order = array("I")
            self._messages.open_order(array("I"))
        self.account, self.name, self.mailbox_id = account, name, mailbox_id
        self.owner, self.live, self.read_only = account, live, read_only
        # Another connection knows nothing of what was wished for on the one before.
        self._wish = ((), ())
        self.ask()

    def order_changed(self, mailbox_id: int, order: array[int]) -> None:
        if mailbox_id != self.mailbox_id:
            return
        self._order = order
        if self._limit is not None:
            self._run(self._limit_new(mailbox_id, self._limit, order))
        elif self._fresh:
            self._fresh = False
            self._messages.open_order(order)
        else:
            self._messages.set_order(order)

    # The limit

    @property
    def limit(self) -> str:
        """The pattern that limits the list, as it was typed; "" for none."""
        return self._limit_text

    def set_limit(self, pattern: Pattern | None, found: Iterable[int], text: str) -> None:
        """Show only ``found`` and what comes and matches; everything with None."""
        self._limit, self._limit_text = pattern, text
        self._passed = set(found)
        self._judged = set(self._order)
        self._show_limited()

    def _show_limited(self) -> None:
        order = self._order
        if self._limit is not None:
            order = array("I", [uid for uid in order if uid in self._passed])
        self._messages.set_order(order)

    async def _limit_new(self, mailbox_id: int, limit: Pattern, order: array[int]) -> None:
        """Messages that came while the list is limited are shown if they match."""
        new = [uid for uid in order if uid and uid not in self._judged]
        passed = await wrap_future(self._service.matching_among(mailbox_id, limit, new))
        if mailbox_id == self.mailbox_id and limit is self._limit:
            self._passed.update(passed)
            self._judged.update(new)
            self._show_limited()

    def rows_changed(self, mailbox_id: int, uids: Sequence[int]) -> None:
        if mailbox_id == self.mailbox_id:
            self._messages.forget_rows(uids)

    def rows_wanted(self, uids: Sequence[int]) -> None:
        """Show these rows: from the store, and what it lacks from the server."""
        if self.mailbox_id:
            self._run(self._show_rows(self.mailbox_id, tuple(uids)))

    async def _show_rows(self, mailbox_id: int, uids: tuple[int, ...]) -> None:
        rows: list[MessageSummary] = await wrap_future(self._service.rows(mailbox_id, uids))
        if mailbox_id != self.mailbox_id:
            return
        self._messages.set_rows(rows)
        known = {row.uid for row in rows}
        self._lacking.difference_update(known)
        self._lacking.update(uid for uid in uids if uid not in known)
        self.ask()

    def ask(self) -> None:
        """Ask the server for all that the page and those around it lack, if that is new.

        All of it each time, because a wish replaces the one before.
        """
        if not self.live:
            return
        near = self._near()
        self._lacking.intersection_update(near)
        rows = ((uid, self._messages.row(uid)) for uid in near)
        wish = (
            tuple(uid for uid in near if uid in self._lacking),
            tuple(uid for uid, row in rows if row is not None and row.has_attachment is None),
        )
        if wish != self._wish:
            self._wish = wish
            if any(wish):
                self._service.want(self.account, self.mailbox_id, *wish)

    def _near(self) -> list[int]:
        """The known UIDs on the page, then below it, then above it."""
        order, shown = self._messages.order, self._messages.shown
        reach = PAGES_AHEAD * len(shown)
        below = order[shown.stop : shown.stop + reach]
        above = order[max(0, shown.start - reach) : shown.start]
        return [uid for uid in (*order[shown.start : shown.stop], *below, *above) if uid]

    async def next_unread(self, uid: int, *, newer: bool) -> int | None:
        """The nearest unread message on one side, or else from the far end of the other."""
        found = await wrap_future(self._service.next_unread(self.mailbox_id, uid, newer=newer))
        if found is None:
            edge = 0 if newer else 2**32 - 1
            found = await wrap_future(self._service.next_unread(self.mailbox_id, edge, newer=newer))
        return found
