"""Reads the TOML file; every error names file, key and what was expected.

Holds the grammar of the file and nothing of its meaning, which is ``config``'s. Refuses a
``password`` key. Reads the file and nothing else.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from tui_mail import config
from tui_mail import config_values as values
from tui_mail.config import shown
from tui_mail.errors import ConfigError

TABLES = ("accounts", "ui", "keys", "wire", "news", "actions", "compose", "labels")
RULE_CHOICES = ("watch", "bell", "notify", "command")
DELETIONS: Mapping[object, config.Deletion] = {each.value: each for each in config.Deletion}
ON_LEAVE: Mapping[object, config.ExpungeOnLeave] = {
    False: config.ExpungeOnLeave.NEVER,
    True: config.ExpungeOnLeave.ALWAYS,
    "ask": config.ExpungeOnLeave.ASK,
}

Value = TypeVar("Value")
Table = Mapping[str, Any]

_KEYWORD = re.compile(r"[!#$&',+\-./0-9:;<=>?@A-Z\[^_`a-z|}~]{1,100}")


def read(file: Path) -> config.Config:
    """The settings of this file.

    Raises ConfigMissing if there is none, and what ``parse`` raises.
    """
    try:
        with file.open("rb") as stream:
            raw = stream.read(config.FILE_LIMIT + 1)
    except FileNotFoundError as error:
        raise config.ConfigMissing(f"{file}: there is no such file") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    return parse(raw, file)


def parse(raw: bytes, file: Path) -> config.Config:
    """The settings in ``raw``, as the contents of ``file``, which is not read.

    Raises AccountsMissing if there is no account, ConfigError for the first thing wrong with them.
    """
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
            raise config.AccountsMissing(
                f"{self.file}: accounts: expected at least one [accounts.NAME] table"
            )
        return config.Config(
            accounts=tuple(self.account(name, accounts) for name in accounts),
            ui=self.ui(self.table(document, "ui", "")),
            keys=MappingProxyType(self.keys(self.table(document, "keys", ""), "")),
            wire=self.wire(self.table(document, "wire", "")),
            news=self.news(self.table(document, "news", ""), tuple(accounts)),
            actions=self.actions(self.table(document, "actions", "")),
            compose=self.compose(self.table(document, "compose", "")),
            labels=self.labels(self.table(document, "labels", "")),
            path=self.file,
        )

    def account(self, name: str, accounts: Table) -> config.Account:
        key = f"accounts.{name}"
        try:
            values.account_name(name)
        except ValueError as error:
            raise self.error(f"accounts.{shown(name)}", str(error)) from None
        table = self.table(accounts, name, "accounts")
        if "password" in table:
            raise self.error(
                f"{key}.password",
                f"expected no password in the file: use password_command, "
                f'or keep it in the keyring with "tui-mail password {name}"',
            )
        self.known_keys(
            table,
            key,
            (
                "email",
                "aliases",
                "imap",
                "smtp",
                "password_command",
                "token_command",
                "ca_file",
                "folders",
                "signature",
                "save_sent",
            ),
        )
        email_name, email_address = self.value(table, "email", key, values.email)
        folders = self.table(table, "folders", key)
        self.known_keys(folders, f"{key}.folders", tuple(config.FOLDERS))
        return config.Account(
            name=name,
            email_name=email_name,
            email_address=email_address,
            imap=self.value(table, "imap", key, values.imap),
            smtp=self.optional(table, "smtp", key, values.smtp),
            password_command=self.optional(table, "password_command", key, values.password_command),
            ca_file=self.optional(table, "ca_file", key, self.certificates),
            folders=MappingProxyType(
                {
                    config.FOLDERS[use]: self.value(folders, use, f"{key}.folders", values.mailbox)
                    for use in folders
                }
            ),
            aliases=self.aliases(table, key),
            signature=self.optional(table, "signature", key, self.text_file),
            token_command=self.optional(table, "token_command", key, values.token_command),
            save_sent=self.flag(table, "save_sent", key, True),
        )

    def certificates(self, text: str) -> Path:
        return values.file_of("PEM certificates", text, self.file.parent)

    def text_file(self, text: str) -> Path:
        return values.file_of("text", text, self.file.parent)

    def aliases(self, table: Table, parent: str) -> tuple[config.Identity, ...]:
        written = table.get("aliases", [])
        if not isinstance(written, list) or not all(isinstance(each, str) for each in written):
            raise self.error(
                f"{parent}.aliases", f"expected a list of addresses, found {shown(written)}"
            )
        try:
            return tuple(config.Identity(*values.email(each)) for each in written)
        except ValueError as error:
            raise self.error(f"{parent}.aliases", str(error)) from None

    def ui(self, table: Table) -> config.Ui:
        self.known_keys(table, "ui", ("theme", "mouse", "bell"))
        return config.Ui(
            theme=self.optional(table, "theme", "ui", values.theme) or config.Ui().theme,
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
            on_new_mail=self.optional(table, "on_new_mail", "news", values.new_mail_command),
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
        return config.NewsRule(self.value(table, "folder", key, values.mailbox), account, **choices)

    def actions(self, table: Table) -> config.ActionSettings:
        self.known_keys(table, "actions", ("delete", "expunge_on_leave"))
        usual = config.ActionSettings()
        return config.ActionSettings(
            delete=self.word(table, "delete", "actions", DELETIONS, usual.delete),
            expunge_on_leave=self.word(
                table, "expunge_on_leave", "actions", ON_LEAVE, usual.expunge_on_leave
            ),
        )

    def compose(self, table: Table) -> config.ComposeSettings:
        self.known_keys(table, "compose", ("editor", "always_edit", "hold", "address_command"))
        usual = config.ComposeSettings()
        return config.ComposeSettings(
            editor=self.optional(table, "editor", "compose", values.editor),
            always_edit=self.flag(table, "always_edit", "compose", usual.always_edit),
            hold=self.count(table, "hold", "compose", 0, 3600, usual.hold),
            address_command=self.optional(
                table, "address_command", "compose", values.address_command
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
                self.value(label, "name", name, values.label_name),
                self.optional(label, "color", name, values.color)
                or (usual.color if usual else "default"),
            )
        return MappingProxyType(found)


def _suggestion(key: str, known: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key.casefold(), known, n=1, cutoff=0.5)
    return f" (did you mean {near[0]}?)" if near else ""
