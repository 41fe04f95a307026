"""All messages of one folder at once: mark them read, or find them. On the server, then the store.

Selects the folder, so it wants a connection of its own; leaves nothing selected. What cannot be
is refused before it is sent (``NotAllowed``).
"""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tui_mail.errors import CommandRefused
from tui_mail.mail.folder_session import Report, Session, quoted, worded
from tui_mail.mail.rights import NotAllowed, Operation
from tui_mail.mail.searching import search, slices
from tui_mail.mail.selected import Selected
from tui_mail.mail.store import Store
from tui_mail.model import SEEN, Mailbox, MailboxStatus
from tui_mail.wire import commands


@dataclass(frozen=True, slots=True)
class Messages:
    """Some messages of a mailbox: ``uids``, ascending, under ``uid_validity``."""

    mailbox: Mailbox
    uid_validity: int
    uids: array[int]


async def mark_all_read(
    session: Session, mailbox: Mailbox, report: Report | None = None
) -> Messages:
    """Set \\Seen on every message that lacks it; those that did.

    ``report`` is called with how many are done, of how many.
    """
    session.require(Operation.MARK_READ, mailbox)
    origin = "mark all read"
    async with _selected(session, mailbox, origin, needed=SEEN) as selected:
        uids = await search(session.client, "UNSEEN", origin)
        done = 0
        for piece in slices(uids):
            command = commands.store(piece, "+FLAGS", (SEEN,), silent=True)
            try:
                await session.run(command, origin)
            except CommandRefused as error:
                title = f"Not all of {quoted(mailbox.name)} could be marked as read"
                raise worded(error, title) from error
            await _mark_seen(session, mailbox, selected.uid_validity, piece.to_array())
            done += len(piece)
            if report is not None:
                report(done, len(uids))
    told = {mailbox.name: MailboxStatus(unseen=0)}
    await session.write(Store.put_status, session.account_id, told)
    return Messages(mailbox, selected.uid_validity, uids)


async def messages_in(session: Session, mailbox: Mailbox) -> Messages:
    """All messages there are now, for a person to agree that they go (``Acting.empty``).

    EXAMINE only.
    """
    session.require(Operation.EMPTY, mailbox)
    origin = "count messages"
    async with _selected(session, mailbox, origin, needed=None) as selected:
        return Messages(mailbox, selected.uid_validity, await search(session.client, "ALL", origin))


@asynccontextmanager
async def _selected(
    session: Session, mailbox: Mailbox, origin: str, *, needed: str | None
) -> AsyncIterator[Selected]:
    """The mailbox selected so that the flag ``needed`` can be kept; None examines it.

    Raises ``NotAllowed`` when the server opens it read-only, or keeps no such flag.
    """
    selected = Selected()
    command = commands.select(mailbox.name, read_only=needed is None)
    try:
        completed = await session.client.run(command, origin=origin, on_data=selected.take)
    except CommandRefused as error:
        raise worded(error, f"{quoted(mailbox.name)} could not be opened") from error
    try:
        if needed is not None:
            read_only = completed.code is not None and completed.code.name == "READ-ONLY"
            permanent = selected.permanent_flags
            if read_only or (permanent is not None and needed not in permanent):
                why = "opens it read-only" if read_only else f"keeps no {needed} there"
                raise NotAllowed(f"{quoted(mailbox.name)} stays as it is: the server {why}.")
        yield selected
    finally:
        await session.leave()


async def _mark_seen(
    session: Session, mailbox: Mailbox, uid_validity: int, uids: array[int]
) -> None:
    stored = await session.read(Store.mailbox_by_name, session.account_id, mailbox.name)
    if stored is not None and await _is_stored(session, stored.id, uid_validity):
        await session.write(Store.mark_seen, stored.id, uids)


async def _is_stored(session: Session, mailbox_id: int, uid_validity: int) -> bool:
    """Whether the store has this mailbox under the same UIDVALIDITY, so that UIDs mean the same."""
    state = await session.read(Store.sync_state, mailbox_id)
    return state.uid_validity == uid_validity
