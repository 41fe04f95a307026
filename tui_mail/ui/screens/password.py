"""The masked prompt for a password that nobody else knew. Keeps it nowhere itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.text import Text
from textual.widget import Widget
from textual.widgets import Input, Static

from tui_mail.ui.screens.dialog import Dialog, Hints, styled
from tui_mail.ui.widgets.line_input import SecretInput

_MAX_PASSWORD = 4096


@dataclass(frozen=True, slots=True)
class PasswordAnswer:
    """``remember`` asks for it to be kept in the keyring. ``repr`` does not show the password."""

    password: str = field(repr=False)
    remember: bool


class PasswordScreen(Dialog[PasswordAnswer | None]):
    """Asks for the password of ``user`` at ``host``; answers None when it was called off.

    ``reason`` says why it is asked (again): no keyring, or the server's refusal. With
    ``keyring`` False the offer to keep it is left out.
    """

    DEFAULT_CSS = """
    PasswordScreen #line { layout: horizontal; height: 1; margin-top: 1; }
    PasswordScreen #label { width: auto; }
    """

    def __init__(
        self, account: str, user: str, host: str, *, reason: str = "", keyring: bool = True
    ) -> None:
        super().__init__()
        self._account, self._user, self._host = account, user, host
        self._reason, self._keyring = reason, keyring
        self._remember = False

    def heading(self) -> str:
        return f"Password for {self._account}"

    def content(self) -> Iterable[Widget]:
        if self._reason:
            yield Static(styled(self._reason, "notice"))
        yield Static(styled(f"{self._user} at {self._host}"))
        yield Widget(
            Static(styled("Password: ", "prompt"), id="label"),
            SecretInput(max_length=_MAX_PASSWORD),
            id="line",
        )
        if self._keyring:
            yield Static(self._offer(), id="offer")

    def hints(self) -> Hints:
        offer = (("Tab", "Keep it, or not"),) if self._keyring else ()
        return (("Enter", "Log in"), *offer, ("^G", "Cancel"))

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def key(self, key: str) -> bool:
        if key == "enter":
            password = self.query_one(Input).value
            if password:
                self.dismiss(PasswordAnswer(password, self._remember and self._keyring))
            return True
        if key == "tab" and self._keyring:
            self._remember = not self._remember
            self.query_one("#offer", Static).update(self._offer())
            return True
        return False

    def _offer(self) -> Text:
        mark = "x" if self._remember else " "
        return styled(f"[{mark}] keep it in the keyring")
