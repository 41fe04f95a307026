"""A journal entry as the program works with it, and how it is written down.

``Facts`` are what must not be forgotten between one command and the next: they are in the
journal before the command goes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from tui_mail.mail.actions.values import Action, ChangeFlags, Copy, Erase, Expunge, Move, Operation
from tui_mail.mail.store import FlagChange, JournalDraft, JournalEntry
from tui_mail.wire.sequence_set import SequenceSet

UNDO = "undo"  # of an entry whose outcome must be known first

# The names are in people's journals: they never change.
_OPERATIONS: Mapping[str, Operation] = {
    "add flags": "+FLAGS",
    "remove flags": "-FLAGS",
    "replace flags": "FLAGS",
}
_FLAG_KINDS = {operation: kind for kind, operation in _OPERATIONS.items()}
_KINDS: Mapping[type[Action], str] = {
    Copy: "copy",
    Move: "move",
    Expunge: "expunge",
    Erase: "erase",
}
_HIDING = frozenset({"move", "expunge", "erase"})

NONE = SequenceSet()
Window = tuple[int, int]  # UIDVALIDITY and UIDNEXT


@dataclass(slots=True)
class Facts:
    """What has been learned about an entry under way; sets are of UIDs.

    ``window`` is that of the target before a COPY whose answer has not arrived; (0, 0) when the
    server would not tell. ``since`` is the window before the first COPY. ``copied`` are messages
    known to be in the target, ``arrived`` their UIDs there, under ``validity``, and ``pairs`` says
    which is which. ``moved``: all is done but to learn that. ``marked``: this entry set
    ``\\Deleted``. ``unmarked`` are messages that somebody else marked, and that are
    without their mark while ours are expunged. ``undone``: a person took it back.
    """

    window: Window | None = None
    since: Window | None = None
    copied: SequenceSet = NONE
    arrived: SequenceSet = NONE
    validity: int = 0
    pairs: dict[int, int] = field(default_factory=dict)
    moved: bool = False
    marked: bool = False
    unmarked: SequenceSet = NONE
    undone: bool = False

    @classmethod
    def load(cls, noted: Mapping[str, Any]) -> Facts:
        facts = cls()
        for name, value in noted.items():
            if name in ("window", "since"):
                value = (int(value[0]), int(value[1]))
            elif name == "pairs":
                value = from_runs(value)
            elif isinstance(value, str):
                value = SequenceSet.parse(value)
            setattr(facts, name, value)
        return facts

    def noted(self) -> dict[str, object]:
        """As JSON can hold it; what says nothing is left out."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        said["pairs"] = as_runs(self.pairs)
        return {
            name: str(value) if isinstance(value, SequenceSet) else value
            for name, value in said.items()
            if value
        }


@dataclass(slots=True, eq=False)
class Entry:
    """One journal entry of this program, waiting or done.

    ``fresh`` until anything of it may have been sent. ``busy`` while somebody is at it.
    ``not_before`` is on the loop's clock. ``lost`` counts the times its answer was lost.
    """

    stored: JournalEntry
    mailbox_id: int
    fresh: bool = True
    busy: bool = False
    not_before: float = 0.0
    lost: int = 0
    uids: SequenceSet = field(init=False)
    facts: Facts = field(init=False)

    def __post_init__(self) -> None:
        self.uids = SequenceSet.parse(self.stored.uids) if self.stored.uids else NONE
        self.facts = Facts.load(self.stored.facts)

    @property
    def id(self) -> int:
        return self.stored.id

    @property
    def kind(self) -> str:
        return self.stored.kind

    @property
    def mailbox(self) -> bytes:
        return self.stored.mailbox

    @property
    def text(self) -> str:
        """What the person did, in words."""
        return str(self.stored.payload.get("text", self.kind))

    @property
    def keep(self) -> bool:
        """Whether it can be undone once it is done."""
        return bool(self.stored.payload.get("keep"))

    @property
    def target(self) -> bytes:
        return str(self.stored.payload.get("target", "")).encode("latin-1")

    @property
    def undoes(self) -> int:
        """The number of the entry that this takes back, 0 for none."""
        number = self.stored.payload.get("of", 0)
        return number if isinstance(number, int) else 0

    @property
    def identities(self) -> dict[int, str]:
        """``identity`` by UID, of the messages that had a row."""
        noted = self.stored.payload.get("identities")
        return {int(uid): each for uid, each in noted.items()} if isinstance(noted, dict) else {}

    @property
    def takes_back(self) -> dict[int, int]:
        """Of a move that is taken back by this one: UIDs in its source to those in its target."""
        noted = self.stored.payload.get("takes back")
        return from_runs(noted) if isinstance(noted, list) else {}

    @property
    def flags(self) -> ChangeFlags | None:
        operation = _OPERATIONS.get(self.kind)
        flags = self.stored.payload.get("flags")
        if operation is None or not isinstance(flags, list):
            return None
        return ChangeFlags(operation, frozenset(map(str, flags)))

    @property
    def changes(self) -> list[FlagChange]:
        """What it changed in the rows, oldest first."""
        noted = self.stored.payload.get("changes")
        if not isinstance(noted, list):
            return []
        return [
            FlagChange(uids, frozenset(added), frozenset(removed)) for uids, added, removed in noted
        ]

    @property
    def hides(self) -> bool:
        """Whether its messages are not shown while it waits."""
        return self.kind in _HIDING

    @property
    def rewritten(self) -> JournalEntry:
        """The journal entry with what is known now."""
        return replace(self.stored, facts=self.facts.noted())

    @property
    def transfers(self) -> bool:
        """Whether messages arrive elsewhere, which done twice would double them."""
        return self.kind in ("copy", "move")

    @property
    def must_look(self) -> bool:
        """Whether the target, or the outcome of another entry, has to be looked at first."""
        return self.kind == UNDO or self.is_unsure

    @property
    def is_unsure(self) -> bool:
        """Whether it is not known which messages have arrived in the target."""
        return self.facts.window is not None or self.facts.moved


def draft(
    action: Action,
    mailbox: bytes,
    uids: SequenceSet,
    *,
    text: str,
    keep: bool,
    uid_validity: int | None = None,
    batch: int = 0,
    identities: Mapping[int, str] | None = None,
) -> JournalDraft:
    """The entry for an action on these messages; ``MoveTo`` has been resolved before."""
    payload: dict[str, object] = {"text": text, "keep": keep}
    if isinstance(action, ChangeFlags):
        kind = _FLAG_KINDS[action.operation]
        payload["flags"] = sorted(action.flags)
    else:
        kind = _KINDS[type(action)]
    if isinstance(action, Copy | Move):
        payload["target"] = action.target.decode("latin-1")
        payload["identities"] = {str(uid): each for uid, each in (identities or {}).items()}
    return JournalDraft(kind, mailbox, str(uids), payload, uid_validity, batch)


def undo_draft(entry: Entry) -> JournalDraft:
    """Undoing this entry, as soon as its outcome is known."""
    payload = {"of": entry.id, "text": f"undo: {entry.text}", "keep": False}
    return JournalDraft(UNDO, entry.mailbox, "", payload, entry.stored.uid_validity)


def inverse_of_flags(entry: Entry) -> list[JournalDraft]:
    """What gives each message back the flags it had."""
    validity = entry.stored.uid_validity
    return [
        each
        for change in entry.changes
        for action in (ChangeFlags("-FLAGS", change.added), ChangeFlags("+FLAGS", change.removed))
        if action.flags
        for each in _drafts(action, entry.mailbox, change.uids, validity, entry)
    ]


def inverse_of_transfer(entry: Entry) -> list[JournalDraft]:
    """What brings moved messages back, or does away with copies, by their UIDs in the target."""
    facts = entry.facts
    if not facts.arrived:
        return []
    if entry.kind == "copy":
        return erasure_of_copies(entry, facts.arrived)
    drafts = _drafts(Move(entry.mailbox), entry.target, str(facts.arrived), facts.validity, entry)
    return [replace(each, payload={**each.payload, **_what_for(entry, each)}) for each in drafts]


def _what_for(entry: Entry, inverse: JournalDraft) -> dict[str, object]:
    """What must be known of a move to follow its messages when they are back."""
    named = SequenceSet.parse(inverse.uids)
    identities = entry.identities
    pairs = {old: new for old, new in entry.facts.pairs.items() if new in named}
    return {
        "of": entry.id,
        "takes back": as_runs(pairs),
        "identities": {
            str(new): identities[old] for old, new in pairs.items() if old in identities
        },
    }


def erasure_of_copies(entry: Entry, uids: SequenceSet) -> list[JournalDraft]:
    """What does away with messages that this entry has put into its target."""
    return _drafts(Erase(), entry.target, str(uids), entry.facts.validity, entry)


def _drafts(
    action: Action, mailbox: bytes, uids: str, uid_validity: int | None, entry: Entry
) -> list[JournalDraft]:
    return [
        draft(
            action,
            mailbox,
            piece,
            text=f"undo: {entry.text}",
            keep=False,
            uid_validity=uid_validity,
        )
        for piece in SequenceSet.parse(uids).split()
    ]


def as_runs(pairs: Mapping[int, int]) -> list[list[int]]:
    """Pairs as [first, its partner, how many side by side]."""
    runs: list[list[int]] = []
    for one, other in sorted(pairs.items()):
        if runs and (one, other) == (runs[-1][0] + runs[-1][2], runs[-1][1] + runs[-1][2]):
            runs[-1][2] += 1
        else:
            runs.append([one, other, 1])
    return runs


def from_runs(runs: Iterable[Sequence[int]]) -> dict[int, int]:
    return {one + at: other + at for one, other, count in runs for at in range(count)}


def union(sets: Iterable[SequenceSet]) -> SequenceSet:
    """All numbers of these sets."""
    texts = [str(each) for each in sets if each]
    return SequenceSet.parse(",".join(texts)) if texts else NONE
