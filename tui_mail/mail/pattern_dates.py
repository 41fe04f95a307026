"""The dates of a pattern: what ``<2w`` and ``01/03/2026-`` mean, in local time.

A date that is relative stays so, since a limit may stand for weeks; ``Bound.instant`` says what
it means now. Knows no message.
"""

from __future__ import annotations

import re
import time
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

FIRST_YEAR, LAST_YEAR = 1900, 9990  # what every system's local time can do
_LONGEST = 100_000  # of any unit back from today

_AGO = re.compile(r"([<>=])\s*(\d{1,9})([ymwdHMS])")
# ISO 8601 and mutt's YYYYMMDD; else mutt's day, month and year, of which the last may be missing.
_DAY = r"\d{4}-\d\d-\d\d|\d{8}|\d{1,2}(?:/\d{1,2}(?:/(?:\d\d){1,2})?)?"
_RANGE = re.compile(rf"(?:(?P<first>{_DAY})\s*)?(?:(?P<dash>-)\s*(?P<last>{_DAY})?)?")
_YEAR_FIRST = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")
_SECONDS: Mapping[str, int] = {"H": 3600, "M": 60, "S": 1}
_DAYS: Mapping[str, int] = {"w": 7, "d": 1}


class DateSyntaxError(ValueError):
    """The text says what is wrong, for a person."""


@dataclass(frozen=True, slots=True)
class Ago:
    """So many years (y), months (m), weeks (w), days (d), hours (H), minutes (M), seconds (S)."""

    count: int
    unit: str


@dataclass(frozen=True, slots=True)
class Bound:
    """The beginning of a local day, or of the day after it (``next_day``).

    With an ``Ago`` in hours, minutes or seconds it is that instant, and there is no day.
    """

    when: date | Ago
    next_day: bool = False

    def instant(self, now: float) -> int:
        """In seconds since the epoch. ``now`` is in the same."""
        if isinstance(self.when, Ago) and self.when.unit in _SECONDS:
            return int(now) - self.when.count * _SECONDS[self.when.unit]
        day = self.when if isinstance(self.when, date) else _days_ago(self.when, now)
        if self.next_day:
            day += timedelta(days=1)
        return int(datetime(day.year, day.month, day.day).timestamp())


def parse_dates(written: str, today: date) -> tuple[Bound | None, Bound | None]:
    """Since and until, the latter not included; None leaves that end open.

    ``<3d`` is the last three days with today, ``=3d`` the day three days ago, ``>3d`` that day
    and all before it, as in mutt. ``today`` completes a day without month or year.
    Raises ``DateSyntaxError``.
    """
    if found := _AGO.fullmatch(written):
        sign, count, unit = found[1], int(found[2]), found[3]
        if sign == "=" and unit in _SECONDS:
            raise DateSyntaxError("= goes with y, m, w and d")
        ago = Ago(min(count, _LONGEST), unit)
        return {
            "<": (Bound(ago, next_day=True), None),
            ">": (None, Bound(ago, next_day=True)),
            "=": (Bound(ago), Bound(ago, next_day=True)),
        }[sign]
    found = _RANGE.fullmatch(written)
    if found is None or not (found["first"] or found["last"]):
        raise DateSyntaxError("this is not a date")
    first, last = (_day(found[name], today) for name in ("first", "last"))
    if found["dash"] is None:
        last = first
    if first is not None and last is not None and last < first:
        first, last = last, first
    return Bound(first) if first else None, Bound(last, next_day=True) if last else None


def _day(written: str | None, today: date) -> date | None:
    if not written:
        return None
    if found := _YEAR_FIRST.fullmatch(written):
        year, month, day = map(int, found.groups())
    else:
        parts = written.split("/")
        day = int(parts[0])
        month = int(parts[1]) if len(parts) > 1 else today.month
        year = int(parts[2]) if len(parts) > 2 else today.year
        if year < 100:
            year += 2000 if year < 70 else 1900
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise DateSyntaxError(f"the year {year} cannot be looked for")
    try:
        return date(year, month, day)
    except ValueError:
        raise DateSyntaxError(f"there is no day {written}") from None


def _days_ago(ago: Ago, now: float) -> date:
    local = time.localtime(now)
    today = date(local.tm_year, local.tm_mon, local.tm_mday)
    if ago.unit in _DAYS:
        days = min(ago.count * _DAYS[ago.unit], (today - date(FIRST_YEAR, 1, 1)).days)
        return today - timedelta(days=days)
    months = today.year * 12 + today.month - 1 - ago.count * (12 if ago.unit == "y" else 1)
    year, month = divmod(months, 12)
    if year < FIRST_YEAR:
        return date(FIRST_YEAR, 1, 1)
    # The 31st of a shorter month is its last day.
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))
