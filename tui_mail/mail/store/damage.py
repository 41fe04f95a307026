"""A damaged file: how it is remembered, and how it is put aside. Never deletes one.

Damage found while the program runs is noted in a small file beside the database, with the
number of the database's inode; the next start finds it and begins a new database.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from tui_mail.errors import StoreError


def mark_damaged(path: Path) -> None:
    """Remember that this file is damaged; never raises."""
    with suppress(OSError):
        _mark(path).touch(mode=0o600)
        _mark(path).write_text(str(path.stat().st_ino))


def is_marked(path: Path) -> bool:
    """Whether this very file was found damaged, and not one that has been replaced since."""
    try:
        return _mark(path).read_text() == str(path.stat().st_ino)
    except (OSError, UnicodeDecodeError):
        return False


def put_aside(path: Path) -> Path:
    """Rename the database to ``NAME.broken-DATE``; the new name. Raises StoreError."""
    date = time.strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.name}.broken-{date}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.broken-{date}-{number}")
    try:
        # The log first: SQLite would replay one that is left over into the new database.
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                os.rename(path.with_name(path.name + suffix), aside.with_name(aside.name + suffix))
        _mark(path).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"The mail cache {path} is damaged and could not be put aside: {error.strerror}",
            advice="Move it away by hand. Mail on the server is untouched.",
        ) from error
    return aside


def unmark(path: Path) -> None:
    """It is known to be damaged and is not used; never raises."""
    with suppress(OSError):
        _mark(path).unlink(missing_ok=True)


def _mark(path: Path) -> Path:
    return path.with_name(path.name + "-damaged")
