"""A stream of bytes to whole responses: lines, and the literals inside them (RFC 9051, 2.2, 4.3).

Understands nothing of what a response says beyond where it ends. Everything kept is bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui_mail.errors import ProtocolError

_LITERAL = re.compile(rb"\{(\d{1,20})\+?\}\r?\n\Z")
# The text of these ends in words for a person, where ``{5}`` announces nothing.
_STATUS = re.compile(rb"(?:\+|[^\s+]+ +(?:OK|NO|BAD|BYE|PREAUTH)\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one response may hold, in octets and in literals.

    ``line`` counts all of a response but its literals. It is large because SEARCH names every
    message of a mailbox in one line where the server has no ESEARCH: a million take 8 MB.
    """

    line: int = 16 * 1024 * 1024
    literal: int = 64 * 1024 * 1024
    literals: int = 10_000
    response: int = 96 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RawResponse:
    """One response: its text, and the literals that ``{n}`` and a line end stand for in it.

    The text always ends in a line end, CRLF or (tolerated) LF, and has no other ones.
    """

    text: bytes
    literals: tuple[bytes, ...] = ()

    @property
    def size(self) -> int:
        """Octets on the wire."""
        return len(self.text) + sum(map(len, self.literals))


class Framer:
    """Takes bytes as they come; gives whole responses."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0  # no line end before here
        self._literal: int | None = None  # octets of the literal that is being read
        self._lines: list[bytes] = []
        self._literals: list[bytes] = []
        self._line_octets = 0
        self._octets = 0

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def clear(self) -> None:
        """Forget everything that was fed and not yet taken."""
        self.__init__(self._limits)  # type: ignore[misc]

    def take(self) -> RawResponse | None:
        """The next whole response, None while there is none.

        Raises ``ProtocolError`` when a limit is broken; the stream cannot be read on then.
        """
        while True:
            if self._literal is not None:
                if len(self._buffer) < self._literal:
                    return None
                self._literals.append(self._cut(self._literal))
                self._literal = None
            end = self._buffer.find(b"\n", self._searched) + 1
            if not end:
                self._searched = len(self._buffer)
                self._check_line(self._searched)
                return None
            self._check_line(end)
            line = self._cut(end)
            if line.endswith((b"}\r\n", b"}\n")) and self._begin_literal(line):
                continue
            if not self._lines:
                return RawResponse(line)
            self._lines.append(line)
            response = RawResponse(b"".join(self._lines), tuple(self._literals))
            self._lines.clear()
            self._literals.clear()
            self._line_octets = self._octets = 0
            return response

    def _cut(self, size: int) -> bytes:
        with memoryview(self._buffer) as view:
            data = bytes(view[:size])
        del self._buffer[:size]
        self._searched = 0
        return data

    def _check_line(self, octets: int) -> None:
        if self._line_octets + octets > self._limits.line:
            raise _too_much("a line", self._limits.line)

    def _begin_literal(self, line: bytes) -> bool:
        announced = _LITERAL.search(line, max(0, len(line) - 30))
        if announced is None or (not self._lines and _STATUS.match(line)):
            return False
        size = int(announced[1])
        self._octets += len(line) + size
        if size > self._limits.literal:
            raise _too_much("a literal", self._limits.literal)
        if len(self._literals) >= self._limits.literals:
            raise ProtocolError(f"The server sent over {self._limits.literals} literals at once")
        if self._octets > self._limits.response:
            raise _too_much("a response", self._limits.response)
        self._line_octets += len(line)
        self._lines.append(line)
        self._literal = size
        return True


def _too_much(what: str, limit: int) -> ProtocolError:
    return ProtocolError(f"The server sent {what} of more than {limit} octets")
