"""The viewer and the mail service: which message is shown, in which form. Draws nothing."""

from __future__ import annotations

import asyncio
from asyncio import wrap_future
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui_mail.errors import MailError
from tui_mail.mail.parts import attachments
from tui_mail.mail.readable import header_lines, render_part
from tui_mail.mail.reader import Message
from tui_mail.mail.text import Line, RenderedText, Span
from tui_mail.model import BodyPart
from tui_mail.sanitize import decode_clean
from tui_mail.ui.screens.links import LinksScreen
from tui_mail.ui.screens.parts import PartsScreen
from tui_mail.ui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from tui_mail.ui.screens.main import MainScreen

AHEAD = 1  # neighbors on either side whose text is fetched before it is asked for
GROUP = "read"


@dataclass(frozen=True, slots=True)
class _Form:
    """What of a message is shown: a part of it, its source, or a message inside it."""

    root: str | None = None
    section: str | None = None
    source: bool = False
    whole: bool = False


class ReadingController:
    """One message at a time: ``uid`` is 0 when none is shown."""

    def __init__(self, screen: MainScreen) -> None:
        self.account = ""
        self.mailbox_id = 0
        self.uid = 0
        self.message: Message | None = None
        self._screen = screen
        self._form = _Form()
        self._outer: list[_Form] = []
        self._all_headers = False
        self._source: tuple[bytes, bool] | None = None
        self._searches: list[str] = []
        self._waiting: Future[Message] | None = None

    # Which message

    def open(self, uid: int) -> None:
        """Show a message of the current mailbox."""
        self._point_at(uid)
        self._outer.clear()
        self._screen.show_reading(True)
        self._load(_Form())

    def step(self, step: int) -> None:
        """The next (older) or previous (newer) message of the list."""
        messages = self._screen.messages
        before = messages.cursor
        messages.move(step)
        if messages.cursor == before or not messages.cursor_uid:
            self._screen.hints.show_notice("There is no other message in that direction")
            return
        self.open(messages.cursor_uid)

    def close(self) -> None:
        """Back: out of a message inside a message, or to the list."""
        if self._outer:
            self._load(self._outer.pop())
        else:
            self._screen.show_reading(False)

    def forget(self) -> None:
        """Another mailbox is current: what is shown does not belong to it."""
        self.uid, self.message = 0, None
        self._outer.clear()
        self._screen.viewer.show_nothing()

    def cancel(self) -> None:
        """Stop waiting for a text."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._screen.viewer.show_nothing("Cancelled")

    def _load(self, form: _Form, *, keep_place: bool = False) -> None:
        self._form = form
        self._screen.run(self._open(self.uid, form, keep_place=keep_place), group=GROUP)

    async def _open(self, uid: int, form: _Form, *, keep_place: bool) -> None:
        screen = self._screen
        screen.viewer.show_loading("the message")
        try:
            self._waiting = screen.service.open_message(
                self.account,
                self.mailbox_id,
                uid,
                root=form.root,
                section=form.section,
                whole=form.whole,
            )
            self.message = await wrap_future(self._waiting)
            self._source = None
            if form.source:
                self._source = await wrap_future(
                    screen.service.message_source(self.account, self.mailbox_id, uid)
                )
        except MailError as error:
            self.message = None
            screen.viewer.show_error(error)
            return
        finally:
            self._waiting = None
        await self._show(keep_place=keep_place)
        await wrap_future(screen.service.mark_seen(self.account, self.mailbox_id, uid))
        neighbors = screen.messages.uids_around(AHEAD, AHEAD)
        await wrap_future(screen.service.fetch_ahead(self.account, self.mailbox_id, neighbors))

    # In which form

    def render_again(self) -> None:
        """The width has changed."""
        if self.message is not None:
            self._screen.run(self._show(keep_place=True), group="render")

    async def _show(self, *, keep_place: bool) -> None:
        message, viewer = self.message, self._screen.viewer
        if message is None:
            return
        width = viewer.text_width
        if self._source is not None:
            header: tuple[Line, ...] = ()
            text, form = await asyncio.to_thread(_render_source, *self._source), "source"
        else:
            header, text = await asyncio.to_thread(_render, message, width, self._all_headers)
            form = _form_name(message)
        if message is not self.message:
            return
        viewer.show(
            header,
            text,
            parts=attachments(message.root),
            form=form,
            width=width,
            keep_place=keep_place,
        )

    def toggle_headers(self) -> None:
        self._all_headers = not self._all_headers
        self.render_again()

    def toggle_source(self) -> None:
        if self.uid:
            source = not self._form.source
            self._load(_Form(root=self._form.root, section=self._form.section, source=source))

    def next_alternative(self) -> None:
        """Another of the texts the sender gave for the same content."""
        message = self.message
        if message is None or message.part is None or not message.alternatives:
            self._screen.hints.show_notice("This message has no other form of its text")
            return
        sections = sorted({message.part.section, *(p.section for p in message.alternatives)})
        place = sections.index(message.part.section)
        self._load(_Form(root=self._form.root, section=sections[(place + 1) % len(sections)]))

    def page_down(self) -> None:
        """The next page; at the end, the next message, as mutt's pager does."""
        viewer = self._screen.viewer
        if viewer.at_end and self.message is not None and not self.message.complete:
            self._load(_Form(self._form.root, self._form.section, whole=True), keep_place=True)
        elif viewer.at_end:
            self.step(1)
        else:
            viewer.page(1)

    # Parts and links

    async def show_parts(self) -> None:
        """The parts of the message shown, or of the one under the cursor of the list."""
        screen = self._screen
        if screen.context == "list":
            if not screen.messages.cursor_uid:
                return
            self._point_at(screen.messages.cursor_uid)
            self.message = await wrap_future(
                screen.service.open_message(self.account, self.mailbox_id, self.uid)
            )
        message = self.message
        if message is None:
            return
        part = await screen.app.push_screen_wait(
            PartsScreen(message.structure, screen.keymap, self._save, shown=message.part)
        )
        if part is not None:
            self._show_part(part)

    def _point_at(self, uid: int) -> None:
        mailbox = self._screen.mailbox
        self.account, self.mailbox_id, self.uid = mailbox.account, mailbox.mailbox_id, uid

    def _show_part(self, part: BodyPart) -> None:
        self._screen.show_reading(True)
        self._outer.append(self._form)
        if part.content_type == "message/rfc822":
            self._load(_Form(root=part.section))
        else:
            self._load(_Form(root=self._form.root, section=part.section))

    def _save(
        self, part: BodyPart, folder: Path, on_progress: Callable[[int, int], None]
    ) -> Future[Path]:
        return self._screen.service.save_part(
            self.account, self.mailbox_id, self.uid, part, folder, on_progress
        )

    async def show_links(self) -> None:
        links = self._screen.viewer.links
        if not links:
            self._screen.hints.show_notice("There are no links in this text")
            return
        app = self._screen.app
        await app.push_screen_wait(LinksScreen(links, self._screen.keymap, app.copy_to_clipboard))

    # Search

    async def search(self) -> None:
        text = await self._screen.app.push_screen_wait(Prompt("Search:", history=self._searches))
        if text is None:
            return
        if text not in self._searches:
            self._searches.append(text)
        if not self._screen.viewer.search(text):
            self._screen.hints.show_notice("Not found")

    def search_again(self, direction: int) -> None:
        if not self._screen.viewer.search_next(backwards=direction < 0):
            self._screen.hints.show_notice("Nothing to search for: / starts a search")


def _render(
    message: Message, width: int, all_headers: bool
) -> tuple[tuple[Line, ...], RenderedText]:
    header = header_lines(message.header, all_headers=all_headers, width=width)
    if message.part is None:
        nothing = "This message has no text; v lists its parts."
        return header, RenderedText(((Span(nothing, "notice", None),),), (), ())
    text = render_part(message.part, message.data, width=width, complete=message.complete)
    if message.note:
        text = RenderedText(text.lines, text.links, (message.note, *text.notes))
    return header, text


def _render_source(data: bytes, complete: bool) -> RenderedText:
    lines = tuple((Span(decode_clean(line), "", None),) for line in data.splitlines())
    notes = () if complete else ("Only the beginning of the source is shown.",)
    return RenderedText(lines, (), notes)


def _form_name(message: Message) -> str:
    if message.part is None or not {*message.alternatives} - {message.part}:
        return ""
    return "HTML" if message.part.subtype == "html" else message.part.subtype
