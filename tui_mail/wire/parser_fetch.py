"""FETCH responses (RFC 9051, 7.5.2): one function per item.

An item that cannot be read is left out and named in ``Fetch.broken``; the others are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

from tui_mail.model import SYSTEM_FLAGS
from tui_mail.wire.parser_body import body_structure
from tui_mail.wire.parser_envelope import envelope
from tui_mail.wire.responses import Fetch
from tui_mail.wire.tokens import (
    Cursor,
    ParseError,
    Value,
    nstring,
    number,
    nz_number,
    string,
    strings,
    text,
)

_ITEM = re.compile(rb' *+([^\s()\[\]<>"{]++)(\[(?:"[^"]*+"|[^\]"])*+\])?(<\d{1,19}>)?')
_CLOSE = re.compile(rb" *+\)")
_NUMBER = re.compile(rb" *+(\d{1,19})(?=[ )])")
_FLAGS = re.compile(rb' *+\(([^()"{}]*+)\)')
_DATE_TIME = re.compile(
    rb' *+" *+(\d{1,2})-(\w{3})-(\d{4}) +(\d\d):(\d\d):(\d\d) +([+-])(\d\d)(\d\d)"'
)
_MARK = re.compile(rb"~?\{\d+\+?\}\r?\n")
_MONTHS = b"jan feb mar apr may jun jul aug sep oct nov dec".split()
_EPOCH = date(1970, 1, 1).toordinal()


def message_data_fetch(sequence: int, cursor: Cursor) -> Fetch:
    """msg-att, from its parenthesis to the end of the response. Raises ``ParseError``."""
    if cursor.peek() != b"(":
        raise cursor.error("a list of items was expected")
    cursor.pos = cursor.text.index(b"(", cursor.pos) + 1
    fields: dict[str, Any] = {}
    sections: list[tuple[str, bytes | None]] = []
    broken: list[str] = []
    while (item := _ITEM.match(cursor.text, cursor.pos)) is not None:
        cursor.pos = item.end()
        name, brackets, origin = item.groups()
        name = name.upper()
        key = _section_key(name, brackets, origin, cursor)
        reader = _READERS.get(name) if brackets is None else None
        start, passed = cursor.pos, cursor.passed
        try:
            if key is not None:
                sections.append((key, nstring(cursor.value())))
            elif reader is not None:
                reader(cursor, fields)
            else:
                cursor.value()
        except ParseError as error:
            cursor.pos, cursor.passed = start, passed
            cursor.value()
            broken.append(f"{text(name)}: {error}")
    close = _CLOSE.match(cursor.text, cursor.pos)
    if close is None:
        raise cursor.error("the name of an item was expected")
    cursor.pos = close.end()
    cursor.end()
    return Fetch(sequence, **fields, sections=tuple(sections), broken=tuple(broken))


_WHOLE_SECTIONS = {b"RFC822": "", b"RFC822.HEADER": "HEADER", b"RFC822.TEXT": "TEXT"}


def _section_key(
    name: bytes, brackets: bytes | None, origin: bytes | None, cursor: Cursor
) -> str | None:
    """The key of ``Fetch.sections``, None for an item that is no section."""
    if brackets is None:
        return _WHOLE_SECTIONS.get(name)
    inside = text(_MARK.sub(lambda _: cursor.literal(), brackets[1:-1]))
    if name not in (b"BODY", b"BINARY"):
        return None
    key = inside.upper().replace('"', "")  # Courier quotes the names in HEADER.FIELDS
    if name == b"BINARY":
        key = f"BINARY[{key}]"
    return key + (text(origin) if origin else "")


def _uid(cursor: Cursor, fields: dict[str, Any]) -> None:
    fields["uid"] = nz_number(_digits(cursor))


def _flag_list(cursor: Cursor, fields: dict[str, Any]) -> None:
    usual = _FLAGS.match(cursor.text, cursor.pos)
    if usual is None:
        fields["flags"] = frozenset(flag(item) for item in strings(cursor.value()))
    else:
        cursor.pos = usual.end()
        fields["flags"] = _flag_set(usual[1])


@lru_cache(maxsize=1024)
def _flag_set(raw: bytes) -> frozenset[str]:
    return frozenset(flag(item) for item in raw.split())


def flag(raw: bytes) -> str:
    """A flag or keyword (RFC 9051, 2.3.2), system flags spelled as in ``model``."""
    name = text(raw)
    return _SPELLINGS.get(name.lower(), name)


_SPELLINGS = {name.lower(): name for name in SYSTEM_FLAGS}


def _internal_date(cursor: Cursor, fields: dict[str, Any]) -> None:
    found = _DATE_TIME.match(cursor.text, cursor.pos)
    if found is None:
        raise cursor.error("a date and time was expected")
    cursor.pos = found.end()
    day, month, year, hour, minute, second, sign, zone_hour, zone_minute = found.groups()
    zone = int(zone_hour) * 3600 + int(zone_minute) * 60
    clock = int(hour) * 3600 + int(minute) * 60 + int(second)
    midnight = _midnight(day, month, year)
    fields["internal_date"] = midnight + clock - (zone if sign == b"+" else -zone)


@lru_cache(maxsize=4096)
def _midnight(day: bytes, month: bytes, year: bytes) -> int:
    """Seconds since the epoch. Raises ``ParseError``."""
    try:
        whole = date(int(year), _MONTHS.index(month.lower()) + 1, int(day))
    except ValueError as error:
        raise ParseError("there is no such day") from error
    return (whole.toordinal() - _EPOCH) * 86400


def _size(cursor: Cursor, fields: dict[str, Any]) -> None:
    fields["size"] = number(_digits(cursor))


def _modseq(cursor: Cursor, fields: dict[str, Any]) -> None:
    values = strings(cursor.value())
    fields["modseq"] = number(values[0]) if values else None


def _envelope(cursor: Cursor, fields: dict[str, Any]) -> None:
    fields["envelope"] = envelope(cursor)


def _body_structure(cursor: Cursor, fields: dict[str, Any]) -> None:
    structure, raw = body_structure(cursor)
    if structure is not None:
        fields["body_structure"] = structure
        fields["body_structure_raw"] = raw


def _digits(cursor: Cursor) -> Value:
    usual = _NUMBER.match(cursor.text, cursor.pos)
    if usual is None:
        return string(cursor.value())
    cursor.pos = usual.end()
    return usual[1]


_READERS: dict[bytes, Callable[[Cursor, dict[str, Any]], None]] = {
    b"UID": _uid,
    b"FLAGS": _flag_list,
    b"INTERNALDATE": _internal_date,
    b"RFC822.SIZE": _size,
    b"MODSEQ": _modseq,
    b"ENVELOPE": _envelope,
    b"BODYSTRUCTURE": _body_structure,
    b"BODY": _body_structure,
}
