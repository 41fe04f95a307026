"""A mailto: URI (RFC 6068) as the fields of a draft. Comes from anybody, so it attaches nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from tui_mail.errors import MailError
from tui_mail.mail.charsets import decode_unknown
from tui_mail.mail.compose.fields import one_line
from tui_mail.mail.compose.flowed import sendable
from tui_mail.mail.compose.message_id import valid_ids
from tui_mail.mail.headers import decode_header, message_ids
from tui_mail.sanitize import clean

MAX_URI = 256 * 1024  # characters
MAX_FIELDS = 200

_SCHEME = re.compile(r"\s*mailto:", re.IGNORECASE)
_BREAKS = re.compile(r"[\r\n]+")
# RFC 6068, 4 leaves it to the program what is safe. From, Attach and the like are not.
_ADDRESSES = {"to": "to", "cc": "cc", "bcc": "bcc", "reply-to": "reply_to"}
_IDS = {"in-reply-to": "in_reply_to", "references": "references"}


@dataclass(frozen=True, slots=True)
class MailtoFields:
    """The fields of a draft by its names. ``refused`` are the names of those not taken over.

    ``in_reply_to`` and ``references`` are message ids with their angle brackets.
    """

    to: str = ""
    cc: str = ""
    bcc: str = ""
    reply_to: str = ""
    subject: str = ""
    body: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def parse(uri: str) -> MailtoFields:
    """Take ``mailto:…`` apart. Raises MailError if it is none, or is longer than anybody needs.

    A line end in a field's value is a space (5 and 7: nothing may begin another field); in the
    body it is one. Several ``to`` and the like are one list.
    """
    scheme = _SCHEME.match(uri)
    if scheme is None:
        raise MailError(
            "This is no mailto: address",
            advice="It looks like mailto:name@example.org?subject=Hello",
        )
    if len(uri) > MAX_URI:
        raise MailError("This mailto: address is too long")
    path, _, query = uri[scheme.end() :].strip().partition("#")[0].partition("?")
    lists: dict[str, list[str]] = {field: [] for field in _ADDRESSES.values()}
    ids: dict[str, tuple[str, ...]] = {}
    subject, bodies, refused = "", [], []
    lists["to"] += [text for each in path.split(",") if (text := _line(each))]
    for name, value in _hfields(query):
        if name in _ADDRESSES:
            lists[_ADDRESSES[name]] += [_line(value)] if _line(value) else []
        elif name in _IDS:
            ids[name] = valid_ids(message_ids(unquote_to_bytes(_octets(value))))
        elif name == "subject":
            subject = _line(value)
        elif name == "body":
            bodies.append(clean(sendable(_decoded(value)), newlines=True, tabs=True))
        else:
            refused.append(name)
    return MailtoFields(
        **{field: ", ".join(values) for field, values in lists.items()},
        subject=subject,
        body="\n".join(bodies),
        in_reply_to=next(iter(ids.get("in-reply-to", ())), ""),
        references=ids.get("references", ()),
        refused=tuple(dict.fromkeys(refused)),
    )


def _hfields(query: str) -> Iterator[tuple[str, str]]:
    # Outside of HTML the ampersand is bare; people copy it from the source nonetheless.
    for each in query.replace("&amp;", "&").split("&")[:MAX_FIELDS]:
        name, _, value = each.partition("=")
        if name := one_line(_decoded(name)).lower():
            yield name[:100], value


def _octets(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape" if _is_escaped(value) else "replace")


def _is_escaped(value: str) -> bool:
    """Whether it is an argument of the command line that was not UTF-8 (PEP 383)."""
    return not any(
        "\ud800" <= each <= "\udfff" and not "\udc80" <= each <= "\udcff" for each in value
    )


def _decoded(value: str) -> str:
    return decode_unknown(unquote_to_bytes(_octets(value)))


def _line(value: str) -> str:
    """A field's value: encoded words are allowed in it as in a message (RFC 6068, 2)."""
    return decode_header(one_line(_decoded(value)).encode("utf-8"))
