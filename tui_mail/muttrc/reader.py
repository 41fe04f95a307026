"""What muttrc files say in the end: variables, aliases, mailboxes, hooks (mutt's manual, 3).

Follows ``source`` into other files, each bounded, to a bounded depth and never in a circle. Runs
no command and judges nothing: what the values mean is ``accounts``' business. A note never
repeats a line, for there may be a password in it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tui_mail.muttrc.words import Marks, Unknown, Words, WrongSyntax, logical_lines

FILE_LIMIT = 1024 * 1024
DEPTH_LIMIT = 10
FILES_LIMIT = 100
ENTRIES_LIMIT = 10_000  # aliases, mailboxes, hooks, notes: of each
YES = "yes"
HOOKS = ("account-hook", "folder-hook", "send-hook", "send2-hook", "reply-hook", "message-hook")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPTION = re.compile(r"-[a-z]+")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{_short(self.file)}:{self.line}"


@dataclass(frozen=True, slots=True)
class Alias:
    """``alias NICK ADDRESSES``; both as they were written."""

    nick: str
    addresses: str


@dataclass(frozen=True, slots=True)
class Hook:
    """``KIND PATTERN COMMAND``, such as account-hook; ``negated`` with a ! before the pattern."""

    kind: str
    pattern: str
    command: str
    negated: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was not understood, or not followed, and where."""

    place: Place
    text: str


@dataclass(slots=True)
class Settings:
    """The state after the last line. ``places`` says where each variable was set last.

    ``headers`` are those of my_hdr by name in lower case. ``pipes`` are the commands whose output
    mutt would have read as more configuration. ``others`` counts commands without any meaning
    here. Values may hold marks, see ``words``.
    """

    marks: Marks = field(default_factory=Marks)
    variables: dict[str, str] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    aliases: list[Alias] = field(default_factory=list)
    mailboxes: list[str] = field(default_factory=list)
    alternates: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    hooks: list[Hook] = field(default_factory=list)
    pipes: list[tuple[str, Place]] = field(default_factory=list)
    others: dict[str, list[Place]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def get(self, name: str) -> str:
        """The value of a variable, "" if it is not set or unset."""
        return self.marks.without_variables(self.variables.get(name, ""))

    def is_on(self, name: str) -> bool:
        """Whether a variable stands at yes."""
        return self.get(name).lower() in (YES, "ask-yes")

    def is_off(self, name: str) -> bool:
        """Whether a variable was unset, emptied, or stands at no; not if nothing is said of it."""
        return name in self.variables and self.get(name).lower() in ("", "no", "ask-no")

    def fork(self) -> Settings:
        """A copy of the variables and headers to try something in; notes are not shared."""
        forked = copy(self)
        for name in ("variables", "places", "environment", "headers", "mailboxes"):
            setattr(forked, name, copy(getattr(self, name)))
        forked.others, forked.notes, forked.hooks, forked.aliases = {}, [], [], []
        return forked


def read(file: Path, environment: Mapping[str, str]) -> Settings:
    """What ``file`` and those it names say. Raises OSError if it cannot be read itself."""
    settings = Settings(environment={**environment})
    text = _text(file)
    _Reader(settings).file(file, text)
    return settings


def apply(settings: Settings, hook: Hook) -> Settings:
    """The settings as they are once the command of ``hook`` has run."""
    changed = settings.fork()
    _Reader(changed).line(hook.command, hook.place)
    return changed


class _Reader:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: list[str] = []
        self._finished = False
        self._commands: dict[str, Callable[[Words, Place], None]] = {
            "set": lambda words, place: self._set(words, place, ""),
            "unset": lambda words, place: self._set(words, place, "no"),
            "toggle": lambda words, place: self._set(words, place, "inv"),
            "reset": lambda words, place: self._set(words, place, "&"),
            "setenv": self._set_environment,
            "source": self._source,
            "alias": self._alias,
            "mailboxes": self._mailboxes,
            "named-mailboxes": self._named_mailboxes,
            "unmailboxes": self._unmailboxes,
            "alternates": self._alternates,
            "my_hdr": self._header,
            "unmy_hdr": self._no_header,
            "finish": self._finish,
        }
        for kind in HOOKS:
            self._commands[kind] = partial(self._hook, kind)

    def file(self, file: Path, text: str) -> None:
        self._settings.files.append(file)
        self._open.append(os.path.realpath(file))
        for number, line in logical_lines(text):
            if self._finished:
                break
            self.line(line, Place(file, number))
        self._finished = False
        self._open.pop()

    def line(self, line: str, place: Place) -> None:
        words = Words(line, self._expanded, self._settings.marks)
        try:
            while words.next_command() and not self._finished:
                name = words.word()
                command = self._commands.get(name)
                if command is None:
                    self._other(name, place)
                    words.skip_line()
                else:
                    command(words, place)
        except WrongSyntax as error:
            self._note(place, str(error))

    def _note(self, place: Place, text: str) -> None:
        if len(self._settings.notes) < ENTRIES_LIMIT:
            self._settings.notes.append(Note(place, text))

    def _other(self, name: str, place: Place) -> None:
        if not re.fullmatch(r"[a-z_-]{1,30}", name):
            self._note(place, "not a command of mutt")
            return
        places = self._settings.others.setdefault(name, [])
        if len(places) < ENTRIES_LIMIT:
            places.append(place)

    def _expanded(self, name: str) -> str:
        # mutt's order: the environment, then its own variables.
        settings = self._settings
        if name in settings.environment:
            return settings.environment[name].replace("\0", "")
        if name in settings.variables:
            return settings.variables[name]
        return settings.marks.keep(Unknown(variable=name[:100]))

    # Variables

    def _set(self, words: Words, place: Place, prefix: str) -> None:
        while not words.at_end():
            how = prefix
            if words.take("&"):
                how = "&"
            asked = words.take("?")
            name = words.word(stops="=?")
            if not how:
                for each in ("no", "inv"):
                    if name.startswith(each):
                        how, name = each, name.removeprefix(each)
                        break
            if words.take("?") or asked:
                continue
            change = name[-1:] if name[-1:] in ("+", "-") else ""
            name = name.removesuffix(change)
            if not _NAME.fullmatch(name):
                raise WrongSyntax("set without the name of a variable")
            change = change or next((sign for sign in "+-" if words.take(sign)), "")
            if words.take("="):
                self._assign(name, change, words.word())
            else:
                self._switch(name, how)
            self._settings.places[name] = place

    def _assign(self, name: str, change: str, value: str) -> None:
        variables = self._settings.variables
        if change == "+":
            value = variables.get(name, "") + value
        elif change == "-":
            value = variables.get(name, "").replace(value, "") if value else ""
        if len(value) > FILE_LIMIT:
            raise WrongSyntax("a value that has grown too long")
        variables[name] = value

    def _switch(self, name: str, how: str) -> None:
        variables = self._settings.variables
        if how == "&":
            variables.pop(name, None)
        elif how == "inv":
            variables[name] = "" if self._settings.is_on(name) else YES
        else:
            variables[name] = "" if how else YES

    def _set_environment(self, words: Words, place: Place) -> None:
        if words.at_end():
            return
        name = words.word(stops="=")
        words.take("=")
        self._settings.environment[name] = "" if words.at_end() else words.word()

    # Other files

    def _source(self, words: Words, place: Place) -> None:
        while not words.at_end():
            name = words.word()
            if name.endswith("|"):
                command = name[:-1].strip()
                if self._settings.marks.found(command):
                    self._note(place, "source of a command that another one prints")
                elif len(self._settings.pipes) < FILES_LIMIT:
                    self._settings.pipes.append((command, place))
            elif self._settings.marks.found(name):
                self._note(place, "source of a file that only running a command would name")
            else:
                self._source_file(name, place)

    def _source_file(self, name: str, place: Place) -> None:
        settings = self._settings
        # Beside the file that names it, as neomutt has it, or where mutt is usually started.
        written = Path(self.path(name))
        homes = (place.file.parent, Path(self.path("~")))
        file = next((home / written for home in homes if (home / written).is_file()), None)
        if file is None:
            self._note(place, "source of a file that is not there")
        elif os.path.realpath(file) in self._open:
            self._note(place, f"source in a circle: {_short(file)}")
        elif len(self._open) >= DEPTH_LIMIT or len(settings.files) >= FILES_LIMIT:
            self._note(place, f"more files than are followed: {_short(file)}")
        else:
            try:
                text = _text(file)
            except OSError as error:
                self._note(place, f"{_short(file)} cannot be read: {error.strerror}")
            else:
                self.file(file, text)

    def path(self, name: str) -> str:
        """``name`` with ~ and mutt's = and + for the folder written out."""
        folder = self._settings.variables.get("folder", "")
        if name[:1] in ("=", "+") and folder:
            name = os.path.join(folder, name[1:])
        home = self._settings.environment.get("HOME")
        if home and (name == "~" or name.startswith("~/")):
            return home + name[1:]
        return os.path.expanduser(name)

    def _finish(self, words: Words, place: Place) -> None:
        self._finished = True

    # Lists

    def _alias(self, words: Words, place: Place) -> None:
        nick = words.word()
        while nick == "-group":
            words.word()
            nick = words.word()
        addresses = words.rest()
        if not (nick and addresses):
            raise WrongSyntax("alias without an address")
        if len(self._settings.aliases) < ENTRIES_LIMIT:
            self._settings.aliases.append(Alias(nick, addresses))

    def _mailboxes(self, words: Words, place: Place) -> None:
        while not words.at_end():
            name = words.word()
            if name in ("-label", "-group"):
                words.word()
            elif not _OPTION.fullmatch(name):
                self._add_mailbox(name)

    def _named_mailboxes(self, words: Words, place: Place) -> None:
        while not words.at_end():
            words.word()
            if not words.at_end():
                self._add_mailbox(words.word())

    def _add_mailbox(self, name: str) -> None:
        if name and len(self._settings.mailboxes) < ENTRIES_LIMIT:
            self._settings.mailboxes.append(name)

    def _unmailboxes(self, words: Words, place: Place) -> None:
        while not words.at_end():
            name = words.word()
            kept = self._settings.mailboxes
            self._settings.mailboxes = [each for each in kept if name not in ("*", each)]

    def _alternates(self, words: Words, place: Place) -> None:
        while not words.at_end():
            pattern = words.word()
            if pattern == "-group":
                words.word()
            elif len(self._settings.alternates) < ENTRIES_LIMIT:
                self._settings.alternates.append(pattern)

    def _header(self, words: Words, place: Place) -> None:
        name, _, value = words.rest().partition(":")
        self._settings.headers[name.strip().lower()] = value.strip()
        self._settings.places[f"my_hdr {name.strip().lower()}"] = place

    def _no_header(self, words: Words, place: Place) -> None:
        while not words.at_end():
            name = words.word().rstrip(":").lower()
            if name == "*":
                self._settings.headers.clear()
            self._settings.headers.pop(name, None)

    def _hook(self, kind: str, words: Words, place: Place) -> None:
        while words.take("-"):  # neomutt's -noregex
            words.word()
        negated = words.take("!")
        pattern = words.word()
        if words.at_end():
            raise WrongSyntax(f"{kind} without a command")
        command = words.word()
        if len(self._settings.hooks) < ENTRIES_LIMIT:
            self._settings.hooks.append(Hook(kind, pattern, command, negated, place))


def _text(file: Path) -> str:
    """Raises OSError, also for what is no file: a pipe would be waited for."""
    if not file.is_file():
        raise FileNotFoundError(2, "no such file", str(file))
    with file.open("rb") as stream:
        raw = stream.read(FILE_LIMIT + 1)
    if len(raw) > FILE_LIMIT:
        raise OSError(27, f"more than {FILE_LIMIT // 1024} KiB", str(file))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _short(file: Path) -> str:
    """With ~ for the home, as a person writes it."""
    home = os.path.expanduser("~")
    text = str(file)
    return f"~{text[len(home) :]}" if text.startswith(f"{home}/") else text
