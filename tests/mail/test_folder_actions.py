"""Folders made, renamed, deleted and subscribed to, on real servers of three kinds and more."""

from __future__ import annotations

import pytest
from folder_sessions import KINDS, AnyServer, TrySession, session, started
from servers import Cyrus, Dovecot, Peer, ScriptedServer
from servers.messages import generate

from tui_mail.errors import CommandRefused
from tui_mail.mail.folder_actions import (
    FoldersChanged,
    WouldGo,
    create,
    delete,
    layout,
    rename,
    subscribe,
    would_go,
)
from tui_mail.mail.folder_names import Layout, full_name
from tui_mail.mail.rights import NotAllowed
from tui_mail.mail.store import JournalDraft, MessageRecord, Store
from tui_mail.model import INBOX, SpecialUse
from tui_mail.wire.commands import select

server = pytest.mark.server
RECORD = MessageRecord(7, frozenset(), None, 0, 0, None, "", "", "kept", "", "", "")


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest) -> AnyServer:
    return started(request.param, request)


async def named(work: TrySession, typed: str, parent: bytes | None = None) -> bytes:
    """The name on the wire of what a person types."""
    above = None if parent is None else (await work.mailboxes())[parent]
    return full_name(typed, above, await layout(work))


async def make(work: TrySession, typed: str, parent: bytes | None = None) -> bytes:
    name = await named(work, typed, parent)
    await create(work, name, (await layout(work)).delimiter)
    return name


def fill(place: AnyServer, user: str, name: bytes, count: int) -> None:
    with place.connect(user) as raw:
        raw.append_many(name, generate(count))


@server
async def test_layout(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        found = await layout(work)
        if isinstance(place, Dovecot):
            assert found == Layout(b"", place.separator)
        else:
            assert found == Layout(b"INBOX.", ".")


@server
async def test_create_nested(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        where = await layout(work)
        name = await named(work, "Projects/2026/Grüße & Küsse")
        assert name.startswith(where.prefix + b"Projects")
        changed = await create(work, name, where.delimiter)
        assert name in changed.listed
        assert not changed.gone
        made = (await work.mailboxes())[name]
        assert made.path[-3:] == ("Projects", "2026", "Grüße & Küsse")
        assert made.selectable and made.subscribed
        stored = await work.read(Store.mailbox_by_name, work.account_id, name)
        assert stored is not None and stored.status.messages == 0
        await work.assert_as_reloaded()
        below = await make(work, "Deeper", name)
        assert below == name + (where.delimiter or "").encode() + b"Deeper"
        await work.assert_as_reloaded()


@server
async def test_create_makes_a_real_folder_of_one_that_only_holds_others(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        inner = await make(work, "Outer/Inner")
        outer = inner[:-6]
        if (await work.mailboxes())[outer].selectable:  # Cyrus makes real ones at once
            with pytest.raises(NotAllowed, match="there already"):
                await create(work, outer, (await layout(work)).delimiter)
            return
        await create(work, outer, (await layout(work)).delimiter)
        assert (await work.mailboxes())[outer].selectable
        await work.assert_as_reloaded()


@server
async def test_create_is_refused_by_here_or_by_the_server(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        name = await make(work, "Once")
        before = work.transcript.last_number
        with pytest.raises(NotAllowed, match="Once” is there already"):
            await create(work, name, (await layout(work)).delimiter)
        assert not any("CREATE" in line for line in work.sent(before))
        with place.connect(work.user) as raw:
            raw.command(b"CREATE " + name.replace(b"Once", b"Other"))
        with pytest.raises(CommandRefused, match="Other” could not be made") as caught:
            await make(work, "Other")
        assert caught.value.server_line.startswith("NO")
        assert name.replace(b"Once", b"Other") not in await work.mailboxes()


@server
async def test_create_without_subscribing(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        name = await named(work, "Quiet")
        await create(work, name, (await layout(work)).delimiter, subscribe=False)
        assert not (await work.mailboxes())[name].subscribed
        await work.assert_as_reloaded()


@server
async def test_special_use_is_told_where_it_can_be(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        name = await named(work, "Old mail")
        await create(work, name, (await layout(work)).delimiter, special_use=SpecialUse.ARCHIVE)
        assert (await work.mailboxes())[name].special_use is SpecialUse.ARCHIVE
        if isinstance(place, Cyrus):
            assert any("USE (\\Archive)" in line for line in work.sent())
            await work.assert_as_reloaded()


@server
async def test_rename_takes_all_in_it_along(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        top = await make(work, "Work")
        inner = await make(work, "Client/Offers", top)
        await make(work, "Workshop")  # begins with the same letters and stays
        await subscribe(work, (await work.mailboxes())[top], wanted=False)
        fill(place, work.user, inner, 2)
        kept = {name: await work.id(name) for name in (top, inner)}
        await work.write(Store.put_messages, kept[inner], [RECORD])
        known = (await work.mailboxes())[top]
        new = await named(work, "Other/Änderung")
        changed = await rename(work, known, new)
        new_inner = new + inner[len(top) :]
        assert changed.renamed[top] == new and changed.renamed[inner] == new_inner
        assert await work.id(new) == kept[top]
        assert await work.id(new_inner) == kept[inner]
        assert (await work.read(Store.rows, kept[inner], [7]))[0].subject == "kept"
        after = await work.mailboxes()
        assert top not in after and inner not in after
        assert after[new_inner].subscribed and not after[new].subscribed
        await work.assert_as_reloaded()
        with place.connect(work.user) as raw:
            told = b"".join(raw.command(b'LSUB "" "*"'))
            assert b"Client" in told and top + (known.delimiter or "").encode() not in told


@server
async def test_rename_of_the_selected_folder(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        name = await make(work, "Here")
        await work.run(select(name), "open mailbox")
        await rename(work, (await work.mailboxes())[name], name + b"after")
        assert work.client.connection.selected != name
        await work.assert_as_reloaded()


@server
async def test_what_cannot_be_renamed(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        one, two = await make(work, "One"), await make(work, "Two")
        known = await work.mailboxes()
        before = work.transcript.last_number
        delimiter = (known[one].delimiter or "").encode()
        for mailbox, new, reason in (
            (known[INBOX], one + b"x", "INBOX cannot be renamed"),
            (known[one], two, "Two” is there already"),
            (known[one], one + delimiter + b"In", "into itself"),
        ):
            with pytest.raises(NotAllowed, match=reason):
                await rename(work, mailbox, new)
        assert await rename(work, known[one], one) == FoldersChanged()
        assert not any("RENAME" in line for line in work.sent(before))
        with place.connect(work.user) as raw:
            raw.command(b"DELETE " + one)
        with pytest.raises(CommandRefused, match="One” could not be renamed"):
            await rename(work, known[one], one + b"x")


@server
async def test_delete_counts_first(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        top = await make(work, "Old")
        inner = await make(work, "A/B", top)
        await make(work, "Older")
        fill(place, work.user, top, 2)
        fill(place, work.user, inner, 3)
        mailbox = (await work.mailboxes())[top]
        going = await would_go(work, mailbox)
        assert going.mailbox.name == top
        assert (going.messages, going.folders_below, going.unknown) == (5, 2, ())
        assert not going.empty
        fill(place, work.user, inner, 1)
        with pytest.raises(NotAllowed, match="not deleted: meanwhile 1 more message arrived"):
            await delete(work, going)
        with place.connect(work.user) as raw:
            raw.command(b"CREATE " + inner + b"2")
        with pytest.raises(NotAllowed, match="B2” was made in it"):
            await delete(work, going)
        assert not any(line.startswith("DELETE") for line in work.sent())
        await work.run(select(inner), "open mailbox")
        gone = await delete(work, await would_go(work, mailbox))
        assert {top, inner} <= set(gone.gone)
        assert work.client.connection.selected != inner
        after = await work.mailboxes()
        assert not any(name == top or name.startswith(top + b".") for name in after)
        assert top + b"er" in after
        await work.assert_as_reloaded()
        with place.connect(work.user) as raw:
            assert inner not in b"".join(raw.command(b'LSUB "" "*"'))


@server
async def test_an_empty_folder(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        name = await make(work, "Outer/Empty")
        going = await would_go(work, (await work.mailboxes())[name])
        assert going.empty
        changed = await delete(work, going)
        assert name in changed.gone
        # Courier's Outer was nothing without it.
        await work.assert_as_reloaded()


@server
async def test_inbox_is_not_deleted(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        with pytest.raises(NotAllowed, match="INBOX cannot be deleted"):
            await would_go(work, (await work.mailboxes())[INBOX])


@server
async def test_subscriptions(place: AnyServer) -> None:
    async with session(place, place.new_user()) as work:
        name = await make(work, "News")
        for wanted in (False, False, True):
            mailbox = (await work.mailboxes())[name]
            await subscribe(work, mailbox, wanted=wanted)
            assert (await work.mailboxes())[name].subscribed is wanted
            await work.assert_as_reloaded()


@server
async def test_read_only_sends_nothing(place: AnyServer) -> None:
    user = place.new_user()
    async with session(place, user) as work:
        name = await make(work, "Here")
    async with session(place, user, read_only=True) as work:
        mailbox = (await work.mailboxes())[name]
        where = await layout(work)
        before = work.transcript.last_number
        for attempt in (
            lambda: create(work, where.prefix + b"New", where.delimiter),
            lambda: rename(work, mailbox, name + b"2"),
            lambda: would_go(work, mailbox),
            lambda: delete(work, WouldGo((mailbox,), 0)),
            lambda: subscribe(work, mailbox, wanted=False),
        ):
            with pytest.raises(NotAllowed, match="read-only"):
                await attempt()
        assert work.sent(before) == []


@server
async def test_what_waits_to_be_sent_keeps_the_folder(dovecot: Dovecot) -> None:
    async with session(dovecot, dovecot.new_user()) as work:
        name = await make(work, "Top/Inner")
        top = (await work.mailboxes())[b"Top"]
        for draft in (
            JournalDraft("flags", name, "1:3"),
            JournalDraft("move", INBOX, "1", {"target": name.decode("latin-1")}),
        ):
            (entry,) = await work.write(
                Store.journal_write, work.account_id, [draft], owner="somebody"
            )
            with pytest.raises(NotAllowed, match="cannot be renamed yet"):
                await rename(work, top, b"New")
            with pytest.raises(NotAllowed, match="cannot be deleted yet"):
                await delete(work, await would_go(work, top))
            await work.write(Store.journal_remove, entry.id)
        await rename(work, top, b"New")


async def test_a_refusal_in_the_middle_says_what_is_gone() -> None:
    async def script(peer: Peer) -> None:
        await peer.log_in("IMAP4rev1")
        folders = b"".join(
            b'* LIST () "/" %b\r\n' % name for name in (b"INBOX", b"A", b"A/B", b"A/C")
        )
        left = b'* LIST () "/" A\r\n* LIST () "/" A/B\r\n'
        await peer.answer(b"LIST", folders)
        await peer.answer(b"LSUB")
        for _ in range(4):
            await peer.answer(b"STATUS")
        await answer_to_looking(peer, folders)
        await peer.answer(b"DELETE A/C")
        await peer.answer(b"DELETE A/B", status=b"NO [NOPERM] not yours")
        await peer.answer(b'LIST "" "A"', left)
        await peer.answer(b'LIST "" "A/*"', left)
        await peer.answer(b"LOGOUT")

    async def answer_to_looking(peer: Peer, folders: bytes) -> None:
        await peer.answer(b'LIST "" "A"', folders)
        await peer.answer(b'LIST "" "A/*"', folders)
        for name in (b"A/B", b"A/C", b"A"):
            await peer.answer(
                b"STATUS " + name, b"* STATUS %b (MESSAGES 2)\r\n* STATUS X (MESSAGES 9)\r\n" % name
            )

    async with ScriptedServer(script) as peer, session(peer, "anna") as work:
        known = await work.mailboxes()
        # The server lists them in an order of its own, and says what nobody asked for.
        going = WouldGo((known[b"A/C"], known[b"A/B"], known[b"A"]), 6)
        with pytest.raises(CommandRefused, match="“A/B” could not be deleted") as caught:
            await delete(work, going)
        assert caught.value.server_line == "NO [NOPERM] not yours"
        assert "right" in caught.value.advice
        assert set(await work.mailboxes()) == {b"INBOX", b"A", b"A/B"}


async def test_a_flat_server_without_namespaces() -> None:
    async def script(peer: Peer) -> None:
        await peer.log_in("IMAP4rev1")
        inbox = b"* LIST () NIL INBOX\r\n"
        await peer.answer(b"LIST", inbox)
        await peer.answer(b"LSUB")
        await peer.answer(b"STATUS")
        await peer.answer(b'LIST "" ""', b'* LIST (\\Noselect) NIL ""\r\n')
        await peer.answer(b"CREATE a.b")
        await peer.answer(b"SUBSCRIBE a.b", status=b"NO no subscriptions")
        await peer.answer(b'LIST "" "a.b"', b"* LIST () NIL a.b\r\n")
        await peer.answer(b"STATUS a.b")
        await peer.answer(b"LOGOUT")

    async with ScriptedServer(script) as peer, session(peer, "anna") as work:
        where = await layout(work)
        assert where == Layout(b"", None)
        with pytest.raises(NotAllowed, match="no folders inside folders"):
            full_name("a/b", None, where)
        await create(work, full_name("a.b", None, where), where.delimiter)
        made = (await work.mailboxes())[b"a.b"]
        assert not made.subscribed and made.path == ("a.b",)
