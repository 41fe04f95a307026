"""Keywords as labels: which are shown, by what names, and in how many cells."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from tui_mail.config import LABELS, Label
from tui_mail.model import ANSWERED, SEEN, MessageSummary
from tui_mail.ui.labels import Labels, fitted
from tui_mail.ui.theme import Themes
from tui_mail.ui.widgets.columns import columns_for, row_parts

ROW = MessageSummary(
    uid=1,
    flags=frozenset({SEEN}),
    internal_date=0,
    size=1,
    sender="Anna",
    recipients="",
    subject="Lunch",
)


def row_text(width: int, *keywords: str, **fields: object) -> str:
    row = replace(ROW, flags=frozenset({SEEN, *keywords}), **fields)  # type: ignore[arg-type]
    parts = row_parts(row, width, today=date(2024, 1, 1), labels=Labels().shown(row.flags))
    return "".join(text for text, _ in parts)


def test_labels_come_in_the_order_of_the_configuration_then_the_unknown() -> None:
    shown = Labels().shown(frozenset({SEEN, "zebra", "$Label2", "$label1", "alpha"}))
    assert shown == (
        ("#important", "label-red"),
        ("#work", "label-yellow"),
        ("#alpha", "label"),
        ("#zebra", "label"),
    )


@pytest.mark.parametrize(
    "keyword", ["$Forwarded", "NonJunk", "$MDNSent", "Junk", "$NotJunk", "\\Draft", "$MailFlagBit0"]
)
def test_what_programs_note_for_themselves_is_no_label(keyword: str) -> None:
    assert Labels().shown(frozenset({keyword})) == ()


def test_the_configuration_may_name_what_programs_note() -> None:
    labels = Labels({"nonjunk": Label("NonJunk", "checked", "default")})
    assert labels.shown(frozenset({"NonJunk"})) == (("#checked", "label"),)


def test_a_label_is_found_by_its_name_and_an_unknown_keyword_as_it_is_shown() -> None:
    labels = Labels()
    assert labels.keyword(" #Important ") == "$label1"
    assert labels.keyword("urgent", {"$Urgent"}) == "$Urgent"
    assert labels.keyword("urgent") is None
    assert labels.names({"$label3", SEEN}) == ("personal",)
    assert labels.worded("add $label1 to 1 message") == "add #important to 1 message"


def test_a_row_has_its_labels_before_the_subject() -> None:
    assert "  #work Lunch " in row_text(80, "$label2")
    assert "  #urgent Lunch " in row_text(80, "$urgent")


def test_forwarded_has_a_mark_unless_it_was_answered() -> None:
    assert row_text(80, "$forwarded")[1] == "f"
    assert row_text(80, "$Forwarded", ANSWERED)[1] == "r"


def test_many_labels_are_cut_before_they_are_left_out() -> None:
    assert "#impor… #work Lunch" in row_text(80, "$label1", "$label2")
    assert "#imp… #work +3 Lunch" in row_text(80, *LABELS)


@given(
    st.integers(24, 200),
    st.lists(st.text(min_size=1, max_size=30), max_size=30),
    st.text(max_size=80),
)
def test_a_row_keeps_its_columns_whatever_the_keywords(
    width: int, keywords: list[str], subject: str
) -> None:
    text = row_text(width, *keywords, subject=subject)
    assert width - 1 <= cell_len(text) <= width
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text)
    assert "\u202e" not in text


@given(st.lists(st.text(min_size=1, max_size=30)), st.integers(0, 60))
def test_labels_stay_in_their_room(names: list[str], room: int) -> None:
    shown = Labels().shown(frozenset(names))
    assert sum(cell_len(text) for text, _ in fitted(shown, room)) <= room


def test_labels_leave_most_of_the_room_to_the_subject() -> None:
    columns = columns_for(80)
    text = row_text(80, *LABELS, subject="|" * 80)
    assert text.count("|") >= columns.subject * 3 // 5 - 1


@pytest.mark.parametrize("name", ["dark", "light", "terminal", "high-contrast"])
def test_a_theme_has_its_own_shade_of_each_hue_and_takes_any_color(name: str) -> None:
    theme = Themes().load(name)
    colors = [theme.style(label).color for _, label in Labels().shown(frozenset(LABELS))]
    assert len(set(colors)) == len(LABELS)
    assert theme.style("label-#102030") == Style(color="#102030")
    assert theme.style("label-bright_red") == theme.style("label-red") + Style(bold=True)


def test_no_color_takes_the_color_of_a_label_too() -> None:
    theme = Themes(no_color=True).load("dark")
    for color in ("#102030", "white", "bright_red", "red"):
        assert theme.style(f"label-{color}").color is None
