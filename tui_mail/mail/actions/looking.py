"""Looking into mailboxes for what became of messages whose answer was lost.

Selects mailboxes for reading only, and leaves one selected: nobody may be following one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui_mail.errors import CommandRefused
from tui_mail.mail.actions.entries import Entry, Window, union
from tui_mail.mail.actions.identity import identity, match
from tui_mail.mail.records import to_record
from tui_mail.mail.selected import Selected
from tui_mail.mail.store import MessageTraits
from tui_mail.net.imap import ImapClient
from tui_mail.wire import commands
from tui_mail.wire.responses import Fetch, Response
from tui_mail.wire.sequence_set import SequenceSet

NEWEST = 1000  # messages looked at where nothing says since when
_ITEMS = ("UID", "RFC822.SIZE", "ENVELOPE")


async def select(
    client: ImapClient, name: bytes, *, origin: str, read_only: bool = False
) -> Selected:
    """SELECT or EXAMINE, following nothing that happens in it. Raises as ``ImapClient.run``."""
    selected = Selected(read_only=read_only)
    client.on_response = selected.take
    try:
        completed = await client.run(commands.select(name, read_only=read_only), origin=origin)
    finally:
        client.on_response = None
    if completed.code is not None and completed.code.name == "READ-ONLY":
        selected.read_only = True
    return selected


async def look_for_copies(client: ImapClient, entry: Entry) -> None:
    """Learn which messages a COPY without an answer has put into the target, into the facts.

    Where the target may not be looked into, nothing is: a message twice is better than none.
    """
    facts = entry.facts
    window, facts.window = facts.window, None
    if window is None or not window[0]:
        return
    found = await _arrived_since(client, entry, window)
    if found is None:
        return
    selected = await select(client, entry.mailbox, origin=entry.text, read_only=True)
    if selected.uid_validity != entry.stored.uid_validity:
        return
    left = [uid for uid in entry.uids.to_array() if uid not in facts.copied]
    wanted = dict(await _identities(client, SequenceSet.from_numbers(left), entry.text))
    known = [(uid, each) for uid, each in found.messages if uid not in facts.arrived]
    matched = match(wanted, known)
    facts.copied = union((facts.copied, SequenceSet.from_numbers(matched)))
    facts.arrived = union((facts.arrived, SequenceSet.from_numbers(matched.values())))
    facts.pairs.update(matched)
    facts.validity = found.validity


async def find_arrived(client: ImapClient, entry: Entry) -> None:
    """Learn where the messages of a finished copy or move are, into the facts."""
    facts = entry.facts
    found = await _arrived_since(client, entry, facts.since or (0, 0))
    if found is None or (facts.arrived and facts.validity != found.validity):
        return
    # Those the server named are taken first; a second equal message stays where it is.
    messages = sorted(found.messages, key=lambda each: (each[0] not in facts.arrived, each[0]))
    matched = match(entry.identities, messages)
    facts.arrived = union((facts.arrived, SequenceSet.from_numbers(matched.values())))
    facts.pairs.update(matched)
    facts.validity = found.validity


@dataclass(frozen=True, slots=True)
class _Found:
    """What lies in the target: its UIDVALIDITY, and (UID, identity) of messages, ascending."""

    validity: int
    messages: Sequence[tuple[int, str]]


async def _arrived_since(client: ImapClient, entry: Entry, window: Window) -> _Found | None:
    """Messages that came into the target since its next UID was that; None when it is shut."""
    try:
        target = await select(client, entry.target, origin=entry.text, read_only=True)
    except CommandRefused:
        return None
    validity, first = window
    if target.uid_validity != validity:
        # Another mailbox of that name; or nobody noted where to begin.
        count = target.exists or 0
        numbers = SequenceSet.between(max(1, count - NEWEST + 1))
        messages = await _identities(client, numbers, entry.text, uid=False) if count else []
        return _Found(target.uid_validity, messages)
    messages = await _identities(client, SequenceSet.between(max(1, first)), entry.text)
    # ``n:*`` names the last message even where its UID is lower (RFC 9051, 9: seq-range).
    return _Found(validity, [(uid, each) for uid, each in messages if uid >= first])


async def _identities(
    client: ImapClient, numbers: SequenceSet, origin: str, *, uid: bool = True
) -> list[tuple[int, str]]:
    found: dict[int, str] = {}

    def receive(response: Response) -> None:
        record = to_record(response) if isinstance(response, Fetch) else None
        if record is not None:
            traits = MessageTraits(
                record.uid, record.size, record.sent_date, record.message_id, record.sender_address
            )
            found[record.uid] = identity(traits)

    pieces = [numbers] if numbers.open_ended else numbers.split()
    for piece in pieces:
        command = commands.fetch(piece, _ITEMS, uid=uid)
        await client.run(command, origin=origin, on_data=receive)
    return sorted(found.items())
