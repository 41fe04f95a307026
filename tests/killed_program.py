"""A program that acts on mail until it is killed; run by ``killing``, as a process of its own.

It imports everything once, and then forks a program for each line it is given, so that a start
takes no longer than opening the store. A program writes down what it asks for before it asks,
and what it was told; that outlives SIGKILL. Uses the service as the screen does, and nothing else.
"""

from __future__ import annotations

import ctypes
import json
import os
import pickle
import random
import signal
import sys
import threading
import time
import traceback
from array import array
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from mail_expected import Expected

from tui_mail.config import Account, Config, ServerUrl
from tui_mail.errors import MailError
from tui_mail.mail import account as account_module
from tui_mail.mail import acting, events
from tui_mail.mail.actions import (
    ARCHIVE,
    DELETE,
    MARK_DELETED,
    Action,
    Copy,
    Expunge,
    Move,
    add_flags,
    queue,
    remove_flags,
    replace_flags,
)
from tui_mail.mail.service import MailService
from tui_mail.model import ANSWERED, DELETED, FLAGGED

PR_SET_PDEATHSIG = 1
OWN_NAME = "work"
PLACES = ("INBOX", "Box", "Archive")
SECONDS = 30.0  # for what has to happen
FLAGS = (FLAGGED, ANSWERED, "$label1", "$label2")


def in_a_hurry() -> None:
    """Who runs this sees to it that the server is at rest before a line is made again."""
    queue.GRACE = 0.01
    account_module.LONGEST_WAIT = 0.05
    acting.RETRY_ASIDE = (0.05, 0.1)
    acting.ADOPT_INTERVAL = 0.2


class Program:
    """One run of the program: its service, what it has seen, and its notes."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.rng = random.Random(order["seed"])
        self.notes = os.open(order["notes"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._expected: Expected | None = None
        if "expected" in order:
            self._expected = pickle.loads(Path(order["expected"]).read_bytes())
        server = ServerUrl.parse(order["url"], "imap")
        settings = Account(OWN_NAME, "Anna", "anna@example.org", server, password="secret")
        self.service = MailService(Config((settings,), demo=False))
        self._changed = threading.Condition()
        self._orders: dict[int, array[int]] = {}
        self._opened: dict[bytes, int] = {}
        self._live: set[bytes] = set()
        self._listed = False
        self.service.listen(self._heard)
        self.service.start()
        assert self.wait(lambda: bool(self._opened)), "the service did not start"

    def note(self, **said: Any) -> None:
        if self._expected is not None:
            self._expected.follow(said)
        os.write(self.notes, json.dumps(said).encode() + b"\n")

    def _heard(self, event: events.Event) -> None:
        with self._changed:
            match event:
                case events.MailboxOpened(name=name, mailbox_id=mailbox_id, live=live):
                    self._opened[name] = mailbox_id
                    if live:
                        self._live.add(name)
                case events.OrderChanged(mailbox_id=mailbox_id, order=order):
                    self._orders[mailbox_id] = order
                case events.MailboxesChanged():
                    self._listed = True
                case events.Notice(error=error):
                    self.note(notice=str(error))
            self._changed.notify_all()

    def wait(self, condition: Callable[[], object], seconds: float = SECONDS) -> bool:
        with self._changed:
            return bool(self._changed.wait_for(condition, seconds))

    def open(self, name: str, *, live: bool = False) -> int:
        encoded = name.encode()
        with self._changed:
            self._live.discard(encoded)
        self.service.open_mailbox(OWN_NAME, encoded).result(SECONDS)
        mailbox_id = self._opened[encoded]
        if live and not self.wait(lambda: encoded in self._live):
            raise AssertionError(f"{name} was not opened")
        return mailbox_id

    def shown(self, mailbox_id: int) -> list[tuple[int, int, frozenset[str]]]:
        """(UID, number of the message, flags) of what is shown of the mailbox, newest first."""
        uids = [uid for uid in self._orders.get(mailbox_id, ()) if uid]
        rows = self.service.rows(mailbox_id, uids).result(SECONDS)
        return [
            (row.uid, int(row.subject.removeprefix("message ")), row.flags)
            for row in rows
            if row.subject.startswith("message ")
        ]

    # What a person might do

    def act_at_random(self) -> None:
        place = self.rng.choice(PLACES)
        mailbox_id = self.open(place)
        self.wait(partial(self._orders.get, mailbox_id), 0.3)
        while True:
            for _ in range(self.rng.randint(1, 6)):
                if self.rng.random() < 0.25:
                    self.undo()
                else:
                    self.act(place, mailbox_id)
                if self.rng.random() < 0.3:
                    time.sleep(self.rng.uniform(0, 0.03))
            place = self.rng.choice((*PLACES, "Trash"))
            mailbox_id = self.open(place)
            self.wait(partial(self._orders.get, mailbox_id), 0.1)

    def act(self, place: str, mailbox_id: int) -> None:
        # What is being brought back from elsewhere may be seen on its way.
        assert self._expected is not None
        expected = self._expected.place
        shown = [each for each in self.shown(mailbox_id) if expected.get(each[1]) == place]
        chosen = self.rng.sample(shown, min(len(shown), self.rng.randint(1, 3)))
        if place == "Trash":
            chosen = chosen[:1] if self.rng.random() < 0.1 else []
            kind = "erase"
        else:
            kind = self.rng.choice(("flags", "flags", "move", "move", "copy", "mark", "expunge"))
        if kind == "expunge":
            chosen = [each for each in shown if DELETED in self._expected.flags[each[1]]][:1]
        if not chosen:
            time.sleep(0.005)
            return
        action, said = self.action(kind, place)
        uids = [uid for uid, _, _ in chosen]
        numbers = [number for _, number, _ in chosen]
        self.note(begin=kind, place=place, numbers=numbers, uids=uids, **said)
        try:
            deed = self.service.act(OWN_NAME, mailbox_id, uids, action).result(SECONDS)
        except MailError as error:
            self.note(failed=f"{error.title} {error.server_line}")
        else:
            self.note(done=deed.number)

    def copy_and_move(self, uids: list[int]) -> None:
        """Each of these messages of INBOX, and then nothing more."""
        mailbox_id = self.open("INBOX", live=True)
        for uid in uids:
            for action in (Copy(b"Copies"), Move(b"Box")):
                self.service.act(OWN_NAME, mailbox_id, [uid], action).result(SECONDS)
                self.note(uid=uid, done=type(action).__name__)
        threading.Event().wait()

    def action(self, kind: str, place: str) -> tuple[Action, dict[str, Any]]:
        flags = self.rng.sample(FLAGS, self.rng.randint(1, 2))
        match kind:
            case "flags":
                make, operation = self.rng.choice(
                    ((add_flags, "add"), (remove_flags, "remove"), (replace_flags, "replace"))
                )
                return make(flags), {"operation": operation, "flags": flags}
            case "mark":
                return MARK_DELETED, {"operation": "add", "flags": [DELETED]}
            case "copy":
                return Copy(b"Copies"), {}
            case "expunge":
                return Expunge(), {}
            case "erase":
                return DELETE, {}
        target = self.rng.choice([each for each in (*PLACES, "Trash") if each != place])
        if target == "Archive" and self._listed:
            return ARCHIVE, {"target": target}
        if target == "Trash" and self._listed:
            return DELETE, {"target": target}
        return Move(target.encode()), {"target": target}

    def undo(self) -> None:
        stack = self.service.undo_stack(OWN_NAME)
        if not stack:
            return
        self.note(undo=stack[0].number)
        try:
            self.service.undo(OWN_NAME, stack[0].number).result(SECONDS)
        except MailError as error:
            self.note(failed=f"{error.title} {error.server_line}")
        else:
            self.note(undone=stack[0].number)

    def finish(self) -> None:
        """Send all that was left, and say how the mailboxes look here then."""
        self.service.all_sent(OWN_NAME).result(SECONDS)
        for place in (*PLACES, "Trash", "Copies"):
            mailbox_id = self.open(place, live=True)
            self.service.all_sent(OWN_NAME).result(SECONDS)
            shown = [(number, sorted(flags), uid) for uid, number, flags in self.shown(mailbox_id)]
            self.note(shown=place, messages=shown)
        self.service.stop()
        self.note(finished=True)


def run(order: dict[str, Any]) -> None:
    queue.GRACE = order.get("grace", queue.GRACE)
    program = Program(order)
    try:
        if order.get("uids"):
            program.copy_and_move(order["uids"])
        elif order["finish"]:
            program.finish()
        else:
            program.act_at_random()
    except BaseException:
        os.write(program.notes, json.dumps({"fault": traceback.format_exc()}).encode() + b"\n")


def main() -> None:
    in_a_hurry()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            run(json.loads(line))
            os._exit(0)
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
