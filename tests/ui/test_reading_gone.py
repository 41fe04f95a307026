"""Whether the message that is read is still among those of its folder."""

from array import array

import pytest

from tui_mail.ui.controllers.reading import is_gone


@pytest.mark.parametrize(
    ("order", "uid", "gone"),
    [
        ([], 5, True),
        ([5], 5, False),
        ([9, 7, 5, 2], 7, False),
        ([9, 7, 5, 2], 2, False),
        ([9, 7, 5, 2], 6, True),
        ([9, 7, 5, 2], 1, True),
        ([9, 7, 5, 2], 10, True),
        # While UIDs are unknown nothing can be said.
        ([9, 0, 0, 2], 5, False),
        ([0, 0], 5, False),
    ],
)
def test_a_message_that_is_not_in_the_list_is_gone(order, uid, gone):
    assert is_gone(array("I", order), uid) is gone
