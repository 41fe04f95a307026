"""Adds accounts and settings to the TOML file, which stays as a person wrote it.

What is there already is never rewritten: tables are added at the end, keys below the head of their
table, and every other byte, comments among them, is kept. Never writes a password. The file is
replaced in one step, readable by its owner alone.
"""

from __future__ import annotations

import os
import re
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tui_mail import config_file, config_values
from tui_mail.config import FILE_LIMIT, FOLDERS, Account, Config, Identity, NewsRule
from tui_mail.errors import ConfigError

Value = str | bool | int | list[str] | Mapping[str, str]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_USES = {use: word for word, use in FOLDERS.items()}
_NOT_IN_A_NAME = str.maketrans("", "", '<>"')


@dataclass(frozen=True, slots=True)
class Additions:
    """What is to be added. ``compose`` holds keys of ``[compose]``; one that is there already stays
    as it is."""

    accounts: tuple[Account, ...] = ()
    compose: Mapping[str, str | bool] = field(default_factory=dict)
    rules: tuple[NewsRule, ...] = ()


def add(file: Path, additions: Additions) -> Config:
    """Write ``additions`` to ``file``, made with its folder where there is none; what it says then.

    Raises ConfigError, and has changed nothing, where an account of a name is there already, where
    the file is wrong or would be, where it changed meanwhile or cannot be written.
    """
    target = Path(os.path.realpath(file))  # a link into a folder of dot files stays one
    before = _contents(target)
    text = _decoded(before or b"", file)
    there = _document(text, file)
    _refuse_existing(there, additions.accounts, file)
    compose = {
        key: value
        for key, value in additions.compose.items()
        if key not in _table(there, "compose")
    }
    wanted = _wanted(there, additions, compose)
    for account in additions.accounts:
        name = _key(account.name)
        text = _with_block(text, f"[accounts.{name}]", _account(account))
    text = _with_keys(text, "compose", compose, present="compose" in there)
    for rule in additions.rules:
        text = _with_block(text, "[[news.rules]]", _rule(rule))
    try:
        after = text.encode("utf-8")
        right = tomllib.loads(text.removeprefix("\ufeff")) == wanted
    except (tomllib.TOMLDecodeError, UnicodeEncodeError):
        right = False
    if not right:
        # An inline table (accounts = { … }) cannot be added to from outside.
        raise ConfigError(
            f"{file}: nothing can be added to this file without writing it anew",
            advice="Write accounts, compose and news as tables: [accounts.NAME], [compose], …",
        )
    found = config_file.parse(after, file)
    _replace(target, before, after)
    return found


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """An account name like ``wanted`` that is right and none of ``taken``: work, work-2 …"""
    length = config_values.ACCOUNT_NAME_LENGTH - 4
    name = "".join(c for c in wanted if c.isprintable() and c != "/")[:length].strip() or "mail"
    known = set(taken)
    numbered = (f"{name}-{number}" for number in range(2, len(known) + 3))
    return name if name not in known else next(each for each in numbered if each not in known)


# What is there


def _contents(file: Path) -> bytes | None:
    try:
        with file.open("rb") as stream:
            return stream.read(FILE_LIMIT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error


def _decoded(raw: bytes, file: Path) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}: expected UTF-8 text (at line {line})") from error


def _document(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{file}: expected TOML: {str(error)[:200]}") from error


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key, {})
    return found if isinstance(found, Mapping) else {}


def _refuse_existing(document: Mapping[str, Any], accounts: Iterable[Account], file: Path) -> None:
    for account in accounts:
        if account.name in _table(document, "accounts"):
            raise ConfigError(f"{file}: accounts.{account.name} is there already")


def _wanted(
    there: Mapping[str, Any], additions: Additions, compose: Mapping[str, Value]
) -> dict[str, Any]:
    """The document that is to come out of it."""
    wanted = dict(there)
    if additions.accounts:
        new = {account.name: _account(account) for account in additions.accounts}
        wanted["accounts"] = {**_table(there, "accounts"), **new}
    if compose:
        wanted["compose"] = {**_table(there, "compose"), **compose}
    if additions.rules:
        news = _table(there, "news")
        rules = [*news.get("rules", ()), *map(_rule, additions.rules)]
        wanted["news"] = {**news, "rules": rules}
    return wanted


# What is added


def _account(account: Account) -> dict[str, Value]:
    written: dict[str, Value | None] = {
        "email": _email(Identity(account.email_name, account.email_address)),
        "aliases": [_email(alias) for alias in account.aliases] or None,
        "imap": str(account.imap),
        "smtp": str(account.smtp) if account.smtp else None,
        "password_command": account.password_command,
        "token_command": account.token_command,
        "ca_file": str(account.ca_file) if account.ca_file else None,
        "folders": {_USES[use]: name for use, name in account.folders.items()} or None,
        "signature": str(account.signature) if account.signature else None,
        "save_sent": None if account.save_sent else False,
    }
    return {key: value for key, value in written.items() if value is not None}


def _email(identity: Identity) -> str:
    # The file's own form takes a name as it is, commas and all, but for these.
    name = " ".join(identity.name.translate(_NOT_IN_A_NAME).split())
    return f"{name} <{identity.address}>" if name else identity.address


def _rule(rule: NewsRule) -> dict[str, Value]:
    pairs = ((each.name, getattr(rule, each.name)) for each in fields(rule))
    return {name: value for name, value in pairs if value is not None}


def _with_block(text: str, head: str, values: Mapping[str, Value]) -> str:
    if text.removeprefix("\ufeff"):
        text += "\n" if text.endswith("\n") else "\n\n"
    return text + f"{head}\n{_lines(values)}"


def _with_keys(text: str, table: str, values: Mapping[str, Value], *, present: bool) -> str:
    if not values:
        return text
    head = re.search(rf"^[ \t]*\[[ \t]*{table}[ \t]*\][^\n]*(?:\n|\Z)", text, re.MULTILINE)
    if head is None or not present:
        return _with_block(text, f"[{table}]", values)
    line = head[0] if head[0].endswith("\n") else f"{head[0]}\n"
    return f"{text[: head.start()]}{line}{_lines(values)}{text[head.end() :]}"


def _lines(values: Mapping[str, Value]) -> str:
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in values.items())


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _quoted(key)


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {_quoted(each)}' for key, each in value.items())} }}"
    return f"[{', '.join(map(_quoted, value))}]"


def _quoted(text: str) -> str:
    """A basic string (TOML 1.0, String): quotes, backslashes and control characters escaped."""
    escaped = (
        f"\\{c}" if c in '"\\' else f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else c
        for c in text
    )
    return f'"{"".join(escaped)}"'


# The file


def _replace(file: Path, before: bytes | None, after: bytes) -> None:
    temporary = ""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=".config-", dir=file.parent)  # mode 0600
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(after)
            stream.flush()
            os.fsync(stream.fileno())
        if _contents(file) != before:
            raise ConfigError(
                f"{file}: was changed by somebody else meanwhile, so it was left alone",
                advice="Try again.",
            )
        os.replace(temporary, file)
        temporary = ""
        _sync_folder(file.parent)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}") from error
    finally:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some file systems know no such thing
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
