"""Message ids (RFC 5322, 3.6.4): a new one that says nothing of the machine; those of a thread."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from tui_mail.mail.compose.addresses import ascii_address

MAX_REFERENCES = 30
MAX_ID = 400  # octets of one that is passed on

_ID = re.compile(r"<[!-;=?-~]+>")
_DOMAIN = re.compile(r"[A-Za-z0-9_.-]+")
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def new_message_id(sender: str) -> str:
    """A new id with its angle brackets, for the bare address ``sender``.

    125 random bits and the sender's domain; "invalid" (RFC 2606, 2) where that has none to give.
    """
    try:
        domain = ascii_address(sender).rpartition("@")[2]
    except ValueError:
        domain = ""
    unique = "".join(secrets.choice(_LETTERS) for _ in range(25))
    return f"<{unique}@{domain if _DOMAIN.fullmatch(domain) else 'invalid'}>"


def valid_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Those of ``ids``, angle brackets or not, that can stand in a field, brackets put on, once
    each."""
    bracketed = (each if each.startswith("<") else f"<{each}>" for each in ids)
    return tuple(
        dict.fromkeys(each for each in bracketed if len(each) <= MAX_ID and _ID.fullmatch(each))
    )


def thread_references(
    references: Iterable[str], in_reply_to: Iterable[str], message_id: str
) -> tuple[str, ...]:
    """References of a reply, from the three fields of what is replied to (RFC 5322, 3.6.4).

    Of a very long thread the first is kept, which names it, and the last ``MAX_REFERENCES`` - 1.
    """
    known = valid_ids(references)
    if not known:
        # Only an In-Reply-To with a single id is known to name the parent.
        parents = valid_ids(in_reply_to)
        known = parents if len(parents) == 1 else ()
    own = valid_ids([message_id])
    line = (*(each for each in known if each not in own), *own)
    if len(line) > MAX_REFERENCES:
        line = (line[0], *line[1 - MAX_REFERENCES :])
    return line
