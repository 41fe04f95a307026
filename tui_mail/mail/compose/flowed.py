"""A body between how it is written and how it travels: format=flowed (RFC 3676). Pure text.

As it is written, a line is a paragraph however long, and ``>`` marks a quote. As it travels, lines
are short and a space at a line's end says that the paragraph goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tui_mail.mail.plain_text import unflow

WIDTH = 72  # characters of a line as it travels, the quote marks with it (RFC 3676, 4.2)
LEAST = 24  # of text beside quote marks
SIGNATURE = "-- "

_QUOTE = re.compile(r"(?:> ?)*>")
_WORD = re.compile(r" *[^ ]* *")
_STUFFED = (" ", "From ", ">")
_UNSENDABLE = re.compile("\x00|[\ud800-\udfff]")


def normal(text: str) -> str:
    """A body as it is compared and sent: ``\\n`` alone, no space at a line's end but the
    signature's, quote marks as ``>> text``, no empty lines at the end, nothing unsendable."""
    return "\n".join(map(_normal_line, sendable(text).split("\n"))).rstrip("\n")


def sendable(text: str) -> str:
    """``text`` with ``\n`` alone, and U+FFFD for what no message may hold."""
    return _UNSENDABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def _normal_line(line: str) -> str:
    depth, content = split_quote(line)
    if content != SIGNATURE or depth:
        content = content.rstrip(" ")
    return joined_quote(depth, content)


def split_quote(line: str) -> tuple[int, str]:
    """How deep a line is quoted, and what is quoted: one space behind the marks goes."""
    found = _QUOTE.match(line)
    if found is None:
        return 0, line
    return found[0].count(">"), line[found.end() :].removeprefix(" ")


def joined_quote(depth: int, content: str) -> str:
    """A quoted line as it is written: ``>> content``."""
    if not depth:
        return content
    return ">" * depth + (f" {content}" if content else "")


def encode(text: str) -> str:
    """A body as lines that travel, each ended by ``\\n``; ``decode`` returns ``normal(text)``.

    Paragraphs are broken behind a space, so that nothing is added to them (RFC 3676, 4.2); what
    begins with a space, ``>`` or ``From`` is stuffed (4.4), and so is all that is quoted, for
    those who read it as it is.
    """
    text = normal(text)
    return "".join(f"{line}\n" for each in text.split("\n") for line in _flow(each)) if text else ""


def _flow(line: str) -> Iterator[str]:
    depth, content = split_quote(line)
    if not depth and content == SIGNATURE:
        yield content
        return
    room = max(WIDTH - depth - (depth > 0), LEAST)
    for piece in _pieces(content, room):
        stuffed = piece.startswith(_STUFFED) or (depth and piece)
        yield ">" * depth + (" " if stuffed else "") + piece


def _pieces(content: str, room: int) -> Iterator[str]:
    if len(content) <= room:
        yield content
        return
    piece = ""
    for word in _WORD.findall(content):
        # A line that is the signature's separator would not flow (RFC 3676, 4.3).
        if piece and len(piece) + len(word.rstrip(" ")) > room and piece != SIGNATURE:
            yield piece
            piece = ""
        piece += word
    if piece:
        yield piece


def decode(text: str, *, delsp: bool = False) -> str:
    """Lines that travelled as a body is written: one line a paragraph, quotes as ``>> text``."""
    text = text.replace("\r\n", "\n").removesuffix("\n")
    return "\n".join(
        joined_quote(paragraph.depth, paragraph.text) for paragraph in unflow(text, delsp=delsp)
    )
