"""Every action with its keys, made from the registry; those of the pane one came from first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.strip import Strip

from tui_mail.ui.actions import ACTIONS, CONTEXT_TITLES, CONTEXTS, Context
from tui_mail.ui.cells import fit
from tui_mail.ui.keymap import Keymap, canonical, display_key
from tui_mail.ui.screens.dialog import CANCEL_KEYS
from tui_mail.ui.widgets.line_view import LineView

Row = tuple[str, str, str]
"""Keys, description, id; a heading has no id, an empty line nothing at all."""

_KEYS_WIDTH = 22
_ID_WIDTH = 26


def help_rows(keymap: Keymap, context: Context) -> Iterator[Row]:
    """What help shows, the pane's own keys first, then those of everywhere, then the others.

    Where letters are text, of everywhere only the keys that count there.
    """
    writing = context == "compose"
    near: tuple[Context, ...] = ("draft", "global") if writing else ("global",)
    first = list(dict.fromkeys((context, *near)))
    ordered = [*first, *(other for other in CONTEXTS if other not in first)]
    for place, section in enumerate(ordered):
        if place:
            yield "", "", ""
        yield CONTEXT_TITLES[section], "", ""
        for action in ACTIONS:
            if section in action.contexts:
                typing = writing and section == "global"
                keys = keymap.keys(action.id, context if typing else section)
                if keys or not typing:
                    yield "  ".join(map(display_key, keys)), action.description, action.id
    if keymap.warnings:
        yield "", "", ""
        yield "Keys of the configuration", "", ""
        for warning in keymap.warnings:
            yield "", warning, ""


class _Rows(LineView):
    HAS_CURSOR = False

    def __init__(self, rows: list[Row]) -> None:
        super().__init__()
        self._rows = rows

    def on_mount(self) -> None:
        self.set_line_count(len(self._rows))

    def render_row(self, index: int, width: int, cursor: bool) -> Strip:
        keys, description, action_id = self._rows[index]
        if not description:
            return self.compose_row([(f" {keys}", "title")], width, cursor=False)
        room = max(10, width - _KEYS_WIDTH - 3)
        parts = [("   ", ""), (fit(keys, _KEYS_WIDTH), "hint-key")]
        if room > _ID_WIDTH + 44:
            parts += [(fit(description, room - _ID_WIDTH), ""), (action_id, "dim")]
        else:
            parts.append((fit(description, room), ""))
        return self.compose_row(parts, width, cursor=False)


class HelpScreen(ModalScreen[None], inherit_bindings=False):
    """Closes with q, Esc, Ctrl-G or the key that opened it; scrolls like the viewer."""

    DEFAULT_CSS = """
    HelpScreen { background: transparent !important; }
    HelpScreen LineView {
        background: $background;
        color: $foreground;
        border: solid $primary;
        border-title-color: $foreground;
        border-title-background: $background;
        border-title-style: bold;
        border-subtitle-color: $foreground;
        border-subtitle-background: $background;
    }
    """

    def __init__(self, keymap: Keymap, context: Context) -> None:
        super().__init__()
        self._keymap = keymap
        self._rows = _Rows(list(help_rows(keymap, context)))

    def compose(self) -> ComposeResult:
        self._rows.border_title = "Keys"
        self._rows.border_subtitle = "Space next page, - previous page, q close"
        yield self._rows

    def on_mount(self) -> None:
        self._rows.focus()

    def on_key(self, event: events.Key) -> None:
        key = canonical(event.key)
        event.stop()
        event.prevent_default()
        if key in CANCEL_KEYS or key == "q" or self._keymap.lookup("global", key) == "app.help":
            self.dismiss(None)
        elif key in _MOVES:
            name, arguments = _MOVES[key]
            getattr(self._rows, name)(*arguments)


_MOVES: dict[str, tuple[str, tuple[Any, ...]]] = {
    "j": ("move", (1,)),
    "down": ("move", (1,)),
    "enter": ("move", (1,)),
    "k": ("move", (-1,)),
    "up": ("move", (-1,)),
    "backspace": ("move", (-1,)),
    "space": ("page", (1,)),
    "pagedown": ("page", (1,)),
    "z": ("page", (1,)),
    "-": ("page", (-1,)),
    "pageup": ("page", (-1,)),
    "Z": ("page", (-1,)),
    "home": ("home", ()),
    "=": ("home", ()),
    "^": ("home", ()),
    "end": ("end", ()),
    "*": ("end", ()),
    "G": ("end", ()),
}
