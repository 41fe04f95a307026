"""The columns, figures and words of a wire line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from wire_samples import session

from tui_mail.mail.text import STYLES as TEXT_STYLES
from tui_mail.ui.theme import STYLE_NAMES
from tui_mail.ui.widgets.wire_row import (
    columns_for,
    completion,
    is_first,
    octets,
    round_trip,
    row_pieces,
    split_text,
)
from tui_mail.ui.widgets.wire_strip import strip_lines
from tui_mail.ui.widgets.wire_words import ANSWERS, COMMANDS, explain, explain_command
from tui_mail.wire.transcript import Direction, Exchange, Transcript, WireLine


def line(text: bytes, direction: Direction = Direction.RECEIVED, tag: str = "A1") -> WireLine:
    return WireLine(1, 1_700_000_000.25, "work/1", direction, tag, text, (), len(text) + 2)


DONE = Exchange("work/1", "A1", "UID FETCH", "open message", 0.0, 0.023, "OK", 84, 12_600)


@pytest.mark.parametrize("width", [20, 40, 59, 60, 80, 99, 100, 140, 200])
@pytest.mark.parametrize(
    "text",
    [
        b"A1 OK done",
        b"A1 NO " + b"x" * 400,
        b"* 1 FETCH (UID 2)",
        "* OK 漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字 Zürich".encode(),
        b"\xff\xfe\x1b[2J broken",
        b"",
    ],
)
def test_a_row_is_exactly_as_wide_as_the_pane(width: int, text: bytes) -> None:
    columns = columns_for(width, connection=6, tag=2)
    pieces = row_pieces(line(text), columns, exchange=DONE, paired=True)
    shown = "".join(piece.text for piece in pieces)
    assert cell_len(shown) == max(width, columns.before)
    assert shown.isprintable()
    assert {name for piece in pieces for name in piece.styles} <= STYLE_NAMES | set(TEXT_STYLES)


@given(st.binary(max_size=300), st.sampled_from(list(Direction)), st.integers(30, 160))
def test_any_bytes_make_a_clean_row(text: bytes, direction: Direction, width: int) -> None:
    columns = columns_for(width, connection=6, tag=2)
    for wire_line in (line(text, direction), line(b"A1 " + text, direction)):
        pieces = row_pieces(wire_line, columns, exchange=DONE)
        shown = "".join(piece.text for piece in pieces)
        assert shown.isprintable()
        assert cell_len(shown) == max(width, columns.before)
        assert explain(wire_line, "FETCH").isprintable()


def test_columns_are_aligned_over_a_session() -> None:
    transcript = Transcript()
    session(transcript)
    columns = columns_for(80, connection=6, tag=2)
    for each in transcript.lines():
        row = "".join(piece.text for piece in row_pieces(each, columns, exchange=None))
        assert row[1 + 9 + 7] == each.direction.value
        body = split_text(each)[1].decode()
        assert row[columns.before :].startswith(body[:10])


def test_round_trip_and_octets_stand_on_the_completion_line() -> None:
    columns = columns_for(120, connection=6, tag=2)

    def text(wire_line: WireLine, exchange: Exchange) -> str:
        return "".join(p.text for p in row_pieces(wire_line, columns, exchange=exchange))

    row = text(line(b"A1 OK Fetch completed."), DONE)
    assert "23 ms" in row and "84↑" in row and "12K↓" in row
    assert "ms" not in text(line(b"* 1 EXISTS"), DONE)
    command = line(b"A1 UID FETCH 1 (UID)", Direction.SENT)
    running = Exchange("work/1", "A1", "UID FETCH", "", 0.0, None, None, 84, 0)
    assert text(command, running).rstrip().endswith("…")
    assert not text(command, DONE).rstrip().endswith("…")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"A1 OK done", "OK"),
        (b"A1 no refused", "NO"),
        (b"A1 BAD", "BAD"),
        (b"A1 BADLY", ""),
        (b"* OK hello", ""),
        (b"A2 OK of another command", ""),
    ],
)
def test_a_completion_is_the_tagged_answer(text: bytes, status: str) -> None:
    assert completion(line(text)) == status
    assert completion(line(text, Direction.SENT)) == ""


@pytest.mark.parametrize(
    ("text", "style"),
    [
        (b"A1 OK done", "wire-ok"),
        (b"A1 NO refused", "wire-no"),
        (b"A1 BAD what", "wire-bad"),
        (b"* BYE leaving", "wire-bad"),
        (b"* 3 EXISTS", "wire-received"),
    ],
)
def test_status_has_its_own_style(text: bytes, style: str) -> None:
    pieces = row_pieces(line(text), columns_for(80, connection=6, tag=2), exchange=None)
    body = next(p for p in pieces if p.text.strip() in ("OK", "NO", "BAD", "BYE", "3 EXISTS"))
    assert body.styles == (style,)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (999, "999"), (1000, "1.0K"), (12_600, "12K"), (5 << 20, "5.0M"), (1 << 60, "huge")],
)
def test_octets_fit_in_five_cells(count: int, text: str) -> None:
    assert octets(count) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0.04, "0.0 ms"), (23.4, "23 ms"), (1234, "1.2 s"), (1_700_000, "28 min")],
)
def test_round_trips_are_short(milliseconds: float, text: str) -> None:
    assert round_trip(milliseconds) == text


def test_lines_are_explained_with_their_rfc() -> None:
    assert explain_command("UID FETCH") == "asks for data of messages, by UID (RFC 9051, 6.4.5)"
    assert explain_command("XYZZY") == ""
    assert "7.4.1" in explain(line(b"* 231 EXISTS"), "SELECT")
    assert "READ-WRITE" not in explain(line(b"A1 OK [READ-WRITE] done"), "SELECT")
    assert explain(line(b"A1 OK [READ-WRITE] done"), "SELECT").startswith("flags and messages")
    assert explain(line(b"DONE", Direction.SENT), "IDLE").startswith("ends the waiting")
    assert explain(line(b"+ idling"), "IDLE").startswith("the server waits")
    assert explain(line(b"", Direction.NOTE), "") == ""
    assert all(what and where.startswith("RFC") for what, where in COMMANDS.values())
    assert all(what and where.startswith("RFC") for what, where in ANSWERS.values())


@pytest.mark.parametrize("width", [10, 40, 80, 140])
@pytest.mark.parametrize("height", [1, 2])
def test_the_strip_says_which_action_asked(width: int, height: int) -> None:
    found = strip_lines(line(b"* 1 EXISTS"), DONE, unseen=12, width=width, height=height)
    assert len(found) == height
    first = "".join(piece.text for piece in found[0])
    if width >= 40:
        assert "open message" in first
        assert "12 new below" in first
        assert cell_len(first) == width
    if width >= 80:
        assert "A1 UID FETCH: OK in 23 ms, 84↑ 12K↓" in first


def test_the_strip_tells_what_nobody_asked_for() -> None:
    found = strip_lines(line(b"* BYE", tag=""), None, unseen=0, width=80, height=1)
    assert "the server, unasked" in "".join(piece.text for piece in found[0])
    assert strip_lines(None, None, unseen=0, width=80, height=0) == []


# SMTP


def smtp(text: bytes, direction: Direction = Direction.RECEIVED) -> WireLine:
    return line(text, direction, "S7")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"250 2.1.0 Ok", "OK"),
        (b"250", "OK"),
        (b"250-SIZE 1000", ""),
        (b"354 go ahead", ""),
        (b"334 VXNlcm5hbWU6", ""),
        (b"450 4.7.1 later", "NO"),
        (b"550 5.1.1 nobody", "BAD"),
        (b"2500 x", ""),
        (b"hello", ""),
        (b"", ""),
    ],
)
def test_the_reply_that_completes_a_command_of_smtp(text: bytes, status: str) -> None:
    assert completion(smtp(text)) == status
    assert completion(smtp(text, Direction.SENT)) == ""


def test_figures_stand_at_the_final_reply_of_smtp() -> None:
    done = Exchange("work/smtp", "S7", "DATA", "send: hello", 0.0, 0.023, "250", 84, 12_600)
    columns = columns_for(100, connection=9, tag=3)

    def shown(wire_line: WireLine) -> str:
        return "".join(piece.text for piece in row_pieces(wire_line, columns, exchange=done))

    assert "23 ms" in shown(smtp(b"250 2.0.0 Ok: queued as ABC"))
    assert "23 ms" not in shown(smtp(b"354 go ahead"))
    assert "23 ms" not in shown(smtp(b"DATA", Direction.SENT))


def test_commands_of_smtp_begin_where_their_later_lines_do_not() -> None:
    assert is_first(smtp(b"MAIL FROM:<a@example.org>", Direction.SENT))
    for later in (b"{120}", b".", b"********", b"*", b""):
        assert not is_first(smtp(later, Direction.SENT))


def test_lines_of_smtp_are_explained() -> None:
    assert explain(smtp(b"RCPT TO:<a@b>", Direction.SENT), "RCPT").startswith("names one recipient")
    assert explain(smtp(b".", Direction.SENT), "DATA").startswith("ends the message")
    assert explain(smtp(b"550 5.1.1 nobody"), "RCPT") == "there is no such mailbox (RFC 5321, 4.2)"
    assert explain(smtp(b"250-SIZE 5"), "EHLO").startswith("what the server can do")
    assert explain(smtp(b"299 what"), "RCPT") == ""
    assert explain_command("MAIL").startswith("begins a message")
