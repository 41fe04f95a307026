"""What a reply or a forward needs to know of the message it starts from.

Takes octets as FETCH gave them; keeps nothing and reads nothing by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tui_mail.mail.charsets import decode_charset
from tui_mail.mail.compose import flowed
from tui_mail.mail.compose.addresses import Typed, parse_header
from tui_mail.mail.compose.mime import Taken, field_bodies, field_body, take_apart
from tui_mail.mail.compose.values import Attachment, MessageReference
from tui_mail.mail.headers import decode_header, message_ids
from tui_mail.mail.parts import attachments, choose_text, file_name, part_name
from tui_mail.mail.readable import render_part
from tui_mail.mail.text import QUOTE_STYLES, Line, Link, line_text
from tui_mail.mail.transfer import decode_transfer
from tui_mail.model import BodyPart
from tui_mail.sanitize import clean

MAX_TEXT = 200_000  # characters of a message that are quoted or passed on in a text
HTML_WIDTH = 72  # columns

MAX_FOOTNOTES = 200

_MARKERS = re.compile(r"\[(\d{1,6})(?: →[^\]]*)?\]")
_BARS = re.compile("(?:│ ?)+")

Keep = Callable[[bytes], int]


@dataclass(frozen=True, slots=True)
class Original:
    """``header`` is the raw header block, ``text`` the readable text.

    In ``text`` a line is a paragraph where the message said so (format=flowed), and quotes are
    marked ``>``, ``>>`` and so on with a space before the text.
    ``attachments`` (kept as blobs) and ``message`` (all of it, as message/rfc822) are there when
    the whole message was read: see ``whole_original``.
    """

    header: bytes
    text: str
    reference: MessageReference | None = None
    attachments: tuple[Attachment, ...] = ()
    message: Attachment | None = None

    def field(self, name: str) -> str:
        """The first field of this name, decoded and clean; "" where there is none."""
        return decode_header(field_body(self.header, name))

    def addresses(self, *names: str) -> list[Typed]:
        """The addresses of all fields of these names, in the order of the names."""
        return [
            each
            for name in names
            for body in field_bodies(self.header, name)
            for each in parse_header(body)
            if each.address
        ]

    def ids(self, name: str) -> tuple[str, ...]:
        """The message ids in a field, without their angle brackets."""
        return message_ids(field_body(self.header, name))


def original(
    header: bytes,
    part: BodyPart | None,
    data: bytes,
    *,
    reference: MessageReference | None = None,
) -> Original:
    """From a header block and the text part that is shown, both as ``reader.Message`` has them.

    Raises nothing on what is in them. ``part`` None: the message has no text.
    """
    return Original(header, readable_text(part, data) if part else "", reference)


def whole_original(
    raw: bytes, keep: Keep, *, reference: MessageReference | None = None
) -> Original:
    """From a whole message (BODY[]), its attachments kept.

    ``keep`` stores an attachment's octets and returns the number of the blob.
    """
    taken = take_apart(raw)
    part = choose_text(taken.structure).part
    data = taken.bodies.get(part.section, b"") if part else b""
    subject = decode_header(field_body(taken.header, "subject"))
    return Original(
        header=taken.header,
        text=readable_text(part, data) if part else "",
        reference=reference,
        attachments=tuple(kept_attachments(taken, keep)),
        message=Attachment(message_name(subject), "message/rfc822", len(raw), blob=keep(raw)),
    )


def kept_attachments(
    taken: Taken, keep: Keep, parts: Iterable[BodyPart] | None = None
) -> Iterator[Attachment]:
    """The attachments of a message, or these parts of it, decoded and kept."""
    for part in attachments(taken.structure) if parts is None else parts:
        data = decode_transfer(taken.bodies.get(part.section, b""), part.encoding)
        # The name its sender gave, less any folder in it: who receives it next is not led by it.
        name = part_name(part).rstrip("/").rpartition("/")[2] or file_name(part)
        yield Attachment(clean(name), part.content_type, len(data), blob=keep(data))


def message_name(subject: str) -> str:
    """A file name for a message that is attached, by its subject."""
    name = re.sub(r'[\x00-\x1f/\\:*?"<>|]+', "_", subject).strip(" ._")[:80]
    return f"{name or 'message'}.eml"


def readable_text(part: BodyPart, data: bytes, limit: int | None = MAX_TEXT) -> str:
    """A text part's octets, encoded as FETCH gave them, as a body would be written.

    HTML and other formats come out as they are read, in lines of ``HTML_WIDTH``. What is beyond
    ``limit`` characters is cut off with a mark.
    """
    if part.content_type != "text/plain":
        rendered = render_part(part, data, width=HTML_WIDTH)
        shown = "\n".join(map(_plain_line, rendered.lines)).strip("\n")
        return _cut("\n".join((shown, *_footnotes(shown, rendered.links))), limit)
    # Of what will be cut off anyway not all is decoded: an octet is encoded as three at most, a
    # character as four.
    data = data if limit is None else data[: limit * 12]
    text = decode_charset(decode_transfer(data, part.encoding), part.parameter("charset")).text
    text = clean(text, newlines=True, tabs=True)
    if (part.parameter("format") or "").lower() == "flowed":
        delsp = (part.parameter("delsp") or "").lower() == "yes"
        text = flowed.decode(text, delsp=delsp)
    return _cut(flowed.normal(text), limit)


def _footnotes(text: str, links: Iterable[Link]) -> Iterator[str]:
    """Where the links lead whose numbers stand in the text."""
    numbers = {int(number) for number in _MARKERS.findall(text)}
    noted = [link for link in links if link.number in numbers][:MAX_FOOTNOTES]
    if noted:
        yield ""
    for link in noted:
        yield f"[{link.number}] {link.url}"


def _plain_line(line: Line) -> str:
    """A rendered line with ``>`` where the viewer draws a bar beside a quote."""
    text = line_text(line).rstrip()
    bars = _BARS.match(text) if line and line[0].style in QUOTE_STYLES else None
    if bars is None:
        return text
    return flowed.joined_quote(bars[0].count("│"), text[bars.end() :])


def _cut(text: str, limit: int | None) -> str:
    if limit is None or len(text) <= limit:
        return text
    head = text[:limit]
    return f"{head.rpartition(chr(10))[0] or head}\n[…]"
