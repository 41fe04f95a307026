"""Names of mailboxes between the wire and people: modified UTF-7 (RFC 3501, 5.1.3).

For showing and for names that a person types. A name from the server stays the bytes it is:
``encode(decode(name))`` need not be ``name`` when the server broke the rules.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*+)-")
_DIRECT = re.compile("([\x20-\x7e]+)")


def decode(name: bytes) -> str:
    """A name as text; never raises.

    What is no modified UTF-7 is shown as it stands, octets above 127 as UTF-8 (servers with
    UTF8=ACCEPT, and Courier and Dovecot with old folders), and what is not that as U+FFFD.
    """
    if b"&" not in name:
        return name.decode("utf-8", "replace")
    return "".join(
        _unshift(piece) if at % 2 else piece.decode("utf-8", "replace")
        for at, piece in enumerate(_SHIFTED.split(name))
    )


def encode(name: str) -> bytes:
    """Text as a name for the wire. Half a surrogate pair, which no server takes, becomes U+FFFD."""
    return b"".join(
        piece.replace("&", "&-").encode("ascii") if at % 2 else _shift(piece)
        for at, piece in enumerate(_DIRECT.split(name))
    )


def _unshift(piece: bytes) -> str:
    if not piece:
        return "&"
    raw = f"&{piece.decode('ascii')}-"
    if len(piece) % 4 == 1:
        return raw
    try:
        octets = b64decode(piece.replace(b",", b"/") + b"=" * (-len(piece) % 4))
        return octets.decode("utf-16-be")
    except ValueError:
        return raw


def _shift(piece: str) -> bytes:
    if not piece:
        return b""
    octets = piece.encode("utf-16-be", "surrogatepass")
    octets = octets.decode("utf-16-be", "replace").encode("utf-16-be")
    return b"&%b-" % b64encode(octets).rstrip(b"=").replace(b"/", b",")
