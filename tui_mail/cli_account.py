"""``tui-mail account add``, and the first run: the account form before the program itself.

Runs the form on the terminal. What it says is written by the form; here nothing is.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from tui_mail import config
from tui_mail.config import Config
from tui_mail.errors import ConfigError


def add_account(target: Path | None, ca_file: Path | None) -> Config | None:
    """Ask for one more account; the configuration with it, or None if a person left without.

    A password that is kept nowhere is in the account for this run. Raises ConfigError without a
    terminal, and for a configuration or a ``ca_file`` that is wrong.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError("expected terminals: standard error to draw on, standard input for keys")
    if ca_file is not None and not ca_file.is_file():
        raise ConfigError(f"--ca-file {ca_file}: there is no such file")
    file = target or config.config_path()
    try:
        existing: Config | None = config.load(file)
    except (config.ConfigMissing, config.AccountsMissing):
        existing = None
    from tui_mail.ui.terminal import prepare

    # Textual reads the environment while it is imported.
    terminal = prepare(os.environ)
    from tui_mail.ui.account_app import AccountApp

    app = AccountApp(terminal, file, existing, ca_file=ca_file and ca_file.resolve())
    new = app.run()
    if app.crash is not None:
        raise app.crash
    if app.return_code:
        raise SystemExit(app.return_code)
    if new is None:
        return None
    accounts = (
        replace(account, password=new.password) if account.name == new.name else account
        for account in new.config.accounts
    )
    return replace(new.config, accounts=tuple(accounts))
