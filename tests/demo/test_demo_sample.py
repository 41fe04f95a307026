"""The sample mail: the same bytes for the same moment, and something of everything."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from tui_mail.demo import attachments
from tui_mail.demo.compose import Letter
from tui_mail.demo.people import ME_ADDRESS
from tui_mail.demo.sample import SPECIAL_USE, SampleMailbox, mailboxes

NOW = datetime(2024, 5, 14, 10, 30, 15, 500, tzinfo=UTC)


@pytest.fixture(scope="module")
def sample() -> dict[str, SampleMailbox]:
    return {mailbox.name: mailbox for mailbox in mailboxes(NOW)}


def parsed(letter: Letter) -> EmailMessage:
    message = message_from_bytes(letter.data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def every(sample: dict[str, SampleMailbox]) -> list[Letter]:
    return [letter for mailbox in sample.values() for letter in mailbox.messages]


def test_the_same_moment_gives_the_same_bytes(sample: dict[str, SampleMailbox]) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    assert list(mailboxes(NOW)) == list(sample.values())
    assert [mailbox.name for mailbox in mailboxes(elsewhere)] == list(sample)


@pytest.mark.parametrize("moment", [(2024, 2, 29), (2023, 12, 31), (2024, 1, 1), (2025, 3, 30)])
def test_every_day_of_the_year_will_do(moment: tuple[int, int, int]) -> None:
    now = datetime(*moment, 23, 59, 59, tzinfo=UTC)
    found = list(mailboxes(now))
    assert all(letter.received <= now for mailbox in found for letter in mailbox.messages)


def test_a_few_hundred_in_order_of_arrival(sample: dict[str, SampleMailbox]) -> None:
    assert 250 < len(every(sample)) < 500
    for mailbox in sample.values():
        received = [letter.received for letter in mailbox.messages]
        assert received == sorted(received)
        assert all(moment <= NOW for moment in received)


def test_folders(sample: dict[str, SampleMailbox]) -> None:
    assert set(SPECIAL_USE) < set(sample)
    assert "Projects/Größe & Maß" in sample
    assert 'Odd "names" \\ and 100%' in sample
    assert any(name.count("/") == 2 for name in sample)
    assert not sample["Projects/Asleep"].subscribed


def test_message_ids_are_unique_and_answers_name_their_parents(
    sample: dict[str, SampleMailbox],
) -> None:
    identities = [letter.message_id for letter in every(sample) if letter.message_id]
    assert len(set(identities)) == len(identities)
    conversation = [parsed(letter) for letter in sample["Lists/Protocol"].messages]
    parents = [message["In-Reply-To"] for message in conversation if message["In-Reply-To"]]
    assert len(parents) > 30
    assert set(parents) <= {message["Message-ID"] for message in conversation}


def test_lines_end_in_crlf_and_are_of_bearable_length(sample: dict[str, SampleMailbox]) -> None:
    for letter in every(sample):
        lines = letter.data.split(b"\r\n")
        assert not any(b"\n" in line or b"\r" in line for line in lines)
        assert max(map(len, lines)) < 998


def test_headers_are_ascii_and_parse(sample: dict[str, SampleMailbox]) -> None:
    for letter in every(sample):
        head = letter.data.partition(b"\r\n\r\n")[0]
        assert head.isascii()
        if letter.message_id:
            message = parsed(letter)
            assert not message.defects
            assert not message["From"].defects
            assert message["Date"].datetime <= NOW


def test_something_of_everything(sample: dict[str, SampleMailbox]) -> None:
    parts = [part for letter in every(sample) for part in parsed(letter).walk()]
    types = {part.get_content_type() for part in parts}
    assert types >= {
        "text/plain",
        "text/html",
        "text/calendar",
        "image/png",
        "application/pdf",
        "application/zip",
        "message/rfc822",
        "multipart/mixed",
        "multipart/alternative",
    }
    charsets = {part.get_content_charset() for part in parts}
    assert charsets >= {"utf-8", "iso-8859-1", "koi8-r", "iso-2022-jp", "gb18030", "us-ascii"}
    assert any(part.get_param("format") == "flowed" for part in parts)


def test_a_flowed_letter_is_flowed(sample: dict[str, SampleMailbox]) -> None:
    letter = next(found for found in sample["INBOX"].messages if b"format=flowed" in found.data)
    body = letter.data.partition(b"\r\n\r\n")[2].decode()
    assert "sends it: the lines of a \r\nparagraph end" in body
    assert "columns.\r\n>> Two marks" in body
    assert "-- \r\nGwen Hart\r\nThe ferry" in body


def test_a_letter_in_each_charset_decodes(sample: dict[str, SampleMailbox]) -> None:
    texts = {}
    for letter in sample["INBOX"].messages:
        message = parsed(letter)
        charset = message.get_content_charset()
        if charset in ("koi8-r", "iso-2022-jp", "gb18030"):
            texts[charset] = (str(message["Subject"]), message.get_content())
    assert texts["koi8-r"][0] == "Маяк видно с мыса"  # noqa: RUF001
    assert "северного" in texts["koi8-r"][1]
    assert "灯台" in texts["iso-2022-jp"][0] + texts["iso-2022-jp"][1]
    assert "深度" in texts["gb18030"][0] + texts["gb18030"][1]


def test_the_newest_is_the_welcome_and_unread(sample: dict[str, SampleMailbox]) -> None:
    newest = sample["INBOX"].messages[-1]
    assert parsed(newest)["Subject"].startswith("Welcome")
    assert parsed(newest)["To"] == f"Robin Demo <{ME_ADDRESS}>"
    assert newest.flags == ()


def test_the_made_files_are_real() -> None:
    assert attachments.png().startswith(b"\x89PNG\r\n\x1a\n")
    document = attachments.pdf(["(one)", "two"])
    assert document.startswith(b"%PDF-1.4")
    start = int(document.split()[-2])
    assert document[start:].startswith(b"xref")
    with zipfile.ZipFile(io.BytesIO(attachments.archive({"a/b.txt": "sea"}))) as zipped:
        assert zipped.testzip() is None
        assert zipped.read("a/b.txt") == b"sea"
    event = attachments.invitation(NOW, "a@b.example", "c@d.example")
    assert "DTSTART:20240514T103015Z\r\n" in event
    assert all(len(line) <= 75 for line in event.split("\r\n"))
