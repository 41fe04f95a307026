"""The program itself, as a person starts it: in a home of its own, with a config of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_PASSED_ON = ("PATH", "TMPDIR", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")
_CONFIG = """\
[accounts.{account}]
email = "Anna Example <anna@example.org>"
imap = "imap+insecure://{user}@{host}:{port}"
password_command = "{password_command}"
"""


class Program:
    """How to start ``tui-mail`` with everything it reads and writes below ``home``."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.config_file = home / "config.toml"

    def write_config(
        self,
        host: str,
        port: int,
        user: str,
        password: str,
        *,
        account: str = "work",
        more: str = "",
    ) -> None:
        """One account on a server without TLS; ``more`` is added to the end of the file."""
        self.home.mkdir(parents=True, exist_ok=True)
        secret = self.home / "password"
        secret.write_text(f"{password}\n")
        text = _CONFIG.format(
            account=account, user=user, host=host, port=port, password_command=f"cat {secret}"
        )
        self.config_file.write_text(text + more)

    def environment(self, **more: str) -> dict[str, str]:
        """The whole environment; no keyring, no colours but the terminal's, UTF-8."""
        variables = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {
            **variables,
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_DATA_HOME": str(self.home / "data"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            **more,
        }

    def command(self, *arguments: str) -> list[str]:
        """With the config if one was written; otherwise the arguments have to say what to do."""
        config = ["--config", str(self.config_file)] if self.config_file.exists() else []
        return [sys.executable, "-m", "tui_mail", *config, *arguments]
