"""A mailbox that changes at every moment of being opened and filled: the list is right in the end.

The other side is ``imap_model``: a server in memory that keeps the rules of when what is told.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imap_model import Mailbox, Model, Session, heard, serving
from running_service import RunningService

from tui_mail.mail import events
from tui_mail.mail.store import Store

PLAIN = "IMAP4rev1 SASL-IR UIDPLUS"
EXTENDED = "IMAP4rev1 SASL-IR UIDPLUS ESEARCH CONDSTORE"

EVENTS: dict[str, Callable[[Mailbox], None]] = {
    "one arrives": lambda box: box.arrive(),
    "the newest goes": lambda box: box.expunge(-1),
    "the oldest goes": lambda box: box.expunge(0),
    "flags": lambda box: box.flag(-2),
    "one goes, one arrives": lambda box: (box.expunge(3), box.arrive()),  # type: ignore[func-returns-value]
    "many arrive": lambda box: box.arrive(250),
    "most go": lambda box: [box.expunge(1) for _ in range(len(box.messages) - 2)],  # type: ignore[misc]
}
# Name and moment: ("before" or "after", as ``Model`` names it).
MOMENTS = (
    ("after", "SELECTING"),
    ("before", "FETCH"),
    ("after", "HALF"),
    ("before", "UID SEARCH"),
    ("after", "SEARCHED"),
    ("after", "UID SEARCH"),
    ("before", "UID FETCH"),
    ("after", "UID FETCH"),
    ("before", "NOOP"),
)


async def equal_in_the_end(running: RunningService, model: Model, *, whole: bool = True) -> None:
    """List, rows and figures are those of the server's INBOX; with ``whole`` every moment came."""
    mailbox = model.mailboxes[b"INBOX"]
    account = running.service._accounts["work"].id  # the store has no other way in
    store = running.service._store

    def here() -> tuple[object, ...]:
        stored = store.read(Store.mailbox_by_name, account, b"INBOX").result()
        assert stored is not None
        rows = running.service.rows(stored.id, mailbox.uids).result()
        flagged = [(row.uid, "\\Flagged" in row.flags) for row in rows]
        unread = store.read(Store.unread_count, stored.id).result()
        return list(running.order()), flagged, unread, stored.status.messages

    def there() -> tuple[object, ...]:
        flagged = [(message.uid, "\\Flagged" in message.flags) for message in mailbox.messages]
        return list(reversed(mailbox.uids)), flagged, len(flagged), len(flagged)

    running.service.retry_now("work")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            while (whole and (model.before or model.after)) or await asyncio.to_thread(
                here
            ) != there():
                await asyncio.sleep(0.005)
    assert not (whole and (model.before or model.after))
    assert await asyncio.to_thread(here) == there()


@pytest.mark.parametrize("capabilities", [PLAIN, EXTENDED], ids=["plain", "extended"])
@pytest.mark.parametrize("what", EVENTS)
@pytest.mark.parametrize("moment", MOMENTS, ids=" ".join)
async def test_a_change_at_one_moment(
    moment: tuple[str, str], what: str, capabilities: str
) -> None:
    mailbox = Mailbox(70)
    model = Model(mailbox, capabilities=capabilities)
    mailbox.vanished = capabilities == EXTENDED
    when, name = moment
    getattr(model, when)[name] = lambda: EVENTS[what](mailbox)
    async with serving(model) as running:
        await asyncio.to_thread(running.opened)
        await equal_in_the_end(running, model)


@pytest.mark.parametrize("what", EVENTS)
async def test_a_server_that_tells_later_than_it_searches(what: str) -> None:
    """Cyrus: SEARCH has the new message and not the expunged one before either is told."""
    mailbox = Mailbox(70)
    model = Model(mailbox, late=True)

    async def happen(session: Session, tag: bytes, text: bytes) -> None:
        model.hooks.clear()
        EVENTS[what](mailbox)

    model.hooks["UID SEARCH"] = happen
    async with serving(model) as running:
        await asyncio.to_thread(running.opened)
        await equal_in_the_end(running, model)


Moments = dict[tuple[str, str], Callable[[Mailbox], None]]

# Found by chance, below: how many messages there are, what happens when, VANISHED or EXPUNGE, and
# whether the server tells later than it searches.
FOUND: dict[str, tuple[int, Moments, bool, bool]] = {
    # The list of UIDs, then one from before it goes, then one comes: the count is as before.
    "one came behind one that went unseen": (
        61,
        {
            ("before", "FETCH"): lambda box: box.expunge(0),
            ("after", "SEARCHED"): lambda box: box.arrive(),
        },
        True,
        True,
    ),
    "two went, one told with the list and one behind it": (
        61,
        {
            ("before", "FETCH"): lambda box: box.expunge(0),
            ("after", "SEARCHED"): lambda box: box.expunge(0),
        },
        True,
        True,
    ),
    # SEARCH has neither, and the second is told behind it.
    "two went, one while selecting": (
        3,
        {
            ("after", "SELECTING"): lambda box: box.expunge(0),
            ("before", "FETCH"): lambda box: box.expunge(0),
        },
        False,
        True,
    ),
    "flags told before the list is known": (
        21,
        {
            ("after", "SELECTING"): lambda box: box.arrive(4),
            ("before", "FETCH"): lambda box: box.arrive(),
            ("before", "UID SEARCH"): lambda box: (  # type: ignore[func-returns-value]
                box.expunge(25),
                box.arrive(9),
                box.flag(18),
            ),
        },
        True,
        False,
    ),
}


@pytest.mark.parametrize("found", FOUND.values(), ids=FOUND)
async def test_what_was_once_got_wrong(found: tuple[int, Moments, bool, bool]) -> None:
    count, happening, vanished, late = found
    mailbox = Mailbox(count)
    mailbox.vanished = vanished
    model = Model(mailbox, late=late)
    for (when, name), happen in happening.items():
        getattr(model, when)[name] = partial(happen, mailbox)
    async with serving(model) as running:
        await asyncio.to_thread(running.opened)
        await equal_in_the_end(running, model)


async def until_sent(running: RunningService, command: str) -> None:
    async with asyncio.timeout(10):
        while not any(line.endswith(command) for line in running.wire()):
            await asyncio.sleep(0.005)


CHANGES = st.lists(
    st.tuples(st.sampled_from(["arrive", "expunge", "flag"]), st.integers(0, 99)), max_size=4
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    count=st.integers(0, 90),
    happening=st.dictionaries(st.sampled_from(MOMENTS), CHANGES, max_size=6),
    vanished=st.booleans(),
    late=st.booleans(),
)
def test_changes_at_any_moments(
    count: int,
    happening: dict[tuple[str, str], list[tuple[str, int]]],
    vanished: bool,
    late: bool,
) -> None:
    mailbox = Mailbox(count)
    mailbox.vanished = vanished
    model = Model(mailbox, late=late)

    def moment(changes: list[tuple[str, int]]) -> Callable[[], None]:
        def happen() -> None:
            for name, place in changes:
                if name == "arrive":
                    mailbox.arrive(place % 5 + 1)
                else:
                    getattr(mailbox, name)(place)

        return happen

    for (when, name), changes in happening.items():
        getattr(model, when)[name] = moment(changes)

    async def run() -> None:
        async with serving(model) as running:
            await asyncio.to_thread(running.opened)
            # An empty mailbox never sees some of the moments.
            await equal_in_the_end(running, model, whole=False)

    asyncio.run(run())


@pytest.mark.parametrize("capabilities", [PLAIN, EXTENDED], ids=["plain", "extended"])
async def test_leaving_in_the_midst_loses_nothing_that_was_said(
    capabilities: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came in with the last answer before another mailbox is opened is stored all the same."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    mailbox, other = Mailbox(20), Mailbox(3)
    model = Model(mailbox, other, capabilities=capabilities)
    async with serving(model, demo=False) as running:
        await asyncio.to_thread(running.opened)
        await equal_in_the_end(running, model)
        mailbox.expunge(4)
        mailbox.flag(6)
        running.service.retry_now("work")
        running.service.open_mailbox("work", b"Other")
        await asyncio.to_thread(running.opened, b"Other")
        running.service.open_mailbox("work", b"INBOX")
        seen = len(running.events)
        await heard(running, events.MailboxOpened, lambda e: e.live, after=seen)
        await equal_in_the_end(running, model)


async def test_answers_still_on_their_way_do_not_reach_the_next_mailbox() -> None:
    """Both mailboxes have the same UIDs; what belongs to the first comes after SELECT was sent."""
    first, second = Mailbox(300), Mailbox(300)
    for message in first.messages:
        message.flags.add("\\Flagged")
    model = Model(first, second)
    slow, left = asyncio.Event(), asyncio.Event()

    async def hold(session: Session, tag: bytes, text: bytes) -> None:
        if b"ENVELOPE" in text:
            model.hooks.clear()
            slow.set()
            await left.wait()

    async with serving(model) as running:
        await asyncio.to_thread(running.opened)
        newest_first = list(reversed(first.uids))
        await heard(running, events.OrderChanged, lambda e: list(e.order) == newest_first)
        model.hooks["UID FETCH"] = hold
        first.arrive(100)
        running.service.retry_now("work")
        await slow.wait()
        running.service.open_mailbox("work", b"Other")
        await heard(running, events.MailboxOpened, lambda e: e.name == b"Other")
        await until_sent(running, "SELECT Other")
        left.set()
        mailbox_id = await asyncio.to_thread(running.opened, b"Other")
        uids = second.uids
        for _ in range(400):
            rows = await asyncio.wrap_future(running.service.rows(mailbox_id, uids))
            if len(rows) == len(uids):
                break
            await asyncio.sleep(0.01)
        assert len(rows) == len(uids)
        assert list(running.order()) == list(reversed(uids))
        assert not any("\\Flagged" in row.flags for row in rows)


async def test_every_moment_comes() -> None:
    mailbox = Mailbox(300)
    model = Model(mailbox)
    came = set()
    for when, name in MOMENTS:
        getattr(model, when)[name] = partial(came.add, (when, name))
    async with serving(model) as running:
        await asyncio.to_thread(running.opened)
        await equal_in_the_end(running, model)
    assert came == set(MOMENTS)
