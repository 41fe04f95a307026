"""From a draft to a message: what is submitted, filed, kept in Drafts."""

from __future__ import annotations

import email
import email.policy
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from compose_samples import DRAFT, NOW, PNG, Blobs
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.compose.addresses import parse, parse_header
from tui_mail.mail.compose.build import (
    DraftError,
    build,
    draft_copy,
    filed_copy,
    to_seven_bit,
)
from tui_mail.mail.compose.fields import one_line
from tui_mail.mail.compose.mime import field_body, split_header
from tui_mail.mail.compose.values import Attachment, Draft
from tui_mail.mail.headers import decode_header
from tui_mail.sanitize import clean

NO_BLOBS = Blobs().read


def built(**changes: object) -> email.message.EmailMessage:
    outgoing = build(replace(DRAFT, **changes), NOW, NO_BLOBS)  # type: ignore[arg-type]
    return read(outgoing.message)


def read(message: bytes) -> email.message.EmailMessage:
    found = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(found, email.message.EmailMessage)
    return found


def field(message: bytes, name: str) -> str:
    """One field, unfolded and decoded."""
    return decode_header(field_body(split_header(message)[0], name))


def content(part: Any) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


def check_lines(message: bytes) -> None:
    lines = message.split(b"\r\n")
    assert all(len(line) <= 998 for line in lines)
    assert b"\n" not in b"".join(lines) and b"\r" not in b"".join(lines)
    assert b"\0" not in message


def test_a_message_whole() -> None:
    draft = replace(
        DRAFT,
        to='"Doe, J." <j@x.org>, Jörg <jo@müller.example>',
        cc="Team: a@b.org, b@b.org;",
        reply_to="club@example.com",
        subject="Grüße",
        body="Hällo\n\n> quoted\n-- \nAnna\n",
        in_reply_to="<two@x>",
        references=("<one@x>", "<two@x>"),
        message_id="<mine@example.org>",
    )
    assert build(draft, NOW, NO_BLOBS).message.decode() == (
        "From: Anna Example <anna@example.org>\r\n"
        "Reply-To: club@example.com\r\n"
        'To: "Doe, J." <j@x.org>, =?utf-8?b?SsO2cmc=?= <jo@xn--mller-kva.example>\r\n'
        "Cc: Team: a@b.org, b@b.org;\r\n"
        "Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n"
        "Date: Sat, 21 Nov 2026 06:30:00 +0100\r\n"
        "Message-ID: <mine@example.org>\r\n"
        "In-Reply-To: <two@x>\r\n"
        "References: <one@x> <two@x>\r\n"
        "User-Agent: tui-mail\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8; format=flowed\r\n"
        "Content-Transfer-Encoding: 8bit\r\n"
        "\r\n"
        "Hällo\r\n"
        "\r\n"
        "> quoted\r\n"
        "-- \r\n"
        "Anna\r\n"
    )


def test_a_line_with_an_encoded_word_is_a_short_one() -> None:
    names = ["ü" * count for count in (16, 20, 30, 80)]
    to = ", ".join(f"{name} <somebody@example.org>" for name in names)
    for first in (to, f"{'ü' * 20}: {to};"):
        message = build(replace(DRAFT, to=first, reply_to=first), NOW, NO_BLOBS).message
        encoded = [line for line in message.split(b"\r\n") if b"=?" in line]
        assert max(map(len, encoded)) <= 76  # RFC 2047, 2
        assert [each.name for each in parse(field(message, "Reply-To"))] == names


def test_the_envelope() -> None:
    draft = replace(
        DRAFT, to="A <a@Ü.example>, b@x.org", cc="B@X.org, G: c@x.org;", bcc="D <d@x.org>"
    )
    outgoing = build(draft, NOW, NO_BLOBS)
    assert outgoing.sender == "anna@example.org"
    assert outgoing.recipients == ("a@xn--tda.example", "b@x.org", "c@x.org", "d@x.org")
    assert not outgoing.smtputf8
    assert (outgoing.account, outgoing.subject) == ("work", "Hello")


def test_bcc_is_in_the_filed_copy_alone() -> None:
    outgoing = build(replace(DRAFT, bcc="Ümit <secret@x.org>"), NOW, NO_BLOBS)
    assert b"secret" not in outgoing.message and b"Bcc" not in outgoing.message
    assert "secret@x.org" in outgoing.recipients
    filed = filed_copy(outgoing)
    assert field(filed, "Bcc") == "Ümit <secret@x.org>"
    assert b"".join(re.split(rb"Bcc: .*\r\n", filed)) == outgoing.message
    assert filed_copy(build(DRAFT, NOW, NO_BLOBS)).count(b"Bcc") == 0


def test_only_blind_recipients() -> None:
    outgoing = build(replace(DRAFT, to="", bcc="secret@x.org"), NOW, NO_BLOBS)
    assert b"To:" not in outgoing.message
    assert outgoing.recipients == ("secret@x.org",)


def test_a_local_part_beyond_ascii_needs_smtputf8() -> None:
    outgoing = build(replace(DRAFT, to="jörg@müller.example"), NOW, NO_BLOBS)
    assert outgoing.smtputf8
    assert outgoing.recipients == ("jörg@xn--mller-kva.example",)
    assert "To: jörg@xn--mller-kva.example\r\n".encode() in outgoing.message
    assert build(replace(DRAFT, from_="jörg@x.org"), NOW, NO_BLOBS).smtputf8


def test_every_message_has_an_id_of_its_own_with_the_senders_domain() -> None:
    ids = {build(DRAFT, NOW, NO_BLOBS).message_id for _ in range(20)}
    assert len(ids) == 20
    assert all(re.fullmatch(r"<[a-z2-7]{25}@example\.org>", each) for each in ids)
    name = os.uname().nodename
    assert name not in build(DRAFT, NOW, NO_BLOBS).message.decode() or len(name) < 4
    kept = build(replace(DRAFT, message_id="<kept@example.org>"), NOW, NO_BLOBS)
    assert kept.message_id == "<kept@example.org>"
    other = build(replace(DRAFT, message_id="<kept@laptop.local>"), NOW, NO_BLOBS)
    assert other.message_id.endswith("@example.org>")
    assert b"laptop" not in other.message
    international = build(replace(DRAFT, from_="a@müller.example"), NOW, NO_BLOBS)
    assert international.message_id.endswith("@xn--mller-kva.example>")


def test_the_date_has_its_zone() -> None:
    utc = build(DRAFT, datetime(2026, 1, 2, tzinfo=UTC), NO_BLOBS)
    assert field(utc.message, "Date") == "Fri, 02 Jan 2026 00:00:00 +0000"


@pytest.mark.parametrize(
    ("changes", "at", "said"),
    [
        ({"to": ""}, "to", "Nobody"),
        ({"to": "nobody:;"}, "to", "Nobody"),
        ({"to": "bo"}, "to", "To: bo: no domain"),
        ({"cc": "a@b.org, x@-y"}, "cc", "Cc: x@-y:"),
        ({"bcc": "a b@c.org"}, "bcc", "Bcc: a b@c.org: a space"),
        ({"reply_to": "me"}, "reply_to", "Reply-To: me: no domain"),
        ({"from_": ""}, "from_", "exactly one"),
        ({"from_": "a@b.org, c@d.org"}, "from_", "exactly one"),
        ({"from_": "G:;"}, "from_", "exactly one"),
        ({"attachments": (Attachment("a\nb.txt", "text/plain", 1),)}, "attachments", "a b.txt"),
        (
            {"attachments": (Attachment("a", "text/plain", 1, path=Path("/nowhere/a")),)},
            "attachments",
            "no such file",
        ),
        ({"attachments": (Attachment("a", "text/plain", 1, blob=7),)}, "attachments", "gone"),
    ],
)
def test_what_cannot_be_sent(changes: dict[str, object], at: str, said: str) -> None:
    with pytest.raises(DraftError) as raised:
        built(**changes)
    assert raised.value.field == at
    assert said in raised.value.title


HOSTILE = "x\r\nBcc: evil@x.org\r\n\r\nbody\nX-Evil: 1\r\u2028X-Evil: 2\x0bX-Evil: 3\x85X-Evil: 4"


def test_no_field_begins_inside_another() -> None:
    ids = {"in_reply_to": "<a@b>\r\nX-Evil: 1", "references": ("<a@b>\nX-Evil: 1", "<c@d>")}
    message = built(subject=HOSTILE, message_id="<a@b>\r\nX-Evil: 5", **ids)
    assert "X-Evil" not in message and "Bcc" not in message
    assert message["References"] == "<c@d>"
    assert "In-Reply-To" not in message
    for text in (f'"{HOSTILE}" <a@b.org>', f"a@b.org ({HOSTILE})", f"{HOSTILE}: a@b.org;"):
        for name in ("to", "cc", "reply_to", "from_"):
            try:
                message = built(**{name: text})
            except DraftError:
                continue
            assert "X-Evil" not in message and "Bcc" not in message
    attached = Attachment(HOSTILE, "text/plain\r\nX-Evil: 1", 1, blob=1)
    message = read(build(replace(DRAFT, attachments=(attached,)), NOW, Blobs(b"x").read).message)
    part = list(message.iter_parts())[1]
    assert "X-Evil" not in part and part.get_content_type() == "application/octet-stream"


def test_long_fields_are_folded() -> None:
    many = ", ".join(f"Person Number {number} <person{number}@example.org>" for number in range(99))
    draft = replace(
        DRAFT,
        to=many,
        subject="word " * 80,
        references=tuple(f"<{n}@{'x' * 40}>" for n in range(30)),
    )
    message = build(draft, NOW, NO_BLOBS).message
    header = split_header(message)[0]
    assert all(len(line) <= 78 for line in header.split(b"\r\n"))
    assert field(message, "Subject") == ("word " * 80).strip()
    assert field(message, "To") == many
    assert field(message, "References") == " ".join(draft.references)


def test_a_line_too_long_is_quoted_printable() -> None:
    body = "ü" * 600 + "\n" + "x" * 2000 + "\n" + "trailing\t"
    message = build(replace(DRAFT, body=body), NOW, NO_BLOBS).message
    check_lines(message)
    text = read(message)
    assert text["Content-Transfer-Encoding"] == "quoted-printable"
    assert content(text).removesuffix("\n") == body


def test_a_patch_is_sent_as_it_is() -> None:
    patch = (
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-old \n+" + "new " * 40 + "\n  \n"
    )
    message = read(build(replace(DRAFT, body=patch), NOW, NO_BLOBS).message)
    assert content(message) == patch
    assert "format" not in message["Content-Type"].params


def test_attachments(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("Grüße\n".encode())
    inner = "From: x@y.org\nSubject: Grüße\n\nHällo\n".encode()
    attachments = (
        Attachment("Grüße aus Köln.txt", "text/plain", 8, path=tmp_path / "a"),
        Attachment("x" * 200 + ' "ü".png', "image/png", len(PNG), blob=1),
        Attachment("m.eml", "message/rfc822", len(inner), blob=2),
    )
    draft = replace(DRAFT, body="Hi", attachments=attachments)
    outgoing = build(draft, NOW, Blobs(PNG, inner).read)
    check_lines(outgoing.message)
    message = read(outgoing.message)
    assert message.get_content_type() == "multipart/mixed"
    assert message["Content-Transfer-Encoding"] == "8bit"
    body, text, picture, forwarded = message.iter_parts()
    assert content(body) == "Hi\n"
    assert text.get_filename() == "Grüße aus Köln.txt"
    assert text.get_content_type() == "text/plain"
    assert text["Content-Type"].params["charset"] == "utf-8"
    assert text.get_payload(decode=True) == "Grüße\n".encode()
    assert picture.get_filename() == "x" * 200 + ' "ü".png'
    assert picture.get_payload(decode=True) == PNG
    assert inner.replace(b"\n", b"\r\n") in outgoing.message
    assert forwarded.get_content_type() == "message/rfc822"


@pytest.mark.parametrize(
    ("inner", "kept"),
    [
        (b"Subject: x\n\n" + b"y" * 2000 + b"\n", "message/rfc822"),
        (b"Subject: x\n\nnul \0 inside\n", "message/rfc822"),
        (b"Subject: " + b"x" * 2000 + b"\n\nbody\n", "application/octet-stream"),
    ],
)
def test_a_message_that_no_server_takes_is_encoded_inside(inner: bytes, kept: str) -> None:
    attached = Attachment("m.eml", "message/rfc822", len(inner), blob=1)
    outgoing = build(replace(DRAFT, attachments=(attached,)), NOW, Blobs(inner).read)
    check_lines(outgoing.message)
    part = list(read(outgoing.message).iter_parts())[1]
    assert part.get_content_type() == kept
    if kept == "message/rfc822":
        inside = part.get_content().get_payload(decode=True)
        assert inside.replace(b"\r\n", b"\n") == split_header(inner)[1]
    else:
        assert part.get_payload(decode=True) == inner


def test_seven_bit() -> None:
    inner = (
        "From: x@y.org\nContent-Type: text/plain; charset=utf-8\n"
        "Content-Transfer-Encoding: 8bit\n\nHällo\n"
    ).encode()
    attached = Attachment("m.eml", "message/rfc822", len(inner), blob=1)
    draft = replace(DRAFT, subject="Grüße", body="Hällo\n-- \nÄnna", attachments=(attached,))
    outgoing = build(draft, NOW, Blobs(inner).read)
    narrow = to_seven_bit(outgoing.message)
    assert narrow.isascii() and not outgoing.message.isascii()
    check_lines(narrow)
    message = read(narrow)
    assert message["Content-Transfer-Encoding"] == "7bit"
    body, forwarded = message.iter_parts()
    assert content(body) == "Hällo\n-- \nÄnna\n"
    assert body["Content-Type"].params["format"] == "flowed"
    assert content(forwarded.get_content()) == "Hällo\n"
    assert to_seven_bit(narrow) == narrow
    plain = build(DRAFT, NOW, NO_BLOBS).message
    assert to_seven_bit(plain) == plain


@given(st.binary(max_size=300))
def test_anything_can_be_made_seven_bit(raw: bytes) -> None:
    raw = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + raw
    narrow = to_seven_bit(raw)
    assert narrow.isascii()


def test_a_deeply_nested_message_can_be_made_seven_bit() -> None:
    raw = b"Content-Type: message/rfc822\r\n\r\n" * 5000 + "ü".encode()
    assert to_seven_bit(raw).isascii()


# What may stand in a name: no text that typed input could not hold at all.
_TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Cf", "Cn", "Co")), max_size=120
)


@given(name=_TEXT, subject=st.text(max_size=200), body=st.text(max_size=300), file=_TEXT)
def test_any_unicode_arrives(name: str, subject: str, body: str, file: str) -> None:
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    draft = replace(
        DRAFT,
        to=f"{quoted} <a@b.org>",
        subject=subject,
        body=body,
        attachments=(Attachment(file, "application/x-any", 1, blob=1),),
    )
    outgoing = build(draft, NOW, Blobs(b"x").read)
    check_lines(outgoing.message)
    assert split_header(outgoing.message)[0].isascii()
    typed = parse_header(field_body(split_header(outgoing.message)[0], "To"))
    assert [each.address for each in typed] == ["a@b.org"]
    assert [each.name for each in typed] == [" ".join(clean(name).split())]
    assert field(outgoing.message, "Subject") == clean(one_line(subject)).strip()
    message = read(outgoing.message)
    assert {name.lower() for name in message} == {
        *("from", "to", "subject", "date", "message-id", "user-agent", "mime-version"),
        *("content-type", "content-transfer-encoding"),
    }
    assert len(list(message.iter_parts())) == 2
    check_lines(to_seven_bit(outgoing.message))


def test_a_draft_is_kept_however_unfinished() -> None:
    draft = Draft(
        "work",
        "",
        to="bo, a@b.org",
        bcc="secret@x.org",
        subject=" two  spaces ",
        body="half a li ",
        attachments=(Attachment("gone.txt", "text/plain", 5, path=Path("/nowhere/gone.txt")),),
    )
    copy = draft_copy(draft, NOW, NO_BLOBS)
    check_lines(copy)
    assert field(copy, "To") == "a@b.org"
    assert field(copy, "Bcc") == "secret@x.org"
    assert field(copy, "Message-ID").endswith("@invalid>")
    assert b"/nowhere" not in copy


def test_nothing_of_a_draft_is_in_what_is_sent() -> None:
    draft = replace(DRAFT, body="trailing ", subject=" x ")
    assert b"X-Tui" in draft_copy(draft, NOW, NO_BLOBS)
    assert b"X-Tui" not in build(draft, NOW, NO_BLOBS).message
    assert b"X-Tui" not in draft_copy(DRAFT, NOW, NO_BLOBS)
