"""Each message is told once, whoever saw it first, and the right ones may make a noise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.news_arrivals import MOST_OWN, Arrival, Arrivals
from tui_mail.model import DELETED, DRAFT, FLAGGED, SEEN, MailboxStatus, MessageSummary

NOW = 1_700_000_000.0
LISTS = b"Lists"


def message(uid: int, *flags: str, date: float = NOW) -> MessageSummary:
    return MessageSummary(uid, frozenset(flags), int(date), 1, "Bea", "Anna", f"mail {uid}")


def figures(uid_next: int | None, validity: int | None = 7) -> MailboxStatus:
    return MailboxStatus(uid_next=uid_next, uid_validity=validity)


def begun(uid_next: int = 10) -> Arrivals:
    arrivals = Arrivals()
    assert arrivals.figures(LISTS, figures(uid_next), NOW) is None
    return arrivals


def take(
    arrivals: Arrivals, *messages: MessageSummary, count: int | None = None, uid_next: int = 0
) -> Arrival:
    return arrivals.take(
        LISTS,
        messages,
        count=len(messages) if count is None else count,
        uid_next=uid_next or messages[-1].uid + 1,
        now=NOW,
    )


def uids(messages: tuple[MessageSummary, ...] | None) -> list[int]:
    return [each.uid for each in messages or ()]


def test_the_first_figures_are_where_telling_begins() -> None:
    arrivals = begun(10)
    assert arrivals.figures(LISTS, figures(10), NOW) is None
    assert arrivals.figures(LISTS, figures(12), NOW) == 10
    arrival = take(arrivals, message(10), message(11))
    assert (uids(arrival.messages), uids(arrival.fresh), arrival.count) == ([10, 11], [10, 11], 2)
    assert arrivals.figures(LISTS, figures(12), NOW) is None


def test_what_both_sides_see_is_told_once() -> None:
    arrivals = begun(10)
    assert take(arrivals, message(10), message(11)).count == 2
    again = take(arrivals, message(10), message(11), message(12))
    assert (uids(again.messages), again.count) == ([12], 1)
    assert take(arrivals, message(12)).count == 0


def test_nothing_makes_a_noise_where_nobody_had_looked() -> None:
    arrival = take(Arrivals(), message(3), count=40)
    assert (uids(arrival.messages), arrival.count, arrival.fresh) == ([3], 40, None)


def test_figures_without_uidnext_say_nothing() -> None:
    arrivals = begun(10)
    assert arrivals.figures(LISTS, figures(None), NOW) is None
    assert arrivals.figures(b"other", figures(None), NOW) is None
    assert arrivals.figures(LISTS, figures(11), NOW) == 10


def test_another_uidvalidity_begins_anew() -> None:
    arrivals = begun(10)
    assert arrivals.figures(LISTS, figures(500, validity=8), NOW) is None
    assert arrivals.figures(LISTS, figures(501, validity=8), NOW) == 500
    # NOTIFY tells UIDNEXT without it.
    assert arrivals.figures(LISTS, figures(502, validity=None), NOW) == 500


def test_a_uidvalidity_learned_later_changes_nothing() -> None:
    arrivals = Arrivals()
    take(arrivals, message(9))
    assert arrivals.figures(LISTS, figures(12), NOW) == 10
    assert arrivals.figures(LISTS, figures(400, validity=8), NOW) is None


@pytest.mark.parametrize("flag", [SEEN, DELETED, DRAFT])
def test_what_somebody_has_dealt_with_makes_no_noise(flag: str) -> None:
    arrival = take(begun(10), message(10, flag), message(11, FLAGGED))
    assert uids(arrival.messages) == [10, 11]
    assert uids(arrival.fresh) == [11]


def test_what_is_older_than_the_last_look_was_moved_here() -> None:
    arrivals = begun(10)
    arrivals.figures(LISTS, figures(10), NOW + 86_400)
    arrival = take(arrivals, message(10, date=NOW), message(11, date=NOW + 86_400))
    assert uids(arrival.fresh) == [11]


def test_own_messages_are_no_news() -> None:
    arrivals = begun(10)
    arrivals.own(LISTS, [10, 12])
    arrival = take(arrivals, message(10), message(11), message(12))
    assert (uids(arrival.messages), arrival.count) == ([11], 1)
    arrivals.own(b"other", [13])
    assert take(arrivals, message(13)).count == 1


def test_only_so_many_own_messages_are_remembered() -> None:
    arrivals = begun(1)
    arrivals.own(LISTS, range(1, MOST_OWN + 2))
    arrival = take(arrivals, message(1), message(2))
    assert uids(arrival.messages) == [1]


def test_of_many_only_the_newest_are_given_and_all_are_counted() -> None:
    arrival = take(begun(10), *(message(uid) for uid in range(90, 100)), count=90)
    assert (len(arrival.messages), arrival.count) == (10, 90)


def test_a_mailbox_that_is_gone_is_forgotten() -> None:
    arrivals = begun(10)
    arrivals.forget(LISTS)
    assert arrivals.figures(LISTS, figures(2), NOW) is None
    assert arrivals.figures(LISTS, figures(3), NOW) == 2


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 10)), max_size=30))
def test_no_message_is_told_twice_whatever_is_seen_when(seen: list[tuple[int, int]]) -> None:
    arrivals = begun(1)
    told: list[int] = []
    for first, many in seen:
        messages = [message(uid) for uid in range(first, first + many)]
        arrival = arrivals.take(
            LISTS, messages, count=len(messages), uid_next=first + many, now=NOW
        )
        assert arrival.count == len(arrival.messages)
        told += uids(arrival.messages)
    assert len(told) == len(set(told))
