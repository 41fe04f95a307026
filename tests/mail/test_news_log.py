"""The log is bounded and may be read by any thread; its words are fit for the screen."""

from __future__ import annotations

import threading

from tui_mail import config
from tui_mail.mail.news import MOST_UIDS, Happening, NewMail, NewsLog
from tui_mail.mail.news_changes import changed_text, expunged_text
from tui_mail.model import FLAGGED, RECENT, SEEN, MessageSummary


def add(log: NewsLog, number: int) -> None:
    log.add(Happening.ARRIVED, "work", f"mail {number}", time=float(number), uids=(number,))


def test_items_have_numbers_without_gaps_and_the_oldest_go() -> None:
    log = NewsLog(most=3)
    for number in range(1, 6):
        add(log, number)
    assert [item.number for item in log.items()] == [3, 4, 5]
    assert [item.number for item in log.items(after=4)] == [5]
    assert [item.number for item in log.items(after=1)] == [3, 4, 5]
    assert log.items(after=5) == []
    assert NewsLog().items() == []


def test_the_newest_uids_are_kept() -> None:
    log = NewsLog()
    item = log.add(
        Happening.FLAGS, "work", "x", time=0.0, mailbox=b"x", uids=tuple(range(1, MOST_UIDS + 2))
    )
    assert len(item.uids) == MOST_UIDS
    assert item.uid == MOST_UIDS + 1
    assert log.add(Happening.LOST, "work", "x", time=0.0).uid is None


def test_the_listener_is_called_after_the_item_is_there() -> None:
    log = NewsLog()
    seen: list[int] = []
    log.listener = lambda: seen.append(log.items()[-1].number)
    add(log, 1)
    add(log, 2)
    log.listener = None
    add(log, 3)
    assert seen == [1, 2]


def test_reading_while_another_thread_writes() -> None:
    log = NewsLog(most=100)

    def write() -> None:
        for number in range(1, 20_001):
            add(log, number)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        numbers = [item.number for item in log.items()]
        assert numbers == list(range(numbers[0], numbers[-1] + 1)) if numbers else True
    writer.join()
    assert [item.number for item in log.items(after=19_998)] == [19_999, 20_000]


def mail(count: int, sender: str = "Bea", subject: str = "Lunch") -> NewMail:
    return NewMail("work", b"Lists", "Lists", (1,), count, sender, subject, bell=True, notify=True)


def test_the_text_of_a_notification() -> None:
    assert mail(1).text == "Lists: Bea: Lunch"
    assert mail(1200).text == "Lists: Bea: Lunch (and 1,199 more)"
    assert mail(1, "", "").text == "1 new message in Lists"
    assert mail(1200, "", "").text == "1,200 new messages in Lists"


def row(*flags: str) -> MessageSummary:
    return MessageSummary(1, frozenset(flags), 0, 1, "Bea", "Anna", "Lunch")


def test_what_changed_in_words() -> None:
    assert changed_text(row(), frozenset({SEEN})) == "Bea: Lunch: read"
    assert changed_text(row(SEEN), frozenset()) == "Bea: Lunch: unread"
    assert (
        changed_text(row(FLAGGED, "b"), frozenset({SEEN, "a"}))
        == "Bea: Lunch: read, no longer flagged, +a, -b"
    )
    assert changed_text(row(SEEN), frozenset({SEEN, RECENT})) == ""
    assert changed_text(row(), frozenset({"\x1b[2J"})).isprintable()
    many = frozenset(f"k{number}" for number in range(1000))
    assert len(changed_text(row(), many)) < 60
    label = config.Label("$label1", "urgent", "red")
    text = changed_text(row("$Label1", "x"), frozenset({"y"}), {"$label1": label})
    assert text == "Bea: Lunch: +y, -#urgent, -x"
    assert expunged_text(row()) == "Bea: Lunch: expunged"
