"""Where a message went when the order changed: checked against the slow and plain way."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.ui.widgets.order import common_ends, find, follow


def uids(*numbers):
    return array("I", numbers)


ORDERS = st.lists(st.integers(1, 60), unique=True).map(lambda numbers: array("I", numbers))
SORTED = ORDERS.map(lambda order: array("I", sorted(order, reverse=True)))


def plain_follow(old, new, index):
    for uid in [*old[index:], *reversed(old[:index])]:
        if uid in new:
            return list(new).index(uid)
    return None


@given(ORDERS | SORTED, ORDERS | SORTED, st.data())
def test_follow_finds_the_message_or_its_nearest_neighbor(old, new, data):
    if not old:
        return
    index = data.draw(st.integers(0, len(old) - 1))
    expected = plain_follow(old, new, index)
    found = follow(old, new, index)
    if expected is None:
        assert 0 <= found <= max(0, len(new) - 1)
    else:
        assert found == expected


@given(ORDERS, ORDERS)
def test_common_ends(old, new):
    start, end = common_ends(old, new)
    assert old[:start] == new[:start]
    assert end == 0 or old[-end:] == new[-end:]
    assert start + end <= min(len(old), len(new))
    if start < min(len(old), len(new)):
        assert old[start] != new[start]
    if start + end < min(len(old), len(new)):
        assert old[-1 - end] != new[-1 - end]


@given(ORDERS | SORTED, st.integers(0, 70))
def test_find(order, uid):
    assert find(order, uid) == (list(order).index(uid) if uid in order else None)


@pytest.mark.parametrize(
    ("old", "new", "index", "expected"),
    [
        # What is not known yet is told by its place, counted from the end it hangs on.
        (uids(0, 0, 0, 0), uids(9, 8, 0, 0), 0, 0),
        (uids(0, 0, 0, 0), uids(9, 8, 0, 0), 3, 3),
        (uids(5, 4, 0, 0), uids(7, 6, 5, 4, 0, 0), 2, 4),
        (uids(5, 4, 0, 0), uids(5, 4, 3, 2), 2, 2),
        (uids(5, 4, 0, 0), uids(5), 3, 0),
        (uids(5, 4), uids(), 1, 0),
    ],
)
def test_follow_with_unknown_uids(old, new, index, expected):
    assert follow(old, new, index) == expected


def test_a_million():
    old = array("I", range(1_000_000, 0, -1))
    new = array("I", [1_000_002, 1_000_001]) + old[:500_000] + old[500_001:]
    assert follow(old, new, 499_999) == 500_001
    assert follow(old, new, 500_000) == 500_002
    assert follow(old, new, 999_999) == 1_000_000
