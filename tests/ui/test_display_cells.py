"""The difference between two pictures: it shows the same as writing the second one whole."""

from __future__ import annotations

import random
from typing import Any

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui_mail.ui.screen_cells import ScreenCells, _parse, _transition

WIDTH, HEIGHT = 30, 6
STYLES = [
    Style(),
    Style.parse("default on default"),
    Style.parse("bold"),
    Style.parse("reverse"),
    Style.parse("bold reverse"),
    Style.parse("underline red"),
    Style.parse("bright_cyan on blue"),
    Style.parse("on bright_black"),
    Style.parse("#a0b0c0 on #102030"),
    Style.parse("color(200) on color(17)"),
]
ALPHABET = "abcXYZ .,-_äéßЖλ│─▀→日本語한ｗ"


class Terminal:
    """A terminal in memory, and how many bytes it was sent."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.screen = pyte.Screen(width, height)
        self.stream = pyte.Stream(self.screen)
        self.screen.reset_mode(pyte.modes.DECAWM)
        self.bytes = 0

    def feed(self, text: str) -> None:
        self.bytes += len(text.encode())
        self.stream.feed(text)

    def picture(self) -> list[list[Any]]:
        buffer = self.screen.buffer
        return [
            [buffer[y][x] for x in range(self.screen.columns)] for y in range(self.screen.lines)
        ]


def whole(pieces: list[tuple[int, int, Strip]], system: ColorSystem) -> str:
    """The pieces as Textual writes them."""
    out = []
    for y, x, strip in pieces:
        out.append(f"\x1b[{y + 1};{x + 1}H")
        for text, style, _ in strip:
            # Not render_style: it remembers the colors of the first color system it was asked for.
            codes = Strip.render_ansi(style or Style(), system)
            out.append(f"\x1b[{codes}m{text}\x1b[0m" if codes else text)
    return "".join(out)


texts = st.text(st.sampled_from(ALPHABET), max_size=12) | st.integers(0, 30).map(" ".__mul__)
segments = st.tuples(texts, st.sampled_from([*STYLES, None])).map(lambda pair: Segment(*pair))


@st.composite
def pictures(draw: st.DrawFn) -> list[tuple[int, int, Strip]]:
    pieces = []
    for y in draw(st.lists(st.integers(0, HEIGHT - 1), unique=True, max_size=HEIGHT)):
        strip = Strip(draw(st.lists(segments, max_size=4)))
        pieces.append((y, 0, strip.adjust_cell_length(WIDTH)))
    return pieces


@settings(max_examples=150, deadline=None)
@given(
    st.lists(pictures(), min_size=1, max_size=5),
    st.sampled_from([ColorSystem.STANDARD, ColorSystem.EIGHT_BIT, ColorSystem.TRUECOLOR]),
)
def test_the_difference_shows_what_the_whole_shows(
    sequence: list[list[tuple[int, int, Strip]]], system: ColorSystem
) -> None:
    cells, ours, plain = ScreenCells(), Terminal(), Terminal()
    blank = [(y, 0, Strip.blank(WIDTH)) for y in range(HEIGHT)]
    for pieces in [blank, *sequence]:
        ours.feed(cells.paint(pieces, WIDTH, HEIGHT, system, whole=pieces is blank))
        plain.feed(whole(pieces, system))
        assert ours.picture() == plain.picture()


@settings(max_examples=100, deadline=None)
@given(st.lists(pictures(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_parts_of_lines_show_what_the_whole_shows(
    sequence: list[list[tuple[int, int, Strip]]], chance: random.Random
) -> None:
    """Unknown ground, and pieces that begin and end anywhere, as Textual's cuts do."""
    cells, ours, plain = ScreenCells(), Terminal(), Terminal()
    for pieces in sequence:
        cut = []
        for y, _, strip in pieces:
            x = chance.randrange(WIDTH)
            cut.append((y, x, strip.crop(x, chance.randrange(x, WIDTH) + 1)))
        ours.feed(cells.paint(cut, WIDTH, HEIGHT, ColorSystem.TRUECOLOR, whole=False))
        plain.feed(whole(cut, ColorSystem.TRUECOLOR))
        for y, x, strip in cut:
            mine, theirs = ours.picture()[y], plain.picture()[y]
            end = x + strip.cell_length
            assert mine[x:end] == theirs[x:end]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("before", STYLES)
def test_every_change_of_style_arrives_at_the_style(before: Style, style: Style) -> None:
    cells, ours, plain = ScreenCells(), Terminal(), Terminal()
    line = Strip([Segment("one ", before), Segment("two", style), Segment("three", before)])
    pieces = [(0, 0, line)]
    ours.feed(cells.paint(pieces, WIDTH, HEIGHT, ColorSystem.TRUECOLOR, whole=False))
    plain.feed(whole(pieces, ColorSystem.TRUECOLOR))
    assert ours.picture() == plain.picture()


def test_the_same_picture_again_writes_nothing() -> None:
    cells = ScreenCells()
    pieces = [(y, 0, Strip([Segment("x" * WIDTH, STYLES[8])])) for y in range(HEIGHT)]
    assert cells.paint(pieces, WIDTH, HEIGHT, ColorSystem.TRUECOLOR, whole=True)
    assert cells.paint(pieces, WIDTH, HEIGHT, ColorSystem.TRUECOLOR, whole=True) == ""


def test_after_forgetting_or_a_new_size_everything_is_written_again() -> None:
    cells = ScreenCells()
    pieces = [(0, 0, Strip([Segment("hello")]))]
    first = cells.paint(pieces, WIDTH, HEIGHT, ColorSystem.TRUECOLOR, whole=True)
    cells.forget()
    assert cells.paint(pieces, WIDTH, HEIGHT, ColorSystem.TRUECOLOR, whole=True) == first
    assert cells.paint(pieces, WIDTH - 1, HEIGHT, ColorSystem.TRUECOLOR, whole=True) == first


def test_part_of_a_picture_never_clears_the_rest() -> None:
    cells = ScreenCells()
    pieces = [(0, 0, Strip([Segment("hello")]))]
    assert "\x1b[2J" not in cells.paint(pieces, WIDTH, HEIGHT, ColorSystem.TRUECOLOR, whole=False)


def test_one_changed_character_costs_its_place_and_itself() -> None:
    cells = ScreenCells()
    before, after = ([(2, 0, Strip([Segment(f"count {n} of 9")]))] for n in (1, 2))
    cells.paint(before, WIDTH, HEIGHT, ColorSystem.TRUECOLOR, whole=True)
    assert cells.paint(after, WIDTH, HEIGHT, ColorSystem.TRUECOLOR, whole=False) == "\x1b[3;7H2"


def test_blanks_are_erased_only_where_the_background_is_the_terminals_own() -> None:
    for style, erased in ((Style(), True), (Style(reverse=True), False), (STYLES[7], False)):
        cells = ScreenCells()
        full = [(0, 0, Strip([Segment("x" * WIDTH)]))]
        blank = [(0, 0, Strip([Segment(" " * WIDTH, style)]))]
        cells.paint(full, WIDTH, HEIGHT, ColorSystem.TRUECOLOR, whole=False)
        out = cells.paint(blank, WIDTH, HEIGHT, ColorSystem.TRUECOLOR, whole=False)
        assert ("\x1b[K" in out) is erased


def test_no_control_character_inside_a_text_comes_out() -> None:
    hostile = "a\x1b]2;x\x07b\x9b31mc\x00\r\nd\x7f"
    out = ScreenCells().paint(
        [(0, 0, Strip([Segment(hostile)]))], WIDTH, HEIGHT, ColorSystem.TRUECOLOR, whole=False
    )
    assert out == "\x1b[1Ha]2;xb31mcd"


def test_a_character_of_unsure_width_is_kept_to_its_place() -> None:
    """Whatever the terminal makes of it, what follows stands where it belongs."""
    family = "\U0001f468\u200d\U0001f469"
    line = Strip([Segment(f"a{family}bcd")])
    out = ScreenCells().paint([(0, 0, line)], WIDTH, HEIGHT, ColorSystem.TRUECOLOR, whole=False)
    width = cell_len(family)
    assert out == f"\x1b[1Ha{' ' * width}\x1b[2G{family}\x1b[{2 + width}Gbcd"


def test_a_strip_that_is_not_what_it_says_is_written_whole() -> None:
    cells, ours = ScreenCells(), Terminal()
    liar = Strip([Segment("hello", Style(bold=True))], 7)
    for _ in range(2):
        out = cells.paint([(1, 3, liar)], WIDTH, HEIGHT, ColorSystem.TRUECOLOR, whole=False)
        assert "hello" in out
        ours.feed(out)
    assert ours.screen.display[1].strip() == "hello"


def test_pieces_outside_the_screen_are_left_out() -> None:
    strip = Strip([Segment("x" * 50)])
    out = ScreenCells().paint(
        [(0, 25, strip), (HEIGHT, 0, strip), (0, WIDTH, strip)],
        WIDTH,
        HEIGHT,
        ColorSystem.TRUECOLOR,
        whole=False,
    )
    assert out == f"\x1b[1;26H{'x' * 5}"


def test_parameters_are_told_apart() -> None:
    assert _parse("1;7;38;2;1;2;3;48;5;9") == (frozenset({"1", "7"}), "38;2;1;2;3", "48;5;9")
    assert _parse("4;91;104") == (frozenset({"4"}), "91", "104")
    assert _parse("31;40") == (frozenset(), "31", "40")
    assert _transition("38;2;1;2;3;48;2;4;5;6", "38;2;9;9;9;48;2;4;5;6") == "\x1b[38;2;9;9;9m"
    assert _transition("1", "31") == "\x1b[0;31m"
