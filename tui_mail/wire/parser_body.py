"""BODYSTRUCTURE and BODY (RFC 9051, 7.5.2): one function per rule of the grammar's body.

Works on values that ``tokens`` has already read and bounded, so that a field which a server
left out or put in too much cannot shift what follows. The number of parts is bounded here.
"""

from __future__ import annotations

import re
from itertools import count, takewhile

from tui_mail.errors import ProtocolError
from tui_mail.model import BodyPart
from tui_mail.wire.framing import Framer, Limits
from tui_mail.wire.parser_envelope import envelope_value
from tui_mail.wire.tokens import Cursor, ParseError, Value, number, text

MAX_PARTS = 5_000
_MARK = re.compile(rb"(~?\{\d+\+?\}\r?\n)")


def body_structure(cursor: Cursor) -> tuple[BodyPart | None, bytes]:
    """The structure at the cursor (None for NIL) and its raw form. Raises ``ParseError``."""
    start, passed = cursor.pos, cursor.passed
    value = cursor.value()
    raw = cursor.text[start : cursor.pos].lstrip()
    if cursor.passed != passed:
        literals = cursor.literals[passed : cursor.passed]
        pieces = _MARK.split(raw)
        for at, literal in enumerate(literals):
            pieces[2 * at + 1] += literal
        raw = b"".join(pieces)
    return body(value), raw


def parse_body_structure(raw: bytes) -> BodyPart | None:
    """``Fetch.body_structure_raw`` once more. Raises ``ValueError`` when it is no structure."""
    framer = Framer(Limits())
    framer.feed(raw + b"\r\n")
    try:
        response = framer.take()
    except ProtocolError as error:
        raise ParseError(error.title) from error
    if response is None:
        raise ParseError("a body structure ends too early")
    return body(Cursor(response.text, response.literals).value())


def body(value: Value) -> BodyPart | None:
    """The body of a whole message. Raises ``ParseError``."""
    if value is None:
        return None
    return _message_body(value, "", count(1))


def _message_body(value: Value, prefix: str, parts: count[int]) -> BodyPart:
    """The body of a message whose own part number is ``prefix`` ("": the message itself)."""
    if _is_multipart(value):
        # Only TEXT names the whole of a multipart inside message/rfc822 (RFC 9051, 6.4.5.1).
        return body_type_mpart(value, f"{prefix}.TEXT" if prefix else "", prefix, parts)
    return body_type_1part(value, f"{prefix}.1" if prefix else "1", parts)


def _part(value: Value, section: str, parts: count[int]) -> BodyPart:
    if _is_multipart(value):
        return body_type_mpart(value, section, section, parts)
    return body_type_1part(value, section, parts)


def _is_multipart(value: Value) -> bool:
    """Also for a multipart without parts, which the grammar does not allow but servers send.

    Courier gives ``("multipart" "mixed" …)``; ``(() "mixed")``, ``(NIL "mixed" …)`` and
    ``("mixed" (parameters) …)`` are taken for the same.
    """
    if not isinstance(value, list) or not value:
        return False
    first, second = value[0], value[1] if len(value) > 1 else None
    if first is None:
        return isinstance(second, bytes) and len(value) < 7
    if isinstance(first, list):
        return True
    return first.lower() == b"multipart" or isinstance(second, list)


def body_type_mpart(value: Value, section: str, prefix: str, parts: count[int]) -> BodyPart:
    """body-type-mpart; ``prefix`` goes before the numbers of its parts."""
    fields = _list(value)
    _count(parts)
    lists = list(takewhile(lambda field: isinstance(field, list), fields))
    rest = fields[len(lists) :]
    if not lists and (rest[0] is None or (len(rest) > 1 and isinstance(rest[1], bytes))):
        rest = rest[1:]
    bodies = [field for field in lists if field]
    children = tuple(
        _part(field, f"{prefix}.{at}" if prefix else str(at), parts)
        for at, field in enumerate(bodies, 1)
    )
    subtype, parameters, disposition, language, location = _padded(rest, 5)
    kind, kind_parameters = body_fld_dsp(disposition)
    return BodyPart(
        section,
        "multipart",
        (_word(subtype) or "mixed").lower(),
        body_fld_param(parameters),
        disposition=kind,
        disposition_parameters=kind_parameters,
        language=body_fld_lang(language),
        location=_word(location),
        children=children,
    )


def body_type_1part(value: Value, section: str, parts: count[int]) -> BodyPart:
    """body-type-1part: basic, message and text, told apart by what is there."""
    fields = _list(value)
    _count(parts)
    media, subtype, parameters, id_, description, encoding, size = _padded(fields, 7)
    type_ = (_word(media) or "application").lower()
    subtype_ = (_word(subtype) or ("plain" if type_ == "text" else "octet-stream")).lower()
    rest = fields[7:]
    envelope = None
    children: tuple[BodyPart, ...] = ()
    if type_ == "message" and _has_message(rest):
        envelope = envelope_value(rest[0])
        children = (_message_body(rest[1], section, parts),) if rest[1] else ()
        rest = rest[2:]
    lines, rest = _lines(type_, rest)
    _, disposition, language, location = _padded(rest, 4)  # the first is the MD5
    kind, kind_parameters = body_fld_dsp(disposition)
    return BodyPart(
        section,
        type_,
        subtype_,
        body_fld_param(parameters),
        _word(id_),
        _word(description),
        (_word(encoding) or "7bit").lower(),
        number(size) or 0,
        lines,
        kind,
        kind_parameters,
        body_fld_lang(language),
        _word(location),
        envelope,
        children,
    )


def _has_message(rest: list[Value]) -> bool:
    """Whether envelope and body are there: some servers leave them out of message/rfc822.

    A list first can only be an envelope; NIL first is one when a body and its lines follow
    (Gmail), and else the MD5 before a disposition.
    """
    if len(rest) < 2:
        return False
    if isinstance(rest[0], list):
        return isinstance(rest[1], list) or rest[1] is None
    return rest[0] is None and isinstance(rest[1], list) and number(_padded(rest, 3)[2]) is not None


def _lines(type_: str, rest: list[Value]) -> tuple[int | None, list[Value]]:
    """body-fld-lines, which text and message have, others may, and Exchange leaves out or NIL."""
    if not rest:
        return None, rest
    lines = number(rest[0])
    if lines is not None:
        return lines, rest[1:]
    md5_is_next = len(rest) > 1 and not isinstance(rest[1], list)
    return None, rest[1:] if type_ == "text" and rest[0] is None and md5_is_next else rest


def body_fld_param(value: Value) -> tuple[tuple[str, str], ...]:
    """body-fld-param; a name without a value gets "", anything but pairs is left out."""
    if not isinstance(value, list):
        return ()
    names, values = value[::2], value[1::2]
    pairs = zip(names, values + [None] * (len(names) - len(values)), strict=True)
    return tuple(
        (text(name).lower(), _word(given) or "") for name, given in pairs if isinstance(name, bytes)
    )


def body_fld_dsp(value: Value) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    """body-fld-dsp; some servers give the word alone, without a list."""
    if isinstance(value, list):
        kind, parameters = _padded(value, 2)
        word = _word(kind)
        return word and word.lower(), body_fld_param(parameters)
    word = _word(value)
    return word and word.lower(), ()


def body_fld_lang(value: Value) -> tuple[str, ...]:
    """body-fld-lang: one string or a list."""
    items = value if isinstance(value, list) else [value]
    return tuple(text(item) for item in items if isinstance(item, bytes))


def _word(value: Value) -> str | None:
    return text(value) if isinstance(value, bytes) else None


def _padded(values: list[Value], size: int) -> list[Value]:
    return values[:size] + [None] * (size - len(values))


def _list(value: Value) -> list[Value]:
    if not isinstance(value, list) or not value:
        raise ParseError("a body structure is a list")
    return value


def _count(parts: count[int]) -> None:
    if next(parts) > MAX_PARTS:
        raise ParseError(f"a body structure of more than {MAX_PARTS} parts")
