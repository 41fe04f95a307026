"""SEARCH for all that match, and many UIDs in commands of a bearable size. Touches no store."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from tui_mail.net.imap import ImapClient
from tui_mail.wire import commands
from tui_mail.wire.responses import ESearchData, Response, SearchData
from tui_mail.wire.sequence_set import EXPANSION, SequenceSet

SLICE = 1000  # messages a command names; servers answer nothing while they work


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
