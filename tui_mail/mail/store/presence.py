"""Which running program a journal entry belongs to, told without asking it.

Each program holds a lock on a small file of its own beside the database for as long as it lives;
the kernel lets go of it at the program's end, however it ends. Changes nothing but these files.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path

from tui_mail.errors import StoreError


class Presence:
    """This program's mark. ``owner`` names it in the journal.

    ``path`` is the database's; None for one in memory, which no other program can see.
    Raises StoreError.
    """

    def __init__(self, path: Path | None) -> None:
        self.owner = secrets.token_hex(8)
        self._path = path
        self._lock: int | None = None
        if path is None:
            return
        try:
            self._sweep()
            self._lock = self._locked_file()
        except OSError as error:
            raise StoreError(
                f"{path.parent} could not be written: {error.strerror}",
                advice="Check the rights of the folder.",
            ) from error

    def close(self) -> None:
        """This program sends nothing any more; others may take over what it left."""
        if self._lock is not None:
            self._file(self.owner).unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def alive(self, owner: str) -> bool:
        """Whether the program of this name still runs. Entries of nobody ("") are for anybody."""
        if owner == self.owner:
            return True
        if self._path is None or not owner.isalnum():
            return False
        try:
            file = os.open(self._file(owner), os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return not _try_lock(file)
        finally:
            os.close(file)

    def _locked_file(self) -> int:
        while True:
            path = self._file(self.owner)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            # Another program's sweep may have removed it in between.
            with suppress(FileNotFoundError):
                if os.stat(path).st_ino == os.fstat(file).st_ino:
                    return file
            os.close(file)

    def _sweep(self) -> None:
        """Remove what programs that were killed have left."""
        for path in self._file("").parent.glob(f"{self._file('').name}*"):
            with suppress(OSError):
                file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
                try:
                    if _try_lock(file):
                        path.unlink()
                finally:
                    os.close(file)

    def _file(self, owner: str) -> Path:
        assert self._path is not None
        return self._path.with_name(f"{self._path.name}-program-{owner}")


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
