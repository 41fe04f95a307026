"""A TCP line with latency: everything arrives ``delay`` seconds later, each way, in order.

Throughput is not limited. The line can be stalled (nothing passes, nothing breaks) and cut.
Runs in a thread of its own; benchmarks/slow_line.py runs it as a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any

from .process import HOST, free_port

_CHUNK = 1 << 16


def reset(writer: asyncio.StreamWriter) -> None:
    """Closes with a TCP reset instead of an orderly end; one that is closing already is let go."""
    if writer.is_closing():
        return
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class LatencyProxy:
    """Listens on ``port`` and passes everything to ``target_port`` and back.

    ``delay`` in seconds, one way; may be changed at any time. ``connections`` counts those
    accepted, ``received`` and ``sent`` the bytes from the client and to it.
    """

    host = HOST

    def __init__(self, target_port: int, delay: float = 0.0, *, port: int | None = None) -> None:
        self.target_port = target_port
        self.delay = delay
        self.port = port if port is not None else free_port()
        self.connections = 0
        self.received = 0
        self.sent = 0
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._run, name="latency proxy", daemon=True)

    def __enter__(self) -> LatencyProxy:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> LatencyProxy:
        """Listens when it returns."""
        self._thread.start()
        self._call(self._listen())
        return self

    def stop(self) -> None:
        """Cuts everything and ends the thread."""
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def stall(self) -> None:
        """From now on nothing passes; connections stay open, as on a dead link."""
        self._call(self._set_flowing(False))

    def resume(self) -> None:
        """What was held back passes now."""
        self._call(self._set_flowing(True))

    def cut(self) -> None:
        """Breaks every connection with a reset; new ones are accepted."""
        self._call(self._cut())

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _set_flowing(self, flowing: bool) -> None:
        if flowing:
            self._flowing.set()
        else:
            self._flowing.clear()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, HOST, self.port)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._cut()

    async def _cut(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        onward: asyncio.StreamWriter | None = None
        broken = True
        try:
            # The connection's own handshake takes one round trip too.
            await asyncio.sleep(2 * self.delay)
            back, onward = await asyncio.open_connection(HOST, self.target_port)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, onward, upward=True))
                group.create_task(self._pass(back, writer, upward=False))
            broken = False
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            for side in (writer, onward):
                if side is not None and broken:
                    reset(side)
                elif side is not None:
                    side.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, upward: bool
    ) -> None:
        """One direction: a queue of (when it arrives, data), so that latency is not throughput."""
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=4096)

        async def enter() -> None:
            while True:
                data = await reader.read(_CHUNK)
                await line.put((self._loop.time() + self.delay, data))
                if not data:
                    return

        async def leave() -> None:
            while True:
                due, data = await line.get()
                wait = due - self._loop.time()
                if wait > 0:
                    await asyncio.sleep(wait)
                await self._flowing.wait()
                if not data:
                    with contextlib.suppress(OSError):
                        writer.write_eof()
                    return
                if upward:
                    self.received += len(data)
                else:
                    self.sent += len(data)
                writer.write(data)
                await writer.drain()

        async with asyncio.TaskGroup() as group:
            group.create_task(enter())
            group.create_task(leave())
