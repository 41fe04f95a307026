"""Lines that are slow, stall, break or died while the computer slept: nothing waits for ever."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import CancelledError, Future

import pytest
from imap_model import Mailbox, Model, Session, heard, serving
from running_service import RunningService, account
from servers import Dovecot, LatencyProxy, generate

from tui_mail.errors import Cancelled, ConnectionFailed
from tui_mail.mail import account as account_module
from tui_mail.mail import events, wake
from tui_mail.mail.acting import Acting
from tui_mail.mail.reader import Message
from tui_mail.model import Phase
from tui_mail.net import imap


async def filled(running: RunningService, mailbox: Mailbox) -> int:
    mailbox_id = await asyncio.to_thread(running.opened)
    async with asyncio.timeout(10):
        while len(await asyncio.wrap_future(running.service.rows(mailbox_id, mailbox.uids))) < len(
            mailbox.uids
        ):
            await asyncio.sleep(0.005)
    return mailbox_id


class Stall:
    """A hook that lets a command wait until ``goes_on`` is set."""

    def __init__(self, wanted: bytes = b"") -> None:
        self.began = asyncio.Event()
        self.goes_on = asyncio.Event()
        self._wanted = wanted

    async def __call__(self, session: Session, tag: bytes, text: bytes) -> None:
        if self._wanted in text:
            self.began.set()
            await self.goes_on.wait()


async def test_what_is_stored_is_there_while_the_server_says_nothing() -> None:
    mailbox = Mailbox(60)
    model = Model(mailbox)
    async with serving(model) as running:
        mailbox_id = await filled(running, mailbox)
        await asyncio.wrap_future(running.service.open_message("work", mailbox_id, 8))
        model.hooks["UID FETCH"] = stall = Stall()
        waiting = running.service.open_message("work", mailbox_id, 4)
        await stall.began.wait()
        async with asyncio.timeout(2):
            again = await asyncio.wrap_future(running.service.open_message("work", mailbox_id, 8))
            assert again.data == b"hello\r\n"
            await asyncio.wrap_future(running.service.mark_seen("work", mailbox_id, 8))
            rows = await asyncio.wrap_future(running.service.rows(mailbox_id, [8]))
            assert "\\Seen" in rows[0].flags
        assert not waiting.done()
        stall.goes_on.set()
        assert (await asyncio.wrap_future(waiting)).data == b"hello\r\n"


async def test_a_wait_runs_out_and_says_what_was_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is taken for dead, a new one is made, and who waits gets the answer from there."""
    mailbox = Mailbox(3)
    model = Model(mailbox)
    async with serving(model) as running:
        mailbox_id = await filled(running, mailbox)
        monkeypatch.setattr(imap.ImapClient.run, "__kwdefaults__", {
            **imap.ImapClient.run.__kwdefaults__, "timeout": 0.3,
        })  # fmt: skip
        model.hooks["UID FETCH"] = stall = Stall(b"BODY")
        waiting = running.service.open_message("work", mailbox_id, 4)
        failed = await heard(running, events.PhaseChanged, lambda e: e.phase is Phase.WAITING)
        assert failed.error is not None
        assert "said nothing for 0.3 s (waiting for the answer to UID FETCH)" in failed.error.title
        model.hooks.clear()
        assert (await asyncio.wrap_future(waiting)).data == b"hello\r\n"
        stall.goes_on.set()


async def test_a_wait_can_be_cancelled_and_the_next_is_answered() -> None:
    mailbox = Mailbox(3)
    model = Model(mailbox)
    async with serving(model) as running:
        mailbox_id = await filled(running, mailbox)
        model.hooks["UID FETCH"] = stall = Stall(b"BODY")
        waiting = running.service.open_message("work", mailbox_id, 4)
        await stall.began.wait()
        assert waiting.cancel()
        with pytest.raises(CancelledError):
            waiting.result(0)
        model.hooks.clear()
        stall.goes_on.set()
        message = await asyncio.wrap_future(running.service.open_message("work", mailbox_id, 6))
        assert message.data == b"hello\r\n"


async def test_a_wish_for_another_mailbox_does_not_wait_for_the_figures_of_folders() -> None:
    model = Model(Mailbox(3), Mailbox(4), Mailbox(5))
    model.hooks["STATUS"] = stall = Stall()
    async with serving(model) as running:
        await asyncio.to_thread(running.opened)
        await stall.began.wait()
        await asyncio.wrap_future(running.service.open_mailbox("work", b"Third"))
        await heard(running, events.MailboxOpened, lambda e: e.name == b"Third" and not e.live)
        async with asyncio.timeout(5):
            while not any(line.endswith("SELECT Third") for line in running.wire()):
                await asyncio.sleep(0.005)
        stall.goes_on.set()
        await asyncio.to_thread(running.opened, b"Third")


async def test_what_waits_when_the_line_breaks_is_asked_for_on_the_next() -> None:
    mailbox = Mailbox(3)
    model = Model(mailbox)
    async with serving(model) as running:
        mailbox_id = await filled(running, mailbox)
        model.hooks["UID FETCH"] = stall = Stall(b"BODY")
        opened = running.service.open_message("work", mailbox_id, 4)
        source = running.service.message_source("work", mailbox_id, 6)
        await stall.began.wait()
        model.hooks.clear()
        model.sessions[-1].peer.reset()
        stall.goes_on.set()
        assert (await asyncio.wrap_future(opened)).data == b"hello\r\n"
        data, complete = await asyncio.wrap_future(source)
        assert data.endswith(b"hello\r\n") and complete


async def test_what_waits_when_the_person_goes_elsewhere_is_cancelled() -> None:
    mailbox = Mailbox(3)
    model = Model(mailbox, Mailbox(3))
    async with serving(model) as running:
        mailbox_id = await filled(running, mailbox)
        model.hooks["UID FETCH"] = stall = Stall(b"BODY")
        opened = running.service.open_message("work", mailbox_id, 4)
        await stall.began.wait()
        await asyncio.wrap_future(running.service.open_mailbox("work", b"Other"))
        model.hooks.clear()
        model.sessions[-1].peer.reset()
        stall.goes_on.set()
        with pytest.raises(Cancelled):
            await asyncio.wrap_future(opened)


async def test_without_a_connection_it_is_said_at_once() -> None:
    mailbox = Mailbox(3)
    model = Model(mailbox)
    async with serving(model) as running:
        mailbox_id = await filled(running, mailbox)
        seen = len(running.events)
        model.refused["SELECT"] = b"OK"  # keeps the script going
        for session in model.sessions:
            session.peer.reset()
        await heard(running, events.PhaseChanged, lambda e: e.phase is Phase.WAITING, after=seen)
        with pytest.raises(ConnectionFailed, match="Not connected"):
            await asyncio.wrap_future(running.service.open_message("work", mailbox_id, 4))


@pytest.fixture
def fast_clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The computer's clocks are looked at all the time; ``fast_clock[0]`` is added to one."""
    ahead = [0.0]
    monkeypatch.setattr(wake, "TICK", 0.02)
    monkeypatch.setattr(wake, "wall_clock", lambda: time.time() + ahead[0])
    monkeypatch.setattr(account_module, "CHECK_TIMEOUT", 0.3)
    return ahead


async def test_a_line_that_died_in_the_computers_sleep_is_found_out_soon(
    fast_clock: list[float],
) -> None:
    mailbox = Mailbox(3)
    model = Model(mailbox)
    async with serving(model) as running:
        await filled(running, mailbox)
        stall = Stall()
        model.hooks.update(dict.fromkeys(("NOOP", "UID FETCH", "SELECT"), stall))
        seen = len(running.events)
        fast_clock[0] = 8 * 3600.0
        await heard(running, events.PhaseChanged, lambda e: e.phase is Phase.WAITING, after=seen)
        model.hooks.clear()
        mailbox.arrive()
        live = await heard(running, events.MailboxOpened, lambda e: e.live, after=seen)
        assert live.name == b"INBOX"
        assert len(running.order()) == 4
        stall.goes_on.set()


async def test_a_line_that_outlived_the_sleep_is_kept(fast_clock: list[float]) -> None:
    mailbox = Mailbox(3)
    model = Model(mailbox)
    async with serving(model) as running:
        await filled(running, mailbox)
        mailbox.arrive()
        fast_clock[0] = 60.0
        await heard(running, events.MailArrived)
        assert len(model.sessions) == 1


async def test_the_clock_is_looked_at_for_jumps_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake, "TICK", 0.005)
    ahead = [0.0]
    monkeypatch.setattr(wake, "wall_clock", lambda: time.time() + ahead[0])
    woke = asyncio.Event()
    watching = asyncio.create_task(wake.watch_clock(woke.set))
    await asyncio.sleep(0.05)
    assert not woke.is_set()
    ahead[0] = wake.JUMP + 1
    await asyncio.wait_for(woke.wait(), 5)
    watching.cancel()


# A real server behind a slow line


def url(server: Dovecot, user: str, line: LatencyProxy) -> str:
    return f"imap+insecure://{user}@{line.host}:{line.port}"


def inbox(server: Dovecot, count: int) -> str:
    user = server.new_user()
    with server.connect(user) as raw:
        raw.append_many("INBOX", generate(count))
    return user


@pytest.mark.server
def test_the_neighbor_opens_without_a_round_trip(dovecot: Dovecot) -> None:
    user = inbox(dovecot, 5)
    with (
        LatencyProxy(dovecot.port, 0.05) as line,
        RunningService(account(url(dovecot, user, line))) as running,
    ):
        mailbox_id = running.opened()
        service = running.service
        service.open_message("work", mailbox_id, 3).result(10)
        service.fetch_ahead("work", mailbox_id, [2, 4]).result(10)
        line.stall()
        began = time.perf_counter()
        for uid in (2, 4):
            assert service.open_message("work", mailbox_id, uid).result(2).header
        assert time.perf_counter() - began < 0.5
        line.resume()


@pytest.mark.server
def test_a_stalled_line_blocks_nothing_and_stopping_is_quick(dovecot: Dovecot) -> None:
    user = inbox(dovecot, 50)
    with LatencyProxy(dovecot.port, 0.05) as line:
        running = RunningService(account(url(dovecot, user, line)))
        with running:
            mailbox_id = running.opened()
            running.wait_for(events.RowsChanged)
            line.stall()
            waiting: list[Future[Message]] = [
                running.service.open_message("work", mailbox_id, uid) for uid in (1, 2, 3)
            ]
            began = time.perf_counter()
            assert len(running.service.rows(mailbox_id, list(range(1, 51))).result(1)) == 50
            running.service.open_mailbox("work", b"Sent").result(1)
            running.wait_for(events.MailboxOpened, lambda e: e.name == b"Sent")
            assert time.perf_counter() - began < 1
            waiting[0].cancel()
            began = time.perf_counter()
        assert time.perf_counter() - began < 5
    assert not [t for t in threading.enumerate() if t.name == "mail"]


@pytest.mark.server
def test_the_first_screenful_over_a_slow_line(dovecot: Dovecot) -> None:
    """Connection, greeting and log in, SELECT, newest page: four round trips of 100 ms."""
    user = inbox(dovecot, 200)
    with LatencyProxy(dovecot.port, 0.05) as line:
        running = RunningService(account(url(dovecot, user, line)))
        with running:
            running.wait_for(events.PhaseChanged, lambda e: e.phase is Phase.CONNECTING)
            began = time.perf_counter()
            first = running.wait_for(events.RowsChanged)
            took = time.perf_counter() - began
            assert max(first.uids) == 200
            # 2 for TCP in the proxy's way of counting, then greeting, AUTHENTICATE, SELECT, FETCH.
            assert took < 0.8


async def test_a_line_faster_than_the_disk_opens_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cached_order = Acting.cached_order
    told: list[bool] = []

    async def late(acting: Acting, mailbox_id: int) -> events.OrderChanged:
        deadline = time.monotonic() + 0.2
        while not told and time.monotonic() < deadline:
            await asyncio.sleep(0.002)
        return await cached_order(acting, mailbox_id)

    def note(event: events.Event) -> None:
        if isinstance(event, events.MailboxOpened):
            told.append(event.live)

    monkeypatch.setattr(Acting, "cached_order", late)
    async with serving(Model(Mailbox(5))) as running:
        running.service.listen(note)
        async with asyncio.timeout(10):
            while True not in told:
                await asyncio.sleep(0.005)
        assert told == [False, True]
