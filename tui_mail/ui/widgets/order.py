"""Where a message went when the order of its list changed.

Pure arithmetic on arrays of UIDs (typecode "I", 0 for one not yet known), fast enough to run on
the screen's own thread at every change: a few milliseconds for a million.
"""

from __future__ import annotations

from array import array


def common_ends(old: array[int], new: array[int]) -> tuple[int, int]:
    """How many elements the two share at their start and, of the rest, at their end."""
    shorter = min(len(old), len(new))
    start = _common(old, new, shorter, at_end=False)
    return start, _common(old, new, shorter - start, at_end=True)


def _common(old: array[int], new: array[int], limit: int, *, at_end: bool) -> int:
    """The longest common start (or end) of at most ``limit`` elements, by halving."""
    left, right = memoryview(old), memoryview(new)
    if at_end:
        left, right = left[len(old) - limit :], right[len(new) - limit :]
    known = 0
    while known < limit:
        # Try the whole rest first: mostly it is the same.
        size = limit - known
        while size and not _same(left, right, known, size, limit, at_end):
            size //= 2
        if not size:
            break
        known += size
    return known


def _same(
    left: memoryview, right: memoryview, known: int, size: int, limit: int, at_end: bool
) -> bool:
    span = slice(limit - known - size, limit - known) if at_end else slice(known, known + size)
    return left[span] == right[span]


def follow(old: array[int], new: array[int], index: int) -> int:
    """The index in ``new`` of the message at ``index`` of ``old``.

    Where it is gone, of the next one below it that is still there, else of the next above. A
    message whose UID is not known (0) is told by its place. 0 if ``new`` is empty.
    """
    start, end = common_ends(old, new)
    if index < start:
        return index
    if index >= len(old) - end:
        return index + len(new) - len(old)
    if old[index] == 0:
        return min(index, max(0, len(new) - 1))
    place = find(new, old[index])
    if place is not None:
        return place
    places = {uid: place for place, uid in enumerate(new[start : len(new) - end], start) if uid}
    for uid in old[index : len(old) - end]:
        if uid in places:
            return places[uid]
    if end:
        return len(new) - end
    for uid in reversed(old[start:index]):
        if uid in places:
            return places[uid]
    return max(0, start - 1)


def find(order: array[int], uid: int) -> int | None:
    """The index of ``uid`` in ``order``, None where it is not there.

    By halving if the order is newest first, as it mostly is; else by looking at each.
    """
    low, high = 0, len(order)
    while low < high:
        middle = (low + high) // 2
        if order[middle] > uid:
            low = middle + 1
        else:
            high = middle
    if low < len(order) and order[low] == uid:
        return low
    try:
        return order.index(uid)
    except ValueError:
        return None
