"""The one-line question at the bottom of the screen: what to search, where to save.

Gives back what was typed and does nothing with it. ``complete_path`` looks at folders, in a
thread, and changes nothing.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from itertools import islice

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui_mail.sanitize import clean
from tui_mail.ui.keymap import canonical
from tui_mail.ui.screens.dialog import CANCEL_KEYS, styled
from tui_mail.ui.widgets.line_input import LineInput

_MAX_ENTRIES = 5000
_MAX_LENGTH = 4096

Complete = Callable[[str], Sequence[str]]


def complete_path(text: str, *, folders_only: bool = False) -> list[str]:
    """The paths ``text`` may be the beginning of, folders with a slash at their end, sorted.

    ``~`` is understood and kept as written. A folder that cannot be read gives nothing; names that
    cannot be drawn, and hidden ones unless their dot was typed, are left out.
    """
    head, tail = os.path.split(text)
    if text == "~":
        return ["~/"]
    found: list[str] = []
    try:
        with os.scandir(os.path.expanduser(head) or ".") as entries:
            for entry in islice(entries, _MAX_ENTRIES):
                name = entry.name
                if not name.startswith(tail) or clean(name) != name:
                    continue
                if name.startswith(".") and not tail.startswith("."):
                    continue
                folder = entry.is_dir()
                if folder or not folders_only:
                    found.append(os.path.join(head, name) + ("/" if folder else ""))
    except (OSError, ValueError):
        return []
    return sorted(found)


def common_start(candidates: Sequence[str]) -> str:
    """What all candidates, of which there is at least one, begin with."""
    first, last = min(candidates), max(candidates)
    same = (index for index, pair in enumerate(zip(first, last, strict=False)) if len({*pair}) > 1)
    return first[: next(same, min(len(first), len(last)))]


class Prompt(ModalScreen[str | None], inherit_bindings=False):
    """Asks for one line; answers it with Enter, or None with Esc, Ctrl-G or Ctrl-C.

    Up and down go through ``history`` (oldest first). With ``complete``, Tab fills in as much as
    is certain and shows what it may become. An empty line is an answer only with ``allow_empty``.
    ``hint`` stands above the line until something is typed.
    """

    DEFAULT_CSS = """
    Prompt { align: left bottom; background: transparent !important; }
    Prompt > Vertical { height: auto; max-height: 50%; background: $background; }
    Prompt #candidates { height: auto; max-height: 8; padding: 0 1; display: none; }
    Prompt Horizontal { height: 1; padding: 0 1; background: $background; }
    Prompt #label { width: auto; max-width: 50%; height: 1; }
    Prompt Static { background: $background; color: $foreground; }
    """

    def __init__(
        self,
        label: str,
        value: str = "",
        *,
        history: Sequence[str] = (),
        complete: Complete | None = None,
        allow_empty: bool = False,
        hint: str = "",
    ) -> None:
        super().__init__()
        self._label, self._value = label, value
        self._history = [*history]
        self._place = len(self._history)
        self._typed = value
        self._complete = complete
        self._allow_empty = allow_empty
        self._hint = hint

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(styled(self._hint, "hint"), id="candidates")
            with Horizontal():
                yield Static(styled(f"{self._label} ", "prompt"), id="label")
                yield LineInput(self._value, max_length=_MAX_LENGTH)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.query_one("#candidates").display = bool(self._hint)

    async def on_key(self, event: events.Key) -> None:
        key = canonical(event.key)
        line = self.query_one(Input)
        if key in CANCEL_KEYS:
            self.dismiss(None)
        elif key == "enter":
            if line.value or self._allow_empty:
                self.dismiss(line.value)
        elif key in ("up", "down"):
            self._recall(line, -1 if key == "up" else 1)
        elif key == "tab" and self._complete is not None:
            # In a thread: a folder on a network drive may take its time to answer.
            value = line.value
            candidates = await asyncio.to_thread(self._complete, value)
            if self.is_attached and line.value == value:
                self._show_completion(line, candidates)
        elif key not in ("tab", "shift+tab"):
            return
        event.stop()
        event.prevent_default()

    @on(Input.Changed)
    def _forget_candidates(self) -> None:
        self.query_one("#candidates").display = False

    def _recall(self, line: Input, step: int) -> None:
        if self._place == len(self._history):
            self._typed = line.value
        self._place = max(0, min(len(self._history), self._place + step))
        here = self._place < len(self._history)
        line.value = self._history[self._place] if here else self._typed
        line.cursor_position = len(line.value)

    def _show_completion(self, line: Input, candidates: Sequence[str]) -> None:
        if not candidates:
            self.app.bell()
            return
        start = common_start(candidates)
        if len(start) > len(line.value):
            with line.prevent(Input.Changed):
                line.value = start
                line.cursor_position = len(start)
        shown = self.query_one("#candidates", Static)
        shown.display = len(candidates) > 1
        if len(candidates) > 1:
            shown.update(self._candidate_text(candidates))

    def _candidate_text(self, candidates: Sequence[str]) -> Text:
        names = [clean(candidate.rstrip("/").rpartition("/")[2]) for candidate in candidates[:200]]
        more = len(candidates) - len(names)
        return styled("  ".join(names) + (f"  and {more} more" if more else ""), "dim")
