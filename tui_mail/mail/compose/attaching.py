"""Files to attach: a typed path as an ``Attachment``, and what a half-typed one may become.

Looks at the file system, so it may block; reads no more of a file than tells its type.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

from tui_mail.mail.compose.content_type import HEAD, content_type
from tui_mail.mail.compose.draft_error import DraftError
from tui_mail.mail.compose.values import Attachment
from tui_mail.sanitize import clean

MAX_ENTRIES = 20_000  # of one folder that are looked at
MAX_COMPLETIONS = 200


def attach(typed: str) -> Attachment:
    """The file a person means: ``~`` is home; quotes and backslashes as a shell leaves them.

    ``file://`` URIs are taken too, as terminals paste what is dropped on them. Raises DraftError
    for what is no file that can be read, saying which and why.
    """
    path = next((each for each in _meant(typed) if _exists(each)), None)
    if path is None:
        raise _refused(typed, "there is no such file")
    try:
        # Looked at before it is opened: opening a FIFO would wait for somebody to write into it.
        if stat.S_ISDIR(os.stat(path).st_mode):
            raise _refused(typed, "this is a folder; pack it first, with tar or zip")
        if not path.is_file():
            raise _refused(typed, "this is no ordinary file")
        with path.open("rb") as file:
            head = file.read(HEAD)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise _refused(typed, error.strerror or "it cannot be read") from error
    # Absolute, since it is read when it is sent: by another run, maybe from another folder.
    path = Path(os.path.abspath(path))
    name = os.fsencode(path.name).decode("utf-8", "replace")
    return Attachment(clean(name), content_type(name, head), size, path=path)


def _refused(typed: str, why: str) -> DraftError:
    shown = clean(typed.encode("utf-8", "replace").decode("utf-8"))[:200]
    # The reason first: of a long path a line of the screen shows the beginning alone.
    return DraftError(f"Not attached: {why}: {shown or 'no name'}", field="attachments")


def _meant(typed: str) -> Iterator[Path]:
    """What may be meant, the text as it stands first."""
    typed = typed.strip("\r\n") if typed.strip() else ""
    for text in (typed, typed.strip()):
        yield _home(text)
    text = typed.strip()
    if text.lower().startswith("file://"):
        local = text[len("file://") :].removeprefix("localhost")
        yield _home(os.fsdecode(unquote_to_bytes(local)))
    try:
        words = shlex.split(text)
    except ValueError:
        return
    if len(words) == 1:
        yield _home(words[0])


def _home(text: str) -> Path:
    return Path(os.path.expanduser(text))


def _exists(path: Path) -> bool:
    try:
        return path != Path() and path.exists()
    except (OSError, ValueError):
        return False


def complete_path(typed: str) -> list[str]:
    """What ``typed`` may go on to, in order, folders with a ``/`` behind; a bounded number.

    Case counts where something begins as it was typed, else not. Hidden files only when the dot
    has been typed.
    """
    if typed == "~":
        return ["~/"]
    head, slash, beginning = typed.rpartition("/")
    folder = os.path.expanduser(head + slash) or "."
    try:
        with os.scandir(folder) as entries:
            found = [
                (each.name, f"{each.name}/" if _is_folder(each) else each.name)
                for each, _ in zip(entries, range(MAX_ENTRIES), strict=False)
                if beginning.startswith(".") or not each.name.startswith(".")
            ]
    except (OSError, ValueError):
        return []
    fitting = [shown for name, shown in found if name.startswith(beginning)] or [
        shown for name, shown in found if name.casefold().startswith(beginning.casefold())
    ]
    return [head + slash + shown for shown in sorted(fitting)[:MAX_COMPLETIONS]]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
