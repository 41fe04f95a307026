"""aiosmtpd, taking mail for the demo and handing it on; nothing leaves this machine."""

from __future__ import annotations

import asyncio
import hmac
import logging
import socket
from collections.abc import Awaitable, Callable

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

log = logging.getLogger(__name__)

# Where a message goes: its bytes with CRLF line ends, and the addresses of RCPT TO.
Deliver = Callable[[bytes, list[str]], Awaitable[None]]


class _Session(Session):
    """aiosmtpd itself sets what it says is deprecated, and warns of it at every login."""

    login_data: object = None


class _Protocol(SMTP):
    def _create_session(self) -> Session:
        return _Session(self.loop)


class SmtpServer:
    """One user may log in and send to anybody; ``deliver`` decides what becomes of it."""

    def __init__(self, user: str, password: str, deliver: Deliver) -> None:
        self._user = user.encode()
        self._password = password.encode()
        self._deliver = deliver
        self._protocols: set[SMTP] = set()
        self._server: asyncio.Server | None = None

    async def start(self, listener: socket.socket) -> None:
        """Serve on ``listener`` until ``stop``."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, sock=listener)

    async def stop(self) -> None:
        """Close the listener and every connection."""
        if self._server is not None:
            self._server.close()
        for protocol in self._protocols:
            if protocol.transport is not None:
                protocol.transport.close()

    def _connection(self) -> SMTP:
        protocol = _Protocol(
            self,
            hostname="localhost",
            ident="tui-mail demo",
            authenticator=self._authenticate,
            auth_require_tls=False,
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )
        self._protocols.add(protocol)
        return protocol

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        known = (
            isinstance(data, LoginPassword)
            and hmac.compare_digest(data.login, self._user)
            and hmac.compare_digest(data.password, self._password)
        )
        # Not handled: the answer to the client is aiosmtpd's.
        return AuthResult(success=known, handled=False)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """aiosmtpd calls this for MAIL FROM; its own auth_required warns on every connection."""
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """aiosmtpd calls this with a whole message; the answer goes to the client."""
        content = envelope.content
        assert isinstance(content, bytes)
        await self._deliver(content, [str(address) for address in envelope.rcpt_tos])
        return "250 2.0.0 Delivered inside the demo"
