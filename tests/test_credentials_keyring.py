"""credentials.py and ``tui-mail password`` against a real Secret Service: gnome-keyring.

Each test runs a program under a D-Bus session of its own, with a keyring in a private folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

NEEDED = ("dbus-run-session", "gnome-keyring-daemon")
MISSING = [name for name in NEEDED if shutil.which(name) is None]
REQUIRED = os.environ.get("TUI_MAIL_REQUIRE_SERVERS") == "1"

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        bool(MISSING) and not REQUIRED, reason=f"not installed: {', '.join(MISSING)}"
    ),
]

CONFIG = """\
[accounts.work]
email = "anna@example.org"
imap = "imaps://anna%40example.org@mail.test"
"""

PREPARE = """\
import sys
from pathlib import Path
from typing import NamedTuple
from tui_mail import config
from tui_mail.credentials import Credentials, KeyringUnavailable
account = config.load(Path("config.toml")).accounts[0]
credentials = Credentials(account, keyring_timeout=10)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config.toml").write_text(CONFIG)
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    return {
        **kept,
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(runtime),
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }


class Ran(NamedTuple):
    status: int
    output: str
    errors: str


def in_session(
    environment: dict[str, str], command: str, *, unlock: bool = True, bus: Path | None = None
) -> Ran:
    """Run a shell command where a Secret Service is, unlocked with a password or locked.

    With a ``bus`` of its own configuration there is none.
    """
    daemon = "gnome-keyring-daemon --components=secrets"
    start = f"printf open | {daemon} --unlock" if unlock else f"{daemon} --start"
    script = command if bus else f"{start} >/dev/null 2>&1; {command}"
    configuration = [f"--config-file={bus}"] if bus else []
    # Into a file of its own: dbus-daemon grumbles about limits in a container.
    errors = Path(environment["HOME"]) / "errors"
    ran = subprocess.run(
        ["dbus-run-session", *configuration, "--", "sh", "-c", f"exec 2>{errors}; {script}"],
        env=environment,
        cwd=environment["HOME"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=60,
    )
    return Ran(ran.returncode, ran.stdout, errors.read_text())


def run_python(
    environment: dict[str, str], program: str, *, unlock: bool = True, bus: Path | None = None
) -> Ran:
    path = Path(environment["HOME"]) / "program.py"
    path.write_text(PREPARE + program)
    return in_session(environment, f"{sys.executable} {path}", unlock=unlock, bus=bus)


def test_a_password_is_kept_found_and_removed(environment: dict[str, str]) -> None:
    ran = run_python(
        environment,
        "assert credentials.find() is None and credentials.notice == ''\n"
        "assert credentials.forget() is False\n"
        "credentials.remember('пароль 1')\n"
        "credentials.remember('пароль 2')\n"
        "assert credentials.find() == 'пароль 2' and credentials.source == 'keyring'\n"
        "import keyring\n"
        "name = 'anna@example.org@mail.test'\n"
        "assert keyring.get_password('tui-mail', name) == 'пароль 2'\n"
        "assert credentials.forget() is True\n"
        "assert credentials.find() is None\n",
    )
    assert ran == (0, "", "")


def test_the_keyring_goes_before_the_command(environment: dict[str, str]) -> None:
    config = Path(environment["HOME"]) / "config.toml"
    config.write_text(CONFIG + 'password_command = "echo from the command"\n')
    ran = run_python(
        environment,
        "assert credentials.find() == 'from the command' and credentials.notice == ''\n"
        "credentials.remember('from the keyring')\n"
        "assert credentials.find() == 'from the keyring'\n",
    )
    assert ran == (0, "", "")


def test_a_locked_keyring_is_one_line(environment: dict[str, str]) -> None:
    # Made in one session, found locked in the next, where nobody can answer its question.
    made = run_python(environment, "credentials.remember('kept')\n")
    assert made == (0, "", "")
    ran = run_python(
        environment,
        "assert credentials.find() is None\nprint(credentials.notice)\n"
        "try: credentials.remember('x')\n"
        "except KeyringUnavailable as error: print(error)\n",
        unlock=False,
    )
    assert (ran.status, ran.errors) == (0, "")
    lines = ran.output.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("The keyring") for line in lines)


def test_the_command_line_sets_and_removes_it(environment: dict[str, str]) -> None:
    tui_mail = f"{sys.executable} -m tui_mail --config config.toml password work"
    ran = in_session(
        environment,
        f"printf 'hunter2\\n' | {tui_mail} && "
        f"{sys.executable} -c 'import keyring; "
        'print(keyring.get_password("tui-mail", "anna@example.org@mail.test"))\' && '
        f"{tui_mail} --delete && {tui_mail} --delete",
    )
    assert ran.errors == ""
    assert ran.output.splitlines() == [
        "The password of anna@example.org@mail.test is in the keyring.",
        "hunter2",
        "The password of anna@example.org@mail.test was removed from the keyring.",
        "The keyring has no password of anna@example.org@mail.test.",
    ]


def test_a_session_without_any_secret_service(environment: dict[str, str]) -> None:
    # A bus that cannot start anything by itself.
    bus = Path(environment["HOME"]) / "bus.conf"
    bus.write_text(
        "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>"
        '<policy context="default"><allow send_destination="*"/><allow own="*"/>'
        '<allow receive_sender="*"/></policy></busconfig>'
    )
    program = "assert credentials.find() is None\nprint(credentials.notice)\n"
    ran = run_python(environment, program, bus=bus)
    assert ran == (0, "There is no keyring here.\n", "")


def test_a_server_beside_the_imap_server_may_have_a_password_of_its_own(
    environment: dict[str, str],
) -> None:
    ran = run_python(
        environment,
        "from tui_mail.config import ServerUrl\n"
        "smtp = ServerUrl.parse('smtps://anna@smtp.test', 'smtp')\n"
        "sending = Credentials(account, smtp, keyring_timeout=10)\n"
        "credentials.remember('for reading')\n"
        "assert sending.kept() is None\n"
        "sending.remember('for sending')\n"
        "assert sending.kept() == 'for sending'\n"
        "assert credentials.kept() == credentials.find() == 'for reading'\n"
        "assert sending.forget() is True\n"
        "assert sending.kept() is None and credentials.kept() == 'for reading'\n",
    )
    assert ran == (0, "", "")
