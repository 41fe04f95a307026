"""A message's text as it stands in an answer to it. Pure text."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tui_mail.mail.compose import flowed

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def quote(text: str) -> str:
    """``text`` one ``>`` deeper, ``>>`` for what was quoted already; its signature left out.

    Paragraphs stay in one line: they are broken with their marks when they are sent. Empty lines
    at both ends go.
    """
    return "\n".join(_quoted(text))


def _quoted(text: str) -> Iterator[str]:
    lines = without_signature(text).strip("\n")
    for line in lines.split("\n") if lines else ():
        depth, content = flowed.split_quote(line)
        yield flowed.joined_quote(depth + 1, content)


def without_signature(text: str) -> str:
    """``text`` before its signature (RFC 3676, 4.3), the last one where there are several."""
    lines = text.split("\n")
    separators = [n for n, line in enumerate(lines) if line == flowed.SIGNATURE]
    return "\n".join(lines[: separators[-1]]) if separators else text


def attribution(name: str, date: int | None) -> str:
    """The line above a quote: who wrote it, and when by the clock of who replies.

    ``date`` is in seconds since the epoch, None where it is not known.
    """
    when = _when(date)
    return f"On {when}, {name} wrote:" if when else f"{name} wrote:"


def _when(date: int | None) -> str:
    if date is None:
        return ""
    try:
        # Not strftime: its names of months would be those of the locale.
        local = time.localtime(date)
    except (OverflowError, ValueError, OSError):
        return ""
    clock = f"{local.tm_hour:02}:{local.tm_min:02}"
    return f"{local.tm_mday} {_MONTHS[local.tm_mon - 1]} {local.tm_year} at {clock}"
