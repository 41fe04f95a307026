"""One line of a header while it is written. Knows no address: it marks what it is told is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from rich.highlighter import Highlighter
from rich.style import Style
from rich.text import Text
from textual import events

from tui_mail.sanitize import clean
from tui_mail.ui.theme import style
from tui_mail.ui.widgets.line_input import LineInput

# Characters; a person who pastes the addresses of a whole club has room for them.
MAX_LENGTH = 64 * 1024
# Not by color alone: it is gone with NO_COLOR.
_UNDERLINE = Style(underline=True)

Range = tuple[int, int]


class _Marks(Highlighter):
    """Styles the ranges that are wrong; they belong to one value and to no other."""

    def __init__(self) -> None:
        self.value = ""
        self.ranges: Sequence[Range] = ()

    def highlight(self, text: Text) -> None:
        if text.plain == self.value:
            for start, end in self.ranges:
                text.stylize(style("error") + _UNDERLINE, start, end)


class ComposeField(LineInput):
    """``field`` is its name in ``Draft``; pasted lines are joined with ``joint``."""

    def __init__(self, field: str, value: str, *, joint: str) -> None:
        super().__init__(clean(value), max_length=MAX_LENGTH)
        self.field = field
        self._joint = joint
        self._marks = _Marks()
        self.highlighter = self._marks

    @property
    def marked(self) -> Sequence[Range]:
        """The ranges of the present value that are shown as wrong."""
        return self._marks.ranges if self._marks.value == self.value else ()

    def mark(self, ranges: Sequence[Range]) -> None:
        """Show these ranges of the present value as wrong."""
        if [*ranges] != [*self.marked]:
            self._marks.value, self._marks.ranges = self.value, ranges
            self.refresh()

    def take(self, value: str) -> None:
        """Another value, the cursor at its end."""
        self.value = clean(value)
        self.cursor_position = len(self.value)

    def on_paste(self, event: events.Paste) -> None:
        # Textual would take the first line alone, and control characters as they are.
        lines = filter(None, (clean(line).strip() for line in event.text.splitlines()))
        text = self._joint.join(lines)
        self.replace(text, *sorted(self.selection))
        event.stop()
        event.prevent_default()
