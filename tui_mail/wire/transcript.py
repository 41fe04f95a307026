"""What crossed the wire, for a person to read: a bounded ring, secrets masked, literals folded.

One thread writes, any number read, without locks: readers look at numbers, never at a moving
container. An append costs the same whatever the ring holds. Knows no socket and no screen.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import count

MASK = b"********"
SUBMISSION_TAG = "S"  # SMTP has no tags: we number its commands, and never send the number
LITERAL_KEPT = 64 * 1024  # octets of one literal
LITERALS_KEPT = 256 * 1024  # octets of all literals of one line
TEXT_KEPT = 64 * 1024  # octets of one line
_OVERHEAD = 200  # octets that a line costs beside its text, measured on CPython 3.11


class Direction(Enum):
    SENT = "→"
    RECEIVED = "←"
    NOTE = "·"


@dataclass(frozen=True, slots=True)
class WireLine:
    """One line, as sent or received at one time.

    ``text`` has no line end; a literal stands in it as ``{n}``, secrets as ``MASK``, and it is
    cut at 64 KiB. ``literals`` are those of its literals that crossed with this line, each cut
    at 64 KiB and all together at 256 KiB, None for a secret one. ``time`` is in seconds since
    the epoch, ``size`` counts the octets on the wire (with ``MASK`` in the place of a secret).
    ``tag`` is the command's that it belongs to: for an untagged response the oldest in flight,
    "" if there was none.
    """

    number: int
    time: float
    connection: str
    direction: Direction
    tag: str
    text: bytes
    literals: tuple[bytes | None, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """One command and all of its answer.

    ``started`` and ``finished`` are in seconds since the epoch; ``status`` is the tagged
    answer's; ``sent`` and ``received`` count octets.
    """

    connection: str
    tag: str
    name: str
    origin: str
    started: float
    finished: float | None
    status: str | None
    sent: int
    received: int

    @property
    def milliseconds(self) -> float | None:
        """From the first octet sent to the tagged answer."""
        return None if self.finished is None else (self.finished - self.started) * 1000


@dataclass(slots=True)
class _Running:
    """An exchange that still changes; ``clock`` is monotonic, so a set clock does no harm."""

    name: str
    origin: str
    started: float
    clock: float
    seconds: float | None = None
    status: str | None = None
    sent: int = 0
    received: int = 0


class Transcript:
    """The ring. ``max_lines`` lines, and ``max_bytes`` octets of text and literals in all.

    ``listener`` is called after each line, on the writer's thread, and must be cheap.
    """

    def __init__(self, max_lines: int = 10_000, max_bytes: int = 4 * 1024 * 1024) -> None:
        self.listener: Callable[[], None] | None = None
        self.last_number = 0
        self.last_exchange: Exchange | None = None
        self._ring: list[WireLine | None] = [None] * max(1, max_lines)
        self._max_bytes = max_bytes
        self._bytes = 0
        self._oldest = 1
        self._hidden = 0  # lines up to this number were cleared away
        self._exchanges: dict[tuple[str, str], _Running] = {}
        self._exchange_order: deque[tuple[str, str]] = deque()
        self._unanswered: dict[tuple[str, str], _Running] = {}
        self._commands: dict[str, count[int]] = {}

    def recorder(self, connection: str) -> Recorder:
        """Where the connection of this name (``work/1``) reports what crosses its wire."""
        # What the connection before it of this name left unanswered stays so.
        for key in [key for key in self._unanswered if key[0] == connection]:
            del self._unanswered[key]
        return Recorder(self, connection)

    @property
    def first_number(self) -> int:
        """The number of the oldest line there is; above ``last_number`` when there is none."""
        return max(self._oldest, self._hidden + 1)

    def lines(self, after: int = 0) -> list[WireLine]:
        """The lines numbered above ``after``, oldest first."""
        ring, size = self._ring, len(self._ring)
        numbers = range(max(self.first_number, after + 1), self.last_number + 1)
        found = ((number, ring[number % size]) for number in numbers)
        return [line for number, line in found if line is not None and line.number == number]

    def exchange(self, connection: str, tag: str) -> Exchange | None:
        """The command of this tag, None when it is not known, or no longer."""
        running = self._exchanges.get((connection, tag))
        return None if running is None else _snapshot(connection, tag, running)

    def awaited(self) -> tuple[str, float] | None:
        """The command whose answer has been awaited longest, and for how many seconds.

        IDLE is left out: it waits for nothing (RFC 2177).
        """
        for running in list(self._unanswered.values()):
            if running.name != "IDLE":
                return running.name, time.perf_counter() - running.clock
        return None

    def clear(self) -> None:
        """Show none of the lines so far; their memory is reused as new ones come."""
        self._hidden = self.last_number

    def note(self, connection: str, text: str) -> None:
        """A line of our own, such as "connected" or "TLS 1.3"."""
        data = text.encode("utf-8", "replace")
        self._append(connection, Direction.NOTE, "", data, (), 0)

    def export(self, lines: Iterable[WireLine]) -> str:
        """Lines as text for a file: control characters and bytes that are not UTF-8 escaped."""
        return "".join(f"{_exported(line)}\n" for line in lines)

    def _append(
        self,
        connection: str,
        direction: Direction,
        tag: str,
        text: bytes,
        literals: tuple[bytes | None, ...],
        size: int,
    ) -> None:
        if literals:
            literals = tuple(_kept(literals))
        if len(text) > TEXT_KEPT:
            text = text[:TEXT_KEPT]
        number = self.last_number + 1
        slot = number % len(self._ring)
        if number - self._oldest >= len(self._ring):
            self._drop_oldest()
        line = WireLine(number, time.time(), connection, direction, tag, text, literals, size)
        self._bytes += _cost(line)
        while self._bytes > self._max_bytes and self._oldest < number:
            self._drop_oldest()
        self._ring[slot] = line
        self.last_number = number
        if self.listener is not None:
            self.listener()

    def _drop_oldest(self) -> None:
        slot = self._oldest % len(self._ring)
        line = self._ring[slot]
        if line is not None:
            self._bytes -= _cost(line)
            self._ring[slot] = None
        self._oldest += 1

    def _open(self, key: tuple[str, str], name: str, origin: str) -> _Running:
        if len(self._exchange_order) >= len(self._ring):
            oldest = self._exchange_order.popleft()
            self._exchanges.pop(oldest, None)
            self._unanswered.pop(oldest, None)
        running = _Running(name, origin, time.time(), time.perf_counter())
        self._exchanges[key] = self._unanswered[key] = running
        self._exchange_order.append(key)
        return running


class Recorder:
    """What one connection tells the transcript; called on the writer's thread alone."""

    def __init__(self, transcript: Transcript, connection: str) -> None:
        self.connection = connection
        self._transcript = transcript

    def next_command(self) -> int:
        """1, 2, 3 …, going on when a connection of this name is made again.

        So a tag made of it stands for one command in all of the transcript.
        """
        return next(self._transcript._commands.setdefault(self.connection, count(1)))

    def sent(
        self,
        tag: str,
        name: str,
        origin: str,
        text: bytes,
        literals: tuple[bytes | None, ...],
        size: int,
    ) -> None:
        """A command, or a later line of one. Secrets must be masked and None by now."""
        transcript = self._transcript
        key = (self.connection, tag)
        running = transcript._exchanges.get(key) or transcript._open(key, name, origin)
        running.sent += size
        transcript._append(self.connection, Direction.SENT, tag, text, literals, size)

    def received(
        self, tag: str, text: bytes, literals: tuple[bytes | None, ...], size: int
    ) -> None:
        """A whole response; ``tag`` is its own, or that of the command it seems to answer."""
        transcript = self._transcript
        running = transcript._exchanges.get((self.connection, tag))
        if running is not None:
            running.received += size
        transcript._append(self.connection, Direction.RECEIVED, tag, text, literals, size)

    def completed(self, tag: str, status: str) -> None:
        """The tagged answer has come; its line was reported before."""
        running = self._transcript._exchanges.get((self.connection, tag))
        if running is not None:
            running.seconds = time.perf_counter() - running.clock
            running.status = status
            self._transcript._unanswered.pop((self.connection, tag), None)
            self._transcript.last_exchange = _snapshot(self.connection, tag, running)

    def line(self, direction: Direction, text: bytes) -> None:
        """A line of a protocol without tags, without its line end."""
        self._transcript._append(self.connection, direction, "", text, (), len(text) + 2)

    def note(self, text: str) -> None:
        self._transcript.note(self.connection, text)


def _kept(literals: tuple[bytes | None, ...]) -> Iterator[bytes | None]:
    left = LITERALS_KEPT
    for data in literals:
        kept = None if data is None else data[: min(LITERAL_KEPT, left)]
        left -= len(kept or b"")
        yield kept


def _cost(line: WireLine) -> int:
    return len(line.text) + sum(len(data) for data in line.literals if data) + _OVERHEAD


def _snapshot(connection: str, tag: str, running: _Running) -> Exchange:
    return Exchange(
        connection,
        tag,
        running.name,
        running.origin,
        running.started,
        None if running.seconds is None else running.started + running.seconds,
        running.status,
        running.sent,
        running.received,
    )


def _exported(line: WireLine) -> str:
    seconds, fraction = divmod(line.time, 1)
    clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    text = line.text.decode("utf-8", "backslashreplace")
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return f"{clock}.{int(fraction * 1000):03}Z {line.connection} {line.direction.value} {shown}"
