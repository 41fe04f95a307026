"""The copy in Sent: filed once whatever happens to APPEND, and never a reason to send again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email import message_from_bytes
from typing import Any

import pytest
from append_line import AppendLine, Lost
from servers import Courier, Cyrus, Dovecot, LatencyProxy
from servers.scripted_smtp import ScriptedSmtp
from writing_service import WritingService, draft, filed, message_ids, stored, submission_url

from tui_mail.mail import events
from tui_mail.mail.compose.values import Sending
from tui_mail.mail.outbox import worker
from tui_mail.model import SEEN, SpecialUse

pytestmark = pytest.mark.server


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "WAITS", (0.05,))


def imap(server: Any, user: str, port: int = 0) -> str:
    return f"imap+insecure://{user}@{server.host}:{port or server.port}"


async def in_sent(server: Any, user: str, mailbox: str = "Sent") -> list[str]:
    with server.connect(user) as raw:
        return sorted((await asyncio.to_thread(filed, raw, mailbox)).elements())


async def test_the_copy_is_read_and_has_the_bcc(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    async with (
        ScriptedSmtp({}) as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        entry = await post.send(draft(bcc="secret@example.org"))
        assert entry.state is Sending.FILED and entry.queue_id == "SCRIPTED1"
        taken = smtp.accepted[0]
        assert taken.recipients == ("bert@example.org", "secret@example.org")
        assert b"secret" not in taken.data
        with dovecot.connect(user) as raw:
            ((flags, data),) = await asyncio.to_thread(stored, raw, "Sent")
        assert flags == {SEEN}
        assert message_from_bytes(data)["Bcc"] == "secret@example.org"
        without = [line for line in data.split(b"\r\n") if not line.startswith(b"Bcc:")]
        assert b"\r\n".join(without) == taken.data


@pytest.mark.parametrize(
    "lost",
    [["command"], ["middle"], ["answer"], ["middle", "command", "answer"], ["answer"] * 3],
    ids="-".join,
)
async def test_a_lost_append_is_made_good_and_never_doubled(
    dovecot: Dovecot, lost: list[Lost]
) -> None:
    user = dovecot.new_user()
    async with ScriptedSmtp({}) as smtp, AppendLine(dovecot.port, lost) as line:
        url = imap(dovecot, user, line.port)
        async with WritingService(url, submission_url(smtp)) as post:
            assert (await post.send(draft())).state is Sending.FILED
            assert len(smtp.accepted) == 1
            ids = message_ids([each.data for each in smtp.accepted])
            assert await in_sent(dovecot, user) == list(ids)
            # An answer that was lost is looked for; only what is not there is appended again.
            assert line.appends == 1 + sum(each != "answer" for each in lost[:3])


async def test_a_program_that_ended_while_filing_files_once(
    dovecot: Dovecot, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(worker, "WAITS", (600.0,))
    user = dovecot.new_user()
    async with ScriptedSmtp({}) as smtp, AppendLine(dovecot.port, ["answer"]) as line:
        url = imap(dovecot, user, line.port)
        async with WritingService(url, submission_url(smtp), in_memory=False) as post:
            entry = await post.put(draft())
            await post.heard(
                events.OutboxChanged, lambda event: event.entry and event.entry.explanation
            )
        async with WritingService(url, submission_url(smtp), in_memory=False) as post:
            await post.until(entry.id, Sending.FILED)
        assert (line.appends, len(smtp.accepted)) == (1, 1)
        assert len(await in_sent(dovecot, user)) == 1


async def test_the_server_files_by_itself(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    async with ScriptedSmtp({}) as smtp:
        url = imap(dovecot, user)
        async with WritingService(url, submission_url(smtp), save_sent=False) as post:
            assert (await post.send(draft())).state is Sending.FILED
            assert len(smtp.accepted) == 1
            assert await in_sent(dovecot, user) == []


async def test_without_a_connection_it_is_sent_and_filed_later(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with LatencyProxy(dovecot.port) as way:
        port = way.port
    async with ScriptedSmtp({}) as smtp:
        url = imap(dovecot, user, port)
        async with WritingService(url, submission_url(smtp), online=False) as post:
            entry = await post.put(draft())
            await post.until(entry.id, Sending.ACCEPTED)
            assert len(smtp.accepted) == 1 and await in_sent(dovecot, user) == []
            with LatencyProxy(dovecot.port, port=port):
                post.service.retry_now("work")
                await post.until(entry.id, Sending.FILED)
            assert len(smtp.accepted) == 1 and len(await in_sent(dovecot, user)) == 1


@pytest.mark.parametrize(
    ("folders", "mailbox"),
    [({}, "Sent"), ({SpecialUse.SENT: "Gesendet & mehr"}, "Gesendet &- mehr")],
)
async def test_a_mailbox_that_is_not_there_is_made_once(
    start_dovecot: Callable[..., Dovecot], folders: dict[SpecialUse, str], mailbox: str
) -> None:
    server = start_dovecot(mail_format="maildir")
    user = server.new_user()
    with server.connect(user) as raw:
        for line in raw.command('LIST "" "Sent"'):
            if line.startswith(b"* LIST"):
                raw.command("DELETE Sent")
    async with ScriptedSmtp({}) as smtp:
        url = imap(server, user)
        async with WritingService(url, submission_url(smtp), folders=folders) as post:
            for number in (1, 2):
                assert (await post.send(draft(number))).state is Sending.FILED
            creates = [line for line in post.running.wire() if " CREATE " in line]
            assert len(creates) <= 1
    assert len(await in_sent(server, user, mailbox)) == 2


async def test_cyrus_has_it_below_inbox(cyrus: Cyrus) -> None:
    user = cyrus.new_user()
    async with (
        ScriptedSmtp({}) as smtp,
        WritingService(imap(cyrus, user), submission_url(smtp)) as post,
    ):
        assert (await post.send(draft())).state is Sending.FILED
    assert len(await in_sent(cyrus, user, "INBOX.Sent")) == 1


async def test_courier_has_it_below_inbox(courier: Courier) -> None:
    user = courier.new_user()
    async with (
        ScriptedSmtp({}) as smtp,
        WritingService(imap(courier, user), submission_url(smtp)) as post,
    ):
        assert (await post.send(draft())).state is Sending.FILED
    assert len(await in_sent(courier, user, "INBOX.Sent")) == 1


async def test_a_refused_copy_waits_and_says_so(start_dovecot: Callable[..., Dovecot]) -> None:
    server = start_dovecot(
        extra="mail_plugins = quota\nplugin {\n  quota = count:User quota\n"
        "  quota_rule = *:storage=1K\n  quota_grace = 0\n  quota_vsizes = yes\n}\n"
    )
    user = server.new_user()
    async with (
        ScriptedSmtp({}) as smtp,
        WritingService(imap(server, user), submission_url(smtp)) as post,
    ):
        body = "a line of text that is a line of text\n" * 200
        small = draft()
        entry = await post.put(type(small)("work", small.from_, to=small.to, body=body))
        told = await post.heard(
            events.OutboxChanged, lambda event: event.entry and event.entry.explanation
        )
        assert told.entry.state is Sending.ACCEPTED
        assert "It was sent" in told.entry.explanation and "OVERQUOTA" in told.entry.explanation
        await post.call(post.service.writing.drop(entry.id))
        await post.until(entry.id, Sending.FILED)
        assert len(smtp.accepted) == 1
    assert await in_sent(server, user) == []
