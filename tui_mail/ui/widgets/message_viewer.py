"""The message on the screen: its header, its text, and a line that says what else there is.

Draws what it is handed and says when the width asks for another rendering. It fetches nothing,
decodes nothing, and does not know which message it shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer

from tui_mail.errors import MailError
from tui_mail.mail.parts import part_name
from tui_mail.mail.text import Line, Link, RenderedText, Span, wrap
from tui_mail.model import BodyPart
from tui_mail.sanitize import clean, columnar
from tui_mail.ui.cells import cut
from tui_mail.ui.widgets.columns import format_size
from tui_mail.ui.widgets.text_view import MARGIN, TextView

DEFAULT_WIDTH = 78  # cells of text before the first layout
MAX_TEXT_WIDTH = 100  # cells; longer lines are hard to read
# Seconds until it is said that something is awaited; most texts are there before.
LOADING_AFTER = 0.15
_MAX_ERROR = 2000  # characters
_STRIP_NAMES = 6  # attachments named in the strip

Part = tuple[str, str]


class MessageViewer(TextView):
    """One message. The last line of the widget is the strip: attachments, search and place."""

    class RenderWanted(Message):
        """The text was rendered for another width than ``width`` cells: render it anew.

        The answer is ``show`` with ``keep_place``.
        """

        def __init__(self, sender: MessageViewer, width: int) -> None:
            super().__init__()
            self.sender = sender
            self.width = width

        @property
        def control(self) -> MessageViewer:
            return self.sender

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.links: tuple[Link, ...] = ()
        self._parts: tuple[BodyPart, ...] = ()
        self._form = ""
        self._rendered_for = 0  # cells; 0 when nothing is shown that could be rendered anew
        self._strip_shown: list[Part] = []
        self._timer: Timer | None = None
        self.show_nothing()

    # What is shown

    @property
    def text_width(self) -> int:
        """The width in cells to render a text for."""
        width = self.content_size.width
        return min(MAX_TEXT_WIDTH, max(8, width - 2 * MARGIN)) if width else DEFAULT_WIDTH

    def show_nothing(self, text: str = "No message is open") -> None:
        """No message: one line says so."""
        self._put((Span(text, "placeholder"),), [])

    def show_loading(self, what: str, header: Sequence[Line] = ()) -> None:
        """Something is awaited, ``what`` (``the text``); told after a moment, if it is still so.

        Until then what was shown stays; with a ``header`` that is shown at once.
        """
        if header:
            self._put((), header)
        self._stop_waiting()
        self._timer = self.set_timer(
            LOADING_AFTER,
            lambda: self._put((Span(f"Waiting for {clean(what)} …", "placeholder"),), header),
        )

    def show_error(self, error: MailError, header: Sequence[Line] = ()) -> None:
        """The message cannot be shown: what happened, the server's line, what to try."""
        lines = [*header, ()] if header else []
        parts = ((error.title, "error"), (error.server_line, "code"), (error.advice, ""))
        for text, style in parts:
            if text:
                lines += wrap([Span(columnar(text[:_MAX_ERROR]), style)], self.text_width)
        self._show(lines)

    def show(
        self,
        header: Sequence[Line],
        text: RenderedText,
        *,
        parts: Iterable[BodyPart] = (),
        form: str = "",
        width: int | None = None,
        keep_place: bool = False,
    ) -> None:
        """Show a message. ``parts`` are its attachments, ``form`` what is shown (``HTML``).

        ``width`` is what the lines were rendered for, if not for the present ``text_width``.
        With ``keep_place`` it is the text that is shown already.
        """
        notes = [
            line
            for note in text.notes
            for line in wrap([Span(columnar(note), "notice")], self.text_width)
        ]
        gap: list[Line] = [()] if header or notes else []
        self._show(
            [*header, *notes, *gap, *text.lines],
            links=text.links,
            parts=tuple(parts),
            form=form,
            rendered_for=self.text_width if width is None else width,
            keep_place=keep_place,
        )
        self._want_rendering()

    def _put(self, line: Line, header: Sequence[Line]) -> None:
        self._show([*header, (), line] if header else [(), line])

    def _show(
        self,
        lines: Sequence[Line],
        *,
        links: tuple[Link, ...] = (),
        parts: tuple[BodyPart, ...] = (),
        form: str = "",
        rendered_for: int = 0,
        keep_place: bool = False,
    ) -> None:
        self._stop_waiting()
        self.links = links
        self._parts = parts
        self._form = form
        self._rendered_for = rendered_for
        self.set_lines(lines, keep_place=keep_place)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _want_rendering(self) -> None:
        if self.is_attached and self._rendered_for not in (0, self.text_width):
            self.post_message(self.RenderWanted(self, self.text_width))

    # The strip, the last line of the widget

    @property
    def page_height(self) -> int:
        return max(0, self.content_size.height - 1)

    def render_line(self, y: int) -> Strip:
        if y < self.page_height:
            return super().render_line(y)
        width = self.content_size.width
        self._strip_shown = self.strip_parts(width)
        return self.compose_row(self._strip_shown, width, cursor=False, base="border")

    def strip_parts(self, width: int) -> list[Part]:
        """What the strip says in ``width`` cells: texts with their style names."""
        if not self._rendered_for:
            return [("─" * width, "border")]
        place = self._place()
        right = f" {place} ─"
        room = width - cell_len(right) - 2
        parts: list[Part] = [("─", "border")]
        for text, style in self._told():
            taken = sum(cell_len(text) for text, _ in parts)
            if taken + 12 > room:
                break
            parts.append((cut(f" {text} ", room - taken), style))
            parts.append(("─", "border"))
        used = sum(cell_len(text) for text, _ in parts)
        return [*parts, ("─" * (width - used - cell_len(right)), "border"), (right, "dim")]

    def _told(self) -> Iterable[Part]:
        if self.searched:
            number, count = self.match_position
            found = f"{number or '–'} of {count:,}" if count else "not found"  # noqa: RUF001
            yield f"/{columnar(self.searched)} {found}", "notice"
        if self._form:
            yield columnar(self._form), "dim"
        names = [
            f"{columnar(part_name(part)) or part.content_type} {format_size(part.size)}"
            for part in self._parts[:_STRIP_NAMES]
        ]
        for name in names:
            yield f"@ {name}", "attachment"
        if len(self._parts) > len(names):
            yield f"and {len(self._parts) - len(names)} more", "attachment"

    def _place(self) -> str:
        if self.at_end:
            return "all" if self.top == 0 else "end"
        return f"{self.percent}%"

    def _refresh_strip(self) -> None:
        width = self.content_size.width
        if self.is_attached and width and self.strip_parts(width) != self._strip_shown:
            self.refresh(Region(0, self.page_height, width, 1))

    def view_changed(self) -> None:
        self._refresh_strip()

    def search_changed(self) -> None:
        self._refresh_strip()

    def on_resize(self) -> None:
        self._want_rendering()
