"""``tui-mail send``: one message from the shell, no terminal needed.

The message goes through the outbox like any other, so that nothing that happens to this program
loses it or sends it twice.
"""

from __future__ import annotations

import argparse
import queue
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tui_mail.config import Account, Config
from tui_mail.errors import ConfigError, MailError

if TYPE_CHECKING:
    from types import FrameType

    from tui_mail.mail import events
    from tui_mail.mail.compose.values import Draft, OutboxEntry
    from tui_mail.mail.service import MailService

SENT, NOT_SENT, LATER = 0, 1, 75  # the last is EX_TEMPFAIL of sysexits.h
BODY_LIMIT = 64 * 1024 * 1024  # octets of standard input
FILING_WAIT = 30.0  # seconds for the copy in Sent, once the message itself is sent


def send(settings: Config, options: argparse.Namespace, *, read_only: bool) -> int:
    """Send what standard input holds; the exit status: 0 once the server has said 250.

    1 for a refusal, 75 for one that may pass; why is on standard error. What was not sent is not
    kept, but for what was typed at a terminal. Raises MailError for what is wrong before that.
    """
    draft = _draft(settings, options)
    from tui_mail.mail.service import MailService

    service = MailService(settings, read_only=read_only, standalone=True, sends=not options.queue)
    heard: queue.SimpleQueue[events.Event] = queue.SimpleQueue()
    service.listen(heard.put)
    service.start()
    try:
        with _interruptible():
            service.opened().result()
            number = service.writing.new_draft(draft).result()
            return _Sending(service, number, heard).run(queue_only=options.queue)
    finally:
        service.stop()


def _draft(settings: Config, options: argparse.Namespace) -> Draft:
    from tui_mail.mail.charsets import decode_unknown
    from tui_mail.mail.compose.attaching import attach
    from tui_mail.mail.compose.values import Draft

    if not (options.to or options.cc or options.bcc):
        raise ConfigError("send: expected an ADDRESS, or one with -c or -b")
    account, identity = _identity(settings, options.account, options.identity)
    attachments = tuple(attach(each) for each in options.attach)
    data = sys.stdin.buffer.read(BODY_LIMIT + 1)
    if len(data) > BODY_LIMIT:
        raise ConfigError(f"standard input is longer than {BODY_LIMIT >> 20} MiB")
    return Draft(
        account.name,
        identity,
        to=", ".join(options.to),
        cc=", ".join(options.cc),
        bcc=", ".join(options.bcc),
        subject=options.subject,
        body=decode_unknown(data).replace("\r\n", "\n"),
        attachments=attachments,
    )


def _identity(settings: Config, name: str | None, wanted: str | None) -> tuple[Account, str]:
    """The account to send from, and whom to write as. Raises ConfigError."""
    accounts = [each for each in settings.accounts if name in (None, each.name)]
    if not accounts:
        known = ", ".join(each.name for each in settings.accounts)
        raise ConfigError(f"--account {name}: expected one of {known}")
    if wanted is None:
        return accounts[0], str(accounts[0].identities[0])
    from tui_mail.mail.compose.addresses import bare, key

    address = key(bare(wanted))
    for account in accounts:
        for each in account.identities:
            if key(each.address) == address or each.name.casefold() == wanted.casefold():
                # A name that was given with the address is the one that is meant.
                return account, wanted if "<" in wanted else str(each)
    if not address:
        raise ConfigError(f"--from {wanted}: expected an address or a name of an account")
    return accounts[0], wanted


class _Sending:
    """Follows one message through the outbox."""

    def __init__(
        self, service: MailService, draft: int, heard: queue.SimpleQueue[events.Event]
    ) -> None:
        self._writing = service.writing
        self._service = service
        self._draft = draft
        self._heard = heard

    def run(self, *, queue_only: bool) -> int:
        try:
            entry = self._writing.send(self._draft, hold=0).result()
        except BaseException:
            self._writing.discard_draft(self._draft).result()
            raise
        if queue_only:
            return SENT
        try:
            return self._follow(entry.id)
        except KeyboardInterrupt:
            # Either it is not handed over any more, or nobody knows.
            with suppress(MailError):
                self._take_back(entry.id)
                _say("interrupted; nothing was sent")
                raise
            _say("interrupted; it may have been sent: look into the outbox of tui-mail")
            raise

    def _follow(self, number: int) -> int:
        from tui_mail.mail.compose.values import Sending

        while True:
            entry = self._next(number)
            match entry.state:
                case Sending.HELD | Sending.SENDING:
                    continue
                case Sending.QUEUED if not entry.tries:
                    continue
                case Sending.ACCEPTED | Sending.FILED:
                    self._wait_until_filed(entry)
                    return SENT
                case Sending.UNCERTAIN:
                    _say_why(entry)
                    _say("it may have been sent; the outbox of tui-mail has it as uncertain")
                    return NOT_SENT
                case Sending.QUEUED:
                    # What it advises is for who leaves it in the outbox.
                    _say_why(replace(entry, explanation=entry.explanation.partition("\n")[0]))
                    _say("not sent: try again later, or leave it in the outbox with --queue")
                    self._take_back(number)
                    return LATER
                case _:
                    _say_why(entry)
                    self._take_back(number)
                    return NOT_SENT

    def _wait_until_filed(self, entry: OutboxEntry) -> None:
        """The message is sent; its copy in Sent is a matter of its own."""
        from tui_mail.mail.compose.values import Sending

        with suppress(queue.Empty):
            while entry.state is Sending.ACCEPTED and not entry.explanation:
                entry = self._next(entry.id, FILING_WAIT)
        if entry.state is Sending.ACCEPTED:
            _say("sent; the copy for Sent is filed when tui-mail runs next")
            _say_why(entry)

    def _next(self, number: int, timeout: float | None = None) -> OutboxEntry:
        """How it stands now, once that has changed. Raises ``queue.Empty`` after ``timeout``."""
        from tui_mail.mail import events

        while True:
            event = self._heard.get(timeout=timeout)
            if isinstance(event, events.PasswordWanted):
                # There is nobody to ask.
                self._service.give_password(
                    event.account, None, remember=False, sending=event.sending
                )
                for line in event.reason.splitlines() or ["it is not known"]:
                    _say(f"the password of {event.user}@{event.host}: {line}")
                option = " --smtp" if event.sending else ""
                _say(f"keep it in the keyring with: tui-mail password {event.account}{option}")
            entry = event.entry if isinstance(event, events.OutboxChanged) else None
            if entry is not None and entry.id == number:
                return entry

    def _take_back(self, number: int) -> None:
        """Out of the outbox; what a person has typed stays as a draft. Raises MailError."""
        if sys.stdin.isatty():
            self._writing.call_back(number).result()
            _say("what you typed is kept as a draft")
        else:
            self._writing.drop(number).result()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Being told to end is not being killed: there is time to take the message back."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    wanted = (signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, interrupt) for each in wanted}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _say_why(entry: OutboxEntry) -> None:
    for line in (*entry.explanation.splitlines(), *entry.reply.splitlines()):
        _say(line)


def _say(line: str) -> None:
    from tui_mail.sanitize import clean

    print(f"tui-mail: {clean(line)}", file=sys.stderr)
