"""What a person is asked and told on the way from Send to the server's 250."""

from __future__ import annotations

import pytest
from writing_app import begin, draft, refusing, until_sent, write, writing

from tui_mail.mail import events
from tui_mail.ui.controllers import composing
from tui_mail.ui.screens.password import PasswordScreen


async def test_a_refused_password_is_asked_for_and_the_message_goes() -> None:
    async with refusing({}) as (person, server):
        server.password = "another one"
        await write(person, "eve@x.example", "Tea", "my words")
        await person.press("f9")
        await person.until(lambda: isinstance(person.app.screen, PasswordScreen), "the question")
        await person.sees("Password for sending from", "535", "Password: ")
        await person.type("another one")
        await person.press("enter")
        await until_sent(person)
        assert len(server.accepted) == 1


async def test_the_question_for_a_password_waits_until_nobody_types(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(composing, "REST", 600.0)
    monkeypatch.setattr(composing, "PAUSE", 0.01)
    async with writing() as person:
        await begin(person)
        await person.type("e")
        wanted = events.PasswordWanted(person.main.account, "me", "mail.example", "no", True)
        person.main.service._publish(wanted)
        await person.type("ve@x.example")
        assert draft(person).to == "eve@x.example"
        assert person.app.screen is person.main
        monkeypatch.setattr(composing, "REST", 0.0)
        await person.until(lambda: isinstance(person.app.screen, PasswordScreen), "the question")
