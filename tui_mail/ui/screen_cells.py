"""What the terminal shows, cell by cell, and the shortest way to make it show something else.

Values in, a string out: knows Textual's strips, and neither app nor driver. What it writes are
cursor moves, SGR, text and erasing with the default background, which every terminal and
multiplexer does alike. No control character inside a text ever comes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import compress, groupby, repeat
from operator import itemgetter, ne

from rich.cells import _is_single_cell_widths, split_graphemes
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

Cell = tuple[str, str]
"""What one cell shows and its SGR parameters; the text of a wide character's second cell is ""."""

Piece = tuple[int, int, Strip]
"""Line, column and content of something to be drawn."""

_BLANK: Cell = (" ", "")
_SGR = itemgetter(1)
# Cells between two changes that are cheaper written again than jumped over (ESC [ 8 0 G).
_GAP = 4
# Blanks worth erasing instead of writing: to the end of the line, and in its middle.
_ERASE_LINE = 4
_ERASE_CELLS = 13

_BLANKS = re.compile(f" {{{_ERASE_CELLS},}}| {{{_ERASE_LINE},}}\\Z")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")

# Characters of whose width terminals and multiplexers agree; after any other the column is set
# anew. Latin, Greek, Cyrillic, punctuation, arrows, mathematics, boxes, CJK, kana, Hangul.
_AGREED = re.compile(
    "[\x20-\x7e\xa0-\xac\xae-\u02ff\u0370-\u0482\u048a-\u0556\u1e00-\u1fff\u2010-\u2027"
    "\u2030-\u205e\u20a0-\u20bf\u2100-\u2119\u211e-\u2121\u2150-\u218b\u2190-\u2193\u2200-\u22ff"
    "\u2500-\u25a9\u25ac-\u25b5\u25b7-\u25bf\u25c1-\u25fa\u270e\u2713\u2717\u2736\u279c"
    "\u3001-\u3029\u3041-\u3096\u30a1-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff60]*"
)


class _Unsure(Exception):
    """What is drawn cannot be told cell by cell."""


def _sgr(style: Style, color_system: ColorSystem) -> str:
    """The SGR parameters that make the default into ``style``; "" for the default itself."""
    codes = Strip.render_ansi(style.without_color, color_system)
    parts = [codes] if codes else []
    for color, foreground in ((style.color, True), (style.bgcolor, False)):
        if color is not None and not color.is_default:
            parts.extend(color.downgrade(color_system).get_ansi_codes(foreground))
    return ";".join(parts)


def _parse(sgr: str) -> tuple[frozenset[str], str, str]:
    """The attributes, foreground and background of SGR parameters made by ``_sgr``."""
    attributes, colors = set[str](), {"3": "", "4": ""}
    codes = iter(sgr.split(";") if sgr else ())
    for code in codes:
        if code in ("38", "48"):
            kind = next(codes)
            rest = [next(codes) for _ in range(1 if kind == "5" else 3)]
            colors[code[0]] = ";".join((code, kind, *rest))
        elif len(code) == 1:
            attributes.add(code)
        else:
            # 30-37 and 90-97 are foregrounds, 40-47 and 100-107 backgrounds.
            colors["3" if code[:-1] in ("3", "9") else "4"] = code
    return frozenset(attributes), colors["3"], colors["4"]


@lru_cache(maxsize=4096)
def _transition(current: str, wanted: str) -> str:
    """The shortest sequence from one set of SGR parameters to another."""
    if current == wanted:
        return ""
    if not wanted:
        return "\x1b[m"
    whole = f"\x1b[0;{wanted}m" if current else f"\x1b[{wanted}m"
    attributes, foreground, background = _parse(current)
    wanted_attributes, wanted_foreground, wanted_background = _parse(wanted)
    if attributes - wanted_attributes:
        return whole
    codes = sorted(wanted_attributes - attributes)
    if foreground != wanted_foreground:
        codes.append(wanted_foreground or "39")
    if background != wanted_background:
        codes.append(wanted_background or "49")
    step = f"\x1b[{';'.join(codes)}m"
    return step if len(step) < len(whole) else whole


@lru_cache(maxsize=4096)
def _agreed(text: str) -> bool:
    return _AGREED.fullmatch(text) is not None


class ScreenCells:
    """What the terminal shows, cell by cell; None where that is not known.

    ``paint`` takes what shall be shown and returns what to write. It leaves the terminal's
    attributes at their default; where it leaves the cursor is not defined.
    """

    def __init__(self) -> None:
        self._width = 0
        self._height = 0
        self._rows: list[list[Cell | None]] = []
        self._known = False
        self._sgr_of: dict[Style | None, str] = {None: ""}
        self._color_system: ColorSystem | None = None

    def forget(self) -> None:
        """Know nothing of the terminal any more: the next whole picture is drawn from nothing."""
        self._known = False
        self._rows = [[None] * self._width for _ in range(self._height)]

    def paint(
        self,
        pieces: Iterable[Piece],
        width: int,
        height: int,
        color_system: ColorSystem,
        *,
        whole: bool,
    ) -> str:
        """What to write so that the ``pieces`` show on a terminal of that size.

        ``whole`` says that they cover it all: then, if nothing is known, it is cleared first.
        """
        if (width, height) != (self._width, self._height):
            self._width, self._height = width, height
            self.forget()
        if color_system is not self._color_system:
            self._color_system = color_system
            self._sgr_of = {None: ""}
        out: list[str] = []
        if whole and not self._known:
            self._known = True
            self._rows = [[_BLANK] * width for _ in range(height)]
            out.append("\x1b[m\x1b[2J")
        for y, x, strip in pieces:
            if 0 <= y < height and 0 <= x < width:
                self._paint_piece(y, x, strip, out)
        return "".join(out)

    def _paint_piece(self, y: int, x: int, strip: Strip, out: list[str]) -> None:
        row = self._rows[y]
        try:
            cells = self._cells(strip)
        except _Unsure:
            end = min(self._width, x + strip.cell_length)
            row[x:end] = [None] * (end - x)
            style = self._color_system or ColorSystem.TRUECOLOR
            out.append(f"\x1b[{y + 1};{x + 1}H")
            out.extend(
                Strip.render_style(segment.style or Style.null(), _CONTROL.sub("", text), style)
                for segment in strip
                if not segment.control and (text := segment.text)
            )
            return
        del cells[self._width - x :]
        end = x + len(cells)
        before = row[x:end]
        if before == cells:
            return
        row[x:end] = cells
        changed = list(compress(range(x, end), map(ne, before, cells)))
        out.extend(self._write(y, row, self._runs(row, changed)))

    def _cells(self, strip: Strip) -> list[Cell]:
        cells: list[Cell] = []
        for text, style, control in strip:
            if control:
                raise _Unsure
            sgr = self._sgr_of.get(style)
            if sgr is None:
                assert style is not None and self._color_system is not None
                sgr = self._sgr_of[style] = _sgr(style, self._color_system)
                if len(self._sgr_of) > 4096:
                    self._sgr_of = {None: ""}
            if not (text.isascii() and text.isprintable()):
                cells.extend(_wide_cells(text, sgr))
            else:
                cells.extend(zip(text, repeat(sgr)))
        if len(cells) != strip.cell_length:
            raise _Unsure
        return cells

    def _runs(self, row: Sequence[Cell | None], changed: list[int]) -> Iterator[tuple[int, int]]:
        """The changed columns as runs, over gaps that are not worth a jump."""
        start = changed[0]
        end = start
        for column in changed:
            if column > end and not self._worth_bridging(row, end, column):
                yield start, end
                start = column
            end = column + 1
        yield start, end

    @staticmethod
    def _worth_bridging(row: Sequence[Cell | None], end: int, column: int) -> bool:
        if column - end > _GAP:
            return False
        before = row[end - 1]
        return all(cell is not None and before and cell[1] == before[1] for cell in row[end:column])

    def _write(
        self, y: int, row: Sequence[Cell | None], runs: Iterable[tuple[int, int]]
    ) -> Iterator[str]:
        """What writes these columns of ``row``, beginning and ending in the default attributes."""
        sgr, at = "", -1
        for start, end in runs:
            if not (row[start] or _BLANK)[0] and start:
                start -= 1  # the first half of a wide character
            yield f"\x1b[{start + 1}G" if at >= 0 else _move_to(y, start)
            at = column = start
            for wanted, group in groupby([cell or _BLANK for cell in row[start:end]], _SGR):
                texts = [text for text, _ in group]
                at_end = column + len(texts) == self._width
                for first, last, blank in _parts(texts, at_end) if not wanted else _one(texts):
                    if at != column + first:
                        at = column + first
                        yield f"\x1b[{at + 1}G"
                    yield _transition(sgr, wanted)
                    sgr = wanted
                    if not blank:
                        yield from _placed(texts[first:last], at)
                        at = column + last
                    elif at_end and last == len(texts):
                        yield "\x1b[K"
                    else:
                        yield f"\x1b[{last - first}X"
                column += len(texts)
        yield _transition(sgr, "")


def _move_to(y: int, x: int) -> str:
    return f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H"


def _wide_cells(text: str, sgr: str) -> Iterator[Cell]:
    """Cells of text that is not all ASCII. A control character never gets to the terminal."""
    text = _CONTROL.sub("", text)
    if _is_single_cell_widths(text):
        yield from zip(text, repeat(sgr), strict=False)
        return
    for start, end, width in split_graphemes(text)[0]:
        if width not in (1, 2):
            raise _Unsure
        yield text[start:end], sgr
        if width == 2:
            yield "", sgr


def _one(texts: Sequence[str]) -> Iterator[tuple[int, int, bool]]:
    yield 0, len(texts), False


def _parts(texts: Sequence[str], at_end: bool) -> Iterator[tuple[int, int, bool]]:
    """First, last and whether it is blank and worth erasing, of a stretch of plain cells."""
    shape = "".join(text if len(text) == 1 else "#" for text in texts)
    place = 0
    for match in _BLANKS.finditer(shape):
        start, end = match.span()
        if end - start < _ERASE_CELLS and not (at_end and end == len(shape)):
            continue
        if place < start:
            yield place, start, False
        yield start, end, True
        place = end
    if place < len(shape):
        yield place, len(shape), False


def _placed(texts: Sequence[str], column: int) -> Iterator[str]:
    """The characters of these cells; those of unsure width are kept to their place.

    Such a place is blanked first, for one drawn narrower than thought would leave half of what
    was there, and left by its column, for one drawn wider would push all others to the right.
    """
    whole = "".join(texts)
    if _agreed(whole):
        yield whole
        return
    for index, text in enumerate(texts):
        if not text:
            continue
        width = 2 if index + 1 < len(texts) and not texts[index + 1] else 1
        if _agreed(text):
            yield text
        else:
            here, after = column + index + 1, column + index + width + 1
            yield f"{' ' * width}\x1b[{here}G{text}\x1b[{after}G"
