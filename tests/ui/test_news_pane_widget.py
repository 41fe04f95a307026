"""The news pane on a screen: following, staying, choosing, and what its lines say."""

from __future__ import annotations

import threading

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tui_mail.mail.news import Happening, NewsLog
from tui_mail.ui.widgets.news_pane import NewsPane
from tui_mail.ui.widgets.news_row import columns_for, item_parts, moment

NOW = 1_700_000_000.0  # Tue 14 Nov 2023 22:13:20 UTC
DAY = 86_400.0
SIZES = [(80, 24), (140, 45)]


class Host(App[None]):
    def __init__(self, log: NewsLog) -> None:
        super().__init__()
        self.pane = NewsPane(log, now=lambda: NOW)
        self.chosen: list[tuple[str, bytes, int | None]] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.open()
        self.pane.focus()

    def on_news_pane_chosen(self, message: NewsPane.Chosen) -> None:
        self.chosen.append((message.account, message.mailbox, message.uid))


def arrived(log: NewsLog, number: int, account: str = "work", *, time: float = NOW) -> None:
    log.add(
        Happening.ARRIVED,
        account,
        f"Bea: mail {number}",
        time=time,
        mailbox=b"Lists/python",
        path="Lists/python",
        uids=(number,),
    )


def filled(count: int) -> NewsLog:
    log = NewsLog()
    for number in range(1, count + 1):
        arrived(log, number)
    return log


def screen_of(pane: NewsPane) -> list[str]:
    return [pane.render_line(y).text.rstrip() for y in range(pane.content_size.height)]


async def settle(pilot: Pilot[None], pane: NewsPane) -> None:
    """Until the pane has drawn what was logged."""
    while pane._woken:
        await pilot.pause(0.01)
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES)
async def test_open_shows_the_newest_last_and_follows(size: tuple[int, int]) -> None:
    log = filled(100)
    app = Host(log)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        pane = app.pane
        assert pane.following and pane.cursor == 99
        assert screen_of(pane)[-1].split() == [
            "22:13",
            "new",
            "Lists/python",
            "Bea:",
            "mail",
            "100",
        ]
        arrived(log, 101)
        await settle(pilot, pane)
        assert screen_of(pane)[-1].endswith("mail 101")
        assert pane.cursor == 100
        assert "following" in str(pane.border_title)


async def test_a_reader_who_went_up_is_not_moved() -> None:
    log = filled(100)
    app = Host(log)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        pane = app.pane
        pane.page(-1)
        before, current = screen_of(pane), pane.current
        arrived(log, 101)
        await settle(pilot, pane)
        assert screen_of(pane) == before
        assert pane.current == current
        assert not pane.following
        assert "1 new below" in str(pane.border_title)
        pane.end()
        assert pane.following and pane.cursor == 100
        assert "new below" not in str(pane.border_title)
        pane.toggle_follow()
        arrived(log, 102)
        await settle(pilot, pane)
        assert pane.cursor == 100


async def test_items_that_fall_out_of_the_log_do_not_move_the_cursor() -> None:
    log = NewsLog(most=50)
    for number in range(1, 51):
        arrived(log, number)
    app = Host(log)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        pane = app.pane
        pane.go_to(30)
        for number in range(51, 61):
            arrived(log, number)
        await settle(pilot, pane)
        assert pane.current is not None and pane.current.uid == 31
        assert pane.cursor == 20
        for number in range(61, 161):
            arrived(log, number)
        await settle(pilot, pane)
        assert pane.cursor == 0
        assert pane.current is not None and pane.current.uid == 111


async def test_choosing_leads_to_the_message() -> None:
    log = filled(1)
    log.add(
        Happening.EXPUNGED,
        "work",
        "x: expunged",
        time=NOW,
        mailbox=b"INBOX",
        path="INBOX",
        uids=(7,),
    )
    log.add(Happening.RECONNECTED, "home", "Connected again after 3 s", time=NOW)
    app = Host(log)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        pane = app.pane
        for index in range(3):
            pane.go_to(index)
            pane.choose()
        await pilot.pause()
        assert app.chosen == [("work", b"Lists/python", 1), ("work", b"INBOX", None)]


async def test_closed_it_costs_nothing_and_opens_again() -> None:
    log = filled(3)
    app = Host(log)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        pane = app.pane
        pane.close()
        assert log.listener is None and pane.line_count == 0
        arrived(log, 4)
        await settle(pilot, pane)
        assert pane.line_count == 0
        pane.choose()
        pane.open()
        assert pane.line_count == 4 and pane.cursor == 3
    assert log.listener is None


async def test_an_empty_log_says_so() -> None:
    app = Host(NewsLog())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "nothing has happened yet" in str(app.pane.border_title)
        app.pane.choose()
        app.pane.move(1)


async def test_a_flood_from_another_thread_is_drawn_a_few_times() -> None:
    log = NewsLog()
    app = Host(log)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        pane = app.pane
        drawings = 0
        take = pane._take

        def counted() -> None:
            nonlocal drawings
            drawings += 1
            take()

        pane._take = counted  # type: ignore[method-assign]

        def write() -> None:
            for number in range(1, 3001):
                arrived(log, number)

        writer = threading.Thread(target=write)
        writer.start()
        writer.join()
        await settle(pilot, pane)
        assert pane.current is not None and pane.current.uid == 3000
        assert 1 <= drawings <= 3


@pytest.mark.parametrize("width", [30, 40, 59, 60, 80, 120, 200])
def test_a_line_is_as_wide_as_the_pane(width: int) -> None:
    log = NewsLog()
    for text in ("", "Bea: Café", "漢字" * 200, "a\u202eb\x1b[31m", "e" + "\u0301" * 500):
        log.add(
            Happening.REFUSED,
            "wörk",
            text,
            time=NOW,
            mailbox=b"x",
            path="Größe/漢字" * 9,
            uids=(1,),
        )
    from rich.cells import cell_len

    for item in log.items():
        text = "".join(part for part, _ in item_parts(item, columns_for(width, account=4), now=NOW))
        assert cell_len(text) == width
        assert "\x1b" not in text and "\u202e" not in text


def test_the_folder_is_named_where_there_is_no_room_for_its_column() -> None:
    log = filled(1)
    parts = item_parts(log.items()[0], columns_for(50, account=9), now=NOW)
    assert "Lists/python: Bea: mail 1" in "".join(text for text, _ in parts)
    log.add(Happening.GONE, "work", "Old is no longer there", time=NOW, mailbox=b"Old", path="Old")
    parts = item_parts(log.items()[1], columns_for(50, account=9), now=NOW)
    assert "gone     Old is no longer there" in "".join(text for text, _ in parts)


def test_several_accounts_are_told_apart() -> None:
    log = NewsLog()
    arrived(log, 1, "work")
    arrived(log, 2, "home")
    parts = item_parts(log.items()[1], columns_for(80, account=4), now=NOW)
    assert ("home ", "wire-connection") in parts


def test_a_moment_is_short() -> None:
    assert moment(NOW, NOW) == "22:13"
    assert moment(NOW - DAY, NOW) == "13 Nov"
    assert moment(NOW - 365 * DAY, NOW) == "14 Nov"
