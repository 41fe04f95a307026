"""Themes: TOML files that say how each kind of text looks, read when they are asked for.

``style(name)`` is what every widget draws with; ``Theme.textual`` gives Textual's own widgets the
same colors. The format is described in ``themes/dark.toml``. Draws nothing itself, and never
hands out italics or strike-through (GNU screen shows the one as reverse and drops the other).
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rich.color import Color, ColorParseError, ColorType
from rich.errors import StyleSyntaxError
from rich.style import Style
from textual.theme import Theme as TextualTheme

from tui_mail.errors import ConfigError
from tui_mail.mail.text import STYLES as TEXT_STYLES

DEFAULT_THEME = "terminal"
# The colors of labels that a theme has shades of its own for.
_HUES = ("red", "green", "yellow", "blue", "magenta", "cyan")
_LABEL = "label-"
_BRIGHT = "bright_"
_MAX_FILE = 64 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

# Every style of the screen itself, and what it marks; ``mail.text.STYLES`` has those of a text.
SCREEN_STYLES: dict[str, str] = {
    "dim": "what matters less",
    "title": "the title of a pane or dialog",
    "border": "lines between panes and around dialogs",
    "cursor": "the line of the cursor in the pane that has the keys",
    "cursor-blurred": "the line of the cursor in another pane",
    "match": "what a search found",
    "match-current": "the match the cursor is on",
    "placeholder": "a line that has not arrived yet",
    "unread": "a message nobody has read",
    "new": "the mark of an unread message",
    "answered": "the mark of an answered message",
    "flagged": "the mark of a flagged message",
    "deleted": "the mark of a message that is marked deleted",
    "attachment": "the mark of a message with attachments",
    "tagged": "the mark of a message that is tagged",
    "label": "a keyword for which the configuration has no color",
    **{f"label-{hue}": f"a label of the color {hue}" for hue in _HUES},
    "date": "the date in the message list",
    "sender": "the sender in the message list",
    "size": "the size in the message list",
    "tree-account": "an account, a root of the folder tree",
    "tree-special": "the mark of a mailbox with a special use",
    "tree-noselect": "a folder that only holds others",
    "tree-unread": "a mailbox with unread messages",
    "count": "how many messages",
    "wire-time": "the time of a wire line",
    "wire-connection": "the connection of a wire line",
    "wire-sent": "what was sent",
    "wire-received": "what was received",
    "wire-note": "the program's own remark between the lines",
    "wire-ok": "a command that was completed",
    "wire-no": "a command that was refused",
    "wire-bad": "a line one side did not understand, or a lost connection",
    "wire-literal": "a literal folded to its size",
    "status": "the status bar",
    "status-online": "a connection that stands",
    "status-offline": "a connection that does not",
    "status-busy": "what is going on",
    "status-error": "what went wrong, in the status bar",
    "hint-key": "a key in the line of hints",
    "hint": "what that key does",
    "prompt": "what a prompt asks for",
}

STYLE_NAMES = frozenset(TEXT_STYLES) | frozenset(SCREEN_STYLES)

# Where a theme says nothing, this other style is used; what is not named here is drawn plain.
_FALLBACK = MappingProxyType(
    {
        "quote2": "quote1",
        "quote3": "quote1",
        "quote4": "quote2",
        "quote5": "quote3",
        "signature": "dim",
        "tagged": "strong",
        "placeholder": "dim",
        "wire-time": "dim",
        "wire-note": "notice",
        "wire-no": "error",
        "wire-bad": "error",
        "match-current": "cursor",
        "tree-unread": "unread",
        "heading": "strong",
        "title": "strong",
        "table": "strong",
        "header-name": "strong",
        "diff-header": "strong",
        "status-online": "status",
        "status-offline": "status",
        "status-busy": "status",
        "status-error": "status",
        "hint-key": "strong",
        "prompt": "strong",
    }
)

_COLORS = (
    *("foreground", "background", "primary", "secondary", "accent"),
    *("warning", "error", "success", "surface", "panel"),
)
_KINDS = {bool: "true or false", str: "a text", dict: "a table"}
_FORBIDDEN = ("italic", "strike", "blink", "blink2", "conceal")


_PLAIN = Style()


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme, ready to draw with. ``textual`` is named like the theme itself.

    The style called "" is ordinary text with its background; the others say only what is different
    and are laid over it, or over each other.
    """

    name: str
    description: str
    textual: TextualTheme
    styles: Mapping[str, Style]
    no_color: bool = False

    def style(self, name: str) -> Style:
        """The style of that name; nothing special for a name that is not known.

        ``label-`` goes before any of ``config.COLORS`` too, or ``#rrggbb``.
        """
        found = self.styles.get(name)
        if found is None:
            found = self._label(name[len(_LABEL) :]) if name.startswith(_LABEL) else _PLAIN
        return found

    def _label(self, color: str) -> Style:
        if color.startswith(_BRIGHT) and (own := self.styles.get(_LABEL + color[len(_BRIGHT) :])):
            return own + Style(bold=True)
        return _PLAIN if self.no_color else Style(color=color)


def shipped_folder() -> Path:
    """Where the program's own themes are: in the wheel beside the code, else in the source tree."""
    package = Path(__file__).parent.parent
    inside = package / "themes"
    return inside if inside.is_dir() else package.parent / "themes"


class Themes:
    """The themes there are: the user's own before the program's of the same name."""

    def __init__(self, user_folder: Path | None = None, *, no_color: bool = False) -> None:
        self._folders = [shipped_folder()]
        if user_folder is not None:
            self._folders.insert(0, user_folder)
        self._no_color = no_color
        self._loaded: dict[str, Theme] = {}

    def names(self) -> list[str]:
        """Every theme's name, sorted; their files are not read."""
        found = {
            path.stem
            for folder in self._folders
            if folder.is_dir()
            for path in folder.glob("*.toml")
            if _NAME.fullmatch(path.stem)
        }
        return sorted(found)

    def load(self, name: str) -> Theme:
        """The theme of that name. Raises ConfigError if there is none, or its file is wrong."""
        if name not in self._loaded:
            self._loaded[name] = self._read(name)
        return self._loaded[name]

    def _read(self, name: str) -> Theme:
        for folder in self._folders:
            path = folder / f"{name}.toml"
            if _NAME.fullmatch(name) and path.is_file():
                return _parse(path, name, no_color=self._no_color)
        near = difflib.get_close_matches(name, self.names(), n=1)
        hint = f', did you mean "{near[0]}"?' if near else ""
        raise ConfigError(
            f'ui.theme: there is no theme "{name[:64]}"{hint}',
            advice=f"There are: {', '.join(self.names())}.",
        )


def _parse(path: Path, name: str, *, no_color: bool) -> Theme:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
        if len(data) > _MAX_FILE:
            raise ConfigError(f"{path}: expected a theme of at most {_MAX_FILE} bytes")
        document = tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    return _Reader(path, document, no_color).theme(name)


class _Reader:
    """Turns one file's tables into a theme; every error names file, key and what was expected."""

    def __init__(self, path: Path, document: dict[str, Any], no_color: bool) -> None:
        self.path = path
        self.document = document
        self.no_color = no_color

    def error(self, key: str, expected: str) -> ConfigError:
        return ConfigError(f"{self.path}: {key}: {expected}")

    def known(self, table: Mapping[str, Any], where: str, names: frozenset[str]) -> None:
        for key in table:
            if key not in names:
                near = difflib.get_close_matches(key, names, n=1)
                hint = f', did you mean "{near[0]}"?' if near else ""
                raise self.error(f"{where}{key}", f"there is no such key{hint}")

    def value(self, key: str, kind: type, default: Any) -> Any:
        value = self.document.get(key, default)
        if not isinstance(value, kind):
            raise self.error(key, f"expected {_KINDS[kind]}")
        return value

    def theme(self, name: str) -> Theme:
        self.known(
            self.document,
            "",
            frozenset({"description", "dark", "terminal_colors", "colors", "styles"}),
        )
        colors = self.colors()
        ansi = self.value("terminal_colors", bool, False)
        if ansi:
            for key, color in colors.items():
                if color.type not in (ColorType.STANDARD, ColorType.DEFAULT):
                    raise self.error(
                        f"colors.{key}",
                        "expected default or one of the terminal's 16 colors, such as bright_blue",
                    )
        elif "foreground" not in colors or "background" not in colors:
            raise self.error("colors", "expected foreground and background")
        base = Style() if ansi else Style(color=colors["foreground"], bgcolor=colors["background"])
        return Theme(
            name,
            self.value("description", str, ""),
            self.textual(name, colors, ansi),
            MappingProxyType(self.styles(base)),
            self.no_color,
        )

    def colors(self) -> dict[str, Color]:
        table = self.value("colors", dict, {})
        self.known(table, "colors.", frozenset(_COLORS))
        found: dict[str, Color] = {}
        for key, text in table.items():
            try:
                found[key] = Color.parse(text)
            except (ColorParseError, AttributeError, TypeError):
                raise self.error(f"colors.{key}", 'expected "#rrggbb" or a color name') from None
        return found

    def styles(self, base: Style) -> dict[str, Style]:
        table = self.value("styles", dict, {})
        self.known(table, "styles.", STYLE_NAMES - {""})
        own = {"": Style(), **{f"{_LABEL}{hue}": Style(color=hue) for hue in _HUES}}
        for key, text in table.items():
            try:
                style = Style.parse(text)
            except (StyleSyntaxError, AttributeError, TypeError):
                raise self.error(
                    f"styles.{key}", 'expected a style such as "bold cyan on black"'
                ) from None
            for attribute in _FORBIDDEN:
                if getattr(style, attribute):
                    raise self.error(f"styles.{key}", f"{attribute} is not shown everywhere")
            own[key] = style
        found: dict[str, Style] = {}
        for key in STYLE_NAMES - {""}:
            source = key
            while source not in own:
                source = _FALLBACK.get(source, "")
            found[key] = own[source].without_color if self.no_color else own[source]
        found[""] = base.without_color if self.no_color else base
        return found

    def textual(self, name: str, colors: Mapping[str, Color], ansi: bool) -> TextualTheme:
        def text(key: str) -> str | None:
            if self.no_color:
                return "ansi_default"
            color = colors.get(key)
            if color is None:
                return "ansi_default" if ansi and key in ("foreground", "background") else None
            return f"ansi_{color.name}" if ansi else color.get_truecolor().hex

        plain = ansi or self.no_color
        # Textual's own style sheet asks for these two of every theme of that kind.
        variables = {"ansi-background": "ansi_default", "ansi-foreground": "ansi_default"}
        return TextualTheme(
            name=name,
            primary=text("primary") or text("foreground") or "ansi_default",
            secondary=text("secondary"),
            warning=text("warning"),
            error=text("error"),
            success=text("success"),
            accent=text("accent"),
            foreground=text("foreground"),
            background=text("background"),
            surface=text("surface") or text("background"),
            panel=text("panel") or text("background"),
            dark=self.value("dark", bool, True),
            ansi=plain,
            variables=variables if plain else {},
        )


_current: Theme | None = None


def use(theme: Theme) -> None:
    """Make ``theme`` the one ``style`` answers from; the caller then refreshes the screen."""
    global _current
    _current = theme


def style(name: str) -> Style:
    """How text of this kind looks in the theme in force.

    ``name`` is one of ``SCREEN_STYLES`` or ``mail.text.STYLES``. ``style("")`` is ordinary text and
    the background; every other is to be laid over it: ``style("") + style("unread")``. The objects
    stay the same until ``use`` is called with another theme.
    """
    if _current is None:  # in tests of a single widget
        use(Themes().load(DEFAULT_THEME))
        assert _current is not None
    return _current.style(name)
