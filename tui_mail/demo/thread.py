"""The demo on a thread and a loop of its own, so that its work never delays the client's.

Answers at once: the sockets listen before the mail is made, and a client that connects waits.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from tui_mail import logs
from tui_mail.config import Config
from tui_mail.demo.server import Demo, Listeners

STOP_TIMEOUT = 3.0


@contextmanager
def demo_in_thread(now: datetime | None = None) -> Iterator[Config]:
    """Run the demo while the block runs; ``now`` as for ``Demo``. Raises OSError for no port."""
    listeners = Listeners.open()
    loop = asyncio.new_event_loop()
    stopping = asyncio.Event()

    async def serve() -> None:
        try:
            async with Demo(now, listeners):
                await stopping.wait()
        except Exception as error:
            logs.uncaught(error, "the demo")
        finally:
            listeners.close()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run, name="demo", daemon=True)
    thread.start()
    try:
        yield listeners.config()
    finally:
        # A demo that failed has closed its loop, and then there is nothing left to wake.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(stopping.set)
        thread.join(STOP_TIMEOUT)
