"""All of a folder marked read, or counted before it is emptied, on real servers."""

from __future__ import annotations

import re
from array import array

import pytest
from folder_sessions import KINDS, AnyServer, TrySession, session, started
from servers import Cyrus, Dovecot, generate

from tui_mail.errors import CommandRefused
from tui_mail.mail import searching
from tui_mail.mail.folder_actions import create, layout
from tui_mail.mail.folder_contents import mark_all_read, messages_in
from tui_mail.mail.folder_names import full_name
from tui_mail.mail.rights import NotAllowed
from tui_mail.mail.store import MessageRecord, Store
from tui_mail.model import FLAGGED, INBOX, SEEN, Mailbox

server = pytest.mark.server


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest) -> AnyServer:
    return started(request.param, request)


async def trash(work: TrySession) -> Mailbox:
    """A folder made here, since not every server has one."""
    where = await layout(work)
    name = full_name("Rubbish & more", None, where)
    await create(work, name, where.delimiter)
    return (await work.mailboxes())[name]


def put(place: AnyServer, work: TrySession, name: bytes, flags: list[list[str]]) -> None:
    messages = generate(len(flags))
    with place.connect(work.user) as raw:
        for message, given in zip(messages, flags, strict=True):
            raw.append(name, message.data, flags=given)


def flags_of(place: AnyServer, work: TrySession, name: bytes) -> dict[int, set[str]]:
    with place.connect(work.user) as raw:
        raw.command(b'EXAMINE "%b"' % name)
        told = b"".join(raw.command("FETCH 1:* (UID FLAGS)")) if exists(raw, name) else b""
    return {
        int(re.search(rb"UID (\d+)", line)[1]): set(  # type: ignore[index]
            re.search(rb"FLAGS \(([^)]*)\)", line)[1].decode().split()  # type: ignore[index]
        )
        - {"\\Recent"}
        for line in told.splitlines()
        if b"FETCH" in line and line.startswith(b"*")
    }


def exists(raw, name: bytes) -> int:  # type: ignore[no-untyped-def]
    told = b"".join(raw.command(b'STATUS "%b" (MESSAGES)' % name))
    return int(re.search(rb"MESSAGES (\d+)", told)[1])  # type: ignore[index]


async def remember(work: TrySession, name: bytes, uid_validity: int, uids: list[int]) -> int:
    """Rows and order in the store, as if the mailbox had been open."""
    number = await work.id(name)
    await work.write(Store.reset_if_stale, number, uid_validity)
    rows = [MessageRecord(u, frozenset(), None, 0, 0, None, "", "", "", "", "", "") for u in uids]
    await work.write(Store.put_messages, number, rows)
    await work.write(Store.put_order, number, array("I", uids), highest_modseq=None)
    return number


@server
async def test_mark_all_read(place: AnyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "SLICE", 2)
    async with session(place, place.new_user()) as work:
        mailbox = await trash(work)
        put(place, work, mailbox.name, [[], [FLAGGED], [SEEN], [], [SEEN, FLAGGED], [], []])
        validity = (await messages_in(work, mailbox)).uid_validity
        number = await remember(work, mailbox.name, validity, [1, 2, 3, 4])
        told: list[tuple[int, int]] = []
        marked = await mark_all_read(work, mailbox, lambda done, total: told.append((done, total)))
        assert marked.uids.tolist() == [1, 2, 4, 6, 7]
        assert marked.uid_validity == validity
        assert told == [(2, 5), (4, 5), (5, 5)]
        assert all(SEEN in flags for flags in flags_of(place, work, mailbox.name).values())
        rows = await work.read(Store.rows, number, [1, 2, 3, 4])
        assert [SEEN in row.flags for row in rows] == [True, True, False, True]  # 3 was never so
        stored = await work.read(Store.mailbox_by_name, work.account_id, mailbox.name)
        assert stored is not None and stored.status.unseen == 0
        again = await mark_all_read(work, mailbox)
        assert again.uids.tolist() == []


@server
async def test_rows_of_another_life_are_left_alone(dovecot: Dovecot) -> None:
    async with session(dovecot, dovecot.new_user()) as work:
        put(dovecot, work, INBOX, [[], []])
        mailbox = (await work.mailboxes())[INBOX]
        seen = await messages_in(work, mailbox)
        number = await remember(work, INBOX, seen.uid_validity + 1, [1, 2])
        await mark_all_read(work, mailbox)
        assert not any(row.flags for row in await work.read(Store.rows, number, [1, 2]))


@server
async def test_read_only_sends_nothing(place: AnyServer) -> None:
    async with session(place, place.new_user(), read_only=True) as work:
        mailbox = (await work.mailboxes())[INBOX]
        before = work.transcript.last_number
        for attempt in (
            mark_all_read(work, mailbox),
            messages_in(work, mailbox),
        ):
            with pytest.raises(NotAllowed, match="read-only"):
                await attempt
        assert work.sent(before) == []


@server
async def test_what_rights_forbid_is_not_tried(cyrus: Cyrus) -> None:
    """Cyrus tells what the rights allow in PERMANENTFLAGS, or opens read-only."""
    owner = cyrus.new_user()
    async with session(cyrus, owner) as work:
        mailbox = await trash(work)
        put(cyrus, work, mailbox.name, [[], []])
        with cyrus.connect(owner) as raw:
            raw.command(b'SETACL "%b" %b lra' % (mailbox.name, owner.encode()))
        before = work.transcript.last_number
        with pytest.raises(NotAllowed, match="stays as it is"):
            await mark_all_read(work, mailbox)
        assert not any("STORE" in line or "EXPUNGE" in line for line in work.sent(before))
        gone = Mailbox(b"INBOX.None", ".", frozenset(), ("INBOX", "None"))
        with pytest.raises(CommandRefused, match="None” could not be opened"):
            await mark_all_read(work, gone)
