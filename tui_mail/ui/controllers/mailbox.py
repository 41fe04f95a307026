"""The message list and the store: orders and rows up, wishes down. Draws nothing."""

from __future__ import annotations

from array import array
from asyncio import wrap_future
from collections.abc import Callable, Sequence

from tui_mail.mail.service import MailService
from tui_mail.model import MessageSummary
from tui_mail.ui.widgets.message_list import MessageList


class MailboxController:
    """What the list shows: one mailbox of one account.

    ``mailbox_id`` is 0 before any is open. ``live`` is True once the server has selected it.
    """

    def __init__(
        self,
        service: MailService,
        messages: MessageList,
        run: Callable[..., object],
    ) -> None:
        self.account = ""
        self.name = b""
        self.mailbox_id = 0
        self.live = False
        self.read_only = False
        self._service = service
        self._messages = messages
        self._run = run
        self._fresh = True

    def opened(
        self, account: str, name: bytes, mailbox_id: int, *, live: bool, read_only: bool
    ) -> None:
        """The account's current mailbox is this one now."""
        if mailbox_id != self.mailbox_id:
            self._fresh = True
            self._messages.open_order(array("I"))
        self.account, self.name, self.mailbox_id = account, name, mailbox_id
        self.live, self.read_only = live, read_only

    def order_changed(self, mailbox_id: int, order: array[int]) -> None:
        if mailbox_id != self.mailbox_id:
            return
        if self._fresh:
            self._fresh = False
            self._messages.open_order(order)
        else:
            self._messages.set_order(order)

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
        lacking = tuple(uid for uid in uids if uid not in known)
        no_structure = tuple(row.uid for row in rows if row.has_attachment is None)
        if self.live and (lacking or no_structure):
            self._service.want(self.account, mailbox_id, lacking, no_structure)

    async def next_unread(self, uid: int, *, newer: bool) -> int | None:
        """The nearest unread message on one side, or else from the far end of the other."""
        found = await wrap_future(self._service.next_unread(self.mailbox_id, uid, newer=newer))
        if found is None:
            edge = 0 if newer else 2**32 - 1
            found = await wrap_future(self._service.next_unread(self.mailbox_id, edge, newer=newer))
        return found
