"""What of the transcript is shown: lines that come and go, filters, unfolding, search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_samples import TEXT, fetch_text, session

from tui_mail.ui.widgets.wire_row import Piece, columns_for, unfolded
from tui_mail.ui.widgets.wire_rows import GAP, HEAD, Row, WireRows
from tui_mail.wire.transcript import Direction, Transcript, WireLine


def rows_of(transcript: Transcript, width: int = 80) -> WireRows:
    columns = columns_for(width, connection=6, tag=3)
    rows = WireRows(transcript, lambda line: unfolded(line, columns))
    rows.update()
    return rows


def numbers(rows: WireRows) -> list[int]:
    return [row.line.number for row in rows.rows if row.part == HEAD]


def notes(transcript: Transcript, count: int, connection: str = "work/1") -> None:
    for number in range(count):
        transcript.note(connection, f"note {number}")


def test_an_update_brings_the_lines_that_came_and_no_other() -> None:
    transcript = Transcript()
    notes(transcript, 3)
    rows = rows_of(transcript)
    notes(transcript, 2)
    assert [line.number for line in rows.update()] == [4, 5]
    assert numbers(rows) == [1, 2, 3, 4, 5]
    assert rows.update() == []


def test_lines_the_ring_dropped_go_too() -> None:
    transcript = Transcript(max_lines=5)
    notes(transcript, 4)
    rows = rows_of(transcript)
    notes(transcript, 4)
    rows.update()
    assert numbers(rows) == [4, 5, 6, 7, 8]


def test_held_lines_stay_and_the_gap_behind_them_is_told() -> None:
    transcript = Transcript(max_lines=5)
    notes(transcript, 4)
    rows = rows_of(transcript)
    rows.hold()
    notes(transcript, 20)
    rows.update()
    assert numbers(rows) == [1, 2, 3, 4, 20, 21, 22, 23, 24]
    assert [row.part for row in rows.rows[3:6]] == [HEAD, GAP, HEAD]
    assert rows.gap == 15
    notes(transcript, 1)
    rows.update()
    assert numbers(rows) == [1, 2, 3, 4, 21, 22, 23, 24, 25]
    assert rows.gap == 16
    rows.release()
    assert numbers(rows) == [21, 22, 23, 24, 25]
    assert rows.gap == 0


def test_a_second_hold_lets_go_of_the_first() -> None:
    transcript = Transcript(max_lines=5)
    notes(transcript, 5)
    rows = rows_of(transcript)
    rows.hold()
    for _ in range(50):
        notes(transcript, 7)
        rows.update()
        rows.hold()
        assert len(rows.rows) == 5


def test_filters_show_one_connection_or_direction() -> None:
    transcript = Transcript()
    session(transcript, "work/1")
    session(transcript, "work/2")
    rows = rows_of(transcript)
    everything = len(rows.rows)
    rows.set_filter("work/2", None)
    assert {row.line.connection for row in rows.rows} == {"work/2"}
    assert len(rows.rows) == everything // 2
    rows.set_filter(None, Direction.SENT)
    assert {row.line.direction for row in rows.rows} == {Direction.SENT}
    fetch_text(session(transcript, "work/3"), 9)
    assert all(line.direction is Direction.SENT for line in rows.update())
    rows.set_filter(None, None)
    assert len(rows.rows) > everything
    assert rows.connections == ["work/1", "work/2", "work/3"]


def literal_index(rows: WireRows) -> int:
    return next(n for n, row in enumerate(rows.rows) if row.line.literals and row.part == HEAD)


def test_a_literal_unfolds_below_its_line_and_folds_again() -> None:
    transcript = Transcript()
    session(transcript)
    rows = rows_of(transcript)
    before = list(rows.rows)
    index = literal_index(rows)
    line = rows.rows[index].line
    assert rows.toggle(line)
    count = len(TEXT.splitlines())
    below = rows.rows[index + 1 : index + 1 + count]
    assert [row.part for row in below] == list(range(1, count + 1))
    assert rows.piece_of(below[0]).text == "Hello Anna,"
    assert rows.rows[index + 1 + count].line.number == line.number + 1
    assert rows.toggle(line)
    assert rows.rows == before


def test_a_line_with_nothing_folded_does_not_unfold() -> None:
    transcript = Transcript()
    transcript.note("work/1", "short")
    rows = rows_of(transcript)
    assert not rows.toggle(rows.rows[0].line)
    assert len(rows.rows) == 1


def test_a_long_line_unfolds_to_all_of_its_text() -> None:
    transcript = Transcript()
    transcript.note("work/1", "word " * 100)
    rows = rows_of(transcript)
    assert rows.toggle(rows.rows[0].line)
    text = "".join(rows.piece_of(row).text for row in rows.rows[1:])
    assert text == "word " * 100


def test_search_finds_text_and_literals_and_unfolds_what_hides_a_hit() -> None:
    transcript = Transcript()
    session(transcript)
    rows = rows_of(transcript)
    assert rows.search("agenda") == 1
    found = rows.next_hit(0)
    assert found is not None
    assert "agenda" in rows.piece_of(rows.rows[found]).text
    # The only hit comes round again.
    assert rows.next_hit(found) is not None


def test_search_goes_both_ways_and_round_the_end() -> None:
    transcript = Transcript()
    for text in ("a", "b", "A", "c", "a"):
        transcript.note("work/1", text)
    rows = rows_of(transcript)
    assert rows.search("a") == 3
    assert [rows.next_hit(index) for index in (0, 2, 4)] == [2, 4, 0]
    assert [rows.next_hit(index, backwards=True) for index in (0, 2, 4)] == [4, 0, 2]
    assert rows.search("A") == 1
    assert rows.next_hit(0) == 2
    transcript.note("work/1", "A again")
    rows.update()
    assert rows.hits == 2
    assert rows.search("") == 0
    assert rows.next_hit(0) is None


def test_hits_follow_the_ring_and_the_filter() -> None:
    transcript = Transcript(max_lines=4)
    notes(transcript, 2, "work/1")
    notes(transcript, 2, "work/2")
    rows = rows_of(transcript)
    assert rows.search("note") == 4
    rows.set_filter("work/2", None)
    assert rows.hits == 2
    notes(transcript, 3, "work/1")
    rows.update()
    assert rows.hits == 1
    assert rows.hit_position(rows.rows[0].line) == 1


@given(st.lists(st.sampled_from(["say", "hold", "release", "update", "filter", "toggle"])))
def test_rows_stay_in_order_and_bounded(steps: list[str]) -> None:
    transcript = Transcript(max_lines=6)
    rows = rows_of(transcript)
    for step in steps:
        if step == "say":
            transcript.recorder("work/1").received("", b"* 1 FETCH {3}", (b"a\nb",), 20)
            notes(transcript, 2, "work/2")
        elif step == "filter":
            rows.set_filter(None if rows.connection else "work/1", None)
        elif step == "toggle" and rows.rows:
            rows.toggle(rows.rows[len(rows.rows) // 2].line)
        elif step in ("hold", "release", "update"):
            getattr(rows, step)()
        keys = [(row.line.number, row.part) for row in rows.rows]
        assert keys == sorted(set(keys))
        assert sum(row.part == HEAD for row in rows.rows) <= 12
        assert all(isinstance(rows.piece_of(row), Piece) for row in rows.rows if row.part > HEAD)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, ["a secret, which is not kept"]),
        (b"one\r\ntwo\r\n", ["one", "two"]),
        (b"\x1b[31mred\x00", ["\\x1b[31mred\\x00"]),
        (b"", [""]),
        (b"z" * 50, ["z" * 45, "z" * 5]),
    ],
)
def test_a_literal_is_shown_as_clean_lines(data: bytes | None, expected: list[str]) -> None:
    line = WireLine(1, 0.0, "work/1", Direction.RECEIVED, "A1", b"* 1 FETCH {2}", (data,), 9)
    columns = columns_for(80, connection=12, tag=4)
    columns = type(columns)(columns.time, columns.connection, columns.tag, 45, columns.figures)
    assert [piece.text for piece in unfolded(line, columns)] == expected


def test_what_a_literal_unfolds_to_is_bounded_and_says_so() -> None:
    line = WireLine(1, 0.0, "c", Direction.RECEIVED, "A1", b"{65536}", (b"\n" * 65536,), 9)
    found = unfolded(line, columns_for(80, connection=6, tag=3))
    assert len(found) < 2_100
    assert "only the first" in found[-1].text


def test_a_row_is_a_line_and_a_part() -> None:
    transcript = Transcript()
    notes(transcript, 1)
    assert rows_of(transcript).rows == [Row(transcript.lines()[0], HEAD)]
