"""One message to a submission server (RFC 6409), or a look at what the server can do.

SMTP runs in a thread of its own; the transcript and the progress are told on the caller's loop.
Says "accepted" only after 250 to the whole message. Keeps nothing and tries nothing twice: when
to try again is decided by the outbox.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, cast

from tui_mail.config import Security, ServerUrl
from tui_mail.errors import Cancelled, ConnectionFailed, ProtocolError
from tui_mail.net import smtp_waits
from tui_mail.net.smtp_client import (
    EHLO_NAME,
    OnLoop,
    SmtpClient,
)
from tui_mail.net.smtp_codes import enhanced_code, explain, queue_id
from tui_mail.net.smtp_login import authenticate
from tui_mail.net.smtp_text import Refusal, Reply
from tui_mail.net.submission_results import (
    Accepted,
    RecipientsRefused,
    RefusedRecipient,
    SmtpCapabilities,
    SubmissionJob,
    SubmissionRefused,
    SubmissionUncertain,
)
from tui_mail.wire.sasl import LogIn
from tui_mail.wire.transcript import Recorder

__all__ = [
    "Accepted",
    "LogIn",
    "RecipientsRefused",
    "RefusedRecipient",
    "SmtpCapabilities",
    "SubmissionJob",
    "SubmissionRefused",
    "SubmissionUncertain",
    "capabilities",
    "submit",
]


GROUP = 50  # commands in one go (RFC 2920): the replies must fit in the server's send buffer
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_QUOTED = re.compile(r'"[^"\x00-\x1f\x7f]*"@')

Answer = TypeVar("Answer")


async def submit(
    server: ServerUrl,
    context: ssl.SSLContext,
    recorder: Recorder,
    login: LogIn | None,
    job: SubmissionJob,
    *,
    on_progress: Callable[[int, int], None],
    to_data: Callable[[], bool],
) -> Accepted:
    """Send the message; return only after the server's 250 to all of it.

    ``on_progress`` gets octets sent and octets in all, on the loop. ``to_data`` is called on the
    worker thread right before DATA and may block: False ends it without a trace (``Cancelled``).
    Every recipient is tried; when only some are refused nothing is sent. A cancelled task cuts
    the line; after ``to_data`` it is then not known what became of the message.

    Raises ``SubmissionRefused`` (also for the network, with ``temporary``), ``RecipientsRefused``,
    ``SubmissionUncertain``, ``Cancelled``, ``AuthenticationFailed``, ``InsecureConnection``.
    """
    on_loop = OnLoop()

    def work(client: SmtpClient) -> Accepted:
        _begin(client, server, login)
        return _send(client, job, to_data, lambda *octets: on_loop(on_progress, *octets))

    client = SmtpClient(server, context, recorder, on_loop, f"send: {job.subject}".rstrip(": "))
    return await _in_thread(client, on_loop, work)


async def capabilities(
    server: ServerUrl, context: ssl.SSLContext, recorder: Recorder, login: LogIn | None
) -> SmtpCapabilities:
    """EHLO, STARTTLS, AUTH and QUIT: whether the login is right, and what may be sent.

    Raises ``SubmissionRefused``, ``AuthenticationFailed`` or ``InsecureConnection``.
    """
    on_loop = OnLoop()

    def work(client: SmtpClient) -> SmtpCapabilities:
        _begin(client, server, login)
        return client.capabilities()

    client = SmtpClient(server, context, recorder, on_loop, "test the login")
    return await _in_thread(client, on_loop, work)


async def _in_thread(
    client: SmtpClient, on_loop: OnLoop, work: Callable[[SmtpClient], Answer]
) -> Answer:
    done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    done.add_done_callback(asyncio.Future.exception)  # there may be nobody waiting any more

    def finish(answer: Answer | None, error: Exception | None) -> None:
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(cast(Answer, answer))

    def run() -> None:
        try:
            answer = _explaining(client, work)
        except Exception as error:
            on_loop(finish, None, error)
        else:
            on_loop(finish, answer, None)

    # A daemon, and not of the loop's pool: a name server may keep it long after all is over.
    threading.Thread(target=run, name="smtp", daemon=True).start()
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        client.abort()
        await asyncio.wait([done], timeout=smtp_waits.PARTING)
        raise


def _explaining(client: SmtpClient, work: Callable[[SmtpClient], Answer]) -> Answer:
    """Do the work and leave; what goes wrong with the line is told by how far it had come."""
    try:
        try:
            return work(client)
        finally:
            client.leave()
    except Refusal as refusal:
        raise _refused(client, refusal.reply) from None
    except (ConnectionFailed, ProtocolError) as error:
        if client.final_dot:
            raise SubmissionUncertain(
                f"All of the message was sent, but not whether it was taken: {error.title}",
                reply=error.server_line,
            ) from error
        raise SubmissionRefused(
            error.title,
            stage=client.stage,
            reply=error.server_line,
            advice=error.advice,
            temporary=True,
        ) from error


# The conversation


def _begin(client: SmtpClient, server: ServerUrl, login: LogIn | None) -> None:
    _expect(client.open(), 220)
    _greet(client)
    if server.security is Security.STARTTLS:
        client.go_secure()
        _greet(client)
    if login is not None:
        authenticate(client, server, login)


def _greet(client: SmtpClient) -> None:
    client.stage = "EHLO"
    client.patience = smtp_waits.GREETING
    code, _text = client.ehlo()
    if code >= 500:  # it knows HELO alone (RFC 5321, 3.2)
        _expect(client.ask(f"HELO {EHLO_NAME}", smtp_waits.GREETING), 250)
    else:
        _expect(client.last_reply, 250)


def _send(
    client: SmtpClient,
    job: SubmissionJob,
    to_data: Callable[[], bool],
    on_progress: Callable[[int, int], None],
) -> Accepted:
    client.patience = smtp_waits.COMMAND
    known = client.capabilities()
    mail, message = _prepared(client, job, known)
    refused = _envelope(client, mail, job.recipients, GROUP if known.pipelining else 1)
    if refused:
        _forget(client)
        raise _recipients_refused(client, job.recipients, refused)
    if not to_data():
        _forget(client)
        raise Cancelled("Sending was cancelled; nothing was sent")
    client.stage = "DATA"
    _expect(client.ask("DATA", smtp_waits.DATA), 354)
    client.stage = "message"
    client.send_content(message, on_progress)
    reply = client.reply(smtp_waits.FINAL)
    if reply.code == 250:
        return Accepted(reply.text, queue_id(reply.text), known)
    if reply.code >= 400:
        raise Refusal(reply)
    raise SubmissionUncertain(
        f"{client.host_name} gave an answer to the message that means nothing", reply=reply.whole
    )


def _prepared(client: SmtpClient, job: SubmissionJob, known: SmtpCapabilities) -> tuple[str, bytes]:
    """The MAIL command (RFC 5321, 4.1.1.2), and the message as this server can take it."""
    client.stage = "MAIL FROM"
    message = job.message
    if job.smtputf8:
        if not known.smtputf8:
            raise SubmissionRefused(
                f"{client.host_name} cannot send to or from addresses outside ASCII (no SMTPUTF8)",
                stage=client.stage,
                enhanced="5.6.7",
                advice="Use another address of the same person, or another account.",
            )
        client.command_encoding = "utf-8"
    elif not (known.eight_bit or message.isascii()):
        message = job.to_seven_bit(message)
    if known.size is not None and len(message) > known.size:
        raise SubmissionRefused(
            f"The message has {len(message):,} octets, and {client.host_name} takes "
            f"{known.size:,} at most",
            stage=client.stage,
            enhanced="5.3.4",
            reply=f"250-SIZE {known.size}",
            advice=explain(0, "5.3.4").advice,
        )
    wrong = [each for each in (job.sender, *job.recipients) if not _may_be_sent(each, job)]
    if wrong:
        raise SubmissionRefused(
            f"This is no address that can be sent to a server: {wrong[0]!r}",
            stage=client.stage,
            enhanced="5.1.3",
            advice=explain(0, "5.1.3").advice,
        )
    parameters = {
        f" SIZE={len(message)}": client.has_extn("size"),
        " BODY=8BITMIME": known.eight_bit and not message.isascii(),
        " SMTPUTF8": job.smtputf8,
    }
    given = "".join(text for text, wanted in parameters.items() if wanted)
    return f"MAIL FROM:<{job.sender}>{given}", message


def _may_be_sent(address: str, job: SubmissionJob) -> bool:
    """Whether a command line can carry it; whether it is an address is for the server to say."""
    bare = _QUOTED.sub("@", address)  # a quoted local part may hold spaces and angle brackets
    return (
        not _CONTROL.search(bare)
        and not set(bare) & set("<>")
        and (job.smtputf8 or address.isascii())
    )


def _envelope(
    client: SmtpClient, mail: str, recipients: tuple[str, ...], group: int
) -> tuple[RefusedRecipient, ...]:
    """MAIL and RCPT for each, ``group`` commands at a time; the recipients that were refused."""
    commands = [mail, *(f"RCPT TO:<{address}>" for address in recipients)]
    refused = []
    for start in range(0, len(commands), group):
        some = range(start, min(start + group, len(commands)))
        client.say_all([commands[number] for number in some])
        for number in some:
            client.stage = "RCPT TO" if number else "MAIL FROM"
            reply = client.reply(smtp_waits.COMMAND)
            if reply.code == 421 or not (number or reply.positive):
                raise Refusal(reply)
            if not reply.positive:
                address = recipients[number - 1]
                meaning = explain(reply.code, reply.enhanced)
                refused.append(RefusedRecipient(address, reply.code, reply.whole, meaning.what))
    return tuple(refused)


def _forget(client: SmtpClient) -> None:
    """RSET: nothing of this message stays with the server. What it answers changes nothing."""
    with suppress(ConnectionFailed, ProtocolError, Refusal):
        client.ask("RSET", smtp_waits.QUIT)


def _expect(reply: Reply, code: int) -> None:
    if reply.code >= 400:
        raise Refusal(reply)
    if reply.code != code:
        raise ProtocolError(
            f"The server said {reply.code} where {code} belongs", server_line=reply.whole
        )


# What a refusal means


def _refused(client: SmtpClient, reply: Reply) -> SubmissionRefused:
    meaning = explain(reply.code, reply.enhanced)
    return SubmissionRefused(
        f"{client.host_name} {_DID_NOT[client.stage]}: {meaning.what}",
        stage=client.stage,
        code=reply.code,
        enhanced=reply.enhanced,
        reply=reply.whole,
        advice=meaning.advice,
        temporary=reply.code // 100 == 4,
    )


_DID_NOT = {
    "connect": "turned the connection away",
    "EHLO": "turned the connection away",
    "STARTTLS": "did not begin TLS",
    "AUTH": "did not let you log in",
    "MAIL FROM": "did not take the sender",
    "RCPT TO": "did not take the recipients",
    "DATA": "did not take the message",
    "message": "did not take the message",
}


def _recipients_refused(
    client: SmtpClient, recipients: tuple[str, ...], refused: tuple[RefusedRecipient, ...]
) -> SubmissionRefused | RecipientsRefused:
    addresses = {each.address for each in refused}
    accepted = tuple(each for each in recipients if each not in addresses)
    if accepted:
        named = ", ".join(addresses) if len(addresses) < 4 else f"{len(addresses)} addresses"
        return RecipientsRefused(
            f"{client.host_name} did not take {named}, so nothing was sent",
            refused=refused,
            accepted=accepted,
        )
    first = next((each for each in refused if each.code >= 500), refused[0])
    enhanced = enhanced_code(first.reply[4:])
    meaning = explain(first.code, enhanced)
    return SubmissionRefused(
        f"{client.host_name} did not take {first.address}: {meaning.what}",
        stage="RCPT TO",
        code=first.code,
        enhanced=enhanced,
        reply="\n".join(each.reply for each in refused),
        advice=meaning.advice,
        temporary=first.code < 500,
        refused=refused,
    )
