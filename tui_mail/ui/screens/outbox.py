"""The outbox: what is being sent, what waits, what was refused and what was sent lately.

Shows the entries it is handed. It answers with an action of the registry and the entry it is
meant for, and does nothing itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from rich.text import Text
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from tui_mail.mail.compose.values import OutboxEntry, Sending
from tui_mail.sanitize import columnar
from tui_mail.ui.actions import BY_ID
from tui_mail.ui.keymap import Keymap
from tui_mail.ui.screens.dialog import keys_line
from tui_mail.ui.screens.list_dialog import ListDialog
from tui_mail.ui.theme import style
from tui_mail.ui.widgets.line_view import LineView
from tui_mail.ui.widgets.outbox_row import details, entry_parts

Answer = tuple[str, OutboxEntry]

_OPEN = frozenset({Sending.HELD, Sending.QUEUED, Sending.FAILED, Sending.PARTLY_REFUSED})
# In which states an entry can be asked for what; the other actions can be at any time.
POSSIBLE = {
    "outbox.edit": _OPEN | {Sending.UNCERTAIN},
    "outbox.retry": _OPEN | {Sending.UNCERTAIN, Sending.ACCEPTED},
    "outbox.others": frozenset({Sending.PARTLY_REFUSED}),
    "outbox.sent": frozenset({Sending.UNCERTAIN}),
    "outbox.drop": frozenset(Sending) - {Sending.SENDING, Sending.FILED},
    "outbox.wire": frozenset(Sending),
}
_DETAILS = 6  # lines


class _Entries(LineView):
    def __init__(self, entries: Sequence[OutboxEntry], now: Callable[[], float]) -> None:
        super().__init__()
        self.entries = entries
        self._now = now

    def on_mount(self) -> None:
        self.set_line_count(len(self.entries))

    def render_row(self, index: int, width: int, cursor: bool) -> Strip:
        parts = entry_parts(self.entries[index], width, now=self._now())
        return self.compose_row(parts, width, cursor=cursor)

    def cursor_changed(self) -> None:
        assert isinstance(self.screen, OutboxScreen)
        self.screen.show_details()


class OutboxScreen(ListDialog[Answer | None]):
    """``take`` shows other entries while it is open; the cursor stays on its entry."""

    DEFAULT_CSS = """
    OutboxScreen #details { height: 6; border-top: solid $primary; }
    OutboxScreen LineView { background: $background; color: $foreground; }
    """
    context = "outbox"
    title_text = "Outbox"
    least_height = 10

    def __init__(
        self,
        entries: Sequence[OutboxEntry],
        keymap: Keymap,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._entries = _Entries(entries, now)
        super().__init__(
            self._entries, keymap, {each: partial(self._ask, each) for each in POSSIBLE}
        )
        self._now = now
        self._details = Static(id="details")

    def below(self) -> Iterable[Widget]:
        yield self._details

    def wanted_height(self) -> int:
        return max(3, len(self._entries.entries)) + _DETAILS + 4

    def on_mount(self) -> None:
        super().on_mount()
        self.show_details()

    @property
    def current(self) -> OutboxEntry | None:
        """The entry under the cursor."""
        entries = self._entries.entries
        return entries[self._entries.cursor] if entries else None

    def take(self, entries: Sequence[OutboxEntry]) -> None:
        """Show these from now on."""
        before = self.current
        ids = [entry.id for entry in entries]
        cursor = ids.index(before.id) if before is not None and before.id in ids else 0
        self._entries.entries = entries
        self._entries.set_line_count(len(entries), cursor=cursor)
        self._entries.refresh()
        self.show_details()

    def show_details(self) -> None:
        """What there is to say about the entry under the cursor."""
        entry = self.current
        lines = (
            [("Nothing is being sent, and nothing was lately.", "placeholder")]
            if entry is None
            else details(entry, now=self._now())
        )
        text = Text(overflow="fold")
        for number, (line, name) in enumerate(lines):
            text.append("\n" * bool(number))
            text.append(columnar(line), style(name))
        self._details.update(text)
        self._keys.update(keys_line(self._hints(entry)))

    def _hints(self, entry: OutboxEntry | None) -> Iterator[tuple[str, str]]:
        """The keys that do something with this entry."""
        for action in (*POSSIBLE, "pane.close"):
            states = POSSIBLE.get(action)
            if states is None or (entry is not None and entry.state in states):
                yield self._keymap.shown_key(action, "outbox"), BY_ID[action].label

    def _ask(self, action: str) -> None:
        entry = self.current
        if entry is None:
            return
        if entry.state in POSSIBLE[action]:
            self.dismiss((action, entry))
        else:
            self.app.bell()
