"""Remove exactly these messages for good, and never one that somebody else marked as deleted.

Works on the mailbox that is selected read-write on a connection of its own. Touches no store.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Literal

from tui_mail.errors import CommandRefused, ConnectionFailed
from tui_mail.model import DELETED
from tui_mail.net.imap import ImapClient
from tui_mail.wire import commands
from tui_mail.wire.responses import ESearchData, Response, SearchData
from tui_mail.wire.sequence_set import EXPANSION, SequenceSet

SLICE = 1000  # messages a command names; servers answer nothing while they work
_TRIES = 5  # to catch the server with nobody else's messages marked

Report = Callable[[int, int], None]


async def search(client: ImapClient, criteria: str, origin: str) -> array[int]:
    """The UIDs that match, ascending. Raises as ``ImapClient.run``."""
    found: set[int] = set()

    def receive(response: Response) -> None:
        if isinstance(response, SearchData) and len(found) < EXPANSION:
            found.update(response.numbers)
        elif isinstance(response, ESearchData) and response.uid and response.all is not None:
            found.update(response.all.to_array())

    return_ = ("ALL",) if client.capabilities & {"ESEARCH", "IMAP4REV2"} else None
    await client.run(commands.search(criteria, return_=return_), origin=origin, on_data=receive)
    return array("I", sorted(found))


def slices(uids: Sequence[int]) -> list[SequenceSet]:
    """Sets of at most ``SLICE`` messages, none too long for a line."""
    return [
        piece
        for start in range(0, len(uids), SLICE)
        for piece in SequenceSet.from_numbers(uids[start : start + SLICE]).split()
    ]


async def expunge_exactly(
    client: ImapClient, uids: Sequence[int], origin: str, report: Report | None = None
) -> array[int]:
    """Mark as deleted and expunge these UIDs; those of them that are gone, ascending.

    With UIDPLUS (RFC 4315; RFC 9051, 6.4.9) by UID EXPUNGE. Without it, the marks that others
    have set are taken off for the moment of EXPUNGE and set again; the window between looking
    and EXPUNGE, one round trip, cannot be closed. When the server refuses, the marks on these
    messages are taken off again. Raises as ``ImapClient.run``.
    """
    before = await search(client, "DELETED", origin)
    try:
        if client.capabilities & {"UIDPLUS", "IMAP4REV2"}:
            await _by_uid(client, uids, origin, report)
        else:
            await _among_others(client, uids, origin)
    except CommandRefused:
        marked = set(before)
        with suppress(CommandRefused, ConnectionFailed):
            await _mark(client, [uid for uid in uids if uid not in marked], origin, "-FLAGS")
        raise
    left = set(await search(client, "ALL", origin))
    return array("I", sorted(uid for uid in uids if uid not in left))


async def _by_uid(
    client: ImapClient, uids: Sequence[int], origin: str, report: Report | None
) -> None:
    done = 0
    for piece in slices(uids):
        mark = commands.store(piece, "+FLAGS", (DELETED,), silent=True)
        await client.run(mark, origin=origin)
        await client.run(commands.expunge(piece), origin=origin)
        done += len(piece)
        if report is not None:
            report(done, len(uids))


async def _among_others(client: ImapClient, uids: Sequence[int], origin: str) -> None:
    ours = frozenset(uids)
    others: set[int] = set()
    await _mark(client, uids, origin, "+FLAGS")
    try:
        for _ in range(_TRIES):
            foreign = await _marked_by_others(client, ours, origin)
            if not foreign:
                break
            others |= foreign
            await _mark(client, sorted(foreign), origin, "-FLAGS")
        else:
            raise CommandRefused(
                "Nothing was removed",
                advice="Another program keeps marking messages as deleted, and without UIDPLUS"
                " the server would remove those as well. Try again when it has finished.",
            )
        await client.run(commands.expunge(), origin=origin)
    finally:
        if others and not client.closed.done():
            await _mark(client, sorted(others), origin, "+FLAGS")


async def _marked_by_others(client: ImapClient, ours: Collection[int], origin: str) -> set[int]:
    return {uid for uid in await search(client, "DELETED", origin) if uid not in ours}


async def _mark(
    client: ImapClient,
    uids: Sequence[int],
    origin: str,
    operation: Literal["+FLAGS", "-FLAGS"],
) -> None:
    for piece in slices(uids):
        command = commands.store(piece, operation, (DELETED,), silent=True)
        await client.run(command, origin=origin)
