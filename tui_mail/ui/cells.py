"""Text cut and padded to an exact number of terminal cells, and amounts in words.

Pure functions over text that is already clean (``sanitize.columnar``); nothing here cleans,
styles or draws. Widths are rich's, the same that Textual uses to place what follows.
"""

from __future__ import annotations

from rich.cells import cell_len, get_character_cell_size

ELLIPSIS = "…"
_CHARACTERS_PER_CELL = 8


def amount(count: int, noun: str) -> str:
    """A count with its noun, such as ``1 message`` or ``2,000 messages``; the plural adds an s."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def cut(text: str, width: int) -> str:
    """Return ``text`` in at most ``width`` cells, with ``…`` at its end where it is too long."""
    if width <= 0:
        return ""
    if text.isascii():
        return text if len(text) <= width else text[: width - 1] + ELLIPSIS
    # Bounds the work where a sender stacked thousands of marks that take no cell.
    text = text[: _CHARACTERS_PER_CELL * width]
    if cell_len(text) <= width:
        return text
    left = width - 1
    for index, character in enumerate(text):
        left -= get_character_cell_size(character)
        if left < 0:
            return text[:index] + ELLIPSIS
    return text


def fit(text: str, width: int) -> str:
    """Return ``text`` in exactly ``width`` cells: cut, or padded with spaces on its right."""
    if text.isascii() and len(text) <= width:
        return text.ljust(width)
    text = cut(text, width)
    return text + " " * (width - cell_len(text))


def fit_right(text: str, width: int) -> str:
    """Return ``text`` in exactly ``width`` cells: cut, or padded with spaces on its left."""
    if text.isascii() and len(text) <= width:
        return text.rjust(width)
    text = cut(text, width)
    return " " * (width - cell_len(text)) + text
