"""One IMAP connection's protocol state (RFC 9051, 3): commands in, bytes out; bytes in, events out.

Does no input or output. A response that cannot be read becomes ``Malformed`` and the stream goes
on; only a stream whose framing is lost raises ``ProtocolError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from itertools import count
from typing import Literal as OneOf
from typing import TypeAlias

from tui_mail.errors import ProtocolError
from tui_mail.wire.commands import Command
from tui_mail.wire.framing import Framer, Limits, RawResponse
from tui_mail.wire.parser import parse_response
from tui_mail.wire.responses import (
    CapabilityData,
    Completed,
    Condition,
    Continuation,
    Greeting,
    Malformed,
    Response,
    StatusCode,
    Unknown,
)
from tui_mail.wire.sending import Sender
from tui_mail.wire.transcript import MASK, Recorder


class State(Enum):
    """RFC 9051, 3, and the time before the greeting."""

    GREETING = "awaiting the greeting"
    NOT_AUTHENTICATED = "not authenticated"
    AUTHENTICATED = "authenticated"
    SELECTED = "selected"
    LOGOUT = "logged out"


class NeedData(Enum):
    NEED_DATA = "no whole response is buffered"


NEED_DATA: OneOf[NeedData.NEED_DATA] = NeedData.NEED_DATA
Event: TypeAlias = Response | OneOf[NeedData.NEED_DATA]

# What ends in which state (RFC 9051, 3); anything not here changes nothing.
_TRANSITIONS: dict[tuple[State, str, str], State] = {
    (State.GREETING, "greeting", "OK"): State.NOT_AUTHENTICATED,
    (State.GREETING, "greeting", "PREAUTH"): State.AUTHENTICATED,
    (State.GREETING, "greeting", "BYE"): State.LOGOUT,
    (State.NOT_AUTHENTICATED, "LOGIN", "OK"): State.AUTHENTICATED,
    (State.NOT_AUTHENTICATED, "AUTHENTICATE", "OK"): State.AUTHENTICATED,
    (State.AUTHENTICATED, "SELECT", "OK"): State.SELECTED,
    (State.AUTHENTICATED, "EXAMINE", "OK"): State.SELECTED,
    (State.SELECTED, "SELECT", "NO"): State.AUTHENTICATED,
    (State.SELECTED, "EXAMINE", "NO"): State.AUTHENTICATED,
    (State.SELECTED, "CLOSE", "OK"): State.AUTHENTICATED,
    (State.SELECTED, "UNSELECT", "OK"): State.AUTHENTICATED,
} | {(state, "untagged", "BYE"): State.LOGOUT for state in State if state is not State.GREETING}


class ImapConnection:
    """The client's side of one connection.

    ``capabilities`` are upper case, as the server told last. ``selected`` is the mailbox that
    SELECT or EXAMINE opened. ``pending`` are the commands in flight by tag, oldest first.
    """

    def __init__(
        self,
        recorder: Recorder | None = None,
        limits: Limits | None = None,
        tag_prefix: str = "A",
    ) -> None:
        self.state = State.GREETING
        self.capabilities: frozenset[str] = frozenset()
        self.greeting: Greeting | None = None
        self.selected: bytes | None = None
        self._recorder = recorder
        self._framer = Framer(limits or Limits())
        self._sender = Sender(recorder)
        self._tag_prefix = tag_prefix
        self._next_command = recorder.next_command if recorder else count(1).__next__
        self._tls_begins = False
        self._ended = False

    @property
    def pending(self) -> Mapping[str, Command]:
        return self._sender.in_flight

    def send(self, command: Command, *, origin: str = "") -> str:
        """Queue a command and give its tag; ``origin`` says for the transcript what asked for it.

        Raises ``ProtocolError`` when the server has gone.
        """
        if self._ended:
            raise ProtocolError("The connection has ended")
        tag = f"{self._tag_prefix}{self._next_command()}"
        self._sender.put(tag, command, origin)
        return tag

    def idle_done(self) -> None:
        """End the IDLE that was sent last; a command may follow at once. Else does nothing."""
        self._sender.idle_done()

    def data_to_send(self) -> bytes:
        """All bytes that may be written now; empty while the server has the word."""
        return self._sender.data_to_send(self.capabilities)

    def receive_data(self, data: bytes) -> None:
        """Buffer bytes from the server; ``next_event`` reads them."""
        if not (self._ended or self._tls_begins):
            self._framer.feed(data)

    def next_event(self) -> Event:
        """The next response, already applied to the state, or ``NEED_DATA``.

        Between the OK to STARTTLS and ``start_tls_done`` there is none, whatever has arrived.
        Raises ``ProtocolError`` when this is no IMAP server or a limit was broken.
        """
        if self._tls_begins or self._ended:
            return NEED_DATA
        raw = self._framer.take()
        if raw is None:
            return NEED_DATA
        response = parse_response(raw.text, raw.literals)
        if self._recorder is not None:
            self._record(self._recorder, raw, response)
        if self.greeting is None:
            return self._greeted(response)
        return self._apply(response)

    def start_tls_done(self) -> None:
        """Call when STARTTLS was answered OK, before TLS begins.

        Drops every byte that arrived in plain text, and what it said the server can do
        (RFC 9051, 6.2.1 and 11.1).
        """
        self._framer.clear()
        self.capabilities = frozenset()
        self._tls_begins = False
        self._sender.start_tls_done()

    def receive_eof(self) -> None:
        """The server has closed; what it did not finish saying is lost."""
        self.state = State.LOGOUT
        self._ended = True
        self._framer.clear()
        self._sender.stop()

    def _greeted(self, response: Response) -> Greeting:
        if not isinstance(response, Condition) or response.status in ("NO", "BAD"):
            line = response.line if isinstance(response, Malformed) else b""
            raise ProtocolError(
                "This is not an IMAP server",
                server_line=line[:200].decode("utf-8", "replace"),
                advice="Check host and port; a port for TLS answers nothing readable without it.",
            )
        self.greeting = Greeting(response)
        self._learn(response.code)
        self._move("greeting", response.status)
        return self.greeting

    def _apply(self, response: Response) -> Response:
        if isinstance(response, Completed):
            return self._completed(response)
        if isinstance(response, CapabilityData):
            self.capabilities = response.names
        elif isinstance(response, Condition):
            self._learn(response.code)
            if response.status == "BYE":
                self._move("untagged", "BYE")
        elif isinstance(response, Continuation):
            self._sender.continuation(response.text)
        return self._without_secrets(response)

    def _completed(self, response: Completed) -> Response:
        shown = self._without_secrets(response)
        command = self._sender.completed(response.tag, ok=response.status == "OK")
        if command is None:
            line = f"{response.tag} {response.status} {response.text}"
            return Unknown(response.tag, line.encode("utf-8", "replace"))
        self._learn(response.code)
        self._move(command.name, response.status)
        if self.state is not State.SELECTED:
            self.selected = None
        elif command.mailbox is not None and response.status == "OK":
            self.selected = command.mailbox
        self._tls_begins = command.name == "STARTTLS" and response.status == "OK"
        if self._recorder is not None:
            self._recorder.completed(response.tag, response.status)
        return shown

    def _move(self, what: str, status: str) -> None:
        self.state = _TRANSITIONS.get((self.state, what, status), self.state)

    def _learn(self, code: StatusCode | None) -> None:
        if code is not None and code.name == "CAPABILITY":
            for names in code.arguments:
                if isinstance(names, frozenset):
                    self.capabilities = names

    def _record(self, recorder: Recorder, raw: RawResponse, response: Response) -> None:
        tag = next(iter(self.pending), "")
        if isinstance(response, Completed) and response.tag in self.pending:
            tag = response.tag
        text = raw.text.replace(b"\r\n", b"").replace(b"\n", b"") if raw.literals else raw.text
        text = self._masked(text.rstrip(b"\r\n"))
        recorder.received(tag, text, raw.literals, raw.size)

    def _without_secrets(self, response: Response) -> Response:
        """Some servers repeat a command that they refuse, and people show what servers say."""
        if not any(command.secrets for command in self.pending.values()):
            return response
        if isinstance(response, Condition | Completed):
            text = self._masked(response.text.encode("utf-8", "replace"))
            return replace(response, text=text.decode())
        if isinstance(response, Malformed):
            return replace(response, line=self._masked(response.line))
        if isinstance(response, Unknown):
            return replace(response, raw=self._masked(response.raw))
        return response

    def _masked(self, line: bytes) -> bytes:
        for command in self.pending.values():
            for secret in command.secrets:
                line = line.replace(secret, MASK) if secret else line
        return line
