"""AUTH (RFC 4954) over an ``SmtpClient``: by what the server offers, safest first.

No mechanism is used on a line that is not encrypted unless the configuration said ``+insecure``.
"""

from __future__ import annotations

from tui_mail.config import Security, ServerUrl
from tui_mail.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    InsecureConnection,
    LoginNotOffered,
)
from tui_mail.net import smtp_waits
from tui_mail.net.smtp_client import SmtpClient
from tui_mail.net.smtp_text import Refusal, Reply
from tui_mail.wire.sasl import Dialogue, LogIn, Mechanism, choose

LONGEST_COMMAND = 512  # octets with CRLF (RFC 5321, 4.5.3.1.4); a longer token goes by itself
MOST_CHALLENGES = 10
TRANSITION_NEEDED = 432  # RFC 4954, 4.7.12: this user has to log in by PLAIN once


def authenticate(client: SmtpClient, server: ServerUrl, log_in: LogIn) -> None:
    """Log in, trying one mechanism after the other where that is safe.

    Raises ``AuthenticationFailed``, ``InsecureConnection``, or ``Refusal`` for a reply that says
    to come back later; and as ``SmtpClient``.
    """
    client.stage = "AUTH"
    if not client.encrypted and server.security is not Security.INSECURE:
        raise InsecureConnection(
            f"The line to {server.host} is not encrypted, so no login was sent"
        )
    offered = client.capabilities().mechanisms
    mechanisms = choose(
        offered, log_in, encrypted=client.encrypted, host=server.host, port=server.port
    )
    if not mechanisms:
        raise _nothing_offered(server, log_in, offered)
    refused: list[tuple[Mechanism, Reply]] = []
    client.patience = smtp_waits.LOGIN
    for mechanism in mechanisms:
        try:
            reply = _try(client, mechanism)
        except ConnectionFailed:
            if not refused:
                raise
            break  # it wants no second try, so the refusal before is its word
        if reply.positive:
            log_in.took(each for each, _ in refused)
            return
        if reply.code // 100 == 4 and reply.code != TRANSITION_NEEDED:
            raise Refusal(reply)
        refused.append((mechanism, reply))
        # 535 is about the password (RFC 4954, 6), the other codes are about the mechanism.
        if mechanism.decisive and reply.code == 535:
            break
    raise _refusal(server, log_in, *refused[-1])


def _try(client: SmtpClient, mechanism: Mechanism) -> Reply:
    """One mechanism to its end; the last reply.

    Raises ``InsecureConnection`` when the server could not prove who it is.
    """
    dialogue = Dialogue(mechanism)
    command = f"AUTH {mechanism.name}"
    initial = dialogue.initial(LONGEST_COMMAND - len(command) - 3)
    client.secrets = dialogue.secrets
    if initial is None:
        client.putcmd(command)
    else:
        client.begin_secret(f"{command} ", initial)
    for _ in range(MOST_CHALLENGES):
        reply = client.reply(smtp_waits.LOGIN)
        if reply.code != 334:
            break
        answer = dialogue.answer(reply.text.encode())
        client.secrets = dialogue.secrets
        client.say_secret(answer)
    client.secrets = ()
    problem = dialogue.problem
    if problem is None and reply.positive:
        problem = dialogue.unproven()
    if problem is not None and (problem.impostor or reply.positive):
        raise InsecureConnection(
            problem.title,
            server_line=reply.whole,
            advice="This may not be your server. Nothing more was sent to it.",
        )
    return reply


def _nothing_offered(server: ServerUrl, log_in: LogIn, offered: frozenset[str]) -> LoginNotOffered:
    if not offered:
        return LoginNotOffered(
            f"{server.host} offers no login here",
            advice="If it needs none, leave USER@ out of the smtp URL. "
            "Ports for submission are 465 (smtps://) and 587 (smtp://).",
        )
    what = "an access token" if log_in.token else "a password"
    return LoginNotOffered(
        f"{server.host} offers no way to log in with {what} that tui-mail knows",
        server_line=f"AUTH {' '.join(sorted(offered))}",
        advice="" if log_in.token else "It may want a token_command (OAuth 2.0) for this account.",
    )


def _refusal(
    server: ServerUrl, log_in: LogIn, mechanism: Mechanism, reply: Reply
) -> AuthenticationFailed:
    what = "access token" if log_in.token else "password"
    lines = [reply.whole, mechanism.detail]
    return AuthenticationFailed(
        f"{server.host} did not accept the {what} of {log_in.user}",
        server_line="\n".join(line for line in lines if line),
        advice="Run token_command by hand: it has to print a token for this server."
        if log_in.token
        else "Check the user name in the smtp URL and the password. "
        "Some providers want a password made for this program alone.",
    )
