"""All of a folder marked read, or emptied: exactly what a person agreed to, on real servers."""

from __future__ import annotations

import re
from array import array

import pytest
from folder_sessions import KINDS, AnyServer, TrySession, session, started
from servers import Cyrus, Dovecot, Peer, ScriptedServer, generate

from tui_mail.errors import CommandRefused, MailError
from tui_mail.mail import expunging
from tui_mail.mail.folder_actions import create, layout
from tui_mail.mail.folder_contents import Messages, empty, mark_all_read, messages_in
from tui_mail.mail.folder_names import full_name
from tui_mail.mail.rights import NotAllowed
from tui_mail.mail.store import JournalDraft, MessageRecord, Store
from tui_mail.model import DELETED, FLAGGED, INBOX, SEEN, Mailbox

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
    monkeypatch.setattr(expunging, "SLICE", 2)
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
        assert (await empty(work, seen)).uids.tolist() == [1, 2]
        assert len(await work.read(Store.rows, number, [1, 2])) == 2


@server
async def test_empty_takes_what_was_seen_and_nothing_else(
    place: AnyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expunging, "SLICE", 2)
    async with session(place, place.new_user()) as work:
        mailbox = await trash(work)
        put(place, work, mailbox.name, [[], [FLAGGED], [DELETED], [SEEN], []])
        agreed = await messages_in(work, mailbox)
        assert agreed.uids.tolist() == [1, 2, 3, 4, 5]
        number = await remember(work, mailbox.name, agreed.uid_validity, [1, 2, 3, 4, 5])
        # Since then two have come, and another program has marked one of them.
        put(place, work, mailbox.name, [[DELETED], []])
        gone = await empty(work, agreed)
        assert gone.uids.tolist() == [1, 2, 3, 4, 5]
        left = flags_of(place, work, mailbox.name)
        assert left == {6: {DELETED}, 7: set()}
        assert (await work.read(Store.order, number)).tolist() == []
        assert await work.read(Store.rows, number, [1, 2, 3, 4, 5]) == []
        stored = await work.read(Store.mailbox_by_name, work.account_id, mailbox.name)
        assert stored is not None and stored.status.messages == 2
        uid_expunge = any("UID EXPUNGE" in line for line in work.sent())
        assert uid_expunge is ("UIDPLUS" in work.client.capabilities)


@server
async def test_a_part_of_the_messages(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        mailbox = await trash(work)
        put(place, work, mailbox.name, [[], [DELETED], [], []])
        seen = await messages_in(work, mailbox)
        number = await remember(work, mailbox.name, seen.uid_validity, [1, 2, 3, 4])
        some = Messages(mailbox, seen.uid_validity, array("I", [1, 4, 99]))
        assert (await empty(work, some)).uids.tolist() == [1, 4, 99]
        assert flags_of(place, work, mailbox.name) == {2: {DELETED}, 3: set()}
        assert (await work.read(Store.order, number)).tolist() == [2, 3]


@server
async def test_an_empty_folder_is_emptied_without_a_word(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        mailbox = await trash(work)
        seen = await messages_in(work, mailbox)
        assert (await empty(work, seen)).uids.tolist() == []
        assert not any("STORE" in line or "EXPUNGE" in line for line in work.sent())


@server
async def test_another_folder_of_the_same_name_is_spared(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        mailbox = await trash(work)
        put(place, work, mailbox.name, [[], []])
        seen = await messages_in(work, mailbox)
        other = Messages(mailbox, seen.uid_validity - 1, seen.uids)
        with pytest.raises(NotAllowed, match="was replaced by another folder"):
            await empty(work, other)
        assert flags_of(place, work, mailbox.name) == {1: set(), 2: set()}
        if "UNSELECT" in work.client.capabilities:
            assert work.client.connection.selected is None


@server
async def test_read_only_sends_nothing(place: AnyServer) -> None:
    async with session(place, place.new_user(), read_only=True) as work:
        mailbox = (await work.mailboxes())[INBOX]
        before = work.transcript.last_number
        for attempt in (
            mark_all_read(work, mailbox),
            messages_in(work, mailbox),
            empty(work, Messages(mailbox, 1, array("I", [1]))),
        ):
            with pytest.raises(NotAllowed, match="read-only"):
                await attempt
        assert work.sent(before) == []


@server
async def test_what_waits_to_be_sent_is_not_removed(dovecot: Dovecot) -> None:
    """Moved out of the folder on the screen, and on the server still in it."""
    async with session(dovecot, dovecot.new_user()) as work:
        mailbox = await trash(work)
        put(dovecot, work, mailbox.name, [[], []])
        seen = await messages_in(work, mailbox)
        draft = JournalDraft("move", mailbox.name, "1", {"target": "INBOX"})
        await work.write(Store.journal_write, work.account_id, [draft], owner="somebody")
        with pytest.raises(NotAllowed, match="cannot be emptied yet"):
            await empty(work, seen)
        assert set(flags_of(dovecot, work, mailbox.name)) == {1, 2}


@server
async def test_what_rights_forbid_is_not_tried(cyrus: Cyrus) -> None:
    """Cyrus tells what the rights allow in PERMANENTFLAGS, or opens read-only."""
    owner = cyrus.new_user()
    async with session(cyrus, owner) as work:
        mailbox = await trash(work)
        put(cyrus, work, mailbox.name, [[], []])
        with cyrus.connect(owner) as raw:
            raw.command(b'SETACL "%b" %b lra' % (mailbox.name, owner.encode()))
        seen = await messages_in(work, mailbox)
        before = work.transcript.last_number
        for attempt in (mark_all_read(work, mailbox), empty(work, seen)):
            with pytest.raises(NotAllowed, match="stays as it is"):
                await attempt
        assert not any("STORE" in line or "EXPUNGE" in line for line in work.sent(before))
        gone = Mailbox(b"INBOX.None", ".", frozenset(), ("INBOX", "None"))
        with pytest.raises(CommandRefused, match="None” could not be opened"):
            await mark_all_read(work, gone)


async def prepared(peer: Peer, capabilities: str = "IMAP4rev1") -> None:
    """Logs in, lists INBOX, and selects it with the messages 1 to 3."""
    await peer.log_in(capabilities)
    await peer.answer(b"LIST", b'* LIST () "/" INBOX\r\n')
    await peer.answer(b"LSUB")
    await peer.answer(b"STATUS")
    await peer.answer(
        b"SELECT INBOX", b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n", b"OK [READ-WRITE] x"
    )


AGREED = array("I", [1, 2])


async def test_a_refused_expunge_leaves_no_marks() -> None:
    async def script(peer: Peer) -> None:
        await prepared(peer)
        await peer.answer(b"UID SEARCH DELETED", b"* SEARCH 2 3\r\n")
        await peer.answer(b"UID STORE 1:2 +FLAGS.SILENT (\\Deleted)")
        await peer.answer(b"UID SEARCH DELETED", b"* SEARCH 1 2 3\r\n")
        await peer.answer(b"UID STORE 3 -FLAGS.SILENT (\\Deleted)")
        await peer.answer(b"UID SEARCH DELETED", b"* SEARCH 1 2\r\n")
        await peer.answer(b"EXPUNGE", status=b"NO [NOPERM] no")
        await peer.answer(b"UID STORE 3 +FLAGS.SILENT (\\Deleted)")
        # 2 was marked before, by somebody.
        await peer.answer(b"UID STORE 1 -FLAGS.SILENT (\\Deleted)")
        await peer.answer(b"LOGOUT")

    async with ScriptedServer(script) as peer, session(peer, "anna") as work:
        mailbox = (await work.mailboxes())[INBOX]
        with pytest.raises(CommandRefused, match="“INBOX” could not be emptied") as caught:
            await empty(work, Messages(mailbox, 7, AGREED))
        assert caught.value.code == "NOPERM"


async def test_somebody_who_keeps_marking_wins() -> None:
    async def script(peer: Peer) -> None:
        await prepared(peer)
        await peer.answer(b"UID SEARCH DELETED", b"* SEARCH\r\n")
        await peer.answer(b"UID STORE 1:2 +FLAGS.SILENT")
        for _ in range(5):
            await peer.answer(b"UID SEARCH DELETED", b"* SEARCH 1 2 3\r\n")
            await peer.answer(b"UID STORE 3 -FLAGS.SILENT")
        await peer.answer(b"UID STORE 3 +FLAGS.SILENT")
        await peer.answer(b"UID STORE 1:2 -FLAGS.SILENT")
        await peer.answer(b"LOGOUT")

    async with ScriptedServer(script) as peer, session(peer, "anna") as work:
        mailbox = (await work.mailboxes())[INBOX]
        with pytest.raises(MailError, match="could not be emptied") as caught:
            await empty(work, Messages(mailbox, 7, AGREED))
        assert "Another program" in caught.value.advice


async def test_a_line_that_drops_in_the_middle() -> None:
    async def script(peer: Peer) -> None:
        await prepared(peer, "IMAP4rev1 UIDPLUS UNSELECT")
        await peer.answer(b"UID SEARCH DELETED", b"* SEARCH\r\n")
        await peer.expect(b"UID STORE 1:2 +FLAGS.SILENT")
        peer.reset()

    async with ScriptedServer(script) as peer, session(peer, "anna") as work:
        mailbox = (await work.mailboxes())[INBOX]
        number = await remember(work, INBOX, 7, [1, 2])
        with pytest.raises(MailError) as caught:
            await empty(work, Messages(mailbox, 7, AGREED))
        assert caught.value.temporary
        assert (await work.read(Store.order, number)).tolist() == [1, 2]
