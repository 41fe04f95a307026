"""What another client did to the open mailbox, in words.

What this program did itself is told apart by the store: there it is done already. Reads the rows
as they were; changes nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from types import MappingProxyType

from tui_mail.config import Label
from tui_mail.mail.news import FlagsTold, Happening, MessagesExpunged, RemovedHere
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.model import ANSWERED, DELETED, DRAFT, FLAGGED, RECENT, SEEN, MessageSummary
from tui_mail.sanitize import clean
from tui_mail.wire.sequence_set import SequenceSet

ONE_BY_ONE = 20  # messages that get a line each
MOST_ROWS = 200  # messages of one change that are looked at, the newest
MOST_REMOVED = 200  # removals of this program's own that are remembered
MOST_WORDS = 6  # keywords named
NO_LABELS: Mapping[str, Label] = MappingProxyType({})

Later = Callable[[Callable[[], Awaitable[None]]], None]
Tell = Callable[[Happening, int, str, tuple[int, ...]], None]

# Flag: (word when it was added, word when it was taken away).
WORDS: Mapping[str, tuple[str, str]] = {
    SEEN: ("read", "unread"),
    FLAGGED: ("flagged", "no longer flagged"),
    ANSWERED: ("answered", "no longer answered"),
    DELETED: ("marked as deleted", "no longer marked as deleted"),
    DRAFT: ("a draft", "no longer a draft"),
}


class Elsewhere:
    """``tell`` gets kind, mailbox, text and UIDs; ``later`` does what waits, in turn.

    ``labels`` are by keyword in lower case.

    The rows are read where the store is written, so that they are read before the change that
    is about to be written.
    """

    def __init__(
        self, store: StoreThreads, later: Later, tell: Tell, labels: Mapping[str, Label]
    ) -> None:
        self._store = store
        self._labels = labels
        self._later = later
        self._tell = tell
        self._removed: deque[tuple[int, SequenceSet]] = deque(maxlen=MOST_REMOVED)

    def removed_here(self, event: RemovedHere) -> None:
        self._removed.append((event.mailbox_id, event.uids))

    def expunged(self, event: MessagesExpunged) -> None:
        """Raises ``StoreError`` when the store is closed."""
        own = [uids for mailbox_id, uids in self._removed if mailbox_id == event.mailbox_id]
        uids = sorted(uid for uid in event.uids if not any(uid in each for each in own))
        if not uids:
            return
        reading = self._rows(event.mailbox_id, uids)

        async def tell() -> None:
            rows = await asyncio.wrap_future(reading)
            told = [(row.uid, expunged_text(row)) for row in rows]
            # Without rows they are not known here, or this program has removed them.
            count = len(uids) if len(uids) > MOST_ROWS and rows else len(told)
            text = f"{count:,} messages expunged"
            self._tell_all(Happening.EXPUNGED, event.mailbox_id, told, count, text)

        self._later(tell)

    def flags_told(self, event: FlagsTold) -> None:
        """Raises ``StoreError`` when the store is closed."""
        flags = dict(event.flags)
        reading = self._rows(event.mailbox_id, sorted(flags))

        async def tell() -> None:
            rows = await asyncio.wrap_future(reading)
            texts = ((row.uid, changed_text(row, flags[row.uid], self._labels)) for row in rows)
            told = [(uid, text) for uid, text in texts if text]
            more = " or more" if len(flags) > MOST_ROWS else ""
            text = f"{len(told):,}{more} messages have other flags"
            self._tell_all(Happening.FLAGS, event.mailbox_id, told, len(told), text)

        self._later(tell)

    def _rows(self, mailbox_id: int, uids: Sequence[int]) -> Future[list[MessageSummary]]:
        return self._store.write(Store.rows, mailbox_id, tuple(uids[-MOST_ROWS:]))

    def _tell_all(
        self,
        happening: Happening,
        mailbox_id: int,
        told: Sequence[tuple[int, str]],
        count: int,
        text: str,
    ) -> None:
        if count > ONE_BY_ONE:
            self._tell(happening, mailbox_id, text, tuple(uid for uid, _ in told))
            return
        for uid, each in told:
            self._tell(happening, mailbox_id, each, (uid,))


def expunged_text(row: MessageSummary) -> str:
    """A line for a message that is gone."""
    return f"{_named(row)}: expunged"


def changed_text(
    row: MessageSummary, flags: frozenset[str], labels: Mapping[str, Label] = NO_LABELS
) -> str:
    """A line for other flags than the row has, "" where nothing of note is different.

    Labels are called as they are in the list.
    """
    added, removed = flags - row.flags - {RECENT}, row.flags - flags - {RECENT}
    words = [WORDS[flag][0] for flag in WORDS if flag in added]
    words += [WORDS[flag][1] for flag in WORDS if flag in removed]
    keywords = [f"+{_called(name, labels)}" for name in sorted(added - WORDS.keys())]
    keywords += [f"-{_called(name, labels)}" for name in sorted(removed - WORDS.keys())]
    words += [clean(name) for name in keywords[:MOST_WORDS]]
    return f"{_named(row)}: {', '.join(words)}" if words else ""


def _called(keyword: str, labels: Mapping[str, Label]) -> str:
    label = labels.get(keyword.lower())
    return keyword if label is None else f"#{label.name}"


def _named(row: MessageSummary) -> str:
    return f"{row.sender}: {row.subject}"
