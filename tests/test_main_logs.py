"""logs.py: a private file, no secret in it, and not one byte on the terminal."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """\
import asyncio, gc, logging, sys, threading, warnings
from pathlib import Path
from tui_mail import logs
from tui_mail.errors import CommandRefused, ConfigError
path = Path(sys.argv[1]) if sys.argv[1:] else None
try:
    logs.start(path)
except ConfigError as error:
    sys.exit(error.title)

logging.getLogger("tui_mail.net").debug("a line\\x1b[41m of ours")
logging.getLogger("pymap").info("hunter2 of a library")
logging.getLogger("pymap").warning("a warning of a library")
warnings.warn("deprecated")

def fail():
    try:
        raise KeyError("hunter2")
    except KeyError as error:
        raise ValueError("hunter2") from error

thread = threading.Thread(target=fail, name="worker")
thread.start()
thread.join()

class Broken:
    def __del__(self):
        raise RuntimeError("hunter2")

Broken()

async def forgotten():
    asyncio.create_task(failing())
    await asyncio.sleep(0)
    gc.collect()

async def failing():
    raise ValueError("hunter2")

asyncio.run(forgotten())
logs.uncaught(CommandRefused("SELECT was refused", server_line="hunter2"), "here")
logs.uncaught(ModuleNotFoundError("hunter2", name="missing.one"), "nowhere")
logs.uncaught(FileNotFoundError(2, "No such file or directory", "hunter2"), "there")
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "log"
    path.write_text("what was there before\n")
    path.chmod(0o644)
    ran = run(str(path))
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return path.read_text()


def test_what_is_logged(log: str) -> None:
    assert log.startswith("what was there before\n")
    assert "DEBUG MainThread tui_mail.net: a line\ufffd[41m of ours" in log
    assert "a warning of a library" in log
    assert "deprecated" in log


def test_exceptions_nobody_caught_are_there_with_type_and_place(log: str) -> None:
    assert "uncaught in worker" in log
    assert "uncaught in a destructor" in log
    assert "Task exception was never retrieved" in log
    assert "led to by KeyError" in log
    assert ", in fail" in log
    assert "CommandRefused: SELECT was refused" in log
    assert "ModuleNotFoundError: missing.one" in log
    assert "FileNotFoundError: No such file or directory" in log


def test_no_words_of_others_are_in_it(log: str) -> None:
    assert "hunter2" not in log


def test_without_a_file_nothing_is_written_anywhere() -> None:
    ran = run()
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_a_new_file_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        run(str(tmp_path / "new"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_a_device_keeps_its_mode() -> None:
    before = os.stat("/dev/null").st_mode
    assert run("/dev/null").returncode == 0
    assert os.stat("/dev/null").st_mode == before
