"""Folders, tree, wire pane, theme and layout of the whole program."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest
from main_app import NARROW, WIDE, Person, whole_app
from textual.widgets import Input

from tui_mail.errors import CommandRefused
from tui_mail.mail import events
from tui_mail.mail.store import StoredMailbox
from tui_mail.ui import theme
from tui_mail.ui.messages import MailEvent
from tui_mail.wire.transcript import Direction


async def change_folder(person: Person, typed: str) -> None:
    await person.opens("c")
    await person.type(typed)
    await person.press("enter")


# Folders


async def test_a_folder_is_changed_to_by_part_of_its_name() -> None:
    async with whole_app() as person:
        await person.read("Welcome")
        await change_folder(person, "proto")
        await person.sees("Lists/Protocol", "3 unread of 62")
        assert person.main.context == "list"
        assert person.main.reading.uid == 0
        await person.settled()
        await person.press("enter")
        await person.until(lambda: person.main.reading.message is not None)
        assert person.main.reading.message.mailbox_id == person.main.mailbox.mailbox_id


async def test_folders_with_any_name_are_opened() -> None:
    async with whole_app() as person:
        for typed, name, subject in (
            ("odd", 'Odd "names" \\ and 100%', "How to quote a folder"),
            ("灯", "Projects/灯台", "灯台:"),
            ("größe", "Projects/Größe & Maß", "Größe & Maß:"),
        ):
            await change_folder(person, typed)
            await person.sees(name, subject)


async def test_sent_mail_shows_whom_it_went_to() -> None:
    async with whole_app() as person:
        await change_folder(person, "sent")
        await person.sees("Sent", "of 13")
        await person.settled()
        assert "Robin Demo" not in person.text()
        await change_folder(person, "inbox")
        await person.sees("INBOX", "Gwen Hart")


async def test_who_changes_twice_in_a_hurry_ends_in_the_last_folder() -> None:
    async with whole_app() as person:
        main = person.main
        for name in (b"Sent", b"Trash", b"Lists/Protocol"):
            main.open_mailbox("demo", name)
        await person.sees("Lists/Protocol", "of 62")
        await person.settled()
        assert main.mailbox.name == b"Lists/Protocol"
        assert len(main.messages.order) == 62


async def test_what_a_page_lacks_comes_for_every_page_turned_to() -> None:
    async with whole_app() as person:
        assert " @ " in person.text()
        for key in ("end", "pageup", "home", "pagedown"):
            await person.press(key)
            await person.settled()


async def test_one_trouble_is_told_in_one_box() -> None:
    async with whole_app() as person:
        for number in (1, 2, 3):
            person.main.tell(CommandRefused(f"Trouble {number}", server_line="NO not now"))
        await person.sees("Trouble 1", "NO not now")
        await person.press("q")
        assert len(person.app.screen_stack) == 1
        assert person.notice == "Trouble 3"


async def test_a_folder_somebody_else_deleted_is_told_in_a_box() -> None:
    async with whole_app() as person:
        person.main.open_mailbox("demo", b"Nowhere")
        await person.sees("The folder Nowhere cannot be opened", "The server said:")
        await person.press("q")
        await change_folder(person, "inbox")
        await person.sees("of 84")


# The tree


async def test_the_tree_is_gone_to_walked_and_left_on_a_narrow_screen() -> None:
    async with whole_app(size=NARROW) as person:
        main, tree = person.main, person.main.folder_tree
        assert not tree.display
        await person.press("y")
        assert tree.display and main.context == "tree"
        await person.press("q")
        assert not tree.display and main.context == "list"
        await person.press("y")
        while tree.cursor_node is not None and tree.cursor_node.label != "Protocol":
            await person.press("j")
        await person.press("enter")
        await person.sees("Lists/Protocol", "of 62")
        assert not tree.display and main.context == "list"


async def test_who_goes_to_the_folders_begins_at_the_open_one() -> None:
    async with whole_app(size=NARROW) as person:
        await change_folder(person, "proto")
        await person.sees("Lists/Protocol", "of 62")
        await person.press("y")
        node = person.main.folder_tree.cursor_node
        assert node is not None and node.label == "Protocol"


async def test_the_folders_are_reached_from_a_message_too() -> None:
    async with whole_app(size=NARROW) as person:
        await person.read("Welcome")
        await person.press("y")
        assert person.main.folder_tree.display
        assert person.main.context == "tree"
        await person.press("q")
        assert person.main.context == "list"


async def test_folders_fold_and_unfold() -> None:
    async with whole_app(size=WIDE) as person:
        tree = person.main.folder_tree
        await person.press("y")
        while tree.cursor_node is not None and tree.cursor_node.label != "Projects":
            await person.press("j")
        assert "Lighthouse" in person.text()
        await person.press("left")
        assert "Lamp room" not in person.text()
        assert person.main.context == "tree"
        await person.press("right")
        assert "Lamp room" in person.text()
        await person.press("right", "left", "left")
        assert "Lamp room" not in person.text()


async def test_subscribed_or_all_folders() -> None:
    async with whole_app(size=WIDE) as person:
        assert "Asleep" in person.text()
        await person.press("y", "T")
        assert "Asleep" not in person.text()
        assert person.notice == "Subscribed folders only"
        await person.press("T")
        assert "Asleep" in person.text()
        assert person.notice == "All folders"


async def test_f5_looks_for_news_and_lists_the_folders_again() -> None:
    async with whole_app() as person:
        before = person.service.transcript.last_number
        await person.press("f5")

        def asked() -> bool:
            lines = person.service.transcript.lines(before)
            sent = b" ".join(line.text for line in lines if line.direction is Direction.SENT)
            return b"NOOP" in sent and b"LIST" in sent

        await person.until(asked)


# The wire


async def test_the_wire_opens_follows_stays_and_closes() -> None:
    async with whole_app() as person:
        main, wire = person.main, person.main.wire
        assert not wire.is_open
        await person.press("I")
        assert wire.is_open and wire.following and main.context == "wire"
        await person.sees("following", " demo/1 ")
        await person.press("k")
        assert not wire.following
        await person.press("F")
        assert wire.following and wire.cursor == wire.line_count - 1
        await person.press("I")
        assert not wire.is_open and main.context == "list"
        assert person.service.transcript.listener is None


async def test_the_wire_shows_what_reading_a_message_says() -> None:
    async with whole_app(size=WIDE) as person:
        await person.press("I")
        main = person.main
        main.messages.focus()
        uid = await person.read("sequences")

        def shown(text: str) -> bool:
            width = main.wire.content_size.width
            rows = (main.wire.render_row(n, width, False) for n in range(main.wire.line_count))
            return any(text in row.text for row in rows)

        await person.until(lambda: shown(f"UID FETCH {uid} "))
        await person.until(lambda: shown(f"UID STORE {uid} +FLAGS.SILENT"))
        await person.press("f6")
        assert main.context == "wire"
        await person.press("q")
        assert not main.wire.is_open
        assert main.context == "viewer"


async def test_the_wire_is_filtered_searched_and_saved(tmp_path: Path) -> None:
    async with whole_app() as person:
        await person.press("I", "D")
        await person.sees("sent only")
        assert " ← " not in person.text()
        await person.press("D", "D")
        await person.opens("slash")
        await person.type("select")
        await person.press("enter")
        await person.sees("SELECT INBOX")
        await person.opens("s")
        person.app.screen.query_one(Input).value = str(tmp_path / "wire.txt")
        await person.press("enter")
        await person.until(lambda: "lines saved" in person.notice)
        saved = (tmp_path / "wire.txt").read_text()
        assert "SELECT INBOX" in saved
        assert "********" in saved and "AGRlbW8AZGVtbw" not in saved


# Layout


async def test_a_message_stays_in_view_through_every_width() -> None:
    async with whole_app(size=WIDE) as person:
        uid = await person.read("Things that take")
        main = person.main
        for size in (NARROW, (100, 30), WIDE, (200, 60), (60, 20), (41, 10), WIDE):
            await person.resize(*size)
            await person.until(lambda: "Things that take their time" in person.reads())
            width = main.viewer.text_width
            await person.until(lambda width=width: main.viewer._rendered_for == width)
            assert main.context == "viewer" and main.viewer.display
            assert main.reading.uid == uid
            assert main.messages.display == (size[0] >= 130)
            assert main.folder_tree.display == (size[0] >= 100)
        await person.press("q")
        assert main.messages.cursor_uid == uid


async def test_the_pane_with_the_focus_is_the_one_that_stays() -> None:
    async with whole_app(size=WIDE) as person:
        await person.read("Welcome")
        await person.press("less_than_sign")
        assert person.main.context == "list"
        await person.resize(*NARROW)
        assert person.main.messages.display and person.main.context == "list"
        await person.resize(*WIDE)
        await person.press("greater_than_sign")
        await person.resize(*NARROW)
        assert person.main.viewer.display and person.main.context == "viewer"


async def test_folders_asked_for_on_a_narrow_screen_do_not_bind_a_wide_one() -> None:
    async with whole_app(size=NARROW) as person:
        tree = person.main.folder_tree
        await person.press("B")
        assert tree.display
        await person.press("B")
        assert not tree.display
        await person.resize(*WIDE)
        assert tree.display
        await person.press("B")
        assert not tree.display
        await person.resize(150, 45)
        assert not tree.display


async def test_how_far_down_the_list_one_is_follows_the_size() -> None:
    async with whole_app(size=NARROW) as person:
        await person.sees("of 84  26%")
        await person.resize(*WIDE)
        await person.sees("of 84  51%")


@pytest.mark.parametrize("size", [(20, 3), (1, 1), (40, 5), (300, 100)])
async def test_no_size_is_too_small_or_too_big(size: tuple[int, int]) -> None:
    async with whole_app(size=NARROW) as person:
        await person.press("I")
        await person.resize(*size)
        person.main.messages.focus()
        await person.press("y", "j", "q", "enter", "space")
        await person.opens("question_mark")
        await person.press("q", "q")
        await person.resize(*NARROW)
        await person.sees("INBOX")


async def test_panes_in_a_row_and_around() -> None:
    async with whole_app(size=WIDE) as person:
        contexts = []
        for _ in range(4):
            await person.press("f6")
            contexts.append(person.main.context)
        assert contexts == ["viewer", "tree", "list", "viewer"]
        await person.press("right")
        assert person.main.context == "viewer"
        await person.press("left", "left")
        assert person.main.context == "tree"


async def test_the_line_of_keys_is_that_of_the_pane() -> None:
    async with whole_app(size=WIDE) as person:
        assert "q Quit" in person.text()
        await person.press("y")
        assert "T Subscribed/all" in person.text()
        await person.press("I")
        assert "F Follow" in person.text()


# Themes


async def test_the_theme_is_changed_while_running() -> None:
    async with whole_app() as person:
        assert person.app.theme == "terminal"
        before = theme.style("status")
        await person.opens("colon")
        await person.type("theme")
        await person.press("enter")
        await person.type("dark")
        await person.press("enter")
        assert person.app.theme == "dark"
        assert theme.style("status") != before


async def test_help_names_the_ids_one_may_bind() -> None:
    async with whole_app(size=WIDE) as person:
        await person.opens("question_mark")
        await person.sees("message.open", "Read the message")


async def test_figures_of_many_folders_are_taken_over_a_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # All of an account's folders read for each of their batches held up every key for a second.
    async with whole_app() as person:
        known = person.main.mailboxes["demo"]
        names = tuple(known)
        known.clear()
        asked: list[int] = []
        named = person.service.mailboxes_named

        def count(account: str, wanted: Sequence[bytes]) -> Future[list[StoredMailbox]]:
            asked.append(len(wanted))
            return named(account, wanted)

        monkeypatch.setattr(person.service, "mailboxes_named", count)
        event = events.CountsChanged("demo", names * (200 // len(names)))
        person.main.on_mail_event(MailEvent(event))
        await person.until(lambda: sum(asked) == len(event.names) and len(known) == len(names))
        assert max(asked) <= 50
