"""Help, password, confirmation and error: what they say, what they answer, how they close."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App
from textual.screen import Screen
from textual.widgets import Input

from tui_mail.errors import CommandRefused, ConnectionFailed, CredentialError, MailError
from tui_mail.ui.actions import ACTIONS
from tui_mail.ui.keymap import Keymap
from tui_mail.ui.screens.confirm import Confirm
from tui_mail.ui.screens.error import ErrorScreen
from tui_mail.ui.screens.help import HelpScreen, help_rows
from tui_mail.ui.screens.password import PasswordAnswer, PasswordScreen


class Host(App[None], inherit_bindings=False):
    def __init__(self, dialog: Screen[Any]) -> None:
        super().__init__()
        self.dialog = dialog
        self.answers: list[Any] = []

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.answers.append)

    def text(self) -> str:
        return "\n".join(strip.text for strip in self.screen._compositor.render_strips())


async def answers(dialog: Screen[Any], *keys: str) -> list[Any]:
    app = Host(dialog)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        return app.answers


async def shown(dialog: Screen[Any], *keys: str) -> str:
    app = Host(dialog)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        return app.text()


# Confirm


@pytest.mark.parametrize(
    ("key", "answer"),
    [("y", True), ("n", False), ("q", False), ("escape", False), ("ctrl+g", False)],
)
async def test_a_question_is_answered_by_one_key(key: str, answer: bool) -> None:
    assert await answers(Confirm("Leave?"), key) == [answer]


async def test_other_keys_and_enter_answer_nothing() -> None:
    assert await answers(Confirm("Leave?"), "enter", "space", "d", "tab") == []


async def test_a_question_names_its_answers() -> None:
    text = await shown(Confirm("Leave [/now]?", "3 are on their way.", yes="Leave", no="Stay"))
    assert "Leave [/now]?" in text
    assert "3 are on their way." in text
    assert "y Leave  n Stay" in text


# Error

REFUSED = CommandRefused(
    "Lists/[python] could not be opened.",
    server_line="A12 NO [NOPERM] Access\x1b[2J denied [/foo]",
    advice="Ask whoever runs the server.",
)


async def test_an_error_says_what_the_server_said_and_what_to_try() -> None:
    text = await shown(ErrorScreen(REFUSED, account="work"))
    assert "work: not done" in text
    assert "Lists/[python] could not be opened." in text
    assert "A12 NO [NOPERM] Access\ufffd[2J denied [/foo]" in text
    assert "Ask whoever runs the server." in text
    assert "Try again" not in text


async def test_a_command_is_no_server() -> None:
    failed = CredentialError("password_command (pass) ended with status 3", server_line="boom")
    text = await shown(ErrorScreen(failed))
    assert "It said:" in text and "boom" in text
    assert "server" not in text


async def test_only_what_may_work_later_is_offered_again() -> None:
    lost = ConnectionFailed("The connection was lost.")
    assert "r Try again" in await shown(ErrorScreen(lost))
    assert await answers(ErrorScreen(lost), "r") == [True]
    assert await answers(ErrorScreen(REFUSED), "r") == []
    assert await answers(ErrorScreen(REFUSED, retry=True), "r") == [True]


@pytest.mark.parametrize("key", ["q", "escape", "enter", "space", "ctrl+g"])
async def test_an_error_is_closed_by_any_of_the_usual_keys(key: str) -> None:
    assert await answers(ErrorScreen(REFUSED), key) == [False]


async def test_a_long_answer_leaves_the_keys_on_the_screen() -> None:
    endless = MailError("x" * 5000, server_line="y\n" * 5000, advice="z" * 5000)
    assert await answers(ErrorScreen(endless), "q") == [False]


# Password


def password(**options: Any) -> PasswordScreen:
    return PasswordScreen("work", "anna@example.org", "mail.example.org", **options)


async def test_a_password_is_given_with_any_character_in_it() -> None:
    assert await answers(password(), "q", "?", "space", "ä", "enter") == [
        PasswordAnswer("q? ä", remember=False)
    ]


async def test_the_keyring_is_offered_and_only_used_when_asked() -> None:
    assert await answers(password(), "a", "tab", "enter") == [PasswordAnswer("a", remember=True)]
    assert await answers(password(), "a", "tab", "tab", "enter") == [
        PasswordAnswer("a", remember=False)
    ]
    assert "keyring" in await shown(password())
    assert "keyring" not in await shown(password(keyring=False))
    assert await answers(password(keyring=False), "a", "tab", "enter") == [
        PasswordAnswer("a", remember=False)
    ]


@pytest.mark.parametrize("key", ["escape", "ctrl+g", "ctrl+c"])
async def test_a_password_can_be_refused(key: str) -> None:
    assert await answers(password(), "a", key) == [None]


async def test_an_empty_password_is_none() -> None:
    assert await answers(password(), "enter") == []


async def test_the_password_is_never_shown() -> None:
    text = await shown(password(reason="No keyring [/x] answered."), "s", "3", "c", "r", "3", "t")
    assert "s3cr3t" not in text
    assert "No keyring [/x] answered." in text
    assert "anna@example.org at mail.example.org" in text
    assert "s3cr3t" not in repr(PasswordAnswer("s3cr3t", remember=True))


async def test_the_password_cannot_be_copied_off_the_line() -> None:
    app = Host(password())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("s", "3", "home", "shift+end", "ctrl+x")
        assert app.dialog.query_one(Input).value == "s3"
        assert app.clipboard == ""


# Help


def test_help_lists_every_action_and_the_panes_own_first() -> None:
    rows = list(help_rows(Keymap(), "viewer"))
    assert rows[0] == ("Message", "", "")
    assert {row[2] for row in rows} - {""} == {action.id for action in ACTIONS}


def test_help_shows_the_keys_in_force_and_what_is_wrong_with_them() -> None:
    rows = list(help_rows(Keymap({"viewer.links": ("h",)}), "viewer"))
    keys = {action_id: keys for keys, _, action_id in rows}
    assert keys["viewer.links"] == "h"
    assert keys["viewer.headers"] == ""
    assert any("viewer.headers loses it" in description for _, description, _ in rows)


@pytest.mark.parametrize("key", ["q", "escape", "question_mark", "f1", "ctrl+g"])
async def test_help_closes_with_the_key_that_opened_it_and_the_usual(key: str) -> None:
    assert await answers(HelpScreen(Keymap(), "list"), key) == [None]


async def test_help_turns_its_pages() -> None:
    first = await shown(HelpScreen(Keymap(), "list"))
    assert "Read the message" in first
    second = await shown(HelpScreen(Keymap(), "list"), "space")
    assert "Read the message" not in second
    assert await shown(HelpScreen(Keymap(), "list"), "space", "minus") == first
