"""A terminal to run a program in, with a person's fingers and eyes: tests and benchmarks use it.

Knows nothing of ``tui_mail`` but how to start it (``program.py``).

    emulator.py      what the program drew: pyte, with what pyte lacks
    session.py       a program in a pty of its own: keys, waits, bytes, memory, signals
    multiplexer.py   the same inside a real GNU screen or tmux: detach, attach
    program.py       the program itself, in a home of its own
"""

from .emulator import Terminal
from .multiplexer import GnuScreen, Tmux
from .program import Program
from .session import KEYS, PtySession, WaitedTooLong

__all__ = ["KEYS", "GnuScreen", "Program", "PtySession", "Terminal", "Tmux", "WaitedTooLong"]
