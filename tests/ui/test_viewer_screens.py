"""The boxes for parts and links: what they show, save, copy and refuse to open."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from tui_mail.errors import MailError, StoreError
from tui_mail.mail.text import Link
from tui_mail.model import BodyPart
from tui_mail.ui.browser import browser_command, open_url
from tui_mail.ui.keymap import Keymap
from tui_mail.ui.screens.links import LinksScreen, misleading, spelled_out
from tui_mail.ui.screens.parts import PartsScreen
from tui_mail.ui.widgets.line_view import LineView
from tui_mail.ui.widgets.prompt import Prompt

TEXT = BodyPart("1.1", "text", "plain", encoding="8bit", size=2048)
PDF = BodyPart(
    "2",
    "application",
    "pdf",
    encoding="base64",
    size=345_678,
    disposition="attachment",
    disposition_parameters=(("filename", "../[red]minutes\x1b.pdf"),),
)
STRUCTURE = BodyPart(
    "",
    "multipart",
    "mixed",
    children=(
        BodyPart(
            "1",
            "multipart",
            "alternative",
            children=(
                TEXT,
                BodyPart("1.2", "text", "html", encoding="quoted-printable", size=40_000),
            ),
        ),
        PDF,
    ),
)
SIZES = [(80, 24), (140, 45), (40, 12)]


async def opened(pilot: Pilot[None], screen: Screen[Any]) -> list[object]:
    """The answers ``screen`` gives, empty until it closes."""
    answers: list[object] = []
    pilot.app.push_screen(screen, answers.append)
    await pilot.pause()
    await pilot.pause()
    return answers


def lines_of(screen: Screen[Any]) -> list[str]:
    view = screen.query_one(LineView)
    return [view.render_line(y).text.rstrip() for y in range(view.content_size.height)]


def said(screen: Screen[Any], selector: str) -> str:
    return str(screen.query_one(selector, Static).render())


async def until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await pilot.pause(0.01)


class Saves:
    """A stand-in for the mail service: a save that ends when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[BodyPart, Path]] = []
        self.future: Future[Path] = Future()
        self.progress: Callable[[int, int], None] = lambda done, expected: None

    def __call__(
        self, part: BodyPart, folder: Path, progress: Callable[[int, int], None]
    ) -> Future[Path]:
        self.asked.append((part, folder))
        self.progress = progress
        self.future = Future()
        return self.future


@pytest.mark.parametrize("size", SIZES)
async def test_parts_are_listed_with_number_type_name_size(size: tuple[int, int]) -> None:
    app: App[None] = App()
    async with app.run_test(size=size) as pilot:
        screen = PartsScreen(STRUCTURE, Keymap(), Saves(), shown=TEXT)
        answers = await opened(pilot, screen)
        rows = lines_of(screen)
        assert rows[2].startswith(" 1.1")
        assert "text/plain" in rows[2]
        assert "2.0K" in rows[2]
        assert "\x1b" not in "".join(rows)
        if size[0] >= 80:
            assert "[red]minutes" in rows[4]
            assert "base64" in rows[4]
        await pilot.press("enter")
        assert answers == [TEXT]


async def test_a_multipart_is_neither_shown_nor_saved() -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        screen = PartsScreen(STRUCTURE, Keymap(), Saves())
        answers = await opened(pilot, screen)
        await pilot.press("home", "enter", "s")
        assert "choose one of them" in said(screen, "#told")
        assert answers == []
        await pilot.press("q")
        assert answers == [None]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the question where to save begins with."""
    monkeypatch.setattr(PartsScreen, "last_folder", str(tmp_path))
    return tmp_path


async def save_last(pilot: Pilot[None]) -> None:
    await pilot.press("end", "s")
    await until(pilot, lambda: isinstance(pilot.app.screen, Prompt))
    await pilot.press("enter")


async def test_saving_shows_progress_and_the_path(folder: Path) -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        saves = Saves()
        screen = PartsScreen(STRUCTURE, Keymap(), saves)
        answers = await opened(pilot, screen)
        await save_last(pilot)
        await until(pilot, lambda: bool(saves.asked))
        assert saves.asked == [(PDF, folder)]
        saves.progress(172_839, 345_678)
        await until(pilot, lambda: "50%" in said(screen, "#told"))
        saves.future.set_result(folder / "minutes.pdf")
        await until(pilot, lambda: "Saved to" in said(screen, "#told"))
        assert answers == []


async def test_q_stops_a_save_and_leaves_the_box_open(folder: Path) -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        saves = Saves()
        screen = PartsScreen(STRUCTURE, Keymap(), saves)
        answers = await opened(pilot, screen)
        await save_last(pilot)
        await until(pilot, lambda: bool(saves.asked))
        await pilot.press("q")
        assert saves.future.cancelled()
        await until(pilot, lambda: "Stopped" in said(screen, "#told"))
        assert answers == []
        await pilot.press("q")
        assert answers == [None]


async def test_a_save_that_fails_says_why(folder: Path) -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        saves = Saves()
        screen = PartsScreen(STRUCTURE, Keymap(), saves)
        await opened(pilot, screen)
        await save_last(pilot)
        await until(pilot, lambda: bool(saves.asked))
        saves.future.set_exception(StoreError("It cannot be written: [disk] full"))
        await until(pilot, lambda: "[disk] full" in said(screen, "#told"))


LINKS = [
    Link(1, "https://example.org/agenda", "https://example.org/agenda"),
    Link(2, "https://evil.example.net/" + "a" * 900, "www.bank.example"),
    Link(3, "mailto:ben@example.org", "ben@example.org"),
]


@pytest.mark.parametrize("size", SIZES)
async def test_the_whole_address_and_its_host_are_shown(size: tuple[int, int]) -> None:
    app: App[None] = App()
    async with app.run_test(size=size) as pilot:
        screen = LinksScreen(LINKS, Keymap(), lambda text: None)
        await opened(pilot, screen)
        rows = lines_of(screen)
        assert rows[0].strip().startswith("[1]")
        assert "https://example.org/agenda" in said(screen, "#address")
        await pilot.press("j")
        text = said(screen, "#address")
        assert "https://evil.example.net/aaaa" in text
        assert text.startswith("The text says bank.example, but the link leads to evil.example.net")


async def test_a_link_is_opened_copied_and_refused() -> None:
    opened_addresses: list[str] = []
    copied: list[str] = []

    def refuse(url: str) -> None:
        opened_addresses.append(url)
        if url.startswith("mailto:"):
            raise MailError("There is no browser [here]", advice="Copy it.")

    app: App[None] = App()
    async with app.run_test() as pilot:
        screen = LinksScreen(LINKS, Keymap(), copied.append, open_address=refuse)
        answers = await opened(pilot, screen)
        await pilot.press("enter")
        await until(pilot, lambda: "Opened" in said(screen, "#address"))
        await pilot.press("end", "o")
        await until(pilot, lambda: "no browser [here]" in said(screen, "#address"))
        assert opened_addresses == [LINKS[0].url, LINKS[2].url]
        await pilot.press("y")
        assert copied == [LINKS[2].url]
        await pilot.press("q")
        assert answers == [None]


async def test_a_box_without_links_does_nothing_but_close() -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        answers = await opened(pilot, LinksScreen([], Keymap(), print))
        await pilot.press("enter", "y", "j", "q")
        assert answers == [None]


@pytest.mark.parametrize(
    ("url", "text", "warns"),
    [
        ("https://evil.example/", "https://bank.example/login", True),
        ("https://evil.example/", "www.bank.example", True),
        ("https://www.bank.example/x", "bank.example", False),
        ("https://login.bank.example/", "https://bank.example", False),
        ("https://bank.example.evil.example/", "https://bank.example", True),
        ("https://evil.example/", "Read more", False),
        ("mailto:a@example.org", "a@example.org", False),
    ],
)
def test_a_link_that_pretends_to_lead_elsewhere_is_told(url: str, text: str, warns: bool) -> None:
    assert bool(misleading(Link(1, url, text))) is warns


@pytest.mark.parametrize(
    ("url", "ascii_host"),
    [
        ("https://example.org/", ""),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://раураl.example/", "xn--l-7sba6dbr.example"),  # noqa: RUF001
        ("https://" + "ü" * 100 + ".example/", "not a valid host"),
    ],
)
def test_a_host_that_is_not_ascii_is_spelled_out(url: str, ascii_host: str) -> None:
    assert spelled_out(Link(1, url, "")) == ascii_host


@pytest.mark.parametrize(
    ("browser", "command"),
    [
        ("firefox", ["firefox", "https://example.org/a b".replace(" ", "")]),
        ("firefox --new-tab %s:lynx", ["firefox", "--new-tab", "https://example.org/ab"]),
        ("'my browser' %s", ["my browser", "https://example.org/ab"]),
    ],
)
def test_the_browser_of_the_environment_gets_the_address(browser: str, command: list[str]) -> None:
    assert browser_command("https://example.org/ab", {"BROWSER": browser}) == command


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "javascript:alert(1)", "-x", "https://a b", "", "https:\x1b//a"]
)
def test_nothing_else_is_opened(url: str) -> None:
    with pytest.raises(MailError, match="Only web addresses"):
        browser_command(url, {"BROWSER": "firefox"})


def test_without_a_desktop_no_browser_takes_the_terminal(tmp_path: Path) -> None:
    opener = tmp_path / "xdg-open"
    opener.write_text("#!/bin/sh\n")
    opener.chmod(0o755)
    environ = {"PATH": str(tmp_path)}
    with pytest.raises(MailError, match="no browser"):
        browser_command("https://example.org/", environ)
    environ["DISPLAY"] = ":0"
    assert browser_command("https://example.org/", environ) == [str(opener), "https://example.org/"]


def test_a_browser_gets_the_address_as_one_argument_and_no_terminal(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = tmp_path / "browser.py"
    script.write_text(
        "import sys, os\n"
        f"open({str(told)!r}, 'w').write(repr((sys.argv[1:], sys.stdin.read(), os.isatty(1))))\n"
    )
    environ = {"BROWSER": f"{sys.executable} {script}"}
    open_url("https://example.org/;touch$(x)`y`", environ)
    assert told.read_text() == "(['https://example.org/;touch$(x)`y`'], '', False)"


def test_a_browser_that_fails_or_is_missing_is_told(tmp_path: Path) -> None:
    script = tmp_path / "browser.py"
    script.write_text("raise SystemExit(3)\n")
    with pytest.raises(MailError, match="failed with status 3"):
        open_url("https://example.org/", {"BROWSER": f"{sys.executable} {script}"})
    with pytest.raises(MailError, match="cannot be started"):
        open_url("https://example.org/", {"BROWSER": str(tmp_path / "missing")})
    with pytest.raises(MailError, match="BROWSER cannot be read"):
        open_url("https://example.org/", {"BROWSER": "'unbalanced"})
