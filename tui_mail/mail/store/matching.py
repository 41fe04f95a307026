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
from typing import TYPE_CHECKING

from tui_mail.mail.store.database import numbers
from tui_mail.mail.store.tables import BASE, END, Tables

if TYPE_CHECKING:
    from tui_mail.mail.patterns import Pattern
    from tui_mail.mail.store.conditions import Condition

SLICE_ROWS = 2000  # looked at in one call: a few ms at most, for which rows on screen wait
_SLICE_UIDS = 1000


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


def _compiled(pattern: Pattern, now: float | None) -> Condition:
    # Patterns take a moment to load, and most starts need none.
    from tui_mail.mail.store.conditions import condition

    return condition(pattern, time.time() if now is None else now)
