"""The one-line prompt: answers, history, completion of paths."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tui_mail.ui.widgets.prompt import Prompt, common_start, complete_path


class Host(App[None]):
    """Opens a prompt and keeps what it answered."""

    def __init__(self, prompt: Prompt) -> None:
        super().__init__()
        self.prompt = prompt
        self.answers: list[str | None] = []

    def on_mount(self) -> None:
        self.push_screen(self.prompt, self.answers.append)

    @property
    def line(self) -> Input:
        return self.prompt.query_one(Input)


async def answers(prompt: Prompt, *keys: str) -> list[str | None]:
    app = Host(prompt)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        return app.answers


async def test_what_is_typed_is_the_answer() -> None:
    assert await answers(Prompt("Search:"), "q", "?", "space", "x", "enter") == ["q? x"]


async def test_a_value_given_can_be_edited() -> None:
    assert await answers(Prompt("Save:", "file.pdf"), "backspace", "x", "enter") == ["file.pdx"]


@pytest.mark.parametrize("key", ["escape", "ctrl+g", "ctrl+c"])
async def test_it_can_be_called_off(key: str) -> None:
    assert await answers(Prompt("Search:"), "a", key) == [None]


async def test_an_empty_line_is_no_answer_unless_allowed() -> None:
    assert await answers(Prompt("Search:"), "enter") == []
    assert await answers(Prompt("Search:", allow_empty=True), "enter") == [""]


async def test_history_is_gone_through_and_what_was_typed_comes_back() -> None:
    prompt = Prompt("Search:", history=["first", "second"])
    assert await answers(prompt, "n", "up", "up", "up", "enter") == ["first"]
    prompt = Prompt("Search:", history=["first", "second"])
    assert await answers(prompt, "n", "up", "down", "down", "enter") == ["n"]


async def press_tab(app: Host, pilot: Pilot[Any]) -> None:
    await pilot.press("tab")
    await pilot.pause()


async def test_tab_fills_in_what_is_certain_and_shows_the_rest(tmp_path: Path) -> None:
    for name in ("mail-one", "mail-two"):
        (tmp_path / name).mkdir()
    app = Host(Prompt("Save to:", f"{tmp_path}/m", complete=complete_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await press_tab(app, pilot)
        candidates = app.prompt.query_one("#candidates", Static)
        assert app.line.value == f"{tmp_path}/mail-"
        assert candidates.display
        assert "mail-one  mail-two" in str(candidates.render())
        await pilot.press("o")
        await press_tab(app, pilot)
        assert app.line.value == f"{tmp_path}/mail-one/"
        assert not candidates.display
        await pilot.press("enter")
    assert app.answers == [f"{tmp_path}/mail-one/"]


async def test_a_completion_that_comes_late_changes_nothing() -> None:
    app = Host(Prompt("Save to:", "a", complete=lambda text: changed(text)))

    def changed(text: str) -> Sequence[str]:
        app.call_from_thread(setattr, app.line, "value", "b")
        return ["abc"]

    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await press_tab(app, pilot)
        assert app.line.value == "b"


def test_paths_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Mail").mkdir()
    (tmp_path / "Mappe.txt").touch()
    (tmp_path / "Ma\nline").touch()
    (tmp_path / ".hidden").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert complete_path(f"{tmp_path}/Ma") == [f"{tmp_path}/Mail/", f"{tmp_path}/Mappe.txt"]
    assert complete_path(f"{tmp_path}/Ma", folders_only=True) == [f"{tmp_path}/Mail/"]
    assert complete_path("~/M", folders_only=True) == ["~/Mail/"]
    assert complete_path("~") == ["~/"]
    assert complete_path(f"{tmp_path}/.") == [f"{tmp_path}/.hidden/"]
    assert complete_path(f"{tmp_path}/none/x") == []
    assert complete_path("a\0b/c") == []
    monkeypatch.chdir(tmp_path)
    assert complete_path("Mai") == ["Mail/"]


def test_what_all_begin_with() -> None:
    assert common_start(["abc", "abd"]) == "ab"
    assert common_start(["abc", "ab"]) == "ab"
    assert common_start(["abc"]) == "abc"
    assert common_start(["abc", "xyz"]) == ""
