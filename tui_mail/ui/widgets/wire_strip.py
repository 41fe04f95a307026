"""The lines at the foot of the wire pane: who asked for the line under the cursor, at what cost.

Pure functions from a line and its exchange to texts with style names.
"""

from __future__ import annotations

from rich.cells import cell_len

from tui_mail.sanitize import columnar
from tui_mail.ui.cells import cut
from tui_mail.ui.widgets.wire_row import Piece, octets, round_trip
from tui_mail.ui.widgets.wire_words import explain
from tui_mail.wire.transcript import Direction, Exchange, WireLine

_LEAST_WORDS = 16  # cells; less of an explanation says nothing


def asked_by(line: WireLine, exchange: Exchange | None) -> str:
    """Which action the line is owed to."""
    if exchange is not None:
        return columnar(exchange.origin) or "tui-mail itself"
    if line.direction is Direction.NOTE:
        return "a remark of tui-mail, not on the wire"
    if line.direction is Direction.RECEIVED:
        return "the server, unasked"
    return "no command that is still known"


def told_of(exchange: Exchange) -> str:
    """A command and what it cost, in one line."""
    sent, received = octets(exchange.sent), octets(exchange.received)
    took = exchange.milliseconds
    waited = "no answer yet" if took is None else f"{exchange.status} in {round_trip(took)}"
    return f"{exchange.tag} {exchange.name}: {waited}, {sent}↑ {received}↓"


def strip_lines(
    line: WireLine | None,
    exchange: Exchange | None,
    *,
    unseen: int,
    width: int,
    height: int,
) -> list[list[Piece]]:
    """``height`` lines of ``width`` cells; ``unseen`` lines came that the reader did not see."""
    if not height:
        return []
    pieces = [Piece("─", ("border",))]
    words = ""
    if line is not None:
        pieces.append(Piece(f" {asked_by(line, exchange)} ", ("title",)))
        if exchange is not None:
            pieces.append(Piece(f"→ {columnar(told_of(exchange))} ", ()))
        words = columnar(explain(line, exchange.name if exchange else ""))
    right = f" {unseen:,} new below ─" if unseen else "─"
    lines = [_filled(pieces, words if height == 1 else "", right, width)]
    if height > 1:
        text = [Piece(cut(f"  {words}", width), ("dim",))]
        lines.append(text)
    return lines


def _filled(pieces: list[Piece], words: str, right: str, width: int) -> list[Piece]:
    found: list[Piece] = []
    room = width - cell_len(right)
    for piece in pieces:
        shown = Piece(cut(piece.text, room), piece.styles)
        room -= cell_len(shown.text)
        found.append(shown)
    if cell_len(words) + 3 > room:
        words = words.rpartition(" (")[0]
    if words and room > _LEAST_WORDS:
        shown = Piece(cut(f"─ {words} ", room), ("dim",))
        room -= cell_len(shown.text)
        found.append(shown)
    return [*found, Piece("─" * room, ("border",)), Piece(right, ("border",))]
