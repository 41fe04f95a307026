"""What SELECT answers, gathered from its untagged responses. Values only; asks nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TypeVar

from tui_mail.wire.responses import (
    Condition,
    Exists,
    Expunge,
    Fetch,
    FlagsData,
    Response,
    Vanished,
)
from tui_mail.wire.sequence_set import SequenceSet

Told = TypeVar("Told")

MOST_FETCHED = 200_000  # responses; more has changed than is worth taking one by one
MOST_VANISHED = 200_000  # ranges of UIDs

_FIGURES = {
    "UIDVALIDITY": "uid_validity",
    "UIDNEXT": "uid_next",
    "HIGHESTMODSEQ": "highest_modseq",
    "PERMANENTFLAGS": "permanent_flags",
}


@dataclass(slots=True)
class Selected:
    """RFC 9051, 6.3.2; RFC 7162, 3.2.5.

    ``exists`` is None, and ``uid_validity`` 0, when the server did not say, or nothing that could
    be read. ``permanent_flags`` None means all of ``flags``.
    ``unsure`` when something came in between that only a full resynchronisation can place.
    """

    exists: int | None = None
    uid_validity: int = 0
    uid_next: int = 0
    highest_modseq: int | None = None
    flags: frozenset[str] = frozenset()
    permanent_flags: frozenset[str] | None = None
    read_only: bool = False
    vanished: list[SequenceSet] = field(default_factory=list)
    fetched: list[Fetch] = field(default_factory=list)
    unsure: bool = False
    ranges: int = 0

    def take(self, response: Response) -> None:
        """Note an untagged response. CLOSED ends what belonged to the previous mailbox."""
        match response:
            case Condition(code=code) if code is not None:
                if code.name == "CLOSED":
                    self._start_over()
                elif code.name in _FIGURES and code.arguments:
                    setattr(self, _FIGURES[code.name], code.arguments[0])
            case Exists(count=count):
                self.exists = count
            case FlagsData(flags=flags):
                self.flags = flags
            case Vanished(uids=uids, earlier=True):
                self.ranges += len(uids.ranges)
                self._keep(self.vanished, uids, self.ranges <= MOST_VANISHED)
            case Fetch(flags=flags) if flags is not None:
                told = Fetch(
                    response.sequence, uid=response.uid, flags=flags, modseq=response.modseq
                )
                self._keep(self.fetched, told, len(self.fetched) < MOST_FETCHED)
            case Expunge() | Vanished():
                self.unsure = True

    def _keep(self, kept: list[Told], told: Told, room: bool) -> None:
        if room:
            kept.append(told)
        else:
            self.unsure = True

    def _start_over(self) -> None:
        fresh = Selected()
        for each in fields(self):
            setattr(self, each.name, getattr(fresh, each.name))
