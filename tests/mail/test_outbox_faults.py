"""The outbox before a server that fails at every step: what it took is what the outbox says."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from servers import Dovecot
from servers.scripted_smtp import Action, Close, Dribble, Reset, ScriptedSmtp, Silence, Steps
from writing_service import (
    FINAL,
    WritingService,
    draft,
    eventually,
    filed,
    message_ids,
    submission_url,
)

from tui_mail.errors import MailError
from tui_mail.mail import events
from tui_mail.mail.compose.values import OutboxEntry, Sending
from tui_mail.mail.outbox import office
from tui_mail.net import smtp_waits

pytestmark = pytest.mark.server

STEPS = ("greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "dot")


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "BACK_OFF", (0.02,))


def imap(server: Dovecot, user: str) -> str:
    return f"imap+insecure://{user}@{server.host}:{server.port}"


async def agree(
    post: WritingService, smtp: ScriptedSmtp, dovecot: Dovecot, user: str
) -> dict[int, OutboxEntry]:
    """What the server has taken is what is sent here, once, and what is in Sent; the outbox."""
    entries = await post.outbox()
    taken = message_ids([each.data for each in smtp.accepted])
    assert all(count == 1 for count in taken.values()), taken
    states = Counter(each.state for each in entries.values())
    certain, open_ = states[Sending.FILED] + states[Sending.ACCEPTED], states[Sending.UNCERTAIN]
    assert certain <= len(taken) <= certain + open_, (states, taken)
    with dovecot.connect(user) as raw:
        in_sent = await asyncio.to_thread(filed, raw)
    assert all(count == 1 for count in in_sent.values()), in_sent
    assert in_sent.keys() <= taken.keys() and len(in_sent) == states[Sending.FILED]
    return entries


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "trouble",
    [b"451 4.3.0 come back", Close(), Reset()],
    ids=["refused", "closed", "reset"],
)
async def test_what_passes_is_tried_again_until_it_is_sent(
    dovecot: Dovecot, step: str, trouble: Action
) -> None:
    user = dovecot.new_user()
    steps: tuple[Steps, ...] = ({step: trouble}, {step: trouble}, {})
    async with (
        ScriptedSmtp(*steps) as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        entry = await post.send(draft())
        await agree(post, smtp, dovecot, user)
        lost = step == "dot" and not isinstance(trouble, bytes)
        assert entry.state is (Sending.UNCERTAIN if lost else Sending.FILED)
        assert smtp.connections == (1 if lost else 3)
        drafts = await post.call(post.service.writing.drafts())
        assert drafts == []


async def wanted_password(post: WritingService, times: int) -> events.PasswordWanted:
    """The question for a password, once it has been asked that often."""

    def asked() -> list[events.PasswordWanted]:
        return [each for each in post.running.events if isinstance(each, events.PasswordWanted)]

    found = await post.heard(events.PasswordWanted, lambda event: len(asked()) == times)
    assert isinstance(found, events.PasswordWanted)
    return asked()[-1]


async def test_a_refused_password_is_asked_for_once_and_all_goes_on(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    async with (
        ScriptedSmtp() as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        smtp.password = "another one"
        entries = [await post.put(draft(number)) for number in (1, 2)]
        for times, given in enumerate(("wrong", "another one"), 1):
            wanted = await wanted_password(post, times)
            assert wanted.sending and (wanted.user, wanted.host) == ("anna", smtp.host)
            assert "535" in wanted.reason and smtp.accepted == []
            give = post.service.give_password("work", given, remember=False, sending=True)
            await post.call(give)
        for entry in entries:
            assert (await post.until(entry.id, *FINAL)).state is Sending.FILED
        await agree(post, smtp, dovecot, user)
        await wanted_password(post, 2)  # the IMAP server still has the first one


async def test_who_gives_no_password_keeps_the_draft(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    async with (
        ScriptedSmtp() as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        smtp.password = "another one"
        entry = await post.put(draft())
        await wanted_password(post, 1)
        await post.call(post.service.give_password("work", None, remember=False, sending=True))
        failed = await post.until(entry.id, *FINAL)
        assert failed.state is Sending.FAILED and "535" in failed.reply
        assert "password" in failed.explanation and failed.draft is not None
        await agree(post, smtp, dovecot, user)


async def test_no_password_is_asked_for_where_no_login_is_offered(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    async with (
        ScriptedSmtp(mechanisms=()) as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        entry = await post.send(draft())
        assert entry.state is Sending.FAILED and "offers no login" in entry.explanation


@pytest.mark.parametrize("step", STEPS[2:])
async def test_a_refusal_for_good_keeps_the_draft(dovecot: Dovecot, step: str) -> None:
    user = dovecot.new_user()
    line = b"535 5.7.8 wrong" if step == "AUTH" else b"550 5.7.1 not here"
    async with (
        ScriptedSmtp({step: line}, {}) as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        entry = await post.put(draft())
        if step == "AUTH":
            await wanted_password(post, 1)
            give = post.service.give_password("work", None, remember=False, sending=True)
            await post.call(give)
        entry = await post.until(entry.id, *FINAL)
        assert (entry.state, entry.due) == (Sending.FAILED, None)
        assert line.decode() in entry.reply and entry.explanation
        assert smtp.connections == 1 and smtp.accepted == []
        number = await post.call(post.service.writing.call_back(entry.id))
        (kept,) = await post.call(post.service.writing.drafts())
        assert (kept.number, kept.draft.subject) == (number, "message 1")
        corrected = await post.call(post.service.writing.send(number, hold=0))
        assert (await post.until(corrected.id, *FINAL)).state is Sending.FILED
        await agree(post, smtp, dovecot, user)


async def test_a_refused_recipient_is_for_a_person_to_decide(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    async with (
        ScriptedSmtp({"RCPT 2": b"550 5.1.1 no such user"}, {}) as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        entry = await post.send(draft(to="a@example.org, b@example.org, c@example.org"))
        assert entry.state is Sending.PARTLY_REFUSED
        assert [each.address for each in entry.refused] == ["b@example.org"]
        assert smtp.accepted == []
        await post.call(post.service.writing.send_to_the_others(entry.id))
        done = await post.until(entry.id, Sending.FILED)
        assert smtp.accepted[0].recipients == ("a@example.org", "c@example.org")
        assert done.refused == ()
        await agree(post, smtp, dovecot, user)


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "not taken"])
@pytest.mark.parametrize("how", [Close, Reset, Silence])
async def test_nobody_knows_and_nothing_is_sent_twice(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, how: type, taken: bool
) -> None:
    monkeypatch.setattr(smtp_waits, "FINAL", 0.3)
    user = dovecot.new_user()
    async with (
        ScriptedSmtp({"dot": how(taken=taken)}, {}) as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        entry = await post.send(draft(1))
        assert entry.state is Sending.UNCERTAIN and entry.explanation
        other = await post.send(draft(2))
        assert other.state is Sending.FILED
        assert smtp.connections == 2
        await agree(post, smtp, dovecot, user)
        if taken:
            await post.call(post.service.writing.mark_sent(entry.id))
        else:
            await post.call(post.service.writing.retry(entry.id))
        await post.until(entry.id, Sending.FILED)
        assert smtp.connections == 2 + (not taken)
        await agree(post, smtp, dovecot, user)
        assert await post.call(post.service.writing.drafts()) == []


async def test_a_held_message_is_called_back(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    async with (
        ScriptedSmtp({}) as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        entry = await post.put(draft(), hold=600)
        assert entry.state is Sending.HELD and post.service.writing.unsent() == 1
        number = await post.call(post.service.writing.call_back(entry.id))
        assert post.service.writing.unsent() == 0
        (kept,) = await post.call(post.service.writing.drafts())
        assert kept.number == number
        with pytest.raises(MailError, match="not in the outbox"):
            await post.call(post.service.writing.call_back(entry.id))
        await post.call(post.service.writing.send_now())
        assert smtp.connections == 0


async def test_called_back_while_it_is_on_its_way_before_data(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    async with (
        ScriptedSmtp({"RCPT": Silence()}, {}) as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        entry = await post.put(draft())
        async with asyncio.timeout(10):
            await smtp.silent.wait()
        await post.call(post.service.writing.call_back(entry.id))
        assert await post.outbox() == {}
    assert smtp.accepted == []


async def test_too_late_to_call_back(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    async with (
        ScriptedSmtp({"dot": Silence(taken=True)}) as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        entry = await post.put(draft())
        await post.until(entry.id, Sending.SENDING)
        with pytest.raises(MailError, match="too late"):
            await post.call(post.service.writing.call_back(entry.id))
        with pytest.raises(MailError, match="not to be sent"):
            await post.call(post.service.writing.retry(entry.id))


async def test_all_that_is_held_is_sent_now(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    async with (
        ScriptedSmtp({}) as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        entries = [await post.put(draft(number), hold=600) for number in range(3)]
        assert post.service.writing.unsent() == 3
        await post.call(post.service.writing.send_now())
        assert len(smtp.accepted) == 3 and post.service.writing.unsent() == 0
        for entry in entries:
            await post.until(entry.id, Sending.FILED)
        await agree(post, smtp, dovecot, user)


async def test_a_wrong_draft_is_refused_before_it_is_queued(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    async with (
        ScriptedSmtp({}) as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        for to, words in (("", "Nobody"), ("bert", "no domain")):
            with pytest.raises(MailError, match=words):
                await post.put(draft(to=to))
        assert await post.outbox() == {}
        kept = await post.call(post.service.writing.drafts())
        assert len(kept) == 2


async def test_an_account_without_a_submission_server(dovecot: Dovecot) -> None:
    async with WritingService(imap(dovecot, dovecot.new_user()), None) as post:
        entry = await post.send(draft())
        assert entry.state is Sending.FAILED and "smtp" in entry.explanation


async def test_read_only_sends_nothing(dovecot: Dovecot) -> None:
    async with ScriptedSmtp({}) as smtp:
        url = imap(dovecot, dovecot.new_user())
        async with WritingService(url, submission_url(smtp), read_only=True) as post:
            with pytest.raises(MailError, match="read-only"):
                await post.put(draft())
        assert smtp.connections == 0


async def test_progress_of_a_large_message(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    async with (
        ScriptedSmtp({}) as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        body = "a line of text that is a line of text\n" * 20_000
        written = draft()
        large = type(written)("work", written.from_, to=written.to, body=body)
        assert (await post.send(large)).state is Sending.FILED
        told = [e for e in post.running.events if isinstance(e, events.ProgressChanged)]
        sending = [e.progress for e in told if e.progress and "sending" in e.progress.what]
        assert sending and sending[-1].done == sending[-1].total
        assert post.service.writing.server_size("work") == 1_000_000


async def test_a_short_message_does_not_wait_for_a_large_one(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    large = replace(draft(1), body="A line of text.\n" * 20_000)
    async with (
        ScriptedSmtp({"MAIL": Silence()}, {}) as smtp,
        WritingService(imap(dovecot, user), submission_url(smtp)) as post,
    ):
        slow = await post.put(large)
        async with asyncio.timeout(20):
            await smtp.silent.wait()
        for number in (2, 3):
            assert (await post.send(draft(number))).state is Sending.FILED
        assert [len(each.data) < 10_000 for each in smtp.accepted] == [True, True]
        assert (await post.outbox())[slow.id].state is Sending.QUEUED
        await post.call(post.service.writing.drop(slow.id))
        await agree(post, smtp, dovecot, user)


async def test_taken_over_by_another_program_while_it_is_on_its_way(
    dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    user = dovecot.new_user()
    slow = {"RCPT": Dribble(b"250 2.1.5 slowly but well\r\n", 0.05)}
    async with ScriptedSmtp(slow, {}) as smtp:
        url = submission_url(smtp)
        async with (
            WritingService(imap(dovecot, user), url, in_memory=False) as first,
            WritingService(imap(dovecot, user), url, in_memory=False) as second,
        ):
            entry = await first.put(draft())

            async def asked() -> bool:
                return any(line.startswith(b"RCPT") for line in smtp.lines)

            await eventually(asked, True)
            await second.call(second.service.writing.retry(entry.id))
            await second.until(entry.id, Sending.FILED)

            async def told() -> bool:
                return any("221" in line for line in first.running.wire())

            await eventually(told, True)
            entries = await agree(first, smtp, dovecot, user)
            assert [each.state for each in entries.values()] == [Sending.FILED]
            assert smtp.connections == 2
