"""mutt's patterns as a tree: ``~f anna ~N``, ``!~F | ~d <2w``, or just a piece of text.

Reads what a person typed and says what is wrong with it, and where. Knows no store and looks at
no message: ``store.matching`` finds the messages of a tree.

Two things differ from mutt. An expression is a piece of text and not a regular expression, and
"and" binds closer than ``|`` (in mutt ``A | B C`` is ``(A | B) C``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TypeAlias

from tui_mail.errors import MailError
from tui_mail.mail.pattern_dates import Bound, DateSyntaxError, parse_dates
from tui_mail.model import ANSWERED, DELETED, FLAGGED, SEEN

LENGTH_LIMIT = 1000  # characters of a pattern
DEPTH_LIMIT = 50  # parentheses inside each other
_SIZE_LIMIT = 2**62  # octets; what the database can hold

# A pattern letter where a pattern may begin; without one the whole line is a piece of text.
_STRUCTURED = re.compile(r"(?:^|[\s!|(])~[A-Za-z]")
_SIZE = re.compile(r"(\d{1,15})([KkMm]?)")
_UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}


class PatternError(MailError):
    """A pattern that cannot be read; ``position`` counts characters from 0, where it goes wrong."""

    def __init__(self, title: str, position: int, *, advice: str = "") -> None:
        super().__init__(title, advice=advice)
        self.position = position


class Field(Enum):
    """What of a message a text is looked for in; a sender or recipient by name and address."""

    FROM = "from"
    TO = "to"
    CC = "cc"
    SUBJECT = "subject"
    MESSAGE_ID = "message-id"


@dataclass(frozen=True, slots=True)
class Text:
    """``text`` is part of one of the fields."""

    fields: tuple[Field, ...]
    text: str

    @property
    def ignore_case(self) -> bool:
        """As in mutt: one capital letter in it makes case count."""
        return self.text == self.text.lower()


@dataclass(frozen=True, slots=True)
class HasFlag:
    """A system flag is set."""

    flag: str


@dataclass(frozen=True, slots=True)
class HasKeyword:
    """A keyword is set, in any case; ``Forwarded`` also finds ``$Forwarded``."""

    name: str


class DateField(Enum):
    """Sent is the Date header's, or the time of receipt where a message has none."""

    SENT = "sent"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class Dated:
    """Not before ``since``, and before ``until``; None leaves that end open."""

    field: DateField
    since: Bound | None
    until: Bound | None


@dataclass(frozen=True, slots=True)
class Sized:
    """``least`` to ``most`` octets, both included; None leaves that end open."""

    least: int | None
    most: int | None


@dataclass(frozen=True, slots=True)
class Not:
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class And:
    """All of them; with none it is every message."""

    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    patterns: tuple[Pattern, ...]


Pattern: TypeAlias = Text | HasFlag | HasKeyword | Dated | Sized | Not | And | Or

EVERYTHING = And(())
_UNREAD = Not(HasFlag(SEEN))
_PLAIN = (Field.SUBJECT, Field.FROM)

_STATES: Mapping[str, Pattern] = {
    "A": EVERYTHING,
    "D": HasFlag(DELETED),
    "F": HasFlag(FLAGGED),
    "N": _UNREAD,
    "Q": HasFlag(ANSWERED),
    "R": HasFlag(SEEN),
    "U": _UNREAD,
}
_TEXTS: Mapping[str, tuple[Field, ...]] = {
    "C": (Field.TO, Field.CC),
    "L": (Field.FROM, Field.TO, Field.CC),
    "c": (Field.CC,),
    "f": (Field.FROM,),
    "i": (Field.MESSAGE_ID,),
    "s": (Field.SUBJECT,),
    "t": (Field.TO,),
}
_DATES: Mapping[str, DateField] = {"d": DateField.SENT, "r": DateField.RECEIVED}
# Whole words that mutt takes for a pattern, so that ``l all`` takes the limit away.
_WORDS: Mapping[str, Pattern] = {
    "all": EVERYTHING,
    ".": EVERYTHING,
    "del": _STATES["D"],
    "flag": _STATES["F"],
    "new": _STATES["N"],
    "read": _STATES["R"],
    "repl": _STATES["Q"],
    "unread": _STATES["U"],
}
_BODY = "Only what the list knows can be looked for, not the text of messages."
KNOWN = (
    "~f from, ~t to, ~c cc, ~C to or cc, ~L any of these, ~s subject, ~i message-id, ~k keyword, "
    "~d date sent, ~r date received, ~z size, ~N new, ~R read, ~F flagged, ~Q replied, ~D deleted, "
    "~A all; ! not, | or, ( )"
)
_UNKNOWN_ADVICE: Mapping[str, str] = {letter: _BODY for letter in "bBhM"}


def parse(
    text: str,
    *,
    today: date | None = None,
    keyword: Callable[[str], str | None] = lambda name: None,
) -> Pattern:
    """The tree of a pattern. Text without any ``~`` letter is looked for in subject and sender.

    ``today`` completes dates without a year or month; the local day when None. ``keyword`` gives
    the keyword of a label by its name, None where there is no such label.
    Raises ``PatternError``.
    """
    if len(text) > LENGTH_LIMIT:
        raise PatternError(f"A pattern has at most {LENGTH_LIMIT} characters", LENGTH_LIMIT)
    stripped = text.strip()
    if not stripped:
        raise PatternError("The pattern is empty", 0, advice=KNOWN)
    if not _STRUCTURED.search(text):
        return _WORDS.get(stripped.lower(), Text(_PLAIN, stripped))
    return _Parser(text, today or date.today(), keyword).whole()


class _Parser:
    """Recursive descent over: or = and ("|" and)*, and = not+, not = "!"* (group | leaf)."""

    def __init__(self, text: str, today: date, labelled: Callable[[str], str | None]) -> None:
        self._text = text
        self._today = today
        self._labelled = labelled
        self._at = 0
        self._word_at = 0
        self._depth = 0

    def whole(self) -> Pattern:
        pattern = self._or()
        if self._at < len(self._text):  # only a parenthesis ends an expression early
            raise PatternError(
                f"There is no ( for the ) at {self._at + 1}",
                self._at,
                advice='Put text that has ( ) or | in it in quotes: ~s "a (b)"',
            )
        return pattern

    def _or(self) -> Pattern:
        patterns = [self._and()]
        while self._peek() == "|":
            self._at += 1
            patterns.append(self._and())
        return patterns[0] if len(patterns) == 1 else Or(tuple(patterns))

    def _and(self) -> Pattern:
        patterns: list[Pattern] = []
        while self._peek() not in ("", "|", ")"):
            patterns.append(self._not())
        if not patterns:
            found = self._peek()
            where = f"before the {found} at {self._at + 1}" if found else "at the end"
            raise PatternError(f"A pattern is missing {where}", self._at, advice=KNOWN)
        return patterns[0] if len(patterns) == 1 else And(tuple(patterns))

    def _not(self) -> Pattern:
        negated = False
        while self._peek() == "!":
            self._at += 1
            negated = not negated
        found = self._peek()
        if found in ("", "|", ")"):
            raise PatternError("A pattern is missing after the !", self._at, advice=KNOWN)
        pattern = self._group() if found == "(" else self._leaf()
        return Not(pattern) if negated else pattern

    def _group(self) -> Pattern:
        opened = self._at
        if self._depth == DEPTH_LIMIT:
            raise PatternError(f"More than {DEPTH_LIMIT} parentheses inside each other", opened)
        self._depth += 1
        self._at += 1
        pattern = self._or()
        if self._peek() != ")":
            raise PatternError(f"The ( at {opened + 1} is never closed", opened)
        self._at += 1
        self._depth -= 1
        return pattern

    def _leaf(self) -> Pattern:
        start = self._at
        if self._text[start] != "~":
            return Text(_PLAIN, self._word("some text"))
        letter = self._text[start + 1 : start + 2]
        if not letter or letter in " \t(":
            raise PatternError(
                f"A letter is missing after the ~ at {start + 1}", start, advice=KNOWN
            )
        self._at += 2
        if letter in _STATES:
            return _STATES[letter]
        name = f"~{letter}"
        if letter in _TEXTS:
            return Text(_TEXTS[letter], self._word(name))
        if letter in _DATES:
            return self._dated(_DATES[letter], name)
        if letter == "k":
            return self._keyword(name)
        if letter == "z":
            return self._sized(name)
        advice = _UNKNOWN_ADVICE.get(letter, KNOWN)
        raise PatternError(f"{name} is not a pattern", start, advice=advice)

    def _keyword(self, name: str) -> Pattern:
        word = self._word(name)
        keyword = self._labelled(word) or word
        if not keyword.isascii() or not keyword.isprintable() or " " in keyword:
            raise PatternError(
                f"{keyword!r} cannot be a keyword",
                self._word_at,
                advice="A keyword is one word of ASCII characters, like $Forwarded.",
            )
        return HasKeyword(keyword)

    def _dated(self, field: DateField, name: str) -> Pattern:
        written = self._word(name, advice="A date follows it: <2w, 01/03/2026-, 20260301-20260331.")
        try:
            return Dated(field, *parse_dates(written, self._today))
        except DateSyntaxError as error:
            raise PatternError(
                f"{name} {written}: {error}",
                self._word_at,
                advice="Dates: <2w, >3m, =1d (y m w d H M S); 01/03/2026, 20260301 or 2026-03-01,"
                " and ranges of these: 01/03/2026-, -31/03/2026, 01/03/2026-31/03/2026.",
            ) from None

    def _sized(self, name: str) -> Pattern:
        written = self._word(name, advice="A size follows it: >1M, <10K, 10K-200K.")
        sizes = _sizes(written)
        if sizes is None:
            raise PatternError(
                f"{name} {written}: this is not a size",
                self._word_at,
                advice="Sizes: >1M, <10K, 10K-200K, 1M-, -500.",
            )
        return sizes

    def _word(
        self, what: str, *, advice: str = "Text follows it, in quotes if it has ( ) or |."
    ) -> str:
        """An argument: up to a space, ``|`` or ``)``, or in quotes; ``\\`` takes what follows."""
        quote = self._peek()
        self._word_at = start = self._at
        if quote not in ('"', "'"):
            quote = ""
        self._at += len(quote)
        written: list[str] = []
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == quote if quote else character.isspace() or character in "|)":
                break
            if character == "\\" and self._at + 1 < len(self._text):
                self._at += 1
                character = self._text[self._at]
            written.append(character)
            self._at += 1
        else:
            if quote:
                raise PatternError(f"The quote at {start + 1} is never closed", start)
        if not written:
            raise PatternError(f"{what} needs something after it", start, advice=advice)
        self._at += len(quote)
        return "".join(written)

    def _peek(self) -> str:
        """The next character that is not a space, "" at the end."""
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._text[self._at : self._at + 1]


def _sizes(written: str) -> Sized | None:
    """``<MAX`` and ``>MIN`` do not include their number; ``MIN-MAX`` does, as in mutt."""
    if written[0] in "<>":
        size = _size(written[1:])
        if size is None:
            return None
        return Sized(None, size - 1) if written[0] == "<" else Sized(size + 1, None)
    first, dash, last = written.partition("-")
    least, most = _size(first), _size(last)
    if (first and least is None) or (last and most is None) or not (first or last):
        return None
    return Sized(least, most if dash else least)


def _size(written: str) -> int | None:
    found = _SIZE.fullmatch(written)
    return min(int(found[1]) * _UNITS[found[2].lower()], _SIZE_LIMIT) if found else None
