"""New drafts and replies: to whom, as whom, about what."""

from __future__ import annotations

from pathlib import Path

import pytest
from compose_samples import HOME, WORK, writing

from tui_mail.config import Identity
from tui_mail.errors import MailError
from tui_mail.mail.compose import mailto
from tui_mail.mail.compose.addresses import parse
from tui_mail.mail.compose.message_id import (
    MAX_REFERENCES,
    new_message_id,
    thread_references,
    valid_ids,
)
from tui_mail.mail.compose.original import Original, original
from tui_mail.mail.compose.replying import list_reply, new, reply, reply_all, where_to_type
from tui_mail.mail.compose.values import Draft, MessageReference
from tui_mail.mail.compose.writer import MAX_SIGNATURE, writer
from tui_mail.model import BodyPart

REFERENCE = MessageReference("work", b"INBOX", 7, 42)


def message(header: str, text: str = "Hi\n") -> Original:
    raw = header.strip().replace("\n", "\r\n").encode("utf-8") + b"\r\n"
    part = BodyPart("1", "text", "plain", (("charset", "utf-8"),), encoding="8bit")
    return original(raw, part, text.encode(), reference=REFERENCE)


LETTER = """
From: Bo Writer <bo@x.org>
To: Anna Example <anna@example.org>, Cy <cy@x.org>
Cc: "Doe, D" <d@x.org>, CLUB@example.com, anna@home.example, bo@x.org
Subject: Re: AW: Plan
Message-ID: <three@x>
In-Reply-To: <two@x>
References: <one@x> <two@x>
"""


def test_a_reply() -> None:
    draft = reply(message(LETTER), writing("Anna"))
    assert draft == Draft(
        "work",
        "Anna Example <anna@example.org>",
        to="Bo Writer <bo@x.org>",
        subject="Re: Plan",
        body="Bo Writer wrote:\n> Hi\n\n\n\n-- \nAnna\n",
        in_reply_to="<three@x>",
        references=("<one@x>", "<two@x>", "<three@x>"),
        answers=REFERENCE,
    )


def test_a_reply_to_all_leaves_out_oneself_of_every_account() -> None:
    draft = reply_all(message(LETTER), writing())
    assert draft.to == "Bo Writer <bo@x.org>, Cy <cy@x.org>"
    assert draft.cc == '"Doe, D" <d@x.org>'
    assert draft.bcc == ""


@pytest.mark.parametrize(
    ("fields", "to", "all_to", "all_cc"),
    [
        ("Reply-To: r@x.org, s@x.org", "r@x.org, s@x.org", "r@x.org, s@x.org, t@x.org", "c@x.org"),
        ("Mail-Reply-To: m@x.org\nReply-To: r@x.org", "m@x.org", "m@x.org, t@x.org", "c@x.org"),
        (
            "Mail-Followup-To: list@x.org, anna+x@example.org\nReply-To: r@x.org",
            "r@x.org",
            "list@x.org",
            "",
        ),
        ("Mail-Followup-To: anna@example.org", "b@x.org", "b@x.org, t@x.org", "c@x.org"),
        ("Reply-To: T@x.org", "T@x.org", "T@x.org", "c@x.org"),
    ],
)
def test_where_replies_are_wanted(fields: str, to: str, all_to: str, all_cc: str) -> None:
    letter = message(f"From: b@x.org\nTo: anna@example.org, t@x.org\nCc: c@x.org\n{fields}")
    assert reply(letter, writing()).to == to
    answer = reply_all(letter, writing())
    assert (answer.to, answer.cc) == (all_to, all_cc)


def test_ones_own_message_is_answered_to_whom_it_was_sent() -> None:
    letter = message("From: Club@example.com\nTo: t@x.org\nCc: c@x.org, anna@example.org")
    assert reply(letter, writing()).to == "t@x.org"
    answer = reply_all(letter, writing())
    assert (answer.to, answer.cc) == ("t@x.org", "c@x.org")
    assert answer.from_ == "Anna at the Club <club@example.com>"


def test_a_note_to_oneself() -> None:
    letter = message("From: anna@example.org\nTo: anna@example.org")
    assert reply(letter, writing()).to == "anna@example.org"
    assert reply_all(letter, writing()).to == "anna@example.org"


def test_only_carbon_copies_are_left() -> None:
    letter = message("From: anna@example.org\nTo: anna@example.org\nCc: c@x.org")
    answer = reply_all(letter, writing())
    assert (answer.to, answer.cc) == ("c@x.org", "")


@pytest.mark.parametrize(
    ("posted", "to"),
    [
        ("<mailto:list@x.org>", "list@x.org"),
        ("<http://x.org/post> (web), <MAILTO:list@x.org?subject=x> (mail)", "list@x.org"),
    ],
)
def test_a_reply_to_the_list(posted: str, to: str) -> None:
    draft = list_reply(message(f"{LETTER}List-Post: {posted}"), writing())
    assert (draft.to, draft.cc) == (to, "")
    assert draft.in_reply_to == "<three@x>"


@pytest.mark.parametrize(
    ("posted", "said"),
    [("NO (announcements)", "owner"), ("", "not from"), ("<ftp://x>", "not from")],
)
def test_no_list_to_reply_to(posted: str, said: str) -> None:
    with pytest.raises(MailError, match=said):
        list_reply(message(f"{LETTER}List-Post: {posted}"), writing())


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ("To: club@example.com", "club@example.com"),
        ("To: x@x.org\nCc: CLUB+news@example.com", "club@example.com"),
        ("To: list@x.org\nDelivered-To: club@example.com", "club@example.com"),
        # An alias that ends in the main mailbox: what was written to counts.
        ("To: club@example.com\nDelivered-To: anna@example.org", "club@example.com"),
        # Both were written to, and this is the copy of one of them.
        ("To: anna@example.org, club@example.com\nDelivered-To: club@example.com",
         "club@example.com"),
        ("To: list@x.org", "anna@example.org"),
        ("To: anna@home.example", "anna@example.org"),
        ("To: list@x.org\nX-Original-To: club@example.com", "club@example.com"),
    ],
)  # fmt: skip
def test_as_whom_one_replies(fields: str, address: str) -> None:
    draft = reply(message(f"From: b@x.org\n{fields}"), writing())
    assert parse(draft.from_)[0].address == address


def test_what_is_hostile_stays_in_its_field() -> None:
    letter = message(
        "From: =?utf-8?q?a=0D=0ABcc=3A_evil=40x.org=2C?= <b@x.org>\n"
        "Subject: =?utf-8?q?x=0ABcc=3A_evil?=\nMessage-ID: <a b>\nReferences: <\x07> <ok@x>"
    )
    draft = reply(letter, writing())
    assert [each.address for each in parse(draft.to)] == ["b@x.org"]
    assert draft.subject == "Re: x Bcc: evil"
    assert draft.in_reply_to == ""
    assert draft.references == ("<ok@x>",)


def test_the_line_above_has_the_date() -> None:
    letter = message("From: b@x.org\nDate: Sat, 21 Nov 2026 12:00:00 +0000")
    assert reply(letter, writing()).body.startswith("On 21 November 2026 at ")


def test_nobody_is_known() -> None:
    draft = reply(message("Subject: x", ""), writing())
    assert (draft.to, draft.body) == ("", "")
    assert reply(message("Subject: x"), writing()).body == "Somebody wrote:\n> Hi\n\n"


def test_an_empty_draft() -> None:
    assert new(writing()) == Draft("work", "Anna Example <anna@example.org>")
    assert new(writing("Anna")).body == "\n\n-- \nAnna\n"


def test_a_draft_from_a_uri() -> None:
    fields = mailto.parse(
        "mailto:b@x.org?cc=c@x.org&bcc=d@x.org&subject=Hi&body=Text&in-reply-to=%3Ca@b%3E"
    )
    assert new(writing("Anna"), fields) == Draft(
        "work",
        "Anna Example <anna@example.org>",
        to="b@x.org",
        cc="c@x.org",
        bcc="d@x.org",
        subject="Hi",
        body="Text\n\n-- \nAnna\n",
        in_reply_to="<a@b>",
    )


@pytest.mark.parametrize(
    ("body", "before"),
    [
        ("", ""),
        ("\n\n-- \nAnna\n", ""),
        ("Bo wrote:\n> Hi\n\n\n\n-- \nAnna\n", "Bo wrote:\n> Hi\n\n"),
        ("Bo wrote:\n> Hi\n\n", "Bo wrote:\n> Hi\n\n"),
        ("\n\n-------- Forwarded message --------\nHi\n", ""),
        ("Text", "Text"),
    ],
)
def test_where_writing_begins(body: str, before: str) -> None:
    assert body[: where_to_type(body)] == before


def test_references_are_bounded() -> None:
    many = [f"<{number}@x>" for number in range(100)]
    line = thread_references(many, (), "me@x")
    assert len(line) == MAX_REFERENCES
    assert (line[0], line[1], line[-1]) == ("<0@x>", "<72@x>", "<me@x>")


@pytest.mark.parametrize(
    ("references", "in_reply_to", "message_id", "line"),
    [
        ((), (), "c@x", ("<c@x>",)),
        ((), ("b@x",), "c@x", ("<b@x>", "<c@x>")),
        ((), ("a@x", "b@x"), "c@x", ("<c@x>",)),
        (("a@x", "b@x"), ("z@x",), "c@x", ("<a@x>", "<b@x>", "<c@x>")),
        (("a@x", "c@x", "a@x"), (), "c@x", ("<a@x>", "<c@x>")),
        (("a@x",), (), "", ("<a@x>",)),
    ],
)
def test_references(
    references: tuple[str, ...],
    in_reply_to: tuple[str, ...],
    message_id: str,
    line: tuple[str, ...],
) -> None:
    assert thread_references(references, in_reply_to, message_id) == line


def test_ids_that_cannot_be_passed_on() -> None:
    ids = ["a@b", "<c@d>", "a b@c", "ü@x", "x" * 500, "", "<>", "a@b\r\nX: 1", "a@b"]
    assert valid_ids(ids) == ("<a@b>", "<c@d>")


def test_an_id_without_a_domain() -> None:
    assert new_message_id("").endswith("@invalid>")
    assert new_message_id("a@[192.0.2.1]").endswith("@invalid>")


def test_the_signature_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "signature"

    def signature(data: bytes) -> str:
        file.write_bytes(data)
        account = type(WORK)("work", "Anna", "anna@example.org", WORK.imap, signature=file)
        return writer([HOME, account], "work").signature

    assert signature(b"Anna\r\nClub\r\n\r\n") == "Anna\nClub"
    assert signature(b"-- \nAnna\n") == "Anna"
    assert signature("Grüße".encode("latin-1")) == "Grüße"
    assert signature(b"") == ""
    assert len(signature(b"x" * (MAX_SIGNATURE + 100))) == MAX_SIGNATURE
    file.unlink()
    missing = type(WORK)("work", "Anna", "anna@example.org", WORK.imap, signature=file)
    assert writer([missing], "work").signature == ""


def test_whose_addresses_are_ones_own() -> None:
    who = writer([WORK, HOME], "work")
    assert who.account is WORK
    for address in ("ANNA@example.org", "club@example.com", "anna+x@HOME.example"):
        assert who.is_own(address)
    assert not who.is_own("bo@x.org")
    assert who.account.identities[1] == Identity("Anna at the Club", "club@example.com")
    with pytest.raises(KeyError):
        writer([WORK], "none")
