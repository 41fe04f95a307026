"""What happened, as frozen values, and a bounded log of it that any thread may read.

Every text in an item has been cleaned. Decides nothing: ``news_rules`` says what makes a noise,
``news_desk`` writes the log.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from tui_mail.mail import events
from tui_mail.wire.sequence_set import SequenceSet

MOST_ITEMS = 2000
MOST_UIDS = 1000  # of one item


class Happening(Enum):
    """The kind of an item; the value is the word for it on the screen."""

    ARRIVED = "new"
    EXPUNGED = "expunged"
    FLAGS = "flags"
    CREATED = "created"
    GONE = "gone"
    LOST = "lost"
    RECONNECTED = "online"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One line of the log.

    ``number`` counts up from 1 without gaps, ``time`` is in seconds since the epoch. ``mailbox``
    is None where a whole account is meant. ``path`` is the mailbox's name as it is shown. ``uids``
    are ascending, at most ``MOST_UIDS``, and empty where the server did not tell them.
    """

    number: int
    time: float
    happening: Happening
    account: str
    text: str
    mailbox: bytes | None = None
    path: str = ""
    uids: tuple[int, ...] = ()

    @property
    def uid(self) -> int | None:
        """The newest message it is about."""
        return self.uids[-1] if self.uids else None


@dataclass(frozen=True, slots=True)
class NewMail(events.Event):
    """Messages arrived in a watched mailbox: what a notification says, and whether it makes noise.

    ``count`` may be more than ``uids`` names. ``sender`` and ``subject`` are the newest one's, ""
    where they are not known.
    """

    mailbox: bytes
    path: str
    uids: tuple[int, ...]
    count: int
    sender: str
    subject: str
    bell: bool
    notify: bool

    @property
    def text(self) -> str:
        """One line for a person."""
        if not self.sender and not self.subject:
            return f"{_messages(self.count)} in {self.path}"
        more = f" (and {self.count - 1:,} more)" if self.count > 1 else ""
        return f"{self.path}: {self.sender}: {self.subject}{more}"


@dataclass(frozen=True, slots=True)
class MessagesExpunged(events.Event):
    """The server says these are gone. To be published before their rows go from the store."""

    mailbox_id: int
    uids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FlagsTold(events.Event):
    """The server says these flags, laid over by what waits to be sent.

    To be published before they are put into the store.
    """

    mailbox_id: int
    flags: tuple[tuple[int, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class RemovedHere(events.Event):
    """This program had the server remove these: what it says of that is no news."""

    mailbox_id: int
    uids: SequenceSet


class NewsLog:
    """The last ``MOST_ITEMS`` items. One thread writes, any may read.

    ``listener`` is called on the writing thread after each item; it must be quick.
    """

    def __init__(self, most: int = MOST_ITEMS) -> None:
        self.listener: Callable[[], None] | None = None
        self._items: deque[NewsItem] = deque(maxlen=most)
        self._lock = threading.Lock()
        self._count = 0

    def add(
        self,
        happening: Happening,
        account: str,
        text: str,
        *,
        time: float,
        mailbox: bytes | None = None,
        path: str = "",
        uids: tuple[int, ...] = (),
    ) -> NewsItem:
        """Append an item; of too many UIDs the newest are kept."""
        with self._lock:
            self._count += 1
            item = NewsItem(
                self._count, time, happening, account, text, mailbox, path, uids[-MOST_UIDS:]
            )
            self._items.append(item)
        if self.listener is not None:
            self.listener()
        return item

    def items(self, after: int = 0) -> list[NewsItem]:
        """The items whose number is above ``after``, oldest first."""
        with self._lock:
            # Numbers have no gaps, so the place of the first is known.
            skip = max(0, after - self._count + len(self._items))
            return [item for place, item in enumerate(self._items) if place >= skip]


def _messages(count: int) -> str:
    return "1 new message" if count == 1 else f"{count:,} new messages"
