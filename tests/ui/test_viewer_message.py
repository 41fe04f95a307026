"""The message viewer: its states, its strip, and when it wants another rendering."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tui_mail.errors import CommandRefused
from tui_mail.mail.plain_text import render_plain
from tui_mail.mail.readable import header_lines
from tui_mail.mail.text import RenderedText
from tui_mail.model import BodyPart
from tui_mail.ui.widgets import message_viewer
from tui_mail.ui.widgets.message_viewer import MessageViewer

HEADER = (
    b"Date: Thu, 12 Nov 2026 10:00:00 +0100\r\nFrom: Ben <ben@example.org>\r\n"
    b"Subject: [bold]Minutes[/bold]\r\n\r\n"
)
TEXT = "Hello Anna,\n\n" + "\n".join(f"{n}. A point" for n in range(1, 60))
PDF = BodyPart(
    "2",
    "application",
    "pdf",
    encoding="base64",
    size=345_678,
    disposition="attachment",
    disposition_parameters=(("filename", "minutes.pdf"),),
)


class Host(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.viewer = MessageViewer()
        self.wanted: list[int] = []

    def compose(self) -> ComposeResult:
        yield self.viewer

    def on_message_viewer_render_wanted(self, message: MessageViewer.RenderWanted) -> None:
        self.wanted.append(message.width)


def screen_of(viewer: MessageViewer) -> list[str]:
    return [viewer.render_line(y).text.rstrip() for y in range(viewer.content_size.height)]


def rendered(width: int, text: str = TEXT) -> RenderedText:
    return render_plain(text, width=width)


def show(viewer: MessageViewer, *parts: BodyPart) -> None:
    width = viewer.text_width
    header = header_lines(HEADER, all_headers=False, width=width)
    viewer.show(header, rendered(width), parts=parts, form="plain", width=width)


async def waited(pilot: Pilot[None], viewer: MessageViewer) -> None:
    async with asyncio.timeout(10):
        while viewer._timer is not None:
            await pilot.pause(0.01)


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
async def test_a_message_is_shown_from_its_header_on(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert "No message is open" in "\n".join(screen_of(app.viewer))
        show(app.viewer, PDF)
        rows = screen_of(app.viewer)
        assert rows[0].startswith(" Date: Thu, 12 Nov 2026")
        assert any("[bold]Minutes[/bold]" in row for row in rows)
        assert any(row == " Hello Anna," for row in rows)
        assert "@ minutes.pdf 338K" in rows[-1]
        assert "plain" in rows[-1]
        assert app.wanted == []


async def test_the_strip_tells_the_place_and_the_match() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        viewer = app.viewer
        show(viewer)
        assert "%" in screen_of(viewer)[-1]
        viewer.end()
        assert screen_of(viewer)[-1].endswith("end ─")
        viewer.home()
        viewer.search("point")
        assert "/point 1 of 59" in screen_of(viewer)[-1]
        viewer.search("nowhere")
        assert "/nowhere not found" in screen_of(viewer)[-1]
        viewer.show((), rendered(78, "short"))
        assert screen_of(viewer)[-1].endswith("all ─")


async def test_another_width_asks_for_another_rendering_and_keeps_the_place() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        viewer = app.viewer
        show(viewer)
        viewer.page(1)
        first = screen_of(viewer)[0]
        await pilot.resize_terminal(60, 24)
        await pilot.pause()
        assert app.wanted[-1] == viewer.text_width == 58
        viewer.show(
            header_lines(HEADER, all_headers=False, width=58), rendered(58), keep_place=True
        )
        assert screen_of(viewer)[0] == first
        await pilot.resize_terminal(60, 20)
        await pilot.pause()
        assert app.wanted[-1:] == [58] and len(app.wanted) == 1


async def test_a_rendering_that_is_late_is_asked_for_again() -> None:
    app = Host()
    async with app.run_test(size=(60, 24)) as pilot:
        await pilot.pause()
        app.viewer.show((), rendered(78), width=78)
        await pilot.pause()
        assert app.wanted == [58]


async def test_lines_of_text_are_never_longer_than_is_good_to_read() -> None:
    app = Host()
    async with app.run_test(size=(200, 24)) as pilot:
        await pilot.pause()
        assert app.viewer.text_width == message_viewer.MAX_TEXT_WIDTH


async def test_waiting_is_told_only_after_a_moment() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        viewer = app.viewer
        show(viewer)
        viewer.show_loading("the message")
        assert " Hello Anna," in screen_of(viewer)
        await waited(pilot, viewer)
        assert any("Waiting for the message …" in row for row in screen_of(viewer))
        viewer.show_loading("the text")
        show(viewer)
        assert viewer._timer is None
        assert " Hello Anna," in screen_of(viewer)


async def test_what_went_wrong_is_shown_in_place_of_the_message() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        viewer = app.viewer
        viewer.show_error(
            CommandRefused(
                "This message is no longer on the server",
                server_line="A12 NO \x1b[31mgone [x]\r\n",
                advice="It was deleted by another client.",
            )
        )
        text = "\n".join(screen_of(viewer))
        assert "no longer on the server" in text
        assert "gone [x]" in text
        assert "\x1b" not in text
        assert "It was deleted" in text
        await pilot.resize_terminal(60, 24)
        await pilot.pause()
        assert app.wanted == []


async def test_many_attachments_leave_room_for_the_place() -> None:
    app = Host()
    async with app.run_test(size=(50, 24)) as pilot:
        await pilot.pause()
        show(app.viewer, *[PDF] * 40)
        strip = app.viewer.render_line(23)
        assert strip.cell_length == 50
        assert strip.text.rstrip().endswith("% ─")


async def test_notes_stand_above_the_text() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        text = RenderedText(rendered(78).lines, (), ("The charset was wrong.",))
        app.viewer.show((), text)
        rows = screen_of(app.viewer)
        assert rows[0] == " The charset was wrong."
        assert rows[1] == ""
        assert rows[2] == " Hello Anna,"
