"""An account that is being made: what was typed, whether both servers take it, where it is kept.

What the account form calls. Draws nothing. Until ``keep`` nothing is written anywhere, and the
password is only ever given to the two servers and the keyring.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from tui_mail import config_edit, config_values
from tui_mail.config import SCHEMES, Account, Config, Security, ServerUrl
from tui_mail.credentials import Credentials
from tui_mail.errors import (
    AuthenticationFailed,
    ConfigError,
    CredentialError,
    LoginNotOffered,
    MailError,
)
from tui_mail.net import login, submission
from tui_mail.net.submission import LogIn
from tui_mail.wire.transcript import Transcript

_SCHEME_OF_PORT = {
    port: scheme
    for scheme, (_, security, port) in SCHEMES.items()
    if security is not Security.INSECURE
}
_TYPED = re.compile(r"(?:(?P<scheme>[A-Za-z+]+)://)?(?:(?P<user>.*)@)?(?P<place>[^@]*)")
# A server that files what is sent through it says so by being Gmail's.
_FILES_BY_ITSELF = "X-GM-EXT-1"
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
_PORT = re.compile(r":(\d{1,5})/?\Z")

Answer = TypeVar("Answer")


class WrongField(ValueError):
    """What was typed into ``field`` is not right; the text says what was expected."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it stands; ``password`` is in no ``repr``."""

    name: str
    address: str
    imap: str
    smtp: str
    password: str = field(repr=False)


def account_of(typed: Typed, there: Collection[Account], ca_file: Path | None) -> Account:
    """The account that was typed, under a name none of ``there`` has. Raises WrongField."""
    address = typed.address.strip()
    name = " ".join(typed.name.split())
    if any(character in '<>"' or not character.isprintable() for character in name):
        raise WrongField("name", 'expected a name without <, > and "')
    try:
        written, address = config_values.email(address)
    except ValueError as error:
        raise WrongField("address", str(error)) from None
    try:
        imap = server_of(typed.imap, "imap", address)
    except ValueError as error:
        raise WrongField("imap", str(error)) from None
    for account in there:
        if account.imap.identity == imap.identity:
            raise WrongField("imap", f"account {account.name} is this one already")
    try:
        smtp = server_of(typed.smtp, "smtp", address) if typed.smtp.strip() else None
    except ValueError as error:
        raise WrongField("smtp", str(error)) from None
    if not typed.password:
        raise WrongField("password", "expected the password")
    domain = address.rpartition("@")[2]
    return Account(
        config_edit.free_name(domain.partition(".")[0], [account.name for account in there]),
        name or written,
        address,
        imap,
        smtp=smtp,
        ca_file=ca_file,
    )


def server_of(text: str, protocol: str, address: str) -> ServerUrl:
    """The server somebody typed, with less care than the file asks for. Raises ValueError.

    A host alone is enough: TLS is assumed unless the port says STARTTLS, and the user name is the
    whole address unless one is there. An ``@`` in a user name may stand as it is.
    """
    typed = _TYPED.fullmatch(text.strip())
    if typed is None or not typed["place"]:
        return ServerUrl.parse(text.strip(), protocol)
    port = _PORT.search(typed["place"])
    scheme = typed["scheme"] or _SCHEME_OF_PORT.get(int(port[1]) if port else 0, f"{protocol}s")
    user = address if typed["user"] is None else typed["user"]
    if "://" not in text and ":" in user:
        raise ValueError("expected no password in the URL")
    return ServerUrl.parse(f"{scheme}://{_written(user)}@{typed['place']}", protocol)


def _written(user: str) -> str:
    # What is escaped already stays so. A colon stays too: the parser says why it may not be there.
    return quote(user, safe=":%" if _ESCAPED.search(user) else ":")


_APP_PASSWORD = (
    "Check the password. Some providers want an app password here, made on their web page."
)
_TAKEN_FOR_READING = (
    "The IMAP server took it. If this one has another password, keep the account untried: that "
    "is asked for when you send something."
)


async def check_imap(
    account: Account, password: str, context: ssl.SSLContext, transcript: Transcript
) -> Account:
    """Log in and out again; the account with what the server told about itself.

    Raises MailError.
    """
    recorder = transcript.recorder(f"imap {account.imap.host}")
    client = await login.connect(account.imap, context, recorder, lambda phase: None)
    try:
        await login.authenticate(client, LogIn(account.imap.user, password))
        return replace(account, save_sent=_FILES_BY_ITSELF not in client.capabilities)
    except AuthenticationFailed as error:
        raise _refused(error, account.imap) from error
    finally:
        await client.close()


async def check_smtp(
    account: Account, password: str, context: ssl.SSLContext, transcript: Transcript
) -> None:
    """Log in and out again, where there is a server for sending. Raises MailError."""
    if account.smtp is None:
        return
    recorder = transcript.recorder(f"smtp {account.smtp.host}")
    log_in = LogIn(account.smtp.user, password) if account.smtp.user else None
    try:
        await submission.capabilities(account.smtp, context, recorder, log_in)
    except LoginNotOffered:
        raise  # it has said what to do
    except AuthenticationFailed as error:
        raise _refused(error, account.smtp, _TAKEN_FOR_READING) from error


def _refused(
    error: AuthenticationFailed, server: ServerUrl, advice: str = _APP_PASSWORD
) -> AuthenticationFailed:
    """The same with what people most often have to change."""
    local = server.user.partition("@")[0]
    other = str(replace(server, user=local)) if local != server.user else ""
    if other:
        advice += f" Others know you by the first part of the address alone: {other}"
    return AuthenticationFailed(error.title, server_line=error.server_line, advice=advice)


async def check_command(account: Account, password: str) -> None:
    """Whether ``password_command`` prints ``password``. Raises CredentialError, or Cancelled."""
    credentials = Credentials(account)
    printed = await _in_thread(credentials, credentials.find)
    if printed != password:
        raise CredentialError("The command works, but what it prints is another password.")


async def remember(account: Account, password: str) -> None:
    """Put the password into the keyring. Raises KeyringUnavailable, or Cancelled."""
    credentials = Credentials(account)
    await _in_thread(credentials, partial(credentials.remember, password))


async def keep(account: Account, file: Path, *, remembered: bool) -> Config:
    """Add the account to ``file``. Raises ConfigError; then the keyring has forgotten it too."""
    try:
        return await asyncio.to_thread(
            config_edit.add, file, config_edit.Additions(accounts=(account,))
        )
    except ConfigError:
        if remembered:
            with suppress(MailError):
                await asyncio.to_thread(Credentials(account).forget)
        raise


async def _in_thread(credentials: Credentials, work: Callable[[], Answer]) -> Answer:
    try:
        return await asyncio.to_thread(work)
    except asyncio.CancelledError:
        credentials.cancel()
        raise
