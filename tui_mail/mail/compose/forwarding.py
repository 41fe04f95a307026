"""Passing a message on: its text in a new one, as an attachment, or itself. No I/O."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from tui_mail.errors import MailError
from tui_mail.mail.compose import fields, subjects
from tui_mail.mail.compose.addresses import ascii_address, key, needs_smtputf8, parse
from tui_mail.mail.compose.draft_error import DraftError
from tui_mail.mail.compose.message_id import new_message_id
from tui_mail.mail.compose.mime import field_body, split_header
from tui_mail.mail.compose.original import Original
from tui_mail.mail.compose.replying import identity, signed
from tui_mail.mail.compose.seven_bit import crlf
from tui_mail.mail.compose.values import Draft, Outgoing
from tui_mail.mail.compose.writer import Writer
from tui_mail.mail.headers import decode_header

MARK = "-------- Forwarded message --------"
MAX_SHOWN = 2000  # characters of a field in the block

_SHOWN = ("From", "Date", "Subject", "To", "Cc")
# One field with its continuation lines. It names people who were to stay unnamed.
_BLIND = re.compile(rb"^(?:Resent-)?Bcc[ \t]*:.*\n(?:[ \t].*\n)*", re.IGNORECASE | re.MULTILINE)
# What a mailbox file puts before a message; in a header it is a line that is no field.
_MBOX = re.compile(rb"\A(?:From [^\n]*\n)+")


def forward_inline(original: Original, writer: Writer) -> Draft:
    """Its text below a block of its header fields, its attachments attached again.

    Wants a ``whole_original`` if the message has attachments.
    """
    block = [MARK]
    for name in _SHOWN:
        if value := original.field(name):
            block.append(f"{name}: {value[:MAX_SHOWN]}")
    body = "\n".join(("", "", *block, "", original.text))
    return Draft(
        account=writer.account.name,
        from_=identity(original, writer),
        subject=subjects.forward(original.field("Subject")),
        body=signed(f"{body}\n", writer),
        attachments=original.attachments,
        forwards=(original.reference,) if original.reference else (),
    )


def forward_attached(originals: Sequence[Original], writer: Writer) -> Draft:
    """Each message whole as message/rfc822. Raises MailError unless every one has been read whole
    (``whole_original``) and there is one."""
    messages = tuple(each.message for each in originals if each.message is not None)
    if not messages or len(messages) < len(originals):
        raise MailError("The message to forward has not been read whole")
    subject = originals[0].field("Subject") if len(originals) == 1 else ""
    return Draft(
        account=writer.account.name,
        from_=identity(originals[0], writer),
        subject=subjects.forward(subject) if len(originals) == 1 else "Fwd:",
        body=signed("", writer),
        attachments=messages,
        forwards=tuple(each.reference for each in originals if each.reference),
    )


def bounce(raw: bytes, writer: Writer, to: str, now: datetime) -> Outgoing:
    """The message as it is, to somebody else: Resent-* fields put before it (RFC 5322, 3.6.6).

    Nothing of it changes but its line ends, and that a Bcc field goes. It is sent on by whom it
    came to. ``to`` is what was typed, ``now`` is aware of its zone. ``message_id`` of what is
    returned is the Resent-Message-ID. Raises DraftError for a wrong address, or none.
    """
    typed = parse(to)
    wrong = next((each for each in typed if each.problem), None)
    if wrong is not None:
        raise DraftError(f"{fields.one_line(wrong.text)[:80]}: {wrong.problem}", field="to")
    recipients = {key(each.address): ascii_address(each.address) for each in typed if each.address}
    if not recipients:
        raise DraftError("Nobody to send this to", field="to")
    header, body = split_header(_MBOX.sub(b"", crlf(raw)))
    sender = parse(identity(Original(header, ""), writer))
    address = ascii_address(sender[0].address)
    message_id = new_message_id(address)
    resent = (
        ("Resent-From", fields.addresses("Resent-From", sender)),
        ("Resent-To", fields.addresses("Resent-To", typed)),
        ("Resent-Date", format_datetime(now)),
        ("Resent-Message-ID", message_id),
    )
    block = "".join(f"{name}: {value}\r\n" for name, value in resent).encode("utf-8")
    return Outgoing(
        account=writer.account.name,
        sender=address,
        recipients=tuple(recipients.values()),
        message=block + _BLIND.sub(b"", header) + b"\r\n" + body,
        message_id=message_id,
        subject=decode_header(field_body(header, "Subject")),
        smtputf8=any(map(needs_smtputf8, (address, *recipients.values()))),
    )
