"""__main__.py from outside: exit status, one line on stderr, nothing heavy imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tui_mail import __version__

HEAVY = {"textual", "rich", "asyncio", "keyring", "pymap", "aiosmtpd", "sqlite3", "ssl", "email"}
CONFIG = """\
[accounts.work]
email = "anna@example.org"
imap = "imaps://anna@mail.test"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "tui-mail").mkdir()
    return tmp_path


def run(
    home: Path, *arguments: str, typed: str = "", **more: str
) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "XDG_CONFIG_HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        **more,
    }
    for name in ("DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND"):
        environment.pop(name, None)
    return subprocess.run(
        [sys.executable, "-m", "tui_mail", *arguments],
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
    )


def loaded_by(home: Path, *arguments: str) -> set[str]:
    ran = run(home, *arguments, PYTHONPROFILEIMPORTTIME="1")
    lines = [line for line in ran.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def test_version(home: Path) -> None:
    ran = run(home, "--version")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"tui-mail {__version__}\n", "")


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_load_next_to_nothing(option: str, home: Path) -> None:
    loaded = loaded_by(home, option)
    assert "argparse" in loaded
    ours = {name for name in loaded if name.startswith("tui_mail")}
    assert ours == {"tui_mail", "tui_mail.errors"}
    assert not loaded & {*HEAVY, "logging", "tomllib", "platformdirs", "dataclasses"}


def test_reading_the_configuration_loads_nothing_heavy(home: Path) -> None:
    (home / "tui-mail" / "config.toml").write_text(CONFIG)
    loaded = loaded_by(home)
    assert "tui_mail.config" in loaded
    assert not loaded & HEAVY


def test_the_screen_loads_nothing_that_most_starts_do_not_need() -> None:
    code = "import sys, tui_mail.ui.app; print(*sys.modules, sep='\\n')"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert {"textual.app", "tui_mail.mail.service"} <= loaded
    assert not loaded & {"email.message", "email.header", "lxml", "smtplib", "keyring", "pymap"}
    late = {"patterns", "store.conditions", "compose.addresses", "compose.mailto", "compose.build"}
    assert not loaded & {f"tui_mail.mail.{name}" for name in late}


def test_help_names_every_option(home: Path) -> None:
    text = run(home, "--help").stdout
    options = ("--config", "--demo", "--read-only", "--log", "--version")
    for option in (*options, "password", "account", "import-muttrc"):
        assert option in text


def test_without_configuration_it_says_what_to_write_where(home: Path) -> None:
    ran = run(home)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert str(home / "tui-mail" / "config.toml") in ran.stderr
    assert "[accounts.work]" in ran.stderr
    assert "tui-mail --demo" in ran.stderr


def test_a_wrong_configuration_is_one_line(home: Path) -> None:
    path = home / "tui-mail" / "config.toml"
    path.write_text(CONFIG.replace("imaps", "imapz"))
    ran = run(home)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"tui-mail: {path}: accounts.work.imap: expected one of imaps://")
    assert ran.stderr.count("\n") == 1


def test_a_named_configuration_that_is_not_there_is_one_line(home: Path) -> None:
    ran = run(home, "--config", str(home / "none.toml"))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == f"tui-mail: {home / 'none.toml'}: there is no such file\n"


def test_escapes_in_an_error_do_not_reach_the_terminal(home: Path) -> None:
    ran = run(home, "--config", str(home / "\x1b[41m.toml"))
    assert ran.returncode == 2
    assert "\x1b" not in ran.stderr


@pytest.mark.parametrize("arguments", [["--demo"], []])
def test_without_a_terminal_it_does_not_start(arguments: list[str], home: Path) -> None:
    (home / "tui-mail" / "config.toml").write_text(CONFIG)
    ran = run(home, *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert (
        ran.stderr
        == "tui-mail: expected terminals: standard error to draw on, standard input for keys\n"
    )
    assert not (home / "state").exists()


@pytest.mark.parametrize(
    "arguments",
    [["--nonsense"], ["--demo", "--config", "x"], ["password"], ["paswort", "work"], ["account"]],
)
def test_wrong_use(arguments: list[str], home: Path) -> None:
    ran = run(home, *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("usage: tui-mail")


def test_the_password_of_an_unknown_account(home: Path) -> None:
    (home / "tui-mail" / "config.toml").write_text(CONFIG)
    ran = run(home, "password", "home")
    assert ran.returncode == 2
    assert "there is no account 'home'; expected one of work" in ran.stderr


def test_no_password_and_no_keyring(home: Path) -> None:
    (home / "tui-mail" / "config.toml").write_text(CONFIG)
    empty = run(home, "password", "work")
    assert (empty.returncode, empty.stdout) == (1, "")
    assert empty.stderr == "tui-mail: No password was given; nothing was changed.\n"
    unkept = run(home, "password", "work", typed="hunter2\n")
    assert (unkept.returncode, unkept.stdout) == (1, "")
    assert unkept.stderr == "tui-mail: There is no keyring here.\n"


def test_a_log_that_cannot_be_written(home: Path) -> None:
    ran = run(home, "--log", str(home / "no" / "log"))
    assert ran.returncode == 2
    assert ran.stderr == (
        f"tui-mail: --log {home / 'no' / 'log'}: cannot be written: No such file or directory\n"
    )


def test_a_file_without_accounts_says_so(home: Path) -> None:
    path = home / "tui-mail" / "config.toml"
    path.write_text('[ui]\ntheme = "dark"\n')
    ran = run(home)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        f"tui-mail: {path}: accounts: expected at least one [accounts.NAME] table\n"
    )


def test_an_account_is_only_asked_for_on_a_terminal(home: Path) -> None:
    ran = run(home, "account", "add")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert (
        ran.stderr
        == "tui-mail: expected terminals: standard error to draw on, standard input for keys\n"
    )
    assert not (home / "tui-mail" / "config.toml").exists()
