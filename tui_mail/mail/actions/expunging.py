"""Expunging exactly these messages, and none that somebody else has marked ``\\Deleted``.

With UIDPLUS that is one command. Without it EXPUNGE takes all that are marked: those of others
are found first, lose their mark for as long as it takes, and get it back; the journal knows of
them before they do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tui_mail.errors import CommandRefused
from tui_mail.mail.actions.entries import Entry, union
from tui_mail.mail.actions.values import Operation
from tui_mail.mail.searching import search
from tui_mail.model import DELETED
from tui_mail.net.imap import ImapClient
from tui_mail.wire import commands
from tui_mail.wire.sequence_set import SequenceSet

TRIES = 5  # another client may mark messages faster than they can be spared

Note = Callable[[Entry], Awaitable[None]]


async def expunge(client: ImapClient, entry: Entry, uids: SequenceSet, note: Note) -> None:
    """Expunge those of ``uids`` that are marked. Raises as ``ImapClient.run``."""
    if client.capabilities & {"UIDPLUS", "IMAP4REV2"}:
        for piece in uids.split():
            await client.run(commands.expunge(piece), origin=entry.text)
    else:
        await _spare_others(client, entry, uids, note)
    facts = entry.facts
    if facts.unmarked:
        await store_deleted(client, entry, "+FLAGS", facts.unmarked)
        facts.unmarked = SequenceSet()
        await note(entry)


async def _spare_others(client: ImapClient, entry: Entry, uids: SequenceSet, note: Note) -> None:
    facts = entry.facts
    for _ in range(TRIES):
        marked = await search(client, "DELETED", entry.text)
        others = SequenceSet.from_numbers(uid for uid in marked if uid not in uids)
        if not others:
            if marked:
                await client.run(commands.expunge(), origin=entry.text)
            return
        facts.unmarked = union((facts.unmarked, others))
        await note(entry)
        await store_deleted(client, entry, "-FLAGS", others)
        # And look again: meanwhile somebody may have marked more.
    raise CommandRefused(
        "Another client keeps marking messages as deleted",
        advice="This server can only expunge all that are marked. Nothing was expunged.",
    )


async def store_deleted(
    client: ImapClient, entry: Entry, operation: Operation, uids: SequenceSet
) -> None:
    """Set or take away ``\\Deleted``. Raises as ``ImapClient.run``."""
    for piece in uids.split():
        command = commands.store(piece, operation, [DELETED], silent=True)
        await client.run(command, origin=entry.text)
