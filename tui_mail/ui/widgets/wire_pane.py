"""The wire pane: every line that crossed, as it crosses, and what it was for.

Reads the transcript while it is open and leaves it alone while it is closed. It draws at most
some times a second however fast lines come, never moves a reader who has stopped following, and
writes nothing but a file a person asked for.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from textual import events
from textual.message import Message

from tui_mail.errors import StoreError
from tui_mail.sanitize import clean, decode_clean
from tui_mail.ui.cells import amount
from tui_mail.ui.screens.wire_line import WireLineScreen
from tui_mail.ui.widgets.prompt import Prompt, complete_path
from tui_mail.ui.widgets.wire_row import completion, is_first
from tui_mail.ui.widgets.wire_rows import GAP, HEAD
from tui_mail.ui.widgets.wire_view import WireView
from tui_mail.wire.transcript import Direction, Transcript, WireLine

SETTLE = 0.03  # seconds from the first line of a burst to drawing it, so that a burst is one
INTERVAL = 0.125  # seconds between two drawings
_DIRECTIONS = (None, Direction.SENT, Direction.RECEIVED)


class WirePane(WireView):
    """Lines of ``transcript``. ``open`` and ``close`` it with the pane; it starts closed.

    While ``following`` the newest line is shown and is under the cursor. A movement stops that,
    ``end`` and ``toggle_follow`` begin it again.
    """

    class CopyWanted(Message):
        """A person wants this text on the clipboard."""

        def __init__(self, sender: WirePane, text: str) -> None:
            super().__init__()
            self.sender = sender
            self.text = text

        @property
        def control(self) -> WirePane:
            return self.sender

    class Noticed(Message):
        """Something to be told in one line, such as the file that was written."""

        def __init__(self, sender: WirePane, text: str) -> None:
            super().__init__()
            self.sender = sender
            self.text = text

        @property
        def control(self) -> WirePane:
            return self.sender

    class _Woken(Message):
        """The transcript has new lines."""

    def __init__(
        self,
        transcript: Transcript,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(transcript, name=name, id=id, classes=classes)
        self._searches: list[str] = []
        self._woken = False
        self._drawn_at = 0.0

    # Open and closed

    @property
    def is_open(self) -> bool:
        return self._transcript.listener == self._heard

    def open(self) -> None:
        """Show the lines there are, newest last, and those that come."""
        self._woken = False
        self._transcript.listener = self._heard
        self._rows.clear()
        self._unseen = 0
        self.following = True
        self._change(self._rows.update)
        self._show_title()
        self.refresh()

    def close(self) -> None:
        """Let go of the lines; nothing is done for the wire until ``open``."""
        if self.is_open:
            self._transcript.listener = None
        self._rows.clear()
        self.set_line_count(0)

    def on_unmount(self) -> None:
        self.close()

    def _heard(self) -> None:
        """Called for each line on the thread that writes the transcript."""
        if not self._woken:
            self._woken = True
            # The screen may be leaving: that must not disturb a connection.
            with suppress(RuntimeError):
                self.post_message(self._Woken())

    def on_wire_pane__woken(self) -> None:
        wait = max(SETTLE, self._drawn_at + INTERVAL - time.monotonic())
        self.set_timer(wait, self._draw_news)

    def _draw_news(self) -> None:
        self._woken = False
        if not self.is_open:
            return
        self._drawn_at = time.monotonic()
        new: list[WireLine] = []
        self._change(lambda: new.extend(self._rows.update()))
        if not self.following:
            self._unseen += len(new)
        done = {(line.connection, line.tag) for line in new if completion(line)}
        self._refresh_where(
            lambda row: (row.line.connection, row.line.tag) in done and is_first(row.line)
        )
        if self._columns != self._drawn_columns:
            self._rows.unfold_anew()
            self.refresh()
        self._refresh_strip()

    # What a person does

    def cursor_changed(self) -> None:
        self._stop_following()
        row = self.current
        if row is not None and not self._rows.is_held(row):
            # The reader has gone on to lines that came since: they are held from now on.
            self._change(self._rows.hold)
        if row is not None and self.cursor == self.line_count - 1:
            self._unseen = 0
        self._show_pair()
        self._refresh_strip()

    def end(self) -> None:
        """Go to the newest line and follow."""
        self._follow()

    def scroll_lines(self, lines: int) -> None:
        self._stop_following()
        super().scroll_lines(lines)

    def toggle_follow(self) -> None:
        """Follow the newest line, or stay."""
        if self.following:
            self._stop_following()
        else:
            self._follow()

    def _follow(self) -> None:
        self.following = True
        self._unseen = 0
        self._change(self._rows.release)
        self._show_title()
        self._refresh_strip()

    def _stop_following(self) -> None:
        if self.following:
            self.following = False
            self._change(self._rows.hold)
            self._show_title()

    def toggle_literal(self) -> None:
        """Unfold what the line under the cursor has folded, or fold it again."""
        row = self.current
        if row is None or row.part == GAP:
            return
        self._stop_following()
        head = self._rows.index_of(row.line.number)
        if self.cursor != head:
            self.go_to(head)
        done: list[bool] = []
        self._change(lambda: done.append(self._rows.toggle(row.line)))
        if done[0]:
            self.refresh_row(self.cursor)
            self._show_below(self._rows.unfolded_count(row.line))
        else:
            self.post_message(self.Noticed(self, "All of this line is shown"))

    def _show_below(self, count: int) -> None:
        """Bring the ``count`` rows below the cursor's onto the page, as many as go beside it."""
        missing = self.cursor + count + 1 - self.top - self.page_height
        if missing > 0:
            self.set_line_count(self.line_count, top=min(self.cursor, self.top + missing))

    def next_connection(self) -> None:
        """Show one connection after the other, then all."""
        choices = [None, *self._rows.connections]
        place = choices.index(self._rows.connection) + 1
        self.set_filter(choices[place % len(choices)], self._rows.direction)

    def next_direction(self) -> None:
        """Show what was sent, what was received, then both."""
        place = _DIRECTIONS.index(self._rows.direction) + 1
        self.set_filter(self._rows.connection, _DIRECTIONS[place % len(_DIRECTIONS)])

    def set_filter(self, connection: str | None, direction: Direction | None) -> None:
        """Show the lines of one connection and direction alone; None shows all."""
        self._change(lambda: self._rows.set_filter(connection, direction))
        self._show_title()
        self.refresh()

    def search(self, text: str, *, backwards: bool = False) -> int:
        """Mark ``text`` and go to the next line that has it, in a literal too; how many have it.

        Capital letters count only if there are some in ``text``. "" ends the search.
        """
        flags = re.IGNORECASE if text == text.lower() else 0
        self._pattern = re.compile(re.escape(text), flags) if text else None
        self.searched = text
        count = self._rows.search(text)
        if count:
            row = self.current
            if row is None or not self._rows.hit_position(row.line) or backwards:
                self.search_next(backwards=backwards)
        elif text:
            self.post_message(self.Noticed(self, f"Not found on the wire: {text}"))
        self._show_title()
        self.refresh()
        return count

    def search_next(self, *, backwards: bool = False) -> bool:
        """Go to the next line that has it, from the last on to the first; False if none has."""
        found: list[int | None] = []
        if self._rows.hits and self.current is not None:
            self._stop_following()
            cursor = self.cursor
            self._change(lambda: found.append(self._rows.next_hit(cursor, backwards=backwards)))
        if not found or found[0] is None:
            return False
        self.go_to(found[0])
        self._show_title()
        return True

    async def ask_search(self) -> None:
        """Ask what to search, and search it."""
        answer = await self.app.push_screen_wait(
            Prompt("Search the wire:", history=self._searches, allow_empty=True)
        )
        if answer is not None:
            if answer:
                self._searches.append(answer)
            self.search(answer)

    def copy_line(self) -> None:
        """Ask for the line under the cursor to be copied; its literals, on a line of theirs."""
        row = self.current
        if row is None or row.part == GAP:
            return
        if row.part == HEAD or not any(row.line.literals):
            text = decode_clean(row.line.text)
        else:
            octets = b"".join(literal for literal in row.line.literals if literal)
            text = clean(octets.decode("utf-8", "replace"), newlines=True, tabs=True)
        self.post_message(self.CopyWanted(self, text))

    async def ask_save(self) -> None:
        """Ask for a file, and save the lines shown to it. Raises ``StoreError``."""
        name = time.strftime("tui-mail-wire-%Y%m%d-%H%M%S.txt")
        answer = await self.app.push_screen_wait(
            Prompt("Save the wire to:", f"~/{name}", complete=complete_path)
        )
        if answer is not None:
            await self.save(Path(answer).expanduser(), name)

    async def save(self, path: Path, name: str) -> Path:
        """Save the lines shown to a new file, readable by its owner alone; the path written.

        If ``path`` is a folder, ``name`` is the file's. Raises ``StoreError``: what exists is
        never written over.
        """
        lines = [row.line for row in self._rows.rows if row.part == HEAD]
        try:
            written = await asyncio.to_thread(_write_new, path, name, self._transcript, lines)
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written: {error.strerror}",
                advice="Choose another name or folder.",
            ) from error
        self.post_message(self.Noticed(self, f"{amount(len(lines), 'line')} saved to {written}"))
        return written

    def show_exchange(self) -> None:
        """Show the command under the cursor and all of its answer, in full, in a box."""
        row = self.current
        if row is None or row.part == GAP:
            return
        exchange = self._exchange_of(row.line)
        lines = [row.line]
        if exchange is not None:
            key = (exchange.connection, exchange.tag)
            lines = [
                each.line
                for each in self._rows.rows
                if each.part == HEAD and (each.line.connection, each.line.tag) == key
            ]
        self.app.push_screen(WireLineScreen(lines, exchange, selected=row.line))

    def on_click(self, event: events.Click) -> None:
        index = self.line_at(event)
        if index is None or event.y >= self.page_height:
            return
        if index == self.cursor and event.chain > 1:
            self.toggle_literal()
        else:
            self.go_to(index)


def _write_new(path: Path, name: str, transcript: Transcript, lines: Sequence[WireLine]) -> Path:
    if path.is_dir():
        path = path / name
    text = transcript.export(lines)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return path
