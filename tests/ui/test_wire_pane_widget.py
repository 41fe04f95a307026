"""The wire pane on a screen: following, staying, unfolding, searching, saving."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from wire_samples import Conversation, fetch_text, session

from tui_mail.errors import StoreError
from tui_mail.mail.text import line_text
from tui_mail.ui.screens.wire_line import WireLineScreen, detail_lines
from tui_mail.ui.widgets.text_view import TextView
from tui_mail.ui.widgets.wire_pane import WirePane
from tui_mail.wire import commands
from tui_mail.wire.transcript import Direction, Transcript

SIZES = [(80, 24), (140, 45)]


class Host(App[None]):
    def __init__(self, transcript: Transcript) -> None:
        super().__init__()
        self.pane = WirePane(transcript)
        self.told: list[str] = []
        self.copied: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.open()
        self.pane.focus()

    def on_wire_pane_noticed(self, message: WirePane.Noticed) -> None:
        self.told.append(message.text)

    def on_wire_pane_copy_wanted(self, message: WirePane.CopyWanted) -> None:
        self.copied.append(message.text)


def screen_of(pane: WirePane) -> list[str]:
    return [pane.render_line(y).text.rstrip() for y in range(pane.content_size.height)]


async def settle(pilot: Pilot[None], pane: WirePane) -> None:
    """Until the pane has drawn what was recorded."""
    while pane._woken:
        await pilot.pause(0.01)
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES)
async def test_open_shows_the_newest_lines_with_their_action(size: tuple[int, int]) -> None:
    transcript = Transcript()
    session(transcript)
    app = Host(transcript)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        pane = app.pane
        shown = screen_of(pane)
        assert pane.following
        assert pane.cursor == pane.line_count - 1
        assert any("A5     NO [NOPERM] Permission denied" in row for row in shown)
        assert any("figures of folders → A5 STATUS: NO in" in row for row in shown)
        assert not any("correct horse" in row for row in shown)


async def test_new_lines_are_followed() -> None:
    transcript = Transcript()
    talk = session(transcript)
    app = Host(transcript)
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.pause()
        fetch_text(talk, 77)
        await settle(pilot, app.pane)
        rows = screen_of(app.pane)
        assert any("FETCH (UID 77" in row for row in rows)
        assert app.pane.cursor == app.pane.line_count - 1


async def test_lines_may_come_from_another_thread() -> None:
    transcript = Transcript()
    app = Host(transcript)
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.pause()
        writer = threading.Thread(target=session, args=(transcript,))
        writer.start()
        writer.join()
        await settle(pilot, app.pane)
        assert app.pane.line_count == transcript.last_number


async def test_a_reader_who_stopped_is_never_moved() -> None:
    transcript = Transcript(max_lines=500)
    talk = session(transcript)
    app = Host(transcript)
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.pause()
        pane = app.pane
        pane.move(-6)
        assert not pane.following
        before = screen_of(pane)[: pane.page_height]
        for uid in range(1, 401):
            fetch_text(talk, uid)
            if uid % 50 == 0:
                await settle(pilot, pane)
        await settle(pilot, pane)
        assert screen_of(pane)[: pane.page_height] == before
        assert any("1,200 new below" in row for row in screen_of(pane))
        pane.end()
        assert pane.following
        assert any("UID 400" in row for row in screen_of(pane))
        assert pane.line_count == 500


async def test_closed_it_does_not_listen_and_holds_nothing() -> None:
    transcript = Transcript()
    session(transcript)
    app = Host(transcript)
    async with app.run_test() as pilot:
        await pilot.pause()
        app.pane.close()
        assert transcript.listener is None
        assert app.pane.line_count == 0
        session(transcript)
        await pilot.pause()
        assert app.pane.line_count == 0
        app.pane.open()
        assert app.pane.line_count == transcript.last_number
    assert transcript.listener is None


async def test_the_literal_under_the_cursor_opens_in_place() -> None:
    transcript = Transcript()
    talk = session(transcript)
    fetch_text(talk, 5)
    app = Host(transcript)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        pane = app.pane
        pane.move(-1)
        assert "▸ 5 FETCH (UID 5 BODY[1] {103})" in screen_of(pane)[pane.cursor - pane.top]
        line = pane.cursor
        pane.toggle_literal()
        assert pane.cursor == line
        assert "▾" in screen_of(pane)[pane.cursor - pane.top]
        pane.move(1)
        assert "│ Hello Anna," in screen_of(pane)[pane.cursor - pane.top]
        pane.copy_line()
        await pilot.pause()
        assert app.copied[0].startswith("Hello Anna,\n")
        pane.toggle_literal()
        assert "Hello Anna," not in "\n".join(screen_of(pane))
        pane.home()
        pane.toggle_literal()
        await pilot.pause()
        assert app.told == ["All of this line is shown"]


async def test_what_is_opened_at_the_end_of_the_page_is_brought_onto_it() -> None:
    transcript = Transcript()
    fetch_text(session(transcript), 5)
    fetch_text(session(transcript), 6, b"line\r\n" * 100)
    app = Host(transcript)
    async with app.run_test(size=(80, 16)) as pilot:
        await pilot.pause()
        pane = app.pane
        pane.move(-1)
        pane.toggle_literal()
        assert pane.cursor == pane.top
        assert all("│ line" in row for row in screen_of(pane)[1 : pane.page_height])
        pane.search("UID 5 BODY")
        pane.toggle_literal()
        assert any("│ Ben" in row for row in screen_of(pane))


async def test_the_lines_of_one_command_are_bracketed() -> None:
    transcript = Transcript()
    talk = session(transcript)
    fetch_text(talk, 5)
    app = Host(transcript)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        marks = [row[:1] for row in screen_of(app.pane)[: app.pane.page_height]]
        assert "".join(marks).rstrip().endswith("┌│└")
        assert sum(mark != " " for mark in marks if mark) == 3


async def test_the_answer_of_a_running_command_completes_its_row() -> None:
    transcript = Transcript()
    talk = Conversation(transcript)
    talk.hear(b"* PREAUTH hello\r\n")
    tag = talk.start(commands.noop(), "check")
    app = Host(transcript)
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.pause()
        assert any(row.endswith("…") and "NOOP" in row for row in screen_of(app.pane))
        talk.hear(f"{tag} OK done\r\n".encode())
        await settle(pilot, app.pane)
        rows = screen_of(app.pane)
        assert not any(row.endswith("…") for row in rows)
        assert any("OK done" in row and " ms " in row for row in rows)


async def test_filters_keep_the_cursor_and_name_themselves() -> None:
    transcript = Transcript()
    session(transcript, "work/1")
    session(transcript, "work/2")
    app = Host(transcript)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        pane = app.pane
        pane.home()
        pane.move(4)
        pane.next_direction()
        assert all("←" not in row for row in screen_of(pane)[: pane.page_height])
        assert "sent only" in str(pane.border_title)
        pane.next_direction()
        pane.next_direction()
        pane.next_connection()
        assert pane.line_count == transcript.last_number // 2
        pane.next_connection()
        assert "work/2" in str(pane.border_title)
        pane.next_connection()
        assert pane.line_count == transcript.last_number


async def test_search_goes_to_the_line_and_tells_when_there_is_none() -> None:
    transcript = Transcript()
    session(transcript)
    app = Host(transcript)
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.pause()
        pane = app.pane
        assert pane.search("agenda") == 1
        assert "agenda" in screen_of(pane)[pane.cursor - pane.top]
        assert not pane.following
        assert pane.search("select") == 2
        assert pane.search_next()
        assert "/select" in str(pane.border_title)
        assert pane.search("no such thing") == 0
        await pilot.pause()
        assert app.told == ["Not found on the wire: no such thing"]
        assert not pane.search_next()
        # Markup of the text searched is no markup in the title.
        pane.search("[red]")
        assert "[red]" in screen_title(pane)


def screen_title(pane: WirePane) -> str:
    title = pane._border_title
    assert title is not None
    return title.plain


async def test_saving_writes_a_private_file_once(tmp_path: Path) -> None:
    transcript = Transcript()
    session(transcript)
    app = Host(transcript)
    async with app.run_test() as pilot:
        await pilot.pause()
        app.pane.set_filter(None, Direction.SENT)
        path = await app.pane.save(tmp_path, "wire.txt")
        assert path == tmp_path / "wire.txt"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        written = path.read_text()
        assert "A2 SELECT INBOX" in written and "←" not in written
        assert "correct horse" not in written
        with pytest.raises(StoreError, match="File exists"):
            await app.pane.save(tmp_path, "wire.txt")
        with pytest.raises(StoreError, match="No such file"):
            await app.pane.save(tmp_path / "nowhere" / "wire.txt", "wire.txt")
        assert path.read_text() == written


async def test_the_exchange_is_shown_in_full() -> None:
    transcript = Transcript()
    session(transcript)
    app = Host(transcript)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.pane.search("body.peek")
        app.pane.show_exchange()
        await pilot.pause()
        assert isinstance(app.screen, WireLineScreen)
        view = app.screen.query_one(TextView)
        text = "\n".join(view.render_line(y).text for y in range(view.content_size.height))
        assert "open message" in text
        assert "asks for data of messages, by UID (RFC 9051, 6.4.5)" in text
        assert "│ Hello Anna," in text
        await pilot.press("q")
        assert not isinstance(app.screen, WireLineScreen)


def test_the_detail_of_a_huge_answer_is_bounded() -> None:
    transcript = Transcript()
    talk = Conversation(transcript)
    talk.hear(b"* PREAUTH hello\r\n")
    talk.say(commands.noop(), b"* 1 EXISTS\r\n" * 1000 + b"TAG OK\r\n")
    lines = [line for line in transcript.lines() if line.tag]
    found, place = detail_lines(lines, transcript.last_exchange, lines[500], 76)
    assert len(found) < 1000
    assert "* 1 EXISTS" in line_text(found[place])
    assert "further lines" in line_text(found[-1])


async def test_a_resize_keeps_the_line_and_wraps_literals_anew() -> None:
    transcript = Transcript()
    talk = session(transcript)
    fetch_text(talk, 5, b"word " * 60)
    app = Host(transcript)
    async with app.run_test(size=(140, 30)) as pilot:
        await pilot.pause()
        pane = app.pane
        pane.move(-1)
        pane.toggle_literal()
        before = pane.line_count
        await pilot.resize_terminal(60, 12)
        await pilot.pause()
        assert pane.line_count > before
        assert "FETCH (UID 5" in screen_of(pane)[pane.cursor - pane.top]
        await pilot.resize_terminal(20, 3)
        await pilot.pause()
        assert pane.cursor in pane.shown
