"""One try to send one message: the login, the submission, and what its answer means for it.

Decides nothing about when to try again, and writes nothing but that a message is being sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tui_mail import config
from tui_mail.config import ServerUrl
from tui_mail.errors import (
    AuthenticationFailed,
    Cancelled,
    ConfigError,
    LoginNotOffered,
    MailError,
)
from tui_mail.mail.compose.values import Outgoing, RefusedRecipient, Sending
from tui_mail.mail.logging_in import LoggingIn
from tui_mail.net.stream import context_for
from tui_mail.wire.sasl import LogIn
from tui_mail.wire.transcript import Transcript

LABEL = "smtp"  # what the transcript calls the connection


@dataclass(frozen=True, slots=True)
class Outcome:
    """``state`` is ACCEPTED, QUEUED (again, later), FAILED, PARTLY_REFUSED or UNCERTAIN.

    ``reply`` is the server's own line where there is one; ``explanation`` says in plain words
    what happened and what to try. ``size`` is the largest message the server takes, in octets,
    when it has said. ``offline``: it was the way to the server that failed.
    """

    state: Sending
    reply: str = ""
    explanation: str = ""
    queue_id: str = ""
    size: int | None = None
    refused: tuple[RefusedRecipient, ...] = ()
    offline: bool = False


async def submit(
    settings: config.Account,
    logging_in: LoggingIn,
    transcript: Transcript,
    outgoing: Outgoing,
    *,
    on_progress: Callable[[int, int], None],
    to_data: Callable[[], bool],
) -> Outcome:
    """Try to send it. ``to_data`` is called right before DATA, on another thread.

    A person is asked for a password that the server takes, until there is one or they give up.

    Raises ``Cancelled`` when that said no or the person gave no password, and whatever
    ``to_data`` raises; nothing was sent then.
    """
    # The standard library's SMTP and e-mail take their time to load; most starts send nothing.
    from tui_mail.mail.compose.build import to_seven_bit
    from tui_mail.net import submission

    try:
        server = settings.smtp
        if server is None:
            raise ConfigError(
                f"The account {settings.name} has no smtp URL to send through",
                advice='Add smtp = "smtps://USER@HOST" to it in the configuration.',
            )
        context = await asyncio.to_thread(context_for, server, settings.ca_file)
        recorder = transcript.recorder(f"{settings.name}/{LABEL}")
        job = submission.SubmissionJob(
            outgoing.sender,
            outgoing.recipients,
            outgoing.message,
            to_seven_bit,
            outgoing.smtputf8,
            outgoing.subject,
        )
        login = await logging_in.find(server) if server.user else None
        while True:
            try:
                accepted = await submission.submit(
                    server,
                    context,
                    recorder,
                    login,
                    job,
                    on_progress=on_progress,
                    to_data=to_data,
                )
                break
            except AuthenticationFailed as error:
                login = await _another(logging_in, server, login, error)
    except submission.SubmissionUncertain as error:
        return Outcome(Sending.UNCERTAIN, *_words(error))
    except submission.RecipientsRefused as error:
        refused = tuple(
            RefusedRecipient(each.address, each.code, each.reply) for each in error.refused
        )
        return Outcome(Sending.PARTLY_REFUSED, *_words(error), refused=refused)
    except submission.SubmissionRefused as error:
        refused = tuple(
            RefusedRecipient(each.address, each.code, each.reply) for each in error.refused
        )
        state = Sending.QUEUED if error.temporary else Sending.FAILED
        offline = error.temporary and not error.code
        return Outcome(state, *_words(error), refused=refused, offline=offline)
    return Outcome(
        Sending.ACCEPTED,
        f"250 {accepted.reply}".strip(),
        queue_id=accepted.queue_id,
        size=accepted.capabilities.size,
    )


async def _another(
    logging_in: LoggingIn, server: ServerUrl, refused: LogIn | None, error: AuthenticationFailed
) -> LogIn:
    """What to log in with after a refusal. Raises ``error`` where there is nothing else."""
    if refused is None or isinstance(error, LoginNotOffered):
        raise error
    if refused.token:
        # An access token lives for an hour; the next one may be as good as a password.
        again = await logging_in.find(server, refused=refused)
        if again == refused:
            raise error
        return again
    try:
        await logging_in.ask(str(error), server)
    except Cancelled:
        raise error from None
    return await logging_in.find(server)


def failed(error: MailError) -> Outcome:
    """What has to do with this program or its configuration, not with the message."""
    return Outcome(Sending.QUEUED if error.temporary else Sending.FAILED, *_words(error))


def _words(error: MailError) -> tuple[str, str]:
    return error.server_line, "\n".join(part for part in (error.title, error.advice) if part)
