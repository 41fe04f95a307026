"""The messages a pattern names, found by SQLite in bounded slices. Reads only.

Only messages that have a row can be found; those still to be fetched are asked about with
``matching_among`` when their rows have come.
"""

from __future__ import annotations

import json
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
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
from tui_mail.mail.store.database import Value, numbers
from tui_mail.mail.store.flags import BITS
from tui_mail.mail.store.tables import BASE, END, Tables

SLICE_ROWS = 2000  # looked at in one call: a few ms at most, for which rows on screen wait
_SLICE_UIDS = 1000

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


@dataclass(frozen=True, slots=True)
class Matches:
    """What one slice found, newest first; go on ``below`` this UID, 0 when all were looked at."""

    uids: array[int]
    below: int


class Matching(Tables):
    def matching(
        self,
        mailbox_id: int,
        pattern: Pattern,
        *,
        below: int = END,
        rows: int = SLICE_ROWS,
        now: float | None = None,
    ) -> Matches:
        """The next UIDs that match, in the order of the list: newest first.

        Looks at no more than ``rows`` messages. Call again with ``below`` of the answer until it
        is 0. ``now`` (seconds since the epoch) is what relative dates count from.
        """
        base = self._base(mailbox_id)
        if base is None or below <= 1:
            return Matches(array("I"), 0)
        condition, parameters = _compiled(pattern, now)
        found = self._database.row(
            f"SELECT json_group_array(key - ?) FILTER (WHERE {condition}), min(key), count(*)"
            " FROM (SELECT * FROM message WHERE key > ? AND key < ? ORDER BY key DESC LIMIT ?)",
            base,
            *parameters,
            base,
            base + below,
            rows,
        )
        assert found is not None  # an aggregate always has its one row
        uids, lowest, count = found
        return Matches(array("I", json.loads(uids)), lowest - base if count == rows else 0)

    def matching_among(
        self, mailbox_id: int, pattern: Pattern, uids: Sequence[int], *, now: float | None = None
    ) -> array[int]:
        """Those of these UIDs that match, in the order given; for rows that are new or changed."""
        condition, parameters = _compiled(pattern, now)
        found = array("I")
        for start in range(0, len(uids), _SLICE_UIDS):
            matched = {
                uid
                for (uid,) in self._database.select(
                    "json_each.value",
                    f"FROM json_each(?) CROSS JOIN message"
                    f" ON message.key = {BASE} + json_each.value WHERE {condition}",
                    numbers(uids[start : start + _SLICE_UIDS]),
                    mailbox_id,
                    *parameters,
                )
            }
            found.extend(uid for uid in uids[start : start + _SLICE_UIDS] if uid in matched)
        return found


class _Condition(NamedTuple):
    """An SQL expression over ``message`` that is 1 or 0, never NULL."""

    sql: str
    parameters: tuple[Value, ...]


def _compiled(pattern: Pattern, now: float | None) -> _Condition:
    return _condition(pattern, time.time() if now is None else now)


def _condition(pattern: Pattern, now: float) -> _Condition:
    match pattern:
        case And(patterns):
            return _joined(" AND ", "1", patterns, now)
        case Or(patterns):
            return _joined(" OR ", "0", patterns, now)
        case Not(negated):
            sql, parameters = _condition(negated, now)
            return _Condition(f"NOT {sql}", parameters)
        case HasFlag(flag):
            return _Condition(f"(flags & {BITS[flag]} <> 0)", ())
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


def _joined(operator: str, empty: str, patterns: tuple[Pattern, ...], now: float) -> _Condition:
    # Texts are looked for where nothing cheaper has decided.
    parts = [_condition(pattern, now) for pattern in sorted(patterns, key=_is_text)]
    return _Condition(
        f"({operator.join(part.sql for part in parts) or empty})",
        tuple(value for part in parts for value in part.parameters),
    )


def _is_text(pattern: Pattern) -> bool:
    return not isinstance(pattern, HasFlag | Dated | Sized)


def _between(column: str, least: int | None, end: int | None) -> _Condition:
    bounds = ((f"{column} >= ?", least), (f"{column} < ?", end))
    given = [(sql, value) for sql, value in bounds if value is not None]
    sql = " AND ".join(sql for sql, _ in given) or "1"
    return _Condition(f"({sql})", tuple(value for _, value in given))


def _keyword(name: str) -> _Condition:
    like = _like_text(name)
    sql = r"' ' || coalesce(keywords, '') || ' ' LIKE ? ESCAPE '\'"
    return _Condition(f"({sql} OR {sql})", (f"% {like} %", f"% ${like} %"))


def _text(pattern: Text) -> _Condition:
    columns = [column for field in pattern.fields for column in _COLUMNS[field]]
    if not pattern.ignore_case:
        test, value = "instr({}, ?) > 0", pattern.text
    elif pattern.text.isascii():
        test, value = r"{} LIKE ? ESCAPE '\'", f"%{_like_text(pattern.text)}%"
    else:
        # LIKE knows the case of ASCII letters only.
        test, value = "{} GLOB ?", f"*{''.join(map(_either_case, pattern.text))}*"
    sql = " OR ".join(test.format(column) for column in columns)
    return _Condition(f"({sql})", (value,) * len(columns))


def _like_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _either_case(character: str) -> str:
    """A GLOB set of a character's cases; a set also takes the meaning off ``*``, ``?``, ``[``."""
    others = (character.upper(), character.title())
    cases = {character, *(other for other in others if len(other) == 1)}
    return f"[{''.join(sorted(cases))}]" if len(cases) > 1 or character in "*?[" else character
