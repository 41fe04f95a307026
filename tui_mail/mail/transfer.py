"""Content-Transfer-Encoding undone (RFC 2045, 6), whole or piece by piece.

Broken encodings degrade: what can be read is kept, nothing raises. Knows no charset and no part.
"""

from __future__ import annotations

import binascii
import re

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))
_TRAILING_SPACE = re.compile(rb"[ \t]+(?=\r?\n|\Z)")
# A line of a line-based encoding is decoded unfinished once it is this long.
_LONGEST_LINE = 64 * 1024


class _Identity:
    """7bit, 8bit, binary and whatever is not known (RFC 2045, 6.4: shown as it is)."""

    def feed(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


class _Base64:
    """RFC 2045, 6.8. Padding in the midst starts anew, as in blocks that were joined."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        data = self._rest + data.translate(None, _NOT_BASE64)
        *ended, data = data.split(b"=")
        whole = len(data) & ~3
        self._rest = data[whole:]
        head = b"".join(map(_base64_block, ended))
        return head + binascii.a2b_base64(data[:whole])

    def finish(self) -> bytes:
        rest, self._rest = self._rest, b""
        return _base64_block(rest)


def _base64_block(data: bytes) -> bytes:
    # One character alone carries six bits: no octet can be had of it.
    data = data[: len(data) - (len(data) % 4 == 1)]
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


class _Lines:
    """Base of the encodings that are decoded line by line."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        data = self._rest + data
        end = data.rfind(b"\n") + 1
        if not end and len(data) > _LONGEST_LINE:
            end = self._safe_end(data)
        self._rest = data[end:]
        return self._decode(data[:end]) if end else b""

    def finish(self) -> bytes:
        rest, self._rest = self._rest, b""
        return self._decode(rest) if rest else b""

    def _safe_end(self, data: bytes) -> int:
        return len(data)

    def _decode(self, lines: bytes) -> bytes:
        raise NotImplementedError


class _QuotedPrintable(_Lines):
    """RFC 2045, 6.7. Space at a line's end goes; an ``=`` that means nothing stays."""

    def _safe_end(self, data: bytes) -> int:
        equals = data.rfind(b"=", len(data) - 2)
        return equals if equals >= 0 else len(data)

    def _decode(self, lines: bytes) -> bytes:
        return binascii.a2b_qp(_TRAILING_SPACE.sub(b"", lines))


class _Uuencode(_Lines):
    """``begin`` to ``end`` as POSIX uuencode writes it; lines around it are dropped."""

    def __init__(self) -> None:
        super().__init__()
        self._inside = False

    def _decode(self, lines: bytes) -> bytes:
        out: list[bytes] = []
        for line in lines.splitlines():
            if not self._inside:
                self._inside = line.startswith(b"begin ")
            elif line.strip() in (b"end", b"`"):
                self._inside = line.strip() == b"`"
            else:
                out.append(_uuencoded_line(line))
        return b"".join(out)


def _uuencoded_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        pass
    # Some encoders leave characters over at the line's end; the count says what to read.
    count = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
    try:
        return binascii.a2b_uu(line[:count])
    except binascii.Error:
        return b""


_DECODERS: dict[str, type[_Identity | _Base64 | _Lines]] = {
    "base64": _Base64,
    "quoted-printable": _QuotedPrintable,
    "x-uuencode": _Uuencode,
    "x-uue": _Uuencode,
    "uuencode": _Uuencode,
    "uue": _Uuencode,
}


class TransferDecoder:
    """Decodes a part as it arrives, so that saving a large one never holds it whole."""

    def __init__(self, encoding: str) -> None:
        self._decoder = _DECODERS.get(encoding.strip().strip("\"'").lower(), _Identity)()

    def feed(self, data: bytes) -> bytes:
        """Take the next encoded octets, return what can be decoded by now."""
        return self._decoder.feed(data)

    def finish(self) -> bytes:
        """Return what was held back; the data is at its end."""
        return self._decoder.finish()


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """Decode a whole part's octets; ``encoding`` as BODYSTRUCTURE gives it, any case."""
    decoder = TransferDecoder(encoding)
    head = decoder.feed(data)
    return head + decoder.finish()
