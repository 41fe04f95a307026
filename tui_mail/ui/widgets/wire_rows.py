"""The rows of the wire pane: which lines of the transcript, filtered, unfolded, searched.

Values and indexes; draws nothing and knows no Textual. A key costs nothing that grows with the
number of lines but where it changes which lines there are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tui_mail.ui.widgets.wire_row import Piece
from tui_mail.wire.transcript import Direction, Transcript, WireLine

HEAD = 0  # the part of a row that is the line itself; those unfolded below it count from 1
GAP = -1  # the part of a row that says that lines went by

Unfold = Callable[[WireLine], Sequence[Piece]]


class Row(NamedTuple):
    """A line of the pane: a wire line, one of the lines it unfolds to, or the gap before it."""

    line: WireLine
    part: int = HEAD


def _number(line: WireLine) -> int:
    return line.number


def _key(row: Row) -> tuple[int, int]:
    return row.line.number, row.part


class WireRows:
    """What of ``transcript`` is shown. ``connection`` and ``direction`` None show all.

    ``unfold`` makes the texts below a line that a person opened.
    """

    def __init__(self, transcript: Transcript, unfold: Unfold) -> None:
        self.rows: list[Row] = []
        self.connections: list[str] = []
        self.connection: str | None = None
        self.direction: Direction | None = None
        self.tag_width = 1
        self.gap = 0
        self._transcript = transcript
        self._unfold = unfold
        self._lines: list[WireLine] = []
        self._last = 0
        self._held_to: int | None = None
        self._open: dict[int, Sequence[Piece]] = {}
        self._hits: list[int] = []
        self._needle = b""
        self._fold_case = False

    # Lines that come and go

    def clear(self) -> None:
        """Hold no line; the next ``update`` reads all there are."""
        self._lines.clear()
        self.rows.clear()
        self._hits.clear()
        self._open.clear()
        self._held_to = None
        self._last = 0
        self.gap = 0

    def update(self) -> list[WireLine]:
        """Take the lines that came, drop those the transcript dropped; the new ones shown.

        Lines that are held stay though the transcript drops them.
        """
        new = self._transcript.lines(self._last)
        self._drop(self._transcript.first_number)
        if new:
            self._last = new[-1].number
        shown = [line for line in new if self._fits(line)]
        self._lines += new
        self._learn(new)
        self.rows += [Row(line) for line in shown]
        if self._needle:
            self._hits += [line.number for line in shown if self._is_hit(line)]
        self._mark_gap()
        return shown

    def hold(self) -> None:
        """Keep the lines there are now until ``release``, whatever the transcript drops.

        They are at most as many as the transcript holds: those of an earlier hold may go.
        """
        self._held_to = None
        self._drop(self._transcript.first_number)
        self._held_to = self._last
        self._mark_gap()

    def release(self) -> None:
        """Let go what is held."""
        self._held_to = None
        self._drop(self._transcript.first_number)
        self._mark_gap()

    def is_held(self, row: Row) -> bool:
        return self._held_to is not None and row.line.number <= self._held_to

    def _drop(self, first: int) -> None:
        """Drop the lines before ``first``, but those that are held."""
        held = self._held_to or 0
        start = bisect_right(self._lines, held, key=_number)
        end = bisect_left(self._lines, first, start, key=_number)
        if start == end:
            return
        for line in self._lines[start:end]:
            self._open.pop(line.number, None)
        del self._lines[start:end]
        rows = self.rows
        from_row = bisect_left(rows, (held + 1, GAP), key=_key)
        del rows[from_row : bisect_left(rows, (first, GAP), from_row, key=_key)]
        from_hit = bisect_right(self._hits, held)
        del self._hits[from_hit : bisect_left(self._hits, first, from_hit)]

    def _mark_gap(self) -> None:
        """Put a row where lines went by that nobody will see again."""
        if self.gap:
            self.rows = [row for row in self.rows if row.part != GAP]
            self.gap = 0
        if self._held_to is None:
            return
        start = bisect_right(self._lines, self._held_to, key=_number)
        if start < len(self._lines):
            tail = self._lines[start]
            self.gap = tail.number - self._held_to - 1
            if self.gap:
                self.rows.insert(self.index_of(tail.number, GAP), Row(tail, GAP))

    def _learn(self, lines: Sequence[WireLine]) -> None:
        known = set(self.connections)
        for line in lines:
            if line.connection not in known:
                known.add(line.connection)
                self.connections.append(line.connection)
            if len(line.tag) > self.tag_width:
                self.tag_width = len(line.tag)

    # Which of them are shown

    def set_filter(self, connection: str | None, direction: Direction | None) -> None:
        self.connection, self.direction = connection, direction
        # Without the column of the connection there is more room for what is open.
        self._unfold_open()
        self._build()

    def _fits(self, line: WireLine) -> bool:
        return (self.connection is None or line.connection == self.connection) and (
            self.direction is None or line.direction is self.direction
        )

    def _build(self) -> None:
        shown = [line for line in self._lines if self._fits(line)]
        if self._open:
            self.rows = [row for line in shown for row in self._rows_of(line)]
        else:
            self.rows = [Row(line) for line in shown]
        if self._needle:
            self._hits = [line.number for line in shown if self._is_hit(line)]
        self.gap = 0
        self._mark_gap()

    def _rows_of(self, line: WireLine) -> list[Row]:
        texts = self._open.get(line.number, ())
        return [Row(line, part) for part in range(len(texts) + 1)]

    def index_of(self, number: int, part: int = HEAD) -> int:
        """The index of that row, or of the one that is there in its place."""
        return bisect_left(self.rows, (number, part), key=_key)

    # What a line unfolds to

    def is_open(self, line: WireLine) -> bool:
        return line.number in self._open

    def unfolded_count(self, line: WireLine) -> int:
        """How many rows stand below a line that is open; 0 for one that is not."""
        return len(self._open.get(line.number, ()))

    def piece_of(self, row: Row) -> Piece:
        """What a row that was unfolded (``part`` from 1) shows."""
        return self._open[row.line.number][row.part - 1]

    def toggle(self, line: WireLine) -> bool:
        """Unfold a line, or fold it again; False if there is nothing to unfold."""
        head = self.index_of(line.number)
        texts = self._open.pop(line.number, None)
        if texts is not None:
            del self.rows[head + 1 : head + 1 + len(texts)]
            return True
        texts = self._unfold(line)
        if not texts:
            return False
        self._open[line.number] = texts
        self.rows[head + 1 : head + 1] = self._rows_of(line)[1:]
        return True

    def unfold_anew(self) -> None:
        """Make the texts of what is open again, for another width."""
        if self._open:
            self._unfold_open()
            self._build()

    def _unfold_open(self) -> None:
        lines = (line for line in self._lines if line.number in self._open) if self._open else ()
        self._open = {line.number: texts for line in lines if (texts := self._unfold(line))}

    # Search

    @property
    def hits(self) -> int:
        """How many of the lines shown have in them what is searched."""
        return len(self._hits)

    def search(self, text: str) -> int:
        """Search text and literals of the lines shown, now and as they come; how many fit.

        Capital letters count only if there are some in ``text``; "" ends the search.
        """
        self._fold_case = text == text.lower()
        self._needle = text.encode("utf-8", "replace")
        lines = [line for line in self._lines if self._fits(line)] if text else []
        self._hits = [line.number for line in lines if self._is_hit(line)]
        return len(self._hits)

    def hit_position(self, line: WireLine) -> int:
        """Which hit the line is, from 1; 0 if it is none."""
        place = bisect_left(self._hits, line.number)
        found = place < len(self._hits) and self._hits[place] == line.number
        return place + 1 if found else 0

    def next_hit(self, index: int, *, backwards: bool = False) -> int | None:
        """The row of the next hit after row ``index``, round the end; None if there is none.

        A line whose text has it only in a literal is unfolded for it.
        """
        if not self._hits:
            return None
        here = self.rows[index]
        within = self._next_within(index, backwards)
        if within is not None:
            return within
        if backwards:
            place = bisect_left(self._hits, here.line.number) - 1
        else:
            place = bisect_right(self._hits, here.line.number) % len(self._hits)
        head = self.index_of(self._hits[place])
        line = self.rows[head].line
        if self._has(line.text):
            return head
        if not self.is_open(line):
            self.toggle(line)
        parts = range(head + 1, head + 1 + self.unfolded_count(line))
        ordered = reversed(parts) if backwards else parts
        return next((row for row in ordered if self._row_has(row)), head)

    def _next_within(self, index: int, backwards: bool) -> int | None:
        """The next row of the same unfolded line that has it."""
        number = self.rows[index].line.number
        step = -1 if backwards else 1
        index += step
        while 0 <= index < len(self.rows) and self.rows[index].line.number == number:
            if self._row_has(index):
                return index
            index += step
        return None

    def _row_has(self, index: int) -> bool:
        row = self.rows[index]
        if row.part == GAP:
            return False
        if row.part == HEAD:
            return self._has(row.line.text)
        return self._has(self.piece_of(row).text.encode("utf-8", "replace"))

    def _is_hit(self, line: WireLine) -> bool:
        return self._has(line.text) or any(self._has(data) for data in line.literals if data)

    def _has(self, data: bytes) -> bool:
        return self._needle in (data.lower() if self._fold_case else data)
