"""Both servers on one asyncio loop, filled with the sample mail, and the settings to reach them."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from types import TracebackType

from tui_mail.config import Account, Config, Security, ServerUrl
from tui_mail.demo.people import ME_ADDRESS, ME_NAME

USER = "demo"
PASSWORD = "demo"
# Any number does; one that changes with the sample keeps an old cache from being believed.
UID_VALIDITY = 20_240_501


@dataclass(frozen=True, slots=True)
class Listeners:
    """Two sockets that already listen, so that a client may connect before the servers serve."""

    imap: socket.socket
    smtp: socket.socket

    @classmethod
    def open(cls) -> Listeners:
        """Listen on free ports of this machine alone. Raises OSError."""
        return cls(imap=_listen(), smtp=_listen())

    def close(self) -> None:
        self.imap.close()
        self.smtp.close()

    def config(self) -> Config:
        """Settings with the one account "demo" that is served here."""
        return Config(
            accounts=(
                Account(
                    name="demo",
                    email_name=ME_NAME,
                    email_address=ME_ADDRESS,
                    imap=_url("imap", self.imap),
                    smtp=_url("smtp", self.smtp),
                    password=PASSWORD,
                ),
            ),
            demo=True,
        )


class Demo:
    """``async with Demo() as config``: runs on the loop it is entered on.

    ``now`` is the time the sample mail is dated by (with a time zone; the present if None), so
    that the same moment always gives the same mail.
    """

    def __init__(self, now: datetime | None = None, listeners: Listeners | None = None) -> None:
        self._now = now or datetime.now(UTC)
        self._listeners = listeners or Listeners.open()

    async def __aenter__(self) -> Config:
        # pymap and aiosmtpd take a while to import, and only the demo needs them.
        from tui_mail.demo.imap import ImapServer
        from tui_mail.demo.sample import SPECIAL_USE, mailboxes

        self._imap = ImapServer(USER, PASSWORD, SPECIAL_USE, UID_VALIDITY)
        for mailbox in mailboxes(self._now):
            if mailbox.name != "INBOX":
                await self._imap.create(mailbox.name, subscribed=mailbox.subscribed)
            for message in mailbox.messages:
                await self._imap.append(mailbox.name, message.data, message.received, message.flags)
                # Connections to a server on a shared loop are not kept waiting for all of it.
                await asyncio.sleep(0)
        await self._imap.start(self._listeners.imap)

        from tui_mail.demo.smtp import SmtpServer

        self._smtp = SmtpServer(USER, PASSWORD, self._deliver)
        await self._smtp.start(self._listeners.smtp)
        return self._listeners.config()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._smtp.stop()
        await self._imap.stop()
        self._listeners.close()

    async def _deliver(self, message: bytes, recipients: list[str]) -> None:
        if any(recipient.casefold() == ME_ADDRESS for recipient in recipients):
            now = datetime.now(UTC)
            received = (
                f"Received: by demo.example for <{ME_ADDRESS}>;\r\n {format_datetime(now)}\r\n"
            )
            await self._imap.append("INBOX", received.encode("ascii") + message, now)


def _listen() -> socket.socket:
    # asyncio switches Nagle's delay off only where the protocol is named, not 0.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def _url(protocol: str, listener: socket.socket) -> ServerUrl:
    return ServerUrl(
        scheme=f"{protocol}+insecure",
        user=USER,
        host="127.0.0.1",
        port=listener.getsockname()[1],
        security=Security.INSECURE,
        protocol=protocol,
    )
