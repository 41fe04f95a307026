"""A whole message, for replying to, forwarding or editing it: from the store, or in pieces.

The open mailbox is read over its own connection, any other over the one aside. Sets no flag.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from tui_mail.errors import Cancelled, CommandRefused, MailError, ProtocolError
from tui_mail.mail.account import Account
from tui_mail.mail.actions.looking import select
from tui_mail.mail.compose.values import MessageReference
from tui_mail.mail.gathering import Sections
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.net.imap import ImapClient, OnResponse
from tui_mail.wire import commands
from tui_mail.wire.commands import Command
from tui_mail.wire.responses import Completed
from tui_mail.wire.sequence_set import SequenceSet

PIECE = 512 * 1024  # octets
LARGEST = 128 * 1024 * 1024  # octets; it has to fit in memory

_GONE = "This message is no longer on the server"


class _Run(Protocol):
    async def __call__(
        self, command: Command, *, origin: str, on_data: OnResponse | None = None
    ) -> Completed: ...


async def reference(
    account: Account, store: StoreThreads, mailbox_id: int, uid: int
) -> MessageReference:
    """Where a message lies.

    Raises MailError for a mailbox there is not, and as ``Account.selected`` where nothing of the
    mailbox is stored yet.
    """
    stored = await asyncio.wrap_future(store.read(Store.mailbox, mailbox_id))
    if stored is None:
        raise MailError("This folder is gone")
    validity = (await asyncio.wrap_future(store.read(Store.sync_state, mailbox_id))).uid_validity
    if validity is None:
        validity = (await account.selected(mailbox_id)).selected.uid_validity
    return MessageReference(account.name, stored.mailbox.name, validity, uid)


async def fetch_whole(
    account: Account,
    store: StoreThreads,
    mailbox_id: int,
    uid: int,
    on_progress: Callable[[int], None],
) -> bytes:
    """BODY[] of a message; ``on_progress`` gets the octets that have come.

    Raises ``ConnectionFailed``, ``CommandRefused`` for one that is gone, ``ProtocolError``.
    """
    stored = await asyncio.wrap_future(store.read(Store.body, mailbox_id, uid, ""))
    if stored is not None and stored.complete:
        return stored.data
    try:
        sync = await account.selected(mailbox_id)
    except Cancelled:
        where = await reference(account, store, mailbox_id, uid)
        async with account.acting.aside() as client:
            selected = await select(client, where.mailbox, origin="read message", read_only=True)
            if selected.uid_validity != where.uid_validity:
                raise CommandRefused(_GONE, advice="Its folder has been made anew.") from None
            return await _all_of(client, client.run, uid, on_progress)
    return await _all_of(sync.client, sync.run, uid, on_progress)


async def _all_of(
    client: ImapClient, run: _Run, uid: int, on_progress: Callable[[int], None]
) -> bytes:
    data = bytearray()
    while len(data) <= LARGEST:
        piece = await _piece(client, run, uid, len(data))
        data += piece
        on_progress(len(data))
        if len(piece) < PIECE:
            return bytes(data)
    raise MailError(f"This message is larger than {LARGEST >> 20} MiB")


async def _piece(client: ImapClient, run: _Run, uid: int, begin: int) -> bytes:
    """Octets of the message from ``begin`` on (RFC 9051, 6.4.5)."""
    # One octet more than wanted shows a server that does not heed where a piece ends.
    sections = Sections(uid, {"": PIECE + 1})
    command = commands.fetch(
        SequenceSet.from_numbers([uid]), ("UID", f"BODY.PEEK[]<{begin}.{PIECE}>")
    )
    malformed = client.malformed
    await run(command, origin="read message", on_data=sections.receive)
    if "" not in sections.found:
        if sections.answered or client.malformed > malformed:
            raise ProtocolError("The server's answer with this message could not be read")
        raise CommandRefused(_GONE, advice="It was deleted or moved by another client.")
    data = sections.found[""] or b""
    if len(data) > PIECE or (data and begin and "" not in sections.partial):
        raise ProtocolError("The server cannot send this message in pieces")
    return data
