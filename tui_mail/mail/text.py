"""Text ready to be drawn: lines of styled spans, their width in cells, and how they wrap.

The vocabulary between ``mail`` (which makes lines) and ``ui`` (which draws them). Knows neither
terminal nor theme: a style is a name out of ``STYLES``, and what it looks like is the theme's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

QUOTE_STYLES = ("quote1", "quote2", "quote3", "quote4", "quote5")

# Every style a span may carry, and what it marks. A theme that lacks one draws it plain.
STYLES: dict[str, str] = {
    "": "ordinary text",
    "quote1": "text quoted once",
    "quote2": "text quoted twice",
    "quote3": "text quoted three times",
    "quote4": "text quoted four times",
    "quote5": "text quoted five times or more",
    "signature": "from the signature separator on",
    "link": "a link's text or address; the span's link is its number",
    "heading": "a heading",
    "strong": "bold or otherwise stressed",
    "emphasis": "lightly stressed",
    "code": "program text, preformatted",
    "rule": "a line across, a table's frame",
    "image": "the alternative text of an image",
    "table": "the head of a table",
    "header-name": "a header field's name",
    "header-value": "a header field's body",
    "notice": "the program's own remark about what is shown",
    "error": "what is broken, in the program's words",
    "diff-header": "a patch's file names",
    "diff-hunk": "a patch's position line",
    "diff-add": "a line a patch adds",
    "diff-remove": "a line a patch takes away",
}


class Span(NamedTuple):
    """A run of text in one style; ``link`` is the number of the link it belongs to."""

    text: str
    style: str = ""
    link: int | None = None


Line = tuple[Span, ...]


class Link(NamedTuple):
    """A link of a rendered text: numbered from 1, ``url`` whole and cleaned, ``text`` as shown."""

    number: int
    url: str
    text: str


ONLY_THE = "Only the "  # begins a note about a text that is shown in part


@dataclass(frozen=True, slots=True)
class RenderedText:
    """What a viewer shows. ``notes`` are the program's remarks (cut off, wrong charset …)."""

    lines: tuple[Line, ...]
    links: tuple[Link, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def cut_off(self) -> bool:
        """Whether the text goes on below its last line."""
        return any(note.startswith(ONLY_THE) for note in self.notes)


def quote_style(depth: int) -> str:
    """The style of text quoted ``depth`` times; "" for 0."""
    return QUOTE_STYLES[min(depth, len(QUOTE_STYLES)) - 1] if depth > 0 else ""


def line_text(line: Line) -> str:
    """A line's characters without their styles."""
    return "".join(span.text for span in line)


@lru_cache(maxsize=4096)
def _character_width(character: str) -> int:
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf"):
        return 0
    # Conjoining medial vowels and final consonants draw inside the syllable before them.
    if "\u1160" <= character <= "\u11ff" or "\ud7b0" <= character <= "\ud7fb":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cell_width(text: str) -> int:
    """How many terminal cells cleaned ``text`` takes."""
    if text.isascii():
        return len(text)
    return sum(map(_character_width, text))


def cut(text: str, width: int) -> tuple[str, str]:
    """Split ``text`` after at most ``width`` cells, never between a letter and its marks."""
    if text.isascii():
        return text[:width], text[width:]
    used = 0
    for index, character in enumerate(text):
        used += _character_width(character)
        if used > width:
            return text[:index], text[index:]
    return text, ""


def truncate(text: str, width: int) -> str:
    """``text`` in at most ``width`` cells, an ellipsis in the last where something was cut."""
    if cell_width(text) <= width:
        return text
    return cut(text, width - 1)[0] + "…" if width > 0 else ""


def pad(text: str, width: int, *, right: bool = False) -> str:
    """``text`` filled with spaces to ``width`` cells, on the left if it is to stand ``right``."""
    fill = " " * (width - cell_width(text))
    return fill + text if right else text + fill


_WORDS = re.compile(r" +|[^ ]+")
_WIDE = (
    "\u1100-\u115f\u2e80-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60"
)
# A line may break between wide characters, but closing punctuation stays with what it closes
# (JIS X 4051, 4.3, the characters common in mail).
_CLOSING = "、。，．・：；？！）」』】〕》〉ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ"  # noqa: RUF001
_OPENING = "（「『【〔《〈"  # noqa: RUF001


# Compiled when the first text that is not ASCII comes: these take milliseconds.
@cache
def _unit_pattern() -> re.Pattern[str]:
    return re.compile(f"[{_OPENING}]*[{_WIDE}][{_CLOSING}]*|[^{_WIDE}]+")


@cache
def _wide_pattern() -> re.Pattern[str]:
    return re.compile(f"[{_WIDE}]")


def _has_wide(text: str) -> bool:
    return _wide_pattern().search(text) is not None


# A "word" longer than this is cut where it is, so that breaking it stays linear.
_LONGEST_WORD = 1000
# So much must stand before a no-break space for a line to break there.
_LEAST_HEAD = 2


def _units(spans: Iterable[Span]) -> Iterator[tuple[Span, bool]]:
    """Runs between which a line may break; the flag says that one may break before this run."""
    breakable = True
    for text, style, link in spans:
        for found in _WORDS.finditer(text):
            run = found[0]
            if run[0] == " ":
                yield Span(run, style, link), True
                breakable = True
            elif run.isascii() or not _has_wide(run):
                for start in range(0, len(run), _LONGEST_WORD):
                    yield Span(run[start : start + _LONGEST_WORD], style, link), breakable
                    breakable = False
            else:
                for unit in _unit_pattern().findall(run):
                    yield Span(unit, style, link), breakable or _has_wide(unit)
                    breakable = _has_wide(unit)


def _fit(word: list[Span], room: int) -> tuple[list[Span], list[Span]]:
    """Split a word that is wider than a line so that its head takes at most ``room`` cells.

    A no-break space in it is the best place after all, if something stands before it.
    """
    head: list[Span] = []
    tail: list[Span] = []
    for index, (text, style, link) in enumerate(word):
        taken, left = cut(text, room)
        if taken:
            head.append(Span(taken, style, link))
            room -= cell_width(taken)
        if left:
            tail = [Span(left, style, link), *word[index + 1 :]]
            break
    for index in range(len(head) - 1, -1, -1):
        text, style, link = head[index]
        before, space, after = text.rpartition("\u00a0")
        above = line_text((*head[:index], Span(before)))
        if space and len(above.strip("\u00a0")) > _LEAST_HEAD:
            rest = [Span(after, style, link), *head[index + 1 :], *tail]
            return [*head[:index], Span(before, style, link)], [span for span in rest if span.text]
    return head, tail


def _finish(spans: list[Span]) -> Line:
    """Join neighbors of one style, and turn no-break spaces into spaces now all is placed."""
    line: list[Span] = []
    for text, style, link in spans:
        text = text.replace("\u00a0", " ")
        if line and line[-1].style == style and line[-1].link == link:
            line[-1] = Span(line[-1].text + text, style, link)
        elif text:
            line.append(Span(text, style, link))
    return tuple(line)


def wrap(
    spans: Iterable[Span], width: int, *, first: Line = (), rest: Line = (), least: int = 8
) -> list[Line]:
    """Break cleaned ``spans`` into lines of at most ``width`` cells, at spaces or wide characters.

    ``first`` stands before the first line and ``rest`` before the others; both count. U+00A0 does
    not break and comes out as a space. A word wider than a line is cut; text gets at least
    ``least`` cells however wide the prefixes are. Empty input gives one line.
    """
    lines: list[Line] = []
    prefix = first
    room = max(least, width - cell_width(line_text(first)))
    line: list[Span] = []
    used = 0
    space: Span | None = None
    word: list[Span] = []
    word_width = 0

    def end_line() -> None:
        nonlocal prefix, room, line, used, space
        lines.append(_finish([*prefix, *line]))
        prefix, room = rest, max(least, width - cell_width(line_text(rest)))
        line, used, space = [], 0, None

    def place() -> None:
        nonlocal line, used, space, word, word_width
        gap = len(space.text) if space and line else 0
        if used + gap + word_width > room and line:
            end_line()
            gap = 0
        while word_width > room:
            head, word = _fit(word, room)
            line += head
            end_line()
            word_width = sum(cell_width(span.text) for span in word)
        if gap and space:
            line.append(space)
        line += word
        used += gap + word_width
        space, word, word_width = None, [], 0

    for span, breakable in _units(spans):
        if span.text[0] == " ":
            if word:
                place()
            space = span
            continue
        if word and (breakable or word_width > _LONGEST_WORD):
            place()
        word.append(span)
        word_width += cell_width(span.text)
    if word:
        place()
    if line or not lines:
        end_line()
    return lines
