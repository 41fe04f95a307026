"""A message for a server without 8BITMIME, and what may travel at all. No I/O.

Looks at a message by ``mime`` and changes no octet but where it must: what is signed stays so as
long as it can.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from tui_mail.mail.compose.mime import (
    MAX_DEPTH,
    TEXT,
    described,
    part_default,
    pieces,
    split_header,
)
from tui_mail.mail.transfer import decode_transfer

MAX_LINE = 998  # octets without CRLF (RFC 5322, 2.1.1)

_LINE_END = re.compile(rb"\r\n|\r|\n")
# Anchored: it would begin anew at every octet of a line otherwise.
_LONG = re.compile(rb"(?:\A|\n)[^\n]{%d}(?:[^\r\n]|\r[^\n])" % MAX_LINE)
_ENCODING = re.compile(
    rb"^Content-Transfer-Encoding[ \t]*:.*\n(?:[ \t].*\n)*", re.IGNORECASE | re.MULTILINE
)
_TEXTUAL = ("text", "message", "multipart")


def narrowed(raw: bytes) -> bytes:
    """The same message with every 8bit or binary body encoded (RFC 6152, 3). Fields stay.

    Text becomes quoted-printable, all else base64; so does a line that is too long for any server.
    """
    return b"".join(_narrowed(memoryview(crlf(raw)), 0, TEXT))


def _narrowed(raw: memoryview, depth: int, default: str) -> Iterator[bytes | memoryview]:
    header, body = split_header(raw)
    head = described(header, default)
    inner = pieces(head, body) if depth < MAX_DEPTH else []
    data: bytes | memoryview = body
    if inner:
        encoding = "7bit" if head.encoding in ("8bit", "binary") else head.encoding
    else:
        encoding, data = _encoded(head.type, head.encoding, bytes(body))
    if encoding != head.encoding:
        header = _ENCODING.sub(b"", header)
        header += f"Content-Transfer-Encoding: {encoding}\r\n".encode("ascii")
    yield header + b"\r\n"
    position = 0
    for start, end in inner:
        yield _seven(body[position:start])
        yield from _narrowed(body[start:end], depth + 1, part_default(head))
        position = end
    yield _seven(body[position:]) if inner else data


def _seven(around: memoryview) -> bytes:
    """What stands around the parts; nobody is shown it."""
    return bytes(around).decode("ascii", "replace").encode("ascii", "replace")


def _encoded(kind: str, encoding: str, body: bytes) -> tuple[str, bytes]:
    if is_sendable(body) and body.isascii():
        return ("7bit" if encoding in ("8bit", "binary") else encoding), body
    body = decode_transfer(body, encoding)
    if kind in _TEXTUAL and b"\0" not in body:
        return "quoted-printable", crlf(quoted_printable(body))
    return "base64", crlf(base64_lines(body))


def is_sendable(data: bytes) -> bool:
    """Whether a body can go as it is where 8bit is understood (RFC 2045, 2.8)."""
    return b"\0" not in data and not too_long(data)


def too_long(data: bytes) -> bool:
    """Whether a line has more than ``MAX_LINE`` octets."""
    return _LONG.search(data) is not None


def crlf(data: bytes) -> bytes:
    """``data`` with every line end as SMTP wants it (RFC 5321, 2.3.8)."""
    if data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r"):
        return data
    return _LINE_END.sub(b"\r\n", data)


def base64_lines(data: bytes) -> bytes:
    """Base64 in lines of 76 (RFC 2045, 6.8)."""
    step = 57 * 1000
    lines = []
    for start in range(0, len(data), step):
        block = binascii.b2a_base64(data[start : start + step], newline=False)
        lines += [block[at : at + 76] + b"\n" for at in range(0, len(block), 76)]
    return b"".join(lines)


def quoted_printable(data: bytes) -> bytes:
    """Text in lines of 76 (RFC 2045, 6.7), its line ends ``\\n``."""
    # b2a_qp takes its line ends from the first it finds.
    return binascii.b2a_qp(data.replace(b"\r\n", b"\n"), istext=True)
