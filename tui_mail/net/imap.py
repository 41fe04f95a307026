"""The pump of one IMAP connection: socket bytes through the sans-IO core and back.

Runs commands, hands every untagged response to whoever must know, and notices when the server
has gone. Decides nothing about mailboxes or messages.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

from tui_mail.errors import CommandRefused, ConnectionFailed, MailError
from tui_mail.net.stream import Stream
from tui_mail.wire import commands
from tui_mail.wire.commands import Command
from tui_mail.wire.imap import NEED_DATA, ImapConnection
from tui_mail.wire.responses import (
    Completed,
    Condition,
    Continuation,
    ESearchData,
    Fetch,
    Greeting,
    Malformed,
    Response,
    SearchData,
)

SLICE = 0.002  # seconds of parsing before others get their turn
ANSWER_TIMEOUT = 60.0  # seconds without a byte from the server while an answer is awaited
ANSWER_LONGEST = 900.0  # seconds for one answer, however much the server may say meanwhile
TLS_TIMEOUT = 20.0
LOGOUT_TIMEOUT = 1.0

OnResponse = Callable[[Response], None]
Answer = TypeVar("Answer")
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Waiter:
    command: Command
    answered: asyncio.Future[Completed]
    on_data: OnResponse | None
    context: ssl.SSLContext | None
    sent: float


class ImapClient:
    """One connection to an IMAP server.

    ``on_response`` sees every untagged response; a command's own ``on_data`` sees all that
    arrive until its answer, those of other commands in flight among them (but only the ESEARCH
    that names the command, and only its own SEARCH). ``on_malformed`` gets each response that
    could not be read, wholly (``Malformed``) or in part (``Fetch.broken``); ``malformed`` counts
    them.
    ``pause`` is awaited between slices of parsing, so that a busy connection leaves time
    to others. ``closed`` gets the reason when the connection has ended.
    """

    def __init__(
        self,
        stream: Stream,
        connection: ImapConnection,
        pause: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.connection = connection
        self.on_response: OnResponse | None = None
        self.on_malformed: Callable[[Malformed | Fetch], None] | None = None
        self.malformed = 0
        self.closed: asyncio.Future[MailError] = loop.create_future()
        self._stream = stream
        self._pause = pause or _yield
        self._waiting: dict[str, _Waiter] = {}
        self._greeting: asyncio.Future[Greeting] = loop.create_future()
        self._bye = ""
        self._last_read = 0.0  # while there is something to read, the server is not silent
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._pump_task = asyncio.create_task(self._pump())

    @property
    def capabilities(self) -> frozenset[str]:
        return self.connection.capabilities

    @property
    def host(self) -> str:
        return self._stream.host

    @property
    def port(self) -> int:
        return self._stream.port

    @property
    def encrypted(self) -> bool:
        """Whether the line runs in TLS now."""
        return self._stream.encrypted

    @property
    def in_flight(self) -> frozenset[str]:
        """The tags of commands that have no answer yet."""
        return frozenset(self._waiting)

    async def quiet(self) -> None:
        """Wait until every command has its answer, or the connection has ended."""
        await self._quiet.wait()

    async def greeting(self, *, timeout: float) -> Greeting:
        """The server's first line. Raises ``ConnectionFailed`` when it does not come."""
        return await self._answer(self._greeting, "the greeting", timeout)

    async def run(
        self,
        command: Command,
        *,
        origin: str,
        on_data: OnResponse | None = None,
        timeout: float = ANSWER_TIMEOUT,
        context: ssl.SSLContext | None = None,
    ) -> Completed:
        """Send a command and wait for its tagged answer.

        ``timeout`` is in seconds without any byte from the server, so a long answer on a slow
        line is not cut; ``ANSWER_LONGEST`` ends even that. ``context`` belongs to STARTTLS: when
        the answer is OK the stream goes on in TLS before anything else is read.
        Raises ``CommandRefused`` on NO and BAD, ``ConnectionFailed`` when the connection ends
        or stalls.
        """
        answered = self.start(command, origin=origin, on_data=on_data, context=context)
        return await self.finish(command, answered, timeout=timeout)

    def start(
        self,
        command: Command,
        *,
        origin: str,
        on_data: OnResponse | None = None,
        context: ssl.SSLContext | None = None,
    ) -> asyncio.Future[Completed]:
        """Send a command without waiting, for pipelining; ``finish`` takes the answer.

        Raises ``ConnectionFailed`` when the connection has ended.
        """
        if self.closed.done():
            raise self.closed.result()
        tag = self.connection.send(command, origin=origin)
        answered: asyncio.Future[Completed] = asyncio.get_running_loop().create_future()
        sent = asyncio.get_running_loop().time()
        self._waiting[tag] = _Waiter(command, answered, on_data, context, sent)
        self._quiet.clear()
        self._flush()
        return answered

    async def finish(
        self,
        command: Command,
        answered: asyncio.Future[Completed],
        *,
        timeout: float = ANSWER_TIMEOUT,
    ) -> Completed:
        """The tagged answer of a command that ``start`` sent; raises as ``run`` does."""
        completed = await self._answer(answered, f"the answer to {command.name}", timeout)
        if completed.status != "OK":
            raise refusal(command, completed)
        return completed

    def idle_done(self) -> None:
        """End IDLE (RFC 2177); commands may follow at once."""
        self.connection.idle_done()
        self._flush()

    async def close(self) -> None:
        """LOGOUT if the server still listens, then end the connection."""
        if not self.closed.done():
            self.connection.idle_done()
            with suppress(MailError):
                await self.run(commands.logout(), origin="leave", timeout=LOGOUT_TIMEOUT)
        self._pump_task.cancel()
        await asyncio.wait([self._pump_task])
        self._stream.abort()
        await self._stream.wait_closed()
        self._end(ConnectionFailed("The connection was closed"))

    def abort(self, reason: MailError) -> None:
        """End the connection at once; everything that waits gets ``reason``."""
        self._stream.abort()
        self._pump_task.cancel()
        self._end(reason)

    async def _answer(
        self, future: asyncio.Future[Answer], waited_for: str, timeout: float
    ) -> Answer:
        loop = asyncio.get_running_loop()
        asked = loop.time()
        while not future.done():
            now = loop.time()
            silence = max(asked, self._stream.last_received, self._last_read) + timeout - now
            longest = asked + ANSWER_LONGEST - now
            if min(silence, longest) <= 0:
                what = "said nothing" if silence <= 0 else "did not come to an end"
                waited = timeout if silence <= 0 else ANSWER_LONGEST
                error = ConnectionFailed(
                    f"{self.host} {what} for {waited:g} s (waiting for {waited_for})"
                )
                self.abort(error)
                raise error
            await asyncio.wait([future], timeout=min(silence, longest))
        return future.result()

    async def _pump(self) -> None:
        reason: MailError
        try:
            while data := await self._stream.read():
                self.connection.receive_data(data)
                await self._dispatch()
                self._flush()
            reason = ConnectionFailed(f"{self.host} closed the connection", server_line=self._bye)
        except MailError as error:
            reason = error
        except Exception as error:
            log.exception("the connection to %s failed", self.host)
            reason = ConnectionFailed(f"The connection to {self.host} failed: {error!r}")
        self.connection.receive_eof()
        self._stream.abort()
        self._end(reason)

    async def _dispatch(self) -> None:
        until = perf_counter() + SLICE
        while (response := self.connection.next_event()) is not NEED_DATA:
            assert not isinstance(response, type(NEED_DATA))
            if isinstance(response, Completed):
                await self._completed(response)
            elif isinstance(response, Greeting):
                if not self._greeting.done():
                    self._greeting.set_result(response)
            elif isinstance(response, Continuation):
                self._flush()
            else:
                self._untagged(response)
            if perf_counter() > until:
                await self._pause()
                self._last_read = asyncio.get_running_loop().time()
                until = perf_counter() + SLICE

    async def _completed(self, completed: Completed) -> None:
        waiter = self._waiting.get(completed.tag)
        if waiter is None:
            return
        if waiter.context is not None and completed.status == "OK":
            # What followed the OK in plain text may have been put there by somebody else.
            self.connection.start_tls_done()
            await self._stream.start_tls(waiter.context, timeout=TLS_TIMEOUT)
        del self._waiting[completed.tag]
        if not waiter.answered.done():
            waiter.answered.set_result(completed)
        self._give_up_lost(waiter.sent)
        if not self._waiting:
            self._quiet.set()

    def _give_up_lost(self, answered: float) -> None:
        """Commands sent so long before one that has its answer now will not get theirs."""
        for tag, waiter in tuple(self._waiting.items()):
            if waiter.sent + ANSWER_LONGEST > answered:
                return
            del self._waiting[tag]
            if not waiter.answered.done():
                error = ConnectionFailed(f"{self.host} never answered {waiter.command.name}")
                waiter.answered.set_exception(error)
                waiter.answered.exception()  # nobody may be waiting

    def _untagged(self, response: Response) -> None:
        if isinstance(response, Condition) and response.status == "BYE":
            self._bye = response.text
        elif isinstance(response, Malformed) or (isinstance(response, Fetch) and response.broken):
            self.malformed += 1
            if self.on_malformed is not None:
                self.on_malformed(response)
        asked = response.tag if isinstance(response, ESearchData) else None
        if isinstance(response, SearchData):
            # It names no command: of several that search, the first one is answered first.
            waiting = self._waiting.items()
            searching = (tag for tag, each in waiting if "SEARCH" in each.command.name)
            asked = next(searching, None)
        # Dovecot may answer a pipelined command before the one ahead of it is complete.
        for tag, waiter in tuple(self._waiting.items()):
            if waiter.on_data is not None and asked in (None, tag):
                waiter.on_data(response)
        if self.on_response is not None:
            self.on_response(response)

    def _flush(self) -> None:
        self._stream.write(self.connection.data_to_send())

    def _end(self, reason: MailError) -> None:
        if not self.closed.done():
            self.closed.set_result(reason)
        for waiter in self._waiting.values():
            if not waiter.answered.done():
                waiter.answered.set_exception(reason)
                waiter.answered.exception()  # pipelined answers may have nobody waiting
        self._waiting.clear()
        if not self._greeting.done():
            self._greeting.set_exception(reason)
            self._greeting.exception()
        self._quiet.set()


async def _yield() -> None:
    await asyncio.sleep(0)


def refusal(command: Command, completed: Completed) -> CommandRefused:
    """The error for a NO or BAD, with the server's own line."""
    code = completed.code.name if completed.code else None
    bracket = f"[{code}] " if code else ""
    return CommandRefused(
        f"The server refused {command.name}",
        server_line=f"{completed.status} {bracket}{completed.text}",
        code=code,
    )
