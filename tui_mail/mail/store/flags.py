"""A set of flags as a number (system flags) and a word list (keywords), and back.

The sets handed out are shared: a mailbox has few different ones, however many messages.
"""

from __future__ import annotations

from functools import lru_cache

from tui_mail.model import ANSWERED, DELETED, DRAFT, FLAGGED, RECENT, SEEN

# The numbers are in the database: they never change, new ones are added behind.
BITS = {SEEN: 1, ANSWERED: 2, FLAGGED: 4, DELETED: 8, DRAFT: 16, RECENT: 32}
SEEN_BIT = BITS[SEEN]
KEYWORDS_LIMIT = 1000  # characters of all keywords of a message; those beyond are not kept
_REMEMBERED = 1000

_packed: dict[frozenset[str], tuple[int, str | None]] = {}


def pack(flags: frozenset[str]) -> tuple[int, str | None]:
    """The bits of the system flags, and the other flags sorted and joined by spaces.

    A flag is an atom (RFC 9051, 9), so a space cannot be part of one.
    """
    found = _packed.get(flags)
    if found is not None:
        return found
    bits = sum(bit for flag, bit in BITS.items() if flag in flags)
    every = " ".join(sorted(flag for flag in flags if flag not in BITS))
    kept = every
    if len(every) > KEYWORDS_LIMIT:
        kept = every[: KEYWORDS_LIMIT + 1].rpartition(" ")[0]
    packed = bits, kept or None
    # Sets of a server that overdoes it are not worth their memory.
    if kept == every and len(_packed) < _REMEMBERED:
        _packed[flags] = packed
    return packed


@lru_cache(maxsize=_REMEMBERED)
def unpack(bits: int, keywords: str | None) -> frozenset[str]:
    named = [flag for flag, bit in BITS.items() if bits & bit]
    return frozenset(named + keywords.split(" ") if keywords else named)
