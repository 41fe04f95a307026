"""One draft on the screen, and how what was typed gets to the mail service: in order, each once.

Draws nothing and waits for nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from textual.timer import Timer

if TYPE_CHECKING:
    from tui_mail.mail.writing import Writing
    from tui_mail.ui.widgets.compose_pane import ComposePane


class OpenDraft:
    """``number`` is the service's, None while nothing was typed.

    ``saving`` is the last that was handed over, ``begun`` the draft as it was opened. ``busy``
    says that sending it, or the like, has begun.
    """

    def __init__(self, pane: ComposePane, number: int | None) -> None:
        self.pane = pane
        self.number: Future[int] | None = None
        if number is not None:
            self.number = Future()
            self.number.set_result(number)
        self.begun = self._handed_over = pane.draft
        self.saving: Future[Any] | None = None
        self.timer: Timer | None = None
        self.unsaved_since = 0.0
        self.busy = False

    @property
    def known_number(self) -> int | None:
        """The number, None while there is none yet."""
        number = self.number
        if number is None or not number.done() or number.exception() is not None:
            return None
        return number.result()

    def hand_over(self, writing: Writing, *, untouched: bool = False) -> Future[Any] | None:
        """Have it saved as it is now; None where nothing was typed since.

        ``untouched``: it gets a number even if nothing was typed at all.
        """
        if self.timer is not None:
            self.timer.stop()
            self.timer = None
        draft = self.pane.draft
        if draft == self._handed_over and not (untouched and self.number is None):
            return None
        self._handed_over = draft
        if self.number is None:
            self.number = self.saving = writing.new_draft(draft)
        else:
            self.saving = _after(self.number, lambda number: writing.save_draft(number, draft))
        return self.saving

    def postpone(self, writing: Writing) -> Future[None] | None:
        """Have it put into the Drafts mailbox as it is now, if anything was ever typed."""
        self.hand_over(writing)
        return None if self.number is None else _after(self.number, writing.postpone)

    def failed(self, saving: Future[Any]) -> None:
        """That was not saved: the next time all of it is handed over again."""
        self._handed_over = self.begun
        if saving is self.number:
            self.number = None


def _after(number: Future[int], do: Callable[[int], Future[None]]) -> Future[None]:
    """What ``do`` does with the number, once that is there."""
    done: Future[None] = Future()

    def begin(number: Future[int]) -> None:
        if not _failed(number, done):
            do(number.result()).add_done_callback(finish)

    def finish(doing: Future[None]) -> None:
        if not _failed(doing, done):
            done.set_result(None)

    number.add_done_callback(begin)
    return done


def _failed(step: Future[Any], whole: Future[None]) -> bool:
    """Whether a step came to nothing; then neither does the whole."""
    if step.cancelled():
        whole.cancel()
    elif (error := step.exception()) is not None:
        whole.set_exception(error)
    else:
        return False
    return True
