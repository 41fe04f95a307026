"""What a person is asked and told on the way from Send to the server's 250."""

from __future__ import annotations

import pytest
from servers.scripted_smtp import Close, Steps
from writing_app import answers, begin, draft, refusing, until_sent, write, writing

from tui_mail.mail import events
from tui_mail.ui.controllers import composing
from tui_mail.ui.controllers.open_draft import OpenDraft
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


async def test_some_refused_recipients_are_asked_about() -> None:
    steps = {"RCPT 2": b"550 5.1.1 no such user"}
    async with refusing(steps, {}) as (person, server):
        await write(person, "eve@x.example, adam@x.example", "Tea", "text")
        await person.press("f9")
        await person.sees("Correct it: back to the draft", "the server refused adam@x.example")
        await person.press("down", "enter")
        await until_sent(person)
        assert [each.recipients for each in server.accepted] == [("eve@x.example",)]


async def test_why_it_was_not_sent_is_told_where_the_server_said_nothing() -> None:
    async with refusing({"MAIL": Close()}) as (person, _):
        await write(person, "eve@x.example", "Tea", "text")
        await person.press("f9")
        await person.until(lambda: "Not sent yet, again at " in person.notice, "the notice")
        assert "Tea" in person.notice and "closed the connection" in person.notice


@pytest.mark.parametrize(
    "steps, told",
    [
        ({"MAIL": Close()}, "Not sent yet, again at "),
        ({"RCPT 2": b"550 5.1.1 no such user"}, "Correct it: back to the draft"),
    ],
    ids=["again", "asked"],
)
async def test_a_server_that_answers_before_the_draft_is_put_away(
    steps: Steps, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with refusing(steps, {}) as (person, _):
        main = person.main
        put_away = main.composing.close

        async def later(opened: OpenDraft) -> None:
            entries = main.outbox.entries.values()
            await person.until(lambda: any(e.tries or e.refused for e in entries), "the answer")
            await put_away(opened)

        monkeypatch.setattr(main.composing, "close", later)
        await write(person, "eve@x.example, adam@x.example", "Tea", "text")
        await person.press("f9")
        await person.sees(told)


async def test_what_may_have_been_sent_is_edited_after_a_question() -> None:
    async with refusing({"dot": Close()}) as (person, _):
        await write(person, "eve@x.example", "Tea", "my words")
        await person.press("f9")
        await person.until(lambda: "Nobody knows" in person.notice, "the notice")
        await person.opens("Q")
        await person.sees("uncertain", "All of the message was sent", "before sending it again")
        await person.press("d")
        await answers(person, "Nobody knows whether it was sent", "n")
        await person.opens("Q")
        await person.press("enter")
        await answers(person, "it may arrive twice", "y")
        await person.until(lambda: person.main.composing.drafts, "the draft")
        assert draft(person).body == "my words"
