"""Writing mail in the whole program: from the key to the mailbox it arrives in, and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from main_app import NARROW, NOW, SECONDS, WIDE, whole_app
from textual.widgets import Input
from writing_app import (
    answers,
    begin,
    change_folder,
    draft,
    entries,
    opened,
    refusing,
    subjects,
    until_sent,
    write,
    writing,
)

from tui_mail.config import ComposeSettings, Identity
from tui_mail.demo.people import ME_ADDRESS
from tui_mail.demo.thread import demo_in_thread
from tui_mail.mail import address_learning
from tui_mail.mail.compose import mailto
from tui_mail.mail.compose.values import Sending
from tui_mail.model import ANSWERED
from tui_mail.ui.screens.error import ErrorScreen
from tui_mail.ui.screens.outbox import OutboxScreen
from tui_mail.ui.widgets.picker import Picker
from tui_mail.ui.widgets.prompt import Prompt

# From the key to the mailbox


async def test_what_is_written_to_oneself_arrives_and_is_in_sent() -> None:
    async with writing() as person:
        await write(person, ME_ADDRESS, "Tea, möglichst heiß", "Dear me,")
        await person.press("f9")
        entry = await until_sent(person)
        assert entry.reply.startswith("250 ")
        await person.sees("Tea, möglichst heiß")
        assert person.main.composing.drafts == []
        assert person.main.context == "list"
        await change_folder(person, "Sent")
        assert subjects(person).count("Tea, möglichst heiß") == 1


async def test_a_reply_quotes_and_marks_the_message_answered() -> None:
    async with writing() as person:
        uid = await person.read("Your umbrella")
        begun = await opened(person, "r")
        assert begun.subject == "Re: Your umbrella"
        assert "Gwen Hart" in begun.to
        assert "\n> " in begun.body
        await person.type("Thank you!")
        assert "> " in draft(person).body.partition("Thank you!")[0]
        await person.press("f9")
        await until_sent(person)

        def is_answered() -> bool:
            rows = person.service.rows(person.main.mailbox.mailbox_id, [uid]).result(SECONDS)
            return ANSWERED in rows[0].flags

        await person.until(is_answered, "\\Answered")
        assert person.main.context == "viewer"


async def test_to_all_to_the_list_forwarded_and_edited_as_new() -> None:
    async with writing(size=WIDE) as person:
        await person.go_to("Lunch on Thursday")
        to_all = await opened(person, "g")
        assert to_all.cc or "," in to_all.to
        assert ME_ADDRESS not in to_all.to + to_all.cc
        person.main.show_reading(False)
        await person.go_to("The picture, the bill")
        forwarded = await opened(person, "f")
        assert forwarded.attachments
        assert forwarded.forwards
        await person.press("ctrl+o")
        await person.go_to("The picture, the bill")
        attached = await opened(person, "ctrl+f")
        assert [each.content_type for each in attached.attachments] == ["message/rfc822"]
        await person.press("ctrl+o")
        await person.go_to("Your umbrella")
        again = await opened(person, "e")
        assert again.subject == "Your umbrella"
        assert len(person.main.composing.drafts) == 4
        await person.sees("Draft 4 of 4", "4 drafts")


async def test_a_reply_to_the_list_goes_to_the_list_alone() -> None:
    async with refusing({}) as (person, server):
        await change_folder(person, "Lists/Protocol")
        await person.press("=", "enter")
        begun = await opened(person, "L")
        assert (begun.to, begun.cc) == ("protocol@lists.example", "")
        assert begun.subject.startswith("Re: ") and begun.in_reply_to and "\n> " in begun.body
        await person.press("f9")
        await until_sent(person)
        assert [each.recipients for each in server.accepted] == [("protocol@lists.example",)]


async def test_a_reply_to_a_list_that_is_none_is_told() -> None:
    async with writing() as person:
        await person.go_to("Your umbrella")
        await person.press("L")
        await person.sees("not from a mailing list")
        assert person.main.composing.drafts == []


async def test_a_bounce_goes_to_somebody_else_as_it_is() -> None:
    async with refusing({}) as (person, server):
        await person.read("Your umbrella")
        await person.opens("b")
        assert isinstance(person.app.screen, Prompt)
        await person.type("eve@")
        await person.press("enter")
        await person.sees("no domain; bounce to: eve@")
        await person.type("x.example")
        await person.press("enter")
        await answers(person, "Bounce this message to eve@x.example?", "y")
        await person.until(lambda: server.accepted, "the message")
        assert server.accepted[0].recipients == ("eve@x.example",)
        assert b"Resent-To: eve@x.example" in server.accepted[0].data


async def test_a_person_who_always_uses_the_editor_is_told_where_that_cannot_be() -> None:
    with demo_in_thread(NOW) as settings:
        settings = replace(settings, compose=ComposeSettings(editor="vi", always_edit=True))
        async with whole_app(settings) as person:
            await person.opens("m")
            await person.press("enter")
            await person.sees("This terminal cannot be lent to an editor")
            assert len(person.main.composing.drafts) == 1


async def test_a_draft_from_the_command_line_is_open_at_once() -> None:
    link = "mailto:eve@x.example?subject=From%20a%20link&attach=/etc/passwd"
    async with writing() as person:
        person.main.composing.asked_for = mailto.parse(link)
        await person.main.composing.start()
        begun = draft(person)
        assert (begun.to, begun.subject, begun.attachments) == ("eve@x.example", "From a link", ())
        await person.sees("asked for: attach")
        assert person.main.context == "compose"


# What is asked before it goes


async def test_a_wrong_address_keeps_it_and_the_cursor_goes_there() -> None:
    async with refusing({}) as (person, server):
        await write(person, "eve@x.example, adam@", "Tea", "text")
        await person.press("f9")
        await person.sees("To: ")
        field = person.app.focused
        assert getattr(field, "field", "") == "to"
        assert getattr(field, "cursor_position", 0) == len("eve@x.example, adam@")
        assert person.notice.startswith("To: ")
        await person.type("x.example")
        await person.press("f9")
        await until_sent(person)
        assert server.accepted[0].recipients == ("eve@x.example", "adam@x.example")


async def test_nobody_to_send_to_is_told() -> None:
    async with writing() as person:
        await begin(person)
        await person.press("f9")
        await person.until(lambda: person.notice.startswith("Nobody to send it to"), "the notice")
        assert entries(person) == []


async def test_no_subject_and_a_forgotten_file_are_asked_about() -> None:
    async with writing() as person:
        await write(person, ME_ADDRESS, "", "see the attached file")
        await person.press("f9")
        await answers(person, "without a subject?", "n")
        await person.until(lambda: getattr(person.app.focused, "field", "") == "subject", "there")
        await person.press("f9")
        await answers(person, "without a subject?", "y")
        await answers(person, "without an attachment?", "n")
        await person.until(lambda: isinstance(person.app.screen, Prompt), "a path is asked for")
        await person.press("ctrl+g", "f9")
        await answers(person, "without a subject?", "y")
        await answers(person, "without an attachment?", "y")
        await until_sent(person)


async def test_a_file_goes_with_it_and_its_size_is_held_against_the_servers(
    tmp_path: Path,
) -> None:
    (tmp_path / "big.bin").write_bytes(bytes(900_000))
    (tmp_path / "small.txt").write_text("hello\n")
    async with refusing({}) as (person, server):
        person.main.composing.last_folder = f"{tmp_path}/"

        async def attach(key: str, name: str) -> None:
            await person.opens(key)
            await person.type(name[0])
            await person.press("tab")
            await person.sees(name)
            await person.press("enter")
            await person.sees(f"Attached: {name}")

        await write(person, ME_ADDRESS, "small", "text")
        await attach("f7", "small.txt")
        await person.opens("f7")
        await person.type("nothing")
        await person.press("enter")
        await person.sees("Not attached: there is no such file: ")
        await person.opens("f7")
        assert person.app.screen.query_one(Input).value == f"{tmp_path}/nothing"
        await person.press("escape")
        person.main.composing.last_folder = f"{tmp_path}/"
        await person.sees("as sent of 977K")  # asked for now: nothing was sent so far
        await person.press("ctrl+x", "D")
        await person.sees("No attachments")
        await attach("a", "small.txt")
        await person.press("y")
        await until_sent(person)
        assert b"small.txt" in server.accepted[0].data

        await write(person, ME_ADDRESS, "big", "text")
        await attach("f7", "big.bin")
        await person.sees("879K, 1.2M as sent of 977K: too big")
        await person.press("f9")
        await answers(person, "although the server will refuse it?", "n")
        assert len(person.main.composing.drafts) == 1
        assert len(server.accepted) == 1


# Called back, refused


async def test_what_is_held_can_be_called_back() -> None:
    async with writing(hold=600) as person:
        await write(person, ME_ADDRESS, "Too early", "half a sen")
        await person.press("f9")
        await person.until(lambda: "U calls it back" in person.notice, "the notice")
        await person.sees("1 to send")
        back = await opened(person, "U")
        assert (back.subject, back.body) == ("Too early", "half a sen")
        assert entries(person) == []
        assert "to send" not in person.text()
        await person.until(lambda: "Called back" in person.notice, "the notice")


async def test_leaving_with_something_unsent_asks() -> None:
    async with writing(hold=600) as person:
        await write(person, ME_ADDRESS, "Held", "text")
        await person.press("f9")
        await person.sees("1 to send")
        await person.opens("q")
        await person.sees("1 message is not sent yet", "Leave: sent at the next start")
        await person.press("escape")
        (entry,) = entries(person)
        person.main.outbox.changed(replace(entry, state=Sending.SENDING))
        await person.opens("q")
        await person.sees("Leave: what is on its way is cut off")
        await person.press("down", "down", "enter")
        assert person.app.is_running
        await person.opens("q")
        await person.press("enter")
        await person.until(lambda: not person.app.is_running, "the end")
        assert entries(person)[0].state in (Sending.ACCEPTED, Sending.FILED)


async def test_what_is_refused_is_a_draft_again_with_the_servers_line() -> None:
    reply = b"550 5.1.1 <eve@x.example>: Recipient address rejected: nobody here"
    async with refusing({"RCPT": reply}, {}) as (person, server):
        await write(person, "eve@x.example", "Tea", "my words")
        await person.press("f9")
        await person.until(lambda: isinstance(person.app.screen, ErrorScreen), "the refusal")
        await person.sees("Not sent: Tea", "nobody here", "there is no such mailbox")
        assert person.notice == ""
        await person.press("q")
        await person.until(lambda: person.main.context == "compose", "the draft")
        assert draft(person).body == "my words"
        assert server.accepted == []
        await person.press("f9")
        await until_sent(person)
        assert len(server.accepted) == 1


async def test_who_types_meanwhile_is_not_interrupted_by_a_refusal() -> None:
    async with refusing({"MAIL": b"554 5.7.1 go away"}, {}, hold=2) as (person, server):
        await write(person, "eve@x.example", "Tea", "my words")
        await person.press("f9")
        await person.until(lambda: not person.main.composing.drafts, "it is held")
        await write(person, "adam@x.example", "Coffee", "other words")
        await person.sees("Not sent: Tea", "Q: outbox", "1 not sent: Q")
        await person.type(" still")
        assert draft(person).body == "other words still"
        await person.press("ctrl+o")
        await person.opens("Q")
        await person.sees("554 5.7.1 go away")
        again = await opened(person, "enter")
        assert again.body == "my words"
        await person.sees("Draft 2 of 2")
        assert server.accepted == []


async def test_some_refused_recipients_are_named_and_the_others_can_have_it() -> None:
    steps = {"RCPT 2": b"550 5.1.1 no such user"}
    async with refusing(steps, {}) as (person, server):
        await write(person, "eve@x.example, adam@x.example", "Tea", "text")
        await person.press("f9")
        await person.until(lambda: isinstance(person.app.screen, Picker), "the question")
        await person.sees("the server refused adam@x.example", "1 not sent: Q")
        await person.press("escape")
        await person.opens("Q")
        assert isinstance(person.app.screen, OutboxScreen)
        await person.sees("adam@x.example: 550 5.1.1 no such user", "To the others")
        await person.press("o")
        await until_sent(person)
        assert [each.recipients for each in server.accepted] == [("eve@x.example",)]


# Drafts


async def test_a_key_that_repeats_sends_once() -> None:
    async with refusing({}) as (person, server):
        await write(person, "eve@x.example", "Tea", "text")
        await person.pilot.press("f9", "f9", "f9")
        await until_sent(person)
        assert len(entries(person)) == len(server.accepted) == 1


async def test_letters_typed_ahead_of_a_draft_are_no_commands() -> None:
    async with writing() as person:
        uid = await person.go_to("Your umbrella")
        before = list(person.main.messages.order)
        person.main.performer.perform("message.reply")
        await person.press("d", "N")
        await person.until(lambda: person.main.context == "compose", "the draft")
        await person.press("d")
        assert "d" in draft(person).body
        assert list(person.main.messages.order) == before
        assert person.service.rows(person.main.mailbox.mailbox_id, [uid]).result(SECONDS)


async def test_what_is_typed_is_kept_at_a_pause_and_found_again() -> None:
    async with writing() as person:
        await write(person, "eve@x.example", "Kept", "every word")

        def saved() -> list[str]:
            kept = person.service.writing.drafts().result(SECONDS)
            return [each.draft.body for each in kept]

        await person.until(lambda: saved() == ["every word"], "it is saved")


async def test_a_postponed_draft_is_in_the_folder_and_enter_goes_on_with_it() -> None:
    async with writing() as person:
        await write(person, "eve@x.example", "Later", "half")
        await person.press("f8")
        await person.until(lambda: not person.main.composing.drafts, "it is put away")
        await person.until(
            lambda: not person.service.writing.drafts().result(SECONDS), "it is on the server"
        )
        await person.press("R")  # there is nothing else to choose from
        await person.until(lambda: "Later" in subjects(person), "it is in the list")
        await person.go_to("Later")
        again = await opened(person, "enter")
        assert (again.to, again.subject, again.body) == ("eve@x.example", "Later", "half")


async def test_a_draft_is_discarded_after_a_question_and_one_untouched_without() -> None:
    async with writing() as person:
        await begin(person)
        await person.press("ctrl+x", "q")
        await person.until(lambda: not person.main.composing.drafts, "gone unasked")
        await write(person, "eve@x.example", "Away", "text")
        await person.press("ctrl+x")
        await person.opens("q")
        assert isinstance(person.app.screen, Picker)
        await person.press("down", "enter")
        await answers(person, "Throw this draft away?", "y")
        await person.until(
            lambda: not person.service.writing.drafts().result(SECONDS), "gone for good"
        )
        assert person.main.composing.drafts == []


async def test_several_drafts_are_open_and_the_mail_is_read_meanwhile() -> None:
    async with writing() as person:
        await write(person, "eve@x.example", "One", "first")
        await person.press("ctrl+o")
        await person.read("Your umbrella")
        await write(person, "adam@x.example", "Two", "second")
        await person.sees("Draft 2 of 2")
        await person.press("ctrl+o")
        assert person.main.context == "viewer"
        await person.press("ctrl+o", *" more")
        assert draft(person).body == "second more"
        await person.opens("f3")
        await person.type("One")
        await person.press("enter")
        await person.sees("Draft 1 of 2")
        assert draft(person).body == "first"
        await person.press("ctrl+x", "n")
        assert draft(person).subject == "Two"


async def test_beside_the_message_on_a_wide_screen_and_in_its_place_on_a_narrow_one() -> None:
    async with writing(size=WIDE) as person:
        await person.read("Your umbrella")
        await opened(person, "r")
        main = person.main
        assert main.viewer.size.width > 40
        assert main.messages.size.width > 40
        await person.sees("Subject:", "Your umbrella", "Re: Your umbrella")
        await person.resize(*NARROW)
        assert not main.query_one("#mail").display
        await person.press("ctrl+o")
        assert main.query_one("#mail").display
        await person.press("f6")
        assert main.context == "compose" and not main.query_one("#mail").display
        await person.press("f6")
        assert main.context == "viewer" and main.query_one("#mail").display
        await person.resize(*WIDE)
        await person.press("f6")
        assert main.context == "compose"


async def test_addresses_are_offered_from_mail_that_was_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(address_learning, "FIRST_REST", 0.0)
    async with writing() as person:
        complete = person.service.writing.complete
        await person.until(
            lambda: complete("demo", "gwen", command=False).result(SECONDS), "they are learned"
        )
        await begin(person)
        await person.type("gwen")
        await person.sees("Gwen Hart <")
        await person.press("tab")
        assert draft(person).to.startswith("Gwen Hart <")


async def test_who_writes_is_chosen_among_the_identities() -> None:
    with demo_in_thread(NOW) as settings:
        other = Identity("Robin at home", "robin@home.example")
        account = replace(settings.accounts[0], aliases=(other,))
        async with whole_app(replace(settings, accounts=(account,))) as person:
            await begin(person)
            await person.press("ctrl+x")
            await person.opens("f")
            await person.type("home")
            await person.press("enter")
            await person.sees("Robin at home <robin@home.example>")
            assert draft(person).from_ == "Robin at home <robin@home.example>"
