"""The addresses a person may mean, below the field they are typed in.

Draws what it was given, and is told where to go; which of them was meant is for the pane to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from tui_mail.sanitize import columnar
from tui_mail.ui.cells import cut, fit, fit_right
from tui_mail.ui.widgets.line_view import LineView

MOST = 6  # lines


class Offer(Protocol):
    """``text`` takes the place of what was typed, ``detail`` says where it comes from."""

    @property
    def text(self) -> str: ...

    @property
    def detail(self) -> str: ...


class ComposeOffers(LineView, can_focus=False):
    """Hidden while there is nothing to offer. ``chosen`` is what Tab or Enter would take."""

    DEFAULT_CSS = """
    ComposeOffers {
        layer: above;
        display: none;
        height: auto;
        background: $background;
        color: $foreground;
        border-left: solid $primary;
        border-right: solid $primary;
        border-bottom: solid $primary;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._offers: Sequence[Offer] = ()
        self._selected = False

    @property
    def is_open(self) -> bool:
        return bool(self._offers)

    @property
    def chosen(self) -> Offer | None:
        """The one under the cursor; None while a person keeps what was typed."""
        return self._offers[self.cursor] if self._offers and self._selected else None

    def open(self, offers: Sequence[Offer], *, selected: bool, x: int, y: int) -> None:
        """Show these below the field that begins at cell ``x`` of line ``y - 1`` of the pane."""
        self._offers = [*offers][:MOST]
        self._selected = selected
        if not self._offers:
            self.close()
            return
        self.styles.offset = (x, y)
        self.styles.margin = (0, x, 0, 0)
        self.styles.height = len(self._offers) + 1
        self.display = True
        self.set_line_count(len(self._offers), cursor=0, top=0)
        self.refresh()

    def close(self) -> None:
        """Nothing is offered any more."""
        if self._offers:
            self._offers = ()
            self.set_line_count(0)
            self.display = False

    def step(self, lines: int) -> None:
        """To the next or previous one; the first step only shows that one is meant."""
        if not self._selected:
            self._selected = True
            self.refresh_row(self.cursor)
        else:
            self.go_to((self.cursor + lines) % len(self._offers))

    def render_row(self, index: int, width: int, cursor: bool) -> Strip:
        offer = self._offers[index]
        detail = cut(columnar(offer.detail), width // 3)
        room = width - 2 - (cell_len(detail) + 1 if detail else 0)
        parts = [(" ", ""), (fit(columnar(offer.text), room), "")]
        parts.append((fit_right(detail, width - room - 2) + " ", "dim"))
        return self.compose_row(parts, width, cursor=cursor and self._selected)

    def cursor_look(self, *names: str) -> Style:
        # The field has the focus, and the keys go on to here.
        return self.look(*names, "cursor")
