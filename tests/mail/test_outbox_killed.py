"""``kill -9`` while messages are sent, at random moments and the worst: none lost, none twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from email import message_from_bytes
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from append_line import AppendLine
from servers import Dovecot
from servers.scripted_smtp import ScriptedSmtp
from writing_service import stored, submission_url

from tui_mail.mail.compose.values import Sending
from tui_mail.mail.store import Store

pytestmark = pytest.mark.server

KILLS = 25
SEED = int(os.environ.get("TUI_MAIL_KILL_SEED", "1"))
TESTS = Path(__file__).parents[1]
# The moments at which the server strikes; the others are any moment.
VERBS = (b"EHLO", b"MAIL", b"DATA", b"QUIT")


class Struck(list[Any]):
    """A list that tells of what is added to it."""

    def __init__(self, tell: Callable[[Any], None]) -> None:
        self._tell = tell

    def append(self, each: Any) -> None:
        super().append(each)
        self._tell(each)


class Killer:
    """Starts programs one after the other, and ends each at its moment."""

    def __init__(self, process: asyncio.subprocess.Process, rng: random.Random) -> None:
        self._process = process
        self._rng = rng
        self._pid = 0
        self._moment: Callable[[Any], bool] = lambda each: False
        self.struck = 0

    def happened(self, what: Any) -> None:
        if self._pid and self._moment(what):
            self.struck += 1
            self._kill()

    def _kill(self) -> None:
        pid, self._pid = self._pid, 0
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    async def run(self, order: dict[str, Any]) -> None:
        """One program to its end."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self._process.stdin.drain()
        pid = int(await self._process.stdout.readline())
        loop = asyncio.get_running_loop()
        latest = loop.call_later(25, lambda: None)
        if not order["finish"]:
            moments: tuple[Callable[[Any], bool], ...] = (
                *(partial(_begins, verb) for verb in VERBS),
                lambda each: not isinstance(each, bytes),  # a message was accepted
                lambda each: False,
            )
            self._moment = self._rng.choice(moments)
            self._pid = pid
            latest = loop.call_later(self._rng.uniform(0.05, 0.5), self._kill)
        async with asyncio.timeout(60):
            assert await self._process.stdout.readline() == b"ended\n"
        latest.cancel()
        self._pid, self._moment = 0, lambda each: False


def _begins(verb: bytes, line: Any) -> bool:
    return isinstance(line, bytes) and line.startswith(verb)


@contextlib.asynccontextmanager
async def killer(rng: random.Random, state: Path) -> AsyncIterator[Killer]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        TESTS / "sending_program.py",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
    )
    try:
        yield Killer(process, rng)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(30):
            await process.wait()
        process._transport.close()  # type: ignore[attr-defined]


def number_of(message: bytes) -> int:
    return int(str(message_from_bytes(message)["Subject"]).split()[-1])


async def test_killed_while_sending(dovecot: Dovecot, tmp_path: Path) -> None:
    rng = random.Random(SEED)
    user = dovecot.new_user()
    notes = tmp_path / "notes"
    async with (
        ScriptedSmtp({}) as smtp,
        AppendLine(dovecot.port, []) as line,
        killer(rng, tmp_path) as programs,
    ):
        smtp.lines = Struck(programs.happened)
        smtp.accepted = Struck(programs.happened)
        url = submission_url(smtp)
        order = {
            "notes": str(notes),
            "imap": f"imap+insecure://{user}@{dovecot.host}:{line.port}",
            "smtp": str(url),
            "finish": False,
        }
        for kill in range(KILLS):
            await programs.run({**order, "first": kill * 100, "seed": rng.random()})
        await programs.run({**order, "finish": True, "seed": 0})
        await smtp.finished()
        accepted = Counter(number_of(each.data) for each in smtp.accepted)
    said = [json.loads(each) for each in notes.read_text().splitlines()]
    assert said[-1] == {"finished": True}, said[-1].get("fault", said[-1])
    assert not any("fault" in each for each in said), said
    store = Store.open(tmp_path / "tui-mail" / "mail.sqlite3")
    states = {int(each.subject.split()[-1]): each.state for each in store.outbox()}
    drafts = {int(each.draft.subject.split()[-1]) for each in store.drafts()}
    store.close()
    with dovecot.connect(user) as raw:
        found = await asyncio.to_thread(stored, raw, "Sent")
    filed = Counter(number_of(data) for _, data in found)

    sure = {number for number, state in states.items() if state is Sending.FILED}
    unsure = {number for number, state in states.items() if state is Sending.UNCERTAIN}
    assert sure | unsure == states.keys()
    assert accepted.keys() >= sure and accepted.keys() <= sure | unsure
    assert set(accepted.values()) == {1}
    assert filed == Counter(dict.fromkeys(sure, 1))
    written = {each["written"] for each in said if "written" in each}
    sent = {each["sent"] for each in said if "sent" in each}
    assert sent <= states.keys()
    assert written <= states.keys() | drafts and not drafts & sure
    # Something of everything has happened, or this has shown nothing.
    assert unsure and len(sure) > KILLS and programs.struck > KILLS // 4
