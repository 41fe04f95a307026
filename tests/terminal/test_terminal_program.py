"""The real program on a real terminal: alone in a pty, and inside GNU screen and tmux."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Dovecot, ServerMissing, generate
from servers.requirement import missing

from . import GnuScreen, Program, PtySession, Tmux
from .multiplexer import Multiplexer

START_SECONDS = 40.0  # two busy cores, and no compiled bytecode the first time
AFTERWARDS = "; echo ended with $?; read -r line"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "home")


@pytest.fixture(params=[GnuScreen, Tmux])
def multiplexer(request: pytest.FixtureRequest) -> Iterator[Multiplexer]:
    try:
        made: Multiplexer = request.param()
    except ServerMissing as problem:
        missing(problem)
    with made:
        yield made


@pytest.mark.server
def test_the_demo_in_a_multiplexer_over_detach_and_resize(
    multiplexer: Multiplexer, program: Program
) -> None:
    command = ["sh", "-c", shlex.join(program.command("--demo")) + AFTERWARDS]
    environment = program.environment(COLORTERM="truecolor")
    client = multiplexer.start(command, columns=80, lines=24, environment=environment)
    client.wait_for("INBOX", seconds=START_SECONDS)
    client.press("j")
    client.wait_quiet(seconds=START_SECONDS)
    before = client.terminal.display()
    multiplexer.detach()

    back = multiplexer.attach(80, 24)
    back.wait_until(lambda terminal: terminal.display()[1:22] == before[1:22], "the same picture")
    multiplexer.detach()

    wide = multiplexer.attach(132, 43)
    wide.wait_until(lambda terminal: terminal.find("INBOX") and terminal.display()[42], "a repaint")
    wide.wait_quiet(seconds=START_SECONDS)
    wide.press("q")
    wide.wait_for("ended with 0", seconds=START_SECONDS)
    assert wide.terminal.find("INBOX") is None, wide.terminal.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_a_clean_terminal(program: Program, number: signal.Signals) -> None:
    with PtySession(program.command("--demo"), environment=program.environment()) as session:
        session.wait_for("INBOX", seconds=START_SECONDS)
        session.signal(number)
        session.wait_exit(START_SECONDS)
        assert session.terminal_restored() == []
        assert "Traceback" not in session.terminal.text


def test_the_first_picture_is_laid_out_and_says_that_it_connects(program: Program) -> None:
    command, environment = program.command("--demo"), program.environment()
    with PtySession(command, environment=environment, keep=True) as session:
        session.wait_for("INBOX", seconds=START_SECONDS)
        assert session.raw is not None
        assert b"offline" not in session.raw
        assert "│".encode() not in session.raw, "no pane stands beside another at 80 columns"


def test_a_lost_line_ends_the_program(program: Program) -> None:
    with PtySession(program.command("--demo"), environment=program.environment()) as session:
        session.wait_for("INBOX", seconds=START_SECONDS)
        session.hang_up()
        session.process.wait(START_SECONDS)


@pytest.mark.parametrize("wrapper", ["", "behind_a_script"])
def test_suspend_and_resume(program: Program, wrapper: str) -> None:
    # The shell of the test is the one that sees the program stop, as a person's would be.
    command = shlex.join(program.command("--demo"))
    if wrapper:
        command = shlex.join(["sh", "-c", f"{command}; exit $?"])
    script = (
        "set -m\n"
        f"{command}\n"
        "echo it has stopped; read -r line; fg\n"
        "echo ended with $?; read -r line\n"
    )
    with PtySession(["bash", "-c", script], environment=program.environment()) as session:
        session.wait_for("INBOX", seconds=START_SECONDS)
        session.wait_quiet(seconds=START_SECONDS)
        session.press("ctrl+z")
        session.wait_for("it has stopped", seconds=START_SECONDS)
        assert session.terminal.find("INBOX") is None, session.terminal.text
        session.press("enter")
        session.wait_for("INBOX", seconds=START_SECONDS)
        session.wait_quiet(seconds=START_SECONDS)
        session.press("q")
        session.wait_for("ended with 0", seconds=START_SECONDS)


def test_where_no_shell_could_wake_it_it_does_not_stop(program: Program) -> None:
    with PtySession(program.command("--demo"), environment=program.environment()) as session:
        session.wait_for("INBOX", seconds=START_SECONDS)
        session.wait_quiet(seconds=START_SECONDS)
        session.press("ctrl+z", "?")
        session.wait_for("Next line", seconds=START_SECONDS)


@pytest.mark.server
def test_a_mailbox_of_a_real_server(dovecot: Dovecot, program: Program) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as connection:
        connection.append_many("INBOX", generate(300))
    program.write_config(dovecot.host, dovecot.port, user, dovecot.password)
    with PtySession(program.command(), environment=program.environment()) as session:
        session.wait_for("INBOX", "#299 ", seconds=START_SECONDS)
        session.press("enter")
        session.wait_for("This is message 299.")
        session.press("j")
        session.wait_for("This is message 298.")
        session.press("q")
        session.wait_for("#297 ")
        session.press("q")
        assert session.wait_exit(START_SECONDS) == 0
        assert session.terminal_restored() == []
