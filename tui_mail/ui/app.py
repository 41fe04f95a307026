"""Wiring: the mail service, the keys, the theme and the main screen. Decides nothing else."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from tui_mail import config, logs
from tui_mail.config import Config
from tui_mail.errors import MailError
from tui_mail.mail import events
from tui_mail.mail.service import MailService
from tui_mail.ui import theme
from tui_mail.ui.display import DisplayApp
from tui_mail.ui.keymap import Keymap
from tui_mail.ui.messages import MailEvent
from tui_mail.ui.screens.main import MainScreen
from tui_mail.ui.terminal import Terminal, leave_on_signals
from tui_mail.ui.theme import Themes

if TYPE_CHECKING:
    from tui_mail.mail.compose.mailto import MailtoFields

CRASHED = 1
STARTED_AFTER = 1.0  # seconds
ENDS_WITHIN = 1.0  # seconds from a signal: whoever sent it kills soon

log = logging.getLogger(__name__)
_MOVES = ("cursor.", "viewer.down", "viewer.up")  # beginnings of ids


class TuiMail(DisplayApp[int]):
    """The program on the screen; ``service`` is running already.

    ``now`` is the clock that dates in the list are relative to. ``draft`` is to be written at once.

    ``crash`` is the exception that ended it, if one did. Raises ``ConfigError`` when the keys or
    the theme of the configuration are wrong.
    """

    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self,
        service: MailService,
        settings: Config,
        terminal: Terminal,
        *,
        now: Callable[[], float] = time.time,
        asked_for: MailtoFields | None = None,
    ) -> None:
        self.service = service
        self.settings = settings
        self.keymap = Keymap(settings.keys, path=settings.path)
        folder = None if settings.demo else config.themes_path()
        self.themes = Themes(folder, no_color=terminal.no_color)
        chosen = self.themes.load(settings.ui.theme)
        self.crash: Exception | None = None
        self._ending: asyncio.Task[None] | None = None
        super().__init__(terminal)
        self.use_theme(chosen)
        self._main = MainScreen(service, settings, self.keymap, now=now)
        self._main.composing.asked_for = asked_for

    def use_theme(self, chosen: theme.Theme) -> None:
        """Draw everything in this theme from now on."""
        theme.use(chosen)
        self.register_theme(chosen.textual)
        self.theme = chosen.name
        self.refresh()

    def get_default_screen(self) -> MainScreen:
        return self._main

    def only_moves(self, key: str) -> bool:
        if self.front is not self._main:
            return False
        action = self.keymap.lookup(self._main.context, key)
        return action is not None and action.startswith(_MOVES)

    def on_mount(self) -> None:
        leave_on_signals(asyncio.get_running_loop(), self._told_to_end)
        self.service.listen(self._heard)
        self.set_timer(STARTED_AFTER, _collect_garbage_again)

    def on_unmount(self) -> None:
        self.service.listen(_ignore)

    def _told_to_end(self, status: int) -> None:
        self._ending = asyncio.create_task(self._end(status))

    async def _end(self, status: int) -> None:
        """What is configured to happen on leaving goes into the journal; nobody is asked."""
        try:
            async with asyncio.timeout(ENDS_WITHIN):
                await self._main.leaving.leave(may_ask=False)
        except (MailError, TimeoutError) as error:
            log.info("what is to be done on leaving is not: %s", error)
        finally:
            self.exit(status)

    def _heard(self, event: events.Event) -> None:
        """Called on the mail thread."""
        self._main.post_message(MailEvent(event))

    def _handle_exception(self, error: Exception) -> None:
        # Textual would print a traceback, with the values of all variables, on the terminal.
        logs.uncaught(error, "the screen")
        self.crash = self.crash or error
        self.exit(return_code=CRASHED)


def _collect_garbage_again() -> None:
    # What starting made is never looked through again, so that no collection holds up a key.
    gc.freeze()
    gc.enable()


def _ignore(event: events.Event) -> None:
    """Nobody looks any more."""
