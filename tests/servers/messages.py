"""Made-up mail that looks like real mail: the same messages for the same seed.

Varied in what a client has to work for: encoded words, wide and right-to-left text, long
subjects, threads, lists, multiparts with attachments, missing headers, sizes of 1 to 20 KB.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime

NEWEST = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_PEOPLE = (
    ("Anna Example", "anna@example.org"),
    ("Bjørn Ødegård", "bjorn@example.no"),
    ("Grace Okafor", "g.okafor@example.com"),
    ("Jürgen Groß", "juergen.gross@example.de"),
    ("Łukasz Wiśniewski", "lukasz@example.pl"),
    ("山田 太郎", "taro.yamada@example.jp"),
    ("Иван Петров", "petrov@example.ru"),
    ("Chloé Dubois", "chloe.dubois@example.fr"),
    ("O'Brien, Pat", "pat@example.ie"),
    ("王小明", "xm.wang@example.cn"),
    ("דנה לוי", "dana@example.co.il"),
    ("Sam Reed", "sam.reed@example.net"),
    ("Build Service", "builds@ci.example.org"),
    ("Example Shop", "newsletter@shop.example.com"),
    ("", "root@host7.example.org"),
    ("Maria del Carmen Fernández-Villaverde y Rodríguez", "mc.fernandez@example.es"),
)
_SUBJECTS = (
    "Meeting on Thursday",
    "Notes from the planning call",
    "Re: budget for the second quarter",
    "Grüße aus München",
    "[dev] parser: accept a bare LF after a literal",
    "Invoice 2026-0117",
    "会議の資料をお送りします",
    "Отчёт за неделю",
    "Build #4711 failed on main",
    "Your order has been shipped 📦",
    "Fwd: travel to Århus, dates and hotel",
    "פגישה מחר",
    "Résumé of the discussion, with a rather long subject that no column will ever hold in full",
    "lunch?",
    "[announce] release 2.4 is out",
    "Question about the invoice",
    "Backup of host7: 3 warnings",
)
_TEXT = (
    "the server answered late and the list was already drawn so nobody noticed that it had "
    "been away for a minute while the mail kept coming in from every side of the house and "
    "each message found its place by arrival with the newest one on top as it should be "
    "please have a look at the table below and tell me whether the figures agree with yours "
    "we meet again on Monday in the small room behind the library bring the old notes too"
)
_WORDS = tuple(_TEXT.split())
_FLAGS: dict[tuple[str, ...], int] = {
    (): 20,
    ("\\Seen",): 68,
    ("\\Seen", "\\Answered"): 7,
    ("\\Seen", "\\Flagged"): 3,
    ("\\Flagged",): 1,
    ("\\Seen", "$Forwarded"): 1,
}


@dataclass(frozen=True, slots=True)
class GeneratedMessage:
    """``data`` with CRLF line ends; ``internal_date`` as APPEND takes it."""

    data: bytes
    flags: tuple[str, ...]
    internal_date: str
    arrived: datetime
    subject: str


def imap_date(moment: datetime) -> str:
    """date-time of RFC 9051, section 9, whatever the locale."""
    return f"{moment.day:02d}-{_MONTHS[moment.month - 1]}-{moment:%Y %H:%M:%S %z}"


def generate(
    count: int, *, seed: int = 1, newest: datetime = NEWEST, newest_subject: str | None = None
) -> Iterator[GeneratedMessage]:
    """``count`` messages, the oldest first, the last one at ``newest``.

    Number n of them, from 0, is called "#n something" and begins "This is message n."; the last
    one is called ``newest_subject`` where that is given. About 40,000 a second.
    """
    maker = _Maker(random.Random(seed))
    for number in range(count):
        arrived = newest - timedelta(minutes=17 * (count - 1 - number))
        last = newest_subject if number == count - 1 else None
        yield maker.message(number, arrived, last)


class _Maker:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._people = [_header_address(*person) for person in _PEOPLE]
        self._encoded: dict[str, str] = {}
        # Paragraphs are made once and mixed: making text word by word is too slow for 100,000.
        self._paragraphs = [_paragraph(chance) for _ in range(300)]
        self._attachments = [
            base64.encodebytes(chance.randbytes(size)).decode().replace("\n", "\r\n")
            for size in (600, 1500, 3000, 6000, 9000)
        ]
        self._kinds: tuple[Callable[[int], str], ...] = (
            self._plain,
            self._alternative,
            self._mixed,
            self._bare,
        )

    def message(self, number: int, arrived: datetime, subject: str | None) -> GeneratedMessage:
        chance = self._chance
        if subject is None:
            subject = f"#{number} {chance.choice(_SUBJECTS)}"
        sender, recipient = chance.choice(self._people), chance.choice(self._people)
        headers = [
            f"Return-Path: <bounce-{number}@example.org>",
            f"Received: from mx{number % 7}.example.org (mx{number % 7}.example.org "
            f"[192.0.2.{number % 250}])\r\n\tby mail.example.org with ESMTPS id {number:08x}\r\n"
            f"\tfor <anna@example.org>; {format_datetime(arrived)}",
            f"Date: {format_datetime(arrived - timedelta(seconds=number % 90))}",
            f"From: {sender}",
            f"To: {recipient}",
        ]
        if number % 5 == 0:
            headers.append(f"Cc: {', '.join(chance.sample(self._people, 3))}")
        headers.append(f"Subject: {self._subject(subject)}")
        headers.append(f"Message-ID: <{number}.{number * 2654435761 % 2**32:08x}@example.org>")
        if number > 10 and number % 3 == 0:
            parent = number - 1 - number % 7
            reference = f"<{parent}.{parent * 2654435761 % 2**32:08x}@example.org>"
            headers += [f"In-Reply-To: {reference}", f"References: {reference}"]
        if number % 4 == 0:
            headers += ["List-Id: Developers <dev.lists.example.org>", "Precedence: list"]
        kind = chance.choices(self._kinds, (62, 22, 12, 4))[0]
        text = "\r\n".join(headers) + "\r\n" + kind(number)
        return GeneratedMessage(
            text.encode(),
            chance.choices(tuple(_FLAGS), tuple(_FLAGS.values()))[0],
            imap_date(arrived),
            arrived,
            subject,
        )

    def _subject(self, subject: str) -> str:
        if subject.isascii():
            return subject
        number, _, name = subject.partition(" ")
        if not number.isascii():
            return Header(subject, "utf-8").encode(linesep="\r\n")
        if name not in self._encoded:
            self._encoded[name] = Header(name, "utf-8").encode(linesep="\r\n")
        return f"{number} {self._encoded[name]}"

    def _text(self, number: int) -> str:
        return f"This is message {number}.\r\n\r\n" + "\r\n\r\n".join(
            self._chance.choices(self._paragraphs, k=self._chance.randint(1, 9))
        )

    def _plain(self, number: int) -> str:
        return (
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Transfer-Encoding: 8bit\r\n\r\n{self._text(number)}\r\n\r\n-- \r\nAnna\r\n"
        )

    def _bare(self, number: int) -> str:
        """No MIME at all, as cron still sends it."""
        return f"\r\n{self._text(number)}\r\n"

    def _alternative(self, number: int) -> str:
        boundary = f"=_alt_{number:x}"
        text = self._text(number)
        html = text.replace("\r\n\r\n", "</p>\r\n<p>")
        return (
            f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{boundary}"\r\n'
            f"\r\n--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
            f"--{boundary}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
            f"<html><body><p>{html}</p></body></html>\r\n--{boundary}--\r\n"
        )

    def _mixed(self, number: int) -> str:
        boundary = f"=_mix_{number:x}"
        return (
            f'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="{boundary}"\r\n'
            f"\r\n--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
            f"{self._text(number)}\r\n"
            f"--{boundary}\r\nContent-Type: application/pdf; name=report-{number}.pdf\r\n"
            f"Content-Disposition: attachment; filename=report-{number}.pdf\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n"
            f"{self._chance.choice(self._attachments)}--{boundary}--\r\n"
        )


def _paragraph(chance: random.Random) -> str:
    lines = []
    for _ in range(chance.randint(2, 10)):
        lines.append(" ".join(chance.choices(_WORDS, k=chance.randint(6, 13))))
    return "\r\n".join(lines).capitalize()


def _header_address(name: str, address: str) -> str:
    if not name:
        return address
    if not name.isascii():
        return f"{Header(name, 'utf-8').encode()} <{address}>"
    return f'"{name}" <{address}>' if not name.replace(" ", "").isalnum() else f"{name} <{address}>"
