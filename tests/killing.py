"""Kills a program that acts on mail, again and again, and says what mailboxes must hold then.

``killed_program`` is the program; ``Lane`` is one account whose program is killed, on a line that
can be cut before, after or in the middle of a command or an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pickle
import random
import re
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mail_expected import PLACES, Expected
from mailbox_contents import contents, fill, message
from servers import Dovecot
from servers.process import HOST
from servers.proxy import reset

_CHANGING = re.compile(rb"^(\S+) (?:UID )?(?:COPY|MOVE|STORE|EXPUNGE)\b", re.MULTILINE)
_TOLD = re.compile(r" (?:SELECT|EXAMINE|STATUS|COPY|MOVE|STORE|EXPUNGE|SEARCH)\b")
_ANSWER = re.compile(rb"^(\S+) (?:OK|NO|BAD)\b", re.MULTILINE)
_SECONDS = 30.0
STRANGER = 1000  # in every mailbox, marked as deleted by another client


@dataclass(slots=True)
class Moment:
    """When it happens: at the ``count``th changing command, or at the answer to it.

    ``passed`` is how much of that still passes, from 0.0 to 1.0.
    """

    direction: Literal["up", "down"]
    count: int
    passed: float


class Line:
    """The way to the server. A new connection waits until the server has done with the old ones."""

    def __init__(self, port: int, history: list[str]) -> None:
        self.happened = asyncio.Event()
        self.moment: Moment | None = None
        self.strike: Callable[[], None] = lambda: None
        self._target = port
        self._history = history
        self._changing: set[bytes] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._dying = 0
        self._rest = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection that there is."""
        for writer in tuple(self._clients):
            reset(writer)

    async def at_rest(self) -> None:
        """Wait until the server has ended every connection whose client is gone."""
        async with asyncio.timeout(_SECONDS), self._rest:
            await self._rest.wait_for(lambda: not self._dying and not self._clients)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self._rest:
            await self._rest.wait_for(lambda: not self._dying)
        self._clients.add(writer)
        back, onward = await asyncio.open_connection(HOST, self._target)
        down = asyncio.create_task(self._down(back, writer))
        try:
            with contextlib.suppress(OSError):
                await self._up(reader, onward)
            self._dying += 1
            self._clients.discard(writer)
            with contextlib.suppress(OSError):
                onward.write_eof()
            await down
            async with self._rest:
                self._dying -= 1
                self._rest.notify_all()
        finally:
            down.cancel()
            for side in (onward, writer):
                side.close()
            await asyncio.gather(
                down, onward.wait_closed(), writer.wait_closed(), return_exceptions=True
            )

    async def _up(self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            tags = _CHANGING.findall(data)
            said = data.decode("latin-1").splitlines()
            self._history += [f"-> {text[:150]}" for text in said if _TOLD.search(text)]
            self._changing.update(tags)
            await self._pass(data, onward, "up", len(tags))

    async def _down(self, back: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await back.read(1 << 16):
            answered = self._changing & set(_ANSWER.findall(data))
            self._changing -= answered
            # What a client that is gone does not read any more is no reason to stop the server.
            with contextlib.suppress(OSError):
                await self._pass(data, writer, "down", len(answered))
        if not writer.is_closing():
            writer.close()

    async def _pass(
        self, data: bytes, onward: asyncio.StreamWriter, direction: str, count: int
    ) -> None:
        moment = self.moment
        if moment is not None and moment.direction == direction and count:
            moment.count -= count
            if moment.count <= 0:
                self.moment = None
                onward.write(data[: round(moment.passed * len(data))])
                with contextlib.suppress(OSError):
                    await onward.drain()
                self.strike()
                self.happened.set()
                if moment.passed < 1:
                    raise ConnectionAbortedError
                return
        onward.write(data)
        await onward.drain()


class Lane:
    """One account of ``server``. ``kills`` and ``cuts`` count what has been done to it."""

    def __init__(self, server: Dovecot, folder: Path, seed: int, messages: int) -> None:
        self.kills = 0
        self.cuts = 0
        self.history: list[str] = []
        self.expected = Expected(messages)
        self._rng = random.Random(seed)
        self._server = server
        self._user = server.new_user()
        self._folder = folder
        self._notes = folder / "notes"
        self._read = 0
        with server.connect(self._user) as raw:
            for name in ("Box", "Copies"):
                raw.command(f"CREATE {name}")
        fill(server, self._user, messages)
        with server.connect(self._user) as raw:
            for place in PLACES:
                raw.append(place, message(STRANGER), flags=["\\Deleted"])

    async def run(self, generations: int) -> None:
        """Let so many programs live and die, and a last one finish; then count."""
        line = Line(self._server.port, self.history)
        port = await line.start()
        url = f"imap+insecure://{self._user}@{HOST}:{port}"
        process = await self._start()
        try:
            for _ in range(generations):
                await self._generation(line, process, url)
            await self._order(process, url, finish=True)
            await self._ended(process)
            self._take_notes(finished=True)
        finally:
            process.kill()
            await process.wait()
            await line.stop()
        with self._server.connect(self._user) as raw:
            found = {place: contents(raw, place) for place in (*PLACES, "Copies")}
        for place in PLACES:
            assert (STRANGER, frozenset({"\\Deleted"})) in found[place], (place, *self.history)
        wrong = self.expected.differences(found)
        assert not wrong, "\n".join((*wrong, *self.history))
        wrong = self.expected.differences(self._shown)
        assert not wrong, "\n".join(("As it is shown:", *wrong, *self.history))

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("killed_program.py")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "XDG_STATE_HOME": str(self._folder)},
        )

    async def _generation(self, line: Line, process: asyncio.subprocess.Process, url: str) -> None:
        rng = self._rng
        pid = await self._order(process, url)
        self.history.append(f"-- program {pid}")
        if rng.random() < 0.7:
            passed = rng.choice((0.0, 1.0, rng.random()))
            line.moment = Moment(rng.choice(("up", "down")), rng.randint(1, 5), passed)
            self.history.append(str(line.moment))
        line.happened.clear()
        cutting = rng.random() < 0.3
        line.strike = line.cut if cutting else lambda: os.kill(pid, signal.SIGKILL)
        lifetime = rng.uniform(0.02, 0.6)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(lifetime):
                await line.happened.wait()
        if cutting and line.happened.is_set():
            self.cuts += 1
            await asyncio.sleep(rng.uniform(0.0, 0.4))
        line.moment = None
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.kills += 1
        await self._ended(process)
        await line.at_rest()
        self._take_notes()

    async def _order(
        self, process: asyncio.subprocess.Process, url: str, *, finish: bool = False
    ) -> int:
        order = {
            "seed": self._rng.getrandbits(32),
            "url": url,
            "notes": str(self._notes),
            "expected": str(self._folder / "expected"),
            "finish": finish,
        }
        (self._folder / "expected").write_bytes(pickle.dumps(self.expected))
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(_SECONDS):
            return int(await process.stdout.readline())

    async def _ended(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async with asyncio.timeout(2 * _SECONDS):
            assert await process.stdout.readline() == b"ended\n"

    def _take_notes(self, *, finished: bool = False) -> None:
        data = self._notes.read_bytes() if self._notes.exists() else b""
        notes = [json.loads(line) for line in data[self._read :].splitlines()]
        self._read = len(data)
        for note in notes:
            self.history.append(str(note))
            try:
                self.expected.follow(note)
            except AssertionError as error:
                raise AssertionError("\n".join((str(error), *self.history))) from None
        if not finished:
            self.expected.look_up(self._folder / "tui-mail" / "mail.sqlite3")
            return
        assert notes and notes[-1] == {"finished": True}, "\n".join(self.history)
        shown = {
            note["shown"]: [(number, frozenset(flags)) for number, flags, _ in note["messages"]]
            for note in notes
            if "shown" in note
        }
        self._shown = {
            place: [(number, flags - {"\\Recent"}) for number, flags in messages]
            for place, messages in shown.items()
        }
