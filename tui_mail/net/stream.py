"""One TCP connection as bytes in and bytes out, with TLS when asked. Knows no IMAP.

What waits here is bounded: a reader that does not keep up stops the server through TCP.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from weakref import WeakValueDictionary

from tui_mail.config import Security, ServerUrl
from tui_mail.errors import ConnectionFailed, InsecureConnection, MailError

HIGH_WATER = 1024 * 1024
NEXT_ADDRESS = 0.25  # seconds until another address of a name is tried as well (RFC 8305, 5)


# By ca_file, as long as a connection uses it: the system's certificates take 20 ms and 1 MiB.
_shared: WeakValueDictionary[Path | None, ssl.SSLContext] = WeakValueDictionary()


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """A client context that verifies certificate and name, trusting ``ca_file`` beside the system.

    Connections of one time share it; certificates that were changed count from the next one on.
    Raises ``InsecureConnection`` when the file cannot be used.
    """
    context = _shared.get(ca_file)
    if context is not None:
        return context
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise InsecureConnection(
                f"The certificate file {ca_file} cannot be used: {error}",
                advice="ca_file must be a PEM file with one or more CA certificates.",
            ) from error
    _shared[ca_file] = context
    return context


def context_for(server: ServerUrl, ca_file: Path | None) -> ssl.SSLContext:
    """``tls_context``; for a line that is not to have TLS, one that is made in no time.

    That one trusts nobody, should it come to be used.
    """
    if server.security is Security.INSECURE:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return tls_context(ca_file)


# A line that died in silence is found out after two minutes, in place of the system's two hours,
# and a router does not forget a connection that sits in IDLE. Not every system has all of these.
_KEEP_ALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPALIVE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}


def _is_address(host: str) -> bool:
    """There is no other to try; and a race that is called off leaves its winner open (asyncio)."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, host)
            return True
    return False


def keep_alive(connected: socket.socket) -> None:
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE.items():
        option = getattr(socket, name, None)
        if option is not None:
            connected.setsockopt(socket.IPPROTO_TCP, option, value)


def explain(error: OSError | TimeoutError, host: str, port: int, waited_for: str) -> MailError:
    """The error a person is shown for a failure of the network or of TLS."""
    where = f"{host} port {port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return InsecureConnection(
            f"The certificate of {host} is not trusted: {error.verify_message}",
            advice="If this server has a private CA, name its certificate with ca_file.",
        )
    if isinstance(error, ssl.SSLError):
        return ConnectionFailed(
            f"TLS with {where} failed: {error.reason or error}",
            advice="Is this port meant for TLS? imaps:// is TLS from the start, "
            "imap:// begins in plain text and switches by STARTTLS.",
        )
    if isinstance(error, TimeoutError):
        return ConnectionFailed(f"{where} did not answer in time ({waited_for})")
    if isinstance(error, socket.gaierror):
        return ConnectionFailed(
            f"The name {host} was not found: {error.strerror}",
            advice="Check the host name in the configuration, and the network.",
        )
    if isinstance(error, ConnectionRefusedError):
        return ConnectionFailed(
            f"{where} refused the connection",
            advice="Nothing listens there now: the server is down, or the port is another.",
        )
    return ConnectionFailed(f"The connection to {where} failed: {error.strerror or error}")


class Stream(asyncio.Protocol):
    """Bytes to and from one server.

    ``last_received`` is the loop's time at which bytes last arrived, for waits that end only
    when nothing moves.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.last_received = 0.0
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._paused = False
        self._eof = False
        self._lost = asyncio.Event()
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(
        cls, host: str, port: int, *, context: ssl.SSLContext | None, timeout: float
    ) -> Stream:
        """Connect, with TLS from the first byte when ``context`` is given.

        Raises ``ConnectionFailed`` or ``InsecureConnection``.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, stream = await loop.create_connection(
                    lambda: cls(host, port),
                    host,
                    port,
                    ssl=context,
                    server_hostname=host if context else None,
                    happy_eyeballs_delay=None if _is_address(host) else NEXT_ADDRESS,
                )
        except (OSError, TimeoutError) as error:
            raise explain(error, host, port, "connecting") from error
        return stream

    @property
    def encrypted(self) -> bool:
        return (
            self._transport is not None and self._transport.get_extra_info("ssl_object") is not None
        )

    async def start_tls(self, context: ssl.SSLContext, *, timeout: float) -> None:
        """Go on in TLS. Plain bytes that arrived before are dropped unread (RFC 9051, 11.1)."""
        assert self._transport is not None
        self._chunks.clear()
        self._buffered = 0
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                transport = await loop.start_tls(
                    self._transport, self, context, server_hostname=self.host
                )
        except BaseException as error:
            self.abort()
            # In the middle of a handshake asyncio does not tell this protocol that it is over.
            loop.call_soon(self._lost.set)
            if isinstance(error, OSError | TimeoutError):
                raise explain(error, self.host, self.port, "starting TLS") from error
            raise
        if transport is None:
            raise ConnectionFailed(f"{self.host} closed the connection while starting TLS")
        self._transport = transport

    async def read(self) -> bytes:
        """All that has arrived, at least one byte; ``b""`` when the server has closed.

        Raises ``ConnectionFailed`` when the connection broke.
        """
        while not self._chunks:
            if self._error is not None:
                error = self._error
                if not isinstance(error, OSError):
                    raise ConnectionFailed(f"The connection to {self.host} broke") from error
                raise explain(error, self.host, self.port, "reading") from error
            if self._eof:
                return b""
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._buffered = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    def write(self, data: bytes) -> None:
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def abort(self) -> None:
        """Close without waiting for the other side; ``wait_closed`` waits for this one."""
        if self._transport is not None:
            self._transport.abort()

    async def wait_closed(self) -> None:
        """After ``abort``: until the socket is closed."""
        await self._lost.wait()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.last_received = asyncio.get_running_loop().time()
        connected = transport.get_extra_info("socket")
        if connected is not None:
            keep_alive(connected)

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._buffered += len(data)
        self.last_received = asyncio.get_running_loop().time()
        if self._buffered > HIGH_WATER and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._eof = True
        self._wake()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._eof = True
        self._error = error
        self._lost.set()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
