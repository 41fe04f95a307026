"""Frozen values under their RFC names, shared by every room.

Holds no behaviour beyond small derived facts, and imports nothing of the project.
Text that came from a server or a message is kept as the bytes that crossed the wire;
``MessageSummary`` is the one value here that is already decoded and safe to draw.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

# System flags (RFC 9051, 2.3.2). A flag is compared without regard to case on the wire;
# the parser hands out these spellings.
SEEN = "\\Seen"
ANSWERED = "\\Answered"
FLAGGED = "\\Flagged"
DELETED = "\\Deleted"
DRAFT = "\\Draft"
RECENT = "\\Recent"  # IMAP4rev1 only (RFC 3501, 2.3.2)
SYSTEM_FLAGS = (SEEN, ANSWERED, FLAGGED, DELETED, DRAFT, RECENT)

# Mailbox attributes (RFC 9051, 7.3.1; RFC 6154), spelled as here whatever the server's case.
NOSELECT = "\\Noselect"
NONEXISTENT = "\\NonExistent"
NOINFERIORS = "\\Noinferiors"
HAS_CHILDREN = "\\HasChildren"
HAS_NO_CHILDREN = "\\HasNoChildren"
SUBSCRIBED = "\\Subscribed"

INBOX = b"INBOX"


class SpecialUse(Enum):
    """What a mailbox is for (RFC 6154, 2)."""

    ALL = "\\All"
    ARCHIVE = "\\Archive"
    DRAFTS = "\\Drafts"
    FLAGGED = "\\Flagged"
    JUNK = "\\Junk"
    SENT = "\\Sent"
    TRASH = "\\Trash"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox as LIST names it (RFC 9051, 7.3.1).

    ``name`` is the identity: the exact bytes of the wire, whatever their encoding.
    ``path`` is the same name decoded from modified UTF-7 and split at the delimiter;
    its parts are for showing and have been through ``sanitize.clean``.
    ``delimiter`` is None in a flat namespace (LIST answered NIL).
    """

    name: bytes
    delimiter: str | None
    attributes: frozenset[str]
    path: tuple[str, ...]
    special_use: SpecialUse | None = None
    subscribed: bool = False

    @property
    def selectable(self) -> bool:
        return not self.attributes & {NOSELECT, NONEXISTENT}


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """The figures of STATUS (RFC 9051, 7.3.4); None where the server has not said."""

    messages: int | None = None
    unseen: int | None = None
    uid_next: int | None = None
    uid_validity: int | None = None
    highest_modseq: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """One address of an envelope (RFC 9051, 7.5.2), undecoded.

    ``host`` None marks group syntax: ``mailbox`` then names the group, or is None at its end.
    """

    name: bytes | None
    mailbox: bytes | None
    host: bytes | None


@dataclass(frozen=True, slots=True)
class Envelope:
    """ENVELOPE (RFC 9051, 7.5.2). Fields are raw header text; encoded words are not decoded."""

    date: bytes | None
    subject: bytes | None
    from_: tuple[Address, ...]
    sender: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    in_reply_to: bytes | None
    message_id: bytes | None


@dataclass(frozen=True, slots=True)
class BodyPart:
    """One node of BODYSTRUCTURE (RFC 9051, 7.5.2).

    ``section`` is the number FETCH takes: "" for the whole message when it is multipart,
    "1" for the only part of a single-part message, "2.1" for a nested one.
    ``type`` and ``subtype`` are lower case, parameter names too; values are undecoded text
    (RFC 2231 continuations not joined). ``size`` counts encoded octets.
    ``children`` are the parts of a multipart, or the one body of a message/rfc822.
    """

    section: str
    type: str
    subtype: str
    parameters: tuple[tuple[str, str], ...] = ()
    id: str | None = None
    description: str | None = None
    encoding: str = "7bit"
    size: int = 0
    lines: int | None = None
    disposition: str | None = None
    disposition_parameters: tuple[tuple[str, str], ...] = ()
    language: tuple[str, ...] = ()
    location: str | None = None
    envelope: Envelope | None = None
    children: tuple[BodyPart, ...] = ()

    @property
    def content_type(self) -> str:
        return f"{self.type}/{self.subtype}"

    def parameter(self, name: str) -> str | None:
        return dict(self.parameters).get(name)

    def walk(self) -> Iterator[BodyPart]:
        """This part and all below it, in the order of the message."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class MessageSummary:
    """One row of the message list: decoded, cleaned, ready to draw.

    ``internal_date`` is in seconds since the epoch, UTC. ``sender`` and ``recipients`` are
    display names (or addresses where there is no name), comma separated.
    ``has_attachment`` is None while the structure has not been fetched.
    """

    uid: int
    flags: frozenset[str]
    internal_date: int
    size: int
    sender: str
    recipients: str
    subject: str
    has_attachment: bool | None = None


class Phase(Enum):
    """Where an account's connection stands; the value is what the status bar says."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    SECURING = "starting TLS"
    AUTHENTICATING = "logging in"
    ONLINE = "online"
    WAITING = "waiting to reconnect"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Progress:
    """Something under way that is worth showing; ``total`` None when it is not known."""

    what: str
    done: int = 0
    total: int | None = None
    account: str = field(default="")
