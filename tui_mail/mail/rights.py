"""Rights on a mailbox (RFC 4314; RFC 2086 before it): each letter in words, and what it allows.

Values and tables only; asks no server. What a server without ACL allows is found out by trying.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from typing import NamedTuple

from tui_mail.errors import MailError
from tui_mail.model import INBOX, NOINFERIORS, Mailbox

Rights = frozenset[str]


class NotAllowed(MailError):
    """Refused here, before anything was sent to the server."""


class Right(NamedTuple):
    """``letter`` as RFC 4314, 2.1 names it; ``words`` go on after "may"."""

    letter: str
    name: str
    words: str


STANDARD = tuple(
    Right(*each)
    for each in (
        ("l", "lookup", "see the folder in lists and subscribe to it"),
        ("r", "read", "open it, read its messages and copy them"),
        ("s", "seen", "keep which of its messages are read"),
        ("w", "write", "set flags and labels, other than read and deleted"),
        ("i", "insert", "put messages into it"),
        ("p", "post", "send mail to its own address"),
        ("k", "create", "create folders in it"),
        ("x", "delete mailbox", "delete or rename the folder"),
        ("t", "delete messages", "mark its messages as deleted"),
        ("e", "expunge", "remove what is marked as deleted for good"),
        ("a", "administer", "see and change who has which rights"),
    )
)
_KNOWN: Mapping[str, Right] = {right.letter: right for right in STANDARD} | {
    # RFC 5257, 4; Cyrus has it.
    "n": Right("n", "annotate", "write annotations that others see"),
}
LETTERS = frozenset(right.letter for right in STANDARD)
# RFC 2086, 3; how much of the newer rights such a letter holds is the server's own affair
# (RFC 4314, 2.1.1), so all that it may hold is taken for granted and the server has the last word.
_HELD_BY_OLD: Mapping[str, str] = {"c": "kx", "d": "tex"}
OLD_LETTERS = frozenset(_HELD_BY_OLD)
# What the newer rights are called on a server that knows the old letters alone.
_TO_OLD: Mapping[str, str] = {"k": "c", "x": "c", "t": "d", "e": "d"}


class Operation(Enum):
    """What a person may want to do with a folder; the value goes on after "you may not"."""

    SUBSCRIBE = "subscribe to it"
    OPEN = "open it"
    MARK_READ = "mark its messages as read"
    FLAG = "set flags of its messages"
    ADD = "put messages into it"
    MOVE_OUT = "move messages out of it"
    DELETE_MESSAGES = "delete its messages"
    EXPUNGE = "expunge it"
    EMPTY = "empty it"
    CREATE_BELOW = "create folders in it"
    RENAME = "rename it"
    DELETE = "delete it"
    SEE_RIGHTS = "see who has which rights"
    SET_RIGHTS = "change who has which rights"


# RFC 4314, 4: the rights a command needs.
_NEEDED: Mapping[Operation, str] = {
    Operation.SUBSCRIBE: "l",
    Operation.OPEN: "r",
    Operation.MARK_READ: "s",
    Operation.FLAG: "w",
    Operation.ADD: "i",
    Operation.MOVE_OUT: "rte",
    Operation.DELETE_MESSAGES: "t",
    Operation.EXPUNGE: "e",
    Operation.EMPTY: "te",
    Operation.CREATE_BELOW: "k",
    Operation.RENAME: "x",
    Operation.DELETE: "x",
    Operation.SEE_RIGHTS: "a",
    Operation.SET_RIGHTS: "a",
}
_READING = frozenset({Operation.OPEN, Operation.SEE_RIGHTS})
_ON_MESSAGES = frozenset(
    {
        Operation.OPEN,
        Operation.MARK_READ,
        Operation.FLAG,
        Operation.ADD,
        Operation.MOVE_OUT,
        Operation.DELETE_MESSAGES,
        Operation.EXPUNGE,
        Operation.EMPTY,
    }
)
_NOT_FOR_INBOX: Mapping[Operation, str] = {
    Operation.RENAME: "INBOX cannot be renamed: every account has it.",
    Operation.DELETE: "INBOX cannot be deleted: every account has it.",
}


def has_modern_rights(capabilities: Collection[str]) -> bool:
    """Whether the server tells the rights of RFC 4314 apart (RFC 4314, 2.2)."""
    return any(name.startswith("RIGHTS=") for name in capabilities)


def understood(letters: str, *, modern: bool) -> Rights:
    """What MYRIGHTS or ACL said, as rights of RFC 4314.

    ``modern`` servers add the old letters c and d for old clients, and they say nothing new;
    from others each stands for all it may hold.
    """
    given = set(letters)
    for old, held in _HELD_BY_OLD.items():
        if old in given:
            given.remove(old)
            given.update("" if modern else held)
    return frozenset(given)


def written(rights: Rights, *, modern: bool) -> str:
    """The letters for SETACL, in the order of RFC 4314; the reverse of ``understood``."""
    if not modern and rights & frozenset("kte"):
        rights -= {"x"}  # c and d each hold it; a c for it alone would allow more
    order = [right.letter for right in STANDARD if right.letter in rights]
    letters = [*order, *sorted(rights - LETTERS)]
    if not modern:
        letters = list(dict.fromkeys(_TO_OLD.get(letter, letter) for letter in letters))
    return "".join(letters)


def explained(rights: Rights) -> tuple[Right, ...]:
    """Each right in words, in the order of RFC 4314; what only this server knows comes last."""
    own = (
        Right(letter, "own", "do what this server alone gives a meaning")
        for letter in sorted(rights - _KNOWN.keys())
    )
    return (*(right for letter, right in _KNOWN.items() if letter in rights), *own)


def allowed(
    rights: Rights | None,
    operation: Operation,
    mailbox: Mailbox | None = None,
    *,
    read_only: bool = False,
) -> str | None:
    """Why an operation is not offered, in a sentence; None when it is.

    ``rights`` None means that the server has no ACL, or has not been asked.
    """
    if read_only and operation not in _READING:
        return "Nothing is changed here: it is open read-only."
    if mailbox is not None and (reason := _ruled_out(operation, mailbox)):
        return reason
    if rights is None:
        return None
    missing = [_KNOWN[letter] for letter in _NEEDED[operation] if letter not in rights]
    if not missing:
        return None
    lacking = ", ".join(f"{right.letter} ({right.name})" for right in missing)
    return f"You may not {operation.value}: you lack the right {lacking}."


def _ruled_out(operation: Operation, mailbox: Mailbox) -> str | None:
    if mailbox.name == INBOX and operation in _NOT_FOR_INBOX:
        return _NOT_FOR_INBOX[operation]
    if operation in _ON_MESSAGES and not mailbox.selectable:
        return "It holds folders only, and no messages."
    if operation is Operation.CREATE_BELOW:
        if mailbox.delimiter is None:
            return "This server has no folders inside folders."
        if NOINFERIORS in mailbox.attributes:
            return "The server allows no folders inside this one."
    return None
