"""Which mailboxes are watched and what in them makes a noise."""

from __future__ import annotations

import pytest

from tui_mail.config import News, NewsRule
from tui_mail.mail.news_rules import Choices, choose
from tui_mail.model import INBOX, NOSELECT, Mailbox, SpecialUse

EVERYTHING = Choices(watch=True, tell=True, bell=True, notify=True, command=True)
SILENT = Choices(watch=True)
UNWATCHED = Choices(watch=False)


def mailbox(
    name: str = "Lists/python",
    *,
    use: SpecialUse | None = None,
    attributes: frozenset[str] = frozenset(),
) -> Mailbox:
    return Mailbox(name.encode(), "/", attributes, tuple(name.split("/")), use)


def chosen(
    *rules: NewsRule,
    of: Mailbox | None = None,
    subscribed: bool = True,
    bell: bool = True,
    notify: bool = True,
) -> Choices:
    news = News(rules=rules, bell=bell, notify=notify)
    return choose(news, "work", of or mailbox(), subscribed=subscribed)


def test_without_rules() -> None:
    assert chosen() == EVERYTHING
    assert chosen(subscribed=False) == UNWATCHED
    assert chosen(of=mailbox("INBOX"), subscribed=False) == EVERYTHING
    assert chosen(of=mailbox(attributes=frozenset({NOSELECT}))) == UNWATCHED
    assert chosen(bell=False, notify=False) == Choices(watch=True, tell=True, command=True)


@pytest.mark.parametrize("use", SpecialUse)
def test_what_comes_into_a_special_mailbox_was_put_there(use: SpecialUse) -> None:
    assert chosen(of=mailbox("Special", use=use)) == SILENT
    assert chosen(of=mailbox(INBOX.decode(), use=use)) == EVERYTHING
    told = chosen(NewsRule("special", notify=True), of=mailbox("Special", use=use))
    assert told == Choices(watch=True, tell=True, notify=True)


@pytest.mark.parametrize(
    ("folder", "matches"),
    [
        ("Lists/*", True),
        ("lists/PYTHON", True),
        ("*", True),
        ("*/python", True),
        ("Lists", False),
        ("Lists/?ython", True),
        ("Lists/[ab]*", False),
        ("ists/*", False),
    ],
)
def test_a_glob_is_over_the_whole_path(folder: str, matches: bool) -> None:
    assert chosen(NewsRule(folder, bell=False)).bell is not matches


def test_the_last_rule_that_speaks_of_it_counts() -> None:
    rules = (
        NewsRule("*", bell=False, notify=False),
        NewsRule("Lists/*", bell=True),
        NewsRule("Lists/p*", command=False),
        NewsRule("Lists/*", account="home", bell=False),
    )
    assert chosen(*rules) == Choices(watch=True, tell=True, bell=True)


def test_watching_by_rule() -> None:
    assert chosen(NewsRule("Lists/*", watch=False)) == UNWATCHED
    assert chosen(NewsRule("Lists/*", watch=True), subscribed=False) == EVERYTHING
    unread = mailbox(attributes=frozenset({NOSELECT}))
    assert chosen(NewsRule("*", watch=True), of=unread) == UNWATCHED
    # Nothing is asked about a mailbox only because it would ring.
    assert chosen(NewsRule("Lists/*", bell=True), subscribed=False) == UNWATCHED
