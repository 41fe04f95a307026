"""The news pane: a running log of what happened, each line leading to its message.

Reads the log while it is open and leaves it alone while it is closed. It never moves a reader who
has stopped following, and opens nothing itself: it says what was chosen.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable

from rich.cells import cell_len
from rich.text import Text
from textual.message import Message
from textual.strip import Strip

from tui_mail.mail.news import Happening, NewsItem, NewsLog
from tui_mail.sanitize import columnar
from tui_mail.ui.widgets.line_view import LineView
from tui_mail.ui.widgets.news_row import Columns, columns_for, item_parts

SETTLE = 0.03  # seconds from the first item of a burst to drawing it, so that a burst is one
INTERVAL = 0.125  # seconds between two drawings


class NewsPane(LineView):
    """Items of ``log``. ``open`` and ``close`` it with the pane; it starts closed.

    While ``following`` the newest item is shown and is under the cursor. A movement away from it
    stops that, ``end`` and ``toggle_follow`` begin it again.
    """

    DEFAULT_CSS = """
    NewsPane {
        border-top: solid $primary;
        border-title-color: $foreground;
        border-title-background: $background;
        border-title-style: bold;
    }
    """

    class Chosen(Message):
        """A person wants to see this: a message, or where ``uid`` is None its mailbox."""

        def __init__(self, sender: NewsPane, account: str, mailbox: bytes, uid: int | None) -> None:
            super().__init__()
            self.sender = sender
            self.account = account
            self.mailbox = mailbox
            self.uid = uid

        @property
        def control(self) -> NewsPane:
            return self.sender

    class _Woken(Message):
        """The log has new items."""

    def __init__(
        self,
        log: NewsLog,
        *,
        now: Callable[[], float] = time.time,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.following = True
        self._log = log
        self._now = now
        self._items: list[NewsItem] = []
        self._unseen = 0
        self._woken = False
        self._drawn_at = 0.0
        self._drawn_columns: Columns | None = None
        self._account_width = 0
        self._title_shown = ""

    # Open and closed

    @property
    def is_open(self) -> bool:
        return self._log.listener == self._heard

    def open(self) -> None:
        """Show the items there are, newest last, and those that come."""
        self._log.listener = self._heard
        self.following = True
        self._unseen = 0
        self._take()
        self.refresh()

    def close(self) -> None:
        """Let go of the items; nothing is done for the log until ``open``."""
        if self.is_open:
            self._log.listener = None
        self._items = []
        self.set_line_count(0)

    def on_unmount(self) -> None:
        self.close()

    def _heard(self) -> None:
        """Called for each item on the thread that writes the log."""
        if not self._woken:
            self._woken = True
            self.post_message(self._Woken())

    def on_news_pane__woken(self) -> None:
        wait = max(SETTLE, self._drawn_at + INTERVAL - time.monotonic())
        self.set_timer(wait, self._draw_news)

    def _draw_news(self) -> None:
        self._woken = False
        if not self.is_open:
            return
        self._drawn_at = time.monotonic()
        self._take()

    def _take(self) -> None:
        """Show the log as it is now; cursor and page stay on their items unless it follows."""
        before, place = self._items, self.cursor - self.top
        current = self.current
        shown = [item.number for item in before[self.shown.start : self.shown.stop]]
        newest = before[-1].number if before else 0
        self._items = items = self._log.items()
        accounts = {item.account for item in items}
        widest = max((cell_len(columnar(name)) for name in accounts), default=0)
        self._account_width = widest if len(accounts) > 1 else 0
        if self.following:
            cursor = max(0, len(items) - 1)
            top = max(0, len(items) - self.page_height)
        else:
            self._unseen += sum(item.number > newest for item in items)
            number = current.number if current is not None else 0
            cursor = bisect_left(items, number, key=lambda item: item.number)
            top = max(0, cursor - place)
        self.set_line_count(len(items), cursor=cursor, top=top)
        now_shown = [item.number for item in items[self.shown.start : self.shown.stop]]
        if now_shown[: len(shown)] != shown or self._columns != self._drawn_columns:
            self.refresh()
        self._show_title()

    # What a person does

    @property
    def current(self) -> NewsItem | None:
        """The item under the cursor."""
        return self._items[self.cursor] if self.cursor < len(self._items) else None

    def choose(self) -> None:
        """Go to what the line under the cursor is about."""
        item = self.current
        if item is None or item.mailbox is None:
            return
        uid = None if item.happening is Happening.EXPUNGED else item.uid
        self.post_message(self.Chosen(self, item.account, item.mailbox, uid))

    def cursor_changed(self) -> None:
        self._follow(self.cursor == self.line_count - 1)

    def scroll_lines(self, lines: int) -> None:
        super().scroll_lines(lines)
        self._follow(self.cursor == self.line_count - 1)

    def end(self) -> None:
        """Go to the newest item and follow."""
        super().end()
        self._follow(True)

    def toggle_follow(self) -> None:
        """Follow the newest item, or stay."""
        if self.following:
            self._follow(False)
        else:
            self.end()

    def _follow(self, following: bool) -> None:
        self.following = following
        if following:
            self._unseen = 0
        self._show_title()

    # Drawing

    @property
    def _columns(self) -> Columns:
        return columns_for(self.content_size.width, account=self._account_width)

    def render_row(self, index: int, width: int, cursor: bool) -> Strip:
        self._drawn_columns = columns = self._columns
        parts = item_parts(self._items[index], columns, now=self._now())
        return self.compose_row(parts, width, cursor=cursor)

    def _show_title(self) -> None:
        words = ["News", "following" if self.following else "paused"]
        if not self._items:
            words = ["News", "nothing has happened yet"]
        if self._unseen:
            words.append(f"{self._unseen:,} new below")
        title = " ─ ".join(words)
        if title != self._title_shown:
            self._title_shown = title
            self.border_title = Text(title)
