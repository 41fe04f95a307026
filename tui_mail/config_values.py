"""One function per kind of value in the TOML file.

Each takes the text as it was written, returns what it means, and raises ValueError whose words
say what was expected and fit behind the name of a key. Knows no tables and no keys.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from tui_mail import config
from tui_mail.config import shown

_EMAIL = re.compile(
    r"(?:(?P<name>[^<>]*?)\s*<(?P<address>[^<>\s@]+@[^<>\s@]+)>|(?P<bare>[^<>\s@]+@[^<>\s@]+))"
)
_THEME = re.compile(r"[\w-]{1,40}")
_HEX_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
ACCOUNT_NAME_LENGTH = 40


def account_name(text: str) -> str:
    if not (0 < len(text) <= ACCOUNT_NAME_LENGTH and text.isprintable() and "/" not in text):
        raise ValueError(
            f"expected an account name of 1 to {ACCOUNT_NAME_LENGTH} printable characters without /"
        )
    return text


def email(text: str) -> tuple[str, str]:
    """The display name, "" for none, and the bare address."""
    match = _EMAIL.fullmatch(text.strip())
    if match is None or not text.isprintable():
        raise ValueError(
            f"expected an address such as Anna Example <anna@example.org>, found {shown(text)}"
        )
    return (match["name"] or "").strip('"').strip(), match["address"] or match["bare"]


def imap(text: str) -> config.ServerUrl:
    return config.ServerUrl.parse(text, "imap")


def smtp(text: str) -> config.ServerUrl:
    return config.ServerUrl.parse(text, "smtp")


def password_command(text: str) -> str:
    return _command(text, "pass show mail/work")


def new_mail_command(text: str) -> str:
    return _command(text, "notify-new-mail --quiet")


def token_command(text: str) -> str:
    return _command(text, "oauth-token mail/work")


def editor(text: str) -> str:
    return _command(text, "vim")


def address_command(text: str) -> str:
    return _command(text, "khard email --parsable")


def _command(text: str, example: str) -> str:
    import shlex

    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"expected a command with its quotes closed ({error})") from error
    if not words or "\0" in text:
        raise ValueError(f"expected a command such as {example}")
    return text


def file_of(what: str, text: str, folder: Path) -> Path:
    """A file that is there; a relative one is beside the configuration, in ``folder``."""
    path = folder / os.path.expanduser(text)
    if "\0" in text or not path.is_file():
        raise ValueError(f"expected a file of {what}, found no file {shown(str(path))}")
    return path


def mailbox(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError(f"expected the name of a mailbox, found {shown(text)}")
    return text


def theme(text: str) -> str:
    if not _THEME.fullmatch(text):
        raise ValueError(
            f"expected the name of a theme (letters, digits, - and _), found {shown(text)}"
        )
    return text


def label_name(text: str) -> str:
    if not 0 < len(text.strip()) <= 20 or not text.isprintable():
        raise ValueError(f"expected a name of 1 to 20 printable characters, found {shown(text)}")
    return text.strip()


def color(text: str) -> str:
    if text not in config.COLORS and not _HEX_COLOR.fullmatch(text):
        raise ValueError(
            f"expected #rrggbb or one of {', '.join(config.COLORS)}, found {shown(text)}"
        )
    return text
