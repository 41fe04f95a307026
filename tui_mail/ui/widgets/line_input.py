"""Textual's input line without its frame, its blinking and its colors: one row of a dialog.

A blinking cursor is traffic while nobody types; one shown by color alone vanishes with NO_COLOR.
"""

from __future__ import annotations

from textual.widgets import Input


class LineInput(Input):
    DEFAULT_CSS = """
    LineInput, LineInput:focus, LineInput:ansi {
        width: 1fr;
        height: 1;
        border: none;
        padding: 0;
        background: $background;
        background-tint: transparent;
        color: $foreground;
    }
    LineInput > .input--cursor, LineInput:ansi > .input--cursor {
        background: $background;
        color: $foreground;
        text-style: reverse;
    }
    """

    def __init__(self, value: str = "", *, max_length: int, password: bool = False) -> None:
        super().__init__(
            value, max_length=max_length, password=password, select_on_focus=False, compact=True
        )
        self.cursor_blink = False


class SecretInput(LineInput):
    """A line that shows dots, and whose text cannot be copied off it."""

    def __init__(self, *, max_length: int) -> None:
        super().__init__(max_length=max_length, password=True)

    def action_copy(self) -> None:
        """Leave the clipboard alone."""

    def action_cut(self) -> None:
        """Leave the clipboard alone."""
