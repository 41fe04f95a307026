"""config.py: what the file says about news, actions and labels, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_mail import config
from tui_mail.errors import ConfigError

ACCOUNT = """\
[accounts.work]
email = "Anna Example <anna@example.org>"
imap = "imaps://anna@mail.example.org"
"""


def load(folder: Path, text: str) -> config.Config:
    path = folder / "config.toml"
    path.write_text(ACCOUNT + text)
    return config.load(path)


def test_all_of_it(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        """
        [news]
        poll = 300
        on_new_mail = "notify-send 'new mail'"
        bell = false
        notify = true

        [[news.rules]]
        folder = "Lists/*"
        bell = false
        notify = false

        [[news.rules]]
        folder = "INBOX"
        account = "work"
        watch = true
        bell = true
        command = false

        [actions]
        delete = "mark"
        expunge_on_leave = "ask"

        [labels]
        "$label1" = { name = "to do" }
        NonJunk = { name = "fine", color = "bright_green" }
        "x" = { name = "ä", color = "#A0b1C2" }
        """,
    )
    assert loaded.news == config.News(
        poll=300,
        on_new_mail="notify-send 'new mail'",
        bell=False,
        notify=True,
        rules=(
            config.NewsRule("Lists/*", bell=False, notify=False),
            config.NewsRule("INBOX", "work", watch=True, bell=True, command=False),
        ),
    )
    assert loaded.actions == config.ActionSettings(config.Deletion.MARK, config.ExpungeOnLeave.ASK)
    assert loaded.labels["$label1"] == config.Label("$label1", "to do", "red")
    assert loaded.labels["$label2"] == config.LABELS["$label2"]
    assert loaded.labels["nonjunk"] == config.Label("NonJunk", "fine", "bright_green")
    assert loaded.labels["x"].color == "#A0b1C2"


def test_none_of_it(tmp_path: Path) -> None:
    loaded = load(tmp_path, "")
    assert loaded.news == config.News(120, None, bell=True, notify=True, rules=())
    assert loaded.actions.delete is config.Deletion.TRASH
    assert loaded.actions.expunge_on_leave is config.ExpungeOnLeave.NEVER
    assert loaded.labels == config.LABELS
    assert all(label.color in config.COLORS for label in config.LABELS.values())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("false", config.ExpungeOnLeave.NEVER),
        ("true", config.ExpungeOnLeave.ALWAYS),
        ('"ask"', config.ExpungeOnLeave.ASK),
    ],
)
def test_expunge_on_leave(written: str, meant: config.ExpungeOnLeave, tmp_path: Path) -> None:
    loaded = load(tmp_path, f"[actions]\nexpunge_on_leave = {written}")
    assert loaded.actions.expunge_on_leave is meant


WRONG = {
    "polling that hammers": ("[news]\npoll = 1", "news.poll: expected a number from 10 to 86400"),
    "a bell that is text": ('[news]\nbell = "on"', "news.bell: expected true or false, found 'on'"),
    "an empty command": ('[news]\non_new_mail = ""', "news.on_new_mail: expected a command such"),
    "an open quote": ('[news]\non_new_mail = "x \'"', "news.on_new_mail: expected a command with"),
    "a typing error": ("[news]\npol = 60", "news.pol: no such key (did you mean poll?)"),
    "rules that are a table": ("[news.rules]\nfolder = 'x'", "news.rules: expected [[news.rules]]"),
    "rules that are numbers": ("[news]\nrules = [1]", "news.rules: expected [[news.rules]] tables"),
    "a rule without folder": (
        "[[news.rules]]\nbell = true",
        "news.rules[1].folder: expected, but not there",
    ),
    "a rule that says nothing": (
        "[[news.rules]]\nfolder = 'x'\nbell = true\n[[news.rules]]\nfolder = 'y'",
        "news.rules[2]: expected at least one of watch, bell, notify, command",
    ),
    "a rule of no account": (
        "[[news.rules]]\nfolder = 'x'\nbell = true\naccount = 'wrk'",
        "news.rules[1].account: no such account (did you mean work?); expected one of work",
    ),
    "a rule with a typing error": (
        "[[news.rules]]\nfolder = 'x'\nbel = true",
        "news.rules[1].bel: no such key (did you mean bell?)",
    ),
    "a choice that is text": (
        "[[news.rules]]\nfolder = 'x'\nwatch = 'no'",
        "news.rules[1].watch: expected true or false, found 'no'",
    ),
    "a folder with an escape": (
        '[[news.rules]]\nfolder = "\\u001b"\nbell = true',
        "news.rules[1].folder: expected the name of a mailbox",
    ),
    "no such way to delete": (
        "[actions]\ndelete = 'shred'",
        'actions.delete: expected one of "trash", "mark", found \'shred\'',
    ),
    "one is not true": (
        "[actions]\nexpunge_on_leave = 1",
        'actions.expunge_on_leave: expected one of false, true, "ask", found 1',
    ),
    "a list": ("[actions]\ndelete = ['trash']", "actions.delete: expected one of"),
    "a label without a name": (
        "[labels]\nx = {}",
        "labels.x.name: expected, but not there",
    ),
    "a label with a long name": (
        f"[labels]\nx = {{ name = '{'a' * 21}' }}",
        "labels.x.name: expected a name of 1 to 20 printable characters",
    ),
    "a label with an escape": (
        '[labels]\nx = { name = "\\u001b[2J" }',
        "labels.x.name: expected a name of 1 to 20 printable characters",
    ),
    "a color that is none": (
        "[labels]\nx = { name = 'a', color = 'mauve' }",
        "labels.x.color: expected #rrggbb or one of default, black, red",
    ),
    "a label that is text": ("[labels]\nx = 'a'", "labels.x: expected a table [labels.x]"),
    "a system flag": (
        "[labels]\n'\\Seen' = { name = 'a' }",
        "labels.\\Seen: expected a keyword such as $label1",
    ),
    "a keyword with a space": (
        "[labels]\n'a b' = { name = 'a' }",
        "labels.a b: expected a keyword such as $label1",
    ),
    "a keyword with an escape": (
        '[labels]\n"\\u001b" = { name = "a" }',
        "labels.'\\x1b': expected a keyword",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_names_file_key_and_expectation(name: str, tmp_path: Path) -> None:
    text, expected = WRONG[name]
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    found = str(caught.value)
    assert found.startswith(f"{tmp_path / 'config.toml'}: {expected}")
    assert found.isprintable()
