"""When a command's bytes may go out: pipelining, literals, AUTHENTICATE, IDLE, STARTTLS.

Keeps the queue of what is to be sent and stops it where the protocol says that the server has
the word. Knows nothing of what the server answers beyond ``+`` and the end of a command.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from tui_mail.wire.commands import Command, Literal, Part, Secret
from tui_mail.wire.transcript import MASK, Recorder

LITERAL_MINUS = 4096  # octets that LITERAL- lets go without asking (RFC 7888, 5)


class _Hold(Enum):
    """What must happen before anything more is sent."""

    NOTHING = auto()
    LITERAL = auto()  # "+", then the rest of the same command
    AUTHENTICATE = auto()  # "+" or the tagged answer
    IDLE_BEGINS = auto()  # "+" (RFC 9051, 6.3.13)
    IDLE = auto()  # DONE is wanted
    STARTTLS = auto()  # the handshake has been done, or a tagged NO


@dataclass(frozen=True, slots=True)
class _Announced:
    """A literal whose ``{n}`` was sent and whose octets wait for the server's ``+``."""

    literal: Literal


@dataclass(slots=True)
class _Outgoing:
    """A command, or a line that goes on with one (``begins`` False), and what is left of it."""

    tag: str
    command: Command
    origin: str
    left: deque[Part | _Announced]
    begins: bool = True


class _Line:
    """What is sent at one time, as it goes out and as the transcript shows it."""

    def __init__(self) -> None:
        self.wire: list[bytes] = []
        self.text: list[bytes] = []
        self.literals: list[bytes | None] = []
        self.size = 0  # with masks for secrets: their length is part of the secret

    def add(self, part: bytes | Secret) -> None:
        shown = MASK if isinstance(part, Secret) else part
        self.wire.append(part.data if isinstance(part, Secret) else part)
        self.text.append(shown)
        self.size += len(shown)

    def announce(self, literal: Literal, mark: bytes) -> None:
        shown = _announcement(literal, mark)
        before = b"~" if literal.binary else b""
        self.wire.append(b"%b{%d%b}\r\n" % (before, len(literal.data), mark))
        self.text.append(shown)
        self.size += len(shown) + 2

    def octets(self, literal: Literal) -> None:
        self.wire.append(literal.data)
        self.literals.append(None if literal.secret else literal.data)
        self.size += len(MASK) if literal.secret else len(literal.data)


def _announcement(literal: Literal, mark: bytes) -> bytes:
    before = b"~" if literal.binary else b""
    return b"%b{%b%b}" % (before, b"*" if literal.secret else b"%d" % len(literal.data), mark)


class Sender:
    """The queue of one connection's commands.

    ``in_flight`` are those of which at least the first octet was handed out and that have no
    tagged answer yet, oldest first.
    """

    def __init__(self, recorder: Recorder | None) -> None:
        self._recorder = recorder
        self._queue: deque[_Outgoing] = deque()
        self._hold = _Hold.NOTHING
        self._holder = ""  # the tag that holds
        self._in_flight: dict[str, Command] = {}
        self.in_flight: Mapping[str, Command] = MappingProxyType(self._in_flight)

    def put(self, tag: str, command: Command, origin: str) -> None:
        first = f"{tag} {command.name}".encode("ascii")
        left: deque[Part | _Announced] = deque((first, *command.parts, b"\r\n"))
        self._queue.append(_Outgoing(tag, command, origin, left))

    def idle_done(self) -> None:
        """DONE behind the IDLE that was sent or queued, before whatever follows it."""
        if self._hold in (_Hold.IDLE, _Hold.IDLE_BEGINS):
            tag, at = self._holder, 0
        else:
            waiting = [n for n, it in enumerate(self._queue) if it.command.name == "IDLE"]
            if not waiting:
                return
            tag, at = self._queue[waiting[0]].tag, waiting[0] + 1
        if at < len(self._queue) and self._queue[at].tag == tag:
            return  # it waits there already
        command = self._in_flight.get(tag) or self._queue[at - 1].command
        self._queue.insert(at, _Outgoing(tag, command, "", deque((b"DONE\r\n",)), False))

    def continuation(self, text: bytes) -> None:
        """The server said ``+``, and ``text``; one that nobody asked for changes nothing."""
        if self._hold is _Hold.LITERAL:
            self._release()
        elif self._hold is _Hold.IDLE_BEGINS:
            self._hold = _Hold.IDLE
        elif self._hold is _Hold.AUTHENTICATE and not self._goes_on(self._holder):
            command = self._in_flight[self._holder]
            assert command.dialogue is not None
            said = command.dialogue.answer(text)
            # Nothing, and the ``*`` that cancels, may be seen.
            answer: Part = Secret(said) if len(said) > 1 else said
            left: deque[Part | _Announced] = deque((answer, b"\r\n"))
            self._queue.appendleft(_Outgoing(self._holder, command, "", left, False))

    def completed(self, tag: str, *, ok: bool) -> Command | None:
        """The tagged answer to a command in flight, None if there is none of that tag."""
        command = self._in_flight.pop(tag, None)
        if command is None:
            return None
        if self._goes_on(tag):  # refused before it was all sent
            self._queue.popleft()
        if self._holder == tag and not (self._hold is _Hold.STARTTLS and ok):
            self._release()
        return command

    def start_tls_done(self) -> None:
        if self._hold is _Hold.STARTTLS:
            self._release()

    def stop(self) -> None:
        """Nothing will be sent any more."""
        self._queue.clear()
        self._in_flight.clear()
        self._release()

    def data_to_send(self, capabilities: frozenset[str]) -> bytes:
        """All that may go out now."""
        wire: list[bytes] = []
        while self._queue and self._may_send(self._queue[0]):
            self._send(self._queue[0], capabilities, wire)
        return b"".join(wire)

    def _goes_on(self, tag: str) -> bool:
        """Whether something of this command waits at the front of the queue."""
        return bool(self._queue) and self._queue[0].tag == tag

    def _may_send(self, item: _Outgoing) -> bool:
        if self._hold is _Hold.NOTHING:
            return True
        goes_on = item.tag == self._holder
        return goes_on and self._hold in (_Hold.IDLE, _Hold.AUTHENTICATE)

    def _send(self, item: _Outgoing, capabilities: frozenset[str], wire: list[bytes]) -> None:
        self._in_flight.setdefault(item.tag, item.command)
        line = _Line()
        while item.left:
            part = item.left.popleft()
            if isinstance(part, _Announced):
                line.text.append(_announcement(part.literal, b""))
                line.octets(part.literal)
            elif isinstance(part, Literal):
                literal, mark = _as_offered(part, capabilities)
                line.announce(literal, mark)
                if not mark:
                    item.left.appendleft(_Announced(literal))
                    self._hold, self._holder = _Hold.LITERAL, item.tag
                    break
                line.octets(literal)
            else:
                line.add(part)
        else:
            self._queue.popleft()
            self._sent_whole(item)
        wire += line.wire
        if self._recorder is not None:
            text = b"".join(line.text).removesuffix(b"\r\n")
            self._recorder.sent(
                item.tag, item.command.name, item.origin, text, tuple(line.literals), line.size
            )

    def _sent_whole(self, item: _Outgoing) -> None:
        if not item.begins:
            if self._hold is _Hold.IDLE:
                self._release()
            return
        hold = _HOLDS.get(item.command.name)
        if hold is not None:
            self._hold, self._holder = hold, item.tag

    def _release(self) -> None:
        self._hold = _Hold.NOTHING
        self._holder = ""


_HOLDS = {
    "AUTHENTICATE": _Hold.AUTHENTICATE,
    "IDLE": _Hold.IDLE_BEGINS,
    "STARTTLS": _Hold.STARTTLS,
}


def _as_offered(literal: Literal, capabilities: frozenset[str]) -> tuple[Literal, bytes]:
    """The literal as this server takes it, and ``+`` when it need not be asked (RFC 7888)."""
    binary = literal.binary and "BINARY" in capabilities
    if binary != literal.binary:
        literal = Literal(literal.data, literal.secret, binary)
    small = len(literal.data) <= LITERAL_MINUS
    if "LITERAL+" in capabilities or (small and capabilities & {"LITERAL-", "IMAP4REV2"}):
        return literal, b"+"
    return literal, b""
