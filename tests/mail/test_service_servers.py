"""The same acceptance tests with every server: Dovecot in three shapes, Cyrus, Courier, the demo.

Cyrus and Courier keep everything below ``INBOX.``; Courier and a Dovecot told to hide what it can
have no CONDSTORE, no ESEARCH, no SPECIAL-USE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from folder_sessions import KINDS, started
from running_service import RunningService, account
from servers import Cyrus, RawImap
from servers.raw_imap import RawImapError

from tui_mail.demo.server import PASSWORD, USER
from tui_mail.demo.thread import demo_in_thread
from tui_mail.mail import events
from tui_mail.model import SEEN, MessageSummary

MESSAGE = (
    b"From: Bea <bea@example.org>\r\nTo: anna@example.org\r\nSubject: %b\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
    b"--x\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n"
    b"Content-Disposition: attachment; filename=a.pdf\r\n\r\nQUJD\r\n--x--\r\n"
)


@dataclass(frozen=True, slots=True)
class Place:
    """One account on one server, with a second client of it."""

    url: str
    password: str
    other: RawImap
    separator: str
    prefix: str
    keeps_bytes: bool

    def name(self, *path: str) -> bytes:
        return (self.prefix + self.separator.join(path)).encode()

    def create(self, name: bytes, messages: int = 0) -> None:
        self.other.command(b"CREATE " + astring(name))
        for number in range(1, messages + 1):
            self.append(name, b"number %d" % number)

    def append(self, name: bytes, subject: bytes, flags: tuple[str, ...] = ()) -> None:
        self.other.append(name, MESSAGE % subject, flags=flags)


def astring(name: bytes) -> bytes:
    return b'"%b"' % name.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


@pytest.fixture(
    params=[pytest.param(kind, marks=pytest.mark.server) for kind in KINDS] + ["demo"],
    ids=lambda kind: kind.replace(" ", "-"),
)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with ExitStack() as stack:
        if request.param == "demo":
            config = stack.enter_context(demo_in_thread())
            port = config.accounts[0].imap.port
            other = stack.enter_context(RawImap.login("127.0.0.1", port, USER, PASSWORD))
            yield Place(f"imap+insecure://{USER}@127.0.0.1:{port}", PASSWORD, other, "/", "", False)
            return
        server = started(request.param, request)
        user = server.new_user()
        other = stack.enter_context(server.connect(user))
        below = request.param in ("cyrus", "courier")
        dots = below or request.param.endswith("dots")
        yield Place(
            f"imap+insecure://{user}@{server.host}:{server.port}",
            server.password,
            other,
            "." if dots else "/",
            "INBOX." if below else "",
            request.param != "courier",
        )


@pytest.fixture
def run(place: Place) -> Iterator[Callable[[], RunningService]]:
    with ExitStack() as stack:
        settings = account(place.url, password=place.password)
        yield lambda: stack.enter_context(RunningService(settings))


def rows(running: RunningService, mailbox_id: int, *uids: int) -> list[MessageSummary]:
    return running.service.rows(mailbox_id, uids).result(10)


def test_a_day_with_a_mailbox(place: Place, run: Callable[[], RunningService]) -> None:
    """Connect, tree, list, open, seen, new mail, flags and expunge by another client."""
    name = place.name("Projects")
    place.create(name, 3)
    running = run()
    service = running.service
    running.opened()
    running.wait_for(events.MailboxesChanged)
    tree = {stored.mailbox.name: stored.mailbox for stored in service.mailboxes("work").result()}
    assert b"INBOX" in tree
    assert tree[name].path[-1] == "Projects" and tree[name].selectable
    assert tree[name].delimiter == place.separator
    assert tree[name].path == tuple((place.prefix + "Projects").split(place.separator))
    counted = running.wait_for(events.CountsChanged, lambda e: name in e.names)
    assert counted
    (stored,) = service.mailboxes_named("work", [name]).result()
    assert (stored.status.messages, stored.status.unseen) == (3, 3)

    service.open_mailbox("work", name).result(10)
    mailbox_id = running.opened(name)
    newest_first = list(running.order())
    assert len(newest_first) == 3
    first, second, third = reversed(newest_first)
    running.wait_for(
        events.RowsChanged, lambda e: e.mailbox_id == mailbox_id and {first, third} <= {*e.uids}
    )
    assert [row.subject for row in rows(running, mailbox_id, third, first)] == [
        "number 3",
        "number 1",
    ]

    message = service.open_message("work", mailbox_id, second).result(10)
    assert message.data.strip() == "Grüße".encode() and message.complete and not message.note
    assert b"Subject: number 2" in message.header
    assert rows(running, mailbox_id, second)[0].has_attachment
    assert SEEN not in rows(running, mailbox_id, second)[0].flags
    source, complete = service.message_source("work", mailbox_id, second).result(10)
    assert source.replace(b"\r\n", b"\n") == (MESSAGE % b"number 2").replace(b"\r\n", b"\n")
    assert complete
    service.mark_seen("work", mailbox_id, second).result(10)
    assert SEEN in rows(running, mailbox_id, second)[0].flags

    seen = len(running.events)
    place.append(name, b"news")
    service.retry_now("work")
    arrived = running.wait_for(events.MailArrived, after=seen)
    assert len(arrived.uids) == 1 and rows(running, mailbox_id, *arrived.uids)
    assert list(running.order()) == [*arrived.uids, *newest_first]

    place.other.command(b"SELECT " + astring(name))
    answer = b"".join(place.other.command("FETCH 2 (FLAGS)"))
    assert b"\\Seen" in answer, "the other client sees that it was read"
    place.other.command("STORE 3 +FLAGS (\\Answered)")
    place.other.command("STORE 1 +FLAGS (\\Deleted)")
    place.other.command("EXPUNGE")
    service.retry_now("work")
    left = [*arrived.uids, third, second]
    running.wait_for(events.OrderChanged, lambda e: list(e.order) == left, after=seen)
    running.wait_for(
        events.RowsChanged,
        lambda e: any("\\Answered" in row.flags for row in rows(running, mailbox_id, third)),
        after=seen,
    )
    assert not rows(running, mailbox_id, first)


DIFFICULT = (
    b"With space",
    b'With "quotes"',
    b"Back\\slash",
    b"Entw&APw-rfe",
    b"per%cent",
    b"st*ar",
    b"(round)",
    b"{5}",
    b"{5+}",
    b"nil",
    b"&Jjo-!",
    b"'single'",
    b"~tilde",
    b"trailing ",
    b"#hash",
)
# Not modified UTF-7 (RFC 3501, 5.1.3): Courier turns it into other names, pymap never answers.
MALFORMED = (b"Broken &encoding", b"Ends in &", b"raw \xc3\xbc", b"raw \xff")


def test_difficult_names_are_opened_exactly(
    place: Place, run: Callable[[], RunningService]
) -> None:
    made = []
    names = DIFFICULT + (MALFORMED if place.keeps_bytes else ())
    for number, difficult in enumerate(names):
        name = place.name() + difficult
        try:
            place.other.command(b"CREATE " + astring(name))
        except RawImapError:
            continue  # no mailbox of this server can have such a name
        place.other.append(name, MESSAGE % b"message %d" % number)
        made.append((name, number))
    assert len(made) >= 8
    running = run()
    running.opened()
    running.wait_for(events.MailboxesChanged)
    listed = {stored.mailbox.name for stored in running.service.mailboxes("work").result()}
    assert {name for name, _ in made} <= listed
    for name, number in made:
        running.service.open_mailbox("work", name).result(10)
        mailbox_id = running.opened(name)
        (uid,) = running.order()
        assert rows(running, mailbox_id, uid)[0].subject == f"message {number}"


def test_parents_that_are_no_mailboxes(place: Place, run: Callable[[], RunningService]) -> None:
    """``a/b/c`` alone: what is above it is there to be opened in the tree, and not selected."""
    name = place.name("alone", "inner", "leaf")
    place.create(name, 1)
    running = run()
    running.opened()
    running.wait_for(events.MailboxesChanged)
    tree = {s.mailbox.name: s.mailbox for s in running.service.mailboxes("work").result()}
    assert tree[name].path[-3:] == ("alone", "inner", "leaf")
    running.service.open_mailbox("work", name).result(10)
    running.opened(name)
    assert len(running.order()) == 1
    parent = place.name("alone")
    if parent in tree and not tree[parent].selectable:
        running.service.open_mailbox("work", parent).result(10)
        running.wait_for(events.MailboxGone, lambda e: e.name == parent)
        running.service.open_mailbox("work", b"INBOX").result(10)
        running.wait_for(
            events.MailboxOpened, lambda e: e.live and e.name == b"INBOX", after=len(running.events)
        )


@pytest.mark.server
def test_the_mailbox_of_another_user(cyrus: Cyrus) -> None:
    """Cyrus' other users' namespace (RFC 2342): listed, counted and opened like one's own."""
    owner, guest = cyrus.new_user(), cyrus.new_user()
    with cyrus.connect(owner) as raw, cyrus.connect(guest):
        raw.command("CREATE INBOX.Shared")
        raw.append("INBOX.Shared", MESSAGE % b"for all")
        raw.command(f"SETACL INBOX.Shared {guest} lrs")
    name = f"user.{owner}.Shared".encode()
    with RunningService(account(f"imap+insecure://{guest}@{cyrus.host}:{cyrus.port}")) as running:
        running.opened()
        running.wait_for(events.MailboxesChanged)
        assert name in {s.mailbox.name for s in running.service.mailboxes("work").result()}
        running.service.open_mailbox("work", name).result(10)
        running.opened(name)
        assert len(running.order()) == 1
