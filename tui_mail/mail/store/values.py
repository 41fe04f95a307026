"""The frozen values the store takes and gives. Holds no behaviour and knows no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui_mail.mail.compose.values import Draft, MessageReference, OutboxEntry, Outgoing
from tui_mail.model import Mailbox, MailboxStatus


@dataclass(frozen=True, slots=True)
class StoredMailbox:
    """A mailbox with its key in the store and the last STATUS figures.

    ``id`` is the same for as long as LIST names the mailbox, and is never given out twice.
    """

    id: int
    mailbox: Mailbox
    status: MailboxStatus


@dataclass(frozen=True, slots=True)
class SyncState:
    """How far the store follows one mailbox.

    ``uid_validity`` belongs to what is stored, whatever STATUS has said since; None when nothing
    has been stored. ``highest_modseq`` is what ``put_order`` was given. ``uid_next`` is the last
    STATUS figure. ``filled_to`` is the lowest UID down to which all rows are stored, 0 for none.
    """

    uid_validity: int | None
    uid_next: int | None
    highest_modseq: int | None
    filled_to: int


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """Everything kept about one message but its bodies.

    The texts are decoded and cleaned before they come here; the store cuts each of them after
    ``messages.TEXT_LIMIT`` characters. Dates are seconds since the epoch, UTC; ``size`` is in
    octets. ``structure`` is the BODYSTRUCTURE as it arrived. ``recipients`` is what the list shows;
    ``to_addresses`` and ``cc_addresses`` are names and addresses, to be searched.
    """

    uid: int
    flags: frozenset[str]
    modseq: int | None
    internal_date: int
    size: int
    sent_date: int | None
    sender: str
    recipients: str
    subject: str
    sender_address: str
    message_id: str
    in_reply_to: str
    has_attachment: bool | None = None
    structure: bytes | None = None
    to_addresses: str = ""
    cc_addresses: str = ""


@dataclass(frozen=True, slots=True)
class StoredBody:
    """One section of a message; ``complete`` is False when only its beginning was fetched."""

    data: bytes
    complete: bool


@dataclass(frozen=True, slots=True)
class JournalDraft:
    """An entry to be written: the fields of ``JournalEntry`` that its writer decides.

    ``uid_validity`` None means the one under which the mailbox is stored. ``batch`` 0 begins a
    batch, which then has the number of its first entry.
    """

    kind: str
    mailbox: bytes
    uids: str = ""
    payload: Mapping[str, object] = field(default_factory=dict)
    uid_validity: int | None = None
    batch: int = 0


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One command, or a short row of them, that a person's deed takes.

    ``uids`` is a sequence set in UIDs, "" when it names none. They mean nothing under another
    UIDVALIDITY than ``uid_validity`` (RFC 9051, 2.3.1.1). ``facts`` is what has been learned
    from the server about it so far. ``owner`` is the program that sends it. ``done`` is None
    until the server has answered. Times are in seconds since the epoch.
    """

    id: int
    kind: str
    mailbox: bytes
    uids: str
    payload: Mapping[str, object]
    uid_validity: int | None
    created: float
    batch: int = 0
    owner: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    done: float | None = None


@dataclass(frozen=True, slots=True)
class FlagChange:
    """What happened to the flags of some messages: ``uids`` is a sequence set."""

    uids: str
    added: frozenset[str]
    removed: frozenset[str]

    def apply(self, old: frozenset[str]) -> frozenset[str]:
        return (old - self.removed) | self.added

    def reversed(self) -> FlagChange:
        return FlagChange(self.uids, self.removed, self.added)


@dataclass(frozen=True, slots=True)
class MessageTraits:
    """What tells a message apart wherever it lies, as it is stored."""

    uid: int
    size: int
    sent_date: int | None
    message_id: str
    sender_address: str


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """A draft with its number. ``changed`` is in seconds since the epoch.

    ``postponed``: it waits to be put into the Drafts mailbox; ``facts`` is what is known about
    that. ``owner`` is the program that has it open, or sees to that.
    """

    number: int
    draft: Draft
    changed: float
    postponed: bool
    owner: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do to a message of a mailbox once another has been sent.

    ``flag`` is to be set on it; without one it is to be removed.
    """

    message: MessageReference
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Unfiled:
    """A message that the server has accepted, and whose copy is not in Sent yet.

    ``facts`` is what is known about filing it.
    """

    entry: OutboxEntry
    outgoing: Outgoing
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KnownAddress:
    """An address of the book. ``last`` is when it was last seen, in seconds since the epoch."""

    name: str
    address: str
    last: float
    written_to: bool
