"""Notices that the computer slept, or the program was stopped: lines may be dead since.

A sleeping computer's steady clock stands still on Linux and macOS while the wall clock goes on;
a stopped program finds both ahead. Reads clocks and nothing else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

TICK = 5.0  # seconds between two looks at the clocks
JUMP = 15.0  # seconds more than that: the computer slept, or its clock was set

wall_clock = time.time


async def watch_clock(on_wake: Callable[[], None]) -> None:
    """Call ``on_wake`` after each sleep, at most ``TICK`` seconds late; never ends."""
    steady_clock = asyncio.get_running_loop().time
    wall, steady = wall_clock(), steady_clock()
    while True:
        await asyncio.sleep(TICK)
        # Each reading is used twice: no moment lies between two looks.
        wall_before, steady_before = wall, steady
        wall, steady = wall_clock(), steady_clock()
        if max(wall - wall_before, steady - steady_before) > TICK + JUMP:
            on_wake()
