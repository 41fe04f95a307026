"""Writing in the real program on a real terminal: killed, hung up, lent to an editor, multiplexed.

The servers are the demo's, but the program does not know that: its store is a file.
"""

from __future__ import annotations

import imaplib
import shlex
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers import ServerMissing
from servers.requirement import missing

from tui_mail.config import Account
from tui_mail.demo.people import ME_ADDRESS
from tui_mail.demo.server import PASSWORD, USER
from tui_mail.demo.thread import demo_in_thread

from . import GnuScreen, Program, PtySession, Tmux
from .multiplexer import Multiplexer

SECONDS = 40.0  # two busy cores, and no compiled bytecode the first time
WORD = "irreplaceable"
F4 = "\x1bOS"
CTRL_X = "\x18"


@pytest.fixture
def account() -> Iterator[Account]:
    with demo_in_thread() as settings:
        yield settings.accounts[0]


@pytest.fixture
def program(tmp_path: Path, account: Account) -> Program:
    made = Program(tmp_path / "home")
    assert account.smtp is not None
    smtp = f'smtp = "smtp+insecure://{USER}@{account.smtp.host}:{account.smtp.port}"\n'
    made.write_config(
        account.imap.host,
        account.imap.port,
        USER,
        PASSWORD,
        more=f"{smtp}[compose]\nhold = 0\n",
    )
    return made


@pytest.fixture(params=[GnuScreen, Tmux])
def multiplexer(request: pytest.FixtureRequest) -> Iterator[Multiplexer]:
    try:
        made: Multiplexer = request.param()
    except ServerMissing as problem:
        missing(problem)
    with made:
        yield made


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def begin(session: PtySession) -> None:
    """An empty draft, although there are some in the Drafts folder."""
    session.wait_for("INBOX", "Welcome", seconds=SECONDS)
    session.wait_quiet(seconds=SECONDS)
    session.press("m")
    session.wait_for("Write a new message", seconds=SECONDS)
    session.press("enter")
    session.wait_for("Subject:", "From:", seconds=SECONDS)


def is_kept(program: Program, word: str) -> bool:
    """Whether the store's files have this word."""
    files = (program.home / "state").rglob("mail.sqlite3*")
    return any(word.encode() in path.read_bytes() for path in files)


def in_drafts(account: Account, word: str) -> bool:
    """Whether a message in the server's Drafts mailbox has it."""
    with imaplib.IMAP4(account.imap.host, account.imap.port) as connection:
        connection.login(USER, PASSWORD)
        connection.select("Drafts", readonly=True)
        _, found = connection.search(None, "ALL")
        messages = (connection.fetch(number, "(RFC822)")[1] for number in found[0].decode().split())
        parts = (part for message in messages for part in message if isinstance(part, tuple))
        return any(word.encode() in part[1] for part in parts)


def test_killed_while_typing_and_the_words_are_there_at_the_next_start(program: Program) -> None:
    with PtySession(program.command(), environment=program.environment()) as session:
        begin(session)
        session.press("eve@x.example", "enter", "enter", "Tea", "enter", WORD)
        session.wait_for(WORD, seconds=SECONDS)
        until(lambda: is_kept(program, WORD), "saved at a pause")
        session.signal(signal.SIGKILL)
        session.process.wait(SECONDS)
    with PtySession(program.command(), environment=program.environment()) as session:
        session.wait_for("kept from before: R goes on", seconds=SECONDS)
        session.press("R")
        session.wait_for("eve@x.example", seconds=SECONDS)
        session.press("enter")
        session.wait_for("eve@x.example", "Tea", WORD, seconds=SECONDS)


@pytest.mark.parametrize("lost", ["line", "patience"])
def test_hung_up_while_typing_keeps_the_last_word(
    program: Program, account: Account, lost: str
) -> None:
    with PtySession(program.command(), environment=program.environment()) as session:
        begin(session)
        session.press("eve@x.example", "enter", "enter", "Tea", "enter", "one two ", WORD)
        session.wait_for(WORD, seconds=SECONDS)
        if lost == "line":
            session.hang_up()
        else:
            session.signal(signal.SIGTERM)
        session.process.wait(SECONDS)
    assert is_kept(program, WORD) or in_drafts(account, WORD)


def test_leaving_puts_the_draft_into_the_folder_of_drafts(
    program: Program, account: Account
) -> None:
    with PtySession(program.command(), environment=program.environment()) as session:
        begin(session)
        session.press("eve@x.example", "enter", "enter", "Tea", "enter", WORD)
        session.wait_for(WORD, seconds=SECONDS)
        session.press("\x0f")
        session.wait_for("1 draft", "Welcome", seconds=SECONDS)
        session.press("q")
        assert session.wait_exit(SECONDS) == 0
    assert in_drafts(account, WORD)


def test_the_editor_gets_the_draft_in_a_file_of_ones_own(program: Program, tmp_path: Path) -> None:
    editor = tmp_path / "my editor"
    editor.write_text(
        "#!/bin/sh\n"
        'echo "the editor has the terminal"; read -r line\n'
        f'stat -c %a "$2" "$(dirname "$2")" > {shlex.quote(str(tmp_path / "modes"))}\n'
        'sed -i "s/^Subject:.*/Subject: $1 subject/" "$2"; echo "a line more" >> "$2"\n'
    )
    editor.chmod(0o700)
    environment = program.environment(EDITOR=f"'{editor}' other")
    with PtySession(program.command(), environment=environment) as session:
        begin(session)
        session.press("eve@x.example", "enter", "enter", "Tea", "enter", WORD, F4)
        session.wait_for("the editor has the terminal", seconds=SECONDS)
        assert session.terminal.find("INBOX") is None
        session.press("enter")
        session.wait_for("other subject", WORD, "a line more", "INBOX", seconds=SECONDS)
        assert (tmp_path / "modes").read_text().split() == ["600", "700"]
        until(lambda: is_kept(program, "a line more"), "saved")
    assert [*(program.home / "state" / "tui-mail" / "editing").iterdir()] == []


def test_what_an_editor_was_left_with_goes_back_into_the_draft(
    program: Program, tmp_path: Path
) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "saved in the editor" >> "$1"; echo saved; read -r line\n')
    editor.chmod(0o700)
    environment = program.environment(EDITOR=str(editor))
    with PtySession(program.command(), environment=environment) as session:
        begin(session)
        session.press("eve@x.example", "enter", "enter", "Tea", "enter", WORD, F4)
        session.wait_for("saved", seconds=SECONDS)
        session.signal(signal.SIGKILL)
        session.process.wait(SECONDS)
    with PtySession(program.command(), environment=environment) as session:
        session.wait_for("kept from before: R goes on", seconds=SECONDS)
        session.press("R")
        session.wait_for("eve@x.example", seconds=SECONDS)
        session.press("enter")
        session.wait_for(WORD, "saved in the editor", seconds=SECONDS)


@pytest.mark.server
def test_written_and_sent_in_a_multiplexer(multiplexer: Multiplexer, program: Program) -> None:
    command = ["sh", "-c", shlex.join(program.command()) + "; echo ended with $?; read -r line"]
    client = multiplexer.start(
        command, columns=80, lines=24, environment=program.environment(COLORTERM="truecolor")
    )
    begin(client)
    # One burst, as a slow line delivers it: each key belongs to what has the focus by then.
    client.send(f"{ME_ADDRESS}\t\tBurst\rwörld 日本語\x7f\x7f本")
    client.wait_for("Burst", "wörld 日本", seconds=SECONDS)
    client.press(CTRL_X)
    client.wait_for("y Send", seconds=SECONDS)
    client.press("y")
    client.wait_for("Anna Example        Burst", seconds=SECONDS)
    client.press("q")
    client.wait_for("ended with 0", seconds=SECONDS)
