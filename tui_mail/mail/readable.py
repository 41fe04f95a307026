"""From a part's octets, or a header block, to lines to draw: the one door for the viewer.

Undoes transfer encoding and charset, and chooses how each kind of text is rendered. Pure
functions: what they cost (see ``html_text`` and ``plain_text``) the caller puts where it may.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tui_mail.mail.headers import decode_header
from tui_mail.mail.parts import decode_charset, decode_transfer
from tui_mail.mail.text import ONLY_THE, Line, RenderedText, Span, cell_width, wrap
from tui_mail.model import BodyPart
from tui_mail.sanitize import clean, columnar

if TYPE_CHECKING:
    from tui_mail.mail.links import LinkList

MAX_HEADER = 512 * 1024
MAX_HEADER_LINES = 2000
# More than this of one part is not rendered; it can still be saved.
MAX_OCTETS = 16 * 1024 * 1024
_LOOKED_AT = 8192  # octets in which a NUL tells that a part is no text

_BRIEF = ("date", "from", "reply-to", "to", "cc", "subject")
_FIELD = re.compile(rb"^([!-9;-~]{1,200})[ \t]*:", re.MULTILINE)
_FOLD = re.compile(rb"\r?\n[ \t]+")
# Fields of unstructured text and of phrases, in which encoded words may stand (RFC 2047, 5).
_ADDRESS = re.compile(r"<([^<>]*)>|([^\s<>,;:]+@[^\s<>,;]+)")


def header_fields(raw: bytes) -> Iterator[tuple[str, str]]:
    """The fields of a header block in their order: name as written, body decoded and clean.

    Ends at the first empty line. A line that is no field counts to the field before it.
    """
    raw = re.split(rb"\r?\n\r?\n", raw.lstrip(b"\r\n")[:MAX_HEADER], maxsplit=1)[0]
    starts = list(_FIELD.finditer(raw))[:MAX_HEADER_LINES]
    for index, found in enumerate(starts):
        end = starts[index + 1].start() if index + 1 < len(starts) else len(raw)
        body = _FOLD.sub(b" ", raw[found.end() : end])
        yield found[1].decode("ascii"), decode_header(body.strip())


def _addresses(body: str) -> frozenset[str]:
    return frozenset((one or other).lower() for one, other in _ADDRESS.findall(body))


def _brief(fields: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The fields a reader wants, in a fixed order; Reply-To only where it leads elsewhere."""
    senders = frozenset[str]().union(*(_addresses(b) for n, b in fields if n.lower() == "from"))
    for wanted in _BRIEF:
        for name, body in fields:
            if name.lower() != wanted or not body:
                continue
            if wanted == "reply-to" and _addresses(body) <= senders:
                continue
            yield name, body


def _notices(fields: list[tuple[str, str]]) -> Iterator[str]:
    """What is wrong with a header, in the program's words (RFC 5322, 3.6)."""
    counts: dict[str, int] = {}
    for name, _ in fields:
        counts[name.lower()] = counts.get(name.lower(), 0) + 1
    for name in ("From", "Date"):
        if not counts.get(name.lower()):
            yield f"The message has no {name} field."
    for name in ("From", "To", "Cc", "Subject", "Date", "Reply-To", "Message-ID"):
        if counts.get(name.lower(), 0) > 1:
            yield f"The message has {counts[name.lower()]} {name} fields; only one is allowed."


def header_lines(raw_header: bytes, *, all_headers: bool, width: int) -> tuple[Line, ...]:
    """Return a header block as lines: the brief set, or every field in its own order.

    Brief is Date, From, Reply-To (where it leads elsewhere), To, Cc and Subject; what is wrong
    with the header follows as notices. Bodies are decoded and wrap behind their name.
    """
    fields = list(header_fields(raw_header))
    shown = fields if all_headers else list(_brief(fields))
    lines: list[Line] = []
    for name, body in shown:
        name = columnar(name) if all_headers else columnar(name).capitalize()
        name = "Reply-To" if name == "Reply-to" else name
        first: Line = (Span(f"{name}: ", "header-name"),)
        indent = min(cell_width(name) + 2, width // 2)
        lines += wrap(
            [Span(columnar(body), "header-value")],
            width,
            first=first,
            rest=(Span(" " * indent),),
        )
        if len(lines) >= MAX_HEADER_LINES:
            lines = lines[:MAX_HEADER_LINES]
            lines.append((Span("The header goes on; its end is not shown.", "notice"),))
            break
    for notice in _notices(fields):
        lines += wrap([Span(notice, "notice")], width)
    return tuple(lines)


def _plain(part: BodyPart, text: str, width: int, links: LinkList | None) -> RenderedText:
    from tui_mail.mail.plain_text import looks_like_patch, render_patch, render_plain

    flowed = (part.parameter("format") or "").lower() == "flowed"
    delsp = (part.parameter("delsp") or "").lower() == "yes"
    if not flowed and looks_like_patch(text):
        return render_patch(text, width=width, links=links)
    return render_plain(text, width=width, flowed=flowed, delsp=delsp, links=links)


def _html(part: BodyPart, text: str, width: int, links: LinkList | None) -> RenderedText:
    from tui_mail.mail.html_text import render_html

    return render_html(text, width=width, links=links)


def _calendar(part: BodyPart, text: str, width: int, links: LinkList | None) -> RenderedText:
    from tui_mail.mail.calendar_text import render_calendar

    return render_calendar(text, width=width, links=links)


def _patch(part: BodyPart, text: str, width: int, links: LinkList | None) -> RenderedText:
    from tui_mail.mail.plain_text import render_patch

    return render_patch(text, width=width, links=links)


def _enriched(part: BodyPart, text: str, width: int, links: LinkList | None) -> RenderedText:
    """text/enriched and text/richtext (RFC 1896): the text without its formatting commands."""
    text = re.sub(r"(?is)<param>.{0,1000}?</param>|<(?!<)/?[a-z0-9-]{1,60}>", "", text)
    text = re.sub(r"(?<!\n)\n(?!\n)", " ", text.replace("\r\n", "\n")).replace("<<", "<")
    return _plain(part, text, width, links)


_RENDERERS: dict[str, Callable[[BodyPart, str, int, LinkList | None], RenderedText]] = {
    "text/html": _html,
    "application/xhtml+xml": _html,
    "text/calendar": _calendar,
    "application/ics": _calendar,
    "text/x-patch": _patch,
    "text/x-diff": _patch,
    "text/enriched": _enriched,
    "text/richtext": _enriched,
}
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)


def _charset(part: BodyPart, data: bytes) -> str:
    """The charset a part declares; for HTML without one what the document itself says."""
    declared = part.parameter("charset") or ""
    if not declared and part.subtype in ("html", "xhtml+xml"):
        found = _META_CHARSET.search(data[:4096])
        return found[1].decode("ascii", "replace") if found else ""
    return declared


def render_part(
    part: BodyPart,
    data: bytes,
    *,
    width: int,
    complete: bool = True,
    links: LinkList | None = None,
) -> RenderedText:
    """Return a part's octets, encoded as FETCH gave them, as lines of at most ``width`` cells.

    Renders by type: HTML, calendars, patches, enriched text, and as plain text whatever else is
    asked for, unless it holds NULs, as programs, archives and office documents do. ``complete``
    False says that ``data`` is only the beginning. Never raises on what the part holds; what had
    to be assumed is in the notes. ``links`` are those of the parts above it: numbering goes on
    from there, and what comes back has them all.
    """
    notes: list[str] = []
    if not complete:
        notes.append(f"{ONLY_THE}beginning of this part has been fetched.")
    if len(data) > MAX_OCTETS:
        data = data[:MAX_OCTETS]
        notes.append(f"{ONLY_THE}first 16 MiB of this part are shown.")
    data = decode_transfer(data, part.encoding)
    if part.type not in ("text", "message") and b"\0" in data[:_LOOKED_AT]:
        said = f"This part is not text ({columnar(part.content_type)}); saved, it can be looked at."
        return RenderedText(tuple(wrap([Span(said, "notice")], width)), (), tuple(notes))
    text, note = decode_charset(data, _charset(part, data))
    # A cut may fall inside a character; that is no fault of the declared charset.
    if note and complete:
        notes.append(clean(note))
    rendered = _RENDERERS.get(part.content_type, _plain)(part, text, width, links)
    return RenderedText(rendered.lines, rendered.links, (*notes, *rendered.notes))
