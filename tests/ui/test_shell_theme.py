"""Themes: the shipped ones, the user's, what is refused, and NO_COLOR."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.style import Style

from tui_mail.errors import ConfigError
from tui_mail.ui import theme as theme_module
from tui_mail.ui.theme import STYLE_NAMES, Themes, shipped_folder

SHIPPED = ["dark", "high-contrast", "light", "terminal"]


def test_the_shipped_themes_are_found() -> None:
    assert Themes().names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_theme_has_every_style_and_no_forbidden_attribute(name: str) -> None:
    theme = Themes().load(name)
    assert set(theme.styles) == STYLE_NAMES
    assert theme.textual.name == name
    for style in theme.styles.values():
        assert not (style.italic or style.strike or style.blink)


@pytest.mark.parametrize("name", SHIPPED)
def test_state_is_never_shown_by_color_alone(name: str) -> None:
    plain = Themes(no_color=True).load(name)
    ordinary = plain.style("")
    for marked in ("cursor", "unread", "match", "flagged", "link", "error"):
        assert plain.style(marked) != ordinary, marked


@pytest.mark.parametrize("name", SHIPPED)
def test_no_color_leaves_no_color(name: str) -> None:
    theme = Themes(no_color=True).load(name)
    assert all(style.color is None and style.bgcolor is None for style in theme.styles.values())
    assert theme.textual.ansi
    assert theme.textual.error == "ansi_default"


def _relative_luminance(color: tuple[int, ...]) -> float:
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in color)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("name", "least"), [("dark", 3.0), ("light", 3.0), ("high-contrast", 7.0)])
def test_text_stands_out_from_its_background(name: str, least: float) -> None:
    theme = Themes().load(name)
    for key, own in theme.styles.items():
        style = theme.style("") + own
        if key in ("border", "rule"):
            continue
        assert style.color is not None and style.bgcolor is not None
        one, other = (
            _relative_luminance(tuple(color.get_truecolor()))
            for color in (style.color, style.bgcolor)
        )
        contrast = (max(one, other) + 0.05) / (min(one, other) + 0.05)
        assert contrast >= least, f"{key}: {contrast:.2f}"


def test_the_users_theme_wins_and_what_it_leaves_out_falls_back(tmp_path: Path) -> None:
    (tmp_path / "dark.toml").write_text(
        '[colors]\nforeground = "#ffffff"\nbackground = "#000000"\n[styles]\nquote1 = "bold"\n'
    )
    themes = Themes(tmp_path)
    assert themes.names() == SHIPPED
    theme = themes.load("dark")
    assert theme.style("quote4") == theme.style("quote1")
    assert theme.style("subject-of-tomorrow") == Style()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[colors", "not TOML"),
        ('[styles]\nqoute1 = "bold"', 'did you mean "quote1"?'),
        ('[styles]\nquote1 = "italic"', "styles.quote1: italic is not shown everywhere"),
        ('[styles]\nquote1 = "strike red"', "styles.quote1: strike is not shown"),
        ('[styles]\nquote1 = "no-such-color"', "styles.quote1: expected a style"),
        ("[styles]\nquote1 = 5", "styles.quote1: expected a style"),
        ('[colors]\nprimary = "nothing"', "colors.primary: expected"),
        ('[colors]\nprimery = "red"', 'did you mean "primary"?'),
        ('terminal_colors = true\n[colors]\nprimary = "#102030"', "colors.primary: expected"),
        (
            'dark = 1\n[colors]\nforeground = "red"\nbackground = "blue"',
            "dark: expected true or false",
        ),
        ('description = "no colors"', "colors: expected foreground and background"),
        ('colors = "red"', "colors: expected a table"),
    ],
)
def test_a_wrong_theme_names_file_and_key(tmp_path: Path, text: str, expected: str) -> None:
    if "[colors]" not in text and "colors =" not in text and "description" not in text:
        text = f'{text}\n[colors]\nforeground = "#fff000"\nbackground = "#000fff"\n'
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        Themes(tmp_path).load("mine")
    assert str(tmp_path / "mine.toml") in caught.value.title
    assert expected in caught.value.title


def test_an_unknown_theme_suggests_the_nearest_and_leaves_the_folder_alone() -> None:
    with pytest.raises(ConfigError, match='did you mean "light"'):
        Themes().load("lihgt")
    with pytest.raises(ConfigError):
        Themes().load("../themes/dark")


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"#" * 100_000)
    with pytest.raises(ConfigError, match="at most"):
        Themes(tmp_path).load("mine")


def test_style_answers_from_the_theme_in_use() -> None:
    dark, terminal = Themes().load("dark"), Themes().load("terminal")
    try:
        theme_module.use(dark)
        assert theme_module.style("cursor") == dark.style("cursor")
    finally:
        theme_module.use(terminal)
    assert theme_module.style("") == terminal.style("")
    assert shipped_folder().is_dir()
