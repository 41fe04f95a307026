"""What the journal says of messages follows them: to new UIDs when they came back, to new names.

A message that an undo has moved back lies in its mailbox under another UID than before (RFC 9051,
2.3.1.1), and so what else was done to it before could not be undone by the old one. Values only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tui_mail.mail.actions.entries import Entry
from tui_mail.mail.store import FlagChange
from tui_mail.wire.sequence_set import SequenceSet

Uids = Mapping[int, int]  # old to new


def came_back(entry: Entry) -> dict[int, int]:
    """The UIDs that messages had before a move that this entry takes back, to their new ones."""
    pairs = entry.facts.pairs
    return {old: pairs[between] for old, between in entry.takes_back.items() if between in pairs}


def follow_uids(entries: Iterable[Entry], mailbox: bytes, validity: int, uids: Uids) -> list[Entry]:
    """Put the new UIDs of messages in ``mailbox`` into these entries; those that it changed."""
    changed = []
    for entry in entries:
        source = entry.mailbox == mailbox and entry.stored.uid_validity == validity
        facts = entry.facts
        target = entry.target == mailbox and facts.validity == validity
        if source and any(uid in entry.uids for uid in uids):
            _replace_source(entry, uids)
        elif not (target and any(uid in facts.arrived for uid in uids)):
            continue
        if target:
            facts.arrived = _replaced(facts.arrived, uids)
            facts.pairs = {old: uids.get(new, new) for old, new in facts.pairs.items()}
        changed.append(entry)
    return changed


def _replace_source(entry: Entry, uids: Uids) -> None:
    payload = dict(entry.stored.payload)
    if entry.identities:
        payload["identities"] = {
            str(uids.get(uid, uid)): each for uid, each in entry.identities.items()
        }
    if "changes" in payload:
        payload["changes"] = [_told(change, uids) for change in entry.changes]
    facts = entry.facts
    facts.copied = _replaced(facts.copied, uids)
    facts.pairs = {uids.get(old, old): new for old, new in facts.pairs.items()}
    entry.uids = _replaced(entry.uids, uids)
    entry.stored = replace(entry.stored, uids=str(entry.uids), payload=payload)


def _told(change: FlagChange, uids: Uids) -> list[object]:
    named = _replaced(SequenceSet.parse(change.uids), uids)
    return [str(named), sorted(change.added), sorted(change.removed)]


def _replaced(numbers: SequenceSet, uids: Uids) -> SequenceSet:
    return SequenceSet.from_numbers(uids.get(uid, uid) for uid in numbers.to_array())


def follow_names(entries: Iterable[Entry], names: Mapping[bytes, bytes]) -> list[Entry]:
    """Put the new names of mailboxes into these entries; those that it changed."""
    changed = []
    for entry in entries:
        if entry.mailbox not in names and entry.target not in names:
            continue
        payload = dict(entry.stored.payload)
        if entry.target in names:
            payload["target"] = names[entry.target].decode("latin-1")
        mailbox = names.get(entry.mailbox, entry.mailbox)
        entry.stored = replace(entry.stored, mailbox=mailbox, payload=payload)
        changed.append(entry)
    return changed
