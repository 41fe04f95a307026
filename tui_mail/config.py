"""The settings of the TOML file as frozen values, and where files are kept.

``config_file`` reads the file. Knows no password, opens no connection, and is imported on the way
to the first screen: the standard library only, and nothing heavy of that.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType

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


class ConfigMissing(ConfigError):
    """There is no configuration file at all."""


class AccountsMissing(ConfigError):
    """There is a file, right as far as it goes, without any account in it."""


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

_HUES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
COLORS = ("default", *_HUES, *(f"bright_{hue}" for hue in _HUES))

_URL = re.compile(
    r"(?P<scheme>[A-Za-z+]+)://(?:(?P<user>[^/?#]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[^@:/?#\[\]\s]+)(?::(?P<port>[0-9]{1,5}))?/?"
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
                f"(an @ in USER is written %40), found {shown(text)}"
            )
        if user and ("@" in user or _PERCENT.search(user)):
            raise ValueError(
                f"expected @ in the user name as %40 and % as %25, found {shown(text)}"
            )
        name = _unquoted(user or "")
        if not name and (protocol == "imap" or user is not None):
            raise ValueError(
                f"expected a user name before the host (USER@HOST), found {shown(text)}"
            )
        if not name.isprintable() or "\ufffd" in name:
            raise ValueError(f"expected a user name of printable UTF-8, found {shown(text)}")
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

    def __str__(self) -> str:
        """As it is written in the file; ``parse`` of it gives the same."""
        from urllib.parse import quote

        user = f"{quote(self.user, safe='+=!$,;')}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == SCHEMES[self.scheme][2] else f":{self.port}"
        return f"{self.scheme}://{user}{host}{port}"

    @property
    def identity(self) -> str:
        """``USER@HOST``: the keyring's user name, and whose mail the store holds."""
        return f"{self.user}@{self.host}"


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody a person writes as."""

    name: str
    address: str

    def __str__(self) -> str:
        from email.utils import formataddr

        return formataddr((self.name, self.address), "utf-8") if self.name else self.address


@dataclass(frozen=True, slots=True)
class Account:
    """One ``[accounts.NAME]`` table.

    ``folders`` holds decoded mailbox names that win over SPECIAL-USE (RFC 6154).
    ``aliases`` are further identities beside ``email``. ``signature`` is a file of text.
    ``token_command`` prints an OAuth 2.0 access token, for both servers, in place of a password.
    Without ``save_sent`` the server is left to file sent mail by itself.
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
    aliases: tuple[Identity, ...] = ()
    signature: Path | None = None
    token_command: str | None = None
    save_sent: bool = True

    @property
    def identities(self) -> tuple[Identity, ...]:
        """Everybody the person writes as here, the usual one first."""
        return (Identity(self.email_name, self.email_address), *self.aliases)


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
class NewsRule:
    """One ``[[news.rules]]`` table; None leaves a choice to the rules before it.

    ``folder`` is a glob (``*`` matches ``/`` too) over the mailbox's path as it is shown, joined
    with ``/``, without regard to case. ``account`` None means every account.
    """

    folder: str
    account: str | None = None
    watch: bool | None = None
    bell: bool | None = None
    notify: bool | None = None
    command: bool | None = None


@dataclass(frozen=True, slots=True)
class News:
    """The ``[news]`` table. ``poll`` is in seconds, for what the server does not tell unasked.

    The last rule that matches a mailbox and speaks of a choice decides it.
    """

    poll: float = 120
    on_new_mail: str | None = None
    bell: bool = True
    notify: bool = True
    rules: tuple[NewsRule, ...] = ()


class Deletion(Enum):
    """What deleting a message does."""

    TRASH = "trash"
    MARK = "mark"


class ExpungeOnLeave(Enum):
    """What becomes of messages marked ``\\Deleted`` when the mailbox is left."""

    NEVER = "never"
    ALWAYS = "always"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class ActionSettings:
    """The ``[actions]`` table."""

    delete: Deletion = Deletion.TRASH
    expunge_on_leave: ExpungeOnLeave = ExpungeOnLeave.NEVER


@dataclass(frozen=True, slots=True)
class ComposeSettings:
    """The ``[compose]`` table. ``hold`` is in seconds: how long a sent message can be called back.

    ``editor`` None leaves it to ``$VISUAL`` and ``$EDITOR``; ``always_edit`` goes into it at once.
    ``address_command`` gets what was typed as its last argument, or in the place of ``%s``.
    """

    editor: str | None = None
    always_edit: bool = False
    hold: int = 10
    address_command: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """How a keyword (RFC 9051, 2.3.2) is shown. ``color`` is one of ``COLORS`` or ``#rrggbb``."""

    keyword: str
    name: str
    color: str


# The keywords Thunderbird made common, in its colors as far as a terminal has them.
LABELS: Mapping[str, Label] = MappingProxyType(
    {
        label.keyword: label
        for label in (
            Label("$label1", "important", "red"),
            Label("$label2", "work", "yellow"),
            Label("$label3", "personal", "green"),
            Label("$label4", "todo", "blue"),
            Label("$label5", "later", "magenta"),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the file says. ``keys`` maps an action id to its keys; the keymap judges both.

    ``labels`` are by keyword in lower case, since case does not count in flags.
    With ``demo`` set nothing of the user's is read or written: the store stays in memory.
    """

    accounts: tuple[Account, ...]
    ui: Ui = Ui()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wire: WireSettings = WireSettings()
    news: News = News()
    actions: ActionSettings = ActionSettings()
    compose: ComposeSettings = ComposeSettings()
    labels: Mapping[str, Label] = field(default_factory=lambda: LABELS)
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

    Raises ConfigMissing if there is none, AccountsMissing if there is no account in it,
    ConfigError for the first thing wrong with it.
    """
    from tui_mail import config_file

    return config_file.read(config_path() if path is None else path)


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


def shown(value: object) -> str:
    """A value of the file for an error, cut to fit a line."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
