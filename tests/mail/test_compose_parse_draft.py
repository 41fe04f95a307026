"""Drafts as they come back: saved here, saved by another program, any message to edit anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from compose_samples import DRAFT, NOW, PNG, Blobs, writing
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.errors import MailError
from tui_mail.mail.compose import flowed
from tui_mail.mail.compose.build import build, draft_copy
from tui_mail.mail.compose.fields import one_line
from tui_mail.mail.compose.parse_draft import edit_as_new, parse_draft
from tui_mail.mail.compose.values import Attachment, Draft, MessageReference
from tui_mail.sanitize import clean

REFERENCE = MessageReference("work", b"INBOX/&-x", 7, 42)


def returned(draft: Draft, blobs: Blobs | None = None) -> Draft:
    blobs = blobs or Blobs()
    return parse_draft(draft_copy(draft, NOW, blobs.read), draft.account, blobs.keep)


def test_everything_comes_back() -> None:
    blobs = Blobs(PNG)
    draft = replace(
        DRAFT,
        to='"Doe, J." <j@x.org>, Team: a@b.org, b@b.org;, Jörg <jo@müller.example>',
        cc="bo, not an address, c@x.org",
        bcc="secret@x.org",
        reply_to="club@example.com",
        subject="Grüße  an  alle ",
        body="half a li ",
        attachments=(Attachment("Bild ü.png", "image/png", len(PNG), blob=1),),
        in_reply_to="<two@x>",
        references=("<one@x>", "<two@x>"),
        answers=REFERENCE,
        forwards=(REFERENCE, replace(REFERENCE, uid=43)),
        message_id="<mine@example.org>",
    )
    found = returned(draft, blobs)
    assert found == replace(
        draft,
        subject="Grüße  an  alle",
        attachments=(Attachment("Bild ü.png", "image/png", len(PNG), blob=2),),
    )
    assert blobs.data[1] == PNG


def test_an_attachment_that_was_gone_is_still_named_and_never_read() -> None:
    lost = Attachment("a.txt", "text/plain", 5, path=Path("/etc/hostname-not-there"))
    found = returned(replace(DRAFT, attachments=(lost,)))
    assert found.attachments == (Attachment("a.txt", "text/plain", 5),)


def test_what_another_program_changed_wins() -> None:
    draft = replace(DRAFT, to="Bo <bo@x.org>, oops", subject="one ", body="typed ")
    copy = draft_copy(draft, NOW, Blobs().read)
    changed = copy.replace(b"Bo <bo@x.org>", b"Cy <cy@x.org>").replace(
        b"\r\ntyped\r\n", b"\r\nnew\r\n"
    )
    changed = changed.replace(b"Subject: one", b"Subject: two")
    found = parse_draft(changed, "work", Blobs().keep)
    assert (found.to, found.subject, found.body) == ("Cy <cy@x.org>", "two", "new")


OTHER = """\
From: Anna Example <anna@example.org>\r
To: =?UTF-8?Q?J=C3=B6rg?= <jo@x.org>,\r
 incomplete\r
Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r
Message-ID: <draft@other>\r
In-Reply-To: <parent@x>\r
References: <root@x> <parent@x>\r
X-Mozilla-Draft-Info: internal/draft\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary="b"\r
\r
--b\r
Content-Type: multipart/alternative; boundary="c"\r
\r
--c\r
Content-Type: text/plain; charset=UTF-8; format=flowed\r
Content-Transfer-Encoding: 8bit\r
\r
One paragraph that \r
goes on.\r
\r
--c\r
Content-Type: multipart/related; boundary="d"\r
\r
--d\r
Content-Type: text/html; charset=UTF-8\r
\r
<p>One paragraph that goes on.</p>\r
--d\r
Content-Type: image/png; name="logo.png"\r
Content-ID: <logo>\r
Content-Transfer-Encoding: base64\r
\r
iVBORw0KGgo=\r
--d--\r
--c--\r
--b\r
Content-Type: text/plain; name*=utf-8''n%C3%B6tes.txt\r
Content-Disposition: attachment; filename*0*=utf-8''n%C3%B6; filename*1=tes.txt\r
\r
notes\r
--b--\r
"""


def test_a_draft_of_another_program() -> None:
    blobs = Blobs()
    assert parse_draft(OTHER.encode(), "work", blobs.keep) == Draft(
        "work",
        "Anna Example <anna@example.org>",
        to="Jörg <jo@x.org>, incomplete",
        subject="Grüße",
        body="One paragraph that goes on.",
        attachments=(
            Attachment("logo.png", "image/png", 8, blob=1),
            Attachment("nötes.txt", "text/plain", 5, blob=2),
        ),
        in_reply_to="<parent@x>",
        references=("<root@x>", "<parent@x>"),
        message_id="<draft@other>",
    )
    assert blobs.data == [b"\x89PNG\r\n\x1a\n", b"notes"]


def test_only_html() -> None:
    raw = b"Subject: x\r\nContent-Type: text/html\r\n\r\n<p>One<p>Two <b>bold</b>"
    found = parse_draft(raw, "work", Blobs().keep)
    assert found.body == "One\n\nTwo bold"
    assert found.attachments == ()


def test_what_is_no_message() -> None:
    for raw in (b"", b"\r\n", b"no header here", b"\r\nbody: x"):
        with pytest.raises(MailError):
            parse_draft(raw, "work", Blobs().keep)


def test_editing_as_new() -> None:
    blobs = Blobs()
    found = edit_as_new(OTHER.encode(), writing(), blobs.keep)
    assert found.from_ == "Anna Example <anna@example.org>"
    assert (found.message_id, found.in_reply_to, found.references) == ("", "", ())
    assert found.to == "Jörg <jo@x.org>, incomplete"
    assert len(found.attachments) == 2


def test_editing_somebody_elses_message_is_done_in_ones_own_name() -> None:
    raw = b"From: boss@x.org\r\nReply-To: evil@x.org\r\nTo: anna@example.org\r\n\r\nHi\r\n"
    found = edit_as_new(raw, writing(), Blobs().keep)
    assert (found.from_, found.reply_to) == ("Anna Example <anna@example.org>", "")
    club = raw.replace(b"boss@x.org", b"CLUB@example.com")
    again = edit_as_new(club, writing(), Blobs().keep)
    assert (again.from_, again.reply_to) == ("Anna at the Club <club@example.com>", "evil@x.org")


def test_a_received_message_cannot_pose_as_a_saved_draft() -> None:
    draft = replace(DRAFT, to="Bo <bo@x.org>, oops", answers=REFERENCE)
    found = edit_as_new(draft_copy(draft, NOW, Blobs().read), writing(), Blobs().keep)
    assert (found.to, found.answers) == ("Bo <bo@x.org>", None)


@given(
    to=st.text(max_size=40),
    name=st.text(max_size=60),
    subject=st.text(max_size=200),
    body=st.text(max_size=300),
    file=st.text(st.characters(exclude_characters="/"), min_size=1, max_size=80),
)
def test_any_unicode_comes_back(to: str, name: str, subject: str, body: str, file: str) -> None:
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '" <a@b.org>'
    attached = Attachment(file, "application/x-any", 1, blob=1)
    draft = replace(DRAFT, to=to, cc=quoted, subject=subject, body=body, attachments=(attached,))
    found = returned(draft, Blobs(b"x"))
    assert clean(found.to) == found.to
    assert found.subject == clean(one_line(subject)).strip()
    written = clean(flowed.sendable(body), newlines=True, tabs=True)
    assert found.body == written or flowed.normal(written) == flowed.normal(found.body)
    if name.isprintable() and (plain := clean(name).strip()):
        assert " ".join(plain.split()) in found.cc.replace('\\"', '"').replace("\\\\", "\\")
    named = clean(one_line(file)).strip()
    assert found.attachments[0].name == named or not named
    # Once more, and nothing changes any further.
    assert returned(replace(found, attachments=())) == replace(found, attachments=())


@given(st.binary(max_size=400))
def test_any_octets_give_a_draft_or_one_clean_error(raw: bytes) -> None:
    multipart = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + raw
    for each in (raw, multipart):
        try:
            draft = parse_draft(each, "work", Blobs().keep)
        except MailError:
            continue
        draft_copy(draft, NOW, Blobs(*[b"x"] * 9).read)


def test_nesting_has_an_end() -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(3000)
    )
    many = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 5000
    for raw in (deep, many, b"Content-Type: message/rfc822\r\n\r\n" * 3000):
        assert parse_draft(b"Subject: x\r\n" + raw, "work", Blobs().keep).subject == "x"


def test_sent_it_is_what_was_saved() -> None:
    draft = returned(replace(DRAFT, body="Hi\n-- \nAnna", message_id="<mine@example.org>"))
    assert build(draft, NOW, Blobs().read).message_id == "<mine@example.org>"
