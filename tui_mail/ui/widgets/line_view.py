"""A view of many lines that holds none of them: the base of list, tree, viewer and wire pane.

A subclass says how many lines there are (``set_line_count``) and draws one when asked
(``render_row``). This class keeps what is shown (``top``) and the cursor, turns the page at the
edge, and repaints the lines that changed and no other. Keys are not its business: the screen
calls ``move``, ``page``, ``home`` and the rest. It never waits, and knows nothing about mail.

It does not scroll as Textual does (``virtual_size``, ``scroll_to``): a new line count there is a
new layout of the whole screen, offsets are animated floats, and the end of the lines clamps them.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui_mail.ui import theme

WHEEL_LINES = 3


class LineView(Widget, can_focus=True):
    """Lines ``0 … line_count - 1``, of which ``page_height`` are shown from ``top`` on.

    With ``HAS_CURSOR`` the movements move ``cursor``, and ``top`` follows by whole pages; without
    (a pager) they move ``top``, and the last page stays full.
    """

    DEFAULT_CSS = """
    LineView {
        width: 1fr;
        height: 1fr;
    }
    """
    ALLOW_SELECT = False
    HAS_CURSOR: ClassVar[bool] = True

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.line_count = 0
        self.cursor = 0
        self.top = 0
        self._looks: dict[tuple[str, ...], Style] = {}

    # What a subclass supplies

    def render_row(self, index: int, width: int, cursor: bool) -> Strip:
        """Draw line ``index`` (0 ≤ index < line_count) in ``width`` cells, at once.

        ``cursor`` says whether to draw it as the line under the cursor. ``compose_row`` makes the
        strip out of texts and style names.
        """
        raise NotImplementedError

    def cursor_changed(self) -> None:
        """Called after a movement put the cursor on another line."""

    def view_changed(self) -> None:
        """Called after other lines came into view: by movement, resize or a new line count."""

    # What is where

    @property
    def page_height(self) -> int:
        """Lines on a page; 0 before the first layout."""
        return self.content_size.height

    @property
    def shown(self) -> range:
        """The indexes of the lines on the screen."""
        return range(self.top, min(self.top + self.page_height, self.line_count))

    @property
    def percent(self) -> int:
        """How much of the lines lies above the end of the page, 0 … 100."""
        if not self.line_count:
            return 100
        return 100 * min(self.top + self.page_height, self.line_count) // self.line_count

    def set_line_count(
        self, count: int, *, cursor: int | None = None, top: int | None = None
    ) -> None:
        """Take ``count`` as the new number of lines; cursor and top stay unless given.

        Repaints nothing but what falls off or onto the end of the lines: call ``refresh_rows``
        or ``refresh`` for lines that mean something else now.
        """
        before, old_top, old_cursor = self.line_count, self.top, self.cursor
        self.line_count = count
        self.cursor = max(0, min(self.cursor if cursor is None else cursor, count - 1))
        self.top = self._sound_top(self.top if top is None else top)
        if self.top != old_top:
            self.refresh()
        else:
            self.refresh_rows(min(before, count), max(before, count))
            if self.cursor != old_cursor:
                self.refresh_row(old_cursor)
                self.refresh_row(self.cursor)
        self.view_changed()

    # Movement

    def move(self, lines: int) -> None:
        """Move by ``lines``; the page turns when the cursor leaves it."""
        if self.HAS_CURSOR:
            self.go_to(self.cursor + lines)
        else:
            self.scroll_lines(lines)

    def page(self, pages: float) -> None:
        """Move by pages (half ones too); the cursor keeps its place on the screen."""
        lines = round(pages * self.page_height) or (1 if pages > 0 else -1)
        if not self.HAS_CURSOR:
            self.scroll_lines(lines)
            return
        top = self._top_after(lines)
        if top == self.top:
            # Nothing left to turn to: the first or last line is as far as it goes.
            lines = self.line_count if lines > 0 else -self.line_count
        self._set_place(self.cursor + lines, top)

    def home(self) -> None:
        """Go to the first line."""
        self._set_place(0, 0)

    def end(self) -> None:
        """Go to the last line."""
        self._set_place(self.line_count - 1, self._last_top())

    def screen_line(self, place: float) -> None:
        """Put the cursor on a line of this page: 0 the first, 0.5 the middle, 1 the last."""
        shown = self.shown
        if shown:
            self.go_to(shown[round(place * (len(shown) - 1))])

    def go_to(self, index: int) -> None:
        """Put the cursor on line ``index``, or the nearest there is; its page is shown."""
        self._set_place(index, self.top)

    def scroll_lines(self, lines: int) -> None:
        """Move what is shown by ``lines``; the cursor goes along only where it would be lost."""
        top = self._top_after(lines)
        cursor = max(top, min(self.cursor, top + self.page_height - 1))
        self._set_place(cursor, top)

    def _last_top(self) -> int:
        """The ``top`` of the last full page."""
        return max(0, self.line_count - self.page_height)

    def _top_after(self, lines: int) -> int:
        # The page may hang over the end already, after lines went away: then it stays there.
        return max(0, min(self.top + lines, max(self.top, self._last_top())))

    def _sound_top(self, top: int) -> int:
        """``top``, or the nearest by whole pages that shows the cursor and is no empty page."""
        height = self.page_height
        if not height:
            return top
        if self.line_count <= height:
            return 0
        top = max(0, min(top, self.line_count - 1))
        if self.HAS_CURSOR and self.cursor < top:
            top = max(0, top - height * ceil((top - self.cursor) / height))
        elif self.HAS_CURSOR and self.cursor >= top + height:
            top = min(top + height * ((self.cursor - top) // height), self._last_top())
        return top

    def _set_place(self, cursor: int, top: int) -> None:
        old_cursor, old_top = self.cursor, self.top
        self.cursor = max(0, min(cursor, self.line_count - 1))
        self.top = self._sound_top(top)
        if self.top != old_top:
            self.refresh()
        elif self.cursor != old_cursor and self.HAS_CURSOR:
            self.refresh_row(old_cursor)
            self.refresh_row(self.cursor)
        if self.cursor != old_cursor:
            self.cursor_changed()
        if self.top != old_top:
            self.view_changed()

    # Painting

    def refresh_row(self, index: int) -> None:
        """Have line ``index`` drawn again, if it is on the screen."""
        self.refresh_rows(index, index + 1)

    def refresh_rows(self, first: int, end: int) -> None:
        """Have the lines ``first … end - 1`` drawn again, those of them on the screen."""
        size = self.content_size
        first = max(0, first - self.top)
        end = min(size.height, end - self.top)
        if first < end and size.width:
            self.refresh(Region(0, first, size.width, end - first))

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        index = self.top + y
        if index >= self.line_count:
            return Strip.blank(width, self.look())
        cursor = self.HAS_CURSOR and index == self.cursor
        return self.render_row(index, width, cursor)

    def look(self, *names: str) -> Style:
        """The widget's own style with the theme's styles called ``names`` laid over it in order."""
        style = self._looks.get(names)
        if style is None:
            style = Style.combine([self.rich_style, *map(theme.style, names)])
            self._looks[names] = style
        return style

    def cursor_look(self, *names: str) -> Style:
        """The same under the cursor, which shows whether this widget has the focus."""
        return self.look(*names, "cursor" if self.has_focus else "cursor-blurred")

    def compose_row(
        self, parts: Iterable[tuple[str, str]], width: int, *, cursor: bool, base: str = ""
    ) -> Strip:
        """A strip of ``width`` cells from ``(text, style name)`` parts over the style ``base``.

        The texts are clean. Under the cursor the line has one style from end to end: it is easier
        on the eye, and changing it costs the fewest bytes.
        """
        plain = self.cursor_look(base) if cursor else self.look(base)
        segments: list[Segment] = []
        text, style = "", plain
        for more, name in parts:
            look = plain if cursor else self.look(base, name)
            # Equal neighbors become one segment: each change of style is bytes to the terminal.
            # Not so after wide text: an exported picture places segments, and not their cells.
            if look != style or not text.isascii():
                if text:
                    segments.append(Segment(text, style))
                text, style = more, look
            else:
                text += more
        if text:
            segments.append(Segment(text, style))
        return Strip(segments).adjust_cell_length(width, plain)

    def notify_style_update(self) -> None:
        # Textual calls this for every widget when the theme changes, too.
        self._looks.clear()
        super().notify_style_update()

    # What happens to the widget

    def on_resize(self) -> None:
        # A smaller page keeps the cursor at its end, a bigger one is filled.
        top = min(self.top, self._last_top())
        if self.HAS_CURSOR:
            top = max(top, self.cursor - max(1, self.page_height) + 1)
        self.top = self._sound_top(top)
        self.refresh()
        self.view_changed()

    def line_at(self, event: events.MouseEvent) -> int | None:
        """The index of the line under the mouse; None beside or below the lines."""
        offset = event.get_content_offset(self)
        index = self.top + offset.y if offset else self.line_count
        return index if index < self.line_count else None

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_lines(WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_lines(-WHEEL_LINES)
