"""The everyday mail of the sample: what comes in, what was sent, what was put away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tui_mail.demo import attachments as files
from tui_mail.demo.compose import Attachment, Letter, letter, reply_text, rich_letter
from tui_mail.demo.people import (
    ADA,
    BUILDER,
    DARA,
    ELIF,
    FINN,
    FRIENDS,
    GWEN,
    LIBRARY,
    MARA,
    ME,
    ME_NAME,
    NOOR,
    PETRA,
    TIDES,
    Person,
)
from tui_mail.model import ANSWERED, DELETED, FLAGGED, SEEN

PROJECT_NOTES: tuple[tuple[str, str], ...] = (
    ("the list, shorter", "Crossed off today: the rail, the bulb, the second coat of white."),
    ("what is missing", "Two screws, one signature, and a dry week."),
    ("the stairs", "One hundred and twelve steps. I counted both ways, and got it twice."),
    ("measured again", "It is four centimeters longer than on the drawing. The drawing is wrong."),
    ("a key was found", "It fits none of our doors. I have hung it by the door it fits least."),
    ("minutes of Tuesday", "We agreed on green. We agreed to agree on which green on Friday."),
    ("delivery", "The crate stands on the quay. It takes four people or one Petra."),
    ("the bill", "It came to less than we feared and to more than we hoped."),
    ("before the storm", "Everything that can fly is inside. The flag is out, of its own will."),
    ("after the storm", "All is well. The flag is somewhere over the Baltic."),
    ("a visit", "The children of the school come on Monday. Hide nothing: they find it."),
)

SMALL_TALK: tuple[tuple[Person, str, str], ...] = (
    (GWEN, "Your umbrella", "It has been going to and fro on the ferry since Sunday. Come aboard."),
    (NOOR, "The book you asked for", "It is here. It is heavier than you think. Bring a bag."),
    (
        ELIF,
        "Tiles, at last",
        "The blue ones came out green, and are better for it. Photos on paper.",
    ),
    (PETRA, "The clock is right again", "It was eleven seconds fast since 1410. Nobody had said."),
    (FINN, "Herring", "There is too much of it. Please help."),
    (DARA, "A question about your timetable", "Why does the 7:40 leave at 7:41? Passengers ask."),
    (MARA, "Spring tide on Thursday", "Move the boats, or be prepared to move the house."),
    (ADA, "Borrowed your ladder", "I am on it. Will bring it back when I am down."),
    (GWEN, "Lost and found", "One glove, left. One accordion. Two children, collected since."),
    (NOOR, "Reading on Friday", "Twelve chairs, one lamp, no microphone. You read second."),
    (ELIF, "Color sample", "Hold the card against the wall at noon, not at night."),
    (FINN, "The dog", "He ate the chart of the harbor. We know our way, he does not."),
)

SPAM: tuple[tuple[str, str], ...] = (
    ("YOU HAVE WON a lighthouse!!!", "Only the foundation fee remains to be paid."),
    ("Re: your invoice that does not exist", "Please find nothing attached and open it at once."),
    ("Cheap fog, delivered tonight", "Our fog is thicker. Ask about our winter prices."),
    ("Your mailbox is 103% full", "Click to make room for this message."),
    ("A prince writes", "My tide has been frozen in a foreign bank."),
    ("Grow longer piers in two weeks", "Doctors of engineering hate this one weird plank."),
    ("Final notice (the ninth)", "This is our last letter until the next one."),
)


def everyday(now: datetime) -> Iterator[Letter]:
    """Three months of an INBOX, but for the last two days."""
    yield from _tables(now)
    yield from _builds(now)
    yield from _library(now)
    for number, (writer, subject, text) in enumerate(SMALL_TALK):
        flags = ((SEEN,), (SEEN, ANSWERED), (SEEN, FLAGGED), (SEEN,))[number % 4]
        yield letter(
            writer,
            subject,
            f"Robin,\n\n{text}\n\n{writer.name.split()[0]}\n",
            now - timedelta(days=3 + number * 7, hours=number * 3 % 8, minutes=number * 11),
            flags=flags,
        )
    yield from _lunch(now - timedelta(days=4, hours=2))
    yield from _long_thread(now - timedelta(days=19))


def sent(now: datetime) -> Iterator[Letter]:
    """What Robin wrote."""
    for number, (reader, subject, text) in enumerate(SMALL_TALK):
        when = now - timedelta(days=2 + number * 7, hours=number * 3 % 8, minutes=number * 13)
        answer = (
            "Thank you! On Friday.",
            "I had wondered. Coming.",
            "Yes, and bring the accordion.",
        )
        yield letter(
            ME,
            f"Re: {subject}",
            reply_text(ME, f"Robin,\n\n{text}", reader, when, answer[number % 3]),
            when,
            to=(reader,),
        )
    yield rich_letter(
        ME,
        "The drawing, corrected",
        "Four centimeters added, as the tower has them.\n\nRobin\n",
        now - timedelta(days=8),
        to=(ADA, FINN),
        attachments=(Attachment("tower.pdf", "application/pdf", files.pdf(["TOWER, 31.04 m"])),),
    )


def archive(now: datetime, years: int) -> Iterator[Letter]:
    """A year that is over: a letter every nine days or so."""
    start = (now - timedelta(days=365 * years)).replace(month=1, day=2)
    for number in range(38):
        writer = FRIENDS[(number * 7 + years) % len(FRIENDS)]
        subject, text = PROJECT_NOTES[(number * 3 + years) % len(PROJECT_NOTES)]
        yield letter(
            writer,
            f"{subject[0].upper()}{subject[1:]}",
            f"Dear Robin,\n\n{text}\n\n{writer.name.split()[0]}\n",
            start + timedelta(days=number * 9, hours=number * 5 % 12, minutes=number * 23 % 60),
            flags=(SEEN, ANSWERED) if number % 5 == 0 else (SEEN,),
        )


def junk(now: datetime) -> Iterator[Letter]:
    """What nobody asked for."""
    for number, (subject, text) in enumerate(SPAM):
        sender = Person("Mr. Right Now", f"offer{number}@much-money.example")
        html = f"<h1>{subject}</h1><p><font color=red>{text}</font></p><p><a href='http://"
        html += f"much-money.example/{number}'>CLICK HERE</a></p>"
        yield rich_letter(
            sender, subject, "", now - timedelta(days=1 + number * 3), html=html, flags=()
        )


def trash(now: datetime) -> Iterator[Letter]:
    """What was thrown away, one of it marked to go for good."""
    for number in range(6):
        writer, subject, text = SMALL_TALK[-1 - number]
        yield letter(
            writer,
            f"Re: {subject}",
            f"Never mind, it is settled.\n\n> {text}\n",
            now - timedelta(days=6 + number * 8, hours=number),
            flags=(SEEN, DELETED) if number == 0 else (SEEN,),
        )


def _tables(now: datetime) -> Iterator[Letter]:
    for week in range(1, 14):
        day = now - timedelta(days=week * 7)
        table = "".join(
            f"  {day + timedelta(days=number):%a %d %b}   "
            f"{5 + number * 49 // 60:02}:{number * 49 % 60:02}   "
            f"{2.4 + ((number + week) % 7) * 0.2:.1f} m\n"
            for number in range(7)
        )
        yield letter(
            TIDES,
            f"High water in the week of {day:%d %B}",
            f"  day          time    height\n{table}\nTimes are for the quay.\n",
            day,
        )


def _builds(now: datetime) -> Iterator[Letter]:
    for number in range(24):
        build = 1460 - number
        passed = number % 5 != 3
        verdict = "passed" if passed else "FAILED"
        body = (
            f"Build {build} of lighthouse/main {verdict} after {40 + number * 7 % 30} seconds.\n\n"
        )
        if not passed:
            body += "  test_horn.py::test_is_quiet_without_fog   it was not quiet\n\n"
        body += f"https://build.lighthouse.example/{build}\n"
        yield letter(
            BUILDER,
            f"[build] lighthouse/main #{build} {verdict}",
            body,
            now - timedelta(days=2 + number * 3, hours=number * 7 % 10, minutes=number * 29 % 60),
            flags=(SEEN,) if passed else (SEEN, FLAGGED),
            headers=(("Auto-Submitted", "auto-generated"),),
        )


def _library(now: datetime) -> Iterator[Letter]:
    books = ("The Sea, volume 2", "Knots", "A Short History of Fog", "Rust", "Gulls: a Warning")
    for number, book in enumerate(books):
        yield letter(
            LIBRARY,
            f"Due soon: {book}",
            f'Dear {ME_NAME},\n\n"{book}" is due in three days. Others are waiting.\n',
            now - timedelta(days=5 + number * 16, hours=4),
        )


def _lunch(start: datetime) -> Iterator[Letter]:
    said: tuple[tuple[Person, str], ...] = (
        (GWEN, "Lunch on Thursday? The place by the slipway has soup again."),
        (FINN, "I can be there at one, if the wind allows."),
        (NOOR, "Half past twelve suits the library better."),
        (FINN, "The wind says half past twelve."),
        (ADA, "I am in. Keep me the chair with a view of the tower."),
    )
    references: list[str] = []
    text, author, when = "", GWEN, start
    for number, (writer, words) in enumerate(said):
        body = f"{words}\n"
        if number:
            body = reply_text(writer, text, author, when, words)
        when = start + timedelta(minutes=number * 37)
        message = letter(
            writer,
            "Lunch on Thursday?" if number == 0 else "Re: Lunch on Thursday?",
            body,
            when,
            to=(ME, *(person for person in (GWEN, FINN, NOOR, ADA) if person is not writer)),
            references=tuple(references),
            flags=() if number == len(said) - 1 else (SEEN,),
        )
        references.append(message.message_id)
        text, author = body, writer
        yield message


def _long_thread(start: datetime) -> Iterator[Letter]:
    words = (
        "Which green?",
        "The dark one.",
        "Darker than the door?",
        "As dark as the door in the evening.",
        "The door is never the same in the evening.",
        "Then as dark as the sea.",
        "Which sea?",
        "I will paint it white.",
    )
    references: list[str] = []
    text, when = "", start
    for number, line in enumerate(words):
        writer, author = (ELIF, PETRA) if number % 2 == 0 else (PETRA, ELIF)
        text = f"{line}\n" if number == 0 else reply_text(writer, text, author, when, line)
        when = start + timedelta(hours=number * 3)
        message = letter(
            writer,
            "Which green?" if number == 0 else "Re: Which green?",
            text,
            when,
            to=(author,),
            cc=(ME,),
            references=tuple(references),
        )
        references.append(message.message_id)
        yield message
