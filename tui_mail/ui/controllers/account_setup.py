"""What the account form does: look for servers, try both logins, keep what let the person in.

Everything that waits is work of the form's, and can be stopped. Nothing is written before both
logins worked, or a person said to keep it all the same; the file comes last.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_mail import config_values
from tui_mail.config import Account, Config
from tui_mail.credentials import KeyringUnavailable
from tui_mail.errors import ConfigError, CredentialError, InsecureConnection, MailError
from tui_mail.mail import new_account
from tui_mail.net import discover
from tui_mail.net.discover import Guess, Tried
from tui_mail.net.stream import tls_context
from tui_mail.ui.screens.confirm import Confirm
from tui_mail.ui.widgets.prompt import Prompt
from tui_mail.wire.transcript import Transcript

if TYPE_CHECKING:
    from tui_mail.ui.screens.account_form import AccountForm, Line

_CHECK, _LOOK = "check", "look"
_SERVERS = {"imap": "IMAP", "smtp": "SMTP"}


@dataclass(frozen=True, slots=True)
class NewAccount:
    """The account ``name`` is in ``config`` now. ``password`` is for this run alone: it is None
    where the keyring or a command has it."""

    config: Config
    name: str
    password: str | None = field(default=None, repr=False)


class AccountSetup:
    """The work behind one form."""

    def __init__(
        self,
        form: AccountForm,
        transcript: Transcript,
        file: Path,
        existing: Config | None,
        ca_file: Path | None,
    ) -> None:
        self._form = form
        self._transcript = transcript
        self._file = file
        self._there = existing.accounts if existing else ()
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = None
        self._looked_for = ""
        self._proposed = {"imap": "", "smtp": ""}
        self._outside: dict[str, str] = {}  # host: the DNS record that names it
        self._failed: tuple[Account, str] | None = None
        self._keeping = False

    @property
    def may_keep_untried(self) -> bool:
        """Whether something was tried, failed, and still stands in the form."""
        return self._failed is not None and self._failed[1] == self._form.typed.password

    # Looking for servers

    def address_left(self) -> None:
        """The cursor has left the address: look for its servers, once."""
        address = self._form.typed.address.strip()
        if address and address != self._looked_for:
            self.look_again()

    def look_again(self) -> None:
        address = self._form.typed.address.strip()
        try:
            address = config_values.email(address)[1]
            domain = discover.domain_of(address)
        except ValueError:
            expected = "expected an address such as anna@example.org"
            self._form.say((f"Address: {expected}", "error"))
            return
        self._looked_for = self._form.typed.address.strip()
        self._form.say((f"Looking for the servers of {domain} …", "status-busy"))
        self._form.work(lambda: self._look(address, domain), _LOOK)

    async def _look(self, address: str, domain: str) -> None:
        context = await self._tls()
        tried: list[Tried] = []
        found = dict(
            zip(
                _SERVERS,
                await asyncio.gather(
                    *(
                        discover.find(address, each, context, self._transcript, tried.append)
                        for each in _SERVERS
                    )
                ),
                strict=True,
            )
        )
        lines: list[Line] = []
        for protocol, guess in found.items():
            self._propose(protocol, guess, address)
            lines.append(_told(protocol, guess, domain))
        if any(guess is None for guess in found.values()):
            # A server that is there and not trusted tells more than a name that is not.
            errors = sorted(
                (each.error for each in tried if each.error is not None),
                key=lambda error: not isinstance(error, InsecureConnection),
            )
            if errors:
                lines.append((f"For one: {errors[0].title}", "dim"))
        outside = [guess for guess in found.values() if guess is not None and guess.outside]
        if outside:
            hosts = " and ".join(dict.fromkeys(guess.server.host for guess in outside))
            lines.append((f"Outside {domain}, named by DNS alone: {hosts}. Yours?", "notice"))
        if not self._form.busy:
            self._form.say(*lines)

    def _propose(self, protocol: str, guess: Guess | None, address: str) -> None:
        before = self._proposed[protocol]
        if guess is None:
            value = ""
        else:
            value = str(guess.server)
            if guess.outside:
                self._outside[guess.server.host] = guess.source
        self._form.propose(protocol, value, instead_of=before)
        self._proposed[protocol] = value

    async def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = await asyncio.to_thread(tls_context, self._ca_file)
        return self._context

    # Trying and keeping

    def submit(self) -> None:
        """Try what stands in the form."""
        account = self._account()
        if account is not None:
            # What may still be found does not matter any more, and is not to be said over this.
            self._form.workers.cancel_group(self._form, _LOOK)
            password = self._form.typed.password
            self._work(lambda: self._try(account, password))

    def keep_untried(self) -> None:
        """Keep what failed when it was tried."""
        account = self._account() if self.may_keep_untried else None
        if account is not None:
            password = self._form.typed.password
            self._work(lambda: self._finish(account, password))

    def _account(self) -> Account | None:
        try:
            return new_account.account_of(self._form.typed, self._there, self._ca_file)
        except new_account.WrongField as error:
            label = {"name": "Your name", "address": "Address", "password": "Password"}
            what = label.get(error.field) or f"{_SERVERS[error.field]} server"
            self._form.say((f"{what}: {error}", "error"))
            self._form.go_to(error.field)
            return None

    def _work(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def busy() -> None:
            self._form.set_busy(True)
            try:
                await work()
            finally:
                if self._form.is_attached:
                    self._form.set_busy(False)
                    self._form.go_to("password")

        self._form.work(busy, _CHECK)

    async def _try(self, account: Account, password: str) -> None:
        if not await self._trusted(account):
            self._form.say(("Nothing was sent to any server.", ""))
            return
        context = await self._tls()
        self._failed = None
        try:
            self._form.say((f"Logging in at {account.imap.host} …", "status-busy"))
            account = await new_account.check_imap(account, password, context, self._transcript)
            if account.smtp is not None:
                self._form.say(
                    (f"{account.imap.host} has let you in.", ""),
                    (f"Logging in at {account.smtp.host} …", "status-busy"),
                )
            await new_account.check_smtp(account, password, context, self._transcript)
        except MailError as error:
            self._failed = account, password
            self._form.tell(error)
            return
        await self._finish(account, password)

    async def _trusted(self, account: Account) -> bool:
        """Ask before a password goes to a server that DNS alone has named (RFC 6186, 6)."""
        servers = (account.imap, account.smtp) if account.smtp else (account.imap,)
        hosts = dict.fromkeys(each.host for each in servers if each.host in self._outside)
        for host in hosts:
            detail = (
                f"{self._outside[host]} names it, and it is not below "
                f"{account.email_address.rpartition('@')[2]}. Such an answer can be forged: "
                "send your password there only if this is where your mail is."
            )
            question = f"Is {host} the server of your provider?"
            confirm = Confirm(question, detail, yes="Yes, log in", no="No")
            if not await self._form.app.push_screen_wait(confirm):
                return False
            del self._outside[host]
        return True

    async def _finish(self, account: Account, password: str) -> None:
        self._form.say(("Asking the keyring …", "status-busy"))
        remembered = False
        try:
            await new_account.remember(account, password)
            remembered = True
        except KeyringUnavailable as error:
            asked = await self._ask_command(account, password, error.title)
            if asked is None:
                self._form.say(("Nothing was kept.", ""))
                return
            account = asked
        self._keeping = True
        try:
            config = await new_account.keep(account, self._file, remembered=remembered)
        except ConfigError as error:
            self._form.tell(error)
            return
        finally:
            self._keeping = False
        known = remembered or account.password_command is not None
        self._form.app.exit(NewAccount(config, account.name, None if known else password))

    async def _ask_command(self, account: Account, password: str, why: str) -> Account | None:
        """The account with a command that prints its password, or none; None: called off."""
        lines: tuple[Line, ...] = (
            (f"{why} So the password is kept nowhere.", "notice"),
            ("A command may print it each time; without one you are asked at every start.", ""),
        )
        command = ""
        while True:
            self._form.say(*lines)
            label = "Command (Enter: none):"
            answer = await self._form.app.push_screen_wait(Prompt(label, command, allow_empty=True))
            if answer is None:
                return None
            command = answer.strip()
            if not command:
                return account
            try:
                config_values.password_command(command)
                commanded = replace(account, password_command=command)
                await new_account.check_command(commanded, password)
            except (ValueError, CredentialError) as error:
                lines = ((str(error), "error"), *lines[-1:])
            else:
                return commanded

    # Leaving

    def cancel(self) -> None:
        """Stop what is being waited for; when nothing is, leave, but not by accident."""
        if self._keeping:
            return  # in a moment it is kept whole, or not at all
        if self._form.busy:
            self._form.workers.cancel_group(self._form, _CHECK)
            self._form.say(("Stopped. Nothing was kept.", ""))
        elif any((self._form.typed.address, self._form.typed.password)):
            self._form.work(self._ask_leave, "leave")
        else:
            self._form.app.exit(None)

    async def _ask_leave(self) -> None:
        confirm = Confirm("Leave without an account?", yes="Leave", no="Stay")
        if await self._form.app.push_screen_wait(confirm):
            self._form.app.exit(None)


def _told(protocol: str, guess: Guess | None, domain: str) -> Line:
    name = _SERVERS[protocol]
    if guess is None:
        return f"No {name} server of {domain} was found. Please type its host name.", "notice"
    return f"{name}: {guess.server.host}, port {guess.server.port} ({guess.source})", ""
