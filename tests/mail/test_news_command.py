"""``on_new_mail``: no shell, everything in the environment, one run at a time, bounded."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tui_mail.errors import MailError
from tui_mail.mail import new_mail_command
from tui_mail.mail.new_mail_command import DETAIL_LIMIT, UIDS_LIMIT, WAITING, NewMailCommand
from tui_mail.mail.news import NewMail

SECONDS = 10.0


def mail(subject: str = "Lunch", sender: str = "Bea", uids: tuple[int, ...] = (7,)) -> NewMail:
    return NewMail(
        "work", b"Lists", "Lists", uids, len(uids), sender, subject, bell=True, notify=True
    )


def script(folder: Path, text: str) -> str:
    """The command that runs this as Python."""
    path = folder / "program.py"
    path.write_text(text)
    return f"{sys.executable} {path}"


WRITE = """
import json, os, sys
with open({path!r}, "a") as file:
    found = {{name: value for name, value in os.environ.items() if name.startswith("TUI_MAIL_")}}
    found.pop("TUI_MAIL_REQUIRE_SERVERS", None)  # the tests' own
    print(json.dumps([sys.argv[1:], found]), file=file)
"""


class Running:
    def __init__(self, command: str, **options: float) -> None:
        self.failures: list[MailError] = []
        self.command = NewMailCommand(command, self.failures.append, **options)

    async def done(self) -> None:
        task = self.command._task
        assert task is not None
        await asyncio.wait_for(asyncio.shield(task), SECONDS)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


def told(path: Path) -> list[tuple[list[str], dict[str, str]]]:
    import json

    return [tuple(json.loads(line)) for line in path.read_text().splitlines()]


async def test_the_details_are_in_the_environment_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    running = Running(script(tmp_path, WRITE.format(path=str(out))) + " 'two words' $HOME `id` ;x")
    running.command.put(mail(uids=(5, 7)))
    await running.done()
    assert running.failures == []
    assert told(out) == [
        (
            ["two words", "$HOME", "`id`", ";x"],
            {
                "TUI_MAIL_ACCOUNT": "work",
                "TUI_MAIL_MAILBOX": "Lists",
                "TUI_MAIL_COUNT": "2",
                "TUI_MAIL_FROM": "Bea",
                "TUI_MAIL_SUBJECT": "Lunch",
                "TUI_MAIL_UID": "7",
                "TUI_MAIL_UIDS": "5 7",
            },
        )
    ]


async def test_hostile_details_are_cleaned_and_cut(tmp_path: Path) -> None:
    out = tmp_path / "out"
    running = Running(script(tmp_path, WRITE.format(path=str(out))))
    subject = "a\0b\n\x1b[2J\ud800\u202e$(rm -rf /)" + "x" * 100_000
    running.command.put(mail(subject, sender="漢字", uids=tuple(range(1, 100_001))))
    running.command.put(mail("", "", uids=()))
    await running.done()
    assert running.failures == []
    (_, first), (_, second) = told(out)
    assert len(first["TUI_MAIL_SUBJECT"]) == DETAIL_LIMIT
    assert first["TUI_MAIL_SUBJECT"].startswith("a\ufffdb \ufffd[2J\ufffd$(rm -rf /)x")
    assert first["TUI_MAIL_SUBJECT"].isprintable()
    assert first["TUI_MAIL_FROM"] == "漢字"
    assert len(first["TUI_MAIL_UIDS"].split()) == UIDS_LIMIT
    assert (second["TUI_MAIL_UID"], second["TUI_MAIL_FROM"]) == ("", "")


async def test_runs_come_one_after_the_other_and_only_so_many_wait(tmp_path: Path) -> None:
    out = tmp_path / "out"
    lock = tmp_path / "lock"
    write = WRITE.format(path=str(out))
    text = f"import os\nos.mkdir({str(lock)!r})\n{write}\nos.rmdir({str(lock)!r})"
    running = Running(script(tmp_path, text))
    for number in range(WAITING + 3):
        running.command.put(mail(f"mail {number}"))
    await running.done()
    assert running.failures == []
    subjects = [found["TUI_MAIL_SUBJECT"] for _, found in told(out)]
    assert subjects == [f"mail {number}" for number in range(3, WAITING + 3)]
    running.command.put(mail("later"))
    await running.done()
    assert len(told(out)) == WAITING + 1


async def test_a_failure_is_told_once_until_it_went_well(tmp_path: Path) -> None:
    switch = tmp_path / "switch"
    text = f"""
import os, sys
sys.exit(0 if os.path.exists({str(switch)!r}) else "first\\nno \\x1b sound")
"""
    running = Running(script(tmp_path, text))
    for _ in range(3):
        running.command.put(mail())
    await running.done()
    assert [failure.title for failure in running.failures] == [
        f"on_new_mail ({sys.executable}) ended with status 1"
    ]
    assert running.failures[0].server_line == "no \\x1b sound"
    switch.touch()
    running.command.put(mail())
    await running.done()
    switch.unlink()
    running.command.put(mail())
    await running.done()
    assert len(running.failures) == 2


async def test_a_program_that_is_not_there() -> None:
    running = Running("/no/such/program --x")
    running.command.put(mail())
    await running.done()
    title = running.failures[0].title
    assert title == "on_new_mail cannot run /no/such/program: No such file or directory"


async def test_streams_of_its_own(tmp_path: Path) -> None:
    text = "import os, sys\nassert sys.stdin.read() == ''\nprint('x' * 9_000_000)\n"
    text += "print('y' * 9_000_000, file=sys.stderr)\nassert os.getsid(0) == os.getpid()\n"
    running = Running(script(tmp_path, text))
    running.command.put(mail())
    await running.done()
    assert running.failures == []


async def test_one_that_hangs_is_stopped_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_mail_command, "_GRACE", 0.2)
    child = tmp_path / "child"
    text = f"""
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open({str(child) + ".new"!r}, "w") as file:
    print(started.pid, file=file)
os.rename({str(child) + ".new"!r}, {str(child)!r})
started.wait()
signal.pause()
"""
    running = Running(script(tmp_path, text), timeout=1.0)
    running.command.put(mail())
    await running.done()
    assert running.failures[0].title.endswith("was stopped after 1 s")
    await until(lambda: not alive(int(child.read_text())))


async def test_what_it_leaves_behind_holds_nothing_up(tmp_path: Path) -> None:
    """As ``notify-send`` may: the pipe of its standard error stays open in another program."""
    child = tmp_path / "child"
    text = f"""
import subprocess, sys
started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(child)!r}, "w").write(str(started.pid))
"""
    running = Running(script(tmp_path, text))
    running.command.put(mail())
    await running.done()
    os.kill(int(child.read_text()), signal.SIGKILL)
    assert running.failures == []


async def test_stopping_ends_the_run(tmp_path: Path) -> None:
    started = tmp_path / "started"
    text = f"import time\nopen({str(started)!r}, 'w').close()\ntime.sleep(600)"
    running = Running(script(tmp_path, text))
    running.command.put(mail())
    running.command.put(mail())
    await until(started.exists)
    started.unlink()
    await asyncio.wait_for(running.command.stop(), SECONDS)
    running.command.put(mail())
    assert not started.exists()
    assert running.failures == []


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
