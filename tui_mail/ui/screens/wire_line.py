"""One command of the wire with all of its answer, in full: texts wrapped, literals unfolded.

Shows what it was handed when it opened and asks for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui_mail.mail.text import Line, Span, wrap
from tui_mail.sanitize import columnar, decode_clean
from tui_mail.ui.keymap import canonical
from tui_mail.ui.screens.dialog import CANCEL_KEYS
from tui_mail.ui.widgets.text_view import MARGIN, TextView
from tui_mail.ui.widgets.wire_row import (
    STYLES,
    clock,
    completion,
    literal_pieces,
    round_trip,
    status_style,
)
from tui_mail.ui.widgets.wire_strip import asked_by
from tui_mail.ui.widgets.wire_words import explain, explain_command
from tui_mail.wire.transcript import Exchange, WireLine

MAX_LINES = 200  # of one answer; the pane has the others
_NAME_WIDTH = 12
_INDENT = 4

_MOVES = {
    "j": 1,
    "down": 1,
    "enter": 1,
    "k": -1,
    "up": -1,
    "backspace": -1,
}
_PAGES = {"space": 1, "pagedown": 1, "z": 1, "-": -1, "pageup": -1, "Z": -1}
_HOME = frozenset({"home", "=", "^"})
_END = frozenset({"end", "*", "G"})


def facts(line: WireLine, exchange: Exchange | None) -> Iterator[tuple[str, str]]:
    """What is known of a line and its command, as name and value."""
    yield "Asked by", asked_by(line, exchange)
    yield "Connection", line.connection
    if exchange is None:
        yield "At", clock(line.time, long=True)
        yield "Octets", f"{line.size:,}"
        return
    yield "Command", f"{exchange.name}: {explain_command(exchange.name) or 'not explained here'}"
    yield "Began", clock(exchange.started, long=True)
    took = exchange.milliseconds
    yield "Round trip", "no answer yet" if took is None else round_trip(took)
    yield "Octets", f"{exchange.sent:,} sent, {exchange.received:,} received"


def detail_lines(
    lines: Sequence[WireLine], exchange: Exchange | None, selected: WireLine, width: int
) -> tuple[list[Line], int]:
    """The text of the box in ``width`` cells, and at which line of it ``selected`` begins."""
    found: list[Line] = []
    for name, value in facts(selected, exchange):
        head = (Span(name.ljust(_NAME_WIDTH), "header-name"),)
        rest = (Span(" " * _NAME_WIDTH),)
        found += wrap([Span(columnar(value))], width, first=head, rest=rest)
    begin = max(0, min(lines.index(selected) - MAX_LINES // 2, len(lines) - MAX_LINES))
    place = 0
    for line in lines[begin : begin + MAX_LINES]:
        found.append(())
        if line is selected:
            place = len(found)
        found += _line(line, exchange, width)
    if len(lines) > MAX_LINES:
        text = f"{len(lines) - MAX_LINES:,} further lines of this answer are in the pane"
        found += [(), (Span(text, "notice"),)]
    return found, place


def _line(line: WireLine, exchange: Exchange | None, width: int) -> Iterator[Line]:
    style = status_style(completion(line)) or STYLES[line.direction]
    text = columnar(decode_clean(line.text)).lstrip(" ")
    first = (Span(f"{line.direction.value} ", style),)
    yield from wrap([Span(text, style)], width, first=first, rest=(Span("  "),))
    words = explain(line, exchange.name if exchange is not None else "")
    if words:
        indent = (Span("  "),)
        yield from wrap([Span(columnar(words), "dim")], width, first=indent, rest=indent)
    for number, literal in enumerate(line.literals, 1):
        if len(line.literals) > 1:
            yield (Span(f"  literal {number} of {len(line.literals)}:", "wire-note"),)
        for piece in literal_pieces(literal, width - _INDENT, STYLES[line.direction]):
            yield (Span("  │ ", "border"), Span(piece.text, piece.styles[-1]))


class WireLineScreen(ModalScreen[None], inherit_bindings=False):
    """Closes with q, Esc or Ctrl-G; scrolls like the viewer."""

    DEFAULT_CSS = """
    WireLineScreen { background: transparent; }
    WireLineScreen TextView {
        background: $background;
        color: $foreground;
        border: solid $primary;
        border-title-color: $foreground;
        border-title-background: $background;
        border-title-style: bold;
        border-subtitle-color: $foreground;
        border-subtitle-background: $background;
    }
    """

    def __init__(
        self, lines: Sequence[WireLine], exchange: Exchange | None, *, selected: WireLine
    ) -> None:
        super().__init__()
        self._lines = lines
        self._exchange = exchange
        self._selected = selected
        self._text = TextView()
        self._width = 0

    def compose(self) -> ComposeResult:
        exchange = self._exchange
        title = "A line of the wire" if exchange is None else f"{exchange.tag} {exchange.name}"
        self._text.border_title = Text(columnar(title))
        self._text.border_subtitle = "Space next page, - previous page, q close"
        yield self._text

    def on_mount(self) -> None:
        self._text.focus()

    def on_resize(self, event: events.Resize) -> None:
        # The frame and the margins of the text; its own size is not known yet.
        width = event.size.width - 2 - 2 * MARGIN
        if width != self._width:
            lines, place = detail_lines(self._lines, self._exchange, self._selected, width)
            first = not self._width
            self._width = width
            self._text.set_lines(lines, keep_place=not first)
            if first:
                self.call_after_refresh(self._show_selected, place)

    def _show_selected(self, place: int) -> None:
        if place not in self._text.shown:
            self._text.scroll_lines(place - self._text.top)

    def on_key(self, event: events.Key) -> None:
        key = canonical(event.key)
        event.stop()
        event.prevent_default()
        if key in CANCEL_KEYS or key == "q":
            self.dismiss(None)
        elif key in _MOVES:
            self._text.move(_MOVES[key])
        elif key in _PAGES:
            self._text.page(_PAGES[key])
        elif key in _HOME:
            self._text.home()
        elif key in _END:
            self._text.end()
