"""The TOML file as frozen settings; every error names file, key and what was expected.

Reads one file and a few environment variables. Knows no password (a ``password`` key is refused),
opens no connection, and is imported on the way to the first screen: the standard library only,
and nothing heavy of that.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from tui_mail.errors import ConfigError
from tui_mail.model import SpecialUse

APPLICATION = "tui-mail"
FILE_LIMIT = 1024 * 1024
EXAMPLE = """\
[accounts.work]
email = "Anna Example <anna@example.org>"
imap = "imaps://anna@mail.example.org"
smtp = "smtps://anna@mail.example.org"
password_command = "pass show mail/work"   # optional; without it the keyring, or you, are asked
"""

Value = TypeVar("Value")
Table = Mapping[str, Any]


class ConfigMissing(ConfigError):
    """There is no configuration file at all."""


class Security(Enum):
    """How a connection is protected before a password is sent; the value is for showing."""

    TLS = "TLS"
    STARTTLS = "STARTTLS"
    INSECURE = "no TLS"


# scheme: (protocol, security, default port). RFC 8314 for the TLS ports.
SCHEMES: Mapping[str, tuple[str, Security, int]] = MappingProxyType(
    {
        "imaps": ("imap", Security.TLS, 993),
        "imap": ("imap", Security.STARTTLS, 143),
        "imap+insecure": ("imap", Security.INSECURE, 143),
        "smtps": ("smtp", Security.TLS, 465),
        "smtp": ("smtp", Security.STARTTLS, 587),
        "smtp+insecure": ("smtp", Security.INSECURE, 25),
    }
)

FOLDERS: Mapping[str, SpecialUse] = MappingProxyType(
    {
        "sent": SpecialUse.SENT,
        "drafts": SpecialUse.DRAFTS,
        "trash": SpecialUse.TRASH,
        "archive": SpecialUse.ARCHIVE,
        "junk": SpecialUse.JUNK,
    }
)

_URL = re.compile(
    r"(?P<scheme>[A-Za-z+]+)://(?:(?P<user>[^/?#]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[^@:/?#\[\]\s]+)(?::(?P<port>[0-9]{1,5}))?/?"
)
_EMAIL = re.compile(
    r"(?:(?P<name>[^<>]*?)\s*<(?P<address>[^<>\s@]+@[^<>\s@]+)>|(?P<bare>[^<>\s@]+@[^<>\s@]+))"
)
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class ServerUrl:
    """One server: ``imaps://anna%40example.org@mail.example.org:993``, taken apart.

    ``user`` is decoded and is "" only for an SMTP server that wants no login. ``host`` has no
    brackets around an IPv6 address.
    """

    scheme: str
    user: str
    host: str
    port: int
    security: Security
    protocol: str

    @classmethod
    def parse(cls, text: str, protocol: str) -> ServerUrl:
        """Take ``text`` apart; ValueError says what was expected, and never repeats a password."""
        match = _URL.fullmatch(text)
        user = match["user"] if match else ""
        if (match and ":" in (user or "")) or re.match(r"[^/]*//[^/@]*:[^/]*@", text):
            raise ValueError(
                "expected no password in the URL (the keyring or password_command has it; "
                "a : in the user name is written %3A)"
            )
        known = SCHEMES.get(match["scheme"].lower()) if match else None
        if match is None or known is None or known[0] != protocol:
            schemes = ", ".join(
                f"{name}://" for name, kind in SCHEMES.items() if kind[0] == protocol
            )
            raise ValueError(
                f"expected one of {schemes} followed by USER@HOST or USER@HOST:PORT "
                f"(an @ in USER is written %40), found {_shown(text)}"
            )
        if user and ("@" in user or _PERCENT.search(user)):
            raise ValueError(
                f"expected @ in the user name as %40 and % as %25, found {_shown(text)}"
            )
        name = _unquoted(user or "")
        if not name and (protocol == "imap" or user is not None):
            raise ValueError(
                f"expected a user name before the host (USER@HOST), found {_shown(text)}"
            )
        if not name.isprintable() or "\ufffd" in name:
            raise ValueError(f"expected a user name of printable UTF-8, found {_shown(text)}")
        port = int(match["port"]) if match["port"] else known[2]
        if not 0 < port < 65536:
            raise ValueError(f"expected a port from 1 to 65535, found {port}")
        return cls(
            scheme=match["scheme"].lower(),
            user=name,
            host=match["host"].strip("[]"),
            port=port,
            security=known[1],
            protocol=protocol,
        )

    @property
    def identity(self) -> str:
        """``USER@HOST``: the keyring's user name, and whose mail the store holds."""
        return f"{self.user}@{self.host}"


@dataclass(frozen=True, slots=True)
class Account:
    """One ``[accounts.NAME]`` table.

    ``folders`` holds decoded mailbox names that win over SPECIAL-USE (RFC 6154).
    ``password`` is never read from a file: the demo and tests put it here, and where it is set
    neither the keyring nor ``password_command`` is asked.
    """

    name: str
    email_name: str
    email_address: str
    imap: ServerUrl
    smtp: ServerUrl | None = None
    password_command: str | None = None
    ca_file: Path | None = None
    folders: Mapping[SpecialUse, str] = field(default_factory=dict)
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Ui:
    """The ``[ui]`` table."""

    theme: str = "terminal"
    mouse: bool = False
    bell: bool = True


@dataclass(frozen=True, slots=True)
class WireSettings:
    """The ``[wire]`` table: what the ring of the wire pane may hold, in lines and in bytes."""

    lines: int = 10_000
    bytes: int = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the file says. ``keys`` maps an action id to its keys; the keymap judges both.

    With ``demo`` set nothing of the user's is read or written: the store stays in memory.
    """

    accounts: tuple[Account, ...]
    ui: Ui = Ui()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wire: WireSettings = WireSettings()
    path: Path | None = None
    demo: bool = False


def config_path() -> Path:
    """The configuration file's usual place; it need not exist."""
    return _folder("XDG_CONFIG_HOME", "user_config_path") / "config.toml"


def themes_path() -> Path:
    """The folder of the user's own themes; it need not exist."""
    return config_path().parent / "themes"


def state_path() -> Path:
    """The folder for what the program keeps between runs, made with mode 0700 if missing.

    Raises ConfigError where it cannot be made.
    """
    folder = _folder("XDG_STATE_HOME", "user_state_path")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot make this folder: {error.strerror}") from error
    return folder


def store_path() -> Path:
    """The database of cached mail and of what is still to be sent to the server."""
    return state_path() / "mail.sqlite3"


def load(path: Path | None = None) -> Config:
    """Read ``path``, or the usual file.

    Raises ConfigMissing if there is none, ConfigError for the first thing wrong with it.
    """
    import tomllib

    file = config_path() if path is None else path
    try:
        with file.open("rb") as stream:
            raw = stream.read(FILE_LIMIT + 1)
    except FileNotFoundError as error:
        raise ConfigMissing(f"{file}: there is no such file") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    if len(raw) > FILE_LIMIT:
        raise ConfigError(f"{file}: expected at most {FILE_LIMIT // 1024} KiB")
    try:
        document = tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}: expected UTF-8 text (at line {line})") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: expected TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{file}: expected TOML that is not nested this deeply") from error
    return _Reader(file).config(document)


class _Reader:
    """Turns the tables of one document into settings; knows the file for its errors."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def config(self, document: Table) -> Config:
        self.known_keys(document, "", ("accounts", "ui", "keys", "wire"))
        accounts = self.table(document, "accounts", "")
        if not accounts:
            raise self.error("accounts", "expected at least one [accounts.NAME] table")
        return Config(
            accounts=tuple(self.account(name, accounts) for name in accounts),
            ui=self.ui(self.table(document, "ui", "")),
            keys=MappingProxyType(self.keys(self.table(document, "keys", ""), "")),
            wire=self.wire(self.table(document, "wire", "")),
            path=self.file,
        )

    def account(self, name: str, accounts: Table) -> Account:
        key = f"accounts.{name}"
        if not (0 < len(name) <= 40 and name.isprintable() and "/" not in name):
            raise self.error(
                f"accounts.{_shown(name)}",
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
        self.known_keys(folders, f"{key}.folders", tuple(FOLDERS))
        return Account(
            name=name,
            email_name=email_name,
            email_address=email_address,
            imap=self.value(table, "imap", key, lambda text: ServerUrl.parse(text, "imap")),
            smtp=self.optional(table, "smtp", key, lambda text: ServerUrl.parse(text, "smtp")),
            password_command=self.optional(table, "password_command", key, self.command),
            ca_file=self.optional(table, "ca_file", key, self.existing_file),
            folders=MappingProxyType(
                {
                    FOLDERS[use]: self.value(folders, use, f"{key}.folders", self.mailbox)
                    for use in folders
                }
            ),
        )

    def ui(self, table: Table) -> Ui:
        self.known_keys(table, "ui", ("theme", "mouse", "bell"))
        return Ui(
            theme=self.optional(table, "theme", "ui", self.theme) or Ui().theme,
            mouse=self.flag(table, "mouse", Ui().mouse),
            bell=self.flag(table, "bell", Ui().bell),
        )

    def wire(self, table: Table) -> WireSettings:
        self.known_keys(table, "wire", ("lines", "bytes"))
        return WireSettings(
            lines=self.count(table, "lines", 100, 1_000_000, WireSettings().lines),
            bytes=self.count(table, "bytes", 65_536, 1024**3, WireSettings().bytes),
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
                    f"keys.{action}", f"expected a key or a list of keys, found {_shown(value)}"
                )
        return found

    # One function per kind of value; each raises ValueError saying what was expected.

    def email(self, text: str) -> tuple[str, str]:
        match = _EMAIL.fullmatch(text.strip())
        if match is None or not text.isprintable():
            raise ValueError(
                f"expected an address such as Anna Example <anna@example.org>, found {_shown(text)}"
            )
        return (match["name"] or "").strip('"').strip(), match["address"] or match["bare"]

    def command(self, text: str) -> str:
        import shlex

        try:
            words = shlex.split(text)
        except ValueError as error:
            raise ValueError(f"expected a command with its quotes closed ({error})") from error
        if not words or "\0" in text:
            raise ValueError("expected a command such as pass show mail/work")
        return text

    def existing_file(self, text: str) -> Path:
        path = self.file.parent / os.path.expanduser(text)
        if "\0" in text or not path.is_file():
            raise ValueError(
                f"expected a file of PEM certificates, found no file {_shown(str(path))}"
            )
        return path

    def mailbox(self, text: str) -> str:
        if not text or not text.isprintable():
            raise ValueError(f"expected the name of a mailbox, found {_shown(text)}")
        return text

    def theme(self, text: str) -> str:
        if not re.fullmatch(r"[\w-]{1,40}", text):
            raise ValueError(
                f"expected the name of a theme (letters, digits, - and _), found {_shown(text)}"
            )
        return text

    # Reaching into a table, with errors that name the key.

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
            raise self.error(f"{parent}.{key}", f"expected text in quotes, found {_shown(text)}")
        try:
            return parse(text)
        except ValueError as error:
            raise self.error(f"{parent}.{key}", str(error)) from None

    def table(self, table: Table, key: str, parent: str) -> Table:
        found = table.get(key, {})
        if not isinstance(found, Mapping):
            name = f"{parent}.{key}" if parent else key
            raise self.error(name, f"expected a table [{name}], found {_shown(found)}")
        return found

    def flag(self, table: Table, key: str, default: bool) -> bool:
        found = table.get(key, default)
        if not isinstance(found, bool):
            raise self.error(f"ui.{key}", f"expected true or false, found {_shown(found)}")
        return found

    def count(self, table: Table, key: str, least: int, most: int, default: int) -> int:
        found = table.get(key, default)
        if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
            raise self.error(
                f"wire.{key}", f"expected a number from {least} to {most}, found {_shown(found)}"
            )
        return found

    def known_keys(self, table: Table, parent: str, known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                name = f"{parent}.{key}" if parent else key
                raise self.error(
                    name if key.isprintable() else _shown(name),
                    f"no such key{_suggestion(key, known)}; expected one of {', '.join(known)}",
                )

    def error(self, key: str, expected: str) -> ConfigError:
        return ConfigError(f"{self.file}: {key}: {expected}")


def _folder(variable: str, function: str) -> Path:
    # The XDG specification: a relative path in its variables is to be ignored.
    named = os.environ.get(variable, "")
    if os.path.isabs(named):
        return Path(named) / APPLICATION
    import platformdirs

    path: Path = getattr(platformdirs, function)(APPLICATION, appauthor=False)
    return path


def _unquoted(text: str) -> str:
    from urllib.parse import unquote

    return unquote(text, errors="replace")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _suggestion(key: str, known: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key.casefold(), known, n=1, cutoff=0.5)
    return f" (did you mean {near[0]}?)" if near else ""
