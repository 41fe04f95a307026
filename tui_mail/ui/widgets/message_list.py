"""The list of messages of one mailbox, of any size.

Holds the UIDs in the order they are shown, and the rows of a few pages; it asks for rows with
``RowsWanted`` and draws a placeholder until ``set_rows`` brings them. It reads no store, speaks
to no server and changes no message.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterable
from datetime import date

from textual import events
from textual.message import Message
from textual.strip import Strip

from tui_mail.mail.text import Line, Span, wrap
from tui_mail.model import MessageSummary
from tui_mail.sanitize import columnar
from tui_mail.ui.labels import Labels
from tui_mail.ui.widgets.columns import placeholder_parts, row_parts, row_style
from tui_mail.ui.widgets.line_view import LineView
from tui_mail.ui.widgets.order import find, follow

ROWS_KEPT = 2_000
PAGES_AHEAD = 2


class MessageList(LineView):
    """Messages newest first, one a line, with the cursor on a UID and not on a line."""

    class RowsWanted(Message):
        """Rows are missing on the page or near it: those shown first, then the pages around.

        ``uids`` are asked for by UID; ``indexes`` (lines from 0) are those without one as yet.
        They are asked for once while they stay near, and again after ``forget_rows``.
        """

        def __init__(
            self, sender: MessageList, uids: tuple[int, ...], indexes: tuple[int, ...]
        ) -> None:
            super().__init__()
            self.sender = sender
            self.uids = uids
            self.indexes = indexes

        @property
        def control(self) -> MessageList:
            return self.sender

    class CursorMoved(Message):
        """The cursor is on another message or line; ``uid`` 0 where it is not known or none."""

        def __init__(self, sender: MessageList, uid: int, index: int) -> None:
            super().__init__()
            self.sender = sender
            self.uid = uid
            self.index = index

        @property
        def control(self) -> MessageList:
            return self.sender

    class Opened(Message):
        """A person asked to read this message."""

        def __init__(self, sender: MessageList, uid: int) -> None:
            super().__init__()
            self.sender = sender
            self.uid = uid

        @property
        def control(self) -> MessageList:
            return self.sender

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
        now: Callable[[], float] = time.time,
        labels: Labels | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._now = now
        self._labels = labels or Labels()
        self._day = date.fromtimestamp(now())
        self._order: array[int] = array("I")
        self._rows: dict[int, MessageSummary] = {}
        self._show_recipients = False
        self._tagged: set[int] = set()
        self._tagged_last = 0
        # What has been asked for and not come, and whether asking again is already arranged.
        self._asked: set[int] = set()
        self._asked_lines: set[int] = set()
        self._asking = False
        # Near the page, and to be asked for again though their old row is still drawn.
        self._stale: set[int] = set()
        self._why_empty = ""

    # What is shown

    @property
    def order(self) -> array[int]:
        """The UIDs as shown; not to be changed."""
        return self._order

    @property
    def cursor_uid(self) -> int:
        """The UID under the cursor; 0 where it is not known or the list is empty."""
        return self._order[self.cursor] if self._order else 0

    @property
    def cursor_row(self) -> MessageSummary | None:
        """The row under the cursor, if it is known."""
        return self._rows.get(self.cursor_uid)

    def row(self, uid: int) -> MessageSummary | None:
        """The row of ``uid`` if it is one of those kept."""
        return self._rows.get(uid)

    def uids_around(self, before: int, after: int) -> tuple[int, ...]:
        """The known UIDs next to the cursor: those below it, then those above, nearest first."""
        below = self._order[self.cursor + 1 : self.cursor + 1 + after]
        above = self._order[max(0, self.cursor - before) : self.cursor][::-1]
        return tuple(uid for uid in (*below, *above) if uid)

    def open_order(self, order: array[int]) -> None:
        """Show another mailbox, or the same one after its UIDs lost their meaning.

        The cursor is on the newest message, and every row is unknown. ``order`` as for
        ``set_order``.
        """
        for kept in (self._rows, self._asked, self._asked_lines, self._stale, self._tagged):
            kept.clear()
        self._tagged_last = 0
        self._order = order
        self.set_line_count(len(order), cursor=0, top=0)
        self.refresh()
        self.cursor_changed()

    def set_order(self, order: array[int]) -> None:
        """Show the same mailbox after messages came or went; newest first, 0 for an unknown UID.

        The cursor stays on its message and on its line of the screen. Only when the page begins
        with the newest message the new ones are shown above it, and the cursor's line moves down
        (to the end of the page at most). Where the cursor's message is gone the next one takes its
        place. ``order`` is kept, not copied: the caller makes a new one for the next change.
        """
        old, old_top, old_cursor = self._order, self.top, self.cursor
        old_shown = old[self.shown.start : self.shown.stop]
        old_uid = self.cursor_uid
        cursor = follow(old, order, old_cursor) if old else 0
        top = max(0, cursor - (old_cursor - old_top))
        if old_top == 0 and cursor < max(1, self.page_height):
            top = 0
        self._order = order
        if self._tagged:
            self._tagged.intersection_update(order)
        self._asked_lines.clear()
        self.line_count = len(order)
        self.cursor = max(0, min(cursor, len(order) - 1))
        self.top = self._sound_top(top)
        shown = order[self.shown.start : self.shown.stop]
        for line in range(max(len(old_shown), len(shown))):
            same = old_shown[line : line + 1] == shown[line : line + 1]
            if not same or (line + old_top == old_cursor) != (line + self.top == self.cursor):
                self.refresh_row(self.top + line)
        self.view_changed()
        if (self.cursor_uid, self.cursor) != (old_uid, old_cursor):
            self.cursor_changed()

    def set_rows(self, rows: Iterable[MessageSummary]) -> None:
        """Take rows that were asked for, or that changed; only lines that differ are drawn."""
        changed = self._keep(rows)
        if changed:
            for index in self.shown:
                if self._order[index] in changed:
                    self.refresh_row(index)

    def forget_rows(self, uids: Iterable[int] | None = None) -> None:
        """These rows changed, or may be known now: ask for those near the page, drop the others.

        All rows, without ``uids``. What is drawn stays until ``set_rows`` brings the new ones.
        """
        if uids is None:
            uids = [*self._rows, *self._asked]
            self._asked_lines.clear()
        near = {self._order[index] for index in self._near()}
        for uid in uids:
            if uid in near:
                self._stale.add(uid)
            else:
                self._rows.pop(uid, None)
        self._ask_soon()

    def set_show_recipients(self, show: bool) -> None:
        """Show whom a message is to in place of whom it is from, as in a mailbox of sent mail."""
        if show != self._show_recipients:
            self._show_recipients = show
            self.refresh()

    # What a person does

    def go_to_uid(self, uid: int) -> bool:
        """Put the cursor on the message ``uid``; False where it is not in the list."""
        index = find(self._order, uid) if uid else None
        if index is None:
            return False
        self.go_to(index)
        return True

    @property
    def tagged(self) -> tuple[int, ...]:
        """The UIDs of the tagged messages, in the order of the list."""
        # The newest first, as the list has them.
        return tuple(sorted(self._tagged, reverse=True))

    def toggle_tag(self) -> None:
        """Tag the message under the cursor, or take its tag away, and go to the next."""
        uid = self.cursor_uid
        if uid:
            self._tagged ^= {uid}
            self._tagged_last = uid
            self.refresh_row(self.cursor)
            self.move(1)

    def tag_range(self) -> bool:
        """Tag from the message of the last ``toggle_tag`` to the cursor; False if there is none."""
        begin = find(self._order, self._tagged_last) if self._tagged_last else None
        if begin is None:
            return False
        first, last = sorted((begin, self.cursor))
        self._tagged |= set(self._order[first : last + 1]) - {0}
        self.refresh()
        return True

    def set_tags(self, uids: Iterable[int]) -> None:
        """Have exactly these messages tagged, as far as they are in the list."""
        wanted = set(uids) - {0}
        self._tagged = wanted.intersection(self._order) if wanted else wanted
        self._tagged_last = 0
        self.refresh()

    def open_message(self) -> None:
        """Ask for the message under the cursor to be shown."""
        if self.cursor_uid:
            self.post_message(self.Opened(self, self.cursor_uid))

    def on_click(self, event: events.Click) -> None:
        index = self.line_at(event)
        if index is not None:
            self.go_to(index)
            if event.chain > 1:
                self.open_message()

    def explain_empty(self, text: str) -> None:
        """Have this text, lines of the program's and a server's words, stand in an empty list."""
        if text != self._why_empty:
            self._why_empty = text
            if not self.line_count:
                self.refresh()

    # What the base asks for

    def render_line(self, y: int) -> Strip:
        if self.line_count or not self._why_empty:
            return super().render_line(y)
        width = self.content_size.width
        lines: list[Line] = [()]
        for text in self._why_empty.splitlines():
            lines += wrap([Span(columnar(text), "placeholder")], max(1, width - 2))
        line = lines[y] if y < len(lines) else ()
        parts = [(" ", ""), *((span.text, span.style) for span in line)]
        return self.compose_row(parts, width, cursor=False)

    def render_row(self, index: int, width: int, cursor: bool) -> Strip:
        row = self._rows.get(self._order[index])
        if row is None:
            return self.compose_row(placeholder_parts(width), width, cursor=cursor)
        parts = row_parts(
            row,
            width,
            today=self._day,
            show_recipients=self._show_recipients,
            tagged=row.uid in self._tagged,
            labels=self._labels.shown(row.flags),
        )
        return self.compose_row(parts, width, cursor=cursor, base=row_style(row))

    def cursor_changed(self) -> None:
        self._follow_the_day()
        self.post_message(self.CursorMoved(self, self.cursor_uid, self.cursor))

    def view_changed(self) -> None:
        self._follow_the_day()
        self._ask_soon()

    # Rows kept and rows asked for

    def _near(self) -> list[int]:
        """The lines rows are kept for: the page, the pages below, the pages above."""
        shown = self.shown
        reach = PAGES_AHEAD * self.page_height
        below = range(shown.stop, min(shown.stop + reach, self.line_count))
        above = range(max(0, shown.start - reach), shown.start)
        return [*shown, *below, *reversed(above)]

    def _keep(self, rows: Iterable[MessageSummary]) -> set[int]:
        """Take ``rows``; return the UIDs whose row is not what it was."""
        changed = set()
        for row in rows:
            # Taken out and put in again: the order of the dictionary is the order of use.
            if self._rows.pop(row.uid, None) != row:
                changed.add(row.uid)
            self._rows[row.uid] = row
            self._asked.discard(row.uid)
        if len(self._rows) > ROWS_KEPT:
            self._drop_rows()
        return changed

    def _drop_rows(self) -> None:
        near = {self._order[index] for index in self._near()}
        for uid in list(self._rows):
            if len(self._rows) <= ROWS_KEPT:
                break
            if uid not in near:
                del self._rows[uid]

    def _ask_soon(self) -> None:
        # Once for all the pages a held key turned before the loop comes round.
        if not self._asking and self.page_height and self.line_count:
            self._asking = True
            self.call_later(self._ask)

    def _ask(self) -> None:
        self._asking = False
        near = self._near()
        uids = {self._order[index]: None for index in near}
        lines = {index: None for index in near if not self._order[index]}
        for uid in self._stale.difference(uids):
            self._rows.pop(uid, None)
        wanted = tuple(uid for uid in uids if uid and self._lacks(uid))
        wanted_lines = tuple(line for line in lines if line not in self._asked_lines)
        self._asked = self._asked.intersection(uids) | set(wanted)
        self._asked_lines = set(lines)
        self._stale.clear()
        if wanted or wanted_lines:
            self.post_message(self.RowsWanted(self, wanted, wanted_lines))

    def _lacks(self, uid: int) -> bool:
        return uid in self._stale or (uid not in self._rows and uid not in self._asked)

    def _follow_the_day(self) -> None:
        """Dates are told relative to today, and the program may stay open over midnight."""
        today = date.fromtimestamp(self._now())
        if today != self._day:
            self._day = today
            self.refresh()
