"""From a server's address to a connection that may ask for mail.

Connects, secures the line and authenticates. Nothing here sends a password before the line is
secure, unless the configuration said ``+insecure``.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tui_mail import __version__
from tui_mail.config import Security, ServerUrl
from tui_mail.errors import (
    AuthenticationFailed,
    CommandRefused,
    ConnectionFailed,
    InsecureConnection,
)
from tui_mail.model import Phase
from tui_mail.net.imap import TLS_TIMEOUT, ImapClient
from tui_mail.net.stream import Stream
from tui_mail.wire import commands
from tui_mail.wire.imap import ImapConnection
from tui_mail.wire.responses import CapabilityData, Completed, Response
from tui_mail.wire.transcript import Recorder

CONNECT_TIMEOUT = 20.0
GREETING_TIMEOUT = 30.0
LOGIN_TIMEOUT = 60.0

OnPhase = Callable[[Phase], None]


async def connect(
    server: ServerUrl,
    context: ssl.SSLContext,
    recorder: Recorder | None,
    on_phase: OnPhase,
    pause: Callable[[], Awaitable[None]] | None = None,
) -> ImapClient:
    """A connection that has its greeting and, unless insecure, runs in TLS.

    Raises ``ConnectionFailed`` or ``InsecureConnection``.
    """
    on_phase(Phase.CONNECTING)
    from_the_start = server.security is Security.TLS
    stream = await Stream.open(
        server.host,
        server.port,
        context=context if from_the_start else None,
        timeout=CONNECT_TIMEOUT,
    )
    client = ImapClient(stream, ImapConnection(recorder), pause)
    try:
        greeting = (await client.greeting(timeout=GREETING_TIMEOUT)).condition
        if greeting.status == "BYE":
            raise ConnectionFailed(
                f"{server.host} turned the connection away", server_line=greeting.text
            )
        if server.security is Security.STARTTLS:
            if greeting.status == "PREAUTH":
                raise InsecureConnection(
                    f"{server.host} logged the connection in before it was encrypted",
                    server_line=greeting.text,
                    advice="This may be an attack on STARTTLS. Use imaps:// if the server has it.",
                )
            on_phase(Phase.SECURING)
            await _start_tls(client, context)
    except BaseException:
        await client.close()
        raise
    return client


async def _start_tls(client: ImapClient, context: ssl.SSLContext) -> None:
    await _ask_capabilities(client, "connect")
    if "STARTTLS" not in client.capabilities:
        raise InsecureConnection(
            f"{client.host} does not offer STARTTLS, so nothing was sent to it",
            advice="Use imaps:// if the server has a TLS port. "
            "imap+insecure:// sends the password in the clear.",
        )
    try:
        await client.run(
            commands.starttls(), origin="connect", timeout=TLS_TIMEOUT, context=context
        )
    except CommandRefused as error:
        raise InsecureConnection(
            f"{client.host} refused STARTTLS, so nothing was sent to it",
            server_line=error.server_line,
        ) from error


async def authenticate(client: ImapClient, user: str, password: str) -> None:
    """Log in by what the server offers, and learn what it can do from then on.

    Raises ``AuthenticationFailed`` when the user name or password is refused,
    ``ConnectionFailed`` when the server says it cannot tell just now,
    ``InsecureConnection`` when it offers no way that this client may use.
    """
    await _ask_capabilities(client, "log in")
    offered = client.capabilities
    if "AUTH=PLAIN" in offered:
        command = commands.authenticate_plain(user, password, initial_response="SASL-IR" in offered)
    elif "LOGINDISABLED" in offered:
        ways = ", ".join(sorted(name for name in offered if name.startswith("AUTH="))) or "none"
        raise InsecureConnection(
            f"{client.host} does not allow a password to be sent here (LOGINDISABLED)",
            server_line=f"it offers: {ways}",
            advice="Most servers that say so want TLS: use imaps:// or imap:// in the URL.",
        )
    else:
        command = commands.login(user, password)
    told = False

    def on_data(response: Response) -> None:
        nonlocal told
        told = told or isinstance(response, CapabilityData)

    try:
        completed = await client.run(
            command, origin="log in", timeout=LOGIN_TIMEOUT, on_data=on_data
        )
    except CommandRefused as error:
        raise _login_refused(client.host, user, error) from error
    if not (told or _names_capabilities(completed)):
        with suppress(CommandRefused):
            await client.run(commands.capability(), origin="log in")


async def _ask_capabilities(client: ImapClient, origin: str) -> None:
    """A server that refuses to say what it can do is taken for one that can do the least."""
    if not client.capabilities:
        with suppress(CommandRefused):
            await client.run(commands.capability(), origin=origin)


def _names_capabilities(completed: Completed) -> bool:
    return completed.code is not None and completed.code.name == "CAPABILITY"


def _login_refused(
    host: str, user: str, error: CommandRefused
) -> AuthenticationFailed | ConnectionFailed | InsecureConnection:
    if error.code in ("UNAVAILABLE", "INUSE", "LIMIT"):  # RFC 5530, 3: try later
        return ConnectionFailed(
            f"{host} cannot log {user} in just now", server_line=error.server_line
        )
    if error.code == "PRIVACYREQUIRED":
        return InsecureConnection(
            f"{host} wants an encrypted connection before a password",
            server_line=error.server_line,
            advice="Use imaps:// or imap:// in the URL.",
        )
    return AuthenticationFailed(
        f"{host} did not accept the password of {user}",
        server_line=error.server_line,
        advice="Check the user name in the URL and the password.",
    )


async def identify(client: ImapClient) -> None:
    """Say who we are, where ID is offered (RFC 2971); the answer is for the transcript."""
    if "ID" in client.capabilities:
        command = commands.id_({"name": "tui-mail", "version": __version__})
        client.start(command, origin="log in")
