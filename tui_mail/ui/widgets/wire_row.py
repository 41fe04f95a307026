"""What stands in a row of the wire pane, in which column, in which style.

Pure functions from a ``WireLine`` and its ``Exchange`` to texts with style names; no widget, no
transcript. All bytes of the wire become text here, cleaned and escaped.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from rich.cells import cell_len, chop_cells

from tui_mail.sanitize import columnar, decode_clean
from tui_mail.ui.cells import fit, fit_right
from tui_mail.ui.widgets.wire_words_smtp import is_command, reply_status
from tui_mail.wire.transcript import LITERAL_KEPT, Direction, Exchange, WireLine

WIDE = 100
_TIME = 8  # 14:05:33
_LONG_TIME = 12  # 14:05:33.123
_FIGURES = 14  # "  123 ms  1.2K↓"
_LONG_FIGURES = 21
_LONGEST_CONNECTION = 14
_SHORTEST_TAG = 4  # so that the columns stay where they are up to A999
_LONGEST_TAG = 8
_UNFOLDED_LINES = 2_000  # of one literal
_BYTES_PER_CELL = 8

_LITERAL = re.compile(r"~?\{(?:\d+|\*)\+?\}")
_UNITS = "KMGT"


class Piece(NamedTuple):
    """A text and the names of its styles, the later over the earlier."""

    text: str
    styles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells; 0 leaves a column out. ``before`` is where the text begins."""

    time: int
    connection: int
    tag: int
    text: int
    figures: int

    @property
    def before(self) -> int:
        gaps = (self.time and self.time + 1) + (self.connection and self.connection + 1)
        return 1 + gaps + 2 + (self.tag + 1) + 2


def columns_for(width: int, *, connection: int, tag: int) -> Columns:
    """The columns in ``width`` cells; ``connection`` and ``tag`` are what the longest needs.

    ``connection`` 0 means that all lines shown are of one connection.
    """
    clock = _LONG_TIME if width >= WIDE else _TIME if width >= 60 else 0
    name = min(connection, _LONGEST_CONNECTION if width >= WIDE else 8) if width >= 50 else 0
    figures = _LONG_FIGURES if width >= WIDE else _FIGURES if width >= 60 else 0
    columns = Columns(clock, name, max(_SHORTEST_TAG, min(tag, _LONGEST_TAG)), 0, figures)
    return replace(columns, text=max(0, width - columns.before))


# Figures


def octets(count: int) -> str:
    """A number of octets in at most five cells: ``84``, ``1.2K``, ``340K``, ``12M``."""
    if count < 1000:
        return str(count)
    value = count / 1024
    for unit in _UNITS:
        if value < 9.95:
            return f"{value:.1f}{unit}"
        if value < 999.5:
            return f"{value:.0f}{unit}"
        value /= 1024
    return "huge"


def round_trip(milliseconds: float) -> str:
    """A time in at most seven cells: ``0.4 ms``, ``23 ms``, ``1.2 s``, ``28 min``."""
    if milliseconds < 9.95:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 99_950:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds / 60_000:.0f} min"


def clock(when: float, *, long: bool) -> str:
    """Local time of day; with milliseconds if ``long``."""
    seconds, fraction = divmod(when, 1)
    shown = time.strftime("%H:%M:%S", time.localtime(seconds))
    return f"{shown}.{int(fraction * 1000):03}" if long else shown


# Text


def _beginning(data: bytes, length: int) -> bytes:
    """At most ``length`` octets, never ending within a character of UTF-8."""
    if len(data) <= length:
        return data
    for end in range(length, max(0, length - 4), -1):
        if data[end] & 0xC0 != 0x80:
            return data[:end]
    return data[:length]


def split_text(line: WireLine) -> tuple[str, bytes]:
    """What stands in the tag column (a tag, ``*`` or ``+``), and the rest of the line.

    "" and all of it for the later lines of a command, and for protocols without tags.
    """
    first, _, rest = line.text.partition(b" ")
    if first in (b"*", b"+") and line.direction is Direction.RECEIVED:  # sent, * gives up a login
        return first.decode(), rest
    if line.tag and first == line.tag.encode("ascii", "replace"):
        return line.tag, rest
    return "", line.text


def is_first(line: WireLine) -> bool:
    """Whether a command begins with this line."""
    return line.direction is Direction.SENT and (split_text(line)[0] != "" or is_command(line))


def completion(line: WireLine) -> str:
    """``OK``, ``NO`` or ``BAD`` if the line is a tagged answer, else "".

    A final reply of SMTP is put in the same words.
    """
    if line.direction is not Direction.RECEIVED:
        return ""
    tag, rest = split_text(line)
    if not tag:
        return reply_status(line)
    word = rest[:4].split(b" ")[0].upper()
    return word.decode() if tag not in ("", "*", "+") and word in (b"OK", b"NO", b"BAD") else ""


STYLES = {
    Direction.SENT: "wire-sent",
    Direction.RECEIVED: "wire-received",
    Direction.NOTE: "wire-note",
}
_STATUS_STYLES = {
    "OK": "wire-ok",
    "PREAUTH": "wire-ok",
    "NO": "wire-no",
    "BAD": "wire-bad",
    "BYE": "wire-bad",
}


def status_style(status: str) -> str:
    """The style of ``OK``, ``NO``, ``BAD``, ``BYE``; "" for what is no status."""
    return _STATUS_STYLES.get(status.upper(), "")


def body_pieces(line: WireLine, width: int) -> list[Piece]:
    """The text after the tag, colored by direction and status, as much as ``width`` may show."""
    tag, rest = split_text(line)
    text = columnar(decode_clean(_beginning(rest, width * _BYTES_PER_CELL)))
    if line.direction is Direction.NOTE:
        return [Piece(text, ("wire-note",))]
    if line.direction is Direction.SENT:
        if not is_first(line):
            return list(_with_literals(text, ("wire-sent",), line))
        name, space, arguments = _command_name(text)
        return [
            Piece(name + space, ("wire-sent", "strong")),
            *_with_literals(arguments, ("wire-sent",), line),
        ]
    if tag == "+":
        return list(_with_literals(text, ("wire-received",), line))
    word, space, more = text.partition(" ")
    status = status_style(word if tag else completion(line))
    if not status:
        return list(_with_literals(text, ("wire-received",), line))
    # An OK is good news in a word; what was refused is to be seen from end to end.
    rest_style = "wire-received" if status == "wire-ok" else status
    return [Piece(word + space, (status,)), Piece(more, (rest_style,))]


def _command_name(text: str) -> tuple[str, str, str]:
    name, space, arguments = text.partition(" ")
    if name.upper() == "UID":
        second, space, arguments = arguments.partition(" ")
        name = f"{name} {second}"
    return name, space, arguments


def _with_literals(text: str, styles: tuple[str, ...], line: WireLine) -> Iterator[Piece]:
    """The text with what stands for literals marked."""
    if "{" not in text or not (line.literals or text.endswith("}")):
        yield Piece(text, styles)
        return
    end = 0
    for found in _LITERAL.finditer(text):
        yield Piece(text[end : found.start()], styles)
        yield Piece(found[0], (*styles, "wire-literal"))
        end = found.end()
    yield Piece(text[end:], styles)


# What a line unfolds to


def unfolded(line: WireLine, columns: Columns) -> list[Piece]:
    """The lines below one that was opened: its text where it was cut off, then its literals."""
    room = max(8, columns.text)
    style = STYLES[line.direction]
    _, rest = split_text(line)
    whole = columnar(decode_clean(rest))
    found: list[Piece] = []
    if cell_len(whole) > room - (columns.figures if completion(line) else 0):
        found += [Piece(text, (style,)) for text in chop_cells(whole, room)]
    for number, literal in enumerate(line.literals, 1):
        if len(line.literals) > 1 or found:
            found.append(Piece(f"literal {number} of {len(line.literals)}:", ("wire-note",)))
        found += literal_pieces(literal, room, style)
    return found


def literal_pieces(data: bytes | None, room: int, style: str) -> Iterator[Piece]:
    """A literal as lines of at most ``room`` cells; None for one that was masked."""
    if data is None:
        yield Piece("a secret, which is not kept", ("wire-note",))
        return
    rows = 0
    for raw in data.removesuffix(b"\n").split(b"\n", _UNFOLDED_LINES):
        text = columnar(decode_clean(raw.removesuffix(b"\r")))
        for chunk in chop_cells(text, room) if text else [""]:
            if rows == _UNFOLDED_LINES:
                yield Piece(f"only the first {rows:,} lines are shown", ("wire-note",))
                return
            rows += 1
            yield Piece(chunk, (style,))
    if len(data) == LITERAL_KEPT:
        yield Piece("only the first 64 KiB are kept", ("wire-note",))


def unfolded_pieces(piece: Piece, columns: Columns, *, paired: bool) -> list[Piece]:
    """A row of what a line unfolded to."""
    return [
        Piece("│" if paired else " ", ("wire-ok",)),
        Piece(" " * (columns.before - 3) + "│ ", ("border",)),
        piece,
    ]


def gap_pieces(count: int, width: int) -> list[Piece]:
    """The row that stands for ``count`` lines that went by while the reader stayed."""
    text = f" {count:,} lines went by " if count > 1 else " one line went by "
    return [Piece(text.center(width, "┄"), ("wire-note",))]


# The row


def row_pieces(
    line: WireLine,
    columns: Columns,
    *,
    exchange: Exchange | None,
    paired: bool = False,
    opened: bool = False,
) -> list[Piece]:
    """A whole row. ``paired`` marks it as part of the exchange under the cursor."""
    arrow_style = STYLES[line.direction]
    pieces = [Piece(_bracket(line) if paired else " ", ("wire-ok",))]
    if columns.time:
        pieces.append(
            Piece(clock(line.time, long=columns.time == _LONG_TIME) + " ", ("wire-time",))
        )
    if columns.connection:
        name = fit(columnar(line.connection), columns.connection)
        pieces.append(Piece(name + " ", ("wire-connection",)))
    pieces.append(Piece(line.direction.value + " ", (arrow_style,)))
    tag, _ = split_text(line)
    tag_style = status_style(completion(line)) or arrow_style
    tag_shown = fit(columnar(tag), columns.tag) + " "
    pieces.append(Piece(tag_shown, (tag_style, "strong") if is_first(line) else (tag_style,)))
    pieces.append(Piece(_fold_mark(line, opened), ("wire-literal",) if line.literals else ()))
    figures = _figures(line, exchange, columns.figures)
    room = columns.text - (columns.figures if figures else 0)
    pieces += _cut(body_pieces(line, room), room)
    if figures:
        pieces.append(Piece(figures, ("wire-time",)))
    return pieces


def _bracket(line: WireLine) -> str:
    if completion(line):
        return "└"
    return "┌" if is_first(line) else "│"


def _fold_mark(line: WireLine, opened: bool) -> str:
    if opened:
        return "▾ "
    return "▸ " if line.literals else "  "


def _cut(pieces: Iterable[Piece], room: int) -> list[Piece]:
    """The pieces in exactly ``room`` cells."""
    found: list[Piece] = []
    for piece in pieces:
        width = cell_len(piece.text)
        if width > room:
            return [*found, Piece(fit(piece.text, room), piece.styles)]
        found.append(piece)
        room -= width
    return [*found, Piece(" " * room)]


def _figures(line: WireLine, exchange: Exchange | None, width: int) -> str:
    """Round trip and octets, on the line that completes a command; a mark where it is awaited."""
    if not width or exchange is None:
        return ""
    if is_first(line):
        return fit_right("…", 7).ljust(width) if exchange.status is None else ""
    if not completion(line) or exchange.milliseconds is None:
        return ""
    took = fit_right(round_trip(exchange.milliseconds), 8)
    received = fit_right(octets(exchange.received) + "↓", 6)
    if width < _LONG_FIGURES:
        return took + received
    return took + fit_right(octets(exchange.sent) + "↑", 7) + received
