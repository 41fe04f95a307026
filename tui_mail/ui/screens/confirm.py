"""A question that is answered with yes or no."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget
from textual.widgets import Static

from tui_mail.ui.screens.dialog import Dialog, Hints, styled


class Confirm(Dialog[bool]):
    """Answers True for ``y``, False for ``n`` and for closing; nothing is answered by Enter alone.

    Enter would let a burst of pasted keys agree to anything.
    """

    def __init__(
        self, question: str, detail: str = "", *, yes: str = "Yes", no: str = "No"
    ) -> None:
        super().__init__()
        self._question, self._detail = question, detail
        self._yes, self._no = yes, no

    def heading(self) -> str:
        return "Please answer"

    def content(self) -> Iterable[Widget]:
        yield Static(styled(self._question, "strong"))
        if self._detail:
            yield Static(styled(self._detail), classes="gap")

    def hints(self) -> Hints:
        return (("y", self._yes), ("n", self._no))

    def key(self, key: str) -> bool:
        if key in ("y", "Y"):
            self.dismiss(True)
        elif key in ("n", "N"):
            self.cancel()
        return key in ("y", "Y", "n", "N")

    def cancel(self) -> None:
        self.dismiss(False)
