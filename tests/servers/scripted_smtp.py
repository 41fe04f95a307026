"""An SMTP server that fails where the test wants it to, and counts what it has accepted.

It speaks good SMTP (RFC 5321) but for the steps the test names: ``ScriptedSmtp({"RCPT": b"450
later"})``. What it does at a step is one of the actions below. Each connection is served on its
own and may be given another set of steps.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TypeAlias

from .process import HOST
from .proxy import reset

SECONDS = 10.0
MOST_DATA = 1 << 26


@dataclass(frozen=True, slots=True)
class Say:
    """Send these bytes as they are, CRLF and all, in the place of the reply."""

    data: bytes


@dataclass(frozen=True, slots=True)
class SayAndClose:
    """Send these bytes, then close in good order."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """Close in good order, saying nothing. ``taken``: the message counts as accepted all the same.

    ``taken`` is for the step after the final dot: the server keeps the message and the line
    breaks before its 250.
    """

    taken: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection with a TCP reset. ``taken`` as in ``Close``."""

    taken: bool = False


@dataclass(frozen=True, slots=True)
class Silence:
    """Say nothing until the client goes. ``taken`` as in ``Close``."""

    taken: bool = False


@dataclass(frozen=True, slots=True)
class Dribble:
    """Send the bytes one by one, ``pause`` seconds apart, until the client goes or they end."""

    data: bytes
    pause: float


@dataclass(frozen=True, slots=True)
class Inject:
    """At STARTTLS: say 220 and, in the same segment and in plain text, these bytes behind it."""

    data: bytes


@dataclass(frozen=True, slots=True)
class InTheMiddle:
    """At "content": do this after so many octets of the message have arrived."""

    octets: int
    action: Action


Action: TypeAlias = (
    bytes | Say | SayAndClose | Close | Reset | Silence | Dribble | Inject | InTheMiddle
)
# A step is a verb, "greeting", "content" (while the message comes in), "dot" (after it), or a
# verb with its number on this connection, counted from 1: "RCPT 2", "EHLO 2".
Steps: TypeAlias = Mapping[str, Action]

_FEATURES = ("SIZE 1000000", "8BITMIME", "ENHANCEDSTATUSCODES", "PIPELINING", "SMTPUTF8")


@dataclass(frozen=True, slots=True)
class TakenMessage:
    """A message the server has accepted, dots taken away, CRLF line ends."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes


class _Over(Exception):
    """The connection has ended as its script wanted."""


class ScriptedSmtp:
    """``async with ScriptedSmtp(steps) as server:`` listens on ``server.host``, ``server.port``.

    ``steps`` for each connection one after the other, the last one for all that follow.
    A step of bytes is a reply: CRLF is added, and what the step would have done is not done
    unless it begins with 2 or 3.
    ``features``: what EHLO lists beside STARTTLS and AUTH. ``mechanisms``: what AUTH lists;
    PLAIN and LOGIN are checked against ``user`` and ``password``.
    ``starttls``: the context of a server that offers it; ``tls``: of one that begins in TLS.
    ``accepted`` are the messages it has kept; ``lines`` every command line of every connection.
    ``silent`` is set once it is asked to say nothing.
    """

    host = HOST
    user = "anna"
    password = "secret"

    def __init__(
        self,
        *steps: Steps,
        features: tuple[str, ...] = _FEATURES,
        mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN"),
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.steps = steps or ({},)
        self.features = features
        self.mechanisms = mechanisms
        self.starttls = starttls
        self.accepted: list[TakenMessage] = []
        self.lines: list[bytes] = []
        self.connections = 0
        self.silent = asyncio.Event()
        self.port = 0
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._sessions: dict[asyncio.Task[None], _Session] = {}
        self._errors: list[BaseException] = []

    async def __aenter__(self) -> ScriptedSmtp:
        self._server = await asyncio.start_server(
            self._serve, HOST, 0, ssl=self._tls, limit=MOST_DATA
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
        tasks = list(self._sessions)
        for session in list(self._sessions.values()):
            reset(session.writer)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()
        if self._errors:
            raise self._errors[0] from error

    async def finished(self) -> None:
        """Waits until every connection so far has been served to its end."""
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*self._sessions, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        steps = self.steps[min(self.connections, len(self.steps) - 1)]
        self.connections += 1
        session = _Session(self, steps, reader, writer)
        self._sessions[task] = session
        try:
            await session.serve()
        except (_Over, EOFError, OSError, asyncio.CancelledError):
            pass  # ssl.SSLError is an OSError
        except Exception as problem:
            self._errors.append(problem)
        finally:
            del self._sessions[task]
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()


class _Session:
    def __init__(
        self,
        server: ScriptedSmtp,
        steps: Steps,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.writer = writer
        self._server = server
        self._steps = steps
        self._reader = reader
        self._times: dict[str, int] = {}
        self._encrypted = writer.get_extra_info("ssl_object") is not None
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._verbs: dict[str, Callable[[str], tuple[bytes, Callable[[], None]]]] = {
            "HELO": lambda _rest: (b"250 scripted.example.org", self._forget),
            "EHLO": lambda _rest: (self._features(), self._forget),
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "RSET": lambda _rest: (b"250 2.0.0 forgotten", self._forget),
            "NOOP": lambda _rest: (b"250 2.0.0 yes", lambda: None),
        }

    async def serve(self) -> None:
        await self._step("greeting", b"220 scripted.example.org ESMTP")
        while True:
            line = await self._line()
            verb, _, rest = line.rstrip(b"\r\n").decode("utf-8", "replace").partition(" ")
            verb = verb.upper()
            if verb == "QUIT":
                await self._step(verb, b"221 2.0.0 bye")
                return
            if verb == "STARTTLS" and self._server.starttls is not None:
                await self._start_tls(self._server.starttls)
            elif verb == "AUTH":
                await self._authenticate(rest)
            elif verb == "DATA":
                await self._data()
            elif verb in self._verbs:
                reply, effect = self._verbs[verb](rest)
                if await self._step(verb, reply):
                    effect()
            else:
                await self._send(b"502 5.5.1 no such command\r\n")

    # What the client sends

    async def _line(self) -> bytes:
        line = await self._reader.readuntil(b"\n")
        self._server.lines.append(line)
        assert line.endswith(b"\r\n"), f"a line without CRLF: {line!r}"
        return line

    async def _data(self) -> None:
        if not (self._sender is not None and self._recipients):
            await self._send(b"503 5.5.1 who is it for?\r\n")
            return
        if not await self._step("DATA", b"354 go ahead"):
            return
        during = self._steps.get("content")
        if isinstance(during, InTheMiddle):
            await self._reader.readexactly(during.octets)
            await self._act(during.action)
        content = await self._content()
        self._pending = TakenMessage(self._sender or "", tuple(self._recipients), content)
        if await self._step("dot", b"250 2.0.0 Ok: queued as SCRIPTED1"):
            self._server.accepted.append(self._pending)
        self._forget()

    async def _content(self) -> bytes:
        lines = []
        while (line := await self._reader.readuntil(b"\n")) != b".\r\n":
            assert line.endswith(b"\r\n"), f"a line without CRLF: {line[-80:]!r}"
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    # What it answers

    def _features(self) -> bytes:
        lines = ["scripted.example.org", *self._server.features]
        if self._server.starttls is not None and not self._encrypted:
            lines.append("STARTTLS")
        if self._server.mechanisms:
            lines.append(f"AUTH {' '.join(self._server.mechanisms)}")
        last = len(lines) - 1
        return "\r\n".join(
            f"250{' ' if number == last else '-'}{line}" for number, line in enumerate(lines)
        ).encode()

    def _mail(self, rest: str) -> tuple[bytes, Callable[[], None]]:
        sender = rest.partition("<")[2].partition(">")[0]

        def effect() -> None:
            self._sender, self._recipients = sender, []

        return b"250 2.1.0 Ok", effect

    def _rcpt(self, rest: str) -> tuple[bytes, Callable[[], None]]:
        if self._sender is None:
            return b"503 5.5.1 MAIL first", lambda: None
        recipient = rest.partition("<")[2].partition(">")[0]
        return b"250 2.1.5 Ok", lambda: self._recipients.append(recipient)

    def _forget(self) -> None:
        self._sender, self._recipients = None, []

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        if await self._step("STARTTLS", b"220 2.0.0 ready"):
            await self.writer.start_tls(context)
            self._encrypted = True
            self._forget()

    async def _authenticate(self, rest: str) -> None:
        mechanism, _, initial = rest.partition(" ")
        scripted = self._action(f"AUTH {mechanism.upper()}")
        if scripted is not None:
            await self._act(scripted)
            return
        if not await self._step("AUTH", None):
            return
        if mechanism.upper() == "PLAIN":
            answer = initial or await self._ask(b"334 \r\n")
            right = b64decode(answer) == f"\0{self._server.user}\0{self._server.password}".encode()
        else:
            user = initial or await self._ask(b"334 VXNlcm5hbWU6\r\n")
            password = await self._ask(b"334 UGFzc3dvcmQ6\r\n")
            right = (b64decode(user).decode(), b64decode(password).decode()) == (
                self._server.user,
                self._server.password,
            )
        await self._send(b"235 2.7.0 in\r\n" if right else b"535 5.7.8 wrong\r\n")

    async def _ask(self, challenge: bytes) -> str:
        await self._send(challenge)
        return (await self._line()).strip().decode()

    async def _step(self, name: str, reply: bytes | None) -> bool:
        """Does what the script says for this step, or replies; whether the step was done."""
        action = self._action(name)
        if action is None:
            if reply is not None:
                await self._send(reply + b"\r\n")
            return True
        return await self._act(action)

    def _action(self, name: str) -> Action | None:
        times = self._times[name] = self._times.get(name, 0) + 1
        return self._steps.get(f"{name} {times}", self._steps.get(name))

    async def _act(self, action: Action) -> bool:
        match action:
            case bytes():
                await self._send(action + b"\r\n")
                return action[:1] in (b"2", b"3")
            case Say(data):
                await self._send(data)
                return data[:1] in (b"2", b"3")
            case SayAndClose(data):
                await self._send(data)
                raise _Over
            case Close(taken):
                self._keep(taken)
                raise _Over
            case Reset(taken):
                self._keep(taken)
                reset(self.writer)
                raise _Over
            case Silence(taken):
                self._keep(taken)
                self._server.silent.set()
                await self._reader.read()
                raise _Over
            case Dribble(data, pause):
                for octet in data:
                    await self._send(bytes((octet,)))
                    await asyncio.sleep(pause)
                return data[:1] in (b"2", b"3")
            case Inject(data):
                await self._send(b"220 2.0.0 ready\r\n" + data)
                return True
            case InTheMiddle():
                raise AssertionError('InTheMiddle belongs to the step "content"')

    def _keep(self, taken: bool) -> None:
        if taken:
            self._server.accepted.append(self._pending)

    async def _send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()
