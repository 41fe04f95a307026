"""The mailboxes of the demo and all that is in them, dated backwards from one moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tui_mail.demo import charsets, guide, notices, threads
from tui_mail.demo.compose import Letter, letter
from tui_mail.demo.people import ADA, BORIS, DARA, FINN, GWEN, ME, NOOR
from tui_mail.model import DRAFT, SEEN, SpecialUse

SPECIAL_USE = {
    "Archive": SpecialUse.ARCHIVE,
    "Drafts": SpecialUse.DRAFTS,
    "Junk": SpecialUse.JUNK,
    "Sent": SpecialUse.SENT,
    "Trash": SpecialUse.TRASH,
}


@dataclass(frozen=True, slots=True)
class SampleMailbox:
    """A mailbox with its messages, oldest arrival first."""

    name: str
    messages: tuple[Letter, ...]
    subscribed: bool = True


def mailboxes(now: datetime) -> Iterator[SampleMailbox]:
    """Every mailbox; ``now`` (with a time zone) decides all dates and so all bytes."""
    now = now.replace(microsecond=0)
    yield _mailbox("INBOX", (*notices.everyday(now), *charsets.letters(now), *guide.letters(now)))
    yield _mailbox("Drafts", _drafts(now))
    yield _mailbox("Sent", notices.sent(now))
    yield _mailbox("Archive", ())
    yield _mailbox(f"Archive/{now.year - 1}", notices.archive(now, 1))
    yield _mailbox(f"Archive/{now.year - 2}", notices.archive(now, 2))
    yield _mailbox("Junk", notices.junk(now))
    yield _mailbox("Trash", notices.trash(now))
    yield _mailbox("Lists/Patches", threads.patches_list(now))
    yield _mailbox("Lists/Protocol", threads.protocol_list(now))
    yield _mailbox("Projects/Größe & Maß", _project(now, "Größe & Maß", 6))
    yield _mailbox("Projects/Lighthouse", _project(now, "Lighthouse", 11))
    yield _mailbox("Projects/Lighthouse/Lamp room", _project(now, "Lamp room", 5))
    yield _mailbox("Projects/灯台", _project(now, "灯台", 4))
    yield _mailbox('Odd "names" \\ and 100%', _odd_name(now))
    yield _mailbox("Projects/Asleep", _project(now, "Asleep", 2), subscribed=False)


def _mailbox(name: str, messages: Iterable[Letter], *, subscribed: bool = True) -> SampleMailbox:
    in_order = sorted(messages, key=lambda message: message.received)
    return SampleMailbox(name, tuple(in_order), subscribed)


def _drafts(now: datetime) -> Iterator[Letter]:
    yield letter(
        ME,
        "On waiting (unfinished)",
        "Dear editor,\n\nI read your letter with great patience, and",
        now - timedelta(days=1, hours=4),
        to=(NOOR,),
        flags=(SEEN, DRAFT),
    )
    yield letter(ME, "", "Remember the milk.\n", now - timedelta(days=9), flags=(SEEN, DRAFT))


def _project(now: datetime, name: str, count: int) -> Iterator[Letter]:
    people = (ADA, FINN, GWEN, BORIS, DARA)
    for number in range(count):
        writer = people[(number * 3 + count) % len(people)]
        subject, text = notices.PROJECT_NOTES[(number * 5 + count) % len(notices.PROJECT_NOTES)]
        yield letter(
            writer,
            f"{name}: {subject}",
            f"{text}\n\n{writer.name.split()[0]}\n",
            now - timedelta(days=5 + number * 6, hours=number * 5 % 13, minutes=number * 7),
            flags=() if number == 0 else (SEEN,),
        )


def _odd_name(now: datetime) -> Iterator[Letter]:
    yield letter(
        FINN,
        "How to quote a folder",
        "This folder's name has quotes, a backslash, blanks, brackets and a percent\n"
        "sign. In the wire pane you see how it is written in SELECT.\n\nFinn\n",
        now - timedelta(days=12),
        flags=(),
    )
