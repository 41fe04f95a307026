"""What goes out to the terminal: only the cells that changed.

Textual writes every region that may have changed. ``DisplayApp`` catches what its compositor is
about to write at one place, ``App._display``, and has ``ScreenCells`` write the difference to what
the terminal shows already. When that is not known it draws whole, and should the comparison ever
fail, Textual writes as it always did. Decides nothing about what is shown.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from textual import events
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App, ReturnType
from textual.dom import DOMNode
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.screen import Screen
from textual.timer import Timer

from tui_mail.ui.screen_cells import Piece, ScreenCells
from tui_mail.ui.terminal import (
    SurvivingFile,
    Terminal,
    copy_sequence,
    keep_title_sequence,
    restore_title_sequence,
    title_sequence,
)

RESIZE_SETTLES = 0.1  # seconds
LONGEST_KEY = 0.5  # seconds; a key that takes longer does not hold up the next one
log = logging.getLogger(__name__)


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[Piece]:
    """What the update would write, and where (as ``render_segments`` of both does it)."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in strips:
                yield y, x, strip
                x += strip.cell_length
        return
    for y, x1, x2 in update.spans:
        for end, (x, chop) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if chop is None or x > x2 or end <= x1:
                continue
            yield y, x, chop if end <= x2 else chop.crop(0, x2 - x)


async def _caught_up(node: DOMNode) -> None:
    """Return when the node has handled what it was sent before this."""
    done = asyncio.Event()
    if node.call_later(done.set):
        await done.wait()


class CellUpdate(CompositorUpdate):
    """An update of Textual's compositor that writes itself as the difference to what is shown.

    Should that ever fail, it costs bytes and a line in the log, and not the program.
    """

    def __init__(self, app: DisplayApp[Any], update: LayoutUpdate | ChopsUpdate) -> None:
        self._app = app
        self._update = update

    def render_segments(self, console: Console) -> str:
        try:
            return self._app.cells.paint(
                _pieces(self._update),
                *self._app.size,
                console._color_system or ColorSystem.TRUECOLOR,
                whole=isinstance(self._update, LayoutUpdate),
            )
        except Exception:
            log.exception("Drawing only what changed failed; drawing whole from now on")
            self._app.draws_plain = True
            self._app.call_later(self._app.refresh)
            return self._update.render_segments(console)


class TerminalDriver(LinuxDriver):
    """Textual's driver, told to survive a terminal that went away and to leave it clean."""

    _app: DisplayApp[Any]

    def __init__(self, app: App[Any], **arguments: Any) -> None:
        super().__init__(app, **arguments)
        assert sys.__stderr__ is not None
        self._file: Any = SurvivingFile(sys.__stderr__)
        self._continued = False

    def _sigtstp_application(self, *_: object) -> None:
        """Stop the whole job, also a script that started this program.

        Textual stops its own process, whatever the shell knows of it: behind a script, or in a
        window without a shell, nobody could ever wake it. The kernel ignores the default of
        SIGTSTP where no shell could go on with the job, and so does this.
        """
        if self._auto_restart:
            self.suspend_application_mode()
            self._must_signal_resume = True
        self._continued = False
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(0, signal.SIGTSTP)  # returns when somebody has sent SIGCONT, or at once
        signal.signal(signal.SIGTSTP, handler)
        if not self._continued:
            self._sigcont_application()

    def _sigcont_application(self, *_: object) -> None:
        self._continued = True
        super()._sigcont_application()

    def start_application_mode(self) -> None:
        # At the start, after a suspension, after fg: whatever was on the terminal, it is gone.
        self._app.cells.forget()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # Textual's handler may be interrupted by itself, and then the older size comes last.
        asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, self._tell_size)
        self.write(keep_title_sequence(self._app.terminal) + self._app.title_sequence)

    def _tell_size(self) -> None:
        if not self._in_band_window_resize:
            size = Size(*self._get_terminal_size())
            self._app.post_message(events.Resize(size, size))

    def stop_application_mode(self) -> None:
        if self._writer_thread is not None:
            # GNU screen has no alternate screen unless told so: the prompt would land in our mail.
            shell = os.environ.get("SHELL", "")
            self.write("\x1b[m\x1b[2J\x1b[H" + restore_title_sequence(self._app.terminal, shell))
        super().stop_application_mode()


class DisplayApp(App[ReturnType], inherit_bindings=False):
    """An app whose picture goes out as changed cells. ``terminal`` is what ``prepare`` returned.

    Textual's own keys (Ctrl-Q, Ctrl-C) are left out: every key is in the registry of actions.
    """

    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.cells = ScreenCells()
        self.title_sequence = ""
        self.draws_plain = False
        self._settling: Timer | None = None
        self._typed: deque[events.Key | events.Paste] = deque()
        self._key_is_being_done = False
        # Without native colors Textual would obey NO_COLOR with shades of gray.
        super().__init__(ansi_color=True if terminal.no_color else None)

    def get_driver_class(self) -> type[Driver]:
        return TerminalDriver

    @property
    def front(self) -> Screen[Any] | None:
        """The screen in front; none while leaving, which a timer or a key may outlive."""
        stack = self.screen_stack
        return stack[-1] if stack else None

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._typed.append(event)
            if not self._key_is_being_done:
                await self._do_next_key()
        else:
            await super().on_event(event)

    def only_moves(self, key: str) -> bool:
        """Whether the key, pressed now, leaves every later key where it belongs.

        Such keys need not wait for each other: what they change is drawn once for a whole run.
        """
        return False

    async def _do_next_key(self) -> None:
        """Hand on what was typed next, now that all before it has been done.

        A slow line delivers keys in bursts; each belongs to what has the focus after the one
        before it. Textual hands them all on at once: of ``/form`` one letter would open the
        search and the next begin a forwarded message.
        """
        self._key_is_being_done = False
        while self._typed and not self._key_is_being_done:
            event = self._typed.popleft()
            front, focused = self.front, self.focused if self.front else None
            self._key_is_being_done = not (
                isinstance(event, events.Key) and self.only_moves(event.key)
            )
            await super().on_event(event)
        if self._key_is_being_done:
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_KEY):
                    await self._done(front, focused or front)
            # Behind what the key had this app do: move the focus, a key of a line editor's own.
            self.call_later(self._do_next_key)

    async def _done(self, front: Screen[Any] | None, node: DOMNode | None) -> None:
        """Return when a key given to ``node`` was done, and a dialog it opened takes keys."""
        while node is not None and node is not self:
            await _caught_up(node)
            node = node.parent
        if self.front is not None and self.front is not front:
            await _caught_up(self.front)

    def on_resize(self, event: events.Resize) -> None:
        # The terminal has reflowed its lines, or was another one before (screen -r).
        self.cells.forget()
        if event.size == self.size:
            self.refresh()
            return
        # Textual gathers sizes for 8 ms. One that comes while the one before is being taken over
        # is lost, and two that end where they began draw nothing: both are made good here.
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(RESIZE_SETTLES, self._settled)

    def _settled(self) -> None:
        """The terminal has had one size for a moment: it is laid out for, and drawn, for sure."""
        if (front := self.front) is not None:
            front.post_message(events.Resize(self.size, self.size))
            self.redraw()

    def redraw(self) -> None:
        """Draw everything anew, as when something else wrote on the terminal."""
        self.cells.forget()
        self.refresh()

    def name_window(self, title: str) -> None:
        """Make ``title`` the name of the terminal's window; a name that is there costs nothing."""
        sequence = title_sequence(title, self.terminal)
        if sequence != self.title_sequence:
            self.title_sequence = sequence
            self._write(sequence)

    def copy_to_clipboard(self, text: str) -> None:
        """Put ``text`` on the person's clipboard; text longer than terminals take is not."""
        sequence = copy_sequence(text, self.terminal)
        if sequence is not None:
            self._clipboard = text
            self._write(sequence)

    def _write(self, sequence: str) -> None:
        if self._driver is not None and not self.is_headless and self._running:
            self._driver.write(sequence)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if isinstance(renderable, LayoutUpdate | ChopsUpdate) and not self.draws_plain:
            super()._display(screen, CellUpdate(self, renderable))  # type: ignore[arg-type]
            return
        if renderable is not None:
            self.cells.forget()
        super()._display(screen, renderable)
