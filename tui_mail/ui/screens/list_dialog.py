"""The frame of a dialog that is a list with a cursor: its keys come from the registry.

Moves the cursor and closes; what else a key does is the dialog's own. Not for text input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import ClassVar, TypeVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from tui_mail.ui.actions import Context
from tui_mail.ui.keymap import Keymap, canonical
from tui_mail.ui.screens.dialog import CANCEL_KEYS, keys_line
from tui_mail.ui.widgets.line_view import LineView

Answer = TypeVar("Answer")


class ListDialog(ModalScreen[Answer], inherit_bindings=False):
    """``title`` is in the frame; ``context`` says which keys of the registry count.

    ``actions`` are what its actions do, beside those of the cursor and ``pane.close``.
    """

    DEFAULT_CSS = """
    ListDialog { align: center middle; background: transparent; }
    ListDialog > .box {
        width: 110;
        max-width: 100%;
        max-height: 100%;
        background: $background;
        color: $foreground;
        border: solid $primary;
        border-title-color: $foreground;
        border-title-background: $background;
        border-title-style: bold;
    }
    ListDialog Static { height: auto; padding: 0 1; background: $background; }
    """
    context: ClassVar[Context]
    title_text: ClassVar[str]
    least_height: ClassVar[int] = 6

    def __init__(
        self, lines: LineView, keymap: Keymap, actions: Mapping[str, Callable[[], object]]
    ) -> None:
        super().__init__()
        self._lines = lines
        self._keymap = keymap
        self._keys = Static(keys_line(keymap.hints(self.context)))
        self._actions: dict[str, Callable[[], object]] = {
            "cursor.down": partial(lines.move, 1),
            "cursor.up": partial(lines.move, -1),
            "cursor.page_down": partial(lines.page, 1),
            "cursor.page_up": partial(lines.page, -1),
            "cursor.home": lines.home,
            "cursor.end": lines.end,
            "pane.close": self.close,
            **actions,
        }

    def below(self) -> Iterable[Widget]:
        """What stands between the list and the line of keys."""
        return ()

    def wanted_height(self) -> int:
        """How many lines the box would like to have, its frame among them."""
        raise NotImplementedError

    def close(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Text(self.title_text)
            yield self._lines
            yield from self.below()
            yield self._keys

    def on_mount(self) -> None:
        self._lines.focus()

    def on_resize(self, event: events.Resize) -> None:
        box = self.query_one(".box")
        room = max(self.least_height, event.size.height - 2)
        box.styles.height = min(self.wanted_height(), room)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        action = self._keymap.lookup(self.context, event.key)
        if action in self._actions:
            self._actions[action]()
        elif canonical(event.key) in CANCEL_KEYS:
            self.close()
