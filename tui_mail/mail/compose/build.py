"""From a draft to a message: what is submitted, what is filed in Sent, what is kept in Drafts.

Reads the attachments (files, blobs), so it may block and belongs on a thread of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from tui_mail.errors import MailError
from tui_mail.mail.compose import draft_fields, entities, fields, flowed
from tui_mail.mail.compose.addresses import (
    Typed,
    ascii_address,
    bare,
    key,
    needs_smtputf8,
    parse,
)
from tui_mail.mail.compose.content_type import text_charset
from tui_mail.mail.compose.draft_error import DraftError
from tui_mail.mail.compose.message_id import MAX_REFERENCES, new_message_id, valid_ids
from tui_mail.mail.compose.seven_bit import narrowed
from tui_mail.mail.compose.values import Attachment, Draft, Outgoing
from tui_mail.mail.plain_text import looks_like_patch

# Names no version: that helps who looks for a known hole, and nobody else.
USER_AGENT = "tui-mail"
MAX_ATTACHMENT = 512 * 1024 * 1024  # octets; no server takes more, and it has to fit in memory
MAX_RECIPIENTS = 5000

Blobs = Callable[[int], bytes]
Fields = Iterator[tuple[str, str]]

__all__ = ["DraftError", "build", "draft_copy", "filed_copy", "to_seven_bit"]

# The draft's field, the message's, in the order of RFC 5322, 3.6.
_RECIPIENTS = (("to", "To"), ("cc", "Cc"), ("bcc", "Bcc"))
_NAMES = {"from_": "From", "reply_to": "Reply-To", **dict(_RECIPIENTS)}


def build(draft: Draft, now: datetime, blobs: Blobs) -> Outgoing:
    """The message and its envelope. ``now`` is aware of its zone; ``blobs`` returns a blob.

    Text is 8bit where it is not ASCII (see ``to_seven_bit``). Bcc is in the envelope alone.
    Raises DraftError for a wrong address, for no recipient at all, for an attachment that cannot
    be read. A draft without a ``message_id`` gets a new one, and so does one whose id has another
    domain than the sender's.
    """
    typed = {field: _checked(draft, field) for field in _NAMES}
    sender = typed["from_"][0].address if typed["from_"] else ""
    if len(typed["from_"]) != 1 or not sender:
        raise DraftError("From wants exactly one address", field="from_")
    recipients: dict[str, str] = {}
    for field, _ in _RECIPIENTS:
        for each in typed[field]:
            if each.address:
                recipients.setdefault(key(each.address), ascii_address(each.address))
    if not recipients:
        raise DraftError("Nobody to send this to: To, Cc and Bcc are empty", field="to")
    if len(recipients) > MAX_RECIPIENTS:
        raise DraftError(f"More than {MAX_RECIPIENTS} recipients", field="to")
    message_id = _message_id(draft, sender)
    parts = [_content(each, blobs) for each in draft.attachments]
    header = [
        *_address_fields(typed, ("From", "Reply-To", "To", "Cc")),
        *_common_fields(replace(draft, message_id=message_id), now),
    ]
    addresses = [each.address for field in typed for each in typed[field] if field != "bcc"]
    return Outgoing(
        account=draft.account,
        sender=ascii_address(sender),
        recipients=tuple(recipients.values()),
        message=entities.message(header, _body(draft, parts)),
        message_id=message_id,
        subject=fields.one_line(draft.subject),
        bcc=fields.one_line(draft.bcc),
        smtputf8=any(map(needs_smtputf8, (*addresses, *recipients.values()))),
    )


def _message_id(draft: Draft, sender: str) -> str:
    new = new_message_id(sender)
    given = next(iter(valid_ids([draft.message_id])), new)
    # From was another identity when it was saved, or another program put its machine's name there.
    return given if given.rpartition("@")[2] == new.rpartition("@")[2] else new


def _checked(draft: Draft, field: str) -> list[Typed]:
    """The addresses of one field. Raises DraftError for the first that is wrong."""
    found = parse(getattr(draft, field))
    for each in found:
        if each.problem:
            raise DraftError(
                f"{_NAMES[field]}: {fields.one_line(each.text)[:80]}: {each.problem}", field=field
            )
    return found


def _address_fields(typed: dict[str, list[Typed]], names: tuple[str, ...]) -> Fields:
    by_name = {name: typed[field] for field, name in _NAMES.items()}
    for name in names:
        if by_name[name]:
            yield name, fields.addresses(name, by_name[name])


def _common_fields(draft: Draft, now: datetime) -> Fields:
    """What a message and a draft have alike (RFC 5322, 3.6)."""
    yield "Subject", fields.unstructured("Subject", draft.subject)
    yield "Date", format_datetime(now)
    yield "Message-ID", draft.message_id
    if parents := valid_ids([draft.in_reply_to]):
        yield "In-Reply-To", fields.ids("In-Reply-To", parents)
    if references := valid_ids(draft.references)[-MAX_REFERENCES:]:
        yield "References", fields.ids("References", references)
    yield "User-Agent", USER_AGENT


def _body(draft: Draft, parts: list[EmailMessage]) -> EmailMessage:
    # A patch must arrive as it is: nothing is wrapped or stuffed.
    patch = looks_like_patch(draft.body)
    body = _exactly(draft.body) if patch else flowed.encode(draft.body)
    text = entities.text(body, flowed=not patch)
    return entities.multipart([text, *parts]) if parts else text


def _exactly(body: str) -> str:
    body = flowed.sendable(body)
    return body if body.endswith("\n") else f"{body}\n"


def _content(attachment: Attachment, blobs: Blobs) -> EmailMessage:
    data = _read(attachment, blobs)
    charset = text_charset(data) if attachment.content_type.startswith("text/") else ""
    return entities.attachment(attachment.name, attachment.content_type, data, charset=charset)


def _read(attachment: Attachment, blobs: Blobs) -> bytes:
    """An attachment's octets. Raises DraftError where they cannot be had."""
    name = fields.one_line(attachment.name)[:80]
    advice = "Attach it again, or take it out."
    if attachment.path is None and attachment.blob is None:
        raise DraftError(f"{name}: this file is not there", field="attachments", advice=advice)
    try:
        if attachment.path is None:
            assert attachment.blob is not None
            data = blobs(attachment.blob)
        else:
            # A FIFO or a device would never end, or never begin.
            if not attachment.path.is_file():
                raise FileNotFoundError(2, "no such file")
            with attachment.path.open("rb") as file:
                data = file.read(MAX_ATTACHMENT + 1)
    except (OSError, MailError, LookupError, ValueError) as error:
        why = getattr(error, "strerror", None) or getattr(error, "title", None) or "it is gone"
        raise DraftError(
            f"{name} cannot be read: {why}", field="attachments", advice=advice
        ) from error
    if len(data) > MAX_ATTACHMENT:
        raise DraftError(f"{name} is larger than 512 MiB", field="attachments", advice=advice)
    return data


def to_seven_bit(message: bytes) -> bytes:
    """The same message for a server without 8BITMIME (RFC 6152): 8bit parts quoted-printable.

    Fields are left as they are.
    """
    return narrowed(message)


def filed_copy(outgoing: Outgoing) -> bytes:
    """The copy for Sent: what was submitted, with its Bcc."""
    if not outgoing.bcc:
        return outgoing.message
    typed = [each for each in parse(outgoing.bcc) if not each.problem]
    line = f"Bcc: {fields.addresses('Bcc', typed)}\r\n".encode()
    end = re.search(rb"(?m)^\r\n", outgoing.message)
    at = end.start() if end else 0
    return outgoing.message[:at] + line + outgoing.message[at:]


def draft_copy(draft: Draft, now: datetime, blobs: Blobs) -> bytes:
    """The copy for the Drafts mailbox: nothing is checked, everything is kept, Bcc too.

    Fields of our own (``draft_fields``) hold what a message has no place for; ``build`` writes
    none of them. An attachment that cannot be read is kept by its name. Without a ``message_id``
    a new one is made up. Raises nothing of its own.
    """
    typed = {field: [e for e in parse(getattr(draft, field)) if not e.problem] for field in _NAMES}
    ids = valid_ids([draft.message_id]) or (new_message_id(bare(draft.from_)),)
    parts, lost = [], []
    for each in draft.attachments:
        try:
            parts.append(_content(each, blobs))
        except DraftError:
            lost.append(each)
    header = [
        *_address_fields(typed, ("From", "Reply-To", "To", "Cc", "Bcc")),
        *_common_fields(replace(draft, message_id=ids[0]), now),
        *draft_fields.written(draft, lost),
    ]
    return entities.message(header, _body(draft, parts))
