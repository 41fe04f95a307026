"""Runs the person's own program when mail has arrived (``news.on_new_mail``).

No shell reads anything of a message: the words are the configuration's, the details are in the
environment, cleaned and cut. One run at a time, each with streams and a session of its own; what
waits, and how long a run may take, is bounded.
"""

from __future__ import annotations

import asyncio
import logging
import os
import selectors
import shlex
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from tui_mail.errors import MailError
from tui_mail.mail.news import NewMail
from tui_mail.sanitize import clean, decode_clean

TIMEOUT = 30.0  # seconds a run may take
WAITING = 16  # runs; when there are more the oldest are forgotten
DETAIL_LIMIT = 500  # characters of one variable
UIDS_LIMIT = 40  # of at most ten digits, so that they are never cut
ERROR_LIMIT = 1000  # octets of its last words
_TICK = 0.1  # seconds until the end of a run, or being stopped, is noticed
_GRACE = 1.0  # seconds between SIGTERM and SIGKILL
log = logging.getLogger(__name__)


class NewMailCommand:
    """``put`` from the mail thread; ``on_failure`` is called there when a run failed.

    Once only: the next failure is told after a run that went well.
    """

    def __init__(
        self,
        command: str,
        on_failure: Callable[[MailError], None],
        *,
        timeout: float = TIMEOUT,
    ) -> None:
        self._words = [os.path.expanduser(word) for word in shlex.split(command)]
        self._on_failure = on_failure
        self._timeout = timeout
        self._waiting: deque[NewMail] = deque(maxlen=WAITING)
        self._task: asyncio.Task[None] | None = None
        self._stopped = threading.Event()
        self._failed = False

    def put(self, mail: NewMail) -> None:
        """Run the program for this as soon as those before have been run."""
        if self._stopped.is_set():
            return
        if len(self._waiting) == WAITING:
            log.warning("on_new_mail is too slow; a run is left out")
        self._waiting.append(mail)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run_all())

    async def stop(self) -> None:
        """End the run there is, and start no other."""
        self._stopped.set()
        self._waiting.clear()
        if self._task is not None:
            await self._task

    async def _run_all(self) -> None:
        while self._waiting:
            environment = _environment(self._waiting.popleft())
            failure = await asyncio.to_thread(self._run, environment)
            if self._stopped.is_set():
                return
            if failure is not None and not self._failed:
                self._on_failure(failure)
            self._failed = failure is not None

    def _run(self, environment: dict[bytes, bytes]) -> MailError | None:
        """One run, in a thread of its own; what went wrong with it."""
        name = self._words[0]
        try:
            process = subprocess.Popen(
                self._words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            return MailError(f"on_new_mail cannot run {clean(name)}: {error.strerror}")
        with process:
            errors = bytearray()
            try:
                ended = self._follow(process, errors)
            finally:
                _end(process)
        if self._stopped.is_set() or (ended and process.returncode == 0):
            return None
        how = (
            f"ended with status {process.returncode}"
            if ended
            else f"was stopped after {self._timeout:g} s"
        )
        last = errors.rstrip().rpartition(b"\n")[2]
        return MailError(
            f"on_new_mail ({clean(name)}) {how}", server_line=decode_clean(bytes(last))
        )

    def _follow(self, process: subprocess.Popen[bytes], errors: bytearray) -> bool:
        """Keep the end of its standard error until it ends; False when it is to be ended."""
        assert process.stderr is not None
        deadline = time.monotonic() + self._timeout
        with selectors.DefaultSelector() as selector:
            selector.register(process.stderr, selectors.EVENT_READ)
            while not self._stopped.is_set() and time.monotonic() < deadline:
                ended = process.poll() is not None
                # A program that it leaves behind may hold the pipe open: its end is not waited for.
                ready = selector.select(0 if ended else _TICK) if selector.get_map() else []
                if ready:
                    data = os.read(process.stderr.fileno(), 65536)
                    errors += data
                    del errors[:-ERROR_LIMIT]
                    if not data:
                        selector.unregister(process.stderr)
                elif ended:
                    return True
                elif not selector.get_map():
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(_TICK)
        return False


def details(mail: NewMail) -> dict[str, str]:
    """The environment of a run. All texts are one clean line, cut at ``DETAIL_LIMIT``."""
    uids = mail.uids[-UIDS_LIMIT:]
    told = {
        "ACCOUNT": mail.account,
        "MAILBOX": mail.path,
        "COUNT": str(mail.count),
        "FROM": mail.sender,
        "SUBJECT": mail.subject,
        "UID": str(uids[-1]) if uids else "",
        "UIDS": " ".join(map(str, uids)),
    }
    return {f"TUI_MAIL_{name}": clean(text)[:DETAIL_LIMIT] for name, text in told.items()}


def _environment(mail: NewMail) -> dict[bytes, bytes]:
    # As UTF-8, whatever the locale can write.
    told = {name.encode(): text.encode() for name, text in details(mail).items()}
    return {**os.environb, **told}


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        # It leads its session: what it started and did not let go of ends with it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
