"""The program before there is an account: the account form, and nothing else on the screen.

Wiring only. Ends with the new account, or with None when a person left without one.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from tui_mail import config, logs
from tui_mail.config import Config
from tui_mail.ui import theme
from tui_mail.ui.controllers.account_setup import NewAccount
from tui_mail.ui.display import DisplayApp
from tui_mail.ui.screens.account_form import AccountForm
from tui_mail.ui.terminal import Terminal, leave_on_signals
from tui_mail.ui.theme import Themes
from tui_mail.wire.transcript import Transcript

CRASHED = 1


class AccountApp(DisplayApp[NewAccount]):
    """Asks for an account to be added to ``file``, of which ``existing`` is the contents so far.

    ``crash`` is the exception that ended it, if one did. Raises ``ConfigError`` when the keys or
    the theme of ``existing`` are wrong.
    """

    def __init__(
        self,
        terminal: Terminal,
        file: Path,
        existing: Config | None = None,
        *,
        ca_file: Path | None = None,
    ) -> None:
        self.transcript = Transcript()
        self.crash: Exception | None = None
        self.form = AccountForm(self.transcript, file, existing, ca_file=ca_file)
        themes = Themes(config.themes_path(), no_color=terminal.no_color)
        chosen = themes.load((existing.ui if existing else config.Ui()).theme)
        super().__init__(terminal)
        theme.use(chosen)
        self.register_theme(chosen.textual)
        self.theme = chosen.name

    def get_default_screen(self) -> AccountForm:
        return self.form

    def on_mount(self) -> None:
        leave_on_signals(asyncio.get_running_loop(), self._leave)

    def _leave(self, status: int) -> None:
        self.exit(return_code=status)

    def _handle_exception(self, error: Exception) -> None:
        # Textual would print a traceback, with what was typed in it, on the terminal.
        logs.uncaught(error, "the account form")
        self.crash = self.crash or error
        self.exit(return_code=CRASHED)
