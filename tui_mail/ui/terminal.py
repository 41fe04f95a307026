"""The terminal we are in: what its environment says, and the few sequences Textual does not write.

``prepare`` must run before Textual is imported (it reads its settings once); so this file imports
no Textual. Everything here is plain values and strings: who writes them is the display's business.
"""

from __future__ import annotations

import asyncio
import base64
import signal
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import IO, Literal

from tui_mail.sanitize import columnar

Multiplexer = Literal["screen", "tmux", ""]

_TITLE_LENGTH = 60
# GNU screen passes a DCS string on to the terminal, but cuts long ones off.
_SCREEN_CHUNK = 76
# What common terminals take in one OSC 52 (base64 and all).
_MAX_CLIPBOARD = 74_994


@dataclass(frozen=True, slots=True)
class Terminal:
    """What the environment says. ``unicode`` is False where only ASCII is sure to be shown."""

    name: str
    multiplexer: Multiplexer
    no_color: bool
    unicode: bool

    @property
    def mouse_works(self) -> bool:
        """False in GNU screen, which holds back a lone Esc while the mouse is on."""
        return self.multiplexer != "screen"

    @property
    def has_title(self) -> bool:
        return self.name not in ("linux", "dumb", "")


def prepare(environ: MutableMapping[str, str]) -> Terminal:
    """Set what Textual and rich read from the environment, and return what it says.

    Animations off: one animated page costs ten times its bytes. COLORTERM dropped inside GNU
    screen: it was inherited from the terminal outside, and screen itself shows no true color.
    """
    environ["TEXTUAL_ANIMATIONS"] = "none"
    # A theme is ours to choose; Textual would read its own variable and know none of ours.
    environ.pop("TEXTUAL_THEME", None)
    multiplexer: Multiplexer = ""
    if environ.get("STY"):
        multiplexer = "screen"
        environ.pop("COLORTERM", None)
    elif environ.get("TMUX"):
        multiplexer = "tmux"
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    no_color = bool(environ.get("NO_COLOR"))
    if not no_color:
        # https://no-color.org: an empty one does not count, but Textual would obey it.
        environ.pop("NO_COLOR", None)
    return Terminal(
        name=environ.get("TERM", ""),
        multiplexer=multiplexer,
        no_color=no_color,
        # Python itself writes UTF-8 in the C locale (PEP 538, PEP 540).
        unicode=locale in ("", "C", "POSIX") or "UTF8" in locale.upper().replace("-", ""),
    )


def title_sequence(title: str, terminal: Terminal) -> str:
    """What names the window ``title``: cleaned, cut; "" where that cannot be done."""
    if not terminal.has_title:
        return ""
    text = columnar(title)[:_TITLE_LENGTH]
    if terminal.multiplexer == "screen":
        return f"\x1bk{text}\x1b\\"
    return f"\x1b]2;{text}\x07"


def keep_title_sequence(terminal: Terminal) -> str:
    """What makes the terminal remember its title (xterm's; GNU screen has none such)."""
    return "\x1b[22;2t" if terminal.has_title and not terminal.multiplexer else ""


def restore_title_sequence(terminal: Terminal, shell: str) -> str:
    """What brings the remembered title back; inside screen the name of the ``shell``."""
    if terminal.multiplexer:
        return title_sequence(shell.rpartition("/")[2], terminal)
    return "\x1b[23;2t" if terminal.has_title else ""


def copy_sequence(text: str, terminal: Terminal) -> str | None:
    """What puts ``text`` on the clipboard of the person's own machine (OSC 52).

    None if it is more than terminals take. tmux passes it on with ``set-clipboard on``; whether
    the terminal allows it at all cannot be known.
    """
    payload = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    if len(payload) > _MAX_CLIPBOARD:
        return None
    sequence = f"\x1b]52;c;{payload}\x07"
    if terminal.multiplexer != "screen":
        return sequence
    return "".join(
        f"\x1bP{sequence[start : start + _SCREEN_CHUNK]}\x1b\\"
        for start in range(0, len(sequence), _SCREEN_CHUNK)
    )


def leave_on_signals(loop: asyncio.AbstractEventLoop, leave: Callable[[int], object]) -> None:
    """Call ``leave(128 + number)`` on ``loop`` at the first SIGHUP or SIGTERM.

    Without it Python dies with the terminal in raw mode. The second of a kind kills as usual, so a
    program that hangs on its way out can still be ended.
    """

    def handle(number: int) -> None:
        loop.remove_signal_handler(number)
        leave(128 + number)

    for number in (signal.SIGHUP, signal.SIGTERM):
        loop.add_signal_handler(number, handle, number)


class SurvivingFile:
    """A terminal to write to that may go away: what cannot be written is dropped.

    Textual's writer thread dies of the first error, and the program then waits for it forever.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.gone = False

    def write(self, text: str) -> int:
        if not self.gone:
            try:
                self._file.write(text)
            except (OSError, ValueError):
                self.gone = True
        return len(text)

    def flush(self) -> None:
        if not self.gone:
            try:
                self._file.flush()
            except (OSError, ValueError):
                self.gone = True

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()
