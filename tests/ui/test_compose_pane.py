"""The pane a draft is written in: typing, moving about, marks, offers, what comes out of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from main_app import SECONDS
from textual import events, on
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tui_mail.mail.compose.addresses import parse
from tui_mail.mail.compose.values import Attachment, Draft
from tui_mail.ui import theme
from tui_mail.ui.theme import Themes
from tui_mail.ui.widgets.compose_attachments import encoded_size, missing
from tui_mail.ui.widgets.compose_pane import ComposePane

DRAFT = Draft(
    account="work",
    from_="Anna <anna@x.example>",
    to="bob@x.example",
    subject="Hello",
    body="Dear Bob,\n\n> a quote\n\nmore\n",
)
PLAN = Attachment("plan.pdf", "application/pdf", 3_000_000)


@dataclass(frozen=True)
class Suggested:
    text: str
    detail: str = ""


class PaneApp(App[None]):
    """A draft and nothing beside it."""

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft
        self.changes = 0
        self.wanted: list[str] = []
        self.noticed: list[str] = []

    def compose(self) -> ComposeResult:
        self.pane = ComposePane(self._draft, judge=parse)
        yield self.pane

    def on_mount(self) -> None:
        chosen = Themes().load("terminal")
        theme.use(chosen)
        self.register_theme(chosen.textual)
        self.theme = chosen.name
        self.pane.focus_first()

    @on(ComposePane.Changed)
    def _changed(self) -> None:
        self.changes += 1

    @on(ComposePane.OffersWanted)
    def _offers_wanted(self, message: ComposePane.OffersWanted) -> None:
        self.wanted.append(message.text)

    @on(ComposePane.Noticed)
    def _noticed(self, message: ComposePane.Noticed) -> None:
        self.noticed.append(message.text)

    def shown(self) -> str:
        return "\n".join(strip.text for strip in self.screen._compositor.render_strips())


class Writer:
    """Somebody who writes."""

    def __init__(self, app: PaneApp, pilot: Pilot[Any]) -> None:
        self.app, self.pilot, self.pane = app, pilot, app.pane

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def paste(self, text: str) -> None:
        assert self.app.focused is not None
        self.app.focused.post_message(events.Paste(text))
        await self.pilot.pause()

    async def into(self, field: str) -> None:
        self.pane.header.focus_field(field)
        await self.pilot.pause()

    async def until_offers_are_wanted(self, text: str) -> None:
        async with asyncio.timeout(SECONDS):
            while text not in self.app.wanted:
                await self.pilot.pause(0.01)

    @property
    def place(self) -> str:
        """Where the focus is."""
        focused = self.app.focused
        return getattr(focused, "field", type(focused).__name__)


@asynccontextmanager
async def writing(draft: Draft = DRAFT, size: tuple[int, int] = (80, 22)) -> AsyncIterator[Writer]:
    app = PaneApp(draft)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Writer(app, pilot)


# What comes out


async def test_a_draft_that_nobody_touched_comes_back_as_it_was() -> None:
    odd = replace(DRAFT, subject="a\tb\x1b[31m", body="one\r\ntwo\x07", cc="\u202eevil@x.example")
    async with writing(odd) as writer:
        assert writer.pane.draft == odd
        assert "\x1b" not in writer.app.shown()


async def test_what_is_typed_into_fields_and_text_is_in_the_draft() -> None:
    async with writing(Draft("work", "anna@x.example")) as writer:
        assert writer.place == "to"
        await writer.press(*"c@x.example", "enter", *"d@x.example", "enter", *"Hi", "enter")
        await writer.press(*"Ja", "enter", *"日本")
        draft = writer.pane.draft
        assert (draft.to, draft.cc, draft.subject) == ("c@x.example", "d@x.example", "Hi")
        assert draft.body == "Ja\n日本"
        assert writer.app.changes


async def test_a_pasted_text_is_cleaned_and_undone_in_one_step() -> None:
    async with writing() as writer:
        assert writer.place == "ComposeBody"
        await writer.paste("one\r\ntwo\x1b[0m\tthree\n")
        assert writer.pane.draft.body.startswith("one\ntwo\ufffd[0m\tthree\nDear Bob,")
        writer.pane.body.undo()
        assert writer.pane.draft == DRAFT


async def test_pasted_lines_become_addresses_and_one_subject() -> None:
    async with writing(Draft("work", "anna@x.example")) as writer:
        await writer.paste("a@x.example\n\n b@x.example\r\n")
        await writer.into("subject")
        await writer.paste("one\nBcc: evil@x.example")
        assert writer.pane.draft.to == "a@x.example, b@x.example"
        assert writer.pane.draft.subject == "one Bcc: evil@x.example"


@pytest.mark.parametrize(
    ("column", "lines"),
    [
        (0, ["", "> one two", "three"]),
        (1, ["", "> one two", "three"]),
        (2, ["", "> one two", "three"]),
        (5, ["> one", "!", "> two", "three"]),
        (6, ["> one ", "!", "> two", "three"]),
        (9, ["> one two", "!", "three"]),
    ],
)
async def test_enter_inside_a_quote_makes_room_for_an_answer(column: int, lines: list[str]) -> None:
    async with writing(replace(DRAFT, body="> one two\nthree")) as writer:
        body = writer.pane.body
        body.focus()
        body.move_cursor((0, column))
        await writer.press("enter", *(["!"] if column > 2 else []))
        assert body.text.split("\n") == lines
        body.undo()
        body.undo()
        assert body.text == "> one two\nthree"


async def test_a_draft_from_elsewhere_is_taken_and_can_be_undone() -> None:
    async with writing() as writer:
        edited = replace(DRAFT, subject="Other", bcc="x@x.example", body="Quite\nother\n")
        writer.pane.take(edited)
        await writer.pilot.pause()
        assert writer.pane.draft == edited
        assert "Bcc:" in writer.app.shown()
        writer.pane.body.undo()
        assert writer.pane.draft.body == DRAFT.body


async def test_another_sender_may_be_one_of_another_account() -> None:
    async with writing() as writer:
        writer.pane.write_as("home", "A <a@home.example>")
        await writer.pilot.pause()
        assert writer.pane.draft == replace(DRAFT, account="home", from_="A <a@home.example>")


# Moving about


async def test_tab_and_arrows_go_through_fields_text_and_files() -> None:
    async with writing() as writer:
        places = []
        for _ in range(6):
            writer.pane.step(1)
            await writer.pilot.pause()
            places.append(writer.place)
        assert places == ["AttachmentList", "from_", "to", "cc", "subject", "ComposeBody"]
        await writer.press("up")
        assert writer.place == "subject"
        await writer.press("up", "down", "down")
        assert writer.place == "ComposeBody"
        await writer.press("down", "up")
        assert writer.place == "ComposeBody"
        await writer.into("from_")
        await writer.press("up")
        assert writer.place == "from_"


async def test_commands_and_back_to_where_one_was() -> None:
    async with writing() as writer:
        await writer.into("subject")
        assert writer.pane.in_text
        writer.pane.focus_commands()
        await writer.pilot.pause()
        assert not writer.pane.in_text
        writer.pane.focus_commands()
        await writer.pilot.pause()
        assert writer.place == "subject"


async def test_fields_seldom_used_are_shown_when_used_or_asked_for_or_where_there_is_room() -> None:
    async with writing() as writer:
        assert "Bcc:" not in writer.app.shown()
        await writer.into("bcc")
        assert "Bcc:" in writer.app.shown()
        assert "Reply-To:" not in writer.app.shown()
        await writer.pilot.resize_terminal(80, 45)
        await writer.pilot.pause()
        assert "Reply-To:" in writer.app.shown()
        await writer.press("down")
        assert writer.place == "reply_to"
        await writer.into("bcc")
        writer.pane.step(1)
        await writer.pilot.pause()
        assert writer.place == "subject"
    async with writing(replace(DRAFT, reply_to="me@x.example")) as writer:
        assert "Reply-To:" in writer.app.shown()


# Wrong addresses


async def test_a_wrong_address_is_marked_but_not_while_it_is_typed() -> None:
    async with writing(replace(DRAFT, to="bob@x.example, carl@")) as writer:
        to = writer.pane.header.fields["to"]
        assert to.marked == [(15, 20)]
        assert "To !" in writer.app.shown()
        await writer.into("to")
        await writer.press("x")
        assert not to.marked
        assert "To:" in writer.app.shown()
        await writer.press("backspace", "tab")
        assert to.marked == [(15, 20)]
        assert len(writer.app.noticed) == 1
        assert writer.app.noticed[0].startswith("To: ")
        assert writer.pane.header.problem() == ("to", 20, writer.app.noticed[0])


async def test_a_mark_is_not_by_color_alone() -> None:
    async with writing(replace(DRAFT, to="carl@")) as writer:
        segments = list(writer.pane.header.fields["to"].render_line(0))
        marked = [segment for segment in segments if segment.text.startswith("carl@")]
        assert marked
        assert all(segment.style and segment.style.underline for segment in marked)


# Offers


async def test_an_offer_takes_the_place_of_what_was_typed() -> None:
    async with writing() as writer:
        await writer.into("to")
        await writer.press(*", an")
        await writer.until_offers_are_wanted("an")
        offers = [Suggested("Anna <a@x.example>", "often"), Suggested("Andy <d@x.example>")]
        writer.pane.offer("an", offers)
        await writer.pilot.pause()
        assert "Anna <a@x.example>" in writer.app.shown()
        assert "often" in writer.app.shown()
        await writer.press("down", "tab")
        assert writer.pane.draft.to == "bob@x.example, Andy <d@x.example>"
        assert writer.place == "to"
        assert "Anna" not in writer.app.shown().splitlines()[4]
        await writer.press("enter")
        assert writer.place == "cc"


async def test_who_typed_a_whole_address_keeps_it() -> None:
    async with writing(Draft("work", "anna@x.example")) as writer:
        await writer.press(*"an@x.example")
        writer.pane.offer("an@x.example", [Suggested("Jan <jan@x.example>")])
        await writer.pilot.pause()
        assert "Jan" in writer.app.shown()
        await writer.press("enter")
        assert writer.pane.draft.to == "an@x.example"
        assert writer.place == "cc"
        assert "Jan" not in writer.app.shown()


async def test_an_offer_that_comes_too_late_is_not_shown() -> None:
    async with writing(Draft("work", "anna@x.example")) as writer:
        await writer.press(*"ann")
        writer.pane.offer("an", [Suggested("Andy <d@x.example>")])
        await writer.pilot.pause()
        assert "Andy" not in writer.app.shown()
        await writer.press("tab")
        writer.pane.offer("ann", [Suggested("Anna <a@x.example>")])
        await writer.pilot.pause()
        assert "Anna" not in writer.app.shown()


async def test_offers_go_with_escape_and_the_next_letter() -> None:
    async with writing(Draft("work", "anna@x.example")) as writer:
        await writer.press("a")
        for key in ("escape", "n"):
            writer.pane.offer(writer.pane.draft.to, [Suggested("Zoe <z@x.example>")])
            await writer.pilot.pause()
            assert "Zoe" in writer.app.shown()
            await writer.press(key)
            assert "Zoe" not in writer.app.shown()
        assert writer.pane.draft.to == "an"


# Files


async def test_files_are_listed_with_their_size_against_the_servers() -> None:
    async with writing(replace(DRAFT, attachments=(PLAN,))) as writer:
        attached = writer.pane.attached
        attached.take_server_size(10 * 1024 * 1024)
        await writer.pilot.pause()
        assert "plan.pdf" in writer.app.shown()
        assert "3.9M as sent of 10M" in writer.app.shown()
        assert not attached.too_big
        writer.pane.attach([PLAN, PLAN, PLAN])
        await writer.pilot.pause()
        assert attached.too_big
        assert "too big for the server" in writer.app.shown()
        assert writer.pane.draft.attachments == (PLAN, PLAN, PLAN)
        writer.pane.attach([])
        await writer.pilot.pause()
        assert "No attachments" in writer.app.shown()
        assert attached.current is None


def test_the_size_on_the_wire_is_that_of_base64() -> None:
    octets = 57_000
    lines = octets // 57
    assert encoded_size([Attachment("a", "b/c", octets)]) == lines * 78


def test_files_that_are_gone_are_found(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.write_bytes(b"x")
    files = [Attachment("a", "text/plain", 1, path=path) for path in (here, tmp_path / "gone")]
    assert missing([*files, PLAN]) == [tmp_path / "gone"]
