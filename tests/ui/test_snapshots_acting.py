"""Pictures of acting on mail at 80 by 24 and 140 by 45, each looked at before it was accepted.

The mail is the demo's; what only other servers tell (rights, a full quota) is written down here.

A new picture: ``pytest tests/ui/test_snapshots_acting.py --snapshot-update``, then look at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from main_app import NOW, Person
from pictures import SIZES, Compare, Scene, demo_to_show, played, programs, read

from tui_mail.config import Config
from tui_mail.errors import CommandRefused
from tui_mail.mail.actions import ChangeFlags
from tui_mail.mail.folder_details import FolderDetails, Grant, Quota
from tui_mail.mail.news import Happening, NewsLog
from tui_mail.mail.rights import LETTERS
from tui_mail.model import Mailbox, MailboxStatus
from tui_mail.ui.app import TuiMail
from tui_mail.ui.screens.folder_details import FolderDetailsScreen
from tui_mail.ui.screens.rights import LettersScreen, RightsScreen

KIB = 1024
GIB = KIB**3
SHARED = FolderDetails(
    mailbox=Mailbox(
        b"Projects/Gr&APYA3w-e", "/", frozenset({"\\HasNoChildren"}), ("Projects", "Größe")
    ),
    status=MailboxStatus(
        messages=1_204, unseen=17, uid_next=9_312, uid_validity=1715682600, highest_modseq=40_177
    ),
    quotas=(
        Quota("User quota", "STORAGE", round(9.4 * GIB), 10 * GIB),
        Quota("User quota", "MESSAGE", 61_020, 200_000),
    ),
    rights=LETTERS - {"p", "x"},
    grants=(
        Grant(b"ada", frozenset("lrswipkxte")),
        Grant(b"robin", LETTERS - {"p", "x"}),
        Grant(b"anyone", frozenset("lr")),
        Grant("-Jürgen".encode(), frozenset("te")),
    ),
    modern_rights=True,
)


def news_to_show() -> NewsLog:
    log = NewsLog()
    told = (
        (190, Happening.ARRIVED, b"INBOX", "INBOX", "Ada Quill: The lens has arrived", 180),
        (150, Happening.FLAGS, b"INBOX", "INBOX", "Gwen Hart: Your umbrella: read, +$label1", 40),
        (95, Happening.LOST, None, "", "The server closed the connection", 0),
        (94, Happening.RECONNECTED, None, "", "Connected again after 47 s", 0),
        (60, Happening.EXPUNGED, b"INBOX", "INBOX", "Finn Sørensen: The dog: expunged", 12),
        (31, Happening.CREATED, b"Lists/New", "Lists/New", "a new folder", 0),
        (12, Happening.ARRIVED, b"Projects/X", "Projects/灯台", "藤井千代: 例会のお知らせ", 5),
    )
    for minutes, happening, mailbox, path, text, uid in told:
        log.add(
            happening,
            "demo",
            text,
            time=NOW.timestamp() - 60 * minutes,
            mailbox=mailbox,
            path=path,
            uids=(uid,) if uid else (),
        )
    return log


@pytest.fixture
def demo() -> Iterator[Config]:
    with demo_to_show() as settings:
        yield settings


@pytest.fixture
def start() -> Iterator[Callable[[Config], TuiMail]]:
    with programs(news_to_show) as start:
        yield start


async def set_labels(person: Person) -> None:
    """Labels of the configuration, one of nobody's, and more than there is room for."""
    service, mailbox_id = person.service, person.main.mailbox.mailbox_id
    wanted = {
        "Welcome": {"$label1"},
        "What the wire": {"$label4"},
        "Quotes, flowed": {"$label2", "$label3"},
        "Things that take": {"$label5"},
        "The picture, the bill": {"$label1", "$label2", "$label4", "$label5"},
        "Invitation": {"$Urgent"},
        "Fwd: The lens": {"$Forwarded"},
        "Your umbrella": {"$Forwarded", "$label3"},
    }
    for subject, keywords in wanted.items():
        uid = await person.go_to(subject)
        change = ChangeFlags("+FLAGS", frozenset(keywords))
        service.act("demo", mailbox_id, (uid,), change).result()
    await person.until(lambda: service.waiting("demo") == 0, "all sent")
    person.main.messages.go_to(0)
    await person.settled()


async def show_labels(person: Person) -> None:
    await set_labels(person)
    await person.press("j", "j")


async def show_labels_read(person: Person) -> None:
    await set_labels(person)
    await read(person, "The picture, the bill")


async def show_flag_prompt(person: Person) -> None:
    await person.opens("w")


async def show_tags(person: Person) -> None:
    await person.opens("T")
    await person.type("~f gwen | ~F")
    await person.press("enter")
    await person.until(lambda: person.main.messages.tagged)


async def show_limit(person: Person) -> None:
    await person.opens("l")
    await person.type("~s lunch")
    await person.press("enter")
    await person.until(lambda: person.main.mailbox.limit)
    await person.settled()


async def show_news(person: Person) -> None:
    await person.press("O", "k", "k")


async def show_details(person: Person) -> None:
    await person.press("y")
    await person.app.push_screen(FolderDetailsScreen(SHARED))


async def show_details_end(person: Person) -> None:
    await show_details(person)
    await person.pilot.pause()
    await person.press("end")


async def show_rights(person: Person) -> None:
    await person.press("y")
    await person.app.push_screen(RightsScreen(SHARED, cursor=1))


async def show_letters(person: Person) -> None:
    await person.press("y")
    await person.app.push_screen(LettersScreen(SHARED, "ada", frozenset("lrswipkxte")))
    await person.pilot.pause()
    await person.press("down", "x")


async def show_folder_delete(person: Person) -> None:
    person.main.folder_tree.go_to_mailbox("demo", b"Projects/Lighthouse")
    await person.press("y")
    await person.opens("d")


async def show_empty_folder_delete(person: Person) -> None:
    person.main.folder_tree.go_to_mailbox("demo", b"Archive")
    await person.press("y", "C", *"New", "enter")
    await person.until(lambda: b"Archive/New" in person.main.mailboxes["demo"])
    person.main.folder_tree.go_to_mailbox("demo", b"Archive/New")
    await person.settled()
    await person.opens("d")


async def show_overquota(person: Person) -> None:
    person.main.tell(
        CommandRefused(
            "The server refused to copy 3 messages to Archive",
            server_line="NO [OVERQUOTA] Quota exceeded (mailbox for user is full)",
            advice="The quota is full: 9.9 GiB of 10.0 GiB (99 %).",
            code="OVERQUOTA",
        )
    )


async def show_read_only(person: Person) -> None:
    await person.press("%")
    await person.until(lambda: person.main.mailbox.live and person.main.mailbox.read_only)
    await person.until(lambda: not person.main.offering.offered("message.delete"))
    await person.settled()
    await person.press("j", "j")


SCENES: tuple[Scene, ...] = (
    show_labels,
    show_labels_read,
    show_flag_prompt,
    show_tags,
    show_limit,
    show_news,
    show_details,
    show_details_end,
    show_rights,
    show_letters,
    show_folder_delete,
    show_empty_folder_delete,
    show_overquota,
    show_read_only,
)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("scene", SCENES, ids=[each.__name__ for each in SCENES])
def test_a_picture_of(
    scene: Scene,
    size: tuple[int, int],
    demo: Config,
    start: Callable[[Config], TuiMail],
    snap_compare: Compare,
) -> None:
    app = start(demo)
    assert snap_compare(app, terminal_size=size, run_before=played(app, scene))


@pytest.mark.parametrize("name", ["dark", "light", "high-contrast"])
def test_a_picture_of_labels_in_theme(
    name: str, demo: Config, start: Callable[[Config], TuiMail], snap_compare: Compare
) -> None:
    app = start(replace(demo, ui=replace(demo.ui, theme=name)))
    run_before = played(app, show_labels)
    assert snap_compare(app, terminal_size=SIZES["80x24"], run_before=run_before)
