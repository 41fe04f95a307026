"""The text of SMTP without a socket: replies from lines, a message as it goes after 354."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tui_mail.net.smtp_codes import enhanced_code

LONGEST_REPLY = 64 * 1024  # octets
PIECE = 64 * 1024  # octets of a message between two reports of progress

_REPLY = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply (RFC 5321, 4.2). ``lines`` are its texts, without code and line end."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def whole(self) -> str:
        """As it arrived, with the codes."""
        *first, last = self.lines
        return "\n".join([*(f"{self.code}-{line}" for line in first), f"{self.code} {last}"])

    @property
    def enhanced(self) -> str:
        return enhanced_code(self.lines[0])

    @property
    def positive(self) -> bool:
        return self.code // 100 == 2

    def masked(self, mask: Callable[[bytes], bytes]) -> Reply:
        """The same with ``mask`` done to each text."""
        texts = (mask(line.encode()).decode("utf-8", "replace") for line in self.lines)
        return Reply(self.code, tuple(texts))


class Refusal(Exception):
    """A reply that ends the conversation; the server may have gone with it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.code)
        self.reply = reply


class ReplyReader:
    """Lines of one reply, one after the other. ``broken``: this is no reply, or an endless one."""

    def __init__(self) -> None:
        self.broken = False
        self._code = b""
        self._lines: list[str] = []
        self._octets = 0

    def add(self, line: bytes) -> Reply | None:
        """The reply, once its last line is there."""
        found = _REPLY.match(line)
        self._octets += len(line)
        # One code for all lines (RFC 5321, 4.2.1): with two of them nobody knows which counts.
        if found is None or self._code not in (b"", found[1]) or self._octets > LONGEST_REPLY:
            self.broken = True
            return None
        self._code = found[1]
        self._lines.append((found[3] or b"").decode("utf-8", "replace"))
        if found[2] == b"-":
            return None
        return Reply(int(self._code), tuple(self._lines))


def pieces(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Octets done so far, and the next piece as it goes after 354.

    Each piece is whole lines of at least 64 KiB. Every kind of line end becomes CRLF, so that no
    server can see an end of the message where there is none, and dots at a line's start are
    doubled.
    """
    start = 0
    while start < len(message):
        end = message.find(b"\n", start + PIECE - 1) + 1 or len(message)
        piece = message[start:end]
        lines = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if not lines.endswith(b"\n"):
            lines += b"\n"
        stuffed = b"\n" + lines
        stuffed = stuffed.replace(b"\n.", b"\n..").replace(b"\n", b"\r\n")[2:]
        yield end, stuffed
        start = end
