"""ENVELOPE and BODYSTRUCTURE (RFC 9051, 7.5.2) of a message that pymap has parsed.

pymap 0.36 decodes encoded words, writes dates its own way, gives Content-Disposition as one
string, counts the header in the size of a part, and numbers the parts inside a message/rfc822
wrongly. A program that shows the protocol should be shown the protocol.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from email.utils import getaddresses

from pymap.bytes import Writeable
from pymap.message import BaseLoadedMessage
from pymap.mime import MessageContent

_PARAMETER = re.compile(rb';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;]*)', re.DOTALL)
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_QUOTABLE = re.compile(rb"[\x20-\x7e]{0,500}")


class Structure(Writeable):
    """Both forms of one answer: BODY, and BODYSTRUCTURE as ``extended``."""

    def __init__(self, content: MessageContent) -> None:
        self.content = content

    def __bytes__(self) -> bytes:
        return _part(self.content, extended=False)

    @property
    def extended(self) -> Writeable:
        return Writeable.wrap(_part(self.content, extended=True))


class Envelope(Writeable):
    """ENVELOPE as the RFC has it; its fields, for SEARCH, are those pymap decodes."""

    def __init__(self, content: MessageContent) -> None:
        self.content = content

    def __bytes__(self) -> bytes:
        return _envelope(self.content)

    def __getattr__(self, name: str) -> object:
        return getattr(self.content.header.parsed, name)


class SampleMessage(BaseLoadedMessage):
    """A message as FETCH sees it, with structures as the RFC has them."""

    def get_envelope_structure(self) -> Envelope:  # type: ignore[override]
        return Envelope(self.content)

    def get_body_structure(self) -> Structure:  # type: ignore[override]
        return Structure(self.content)

    def _get_subpart(self, section: Sequence[int] | None) -> MessageContent:
        part = self.content
        # A message that is not multipart has one part, 1, which is its body.
        whole = True
        for number in section or ():
            if not whole and part.is_rfc822:
                part, whole = part.body.nested[0], True
            if part.body.content_type.maintype == "multipart":
                if not 0 < number <= len(part.body.nested):
                    raise IndexError(number)
                part = part.body.nested[number - 1]
            elif not whole or number != 1:
                raise IndexError(number)
            whole = False
        return part


def _envelope(content: MessageContent) -> bytes:
    sender = _addresses(content, b"from")
    fields = (
        _string(_field(content, b"date")),
        _string(_field(content, b"subject")),
        sender,
        _addresses(content, b"sender", sender),
        _addresses(content, b"reply-to", sender),
        _addresses(content, b"to"),
        _addresses(content, b"cc"),
        _addresses(content, b"bcc"),
        _string(_field(content, b"in-reply-to")),
        _string(_field(content, b"message-id")),
    )
    return _list(fields)


def _part(content: MessageContent, *, extended: bool) -> bytes:
    kind = content.body.content_type
    parameters = _parameters(_field(content, b"content-type"))
    disposition = _field(content, b"content-disposition")
    trailing = (
        b"NIL"
        if disposition is None
        else _list((_string(_token(disposition)), _parameters(disposition))),
        _string(_field(content, b"content-language")),
        _string(_field(content, b"content-location")),
    )
    subtype = _string(kind.subtype.encode())
    if kind.maintype == "multipart":
        parts = b"".join(_part(part, extended=extended) for part in content.body.nested)
        return _list((parts, subtype, *((parameters, *trailing) if extended else ())))
    body = bytes(content.body)
    fields = [
        _string(kind.maintype.encode()),
        subtype,
        parameters,
        _string(_field(content, b"content-id")),
        _string(_field(content, b"content-description")),
        _string(_field(content, b"content-transfer-encoding") or b"7bit"),
        b"%d" % len(body),
    ]
    if content.is_rfc822:
        inner = content.body.nested[0]
        fields += [_envelope(inner), _part(inner, extended=extended)]
    if content.is_rfc822 or kind.maintype == "text":
        fields.append(b"%d" % body.count(b"\n"))
    if extended:
        fields += [b"NIL", *trailing]
    return _list(fields)


def _field(content: MessageContent, name: bytes) -> bytes | None:
    for key, line in content.header.folded:
        if key.lower() == name:
            return _FOLD.sub(b"", bytes(line).split(b":", 1)[1]).strip()
    return None


def _addresses(content: MessageContent, name: bytes, default: bytes = b"NIL") -> bytes:
    value = _field(content, name)
    if value is None:
        return default
    pairs = getaddresses([value.decode("ascii", "surrogateescape")])
    found = [_address(display, address) for display, address in pairs if address]
    return b"(%b)" % b"".join(found) if found else default


def _address(display: str, address: str) -> bytes:
    mailbox, _, host = (text.encode("ascii", "surrogateescape") for text in address.rpartition("@"))
    name = display.encode("ascii", "surrogateescape") or None
    return _list((_string(name), b"NIL", _string(mailbox), _string(host)))


def _token(value: bytes) -> bytes:
    return value.split(b";", 1)[0].strip()


def _parameters(value: bytes | None) -> bytes:
    found = _PARAMETER.findall(value or b"")
    if not found:
        return b"NIL"
    strings = (
        (_string(name), _string(re.sub(rb"\\(.)", rb"\1", raw[1:-1]) if raw[:1] == b'"' else raw))
        for name, raw in found
    )
    return _list(string for pair in strings for string in pair)


def _list(items: Iterable[bytes]) -> bytes:
    return b"(%b)" % b" ".join(items)


def _string(value: bytes | None) -> bytes:
    if value is None:
        return b"NIL"
    if _QUOTABLE.fullmatch(value):
        return b'"%b"' % re.sub(rb'([\\"])', rb"\\\1", value)
    return b"{%d}\r\n%b" % (len(value), value)
