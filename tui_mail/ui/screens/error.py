"""What went wrong: in words, with the server's own line, and what to try."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget
from textual.widgets import Static

from tui_mail.errors import CredentialError, MailError
from tui_mail.ui.screens.dialog import Dialog, Hints, styled

_MAX_TEXT = 2000


class ErrorScreen(Dialog[bool]):
    """Answers True if the person wants it tried again (only offered for temporary errors)."""

    def __init__(self, error: MailError, *, account: str = "", retry: bool | None = None) -> None:
        super().__init__()
        self._error = error
        self._account = account
        self._retry = error.temporary if retry is None else retry

    def heading(self) -> str:
        return f"{self._account}: not done" if self._account else "Not done"

    def content(self) -> Iterable[Widget]:
        yield Static(styled(self._error.title[:_MAX_TEXT], "error"))
        if self._error.server_line:
            # A way to a password is no server, though its own words stand in the same place.
            who = "It" if isinstance(self._error, CredentialError) else "The server"
            yield Static(styled(f"{who} said:", "dim"), classes="gap")
            yield Static(styled(self._error.server_line[:_MAX_TEXT]))
        if self._error.advice:
            yield Static(styled(self._error.advice[:_MAX_TEXT]), classes="gap")

    def hints(self) -> Hints:
        close = (("q", "Close"),)
        return (("r", "Try again"), *close) if self._retry else close

    def key(self, key: str) -> bool:
        if key == "r" and self._retry:
            self.dismiss(True)
            return True
        if key in ("enter", "space"):
            self.cancel()
            return True
        return False

    def cancel(self) -> None:
        self.dismiss(False)
