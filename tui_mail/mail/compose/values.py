"""What a person writes, and what becomes of it, in frozen values. No I/O, no MIME.

A ``Draft`` holds the fields as they were typed, right or wrong. An ``Outgoing`` is a message as it
goes to the submission server, byte for byte, with the envelope it goes under.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


@dataclass(frozen=True, slots=True)
class MessageReference:
    """A message in a mailbox: ``uid`` counts under ``uid_validity`` alone (RFC 9051, 2.3.1.1)."""

    account: str
    mailbox: bytes
    uid_validity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file to go with a draft: on the person's disk (``path``) or kept in the store (``blob``).

    ``name`` is what the recipient sees, ``content_type`` is ``type/subtype`` in lower case,
    ``size`` counts octets before any transfer encoding.
    """

    name: str
    content_type: str
    size: int
    path: Path | None = None
    blob: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A message being written. The address fields hold what was typed, comma separated.

    ``from_`` is ``Name <address>``, one of the account's identities or any other.
    ``references`` and ``in_reply_to`` are message ids with their angle brackets.
    ``answers`` gets ``\\Answered`` once this is sent, each of ``forwards`` gets ``$Forwarded``.
    ``saved`` is its copy in the Drafts mailbox, replaced by the next one and gone once sent.
    ``message_id`` is given when the draft is first saved, and stays.
    """

    account: str
    from_: str
    to: str = ""
    cc: str = ""
    bcc: str = ""
    reply_to: str = ""
    subject: str = ""
    body: str = ""
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    answers: MessageReference | None = None
    forwards: tuple[MessageReference, ...] = ()
    saved: MessageReference | None = None
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A built message and its envelope.

    ``sender`` and ``recipients`` are bare addresses for MAIL FROM and RCPT TO (RFC 5321, 4.1.1),
    domains in ASCII. ``message`` has CRLF line ends and no Bcc; text parts may be 8bit.
    ``bcc`` is the header's value for the copy that is filed in Sent, "" for none.
    ``smtputf8`` says that it cannot go without that extension (RFC 6531).
    """

    account: str
    sender: str
    recipients: tuple[str, ...]
    message: bytes
    message_id: str
    subject: str
    bcc: str = ""
    smtputf8: bool = False


class Sending(Enum):
    """Where a message of the outbox stands."""

    HELD = "held"  # may be called back until its time comes
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"  # the server has said 250; the copy for Sent is still to be filed
    FILED = "filed"
    FAILED = "failed"  # refused for good; a person decides
    UNCERTAIN = "uncertain"  # the line broke between the final dot and the reply; a person decides
    PARTLY_REFUSED = "some recipients refused"  # nothing was sent; a person decides


@dataclass(frozen=True, slots=True)
class RefusedRecipient:
    """One address RCPT TO was refused for, with the server's own words."""

    address: str
    code: int
    reply: str


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One message of the outbox as it stands. Times are in seconds since the epoch.

    ``due`` is when it is tried next, None when only a person moves it on; one that is not in the
    future is being tried. ``reply`` is the server's last word on it, ``explanation`` says in plain
    words what that means and what to try, ``queue_id`` is from the final 250. ``draft`` is the
    number of the draft it was made from, for correcting it.
    """

    id: int
    account: str
    state: Sending
    subject: str
    recipients: tuple[str, ...]
    size: int
    created: float
    due: float | None = None
    tries: int = 0
    reply: str = ""
    queue_id: str = ""
    refused: tuple[RefusedRecipient, ...] = ()
    draft: int | None = None
    explanation: str = ""
