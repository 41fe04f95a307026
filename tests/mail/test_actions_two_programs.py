"""Two programs with one store file: each sends its own, and what one that was killed has left."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import killed_program
import pytest
from mailbox_contents import fill, numbers
from servers import Dovecot, LatencyProxy

pytestmark = [pytest.mark.server, pytest.mark.slow]

MESSAGES = 10
SECONDS = 30.0
DELAY = 0.01  # of the line: so much is on its way when a program is killed


class Started:
    """One program that copies and moves messages; ``notes`` says what it has been told is done."""

    def __init__(self, line: LatencyProxy, user: str, folder: Path, uids: list[int]) -> None:
        url = f"imap+insecure://{user}@{line.host}:{line.port}"
        self._notes = folder / f"notes{uids[0]}"
        self._process = subprocess.Popen(
            [sys.executable, killed_program.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "XDG_STATE_HOME": str(folder)},
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        order = {
            "seed": 0,
            "url": url,
            "notes": str(self._notes),
            "uids": uids,
            "grace": 20 * DELAY,
        }
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        self.pid = int(self._process.stdout.readline())

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        with self._process:
            pass

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ended\n"

    def done(self) -> list[tuple[int, str]]:
        """(UID, what) of all that is in the journal, as it was told."""
        lines = self._notes.read_text().splitlines() if self._notes.exists() else []
        notes: list[dict[str, Any]] = [json.loads(line) for line in lines]
        assert not any("fault" in note for note in notes), notes
        return [(note["uid"], note["done"]) for note in notes if "done" in note]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def nothing_waits(folder: Path) -> bool:
    with contextlib.closing(sqlite3.connect(folder / "tui-mail" / "mail.sqlite3")) as database:
        found: int = database.execute("SELECT count(*) FROM journal WHERE done IS NULL").fetchone()[
            0
        ]
    return not found


@pytest.fixture(params=["everything", "neither MOVE nor UIDPLUS"])
def server(request: pytest.FixtureRequest, start_dovecot: Callable[..., Dovecot]) -> Dovecot:
    if request.param == "everything":
        return start_dovecot()
    return start_dovecot(capabilities="IMAP4rev1 AUTH=PLAIN")


@pytest.fixture
def user(server: Dovecot) -> str:
    name = server.new_user()
    with server.connect(name) as raw:
        for mailbox in ("Box", "Copies"):
            raw.command(f"CREATE {mailbox}")
    fill(server, name, MESSAGES)
    return name


@pytest.mark.parametrize("seed", range(3))
def test_two_at_once_and_one_is_killed(
    server: Dovecot, user: str, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    odd, even = list(range(1, MESSAGES + 1, 2)), list(range(2, MESSAGES + 1, 2))
    with (
        LatencyProxy(server.port, DELAY) as line,
        Started(line, user, tmp_path, odd) as killed,
        Started(line, user, tmp_path, even) as survivor,
    ):
        moment = rng.randint(0, MESSAGES // 2)
        wait_until(lambda: len(killed.done()) >= moment)
        killed.kill()
        left_behind = not nothing_waits(tmp_path)
        wait_until(lambda: len(survivor.done()) == MESSAGES)
        wait_until(lambda: nothing_waits(tmp_path))
        told = Counter(killed.done()) + Counter(survivor.done())
    with server.connect(user) as raw:
        copies = Counter(numbers(raw, "Copies"))
        moved, left = numbers(raw, "Box"), numbers(raw, "INBOX")
    assert sorted(moved + left) == list(range(1, MESSAGES + 1)), "none lost, none doubled"
    for uid in range(1, MESSAGES + 1):
        # What it was killed at may have been journaled, or not.
        assert told[uid, "Copy"] <= copies[uid] <= 1
        assert told[uid, "Move"] <= moved.count(uid)
    assert left_behind or not moment, "it was killed too late to leave anything"
    assert len(moved) - told.total() + sum(copies.values()) <= 1
