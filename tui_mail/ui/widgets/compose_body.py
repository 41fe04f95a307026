"""The text of a message while it is written: Textual's text area in plain clothes.

Its own keys move and delete as in any line editor; what else a key does is in the registry. It
lets nothing in that could not be drawn, and knows nothing about mail but how a quotation begins.
"""

from __future__ import annotations

import re

from rich.text import Text
from textual import events
from textual.widgets import TextArea

from tui_mail.sanitize import clean
from tui_mail.ui.theme import style

_QUOTE = ">"
_MARKS = re.compile("(?:> ?)+")
_LEVELS = 5


def plain(text: str) -> str:
    """A text as the area holds it: ``\\n`` at the ends of lines, and nothing that is not text."""
    return clean(text, newlines=True, tabs=True)


class ComposeBody(TextArea):
    DEFAULT_CSS = """
    ComposeBody, ComposeBody:focus, ComposeBody:ansi, ComposeBody:focus:ansi {
        height: 1fr;
        min-height: 3;
        border: none;
        padding: 0 1;
        background: $background;
        background-tint: transparent;
        color: $foreground;
        scrollbar-size: 0 0;
    }
    ComposeBody .text-area--cursor, ComposeBody:ansi .text-area--cursor,
    ComposeBody:dark .text-area--cursor, ComposeBody:light .text-area--cursor,
    ComposeBody .text-area--selection, ComposeBody:ansi .text-area--selection {
        background: $background;
        color: $foreground;
        text-style: reverse;
    }
    """

    def __init__(self, text: str) -> None:
        super().__init__(
            plain(text),
            soft_wrap=True,
            tab_behavior="focus",
            compact=True,
            highlight_cursor_line=False,
        )
        # A blinking cursor is traffic while nobody types; matching brackets is for programs.
        self.cursor_blink = False
        self.match_cursor_bracket = False

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        if line.plain.startswith(_QUOTE):
            line.stylize(style(f"quote{_depth(line.plain)}"))
        return line

    def on_key(self, event: events.Key) -> None:
        if event.key == "enter" and self._part_quote():
            event.stop()
            event.prevent_default()

    def _part_quote(self) -> bool:
        """Room for an answer inside of what is quoted: what comes behind it stays quoted.

        False where a line end is all that is wanted.
        """
        (row, column), end = self.selection
        line = self.document.get_line(row)
        marks = _MARKS.match(line)
        if marks is None or (row, column) != end or column in (0, len(line)):
            return False
        if column <= marks.end():
            self.insert("\n", (row, 0))
            return True
        behind = len(line) - len(line[column:].lstrip(" "))
        self.replace(f"\n\n{marks[0]}", (row, column), (row, behind))
        self.move_cursor((row + 1, 0))
        return True

    def go_to(self, index: int) -> None:
        """The cursor before that character of the text."""
        before = self.text[:index]
        self.move_cursor((before.count("\n"), len(before) - before.rfind("\n") - 1))

    def take(self, text: str) -> None:
        """Another text, as an edit that undo takes back; the cursor stays on its line."""
        text = plain(text)
        if text != self.text:
            place = self.cursor_location
            self.replace(text, (0, 0), self.document.end, maintain_selection_offset=False)
            self.move_cursor(place)

    async def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        start, end = sorted(self.selection)
        result = self.replace(plain(event.text), start, end, maintain_selection_offset=False)
        self.move_cursor(result.end_location)


def _depth(line: str) -> int:
    """How deep a line is quoted, 1 … 5."""
    marks = 0
    for character in line:
        if character == _QUOTE:
            marks += 1
        elif character != " ":
            break
    return min(marks, _LEVELS)
