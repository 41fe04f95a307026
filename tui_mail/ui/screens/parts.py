"""The parts of a message: what it is made of, to be shown or saved.

Works on the structure; the bodies stay on the server until ``save`` asks for one. It answers the
part a person wants to see, and saves through the function it was given.
"""

from __future__ import annotations

import asyncio
from asyncio import wrap_future
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import ClassVar, NamedTuple

from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from tui_mail.errors import MailError
from tui_mail.mail.parts import file_name, part_name
from tui_mail.model import BodyPart
from tui_mail.sanitize import columnar
from tui_mail.ui.cells import fit, fit_right
from tui_mail.ui.keymap import Keymap
from tui_mail.ui.screens.dialog import styled
from tui_mail.ui.screens.list_dialog import ListDialog
from tui_mail.ui.widgets.columns import format_size
from tui_mail.ui.widgets.line_view import LineView
from tui_mail.ui.widgets.prompt import Prompt, complete_path

Save = Callable[[BodyPart, Path, Callable[[int, int], None]], Future[Path]]
"""Part, folder and a listener of octets done and expected, to the path that is being written."""

_REDRAW = 0.25  # seconds between two drawings of the progress
_MAX_INDENT = 8
# Not even asked for: a picture may be large. What else is not text is told when it has come.
_NO_TEXT = frozenset({"image", "audio", "video", "font", "model"})


class _Part(NamedTuple):
    part: BodyPart
    depth: int


def _flat(part: BodyPart, depth: int = 0) -> Iterator[_Part]:
    yield _Part(part, depth)
    for child in part.children:
        yield from _flat(child, depth + 1)


class _Parts(LineView):
    def __init__(self, parts: list[_Part]) -> None:
        super().__init__()
        self._parts = parts

    def on_mount(self) -> None:
        self.set_line_count(len(self._parts))

    def render_row(self, index: int, width: int, cursor: bool) -> Strip:
        part, depth = self._parts[index]
        number = 8 if width >= 60 else 4
        encoding = 17 if width >= 70 else 0
        kind = max(18, min(34, width * 3 // 10))
        name = max(0, width - number - kind - encoding - 10)
        indent = "  " * min(depth, _MAX_INDENT)
        parts = [
            (" " + fit(columnar(part.section), number), "dim"),
            (fit(indent + columnar(part.content_type), kind) + "  ", ""),
            (fit(columnar(part_name(part)), name), "attachment"),
            (" " + fit_right(format_size(part.size) if part.size else "", 4) + "  ", "size"),
            (fit(columnar(part.encoding), encoding), "dim"),
        ]
        base = "dim" if part.type == "multipart" else ""
        return self.compose_row(parts, width, cursor=cursor, base=base)


class PartsScreen(ListDialog[BodyPart | None]):
    """Answers the part to be shown, or None. ``shown`` is the part the cursor starts on.

    While a part is being saved the keys that close the box stop that instead.
    """

    DEFAULT_CSS = """
    PartsScreen Static { max-height: 4; }
    PartsScreen #told { min-height: 1; }
    """
    context = "parts"
    title_text = "Parts of the message"
    last_folder: ClassVar[str] = ""

    def __init__(
        self, structure: BodyPart, keymap: Keymap, save: Save, *, shown: BodyPart | None = None
    ) -> None:
        self._all = list(_flat(structure))
        self._parts = _Parts(self._all)
        actions = {"parts.open": self.open_part, "parts.save": self.save_part}
        super().__init__(self._parts, keymap, actions)
        self._save = save
        self._shown = shown
        self._told = Static(id="told")
        self._saving: Future[Path] | None = None
        self._progress = (0, 0)
        self._timer: Timer | None = None

    def below(self) -> Iterable[Widget]:
        yield self._told

    def wanted_height(self) -> int:
        return len(self._all) + 5

    def on_mount(self) -> None:
        for index, each in enumerate(self._all):
            if self._shown is not None and each.part.section == self._shown.section:
                self._parts.go_to(index)
        super().on_mount()

    def on_unmount(self) -> None:
        if self._saving is not None:
            self._saving.cancel()

    def _chosen(self) -> BodyPart | None:
        """The part under the cursor, unless it only holds others."""
        part = self._all[self._parts.cursor].part
        if part.type == "multipart":
            self._tell("This holds the parts below it: choose one of them")
            return None
        return part

    def open_part(self) -> None:
        """Answer the part under the cursor: it is to be shown."""
        part = self._chosen()
        if part is None or self._saving is not None:
            return
        if part.type in _NO_TEXT:
            key = self._keymap.shown_key("parts.save", "parts")
            self._tell(f"{part.content_type} is not text: {key} saves it")
        else:
            self.dismiss(part)

    def close(self) -> None:
        """Stop saving; or close, when nothing is being saved."""
        if self._saving is not None:
            self._saving.cancel()
        else:
            self.dismiss(None)

    # Saving

    def save_part(self) -> None:
        """Ask for a folder, and save the part under the cursor there."""
        part = self._chosen()
        if part is not None and self._saving is None:
            self.run_worker(self._ask_and_save(part), exit_on_error=False)

    async def _ask_and_save(self, part: BodyPart) -> None:
        answer = await self.app.push_screen_wait(
            Prompt(
                f"Save {columnar(file_name(part))[:40]} in:",
                PartsScreen.last_folder or _usual_folder(),
                complete=partial(complete_path, folders_only=True),
            )
        )
        if answer is None:
            return
        PartsScreen.last_folder = answer
        self._progress = (0, part.size)
        self._saving = saving = self._save(part, Path(answer).expanduser(), self._progressed)
        self._show_progress()
        self._timer = self.set_interval(_REDRAW, self._show_progress)
        try:
            path = await wrap_future(saving)
        except asyncio.CancelledError:
            if not saving.cancelled():
                raise
            self._tell("Stopped: nothing was kept of it")
        except MailError as error:
            self._tell("\n".join(filter(None, (error.title, error.server_line))), error=True)
        else:
            self._tell(f"Saved to {path}")
        finally:
            self._saving = None
            self._timer.stop()

    def _progressed(self, done: int, expected: int) -> None:
        """Called on the thread that saves."""
        self._progress = (done, expected)

    def _show_progress(self) -> None:
        if self._saving is None:
            return
        done, expected = self._progress
        percent = f", {min(100, 100 * done // expected)}%" if expected else ""
        key = self._keymap.shown_key("pane.close", "parts")
        self._tell(f"Saving: {format_size(done)} of {format_size(expected)}{percent}; {key} stops")

    def _tell(self, text: str, *, error: bool = False) -> None:
        if self.is_attached:
            self._told.update(styled(text, "error" if error else "notice"))


def _usual_folder() -> str:
    return "~/Downloads/" if Path("~/Downloads").expanduser().is_dir() else "~/"
