"""What a terminal shows after the bytes a program wrote: pyte, with what pyte lacks.

Adds the alternate screen, and keeps private sequences pyte would print as text away from it while
noting what they asked for: titles, the clipboard, bells, modes, the keyboard protocol.
"""

from __future__ import annotations

import base64
import binascii
import copy
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pyte
from pyte.screens import Char, Cursor, Margins, StaticDefaultDict
from wcwidth import wcwidth

ALTERNATE_SCREEN = frozenset((47, 1047, 1049))
MOUSE = frozenset((9, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016))
BRACKETED_PASTE = 2004
CURSOR_SHOWN = 25
APPLICATION_CURSOR = 1

# Whole sequences that are taken out before pyte sees the rest.
_PRIVATE = re.compile(
    rb"\x1bk(?P<name>[^\x1b]*)\x1b\\"  # GNU screen: name of the window
    rb"|\x1b\](?P<osc>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    rb"|\x1b[P_^X](?P<string>(?:[^\x1b]|\x1b[^\\])*)\x1b\\"  # DCS, APC, PM, SOS
    rb"|\x1b\[(?P<mark>[<=>])(?P<numbers>[0-9;:]*)[ -/]*(?P<final>[@-~])"
    rb"|\x1b\[\?(?P<modes>[0-9;]+)(?P<switch>[hl])"
    rb"|\x1b\[[0-9;:?]*[ -/]+[@-~]"  # cursor shape, mode queries and other rarities
    rb"|\x1b\[(?P<count>[0-9]*)(?P<movement>[bSTZ])"  # rep, indn, rin, cbt of terminfo
    rb"|(?P<bell>\x07)"
)
# The beginning of a sequence at the end of what arrived: wait for the rest of it.
_UNFINISHED = re.compile(
    rb"\x1b(?:\[[0-9;:?<=>]*[ -/]*|\][^\x07\x1b]*\x1b?|k[^\x1b]*\x1b?"
    rb"|[P_^X](?:[^\x1b]|\x1b[^\\])*\x1b?|[()%#]?)?\Z"
)
_TITLE_CODES = (b"0", b"2")
_Saved = tuple[Any, Cursor, Margins | None]


class _Screen(pyte.Screen):
    """pyte's screen with a second one to switch to."""

    main: _Saved | None = None
    answer: Callable[[bytes], None] | None = None

    def write_process_input(self, data: str) -> None:
        if self.answer is not None:
            self.answer(data.encode())

    def do(self, movement: bytes, count: int) -> None:
        """The movements pyte does not know and ncurses uses; ``count`` is bounded by the size."""
        count = min(max(1, count), self.columns * self.lines)
        if movement == b"b":
            last = self.buffer[self.cursor.y][self.cursor.x - 1].data
            self.draw(last * count)
        elif movement == b"Z":
            stops = sorted(stop for stop in self.tabstops if stop < self.cursor.x)
            self.cursor.x = ([0] * count + stops)[-count]
        else:
            self._scroll(min(count, self.lines), up=movement == b"S")

    def _scroll(self, count: int, *, up: bool) -> None:
        top, bottom = self.margins or Margins(0, self.lines - 1)
        row = self.cursor.y
        self.cursor.y = bottom if up else top
        for _ in range(count):
            if up:
                self.index()
            else:
                self.reverse_index()
        self.cursor.y = row

    def enter_alternate(self) -> None:
        if self.main is None:
            self.main = (copy.deepcopy(self.buffer), copy.copy(self.cursor), self.margins)
            self.erase_in_display(2)

    def leave_alternate(self) -> None:
        if self.main is not None:
            self.buffer, self.cursor, self.margins = self.main
            self.main = None
            self.dirty.update(range(self.lines))


class Terminal:
    """A screen of ``columns`` by ``lines`` cells that is fed bytes.

    ``titles``: all window titles set (OSC 0/2 and screen's ESC k), ``clipboard``: what OSC 52
    put there, ``bells``: how many, ``modes``: private modes that are on, ``keyboard_depth``: how
    often the kitty keyboard protocol was pushed and not popped.
    """

    def __init__(
        self, columns: int = 80, lines: int = 24, answer: Callable[[bytes], None] | None = None
    ) -> None:
        self._screen = _Screen(columns, lines)
        self._screen.answer = answer
        self._stream = pyte.ByteStream(self._screen)
        self._waiting = b""
        self.titles: list[str] = []
        self.clipboard: list[bytes] = []
        self.bells = 0
        self.modes: set[int] = {CURSOR_SHOWN}
        self.keyboard_depth = 0

    @property
    def columns(self) -> int:
        return self._screen.columns

    @property
    def lines(self) -> int:
        return self._screen.lines

    @property
    def in_alternate_screen(self) -> bool:
        return self._screen.main is not None

    @property
    def mouse_on(self) -> bool:
        return bool(self.modes & MOUSE)

    def feed(self, data: bytes) -> None:
        """Draws; an unfinished sequence at the end waits for the next call."""
        data = self._waiting + data
        unfinished = _UNFINISHED.search(data)
        self._waiting = data[unfinished.start() :] if unfinished else b""
        if unfinished:
            data = data[: unfinished.start()]
        position = 0
        for match in _PRIVATE.finditer(data):
            self._stream.feed(data[position : match.start()])
            position = match.end()
            self._note(match)
        self._stream.feed(data[position:])

    def resize(self, columns: int, lines: int) -> None:
        self._screen.resize(lines, columns)

    def display(self) -> list[str]:
        """The rows as text, trailing spaces removed."""
        return [self._row(row) for row in range(self.lines)]

    def _row(self, row: int) -> str:
        # Not pyte's display: it fails on half a wide character, which overwriting leaves behind.
        line = self._screen.buffer[row]
        text, wide = [], False
        for column in range(self.columns):
            data = line[column].data
            if data:
                text.append(data)
            elif not wide:
                text.append(" ")
            wide = bool(data) and wcwidth(data[0]) == 2
        return "".join(text).rstrip()

    @property
    def text(self) -> str:
        return "\n".join(self.display())

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row, from 0."""
        return self._screen.cursor.x, self._screen.cursor.y

    def find(self, text: str) -> tuple[int, int] | None:
        """Column and row where the text begins, within one row; None if it is not shown.

        The column counts characters, not cells: they differ behind a wide character.
        """
        for number, row in enumerate(self.display()):
            column = row.find(text)
            if column >= 0:
                return column, number
        return None

    def cell(self, column: int, row: int) -> Char:
        """pyte's Char: data, fg, bg, bold, reverse …; a copy that does not change any more."""
        line: StaticDefaultDict[int, Char] = self._screen.buffer[row]
        return line[column]

    def cells(self) -> list[list[Char]]:
        """Every cell with its style: two screens are the same when these are equal."""
        buffer, columns = self._screen.buffer, range(self.columns)
        return [[buffer[row][column] for column in columns] for row in range(self.lines)]

    def highlighted_rows(self) -> tuple[int, ...]:
        """The rows whose background is not the one most rows have.

        Where the bar of a list stands, for any program; status lines count too.
        """
        middle = range(self.columns // 4, self.columns // 2)
        backgrounds = []
        for row in range(self.lines):
            line = self._screen.buffer[row]
            styles = Counter((line[column].bg, line[column].reverse) for column in middle)
            backgrounds.append(styles.most_common(1)[0][0])
        usual = Counter(backgrounds).most_common(1)[0][0]
        return tuple(row for row, style in enumerate(backgrounds) if style != usual)

    def _note(self, match: re.Match[bytes]) -> None:
        if match["name"] is not None:
            self.titles.append(match["name"].decode(errors="replace"))
        elif match["osc"] is not None:
            self._note_osc(match["osc"])
        elif match["movement"] is not None:
            self._screen.do(match["movement"], int(match["count"] or b"1"))
        elif match["bell"] is not None:
            self.bells += 1
        elif match["modes"] is not None:
            self._note_modes(match)
        elif match["final"] == b"u" and match["mark"] == b">":
            self.keyboard_depth += 1
        elif match["final"] == b"u" and match["mark"] == b"<":
            self.keyboard_depth = max(0, self.keyboard_depth - int(match["numbers"] or b"1"))

    def _note_osc(self, content: bytes) -> None:
        code, _, rest = content.partition(b";")
        if code in _TITLE_CODES:
            self.titles.append(rest.decode(errors="replace"))
        elif code == b"52":
            try:
                self.clipboard.append(base64.b64decode(rest.rpartition(b";")[2], validate=True))
            except binascii.Error:
                self.clipboard.append(rest)

    def _note_modes(self, match: re.Match[bytes]) -> None:
        numbers = {int(number) for number in match["modes"].split(b";") if number}
        if match["switch"] == b"h":
            self.modes |= numbers
            if numbers & ALTERNATE_SCREEN:
                self._screen.enter_alternate()
        else:
            self.modes -= numbers
            if numbers & ALTERNATE_SCREEN:
                self._screen.leave_alternate()
        # The modes pyte does know (wrap, origin, cursor) it is told of as well.
        known = sorted(numbers - ALTERNATE_SCREEN)
        if match["switch"] == b"h":
            self._screen.set_mode(*known, private=True)
        else:
            self._screen.reset_mode(*known, private=True)
