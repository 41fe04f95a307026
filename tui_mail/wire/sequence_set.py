"""Sequence sets (RFC 9051, 9: sequence-set): ``1:5,9``, ``7:*``, as one frozen value.

Never expands a set unasked: a server may name four thousand million messages in ten bytes.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tui_mail.errors import ProtocolError

STAR = 2**32  # ``*``: sorts after every number, which has 32 bits (RFC 9051, 9: nz-number)
SET_LENGTH = 7000  # octets; leaves room for the rest of an 8192 octet line (RFC 7162, 4)
EXPANSION = 10_000_000  # numbers


@dataclass(frozen=True, slots=True)
class SequenceSet:
    """Ascending, disjoint ``ranges`` of (first, last), both included; ``STAR`` stands for ``*``."""

    ranges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def parse(cls, text: bytes | str) -> SequenceSet:
        """A set as it stands on the wire, in any order, with overlaps. Raises ``ValueError``."""
        raw = text.encode() if isinstance(text, str) else text
        ranges = []
        for item in raw.split(b","):
            first, colon, last = item.partition(b":")
            low = _number(first)
            high = _number(last) if colon else low
            ranges.append((low, high) if low <= high else (high, low))
        return cls(_merged(ranges))

    @classmethod
    def from_numbers(cls, numbers: Iterable[int]) -> SequenceSet:
        """The shortest set of these numbers, given in any order.

        Raises ``ValueError`` for one outside 1 to 4294967295.
        """
        ordered = sorted(numbers)
        if not ordered:
            return cls()
        if ordered[0] < 1 or ordered[-1] >= STAR:
            raise ValueError(f"{ordered[0]} to {ordered[-1]} are not message numbers")
        ranges = []
        first = last = ordered[0]
        for number in ordered:
            if number > last + 1:
                ranges.append((first, last))
                first = number
            last = number
        ranges.append((first, last))
        return cls(tuple(ranges))

    @classmethod
    def between(cls, first: int, last: int = STAR) -> SequenceSet:
        """``first:last``; without ``last`` up to the highest there is. Raises ``ValueError``."""
        if not 1 <= first <= last <= STAR:
            raise ValueError(f"{first}:{last} is not a range of message numbers")
        return cls(((first, last),))

    def __str__(self) -> str:
        return ",".join(
            _text(first) if first == last else f"{_text(first)}:{_text(last)}"
            for first, last in self.ranges
        )

    def __bytes__(self) -> bytes:
        return str(self).encode()

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __len__(self) -> int:
        """How many numbers. Raises ``ValueError`` for a set with ``*``: only the server knows."""
        if self.open_ended:
            raise ValueError(f"{self} has no end")
        return sum(last - first + 1 for first, last in self.ranges)

    def __contains__(self, number: int) -> bool:
        """Whether it is in the set; cheaper than expanding. ``*`` matches nothing on its own."""
        at = bisect_right(self.ranges, (number, STAR)) - 1
        return at >= 0 and number <= self.ranges[at][1]

    @property
    def open_ended(self) -> bool:
        return bool(self.ranges) and self.ranges[-1][1] == STAR

    def to_array(self, limit: int = EXPANSION) -> array[int]:
        """All numbers, ascending. Raises ``ProtocolError`` for more than ``limit`` or for ``*``."""
        if self.open_ended or len(self) > limit:
            raise ProtocolError(f"A set of message numbers is too large: {str(self)[:80]}")
        numbers = array("I")
        for first, last in self.ranges:
            numbers.extend(range(first, last + 1))
        return numbers

    def split(self, max_length: int = SET_LENGTH) -> list[SequenceSet]:
        """The same set in pieces whose text is at most ``max_length`` octets (at least 21)."""
        return list(self._pieces(max(max_length, 21)))

    def _pieces(self, max_length: int) -> Iterator[SequenceSet]:
        start = length = 0
        for at, (first, last) in enumerate(self.ranges):
            width = len(_text(first)) + (len(_text(last)) + 1 if first != last else 0) + 1
            if length + width > max_length + 1:
                yield SequenceSet(self.ranges[start:at])
                start, length = at, 0
            length += width
        if self.ranges:
            yield SequenceSet(self.ranges[start:])


def _number(text: bytes) -> int:
    if text == b"*":
        return STAR
    if not text.isdigit() or len(text) > 10:
        raise ValueError(f"{text[:20]!r} is not a message number")
    number = int(text)
    if not 1 <= number < STAR:
        raise ValueError(f"{number} is not a message number")
    return number


def _text(number: int) -> str:
    return "*" if number == STAR else str(number)


def _merged(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    ranges.sort()
    merged: list[tuple[int, int]] = []
    for first, last in ranges:
        if merged and first <= merged[-1][1] + 1 and first != STAR:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        elif not (merged and merged[-1][1] == STAR):
            merged.append((first, last))
    return tuple(merged)
