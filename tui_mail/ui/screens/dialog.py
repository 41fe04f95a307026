"""The frame of everything that lies over the mail: a modal box with a title and a line of keys.

Every dialog closes with Esc, Ctrl-G (mutt's; Esc takes its time inside GNU screen) or Ctrl-C, and
with q where q is not text. Text from outside is cleaned here and is never markup. A dialog gives
back an answer and does nothing with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from tui_mail.sanitize import clean
from tui_mail.ui.keymap import canonical
from tui_mail.ui.theme import style

Answer = TypeVar("Answer")
Hints = Sequence[tuple[str, str]]

CANCEL_KEYS = frozenset({"escape", "ctrl+g", "ctrl+c"})


def styled(text: str, name: str = "") -> Text:
    """Text from anywhere in the style of that name: cleaned, its line breaks kept."""
    return Text(clean(text, newlines=True), style=style(name), overflow="fold")


def keys_line(hints: Iterable[tuple[str, str]]) -> Text:
    """Key and label pairs as one line."""
    line = Text(no_wrap=True)
    for index, (key, label) in enumerate(hints):
        line.append("  " if index else "")
        line.append(key, style("hint-key"))
        line.append(f" {label}", style("hint"))
    return line


class Dialog(ModalScreen[Answer], inherit_bindings=False):
    """A box in the middle of the screen.

    Textual's own keys are left out (``inherit_bindings``): Tab and Ctrl-C are answered here.
    """

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: transparent !important;
    }
    Dialog > .box {
        width: 76;
        max-width: 100%;
        height: auto;
        max-height: 100%;
        padding: 0 1;
        background: $background;
        color: $foreground;
        border: solid $primary;
        border-title-color: $foreground;
        border-title-background: $background;
        border-title-style: bold;
    }
    Dialog .box Static { height: auto; background: $background; color: $foreground; }
    Dialog .gap { margin-top: 1; }
    """

    def heading(self) -> str:
        """The title in the frame; cleaned here."""
        raise NotImplementedError

    def content(self) -> Iterable[Widget]:
        """The widgets in the box, from the top."""
        raise NotImplementedError

    def hints(self) -> Hints:
        """Keys and what they do, for the last line of the box."""
        return (("q", "Close"),)

    def key(self, key: str) -> bool:
        """Answer a canonical key that no input line took; True if it counted."""
        return False

    def cancel(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Text(clean(self.heading()))
            yield from self.content()
            yield Static(keys_line(self.hints()), classes="gap")

    def on_key(self, event: events.Key) -> None:
        key = canonical(event.key)
        if self.key(key):
            pass
        elif key in CANCEL_KEYS or key == "q":
            self.cancel()
        else:
            return
        event.stop()
        event.prevent_default()
