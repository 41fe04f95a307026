"""Names of folders as people type them: what reaches the wire, and what does not and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.folder_names import (
    NAME_LIMIT,
    PART_LIMIT,
    Layout,
    ancestors,
    full_name,
    is_below,
    parent_name,
    shown,
)
from tui_mail.mail.rights import NotAllowed
from tui_mail.model import NOINFERIORS, Mailbox
from tui_mail.wire import mailbox_name

SLASH = Layout(b"", "/")
DOT = Layout(b"INBOX.", ".")
FLAT = Layout(b"", None)


def mailbox(name: bytes, delimiter: str | None, *attributes: str) -> Mailbox:
    return Mailbox(name, delimiter, frozenset(attributes), (name.decode(),))


@pytest.mark.parametrize(
    ("typed", "layout", "name"),
    [
        ("Work", SLASH, b"Work"),
        ("  Work  ", SLASH, b"Work"),
        ("Work/2026 / Spring", SLASH, b"Work/2026/Spring"),
        ("Work/2026", DOT, b"INBOX.Work.2026"),
        ("Grüße & mehr", DOT, b"INBOX.Gr&APwA3w-e &- mehr"),
        ("A\u0308pfel", SLASH, b"&AMQ-pfel"),  # as macOS types it
        ("日本語", SLASH, b"&ZeVnLIqe-"),
        ("v1.2", SLASH, b"v1.2"),
        ("v1.2", FLAT, b"v1.2"),
        ("#1 ~x", SLASH, b"#1 ~x"),
        ("INBOX", DOT, b"INBOX.INBOX"),
        ("x" * PART_LIMIT, DOT, b"INBOX." + b"x" * PART_LIMIT),
    ],
)
def test_names(typed: str, layout: Layout, name: bytes) -> None:
    assert full_name(typed, None, layout) == name


def test_names_below_a_folder() -> None:
    assert full_name("b/c", mailbox(b"a", "/"), DOT) == b"a/b/c"
    assert full_name("b/c", mailbox(b"INBOX", "."), SLASH) == b"INBOX.b.c"
    assert full_name("b", mailbox(b"user.bob", "."), DOT) == b"user.bob.b"


@pytest.mark.parametrize(
    ("typed", "layout", "reason"),
    [
        ("", SLASH, "needs a name"),
        (" ", SLASH, "needs a name"),
        ("/a", SLASH, "needs a name"),
        ("a//b", SLASH, "needs a name"),
        ("a/", DOT, "needs a name"),
        (".", SLASH, "cannot be called"),
        ("a/../b", SLASH, "cannot be called"),
        ("v1.2", DOT, "separates levels"),
        ("a/b", FLAT, "no folders inside folders"),
        ("a*", SLASH, "cannot have a [*] in it"),
        ("100%", SLASH, "cannot have a % in it"),
        ("a\nb", SLASH, "cannot be seen"),
        ("a\x1b[1m", SLASH, "cannot be seen"),
        ("a\u202eb", SLASH, "cannot be seen"),
        ("a\0b", SLASH, "cannot be seen"),
        ("a\ud800", SLASH, "cannot be seen"),
        ("inbox", SLASH, "INBOX is there already"),
        ("x" * (PART_LIMIT + 1), SLASH, "at most 240"),
        ("ä" * 100, SLASH, "at most 240"),
        ("/".join(["x" * 100] * 5), SLASH, "at most 480"),
    ],
)
def test_what_is_no_name(typed: str, layout: Layout, reason: str) -> None:
    with pytest.raises(NotAllowed, match=reason):
        full_name(typed, None, layout)


@pytest.mark.parametrize(
    ("parent", "reason"),
    [
        (mailbox(b"a", None), "no folders inside folders"),
        (mailbox(b"a", "/", NOINFERIORS), "allows no folders inside this one"),
    ],
)
def test_no_place_for_a_folder(parent: Mailbox, reason: str) -> None:
    with pytest.raises(NotAllowed, match=reason):
        full_name("b", parent, SLASH)


@given(st.text(), st.sampled_from([SLASH, DOT, FLAT, Layout(b"", "\\")]))
def test_whatever_is_typed_is_a_safe_name_or_refused(typed: str, layout: Layout) -> None:
    try:
        name = full_name(typed, None, layout)
    except NotAllowed as error:
        assert error.title
        return
    assert name.startswith(layout.prefix) and len(name) <= NAME_LIMIT
    assert all(0x20 <= octet < 0x7F for octet in name)
    assert not set(name) & set(b"*%")
    levels = typed.count("/") + 1
    assert len(ancestors(name[len(layout.prefix) :], layout.delimiter)) == levels - 1
    assert mailbox_name.encode(mailbox_name.decode(name)) == name


def test_where_a_folder_is() -> None:
    assert ancestors(b"a/b/c", "/") == [b"a", b"a/b"]
    assert ancestors(b"a", "/") == ancestors(b"a/b", None) == []
    assert parent_name(mailbox(b"a.b.c", ".")) == b"a.b"
    assert parent_name(mailbox(b"a/b", ".")) == b""
    assert is_below(b"a/b", b"a", "/")
    assert not is_below(b"a", b"a", "/")
    assert not is_below(b"ab/c", b"a", "/")
    assert not is_below(b"a/b", b"a", None)
    assert shown(b"Gr&APwA3w-e\x1b") == "Grüße\ufffd"
