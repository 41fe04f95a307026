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
from tui_mail.wire.sasl import LogIn, Login, Mechanism, choose
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


async def authenticate(client: ImapClient, log_in: LogIn) -> None:
    """Log in by what the server offers, and learn what it can do from then on.

    The safest way goes first; where the server refuses it, the next one that is safe.
    Raises ``AuthenticationFailed`` when the user name or the secret is refused,
    ``ConnectionFailed`` when the server says it cannot tell just now,
    ``InsecureConnection`` when it offers no way that this client may use, or could not prove
    that it is the right one.
    """
    await _ask_capabilities(client, "log in")
    mechanisms = _ways(client, log_in)
    refused: list[tuple[Mechanism, CommandRefused]] = []
    for mechanism in mechanisms:
        try:
            await _try(client, mechanism, log_in)
            log_in.took(each for each, _ in refused)
            return
        except ConnectionFailed:
            if not refused:
                raise
            break  # it wants no second try, so the refusal before is its word
        except CommandRefused as error:
            refused.append((mechanism, error))
            # BAD, or that it cannot, is about the mechanism; a NO may be about the password.
            if error.code in _ENDS_IT or (
                mechanism.decisive and error.server_line.startswith("NO")
            ):
                break
    raise _login_refused(client.host, log_in, *refused[-1]) from refused[-1][1]


def _ways(client: ImapClient, log_in: LogIn) -> list[Mechanism]:
    offered = {name[5:] for name in client.capabilities if name.startswith("AUTH=")}
    if _login_command(client):
        offered.add(Login.name)
    ways = choose(offered, log_in, encrypted=client.encrypted, host=client.host, port=client.port)
    if ways:
        return ways
    names = ", ".join(sorted(f"AUTH={name}" for name in offered)) or "none"
    if log_in.token:
        raise AuthenticationFailed(
            f"{client.host} offers no way to log in with an access token",
            server_line=f"it offers: {names}",
            advice="Take token_command out of the account if this server wants a password.",
        )
    raise InsecureConnection(
        f"{client.host} does not allow a password to be sent here (LOGINDISABLED)",
        server_line=f"it offers: {names}",
        advice="Most servers that say so want TLS: use imaps:// or imap:// in the URL.",
    )


def _login_command(client: ImapClient) -> bool:
    """LOGIN (RFC 9051, 6.2.3) is there wherever it is not said that it is not."""
    return "LOGINDISABLED" not in client.capabilities


async def _try(client: ImapClient, mechanism: Mechanism, log_in: LogIn) -> None:
    """One mechanism to its end. Raises ``CommandRefused``, or as ``ImapClient.run``."""
    if isinstance(mechanism, Login) and _login_command(client):
        command = commands.login(log_in.user, log_in.secret)
    else:
        at_once = "SASL-IR" in client.capabilities
        command = commands.authenticate(mechanism, initial_response=at_once)
    told = False

    def on_data(response: Response) -> None:
        nonlocal told
        told = told or isinstance(response, CapabilityData)

    refused: CommandRefused | None = None
    try:
        completed = await client.run(
            command, origin="log in", timeout=LOGIN_TIMEOUT, on_data=on_data
        )
    except CommandRefused as error:
        refused = error
    dialogue, problem = command.dialogue, None
    if dialogue is not None:
        problem = dialogue.problem if refused else dialogue.unproven()
    if problem is not None and (problem.impostor or refused is None):
        raise InsecureConnection(
            problem.title,
            server_line=refused.server_line if refused else "",
            advice="This may not be your server. Nothing more was sent to it.",
        )
    if refused is not None:
        raise refused
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


# RFC 5530, 3: try later; and a line that is not encrypted.
_LATER = frozenset({"UNAVAILABLE", "INUSE", "LIMIT"})
_ENDS_IT = _LATER | {"PRIVACYREQUIRED"}


def _login_refused(
    host: str, log_in: LogIn, mechanism: Mechanism, error: CommandRefused
) -> AuthenticationFailed | ConnectionFailed | InsecureConnection:
    if error.code in _LATER:
        return ConnectionFailed(
            f"{host} cannot log {log_in.user} in just now", server_line=error.server_line
        )
    if error.code == "PRIVACYREQUIRED":
        return InsecureConnection(
            f"{host} wants an encrypted connection before a password",
            server_line=error.server_line,
            advice="Use imaps:// or imap:// in the URL.",
        )
    what = "access token" if log_in.token else "password"
    return AuthenticationFailed(
        f"{host} did not accept the {what} of {log_in.user}",
        server_line="\n".join(line for line in (error.server_line, mechanism.detail) if line),
        advice="Run token_command by hand: it has to print a token for this server."
        if log_in.token
        else "Check the user name in the URL and the password.",
    )


async def identify(client: ImapClient) -> None:
    """Say who we are, where ID is offered (RFC 2971); the answer is for the transcript."""
    if "ID" in client.capabilities:
        command = commands.id_({"name": "tui-mail", "version": __version__})
        client.start(command, origin="log in")
