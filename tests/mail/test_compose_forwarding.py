"""Passing a message on: in the text, as an attachment, itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from compose_samples import NOW, Blobs, writing
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.errors import MailError
from tui_mail.mail.compose.build import build
from tui_mail.mail.compose.draft_error import DraftError
from tui_mail.mail.compose.forgotten import attachment_forgotten
from tui_mail.mail.compose.forwarding import bounce, forward_attached, forward_inline
from tui_mail.mail.compose.original import MAX_TEXT, original, whole_original
from tui_mail.mail.compose.values import MessageReference
from tui_mail.model import BodyPart

REFERENCE = MessageReference("work", b"INBOX", 7, 42)
LETTER = b"""\
From: =?utf-8?q?J=C3=B6rg?= <jo@x.org>\r
To: club@example.com\r
Cc: c@x.org\r
Subject: Re: Fwd: Plan: a/b\r
Date: Sat, 21 Nov 2026 12:00:00 +0100\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain; charset=iso-8859-1; format=flowed\r
Content-Transfer-Encoding: quoted-printable\r
\r
Gr=FC=DFe, one=20\r
paragraph.\r
> See attached.\r
--=20\r
J=F6rg\r
--b\r
Content-Type: application/pdf\r
Content-Disposition: attachment; filename="a b.pdf"\r
Content-Transfer-Encoding: base64\r
\r
JVBERi0=\r
--b\r
Content-Type: message/rfc822\r
\r
Subject: Inner\r
\r
Inner text\r
--b--\r
"""


def test_inline() -> None:
    blobs = Blobs()
    draft = forward_inline(whole_original(LETTER, blobs.keep, reference=REFERENCE), writing("Anna"))
    assert draft.body == (
        "\n\n-------- Forwarded message --------\n"
        "From: Jörg <jo@x.org>\n"
        "Date: Sat, 21 Nov 2026 12:00:00 +0100\n"
        "Subject: Re: Fwd: Plan: a/b\n"
        "To: club@example.com\n"
        "Cc: c@x.org\n"
        "\n"
        "Grüße, one paragraph.\n"
        "> See attached.\n"
        "-- \n"
        "Jörg\n"
        "\n\n-- \nAnna\n"
    )
    assert draft.subject == "Fwd: Plan: a/b"
    assert draft.from_ == "Anna at the Club <club@example.com>"
    assert (draft.to, draft.in_reply_to, draft.references, draft.answers) == ("", "", (), None)
    assert draft.forwards == (REFERENCE,)
    assert [(each.name, each.content_type, each.size) for each in draft.attachments] == [
        ("a b.pdf", "application/pdf", 5),
        ("part-3.eml", "message/rfc822", 28),
    ]
    assert blobs.data[:2] == [b"%PDF-", b"Subject: Inner\r\n\r\nInner text"]
    assert attachment_forgotten(replace(draft, attachments=())) is None


def test_as_an_attachment() -> None:
    blobs = Blobs()
    whole = whole_original(LETTER, blobs.keep, reference=REFERENCE)
    draft = forward_attached([whole], writing())
    assert draft.subject == "Fwd: Plan: a/b"
    assert draft.body == ""
    (attached,) = draft.attachments
    assert (attached.name, attached.content_type) == (
        "Re_ Fwd_ Plan_ a_b.eml",
        "message/rfc822",
    )
    assert attached.blob is not None and blobs.read(attached.blob) == LETTER
    outgoing = build(replace(draft, to="x@x.org"), NOW, blobs.read)
    assert LETTER in outgoing.message


def test_several_at_once() -> None:
    blobs = Blobs()
    other = replace(REFERENCE, uid=43)
    letters = [whole_original(LETTER, blobs.keep, reference=each) for each in (REFERENCE, other)]
    draft = forward_attached(letters, writing())
    assert draft.subject == "Fwd:"
    assert draft.forwards == (REFERENCE, other)
    assert len(draft.attachments) == 2


def test_a_message_that_was_not_read_whole() -> None:
    for letters in ([], [original(b"Subject: x\r\n", None, b"")]):
        with pytest.raises(MailError):
            forward_attached(letters, writing())


@pytest.mark.parametrize(
    ("subtype", "parameters", "data", "text"),
    [
        ("plain", (), b"a \r\nb\r\n", "a\nb"),
        ("plain", (("format", "flowed"),), b"a \r\nb\r\n> > c\r\n", "a b\n>> c"),
        ("plain", (("format", "Flowed"), ("delsp", "yes")), b"a \r\nb\r\n", "ab"),
        ("plain", (("charset", "koi8-r"),), "Привет".encode("koi8-r"), "Привет"),
        ("plain", (), b"bell \x07 and \x1b[31m\r\n", "bell \ufffd and \ufffd[31m"),
        ("html", (), b"<p>One<blockquote>Two</blockquote>", "One\n\n> Two"),
        (
            "html",
            (),
            b"<a href='https://x.org/a'>this</a>, <a href='https://y.org'>https://y.org</a> [7]",
            "this [1], https://y.org [7]\n\n[1] https://x.org/a",
        ),
    ],
)
def test_the_readable_text(
    subtype: str, parameters: tuple[tuple[str, str], ...], data: bytes, text: str
) -> None:
    part = BodyPart("1", "text", subtype, parameters)
    assert original(b"", part, data).text == text


def test_a_very_long_text_is_cut() -> None:
    part = BodyPart("1", "text", "plain")
    for line in (b"x", b"line\r\n"):
        text = original(b"", part, line * (MAX_TEXT + 1)).text
        assert len(text) <= MAX_TEXT + 10
        assert text.endswith("\n[…]")


PLAIN = (
    b"Received: by x\r\n\tfor <y>\r\nDKIM-Signature: v=1;\r\n  b=abc\r\nSubject:no space\r\n"
    b"From:  b@x.org\r\n\r\nbody \r\n.\r\n\xff\r\n"
)


def test_bounced_it_is_what_it_was() -> None:
    outgoing = bounce(PLAIN, writing(), "Cy <c@x.org>, d@ü.example", NOW)
    resent, _, rest = outgoing.message.partition(b"Received:")
    assert b"Received:" + rest == PLAIN
    assert resent.decode() == (
        "Resent-From: Anna Example <anna@example.org>\r\n"
        "Resent-To: Cy <c@x.org>, d@xn--tda.example\r\n"
        "Resent-Date: Sat, 21 Nov 2026 06:30:00 +0100\r\n"
        f"Resent-Message-ID: {outgoing.message_id}\r\n"
    )
    assert outgoing.sender == "anna@example.org"
    assert outgoing.recipients == ("c@x.org", "d@xn--tda.example")
    assert outgoing.subject == "no space"
    assert outgoing.message_id.endswith("@example.org>")
    assert (
        bounce(b"To: club@example.com\n\n", writing(), "c@x.org", NOW).sender == "club@example.com"
    )


def test_blind_recipients_of_a_bounced_message_stay_unnamed() -> None:
    raw = b"From x Sat\nFrom: a@b.org\nBcc: secret@x.org,\n more@x.org\nSubject: x\n\nBcc: text\n"
    outgoing = bounce(raw, writing(), "c@x.org", NOW)
    assert outgoing.message.endswith(b">\r\nFrom: a@b.org\r\nSubject: x\r\n\r\nBcc: text\r\n")


@pytest.mark.parametrize(("to", "said"), [("", "Nobody"), ("x", "no domain"), ("g:;", "Nobody")])
def test_a_bounce_to_nobody(to: str, said: str) -> None:
    with pytest.raises(DraftError, match=said) as raised:
        bounce(PLAIN, writing(), to, NOW)
    assert raised.value.field == "to"


@given(st.binary(max_size=400))
def test_anything_received_can_be_passed_on(raw: bytes) -> None:
    blobs = Blobs()
    whole = whole_original(raw, blobs.keep, reference=REFERENCE)
    assert whole.message is not None and whole.message.size == len(raw)
    for draft in (forward_inline(whole, writing("A")), forward_attached([whole], writing("A"))):
        build(replace(draft, to="x@x.org"), NOW, blobs.read)
    assert bounce(raw, writing(), "c@x.org", NOW).message.startswith(b"Resent-From")


def test_attachment_names_lead_nowhere() -> None:
    raw = (
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHi\r\n--b\r\n"
        b"Content-Type: image/png\r\nContent-Disposition: attachment; filename=../../x\r\n\r\n"
        b"x\r\n--b--"
    )
    names = [each.name for each in whole_original(raw, Blobs().keep).attachments]
    assert names == ["x"]
