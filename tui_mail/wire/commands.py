"""Values to commands (RFC 9051, 6): what to send, not yet when and how.

Quoting is decided here, by content; whether a literal waits for the server is decided by the
connection when it sends. Nothing given from outside can end a line: text that no IMAP string can
carry is refused with ``ValueError``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal as OneOf
from typing import TypeAlias

from tui_mail.wire.sasl import Dialogue, Mechanism
from tui_mail.wire.sequence_set import SequenceSet

# Courier does not take an atom with ~ in it.
_ATOM = re.compile(rb"(?!nil\Z)[^\x00-\x20\x7e-\xff(){%*\"\\]{1,900}\Z", re.IGNORECASE)
_QUOTABLE = re.compile(rb"[\x20-\x7e]{0,900}\Z")
_PRINTABLE = re.compile(r"[\x20-\x7e]*\Z")
_FLAG = re.compile(r"\\?[^\x00-\x20\x7f-\U0010ffff(){%*\"\\\]]+\Z")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal's octets (RFC 9051, 4.3); ``binary`` sends literal8 where BINARY is offered."""

    data: bytes = field(repr=False)
    secret: bool = False
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Secret:
    """Octets of the line itself that no transcript, log or message may show."""

    data: bytes = field(repr=False)


Part: TypeAlias = bytes | Literal | Secret


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its name as written and the parts that follow it, without tag and CRLF.

    ``mailbox`` is the one that SELECT and EXAMINE open. ``dialogue`` is what AUTHENTICATE
    answers the server's challenges with.
    """

    name: str
    parts: tuple[Part, ...] = ()
    mailbox: bytes | None = None
    dialogue: Dialogue | None = field(default=None, repr=False, compare=False)
    own_secrets: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """Texts that no answer to this command may repeat."""
        return self.own_secrets if self.dialogue is None else self.dialogue.secrets


def astring(value: bytes) -> Part:
    """astring (RFC 9051, 9) in its shortest form. Raises ``ValueError`` for NUL."""
    if _ATOM.match(value):
        return value
    return string(value)


def string(value: bytes) -> bytes | Literal:
    """string (RFC 9051, 9): quoted, or a literal for what quotes cannot hold."""
    if b"\0" in value:
        raise ValueError("text with a NUL cannot be sent")
    if not _QUOTABLE.match(value):
        return Literal(value)
    return b'"%b"' % value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def _secret(value: bytes) -> Secret | Literal:
    shown = string(value)
    return Literal(value, secret=True) if isinstance(shown, Literal) else Secret(shown)


def capability() -> Command:
    return Command("CAPABILITY")


def noop() -> Command:
    return Command("NOOP")


def logout() -> Command:
    return Command("LOGOUT")


def starttls() -> Command:
    return Command("STARTTLS")


def idle() -> Command:
    """IDLE (RFC 9051, 6.3.13); ``ImapConnection.idle_done`` ends it."""
    return Command("IDLE")


def id_(fields: Mapping[str, str]) -> Command:
    """ID (RFC 2971, 3.1); without fields ``ID NIL``."""
    if not fields:
        return Command("ID", (b" NIL",))
    strings = [string(text.encode("ascii", "replace")) for pair in fields.items() for text in pair]
    return Command("ID", _joined(b" (", *_spaced(strings), b")"))


def enable(names: Iterable[str]) -> Command:
    """ENABLE (RFC 9051, 6.3.1)."""
    return Command("ENABLE", _joined(*(b" " + _plain(name) for name in names)))


def authenticate(mechanism: Mechanism, *, initial_response: bool) -> Command:
    """AUTHENTICATE (RFC 9051, 6.2.2), with SASL-IR (RFC 4959) or by continuation alone."""
    dialogue = Dialogue(mechanism)
    name = _plain(mechanism.name)
    first = dialogue.initial() if initial_response else None
    parts: tuple[Part, ...] = (b" " + name,) if first is None else (b" %b " % name, Secret(first))
    return Command("AUTHENTICATE", parts, dialogue=dialogue)


def login(user: str, password: str) -> Command:
    """LOGIN (RFC 9051, 6.2.3)."""
    secret = _secret(password.encode())
    parts = _joined(b" ", astring(user.encode()), b" ", secret)
    secrets = (secret.data, password.encode()) if isinstance(secret, Secret) else (secret.data,)
    return Command("LOGIN", parts, own_secrets=secrets)


def namespace() -> Command:
    """NAMESPACE (RFC 9051, 6.3.10)."""
    return Command("NAMESPACE")


def list_(
    reference: bytes,
    pattern: bytes,
    *,
    select: Sequence[str] = (),
    return_: Sequence[str] = (),
) -> Command:
    """LIST (RFC 9051, 6.3.9), with selection and return options where given (RFC 5258).

    Options are written as they stand: ``return_=("SUBSCRIBED", "STATUS (MESSAGES UNSEEN)")``.
    """
    parts: list[Part] = [b" "]
    if select:
        parts.append(b"(%b) " % _plain(" ".join(select)))
    parts += [string(reference), b" ", string(pattern)]
    if return_:
        parts.append(b" RETURN (%b)" % _plain(" ".join(return_)))
    return Command("LIST", _joined(*parts))


def lsub(reference: bytes, pattern: bytes) -> Command:
    """LSUB (RFC 3501, 6.3.9)."""
    return Command("LSUB", _joined(b" ", string(reference), b" ", string(pattern)))


def status(name: bytes, items: Sequence[str]) -> Command:
    """STATUS (RFC 9051, 6.3.11)."""
    return Command("STATUS", _joined(b" ", astring(name), b" (%b)" % _plain(" ".join(items))))


def select(
    name: bytes,
    *,
    read_only: bool = False,
    condstore: bool = False,
    qresync: tuple[int, int, SequenceSet | None] | None = None,
) -> Command:
    """SELECT, or EXAMINE when ``read_only`` (RFC 9051, 6.3.2 and 6.3.3).

    ``qresync`` is (UIDVALIDITY, mod-sequence, known UIDs or None) (RFC 7162, 3.2.5) and
    includes what ``condstore`` asks for.
    """
    parameters = b""
    if qresync is not None:
        validity, modseq, known = qresync
        uids = b" " + bytes(known) if known else b""
        parameters = b" (QRESYNC (%d %d%b))" % (validity, modseq, uids)
    elif condstore:
        parameters = b" (CONDSTORE)"
    return Command(
        "EXAMINE" if read_only else "SELECT",
        _joined(b" ", astring(name), parameters),
        mailbox=name,
    )


def fetch(
    numbers: SequenceSet,
    items: Sequence[str],
    *,
    uid: bool = True,
    changed_since: int | None = None,
    vanished: bool = False,
) -> Command:
    """FETCH or UID FETCH (RFC 9051, 6.4.5); the modifiers are RFC 7162, 3.1.4.1 and 3.2.6."""
    listed = _plain(" ".join(items))
    # A macro such as FAST may not stand in parentheses, a single item may do without them.
    parts = b" %b %b" % (_set(numbers), b"(%b)" % listed if len(items) > 1 else listed)
    if changed_since is not None:
        parts += b" (CHANGEDSINCE %d%b)" % (changed_since, b" VANISHED" if vanished else b"")
    return Command(_uid("FETCH", uid), (parts,))


def search(
    criteria: bytes | str, *, uid: bool = True, return_: Sequence[str] | None = None
) -> Command:
    """SEARCH or UID SEARCH (RFC 9051, 6.4.4); ``criteria`` is written as it stands.

    ``return_`` asks for ESEARCH (RFC 4731); empty means ``RETURN ()``, which is ALL.
    """
    text = criteria.decode("ascii") if isinstance(criteria, bytes) else criteria
    options = b"" if return_ is None else b" RETURN (%b)" % _plain(" ".join(return_))
    return Command(_uid("SEARCH", uid), (b"%b %b" % (options, _plain(text)),))


def store(
    numbers: SequenceSet,
    operation: OneOf["+FLAGS", "-FLAGS", "FLAGS"],
    flags: Iterable[str],
    *,
    uid: bool = True,
    silent: bool = False,
    unchanged_since: int | None = None,
) -> Command:
    """STORE or UID STORE (RFC 9051, 6.4.6); UNCHANGEDSINCE is RFC 7162, 3.1.3."""
    modifier = b"" if unchanged_since is None else b" (UNCHANGEDSINCE %d)" % unchanged_since
    item = _plain(operation) + (b".SILENT" if silent else b"")
    parts = b" %b%b %b %b" % (_set(numbers), modifier, item, _flags(flags))
    return Command(_uid("STORE", uid), (parts,))


def copy(numbers: SequenceSet, name: bytes, *, uid: bool = True) -> Command:
    """COPY or UID COPY (RFC 9051, 6.4.7)."""
    return Command(_uid("COPY", uid), _joined(b" %b " % _set(numbers), astring(name)))


def move(numbers: SequenceSet, name: bytes, *, uid: bool = True) -> Command:
    """MOVE or UID MOVE (RFC 9051, 6.4.8)."""
    return Command(_uid("MOVE", uid), _joined(b" %b " % _set(numbers), astring(name)))


def expunge(uids: SequenceSet | None = None) -> Command:
    """EXPUNGE, or UID EXPUNGE of these alone (RFC 9051, 6.4.3 and 6.4.9)."""
    if uids is None:
        return Command("EXPUNGE")
    return Command("UID EXPUNGE", (b" " + _set(uids),))


def append(
    name: bytes,
    message: bytes,
    flags: Collection[str] = (),
    internal_date: int | None = None,
) -> Command:
    """APPEND (RFC 9051, 6.3.12). ``internal_date`` is in seconds since the epoch."""
    date = b"" if internal_date is None else b' "%b"' % _date_time(internal_date).encode()
    given = b" " + _flags(flags) if flags else b""
    literal = Literal(message, binary=b"\0" in message)
    return Command("APPEND", _joined(b" ", astring(name), given + date + b" ", literal))


def create(name: bytes, special_use: str | None = None) -> Command:
    """CREATE (RFC 9051, 6.3.4); ``special_use`` such as ``\\Sent`` is RFC 6154, 3."""
    use = b"" if special_use is None else b" (USE %b)" % _flags((special_use,))
    return Command("CREATE", _joined(b" ", astring(name), use))


def delete(name: bytes) -> Command:
    """DELETE (RFC 9051, 6.3.5)."""
    return Command("DELETE", _joined(b" ", astring(name)))


def rename(name: bytes, new_name: bytes) -> Command:
    """RENAME (RFC 9051, 6.3.6)."""
    return Command("RENAME", _joined(b" ", astring(name), b" ", astring(new_name)))


def subscribe(name: bytes) -> Command:
    """SUBSCRIBE (RFC 9051, 6.3.7)."""
    return Command("SUBSCRIBE", _joined(b" ", astring(name)))


def unsubscribe(name: bytes) -> Command:
    """UNSUBSCRIBE (RFC 9051, 6.3.8)."""
    return Command("UNSUBSCRIBE", _joined(b" ", astring(name)))


def close() -> Command:
    """CLOSE: expunges, then leaves the mailbox (RFC 9051, 6.4.1)."""
    return Command("CLOSE")


def unselect() -> Command:
    """UNSELECT: leaves the mailbox and expunges nothing (RFC 9051, 6.4.2)."""
    return Command("UNSELECT")


def getquotaroot(name: bytes) -> Command:
    """GETQUOTAROOT (RFC 9208, 4.1.2)."""
    return Command("GETQUOTAROOT", _joined(b" ", astring(name)))


def getacl(name: bytes) -> Command:
    """GETACL (RFC 4314, 3.3)."""
    return Command("GETACL", _joined(b" ", astring(name)))


def myrights(name: bytes) -> Command:
    """MYRIGHTS (RFC 4314, 3.5)."""
    return Command("MYRIGHTS", _joined(b" ", astring(name)))


def setacl(name: bytes, identifier: bytes, rights: str) -> Command:
    """SETACL (RFC 4314, 3.1); ``rights`` may begin with ``+`` or ``-``."""
    parts = (b" ", astring(name), b" ", astring(identifier), b" ", astring(rights.encode()))
    return Command("SETACL", _joined(*parts))


def deleteacl(name: bytes, identifier: bytes) -> Command:
    """DELETEACL (RFC 4314, 3.2)."""
    return Command("DELETEACL", _joined(b" ", astring(name), b" ", astring(identifier)))


def notify(specification: str) -> Command:
    """NOTIFY (RFC 5465, 4), written as it stands: ``NONE`` or ``SET (selected (...))``."""
    return Command("NOTIFY", (b" " + _plain(specification),))


def _uid(name: str, uid: bool) -> str:
    return f"UID {name}" if uid else name


def _plain(text: str) -> bytes:
    if not _PRINTABLE.match(text):
        raise ValueError(f"not printable ASCII: {text[:80]!r}")
    return text.encode("ascii")


def _set(numbers: SequenceSet) -> bytes:
    if not numbers:
        raise ValueError("an empty set of messages cannot be sent")
    return bytes(numbers)


def is_flag(name: str) -> bool:
    """Whether a flag or keyword can be written in a command (RFC 9051, 9: flag, atom)."""
    return _FLAG.match(name) is not None


def _flags(flags: Iterable[str]) -> bytes:
    names = sorted(flags)
    for name in names:
        if not is_flag(name):
            raise ValueError(f"not a flag: {name[:80]!r}")
    return b"(%b)" % " ".join(names).encode("ascii")


def _date_time(seconds: int) -> str:
    at = time.gmtime(seconds)
    day = f"{at.tm_mday:2}-{_MONTHS[at.tm_mon - 1]}-{at.tm_year:04}"
    return f"{day} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} +0000"


def _spaced(parts: Sequence[Part]) -> list[Part]:
    return [piece for part in parts for piece in (b" ", part)][1:]


def _joined(*parts: Part) -> tuple[Part, ...]:
    """The same parts with neighbouring plain bytes made one."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += part
        elif part != b"":
            joined.append(part)
    return tuple(joined)
