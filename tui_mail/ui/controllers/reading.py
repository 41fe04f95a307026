"""The viewer and the mail service: which message is shown, in which form. Draws nothing."""

from __future__ import annotations

import asyncio
from array import array
from asyncio import wrap_future
from bisect import bisect_left
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import astuple, dataclass, replace
from functools import partial
from operator import neg
from typing import TYPE_CHECKING, Any, TypeVar

from tui_mail.errors import MailError
from tui_mail.mail.parts import attachments
from tui_mail.mail.reader import Message
from tui_mail.mail.text import Line
from tui_mail.model import BodyPart
from tui_mail.ui.rendering import form_name, rendered, rendered_source
from tui_mail.ui.screens.links import LinksScreen
from tui_mail.ui.screens.parts import PartsScreen
from tui_mail.ui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from tui_mail.ui.screens.main import MainScreen

GONE = "This message is no longer in this folder: it was deleted or moved. What is shown stays."
AHEAD = 1  # neighbors on either side whose text is fetched before it is asked for
GROUP = "read"
OVERLAP = 3  # lines of the page before that are shown again above more of a long text

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Target:
    """A message on its server."""

    account: str
    mailbox_id: int
    uid: int


@dataclass(frozen=True, slots=True)
class _Form:
    """What of a message is shown: a part of it, its source, or a message inside it.

    ``outer`` is what "back" leads to, None where that is the list.
    """

    root: str | None = None
    section: str | None = None
    source: bool = False
    whole: bool = False
    outer: _Form | None = None


_NOTHING = _Target("", 0, 0)


class ReadingController:
    """One message at a time.

    ``uid`` is the message shown or awaited, 0 for none; ``message`` is what is shown of it.
    """

    def __init__(self, screen: MainScreen) -> None:
        self.message: Message | None = None
        self._screen = screen
        self._target = _NOTHING
        self._form = _Form()
        self._failed: _Form | None = None
        self._all_headers = False
        self._source: tuple[bytes, bool] | None = None
        self._labels: tuple[tuple[str, str], ...] = ()
        self._gone = False
        self._searches: list[str] = []
        self._waiting: Future[Any] | None = None

    @property
    def uid(self) -> int:
        return self._target.uid

    # Which message

    def open(self, uid: int) -> None:
        """Show a message of the current mailbox."""
        self._point_at(self._in_mailbox(uid))
        self._screen.show_reading(True)
        self._load(_Form())

    def step(self, step: int) -> None:
        """The next (older) or previous (newer) message of the list."""
        messages = self._screen.messages
        # On a wide screen the cursor may have gone elsewhere since this message was opened.
        gone = bool(self.uid) and not messages.go_to_uid(self.uid)
        before = messages.cursor
        if not (gone and step > 0):  # the next one has taken the place of one that is gone
            messages.move(step)
        if (messages.cursor == before and not gone) or not messages.cursor_uid:
            self._screen.hints.show_notice("There is no other message in that direction")
            return
        self.open(messages.cursor_uid)

    def close(self) -> None:
        """Back: out of a part or a message inside, or to the list; a wait for it ends."""
        if self.cancel() and self.message is not None:
            return
        if self.message is not None and self._form.outer is not None:
            self._load(self._form.outer)
        else:
            self._screen.show_reading(False)

    def forget(self) -> None:
        """Another mailbox is current: what is shown does not belong to it."""
        self.cancel()
        self._point_at(_NOTHING)
        self._screen.viewer.show_nothing()

    def cancel(self) -> bool:
        """Stop waiting for a text; False when none is awaited. What was shown of it stays."""
        if self._waiting is None:
            return False
        self._waiting.cancel()
        self._waiting = None
        if self.message is None:
            self._screen.viewer.show_nothing("Cancelled")
        else:
            self.render_again()
        return True

    def retry(self) -> None:
        """The connection is back: what could not be had for want of it is loaded now."""
        if self._failed is not None:
            self._load(self._failed)

    def _in_mailbox(self, uid: int) -> _Target:
        mailbox = self._screen.mailbox
        return _Target(mailbox.account, mailbox.mailbox_id, uid)

    def _point_at(self, target: _Target) -> None:
        self._target = target
        self._gone = False
        self.message = self._source = self._failed = None
        self._form = _Form()

    def _load(self, form: _Form, *, at: int = 0) -> None:
        """Show this form from line ``at`` on; what is shown stays until more of it has come."""
        self._screen.run(self._open(self._target, form, at), group=GROUP)

    async def _open(self, target: _Target, form: _Form, at: int) -> None:
        screen, service, address = self._screen, self._screen.service, astuple(target)
        if at:
            screen.hints.show_notice("Fetching more of the text …")
        else:
            screen.viewer.show_loading("the message")
        self._failed = None
        source = None
        try:
            message = await self._wait(
                service.open_message(
                    *address, root=form.root, section=form.section, whole=form.whole
                )
            )
            if form.source:
                source = await self._wait(service.message_source(*address))
        except MailError as error:
            self._tell_failure(form, error)
            return
        except Exception:
            screen.viewer.show_nothing("This message could not be shown")
            raise
        self.message, self._source, self._form = message, source, form
        await self._show(keep_place=False)
        if at:
            screen.hints.clear_notice()
            screen.viewer.scroll_lines(at)
        # Work of its own: a reader who goes on at once has seen this message all the same.
        screen.run(self._mark_seen(target))
        neighbors = screen.messages.uids_around(AHEAD, AHEAD)
        await wrap_future(service.fetch_ahead(target.account, target.mailbox_id, neighbors))

    async def _wait(self, awaited: Future[Answer]) -> Answer:
        """The answer, unless ``cancel`` ends the wait."""
        self._waiting = awaited
        try:
            return await wrap_future(awaited)
        finally:
            if self._waiting is awaited:
                self._waiting = None

    def _tell_failure(self, form: _Form, error: MailError) -> None:
        if self.message is not None:
            self._screen.hints.show_notice(error.title, error=True)
            self.render_again()
            return
        self._failed = form if error.temporary else None
        self._screen.viewer.show_error(error)

    async def _mark_seen(self, target: _Target) -> None:
        await wrap_future(self._screen.service.mark_seen(*astuple(target)))

    # In which form

    def render_again(self, *, keep_place: bool = True) -> None:
        """The width has changed, or what is shown of the header."""
        if self.message is not None:
            self._screen.run(self._show(keep_place=keep_place), group="render")

    async def _show(self, *, keep_place: bool) -> None:
        message, viewer = self.message, self._screen.viewer
        if message is None:
            return
        width = viewer.text_width
        if self._source is not None:
            header: tuple[Line, ...] = ()
            text, form = await asyncio.to_thread(rendered_source, *self._source, width), "source"
        else:
            labels = self._labels = await self._find_labels(self._target)
            header, text = await asyncio.to_thread(
                rendered, message, width, self._all_headers, labels
            )
            form = form_name(message)
        if message is not self.message:
            return
        if self._gone:
            text = replace(text, notes=(GONE, *text.notes))
        viewer.show(
            header,
            text,
            parts=attachments(message.root),
            form=form,
            width=width,
            keep_place=keep_place,
        )

    def order_changed(self, mailbox_id: int, order: array[int]) -> None:
        """The folder's messages, newest first; the one that is shown may be gone, or back."""
        if self.message is None or self._target.mailbox_id != mailbox_id:
            return
        gone = is_gone(order, self._target.uid)
        if gone is not self._gone:
            self._gone = gone
            self._screen.hints.show_notice(GONE if gone else "The message is back in the folder")
            self.render_again()

    async def _find_labels(self, target: _Target) -> tuple[tuple[str, str], ...]:
        if self._form.root is not None:
            return ()  # they are the outer message's
        rows = await wrap_future(self._screen.service.rows(target.mailbox_id, (target.uid,)))
        return self._screen.labels.shown(rows[0].flags) if rows else ()

    def rows_changed(self, mailbox_id: int, uids: Sequence[int]) -> None:
        """These messages may have other flags; the labels of the one shown follow."""
        here = self._target.mailbox_id, self._target.uid
        if self.message is not None and here[0] == mailbox_id and here[1] in uids:
            self._screen.run(self._follow_labels(self._target))

    async def _follow_labels(self, target: _Target) -> None:
        labels = await self._find_labels(target)
        if target == self._target and labels != self._labels:
            self.render_again()

    def toggle_headers(self) -> None:
        """All headers or the usual ones, from the top of the message: that is where they are."""
        self._all_headers = not self._all_headers
        self.render_again(keep_place=False)

    def toggle_source(self) -> None:
        """The message as it was sent, and back to the text."""
        if self.message is None:
            return
        if self._form.source and self._form.outer is not None:
            self._load(self._form.outer)
        else:
            self._load(_Form(source=True, outer=self._form))

    def next_alternative(self) -> None:
        """Another of the texts the sender gave for the same content."""
        message = self.message
        if message is None:
            return
        texts = {part.section for part in (message.part, *message.alternatives) if part}
        if self._form.source or message.part is None or len(texts) < 2:
            self._screen.hints.show_notice("This message has no other form of its text")
            return
        sections = sorted(texts)
        place = sections.index(message.part.section)
        section = sections[(place + 1) % len(sections)]
        self._load(replace(self._form, section=section, whole=False))

    def page_down(self) -> None:
        """The next page; at the end, the next message, as mutt's pager does."""
        viewer = self._screen.viewer
        if self._waiting is not None:
            return  # an impatient Space must not pass over a message nobody has seen
        complete = self.message is None or self.message.complete or self._source is not None
        if viewer.at_end and not complete and not self._form.whole:
            # The notes above the text may be others then: no line must be passed over.
            seen = viewer.top + viewer.page_height - OVERLAP
            self._load(replace(self._form, whole=True), at=max(1, seen))
        elif viewer.at_end:
            self.step(1)
        else:
            viewer.page(1)

    # Parts and links

    async def show_parts(self) -> None:
        """The parts of the message shown, or of the one under the cursor of the list."""
        screen = self._screen
        message, target = self.message, self._target
        if screen.context == "list":
            target = self._in_mailbox(screen.messages.cursor_uid)
            if not target.uid:
                return
            message = await self._wait(screen.service.open_message(*astuple(target)))
        if message is None:
            return
        outer = self._form if target == self._target and screen.context == "viewer" else None
        part = await screen.app.push_screen_wait(
            PartsScreen(
                message.structure,
                screen.keymap,
                partial(screen.service.save_part, *astuple(target)),
                shown=message.part,
            )
        )
        if part is not None:
            self._show_part(target, part, outer)

    def _show_part(self, target: _Target, part: BodyPart, outer: _Form | None) -> None:
        if target != self._target:
            self._point_at(target)
        self._screen.show_reading(True)
        if part.content_type == "message/rfc822":
            self._load(_Form(root=part.section, outer=outer))
        else:
            root = outer.root if outer is not None else None
            self._load(_Form(root=root, section=part.section, outer=outer))

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


def is_gone(order: array[int], uid: int) -> bool:
    """Whether ``uid`` is not among those, newest first; False while some are unknown (0)."""
    place = bisect_left(order, -uid, key=neg)
    return (place == len(order) or order[place] != uid) and not order.count(0)
