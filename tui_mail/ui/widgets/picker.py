"""Choosing one of many by typing part of its name: folders, links, themes, actions.

Holds what it was given and answers with the chosen value. 20,000 entries are filtered between
two keys; nothing is drawn but the lines that show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input, Static

from tui_mail.sanitize import clean, columnar
from tui_mail.ui.actions import Context
from tui_mail.ui.cells import cut, fit, fit_right
from tui_mail.ui.keymap import Keymap, canonical
from tui_mail.ui.screens.dialog import CANCEL_KEYS, styled
from tui_mail.ui.widgets.line_input import LineInput
from tui_mail.ui.widgets.line_view import LineView

_MAX_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry: ``text`` is shown and searched, ``value`` is the answer, ``detail`` stands right.

    ``also`` is searched without being shown in full (a URL, an action's id).
    """

    text: str
    value: Any
    detail: str = ""
    also: str = ""


@dataclass(frozen=True, slots=True)
class Unlisted:
    """The answer that is none of the entries: what was typed."""

    text: str


def matching(choices: Sequence[tuple[str, str]], typed: str) -> list[int]:
    """Which entries have every typed word in them, the best first, equals in their order.

    ``choices`` are pairs of casefolded text and further searched text. Best is where the last
    part of a path, then the text, then a word of it begins with what was typed.
    """
    words = typed.casefold().split()
    if not words:
        return list(range(len(choices)))
    whole = " ".join(words)
    found: list[tuple[int, int]] = []
    for index, (text, also) in enumerate(choices):
        if not all(word in text or word in also for word in words):
            continue
        found.append((_rank(text, whole, words[0]), index))
    found.sort()
    return [index for _, index in found]


def _rank(text: str, whole: str, first: str) -> int:
    if text == whole:
        return 0
    last = text.rpartition("/")[2]
    if last.startswith(whole):
        return 1 if last == whole else 2
    if text.startswith(whole):
        return 3
    place = text.find(first)
    if place < 0:
        return 7
    return 4 if whole in text else 5 if not text[place - 1].isalnum() else 6


class _Matches(LineView, can_focus=False):
    """The entries that match; the input line above keeps the focus."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._choices = choices
        self.found: Sequence[int] = ()

    def show(self, found: Sequence[int], cursor: int = 0) -> None:
        self.found = found
        self.set_line_count(len(found), cursor=cursor, top=0)
        self.refresh()

    def render_row(self, index: int, width: int, cursor: bool) -> Strip:
        choice = self._choices[self.found[index]]
        detail = cut(columnar(choice.detail), width // 2)
        room = width - 2 - (cell_len(detail) + 2 if detail else 0)
        parts = [(" ", ""), (fit(columnar(choice.text), room), "")]
        if detail:
            parts.append((fit_right(detail, width - room - 2), "dim"))
        return self.compose_row(parts, width, cursor=cursor)

    def cursor_look(self, *names: str) -> Style:
        return self.look(*names, "cursor")


class Picker(ModalScreen[Any], inherit_bindings=False):
    """Answers the chosen entry's ``value`` with Enter, None with Esc, Ctrl-G or Ctrl-C.

    ``selected`` is the index of the entry the cursor starts on. With ``unlisted``, which says what
    Enter does then, what is typed and no entry matches is answered as ``Unlisted``.
    """

    DEFAULT_CSS = """
    Picker { align: center top; background: transparent !important; }
    Picker > Vertical {
        width: 76;
        max-width: 100%;
        margin-top: 1;
        background: $background;
        color: $foreground;
        border: solid $primary;
        border-title-color: $foreground;
        border-title-background: $background;
        border-title-style: bold;
        border-subtitle-color: $foreground;
        border-subtitle-background: $background;
    }
    Picker Horizontal { height: 1; padding: 0 1; background: $background; }
    Picker #label { width: auto; background: $background; color: $foreground; }
    Picker LineView { background: $background; color: $foreground; }
    """

    def __init__(
        self,
        title: str,
        choices: Iterable[Choice],
        *,
        typed: str = "",
        selected: int = 0,
        unlisted: str = "",
    ) -> None:
        super().__init__()
        self._title = title
        self._choices = list(choices)
        self._searched = [
            (choice.text.casefold(), choice.also.casefold()) for choice in self._choices
        ]
        self._typed = typed
        self._selected = selected
        self._unlisted = unlisted
        self._matches = _Matches(self._choices)

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Text(clean(self._title))
            with Horizontal():
                yield Static(styled("> ", "prompt"), id="label")
                yield LineInput(self._typed, max_length=_MAX_LENGTH)
            yield self._matches

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._filter(self._typed, cursor=0 if self._typed else self._selected)

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size.height)

    def _fit(self, height: int) -> None:
        """As tall as all entries need, so that the box does not jump while typing."""
        self.query_one(Vertical).styles.height = max(4, min(len(self._choices) + 3, height - 3))

    @on(Input.Changed)
    def _typed_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._filter(event.value)

    def _filter(self, typed: str, cursor: int = 0) -> None:
        found = matching(self._searched, typed)
        self._matches.show(found, cursor)
        count = f"{len(found):,} of {len(self._choices):,}"
        if not found and self._unlisted:
            count = self._unlisted
        self.query_one(Vertical).border_subtitle = Text(count)

    def on_key(self, event: events.Key) -> None:
        key = canonical(event.key)
        if key in CANCEL_KEYS:
            self.dismiss(None)
        elif key == "enter":
            if self._matches.found:
                chosen = self._matches.found[self._matches.cursor]
                self.dismiss(self._choices[chosen].value)
            elif self._unlisted and (typed := self.query_one(Input).value.strip()):
                self.dismiss(Unlisted(typed))
        elif key in ("up", "ctrl+p", "shift+tab"):
            self._matches.move(-1)
        elif key in ("down", "ctrl+n", "tab"):
            self._matches.move(1)
        elif key in ("pageup", "pagedown"):
            self._matches.page(-1 if key == "pageup" else 1)
        else:
            return
        event.stop()
        event.prevent_default()


def action_choices(
    keymap: Keymap, context: Context, offered: Callable[[str], bool] = lambda action_id: True
) -> Iterator[Choice]:
    """The command palette: every action that counts in ``context``, with its key and id.

    What is not offered there is left out.
    """
    for action in keymap.available(context):
        if not offered(action.id):
            continue
        key = keymap.shown_key(action.id, context if context in action.contexts else "global")
        yield Choice(action.description, action.id, detail=f"{action.id}  {key:>9}", also=action.id)
