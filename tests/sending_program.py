"""A program that writes and sends mail until it is killed; run by the test as a process of its own.

It imports everything once, and then forks a program for each line it is given. A program writes
down what it was told; that outlives SIGKILL. Uses the service as the screen does.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import sys
import threading
import traceback
from typing import Any

from tui_mail.config import Account, Config, ServerUrl
from tui_mail.mail import account as account_module
from tui_mail.mail import events
from tui_mail.mail.compose import address_command, build  # noqa: F401
from tui_mail.mail.compose.values import Draft, Sending
from tui_mail.mail.outbox import office, worker
from tui_mail.mail.service import MailService
from tui_mail.net import submission  # noqa: F401

PR_SET_PDEATHSIG = 1
SECONDS = 30.0
OVER = (Sending.FILED, Sending.UNCERTAIN)


def in_a_hurry() -> None:
    office.BACK_OFF = (0.05,)
    worker.WAITS = (0.05,)
    account_module.LONGEST_WAIT = 0.05


class Program:
    def __init__(self, order: dict[str, Any]) -> None:
        self.notes = os.open(order["notes"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        settings = Account(
            "work",
            "Anna",
            "anna@example.org",
            ServerUrl.parse(order["imap"], "imap"),
            ServerUrl.parse(order["smtp"], "smtp"),
            password="secret",
        )
        self.rng = random.Random(order["seed"])
        self.service = MailService(Config((settings,), demo=False))
        self._changed = threading.Condition()
        self.service.listen(self._heard)
        self.service.start()

    def note(self, **said: Any) -> None:
        os.write(self.notes, json.dumps(said).encode() + b"\n")

    def _heard(self, event: events.Event) -> None:
        with self._changed:
            self._changed.notify_all()

    def write_and_send(self, first: int) -> None:
        """Messages from number ``first`` on, for as long as it lives."""
        writing = self.service.writing
        for number in range(first, first + 100):
            size = self.rng.choice((10, 1000, 300_000))
            draft = Draft(
                "work",
                "anna@example.org",
                to="bert@example.org",
                subject=f"message {number}",
                body=f"text of {number}\n" + "x" * 70 * (size // 70),
            )
            saved = writing.new_draft(draft).result(SECONDS)
            self.note(written=number)
            hold = self.rng.choice((0, 0, 0.1))
            writing.send(saved, hold=hold).result(SECONDS)
            self.note(sent=number)
            with self._changed:
                self._changed.wait(self.rng.uniform(0, 0.1))

    def finish(self) -> None:
        """Until nothing moves by itself any more."""
        writing = self.service.writing

        def at_rest() -> bool:
            return all(each.state in OVER for each in writing.outbox().result(SECONDS))

        self.service.opened().result(SECONDS)
        with self._changed:
            assert self._changed.wait_for(at_rest, SECONDS), writing.outbox().result()
        self.service.stop()
        self.note(finished=True)


def run(order: dict[str, Any]) -> None:
    program = Program(order)
    try:
        if order["finish"]:
            program.finish()
        else:
            program.write_and_send(order["first"])
    except BaseException:
        program.note(fault=traceback.format_exc())


def main() -> None:
    in_a_hurry()
    for line in sys.stdin:
        parent = os.getpid()
        pid = os.fork()
        if not pid:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() == parent:
                run(json.loads(line))
            os._exit(0)
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
