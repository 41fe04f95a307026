"""What stands in a line of the news pane, and how wide each column is.

Pure functions from a ``NewsItem`` to texts with style names. The item's texts are clean; they pass
``columnar`` here so that nothing in them moves the columns.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from tui_mail.mail.news import Happening, NewsItem
from tui_mail.sanitize import columnar
from tui_mail.ui.cells import fit

Part = tuple[str, str]

STYLES: Mapping[Happening, str] = {
    Happening.ARRIVED: "new",
    Happening.EXPUNGED: "deleted",
    Happening.FLAGS: "flagged",
    Happening.CREATED: "notice",
    Happening.GONE: "notice",
    Happening.LOST: "error",
    Happening.RECONNECTED: "wire-ok",
    Happening.REFUSED: "error",
}
_WORD = max(len(happening.value) for happening in Happening)
_TIME = 6
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NARROW = 60
_MOST_ACCOUNT = 12
_MOST_FOLDER = 24


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells; 0 leaves the column out."""

    account: int
    folder: int
    text: int


def columns_for(width: int, *, account: int) -> Columns:
    """The columns of a pane ``width`` cells wide; ``account`` is the longest name, 0 for one."""
    account = min(account, _MOST_ACCOUNT) if width >= _NARROW else 0
    folder = min(_MOST_FOLDER, width // 5) if width >= _NARROW else 0
    taken = 1 + _TIME + 1 + _WORD + 1 + sum(column + 1 for column in (account, folder) if column)
    return Columns(account, folder, max(0, width - taken))


def item_parts(item: NewsItem, columns: Columns, *, now: float) -> list[Part]:
    """The texts of a line with their styles; together exactly as wide as the columns."""
    text = item.text
    if not columns.folder and not text.startswith(item.path):
        text = f"{item.path}: {text}"
    parts = [
        (" ", ""),
        (fit(moment(item.time, now), _TIME) + " ", "wire-time"),
        (fit(item.happening.value, _WORD) + " ", STYLES[item.happening]),
    ]
    if columns.account:
        parts.append((fit(columnar(item.account), columns.account) + " ", "wire-connection"))
    if columns.folder:
        parts.append((fit(columnar(item.path), columns.folder) + " ", "sender"))
    parts.append((fit(columnar(text), columns.text), ""))
    return parts


def moment(seconds: float, now: float) -> str:
    """When it was: the time on the day of ``now``, the day otherwise; at most six cells."""
    at, today = time.localtime(seconds), time.localtime(now)
    if (at.tm_year, at.tm_yday) == (today.tm_year, today.tm_yday):
        return f"{at.tm_hour:02}:{at.tm_min:02}"
    return f"{at.tm_mday} {_MONTHS[at.tm_mon - 1]}"
