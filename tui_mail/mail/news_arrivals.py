"""Which messages have been told of, so that each is told once and the right ones make a noise.

Two sides see new mail: the connection that has a mailbox open, and the one that watches the
others. Both come here. Keeps numbers alone, and asks nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui_mail.model import DELETED, DRAFT, SEEN, MailboxStatus, MessageSummary

MOST_MAILBOXES = 100_000
MOST_OWN = 10_000  # UIDs that this program itself put somewhere
OLD = 3600.0  # seconds before the last look: what is older was moved here, and did not arrive


@dataclass(slots=True)
class _Known:
    """All UIDs below ``uid_next`` have been told of, and that was so when it was ``looked``."""

    uid_validity: int | None
    uid_next: int
    looked: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """What nobody had told of yet.

    ``messages`` are the newest of ``count``, ascending. ``fresh`` are those of them that may make
    a noise; None where nothing of it may.
    """

    messages: tuple[MessageSummary, ...]
    count: int
    fresh: tuple[MessageSummary, ...] | None


class Arrivals:
    """The mailboxes of one account, by name. ``now`` is in seconds since the epoch."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Known] = {}
        self._own: OrderedDict[tuple[bytes, int], None] = OrderedDict()

    def figures(self, name: bytes, status: MailboxStatus, now: float) -> int | None:
        """Note STATUS figures; the first UID not told of, where there is any.

        The first figures of a mailbox are where telling begins, and so are those under another
        UIDVALIDITY (RFC 9051, 2.3.1.1).
        """
        if status.uid_next is None:
            return None
        known = self._known.get(name)
        if known is None or known.uid_validity != (status.uid_validity or known.uid_validity):
            if known is None and len(self._known) >= MOST_MAILBOXES:
                return None
            if known is None or known.uid_validity is not None:
                self._known[name] = _Known(status.uid_validity, status.uid_next, now)
                return None
            known.uid_validity = status.uid_validity
        if status.uid_next > known.uid_next:
            return known.uid_next
        known.looked = now
        return None

    def told_below(self, name: bytes) -> int | None:
        """All UIDs below this have been told of; None where nobody has looked."""
        known = self._known.get(name)
        return None if known is None else known.uid_next

    def take(
        self,
        name: bytes,
        messages: Sequence[MessageSummary],
        *,
        count: int,
        uid_next: int,
        now: float,
    ) -> Arrival:
        """Messages up to ``uid_next``, of many only the newest; what nobody has told of.

        In a mailbox nobody had looked at before, nothing may make a noise.
        """
        known = self._known.get(name)
        if known is None:
            self._known[name] = _Known(None, uid_next, now)
            return Arrival(tuple(messages), count, None)
        first, looked = known.uid_next, known.looked
        known.uid_next = max(first, uid_next)
        known.looked = now
        news = tuple(
            message
            for message in messages
            if message.uid >= first and (name, message.uid) not in self._own
        )
        fresh = tuple(
            message
            for message in news
            if not message.flags & {SEEN, DELETED, DRAFT} and message.internal_date >= looked - OLD
        )
        return Arrival(news, count - len(messages) + len(news), fresh)

    def own(self, name: bytes, uids: Iterable[int]) -> None:
        """This program put these messages there: they are no news."""
        for uid in uids:
            self._own[name, uid] = None
        while len(self._own) > MOST_OWN:
            self._own.popitem(last=False)

    def forget(self, name: bytes) -> None:
        """The mailbox is gone; one of this name would be another."""
        self._known.pop(name, None)
