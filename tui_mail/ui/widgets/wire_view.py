"""The lines of the wire as they are drawn: rows, the strip at the foot, the title above.

What ``WirePane`` rests on. It draws rows that come and go and keeps the cursor on its line; it
does not read the transcript for new lines, and answers no person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip

from tui_mail.sanitize import columnar
from tui_mail.ui.cells import amount, cut
from tui_mail.ui.widgets.line_view import LineView
from tui_mail.ui.widgets.marking import Styles, marked
from tui_mail.ui.widgets.wire_row import (
    Columns,
    Piece,
    columns_for,
    gap_pieces,
    row_pieces,
    unfolded,
    unfolded_pieces,
)
from tui_mail.ui.widgets.wire_rows import GAP, HEAD, Row, WireRows
from tui_mail.ui.widgets.wire_strip import strip_lines
from tui_mail.wire.transcript import Direction, Exchange, Transcript, WireLine

_CLOCK_TOLERANCE = 1.0  # seconds
_TALL = 12  # lines from which the strip has two
_LONGEST_SEARCH = 20  # cells of what is searched, in the title
_DIRECTION_NAMES = {Direction.SENT: "sent only", Direction.RECEIVED: "received only"}


class WireView(LineView):
    """Rows of ``transcript``; while ``following`` the last one is shown and under the cursor."""

    DEFAULT_CSS = """
    WireView {
        border-top: solid $primary;
        border-title-color: $foreground;
        border-title-background: $background;
        border-title-style: bold;
    }
    """

    def __init__(
        self,
        transcript: Transcript,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.following = True
        self.searched = ""
        self._transcript = transcript
        self._rows = WireRows(transcript, lambda line: unfolded(line, self._columns))
        self._pattern: re.Pattern[str] | None = None
        self._unseen = 0
        self._pair: tuple[str, str] | None = None
        self._drawn_columns: Columns | None = None
        self._strip_shown: list[list[Piece]] = []
        self._title_shown = ""

    # Rows that change while cursor and page stay where they are

    @property
    def page_height(self) -> int:
        return max(0, self.content_size.height - self._strip_height)

    @property
    def _columns(self) -> Columns:
        one = self._rows.connection is not None
        widest = max((cell_len(columnar(name)) for name in self._rows.connections), default=0)
        return columns_for(
            self.content_size.width,
            connection=0 if one else widest,
            tag=self._rows.tag_width,
        )

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._rows.rows[self.cursor] if self._rows.rows else None

    def _change(self, change: Callable[[], object]) -> None:
        """Let rows come and go; what is drawn anew is what looks different.

        The cursor stays on its row and on its line of the screen, unless the pane follows.
        """
        before = self._rows.rows[self.shown.start : self.shown.stop]
        place, current = self.cursor - self.top, self.current
        change()
        rows = self._rows.rows
        self.line_count = len(rows)
        if self.following:
            self.cursor = max(0, len(rows) - 1)
            self.top = self._last_top()
        elif current is not None:
            found = self._rows.index_of(current.line.number, current.part)
            self.cursor = max(0, min(found, len(rows) - 1))
            self.top = self._sound_top(max(0, self.cursor - place))
        after = rows[self.shown.start : self.shown.stop]
        new_place = self.cursor - self.top
        for line in range(max(len(before), len(after))):
            if before[line : line + 1] != after[line : line + 1] or (
                place != new_place and line in (place, new_place)
            ):
                self.refresh_row(self.top + line)
        self._show_pair()

    def _refresh_where(self, wanted: Callable[[Row], bool]) -> None:
        for index in self.shown:
            if wanted(self._rows.rows[index]):
                self.refresh_row(index)

    def _show_pair(self) -> None:
        """Draw the bracket of the command under the cursor, and take the other one away."""
        row = self.current
        pair = (row.line.connection, row.line.tag) if row and row.line.tag else None
        if pair != self._pair:
            changed = (self._pair, pair)
            self._pair = pair
            self._refresh_where(lambda row: (row.line.connection, row.line.tag) in changed)

    def on_resize(self) -> None:
        self._rows.unfold_anew()
        self.line_count = len(self._rows.rows)
        if self.following:
            self.cursor = max(0, self.line_count - 1)
            self.top = self._last_top()

    # Drawing

    def _exchange_of(self, line: WireLine) -> Exchange | None:
        """The command a line belongs to; tags begin anew with each connection of the same name."""
        exchange = self._transcript.exchange(line.connection, line.tag) if line.tag else None
        if exchange is None:
            return None
        end = exchange.finished or line.time
        if not exchange.started - _CLOCK_TOLERANCE <= line.time <= end + _CLOCK_TOLERANCE:
            return None
        return exchange

    def render_row(self, index: int, width: int, cursor: bool) -> Strip:
        row = self._rows.rows[index]
        line = row.line
        columns = self._drawn_columns = self._columns
        paired = self._pair is not None and self._pair == (line.connection, line.tag)
        if row.part == GAP:
            pieces = gap_pieces(self._rows.gap, width)
        elif row.part == HEAD:
            exchange = self._exchange_of(line) if line.tag else None
            pieces = row_pieces(
                line,
                columns,
                exchange=exchange,
                paired=paired,
                opened=self._rows.is_open(line),
            )
        else:
            pieces = unfolded_pieces(self._rows.piece_of(row), columns, paired=paired)
        if cursor:
            text = "".join(piece.text for piece in pieces)
            strip = Strip([Segment(text, self.cursor_look())])
            return strip.adjust_cell_length(width, self.cursor_look())
        return self._strip(self._with_matches(pieces), width)

    def _with_matches(self, pieces: Sequence[Piece]) -> Iterable[tuple[str, Styles]]:
        if self._pattern is None:
            return pieces
        text = "".join(piece.text for piece in pieces)
        marks = [(*found.span(), "match") for found in self._pattern.finditer(text)]
        return marked(pieces, marks) if marks else pieces

    def _strip(self, runs: Iterable[tuple[str, Styles]], width: int) -> Strip:
        segments = [Segment(text, self.look(*styles)) for text, styles in runs if text]
        return Strip(segments).adjust_cell_length(width, self.look()).simplify()

    # The strip below the lines, and the title above

    @property
    def _strip_height(self) -> int:
        height = self.content_size.height
        return 2 if height >= _TALL else 1 if height > 3 else 0

    def _strip_lines(self) -> list[list[Piece]]:
        row = self.current
        line = None if row is None else row.line
        return strip_lines(
            line,
            None if line is None else self._exchange_of(line),
            unseen=0 if self.following else self._unseen,
            width=self.content_size.width,
            height=self._strip_height,
        )

    def render_line(self, y: int) -> Strip:
        if y < self.page_height:
            return super().render_line(y)
        width = self.content_size.width
        self._strip_shown = self._strip_lines()
        place = y - self.page_height
        pieces = self._strip_shown[place] if place < len(self._strip_shown) else []
        return self._strip(pieces, width)

    def _refresh_strip(self) -> None:
        width = self.content_size.width
        if self.is_attached and width and self._strip_lines() != self._strip_shown:
            self.refresh(Region(0, self.page_height, width, self._strip_height))

    def _show_title(self) -> None:
        rows = self._rows
        words = ["Wire", "following" if self.following else "paused"]
        if rows.connection is not None:
            words.append(columnar(rows.connection))
        if rows.direction is not None:
            words.append(_DIRECTION_NAMES[rows.direction])
        if self.searched:
            row = self.current
            place = rows.hit_position(row.line) if row is not None else 0
            hits = f"{place} of {rows.hits:,}" if place else amount(rows.hits, "line")
            words.append(f"/{cut(columnar(self.searched), _LONGEST_SEARCH)} {hits}")
        title = " ─ ".join(words)
        if title != self._title_shown:
            self._title_shown = title
            self.border_title = Text(title)
