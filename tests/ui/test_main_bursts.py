"""Keys that come in one piece, as a slow line or a paste without brackets delivers them."""

from __future__ import annotations

from main_app import Person, whole_app
from textual import events
from textual.widgets import Input

from tui_mail.ui.widgets.compose_pane import ComposePane

KEY_NAMES = {"/": "slash", "\r": "enter", "\x7f": "backspace", "\x07": "ctrl+g"}


def send(person: Person, text: str) -> None:
    """All of these keys before any of them is done."""
    for character in text:
        name = KEY_NAMES.get(character, character)
        person.app.post_message(events.Key(name, character if character.isprintable() else None))


async def test_what_is_typed_behind_a_key_that_asks_is_the_answer() -> None:
    async with whole_app() as person:
        uid = await person.read("Welcome")
        send(person, "/pane")
        await person.sees("Search: pane")
        assert person.app.screen.query_one(Input).value == "pane"
        assert person.main.reading.message is not None and person.main.reading.message.uid == uid


async def test_a_key_of_the_line_editor_stands_where_it_was_typed() -> None:
    async with whole_app() as person:
        await person.read("Welcome")
        send(person, "/pabx\x7f\x7fne\x07/hart\x7f")
        await person.until(
            lambda: [line.value for line in person.app.screen.query(Input)] == ["har"], "the line"
        )


async def test_each_key_belongs_to_what_the_one_before_it_left_in_front() -> None:
    async with whole_app() as person:
        await person.go_to("Welcome")
        # Open the message, search in it, go back to the list, and to another folder by its name.
        send(person, "\r/wire\rqcPatc\r")
        await person.until(lambda: person.main.mailbox.name == b"Lists/Patches", "the folder")
        assert not person.main.query(ComposePane)
        assert len(person.app.screen_stack) == 1
