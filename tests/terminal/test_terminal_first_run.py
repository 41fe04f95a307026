"""The first start on a real terminal: the form, then the mail; and leaving, with nothing left."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from servers import Dovecot, ServerMissing, generate
from servers.requirement import missing

from . import GnuScreen, Program, PtySession

START_SECONDS = 40.0  # two busy cores, and no compiled bytecode the first time
AFTERWARDS = "; echo ended with $?; read -r line"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    home = tmp_path / "home"
    home.mkdir()
    return Program(home)


def _fill(session: PtySession, dovecot: Dovecot, user: str) -> None:
    session.wait_for("A new account", "Your name", seconds=START_SECONDS)
    session.send("Anna Example\r")
    session.send("anna@example.invalid\r")
    session.wait_for("No IMAP server of example.invalid", seconds=START_SECONDS)
    session.send(f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}\r\r")
    session.send(f"{dovecot.password}\r")
    session.wait_for("switched off here", "Command (Enter: none):", seconds=START_SECONDS)
    session.press("enter")


@pytest.mark.server
def test_from_nothing_to_the_mail_inside_screen(dovecot: Dovecot, program: Program) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as other:
        other.append_many("INBOX", generate(3))
    try:
        multiplexer = GnuScreen()
    except ServerMissing as problem:
        missing(problem)
    command = ["sh", "-c", shlex.join(program.command()) + AFTERWARDS]
    with multiplexer:
        session = multiplexer.start(
            command, columns=80, lines=24, environment=program.environment()
        )
        _fill(session, dovecot, user)
        session.wait_for("INBOX", "3", seconds=START_SECONDS)
        session.press("q")
        session.wait_for("ended with 0", seconds=START_SECONDS)
    file = program.home / "config" / "tui-mail" / "config.toml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert dovecot.password not in file.read_text()


@pytest.mark.server
def test_one_more_account(dovecot: Dovecot, program: Program) -> None:
    first, second = dovecot.new_user(), dovecot.new_user()
    program.write_config(dovecot.host, dovecot.port, first, dovecot.password, more="# the end\n")
    before = program.config_file.read_text()
    with PtySession(program.command("account", "add"), environment=program.environment()) as added:
        _fill(added, dovecot, second)
        added.wait_for("INBOX", seconds=START_SECONDS)
        added.press("q")
        assert added.wait_exit(START_SECONDS) == 0
        assert added.terminal_restored() == []
    text = program.config_file.read_text()
    assert text.startswith(before)
    assert "[accounts.example]" in text


def test_leaving_the_first_start_leaves_nothing(program: Program) -> None:
    with PtySession(program.command(), environment=program.environment()) as session:
        session.wait_for("A new account", seconds=START_SECONDS)
        session.send("Anna\r")
        session.send(b"\x07")
        assert session.wait_exit(START_SECONDS) == 2
        assert session.terminal_restored() == []
    assert not (program.home / "config").exists()
