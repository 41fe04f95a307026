"""What every test of the screen gets: a pilot that does not look in vain for long."""

from __future__ import annotations

import asyncio
from typing import Any

from textual import _wait
from textual.pilot import Pilot

# Seconds of an idle process after which a key is taken for done; Textual waits four times that.
_wait.SLEEP_GRANULARITY = 0.005
_wait.SLEEP_IDLE = _wait.SLEEP_GRANULARITY / 20

SECONDS = 20.0
_resize_terminal = Pilot.resize_terminal


async def _resized(pilot: Pilot[Any], width: int, height: int) -> None:
    """Textual gathers sizes for 8 ms: it may well have nothing to do before it lays one out."""
    await _resize_terminal(pilot, width, height)
    async with asyncio.timeout(SECONDS):
        while pilot.app.screen.size != (width, height):
            await pilot.pause()
    await pilot.pause()


Pilot.resize_terminal = _resized  # type: ignore[method-assign]
