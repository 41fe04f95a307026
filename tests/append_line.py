"""The way to an IMAP server, where an APPEND gets lost: the command, half of it, or its answer."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Literal

from servers.process import HOST
from servers.proxy import reset

Lost = Literal["command", "middle", "answer"]

_APPEND = re.compile(rb"^(\S+) APPEND ", re.MULTILINE)


class AppendLine:
    """``async with AppendLine(port, lost=["answer"])``: what is lost of each APPEND, in order.

    When the list is used up everything passes. ``appends`` counts those that were begun.
    """

    def __init__(self, port: int, lost: list[Lost]) -> None:
        self.port = 0
        self.appends = 0
        self._target = port
        self._lost = list(lost)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> AppendLine:
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.close()
        for writer in self._writers:
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.append(writer)
        back, onward = await asyncio.open_connection(HOST, self._target)
        self._writers.append(onward)
        answer = _Answer()
        down = asyncio.create_task(self._down(back, writer, answer))
        self._tasks.add(down)
        try:
            await self._up(reader, onward, answer)
        except OSError:
            pass
        finally:
            # The server finishes what it has, and is heard to its end.
            with contextlib.suppress(OSError):
                onward.write_eof()
            await asyncio.wait([down])
            onward.close()
            reset(writer)

    async def _up(
        self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter, answer: _Answer
    ) -> None:
        while data := await reader.read(1 << 16):
            begun = _APPEND.search(data)
            if begun is not None:
                self.appends += 1
                lost = self._lost.pop(0) if self._lost else None
                if lost == "command":
                    return
                if lost == "middle":
                    onward.write(data[: len(data) - 20])
                    await onward.drain()
                    return
                if lost == "answer":
                    answer.to = begun[1]
            onward.write(data)
            await onward.drain()

    async def _down(
        self, back: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: _Answer
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await back.read(1 << 16):
                if answer.to and re.search(rb"^" + re.escape(answer.to) + rb" ", data, re.M):
                    reset(writer)
                    return
                writer.write(data)
                await writer.drain()


class _Answer:
    to = b""
