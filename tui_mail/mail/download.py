"""A body part into a file, in pieces: any size, with progress, cancellable at any piece.

The file appears under its name only when it is whole; an existing file is never touched.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from tui_mail.errors import CommandRefused, ProtocolError, StoreError
from tui_mail.mail.gathering import Sections
from tui_mail.mail.parts import TransferDecoder, create_new, part_name, safe_file_name
from tui_mail.mail.sync import MailboxSync
from tui_mail.model import BodyPart
from tui_mail.wire import commands
from tui_mail.wire.sequence_set import SequenceSet

PIECE = 256 * 1024  # octets
# Some servers (Exchange) tell a part's size wrongly, but not by this much.
LARGEST_RATIO = 2
LARGEST_EXCESS = 1024 * 1024

P = ParamSpec("P")
Result = TypeVar("Result")
OnProgress = Callable[[int, int], None]


async def save_part(
    sync: MailboxSync, uid: int, part: BodyPart, folder: Path, on_progress: OnProgress
) -> Path:
    """Save a part below ``folder`` under its own name made safe; the path that was written.

    ``on_progress`` gets encoded octets done and expected. Raises ``StoreError`` when the file
    cannot be written, ``ProtocolError`` when the server's answers make no sense, else as
    ``MailboxSync.run``. However it ends, what was written of an unfinished file is removed.
    """
    name = safe_file_name(part_name(part), f"part-{part.section or 'message'}")
    file = _Unfinished()
    try:
        await _in_thread(file.create, folder, name)
        await _copy(sync, uid, part, file, on_progress)
        return await _in_thread(file.finish, name)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StoreError(f"There is no folder {folder}", advice="Choose another folder.") from error
    except OSError as error:
        raise StoreError(
            f"{folder / name} cannot be written: {error.strerror}",
            advice="Choose another folder.",
        ) from error
    finally:
        file.discard()


class _Unfinished:
    """A file that is being written under a name of its own. Blocks; raises OSError."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._file: BinaryIO | None = None

    def create(self, folder: Path, name: str) -> None:
        self._path, descriptor = create_new(folder, f"{name}.part")
        self._file = os.fdopen(descriptor, "wb")

    def write(self, data: bytes) -> None:
        assert self._file is not None
        self._file.write(data)

    def finish(self, name: str) -> Path:
        """Give it the first form of its name that nobody has."""
        assert self._file is not None and self._path is not None
        self._file.close()
        # Taking the name first makes sure that no other file is replaced.
        path, descriptor = create_new(self._path.parent, name)
        os.close(descriptor)
        try:
            self._path.replace(path)
        except BaseException:
            path.unlink()
            raise
        self._path = None
        return path

    def discard(self) -> None:
        """Remove it, unless it was finished."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)


async def _in_thread(function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Run in a thread, to its end even when cancelled: what comes next relies on it."""
    working = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        raise


async def _copy(
    sync: MailboxSync, uid: int, part: BodyPart, file: _Unfinished, on_progress: OnProgress
) -> None:
    decoder = TransferDecoder(part.encoding)
    largest = part.size * LARGEST_RATIO + LARGEST_EXCESS
    done, ended = 0, False
    while not ended:
        data, ended = await _piece(sync, uid, part.section, done)
        done += len(data)
        if done > largest:
            raise ProtocolError(f"The server sends more of this part than its {part.size} octets")
        await _in_thread(file.write, decoder.feed(data))
        on_progress(done, max(part.size, done))
    await _in_thread(file.write, decoder.finish())


async def _piece(sync: MailboxSync, uid: int, section: str, begin: int) -> tuple[bytes, bool]:
    """Octets of a section from ``begin`` on (RFC 9051, 6.4.5), and whether it ends there."""
    # One octet more than wanted shows a server that does not heed where a piece ends.
    sections = Sections(uid, {section: PIECE + 1})
    command = commands.fetch(
        SequenceSet.from_numbers([uid]), ("UID", f"BODY.PEEK[{section}]<{begin}.{PIECE}>")
    )
    malformed = sync.client.malformed
    await sync.run(command, origin="save part", on_data=sections.receive)
    if section not in sections.found:
        if sections.answered or sync.client.malformed > malformed:
            raise ProtocolError("The server's answer with this part could not be read")
        raise CommandRefused(
            "This message is no longer on the server",
            advice="It was deleted or moved by another client.",
        )
    data = sections.found[section] or b""
    if len(data) > PIECE or (data and begin and section not in sections.partial):
        raise ProtocolError("The server cannot send this part in pieces")
    return data, len(data) < PIECE
