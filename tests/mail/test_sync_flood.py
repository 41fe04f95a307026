"""A server that says far more than it was asked: memory stays bounded and all goes on after it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from imap_model import Mailbox, Model, Session, heard, serving
from running_service import RunningService

from tui_mail.mail import events, folders

MEGABYTE = 1 << 20
STATM = Path("/proc/self/statm")


def resident() -> int:
    """Octets of this process that are in memory."""
    return int(STATM.read_text().split()[1]) * 4096 if STATM.exists() else 0


async def listed(running: RunningService, mailbox: Mailbox) -> None:
    wanted = list(reversed(mailbox.uids))
    await heard(running, events.OrderChanged, lambda e: list(e.order) == wanted)


def fetches(count: int, line: str) -> list[bytes]:
    """``count`` responses in pieces of a thousand; ``n`` counts them."""
    return [
        b"".join(line.format(n=n, seq=n % 50 + 1).encode() for n in range(start, start + 1000))
        for start in range(1, count, 1000)
    ]


FLOODS = {
    "strangers": "* {n} FETCH (UID {n} FLAGS (\\Seen))\r\n",
    "strangers in range": "* {seq} FETCH (UID {n} FLAGS (\\Seen))\r\n",
    "our own, again and again": "* {seq} FETCH (FLAGS (k{n}))\r\n",
    "rows": '* {n} FETCH (UID {n} FLAGS () RFC822.SIZE 1 ENVELOPE (NIL "x" NIL NIL NIL NIL NIL NIL'
    " NIL NIL))\r\n",
    "bodies": "* {seq} FETCH (UID {n} BODY[1] {{5}}\r\nhello)\r\n",
    "vanished": "* VANISHED (EARLIER) {n}\r\n",
    "statuses": "* STATUS b{n} (MESSAGES 1)\r\n",
}


@pytest.mark.parametrize("moment", ["SELECT", "UID SEARCH", "UID FETCH"])
@pytest.mark.parametrize("what", FLOODS)
async def test_a_flood_at_one_moment(what: str, moment: str) -> None:
    mailbox = Mailbox(70)
    model = Model(mailbox)
    flood = fetches(20_000, FLOODS[what])

    async def pour(session: Session, tag: bytes, text: bytes) -> None:
        del model.hooks[moment]
        for piece in flood:
            await session.peer.send(piece)

    model.hooks[moment] = pour
    before = resident()
    async with serving(model) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        await listed(running, mailbox)
        mailbox.arrive()
        running.service.retry_now("work")
        await listed(running, mailbox)
        found = await asyncio.wrap_future(running.service.rows(mailbox_id, list(range(1, 5000))))
        assert {row.uid for row in found} <= set(mailbox.uids)
        assert resident() - before < 64 * MEGABYTE
        assert len(model.commands) < 60


async def test_a_hundred_thousand_unasked_fetches() -> None:
    """They come with NOOP; what a person wishes for then is answered in good time."""
    mailbox = Mailbox(70)
    model = Model(mailbox)
    flood = fetches(100_000, FLOODS["strangers in range"])

    async def pour(session: Session, tag: bytes, text: bytes) -> None:
        model.hooks.clear()
        for piece in flood:
            await session.peer.send(piece)

    async with serving(model) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        await listed(running, mailbox)
        before = resident()
        model.hooks["NOOP"] = pour
        running.service.retry_now("work")
        message = await asyncio.wrap_future(running.service.open_message("work", mailbox_id, 2))
        assert message.data == b"hello\r\n"
        assert resident() - before < 64 * MEGABYTE
        mailbox.arrive()
        running.service.retry_now("work")
        await listed(running, mailbox)


async def test_folders_without_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MAILBOX_LIMIT", 500)
    monkeypatch.setattr(folders, "LARGEST_BATCH", 20)
    model = Model(Mailbox(3), capabilities="IMAP4rev1 SASL-IR NAMESPACE")

    async def pour(session: Session, tag: bytes, text: bytes) -> None:
        del model.hooks["LIST"]
        await session.peer.send(b'* LIST () "/" %b\r\n' % (b"x" * 100_000))
        for n in range(3000):
            await session.peer.send(b'* LIST () "/" folder%d\r\n' % n)

    async def spaces(session: Session, tag: bytes, text: bytes) -> None:
        every = b" ".join(b'("ns%d/" "/")' % n for n in range(3000))
        await session.peer.send(b"* NAMESPACE NIL (%b) NIL\r\n" % every.replace(b") (", b")("))

    model.hooks["LIST"] = pour
    model.hooks["NAMESPACE"] = spaces
    async with serving(model) as running:
        await heard(running, events.MailboxesChanged)
        stored = await asyncio.wrap_future(running.service.mailboxes("work"))
        assert len(stored) <= 501
        assert max(len(each.mailbox.name) for each in stored) <= folders.NAME_LIMIT
        assert len(model.sent("LIST")) <= folders.NAMESPACE_LIMIT + 1
