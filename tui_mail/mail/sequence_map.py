"""Sequence numbers to UIDs for the one selected mailbox of a connection.

A compact array, position = sequence number - 1, 0 where the UID is not known yet. It lives
with the connection; nothing outside ``sync`` may use sequence numbers. What a server says that
cannot be so is refused, never stored: the caller then asks for the whole list again.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from operator import ne

from tui_mail.wire.sequence_set import STAR, SequenceSet

LIMIT = 10_000_000  # messages: 40 MB of UIDs
UID_LIMIT = STAR - 1
_BLOCK = 16_384  # UIDs handled at one go, about a millisecond


class SequenceMap:
    def __init__(self, uids: array[int] | None = None) -> None:
        self.uids: array[int] = array("I", uids or ())
        self._unknown = self.uids.count(0)

    def __len__(self) -> int:
        return len(self.uids)

    @property
    def unknown(self) -> int:
        """How many messages there are whose UID is not known."""
        return self._unknown

    @property
    def complete(self) -> bool:
        return not self._unknown

    def exists(self, count: int) -> bool:
        """EXISTS (RFC 9051, 7.4.1): make room for new messages.

        False when the count shrank, which only EXPUNGE may do, or is beyond ``LIMIT``: the map
        stays as it was and cannot be trusted.
        """
        grown = count - len(self.uids)
        if grown < 0 or count > LIMIT:
            return False
        self.uids.frombytes(bytes(self.uids.itemsize * grown))
        self._unknown += grown
        return True

    def expunge(self, sequence: int) -> int | None:
        """EXPUNGE: the UID that went, 0 if it was not known, None if there is no such message."""
        if not 1 <= sequence <= len(self.uids):
            return None
        uid = self.uids.pop(sequence - 1)
        self._unknown -= not uid
        return uid

    def vanish(self, gone: SequenceSet) -> tuple[list[int], bool]:
        """VANISHED (RFC 7162, 3.2.10): those of these UIDs that were here, and whether that is all.

        The set is not expanded: a server may name all the UIDs there can be. It is not all when
        messages whose UID is not known may have been among them.
        """
        removed: list[int] = []
        if self.complete:
            for first, last in reversed(gone.ranges):
                begin = bisect_left(self.uids, first)
                end = bisect_right(self.uids, min(last, UID_LIMIT))
                removed.extend(self.uids[begin:end])
                del self.uids[begin:end]
            return removed, True
        removed = [uid for uid in self.uids if uid and uid in gone]
        self.uids = array("I", [uid for uid in self.uids if not (uid and uid in gone)])
        return removed, not gone.open_ended and len(removed) == len(gone)

    def learn(self, sequence: int, uid: int) -> bool:
        """A message's UID, as FETCH told it; False when that contradicts what is known."""
        place = sequence - 1
        if not 0 <= place < len(self.uids):
            return False
        known = self.uids[place]
        if known:
            return known == uid
        before = self.uids[place - 1] if place else 0
        after = self.uids[place + 1] if place + 1 < len(self.uids) else 0
        if uid <= before or (after and uid >= after):
            return False
        self.uids[place] = uid
        self._unknown -= 1
        return True

    def uid(self, sequence: int) -> int:
        """The UID of a sequence number, 0 if it is not known."""
        return self.uids[sequence - 1] if 1 <= sequence <= len(self.uids) else 0

    def __contains__(self, uid: int) -> bool:
        """Whether a message has this UID; not to be relied on while the map is not complete."""
        place = bisect_left(self.uids, uid)
        return place < len(self.uids) and self.uids[place] == uid

    def assign(self, uids: array[int]) -> bool:
        """All the UIDs of the mailbox, ascending.

        False, and nothing changed, when they are more or fewer than the messages, or contradict
        a UID that is known.
        """
        if len(uids) != len(self.uids):
            return False
        different = 0
        for start in range(0, len(uids), _BLOCK):
            end = start + _BLOCK
            different += sum(map(ne, self.uids[start:end], uids[start:end]))
        if different != self._unknown:
            return False
        self.replace(uids)
        return True

    def replace(self, uids: array[int]) -> None:
        """These UIDs and no others, ascending, whatever was known before."""
        self.uids = array("I", uids)
        self._unknown = 0

    @property
    def highest(self) -> int:
        """The highest UID known, 0 if none is."""
        return next((uid for uid in reversed(self.uids) if uid), 0)

    def newest_first(self) -> array[int]:
        return self.uids[::-1]


def missing(before: array[int], now: array[int]) -> Iterator[list[int]]:
    """The UIDs of ``before`` that are not in ``now``, both ascending, a block at a time."""
    for start in range(0, len(before), _BLOCK):
        block = before[start : start + _BLOCK]
        begin, end = bisect_left(now, block[0]), bisect_right(now, block[-1])
        if now[begin:end] != block:
            yield sorted(set(block).difference(now[begin:end]))
        else:
            yield []
