"""What a server can say, one frozen value per response (RFC 9051, 7).

Values only: nothing here parses, and text stays as it arrived (a screen cleans it before drawing).
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import NamedTuple, TypeAlias

from tui_mail.model import BodyPart, Envelope, MailboxStatus
from tui_mail.wire.sequence_set import SequenceSet

ConditionStatus: TypeAlias = OneOf["OK", "NO", "BAD", "BYE", "PREAUTH"]
TaggedStatus: TypeAlias = OneOf["OK", "NO", "BAD"]
CodeArgument: TypeAlias = int | str | frozenset[str]


@dataclass(frozen=True, slots=True)
class StatusCode:
    """A response code (RFC 9051, 7.1; RFC 5530). ``name`` is upper case.

    ``arguments`` by name; empty when a known code came with arguments that make no sense:
    CAPABILITY, PERMANENTFLAGS: (frozenset of str,);
    UIDVALIDITY, UIDNEXT, UNSEEN, HIGHESTMODSEQ: (int,);
    APPENDUID: (uidvalidity int, uid set str); COPYUID: (uidvalidity int, source str, target str);
    any other: (raw str,) or () when it has none.
    """

    name: str
    arguments: tuple[CodeArgument, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """An untagged status response."""

    status: ConditionStatus
    code: StatusCode | None
    text: str


@dataclass(frozen=True, slots=True)
class Greeting:
    """The first response of a connection: OK, PREAUTH or BYE (RFC 9051, 7.1)."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Completed:
    """The tagged answer that ends a command."""

    tag: str
    status: TaggedStatus
    code: StatusCode | None
    text: str


@dataclass(frozen=True, slots=True)
class Continuation:
    """``+``: the server waits for the rest of a command (RFC 9051, 7.6)."""

    text: bytes


@dataclass(frozen=True, slots=True)
class CapabilityData:
    """Upper-case capability names (RFC 9051, 7.2.2)."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class ListData:
    """LIST (RFC 9051, 7.3.1; RFC 5258).

    ``attributes`` are spelled as in ``model``. ``child_info`` holds the upper-case CHILDINFO
    values (``SUBSCRIBED``), ``old_name`` OLDNAME.
    """

    name: bytes
    delimiter: str | None
    attributes: frozenset[str]
    old_name: bytes | None = None
    child_info: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LsubData:
    """LSUB (RFC 3501, 7.2.3)."""

    name: bytes
    delimiter: str | None
    attributes: frozenset[str]


@dataclass(frozen=True, slots=True)
class StatusData:
    """STATUS (RFC 9051, 7.3.4)."""

    name: bytes
    items: MailboxStatus


class Namespace(NamedTuple):
    """One namespace: its prefix and delimiter (None: flat)."""

    prefix: bytes
    delimiter: str | None


@dataclass(frozen=True, slots=True)
class NamespaceData:
    """NAMESPACE (RFC 9051, 7.3.5; RFC 2342)."""

    personal: tuple[Namespace, ...]
    other: tuple[Namespace, ...]
    shared: tuple[Namespace, ...]


@dataclass(frozen=True, slots=True)
class FlagsData:
    """FLAGS: those defined in the selected mailbox (RFC 9051, 7.3.2)."""

    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Exists:
    """EXISTS (RFC 9051, 7.4.1)."""

    count: int


@dataclass(frozen=True, slots=True)
class Recent:
    """RECENT, IMAP4rev1 only (RFC 3501, 7.3.2)."""

    count: int


@dataclass(frozen=True, slots=True)
class Expunge:
    """EXPUNGE: every later sequence number falls by one (RFC 9051, 7.5.1)."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Vanished:
    """VANISHED (RFC 7162, 3.2.10). ``earlier``: gone before, sequence numbers do not move."""

    uids: SequenceSet
    earlier: bool


@dataclass(frozen=True, slots=True)
class Fetch:
    """FETCH (RFC 9051, 7.5.2); None for what was not in it or was NIL.

    ``internal_date`` is in seconds since the epoch, ``size`` in octets.
    ``sections`` are (key, octets or None for NIL): the key is the upper-case text inside the
    brackets plus the partial origin: "1.2", "HEADER", "HEADER.FIELDS (DATE FROM)", "1<0>";
    "BINARY[1.2]" for BINARY. RFC822, RFC822.HEADER and RFC822.TEXT are "", "HEADER" and "TEXT".
    ``body_structure_raw`` is what ``parser.parse_body_structure`` takes.
    ``broken`` names the items that could not be read, with the reason; the others are good.
    """

    sequence: int
    uid: int | None = None
    flags: frozenset[str] | None = None
    internal_date: int | None = None
    size: int | None = None
    envelope: Envelope | None = None
    body_structure: BodyPart | None = None
    body_structure_raw: bytes | None = None
    modseq: int | None = None
    sections: tuple[tuple[str, bytes | None], ...] = ()
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchData:
    """SEARCH, IMAP4rev1 (RFC 3501, 7.2.5)."""

    numbers: array[int]


@dataclass(frozen=True, slots=True)
class ESearchData:
    """ESEARCH (RFC 9051, 7.3.4; RFC 4731). ``all`` is None when nothing matched."""

    tag: str | None
    uid: bool
    all: SequenceSet | None = None
    count: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    modseq: int | None = None


@dataclass(frozen=True, slots=True)
class Enabled:
    """ENABLED: upper-case capability names (RFC 9051, 7.2.1)."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class IdData:
    """ID (RFC 2971, 3.2): fields in the server's order."""

    fields: tuple[tuple[bytes, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class QuotaResource:
    """One resource of a quota root; STORAGE counts units of 1024 octets (RFC 9208, 5.1)."""

    name: str
    usage: int
    limit: int


@dataclass(frozen=True, slots=True)
class QuotaData:
    """QUOTA (RFC 9208, 4.2.1)."""

    root: bytes
    resources: tuple[QuotaResource, ...]


@dataclass(frozen=True, slots=True)
class QuotaRootData:
    """QUOTAROOT (RFC 9208, 4.2.2)."""

    mailbox: bytes
    roots: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AclData:
    """ACL (RFC 4314, 3.6): (identifier, rights) pairs."""

    mailbox: bytes
    rights: tuple[tuple[bytes, str], ...]


@dataclass(frozen=True, slots=True)
class ListRightsData:
    """LISTRIGHTS (RFC 4314, 3.7)."""

    mailbox: bytes
    identifier: bytes
    required: str
    optional: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MyRightsData:
    """MYRIGHTS (RFC 4314, 3.8)."""

    mailbox: bytes
    rights: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A well-formed response that this client has no use for.

    ``name`` is its upper-case word, or the tag of a tagged answer that nobody waits for.
    """

    name: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Malformed:
    """A response that could not be read; the ones after it are not harmed.

    ``line`` is its text without literals, cut at 4 KiB.
    """

    line: bytes
    reason: str


Response: TypeAlias = (
    Condition
    | Greeting
    | Completed
    | Continuation
    | CapabilityData
    | ListData
    | LsubData
    | StatusData
    | NamespaceData
    | FlagsData
    | Exists
    | Recent
    | Expunge
    | Vanished
    | Fetch
    | SearchData
    | ESearchData
    | Enabled
    | IdData
    | QuotaData
    | QuotaRootData
    | AclData
    | ListRightsData
    | MyRightsData
    | Unknown
    | Malformed
)
