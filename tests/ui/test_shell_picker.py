"""The picker: what matches, in which order, and what is answered; the command palette."""

from __future__ import annotations

import time
from typing import Any

import pytest
from textual.app import App

from tui_mail.ui.actions import BY_ID, CONTEXTS
from tui_mail.ui.keymap import Keymap
from tui_mail.ui.widgets.picker import Choice, Picker, action_choices, matching

FOLDERS = ["INBOX", "Archive/2023", "Lists/python-dev", "Lists/Python", "Projects/pyre", "Sent"]


def found(typed: str, names: list[str] = FOLDERS) -> list[str]:
    pairs = [(name.casefold(), "") for name in names]
    return [names[index] for index in matching(pairs, typed)]


def test_nothing_typed_is_everything_in_its_order() -> None:
    assert found("") == FOLDERS
    assert found("  ") == FOLDERS


def test_the_best_comes_first() -> None:
    assert found("python") == ["Lists/Python", "Lists/python-dev"]
    assert found("PY") == ["Lists/python-dev", "Lists/Python", "Projects/pyre"]
    assert found("lists py") == ["Lists/python-dev", "Lists/Python"]
    assert found("inbox") == ["INBOX"]
    assert found("nothing") == []


def test_every_word_has_to_be_there() -> None:
    assert found("dev lists") == ["Lists/python-dev"]
    assert found("dev sent") == []


def test_more_text_is_searched_than_shown() -> None:
    assert matching([("a link", "https://example.org/"), ("b", "")], "example") == [0]


def test_twenty_thousand_names_are_filtered_between_two_keys() -> None:
    pairs = [(f"lists/number {number}/archive", "") for number in range(20_000)]
    before = time.perf_counter()
    assert len(matching(pairs, "number 19 arch")) > 1000
    assert time.perf_counter() - before < 1


class Host(App[None]):
    def __init__(self, picker: Picker) -> None:
        super().__init__()
        self.picker = picker
        self.answers: list[Any] = []

    def on_mount(self) -> None:
        self.push_screen(self.picker, self.answers.append)


async def answers(picker: Picker, *keys: str) -> list[Any]:
    app = Host(picker)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        return app.answers


def choices() -> list[Choice]:
    return [Choice(name, name.encode()) for name in FOLDERS]


async def test_the_chosen_value_is_the_answer() -> None:
    assert await answers(Picker("Folder", choices()), "p", "y", "t", "enter") == [
        b"Lists/python-dev"
    ]
    assert await answers(Picker("Folder", choices()), "p", "y", "down", "enter") == [
        b"Lists/Python"
    ]
    assert await answers(Picker("Folder", choices()), "down", "down", "up", "enter") == [
        b"Archive/2023"
    ]
    assert await answers(Picker("Folder", choices(), selected=2), "enter") == [b"Lists/python-dev"]
    assert await answers(Picker("Folder", choices(), typed="sen"), "t", "enter") == [b"Sent"]


@pytest.mark.parametrize("key", ["escape", "ctrl+g", "ctrl+c"])
async def test_it_can_be_called_off(key: str) -> None:
    assert await answers(Picker("Folder", choices()), key) == [None]


async def test_enter_on_nothing_waits() -> None:
    assert await answers(Picker("Folder", choices()), "z", "z", "z", "enter") == []
    assert await answers(Picker("Folder", []), "enter", "down", "escape") == [None]


async def test_names_are_cleaned_and_no_markup() -> None:
    app = Host(Picker("[/x]", [Choice("[bold]\x1b[31m/[/foo]", 1, detail="[/x]\n")]))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        shown = "\n".join(strip.text for strip in app.picker._compositor.render_strips())
        assert "[bold]\ufffd[31m/[/foo]" in shown
        assert "\x1b" not in shown


def test_the_palette_names_every_action_that_counts_here() -> None:
    keymap = Keymap()
    for context in CONTEXTS:
        ids = [choice.value for choice in action_choices(keymap, context)]
        assert len(ids) == len(set(ids))
        assert set(ids) <= set(BY_ID)
    here = {choice.value: choice for choice in action_choices(keymap, "list")}
    assert {"message.open", "app.help", "app.theme", "wire.toggle"} <= set(here)
    assert "viewer.links" not in here
    assert here["app.help"].detail.split() == ["app.help", "?"]
    assert here["app.theme"].detail.split() == ["app.theme"]
