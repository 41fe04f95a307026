"""The tokens that all responses are made of: atoms, strings, literals, lists, NIL (RFC 9051, 9).

Reads a response's text once, left to right, without recursion; nesting and counts are bounded.
More is accepted than the grammar has (extra spaces, missing ones before a parenthesis).
"""

from __future__ import annotations

import re
from typing import TypeAlias

MAX_DEPTH = 100  # lists inside lists
MAX_VALUES = 500_000  # in one value

Value: TypeAlias = "bytes | list[Value] | None"

_END = re.compile(rb"\s*+\Z")
_SPACES = re.compile(rb" *+")
_TOKEN = re.compile(
    rb"""\ *+(?:
        "([^"\\]*+(?:\\.[^"\\]*+)*+)"     # 1: the inside of a quoted string
      | (\()                              # 2
      | (\))                              # 3
      | ~?\{(\d+)\+?\}\r?\n               # 4: where a literal stands
      | ([^\s()"]++)                      # 5: an atom, with whatever else servers put in one
    )""",
    re.VERBOSE | re.DOTALL,
)
_QUOTED, _OPEN, _CLOSE, _LITERAL, _ATOM = 1, 2, 3, 4, 5
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)


class ParseError(ValueError):
    """A response does not follow the grammar; the message says where it went wrong."""


def unquote(inside: bytes) -> bytes:
    """The text of a quoted string (RFC 9051, 9: quoted), given what is between the quotes."""
    return _ESCAPE.sub(rb"\1", inside) if b"\\" in inside else inside


class Cursor:
    """A place in one response: its text, and how many of its literals have been passed."""

    __slots__ = ("literals", "passed", "pos", "text")

    def __init__(self, text: bytes, literals: tuple[bytes, ...] = (), pos: int = 0) -> None:
        self.text = text
        self.literals = literals
        self.pos = pos
        self.passed = 0

    def value(self) -> Value:
        """The next string or atom as bytes, list, or NIL as None. Raises ``ParseError``."""
        stack: list[list[Value]] = []
        count = 0
        while True:
            token = _TOKEN.match(self.text, self.pos)
            if token is None:
                raise self.error("a value was expected")
            kind = token.lastindex
            if kind == _CLOSE and not stack:
                raise self.error("a value was expected")
            self.pos = token.end()
            done: Value
            if kind == _OPEN:
                if len(stack) >= MAX_DEPTH:
                    raise self.error("lists are nested too deeply")
                stack.append([])
                continue
            if kind == _CLOSE:
                done = stack.pop()
            elif kind == _QUOTED:
                done = unquote(token[_QUOTED])
            elif kind == _LITERAL:
                done = self.literal()
            else:
                done = token[_ATOM]
                if len(done) == 3 and done.upper() == b"NIL":
                    done = None
            if not stack:
                return done
            count += 1
            if count > MAX_VALUES:
                raise self.error("a list is too long")
            stack[-1].append(done)

    def astring(self) -> bytes:
        """astring (RFC 9051, 9): an atom NIL, in whatever case, is a name here.

        Raises ``ParseError``.
        """
        value = self.value()
        return self.text[self.pos - 3 : self.pos] if value is None else string(value)

    def values(self) -> list[Value]:
        """All values up to the end of the response. Raises ``ParseError``."""
        found = []
        while not self.at_end():
            found.append(self.value())
            if len(found) > MAX_VALUES:
                raise self.error("too many values")
        return found

    def rest(self) -> bytes:
        """Everything up to the end, without surrounding spaces, unread."""
        return self.text[self.pos :].strip()

    def at_end(self) -> bool:
        return _END.match(self.text, self.pos) is not None

    def end(self) -> None:
        """Nothing but spaces may follow. Raises ``ParseError``."""
        if not self.at_end():
            raise self.error("the response goes on where it should end")

    def peek(self) -> bytes:
        """The octet after any spaces, ``b""`` at the end."""
        spaces = _SPACES.match(self.text, self.pos)
        at = spaces.end() if spaces else self.pos
        return self.text[at : at + 1]

    def error(self, reason: str) -> ParseError:
        return ParseError(f"{reason} at octet {self.pos}")

    def literal(self) -> bytes:
        """The octets of the next literal. Raises ``ParseError``."""
        if self.passed >= len(self.literals):
            raise self.error("a literal is missing")
        self.passed += 1
        return self.literals[self.passed - 1]


def text(value: bytes) -> str:
    """Octets as text without loss of meaning: UTF-8, else one character per octet."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def number(value: Value) -> int | None:
    """number or number64 (RFC 9051, 9); None for NIL and for what is no number of 63 bits."""
    if isinstance(value, bytes) and value.isdigit() and len(value) <= 19:
        found = int(value)
        return found if found < 2**63 else None
    return None


def nz_number(value: Value) -> int:
    """nz-number (RFC 9051, 9): 1 to 4294967295. Raises ``ParseError``."""
    found = number(value)
    if found is None or not 0 < found < 2**32:
        raise ParseError("a message number was expected")
    return found


def string(value: Value) -> bytes:
    """astring: an atom NIL is a name here, not the absence of one. Raises ``ParseError``."""
    if isinstance(value, list):
        raise ParseError("a string was expected, not a list")
    return b"NIL" if value is None else value


def nstring(value: Value) -> bytes | None:
    """nstring (RFC 9051, 9). Raises ``ParseError``."""
    if isinstance(value, list):
        raise ParseError("a string was expected, not a list")
    return value


def strings(value: Value) -> tuple[bytes, ...]:
    """A list of strings; NIL and a single string are taken for lists. Raises ``ParseError``."""
    if value is None:
        return ()
    if isinstance(value, bytes):
        return (value,)
    return tuple(string(item) for item in value)
