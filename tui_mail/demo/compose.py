"""Writing the sample mail: people, and functions that turn text into the bytes of a message.

Everything is decided by the arguments: the same call gives the same bytes, boundaries included.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email import message_from_bytes
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from tui_mail.demo.people import ME, Person
from tui_mail.model import SEEN


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as a server keeps it: bytes with CRLF, INTERNALDATE, flags."""

    data: bytes
    received: datetime
    flags: tuple[str, ...]
    message_id: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part to hang on; ``inline`` ones are meant to be shown."""

    name: str
    content_type: str
    data: bytes
    inline: bool = False


def letter(
    sender: Person,
    subject: str,
    body: str,
    when: datetime,
    *,
    to: Sequence[Person] = (ME,),
    cc: Sequence[Person] = (),
    flags: Sequence[str] = (SEEN,),
    headers: Sequence[tuple[str, str]] = (),
    references: Sequence[str] = (),
    charset: str = "utf-8",
    label: str = "",
    encoding: str = "8bit",
    parameters: str = "",
) -> Letter:
    """A text message. ``label`` is the charset it claims, where that is not the true one.

    ``encoding`` is "8bit" or "base64"; ``references`` are message ids, the parent's last.
    """
    message_id = _message_id(sender, subject, when)
    lines = _headers(sender, subject, when, to, cc, references, message_id, charset)
    lines += [f"{name}: {value}" for name, value in headers]
    content = body.replace("\n", "\r\n").encode(charset)
    if content.isascii() and not label and charset == "utf-8":
        label = "us-ascii"
    if content.isascii() and encoding == "8bit":
        encoding = "7bit"
    lines += [
        "MIME-Version: 1.0",
        f"Content-Type: text/plain; charset={label or charset}{parameters}",
        f"Content-Transfer-Encoding: {encoding}",
    ]
    if encoding == "base64":
        content = base64.encodebytes(content).replace(b"\n", b"\r\n")
    head = "\r\n".join(lines).encode("ascii")
    return Letter(head + b"\r\n\r\n" + content, when, tuple(flags), message_id)


def rich_letter(
    sender: Person,
    subject: str,
    body: str,
    when: datetime,
    *,
    html: str = "",
    calendar: str = "",
    attachments: Sequence[Attachment] = (),
    forwarded: Letter | None = None,
    to: Sequence[Person] = (ME,),
    flags: Sequence[str] = (SEEN,),
    headers: Sequence[tuple[str, str]] = (),
) -> Letter:
    """A message of several parts; without ``body`` the HTML stands alone."""
    message = EmailMessage(policy=SMTP)
    message_id = _message_id(sender, subject, when)
    for line in _headers(sender, subject, when, to, (), (), message_id, "utf-8"):
        name, value = line.split(": ", 1)
        message[name] = value
    for name, value in headers:
        message[name] = value
    if body:
        message.set_content(body)
    if html and body:
        message.add_alternative(html, subtype="html")
    elif html:
        message.set_content(html, subtype="html")
    if calendar:
        message.add_alternative(calendar, subtype="calendar", params={"method": "REQUEST"})
    for attachment in attachments:
        maintype, subtype = attachment.content_type.split("/")
        message.add_attachment(
            attachment.data,
            maintype,
            subtype,
            filename=attachment.name,
            disposition="inline" if attachment.inline else "attachment",
        )
    if forwarded is not None:
        message.make_mixed()
        message.attach(_enclosed(forwarded))
    for number, part in enumerate(message.walk()):
        if part.get_content_maintype() == "multipart":
            part.set_boundary(f"=-{zlib.crc32(message_id.encode()):08x}-{number}")
    return Letter(message.as_bytes(), when, tuple(flags), message_id)


def reply_text(sender: Person, quoted: str, author: Person, when: datetime, answer: str) -> str:
    """``answer`` below the quotation of what ``author`` wrote at ``when``."""
    quotation = "\n".join(
        f">{line}" if line.startswith(">") else f"> {line}".rstrip()
        for line in quoted.strip().split("\n")
    )
    first_name = sender.name.split()[0]
    return f"On {when:%d %B %Y}, {author.name} wrote:\n{quotation}\n\n{answer}\n\n{first_name}\n"


def _headers(
    sender: Person,
    subject: str,
    when: datetime,
    to: Sequence[Person],
    cc: Sequence[Person],
    references: Sequence[str],
    message_id: str,
    charset: str,
) -> list[str]:
    local = when.astimezone(timezone(timedelta(hours=sender.hours)))
    coded = subject
    if not subject.isascii() or not subject.isprintable():
        coded = Header(subject, charset, maxlinelen=70).encode(linesep="\r\n")
    lines = [
        f"From: {_person(sender)}",
        f"To: {', '.join(_person(person) for person in to)}",
    ]
    if cc:
        lines.append(f"Cc: {', '.join(_person(person) for person in cc)}")
    lines += [
        f"Subject: {coded}",
        f"Date: {format_datetime(local)}",
        f"Message-ID: {message_id}",
    ]
    if references:
        lines.append(f"In-Reply-To: {references[-1]}")
        lines.append("References: " + "\r\n ".join(references))
    return lines


def _person(person: Person) -> str:
    return formataddr((person.name, person.address))


def _enclosed(forwarded: Letter) -> EmailMessage:
    part = EmailMessage(policy=SMTP)
    part["Content-Type"] = "message/rfc822"
    part["Content-Disposition"] = "inline"
    part.set_payload([message_from_bytes(forwarded.data, policy=SMTP)])
    return part


def _message_id(sender: Person, subject: str, when: datetime) -> str:
    number = zlib.crc32(f"{sender.address} {subject} {when:%Y%m%d%H%M%S}".encode())
    return f"<{when:%Y%m%d%H%M}.{number:08x}@{sender.address.rpartition('@')[2]}>"
