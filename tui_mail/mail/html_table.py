"""Tables of HTML mail: which hold data and which only lay out, and how the former are drawn.

Cells come in as finished spans; knows no HTML inside them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui_mail.mail.html_tree import Node
from tui_mail.mail.text import Line, Span, cell_width, line_text, wrap

MAX_COLUMNS = 40
# A longer table is laid out row by row.
MAX_ROWS = 2000
# Longer cells than this, in a table that has no head, are two columns of prose: laid out.
_LONGEST_CELL = 160
_GAP = 2

_ROW_GROUPS = ("thead", "tfoot")
_NUMBER = re.compile(
    r"[\s(]*[-+−–]?\s*(?:[$€£¥₹]|[A-Z]{2,3}\s|CHF|kr)?\s*[-+−]?\d[\d.,'\u2009 ]*"  # noqa: RUF001
    r"\s*(?:[$€£¥₹%×x]|[A-Z]{3}|kr|[kKMGT]i?B)?[\s)]*"  # noqa: RUF001
)


def rows_of(table: Node) -> list[Node]:
    """The table's own rows, in order."""
    rows: list[Node] = []
    for child in table.children:
        if isinstance(child, str):
            continue
        if child.tag == "tr":
            rows.append(child)
        elif child.tag in _ROW_GROUPS:
            rows += [row for row in child.children if isinstance(row, Node) and row.tag == "tr"]
    return rows


def cells_of(row: Node) -> list[Node]:
    return [cell for cell in row.children if isinstance(cell, Node) and cell.tag in ("td", "th")]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its logical lines, how many columns it spans, and where it stands in them."""

    lines: tuple[tuple[Span, ...], ...]
    columns: int = 1
    header: bool = False
    right: bool = False

    def widest(self) -> int:
        return max((cell_width(line_text(line)) for line in self.lines), default=0)

    def longest_word(self) -> int:
        if _NUMBER.fullmatch(self.text()):
            return self.widest()
        words = (word for line in self.lines for word in line_text(line).split(" "))
        return max(map(cell_width, words), default=0)

    def text(self) -> str:
        return " ".join(map(line_text, self.lines))


def is_data(rows: list[list[Cell]]) -> bool:
    """Whether a table's columns mean something: a head, or rows of short texts side by side."""
    filled = [row for row in ([cell for cell in row if cell.lines] for row in rows) if row]
    if sum(len(row) > 1 for row in filled) < 2:
        return False
    if any(cell.header for row in filled for cell in row):
        return True
    return max(len(cell.text()) for row in filled for cell in row) <= _LONGEST_CELL


def with_row_spans(rows: list[list[Cell]], nodes: list[list[Node]]) -> list[list[Cell]]:
    """Rows with an empty cell where one from above reaches down (HTML, 4.9.12)."""
    reaching: dict[int, int] = {}
    result: list[list[Cell]] = []
    for row, row_nodes in zip(rows, nodes, strict=True):
        placed: list[Cell] = []
        position = 0
        for cell, node in zip(row, row_nodes, strict=True):
            while reaching.get(position, 0) > 0 and position < MAX_COLUMNS:
                reaching[position] -= 1
                placed.append(Cell(()))
                position += 1
            span = node.get("rowspan")
            if span.isdecimal() and span != "1":
                reaching[position] = min(int(span[:6]), MAX_ROWS) - 1
            placed.append(cell)
            position += cell.columns
        result.append(placed)
    return result


def _columns(rows: list[list[Cell]]) -> int:
    return max(sum(cell.columns for cell in row) for row in rows)


def _widths(rows: list[list[Cell]], count: int, width: int) -> list[int] | None:
    """Cells for each column, or None where not even the longest words fit (CSS 2, 17.5.2.2)."""
    least, most = [0] * count, [0] * count
    for row in rows:
        position = 0
        for cell in row:
            if cell.columns == 1:
                least[position] = max(least[position], min(cell.longest_word(), width // 3))
                most[position] = max(most[position], cell.widest())
            position += cell.columns
    for row in rows:
        position = 0
        for cell in row:
            if cell.columns > 1:
                spanned = most[position : position + cell.columns]
                lacking = cell.widest() - sum(spanned) - _GAP * (len(spanned) - 1)
                if lacking > 0 and spanned:
                    most[position + len(spanned) - 1] += lacking
            position += cell.columns
    room = width - _GAP * (sum(1 for column in most if column) - 1)
    if sum(most) <= room:
        return most
    if sum(least) > room:
        return None
    # What is short gets what it needs; the long ones share what is left.
    spare = room - sum(least)
    order = sorted(range(count), key=lambda column: most[column] - least[column])
    for done, column in enumerate(order):
        given = min(most[column] - least[column], spare // (count - done))
        least[column] += given
        spare -= given
    return least


def _right_columns(rows: list[list[Cell]], count: int) -> list[bool]:
    """Columns to stand at the right: numbers, or what the mail itself puts there."""
    numbers, filled, asked = [0] * count, [0] * count, [0] * count
    for row in rows:
        position = 0
        for cell in row:
            text = cell.text()
            if cell.columns == 1 and text and not cell.header:
                filled[position] += 1
                numbers[position] += _NUMBER.fullmatch(text) is not None
                asked[position] += cell.right
            position += cell.columns
    return [
        filled[column] > 0 and filled[column] in (numbers[column], asked[column])
        for column in range(count)
    ]


def _draw_row(row: list[Cell], widths: list[int], right: list[bool]) -> list[Line]:
    drawn: list[tuple[int, bool, list[Line]]] = []
    position = 0
    for cell in row:
        spanned = [column for column in widths[position : position + cell.columns] if column]
        room = sum(spanned) + _GAP * (len(spanned) - 1)
        stands_right = cell.right or right[min(position + cell.columns, len(right)) - 1]
        if spanned:
            lines = [line for logical in cell.lines for line in wrap(logical, room, least=2)]
            drawn.append((room, stands_right, lines))
        position += cell.columns
    height = max((len(lines) for _, _, lines in drawn), default=0)
    result: list[Line] = []
    for index in range(height):
        line: list[Span] = []
        for room, stands_right, lines in drawn:
            content = lines[index] if index < len(lines) else ()
            fill = " " * max(0, room - cell_width(line_text(content)))
            if line:
                line.append(Span(" " * _GAP))
            line += [Span(fill), *content] if stands_right else [*content, Span(fill)]
        while line and not line[-1].text.strip():
            line.pop()
        result.append(tuple(span for span in line if span.text))
    return result


def _draw_records(rows: list[list[Cell]], width: int) -> list[Line]:
    """A table too wide for the screen: each row as a list of ``head: value``."""
    heads: list[str] = []
    lines: list[Line] = []
    for row in rows:
        if all(cell.header for cell in row) and not heads:
            heads = [cell.text() for cell in row]
            continue
        if lines:
            lines.append(())
        for index, cell in enumerate(row):
            if not cell.text():
                continue
            head = heads[index] if index < len(heads) and len(heads) == len(row) else ""
            first: Line = (Span(f"{head}: ", "table"),) if head else ()
            for logical in cell.lines:
                lines += wrap(logical, width, first=first, rest=(Span("  "),) if head else ())
                first = (Span("  "),) if head else ()
    return lines


def draw(rows: list[list[Cell]], width: int) -> list[Line]:
    """Draw rows as aligned columns within ``width``, a line under the head; as records if they
    do not fit. Columns that are empty throughout take no room."""
    rows = [row for row in rows if any(cell.text() for cell in row)]
    if not rows:
        return []
    count = min(_columns(rows), MAX_COLUMNS)
    widths = None if _columns(rows) > MAX_COLUMNS else _widths(rows, count, width)
    if widths is None:
        return _draw_records(rows, width)
    right = _right_columns(rows, count)
    drawn = [_draw_row(row, widths, right) for row in rows]
    # Where the first column wraps, rows need air to be told from each other.
    first = [line for row in rows if row[0].columns == 1 for line in row[0].lines]
    airy = any(cell_width(line_text(line)) > widths[0] for line in first)
    lines: list[Line] = []
    for index, row in enumerate(rows):
        if lines and airy and not rows[index - 1][0].header:
            lines.append(())
        lines += drawn[index]
        head = all(cell.header for cell in row)
        last_head = index + 1 == len(rows) or not all(cell.header for cell in rows[index + 1])
        if head and last_head and index + 1 < len(rows):
            frame = (" " * _GAP).join("─" * column for column in widths if column)
            lines.append((Span(frame, "rule"),))
    return lines
