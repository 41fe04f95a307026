"""Writing as the screen calls it, with real servers: reply, forward, bounce, two programs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from servers import Dovecot, Postfix
from writing_service import WritingService, draft, eventually, filed, stored

from tui_mail.config import ComposeSettings, ServerUrl
from tui_mail.errors import MailError
from tui_mail.mail import address_learning, events
from tui_mail.mail.compose.attaching import attach
from tui_mail.mail.compose.forwarding import forward_attached, forward_inline
from tui_mail.mail.compose.replying import reply
from tui_mail.mail.compose.values import Sending
from tui_mail.model import ANSWERED

pytestmark = pytest.mark.server

LETTER = (
    b"From: Bert <bert@example.org>\r\nTo: anna@example.org\r\nSubject: Plan\r\n"
    b"Message-ID: <plan@example.org>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n'
    b"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nShall we?\r\n"
    b'--x\r\nContent-Type: application/pdf; name="plan.pdf"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n" + b"JVBERi0xLjQK" * 5 + b"\r\n--x--\r\n"
)


def imap(server: Dovecot, user: str) -> str:
    return f"imap+insecure://{user}@{server.host}:{server.port}"


def smtp(server: Postfix, scheme: str = "smtp+insecure") -> ServerUrl:
    port = server.tls_port if scheme == "smtps" else server.port
    host = server.host if scheme == "smtp+insecure" else "localhost"
    return ServerUrl.parse(f"{scheme}://anna@{host}:{port}", "smtp")


def with_letter(server: Dovecot) -> str:
    user = server.new_user()
    with server.connect(user) as raw:
        raw.append("INBOX", LETTER)
    return user


async def flags(server: Dovecot, user: str) -> set[str]:
    with server.connect(user) as raw:
        ((found, _),) = await asyncio.to_thread(stored, raw, "INBOX")
    return set(found)


@pytest.mark.parametrize("scheme", ["smtps", "smtp", "smtp+insecure"])
async def test_a_message_goes_through_postfix_and_into_sent(
    dovecot: Dovecot, postfix: Postfix, scheme: str
) -> None:
    user, sender = dovecot.new_user(), postfix.new_sender()
    url = imap(dovecot, user)
    async with WritingService(url, smtp(postfix, scheme), ca_file=postfix.ca_file) as post:
        written = replace(draft(bcc="secret@example.org"), from_=f"Anna <{sender}>")
        entry = await post.send(written)
        assert entry.state is Sending.FILED
        (held,) = postfix.accepted(sender)
        assert held.recipients == ("bert@example.org", "secret@example.org")
        assert entry.queue_id == held.queue_id
        assert b"secret" not in held.data
        with dovecot.connect(user) as raw:
            in_sent = await asyncio.to_thread(filed, raw)
        assert list(in_sent.elements()) == [message_from_bytes(held.data)["Message-ID"]]
        assert post.service.writing.server_size("work") == postfix.size
        assert "secret" not in "\n".join(
            line for line in post.running.wire() if "AUTH" in line or "LOGIN" in line
        )


async def test_the_size_is_asked_for_once_a_draft_has_an_attachment(
    dovecot: Dovecot, postfix: Postfix, tmp_path: Path
) -> None:
    file = tmp_path / "a.txt"
    file.write_text("a")
    async with WritingService(imap(dovecot, dovecot.new_user()), smtp(postfix)) as post:
        writing = post.service.writing
        number = await post.call(writing.new_draft(draft()))
        assert not any("EHLO" in line for line in post.running.wire())
        attached = replace(draft(), attachments=(attach(str(file)),))
        for _ in range(3):
            await post.call(writing.save_draft(number, attached))
        told = await post.heard(events.ServerSizeKnown)
        assert told.size == writing.server_size("work") == postfix.size
        asked = [line for line in post.running.wire() if "EHLO" in line or "AUTH " in line]
        assert [line.split()[1] for line in asked if line.startswith("→ EHLO")] == ["EHLO"]


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        ({"to": "nobody@example.org"}, Sending.FAILED, "550 5.1.1"),
        ({"to": "bert@example.org, full@example.org"}, Sending.PARTLY_REFUSED, "552 5.2.2"),
        ({"to": "later@example.org"}, Sending.QUEUED, "450 4.7.1"),
        ({"from_": "spammer@example.org"}, Sending.FAILED, "554 5.7.1"),
        ({"from_": "hasty@example.org"}, Sending.QUEUED, "451 4.3.0"),
        ({"body": "x" * 70 * 6000}, Sending.FAILED, "SIZE"),
    ],
)
async def test_what_postfix_refuses_is_not_sent(
    dovecot: Dovecot, postfix: Postfix, change: dict[str, Any], state: Sending, words: str
) -> None:
    before = len(postfix.accepted())
    async with WritingService(imap(dovecot, dovecot.new_user()), smtp(postfix)) as post:
        entry = await post.put(replace(draft(), **change))
        told = await post.heard(
            events.OutboxChanged,
            lambda event: event.entry and event.entry.id == entry.id and event.entry.reply,
        )
        assert told.entry.state is state and words in told.entry.reply
        if state is Sending.QUEUED:
            assert told.entry.due > entry.created + 30 and told.entry.tries == 1
    assert len(postfix.accepted()) == before


async def test_a_reply_marks_what_it_answers(dovecot: Dovecot, postfix: Postfix) -> None:
    user, sender = with_letter(dovecot), postfix.new_sender()
    async with WritingService(imap(dovecot, user), smtp(postfix)) as post:
        mailbox_id = await asyncio.to_thread(post.running.opened, b"INBOX")
        writing = post.service.writing
        original = await post.call(writing.original("work", mailbox_id, 1))
        assert original.text == "Shall we?" and original.attachments == ()
        answer = reply(original, await post.call(writing.writer("work")))
        assert (answer.to, answer.subject) == ("Bert <bert@example.org>", "Re: Plan")
        assert (await post.send(replace(answer, from_=sender))).state is Sending.FILED
        await eventually(lambda: flags(dovecot, user), {ANSWERED})
        (held,) = postfix.accepted(sender)
        assert message_from_bytes(held.data)["In-Reply-To"] == "<plan@example.org>"


async def test_forwards_take_the_attachments_along(dovecot: Dovecot, postfix: Postfix) -> None:
    user, sender = with_letter(dovecot), postfix.new_sender()
    async with WritingService(imap(dovecot, user), smtp(postfix)) as post:
        mailbox_id = await asyncio.to_thread(post.running.opened, b"INBOX")
        writing = post.service.writing
        original = await post.call(writing.original("work", mailbox_id, 1, whole=True))
        writer = await post.call(writing.writer("work"))
        for made in (forward_inline(original, writer), forward_attached([original], writer)):
            made = replace(made, from_=sender, to="carl@example.org")
            assert (await post.send(made)).state is Sending.FILED
        await eventually(lambda: flags(dovecot, user), {"$Forwarded"})
        inline, attached = postfix.accepted(sender)
        parts = list(message_from_bytes(inline.data, policy=policy.default).iter_attachments())
        assert [each.get_filename() for each in parts] == ["plan.pdf"]
        assert parts[0].get_content() == b"%PDF-1.4\n" * 5
        (whole,) = message_from_bytes(attached.data, policy=policy.default).iter_attachments()
        assert whole.get_content_type() == "message/rfc822"
        assert whole.get_content()["Message-ID"] == "<plan@example.org>"


async def test_bounced_as_it_is_and_not_filed(dovecot: Dovecot, postfix: Postfix) -> None:
    user = with_letter(dovecot)
    async with WritingService(imap(dovecot, user), smtp(postfix)) as post:
        mailbox_id = await asyncio.to_thread(post.running.opened, b"INBOX")
        with pytest.raises(MailError, match="no domain"):
            await post.call(post.service.writing.bounce("work", mailbox_id, 1, "carl"))
        before = {each.queue_id for each in postfix.accepted()}
        entry = await post.call(
            post.service.writing.bounce("work", mailbox_id, 1, "carl@example.org")
        )
        assert entry.state is Sending.HELD
        await post.call(post.service.writing.send_now())
        await post.until(entry.id, Sending.FILED)
        (held,) = [each for each in postfix.accepted() if each.queue_id not in before]
        assert held.recipients == ("carl@example.org",)
        assert message_from_bytes(held.data)["Resent-To"] == "carl@example.org"
        assert held.data.rstrip().endswith(LETTER.replace(b"\r\n", b"\n").rstrip()[-200:])
        with dovecot.connect(user) as raw:
            assert not await asyncio.to_thread(filed, raw)


async def test_any_message_is_edited_as_a_new_one(dovecot: Dovecot) -> None:
    user = with_letter(dovecot)
    async with WritingService(imap(dovecot, user), None) as post:
        mailbox_id = await asyncio.to_thread(post.running.opened, b"INBOX")
        number = await post.call(post.service.writing.edit_as_new("work", mailbox_id, 1))
        found = await post.call(post.service.writing.open_draft(number))
        assert (found.to, found.subject) == ("anna@example.org", "Plan")
        assert found.body.strip() == "Shall we?" and found.saved is None
        assert found.message_id not in ("", "<plan@example.org>")
        assert [each.name for each in found.attachments] == ["plan.pdf"]


async def test_a_message_of_a_mailbox_that_is_not_open_is_read_too(dovecot: Dovecot) -> None:
    user = with_letter(dovecot)
    with dovecot.connect(user) as raw:
        raw.command("CREATE Other")
    async with WritingService(imap(dovecot, user), None) as post:
        mailbox_id = await asyncio.to_thread(post.running.opened, b"INBOX")
        await post.call(post.service.open_mailbox("work", b"Other"))
        await asyncio.to_thread(post.running.opened, b"Other")
        original = await post.call(post.service.writing.original("work", mailbox_id, 1, whole=True))
        assert original.field("Subject") == "Plan"
        assert await flags(dovecot, user) == set()


async def test_addresses_complete_from_mail_and_from_a_program(
    dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address_learning, "FIRST_REST", 0.0)
    user = with_letter(dovecot)
    program = tmp_path / "book"
    program.write_text("#!/bin/sh\nprintf 'bea@example.org\\tBea B.\\tfriend\\n'\n")
    program.chmod(0o700)
    compose = ComposeSettings(address_command=str(program))
    async with WritingService(imap(dovecot, user), None, compose=compose) as post:

        async def completed(text: str, *, command: bool = False) -> list[str]:
            writing = post.service.writing
            found = await post.call(writing.complete("work", text, command=command))
            return [each.text for each in found]

        await eventually(lambda: completed("be"), ["Bert <bert@example.org>"])
        assert await completed("be", command=True) == [
            "Bert <bert@example.org>",
            '"Bea B." <bea@example.org>',
        ]
        assert await completed("zz") == [] and await completed("") == []


async def test_whom_one_writes_to_is_known_at_once(dovecot: Dovecot, postfix: Postfix) -> None:
    async with WritingService(imap(dovecot, dovecot.new_user()), smtp(postfix)) as post:
        assert (await post.send(draft(to="Zoë Z <zoe@example.org>"))).state is Sending.FILED
        found = await post.call(post.service.writing.complete("work", "zoe", command=False))
        assert [each.text for each in found] == ["Zoë Z <zoe@example.org>"]


async def test_what_a_program_that_ended_left_is_sent_by_one_that_runs(
    dovecot: Dovecot, postfix: Postfix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    sender = postfix.new_sender()
    url, server = imap(dovecot, dovecot.new_user()), smtp(postfix)
    async with WritingService(url, server, in_memory=False) as second:
        async with WritingService(url, server, in_memory=False) as first:
            entry = await first.put(replace(draft(), from_=sender), hold=600)
            assert (await second.outbox())[entry.id].state is Sending.HELD
        assert postfix.accepted(sender) == []
        desk = second.service.writing._desk
        await second.call(asyncio.run_coroutine_threadsafe(desk.adopt(), second.service._loop))
        assert second.service.writing.unsent() == 1
        await second.call(second.service.writing.send_now())
        await second.until(entry.id, Sending.FILED)
        assert len(postfix.accepted(sender)) == 1
