"""The columns of a row: widths, dates, sizes, marks, and nothing raw from outside."""

import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui_mail.model import ANSWERED, DELETED, FLAGGED, SEEN, MessageSummary
from tui_mail.ui.widgets.columns import (
    columns_for,
    format_date,
    format_size,
    placeholder_parts,
    row_parts,
    row_style,
)

TODAY = date(2024, 3, 7)


@pytest.fixture(autouse=True)
def _utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def at(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp())


def summary(**fields):
    values = {
        "uid": 7,
        "flags": frozenset({SEEN}),
        "internal_date": at(2024, 3, 7, 9, 5),
        "size": 4096,
        "sender": "Anna Example",
        "recipients": "Bob",
        "subject": "Lunch",
    }
    return MessageSummary(**values | fields)


def line(row, width=80, **options):
    return "".join(text for text, _ in row_parts(row, width, today=TODAY, **options))


@given(
    st.integers(24, 250),
    st.text(max_size=200),
    st.text(max_size=200),
    st.integers(-(2**62), 2**62),
    st.integers(-1, 2**64),
    st.sets(st.sampled_from([SEEN, ANSWERED, FLAGGED, DELETED])),
    st.booleans(),
)
def test_every_row_is_clean_and_fills_its_width(
    width, sender, subject, when, size, flags, attached
):
    row = summary(
        sender=sender,
        subject=subject,
        internal_date=when,
        size=size,
        flags=frozenset(flags),
        has_attachment=attached,
    )
    text = line(row, width)
    assert width - 1 <= cell_len(text) <= width
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text)
    assert "\u202e" not in text


@pytest.mark.parametrize("width", range(24, 250))
def test_columns_stand_in_the_same_cells_in_every_row(width):
    # The subject begins where that of any other row begins, whatever stands before it.
    columns = columns_for(width)
    plain, wide = (
        line(summary(sender=sender, flags=flags, subject="|" * 300), width)
        for sender, flags in (
            ("a", frozenset()),
            ("日本語の名前がとても長い場合", frozenset({FLAGGED})),
        )
    )
    start = plain.index("|")
    assert cell_len(wide[: wide.index("|")]) == start
    assert start + columns.subject <= width


def test_a_row_at_eighty_columns():
    row = summary(flags=frozenset({FLAGGED}), has_attachment=True)
    assert line(row) == (" N!@ 09:05    Anna Example        Lunch" + " " * 36 + "4.0K ")


def test_recipients_in_sent_mail():
    assert "Bob" in line(summary(), show_recipients=True)
    assert "Anna" not in line(summary(), show_recipients=True)
    assert "Anna" in line(summary(recipients=""), show_recipients=True)


@pytest.mark.parametrize(
    ("flags", "letters"),
    [
        ((), "N "),
        ((SEEN,), "  "),
        ((SEEN, ANSWERED), "r "),
        ((ANSWERED,), "N "),
        ((SEEN, FLAGGED), " !"),
        ((DELETED, FLAGGED), "D!"),
    ],
)
def test_marks(flags, letters):
    assert line(summary(flags=frozenset(flags)))[1:3] == letters


def test_what_is_unread_has_a_letter_and_not_only_a_style():
    unread, read = summary(flags=frozenset()), summary()
    assert (row_style(unread), row_style(read)) == ("unread", "")
    assert line(unread) != line(read)


def test_no_subject():
    assert "(no subject)" in line(summary(subject=""))


@pytest.mark.parametrize(
    ("when", "wide", "short"),
    [
        ((2024, 3, 7, 0, 0), "00:00", "00:00"),
        ((2024, 3, 7, 23, 59), "23:59", "23:59"),
        ((2024, 3, 6, 23, 59), "Wed 23:59", " 6 Mar"),
        ((2024, 3, 1, 8, 0), "Fri 08:00", " 1 Mar"),
        ((2024, 2, 29, 8, 0), "29 Feb", "29 Feb"),
        ((2024, 1, 1, 0, 0), " 1 Jan", " 1 Jan"),
        ((2023, 12, 31, 23, 0), "2023-12-31", "2023-12"),
        # Clocks go wrong: tomorrow is told by its day, not as if it were a week ago.
        ((2024, 3, 8, 1, 0), " 8 Mar", " 8 Mar"),
        ((1970, 1, 1, 0, 0), "1970-01-01", "1970-01"),
    ],
)
def test_dates_relative_to_today(when, wide, short):
    assert format_date(at(*when), TODAY) == wide
    assert format_date(at(*when), TODAY, 7) == short


def test_within_a_week_across_the_new_year():
    assert format_date(at(2023, 12, 30, 12, 0), date(2024, 1, 2)) == "Sat 12:00"


@pytest.mark.parametrize("when", [2**63, -(2**63), 10**18, -(10**18)])
def test_a_date_beyond_the_calendar(when):
    assert format_date(when, TODAY) == "?"


@given(st.integers(0, 2**90))
def test_sizes_take_four_cells_at_most(octets):
    assert 2 <= len(format_size(octets)) <= 4


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0.0K"),
        (1, "0.1K"),
        (1024, "1.0K"),
        (10_188, "9.9K"),
        (10_189, "10K"),
        (1_022_000, "998K"),
        (1_023_488, "1.0M"),
        (50 * 1024**2, "50M"),
        (3 * 1024**3, "3.0G"),
        (-5, "0.0K"),
    ],
)
def test_sizes(octets, text):
    assert format_size(octets) == text


def test_the_placeholder_stands_under_the_subjects():
    text = "".join(text for text, _ in placeholder_parts(80))
    assert text.index("…") == line(summary()).index("Lunch")
