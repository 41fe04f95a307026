"""ENVELOPE (RFC 9051, 7.5.2): the hottest path of the program.

The usual form, with no literal and no server's quirk, is matched whole; everything else takes
the tolerant way, one function per grammar rule. Both give the same for what both can read.
"""

from __future__ import annotations

import re

from tui_mail.model import Address, Envelope
from tui_mail.wire.tokens import Cursor, ParseError, Value, unquote

_NSTRING = rb'(?:NIL|"([^"\\]*+(?:\\.[^"\\]*+)*+)")'
_STRING_OR_NIL = rb'(?:NIL|"[^"\\]*+(?:\\.[^"\\]*+)*+")'
_ADDRESSES = rb"(NIL|\((?:\((?:%b ){3}%b\) ?)++\))" % (_STRING_OR_NIL, _STRING_OR_NIL)
_ENVELOPE = re.compile(
    rb" *+\(%b\)" % b" ".join([_NSTRING, _NSTRING, *[_ADDRESSES] * 6, _NSTRING, _NSTRING]),
    re.DOTALL,
)
_ADDRESS = re.compile(
    rb"\(%b %b %b %b\)" % (_NSTRING, _STRING_OR_NIL, _NSTRING, _NSTRING), re.DOTALL
)
_FIELDS = 10


def envelope(cursor: Cursor) -> Envelope | None:
    """The envelope at the cursor, None for NIL. Raises ``ParseError``."""
    usual = _ENVELOPE.match(cursor.text, cursor.pos)
    if usual is None:
        return envelope_value(cursor.value())
    cursor.pos = usual.end()
    date, subject, from_, sender, reply_to, to, cc, bcc, in_reply_to, message_id = usual.groups()
    senders = _usual_addresses(from_)
    # Servers repeat From where a message has no Sender and no Reply-To (RFC 9051, 7.5.2).
    return Envelope(
        date and unquote(date),
        subject and unquote(subject),
        senders,
        senders if sender == from_ else _usual_addresses(sender),
        senders if reply_to == from_ else _usual_addresses(reply_to),
        _usual_addresses(to),
        _usual_addresses(cc),
        _usual_addresses(bcc),
        in_reply_to and unquote(in_reply_to),
        message_id and unquote(message_id),
    )


def _usual_addresses(raw: bytes) -> tuple[Address, ...]:
    if raw == b"NIL":
        return ()
    if b"\\" in raw:
        return tuple(
            Address(name and unquote(name), mailbox and unquote(mailbox), host and unquote(host))
            for name, mailbox, host in (found.groups() for found in _ADDRESS.finditer(raw))
        )
    return tuple([Address(*found.groups()) for found in _ADDRESS.finditer(raw)])


def envelope_value(value: Value) -> Envelope | None:
    """The same from a value. Fields that are missing at the end are taken for NIL.

    Raises ``ParseError``.
    """
    if value is None:
        return None
    if not isinstance(value, list):
        raise ParseError("an envelope is a list")
    fields = value[:_FIELDS] + [None] * (_FIELDS - len(value))
    return Envelope(
        env_string(fields[0]),
        env_string(fields[1]),
        env_addresses(fields[2]),
        env_addresses(fields[3]),
        env_addresses(fields[4]),
        env_addresses(fields[5]),
        env_addresses(fields[6]),
        env_addresses(fields[7]),
        env_string(fields[8]),
        env_string(fields[9]),
    )


def env_string(value: Value) -> bytes | None:
    """env-date, env-subject, env-in-reply-to, env-message-id. Raises ``ParseError``."""
    if isinstance(value, list):
        raise ParseError("a field of an envelope is a string, not a list")
    return value


def env_addresses(value: Value) -> tuple[Address, ...]:
    """env-from and its like: NIL, a list, or (tolerated) an empty one. Raises ``ParseError``."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ParseError("addresses of an envelope are a list")
    return tuple(address(item) for item in value if item is not None)


def address(value: Value) -> Address:
    """address (RFC 9051, 9), without its obsolete route. Raises ``ParseError``."""
    if not isinstance(value, list):
        raise ParseError("an address is a list")
    fields = value[:4] + [None] * (4 - len(value))
    return Address(env_string(fields[0]), env_string(fields[2]), env_string(fields[3]))
