"""A pager for a rendered text: scrolling, the place kept over a new rendering, search.

Draws the lines it was given, and cuts what is wider than the widget. It renders no message, wraps
nothing and opens no link.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from textual.strip import Strip

from tui_mail.mail.text import Line, line_text
from tui_mail.ui.widgets.line_view import LineView
from tui_mail.ui.widgets.marking import Styles, marked

MAX_MATCHES = 10_000
MARGIN = 1  # cells left free on either side of the text
# How much of the page stands above a match that was jumped to.
_ABOVE_MATCH = 4


class Match(NamedTuple):
    """Characters ``start … end - 1`` of a line."""

    line: int
    start: int
    end: int


class TextView(LineView):
    """Lines of spans (``mail.text``), shown from ``top`` on.

    ``searched`` is what was searched last, "" for nothing.
    """

    HAS_CURSOR: ClassVar[bool] = False

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._lines: Sequence[Line] = ()
        self.searched = ""
        self._pattern: re.Pattern[str] | None = None
        self._matches: list[Match] = []
        self._of_line: dict[int, list[Match]] = {}
        self._match = -1

    @property
    def lines(self) -> Sequence[Line]:
        return self._lines

    @property
    def at_end(self) -> bool:
        """Whether the last line is on the screen."""
        return self.shown.stop >= self.line_count

    def set_lines(self, lines: Sequence[Line], *, keep_place: bool = False) -> None:
        """Show other lines, from their beginning.

        With ``keep_place`` they are the same text rendered anew: what stood at the top stays
        there, as nearly as the two can be compared.
        """
        share = _share_above(self._lines, self.top) if keep_place else 0.0
        self._lines = lines
        self._find_all()
        self.set_line_count(len(lines), top=_line_at_share(lines, share) if share else 0)
        self.refresh()

    # Search

    def search(self, text: str, *, backwards: bool = False) -> int:
        """Mark all places where ``text`` stands and go to the next; how many there are.

        Capital letters count only if there are some in ``text``. An empty text ends the search.
        """
        flags = re.IGNORECASE if text == text.lower() else 0
        self.searched = text
        self._pattern = re.compile(re.escape(text), flags) if text else None
        self._find_all()
        self.refresh()
        if self._matches:
            self._go_to_first(backwards)
        self.search_changed()
        return len(self._matches)

    def search_next(self, *, backwards: bool = False) -> bool:
        """Go to the next place, from the last one on to the first; False if there is none."""
        if not self._matches:
            return False
        # A reader who has turned the page goes on from there.
        if self._match < 0 or self._matches[self._match].line not in self.shown:
            self._go_to_first(backwards)
        else:
            self._go_to_match((self._match + (-1 if backwards else 1)) % len(self._matches))
        self.search_changed()
        return True

    @property
    def match_position(self) -> tuple[int, int]:
        """Which match is the current one, from 1 (0 for none), and how many there are."""
        return self._match + 1, len(self._matches)

    def search_changed(self) -> None:
        """Called after a search, and after it went to another match."""

    def _find_all(self) -> None:
        self._matches = []
        self._match = -1
        self._of_line = {}
        if self._pattern is None:
            return
        for index, line in enumerate(self._lines):
            found = [Match(index, *each.span()) for each in self._pattern.finditer(line_text(line))]
            if found:
                self._of_line[index] = found
                self._matches += found
            if len(self._matches) >= MAX_MATCHES:
                break

    def _go_to_first(self, backwards: bool) -> None:
        if backwards:
            before = [n for n, match in enumerate(self._matches) if match.line < self.top]
            self._go_to_match(before[-1] if before else len(self._matches) - 1)
        else:
            after = (n for n, match in enumerate(self._matches) if match.line >= self.top)
            self._go_to_match(next(after, 0))

    def _go_to_match(self, number: int) -> None:
        before, self._match = self._match, number
        line = self._matches[number].line
        if line not in self.shown:
            self.scroll_lines(line - self.page_height // _ABOVE_MATCH - self.top)
        for each in (before, number):
            if each >= 0:
                self.refresh_row(self._matches[each].line)

    # Drawing

    def render_row(self, index: int, width: int, cursor: bool) -> Strip:
        line = self._lines[index]
        runs: Iterable[tuple[str, Styles]] = ((span.text, (span.style,)) for span in line)
        found = self._of_line.get(index)
        if found:
            current = self._matches[self._match] if self._match >= 0 else None
            runs = marked(
                runs,
                [
                    (match.start, match.end, "match-current" if match == current else "match")
                    for match in found
                ],
            )
        segments = [Segment(" " * MARGIN, self.look())]
        segments += [Segment(text, self.look(*styles)) for text, styles in runs]
        return Strip(segments).adjust_cell_length(width, self.look()).simplify()


def _weight(line: Line) -> int:
    # An empty line counts a little, so that a page of them has a place of its own.
    return 1 + sum(len(span.text) for span in line)


def _share_above(lines: Sequence[Line], top: int) -> float:
    """How much of the text, 0 … 1, stands above line ``top``."""
    above = sum(map(_weight, lines[:top]))
    return above / (above + sum(map(_weight, lines[top:])) or 1)


def _line_at_share(lines: Sequence[Line], share: float) -> int:
    """The line that has about ``share`` of the text above it."""
    wanted = share * sum(map(_weight, lines))
    above = 0
    for index, line in enumerate(lines):
        if above >= wanted - 0.5:
            return index
        above += _weight(line)
    return max(0, len(lines) - 1)
