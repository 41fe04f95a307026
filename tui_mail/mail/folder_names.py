"""What a person types as the name of a folder, checked and made the name on the wire.

A person writes ``/`` between the levels whatever the server's own delimiter is. Sends nothing;
raises before anything is sent.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from tui_mail.mail.rights import NotAllowed, Operation, allowed
from tui_mail.model import INBOX, Mailbox
from tui_mail.sanitize import clean
from tui_mail.wire import mailbox_name

SEPARATOR = "/"  # between the levels a person types
PART_LIMIT = 240  # octets: a file name has 255 on most systems, and servers put some before it
NAME_LIMIT = 480  # octets; Cyrus has 490
_WILDCARDS = "%*"  # of LIST (RFC 9051, 6.3.9): a folder with one cannot be listed alone


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one's own folders are: the first personal namespace (RFC 2342, 5).

    ``prefix`` ends in the delimiter or is empty; ``delimiter`` None is a flat namespace.
    """

    prefix: bytes
    delimiter: str | None


def full_name(typed: str, parent: Mailbox | None, layout: Layout) -> bytes:
    """The name for the wire of a folder in ``parent``, or at the top of one's own folders.

    Raises ``NotAllowed``, with what is wrong about the name.
    """
    parts = [unicodedata.normalize("NFC", part.strip()) for part in typed.split(SEPARATOR)]
    delimiter = layout.delimiter if parent is None else parent.delimiter
    if parent is not None and (reason := allowed(None, Operation.CREATE_BELOW, parent)):
        raise NotAllowed(reason)
    if len(parts) > 1 and delimiter is None:
        raise NotAllowed("This server has no folders inside folders.")
    encoded = [_part(part, delimiter) for part in parts]
    between = (delimiter or "").encode()
    before = layout.prefix if parent is None else parent.name + between
    name = before + between.join(encoded)
    if len(name) > NAME_LIMIT:
        raise NotAllowed(
            f"The whole name would have {len(name)} octets; at most {NAME_LIMIT} are safe.",
            advice="Letters outside ASCII take several octets each.",
        )
    if name.upper() == INBOX:
        raise NotAllowed("INBOX is there already: every account has it.")
    return name


def ancestors(name: bytes, delimiter: str | None) -> list[bytes]:
    """The names of all folders a folder is in, the outermost first."""
    if not delimiter:
        return []
    parts = name.split(delimiter.encode())
    return [delimiter.encode().join(parts[:count]) for count in range(1, len(parts))]


def parent_name(mailbox: Mailbox) -> bytes:
    """The name of the folder a folder is in, b"" at the top."""
    above = ancestors(mailbox.name, mailbox.delimiter)
    return above[-1] if above else b""


def is_below(name: bytes, top: bytes, delimiter: str | None) -> bool:
    return delimiter is not None and name.startswith(top + delimiter.encode())


def shown(name: bytes) -> str:
    """A name in words for a person."""
    return clean(mailbox_name.decode(name))


def _part(part: str, delimiter: str | None) -> bytes:
    if not part:
        raise NotAllowed(
            "A folder needs a name.",
            advice=f"Between two {SEPARATOR} there must be one, too.",
        )
    if part in (".", ".."):
        raise NotAllowed(f"A folder cannot be called {part}")
    if clean(part) != part or not part.isprintable():
        raise NotAllowed("The name has characters in it that cannot be seen.")
    if delimiter is not None and delimiter != SEPARATOR and delimiter in part:
        raise NotAllowed(
            f"{part!r} has a {delimiter!r} in it, which separates levels on this server.",
            advice=f"Write {SEPARATOR} for a folder inside a folder.",
        )
    for wildcard in _WILDCARDS:
        if wildcard in part:
            raise NotAllowed(f"A folder's name cannot have a {wildcard} in it.")
    encoded = mailbox_name.encode(part)
    if len(encoded) > PART_LIMIT:
        raise NotAllowed(
            f"The name would have {len(encoded)} octets; at most {PART_LIMIT} are safe.",
            advice="Letters outside ASCII take several octets each.",
        )
    return encoded
