"""What a message consists of: which part is the text, which are attachments, what they are called.

Works on the structure alone; reads no body. Undoing encodings and naming files live in
``transfer``, ``charsets`` and ``file_names`` and are offered here as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from tui_mail.mail.charsets import Decoded, decode_charset, decode_unknown
from tui_mail.mail.file_names import create_new, free_path, safe_file_name
from tui_mail.mail.headers import decode_header
from tui_mail.mail.transfer import TransferDecoder, decode_transfer
from tui_mail.model import BodyPart
from tui_mail.sanitize import clean

__all__ = [
    "Choice",
    "Decoded",
    "TransferDecoder",
    "attachments",
    "choose_text",
    "create_new",
    "decode_charset",
    "decode_transfer",
    "file_name",
    "free_path",
    "has_attachment",
    "part_name",
    "safe_file_name",
]

# Parts that carry no content of their own: signatures and the control part of RFC 3156, 4.
_MACHINERY = frozenset(
    {
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-encrypted",
    }
)
# Text in the order a reader wants it; what is not named comes after these.
_PREFERENCE = {"plain": 0, "html": 1, "enriched": 2, "richtext": 2, "calendar": 3}
# A plain part no longer than this beside a much longer HTML part only says "read the HTML".
_STUB_SIZE = 100
_STUB_RATIO = 20


class Choice(NamedTuple):
    """The part to show first (None: the message has no text), and every rendering of the same
    content, that part among them, best first. ``further`` are the texts shown below it: an
    invitation sent beside it, and what follows inline, such as a mailing list's footer."""

    part: BodyPart | None
    alternatives: tuple[BodyPart, ...]
    further: tuple[BodyPart, ...]


def _is_text(part: BodyPart) -> bool:
    return part.type == "text" and part.disposition != "attachment"


def _related_root(part: BodyPart) -> BodyPart | None:
    """The root of multipart/related: what ``start`` names, else the first (RFC 2387, 3.2)."""
    start = part.parameter("start")
    named = (child for child in part.children if start and child.id == start)
    return next(named, part.children[0] if part.children else None)


def _text_groups(part: BodyPart) -> Iterator[tuple[BodyPart, ...]]:
    """Each inline text as the tuple of its alternatives, in the order of the message."""
    if part.type == "multipart":
        if part.subtype == "alternative":
            inner = [
                text for child in part.children for group in _text_groups(child) for text in group
            ]
            if inner:
                yield tuple(inner)
        elif part.subtype == "related":
            root = _related_root(part)
            if root is not None:
                yield from _text_groups(root)
        elif part.subtype == "signed":
            for child in part.children[:1]:
                yield from _text_groups(child)
        else:
            for child in part.children:
                yield from _text_groups(child)
    elif _is_text(part):
        yield (part,)


def _body(structure: BodyPart) -> BodyPart:
    """The part that is the message's body: for a message/rfc822 the body inside it."""
    while structure.type == "message" and structure.children:
        structure = structure.children[0]
    return structure


def choose_text(structure: BodyPart, prefer_html: bool = False) -> Choice:
    """Choose what to show of a message (RFC 2046, 5.1).

    Plain text before HTML unless ``prefer_html``, or unless the plain part is a mere stub. Texts
    with the disposition "attachment" are left out, except where the whole message is one text.
    """
    body = _body(structure)
    groups = list(_text_groups(body))
    if not groups and body.type == "text":
        groups = [(body,)]
    if not groups:
        return Choice(None, (), ())
    first = sorted(groups[0], key=lambda part: _PREFERENCE.get(part.subtype, 9))
    html = next((part for part in first if part.subtype == "html"), None)
    stub = first[0].size <= _STUB_SIZE and html is not None
    if html and (prefer_html or (stub and html.size > _STUB_RATIO * max(first[0].size, 1))):
        first.remove(html)
        first.insert(0, html)
    # An invitation says when and where; the text beside it often says neither (RFC 6047, 2.4).
    invitations = (part for part in first[1:] if part.subtype == "calendar")
    further = (min(group, key=lambda p: _PREFERENCE.get(p.subtype, 9)) for group in groups[1:])
    return Choice(first[0], tuple(first), (*invitations, *further))


def _leaves(part: BodyPart, inside_related: bool = False) -> Iterator[BodyPart]:
    """The parts that may be attachments: a forwarded message counts as one and is not entered."""
    if part.type != "multipart":
        embedded = inside_related and part.id is not None and part.disposition != "attachment"
        if not embedded and part.content_type not in _MACHINERY:
            yield part
        return
    root = _related_root(part) if part.subtype == "related" else None
    for child in part.children:
        related = inside_related or (root is not None and child is not root)
        yield from _leaves(child, related)


def attachments(structure: BodyPart) -> tuple[BodyPart, ...]:
    """The parts a person would call attachments: no shown text, no signature, no picture that an
    HTML part embeds (multipart/related with a Content-ID)."""
    body = _body(structure)
    shown = {id(part) for group in _text_groups(body) for part in group}
    if body.type == "text":
        shown.add(id(body))
    return tuple(part for part in _leaves(body) if id(part) not in shown)


def has_attachment(structure: BodyPart) -> bool:
    return bool(attachments(structure))


_EXTENDED = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")


def _octets(text: str) -> bytes:
    """A parameter's value back to octets: it may hold raw 8-bit text one way or another."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _parameter(parameters: tuple[tuple[str, str], ...], wanted: str) -> str:
    """A parameter decoded: RFC 2231 extended or continued, else RFC 2047 as mailers misuse it."""
    plain = ""
    pieces: dict[int, tuple[bool, str]] = {}
    for name, value in parameters[:100]:
        found = _EXTENDED.fullmatch(name)
        if not found or found[1] != wanted:
            continue
        if name == wanted:
            plain = plain or value
        else:
            pieces.setdefault(int(found[2] or 0), (found[3] is not None, value))
    if not pieces:
        return decode_header(_octets(plain))
    charset = ""
    octets = b""
    for order, number in enumerate(sorted(pieces)):
        if number != order:
            break
        extended, value = pieces[number]
        if extended and order == 0 and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        octets += unquote_to_bytes(value) if extended else _octets(value)
    text = decode_charset(octets, charset).text if charset else decode_unknown(octets)
    # Some mailers put encoded words into continuations; then only the joined whole reads.
    if "=?" in text:
        text = decode_header(octets)
    return clean(text).strip()


def part_name(part: BodyPart) -> str:
    """The name its sender gave a part, decoded and clean; "" if none.

    ``filename`` of the disposition, then ``name`` of the type, then a forwarded message's
    subject. Not fit for the file system: see ``file_name``.
    """
    name = _parameter(part.disposition_parameters, "filename") or _parameter(
        part.parameters, "name"
    )
    if not name and part.type == "message" and part.envelope and part.envelope.subject:
        name = decode_header(part.envelope.subject)
    return name


# Suffixes for parts without a name; what is not here is "bin".
_SUFFIXES = {
    "text/plain": "txt",
    "text/html": "html",
    "text/calendar": "ics",
    "text/csv": "csv",
    "text/x-patch": "patch",
    "text/x-diff": "patch",
    "message/rfc822": "eml",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/svg+xml": "svg",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/gzip": "gz",
    "application/json": "json",
    "application/ics": "ics",
    "application/pgp-signature": "asc",
    "application/pkcs7-signature": "p7s",
    "audio/mpeg": "mp3",
    "video/mp4": "mp4",
}


def file_name(part: BodyPart) -> str:
    """The name to save a part under: its own made safe, else ``part-SECTION.SUFFIX``."""
    default = "txt" if part.type == "text" else "bin"
    suffix = _SUFFIXES.get(part.content_type, default)
    name = part_name(part)
    if name and part.content_type == "message/rfc822" and not name.lower().endswith(".eml"):
        name = name[:100].replace("/", "_") + ".eml"
    section = part.section.replace(".", "-") or "0"
    return safe_file_name(name, f"part-{section}.{suffix}")
