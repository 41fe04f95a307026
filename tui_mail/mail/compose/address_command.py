"""The person's own address book program (``compose.address_command``): run and read.

Khard, abook, mutt's query_command scripts and notmuch-addrlookup print what is understood here.
No shell reads what was typed; time and output are bounded. Blocks: for a thread.
"""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from tui_mail.errors import MailError
from tui_mail.mail.charsets import decode_unknown
from tui_mail.mail.compose.addresses import parse
from tui_mail.sanitize import clean, decode_clean

TIMEOUT = 3.0  # seconds
OUTPUT_LIMIT = 256 * 1024  # octets; what it prints beyond is not waited for
ERROR_LIMIT = 4096
MAX_FOUND = 200
MAX_TYPED = 200  # characters
_GRACE = 0.5  # seconds between SIGTERM and SIGKILL


@dataclass(frozen=True, slots=True)
class Found:
    """An address the program printed; ``detail`` is what else stood beside it."""

    name: str
    address: str
    detail: str = ""


def look_up(command: str, typed: str, *, timeout: float = TIMEOUT) -> list[Found]:
    """Run ``command`` with ``typed`` in the place of ``%s``, or as its last word.

    Nothing found is an empty list, however the program puts it: khard and abook end with status 1
    then. Raises MailError when it cannot be run, takes longer than ``timeout`` seconds, or fails
    with another status.
    """
    typed = clean(typed).strip()[:MAX_TYPED]
    # What looks like an option would be one.
    if not typed or typed.startswith("-"):
        return []
    words = [os.path.expanduser(word) for word in shlex.split(command)]
    if any("%s" in word for word in words[1:]):
        words[1:] = [word.replace("%s", typed) for word in words[1:]]
    else:
        words.append(typed)
    output, errors, status = _run(words, timeout)
    found = parse_output(output)
    if not found and status not in (0, 1):
        raise MailError(
            f"address_command ({clean(words[0])}) failed with status {status}",
            server_line=decode_clean(errors.rstrip().rpartition(b"\n")[2])[:200],
        )
    return found


def _run(words: list[str], timeout: float) -> tuple[bytes, bytes, int]:
    """What it printed, what it complained of, its status. Raises MailError."""
    name = clean(words[0])
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "its name cannot be"
        raise MailError(f"address_command cannot run {name}: {why}") from error
    with process:
        try:
            output, errors, whole = _read(process, time.monotonic() + timeout)
        finally:
            _end(process)
    if not whole and len(output) < OUTPUT_LIMIT:
        raise MailError(
            f"address_command ({name}) was stopped after {timeout:g} s",
            advice="It has to answer while one types.",
        )
    return bytes(output), bytes(errors), process.returncode if whole else 0


def _read(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytearray, bytearray, bool]:
    """Both streams until they end and the program with them; False when that took too long, or
    it printed more than ``OUTPUT_LIMIT``."""
    assert process.stdout is not None and process.stderr is not None
    output, errors = bytearray(), bytearray()
    limits = {process.stdout.fileno(): (output, OUTPUT_LIMIT)}
    limits[process.stderr.fileno()] = (errors, ERROR_LIMIT)
    with selectors.DefaultSelector() as selector:
        for number in limits:
            selector.register(number, selectors.EVENT_READ)
        while selector.get_map():
            for ready, _ in selector.select(max(0.0, deadline - time.monotonic())):
                data = os.read(ready.fd, 65536)
                buffer, limit = limits[ready.fd]
                buffer += data[: limit - len(buffer)]
                if not data:
                    selector.unregister(ready.fd)
            if time.monotonic() >= deadline or len(output) >= OUTPUT_LIMIT:
                return output, errors, False
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return output, errors, False
    return output, errors, True


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        # It leads its session: what it started ends with it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)


def parse_output(output: bytes) -> list[Found]:
    """What such a program printed: ``address TAB name TAB detail`` or ``Name <address>`` lines.

    Lines that hold no address are left out: mutt's protocol has a first line that is for reading
    ("searching …"), and abook says so when it found nothing. Each address comes once.
    """
    lines = decode_unknown(output[:OUTPUT_LIMIT]).split("\n")
    found: dict[str, Found] = {}
    for each in _addresses(lines):
        found.setdefault(each.address.casefold(), each)
        if len(found) == MAX_FOUND:
            break
    return list(found.values())


def _addresses(lines: list[str]) -> Iterator[Found]:
    for line in lines:
        columns = [clean(each).strip() for each in line.rstrip("\r").split("\t")]
        typed = parse(columns[0])
        if len(typed) != 1 or typed[0].problem or not typed[0].address:
            continue
        name = columns[1] if len(columns) > 1 and columns[1] else typed[0].name
        yield Found(name, typed[0].address, columns[2] if len(columns) > 2 else "")
