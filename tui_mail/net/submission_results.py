"""What a submission needs and what comes of it, in frozen values and errors. No I/O.

``temporary`` says of each error whether the same message may be tried again later on its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tui_mail.errors import MailError


@dataclass(frozen=True, slots=True)
class SubmissionJob:
    """One message and its envelope (RFC 5321, 2.3.1).

    ``sender`` and ``recipients`` are bare addresses with ASCII domains; ``sender`` may be "".
    ``message`` has no Bcc; its text may be 8bit. ``to_seven_bit`` makes it fit for a server
    without 8BITMIME. ``smtputf8``: it cannot go without that extension (RFC 6531).
    ``subject`` only says in the transcript which message this is.
    """

    sender: str
    recipients: tuple[str, ...]
    message: bytes = field(repr=False)
    to_seven_bit: Callable[[bytes], bytes]
    smtputf8: bool = False
    subject: str = ""


@dataclass(frozen=True, slots=True)
class SmtpCapabilities:
    """What the server said to EHLO, the last time it was asked on this connection.

    ``size`` is the largest message it takes in octets (RFC 1870), None when it does not say.
    ``mechanisms`` are upper case. ``extended`` is False for a server that knows HELO alone.
    """

    extended: bool
    encrypted: bool
    size: int | None
    eight_bit: bool
    smtputf8: bool
    pipelining: bool
    starttls: bool
    mechanisms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server has said 250 to the whole message.

    ``reply`` is that line without the code; ``queue_id`` is "" where it names none.
    """

    reply: str
    queue_id: str
    capabilities: SmtpCapabilities


@dataclass(frozen=True, slots=True)
class RefusedRecipient:
    """One address RCPT TO was refused for. ``reply`` is the server's line, code and all."""

    address: str
    code: int
    reply: str
    explanation: str = ""


class SubmissionRefused(MailError):
    """The server has not taken the message, and that is certain.

    ``stage`` is where it ended: connect, EHLO, STARTTLS, AUTH, MAIL FROM, RCPT TO, DATA or
    message. ``code`` is the reply's (RFC 5321, 4.2), 0 when there was none; ``enhanced`` is such
    as ``5.1.1`` (RFC 3463) or "". ``reply`` is the server's whole reply. ``refused`` are the
    addresses where every one was refused.
    """

    def __init__(
        self,
        title: str,
        *,
        stage: str,
        code: int = 0,
        enhanced: str = "",
        reply: str = "",
        advice: str = "",
        temporary: bool = False,
        refused: tuple[RefusedRecipient, ...] = (),
    ) -> None:
        super().__init__(title, server_line=reply, advice=advice)
        self.stage = stage
        self.code = code
        self.enhanced = enhanced
        self.reply = reply
        self.temporary = temporary
        self.refused = refused


class RecipientsRefused(MailError):
    """Some addresses were refused, others not, and so nothing was sent to anybody.

    ``temporary`` when every refusal was (4xx).
    """

    def __init__(
        self, title: str, *, refused: tuple[RefusedRecipient, ...], accepted: tuple[str, ...]
    ) -> None:
        super().__init__(
            title,
            server_line="\n".join(each.reply for each in refused),
            advice="Correct or remove these addresses, or send it to the others alone.",
        )
        self.refused = refused
        self.accepted = accepted
        self.temporary = all(each.code < 500 for each in refused)


class SubmissionUncertain(MailError):
    """All of the message was sent, and nothing tells whether the server took it.

    Trying again may send it twice, so a person decides. ``reply`` is what came in the place of
    an answer, or "".
    """

    def __init__(self, title: str, *, reply: str = "") -> None:
        super().__init__(
            title,
            server_line=reply,
            advice="Look whether it has arrived (in Sent, or ask) before sending it again.",
        )
        self.reply = reply
