"""STATUS figures of mailboxes that are not open: asked for in turn, and put into the store.

Knows when to ask and whom to tell that the store has new figures; what they mean for new mail is
``news_arrivals``'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields

from tui_mail.errors import CommandRefused, StoreError
from tui_mail.mail import events
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.model import MailboxStatus
from tui_mail.net.imap import ImapClient
from tui_mail.wire import commands
from tui_mail.wire.responses import Response

STATUS_ITEMS = ("MESSAGES", "UNSEEN", "UIDNEXT", "UIDVALIDITY")
MOST_POLLED = 500  # mailboxes a round; the rest have their turn in the next one
PIPELINED = 16  # commands, on a connection that nobody else waits for
SETTLE = 0.05  # seconds in which figures that come one by one are put together
log = logging.getLogger(__name__)


class Figures:
    """Keeps figures in the store and publishes ``CountsChanged``. ``close`` writes what is left."""

    def __init__(
        self, account: str, account_id: int, store: StoreThreads, publish: events.Publish
    ) -> None:
        self._account = account
        self._account_id = account_id
        self._store = store
        self._publish = publish
        self._batch: dict[bytes, MailboxStatus] = {}
        self._task: asyncio.Task[None] | None = None

    def put(self, name: bytes, status: MailboxStatus) -> None:
        """New figures; None in them leaves what is known."""
        before = self._batch.get(name)
        self._batch[name] = status if before is None else _merged(before, status)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_soon())

    async def close(self) -> None:
        if self._task is not None:
            await self._task

    async def _write_soon(self) -> None:
        while self._batch:
            await asyncio.sleep(SETTLE)
            batch, self._batch = self._batch, {}
            try:
                told = await asyncio.wrap_future(
                    self._store.write(_put_changed, self._account_id, batch)
                )
            except StoreError as error:
                log.warning("figures of %s: %s", self._account, error.title)
                return
            if told:
                self._publish(events.CountsChanged(self._account, told))


class Poller:
    """Asks for the figures of mailboxes, ``MOST_POLLED`` a round, those asked longest ago first."""

    def __init__(self, *, origin: str) -> None:
        self._origin = origin
        self._asked: dict[bytes, None] = {}  # in the order of asking

    async def round(
        self,
        client: ImapClient,
        names: Collection[bytes],
        *,
        on_data: Callable[[Response], None] | None = None,
        at_once: int = PIPELINED,
    ) -> list[bytes]:
        """STATUS of these mailboxes; those that were refused.

        With ``at_once`` 1 each command waits until the connection has nothing else to do.
        Raises ``ConnectionFailed``.
        """
        wanted = set(names)
        self._asked = {name: None for name in self._asked if name in wanted}
        never = [name for name in names if name not in self._asked]
        turns = [*never, *self._asked][:MOST_POLLED]
        refused: list[bytes] = []
        for start in range(0, len(turns), at_once):
            await client.quiet()
            started = []
            for name in turns[start : start + at_once]:
                self._asked.pop(name, None)
                self._asked[name] = None
                command = commands.status(name, STATUS_ITEMS)
                answered = client.start(command, origin=self._origin, on_data=on_data)
                started.append((name, command, answered))
            for name, command, answered in started:
                try:
                    await client.finish(command, answered)
                except CommandRefused as error:
                    log.info("figures of a mailbox: %s", error.server_line)
                    refused.append(name)
        return refused


def _put_changed(
    store: Store, account_id: int, batch: Mapping[bytes, MailboxStatus]
) -> tuple[bytes, ...]:
    """Keep figures; the mailboxes for which they are new."""
    stored = {name: store.mailbox_by_name(account_id, name) for name in batch}
    changed = {
        name: status
        for name, status in batch.items()
        if (known := stored[name]) is not None and _merged(known.status, status) != known.status
    }
    store.put_status(account_id, changed)
    return tuple(changed)


def _merged(before: MailboxStatus, after: MailboxStatus) -> MailboxStatus:
    given = ((each.name, getattr(after, each.name)) for each in fields(MailboxStatus))
    known = {each.name: getattr(before, each.name) for each in fields(MailboxStatus)}
    return MailboxStatus(**{**known, **{name: value for name, value in given if value is not None}})
