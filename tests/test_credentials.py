"""credentials.py without a keyring: ``password_command`` in all its moods, and no backend."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tui_mail.config import Account, ServerUrl
from tui_mail.credentials import Credentials, KeyringUnavailable
from tui_mail.errors import Cancelled, CredentialError

ACCOUNT = Account("work", "", "anna@example.org", ServerUrl.parse("imaps://anna@mail.test", "imap"))


@pytest.fixture(autouse=True)
def no_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def script(program: str) -> Account:
    """The account with a password_command that runs a Python program."""
    return replace(ACCOUNT, password_command=shlex.join([sys.executable, "-c", program]))


def shell(line: str) -> Account:
    return replace(ACCOUNT, password_command=shlex.join(["sh", "-c", line]))


def failure(account: Account, *, timeout: float = 30.0) -> CredentialError:
    with pytest.raises(CredentialError) as caught:
        Credentials(account, command_timeout=timeout).find()
    return caught.value


def alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    # A process nobody has waited for yet is dead all the same.
    return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(number: int) -> None:
    deadline = time.monotonic() + 10
    while alive(number):
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


@pytest.mark.parametrize(
    ("output", "password"),
    [
        ("secret\n", "secret"),
        ("secret", "secret"),
        ("secret\r\nuser: anna\n", "secret"),
        (" with blanks \nsecond", " with blanks "),
        ("пароль 🔑\n", "пароль 🔑"),
    ],
)
def test_the_first_line_of_the_command_is_the_password(output: str, password: str) -> None:
    credentials = Credentials(script(f"import sys; sys.stdout.buffer.write({output.encode()!r})"))
    assert credentials.find() == password
    assert credentials.source == "password_command"
    assert credentials.notice == "There is no keyring here."


def test_without_keyring_and_command_a_person_is_asked() -> None:
    credentials = Credentials(ACCOUNT)
    assert credentials.find() is None
    assert (credentials.source, credentials.notice) == ("", "There is no keyring here.")


def test_a_fixed_password_asks_nothing() -> None:
    credentials = Credentials(replace(shell("exit 1"), password="demo"))
    assert (credentials.find(), credentials.source, credentials.notice) == ("demo", "fixed", "")


def test_no_shell_runs_but_a_tilde_is_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "secret file").write_text("from home\n")
    account = replace(ACCOUNT, password_command="cat '~/secret file'")
    assert Credentials(account).find() == "from home"
    echo = replace(ACCOUNT, password_command="echo $HOME; echo two")
    assert Credentials(echo).find() == "$HOME; echo two"


def test_the_command_has_no_terminal_and_three_streams_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GPG_TTY", "/dev/pts/0")
    program = (
        "import os, sys; assert not any(os.isatty(n) for n in range(3)); print(sys.stdin.read(), "
        "os.getsid(0) == os.getpid(), os.environ.get('GPG_TTY'), sep='|')"
    )
    assert Credentials(script(program)).find() == "|True|None"


def test_a_failing_command_shows_its_own_error() -> None:
    error = failure(shell("echo hunter2; echo 'gpg: no secret key' >&2; exit 3"))
    assert error.title == "password_command (sh) ended with status 3"
    assert error.server_line == "gpg: no secret key"
    assert "hunter2" not in str(error)


def test_the_arguments_of_the_command_are_not_shown() -> None:
    assert "hunter2" not in str(failure(replace(ACCOUNT, password_command="false hunter2")))


def test_a_killed_command() -> None:
    assert "was ended by SIGKILL" in failure(shell("kill -9 $$")).title


def test_a_command_that_is_not_there() -> None:
    error = failure(replace(ACCOUNT, password_command="no-such-program-here x"))
    assert (
        error.title == "password_command cannot run no-such-program-here: No such file or directory"
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("true", "printed no password"),
        ("echo; echo second", "printed no password"),
        (r"printf 'caf\351\n'", "not UTF-8"),
        (r"printf 'a\000b\n'", "NUL"),
        ("yes", "more than 64 KiB"),
    ],
)
def test_an_answer_that_is_no_password(line: str, expected: str) -> None:
    error = failure(shell(line))
    assert expected in error.title
    assert error.__cause__ is None


def test_a_slow_command_is_ended_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    error = failure(
        shell(f"echo waiting for the card >&2; sleep 60 & echo $! > {pid}; wait"), timeout=0.5
    )
    assert "did not finish within" in error.title
    assert error.server_line == "waiting for the card"
    wait_until_gone(int(pid.read_text()))


def test_a_command_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    error = failure(
        shell(f"trap '' TERM; echo $$ > {pid}; while :; do sleep 0.1; done"), timeout=0.5
    )
    assert "did not finish within" in error.title
    wait_until_gone(int(pid.read_text()))


def test_a_command_that_closes_its_streams_is_still_waited_for() -> None:
    error = failure(shell("exec >&- 2>&-; sleep 0.3; exit 7"))
    assert "ended with status 7" in error.title


def test_an_agent_that_stays_keeps_nothing_waiting(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    begun = time.monotonic()
    credentials = Credentials(shell(f"sleep 60 & echo $! > {pid}; echo secret"))
    assert credentials.find() == "secret"
    assert time.monotonic() - begun < 20
    agent = int(pid.read_text())
    assert alive(agent)
    os.kill(agent, 9)


def test_cancelling_ends_the_command(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    os.mkfifo(pid)
    credentials = Credentials(shell(f"echo $$ > {pid}; sleep 60"))
    seen: list[int] = []

    def cancel() -> None:
        seen.append(int(pid.read_text()))
        credentials.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(Cancelled):
        credentials.find()
    thread.join()
    wait_until_gone(seen[0])
    with pytest.raises(Cancelled):
        credentials.find()


def test_without_a_session_bus_keyring_is_not_even_imported(tmp_path: Path) -> None:
    program = (
        "import sys; from tui_mail.config import *; from tui_mail.credentials import Credentials\n"
        "url = ServerUrl.parse('imaps://a@b', 'imap')\n"
        "assert Credentials(Account('w', '', 'a@b', url)).find() is None\n"
        "assert not {'keyring', 'secretstorage', 'jeepney'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("backend", "notice"),
    [
        ("keyring.backends.fail.Keyring", "There is no keyring here."),
        ("keyring.backends.null.Keyring", ""),
        ("no.such.backend", "The keyring failed: No module named 'no'"),
    ],
)
def test_a_backend_that_gives_nothing(backend: str, notice: str) -> None:
    program = (
        "import sys; from tui_mail.config import *; from tui_mail.credentials import *\n"
        "url = ServerUrl.parse('imaps://a@b', 'imap')\n"
        "credentials = Credentials(Account('w', '', 'a@b', url, password_command='echo x'))\n"
        "assert credentials.find() == 'x'; print(credentials.notice)\n"
        "try: credentials.remember('hunter2')\n"
        "except KeyringUnavailable as error: assert 'hunter2' not in str(error)\n"
        "else: sys.exit('kept nothing and said nothing')"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHON_KEYRING_BACKEND": backend},
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout == f"{notice}\n"
    assert found.stderr == ""


def test_a_keyring_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    class Stuck:
        def get_password(self, service: str, username: str) -> str | None:
            released.wait(30)
            return None

    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "stuck")
    monkeypatch.setattr("tui_mail.credentials._keyring", Stuck)
    try:
        credentials = Credentials(shell("echo secret"), keyring_timeout=0.3)
        assert credentials.find() == "secret"
        assert "did not answer within" in credentials.notice
        with pytest.raises(KeyringUnavailable):
            credentials.forget()
        waiting = Credentials(ACCOUNT)
        threading.Timer(0.05, waiting.cancel).start()
        with pytest.raises(Cancelled):
            waiting.find()
    finally:
        released.set()
