"""Acting on mail from the keyboard, in the whole program against the embedded server."""

from __future__ import annotations

from dataclasses import replace

from main_app import NOW, whole_app
from textual.events import Key

from tui_mail.config import ActionSettings, Deletion
from tui_mail.demo.thread import demo_in_thread
from tui_mail.model import FLAGGED, RECENT, SEEN


async def test_delete_takes_the_row_and_undo_brings_it_back() -> None:
    async with whole_app() as person:
        messages = person.main.messages
        count = len(messages.order)
        await person.press("d")
        await person.until(lambda: len(messages.order) == count - 1)
        assert "Trash" in person.notice
        await person.press("u")
        await person.until(lambda: len(messages.order) == count)


async def test_flags_mean_the_tagged_messages() -> None:
    async with whole_app() as person:
        messages = person.main.messages
        first, second = messages.order[0], messages.order[1]
        await person.press("t", "t")
        assert messages.tagged == (first, second)
        await person.press("F")

        def flagged() -> bool:
            rows = [messages.row(uid) for uid in (first, second)]
            return all(row is not None and FLAGGED in row.flags for row in rows)

        await person.until(flagged)
        await person.until(lambda: messages.tagged == ())


async def test_limit_shows_what_matches_and_all_ends_it() -> None:
    async with whole_app() as person:
        messages = person.main.messages
        count = len(messages.order)
        await person.press("l")
        await person.type("~s lunch")
        await person.press("enter")
        await person.until(lambda: 0 < len(messages.order) < count)
        await person.press("l")
        await person.type("all")
        await person.press("enter")
        await person.until(lambda: len(messages.order) == count)


async def test_a_wrong_pattern_says_what_is_wrong() -> None:
    async with whole_app() as person:
        await person.press("l")
        await person.type("~")
        await person.press("enter")
        await person.until(lambda: "~" in person.notice)


async def test_unread_again_after_reading() -> None:
    async with whole_app() as person:
        main = person.main
        uid = await person.read("Welcome")

        def flags() -> frozenset[str]:
            rows = main.service.rows(main.mailbox.mailbox_id, [uid]).result()
            return rows[0].flags

        await person.until(lambda: SEEN in flags())
        await person.press("N")
        await person.until(lambda: SEEN not in flags())


async def test_a_folder_made_renamed_and_deleted_from_the_tree() -> None:
    async with whole_app() as person:
        main = person.main

        def there(name: bytes) -> bool:
            return name in main.mailboxes["demo"]

        await person.until(lambda: there(b"Archive"))
        main.folder_tree.go_to_mailbox("demo", b"Archive")
        await person.press("y")
        await person.press("C")
        await person.type("New")
        await person.press("enter")
        await person.until(lambda: there(b"Archive/New"))
        main.folder_tree.go_to_mailbox("demo", b"Archive/New")
        await person.press("d")
        await person.sees("Delete the folder Archive/New?")
        await person.press("y")
        await person.until(lambda: not there(b"Archive/New"))


async def test_text_pasted_without_brackets_deletes_nothing() -> None:
    async with whole_app() as person:
        count = len(person.main.messages.order)
        for letter in "jkdaS":
            person.app.post_message(Key(letter, letter))
        await person.until(lambda: "pasted" in person.notice)
        await person.press("j", "k")
        assert len(person.main.messages.order) == count
        assert not person.main.service.undo_stack("demo")


async def test_a_range_is_tagged_from_the_last_tag_to_the_cursor() -> None:
    async with whole_app() as person:
        messages = person.main.messages
        await person.press("V")
        assert not messages.tagged
        assert "then go to the last" in person.notice
        await person.press("j", "t", "j", "j", "V")
        assert messages.tagged == tuple(messages.order[1:5])
        await person.press("home", "V")
        assert messages.tagged == tuple(messages.order[0:5])


async def test_what_changes_nothing_is_not_told_as_done() -> None:
    async with whole_app() as person:
        await person.opens("W")
        await person.type("urgent")
        await person.press("enter")
        await person.until(lambda: person.notice.startswith("They are so already"))
        assert "takes it back" not in person.notice
        await person.opens("w")
        await person.type("two words")
        await person.press("enter")
        await person.sees("two words cannot be the name of a flag")


async def test_what_is_marked_as_deleted_while_read_gives_way_to_the_next_message() -> None:
    with demo_in_thread(NOW) as settings:
        marking = replace(settings, actions=ActionSettings(delete=Deletion.MARK))
        async with whole_app(marking) as person:
            uid = await person.read("Welcome")
            index = list(person.main.messages.order).index(uid)
            await person.press("d")
            await person.shown(person.main.messages.order[index + 1])
            assert person.main.context == "viewer"


async def test_a_label_is_looked_for_by_the_name_it_is_shown_with() -> None:
    async with whole_app() as person:
        messages = person.main.messages
        uid = messages.cursor_uid
        await person.opens("w")
        await person.type("later")
        await person.press("enter")
        await person.until(lambda: "add #later" in person.notice)
        await person.opens("l")
        await person.type("~k later")
        await person.press("enter")
        await person.until(lambda: uid in messages.order and len(messages.order) < 10)


async def test_the_tag_prefix_of_mutt_says_what_is_meant() -> None:
    async with whole_app() as person:
        await person.press(";")
        assert person.notice.startswith("No message is tagged")
        await person.press("t", "t", ";")
        assert person.notice == "The next action means 2 tagged messages"


async def test_flags_are_replaced_and_come_back() -> None:
    async with whole_app() as person:
        main = person.main
        uid = main.messages.cursor_uid

        def flags() -> frozenset[str]:
            return main.service.rows(main.mailbox.mailbox_id, [uid]).result()[0].flags - {RECENT}

        await person.press("F")
        await person.until(lambda: FLAGGED in flags())
        before = flags()
        main.messages.go_to_uid(uid)
        await person.opens("w")
        await person.sees("exactly these")
        await person.type("=later O")
        await person.press("enter")
        await person.until(lambda: flags() == {SEEN, "$label5"})
        await person.press("u")
        await person.until(lambda: flags() == before)
