"""Drafts between this machine and the Drafts mailbox: never in neither, and in the end in one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from append_line import AppendLine, Lost
from servers import Courier, Dovecot, LatencyProxy
from servers.scripted_smtp import ScriptedSmtp
from writing_service import ANNA, WritingService, draft, eventually, stored, submission_url

from tui_mail.errors import MailError
from tui_mail.mail import events
from tui_mail.mail.compose.values import Attachment, Draft, Sending
from tui_mail.mail.outbox import worker
from tui_mail.mail.store import DraftGone
from tui_mail.model import DRAFT, SEEN

pytestmark = pytest.mark.server

FOREIGN = (
    b"From: anna@example.org\r\nTo: Bert <bert@example.org>\r\n"
    b"Subject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=\r\n"
    b"Message-ID: <other@client.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    b"from another client\r\n"
)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "WAITS", (0.05,))


def imap(server: Any, user: str, port: int = 0) -> str:
    return f"imap+insecure://{user}@{server.host}:{port or server.port}"


async def in_drafts(
    server: Any, user: str, mailbox: str = "Drafts"
) -> list[tuple[frozenset[str], str]]:
    """(Flags, text) of each message."""
    with server.connect(user) as raw:
        found = await asyncio.to_thread(stored, raw, mailbox)
    texts = []
    for _, data in found:
        body = message_from_bytes(data, policy=policy.default).get_body()
        assert body is not None
        texts.append(body.get_content().replace("\r\n", "\n").strip())
    return [(flags, text) for (flags, _), text in zip(found, texts, strict=True)]


async def texts(server: Any, user: str, mailbox: str = "Drafts") -> list[str]:
    return [text for _, text in await in_drafts(server, user, mailbox)]


async def postponed(post: WritingService, written: Draft) -> int:
    number = await post.call(post.service.writing.new_draft(written))
    await post.call(post.service.writing.postpone(number))
    return number


async def none_here(post: WritingService) -> None:
    """Every draft has left this machine."""
    async with asyncio.timeout(20):
        while await post.call(post.service.writing.drafts()):
            await post.heard_more(events.DraftsChanged)


async def opened(post: WritingService, name: bytes) -> int:
    await post.call(post.service.open_mailbox("work", name))
    return await asyncio.to_thread(post.running.opened, name)


async def recalled(post: WritingService, uid: int, name: bytes = b"Drafts") -> tuple[int, Draft]:
    mailbox_id = await opened(post, name)
    number = await post.call(post.service.writing.recall("work", mailbox_id, uid))
    return number, await post.call(post.service.writing.open_draft(number))


async def test_postponed_recalled_and_sent(dovecot: Dovecot, tmp_path: Path) -> None:
    user = dovecot.new_user()
    file = tmp_path / "notes.txt"
    file.write_text("some notes\n")
    written = replace(
        draft(to="Bert <bert@example.org>, half an addr", bcc="b@example.org"),
        body="one\ntwo  \n",
        attachments=(Attachment("notes.txt", "text/plain", 11, path=file),),
    )
    async with (
        ScriptedSmtp({}) as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        await postponed(post, written)
        await none_here(post)
        file.unlink()
        assert await in_drafts(dovecot, user) == [(frozenset({DRAFT, SEEN}), "one\ntwo")]
        number, found = await recalled(post, 1)
        assert (found.to, found.bcc, found.body) == (written.to, written.bcc, written.body)
        (attached,) = found.attachments
        assert attached.blob is not None
        assert await post.call(post.service.writing.blob(attached.blob)) == b"some notes\n"
        # Recalled twice, it is the same one.
        assert (await recalled(post, 1))[0] == number
        await post.call(
            post.service.writing.save_draft(number, replace(found, to="bert@example.org"))
        )
        entry = await post.call(post.service.writing.send(number, hold=0))
        await post.until(entry.id, Sending.FILED)
        await eventually(lambda: texts(dovecot, user), list[str]())
        assert b"notes.txt" in smtp.accepted[0].data
        assert b"X-Tui" not in smtp.accepted[0].data


async def test_the_old_copy_goes_once_the_new_one_is_there(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    async with WritingService(imap(dovecot, user), None) as post:
        await postponed(post, draft())
        await none_here(post)
        number, found = await recalled(post, 1)
        await post.call(post.service.writing.save_draft(number, replace(found, body="second\n")))
        await post.call(post.service.writing.postpone(number))
        await none_here(post)
        await eventually(lambda: texts(dovecot, user), ["second"])
        commands = [line.split()[2:4] for line in post.running.wire() if line.startswith("→")]
        names = [" ".join(each) for each in commands]
        last_append = len(names) - 1 - names[::-1].index("APPEND Drafts")
        assert names.index("UID EXPUNGE") > last_append


async def test_discarded_here_and_there(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        raw.append("Drafts", FOREIGN)
    async with WritingService(imap(dovecot, user), None) as post:
        number, found = await recalled(post, 1)
        assert (found.subject, found.body.strip()) == ("Größe", "from another client")
        await post.call(post.service.writing.discard_draft(number))
        await eventually(lambda: texts(dovecot, user), list[str]())
        with pytest.raises(DraftGone):
            await post.call(post.service.writing.open_draft(number))


@pytest.mark.parametrize(
    "lost",
    [["command"], ["middle"], ["answer"], ["answer", "middle", "command"]],
    ids="-".join,
)
async def test_a_lost_append_is_made_good_and_never_doubled(
    dovecot: Dovecot, lost: list[Lost]
) -> None:
    user = dovecot.new_user()
    async with (
        AppendLine(dovecot.port, lost) as line,
        WritingService(imap(dovecot, user, line.port), None) as post,
    ):
        await postponed(post, draft())
        await none_here(post)
        assert [text for _, text in await in_drafts(dovecot, user)] == ["Hello"]


async def test_what_was_changed_after_a_lost_answer_is_what_stays(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "WAITS", (600.0,))
    user = dovecot.new_user()
    async with (
        AppendLine(dovecot.port, ["answer"]) as line,
        WritingService(imap(dovecot, user, line.port), None) as post,
    ):
        number = await postponed(post, draft())
        async with asyncio.timeout(10):
            while not await in_drafts(dovecot, user):
                await post.heard_more(events.Event)
        found = await post.call(post.service.writing.open_draft(number))
        await post.call(post.service.writing.save_draft(number, replace(found, body="more\n")))
        await post.call(post.service.writing.postpone(number))
        post.service._loop.call_soon_threadsafe(post.service.writing._keepers["work"].line_is_back)
        await none_here(post)
        await eventually(lambda: texts(dovecot, user), ["more"])


async def test_offline_it_waits_for_the_line(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with LatencyProxy(dovecot.port) as way:
        port = way.port
    async with WritingService(imap(dovecot, user, port), None, online=False) as post:
        number = await postponed(post, draft())
        (waiting,) = await post.call(post.service.writing.drafts())
        assert (waiting.number, waiting.postponed) == (number, True)
        with LatencyProxy(dovecot.port, port=port):
            post.service.retry_now("work")
            await none_here(post)
        assert len(await in_drafts(dovecot, user)) == 1


async def test_what_was_left_postponed_is_put_there_by_the_next_program(
    dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    user = dovecot.new_user()
    with LatencyProxy(dovecot.port) as way:
        port = way.port
    url = imap(dovecot, user, port)
    async with WritingService(url, None, online=False, in_memory=False) as post:
        left = await post.call(post.service.writing.new_draft(draft(2)))
        await postponed(post, draft(1))
    with LatencyProxy(dovecot.port, port=port):
        async with WritingService(url, None, in_memory=False) as post:
            await post.heard(events.DraftsChanged)
            (kept,) = await post.call(post.service.writing.drafts())
            assert (kept.number, kept.elsewhere, kept.postponed) == (left, False, False)
    assert len(await in_drafts(dovecot, user)) == 1


async def test_a_draft_that_is_open_elsewhere(
    dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    url = imap(dovecot, dovecot.new_user())
    async with WritingService(url, None, in_memory=False) as post:
        number = await post.call(post.service.writing.new_draft(draft()))
        async with WritingService(url, None, in_memory=False) as other:
            (seen,) = await other.call(other.service.writing.drafts())
            assert (seen.number, seen.elsewhere) == (number, True)
            with pytest.raises(MailError, match="open"):
                await other.call(other.service.writing.open_draft(number))
    async with WritingService(url, None, in_memory=False) as last:
        (seen,) = await last.call(last.service.writing.drafts())
        assert not seen.elsewhere
        assert (await last.call(last.service.writing.open_draft(number))).from_ == ANNA


@pytest.mark.parametrize(
    "capabilities", ["IMAP4rev1 SASL-IR AUTH=PLAIN LITERAL+", "IMAP4rev1 AUTH=PLAIN"]
)
async def test_without_uidplus(start_dovecot: Callable[..., Dovecot], capabilities: str) -> None:
    server = start_dovecot(capabilities=capabilities)
    user = server.new_user()
    async with WritingService(imap(server, user), None) as post:
        await postponed(post, draft())
        await none_here(post)
        number, found = await recalled(post, 1)
        await post.call(post.service.writing.save_draft(number, replace(found, body="second\n")))
        await post.call(post.service.writing.postpone(number))
        await none_here(post)
        await eventually(lambda: texts(server, user), ["second"])


async def test_courier(courier: Courier) -> None:
    user = courier.new_user()
    async with WritingService(imap(courier, user), None) as post:
        await postponed(post, draft())
        await none_here(post)
        number, found = await recalled(post, 1, b"INBOX.Drafts")
        await post.call(post.service.writing.save_draft(number, replace(found, body="second\n")))
        await post.call(post.service.writing.postpone(number))
        await none_here(post)
        await eventually(lambda: texts(courier, user, "INBOX.Drafts"), ["second"])
