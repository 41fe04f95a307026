"""What is measured of a client, each as one function; times in seconds, memory in bytes.

Runs on the harness of tests/terminal: times are those of the bytes at the terminal, stamped before
they are drawn. Raises WaitedTooLong when a client does not do what it should.
"""

from __future__ import annotations

import math
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from clients import Account, Client, message_under_bar
from terminal import PtySession, Terminal

START_SECONDS = 180.0
KEY_GAP = 0.03  # a held key repeats about this often
READING = 1.0  # how long somebody looks at a message before going to the next
STEPS = 30


@dataclass(slots=True)
class Figures:
    """All that was measured of one client; lists hold one value per round or per key."""

    start: list[float] = field(default_factory=list)
    start_cached: list[float] = field(default_factory=list)
    start_far: list[float] = field(default_factory=list)
    keys_idle: list[float] = field(default_factory=list)
    keys_syncing: list[float] = field(default_factory=list)
    step_bytes: list[int] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    next_far: list[float] = field(default_factory=list)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of all does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def median(values: list[float] | list[int]) -> float | None:
    return statistics.median(values) if values else None


@contextmanager
def running(client: Client, account: Account, *, cache: bool) -> Iterator[PtySession]:
    """The client, started; ended in good order if all went well, and killed otherwise."""
    client.set_up(account, cache=cache)
    with client.start() as session:
        yield session
        client.quit(session)


def start(session: PtySession, newest: int) -> float:
    """From the start of the process until the newest subject is on the screen."""
    shown = session.wait_until(_shows(f"#{newest}"), f"message #{newest}", START_SECONDS)
    return shown - session.started


def _shows(word: str) -> Callable[[Terminal], bool]:
    pattern = re.compile(re.escape(word) + r"(?!\d)")
    return lambda terminal: any(pattern.search(row) for row in terminal.display())


def to_newest(session: PtySession, client: Client, newest: int) -> None:
    """Puts the bar on the newest message, and waits until all is quiet."""
    session.wait_quiet(seconds=60)
    if message_under_bar(session.terminal) != newest:
        session.press(client.home_key)
        session.wait_until(lambda terminal: message_under_bar(terminal) == newest, "the first line")
    session.wait_quiet(seconds=60)


def key_times(session: PtySession, client: Client, count: int) -> list[float]:
    """One step down at a time, like a held key: until the bytes that move the bar arrive."""
    times = []
    for _ in range(count):
        before = message_under_bar(session.terminal)
        pressed = time.monotonic()
        session.press(client.down)
        moved = session.wait_until(_bar_left(before), "a step down")
        times.append(moved - pressed)
        gap_ends = pressed + KEY_GAP
        while (left := gap_ends - time.monotonic()) > 0:
            session.read(left)
    return times


def _bar_left(number: int | None) -> Callable[[Terminal], bool]:
    return lambda terminal: message_under_bar(terminal) not in (number, None)


def step_bytes(session: PtySession, client: Client) -> list[int]:
    """Bytes to the terminal for each of the steps from the first line of a page down it."""
    return [session.bytes_for(client.down, quiet=0.15) for _ in range(STEPS)]


def next_message(session: PtySession, client: Client, newest: int, count: int) -> list[float]:
    """With the newest message open and read: from the key until the text of the next one."""
    session.press(client.open_key)
    session.wait_until(_shows(f"This is message {newest}."), "the text")
    times = []
    for number in range(newest - 1, newest - 1 - count, -1):
        _look(session)
        pressed = time.monotonic()
        session.press(client.next_key)
        shown = session.wait_until(_shows(f"This is message {number}."), f"the text of {number}")
        times.append(shown - pressed)
    return times


def _look(session: PtySession) -> None:
    ends = time.monotonic() + READING
    while (left := ends - time.monotonic()) > 0:
        session.read(left)


def measure_near(
    client: Client, account: Account, newest: int, figures: Figures, *, keys: int
) -> None:
    """A start with nothing cached; keys while it synchronises; then at rest, and cached again."""
    with running(client, account, cache=False) as session:
        figures.start.append(start(session, newest))
        if client.background_sync:
            session.wait_until(lambda terminal: message_under_bar(terminal) is not None, "a bar")
            figures.keys_syncing += key_times(session, client, keys)
        session.wait_idle(seconds=240)
        figures.memory.append(session.resident_memory())
        to_newest(session, client, newest)
        if not figures.step_bytes:
            figures.step_bytes += step_bytes(session, client)
        figures.keys_idle += key_times(session, client, keys)
    if client.caches:
        with running(client, account, cache=True) as session:
            figures.start_cached.append(start(session, newest))


def measure_far(
    client: Client, account: Account, newest: int, figures: Figures, *, messages: int
) -> None:
    """The same start at the end of a slow line, and the step from message to message."""
    with running(client, account, cache=False) as session:
        figures.start_far.append(start(session, newest))
        session.wait_idle(seconds=240)
        to_newest(session, client, newest)
        figures.next_far += next_message(session, client, newest, messages)
        back_to_list(session, client, newest - messages)


def back_to_list(session: PtySession, client: Client, number: int) -> None:
    """Leaves the viewer, so that quitting begins at the list."""
    session.press(client.close_key)
    session.wait_until(lambda terminal: message_under_bar(terminal) == number, "the list")
    session.wait_quiet()
