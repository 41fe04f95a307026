"""mailto: URIs as the fields of a draft."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.errors import MailError
from tui_mail.mail.compose.mailto import MAX_URI, MailtoFields, parse


# The first ones are the examples of RFC 6068, 6.
@pytest.mark.parametrize(
    ("uri", "fields"),
    [
        ("mailto:chris@example.com", MailtoFields(to="chris@example.com")),
        (
            "mailto:infobot@example.com?subject=current-issue",
            MailtoFields(to="infobot@example.com", subject="current-issue"),
        ),
        (
            "mailto:infobot@example.com?body=send%20current-issue%0D%0Asend%20index",
            MailtoFields(to="infobot@example.com", body="send current-issue\nsend index"),
        ),
        (
            "mailto:list@example.org?In-Reply-To=%3C3469A91.D10AF4C@example.com%3E",
            MailtoFields(to="list@example.org", in_reply_to="<3469A91.D10AF4C@example.com>"),
        ),
        (
            "mailto:joe@example.com?cc=bob@example.com&body=hello",
            MailtoFields(to="joe@example.com", cc="bob@example.com", body="hello"),
        ),
        (
            "mailto:?to=joe@example.com&cc=bob@example.com&body=hello",
            MailtoFields(to="joe@example.com", cc="bob@example.com", body="hello"),
        ),
        ("mailto:gorby%25kremvax@example.com", MailtoFields(to="gorby%kremvax@example.com")),
        (
            "mailto:unlikely%3Faddress@example.com?blat=foop",
            MailtoFields(to="unlikely?address@example.com", refused=("blat",)),
        ),
        (
            "mailto:%22not%40me%22@example.org",
            MailtoFields(to='"not@me"@example.org'),
        ),
        (
            "mailto:user@example.org?subject=caf%C3%A9&body=caf%C3%A9",
            MailtoFields(to="user@example.org", subject="café", body="café"),
        ),
        (
            "mailto:user@example.org?subject=%3D%3Futf-8%3FQ%3Fcaf%3DC3%3DA9%3F%3D",
            MailtoFields(to="user@example.org", subject="café"),
        ),
        (
            "mailto:user@%E7%B4%8D%E8%B1%86.example.org",
            MailtoFields(to="user@納豆.example.org"),
        ),
        # Several of one kind, no form encoding of spaces, a name, case.
        (
            "MAILTO:a@b.org,c@d.org?To=e@f.org&CC=g@h.org&cc=i@j.org&subject=1+1&body=x&body=y",
            MailtoFields(
                to="a@b.org, c@d.org, e@f.org", cc="g@h.org, i@j.org", subject="1+1", body="x\ny"
            ),
        ),
        ("mailto:Anna%20%3Ca@b.org%3E", MailtoFields(to="Anna <a@b.org>")),
        ("mailto:a@b.org?bcc=x@y.org&amp;reply-to=z@y.org#top",
         MailtoFields(to="a@b.org", bcc="x@y.org", reply_to="z@y.org")),
        (
            "mailto:a@b.org?references=%3Ca@b%3E%20%3Cc@d%3E%20junk",
            MailtoFields(to="a@b.org", references=("<a@b>", "<c@d>")),
        ),
        ("mailto:", MailtoFields()),
        ("mailto:?", MailtoFields()),
    ],
)  # fmt: skip
def test_fields(uri: str, fields: MailtoFields) -> None:
    assert parse(uri) == fields


def test_nothing_is_attached_and_nobody_else_writes() -> None:
    uri = "mailto:a@b.org?attach=/etc/passwd&attachment=x&From=boss@b.org&X-Evil=1&sender=e@f.org"
    fields = parse(uri)
    assert fields == MailtoFields(
        to="a@b.org", refused=("attach", "attachment", "from", "x-evil", "sender")
    )


def test_a_line_end_begins_no_field() -> None:
    fields = parse("mailto:a@b.org%0D%0ABcc:x@y.org?subject=Hi%0D%0ABcc:%20e@f.org&cc=c@d.org%0A")
    assert fields.subject == "Hi Bcc: e@f.org"
    assert fields.to == "a@b.org Bcc:x@y.org"
    assert fields.cc == "c@d.org"
    assert fields.bcc == ""


def test_what_is_none_or_has_no_end_is_refused() -> None:
    for uri in ("", "http://example.org", "a@b.org", "mailto:" + "a" * MAX_URI):
        with pytest.raises(MailError):
            parse(uri)


@given(st.text(max_size=200), st.binary(max_size=200))
def test_anything_gives_fields(text: str, raw: bytes) -> None:
    for uri in (text, raw.decode("utf-8", "surrogateescape")):
        fields = parse(f"mailto:{uri}")
        for value in (fields.to, fields.cc, fields.bcc, fields.subject, *fields.refused):
            assert "\n" not in value and "\r" not in value
            value.encode("utf-8")
        fields.body.encode("utf-8")
