"""One account's outbox: when each message is tried, and what its answer leads to.

One message goes after the other; but while a large one goes, short ones go beside it.

Runs on the mail thread. Between a step and the next the store knows how far it is, so that the
program may end at any moment.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tui_mail import config
from tui_mail.errors import Cancelled, CommandRefused, MailError
from tui_mail.mail import events
from tui_mail.mail.account import Account
from tui_mail.mail.compose.values import Draft, OutboxEntry, Outgoing, Sending
from tui_mail.mail.outbox import submitting
from tui_mail.mail.outbox.chores import Chores
from tui_mail.mail.outbox.filing import Filing, Letter
from tui_mail.mail.outbox.submitting import Outcome
from tui_mail.mail.outbox.worker import LONGEST_NAP, Calls, Patience, Worker
from tui_mail.mail.store import Store, StoreThreads, Unfiled
from tui_mail.model import SEEN, Progress, SpecialUse
from tui_mail.net.imap import ImapClient
from tui_mail.wire.transcript import Transcript

# Seconds until a message is tried again, the last for every time that follows.
BACK_OFF: tuple[float, ...] = (60.0, 300.0, 900.0, 3600.0)
GIVE_UP = 5 * 86400.0  # seconds (RFC 5321, 4.5.4.1: four or five days)
LARGE = 256 * 1024  # octets: whose progress is worth showing, and no short one waits for it
PROGRESS_INTERVAL = 0.1  # seconds

# What a worker sends: whatever is next, or only what has fewer octets.
_ANY: int | None = None
_SHORT: int | None = LARGE

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all offices share.

    ``on_accepted`` hears of each message that has been sent, its draft where there was one, and
    the server's SIZE. ``standalone``: no session of the account runs; connect to file anyway.
    """

    store: StoreThreads
    transcript: Transcript
    publish: events.Publish
    chores: Chores
    on_accepted: Callable[[Outgoing, Draft | None, int | None], None]
    standalone: bool = False


class Office:
    """``run`` never ends. Whatever is done to the outbox elsewhere is told with ``wake``."""

    def __init__(
        self, account: Account, settings: config.Account, surroundings: Surroundings
    ) -> None:
        self.closing = False
        self._account = account
        self._settings = settings
        self._surroundings = surroundings
        self._threads = surroundings.store
        self._store = Calls(surroundings.store)
        self._owner = surroundings.store.presence.owner
        self._publish = surroundings.publish
        self._filing = Filing(account)
        self._patience = Patience()
        self._offline: set[int] = set()
        self._under_way: dict[int, int] = {}  # their sizes by number
        self._handed_over: set[int] = set()
        self._next_due = {_ANY: LONGEST_NAP, _SHORT: LONGEST_NAP}
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._workers = (
            *(
                Worker(partial(self._send_next, lane), partial(self._nap, lane), self._fault)
                for lane in (_ANY, _SHORT)
            ),
            Worker(self._file_next, lambda: self._patience.next_due, self._fault),
            Worker(self._do_chores, lambda: LONGEST_NAP, self._fault),
        )

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.gather(*(worker.run() for worker in self._workers))

    def wake(self) -> None:
        """The outbox has changed."""
        for worker in self._workers:
            worker.wake.set()

    def file_now(self) -> None:
        """A person wants what is not filed yet to be tried again."""
        self._patience.forgive()
        self.wake()

    async def line_is_back(self) -> None:
        """The servers can be reached again, as far as can be told."""
        offline, self._offline = self._offline, set()
        for number in offline:
            await self._store.write(Store.outbox_due, number, time.time())
        self.file_now()

    async def at_rest(self) -> None:
        """Wait until the server has answered to whatever has been handed over to it."""
        await self._at_rest.wait()

    async def tell(self, number: int) -> None:
        entry = await self._store.read(Store.outbox_entry, number)
        self._publish(events.OutboxChanged(self._account.name, entry))

    # Sending

    def _nap(self, lane: int | None) -> float:
        return self._next_due[lane]

    async def _send_next(self, lane: int | None) -> bool:
        self._next_due[lane] = LONGEST_NAP
        if self.closing or (lane is not _ANY and max(self._under_way.values(), default=0) < LARGE):
            return False
        under_way = tuple(self._under_way)
        entry = await self._store.read(
            Store.outbox_next, self._account.name, self._owner, under_way, lane
        )
        if entry is None or entry.due is None:
            return False
        # The clock may be set meanwhile, so it is looked at now and then.
        self._next_due[lane] = min(entry.due - time.time(), LONGEST_NAP)
        if self._next_due[lane] > 0:
            return False
        if entry.id in self._under_way:
            return True  # the other one was as quick
        self._under_way[entry.id] = entry.size
        if entry.size >= LARGE:
            self.wake()
        try:
            await self._send(entry)
        finally:
            del self._under_way[entry.id]
            self._handed_over.discard(entry.id)
            if not self._handed_over:
                self._at_rest.set()
        return True

    def _hand_over(self, number: int) -> None:
        self._handed_over.add(number)
        self._at_rest.clear()

    async def _send(self, entry: OutboxEntry) -> None:
        outgoing = await self._store.read(Store.outgoing, entry.id)
        if outgoing is None:
            return  # called back this very moment
        if entry.state is Sending.HELD:
            await self._store.write(Store.outbox_due, entry.id, time.time())
            await self.tell(entry.id)
        loop = asyncio.get_running_loop()
        begun: bool | None = None  # None: it has not come to that

        def to_data() -> bool:
            nonlocal begun
            loop.call_soon_threadsafe(self._hand_over, entry.id)
            begun = self._threads.write(Store.outbox_begin, entry.id, self._owner).result()
            if begun:
                asyncio.run_coroutine_threadsafe(self.tell(entry.id), loop)
            return begun

        progress = _Progress(self._publish, self._account.name, entry)
        try:
            outcome = await submitting.submit(
                self._settings,
                self._account.logging_in,
                self._surroundings.transcript,
                outgoing,
                on_progress=progress.tell,
                to_data=to_data,
            )
        except Cancelled as error:
            if self.closing or begun is False:
                return  # it is to wait, or was called back
            outcome = submitting.failed(error)
        except MailError as error:
            outcome = submitting.failed(error)
        except Exception as error:
            log.exception("sending a message of %s failed", self._account.name)
            state = Sending.UNCERTAIN if begun else Sending.FAILED
            outcome = Outcome(state, explanation=f"An error in tui-mail: {error!r}")
        finally:
            progress.end()
        await asyncio.shield(asyncio.create_task(self._conclude(entry, outgoing, outcome)))

    async def _conclude(self, entry: OutboxEntry, outgoing: Outgoing, outcome: Outcome) -> None:
        self._offline.discard(entry.id)
        reply, explanation = outcome.reply, outcome.explanation
        match outcome.state:
            case Sending.ACCEPTED:
                draft = await self._store.insist(
                    Store.outbox_accepted, entry.id, reply, outcome.queue_id
                )
                self._surroundings.on_accepted(outgoing, draft, outcome.size)
                self.wake()
            case Sending.QUEUED if time.time() - entry.created < GIVE_UP:
                wait = BACK_OFF[min(entry.tries, len(BACK_OFF) - 1)] * random.uniform(0.8, 1.2)
                if outcome.offline:
                    self._offline.add(entry.id)
                await self._store.insist(
                    Store.outbox_later,
                    entry.id,
                    time.time() + wait,
                    entry.tries + 1,
                    reply,
                    explanation,
                )
            case state:
                stopped = Sending.FAILED if state is Sending.QUEUED else state
                await self._store.insist(
                    Store.outbox_stop, entry.id, stopped, reply, explanation, outcome.refused
                )
        await self.tell(entry.id)

    # Filing

    async def _file_next(self) -> bool:
        if self.closing or not (self._account.connected or self._surroundings.standalone):
            return False
        unfiled = await self._store.read(
            Store.outbox_unfiled, self._account.name, self._owner, self._patience.waiting
        )
        if unfiled is None:
            return False
        number = unfiled.entry.id
        try:
            async with self._account.acting.aside() as client:
                await self._file(client, unfiled)
        except MailError as error:
            self._patience.failed(number)
            said = f"It was sent. The copy for Sent waits: {error}"
            if said != unfiled.entry.explanation:
                await self._store.write(Store.outbox_explain, number, said)
                await self.tell(number)
            return True
        self._patience.done(number)
        await self._store.insist(Store.outbox_filed, number)
        await self.tell(number)
        self._account.look_for_news()
        return True

    async def _file(self, client: ImapClient, unfiled: Unfiled) -> None:
        from tui_mail.mail.compose.build import filed_copy

        number, facts = unfiled.entry.id, unfiled.facts
        letter = Letter(
            SpecialUse.SENT,
            filed_copy(unfiled.outgoing),
            unfiled.outgoing.message_id,
            (SEEN,),
            int(unfiled.entry.created),
            "file in Sent",
            recent=True,
        )
        begun_in = facts.get("begun in")
        if begun_in is not None:
            name = str(begun_in).encode("latin-1")
            if await self._filing.find(client, name, letter):
                return
        else:
            name = await self._filing.mailbox(client, letter.use)

        async def begin() -> None:
            await self._store.write(Store.outbox_note, number, {"begun in": name.decode("latin-1")})

        try:
            await self._filing.put(client, name, letter, begin)
        except CommandRefused:
            await self._store.write(Store.outbox_note, number, {})
            raise

    # Chores

    async def _do_chores(self) -> bool:
        todo = await self._store.read(Store.outbox_chores, self._account.name, self._owner)
        for number, chores in todo:
            for chore in chores:
                await self._surroundings.chores.do(chore)
            await self._store.write(Store.outbox_chores_done, number)
            if any(not chore.flag for chore in chores):
                self._publish(events.DraftsChanged(self._account.name))
        return False

    def _fault(self, error: MailError) -> None:
        self._publish(events.Notice(self._account.name, error))


class _Progress:
    """Octets sent, told now and then, of a message that is large."""

    def __init__(self, publish: events.Publish, account: str, entry: OutboxEntry) -> None:
        self._publish = publish
        self._account = account
        self._entry = entry
        self._told = 0.0

    def tell(self, done: int, total: int) -> None:
        now = asyncio.get_running_loop().time()
        if total < LARGE or (done < total and now - self._told < PROGRESS_INTERVAL):
            return
        self._told = now
        what = f"sending {self._entry.subject}".strip()
        progress = Progress(what, done, total, self._account)
        self._publish(events.ProgressChanged(self._account, progress))

    def end(self) -> None:
        if self._told:
            self._publish(events.ProgressChanged(self._account, None))
