"""Rights in words, the older letters, and what is offered to whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.rights import (
    LETTERS,
    Operation,
    allowed,
    explained,
    has_modern_rights,
    understood,
    written,
)
from tui_mail.model import INBOX, NOINFERIORS, NONEXISTENT, NOSELECT, Mailbox

FOLDER = Mailbox(b"a", "/", frozenset(), ("a",))
THE_INBOX = Mailbox(INBOX, "/", frozenset(), ("INBOX",))
HOLDER = Mailbox(b"a", "/", frozenset({NOSELECT}), ("a",))


@pytest.mark.parametrize(
    ("letters", "modern", "rights"),
    [
        ("lrwstipekxacd", True, "lrwstipekxa"),  # Dovecot
        ("lrswipkxtecdan", True, "lrswipkxtean"),  # Cyrus
        ("acdilrsw", False, "aktexilrsw"),  # Courier
        ("lrc", False, "lrkx"),
        ("lrd", False, "lrtex"),
        ("", True, ""),
    ],
)
def test_letters_of_servers(letters: str, modern: bool, rights: str) -> None:
    assert understood(letters, modern=modern) == frozenset(rights)


@pytest.mark.parametrize(
    ("rights", "modern", "letters"),
    [
        ("earl", True, "lrea"),
        ("earl", False, "lrda"),
        ("xk", False, "c"),
        ("xte", False, "d"),
        ("xkte", False, "cd"),
        ("x", False, "c"),
        ("l9n", True, "l9n"),
        ("", True, ""),
    ],
)
def test_letters_for_servers(rights: str, modern: bool, letters: str) -> None:
    assert written(frozenset(rights), modern=modern) == letters


@given(st.frozensets(st.sampled_from("lrswipacd")))
def test_what_an_old_server_says_goes_back_the_same(letters: frozenset[str]) -> None:
    rights = understood("".join(letters), modern=False)
    assert frozenset(written(rights, modern=False)) == letters


@given(st.frozensets(st.sampled_from(sorted(LETTERS))))
def test_what_a_new_server_says_goes_back_the_same(letters: frozenset[str]) -> None:
    assert frozenset(written(understood("".join(letters), modern=True), modern=True)) == letters


def test_every_letter_is_explained() -> None:
    found = explained(LETTERS | {"n", "7"})
    assert "".join(right.letter for right in found) == "lrswipkxtean7"
    assert all(right.name and right.words for right in found)
    assert explained(frozenset()) == ()


def test_which_servers_have_the_new_rights() -> None:
    assert has_modern_rights({"ACL", "RIGHTS=TEXK"})
    assert not has_modern_rights({"ACL", "ACL2=UNION"})


@pytest.mark.parametrize("operation", Operation)
def test_all_rights_allow_all_and_none_nothing(operation: Operation) -> None:
    assert allowed(LETTERS, operation, FOLDER) is None
    assert allowed(None, operation, FOLDER) is None
    reason = allowed(frozenset(), operation, FOLDER)
    assert reason is not None
    assert reason.startswith(f"You may not {operation.value}: you lack the right ")


@pytest.mark.parametrize(
    ("operation", "rights", "lacking"),
    [
        (Operation.OPEN, "l", "r (read)"),
        (Operation.MARK_READ, "lrw", "s (seen)"),
        (Operation.FLAG, "lrs", "w (write)"),
        (Operation.ADD, "lr", "i (insert)"),
        (Operation.MOVE_OUT, "lr", "t (delete messages), e (expunge)"),
        (Operation.EMPTY, "lrt", "e (expunge)"),
        (Operation.CREATE_BELOW, "lrx", "k (create)"),
        (Operation.DELETE, "lrk", "x (delete mailbox)"),
        (Operation.SET_RIGHTS, "lrk", "a (administer)"),
    ],
)
def test_what_is_lacking_is_said(operation: Operation, rights: str, lacking: str) -> None:
    reason = allowed(frozenset(rights), operation)
    assert reason == f"You may not {operation.value}: you lack the right {lacking}."


def test_what_no_right_allows() -> None:
    for operation, mailbox, word in (
        (Operation.RENAME, THE_INBOX, "renamed"),
        (Operation.DELETE, THE_INBOX, "deleted"),
        (Operation.OPEN, HOLDER, "folders only"),
        (Operation.EMPTY, Mailbox(b"a", "/", frozenset({NONEXISTENT}), ("a",)), "folders only"),
        (Operation.CREATE_BELOW, Mailbox(b"a", None, frozenset(), ("a",)), "inside folders"),
        (
            Operation.CREATE_BELOW,
            Mailbox(b"a", "/", frozenset({NOINFERIORS}), ("a",)),
            "inside this one",
        ),
    ):
        reason = allowed(LETTERS, operation, mailbox)
        assert reason is not None and word in reason
    assert allowed(LETTERS, Operation.DELETE, HOLDER) is None
    assert allowed(LETTERS, Operation.EMPTY, THE_INBOX) is None


def test_read_only_leaves_looking() -> None:
    offered = {each for each in Operation if allowed(LETTERS, each, FOLDER, read_only=True) is None}
    assert offered == {Operation.OPEN, Operation.SEE_RIGHTS}
