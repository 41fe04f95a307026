"""text/calendar as lines to read: what, when, where, who (RFC 5545; invitations: RFC 5546).

Reads events, to-dos and journal entries; time zones by name only. Answers nothing: replying to
an invitation is not done here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from tui_mail.mail.links import LinkList
from tui_mail.mail.text import Line, RenderedText, Span, wrap
from tui_mail.sanitize import clean, columnar

MAX_CHARACTERS = 500_000
MAX_COMPONENTS = 50
MAX_ATTENDEES = 100

_COMPONENTS = {"VEVENT": "Event", "VTODO": "Task", "VJOURNAL": "Entry"}
_METHODS = {
    "REQUEST": "Invitation",
    "CANCEL": "Canceled",
    "REPLY": "Answer to an invitation",
    "COUNTER": "Another time is proposed",
    "DECLINECOUNTER": "The proposed time is declined",
    "REFRESH": "The latest version is asked for",
    "ADD": "More dates",
    "PUBLISH": "Calendar entry",
}
_ANSWERS = {
    "ACCEPTED": "accepts",
    "DECLINED": "declines",
    "TENTATIVE": "maybe",
    "DELEGATED": "delegates",
    "NEEDS-ACTION": "no answer yet",
}
_ROLES = {"OPT-PARTICIPANT": "optional", "NON-PARTICIPANT": "for information", "CHAIR": "chair"}
_FREQUENCY = {
    "DAILY": ("every day", "days"),
    "WEEKLY": ("every week", "weeks"),
    "MONTHLY": ("every month", "months"),
    "YEARLY": ("every year", "years"),
}
_WEEKDAYS = {
    "MO": "Mon",
    "TU": "Tue",
    "WE": "Wed",
    "TH": "Thu",
    "FR": "Fri",
    "SA": "Sat",
    "SU": "Sun",
}
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_DASH = "\u2013"
_ESCAPE = re.compile(r"\\(.)")
_PARAMETER = re.compile(r';([A-Za-z0-9-]{1,60})=("[^"]*"|[^;:"]*)')
_NAME = re.compile(r"([A-Za-z0-9-]{1,60})")
_DATE_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z)?)?")
_DURATION = re.compile(
    r"([+-])?P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?"
)


class Property(NamedTuple):
    """A content line (RFC 5545, 3.1): upper-case name, parameters, the value as written."""

    name: str
    parameters: dict[str, str]
    value: str


Component = dict[str, list[Property]]


def _properties(text: str) -> Iterator[Property]:
    text = clean(text[:MAX_CHARACTERS], newlines=True, tabs=True)
    for line in re.sub(r"\n[ \t]", "", text).split("\n"):
        found = _NAME.match(line)
        if not found:
            continue
        parameters: dict[str, str] = {}
        end = found.end()
        while parameter := _PARAMETER.match(line, end):
            parameters.setdefault(parameter[1].upper(), parameter[2].strip('"'))
            end = parameter.end()
        if line[end : end + 1] == ":":
            yield Property(found[1].upper(), parameters, line[end + 1 :])


def _unescape(value: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def _components(text: str) -> tuple[str, list[tuple[str, Component]]]:
    """The calendar's method, and its entries; what is nested in these (alarms) is left out."""
    method = ""
    found: list[tuple[str, Component]] = []
    within: list[str] = []
    for item in _properties(text):
        if item.name == "BEGIN":
            within.append(item.value.strip().upper())
            if len(within) <= 2 and within[-1] in _COMPONENTS and len(found) < MAX_COMPONENTS:
                found.append((within[-1], {}))
        elif item.name == "END":
            if within:
                within.pop()
        elif item.name == "METHOD" and len(within) <= 1:
            method = item.value.strip().upper()
        elif found and within and within[-1] == found[-1][0]:
            found[-1][1].setdefault(item.name, []).append(item)
    return method, found


class _When(NamedTuple):
    """A moment: ``zone`` as to be shown; ``exact`` where the zone is known; ``day`` if all day."""

    local: datetime
    zone: str
    exact: datetime | None
    day: bool


def _moment(item: Property | None) -> _When | None:
    found = _DATE_TIME.match(item.value.strip()) if item else None
    if not found or not item:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    try:
        local = datetime(year, month, day, hour, minute, min(second, 59))
    except ValueError:
        return None
    if found[4] is None:
        return _When(local, "", None, True)
    if found[7]:
        return _When(local, "UTC", local.replace(tzinfo=UTC), False)
    zone = item.parameters.get("TZID", "")
    return _When(local, columnar(zone), _exact(local, zone), False)


def _exact(local: datetime, zone: str) -> datetime | None:
    if not zone:
        return None
    from zoneinfo import ZoneInfo

    # Some calendars put a path before the name: /freeassociation.sourceforge.net/Europe/Vienna.
    name = "/".join(zone.split("/")[-2:])
    if not re.fullmatch(r"[A-Za-z0-9_+-]{1,40}(?:/[A-Za-z0-9_+-]{1,40})?", name):
        return None
    try:
        return local.replace(tzinfo=ZoneInfo(name))
    except (OSError, ValueError, LookupError):
        return None


def _end(start: _When, component: Component) -> _When | None:
    end = _moment(_first(component, "DTEND") or _first(component, "DUE"))
    if end is not None:
        # The end of an all-day entry is the day after (RFC 5545, 3.6.1).
        if end.day and end.local > start.local:
            end = end._replace(local=end.local - timedelta(days=1))
        return end
    item = _first(component, "DURATION")
    found = _DURATION.fullmatch(item.value.strip()) if item else None
    if not found or found[1] == "-":
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    if start.day:
        length = max(length - timedelta(days=1), timedelta())
    try:
        exact = start.exact + length if start.exact else None
        return start._replace(local=start.local + length, exact=exact)
    except OverflowError:
        return None


def _day(moment: date) -> str:
    weekday = list(_WEEKDAYS.values())[moment.weekday()]
    return f"{weekday} {moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _span(start: datetime, end: datetime | None) -> str:
    if end is None or end == start:
        return f"{_day(start)}, {start:%H:%M}"
    if end.date() == start.date():
        return f"{_day(start)}, {start:%H:%M} {_DASH} {end:%H:%M}"
    return f"{_day(start)}, {start:%H:%M} {_DASH} {_day(end)}, {end:%H:%M}"


def _in_zone(moment: _When, zone: tzinfo | None) -> datetime | None:
    try:
        return moment.exact.astimezone(zone) if moment.exact else None
    except (OverflowError, ValueError, OSError):
        return None


def _when(component: Component, own_zone: tzinfo | None) -> Iterator[str]:
    start = _moment(_first(component, "DTSTART")) or _moment(_first(component, "DUE"))
    if start is None:
        return
    end = _end(start, component)
    if start.day:
        several = end is not None and end.local.date() != start.local.date()
        yield (
            _day(start.local)
            + (f" {_DASH} {_day(end.local)}" if several and end else "")
            + ", all day"
        )
    else:
        zone = f" ({start.zone})" if start.zone else ""
        yield _span(start.local, end.local if end else None) + zone
        own = _in_zone(start, own_zone)
        if own and own.replace(tzinfo=None) != start.local:
            yield _span(own, _in_zone(end, own_zone) if end else None) + " (your time)"
    if rule := _first(component, "RRULE"):
        yield _repetition(rule.value)


def _repetition(rule: str) -> str:
    parts = dict(part.split("=", 1) for part in rule.upper().split(";") if "=" in part)
    single, many = _FREQUENCY.get(parts.get("FREQ", ""), ("repeatedly", "times"))
    interval = parts.get("INTERVAL", "1")
    text = single if interval == "1" or not interval.isdecimal() else f"every {interval} {many}"
    weekdays = (day[-2:] for day in parts.get("BYDAY", "").split(","))
    days = [_WEEKDAYS[day] for day in weekdays if day in _WEEKDAYS]
    if days:
        text += " on " + ", ".join(days)
    if parts.get("COUNT", "").isdecimal():
        text += f", {parts['COUNT']} times"
    until = _DATE_TIME.match(parts.get("UNTIL", ""))
    if until and 1 <= int(until[2]) <= 12:
        text += f", until {int(until[3])} {_MONTHS[int(until[2]) - 1]} {until[1]}"
    return text


def _first(component: Component, name: str) -> Property | None:
    return next(iter(component.get(name, ())), None)


def _text(component: Component, name: str) -> str:
    item = _first(component, name)
    return _unescape(item.value) if item else ""


def _person(item: Property) -> str:
    address = re.sub(r"(?i)^mailto:", "", item.value.strip())
    name = item.parameters.get("CN", "")
    return f"{name} <{address}>" if name and name != address else address


def _people(component: Component) -> Iterator[str]:
    attendees = component.get("ATTENDEE", [])
    for item in attendees[:MAX_ATTENDEES]:
        role = _ROLES.get(item.parameters.get("ROLE", "").upper(), "")
        answer = _ANSWERS.get(item.parameters.get("PARTSTAT", "").upper(), "")
        remarks = ", ".join(part for part in (role, answer) if part)
        yield _person(item) + (f" {_DASH} {remarks}" if remarks else "")
    if len(attendees) > MAX_ATTENDEES:
        yield f"and {len(attendees) - MAX_ATTENDEES} more"


def _fields(component: Component, own_zone: tzinfo | None) -> Iterator[tuple[str, list[str]]]:
    yield "What", [_text(component, "SUMMARY")]
    yield "When", list(_when(component, own_zone))
    yield "Where", [_text(component, "LOCATION")]
    organizer = _first(component, "ORGANIZER")
    yield "By", [_person(organizer)] if organizer else []
    yield "Who", list(_people(component))
    status = _text(component, "STATUS").upper()
    yield "Status", [status.lower().replace("-", " ")] if status not in ("", "CONFIRMED") else []
    yield "Link", [_text(component, "URL")]


def render_calendar(
    text: str, *, width: int, own_zone: tzinfo | None = None, links: LinkList | None = None
) -> RenderedText:
    """Return a calendar object as readable lines: each entry's what, when (in its own zone, and
    in ``own_zone``, the machine's by default, where that differs), where and who.

    What is not a calendar comes back with a note and the text as it is. ``links`` are those of
    the text above, where it goes on numbering.
    """
    method, components = _components(text)
    links = links or LinkList()
    lines: list[Line] = []
    if not components:
        raw = clean(text[:MAX_CHARACTERS], newlines=True)
        for each in raw.split("\n"):
            lines += wrap([Span(columnar(each))], width)
        return RenderedText(tuple(lines), links.links(), ("The calendar part could not be read.",))
    for kind, component in components:
        if lines:
            lines.append(())
        lines.append((Span(_METHODS.get(method, _COMPONENTS[kind]), "heading"),))
        for name, values in _fields(component, own_zone):
            head = f"{name}:".ljust(8)
            for value in filter(None, values):
                spans = links.spans(columnar(value.replace("\n", ", ")), "")
                lines += wrap(
                    spans, width, first=(Span(head, "header-name"),), rest=(Span(" " * 8),)
                )
                head = " " * 8
        if description := _text(component, "DESCRIPTION"):
            lines.append(())
            for paragraph in description[:20_000].split("\n"):
                text_line = columnar(paragraph).strip()
                lines += wrap(links.spans(text_line, ""), width) if text_line else [()]
    return RenderedText(tuple(lines), links.links())
