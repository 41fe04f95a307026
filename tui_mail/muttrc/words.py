"""Lines and words of a muttrc, as mutt joins, quotes and expands them (mutt's manual, 3.2, 3.3).

Runs nothing. What only running a command would tell stands in a value as a mark, which ``Marks``
gives out and knows again. Values are bounded, for a variable may stand in itself many times over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LONGEST_VALUE = 16 * 1024
_MARK = re.compile("\0([0-9]+)\0")
_ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "f": "\f", "e": "\x1b"}
_OCTAL = re.compile(r"[0-7]{3}")
_VARIABLE = re.compile(r"\{([^}]*)\}|([A-Za-z][A-Za-z0-9_]*)")
_SPACES = " \t\r\n\f\v"

Expand = Callable[[str], str]


class WrongSyntax(ValueError):
    """A line mutt itself would refuse; the text says how, and repeats nothing of the line."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """What a mark stands for: the output of ``command``, or a variable nobody set."""

    command: str = ""
    variable: str = ""


class Marks:
    """What is not known until something is run. A mark is a number between two NULs."""

    def __init__(self) -> None:
        self._unknown: list[Unknown] = []

    def keep(self, unknown: Unknown) -> str:
        """The mark that stands for it from now on."""
        self._unknown.append(unknown)
        return f"\0{len(self._unknown) - 1}\0"

    def found(self, value: str) -> list[Unknown]:
        """What is unknown in ``value``, in order."""
        return [self._unknown[int(each[1])] for each in _MARK.finditer(value)]

    def alone(self, value: str) -> Unknown | None:
        """What ``value`` wholly consists of, None if there is more to it, or less."""
        mark = _MARK.fullmatch(value.strip())
        return None if mark is None else self._unknown[int(mark[1])]

    def without_variables(self, value: str) -> str:
        """``value`` as mutt has it: a variable nobody set is empty."""
        return _MARK.sub(lambda mark: mark[0] if self._unknown[int(mark[1])].command else "", value)


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with the number each begins at; one that ends in a backslash goes on in the next.

    That holds for comments too. NULs are left out.
    """
    begun, pieces = 0, []
    for number, line in enumerate(text.replace("\0", "").split("\n"), start=1):
        line = line.removesuffix("\r")
        begun = begun or number
        if line.endswith("\\"):
            pieces.append(line[:-1])
            continue
        yield begun, "".join((*pieces, line))
        begun, pieces = 0, []
    if pieces:
        yield begun, "".join(pieces)


class Words:
    """The words of one line. ``expand`` gives the value of a variable, by its name."""

    def __init__(self, line: str, expand: Expand, marks: Marks) -> None:
        self._line = line
        self._place = 0
        self._expand = expand
        self._marks = marks

    def at_end(self) -> bool:
        """Whether the command is over: by the line's end, a comment or a semicolon."""
        self._skip_spaces()
        return self._peek() in ("", "#", ";")

    def next_command(self) -> bool:
        """Go on behind semicolons; False at the end of the line or at a comment."""
        while True:
            self._skip_spaces()
            if self._peek() != ";":
                return self._peek() not in ("", "#")
            self._place += 1

    def take(self, text: str) -> bool:
        """Go past ``text`` if it is next."""
        self._skip_spaces()
        if not self._line.startswith(text, self._place):
            return False
        self._place += len(text)
        return True

    def word(self, *, stops: str = "") -> str:
        """The next word, unquoted and expanded; it ends at one of ``stops`` too.

        Raises WrongSyntax.
        """
        self._skip_spaces()
        return self._token(f"{_SPACES}#;{stops}", quotes=True)

    def rest(self) -> str:
        """All to the end of the line or a comment, spaces, semicolons and quotes as they are."""
        self._skip_spaces()
        return self._token("#", quotes=False).rstrip()

    def skip_line(self) -> None:
        """Leave the rest of the line out."""
        self._place = len(self._line)

    def _peek(self) -> str:
        return self._line[self._place : self._place + 1]

    def _skip_spaces(self) -> None:
        while self._peek() and self._peek() in _SPACES:
            self._place += 1

    def _token(self, stops: str, *, quotes: bool) -> str:
        pieces: list[str] = []
        length, quote = 0, ""
        while (character := self._peek()) and (quote or character not in stops):
            self._place += 1
            if quotes and character == quote:
                quote = ""
                continue
            if quotes and not quote and character in "'\"":
                quote = character
                continue
            piece = character if quote == "'" else self._piece(character)
            length += len(piece)
            if length > LONGEST_VALUE:
                raise WrongSyntax(f"a value of more than {LONGEST_VALUE} characters")
            pieces.append(piece)
        return "".join(pieces)

    def _piece(self, character: str) -> str:
        if character == "\\":
            return self._escape()
        if character == "`":
            return self._backticks()
        if character == "$":
            return self._variable()
        return character

    def _escape(self) -> str:
        octal = _OCTAL.match(self._line, self._place)
        if octal:
            self._place += 3
            # 000 would look like the beginning of a mark.
            return chr(int(octal[0], 8) & 0xFF).replace("\0", "")
        escaped = self._peek()
        if not escaped:
            raise WrongSyntax("a backslash with nothing behind it")
        self._place += 1
        if escaped in "cC":
            control = self._peek()
            if not control:
                raise WrongSyntax(r"\c with nothing behind it")
            self._place += 1
            return chr((ord(control.upper()) - 0x40) & 0x7F).replace("\0", "")
        return _ESCAPES.get(escaped, escaped)

    def _backticks(self) -> str:
        start = self._place
        while self._peek() != "`":
            if not self._peek():
                raise WrongSyntax("a ` that is not closed")
            self._place += 2 if self._peek() == "\\" else 1
        command = self._line[start : self._place].replace("\\`", "`")
        self._place += 1
        return self._marks.keep(Unknown(command=command))

    def _variable(self) -> str:
        name = _VARIABLE.match(self._line, self._place)
        if name is None:
            return "$"
        self._place = name.end()
        return self._expand(name[1] if name[1] is not None else name[2])
