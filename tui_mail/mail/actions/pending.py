"""How mailboxes look with what is still waiting: flags as they will be, rows that will be gone."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from tui_mail.mail.actions.entries import Entry, union
from tui_mail.model import DELETED
from tui_mail.wire.sequence_set import SequenceSet

_NONE = SequenceSet()


class Pending:
    """Entries by mailbox. ``hidden`` and ``visible`` may be asked from any thread."""

    def __init__(self) -> None:
        self._flagging: dict[int, list[Entry]] = {}
        self._touched: dict[int, SequenceSet] = {}
        self._hiding: dict[int, list[Entry]] = {}
        self._hidden: dict[int, SequenceSet] = {}
        self._sparing: dict[int, Entry] = {}

    def add(self, entry: Entry) -> None:
        self.note(entry)
        self._entries(entry).setdefault(entry.mailbox_id, []).append(entry)
        self._gather(entry.mailbox_id)

    def remove(self, entry: Entry) -> None:
        entries = self._entries(entry).get(entry.mailbox_id, [])
        if entry in entries:
            entries.remove(entry)
            self._gather(entry.mailbox_id)
        if self._sparing.get(entry.mailbox_id) is entry:
            del self._sparing[entry.mailbox_id]

    def note(self, entry: Entry) -> None:
        """Its facts are other ones now: messages of others may be without their mark for it."""
        if entry.facts.unmarked:
            self._sparing[entry.mailbox_id] = entry
        elif self._sparing.get(entry.mailbox_id) is entry:
            del self._sparing[entry.mailbox_id]

    def flags(self, mailbox_id: int, uid: int, flags: frozenset[str]) -> frozenset[str]:
        """The server's flags of a message with what waits to be changed."""
        sparing = self._sparing.get(mailbox_id)
        if sparing is not None and uid in sparing.facts.unmarked:
            flags = flags | {DELETED}
        if uid not in self._touched.get(mailbox_id, _NONE):
            return flags
        for entry in self._flagging[mailbox_id]:
            action = entry.flags
            if action is not None and uid in entry.uids:
                flags = action.apply(flags)
        return flags

    def hidden(self, mailbox_id: int) -> SequenceSet:
        """The messages that will be gone."""
        return self._hidden.get(mailbox_id, _NONE)

    def visible(self, mailbox_id: int, order: array[int]) -> array[int]:
        """UIDs, ascending but for zeros that are not known yet, without those hidden."""
        hidden = self.hidden(mailbox_id)
        if not hidden:
            return order
        if 0 in order:
            return array("I", [uid for uid in order if uid not in hidden])
        shown = array("I")
        start = 0
        for first, last in hidden.ranges:
            shown.extend(order[start : bisect_left(order, first, start)])
            start = bisect_right(order, last, start)
        shown.extend(order[start:])
        return shown

    def _entries(self, entry: Entry) -> dict[int, list[Entry]]:
        return self._hiding if entry.hides else self._flagging

    def _gather(self, mailbox_id: int) -> None:
        self._hidden[mailbox_id] = _union(self._hiding.get(mailbox_id, ()))
        flagging = self._flagging.get(mailbox_id, ())
        self._touched[mailbox_id] = _union(entry for entry in flagging if entry.flags)


def _union(entries: Iterable[Entry]) -> SequenceSet:
    return union(entry.uids for entry in entries)
