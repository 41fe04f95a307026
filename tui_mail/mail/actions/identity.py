"""Which message in one mailbox is the copy of which in another, where the server did not say.

A copy keeps its header and its size (RFC 9051, 6.4.7), so an identity made of these is the same
on both sides. Equal messages are told apart only by how many there are.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from tui_mail.mail.store import MessageTraits

_TEXT_LIMIT = 500  # characters: the store cuts what is longer than twice that


def identity(traits: MessageTraits) -> str:
    """Sixteen letters that two messages share only when one is the other's copy."""
    parts = (traits.message_id, traits.sender_address, traits.size, traits.sent_date)
    text = "\0".join(str(part)[:_TEXT_LIMIT] for part in parts)
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def match(wanted: Mapping[int, str], found: Iterable[tuple[int, str]]) -> dict[int, int]:
    """UIDs of ``wanted`` messages to those of their copies; each copy is given out once.

    ``found`` is ascending, and so equal messages keep their order.
    """
    copies: defaultdict[str, deque[int]] = defaultdict(deque)
    for uid, each in found:
        copies[each].append(uid)
    return {uid: copies[wanted[uid]].popleft() for uid in sorted(wanted) if copies.get(wanted[uid])}
