"""A body part into a file, in pieces: any size, with progress, cancellable at any piece.

The file appears under its name only when it is whole; an existing file is never touched.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from tui_mail.errors import StoreError
from tui_mail.mail.parts import TransferDecoder, create_new, part_name, safe_file_name
from tui_mail.mail.reader import piece
from tui_mail.mail.sync import MailboxSync
from tui_mail.model import BodyPart

PIECE = 256 * 1024  # octets

OnProgress = Callable[[int, int], None]


async def save_part(
    sync: MailboxSync, uid: int, part: BodyPart, folder: Path, on_progress: OnProgress
) -> Path:
    """Save a part below ``folder`` under its own name made safe; the path that was written.

    ``on_progress`` gets encoded octets done and expected. Raises ``StoreError`` when the file
    cannot be written, else as ``ImapClient.run``. Cancelling the task removes what was written.
    """
    name = safe_file_name(part_name(part), f"part-{part.section or 'message'}")
    try:
        path, descriptor = await asyncio.to_thread(create_new, folder, name)
    except OSError as error:
        raise StoreError(
            f"{folder / name} cannot be written: {error.strerror}",
            advice="Choose another folder.",
        ) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            await _copy(sync, uid, part, file.write, on_progress)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


async def _copy(
    sync: MailboxSync,
    uid: int,
    part: BodyPart,
    write: Callable[[bytes], object],
    on_progress: OnProgress,
) -> None:
    decoder = TransferDecoder(part.encoding)
    done = 0
    while True:
        data = await piece(sync, uid, part.section, done, PIECE, "save part")
        done += len(data)
        await asyncio.to_thread(write, decoder.feed(data))
        on_progress(done, max(part.size, done))
        if len(data) < PIECE:
            break
    await asyncio.to_thread(write, decoder.finish())
