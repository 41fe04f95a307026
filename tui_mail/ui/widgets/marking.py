"""Laying the marks of a search over styled text. Pure; nothing is drawn here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

Styles = tuple[str, ...]


def marked(
    runs: Iterable[tuple[str, Styles]], marks: Sequence[tuple[int, int, str]]
) -> Iterator[tuple[str, Styles]]:
    """The runs of text cut where marks begin and end, with the style of the mark put on top.

    A mark is ``(start, end, style)`` in characters of all runs together; they do not overlap.
    """
    start = 0
    for text, styles in runs:
        end = start + len(text)
        place = start
        for mark_start, mark_end, mark_style in marks:
            left, right = max(mark_start, start), min(mark_end, end)
            if left >= right:
                continue
            if place < left:
                yield text[place - start : left - start], styles
            yield text[left - start : right - start], (*styles, mark_style)
            place = right
        if place < end:
            yield text[place - start :], styles
        start = end
