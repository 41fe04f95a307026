"""Which key asks for which action: the registry's keys with those of the configuration laid over.

Pure lookup: nothing is performed here and no Textual is imported. A key has one canonical form,
the character itself (``j``, ``?``) or a lower-case name (``enter``, ``ctrl+p``, ``shift+tab``);
``canonical`` gives it for every name Textual, mutt or a person may use.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from tui_mail.errors import ConfigError
from tui_mail.ui.actions import ACTIONS, BY_ID, CONTEXT_TITLES, CONTEXTS, ActionSpec, Context

_KEY_NAMES = (
    *("enter", "tab", "space", "backspace", "escape", "delete", "insert", "ctrl+@"),
    *("home", "end", "pageup", "pagedown", "up", "down", "left", "right"),
)
NAMED_KEYS = frozenset(_KEY_NAMES) | {f"f{number}" for number in range(1, 25)}

# Other names of the same key: mutt's, curses', and those a terminal cannot tell apart
# (ctrl+i is what Tab sends, ctrl+m Enter, ctrl+h Backspace, ctrl+[ Escape).
_SYNONYMS = {
    "return": "enter",
    "esc": "escape",
    "del": "delete",
    "ins": "insert",
    "pgup": "pageup",
    "page_up": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "page_down": "pagedown",
    "backtab": "shift+tab",
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "ctrl+h": "backspace",
    "ctrl+[": "escape",
    "ctrl+space": "ctrl+@",
    "newline": "ctrl+j",
}

# Textual's names for characters that are not Unicode's (textual/keys.py).
_CHARACTER_NAMES = {
    "slash": "/",
    "backslash": "\\",
    "at": "@",
    "minus": "-",
    "plus": "+",
    "underscore": "_",
}

_MODIFIERS = ("alt", "ctrl", "hyper", "meta", "shift", "super")

# Keys that a terminal, GNU screen or flow control may keep for itself.
UNRELIABLE_KEYS = frozenset({"ctrl+a", "ctrl+s", "ctrl+q"})

_DISPLAY = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "enter": "Enter",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "space": "Space",
    "escape": "Esc",
    "backspace": "Backspace",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "delete": "Del",
    "insert": "Ins",
}

# Where a person types, a key that is a character is that character.
_TEXT: frozenset[Context] = frozenset({"compose"})
_IN_TEXT = frozenset({"space", "enter", "backspace", "delete"})

# Each context is looked up together with these; those of dialogs are modal, so they stand alone.
_SEEN_FROM: dict[Context, tuple[Context, ...]] = {
    context: (context,)
    if context in ("parts", "links", "outbox", "global")
    else (context, "global")
    for context in CONTEXTS
}


def _character(name: str) -> str | None:
    """The character of that name, None if there is none."""
    if name in _CHARACTER_NAMES:
        return _CHARACTER_NAMES[name]
    # Textual writes both the spaces and the hyphens of LESS-THAN SIGN as underscores.
    for spelled in (name.replace("_", " "), name.replace("_", "-", 1).replace("_", " ")):
        try:
            return unicodedata.lookup(spelled)
        except KeyError:
            continue
    return None


def _split(key: str) -> tuple[list[str], str]:
    """The modifiers and the name of a key; the plus key itself ends in a plus."""
    modifiers, _, name = (key[:-2], "", "+") if key.endswith("+") else key.rpartition("+")
    return [token for token in modifiers.split("+") if token], name


@lru_cache(maxsize=512)
def canonical(key: str) -> str:
    """The one form of ``key`` this module compares; what it does not know stays as it is."""
    if len(key) == 1:
        return "space" if key == " " else key
    modifiers, name = _split(key)
    tokens = [token.lower() for token in modifiers]
    if len(name) > 1:
        lowered = name.lower()
        named = lowered in NAMED_KEYS or lowered in _SYNONYMS
        name = lowered if named else (_character(lowered) or lowered)
    if name == " ":
        name = "space"
    if len(name) == 1 and name.isalpha():
        # Shift is part of the character, and a control character has no case.
        if tokens == ["shift"]:
            return name.upper()
        if "ctrl" in tokens:
            name = name.lower()
    name = _SYNONYMS.get(name, name)
    full = "+".join([*sorted(tokens), name])
    return _SYNONYMS.get(full, full)


def parse_key(text: str) -> str:
    """A key as a person wrote it, in canonical form.

    Takes ``j``, ``?``, ``<Tab>``, ``PageDown``, ``ctrl+p``, ``C-p``, ``^P``, ``alt+x``, ``F5``,
    ``question_mark``. Raises ValueError, its text saying what was expected.
    """
    written = text if text.isspace() else text.strip()
    if len(written) > 2 and written[0] == "<" and written[-1] == ">":
        written = written[1:-1]
    if len(written) == 2 and written[0] == "^" and written[1].isalpha():
        written = f"ctrl+{written[1]}"
    for prefix, modifier in (("C-", "ctrl+"), ("M-", "alt+"), ("S-", "shift+")):
        if written.startswith(prefix) and len(written) > 2:
            written = modifier + written[2:]
    key = canonical(written)
    if len(key) == 1 and key.isprintable():
        return key
    tokens, name = _split(key)
    known = key in NAMED_KEYS or name in NAMED_KEYS or (len(name) == 1 and name.isprintable())
    if not key or not known or any(token not in _MODIFIERS for token in tokens):
        raise ValueError(
            "expected one character or a name such as enter, tab, space, pagedown, f5, ctrl+p"
        )
    return key


def display_key(key: str) -> str:
    """A canonical key as help and hints show it: ``^P``, ``PgDn``, ``?``."""
    if key in _DISPLAY:
        return _DISPLAY[key]
    if key.startswith("ctrl+") and len(key) == 6:
        return f"^{key[5].upper()}"
    return key.upper() if key[0] == "f" and key[1:].isdigit() else key


def is_reliable(key: str) -> bool:
    """Whether ``key`` reaches the program everywhere (screen, flow control, Alt as Esc)."""
    return key not in UNRELIABLE_KEYS and "alt+" not in key


def is_text(context: Context, key: str) -> bool:
    """Whether a canonical key writes or edits text there, and asks for no action."""
    return context in _TEXT and (len(key) == 1 or key in _IN_TEXT)


class Keymap:
    """The keys in force. ``warnings`` are one line each, for the person who wrote ``[keys]``.

    >>> Keymap().lookup("list", "question_mark")
    'app.help'
    """

    def __init__(
        self,
        overrides: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
        *,
        path: Path | None = None,
    ) -> None:
        """``overrides`` maps an action id to all its keys, an empty tuple leaves it without one.

        Raises ConfigError, naming ``path`` and the entry, for an id or a key that is unknown, and
        for keys of which none is sure to arrive.
        """
        self._path = path
        self.warnings: tuple[str, ...] = ()
        self._keys: dict[str, tuple[str, ...]] = {
            action.id: tuple(canonical(key) for key in action.keys) for action in ACTIONS
        }
        for action_id, keys in overrides.items():
            self._keys[action_id] = self._override(action_id, keys)
        self._table: dict[Context, dict[str, str]] = {context: {} for context in CONTEXTS}
        self._fill(overrides)

    def _error(self, entry: str, expected: str) -> ConfigError:
        where = f"{self._path}: " if self._path is not None else ""
        return ConfigError(f"{where}keys.{entry}: {expected}")

    def _override(self, action_id: str, keys: Iterable[str]) -> tuple[str, ...]:
        if action_id not in BY_ID:
            near = difflib.get_close_matches(action_id, BY_ID, n=1)
            hint = f', did you mean "{near[0]}"?' if near else ""
            raise self._error(action_id, f"there is no such action{hint} (? lists them all)")
        parsed: list[str] = []
        for key in keys:
            try:
                parsed.append(parse_key(key))
            except ValueError as error:
                raise self._error(action_id, f'"{key}" is not a key: {error}') from None
        if parsed and not any(map(is_reliable, parsed)):
            raise self._error(
                action_id,
                f"{', '.join(parsed)} may never arrive (GNU screen, flow control, Alt): "
                "expected another key beside it",
            )
        return tuple(dict.fromkeys(parsed))

    def _fill(self, overrides: Mapping[str, tuple[str, ...]]) -> None:
        """Fill the table; the person's keys win over the defaults, and a key has one owner."""
        warnings: list[str] = []
        ordered = sorted(ACTIONS, key=lambda action: action.id not in overrides)
        for action in ordered:
            for key in self._keys[action.id]:
                for context in action.contexts:
                    if is_text(context, key):
                        continue
                    holder = self._table[context].setdefault(key, action.id)
                    if holder != action.id:
                        warnings.append(
                            f'key "{display_key(key)}" in {CONTEXT_TITLES[context]}: '
                            f"{holder} keeps it, {action.id} loses it"
                        )
        for action_id in overrides:
            for key in self._keys[action_id]:
                warnings.extend(self._shadowed(BY_ID[action_id], key))
        self.warnings = tuple(dict.fromkeys(warnings))

    def _shadowed(self, action: ActionSpec, key: str) -> Iterable[str]:
        """A key of everywhere that a context has for itself, or the other way round."""
        for context in CONTEXTS:
            local, everywhere = self._table[context].get(key), self._table["global"].get(key)
            if context == "global" or local is None or everywhere is None:
                continue
            if "global" not in _SEEN_FROM[context] or action.id not in (local, everywhere):
                continue
            yield (
                f'key "{display_key(key)}" in {CONTEXT_TITLES[context]}: '
                f"{local} hides {everywhere} there"
            )

    def lookup(self, context: Context, key: str) -> str | None:
        """The id of the action ``key`` asks for in ``context``; None if it asks for nothing.

        ``key`` may be Textual's name (``question_mark``) or canonical.
        """
        key = canonical(key)
        if is_text(context, key):
            return None
        for seen in _SEEN_FROM[context]:
            found = self._table[seen].get(key)
            if found is not None:
                return found
        return None

    def keys(self, action_id: str, context: Context | None = None) -> tuple[str, ...]:
        """The canonical keys of an action, the shown one first; only those it did not lose.

        With ``context``, the keys that ask for it there.
        """
        contexts = BY_ID[action_id].contexts if context is None else (context,)
        return tuple(
            key
            for key in self._keys[action_id]
            if any(self.lookup(seen, key) == action_id for seen in contexts)
        )

    def shown_key(self, action_id: str, context: Context | None = None) -> str:
        """The key help and hints name, "" if the action has none."""
        keys = self.keys(action_id, context)
        return display_key(keys[0]) if keys else ""

    def hints(
        self, context: Context, offered: Callable[[str], bool] = lambda action_id: True
    ) -> list[tuple[str, str]]:
        """Key and label for the line of hints, in the registry's order; only what is offered."""
        found: list[tuple[str, str]] = []
        for action in ACTIONS:
            if action.footer and set(action.contexts) & set(_SEEN_FROM[context]):
                key = self.shown_key(action.id, context)
                if key and offered(action.id):
                    found.append((key, action.label))
        return found

    def available(self, context: Context) -> list[ActionSpec]:
        """The actions that count in ``context``, its own before those of everywhere."""
        return [
            action for seen in _SEEN_FROM[context] for action in ACTIONS if seen in action.contexts
        ]


class BurstGuard:
    """Tells keys a person pressed from text that was pasted without brackets.

    A paste the terminal did not mark arrives as keys within a millisecond of each other; a
    destructive single key among them must not count. Key repeat is 20 to 40 ms apart, and a slow
    link may deliver it, or two keys of a fast typist, in one piece.
    """

    def __init__(self, quiet: float = 0.008, typed_ahead: int = 2) -> None:
        self._quiet = quiet
        self._typed_ahead = typed_ahead
        self._last_time = float("-inf")
        self._last_key = ""
        self._run = 0  # different keys that came at once

    def allows(self, action: ActionSpec | None, key: str, at: float) -> bool:
        """Note that ``key`` came at this time, in seconds; False: ``action`` must not be done."""
        if at - self._last_time >= self._quiet:
            self._run = 1
        elif key != self._last_key:
            self._run += 1
        self._last_time, self._last_key = at, key
        return action is None or not action.destructive or self._run <= self._typed_ahead
