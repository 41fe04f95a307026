"""Sequence numbers to UIDs for the one selected mailbox of a connection.

A compact array, position = sequence number - 1, 0 where the UID is not known yet. It lives
with the connection; nothing outside ``sync`` may use sequence numbers.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from tui_mail.wire.sequence_set import SequenceSet

UID_LIMIT = 2**32 - 1


class SequenceMap:
    def __init__(self, uids: array[int] | None = None) -> None:
        self.uids: array[int] = array("I", uids or ())

    def __len__(self) -> int:
        return len(self.uids)

    def exists(self, count: int) -> bool:
        """EXISTS (RFC 9051, 7.4.1): make room for new messages.

        False when the count shrank, which only EXPUNGE may do: the map cannot be trusted then.
        """
        grown = count - len(self.uids)
        if grown >= 0:
            self.uids.frombytes(bytes(self.uids.itemsize * grown))
            return True
        return False

    def expunge(self, sequence: int) -> int:
        """EXPUNGE: the UID that went, 0 if it was not known or there is no such message."""
        if not 1 <= sequence <= len(self.uids):
            return 0
        return self.uids.pop(sequence - 1)

    def vanish(self, gone: SequenceSet) -> list[int]:
        """VANISHED (RFC 7162, 3.2.10): those of these UIDs that were here.

        The set is not expanded: a server may name all the UIDs there can be.
        """
        if not self.complete:
            removed = [uid for uid in self.uids if uid in gone]
            self.uids = array("I", [uid for uid in self.uids if uid not in gone])
            return removed
        removed = []
        for first, last in reversed(gone.ranges):
            begin = bisect_left(self.uids, first)
            end = bisect_right(self.uids, min(last, UID_LIMIT))
            removed.extend(self.uids[begin:end])
            del self.uids[begin:end]
        return removed

    def learn(self, sequence: int, uid: int) -> None:
        if 1 <= sequence <= len(self.uids):
            self.uids[sequence - 1] = uid

    def uid(self, sequence: int) -> int:
        """The UID of a sequence number, 0 if it is not known."""
        return self.uids[sequence - 1] if 1 <= sequence <= len(self.uids) else 0

    def replace(self, uids: array[int]) -> None:
        """The answer to SEARCH ALL: ascending UIDs; messages newer than it stay unknown."""
        count = len(self.uids)
        self.uids = array("I", uids)
        self.exists(count)

    @property
    def highest(self) -> int:
        """The highest UID known, 0 if none is."""
        return next((uid for uid in reversed(self.uids) if uid), 0)

    @property
    def complete(self) -> bool:
        return 0 not in self.uids

    def newest_first(self) -> array[int]:
        return self.uids[::-1]
