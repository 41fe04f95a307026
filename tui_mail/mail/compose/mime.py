"""A whole message taken apart into its parts, octets untouched. No I/O.

What BODYSTRUCTURE says of a message on a server this says of one that is at hand: the same values,
so that the same choice of text and attachments applies. Bounded in depth and in number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from tui_mail.mail.charsets import decode_unknown
from tui_mail.model import BodyPart

MAX_DEPTH = 40
MAX_PARTS = 2000
MAX_HEADER = 512 * 1024  # octets

# Views of parts within parts: a message nested deep would be copied at every level.
Octets = TypeVar("Octets", bytes, memoryview)

_NO_HEADER = re.compile(rb"\r?\n")
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"^([!-9;-~]{1,200})[ \t]*:", re.MULTILINE)
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_TYPE = re.compile(r"\s*([^\s/;]{1,100})\s*/\s*([^\s/;]{1,100})")
_PARAMETER = re.compile(r';\s*([^\s=;"]{1,100})\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)

TEXT = "text/plain"
_IDENTITY = ("7bit", "8bit", "binary", "")

Parameters = tuple[tuple[str, str], ...]


class Head(NamedTuple):
    """What a header says of the body below it, as ``BodyPart`` has it."""

    type: str
    subtype: str
    parameters: Parameters
    encoding: str
    id: str | None
    disposition: str | None
    disposition_parameters: Parameters


@dataclass(slots=True)
class Taken:
    """``bodies`` are the parts' octets, still encoded, by section as FETCH would name them."""

    header: bytes
    structure: BodyPart = field(init=False)
    bodies: dict[str, bytes] = field(default_factory=dict)


def split_header(raw: Octets) -> tuple[bytes, Octets]:
    """The header block with its last line end, and the body (RFC 5322, 2.1)."""
    if found := _NO_HEADER.match(raw):
        return b"", raw[found.end() :]
    found = _HEADER_END.search(raw)
    if found is None:
        return bytes(raw), raw[len(raw) :]
    return bytes(raw[: found.start()]) + b"\r\n", raw[found.end() :]


def field_bodies(header: bytes, name: str) -> list[bytes]:
    """Every field called ``name``, unfolded, in their order; case does not count."""
    return [body for found, body in raw_fields(header) if found == name.lower()]


def field_body(header: bytes, name: str) -> bytes:
    """The first field called ``name``, unfolded; empty where there is none."""
    return next(iter(field_bodies(header, name)), b"")


def raw_fields(header: bytes) -> Iterator[tuple[str, bytes]]:
    """All fields, names in lower case. What is no field counts to the one before it."""
    header = header[:MAX_HEADER]
    starts = list(_FIELD.finditer(header))
    ends = [each.start() for each in starts[1:]] + [len(header)]
    for found, end in zip(starts, ends, strict=False):
        yield found[1].decode("ascii").lower(), _FOLD.sub(b"", header[found.end() : end]).strip()


def described(header: bytes, default: str = TEXT) -> Head:
    """What the header of a message or a part says of its body (RFC 2045, 5 and 6)."""
    first: dict[str, bytes] = {}
    for name, value in raw_fields(header):
        first.setdefault(name, value)
    content_type, parameters = _parse(first.get("content-type", b""))
    found = _TYPE.match(content_type) or _TYPE.match(default)
    assert found is not None
    encoding = decode_unknown(first.get("content-transfer-encoding", b"7bit"))
    disposition, disposition_parameters = _parse(first.get("content-disposition", b""))
    return Head(
        type=found[1].lower(),
        subtype=found[2].lower(),
        parameters=parameters,
        encoding=encoding.strip().lower(),
        id=decode_unknown(first["content-id"]) if "content-id" in first else None,
        disposition=disposition.strip().lower() or None,
        disposition_parameters=disposition_parameters,
    )


def pieces(head: Head, body: Octets) -> list[tuple[int, int]]:
    """Where the entities in ``body`` are, as (start, end): the parts of a multipart, or the one
    message of a message/rfc822. None for anything else, or where none can be found."""
    if head.type == "multipart":
        boundary = dict(reversed(head.parameters)).get("boundary", "").rstrip()
        return _between(body, boundary.encode("utf-8", "replace")[:200]) if boundary else []
    whole = (head.type, head.subtype) == ("message", "rfc822") and head.encoding in _IDENTITY
    return [(0, len(body))] if whole else []


def part_default(head: Head) -> str:
    """The type of a part that names none (RFC 2046, 5.1.5)."""
    return "message/rfc822" if head.subtype == "digest" else TEXT


def take_apart(raw: bytes) -> Taken:
    """The structure of a message and the octets of its parts. Raises nothing on what is in it."""
    header, body = split_header(memoryview(raw))
    taken = Taken(header)
    taken.structure = _entity(header, body, "", 0, taken.bodies, TEXT)
    return taken


def _entity(
    header: bytes,
    body: memoryview,
    section: str,
    depth: int,
    bodies: dict[str, bytes],
    default: str,
) -> BodyPart:
    head = described(header, default)
    kind, subtype = head.type, head.subtype
    inner = pieces(head, body) if depth < MAX_DEPTH else []
    children: list[BodyPart] = []
    if kind == "multipart":
        for number, (start, end) in enumerate(inner, start=1):
            if len(bodies) < MAX_PARTS:
                within = f"{section}.{number}" if section else str(number)
                entity = split_header(body[start:end])
                children.append(_entity(*entity, within, depth + 1, bodies, part_default(head)))
        if not children:
            # Nothing can be found in it: it is shown as the text it came as.
            kind, subtype = "text", "plain"
    elif inner:
        children.append(_entity(*split_header(body), section or "1", depth + 1, {}, TEXT))
    if kind != "multipart":
        section = section or "1"
        bodies[section] = bytes(body)
    return BodyPart(
        section=section,
        type=kind,
        subtype=subtype,
        parameters=head.parameters,
        id=head.id,
        encoding=head.encoding,
        size=len(body),
        disposition=head.disposition,
        disposition_parameters=head.disposition_parameters,
        children=tuple(children),
    )


def _parse(value: bytes) -> tuple[str, Parameters]:
    """A field of MIME: its value, its parameters (RFC 2045, 5.1), names in lower case."""
    text = decode_unknown(value[:MAX_HEADER])
    head, mark, rest = text.partition(";")
    return head, tuple(
        (found[1].lower(), _unquoted(found[2])) for found in _PARAMETER.finditer(mark + rest)
    )


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        return _ESCAPE.sub(r"\1", value[1:-1])
    return value


def _between(body: Octets, boundary: bytes) -> list[tuple[int, int]]:
    """What is between the delimiters (RFC 2046, 5.1.1); the last part may lack its end."""
    # It begins with what is fixed, which is found a hundred times faster than a line's beginning.
    delimiter = re.compile(rb"--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
    spans: list[tuple[int, int]] = []
    start = -1
    for found in delimiter.finditer(body):
        if found.start() and body[found.start() - 1] != 10:
            continue
        if start >= 0:
            spans.append((start, max(start, _line_end(body, found.start()))))
        start = -1 if found[1] else found.end()
        if found[1] or len(spans) >= MAX_PARTS:
            break
    if 0 <= start < len(body) and len(spans) < MAX_PARTS:
        spans.append((start, len(body)))
    return spans


def _line_end(body: Octets, position: int) -> int:
    """Where the line end right before ``position`` begins: it belongs to the delimiter."""
    return position - (2 if body[max(position - 2, 0)] == 13 else 1)
