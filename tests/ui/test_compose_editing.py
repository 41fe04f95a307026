"""The draft as a file for the person's own editor, and back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.errors import MailError
from tui_mail.mail.compose.values import Draft
from tui_mail.ui.controllers.editing import as_file, editor_command, from_file

DRAFT = Draft(
    account="work",
    from_="Anna <anna@x.example>",
    to="bob@x.example",
    subject="Re: tea",
    body="Dear Bob,\n\nyes.\n",
    in_reply_to="<1@x.example>",
    message_id="<2@x.example>",
)

LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]))


def test_every_field_has_a_line_and_the_text_follows() -> None:
    assert as_file(DRAFT) == (
        "From: Anna <anna@x.example>\nTo: bob@x.example\nCc:\nBcc:\nReply-To:\n"
        "Subject: Re: tea\n\nDear Bob,\n\nyes.\n"
    )


@given(LINE, LINE, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_what_is_written_is_read_again(to: str, subject: str, body: str) -> None:
    draft = replace(DRAFT, to=to, subject=subject, body=body)
    assert from_file(as_file(draft), draft) == draft


def test_fields_are_known_in_any_case_and_order_and_may_be_folded() -> None:
    text = "subject: Other\nTO: a@x.example,\n\tb@x.example\nfrom:\n\nbody"
    assert from_file(text, DRAFT) == replace(
        DRAFT, subject="Other", to="a@x.example, b@x.example", body="body"
    )


@pytest.mark.parametrize("text", ["Dear Bob,\n\nno header", "", "Dear: Bob\n\nx", " folded\n\nx"])
def test_without_a_header_it_is_all_text(text: str) -> None:
    assert from_file(text, DRAFT) == replace(DRAFT, body=text)


def test_the_line_end_of_the_last_line_is_the_files() -> None:
    draft = replace(DRAFT, body="one")
    assert as_file(draft).endswith("\n\none\n")
    assert from_file(as_file(draft) + "two\n", draft).body == "one\ntwo"
    empty = replace(DRAFT, body="")
    assert from_file(as_file(empty) + "two\n", empty).body == "two\n"


def test_a_header_alone_leaves_no_text() -> None:
    assert from_file("To: a@x.example\nSubject: x", DRAFT) == replace(
        DRAFT, to="a@x.example", subject="x", body=""
    )


@pytest.mark.parametrize(
    ("wanted", "environ", "command"),
    [
        ("emacs -nw", {"VISUAL": "vim", "EDITOR": "ed"}, ["emacs", "-nw"]),
        (None, {"VISUAL": "'my vim' +7", "EDITOR": "ed"}, ["my vim", "+7"]),
        (None, {"VISUAL": " ", "EDITOR": "ed; rm -rf x"}, ["ed;", "rm", "-rf", "x"]),
        (None, {}, ["vi"]),
    ],
)
def test_the_editor_is_the_persons(
    wanted: str | None, environ: dict[str, str], command: list[str]
) -> None:
    assert editor_command(wanted, environ) == command


def test_an_editor_that_cannot_be_read_is_told() -> None:
    with pytest.raises(MailError, match="cannot be started"):
        editor_command(None, {"EDITOR": "vim '"})
