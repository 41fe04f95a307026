"""The map of sequence numbers against a model of a server that says what it likes."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_mail.mail.sequence_map import LIMIT, SequenceMap, missing
from tui_mail.wire.sequence_set import SequenceSet

UIDS = st.lists(st.integers(1, 200), unique=True, max_size=30).map(sorted)


def uids(*numbers: int) -> array[int]:
    return array("I", numbers)


class _Server:
    """A mailbox, and a map that is told of everything that happens to it, in order."""

    def __init__(self, there: list[int]) -> None:
        self.there = list(there)
        self.next = (there[-1] if there else 0) + 1
        self.map = SequenceMap()
        assert self.map.exists(len(there))

    def arrive(self, count: int) -> None:
        self.there += range(self.next, self.next + count)
        self.next += count
        assert self.map.exists(len(self.there))

    def expunge(self, place: int) -> None:
        if not self.there:
            return
        sequence = place % len(self.there) + 1
        gone = self.there.pop(sequence - 1)
        assert self.map.expunge(sequence) in (0, gone)

    def vanish(self, place: int) -> None:
        if not self.there:
            return
        gone = self.there.pop(place % len(self.there))
        removed, sure = self.map.vanish(SequenceSet.from_numbers([gone, self.next + 5]))
        assert removed in ([], [gone])
        if self.map.complete or not removed:
            # Where the message may have been one without a UID, the map says that it is unsure.
            assert sure == bool(removed)
        if not removed:
            self.map = SequenceMap()
            assert self.map.exists(len(self.there))

    def fetch(self, place: int) -> None:
        if self.there:
            sequence = place % len(self.there) + 1
            assert self.map.learn(sequence, self.there[sequence - 1])

    def search(self, _: int) -> None:
        assert self.map.assign(uids(*self.there))


STEPS = ("arrive", "expunge", "vanish", "fetch", "search")


@settings(max_examples=300, deadline=None)
@given(UIDS, st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 40)), max_size=40))
def test_whatever_happens_the_map_knows_no_wrong_uid(
    there: list[int], steps: list[tuple[str, int]]
) -> None:
    server = _Server(there)
    for name, place in steps:
        getattr(server, name)(place)
        known = server.map.uids
        assert len(server.map) == len(server.there)
        assert all(uid in (0, right) for uid, right in zip(known, server.there, strict=True))
        assert server.map.unknown == known.count(0)
        assert server.map.complete == (list(known) == server.there)
    server.search(0)
    assert list(server.map.uids) == server.there


@settings(max_examples=300, deadline=None)
@given(
    UIDS,
    st.lists(
        st.one_of(
            st.tuples(st.just("exists"), st.integers(0, 2**32 - 1).filter(lambda n: n < 99)),
            st.tuples(st.just("expunge"), st.integers(0, 2**32 - 1)),
            st.tuples(st.just("learn"), st.integers(0, 50), st.integers(1, 2**32 - 1)),
            st.tuples(st.just("vanish"), UIDS.filter(bool)),
            st.tuples(st.just("assign"), UIDS),
        ),
        max_size=30,
    ),
)
def test_nonsense_never_breaks_it(there: list[int], said: list[tuple]) -> None:  # type: ignore[type-arg]
    """It stays ascending where it is known, with no UID twice, whatever a server says."""
    here = SequenceMap(uids(*there))
    for name, *arguments in said:
        if name == "vanish":
            arguments = [SequenceSet.from_numbers(arguments[0])]
        elif name == "assign":
            arguments = [uids(*arguments[0])]
        getattr(here, name)(*arguments)
        assert here.unknown == here.uids.count(0)
        if here.complete:
            assert list(here.uids) == sorted(set(here.uids))


def test_a_count_that_shrinks_or_is_absurd_is_not_taken() -> None:
    here = SequenceMap(uids(1, 2, 3))
    assert not here.exists(2)
    assert not here.exists(LIMIT + 1)
    assert not here.exists(2**32 - 1)
    assert list(here.uids) == [1, 2, 3]


def test_expunge_of_what_is_not_there() -> None:
    here = SequenceMap(uids(1, 2))
    assert here.expunge(3) is None and here.expunge(0) is None
    assert here.expunge(2) == 2
    assert list(here.uids) == [1]


@pytest.mark.parametrize(
    ("sequence", "uid"),
    [(1, 5), (2, 4), (2, 1), (2, 7), (3, 7), (4, 9), (0, 9)],
)
def test_a_uid_that_contradicts_what_is_known(sequence: int, uid: int) -> None:
    here = SequenceMap(uids(4, 0, 7))
    assert not here.learn(sequence, uid) or (sequence, uid) == (3, 7)
    assert list(here.uids) == [4, 0, 7]


def test_a_list_that_contradicts_what_is_known() -> None:
    here = SequenceMap(uids(4, 0, 7))
    assert not here.assign(uids(4, 5))
    assert not here.assign(uids(4, 5, 8))
    assert list(here.uids) == [4, 0, 7]
    assert here.assign(uids(4, 5, 7))
    assert here.complete and 5 in here and 6 not in here


def test_vanished_names_all_the_uids_there_can_be() -> None:
    here = SequenceMap(uids(4, 5, 2**32 - 1))
    assert here.vanish(SequenceSet.parse(b"5:4294967295")) == ([5, 2**32 - 1], True)
    here = SequenceMap(uids(4, 0))
    assert here.vanish(SequenceSet.parse(b"1:*")) == ([4], False)


@settings(max_examples=200, deadline=None)
@given(UIDS, UIDS)
def test_what_is_missing(before: list[int], now: list[int]) -> None:
    found = [uid for block in missing(uids(*before), uids(*now)) for uid in block]
    assert found == sorted(set(before) - set(now))


def test_what_is_missing_from_a_large_mailbox_comes_in_blocks() -> None:
    before = uids(*range(1, 200_001))
    now = uids(*(uid for uid in before if uid not in (7, 150_000)))
    blocks = list(missing(before, now))
    assert len(blocks) > 10
    assert [uid for block in blocks for uid in block] == [7, 150_000]
