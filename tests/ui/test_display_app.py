"""The display under a whole app: after everything it writes, the screen is what Textual's would be.

Both go into a terminal in memory: what the app wrote, and what Textual itself would have written
for the same update.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pyte
import pytest
from rich.console import RenderableType
from textual._compositor import CompositorUpdate
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.driver import Driver
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import TextArea

from tui_mail.model import Phase, Progress
from tui_mail.ui import theme
from tui_mail.ui.display import DisplayApp
from tui_mail.ui.keymap import Keymap
from tui_mail.ui.screens.confirm import Confirm
from tui_mail.ui.screens.help import HelpScreen
from tui_mail.ui.terminal import prepare
from tui_mail.ui.theme import Themes
from tui_mail.ui.widgets.line_view import LineView
from tui_mail.ui.widgets.picker import Choice, Picker
from tui_mail.ui.widgets.status_bar import HintLine, StatusBar

SUBJECTS = (
    "Re: [PATCH v3 2/7] imap: keep unsolicited FETCH while a command is in flight",
    "Lunch on Friday?",
    "会議の資料をお送りします",
    "Ihre Rechnung für März",
    "Newsletter: what changed in release 2.4, and what breaks if you upgrade on a Friday",
)


class List(LineView):
    """A list like the one of messages."""

    def on_mount(self) -> None:
        self.set_line_count(100_000)

    def render_row(self, index: int, width: int, cursor: bool) -> Strip:
        unread = index % 3 == 0
        sender = f"Person {index % 17} of the list".ljust(20)[:20]
        parts = [
            (f"{'N' if unread else ' '} ", "new"),
            (f"{index % 24:02}:{index % 60:02}  ", "date"),
            (f"{sender}  ", "sender"),
            (SUBJECTS[index % len(SUBJECTS)], ""),
        ]
        base = "unread" if unread else ""
        return self.compose_row(parts, width, cursor=cursor, base=base)


class RecordingDriver(HeadlessDriver):
    """A driver without a terminal whose writes are kept; the app takes it for a real one."""

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        assert isinstance(self._app, Host)
        self._app.written.append(data)


class Host(DisplayApp[None]):
    """List, status bar and hints, and the two terminals."""

    CSS = "#tree { width: 30; }"

    def __init__(self, name: str, *, size: tuple[int, int], editor: bool = False) -> None:
        super().__init__(prepare({"TERM": "xterm-256color"}))
        self.look = Themes().load(name)
        self.register_theme(self.look.textual)
        self.theme = name
        theme.use(self.look)
        self.editor = editor
        self.written: list[str] = []
        self.sent: list[tuple[int, int]] = []
        self.agreed: list[bool] = []
        self.terminal_size = size
        self.new_terminals(*size)

    def new_terminals(self, width: int, height: int) -> None:
        """What the app writes from now on goes into these."""
        self.screens = [pyte.Screen(width, height), pyte.Screen(width, height)]
        self.streams = [pyte.Stream(screen) for screen in self.screens]
        for screen in self.screens:
            screen.reset_mode(pyte.modes.DECAWM)

    def get_driver_class(self) -> type[Driver]:
        return RecordingDriver

    def compose(self) -> ComposeResult:
        if self.editor:
            yield TextArea("some text to edit\n" * 30, id="editor")
        else:
            with Horizontal():
                yield List(id="tree")
                yield List(id="list")
        yield StatusBar()
        yield HintLine()

    def on_mount(self) -> None:
        focus = self.query_one("#editor" if self.editor else "#list")
        focus.focus()
        self.query_one(HintLine).show_hints(Keymap().hints("list"))
        self.query_one(StatusBar).change(
            account="work", phase=Phase.ONLINE, mailbox="INBOX", total=100_000, unread=12
        )

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        del self.written[:]
        super()._display(screen, renderable)
        if self.written:
            assert isinstance(renderable, CompositorUpdate)
            ours = "".join(self.written)
            plain = renderable.render_segments(self.console) + "\x1b[1;1H"
            self.sent.append((len(ours.encode()), len(plain.encode())))
            for stream, text in zip(self.streams, (ours, plain), strict=True):
                stream.feed(text)
            self.agreed.append(self.pictures_agree())

    def pictures_agree(self) -> bool:
        ours, plain = self.screens
        return all(
            ours.buffer[y][x] == plain.buffer[y][x]
            for y in range(ours.lines)
            for x in range(ours.columns)
        )


Script = Callable[[Pilot[Any]], Awaitable[None]]


async def play(app: Host, script: Script) -> None:
    """Run ``app`` as on a terminal, ``script`` in the place of the person."""

    async def person(pilot: Pilot[Any]) -> None:
        try:
            await pilot.pause()
            await script(pilot)
            await pilot.pause()
        finally:
            app.exit()

    await app.run_async(headless=False, mouse=False, size=app.terminal_size, auto_pilot=person)
    assert app.agreed and all(app.agreed)
    assert not app.draws_plain


async def read_mail(pilot: Pilot[Any]) -> None:
    """What a person does with a list, dialogs over it, and other panes."""
    app = pilot.app
    assert isinstance(app, Host)
    messages = app.query_one("#list", List)
    tree = app.query_one("#tree", List)
    status = app.query_one(StatusBar)
    for step in (1, 1, 1, 30, 300, -2, 5000):
        messages.move(step)
        await pilot.pause()
    for page in (1, 1, -1):
        messages.page(page)
        await pilot.pause()
    messages.end()
    status.change(progress=Progress("Fetching envelopes", 10, 100))
    await pilot.pause()
    tree.focus()
    tree.move(3)
    await pilot.pause()
    status.change(progress=None, command="UID FETCH", milliseconds=31.2, mailbox="Rübezahl/日本")
    await pilot.pause()
    await app.push_screen(HelpScreen(Keymap(), "list"))
    await pilot.press("space", "space", "minus", "q")
    await app.push_screen(Picker("Folder", [Choice(f"Lists/{n}", n) for n in range(300)]))
    await pilot.press("2", "9", "down", "backspace", "escape")
    await app.push_screen(Confirm("Leave?", "Three messages are on their way."))
    await pilot.pause()
    messages.home()
    await pilot.pause()
    await pilot.press("n")
    app.redraw()
    await pilot.pause()


@pytest.mark.parametrize("name", ["terminal", "dark", "light", "high-contrast"])
async def test_reading_shows_what_textual_would_show(name: str) -> None:
    app = Host(name, size=(100, 30))
    await play(app, read_mail)
    ours, plain = (sum(sent) for sent in zip(*app.sent, strict=True))
    assert ours < plain / 2


async def test_typing_shows_what_textual_would_show_for_a_fraction() -> None:
    app = Host("terminal", size=(80, 24), editor=True)

    async def type_text(pilot: Pilot[Any]) -> None:
        await pilot.press("x", "left", "enter", "ä", "down", "end", "backspace", "up", "x")

    await play(app, type_text)
    typed = app.sent[1:]
    assert sum(ours for ours, _ in typed) < sum(plain for _, plain in typed) / 10


async def test_a_new_size_is_drawn_from_nothing() -> None:
    app = Host("terminal", size=(80, 24))

    async def resize(pilot: Pilot[Any]) -> None:
        app.query_one("#list", List).move(7)
        await pilot.pause()
        app.new_terminals(60, 20)
        await pilot.resize_terminal(60, 20)
        await pilot.pause()
        app.query_one("#list", List).page(1)
        await pilot.pause()
        app.new_terminals(60, 20)  # the same size: another terminal attached
        await pilot.resize_terminal(60, 20)
        await pilot.pause()

    await play(app, resize)
    assert "12 unread of 100,000" in app.screens[0].display[18]


async def test_a_theme_changed_while_running_is_drawn() -> None:
    app = Host("terminal", size=(80, 24))

    async def change(pilot: Pilot[Any]) -> None:
        look = Themes().load("light")
        app.register_theme(look.textual)
        theme.use(look)
        app.theme = "light"
        await pilot.pause()
        assert app.screens[0].buffer[3][50].bg != "default"

    await play(app, change)


async def test_a_step_down_a_list_of_120_by_40_costs_at_most_260_bytes() -> None:
    app = Host("terminal", size=(120, 40))
    steps: list[int] = []

    async def walk(pilot: Pilot[Any]) -> None:
        app.query_one("#tree").display = False
        await pilot.pause()
        for _ in range(30):
            del app.sent[:]
            app.query_one("#list", List).move(1)
            await pilot.pause()
            steps.append(sum(ours for ours, _ in app.sent))

    await play(app, walk)
    assert max(steps) <= 300
    assert sum(steps) / len(steps) <= 260


async def test_a_failing_comparison_leaves_the_writing_to_textual(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = Host("terminal", size=(80, 24))

    def fail(*arguments: object, **options: object) -> str:
        raise RuntimeError("no picture")

    async def walk(pilot: Pilot[Any]) -> None:
        monkeypatch.setattr(app.cells, "paint", fail)
        app.query_one("#list", List).move(1)
        await pilot.pause()
        app.query_one("#list", List).page(1)
        await pilot.pause()
        assert app.draws_plain
        app.draws_plain = False

    await play(app, walk)
    assert "drawing whole from now on" in caplog.text


async def test_a_new_size_that_settles_after_the_last_screen_has_gone_is_no_crash() -> None:
    app = DisplayApp[None](prepare({"TERM": "xterm-256color"}))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.resize_terminal(100, 30)
    assert app.front is None
    app._settled()
