"""Header fields of other people's mail as text for a person: words, addresses, dates.

Never raises on what is in a header: broken encodings come out as well as they can. Everything
returned has been through ``sanitize``. Knows nothing of MIME parts (``parts``) or of drawing.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tui_mail.mail.charsets import decode_charset, decode_unknown
from tui_mail.model import Address, Envelope
from tui_mail.sanitize import clean

# A header field body longer than this is cut before it is decoded.
MAX_FIELD = 64 * 1024
# So many addresses of one field are shown, the rest counted.
MAX_ADDRESSES = 200

# RFC 2047, 2 and RFC 2231, 5 (language after *). Spaces inside the text are against the grammar
# but Outlook and many web forms send them; so are missing padding and "=" left unencoded.
_ENCODED_WORD = re.compile(
    rb"=\?([A-Za-z0-9_.:+-]{1,60})(?:\*[A-Za-z0-9-]{1,40})?\?([bBqQ])\?([^?\r\n]*(?:\?(?!=)[^?\r\n]*)*)\?="
)
_Q_OCTET = re.compile(rb"=([0-9A-Fa-f]{2})")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def _decode_q(text: bytes) -> bytes:
    text = text.replace(b"_", b" ")
    return _Q_OCTET.sub(lambda found: bytes((int(found[1], 16),)), text)


def _decode_b(text: bytes) -> bytes:
    text = _NOT_BASE64.sub(b"", text)
    # One left-over character carries no whole octet; padding is often missing.
    text = text[: len(text) - 1] if len(text) % 4 == 1 else text
    return binascii.a2b_base64(text + b"=" * (-len(text) % 4))


def _raw_text(data: bytes) -> str:
    return data.decode("ascii") if data.isascii() else decode_unknown(data)


def _words(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """The field as (charset, octets), charset "" for what stands outside encoded words."""
    position = 0
    for found in _ENCODED_WORD.finditer(raw):
        between = raw[position : found.start()]
        # White space between two encoded words is not shown (RFC 2047, 6.2).
        if between.strip(b" \t\r\n") or (between and position == 0):
            yield "", between
        charset = found[1].decode("ascii").lower()
        decode = _decode_b if found[2] in b"bB" else _decode_q
        yield charset, decode(found[3])
        position = found.end()
    if position < len(raw):
        yield "", raw[position:]


def decode_header(raw: bytes) -> str:
    """Return an unstructured header field body as one clean line (RFC 5322, 3.2.5; RFC 2047).

    Takes the octets as ENVELOPE or a header block has them. Folding is undone; adjacent encoded
    words of one charset are joined before decoding, as mailers that cut inside a character need;
    raw 8-bit text is read as UTF-8, else as the most likely single-byte charset.
    """
    if b"=?" not in raw and raw.isascii():
        text = raw.decode("ascii")
        if text.isprintable() and len(text) <= MAX_FIELD:
            return text.strip()
    raw = _FOLD.sub(b"", raw[:MAX_FIELD])
    pieces: list[str] = []
    charset, octets = "", b""
    for word_charset, word in _words(raw):
        if word_charset == charset and charset:
            octets += word
            continue
        pieces.append(decode_charset(octets, charset).text if charset else _raw_text(octets))
        charset, octets = word_charset, word
    pieces.append(decode_charset(octets, charset).text if charset else _raw_text(octets))
    return clean("".join(pieces)).strip()


_SPECIALS = re.compile(r'[()<>\[\]:;@\\,"]')


def address_text(address: Address) -> str:
    """The bare address: ``mailbox@host``; "" for the begin or end of a group."""
    if address.host is None:
        return ""
    mailbox = decode_header(address.mailbox or b"")
    host = decode_header(address.host)
    # Courier and UW IMAP write such a placeholder where the message had no domain.
    if not host or host in (".MISSING-HOST-NAME.", "MISSING_DOMAIN", "MISSING-DOMAIN"):
        return mailbox
    return f"{mailbox}@{host}"


def display_name(name: bytes | None) -> str:
    """A display name as text, its quotes taken off; "" where there is none."""
    if not name:
        return ""
    text = decode_header(name)
    # Some servers leave the quotes and quoted pairs of RFC 5322, 3.2.4 in the envelope.
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('\\"', '"').replace("\\\\", "\\").strip()
    return text


def display_address(address: Address) -> str:
    """What a list shows for one address: its name, else the address itself."""
    return display_name(address.name) or address_text(address)


def full_address(address: Address) -> str:
    """``Name <mailbox@host>``, the name quoted where RFC 5322 wants that; both parts decoded."""
    name, bare = display_name(address.name), address_text(address)
    if not name or name == bare:
        return bare
    if _SPECIALS.search(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{bare}>"


def _shown(addresses: Iterable[Address], *, full: bool) -> Iterator[str]:
    group: str | None = None
    empty = False
    for address in addresses:
        if address.host is None and address.mailbox is not None:
            group, empty = decode_header(address.mailbox), True
        elif address.host is None:
            if group is not None and empty:
                yield f"{group}:;"
            group = None
        else:
            shown = full_address(address) if full else display_address(address)
            yield f"{group}: {shown}" if group is not None and empty else shown
            empty = False
    if group is not None and empty:
        yield f"{group}:;"


def display_addresses(addresses: tuple[Address, ...], *, full: bool = False) -> str:
    """Addresses comma separated; a group as ``Name: member`` or ``Name:;`` (RFC 5322, 3.4).

    At most ``MAX_ADDRESSES`` are spelled out; how many more there are is said.
    """
    if len(addresses) == 1 and addresses[0].host is not None:
        return full_address(addresses[0]) if full else display_address(addresses[0])
    text = ", ".join(_shown(addresses[:MAX_ADDRESSES], full=full))
    more = len(addresses) - MAX_ADDRESSES
    return f"{text}, and {more} more" if more > 0 else text


_MONTHS = {
    name: number
    for number, name in enumerate(
        b"jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1
    )
}
# RFC 5322, 3.3 and 4.3, loosened: the day's name, seconds and zone may be missing, the month may
# be spelled out, "-" may stand between, and the year may have two or three digits.
_DATE = re.compile(
    rb"\s*(?:[A-Za-z]{2,10}\.?\s*,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3})[a-z]*\.?,?[\s-]+(\d{2,4})"
    rb"(?:,?\s+(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2}))?(?:[.,]\d+)?)?"
    rb"\s*(?:([+-])(\d{1,2}):?(\d{2})|([A-Za-z]{1,5}))?",
)
_ASCTIME = re.compile(
    rb"\s*[A-Za-z]{3,9}\s+([A-Za-z]{3})[a-z]*\s+(\d{1,2})\s+(\d{1,2}):(\d{2}):(\d{2})\s+"
    rb"(?:([A-Z]{1,5})\s+)?(\d{4})"
)
_ISO = re.compile(
    rb"\s*(\d{4})-(\d{1,2})-(\d{1,2})[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?"
    rb"\s*(?:([+-])(\d{2}):?(\d{2})|([A-Za-z]{1,5}))?"
)
# Minutes east of Greenwich (RFC 5322, 4.3); single letters and unknown names count as UTC there.
_ZONES = {
    b"EST": -300,
    b"EDT": -240,
    b"CST": -360,
    b"CDT": -300,
    b"MST": -420,
    b"MDT": -360,
    b"PST": -480,
    b"PDT": -420,
    b"BST": 60,
    b"CET": 60,
    b"CEST": 120,
    b"EET": 120,
    b"EEST": 180,
    b"MSK": 180,
    b"JST": 540,
}


def _days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 in the Gregorian calendar, counting years from March."""
    year -= month <= 2
    month = (month + 9) % 12
    return (
        365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 719469
    )


def _seconds(
    date: tuple[int, int, int], time: tuple[bytes | None, ...], zone: tuple[bytes | None, ...]
) -> int | None:
    year, month, day = date
    hour, minute, second = (int(part or 0) for part in time)
    sign, zone_hours, zone_minutes, name = zone
    if sign:
        offset = int(zone_hours or 0) * 60 + int(zone_minutes or 0)
        offset = -offset if sign == b"-" else offset
    else:
        offset = _ZONES.get((name or b"").upper(), 0)
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 25 and minute < 60 and second < 62):
        return None
    if not 1900 <= year <= 9999 or abs(offset) > 24 * 60:
        return None
    return _days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset * 60


def parse_date(raw: bytes) -> int | None:
    """Return a Date field's instant in seconds since the epoch, UTC; None where there is none.

    RFC 5322, 3.3 with its obsolete forms, and what broken mailers send: asctime, ISO 8601, a
    missing zone (read as UTC), two- and three-digit years (4.3).
    """
    raw = raw[:200]
    if found := _DATE.match(raw):
        day, name, year_text, hour, minute, second, *zone = found.groups()
        year = int(year_text)
        if len(year_text) < 4:
            year += 2000 if len(year_text) == 2 and year < 50 else 1900
        date = (year, _MONTHS.get(name.lower(), 0), int(day))
        return _seconds(date, (hour, minute, second), tuple(zone))
    if found := _ASCTIME.match(raw):
        name, day, hour, minute, second, zone_name, year_text = found.groups()
        date = (int(year_text), _MONTHS.get(name.lower(), 0), int(day))
        return _seconds(date, (hour, minute, second), (None, None, None, zone_name))
    if found := _ISO.match(raw):
        year_text, month, day, hour, minute, second, *zone = found.groups()
        date = (int(year_text), int(month), int(day))
        return _seconds(date, (hour, minute, second), tuple(zone))
    return None


_MESSAGE_ID = re.compile(rb"<([^<>\s]{1,998})>")


def message_ids(raw: bytes | None) -> tuple[str, ...]:
    """The ids of Message-ID, In-Reply-To or References, without their angle brackets.

    RFC 5322, 3.6.4; a field that has none in brackets but is one word is taken as that word.
    """
    if not raw:
        return ()
    raw = raw[:MAX_FIELD]
    found = _MESSAGE_ID.findall(raw)
    if not found and len(words := raw.split()) == 1:
        found = words
    return tuple(clean(each.decode("utf-8", "replace")) for each in found)


class SummaryFields(NamedTuple):
    """What the message list and the threads keep of an ENVELOPE: decoded and clean.

    ``sent_date`` is in seconds since the epoch, UTC. The ids stand without angle brackets, ""
    where there is none. ``sender_address`` is in lower case.
    """

    sender: str
    sender_address: str
    recipients: str
    subject: str
    sent_date: int | None
    message_id: str
    in_reply_to: str


def summary_fields(envelope: Envelope) -> SummaryFields:
    """Decode an envelope's fields (RFC 9051, 7.5.2). The sender is From, else Sender."""
    senders = envelope.from_ or envelope.sender
    return SummaryFields(
        sender=display_addresses(senders),
        sender_address=address_text(senders[0]).lower() if senders else "",
        recipients=display_addresses(envelope.to or envelope.cc),
        subject=decode_header(envelope.subject) if envelope.subject else "",
        sent_date=parse_date(envelope.date) if envelope.date else None,
        message_id=next(iter(message_ids(envelope.message_id)), ""),
        in_reply_to=next(iter(message_ids(envelope.in_reply_to)), ""),
    )
