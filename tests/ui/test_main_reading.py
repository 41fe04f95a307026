"""Reading: opening, going on, other forms, parts, links and search, as a person does it."""

from __future__ import annotations

import imaplib
import re
from pathlib import Path

import pytest
from main_app import NARROW, NOW, WIDE, Person, whole_app
from textual.widgets import Input

from tui_mail.demo.server import PASSWORD, USER
from tui_mail.demo.thread import demo_in_thread
from tui_mail.model import SEEN
from tui_mail.ui.screens.links import LinksScreen
from tui_mail.ui.screens.parts import PartsScreen


def seen(person: Person, uid: int) -> bool:
    row = person.main.messages.row(uid)
    return row is not None and SEEN in row.flags


async def test_enter_opens_and_marks_as_read_and_q_goes_back_to_the_same_line() -> None:
    async with whole_app() as person:
        await person.press("j", "j")
        uid = person.main.messages.cursor_uid
        assert not seen(person, uid) and person.row(uid).startswith(" N")
        await person.press("enter")
        await person.sees("Subject: Quotes, flowed paragraphs")
        assert not person.main.messages.display
        await person.press("q")
        await person.until(lambda: seen(person, uid), "the message marked as read")
        assert person.main.messages.cursor_uid == uid
        assert person.main.context == "list"
        await person.sees("11 unread of 84")


async def test_j_and_k_turn_to_the_neighbors_and_stop_at_the_ends() -> None:
    async with whole_app() as person:
        first = person.main.messages.cursor_uid
        await person.read("Welcome")
        await person.press("j")
        await person.shown(first - 1)
        await person.press("k")
        await person.shown(first)
        await person.press("k")
        assert "no other message" in person.notice
        assert person.main.reading.uid == first
        person.main.messages.end()
        last = person.main.messages.cursor_uid
        person.main.reading.open(last)
        await person.shown(last)
        await person.press("j")
        assert "no other message" in person.notice


async def test_space_turns_pages_and_then_goes_on_to_the_next_message() -> None:
    async with whole_app() as person:
        uid = await person.read("Welcome")
        viewer = person.main.viewer
        assert viewer.top == 0 and not viewer.at_end
        await person.press("space")
        assert viewer.at_end and person.main.reading.uid == uid
        await person.press("space")
        await person.shown(uid - 1)
        assert viewer.top == 0


async def test_a_text_too_long_to_be_fetched_at_once_goes_on_where_it_was_read() -> None:
    lines = b"".join(b"line %d of a long text\r\n" % number for number in range(21_000))
    with demo_in_thread(NOW) as settings:
        server = settings.accounts[0].imap
        with imaplib.IMAP4(server.host, server.port) as connection:
            connection.login(USER, PASSWORD)
            message = b"From: a@x.example\r\nSubject: Long\r\n\r\n" + lines
            connection.append("INBOX", "", "", message)
        async with whole_app(settings) as person:
            uid = await person.read("Long")
            await person.sees("line 0 of")
            await person.press("end")
            await person.sees("The text goes on: with the next page")
            read = int(re.findall(r"line (\d+)", person.text())[-1])
            await person.press("space")
            await person.sees(f"line {read + 10} of")
            assert f"line {read + 1} of" in person.text(), "no line is passed over"
            assert person.main.reading.uid == uid
            assert "The text goes on" not in person.reads()


async def test_tab_goes_to_the_next_unread_in_the_list_and_reads_it_in_the_viewer() -> None:
    async with whole_app() as person:
        messages = person.main.messages
        start = await person.go_to("Escape")
        await person.press("tab")
        found = messages.cursor_uid
        assert found < start - 1 and not seen(person, found)
        await person.press("shift+tab")
        assert messages.cursor_uid == start
        await person.press("enter")
        await person.shown(start)
        await person.press("tab")
        await person.shown(found)
        assert person.main.context == "viewer"


async def test_when_nothing_is_unread_tab_says_so() -> None:
    async with whole_app() as person:
        await person.opens("c")
        await person.type("sent")
        await person.press("enter")
        await person.sees("0 unread of 13")
        await person.press("tab")
        await person.until(lambda: person.notice == "No unread messages")


async def test_the_other_form_of_a_message_and_back() -> None:
    async with whole_app() as person:
        await person.read("One message, two forms")
        await person.sees("once as plain text", "─ plain ─")
        await person.press("A")
        await person.sees("This is the HTML", "─ HTML ─")
        await person.press("A")
        await person.sees("once as plain text", "─ plain ─")
        uid = person.main.reading.uid
        await person.press("j")
        await person.shown(uid - 1)
        await person.press("A")
        assert "no other form" in person.notice


async def test_headers_are_shown_from_the_top() -> None:
    async with whole_app() as person:
        await person.read("Welcome")
        await person.press("space", "h")
        await person.sees("MIME-Version: 1.0", "Message-ID: ")
        assert person.main.viewer.top == 0
        await person.press("h")
        await person.until(lambda: "MIME-Version" not in person.text())


@pytest.mark.parametrize("back", ["H", "q"])
async def test_the_source_and_back_to_the_text(back: str) -> None:
    async with whole_app() as person:
        await person.read("One message, two forms")
        await person.press("H")
        await person.sees("Content-Type: multipart/alternative", "─ source ─")
        await person.press(back)
        await person.sees("once as plain text", "─ plain ─")
        assert person.main.context == "viewer"


async def test_parts_from_the_list_show_one_and_go_back_to_the_list() -> None:
    async with whole_app() as person:
        await person.go_to("Fwd: The lens")
        await person.opens("v")
        assert isinstance(person.app.screen, PartsScreen)
        await person.sees("message/rfc822", "lens.png")
        await person.press("j", "enter")
        await person.sees("Subject: The lens has arrived")
        await person.press("q")
        assert person.main.context == "list"
        assert person.main.messages.display


async def test_a_picture_is_not_shown_as_text() -> None:
    async with whole_app() as person:
        await person.read("The picture, the bill")
        await person.opens("v")
        await person.press("j", "enter")
        await person.sees("image/png is not text: s saves it")


async def test_an_invitation_says_when_and_where_below_its_text() -> None:
    async with whole_app() as person:
        await person.read("Invitation: Tea")
        await person.sees("what, when, where and who", "When:", "Where:  The lamp room")


async def test_a_message_inside_a_message_opens_in_place_and_back_leads_out_again() -> None:
    async with whole_app() as person:
        uid = await person.read("Fwd: The lens")
        await person.opens("v")
        await person.press("j", "enter")
        await person.sees("Subject: The lens has arrived")
        assert "Fwd:" not in person.text()
        await person.opens("v")
        assert isinstance(person.app.screen, PartsScreen)
        await person.press("q", "H")
        await person.sees("─ source ─")
        await person.press("q")
        await person.sees("Subject: The lens has arrived")
        await person.press("q")
        await person.sees("Subject: Fwd: The lens has arrived")
        assert person.main.reading.uid == uid
        await person.press("q")
        assert person.main.context == "list"


async def test_leaving_the_parts_leaves_what_was_being_read() -> None:
    async with whole_app(size=WIDE) as person:
        uid = await person.read("Welcome")
        await person.press("less_than_sign")
        await person.go_to("Fwd: The lens")
        await person.opens("v")
        assert isinstance(person.app.screen, PartsScreen)
        await person.press("q")
        assert person.main.reading.uid == uid
        person.main.viewer.focus()
        await person.press("h")
        await person.sees("Subject: Welcome", "MIME-Version: 1.0")


async def test_a_part_is_saved_under_a_safe_name_and_never_over_another(tmp_path: Path) -> None:
    async with whole_app() as person:
        await person.read("The picture, the bill")
        await person.opens("v")
        await person.press("end")
        for name in ("tides.zip", "tides-1.zip"):
            await person.opens("s")
            person.app.screen.query_one(Input).value = f"{tmp_path}/"
            await person.press("enter")
            await person.sees("Saved to")
            assert any(path.name.startswith("tides") for path in tmp_path.iterdir()), name
        assert len(list(tmp_path.iterdir())) == 2
        assert all(path.parent == tmp_path for path in tmp_path.rglob("*"))
        await person.press("q")
        assert person.main.context == "viewer"


async def test_the_links_of_a_text() -> None:
    async with whole_app() as person:
        await person.read("Quotes, flowed")
        await person.press("o")
        await person.until(lambda: isinstance(person.app.screen, LinksScreen))
        await person.sees("rfc3676")
        await person.press("q", "q")
        await person.read("Your umbrella")
        await person.press("o")
        assert "no links" in person.notice


async def test_search_in_the_text_marks_and_goes_round() -> None:
    async with whole_app() as person:
        await person.read("Welcome")
        await person.opens("slash")
        await person.type("the")
        await person.press("enter")
        viewer = person.main.viewer
        await person.until(lambda: viewer.searched == "the")
        number, count = viewer.match_position
        assert number == 1 and count > 2
        await person.press("n")
        assert viewer.match_position == (2, count)
        await person.press("p", "p")
        assert viewer.match_position == (count, count)
        await person.opens("slash")
        await person.type("xyzzy")
        await person.press("enter")
        await person.until(lambda: person.notice == "Not found")


async def test_a_search_that_was_not_begun_says_how() -> None:
    async with whole_app() as person:
        await person.read("Welcome")
        await person.press("n")
        assert "/ starts a search" in person.notice


async def test_what_strangers_wrote_does_not_reach_the_terminal_as_a_command() -> None:
    async with whole_app() as person:
        await person.read("sequences")
        text = person.text()
        assert "[bold red]not bold" in text
        assert all(character.isprintable() or character == "\n" for character in text)


async def test_the_message_read_leads_to_its_neighbor_wherever_the_cursor_has_gone() -> None:
    async with whole_app(size=WIDE) as person:
        uid = await person.read("Quotes, flowed")
        await person.press("less_than_sign", "end", "greater_than_sign", "j")
        await person.shown(uid - 1)
        assert person.main.messages.cursor_uid == uid - 1


async def test_many_messages_in_a_hurry_end_with_the_last_one() -> None:
    async with whole_app(size=NARROW) as person:
        uid = await person.read("Welcome")
        reading = person.main.reading
        for _ in range(10):
            reading.step(1)
        await person.shown(uid - 10)
        assert reading.uid == person.main.messages.cursor_uid == uid - 10
