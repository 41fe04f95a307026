"""``tui-mail password ACCOUNT``: set or remove the keyring's password without the screen.

Reads from the terminal without echo, or one line of a pipe. Prints no password.
"""

from __future__ import annotations

import sys

from tui_mail.config import Account, Config
from tui_mail.credentials import Credentials
from tui_mail.errors import ConfigError, CredentialError


def change_password(config: Config, name: str, *, delete: bool, smtp: bool = False) -> str:
    """Do it and return the line that says what was done.

    ``smtp``: the password of the submission server, which else is that of the IMAP server.
    Raises ConfigError for an unknown account, CredentialError if the keyring would not.
    """
    account = _account(config, name)
    if smtp and account.smtp is None:
        raise ConfigError(f"{config.path}: accounts.{name}.smtp: expected the URL of a server")
    credentials = Credentials(account, account.smtp if smtp else None)
    whose = credentials.username
    if delete:
        if credentials.forget():
            return f"The password of {whose} was removed from the keyring."
        return f"The keyring has no password of {whose}."
    credentials.remember(_read_password(whose))
    return f"The password of {whose} is in the keyring."


def _account(config: Config, name: str) -> Account:
    for account in config.accounts:
        if account.name == name:
            return account
    names = ", ".join(account.name for account in config.accounts)
    raise ConfigError(f"{config.path}: there is no account {name!r}; expected one of {names}")


def _read_password(whose: str) -> str:
    if sys.stdin.isatty():
        import getpass

        password = getpass.getpass(f"Password of {whose}: ")
    else:
        password = sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    if not password:
        raise CredentialError("No password was given; nothing was changed.")
    return password
