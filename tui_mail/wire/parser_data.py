"""Data about mailboxes and the server (RFC 9051, 7.2 and 7.3): one function per response.

Each takes a cursor after the response's name and reads to its end, or raises ``ValueError``.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator

from tui_mail import model
from tui_mail.model import INBOX, MailboxStatus, SpecialUse
from tui_mail.wire.parser_fetch import flag
from tui_mail.wire.responses import (
    AclData,
    CapabilityData,
    Enabled,
    ESearchData,
    FlagsData,
    IdData,
    ListData,
    ListRightsData,
    LsubData,
    MyRightsData,
    Namespace,
    NamespaceData,
    QuotaData,
    QuotaResource,
    QuotaRootData,
    SearchData,
    StatusData,
    Vanished,
)
from tui_mail.wire.sequence_set import SequenceSet
from tui_mail.wire.tokens import Cursor, ParseError, Value, number, string, strings, text

_SPELLINGS = {
    name.lower(): name
    for name in (
        model.NOSELECT,
        model.NONEXISTENT,
        model.NOINFERIORS,
        model.HAS_CHILDREN,
        model.HAS_NO_CHILDREN,
        model.SUBSCRIBED,
        *(use.value for use in SpecialUse),
    )
}
_STATUS_ITEMS = {
    b"MESSAGES": "messages",
    b"UNSEEN": "unseen",
    b"UIDNEXT": "uid_next",
    b"UIDVALIDITY": "uid_validity",
    b"HIGHESTMODSEQ": "highest_modseq",
    b"SIZE": "size",
}
_ESEARCH_NUMBERS = {b"COUNT": "count", b"MIN": "minimum", b"MAX": "maximum", b"MODSEQ": "modseq"}
_MODSEQ = re.compile(rb" *\(MODSEQ \d+\)\s*\Z", re.IGNORECASE)
_CONTROL = re.compile(rb"[\0\r\n]")


def capability_data(cursor: Cursor) -> CapabilityData:
    return CapabilityData(_names(cursor))


def enable_data(cursor: Cursor) -> Enabled:
    return Enabled(_names(cursor))


def _names(cursor: Cursor) -> frozenset[str]:
    return frozenset(text(name).upper() for name in cursor.rest().split())


def flags_data(cursor: Cursor) -> FlagsData:
    (flags,) = _exactly(cursor, 1)
    return FlagsData(frozenset(flag(item) for item in strings(flags)))


def mailbox(value: Value) -> bytes:
    """mailbox (RFC 9051, 5.1): INBOX in any case is INBOX."""
    name = string(value)
    if _CONTROL.search(name):
        raise ParseError("the name of a mailbox has a NUL or a line end in it")
    return INBOX if name.upper() == INBOX else name


def _mailbox_list(cursor: Cursor) -> tuple[bytes, str | None, frozenset[str]]:
    attributes = frozenset(
        _SPELLINGS.get(name.lower(), name) for name in map(text, strings(cursor.value()))
    )
    delimiter = _delimiter(cursor.value())
    return mailbox(cursor.astring()), delimiter, attributes


def _delimiter(value: Value) -> str | None:
    if not value:
        return None
    return text(string(value))[:1]


def list_data(cursor: Cursor) -> ListData:
    name, delimiter, attributes = _mailbox_list(cursor)
    extended = None if cursor.at_end() else cursor.value()
    cursor.end()
    old_name = None
    child_info: frozenset[str] = frozenset()
    for label, value in _pairs(extended):
        if label == b"OLDNAME":
            old_name = mailbox(strings(value)[0]) if value else None
        elif label == b"CHILDINFO":
            child_info = frozenset(text(item).upper() for item in strings(value))
    return ListData(name, delimiter, attributes, old_name, child_info)


def lsub_data(cursor: Cursor) -> LsubData:
    found = LsubData(*_mailbox_list(cursor))
    cursor.end()
    return found


def status_data(cursor: Cursor) -> StatusData:
    name = mailbox(cursor.astring())
    figures = {
        _STATUS_ITEMS[label]: number(value)
        for label, value in _pairs(cursor.value())
        if label in _STATUS_ITEMS
    }
    cursor.end()
    return StatusData(name, MailboxStatus(**figures))


def namespace_data(cursor: Cursor) -> NamespaceData:
    return NamespaceData(*(_namespaces(value) for value in _exactly(cursor, 3)))


def _namespaces(value: Value) -> tuple[Namespace, ...]:
    found = []
    for item in _list(value):
        fields = _list(item)
        if len(fields) < 2:
            raise ParseError("a namespace is a prefix and a delimiter")
        found.append(Namespace(mailbox_prefix(fields[0]), _delimiter(fields[1])))
    return tuple(found)


def mailbox_prefix(value: Value) -> bytes:
    """A namespace's prefix, which may be empty (RFC 2342, 5)."""
    return b"" if value is None else string(value)


def mailbox_data_search(cursor: Cursor) -> SearchData:
    raw = _MODSEQ.sub(b"", cursor.rest())
    words = raw.split()
    if not all(map(bytes.isdigit, words)):
        raise ParseError("message numbers were expected")
    numbers = array("I", map(int, words))
    if 0 in numbers:
        raise ParseError("0 is not a message number")
    return SearchData(numbers)


def esearch_response(cursor: Cursor) -> ESearchData:
    tag = None
    if cursor.peek() == b"(":
        correlator = dict(_pairs(cursor.value()))
        tag = text(string(correlator[b"TAG"])) if b"TAG" in correlator else None
    values = cursor.values()
    uid = bool(values) and isinstance(values[0], bytes) and values[0].upper() == b"UID"
    figures: dict[str, int | None] = {}
    every = None
    for label, value in _pairs(values[1:] if uid else values):
        if label == b"ALL":
            every = SequenceSet.parse(string(value))
        elif label in _ESEARCH_NUMBERS:
            figures[_ESEARCH_NUMBERS[label]] = number(value)
    return ESearchData(tag, uid, every, **figures)


def expunged_resp(cursor: Cursor) -> Vanished:
    """VANISHED (RFC 7162, 7)."""
    values = cursor.values()
    earlier = len(values) > 1
    if earlier and [text(item).upper() for item in strings(values[0])] != ["EARLIER"]:
        raise ParseError("EARLIER was expected")
    return Vanished(SequenceSet.parse(string(values[-1] if values else None)), earlier)


def id_response(cursor: Cursor) -> IdData:
    (fields,) = _exactly(cursor, 1)
    items = _list(fields)
    if len(items) % 2:
        raise ParseError("names and values come in pairs")
    names = map(string, items[::2])
    values = (None if value is None else string(value) for value in items[1::2])
    return IdData(tuple(zip(names, values, strict=True)))


def quota_response(cursor: Cursor) -> QuotaData:
    root, *resources = _some(cursor, "the name of a quota root")
    # Courier leaves the list out where a root has no limits.
    items = _list(resources[0] if resources else None)
    if len(resources) > 1 or len(items) % 3:
        raise ParseError("one list of resource, usage and limit was expected")
    return QuotaData(
        string(root) if root is not None else b"",
        tuple(
            QuotaResource(text(string(name)).upper(), number(usage) or 0, number(limit) or 0)
            for name, usage, limit in zip(items[::3], items[1::3], items[2::3], strict=True)
        ),
    )


def quotaroot_response(cursor: Cursor) -> QuotaRootData:
    values = _some(cursor, "the name of a mailbox")
    return QuotaRootData(mailbox(values[0]), tuple(string(root) for root in values[1:]))


def acl_data(cursor: Cursor) -> AclData:
    values = cursor.values()
    if len(values) % 2 != 1:
        raise ParseError("a mailbox, then identifiers and rights were expected")
    rights = zip(map(string, values[1::2]), map(_rights, values[2::2]), strict=True)
    return AclData(mailbox(values[0]), tuple(rights))


def listrights_data(cursor: Cursor) -> ListRightsData:
    values = cursor.values()
    if len(values) < 3:
        raise ParseError("mailbox, identifier and rights were expected")
    name, identifier, required, *optional = values
    return ListRightsData(
        mailbox(name), string(identifier), _rights(required), tuple(map(_rights, optional))
    )


def myrights_data(cursor: Cursor) -> MyRightsData:
    name, rights = _exactly(cursor, 2)
    return MyRightsData(mailbox(name), _rights(rights))


def _rights(value: Value) -> str:
    return text(string(value))


def _some(cursor: Cursor, first: str) -> list[Value]:
    values = cursor.values()
    if not values:
        raise ParseError(f"{first} was expected")
    return values


def _exactly(cursor: Cursor, count: int) -> list[Value]:
    values = cursor.values()
    if len(values) != count:
        raise ParseError(f"{count} values were expected, not {len(values)}")
    return values


def _list(value: Value) -> list[Value]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ParseError("a list was expected")
    return value


def _pairs(value: Value) -> Iterator[tuple[bytes, Value]]:
    items = _list(value)
    if len(items) % 2:
        raise ParseError("names and values come in pairs")
    for label, given in zip(items[::2], items[1::2], strict=True):
        yield string(label).upper(), given
