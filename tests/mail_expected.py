"""Where messages must be after what programs noted down that they did, and that may be killed.

What a killed program had asked for and was not told of is looked up in the journal: either it is
there, or nothing of it has happened.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PLACES = ("INBOX", "Box", "Archive", "Trash")

Flags = frozenset[str]


@dataclass(slots=True)
class _Deed:
    """``before`` is (place, flags added, flags removed) of each message, for taking it back."""

    kind: str
    numbers: list[int]
    place: str = ""
    changes: dict[int, tuple[Flags, Flags]] = field(default_factory=dict)


class Expected:
    """Where each message must be, with which flags, and how many copies there are of it."""

    def __init__(self, count: int) -> None:
        self.place = dict.fromkeys(range(1, count + 1), "INBOX")
        self.flags: dict[int, Flags] = dict.fromkeys(self.place, frozenset())
        self.copies: Counter[int] = Counter()
        self.maybe_gone: set[int] = set()
        self.deeds: dict[int, _Deed] = {}
        self.asked: dict[str, Any] | None = None
        self.newest = 0

    def follow(self, note: dict[str, Any]) -> None:
        if "begin" in note or "undo" in note:
            self.maybe_gone.difference_update(note.get("numbers", ()))
            self.asked = note
        elif "done" in note:
            assert self.asked is not None
            self._did(self.asked, note["done"])
        elif "undone" in note:
            self._undid(note["undone"])
        elif "failed" in note and self.asked is not None and "undo" in self.asked:
            self.asked = None
        elif "failed" in note:
            raise AssertionError(f"{self.asked}: {note['failed']}")
        elif "fault" in note:
            raise AssertionError(note["fault"])

    def look_up(self, journal: Path) -> None:
        """The program was killed: whether it still did what it began last."""
        asked, self.asked = self.asked, None
        if asked is None:
            return
        with contextlib.closing(sqlite3.connect(journal)) as database:
            rows = database.execute("SELECT batch, payload, facts FROM journal").fetchall()
        kept = {
            batch: json.loads(facts)
            for batch, payload, facts in rows
            if json.loads(payload).get("keep")
        }
        if "undo" in asked:
            if kept.get(asked["undo"], {"undone": True}).get("undone"):
                self._undid(asked["undo"])
        elif asked["begin"] in ("erase", "expunge"):
            self.maybe_gone.update(asked["numbers"])
        else:
            for number in kept:
                if number > self.newest:
                    self._did(asked, number)

    def _did(self, asked: dict[str, Any], deed: int) -> None:
        self.asked = None
        if not deed:
            return
        self.newest = max(self.newest, deed)
        kind, numbers = asked["begin"], asked["numbers"]
        if kind in ("erase", "expunge"):
            for number in numbers:
                del self.place[number]
            return
        done = self.deeds[deed] = _Deed(kind, numbers, asked["place"])
        for number in numbers:
            if kind == "move":
                self.place[number] = asked["target"]
            elif kind == "copy":
                self.copies[number] += 1
            else:
                old = self.flags[number]
                named = frozenset(asked["flags"])
                new = {"add": old | named, "remove": old - named, "replace": named}
                now = self.flags[number] = new[asked["operation"]]
                done.changes[number] = (now - old, old - now)

    def _undid(self, deed: int) -> None:
        self.asked = None
        done = self.deeds.pop(deed)
        for number in done.numbers:
            if done.kind == "copy":
                self.copies[number] -= 1
            elif number not in self.place:
                # Taken back before the expunge was sent: there was nothing left to expunge.
                if done.kind == "mark":
                    self.maybe_gone.add(number)
            elif done.kind == "move":
                self.place[number] = done.place
            else:
                added, removed = done.changes[number]
                self.flags[number] = (self.flags[number] - added) | removed

    def differences(self, found: dict[str, list[tuple[int, Flags]]]) -> list[str]:
        """What is not as it must be, a line for each message. ``found`` is by mailbox."""
        wrong = []
        copies = Counter(number for number, _ in found["Copies"])
        everywhere: dict[int, list[tuple[str, Flags]]] = {}
        for place in PLACES:
            for number, flags in found[place]:
                everywhere.setdefault(number, []).append((place, flags))
        for number in sorted(self.flags):
            there = everywhere.get(number, [])
            if not there and number not in self.place:
                continue
            if number in self.maybe_gone and len(there) <= 1:
                continue
            wanted = [(self.place.get(number, "nowhere"), self.flags[number])]
            if there != wanted:
                wrong.append(f"message {number} must be {_words(wanted)}, is {_words(there)}")
        for number in sorted(copies.keys() | self.copies.keys()):
            if copies[number] != self.copies[number]:
                wrong.append(f"{copies[number]} copies of {number}, not {self.copies[number]}")
        return wrong


def _words(there: Iterable[tuple[str, Flags]]) -> str:
    return ", ".join(f"{place} ({' '.join(sorted(flags))})" for place, flags in there) or "nowhere"
