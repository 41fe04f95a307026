"""A dialog of lines that scroll, with or without a cursor; as tall as there is need or room.

Holds no meaning of its own; who derives from it says which lines there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, TypeVar

from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from tui_mail.ui.screens.dialog import Dialog
from tui_mail.ui.widgets.line_view import LineView

Answer = TypeVar("Answer")
Parts = Sequence[tuple[str, str]]
"""The texts of a line, clean, each with the name of its style."""

_FRAME = 4  # lines of the box that are not its own: two borders, a gap, the keys
_MOVES: dict[str, tuple[str, tuple[Any, ...]]] = {
    "down": ("move", (1,)),
    "up": ("move", (-1,)),
    "pagedown": ("page", (1,)),
    "pageup": ("page", (-1,)),
    "home": ("home", ()),
    "end": ("end", ()),
}
_LETTERS = {"j": "down", "k": "up", "space": "pagedown", "-": "pageup", "z": "pagedown"}


class Lines(LineView):
    """``rows`` of a sheet; the cursor begins on the line ``first``."""

    def __init__(self, rows: Sequence[Parts] = (), first: int = 0) -> None:
        super().__init__()
        self.rows = rows
        self._first = first

    def on_mount(self) -> None:
        self.set_line_count(len(self.rows), cursor=self._first)

    def show(self, rows: Sequence[Parts]) -> None:
        """Draw other rows; the cursor stays on its line."""
        self.rows = rows
        self.set_line_count(len(rows), cursor=min(self.cursor, max(0, len(rows) - 1)))
        self.refresh()

    def render_row(self, index: int, width: int, cursor: bool) -> Strip:
        return self.compose_row(self.rows[index], width, cursor=cursor)

    def cursor_look(self, *names: str) -> Style:
        return self.look(*names, "cursor")


class Text(Lines):
    """Without a cursor."""

    HAS_CURSOR: ClassVar[bool] = False


class Sheet(Dialog[Answer]):
    """``lines`` scroll; ``letters`` False leaves j, k and the like to whoever derives from it."""

    DEFAULT_CSS = """
    Sheet .box LineView { background: $background; color: $foreground; }
    """

    def __init__(self, lines: Lines, *, letters: bool = True) -> None:
        super().__init__()
        self.lines = lines
        self._letters = letters

    def above(self) -> Iterable[Widget]:
        """What stands above the lines, one line each."""
        return ()

    def below(self) -> Iterable[Widget]:
        """What stands below them."""
        return ()

    def content(self) -> Iterable[Widget]:
        yield from self.above()
        yield self.lines
        yield from self.below()

    def taken(self) -> int:
        """How many lines of the box ``above`` and ``below`` need."""
        return 0

    def on_mount(self) -> None:
        self.fit()

    def on_resize(self, event: events.Resize) -> None:
        self.fit()

    def fit(self) -> None:
        """Give the lines their height."""
        room = max(1, self.size.height - _FRAME - self.taken())
        self.lines.styles.height = max(1, min(len(self.lines.rows), room))

    def key(self, key: str) -> bool:
        name = _LETTERS.get(key, key) if self._letters else key
        if name not in _MOVES:
            return False
        method, arguments = _MOVES[name]
        getattr(self.lines, method)(*arguments)
        return True
