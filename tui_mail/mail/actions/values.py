"""What a person may do to messages, as frozen values; and a deed, once it has been done.

Says in words what each of them is. Knows no account, no journal and no server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tui_mail.errors import MailError
from tui_mail.model import ANSWERED, DELETED, FLAGGED, RECENT, SEEN, SpecialUse
from tui_mail.sanitize import clean
from tui_mail.wire import mailbox_name

Operation: TypeAlias = Literal["+FLAGS", "-FLAGS", "FLAGS"]
Flags: TypeAlias = frozenset[str]


@dataclass(frozen=True, slots=True)
class ChangeFlags:
    """Add, remove or replace flags and keywords (RFC 9051, 6.4.6)."""

    operation: Operation
    flags: Flags

    def apply(self, old: Flags) -> Flags:
        match self.operation:
            case "+FLAGS":
                return old | self.flags
            case "-FLAGS":
                return old - self.flags
            case _:
                # \Recent is the server's alone (RFC 3501, 2.3.2).
                return self.flags | (old & {RECENT})


@dataclass(frozen=True, slots=True)
class Copy:
    """Copy to the mailbox of this name."""

    target: bytes


@dataclass(frozen=True, slots=True)
class Move:
    """Move to the mailbox of this name."""

    target: bytes


@dataclass(frozen=True, slots=True)
class MoveTo:
    """Move to the mailbox that is for this; from Trash to Trash is ``Erase``."""

    use: SpecialUse


@dataclass(frozen=True, slots=True)
class Expunge:
    """Expunge exactly these messages, those of them that are marked ``\\Deleted``."""


@dataclass(frozen=True, slots=True)
class Erase:
    """Mark exactly these messages ``\\Deleted`` and expunge them."""


Action: TypeAlias = ChangeFlags | Copy | Move | MoveTo | Expunge | Erase

ARCHIVE = MoveTo(SpecialUse.ARCHIVE)
JUNK = MoveTo(SpecialUse.JUNK)
DELETE = MoveTo(SpecialUse.TRASH)
MARK_SEEN = ChangeFlags("+FLAGS", frozenset({SEEN}))
MARK_UNSEEN = ChangeFlags("-FLAGS", frozenset({SEEN}))
MARK_DELETED = ChangeFlags("+FLAGS", frozenset({DELETED}))
UNDELETE = ChangeFlags("-FLAGS", frozenset({DELETED}))


def add_flags(flags: Iterable[str]) -> ChangeFlags:
    return ChangeFlags("+FLAGS", frozenset(flags))


def remove_flags(flags: Iterable[str]) -> ChangeFlags:
    return ChangeFlags("-FLAGS", frozenset(flags))


def replace_flags(flags: Iterable[str]) -> ChangeFlags:
    return ChangeFlags("FLAGS", frozenset(flags))


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person did. ``number`` names it for ``undo``; ``description`` begins small.

    Without ``can_undo`` it can not be taken back, and never could. ``comes_back_anew``: it was
    taken back, and its messages come back with other UIDs, as the newest of their mailbox.
    """

    account: str
    number: int
    description: str
    can_undo: bool = True
    comes_back_anew: bool = False


class TargetMissing(MailError):
    """There is no mailbox to put the messages into; ``suggested`` is a name for one.

    Once it has been created, ``again`` is what to do: mailbox id, UIDs, and the action.
    """

    def __init__(
        self,
        title: str,
        suggested: bytes,
        *,
        again: tuple[int, tuple[int, ...], Action],
        server_line: str = "",
    ) -> None:
        super().__init__(title, server_line=server_line, advice="It can be created.")
        self.suggested = suggested
        self.again = again


def can_undo(action: Action) -> bool:
    """False for what the server forgets for good."""
    return not isinstance(action, Expunge | Erase)


def describe(action: Action, count: int) -> str:
    """What the action does to so many messages: "move 3 messages to Lists/dev"."""
    what = "1 message" if count == 1 else f"{count:,} messages"
    match action:
        case ChangeFlags():
            return _describe_flags(action, what)
        case Copy(target=target):
            return f"copy {what} to {shown_name(target)}"
        case Move(target=target):
            return f"move {what} to {shown_name(target)}"
        case MoveTo(use=use):
            return f"move {what} to {use.value.removeprefix(chr(92))}"
        case Expunge():
            return f"expunge {what}"
        case Erase():
            return f"delete {what} for good"


def shown_name(mailbox: bytes) -> str:
    """A mailbox's name for a person."""
    return clean(mailbox_name.decode(mailbox))


_FLAG_WORDS: Mapping[tuple[str, Flags], str] = {
    ("+FLAGS", frozenset({SEEN})): "mark {} as read",
    ("-FLAGS", frozenset({SEEN})): "mark {} as unread",
    ("+FLAGS", frozenset({FLAGGED})): "flag {}",
    ("-FLAGS", frozenset({FLAGGED})): "unflag {}",
    ("+FLAGS", frozenset({ANSWERED})): "mark {} as answered",
    ("-FLAGS", frozenset({ANSWERED})): "mark {} as not answered",
    ("+FLAGS", frozenset({DELETED})): "mark {} as deleted",
    ("-FLAGS", frozenset({DELETED})): "undelete {}",
}


def _describe_flags(action: ChangeFlags, what: str) -> str:
    words = _FLAG_WORDS.get((action.operation, action.flags))
    if words is not None:
        return words.format(what)
    names = clean(" ".join(sorted(action.flags))) or "nothing"
    match action.operation:
        case "+FLAGS":
            return f"add {names} to {what}"
        case "-FLAGS":
            return f"remove {names} from {what}"
        case _:
            return f"set the flags of {what} to {names}"
