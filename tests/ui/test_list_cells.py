"""Texts cut and padded to cells: the width is exact whatever the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui_mail.sanitize import columnar
from tui_mail.ui.cells import cut, fit, fit_right

WIDTHS = st.integers(0, 60)
# Plain text, and what takes two cells or none.
TEXTS = st.text() | st.text(alphabet="ab 日本語ｱ한e\u0301\u0308\u0e31ก👩🎉\u200d\ufe0f\u202e\x1b[")


@given(TEXTS, WIDTHS)
def test_fitted_text_has_exactly_its_width(text, width):
    text = columnar(text)
    assert cell_len(fit(text, width)) == width
    assert cell_len(fit_right(text, width)) == width
    assert cell_len(cut(text, width)) <= width


@given(TEXTS)
def test_text_that_fits_is_left_alone(text):
    text = columnar(text)
    width = cell_len(text)
    if len(text) <= 8 * width:
        assert cut(text, width) == text


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("subject", 7, "subject"),
        ("subject", 6, "subje…"),
        ("subject", 1, "…"),
        ("subject", 0, ""),
        ("subject", 10, "subject   "),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        # Half a wide character is no character: the gap is filled.
        ("日本語", 4, "日… "),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
        ("", 3, "   "),
    ],
)
def test_cut_by_cells(text, width, expected):
    assert fit(text, width) == expected


def test_marks_without_width_are_bounded():
    assert len(fit("a" + "\u0e31" * 100_000, 10)) <= 90


def test_right_aligned():
    assert fit_right("12", 5) == "   12"
    assert fit_right("日本", 5) == " 日本"
