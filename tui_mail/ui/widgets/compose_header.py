"""The fields of a draft's header: who writes to whom, and about what.

Judges addresses with the function it was given, and marks what is wrong where it stands. It knows
neither the text nor what becomes of the draft.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from tui_mail.mail.compose.values import Draft
from tui_mail.sanitize import clean
from tui_mail.ui.theme import style
from tui_mail.ui.widgets.compose_field import ComposeField

FIELDS = {
    "from_": "From",
    "to": "To",
    "cc": "Cc",
    "bcc": "Bcc",
    "reply_to": "Reply-To",
    "subject": "Subject",
}
ADDRESS_FIELDS = frozenset(FIELDS) - {"subject"}
COMPLETED_FIELDS = ADDRESS_FIELDS - {"from_"}
SELDOM_USED = ("bcc", "reply_to")
LABEL_WIDTH = 12


class TypedAddress(Protocol):
    """One entry of an address field: ``start … end`` of its value, and what is wrong with it."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def problem(self) -> str: ...


Judge = Callable[[str], Sequence[TypedAddress]]


class ComposeHeader(Vertical):
    """``fields`` are by their names in ``Draft``; those seldom used are shown when asked for."""

    DEFAULT_CSS = """
    ComposeHeader { height: auto; }
    ComposeHeader > Horizontal { height: 1; }
    ComposeHeader > .hidden { display: none; }
    ComposeHeader .label { width: 12; padding: 0 0 0 1; }
    """

    class Changed(Message):
        """Something was typed into ``field``."""

        def __init__(self, field: ComposeField) -> None:
            super().__init__()
            self.field = field

    class Left(Message):
        """A field was left; ``problem`` is what is wrong with it, "" for nothing."""

        def __init__(self, problem: str) -> None:
            super().__init__()
            self.problem = problem

    def __init__(self, draft: Draft, *, judge: Judge) -> None:
        super().__init__()
        self._judge = judge
        self.fields = {
            name: ComposeField(name, getattr(draft, name), joint=" " if name == "subject" else ", ")
            for name in FIELDS
        }
        self._told = self.typed
        self._labels = {name: Static(classes="label") for name in FIELDS}
        self._rows = {name: Horizontal(self._labels[name], self.fields[name]) for name in FIELDS}
        self._asked: set[str] = set()
        self._tall = False

    def compose(self) -> ComposeResult:
        yield from self._rows.values()

    def on_mount(self) -> None:
        for name in FIELDS:
            self._mark(name)
        self.lay_out(tall=self._tall)

    def lay_out(self, *, tall: bool) -> None:
        """Show the fields there are; all of them where there is room."""
        self._tall = tall
        for name in SELDOM_USED:
            self._rows[name].set_class(not tall and not self._is_used(self.fields[name]), "hidden")

    @property
    def typed(self) -> dict[str, str]:
        """What stands in each field."""
        return {name: field.value for name, field in self.fields.items()}

    def take(self, values: Mapping[str, str]) -> None:
        """Other values; a field that has its value already keeps its cursor."""
        for name, value in values.items():
            if self.fields[name].value != clean(value):
                self.fields[name].take(value)
        self.lay_out(tall=self._tall)

    # Where the keys go

    @property
    def shown(self) -> list[ComposeField]:
        """The fields on the screen, from the top."""
        return [field for name, field in self.fields.items() if self._rows[name].display]

    @property
    def stops(self) -> list[ComposeField]:
        """Those Tab goes through: the same ones whether there is room for all or not."""
        focused = self.focused
        return [field for field in self.shown if self._is_used(field) or field is focused]

    def _is_used(self, field: ComposeField) -> bool:
        name = field.field
        return name not in SELDOM_USED or name in self._asked or bool(field.value)

    @property
    def focused(self) -> ComposeField | None:
        """The field that has the focus."""
        focused = self.screen.focused
        return focused if isinstance(focused, ComposeField) and focused.field in FIELDS else None

    def focus_field(self, name: str, place: int | None = None) -> None:
        """Into that field of ``FIELDS``, and to that character of it."""
        self._asked.add(name)
        self.lay_out(tall=self._tall)
        field = self.fields[name]
        self.screen.set_focus(field)
        field.cursor_position = len(field.value) if place is None else place

    @on(events.DescendantBlur)
    def _field_left(self, event: events.DescendantBlur) -> None:
        if isinstance(event.widget, ComposeField):
            self.post_message(self.Left(self._mark(event.widget.field, left=True)))

    # Addresses

    @on(Input.Changed)
    def _field_changed(self, event: Input.Changed) -> None:
        event.stop()
        field = event.input
        assert isinstance(field, ComposeField)
        if self._told[field.field] == field.value:
            return  # Textual tells the value a field begins with, too
        self._told[field.field] = field.value
        self._mark(field.field)
        self.post_message(self.Changed(field))

    def problem(self) -> tuple[str, int, str] | None:
        """The first wrong address: its field, where it ends, and what is wrong with it."""
        for name, field in self.fields.items():
            for entry in self._wrong(name):
                return name, entry.end, f"{FIELDS[field.field]}: {entry.problem}"
        return None

    def _wrong(self, name: str) -> list[TypedAddress]:
        if name not in ADDRESS_FIELDS:
            return []
        return [entry for entry in self._judge(self.fields[name].value) if entry.problem]

    def _mark(self, name: str, *, left: bool = False) -> str:
        """Mark what is wrong in a field; what is wrong first.

        The address that is being typed is no mistake yet, unless the field was ``left``.
        """
        field, label = self.fields[name], FIELDS[name]
        at = field.cursor_position if field is self.focused and not left else -1
        wrong = [entry for entry in self._wrong(name) if not entry.start <= at <= entry.end]
        field.mark([(entry.start, entry.end) for entry in wrong])
        text = f"{label} !" if wrong else f"{label}:"
        shown = self._labels[name]
        if str(shown.content) != text:
            shown.update(Text(text, style("error" if wrong else "header-name")))
        return f"{label}: {wrong[0].problem}" if wrong else ""

    def at_cursor(self, field: ComposeField) -> tuple[int, int, bool]:
        """Where the address under the cursor begins and ends, and whether it is right."""
        at = field.cursor_position
        for entry in self._judge(field.value):
            if entry.start <= at <= entry.end:
                return entry.start, entry.end, not entry.problem
        return at, at, False

    def put(self, field: ComposeField, text: str) -> None:
        """``text`` in the place of the address under the cursor."""
        start, end, _ = self.at_cursor(field)
        field.replace(text, start, end)
        field.cursor_position = start + len(text)
