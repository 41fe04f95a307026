"""Parts and header blocks as the viewer gets them; invitations."""

from __future__ import annotations

import base64
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.calendar_text import render_calendar
from tui_mail.mail.readable import header_fields, header_lines, render_part
from tui_mail.mail.text import STYLES, Line, RenderedText, cell_width, line_text
from tui_mail.model import BodyPart


def shown(lines: tuple[Line, ...] | RenderedText) -> list[str]:
    lines = lines.lines if isinstance(lines, RenderedText) else lines
    return [line_text(line) for line in lines]


HEADER = (
    b"Received: from a\r\n\tby b; Mon\r\n"
    b"Date: Mon, 11 Nov 2024 10:00:00 +0100\r\n"
    b"From: =?utf-8?q?Anna_Ex=C3=A4mple?= <anna@example.org>\r\n"
    b"Reply-To: Anna <Anna@Example.org>\r\n"
    b"To: bob@example.org,\r\n carl@example.org\r\n"
    b"Subject: Gr\xc3\xbc\xc3\x9fe \x1b[31m\r\n"
    b"X-Odd:\r\n"
    b"\r\n"
    b"To: not a header\r\n"
)


def test_the_brief_header() -> None:
    assert shown(header_lines(HEADER, all_headers=False, width=80)) == [
        "Date: Mon, 11 Nov 2024 10:00:00 +0100",
        "From: Anna Exämple <anna@example.org>",
        "To: bob@example.org, carl@example.org",
        "Subject: Grüße \ufffd[31m",
    ]


def test_all_headers_in_their_own_order() -> None:
    lines = shown(header_lines(HEADER, all_headers=True, width=80))
    assert lines[0] == "Received: from a by b; Mon"
    assert lines[3] == "Reply-To: Anna <Anna@Example.org>"
    assert lines[-1] == "X-Odd: "
    assert len(lines) == 7


def test_a_reply_to_that_leads_elsewhere_is_shown() -> None:
    raw = b"From: a@b.c\nReply-To: list@b.c\nDate: x\n"
    assert shown(header_lines(raw, all_headers=False, width=80))[2] == "Reply-To: list@b.c"


def test_what_is_wrong_is_said() -> None:
    raw = b"From: a@b.c\nFrom: d@e.f\n"
    lines = header_lines(raw, all_headers=False, width=80)
    assert shown(lines)[2:] == [
        "The message has no Date field.",
        "The message has 2 From fields; only one is allowed.",
    ]
    assert lines[2][0].style == "notice"


def test_headers_wrap_behind_their_name() -> None:
    raw = b"Subject: one two three four five\nFrom: a@b.c\nDate: x\n"
    assert shown(header_lines(raw, all_headers=False, width=20))[2:] == [
        "Subject: one two",
        "         three four",
        "         five",
    ]


def test_lines_that_are_no_fields_are_kept() -> None:
    assert list(header_fields(b"A: one\nno field here\nB: two\n")) == [
        ("A", "one no field here"),
        ("B", "two"),
    ]


@given(st.binary(max_size=300), st.booleans())
def test_no_octets_are_too_odd_for_a_header(raw: bytes, all_headers: bool) -> None:
    for line in header_lines(raw, all_headers=all_headers, width=40):
        assert "\x1b" not in line_text(line)
        assert {span.style for span in line} <= set(STYLES)


def part(content_type: str, encoding: str = "7bit", **parameters: str) -> BodyPart:
    kind, subtype = content_type.split("/")
    return BodyPart("1", kind, subtype, tuple(parameters.items()), encoding=encoding)


def test_a_plain_part_is_decoded() -> None:
    data = "Größe".encode("latin-1").hex("=").upper().encode()
    rendered = render_part(
        part("text/plain", "quoted-printable", charset="iso-8859-1"), b"=" + data, width=40
    )
    assert shown(rendered) == ["Größe"]
    assert rendered.notes == ()


def test_flowed_text_flows() -> None:
    data = b"one \r\ntwo\r\n"
    assert shown(render_part(part("text/plain", format="flowed"), data, width=40)) == ["one two"]
    assert shown(render_part(part("text/plain"), data, width=40)) == ["one", "two"]


def test_html_takes_its_charset_from_the_document_if_nowhere_else() -> None:
    data = '<meta charset="koi8-r"><p>Привет</p>'.encode("koi8-r")
    assert shown(render_part(part("text/html"), data, width=40)) == ["Привет"]
    encoded = base64.encodebytes("<b>Größe</b>".encode())
    assert shown(render_part(part("text/html", "base64", charset="utf-8"), encoded, width=40)) == [
        "Größe"
    ]


def test_a_wrong_charset_is_noted() -> None:
    rendered = render_part(part("text/plain", charset="x-odd"), "ü".encode(), width=40)
    assert shown(rendered) == ["ü"]
    assert rendered.notes == ("The charset “x-odd” is not known; the text may be wrong.",)


def test_a_part_cut_off_says_so_and_nothing_else() -> None:
    data = "Größe".encode()[:-3]
    rendered = render_part(part("text/plain", charset="utf-8"), data, width=40, complete=False)
    assert rendered.notes == ("Only the beginning of this part has been fetched.",)
    assert shown(rendered)[0].startswith("Gr")


def test_a_patch_is_recognized_in_plain_text() -> None:
    data = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
    styles = [line[0].style for line in render_part(part("text/plain"), data, width=40).lines]
    assert styles[-2:] == ["diff-remove", "diff-add"]


def test_enriched_text_loses_its_commands() -> None:
    data = b"<bold>Now</bold> is <<the\r\ntime<param>red</param>.\r\n\r\nNext"
    assert shown(render_part(part("text/enriched"), data, width=40)) == [
        "Now is <the time.",
        "",
        "Next",
    ]


@pytest.mark.parametrize(
    "content_type", ["text/x-odd", "application/json", "message/delivery-status"]
)
def test_whatever_else_is_shown_as_text(content_type: str) -> None:
    assert shown(render_part(part(content_type), b"a: b\x1b\n", width=40)) == ["a: b\ufffd"]


def test_what_is_no_text_is_not_shown_as_some() -> None:
    program = b"\x7fELF\x02\x01\x01\0\0\0"
    assert "not text (application/octet-stream)" in " ".join(
        shown(render_part(part("application/octet-stream"), program, width=40))
    )
    assert shown(render_part(part("text/plain"), b"a\0b", width=40)) == ["a\ufffdb"]


TYPES = st.sampled_from(
    ["text/plain", "text/html", "text/calendar", "text/x-patch", "text/enriched"]
)


@given(TYPES, st.sampled_from(["7bit", "base64", "quoted-printable"]), st.binary(max_size=200))
def test_no_octets_are_too_odd_for_a_part(content_type: str, encoding: str, data: bytes) -> None:
    for line in render_part(part(content_type, encoding), data, width=40).lines:
        assert cell_width(line_text(line)) <= 60
        assert not set(line_text(line)) & set("\n\t\x1b\x9b\u202e")


INVITATION = """BEGIN:VCALENDAR\r
METHOD:REQUEST\r
BEGIN:VTIMEZONE\r
TZID:Europe/Vienna\r
BEGIN:STANDARD\r
DTSTART:19701025T030000\r
END:STANDARD\r
END:VTIMEZONE\r
BEGIN:VEVENT\r
SUMMARY:Planning\\, part 2\r
DTSTART;TZID=Europe/Vienna:20241121T100000\r
DTEND;TZID=Europe/Vienna:20241121T110000\r
LOCATION:Room 4.12\\nMain building\r
ORGANIZER;CN="Example: Anna":mailto:anna@example.org\r
ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@exam\r
 ple.org\r
ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION:MAILTO:carla@example.org\r
RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=10\r
DESCRIPTION:Join: https://meet.example/abc\r
BEGIN:VALARM\r
DESCRIPTION:Alarm\r
END:VALARM\r
END:VEVENT\r
END:VCALENDAR\r
"""


def test_an_invitation() -> None:
    rendered = render_calendar(INVITATION, width=70, own_zone=ZoneInfo("America/New_York"))
    assert shown(rendered) == [
        "Invitation",
        "What:   Planning, part 2",
        "When:   Thu 21 Nov 2024, 10:00 \u2013 11:00 (Europe/Vienna)",
        "        Thu 21 Nov 2024, 04:00 \u2013 05:00 (your time)",
        "        every 2 weeks on Mon, Thu, 10 times",
        "Where:  Room 4.12, Main building",
        "By:     Example: Anna <anna@example.org>",
        "Who:    Bob <bob@example.org> \u2013 accepts",
        "        carla@example.org \u2013 optional, no answer yet",
        "",
        "Join: https://meet.example/abc",
    ]
    assert [link.url for link in rendered.links][-1] == "https://meet.example/abc"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("DTSTART:20241121T100000Z", "Thu 21 Nov 2024, 10:00 (UTC)"),
        ("DTSTART:20241121T100000Z\nDURATION:PT1H30M", "Thu 21 Nov 2024, 10:00 \u2013 11:30 (UTC)"),
        ("DTSTART;VALUE=DATE:20241224", "Tue 24 Dec 2024, all day"),
        ("DTSTART;VALUE=DATE:20241224\nDTEND;VALUE=DATE:20241225", "Tue 24 Dec 2024, all day"),
        (
            "DTSTART;VALUE=DATE:20241224\nDTEND;VALUE=DATE:20241227",
            "Tue 24 Dec 2024 \u2013 Thu 26 Dec 2024, all day",
        ),
        (
            "DTSTART:20241121T220000\nDTEND:20241122T010000",
            "Thu 21 Nov 2024, 22:00 \u2013 Fri 22 Nov 2024, 01:00",
        ),
        ("DTSTART;TZID=My Own Zone:20241121T100000", "Thu 21 Nov 2024, 10:00 (My Own Zone)"),
        (
            "DTSTART;TZID=../../etc/passwd:20241121T100000",
            "Thu 21 Nov 2024, 10:00 (../../etc/passwd)",
        ),
        ("DTSTART:99991231T235900Z\nDURATION:P9999W", "Fri 31 Dec 9999, 23:59 (UTC)"),
        ("DTSTART:00010101T000000Z", "Mon 1 Jan 1, 00:00 (UTC)"),
    ],
)
def test_times(fields: str, expected: str) -> None:
    text = f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{fields}\nEND:VEVENT\nEND:VCALENDAR"
    assert (
        shown(render_calendar(text, width=90, own_zone=ZoneInfo("UTC")))[1] == f"When:   {expected}"
    )


@pytest.mark.parametrize(
    "fields", ["DTSTART:tomorrow", "DTSTART:20249999T990000", "RRULE:FREQ", "ATTENDEE", "X;Y=:"]
)
def test_broken_fields_lose_nothing_else(fields: str) -> None:
    text = f"BEGIN:VEVENT\n{fields}\nSUMMARY:Kept\nEND:VEVENT"
    assert "What:   Kept" in shown(render_calendar(text, width=60))


def test_what_is_no_calendar_is_shown_as_it_is() -> None:
    rendered = render_calendar("Dear all\nno calendar", width=60)
    assert shown(rendered) == ["Dear all", "no calendar"]
    assert rendered.notes == ("The calendar part could not be read.",)


@given(st.lists(st.sampled_from(INVITATION.split("\r\n")), max_size=30).map("\n".join))
def test_any_mix_of_lines_is_read(text: str) -> None:
    render_calendar(text, width=60)
