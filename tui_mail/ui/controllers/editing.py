"""The draft in the person's own editor: written to a file, the program suspended, read back.

The file is the person's alone (0600 in a folder of 0700) and has the header's fields before the
text, as mutt's ``edit_headers`` does. The editor runs with the terminal as its own three streams
and never through a shell. What is in the file when the editor ends is the draft, however it ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shlex
import signal
import subprocess
import tempfile
from asyncio import wrap_future
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

from tui_mail import config
from tui_mail.errors import MailError
from tui_mail.mail.compose.values import Draft
from tui_mail.ui.controllers.composing import EDITING

if TYPE_CHECKING:
    from tui_mail.ui.controllers.open_draft import OpenDraft
    from tui_mail.ui.screens.main import MainScreen

USUAL_EDITOR = "vi"
_NAME = "message.eml"  # editors know mail by it
LARGEST = 64 * 1024 * 1024  # octets read back
_HEADER = {
    "From": "from_",
    "To": "to",
    "Cc": "cc",
    "Bcc": "bcc",
    "Reply-To": "reply_to",
    "Subject": "subject",
}
_BY_NAME = {name.casefold(): field for name, field in _HEADER.items()}
log = logging.getLogger(__name__)


def as_file(draft: Draft) -> str:
    """The text of the file: one line for each field, an empty line, the body."""
    lines = [f"{name}: {getattr(draft, field)}".rstrip() for name, field in _HEADER.items()]
    text = "\n".join([*lines, "", draft.body])
    # A file ends with a line end: what is appended to it begins a line.
    return text if text.endswith("\n") else f"{text}\n"


def from_file(text: str, draft: Draft) -> Draft:
    """The draft as the file has it.

    A field whose line is gone is empty. A file that does not begin with a header is all body, and
    the fields stay: somebody has thrown the header away. A line that begins with a space goes on
    with the field before it.
    """
    text = text.replace("\r\n", "\n")
    header, _, body = text.partition("\n\n")
    if body.endswith("\n") and draft.body and not draft.body.endswith("\n"):
        body = body[:-1]  # the one that ``as_file`` wrote, or an editor
    fields: dict[str, str] = {}
    last = ""
    for line in header.removesuffix("\n").split("\n"):
        name, colon, value = line.partition(":")
        if line[:1] in (" ", "\t") and last:
            fields[last] += " " + line.strip()
            continue
        last = _BY_NAME.get(name.strip().casefold(), "") if colon else ""
        if not last:
            return replace(draft, body=text)
        fields[last] = value.strip()
    changed: dict[str, Any] = dict.fromkeys(_HEADER.values(), "") | fields
    # Nobody writes as nobody: a lost From is the one there was.
    changed["from_"] = changed["from_"] or draft.from_
    return replace(draft, **changed, body=body)


def editor_command(wanted: str | None, environ: Mapping[str, str]) -> list[str]:
    """The arguments that start the editor: as configured, ``$VISUAL``, ``$EDITOR`` or vi.

    Raises MailError for what no shell could read either.
    """
    for text in (wanted, environ.get("VISUAL"), environ.get("EDITOR"), USUAL_EDITOR):
        if text and text.strip():
            try:
                return shlex.split(text)
            except ValueError as error:
                raise MailError(
                    f"The editor cannot be started: {text!r}: {error}",
                    advice="Set compose.editor, $VISUAL or $EDITOR.",
                ) from error
    raise AssertionError("there is always vi")


async def edit(screen: MainScreen, opened: OpenDraft) -> None:
    """Let the person edit this draft in the editor; the screen stands still until that ends.

    Raises MailError when it cannot be started, or the file cannot be written.
    """
    command = editor_command(screen.settings.compose.editor, os.environ)
    number = await screen.composing.number(opened)
    draft = opened.pane.draft
    with _file(as_file(draft), number, keep=not screen.settings.demo) as path:
        # Inside the suspension nothing may be raised: the screen would not come back.
        try:
            with screen.app.suspend():
                error = _run([*command, str(path)])
                edited = _read(path, draft)
                if edited != draft:
                    # At once: the terminal may be gone, and the program about to follow it.
                    screen.service.writing.save_draft(number, edited)
        except SuspendNotSupported:
            error, edited = "This terminal cannot be lent to an editor", draft
    if edited != draft:
        opened.pane.take(edited)
    opened.pane.focus_first()
    if error:
        raise MailError(error, advice="Set compose.editor, $VISUAL or $EDITOR.")


def _run(command: list[str]) -> str:
    """Run it on our terminal; what went wrong, or ""."""
    # Ctrl-C in an editor is the editor's; it gets the default back, as handlers are not inherited.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with _terminal() as streams:
            status = subprocess.run(
                command, stdin=streams, stdout=streams, stderr=streams, check=False
            ).returncode
    except OSError as error:
        return f"{command[0]} cannot be started: {error.strerror}"
    finally:
        signal.signal(signal.SIGINT, before)
    return f"{command[0]} ended with status {status}" if status else ""


@contextlib.contextmanager
def _terminal() -> Iterator[int]:
    """The terminal itself: our own streams may be something else."""
    descriptor = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _file(text: str, number: int, *, keep: bool) -> Iterator[Path]:
    """A file with this text in a folder of its own, named after the draft's ``number``.

    ``keep`` puts the folder where the program keeps its state: what a crash leaves there is found
    at the next start (``left_behind``).
    """
    parent = None
    if keep:
        parent = config.state_path() / EDITING
        parent.mkdir(mode=0o700, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{number}-", dir=parent))
    path = folder / _NAME
    # Held for as long as this program lives: see ``adopt``.
    lock = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "replace"))
        yield path
    except OSError as error:
        raise MailError(f"{error.filename}: {error.strerror}") from error
    finally:
        _remove(folder)
        os.close(lock)


async def adopt(screen: MainScreen, parent: Path) -> None:
    """Take what editors were left with when a program died over them; nobody's is left alone."""
    writing = screen.service.writing
    for folder in parent.iterdir():
        number = folder.name.partition("-")[0]
        with contextlib.suppress(OSError, MailError), _nobodys(folder):
            draft = await wrap_future(writing.open_draft(int(number)))
            edited = _read(folder / _NAME, draft)
            if edited != draft:
                await wrap_future(writing.save_draft(int(number), edited))
            _remove(folder)


@contextlib.contextmanager
def _nobodys(folder: Path) -> Iterator[None]:
    """Raises BlockingIOError while a living program has its editor in this folder."""
    lock = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(lock)


def _remove(folder: Path) -> None:
    """The file and what an editor put beside it: backups may hold the whole text."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def _read(path: Path, draft: Draft) -> Draft:
    """The draft as the file has it now; as it was where there is none."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST)
    except OSError:
        log.info("the editor left no file")
        return draft
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return from_file(text, draft)
