"""The message list in a tiny application: rows on demand, and a cursor that stays on its UID."""

import asyncio
import random
from array import array
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App

from tui_mail.model import SEEN, MessageSummary
from tui_mail.ui.widgets.message_list import ROWS_KEPT, MessageList

NOW = 1_709_800_000
HEIGHT = 24


def newest_first(count):
    return array("I", range(count, 0, -1))


def summary(uid, **fields):
    values = {
        "flags": frozenset({SEEN}),
        "internal_date": NOW - uid * 60,
        "size": 2000,
        "sender": f"sender {uid}",
        "recipients": f"recipient {uid}",
        "subject": f"subject {uid}",
    }
    return MessageSummary(uid=uid, **values | fields)


class Recording(MessageList):
    def __init__(self):
        super().__init__(now=lambda: NOW)
        self.drawn = []

    def render_row(self, index, width, cursor):
        self.drawn.append(index)
        return super().render_row(index, width, cursor)


class Host(App):
    """Plays the store: answers what is wanted at once, while ``answers`` is True."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, *, answers=True):
        super().__init__()
        self.answers = answers
        self.list = Recording()
        self.wanted = []
        self.moved = []
        self.opened = []

    def compose(self):
        yield self.list

    def on_mount(self):
        self.list.focus()

    def on_message_list_rows_wanted(self, event):
        self.wanted.append((event.uids, event.indexes))
        if self.answers:
            self.list.set_rows(summary(uid) for uid in event.uids)

    def on_message_list_cursor_moved(self, event):
        self.moved.append((event.uid, event.index))

    def on_message_list_opened(self, event):
        self.opened.append(event.uid)

    def lines(self):
        return [
            "".join(segment.text for segment in strip)
            for strip in self.screen._compositor.render_strips(self.size)
        ]

    def shown_uids(self):
        shown = self.list.shown
        return list(self.list.order[shown.start : shown.stop])


@pytest.fixture
async def host():
    app = Host()
    async with app.run_test(size=(80, HEIGHT)) as pilot:
        app.settle = pilot.pause
        app.pilot = pilot
        yield app


async def opened(host, order):
    host.list.set_order(order)
    await host.settle()
    for record in (host.list.drawn, host.wanted, host.moved):
        record.clear()


def screen_line(messages):
    return messages.cursor - messages.top


# Rows


async def test_a_million_messages_keep_a_few_pages_of_rows(host):
    await opened(host, newest_first(1_000_000))
    assert "subject 1000000" in host.lines()[0]
    host.list.end()
    await host.settle()
    assert "subject 1 " in host.lines()[-1]
    assert host.list.cursor_uid == 1
    (uids, indexes), *rest = host.wanted
    assert rest == []
    assert indexes == ()
    # The page first, then what is near it.
    assert list(uids[:HEIGHT]) == host.shown_uids()
    assert len(uids) == 3 * HEIGHT


async def test_a_placeholder_until_the_row_comes():
    app = Host(answers=False)
    async with app.run_test(size=(80, HEIGHT)) as pilot:
        app.list.set_order(newest_first(100))
        await pilot.pause()
        assert {line.strip() for line in app.lines()} == {"…"}
        app.list.drawn.clear()
        app.list.set_rows([summary(98), summary(3)])
        await pilot.pause()
        assert app.list.drawn == [2]
        assert "subject 98" in app.lines()[2]


async def test_rows_are_asked_for_once_while_they_stay_near():
    app = Host(answers=False)
    async with app.run_test(size=(80, HEIGHT)) as pilot:
        app.list.set_order(newest_first(1000))
        await pilot.pause()
        assert [set(uids) for uids, _ in app.wanted] == [set(range(1000 - 72 + 1, 1001))]
        app.list.page(1)
        await pilot.pause()
        # Only the one page that came near.
        assert set(app.wanted[1][0]) == set(range(1000 - 96 + 1, 1000 - 72 + 1))
        app.list.end()
        await pilot.pause()
        app.list.home()
        await pilot.pause()
        assert app.wanted[-1][0][0] == 1000


async def test_many_page_turns_at_once_ask_once(host):
    await opened(host, newest_first(10_000))
    for _ in range(50):
        host.list.page(1)
    await host.settle()
    assert len(host.wanted) == 1
    assert host.wanted[0][0][0] == 10_000 - 50 * HEIGHT


async def test_lines_without_a_uid_are_asked_for_by_their_index(host):
    order = array("I", [100, 99] + [0] * 50)
    await opened(host, order)
    assert host.list.row(100) == summary(100)
    host.list.set_order(order + array("I", [0]))
    await host.settle()
    uids, indexes = host.wanted[-1]
    assert uids == ()
    assert set(indexes) == set(range(2, 53))
    host.list.go_to(10)
    host.list.open_message()
    await host.settle()
    assert host.moved[-1] == (0, 10)
    assert host.opened == []


async def test_only_so_many_rows_are_kept_and_never_fewer_than_shown(host):
    await opened(host, newest_first(100_000))
    host.list.set_rows(summary(uid) for uid in range(1, 50_001))
    assert len(host.list._rows) == ROWS_KEPT
    await host.settle()
    assert all("subject" in line for line in host.lines())


async def test_a_changed_row_draws_its_line_and_an_equal_one_none(host):
    await opened(host, newest_first(100))
    host.list.set_rows([summary(100), replace(summary(95), flags=frozenset())])
    await host.settle()
    assert host.list.drawn == [5]
    assert host.lines()[5].startswith(" N")


async def test_forgotten_rows_are_asked_for_near_the_page_and_drawn_until_they_come(host):
    await opened(host, newest_first(1000))
    host.list.set_rows([summary(500)])
    host.answers = False
    host.list.forget_rows([1000, 990])
    host.list.forget_rows([950, 500])
    assert host.list.row(500) is None
    await host.settle()
    assert host.wanted == [((1000, 990, 950), ())]
    assert "subject 1000" in host.lines()[0]
    host.list.set_rows([summary(1000, subject="changed")])
    await host.settle()
    assert "changed" in host.lines()[0]


async def test_rows_that_were_lacking_are_asked_for_again_when_they_are_known():
    app = Host(answers=False)
    async with app.run_test(size=(80, HEIGHT)) as pilot:
        app.list.set_order(newest_first(1000))
        await pilot.pause()
        app.list.forget_rows([999, 998, 3])
        await pilot.pause()
        assert app.wanted[1:] == [((999, 998), ())]


async def test_forgotten_rows_that_went_out_of_reach_are_dropped(host):
    await opened(host, newest_first(1000))
    host.list.forget_rows([1000])
    host.list.end()
    await host.settle()
    assert host.list.row(1000) is None
    host.list.home()
    await host.settle()
    assert "subject 1000" in host.lines()[0]


async def test_all_rows_forgotten(host):
    await opened(host, newest_first(1000))
    host.list.forget_rows()
    await host.settle()
    assert [len(uids) for uids, _ in host.wanted] == [3 * HEIGHT]


async def test_another_mailbox_with_the_same_uids(host):
    await opened(host, newest_first(100))
    host.list.go_to(50)
    host.answers = False
    host.list.open_order(newest_first(90))
    await host.settle()
    assert (host.list.cursor, host.list.top) == (0, 0)
    assert {line.strip() for line in host.lines()} == {"…"}
    assert set(host.wanted[-1][0]) == set(range(19, 91))
    assert host.moved[-1] == (90, 0)


# The cursor


async def test_a_step_draws_two_lines(host):
    await opened(host, newest_first(1000))
    host.list.move(1)
    await host.settle()
    assert sorted(host.list.drawn) == [0, 1]
    assert host.moved == [(999, 1)]


async def test_mail_arrives_below_the_top_and_nothing_is_drawn(host):
    await opened(host, newest_first(1000))
    host.list.go_to(100)
    await host.settle()
    host.list.drawn.clear()
    before = host.lines()
    host.list.set_order(newest_first(1003))
    await host.settle()
    assert host.list.drawn == []
    assert host.lines() == before
    assert host.moved[-1] == (900, 103)


async def test_mail_arrives_while_the_newest_is_shown(host):
    await opened(host, newest_first(1000))
    host.list.set_order(newest_first(1002))
    await host.settle()
    assert host.list.cursor_uid == 1000
    assert "subject 1002" in host.lines()[0]
    # A page of it at once does not push the cursor off the screen.
    host.list.set_order(newest_first(1100))
    await host.settle()
    assert host.list.cursor_uid == 1000
    assert host.list.cursor in host.list.shown
    assert screen_line(host.list) == 2


async def test_the_message_under_the_cursor_is_expunged(host):
    await opened(host, newest_first(1000))
    host.list.go_to(100)
    line = screen_line(host.list)
    order = newest_first(1000)
    order.pop(100)
    host.list.set_order(order)
    await host.settle()
    assert host.list.cursor_uid == 899
    assert screen_line(host.list) == line
    assert host.moved[-1] == (899, 100)


async def test_the_last_message_is_expunged(host):
    await opened(host, newest_first(1000))
    host.list.end()
    order = newest_first(1000)
    order.pop()
    host.list.set_order(order)
    await host.settle()
    assert host.list.cursor_uid == 2


async def test_an_expunge_draws_what_moved_up_and_nothing_above(host):
    await opened(host, newest_first(100))
    order = newest_first(100)
    order.pop(20)
    host.list.set_order(order)
    await host.settle()
    assert host.list.drawn == [20, 21, 22, 23]


async def test_a_mailbox_runs_empty_and_fills_again(host):
    await opened(host, newest_first(5))
    host.list.go_to(4)
    host.list.set_order(array("I"))
    await host.settle()
    assert host.list.cursor_uid == 0
    assert host.list.cursor_row is None
    assert "".join(host.lines()).strip() == ""
    host.list.open_message()
    host.list.move(1)
    host.list.set_order(newest_first(3))
    await host.settle()
    assert host.list.cursor_uid == 3
    assert host.opened == []


async def test_go_to_uid(host):
    await opened(host, newest_first(1000))
    assert host.list.go_to_uid(500)
    await host.settle()
    assert host.list.cursor_uid == 500
    assert host.list.cursor_row == summary(500)
    assert not host.list.go_to_uid(5000)
    assert not host.list.go_to_uid(0)
    assert host.list.cursor_uid == 500


async def test_open(host):
    await opened(host, newest_first(10))
    host.list.move(2)
    host.list.open_message()
    await host.settle()
    assert host.opened == [8]


async def test_the_uids_around_the_cursor(host):
    await opened(host, array("I", [9, 8, 0, 6, 5, 4, 3]))
    host.list.go_to(3)
    assert host.list.uids_around(2, 3) == (5, 4, 3, 8)
    host.list.home()
    assert host.list.uids_around(2, 1) == (8,)


async def test_clicks(host):
    await opened(host, newest_first(100))
    await host.pilot.click(host.list, offset=(5, 7))
    assert host.list.cursor == 7
    await host.pilot.double_click(host.list, offset=(5, 8))
    await host.settle()
    assert host.opened == [92]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.integers(1, 60)),
        st.tuples(st.just("expunge"), st.integers(0, 2**32)),
        st.tuples(st.just("move"), st.integers(-40, 40)),
        st.tuples(st.just("end"), st.just(0)),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 120), STEPS)
def test_whatever_comes_and_goes_the_cursor_stays_on_its_message(count, steps):
    asyncio.run(_whatever_comes_and_goes(count, steps))


async def _whatever_comes_and_goes(count, steps):
    app = Host()
    async with app.run_test(size=(80, HEIGHT)) as pilot:
        order = newest_first(count)
        newest = count
        app.list.set_order(order)
        for what, number in steps:
            uid, line, top = app.list.cursor_uid, screen_line(app.list), app.list.top
            if what == "move":
                app.list.move(number)
            elif what == "end":
                app.list.end()
            elif what == "arrive":
                order = array("I", range(newest + number, newest, -1)) + order
                newest += number
                app.list.set_order(order)
            else:
                dice = random.Random(number)
                order = array("I", (one for one in order if dice.random() > 0.1))
                app.list.set_order(order)
            if what in ("arrive", "expunge") and uid in order:
                assert app.list.cursor_uid == uid
                if top and app.list.top:
                    assert screen_line(app.list) == line
            await pilot.pause()
            assert len(order) == app.list.line_count
            # What is on the screen is what the list says it shows.
            expected = [f"subject {one} " for one in app.shown_uids()]
            lines = app.lines()
            assert all(text in row for text, row in zip(expected, lines, strict=False))
            assert not "".join(lines[len(expected) :]).strip()
            reverse = [
                y
                for y in range(HEIGHT)
                if any(segment.style.reverse for segment in app.list.render_line(y))
            ]
            assert reverse == ([screen_line(app.list)] if order else [])


# What is drawn

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x9b31m\x90q\x9c",
    "[bold]x[/bold] [/foo] [@click=app.quit]quit[/]",
    "\u202egnirts\u202c",
    "a\u0300\u0301\u0302\u0303\u0304\u0305" * 20,
    "👩\u200d👩\u200d👧 ❤\ufe0f 🇩🇪 👍🏽",
    "日本語の件名" * 10,
    "한국어 제목",
    "שלום עולם",
    "\ud83d lone",
    "line\r\nInjected: header\ttab\x7f",
    "",
]


@pytest.mark.parametrize("size", [(80, 24), (140, 45), (40, 10), (10, 3)])
async def test_hostile_and_wide_texts_keep_to_their_line(size):
    app = Host(answers=False)
    async with app.run_test(size=size) as pilot:
        app.list.set_order(newest_first(len(HOSTILE)))
        app.list.set_rows(
            summary(uid, subject=text, sender=text, recipients=text)
            for uid, text in enumerate(HOSTILE, 1)
        )
        await pilot.pause()
        for index in app.list.shown:
            for cursor in (False, True):
                strip = app.list.render_row(index, size[0], cursor)
                text = "".join(segment.text for segment in strip)
                assert cell_len(text) == size[0]
                assert text.isprintable()


async def test_markup_is_text(host):
    host.answers = False
    host.list.set_order(newest_first(1))
    host.list.set_rows([summary(1, subject="[b]bold[/b] [/foo]")])
    await host.settle()
    assert "[b]bold[/b] [/foo]" in host.lines()[0]


async def test_sent_mail_shows_whom_it_is_to(host):
    await opened(host, newest_first(3))
    assert "sender 3" in host.lines()[0]
    host.list.set_show_recipients(True)
    await host.settle()
    assert "recipient 3" in host.lines()[0]


async def test_dates_follow_midnight():
    now = NOW
    messages = MessageList(now=lambda: now)
    app = Host(answers=False)
    app.list = messages
    async with app.run_test(size=(80, HEIGHT)) as pilot:
        messages.set_order(newest_first(2))
        messages.set_rows(summary(uid, internal_date=NOW) for uid in (1, 2))
        await pilot.pause()
        assert "08:26" in app.lines()[1]
        now += 86_400
        messages.move(-1)
        messages.move(1)
        await pilot.pause()
        assert " 7 Mar" in app.lines()[0]
        assert " 7 Mar" in app.lines()[1]
