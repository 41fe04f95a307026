"""What the answers to one command say, put together as they arrive, and bounded.

Takes what was asked for and nothing else: a server may send what it likes beside it. Values
only; asks nothing and stores nothing.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection
from dataclasses import fields, replace
from operator import lt

from tui_mail.errors import ProtocolError
from tui_mail.mail.records import to_record, to_structure
from tui_mail.mail.sequence_map import LIMIT
from tui_mail.mail.store import MessageRecord
from tui_mail.wire.responses import ESearchData, Fetch, Response, SearchData


class Summaries:
    """Rows out of FETCH responses, each made as soon as it is whole.

    A server may tell about a message in several responses (RFC 9051, 7.5.2), and about others
    unasked. ``wanted`` tells those asked for; ``most`` is how many of them there can be.
    """

    def __init__(self, wanted: Callable[[Fetch], bool], most: int) -> None:
        self.records: dict[int, MessageRecord] = {}
        self._wanted = wanted
        self._most = most
        self._partial: dict[int, Fetch] = {}

    def receive(self, response: Response) -> None:
        if not isinstance(response, Fetch) or response.uid is None:
            return
        uid = response.uid
        if uid in self.records or not self._wanted(response):
            return
        if len(self.records) + len(self._partial) >= self._most and uid not in self._partial:
            return
        partial = self._partial.pop(uid, None)
        told = response if partial is None else _together(partial, response)
        if told.flags is None or not self._make(told):
            self._partial[uid] = _small(told)

    def finish(self) -> list[MessageRecord]:
        """The answer has ended: what is still in parts will not become more."""
        for told in self._partial.values():
            self._make(told)  # flags that did not come with it have been taken by themselves
        self._partial.clear()
        return list(self.records.values())

    def _make(self, told: Fetch) -> bool:
        record = to_record(told)
        if record is None or told.uid is None:
            return False
        self.records[told.uid] = record
        return True


def _together(first: Fetch, second: Fetch) -> Fetch:
    told = {
        each.name: value
        for each in fields(Fetch)
        if (value := getattr(second, each.name)) not in (None, ())
    }
    return replace(first, **told)


def _small(told: Fetch) -> Fetch:
    return replace(told, sections=(), body_structure=None, body_structure_raw=None)


class Structures:
    """BODYSTRUCTURE of the UIDs asked for: ``found`` is what ``Store.put_structures`` takes.

    ``unreadable`` are those for which the server's answer made no sense.
    """

    def __init__(self, wanted: Collection[int]) -> None:
        self.found: dict[int, tuple[int, bool, bytes]] = {}
        self.unreadable: set[int] = set()
        self._wanted = frozenset(wanted)

    def receive(self, response: Response) -> None:
        if not isinstance(response, Fetch) or response.uid not in self._wanted:
            return
        structure = to_structure(response)
        if structure is not None:
            self.found[response.uid] = structure
            self.unreadable.discard(response.uid)
        elif response.uid not in self.found and any("BODY" in item for item in response.broken):
            self.unreadable.add(response.uid)


class Sections:
    """Body sections of one message (RFC 9051, 6.4.5), each cut at its limit in octets.

    ``found`` has the octets by the section's name without its partial origin, None for NIL.
    ``partial`` are the sections whose answer said that it is a piece, as it should.
    """

    def __init__(self, uid: int, limits: dict[str, int]) -> None:
        self.answered = False
        self.structure: Fetch | None = None
        self.found: dict[str, bytes | None] = {}
        self.partial: set[str] = set()
        self._uid = uid
        self._limits = limits

    def receive(self, response: Response) -> None:
        if not isinstance(response, Fetch) or response.uid != self._uid:
            return
        self.answered = True
        if response.body_structure is not None:
            self.structure = replace(response, sections=())
        for name, data in response.sections:
            section, _, origin = name.partition("<")
            if section not in self._limits or section in self.found:
                continue
            self.found[section] = None if data is None else data[: self._limits[section]]
            if origin:
                self.partial.add(section)

    def bodies(self) -> dict[str, tuple[bytes, bool]]:
        """The octets of each section that was answered, and whether they are all of it."""
        return {
            section: (data or b"", len(data or b"") < self._limits[section])
            for section, data in self.found.items()
        }


class Searched:
    """The UIDs of SEARCH or ESEARCH (RFC 9051, 7.3.4; RFC 3501, 7.2.5), ascending, each once.

    ``take`` is called with them as they stand when a response has added some (what the server
    says next already counts from there), and once more, with True, when the answer has ended. It
    says whether it could use them; ``taken`` is what it said last. ``answered`` is False when no
    response came that could be read.
    """

    def __init__(self, take: Callable[[array[int], bool], bool]) -> None:
        self.uids: array[int] = array("I")
        self.answered = False
        self.taken = False
        self._take = take

    def receive(self, response: Response) -> None:
        match response:
            case ESearchData(uid=True, all=found):
                try:
                    self.uids = found.to_array(LIMIT) if found is not None else array("I")
                except ProtocolError:
                    return  # it names more messages than any mailbox has
            case SearchData(numbers=numbers) if len(self.uids) + len(numbers) <= LIMIT:
                self.uids = _ascending(self.uids + numbers)
            case _:
                return
        self.answered = True
        self.taken = self._take(self.uids, False)

    def take_again(self) -> bool:
        """Whether they can be used now at the latest, when the answer has ended."""
        if self.answered and not self.taken:
            self.taken = self._take(self.uids, True)
        return self.taken


def _ascending(uids: array[int]) -> array[int]:
    if all(map(lt, uids, uids[1:])):
        return uids
    return array("I", sorted(set(uids)))
