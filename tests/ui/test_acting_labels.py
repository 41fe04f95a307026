"""Labels set and cleared by name, in the list and in the header of what is read."""

from __future__ import annotations

from main_app import Person, whole_app

from tui_mail.ui.widgets.prompt import Prompt


async def flag_prompt(person: Person, key: str, typed: str) -> None:
    await person.opens(key)
    await person.type(typed)
    await person.press("enter")
    await person.until(lambda: not isinstance(person.app.screen, Prompt))


async def test_a_label_is_set_by_its_name_and_cleared_again() -> None:
    async with whole_app() as person:
        uid = person.main.messages.cursor_uid
        await flag_prompt(person, "w", "Work")
        await person.until(lambda: "#work Welcome" in person.row(uid))
        assert "add #work to 1 message" in person.notice
        person.main.messages.go_to_uid(uid)
        await person.opens("W")
        # Only what the message has is offered.
        await person.sees("! flagged   work")
        assert "personal" not in person.text()
        await person.press("tab", "enter")
        await person.until(lambda: "#work" not in person.row(uid))


async def test_the_labels_are_offered_and_tab_completes_a_name() -> None:
    async with whole_app() as person:
        uid = person.main.messages.cursor_uid
        await person.opens("w")
        await person.sees("N new", "important", "personal", "later")
        await person.press("p", "tab", "enter")
        await person.until(lambda: "#personal" in person.row(uid))


async def test_a_new_keyword_and_a_flag_by_its_letter() -> None:
    async with whole_app() as person:
        uid = person.main.messages.cursor_uid
        await flag_prompt(person, "w", "$Urgent")
        await person.until(lambda: "#Urgent" in person.row(uid))
        person.main.messages.go_to_uid(uid)
        await flag_prompt(person, "w", "!")
        await person.until(lambda: "N!" in person.row(uid))
        person.main.messages.go_to_uid(uid)
        await flag_prompt(person, "W", "urgent")
        await person.until(lambda: "#Urgent" not in person.row(uid))


async def test_the_header_of_what_is_read_follows_its_labels() -> None:
    async with whole_app() as person:
        await person.read("Welcome")
        assert "Labels:" not in person.reads()
        await flag_prompt(person, "w", "important")
        await person.until(lambda: "Labels: #important" in person.reads(), "the label")
        await flag_prompt(person, "w", "todo")
        await person.until(lambda: "Labels: #important #todo" in person.reads(), "both labels")
        await person.press("h")
        await person.until(lambda: "Message-ID:" in person.reads())
        assert "Labels: #important #todo" in person.reads()
