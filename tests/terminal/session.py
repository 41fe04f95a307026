"""A program in a pty of its own, and somebody who types, waits and looks.

Nothing sleeps for a fixed time: every wait ends when what is waited for is there, or fails with a
picture of the screen. Bytes are counted and stamped when they are read, before they are drawn.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from servers.process import stop_process

from .emulator import APPLICATION_CURSOR, BRACKETED_PASTE, CURSOR_SHOWN, Terminal

KEYS = {
    "enter": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "backspace": "\x7f",
    "space": " ",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "f1": "\x1bOP",
    "ctrl+a": "\x01",
    "ctrl+c": "\x03",
    "ctrl+p": "\x10",
    "ctrl+z": "\x1a",
}
_CURSOR_KEYS = frozenset(("up", "down", "right", "left", "home", "end"))
_READ = 1 << 16
SECONDS = 15.0


class WaitedTooLong(AssertionError):
    """What was waited for did not come; the text shows the screen as it was."""


class PtySession:
    """The program runs when this is made; leaving the ``with`` block ends it and its children.

    ``received`` counts every byte the program has written to the terminal, ``last_output`` is the
    ``time.monotonic`` of the last ones, ``raw`` holds all of them when ``keep`` is set.
    ``environment`` is the whole environment; TERM, COLUMNS and LINES are seen to.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        columns: int = 80,
        lines: int = 24,
        environment: Mapping[str, str] | None = None,
        term: str = "xterm-256color",
        folder: Path | None = None,
        keep: bool = False,
    ) -> None:
        self._master, slave = pty.openpty()
        self._slave = slave  # kept open: the terminal outlives the program, so can be looked at
        self.terminal = Terminal(columns, lines, answer=self.send)
        self.received = 0
        self.raw = bytearray() if keep else None
        self._set_size(columns, lines)
        self.modes_before = termios.tcgetattr(slave)
        variables = dict(os.environ if environment is None else environment)
        for name in ("COLUMNS", "LINES"):
            variables.pop(name, None)
        variables["TERM"] = term
        self.started = self.last_output = time.monotonic()
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=variables,
            cwd=folder,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.set_blocking(self._master, False)

    def __enter__(self) -> PtySession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends whatever still runs and gives the terminal back."""
        stop_process(self.process, seconds=0)
        for descriptor in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    # -- fingers --

    def send(self, data: bytes | str) -> None:
        """Writes to the program as the terminal would; reads meanwhile, so nobody blocks."""
        waiting = data.encode() if isinstance(data, str) else data
        while waiting:
            try:
                waiting = waiting[os.write(self._master, waiting) :]
            except BlockingIOError:
                self.read(0.05)

    def press(self, *keys: str) -> None:
        """Each key by its name in ``KEYS``, or as the text itself.

        Cursor keys go as the program asked for them (DECCKM, the terminfo string smkx).
        """
        for key in keys:
            code = KEYS.get(key, key)
            if key in _CURSOR_KEYS and APPLICATION_CURSOR in self.terminal.modes:
                code = code.replace("[", "O")
            self.send(code)

    def paste(self, text: str) -> None:
        """As a terminal in bracketed paste mode pastes."""
        self.send(f"\x1b[200~{text}\x1b[201~")

    def resize(self, columns: int, lines: int) -> None:
        """The terminal's window changes; the kernel sends SIGWINCH."""
        self.terminal.resize(columns, lines)
        self._set_size(columns, lines)

    def signal(self, number: signal.Signals) -> None:
        """To the program itself."""
        self.process.send_signal(number)

    def hang_up(self) -> None:
        """The line is gone, as when ssh breaks: SIGHUP to the program, and no terminal."""
        for descriptor in (self._slave, self._master):
            os.close(descriptor)

    # -- eyes --

    def read(self, seconds: float = 0) -> bool:
        """Draws what comes within this time, once; False when nothing did."""
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._master, _READ)
        except (BlockingIOError, OSError):
            return False
        if not data:
            return False
        self.last_output = time.monotonic()
        self.received += len(data)
        if self.raw is not None:
            self.raw += data
        self.terminal.feed(data)
        return True

    def wait_until(
        self, seen: Callable[[Terminal], Any], what: str = "", seconds: float = SECONDS
    ) -> float:
        """Waits until ``seen(terminal)`` is true; the time of the bytes that made it so.

        Raises WaitedTooLong, also when the program ends first.
        """
        deadline = time.monotonic() + seconds
        while not seen(self.terminal):
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._too_long(f"{what or 'it'} did not come within {seconds:g} s")
            if not self.read(min(left, 0.1)) and self.process.poll() is not None:
                while self.read(0):
                    pass
                if seen(self.terminal):
                    break
                raise self._too_long(f"ended with {self.process.returncode} before {what or 'it'}")
        return self.last_output

    def wait_for(self, *texts: str, seconds: float = SECONDS) -> float:
        """Waits until all the texts are on the screen, each within a row."""
        return self.wait_until(
            lambda terminal: all(terminal.find(text) for text in texts),
            " and ".join(map(repr, texts)),
            seconds,
        )

    def wait_gone(self, text: str, seconds: float = SECONDS) -> float:
        """Waits until the text is on the screen no more."""
        return self.wait_until(
            lambda terminal: terminal.find(text) is None, f"the end of {text!r}", seconds
        )

    def wait_quiet(self, quiet: float = 0.25, seconds: float = SECONDS) -> None:
        """Waits until nothing was drawn for this long."""
        deadline = time.monotonic() + seconds
        while self.read(quiet):
            if time.monotonic() > deadline:
                raise self._too_long(f"it drew without a rest for {seconds:g} s")

    def wait_exit(self, seconds: float = SECONDS) -> int:
        """Waits for the program's end, drawing its last words; its exit status."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise self._too_long(f"it did not end within {seconds:g} s")
            self.read(0.05)
        while self.read(0):
            pass
        return self.process.returncode

    def bytes_for(self, *keys: str, quiet: float = 0.25) -> int:
        """How many bytes the terminal gets for these keys, until it is quiet again."""
        before = self.received
        self.press(*keys)
        self.wait_quiet(quiet)
        return self.received - before

    def terminal_restored(self) -> list[str]:
        """What a program that has ended left undone; nothing, if all is as it was."""
        terminal, left = self.terminal, []
        if terminal.in_alternate_screen:
            left.append("still in the alternate screen")
        if terminal.mouse_on:
            left.append("mouse reports are on")
        if BRACKETED_PASTE in terminal.modes:
            left.append("bracketed paste is on")
        if CURSOR_SHOWN not in terminal.modes:
            left.append("the cursor is hidden")
        if terminal.keyboard_depth:
            left.append("the keyboard protocol is not popped")
        if termios.tcgetattr(self._slave) != self.modes_before:
            left.append("the line's modes differ")
        return left

    # -- the process --

    def resident_memory(self) -> int:
        """Bytes of the program and its children, now."""
        return sum(_status_kib(pid, "VmRSS") for pid in self._tree()) * 1024

    def processor_seconds(self) -> float:
        """User and system time the program and its children have used so far."""
        return sum(_ticks(pid) for pid in self._tree()) / os.sysconf("SC_CLK_TCK")

    def wait_idle(self, seconds: float = 120, share: float = 0.03) -> None:
        """Waits until less than this share of a core was used for a second."""
        deadline = time.monotonic() + seconds
        used = self.processor_seconds()
        while time.monotonic() < deadline:
            end = time.monotonic() + 1
            while time.monotonic() < end:
                self.read(end - time.monotonic() if end > time.monotonic() else 0)
            now = self.processor_seconds()
            if now - used < share:
                return
            used = now
        raise self._too_long(f"it was still busy after {seconds:g} s")

    def _tree(self) -> list[int]:
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
                waiting += map(int, children.split())
        return found

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _too_long(self, problem: str) -> WaitedTooLong:
        rows = "\n".join(f"|{row:<{self.terminal.columns}}|" for row in self.terminal.display())
        return WaitedTooLong(f"{problem}; on the screen:\n{rows}")


def _take_terminal() -> None:
    # In the child, whose standard input is the pty: makes it the controlling terminal.
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _status_kib(pid: int, name: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    return 0


def _ticks(pid: int) -> int:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    return 0
