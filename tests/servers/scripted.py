"""An IMAP server that says exactly what the test wrote, right or wrong.

The test hands over one coroutine per connection. It talks through a ``Peer``, and whatever it
raises (an assertion about what the client sent, say) is raised again when the server ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType

from .process import HOST
from .proxy import reset

SECONDS = 10.0
_LITERAL = re.compile(rb"\{(\d+)(\+|-)?\}\r?\n\Z")

Script = Callable[["Peer"], Awaitable[None]]


class Peer:
    """The client's side of one connection, as the script sees it.

    Every wait ends after ``SECONDS`` with TimeoutError, and with EOFError when the client goes.
    ``lines`` holds every command line that arrived, literals and CRLF included.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.lines: list[bytes] = []

    async def send(self, data: bytes) -> None:
        """Sends these bytes and nothing else; CRLF is the script's business."""
        self._writer.write(data)
        await self._writer.drain()

    async def send_slowly(self, data: bytes, size: int = 1) -> None:
        """Sends the bytes in pieces of ``size``, each a segment of its own."""
        for start in range(0, len(data), size):
            await self.send(data[start : start + size])
            await asyncio.sleep(0)

    async def greet(self, capabilities: str = "IMAP4rev1 SASL-IR LITERAL+") -> None:
        """The greeting, with capabilities."""
        await self.send(b"* OK [CAPABILITY %b] scripted\r\n" % capabilities.encode())

    async def receive(self) -> bytes:
        """One whole command with CRLF; its literals are asked for where they have to be."""
        pieces = []
        while True:
            async with asyncio.timeout(SECONDS):
                line = await self._reader.readuntil(b"\n")
            pieces.append(line)
            literal = _LITERAL.search(line)
            if literal is None:
                break
            if not literal[2]:
                await self.send(b"+ go on\r\n")
            async with asyncio.timeout(SECONDS):
                pieces.append(await self._reader.readexactly(int(literal[1])))
        command = b"".join(pieces)
        self.lines.append(command)
        return command

    async def expect(self, start: bytes) -> bytes:
        """Receives a command that must be ``start`` behind its tag, in any case; the tag."""
        line = await self.receive()
        tag, _, rest = line.partition(b" ")
        assert rest.upper().startswith(start.upper()), f"expected {start!r}, got {line!r}"
        return tag

    async def ok(self, tag: bytes, text: bytes = b"done") -> None:
        """Completes a command with OK."""
        await self.send(b"%b OK %b\r\n" % (tag, text))

    async def answer(
        self, start: bytes, untagged: bytes = b"", status: bytes = b"OK done"
    ) -> bytes:
        """Expects a command, sends ``untagged`` as it is, completes with ``status``; its line."""
        tag = await self.expect(start)
        await self.send(b"%b%b %b\r\n" % (untagged, tag, status))
        return self.lines[-1]

    async def log_in(self, capabilities: str = "IMAP4rev1 SASL-IR LITERAL+") -> None:
        """Greets and lets the client in: ID, CAPABILITY and AUTHENTICATE PLAIN or LOGIN.

        The OK carries the capabilities again.
        """
        await self.greet(capabilities)
        while True:
            line = await self.receive()
            tag, name, rest = [*line.rstrip(b"\r\n").split(b" ", 2), b""][:3]
            match name.upper():
                case b"CAPABILITY":
                    await self.send(b"* CAPABILITY %b\r\n" % capabilities.encode())
                    await self.ok(tag)
                case b"ID":
                    await self.send(b"* ID NIL\r\n")
                    await self.ok(tag)
                case b"AUTHENTICATE" | b"LOGIN":
                    if name.upper() == b"AUTHENTICATE" and b" " not in rest:
                        await self.send(b"+ \r\n")
                        await self.receive()
                    await self.ok(tag, b"[CAPABILITY %b] in" % capabilities.encode())
                    return
                case _:
                    raise AssertionError(f"not part of logging in: {line!r}")

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Becomes a TLS server; what the client had sent in plain text before is kept."""
        await self._writer.start_tls(context)

    async def end_of_input(self) -> None:
        """Waits until the client closes; what it sends until then is thrown away."""
        async with asyncio.timeout(SECONDS):
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                while await self._reader.read(65536):
                    pass

    async def close(self) -> None:
        """Closes in good order."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def reset(self) -> None:
        """Breaks the connection with a reset, with no TLS goodbye."""
        reset(self._writer)


class ScriptedServer:
    """Serves each connection with the next script; the last one serves all that follow.

    ``async with ScriptedServer(script) as server:`` listens on ``server.host``, ``server.port``.
    ``tls``: the context of a server that speaks TLS from the first byte.
    ``peers``: one per connection so far. On leaving, connections still open are reset, and the
    first error of a script is raised (not EOFError or a reset: clients may leave when they like).
    """

    host = HOST

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        assert scripts, "a server needs something to say"
        self._scripts: Sequence[Script] = scripts
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._errors: list[BaseException] = []
        self.peers: list[Peer] = []
        self.port = 0

    async def __aenter__(self) -> ScriptedServer:
        self._server = await asyncio.start_server(
            self._serve, HOST, 0, ssl=self._tls, limit=1 << 26
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for peer in self.peers:
            peer.reset()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()
        if self._errors:
            raise self._errors[0] from error

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        script = self._scripts[min(len(self.peers), len(self._scripts) - 1)]
        peer = Peer(reader, writer)
        self.peers.append(peer)
        try:
            await script(peer)
        except (EOFError, ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass
        except Exception as problem:
            self._errors.append(problem)
        finally:
            self._tasks.discard(task)
            await peer.close()
