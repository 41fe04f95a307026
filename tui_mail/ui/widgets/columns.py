"""What stands in a row of the message list, and how wide each column is.

Pure functions from a ``MessageSummary`` to texts with style names; no widget, no store, no clock
of its own. Every text that came from outside passes ``columnar`` here, so that nothing in it can
reach the terminal raw or move the columns.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from rich.cells import cell_len

from tui_mail.model import ANSWERED, DELETED, FLAGGED, SEEN, MessageSummary
from tui_mail.sanitize import columnar
from tui_mail.ui.cells import fit, fit_right
from tui_mail.ui.labels import Part, fitted, is_forwarded

NO_SUBJECT = "(no subject)"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = "KMGTPE"

_WIDE = 100
_NARROW = 60
_FLAGS_WIDTH = 3
_SIZE_WIDTH = 4
# The widest form of a date: "Wed 14:05" or "2023-11-12" where there is room, else "2023-11".
_DATE_WIDTH = 10
_SHORT_DATE_WIDTH = 7
_LABELS_AT_LEAST = 6


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells; 0 leaves the column out. With the gaps they make up the whole line."""

    date: int
    person: int
    subject: int
    size: int


@lru_cache(maxsize=64)
def columns_for(width: int) -> Columns:
    """The columns of a list ``width`` cells wide."""
    day = _DATE_WIDTH if width >= _WIDE else _SHORT_DATE_WIDTH if width >= 40 else 0
    size = _SIZE_WIDTH if width >= _NARROW else 0
    person = max(8, min(28, width * 23 // 100))
    # One cell before and after the line; the flags and a gap of one, gaps of two after the rest.
    fixed = 2 + _FLAGS_WIDTH + 1 + (day + 2 if day else 0) + person + 2 + (size + 2 if size else 0)
    return Columns(day, person, max(0, width - fixed), size)


def row_parts(
    row: MessageSummary,
    width: int,
    *,
    today: date,
    show_recipients: bool = False,
    tagged: bool = False,
    labels: tuple[Part, ...] = (),
) -> list[Part]:
    """The texts of one row with their style names, ``width`` cells together.

    ``today`` is the local day that dates are told relative to. ``labels`` stand before the
    subject, and take up two fifths of its room at most.
    """
    columns = columns_for(width)
    person = (row.recipients or row.sender) if show_recipients else row.sender
    # What is blank has no style of its own, so that it can be drawn in one go.
    parts = [
        ("*", "tagged") if tagged else (" ", ""),
        _state(row.flags),
        ("!", "flagged") if FLAGGED in row.flags else (" ", ""),
        ("@", "attachment") if row.has_attachment else (" ", ""),
        (" ", ""),
    ]
    if columns.date:
        day = format_date(row.internal_date, today, columns.date)
        parts.append((day.ljust(columns.date + 2), "date"))
    subject = columnar(row.subject) or NO_SUBJECT
    parts.append((fit(columnar(person), columns.person) + "  ", "sender"))
    room = columns.subject
    if labels:
        before = fitted(labels, min(room, max(_LABELS_AT_LEAST, room * 2 // 5)))
        parts += before
        room -= sum(cell_len(text) for text, _ in before)
    parts.append((fit(subject, room) + ("  " if columns.size else " "), ""))
    if columns.size:
        parts.append((fit_right(format_size(row.size), columns.size) + " ", "size"))
    return parts


def placeholder_parts(width: int) -> list[Part]:
    """The row of a message not yet known: an ellipsis where its subject will be."""
    columns = columns_for(width)
    before = width - columns.subject - (columns.size + 2 if columns.size else 0) - 1
    return [(" " * before + "…", "placeholder")]


def row_style(row: MessageSummary) -> str:
    """The style of the whole row; never the only sign of what it says."""
    return "" if SEEN in row.flags else "unread"


def _state(flags: frozenset[str]) -> Part:
    """mutt's letter for the state of a message, the most pressing one."""
    if DELETED in flags:
        return "D", "deleted"
    if SEEN not in flags:
        return "N", "new"
    if ANSWERED in flags:
        return "r", "answered"
    if is_forwarded(flags):
        return "f", "answered"
    return " ", ""


def format_date(when: int, today: date, width: int = _DATE_WIDTH) -> str:
    """``when`` (seconds since the epoch) in local time, as short as it is clear on ``today``.

    The time for today; the weekday and time within a week; the day within this year; else the
    whole date. Under ten cells there is no weekday, and the whole date ends at the month.
    """
    try:
        local = time.localtime(when)
        day = date(local.tm_year, local.tm_mon, local.tm_mday)
    except (ValueError, OverflowError, OSError):
        return "?"
    days_ago = today.toordinal() - day.toordinal()
    if days_ago == 0:
        return f"{local.tm_hour:02}:{local.tm_min:02}"
    short = width < _DATE_WIDTH
    if 0 < days_ago < 7 and not short:
        return f"{_DAYS[local.tm_wday]} {local.tm_hour:02}:{local.tm_min:02}"
    if day.year == today.year:
        return f"{day.day:2} {_MONTHS[day.month - 1]}"
    return f"{day.year:04}-{day.month:02}" if short else day.isoformat()


def format_size(octets: int) -> str:
    """``octets`` in at most four cells, in units of 1024: ``0.8K``, ``12K``, ``3.4M``."""
    value = max(0, octets) / 1024
    for unit in _UNITS:
        if value < 9.95:
            # Nothing is shown as weightless but an empty message.
            return f"{max(value, 0.1) if octets > 0 else 0:.1f}{unit}"
        if value < 999.5:
            return f"{value:.0f}{unit}"
        value /= 1024
    return "huge"
