"""Reads the TOML file; every error names file, key and what was expected.

Holds the grammar of the file and nothing of its meaning, which is ``config``'s. Refuses a
``password`` key. Reads the file and nothing else.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from tui_mail import config
from tui_mail.config import shown
from tui_mail.errors import ConfigError

TABLES = ("accounts", "ui", "keys", "wire", "news", "actions", "labels")
RULE_CHOICES = ("watch", "bell", "notify", "command")
DELETIONS: Mapping[object, config.Deletion] = {each.value: each for each in config.Deletion}
ON_LEAVE: Mapping[object, config.ExpungeOnLeave] = {
    False: config.ExpungeOnLeave.NEVER,
    True: config.ExpungeOnLeave.ALWAYS,
    "ask": config.ExpungeOnLeave.ASK,
}

Value = TypeVar("Value")
Table = Mapping[str, Any]

_EMAIL = re.compile(
    r"(?:(?P<name>[^<>]*?)\s*<(?P<address>[^<>\s@]+@[^<>\s@]+)>|(?P<bare>[^<>\s@]+@[^<>\s@]+))"
)
_KEYWORD = re.compile(r"[!#$&',+\-./0-9:;<=>?@A-Z\[^_`a-z|}~]{1,100}")


def read(file: Path) -> config.Config:
    """The settings of this file.

    Raises ConfigMissing if there is none, ConfigError for the first thing wrong with it.
    """
    try:
        with file.open("rb") as stream:
            raw = stream.read(config.FILE_LIMIT + 1)
    except FileNotFoundError as error:
        raise config.ConfigMissing(f"{file}: there is no such file") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    if len(raw) > config.FILE_LIMIT:
        raise ConfigError(f"{file}: expected at most {config.FILE_LIMIT // 1024} KiB")
    try:
        document = tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}: expected UTF-8 text (at line {line})") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: expected TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{file}: expected TOML that is not nested this deeply") from error
    return _Reader(file).whole(document)


class _Tables:
    """Reaches into the tables of one document, with errors that name file and key."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def value(self, table: Table, key: str, parent: str, parse: Callable[[str], Value]) -> Value:
        found = self.optional(table, key, parent, parse)
        if found is None:
            raise self.error(f"{parent}.{key}", "expected, but not there")
        return found

    def optional(
        self, table: Table, key: str, parent: str, parse: Callable[[str], Value]
    ) -> Value | None:
        if key not in table:
            return None
        text = table[key]
        if not isinstance(text, str):
            raise self.error(f"{parent}.{key}", f"expected text in quotes, found {shown(text)}")
        try:
            return parse(text)
        except ValueError as error:
            raise self.error(f"{parent}.{key}", str(error)) from None

    def table(self, table: Table, key: str, parent: str) -> Table:
        found = table.get(key, {})
        if not isinstance(found, Mapping):
            name = f"{parent}.{key}" if parent else key
            raise self.error(name, f"expected a table [{name}], found {shown(found)}")
        return found

    def flag(self, table: Table, key: str, parent: str, default: bool) -> bool:
        found = self.choice(table, key, parent)
        return default if found is None else found

    def choice(self, table: Table, key: str, parent: str) -> bool | None:
        found = table.get(key)
        if key in table and not isinstance(found, bool):
            raise self.error(f"{parent}.{key}", f"expected true or false, found {shown(found)}")
        return found

    def count(
        self, table: Table, key: str, parent: str, least: int, most: int, default: int
    ) -> int:
        found = table.get(key, default)
        if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
            raise self.error(
                f"{parent}.{key}", f"expected a number from {least} to {most}, found {shown(found)}"
            )
        return found

    def word(
        self, table: Table, key: str, parent: str, words: Mapping[object, Value], default: Value
    ) -> Value:
        if key not in table:
            return default
        found = table[key]
        for written, value in words.items():
            # Compared with their types: 1 is not true here.
            if type(found) is type(written) and found == written:
                return value
        expected = ", ".join(json.dumps(written) for written in words)
        raise self.error(f"{parent}.{key}", f"expected one of {expected}, found {shown(found)}")

    def known_keys(self, table: Table, parent: str, known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                name = f"{parent}.{key}" if parent else key
                raise self.error(
                    name if key.isprintable() else shown(name),
                    f"no such key{_suggestion(key, known)}; expected one of {', '.join(known)}",
                )

    def error(self, key: str, expected: str) -> ConfigError:
        return ConfigError(f"{self.file}: {key}: {expected}")


class _Reader(_Tables):
    """Turns the tables of one document into settings."""

    def whole(self, document: Table) -> config.Config:
        self.known_keys(document, "", TABLES)
        accounts = self.table(document, "accounts", "")
        if not accounts:
            raise self.error("accounts", "expected at least one [accounts.NAME] table")
        return config.Config(
            accounts=tuple(self.account(name, accounts) for name in accounts),
            ui=self.ui(self.table(document, "ui", "")),
            keys=MappingProxyType(self.keys(self.table(document, "keys", ""), "")),
            wire=self.wire(self.table(document, "wire", "")),
            news=self.news(self.table(document, "news", ""), tuple(accounts)),
            actions=self.actions(self.table(document, "actions", "")),
            labels=self.labels(self.table(document, "labels", "")),
            path=self.file,
        )

    def account(self, name: str, accounts: Table) -> config.Account:
        key = f"accounts.{name}"
        if not (0 < len(name) <= 40 and name.isprintable() and "/" not in name):
            raise self.error(
                f"accounts.{shown(name)}",
                "expected an account name of 1 to 40 printable characters without /",
            )
        table = self.table(accounts, name, "accounts")
        if "password" in table:
            raise self.error(
                f"{key}.password",
                f"expected no password in the file: use password_command, "
                f'or keep it in the keyring with "tui-mail password {name}"',
            )
        self.known_keys(
            table, key, ("email", "imap", "smtp", "password_command", "ca_file", "folders")
        )
        email_name, email_address = self.value(table, "email", key, self.email)
        folders = self.table(table, "folders", key)
        self.known_keys(folders, f"{key}.folders", tuple(config.FOLDERS))
        return config.Account(
            name=name,
            email_name=email_name,
            email_address=email_address,
            imap=self.value(table, "imap", key, self.imap),
            smtp=self.optional(table, "smtp", key, self.smtp),
            password_command=self.optional(table, "password_command", key, self.password_command),
            ca_file=self.optional(table, "ca_file", key, self.existing_file),
            folders=MappingProxyType(
                {
                    config.FOLDERS[use]: self.value(folders, use, f"{key}.folders", self.mailbox)
                    for use in folders
                }
            ),
        )

    def ui(self, table: Table) -> config.Ui:
        self.known_keys(table, "ui", ("theme", "mouse", "bell"))
        return config.Ui(
            theme=self.optional(table, "theme", "ui", self.theme) or config.Ui().theme,
            mouse=self.flag(table, "mouse", "ui", config.Ui().mouse),
            bell=self.flag(table, "bell", "ui", config.Ui().bell),
        )

    def wire(self, table: Table) -> config.WireSettings:
        self.known_keys(table, "wire", ("lines", "bytes"))
        return config.WireSettings(
            lines=self.count(table, "lines", "wire", 100, 1_000_000, config.WireSettings().lines),
            bytes=self.count(table, "bytes", "wire", 65_536, 1024**3, config.WireSettings().bytes),
        )

    def keys(self, table: Table, parent: str) -> dict[str, tuple[str, ...]]:
        # TOML reads an unquoted message.next = "j" as a table in a table: join it again.
        found: dict[str, tuple[str, ...]] = {}
        for name, value in table.items():
            action = f"{parent}{name}"
            if isinstance(value, Mapping):
                found.update(self.keys(value, f"{action}."))
            elif isinstance(value, str):
                found[action] = (value,)
            elif isinstance(value, list) and all(isinstance(key, str) for key in value):
                found[action] = tuple(value)
            else:
                raise self.error(
                    f"keys.{action}", f"expected a key or a list of keys, found {shown(value)}"
                )
        return found

    def news(self, table: Table, accounts: tuple[str, ...]) -> config.News:
        self.known_keys(table, "news", ("poll", "on_new_mail", "bell", "notify", "rules"))
        usual = config.News()
        rules = table.get("rules", [])
        if not isinstance(rules, list) or not all(isinstance(rule, Mapping) for rule in rules):
            raise self.error("news.rules", f"expected [[news.rules]] tables, found {shown(rules)}")
        return config.News(
            poll=self.count(table, "poll", "news", 10, 86_400, int(usual.poll)),
            on_new_mail=self.optional(table, "on_new_mail", "news", self.new_mail_command),
            bell=self.flag(table, "bell", "news", usual.bell),
            notify=self.flag(table, "notify", "news", usual.notify),
            rules=tuple(
                self.rule(rule, f"news.rules[{number}]", accounts)
                for number, rule in enumerate(rules, start=1)
            ),
        )

    def rule(self, table: Table, key: str, accounts: tuple[str, ...]) -> config.NewsRule:
        self.known_keys(table, key, ("folder", "account", *RULE_CHOICES))
        account = self.optional(table, "account", key, str)
        if account is not None and account not in accounts:
            raise self.error(
                f"{key}.account",
                f"no such account{_suggestion(account, accounts)}; "
                f"expected one of {', '.join(accounts)}",
            )
        choices = {name: self.choice(table, name, key) for name in RULE_CHOICES if name in table}
        if not choices:
            raise self.error(key, f"expected at least one of {', '.join(RULE_CHOICES)}")
        return config.NewsRule(self.value(table, "folder", key, self.mailbox), account, **choices)

    def actions(self, table: Table) -> config.ActionSettings:
        self.known_keys(table, "actions", ("delete", "expunge_on_leave"))
        usual = config.ActionSettings()
        return config.ActionSettings(
            delete=self.word(table, "delete", "actions", DELETIONS, usual.delete),
            expunge_on_leave=self.word(
                table, "expunge_on_leave", "actions", ON_LEAVE, usual.expunge_on_leave
            ),
        )

    def labels(self, table: Table) -> Mapping[str, config.Label]:
        found = dict(config.LABELS)
        for keyword in table:
            name = f"labels.{keyword if keyword.isprintable() else shown(keyword)}"
            # RFC 9051, 9: flag-keyword is an atom; a system flag begins with a backslash.
            if not _KEYWORD.fullmatch(keyword):
                raise self.error(name, "expected a keyword such as $label1: letters, digits, $-_")
            label = self.table(table, keyword, "labels")
            self.known_keys(label, name, ("name", "color"))
            usual = found.get(keyword.lower())
            found[keyword.lower()] = config.Label(
                keyword,
                self.value(label, "name", name, self.label_name),
                self.optional(label, "color", name, self.color)
                or (usual.color if usual else "default"),
            )
        return MappingProxyType(found)

    # One function per kind of value; each raises ValueError saying what was expected.

    def email(self, text: str) -> tuple[str, str]:
        match = _EMAIL.fullmatch(text.strip())
        if match is None or not text.isprintable():
            raise ValueError(
                f"expected an address such as Anna Example <anna@example.org>, found {shown(text)}"
            )
        return (match["name"] or "").strip('"').strip(), match["address"] or match["bare"]

    def imap(self, text: str) -> config.ServerUrl:
        return config.ServerUrl.parse(text, "imap")

    def smtp(self, text: str) -> config.ServerUrl:
        return config.ServerUrl.parse(text, "smtp")

    def password_command(self, text: str) -> str:
        return self.command(text, "pass show mail/work")

    def new_mail_command(self, text: str) -> str:
        return self.command(text, "notify-new-mail --quiet")

    def command(self, text: str, example: str) -> str:
        import shlex

        try:
            words = shlex.split(text)
        except ValueError as error:
            raise ValueError(f"expected a command with its quotes closed ({error})") from error
        if not words or "\0" in text:
            raise ValueError(f"expected a command such as {example}")
        return text

    def existing_file(self, text: str) -> Path:
        path = self.file.parent / os.path.expanduser(text)
        if "\0" in text or not path.is_file():
            raise ValueError(
                f"expected a file of PEM certificates, found no file {shown(str(path))}"
            )
        return path

    def mailbox(self, text: str) -> str:
        if not text or not text.isprintable():
            raise ValueError(f"expected the name of a mailbox, found {shown(text)}")
        return text

    def theme(self, text: str) -> str:
        if not re.fullmatch(r"[\w-]{1,40}", text):
            raise ValueError(
                f"expected the name of a theme (letters, digits, - and _), found {shown(text)}"
            )
        return text

    def label_name(self, text: str) -> str:
        if not 0 < len(text.strip()) <= 20 or not text.isprintable():
            raise ValueError(
                f"expected a name of 1 to 20 printable characters, found {shown(text)}"
            )
        return text.strip()

    def color(self, text: str) -> str:
        if text not in config.COLORS and not re.fullmatch(r"#[0-9A-Fa-f]{6}", text):
            raise ValueError(
                f"expected #rrggbb or one of {', '.join(config.COLORS)}, found {shown(text)}"
            )
        return text


def _suggestion(key: str, known: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key.casefold(), known, n=1, cutoff=0.5)
    return f" (did you mean {near[0]}?)" if near else ""
