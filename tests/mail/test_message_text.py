"""Spans, widths and wrapping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.text import (
    STYLES,
    Span,
    cell_width,
    cut,
    line_text,
    pad,
    quote_style,
    truncate,
    wrap,
)
from tui_mail.sanitize import columnar


def texts(spans: list[Span], width: int, **more: object) -> list[str]:
    return [line_text(line) for line in wrap(spans, width, **more)]  # type: ignore[arg-type]


def test_widths() -> None:
    assert cell_width("abc") == 3
    assert cell_width("日本") == 4
    assert cell_width("e\u0301") == 1
    assert cell_width("👍") == 2
    assert cell_width("각") == 2
    assert cell_width("각") == 2


def test_widths_agree_with_what_draws_them() -> None:
    cells = pytest.importorskip("rich.cells")
    for sample in (
        "Größe",
        "日本語、テキスト",
        "한국어",
        "שלום",
        "مرحبا",
        "ไทย",
        "👍🎉❤",
        "Привет",
        "→ € …",
    ):
        assert cell_width(columnar(sample)) == cells.cell_len(columnar(sample)), sample


def test_cutting_and_padding_count_cells() -> None:
    assert cut("日本語", 3) == ("日", "本語")
    assert cut("ae\u0301b", 2) == ("ae\u0301", "b")
    assert truncate("日本語", 5) == "日本…"
    assert truncate("日本語", 6) == "日本語"
    assert truncate("abc", 0) == ""
    assert pad("日", 4) == "日  "
    assert pad("1", 3, right=True) == "  1"


def test_quote_styles_end_at_the_deepest() -> None:
    assert [quote_style(depth) for depth in (0, 1, 5, 9)] == ["", "quote1", "quote5", "quote5"]
    assert {quote_style(depth) for depth in range(9)} <= set(STYLES)


def test_wrapping_breaks_at_spaces_and_keeps_styles() -> None:
    spans = [Span("one two "), Span("thr", "strong"), Span("ee four")]
    assert wrap(spans, 10) == [
        (Span("one two"),),
        (Span("thr", "strong"), Span("ee four")),
    ]


def test_wrapping_with_prefixes() -> None:
    lines = texts([Span("one two three four")], 10, first=(Span("* "),), rest=(Span("  "),))
    assert lines == ["* one two", "  three", "  four"]


def test_wide_text_breaks_between_characters_but_not_before_closing_ones() -> None:
    assert texts([Span("これは「長い」文です。")], 10) == ["これは「長", "い」文で", "す。"]


def test_no_break_spaces_hold_together_and_come_out_as_spaces() -> None:
    assert texts([Span("see page\u00a0[3] there")], 10) == ["see", "page [3]", "there"]


def test_a_long_word_is_cut_and_stays_one_link() -> None:
    lines = wrap([Span("x " + "y" * 25, "link", 4)], 10)
    assert [line_text(line) for line in lines] == ["x", "y" * 10, "y" * 10, "y" * 5]
    assert {span.link for line in lines for span in line} == {4}


def test_nothing_gives_one_empty_line() -> None:
    assert wrap([], 10) == [()]


@given(
    st.lists(st.text("ab \u00a0日。", max_size=12), max_size=12),
    st.integers(min_value=8, max_value=30),
)
def test_wrapping_loses_no_character_and_fits(words: list[str], width: int) -> None:
    lines = texts(
        [Span(word, style) for word, style in zip(words, "s" * len(words), strict=True)], width
    )
    squeeze = str.maketrans("", "", " \u00a0")
    assert "".join(lines).translate(squeeze) == "".join(words).translate(squeeze)
    assert max(map(cell_width, lines)) <= width


def test_a_no_break_space_gives_way_only_where_nothing_else_can() -> None:
    assert texts([Span("see one\u00a0two\u00a0three")], 9) == ["see", "one two", "three"]
    assert texts([Span("\u00a0\u00a0indented")], 8) == ["  indent", "ed"]
