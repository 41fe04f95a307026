"""A pattern as an SQL expression over the rows of messages. Reads and runs nothing."""

from __future__ import annotations

from typing import NamedTuple

from tui_mail.mail.patterns import (
    And,
    Dated,
    DateField,
    Field,
    HasFlag,
    HasKeyword,
    Not,
    Or,
    Pattern,
    Sized,
    Text,
)
from tui_mail.mail.store.database import Value
from tui_mail.mail.store.flags import BITS

_COLUMNS = {
    Field.FROM: ("sender", "sender_address"),
    Field.TO: ("to_addresses",),
    Field.CC: ("cc_addresses",),
    Field.SUBJECT: ("subject",),
    Field.MESSAGE_ID: ("message_id",),
}
_DATES = {
    DateField.SENT: "coalesce(sent_date, internal_date)",
    DateField.RECEIVED: "internal_date",
}


class Condition(NamedTuple):
    """An SQL expression over ``message`` that is 1 or 0, never NULL."""

    sql: str
    parameters: tuple[Value, ...]


def condition(pattern: Pattern, now: float) -> Condition:
    """``now`` (seconds since the epoch) is what relative dates count from."""
    match pattern:
        case And(patterns):
            return _joined(" AND ", "1", patterns, now)
        case Or(patterns):
            return _joined(" OR ", "0", patterns, now)
        case Not(negated):
            sql, parameters = condition(negated, now)
            return Condition(f"NOT {sql}", parameters)
        case HasFlag(flag):
            return Condition(f"(flags & {BITS[flag]} <> 0)", ())
        case HasKeyword(name):
            return _keyword(name)
        case Text():
            return _text(pattern)
        case Sized(least, most):
            return _between("size", least, None if most is None else most + 1)
        case Dated(field, since, until):
            return _between(
                _DATES[field],
                None if since is None else since.instant(now),
                None if until is None else until.instant(now),
            )


def _joined(operator: str, empty: str, patterns: tuple[Pattern, ...], now: float) -> Condition:
    # Texts are looked for where nothing cheaper has decided.
    parts = [condition(pattern, now) for pattern in sorted(patterns, key=_is_text)]
    return Condition(
        f"({operator.join(part.sql for part in parts) or empty})",
        tuple(value for part in parts for value in part.parameters),
    )


def _is_text(pattern: Pattern) -> bool:
    return not isinstance(pattern, HasFlag | Dated | Sized)


def _between(column: str, least: int | None, end: int | None) -> Condition:
    bounds = ((f"{column} >= ?", least), (f"{column} < ?", end))
    given = [(sql, value) for sql, value in bounds if value is not None]
    sql = " AND ".join(sql for sql, _ in given) or "1"
    return Condition(f"({sql})", tuple(value for _, value in given))


def _keyword(name: str) -> Condition:
    like = _like_text(name)
    sql = r"' ' || coalesce(keywords, '') || ' ' LIKE ? ESCAPE '\'"
    return Condition(f"({sql} OR {sql})", (f"% {like} %", f"% ${like} %"))


def _text(pattern: Text) -> Condition:
    columns = [column for field in pattern.fields for column in _COLUMNS[field]]
    if not pattern.ignore_case:
        test, value = "instr({}, ?) > 0", pattern.text
    elif pattern.text.isascii():
        test, value = r"{} LIKE ? ESCAPE '\'", f"%{_like_text(pattern.text)}%"
    else:
        # LIKE knows the case of ASCII letters only.
        test, value = "{} GLOB ?", f"*{''.join(map(_either_case, pattern.text))}*"
    sql = " OR ".join(test.format(column) for column in columns)
    return Condition(f"({sql})", (value,) * len(columns))


def _like_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _either_case(character: str) -> str:
    """A GLOB set of a character's cases; a set also takes the meaning off ``*``, ``?``, ``[``."""
    others = (character.upper(), character.title())
    cases = {character, *(other for other in others if len(other) == 1)}
    return f"[{''.join(sorted(cases))}]" if len(cases) > 1 or character in "*?[" else character
