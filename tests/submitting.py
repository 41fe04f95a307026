"""Sending to a server of the tests, and comparing what it took with what the program says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from tui_mail.config import ServerUrl
from tui_mail.errors import MailError
from tui_mail.net.stream import tls_context
from tui_mail.net.submission import Accepted, LogIn, SubmissionJob, SubmissionUncertain, submit
from tui_mail.wire.transcript import Transcript

Outcome: TypeAlias = Accepted | MailError
MESSAGE = b"From: anna@example.org\r\nSubject: hello\r\n\r\nline\r\n.dot\r\n..dots\r\n"
ANNA = LogIn("anna", "secret")


def job(
    *recipients: str,
    sender: str = "anna@example.org",
    message: bytes = MESSAGE,
    to_seven_bit: Callable[[bytes], bytes] = lambda message: message,
    smtputf8: bool = False,
) -> SubmissionJob:
    return SubmissionJob(
        sender, recipients or ("bert@example.org",), message, to_seven_bit, smtputf8, "hello"
    )


async def outcome(
    url: str,
    what: SubmissionJob,
    login: LogIn | None = ANNA,
    *,
    ca_file: Path | None = None,
    transcript: Transcript | None = None,
    to_data: Callable[[], bool] = lambda: True,
    progress: list[tuple[int, int]] | None = None,
) -> Outcome:
    """What ``submit`` says: a value for "sent", an error for everything else."""
    seen = [] if progress is None else progress
    recorder = (transcript or Transcript()).recorder("work/smtp")
    try:
        async with asyncio.timeout(20):
            return await submit(
                ServerUrl.parse(url, "smtp"),
                tls_context(ca_file),
                recorder,
                login,
                what,
                on_progress=lambda *octets: seen.append(octets),
                to_data=to_data,
            )
    except MailError as error:
        return error


def agree(said: Outcome, taken: int) -> None:
    """ "Sent" is said of what the server has, "refused" of what it has not, and nothing else."""
    if isinstance(said, SubmissionUncertain):
        assert not said.temporary, "it would be tried again, and sent twice"
    else:
        assert taken == isinstance(said, Accepted), f"the server took {taken}: {said!r}"
