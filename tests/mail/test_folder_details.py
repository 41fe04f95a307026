"""What servers tell of one folder, and rights given and taken, on real servers of three kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from folder_sessions import KINDS, AnyServer, TrySession, session, started
from servers import Courier, Cyrus, Dovecot, Peer, ScriptedServer, generate

from tui_mail.errors import CommandRefused, ConnectionFailed
from tui_mail.mail import folder_details
from tui_mail.mail.folder_actions import create, layout
from tui_mail.mail.folder_details import (
    Grant,
    Quota,
    details,
    measured_size,
    remove_rights,
    set_rights,
)
from tui_mail.mail.folder_names import full_name
from tui_mail.mail.rights import LETTERS, NotAllowed
from tui_mail.mail.store import Store
from tui_mail.model import INBOX, NOSELECT, Mailbox, MailboxStatus

server = pytest.mark.server
MEBI = 1024 * 1024
WITH_ACL = ("dovecot", "cyrus", "courier")


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest) -> AnyServer:
    return started(request.param, request)


@pytest.fixture(params=WITH_ACL)
def place_with_acl(request: pytest.FixtureRequest) -> AnyServer:
    return started(request.param, request)


async def folder(work: TrySession) -> Mailbox:
    where = await layout(work)
    name = full_name("Ours", None, where)
    await create(work, name, where.delimiter)
    return (await work.mailboxes())[name]


@server
async def test_figures_and_size(place: AnyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_details, "SLICE", 2)
    async with session(place, place.new_user()) as work:
        mailbox = await folder(work)
        messages = generate(5)
        sizes = 0
        with place.connect(work.user) as raw:
            for message in messages:
                raw.append(mailbox.name, message.data)
                sizes += len(message.data)
        told = await details(work, mailbox)
        assert told.notes == ()
        assert (told.status.messages, told.status.unseen, told.status.uid_next) == (5, 5, 6)
        assert told.status.uid_validity
        tells_size = "STATUS=SIZE" in work.client.capabilities
        assert told.status.size == (sizes if tells_size else None)
        reports: list[tuple[int, int]] = []
        assert await measured_size(work, mailbox, lambda *each: reports.append(each)) == sizes
        assert reports == [(2, 5), (4, 5), (5, 5)]
        stored = await work.read(Store.mailbox_by_name, work.account_id, mailbox.name)
        assert stored is not None
        assert (stored.status.size, stored.status.messages) == (sizes, 5)


@server
async def test_size_of_nothing(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        assert await measured_size(work, (await work.mailboxes())[INBOX]) == 0


@server
async def test_quota(
    dovecot: Dovecot,
    cyrus: Cyrus,
    courier: Courier,
    start_dovecot: Callable[..., Dovecot],
) -> None:
    for place, expected in (
        (dovecot, (Quota("User quota", "STORAGE", 0, 20 * 1024 * MEBI),)),
        (cyrus, (Quota("INBOX", "STORAGE", 0, 2000 * MEBI),)),
        (courier, ()),  # a root without limits
        (start_dovecot(capabilities="IMAP4rev1"), None),
    ):
        async with session(place, place.new_user()) as work:
            told = await details(work, (await work.mailboxes())[INBOX])
            assert told.quotas == expected


@server
async def test_rights_of_the_owner(place_with_acl: AnyServer) -> None:
    place = place_with_acl
    async with session(place, place.new_user()) as work:
        told = await details(work, await folder(work))
        assert told.modern_rights is not isinstance(place, Courier)
        assert told.rights is not None and told.grants is not None
        # Courier's owners may not post; it has no such right.
        assert told.rights >= LETTERS - {"p"}
        assert not told.rights & {"c", "d"}
        owner = "owner" if isinstance(place, Courier) else work.user
        assert owner in [grant.shown for grant in told.grants]
        assert told.notes == ()


@server
async def test_rights_given_and_taken(place_with_acl: AnyServer) -> None:
    place = place_with_acl
    async with session(place, place.new_user()) as work:
        before = await details(work, await folder(work))
        other = place.new_user()
        given = await set_rights(work, before, f" {other} ", "lr s")
        assert Grant(other.encode(), frozenset("lrs")) in (given.grants or ())
        # The older letters stand for more than was asked for.
        wanted = frozenset("lrte")
        more = await set_rights(work, given, other, "lrte")
        (grant,) = [each for each in more.grants or () if each.identifier == other.encode()]
        assert grant.rights == wanted | (set() if more.modern_rights else {"x"})
        again = await set_rights(work, more, other, "".join(sorted(grant.rights)))
        assert again.grants == more.grants
        after = await remove_rights(work, again, other.encode())
        assert after.grants == before.grants


@server
async def test_what_is_no_right_and_nobody(place_with_acl: AnyServer) -> None:
    place = place_with_acl
    async with session(place, place.new_user()) as work:
        told = await details(work, await folder(work))
        before = work.transcript.last_number
        for identifier, letters, reason in (
            ("bob", "lrz", "no right 'z'"),
            ("bob", "lr\r\n", "no right"),
            ("bob", "+l", "no right '\\+'"),
            ("bob", "é", "no right"),
            ("", "lr", "nobody's name"),
            ("a\nb", "lr", "nobody's name"),
            ("x" * 201, "lr", "nobody's name"),
        ):
            with pytest.raises(NotAllowed, match=reason):
                await set_rights(work, told, identifier, letters)
        read_only = replace(work, read_only=True)
        with pytest.raises(NotAllowed, match="read-only"):
            await set_rights(read_only, told, "bob", "l")
        with pytest.raises(NotAllowed, match="read-only"):
            await remove_rights(read_only, told, b"bob")
        assert work.sent(before) == []


@server
async def test_who_may_not_see_rights_is_told_their_own(cyrus: Cyrus) -> None:
    async with session(cyrus, cyrus.new_user()) as work:
        mailbox = await folder(work)
        # What an owner may not take from themselves, another user lacks.
        other = cyrus.new_user()
        await set_rights(work, await details(work, mailbox), other, "lrs")
        theirs = replace(mailbox, name=b"user." + work.user.encode() + b".Ours")
        async with session(cyrus, other) as guest:
            told = await details(guest, theirs)
            assert told.rights == frozenset("lrs")
            assert told.grants is None
            assert not any("GETACL" in line for line in guest.sent())
            with pytest.raises(NotAllowed, match="you lack the right a"):
                await set_rights(guest, told, "bob", "l")


@server
async def test_a_server_without_lists(start_dovecot: Callable[..., Dovecot]) -> None:
    place = start_dovecot(capabilities="IMAP4rev1")
    async with session(place, place.new_user()) as work:
        told = await details(work, (await work.mailboxes())[INBOX])
        assert (told.rights, told.grants, told.quotas) == (None, None, None)
        with pytest.raises(NotAllowed, match="no access control lists"):
            await set_rights(work, told, "bob", "l")


@server
async def test_a_folder_that_only_holds_others(dovecot: Dovecot) -> None:
    async with session(dovecot, dovecot.new_user()) as work:
        where = await layout(work)
        await create(work, full_name("Outer/Inner", None, where), where.delimiter)
        outer = (await work.mailboxes())[b"Outer"]
        assert NOSELECT in outer.attributes
        told = await details(work, outer)
        assert told.status == MailboxStatus()
        with pytest.raises(NotAllowed, match="holds folders only"):
            await measured_size(work, outer)


@server
async def test_a_folder_that_is_gone(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        mailbox = await folder(work)
        gone = replace(mailbox, name=mailbox.name + b"-gone")
        told = await details(work, gone)
        assert told.status == MailboxStatus()
        assert told.notes
        with pytest.raises(CommandRefused, match="Ours-gone” could not be had"):
            await measured_size(work, gone)


async def test_what_nobody_asked_for_is_not_believed() -> None:
    async def script(peer: Peer) -> None:
        await peer.log_in("IMAP4rev1 ACL QUOTA STATUS=SIZE RIGHTS=texk")
        await peer.answer(b"LIST", b'* LIST () "/" INBOX\r\n')
        await peer.answer(b"LSUB")
        await peer.answer(b"STATUS")
        await peer.answer(
            b"STATUS INBOX",
            b"* STATUS Other (MESSAGES 9)\r\n* STATUS inbox (MESSAGES 3 SIZE 4294967297)\r\n",
        )
        await peer.answer(
            b"GETQUOTAROOT INBOX",
            b'* QUOTAROOT INBOX "a\x1b]0;x" none\r\n* QUOTA other (STORAGE 1 2)\r\n'
            b'* QUOTA "a\x1b]0;x" (STORAGE 3 2 MESSAGE 0 0 X 5 0)\r\n',
        )
        await peer.answer(b"MYRIGHTS INBOX", b"* MYRIGHTS Other a\r\n* MYRIGHTS INBOX lracd0\r\n")
        await peer.answer(
            b"GETACL INBOX",
            b'* ACL Other eve a\r\n* ACL INBOX "e\xe2\x80\xaeve" lr -eve w "" l\r\n',
        )
        await peer.answer(b"LOGOUT")

    async with ScriptedServer(script) as peer, session(peer, "anna") as work:
        told = await details(work, (await work.mailboxes())[INBOX])
        assert told.status == MailboxStatus(messages=3, size=2**32 + 1)
        assert told.rights == frozenset("lra0")
        assert told.quotas is not None and told.grants is not None
        assert [(each.resource, each.share) for each in told.quotas] == [
            ("STORAGE", 1.5),
            ("MESSAGE", 0.0),
            ("X", 1.0),
        ]
        assert told.quotas[0] == Quota("a\\x1b]0;x", "STORAGE", 3072, 2048)
        assert [each.in_octets for each in told.quotas] == [True, False, False]
        assert [each.shown for each in told.grants] == ["e\\u202eve", "-eve", ""]


async def test_refusals_are_notes_and_a_dropped_line_is_an_error() -> None:
    async def script(peer: Peer) -> None:
        await peer.log_in("IMAP4rev1 ACL QUOTA")
        await peer.answer(b"LIST", b'* LIST () "/" INBOX\r\n')
        await peer.answer(b"LSUB")
        await peer.answer(b"STATUS")
        await peer.answer(b"STATUS INBOX", b"* STATUS INBOX (MESSAGES 1)\r\n")
        await peer.answer(b"GETQUOTAROOT", status=b"NO no quota here")
        await peer.answer(b"MYRIGHTS", status=b"BAD what")
        await peer.expect(b"STATUS INBOX")
        peer.reset()

    async with ScriptedServer(script) as peer, session(peer, "anna") as work:
        inbox = (await work.mailboxes())[INBOX]
        told = await details(work, inbox)
        assert told.status.messages == 1
        assert [note.server_line for note in told.notes] == ["NO no quota here", "BAD what"]
        with pytest.raises(ConnectionFailed):
            await details(work, inbox)
