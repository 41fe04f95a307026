"""NO and BAD to every command, and answers that make no sense: one thing is lost, and said."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from imap_model import Mailbox, Model, Session, heard, serving
from running_service import RunningService

from tui_mail.mail import events, mailbox_list, malformed
from tui_mail.mail.sequence_map import LIMIT

ALL = (
    "IMAP4rev1 SASL-IR UIDPLUS NAMESPACE ID ENABLE CONDSTORE QRESYNC ESEARCH"
    " LIST-EXTENDED LIST-STATUS SPECIAL-USE"
)
PLAIN = "IMAP4rev1 SASL-IR"
MOST_COMMANDS = 60  # of a session that asks again and again there are many more


def newest_first(mailbox: Mailbox) -> list[int]:
    return list(reversed(mailbox.uids))


async def listed(running: RunningService, mailbox: Mailbox) -> None:
    wanted = newest_first(mailbox)
    await heard(running, events.OrderChanged, lambda e: list(e.order) == wanted)


async def rows(running: RunningService, mailbox_id: int, mailbox: Mailbox) -> dict[int, str]:
    """The subjects of the rows that are stored, once there are all of them."""
    found: dict[int, str] = {}
    async with asyncio.timeout(10):
        while len(found) < len(mailbox.uids):
            stored = await asyncio.wrap_future(running.service.rows(mailbox_id, mailbox.uids))
            found = {row.uid: row.subject for row in stored}
            await asyncio.sleep(0.005)
    return found


async def quiet(model: Model) -> int:
    """How many commands there were, once no more of them come."""
    count = -1
    while count != len(model.commands):
        count = len(model.commands)
        await asyncio.sleep(0.05)
    return count


def notices(running: RunningService) -> list[str]:
    return [event.error.title for event in running.events if isinstance(event, events.Notice)]


COMMANDS = (
    ("CAPABILITY", ALL),
    ("ID", ALL),
    ("ENABLE", ALL),
    ("NAMESPACE", ALL),
    ("LIST", ALL),
    ("LSUB", PLAIN),
    ("STATUS", PLAIN),
    ("FETCH", PLAIN),
    ("FETCH", ALL),
    ("UID SEARCH", PLAIN),
    ("UID SEARCH", ALL),
    ("UID FETCH", PLAIN),
    ("UID STORE", ALL),
    ("NOOP", PLAIN),
)


@pytest.mark.parametrize("answer", [b"NO [LIMIT] not now", b"BAD what is that"], ids=["no", "bad"])
@pytest.mark.parametrize(("command", "capabilities"), COMMANDS)
async def test_a_refused_command_costs_only_itself(
    command: str, capabilities: str, answer: bytes
) -> None:
    """The list is right, and all goes on when the server has changed its mind."""
    mailbox, other = Mailbox(70), Mailbox(3)
    model = Model(mailbox, other, capabilities=capabilities)
    model.refused[command] = answer
    async with serving(model) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        await listed(running, mailbox)
        await asyncio.wrap_future(running.service.mark_seen("work", mailbox_id, 140))
        running.service.retry_now("work")
        assert await quiet(model) < MOST_COMMANDS
        model.refused.clear()
        mailbox.arrive()
        running.service.retry_now("work")
        await listed(running, mailbox)
        await asyncio.wrap_future(running.service.open_mailbox("work", b"Other"))
        other_id = await asyncio.to_thread(running.opened, b"Other")
        assert len(await rows(running, other_id, other)) == 3
        assert len(running.service.transcript.lines()) < 600
        # Told once, and once more to who asked for another try.
        assert all(count <= 2 for count in Counter(notices(running)).values())


@pytest.mark.parametrize("answer", [b"NO gone", b"BAD what"])
async def test_a_mailbox_that_cannot_be_opened(answer: bytes) -> None:
    """What waits for it hears so at once, and others can be opened."""
    mailbox, other = Mailbox(5), Mailbox(3)
    model = Model(mailbox, other)
    async with serving(model) as running:
        await heard(running, events.MailboxOpened, lambda e: e.live)
        del model.mailboxes[b"Other"]
        model.refused["SELECT"] = answer
        await asyncio.wrap_future(running.service.open_mailbox("work", b"Other"))
        told = await heard(running, events.MailboxOpened, lambda e: e.name == b"Other")
        gone = await heard(running, events.MailboxGone)
        assert gone.name == b"Other" and answer.decode() in gone.error.server_line
        with pytest.raises(type(gone.error)):
            await asyncio.wrap_future(running.service.open_message("work", told.mailbox_id, 2))
        model.refused.clear()
        seen = len(running.events)
        await asyncio.wrap_future(running.service.open_mailbox("work", b"INBOX"))
        await heard(running, events.MailboxOpened, lambda e: e.live, after=seen)


async def test_one_message_the_server_cannot_read_is_found_and_left_out() -> None:
    """NO to a whole FETCH for one message in it (Courier, and Dovecot with a broken file)."""
    mailbox = Mailbox(200)
    model = Model(mailbox)
    bad = 40

    async def refuse(session: Session, tag: bytes, text: bytes) -> bool:
        words = text.split(b" ")
        numbers, uid = (words[2], True) if words[0] == b"UID" else (words[1], False)
        assert session.mailbox is not None
        if any(message.uid == bad for message in session.mailbox.chosen(numbers, uid=uid)):
            await session.peer.send(tag + b" NO cannot read it\r\n")
            return True
        return False

    model.hooks["UID FETCH"] = model.hooks["FETCH"] = refuse
    async with serving(model) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        await listed(running, mailbox)
        readable = Mailbox(200)
        readable.messages = [message for message in mailbox.messages if message.uid != bad]
        assert len(await rows(running, mailbox_id, readable)) == 199
        count = await quiet(model)
        assert count < MOST_COMMANDS
        running.service.want("work", mailbox_id, (bad,))
        await quiet(model)
        assert len(model.commands) == count, "it is not asked for again"
        assert notices(running) == ["The server refused UID FETCH"]


def instead(line: bytes, *, uid: int | None = None) -> Callable[..., object]:
    """A hook that sends this in place of the right line (about ``uid``, if given)."""

    async def send(session: Session, tag: bytes, data: bytes) -> bool:
        if uid is not None and b"UID %d " % uid not in data:
            return False
        await session.peer.send(line)
        return True

    return send


BROKEN_FETCHES = {
    "unbalanced": b'* 69 FETCH (UID 138 FLAGS () ENVELOPE ("a" "b\r\n',
    "zero": b"* 0 FETCH (UID 138 FLAGS ())\r\n",
    "envelope": b"* 69 FETCH (UID 138 FLAGS () INTERNALDATE "
    b'"01-Mar-2026 09:30:00 +0000" RFC822.SIZE 5 ENVELOPE (1 (2)))\r\n',
    "a literal of garbage": b"* 69 FETCH (UID 138 ENVELOPE {3}\r\n\0\1\2)\r\n",
    "deep": b"* 69 FETCH (UID 138 ENVELOPE " + b"(" * 5000 + b"\r\n",
}


@pytest.mark.parametrize("broken", BROKEN_FETCHES)
async def test_a_malformed_fetch_costs_one_row(broken: str) -> None:
    mailbox = Mailbox(70)
    model = Model(mailbox)
    model.hooks["FETCHED"] = instead(BROKEN_FETCHES[broken], uid=138)  # type: ignore[assignment]

    async def bare_is_right(session: Session, tag: bytes, text: bytes) -> None:
        if b"ENVELOPE" not in text:
            model.hooks.pop("FETCHED", None)

    model.hooks["UID FETCH"] = bare_is_right
    async with serving(model) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        await listed(running, mailbox)
        subjects = await rows(running, mailbox_id, mailbox)
        assert "malformed" in subjects.pop(138)
        assert all(subject == f"message {uid}" for uid, subject in subjects.items())
        assert "A response of the server could not be read" in notices(running)
        assert await quiet(model) < MOST_COMMANDS


async def test_when_every_fetch_is_malformed_the_list_stands_and_nothing_loops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mailbox = Mailbox(300)
    model = Model(mailbox)
    model.hooks["FETCHED"] = instead(b"* 1 FETCH (UID\r\n")  # type: ignore[assignment]
    async with serving(model) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        await listed(running, mailbox)
        for _ in range(3):
            running.service.want("work", mailbox_id, (600, 598), (596,))
            await quiet(model)
        assert len(model.commands) < MOST_COMMANDS
        assert notices(running).count("A response of the server could not be read") == 1


async def test_a_malformed_structure_is_asked_for_once_and_the_text_still_shown() -> None:
    mailbox = Mailbox(5)
    model = Model(mailbox)
    async with serving(model) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        await rows(running, mailbox_id, mailbox)

        async def break_structure(session: Session, tag: bytes, data: bytes) -> bool:
            if b"BODYSTRUCTURE" not in data:
                return False
            await session.peer.send(b"* 4 FETCH (UID %b BODYSTRUCTURE ())\r\n" % data.split()[4])
            return True

        model.hooks["FETCHED"] = break_structure
        for _ in range(3):
            running.service.want("work", mailbox_id, (), (10, 8))
            await quiet(model)
        assert len([line for line in model.commands if "BODYSTRUCTURE" in line]) == 1
        message = await asyncio.wrap_future(running.service.open_message("work", mailbox_id, 10))
        assert message.data == b"hello\r\n" and "cannot be read" in message.note
        row = (await asyncio.wrap_future(running.service.rows(mailbox_id, [10])))[0]
        assert row.subject == "message 10", "the row is not lost with the structure"


async def test_a_malformed_body_says_so() -> None:
    mailbox = Mailbox(5)
    model = Model(mailbox)
    async with serving(model) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        await rows(running, mailbox_id, mailbox)
        running.service.want("work", mailbox_id, (), (10,))
        await quiet(model)
        model.hooks["FETCHED"] = instead(b"* 5 FETCH (UID 10 BODY[1]<0> (no string))\r\n")  # type: ignore[assignment]
        message = await asyncio.wrap_future(running.service.open_message("work", mailbox_id, 10))
        assert message.data == b"" and "could not be read" in message.note
        model.hooks.clear()
        message = await asyncio.wrap_future(running.service.open_message("work", mailbox_id, 10))
        assert message.data == b"hello\r\n", "the failure was not stored"


SEARCHES = {
    "words": b"* SEARCH 2 4 six\r\n",
    "zero": b"* SEARCH 0 2 4\r\n",
    "not there": b"",
    "absurd": b'* ESEARCH (TAG "x") UID ALL 1:4294967295\r\n',
    "too many": b"* SEARCH " + b" ".join(b"%d" % uid for uid in range(1, 900)) + b"\r\n",
    "none": b"* SEARCH\r\n",
}


@pytest.mark.parametrize("capabilities", [PLAIN, ALL], ids=["search", "esearch"])
@pytest.mark.parametrize("answer", SEARCHES)
async def test_a_search_that_makes_no_sense_empties_no_list(
    answer: str, capabilities: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a cache and with one: SEARCH is asked a few times, then FETCH tells the UIDs."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    mailbox = Mailbox(90)
    model = Model(mailbox, capabilities=capabilities)
    async with serving(model, demo=False) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        await rows(running, mailbox_id, mailbox)
    model.commands.clear()
    model.capabilities = capabilities.replace("QRESYNC", "")
    mailbox.arrive()
    model.hooks["SEARCHED"] = instead(SEARCHES[answer])  # type: ignore[assignment]
    async with serving(model, demo=False) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        assert await quiet(model) < MOST_COMMANDS
        model.hooks.clear()
        if answer not in ("too many", "none"):
            await listed(running, mailbox)
        mailbox.arrive()
        if answer == "too many":  # asked too often; a person may have it asked again
            await asyncio.wrap_future(running.service.open_mailbox("work", b"INBOX"))
        running.service.retry_now("work")
        await listed(running, mailbox)
        assert len(await rows(running, mailbox_id, mailbox)) == 92


SELECTS = {
    "no EXISTS": (b"* 90 EXISTS\r\n", b""),
    "EXISTS in words": (b"* 90 EXISTS\r\n", b"* many EXISTS\r\n"),
    "no UIDVALIDITY": (b"[UIDVALIDITY 7]", b"[X-NOTHING]"),
    "UIDVALIDITY in words": (b"[UIDVALIDITY 7]", b"[UIDVALIDITY seven]"),
}


@pytest.mark.parametrize("what", SELECTS)
async def test_a_malformed_select_forgets_nothing(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    mailbox = Mailbox(90)
    model = Model(mailbox)
    async with serving(model, demo=False) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        await rows(running, mailbox_id, mailbox)
        await quiet(model)
    right, wrong = SELECTS[what]

    async def wrongly(session: Session, tag: bytes, text: bytes) -> None:
        send = session.peer.send

        async def send_wrong(data: bytes) -> None:
            await send(data.replace(right, wrong))

        session.peer.send = send_wrong  # type: ignore[method-assign]

    model.hooks["SELECT"] = wrongly
    model.commands.clear()
    async with serving(model, demo=False) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        await listed(running, mailbox)
        assert len(await rows(running, mailbox_id, mailbox)) == 90
        assert await quiet(model) < MOST_COMMANDS
        assert not [line for line in model.commands if "ENVELOPE" in line and "UID FETCH" in line]


async def test_a_count_that_shrinks_is_followed(tmp_path: Path) -> None:
    """Only EXPUNGE may take messages away (RFC 9051, 7.4.1); some servers forget it."""
    mailbox = Mailbox(40)
    model = Model(mailbox)
    async with serving(model) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        await rows(running, mailbox_id, mailbox)
        del mailbox.messages[10:20]
        mailbox.seen = list(mailbox.messages)

        async def shrink(session: Session, tag: bytes, text: bytes) -> None:
            model.hooks.clear()
            await session.peer.send(b"* 30 EXISTS\r\n")

        model.hooks["NOOP"] = shrink
        running.service.retry_now("work")
        await listed(running, mailbox)
        stored = await asyncio.wrap_future(running.service.rows(mailbox_id, list(range(1, 100))))
        assert sorted(row.uid for row in stored) == mailbox.uids


async def test_a_server_that_keeps_contradicting_itself_is_left_alone() -> None:
    mailbox = Mailbox(40)
    model = Model(mailbox)

    async def contradict(session: Session, tag: bytes, text: bytes) -> None:
        await session.peer.send(b"* 30 EXISTS\r\n* 99 EXPUNGE\r\n* 3 FETCH (UID 70 FLAGS ())\r\n")

    async with serving(model) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        await rows(running, mailbox_id, mailbox)
        await quiet(model)
        for name in ("NOOP", "UID SEARCH", "UID FETCH"):
            model.hooks[name] = contradict
        before = len(model.commands)
        for _ in range(20):
            running.service.retry_now("work")
            await quiet(model)
        asked = [line for line in model.commands[before:] if line != "NOOP"]
        assert len(asked) <= 3 * (mailbox_list.CONTRADICTIONS + 1) * mailbox_list.SEARCHES
        assert "What the server says about this mailbox contradicts itself" in notices(running)


@pytest.mark.parametrize("count", [LIMIT + 1, 50_000_000, 4_000_000_000, 10**12])
async def test_a_count_beyond_all_measure(count: int) -> None:
    """Not a byte is set aside for it; the mailbox is not shown, or shown as it was."""
    mailbox = Mailbox(5)
    model = Model(mailbox)

    async def lie(session: Session, tag: bytes, text: bytes) -> None:
        await session.peer.send(b"* %d EXISTS\r\n" % count)

    model.hooks["NOOP"] = lie
    async with serving(model) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        await rows(running, mailbox_id, mailbox)
        running.service.retry_now("work")
        await quiet(model)
        model.hooks.clear()
        mailbox.arrive()
        running.service.retry_now("work")
        await listed(running, mailbox)
        assert max(len(e.order) for e in running.events if isinstance(e, events.OrderChanged)) < 9


async def test_uid_validity_changes_between_two_lives() -> None:
    """The mailbox was deleted and made again while the connection was away."""
    mailbox = Mailbox(5)
    model = Model(mailbox)
    async with serving(model) as running:
        mailbox_id = await asyncio.to_thread(running.opened)
        await rows(running, mailbox_id, mailbox)
        fresh = Mailbox(2, uid_validity=8)
        fresh.messages[0].flags.add("\\Flagged")
        model.mailboxes[b"INBOX"] = fresh
        seen = len(running.events)
        model.sessions[-1].peer.reset()
        await heard(running, events.MailboxOpened, lambda e: e.live, after=seen)
        await listed(running, fresh)
        stored = await asyncio.wrap_future(running.service.rows(mailbox_id, [2, 4, 6, 8, 10]))
        assert [(row.uid, "\\Flagged" in row.flags) for row in stored] == [(2, True), (4, False)]


def test_notices_of_malformed_responses_do_not_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    from tui_mail.wire.responses import Fetch, Malformed

    told: list[events.Event] = []
    now = 100.0
    monkeypatch.setattr(malformed.time, "monotonic", lambda: now)
    tell = malformed.MalformedNotices("work", told.append).tell
    for _ in range(5):
        tell(Malformed(b"* nonsense", "a reason"))
    now += malformed.AGAIN_AFTER
    tell(Fetch(7, broken=("ENVELOPE: a list was expected",)))
    first, second = (event.error for event in told if isinstance(event, events.Notice))
    assert first.server_line == "* nonsense"
    assert "4 before it" in second.title and "ENVELOPE" in second.server_line
