"""A program inside a real GNU screen or tmux, whose sockets nobody else sees.

``start`` gives the session of the first client; ``detach`` and ``attach`` (at another size, if
wanted) do what a person does between office and home.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from servers.process import alive, need_program, private_folder, remove_folder

from .session import SECONDS, PtySession

_OUTER = "xterm-256color"
_FOREIGN = ("STY", "TMUX", "TMUX_PANE", "WINDOW", "SCREENDIR", "COLORTERM")
_numbers = itertools.count(1)


class Multiplexer(ABC):
    """Leaving the ``with`` block ends the multiplexer and all that runs in it."""

    def __init__(self, program: str) -> None:
        self._program = need_program(program)
        self.folder = private_folder(program)
        self.folder.chmod(0o700)
        self.name = f"t{next(_numbers)}"
        self._variables: dict[str, str] = {}
        self._clients: list[PtySession] = []

    def __enter__(self) -> Multiplexer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pid in self.server_pids():
            _end(pid)
        for client in self._clients:
            client.close()
        remove_folder(self.folder)

    def start(
        self,
        command: Sequence[str | Path],
        *,
        columns: int = 80,
        lines: int = 24,
        environment: Mapping[str, str] | None = None,
    ) -> PtySession:
        """The program in a window of its own; the client's session."""
        variables = dict(os.environ if environment is None else environment)
        for name in _FOREIGN:
            variables.pop(name, None)
        variables.setdefault("LC_ALL", "C.UTF-8")
        self._variables = self._prepare(variables)
        return self._client(self._start_command([str(part) for part in command]), columns, lines)

    def attach(self, columns: int = 80, lines: int = 24) -> PtySession:
        """A new client, on a terminal of this size."""
        return self._client(self._attach_command(), columns, lines)

    def detach(self) -> None:
        """The client that is attached goes; the program stays."""
        self._control(self._detach_command())
        for client in self._clients:
            client.wait_exit()

    def _client(self, command: list[str], columns: int, lines: int) -> PtySession:
        client = PtySession(
            command, columns=columns, lines=lines, environment=self._variables, term=_OUTER
        )
        self._clients.append(client)
        return client

    def _control(self, command: list[str]) -> str:
        done = subprocess.run(
            command, env=self._variables, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        return done.stdout

    @abstractmethod
    def _prepare(self, variables: dict[str, str]) -> dict[str, str]: ...

    @abstractmethod
    def _start_command(self, command: list[str]) -> list[str]: ...

    @abstractmethod
    def _attach_command(self) -> list[str]: ...

    @abstractmethod
    def _detach_command(self) -> list[str]: ...

    @abstractmethod
    def server_pids(self) -> list[int]:
        """The processes that hold the session, in which the program's are."""


class GnuScreen(Multiplexer):
    """GNU screen with TERM=screen inside, Debian's default; ``settings``: more lines of its rc."""

    def __init__(self, settings: str = "") -> None:
        super().__init__("screen")
        self._settings = settings

    def _prepare(self, variables: dict[str, str]) -> dict[str, str]:
        (self.folder / "rc").write_text(
            f"term screen\nstartup_message off\ndefutf8 on\nvbell off\n{self._settings}\n"
        )
        sockets = self.folder / "s"
        sockets.mkdir(mode=0o700, exist_ok=True)
        return {**variables, "SCREENDIR": str(sockets)}

    def _start_command(self, command: list[str]) -> list[str]:
        rc = str(self.folder / "rc")
        return [str(self._program), "-U", "-c", rc, "-S", self.name, "--", *command]

    def _attach_command(self) -> list[str]:
        return [str(self._program), "-U", "-r", self.name]

    def _detach_command(self) -> list[str]:
        return [str(self._program), "-S", self.name, "-d"]

    def server_pids(self) -> list[int]:
        sockets = self.folder / "s"
        names = [path.name for path in sockets.iterdir()] if sockets.exists() else []
        return [int(name.partition(".")[0]) for name in names]


class Tmux(Multiplexer):
    """tmux with TERM=tmux-256color inside; ``settings``: more lines for its configuration."""

    def __init__(self, settings: str = "") -> None:
        super().__init__("tmux")
        self._settings = settings

    def _prepare(self, variables: dict[str, str]) -> dict[str, str]:
        (self.folder / "conf").write_text(
            f"set -g default-terminal tmux-256color\nset -g status off\n{self._settings}\n"
        )
        return variables

    def _start_command(self, command: list[str]) -> list[str]:
        return [*self._tmux(), "new-session", "-s", self.name, "--", *command]

    def _attach_command(self) -> list[str]:
        return [*self._tmux(), "attach", "-t", self.name]

    def _detach_command(self) -> list[str]:
        return [*self._tmux(), "detach-client", "-s", self.name]

    def _tmux(self) -> list[str]:
        folder = self.folder
        return [str(self._program), "-u", "-S", str(folder / "s"), "-f", str(folder / "conf")]

    def server_pids(self) -> list[int]:
        if not (self.folder / "s").exists():
            return []
        answer = self._control([*self._tmux(), "display-message", "-p", "#{pid}"])
        return [int(answer)] if answer.strip().isdigit() else []


def _end(pid: int) -> None:
    """Ends a server we started, which has long left our family, and waits for it."""
    deadline = time.monotonic() + SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        while alive(pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
