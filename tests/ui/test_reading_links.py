"""A message as lines: its links are numbered once through all of its texts; a long one ends."""

from __future__ import annotations

import pytest

from tui_mail.mail.reader import Message
from tui_mail.mail.text import line_text
from tui_mail.model import BodyPart
from tui_mail.ui.rendering import rendered

PLAIN = b"Look at https://one.example/ and https://two.example/ now.\r\n"
HTML = b'<p><a href="https://three.example/">three</a>, <a href="https://one.example/">one</a></p>'
PATCH = b"See https://four.example/\n\n--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n"
CALENDAR = (
    b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Tea\r\n"
    b"DTSTART:20240514T100000Z\r\nURL:https://five.example/\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def part(section: str, kind: str, subtype: str) -> BodyPart:
    return BodyPart(section=section, type=kind, subtype=subtype, encoding="8bit")


def test_a_text_that_is_never_shown_whole_says_so_at_its_end() -> None:
    first = part("1", "text", "plain")
    message = Message(
        mailbox_id=1,
        uid=1,
        structure=first,
        root=first,
        header=b"From: a@x.example\r\n\r\n",
        part=first,
        alternatives=(),
        data=b"a\r\n",
        complete=False,
        whole=True,
    )
    _, text = rendered(message, 80, False, ())
    assert "too long to be shown here: saved, this part is whole" in line_text(text.lines[-1])


@pytest.mark.parametrize("width", [40, 100])
def test_numbers_run_on_and_an_address_keeps_its_own(width: int) -> None:
    first = part("1", "text", "plain")
    message = Message(
        mailbox_id=1,
        uid=1,
        structure=first,
        root=first,
        header=b"From: a@x.example\r\n\r\n",
        part=first,
        alternatives=(),
        data=PLAIN,
        complete=True,
        further=(
            (part("2", "text", "html"), HTML, True),
            (part("3", "text", "x-patch"), PATCH, True),
            (part("4", "text", "calendar"), CALENDAR, True),
        ),
    )
    _, text = rendered(message, width, False, ())
    hosts = [(link.number, link.url) for link in text.links]
    assert hosts == [
        (number, f"https://{name}.example/")
        for number, name in enumerate(("one", "two", "three", "four", "five"), 1)
    ]
    shown = "\n".join(map(line_text, text.lines))
    assert "three [3]" in shown and "one [1]" in shown
    linked = {span.link for line in text.lines for span in line if span.link}
    assert linked == {1, 2, 3, 4, 5}
