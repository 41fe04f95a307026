"""Writing mail, as the screen calls it: drafts, the outbox, addresses. ``MailService.writing``.

Every method may be called from any thread and returns at once, most of them a future. The work is
``draft_box``'s and ``outbox.desk``'s, on the mail thread; this says which to whom.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from tui_mail import config
from tui_mail.errors import MailError
from tui_mail.mail import events, whole
from tui_mail.mail.account import Account
from tui_mail.mail.address_learning import AddressLearning
from tui_mail.mail.compose.values import Draft, OutboxEntry, Outgoing
from tui_mail.mail.draft_box import FORGOTTEN, DraftBox, SavedDraft
from tui_mail.mail.drafts import DraftKeeper
from tui_mail.mail.outbox.chores import Chores
from tui_mail.mail.outbox.desk import Desk
from tui_mail.mail.outbox.office import Surroundings
from tui_mail.mail.outbox.worker import Calls
from tui_mail.mail.reader import Reader
from tui_mail.mail.server_size import ServerSizes
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.model import Phase, Progress
from tui_mail.wire.transcript import Transcript

if TYPE_CHECKING:
    from tui_mail.mail.compose.original import Original
    from tui_mail.mail.compose.writer import Writer

__all__ = ["SavedDraft", "Suggestion", "Writing"]

SUGGESTIONS = 20
ADOPT_INTERVAL = 60.0  # seconds between two looks for what other programs left

Result = TypeVar("Result")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``text`` is an address as it is written into a field; ``detail`` is for the person."""

    text: str
    detail: str = ""


class Writing:
    """``standalone``: no account is connected for anything else than writing. Unless it
    ``sends``, the outbox is left to another program.

    ``call`` runs a coroutine on the mail thread. ``accounts`` and ``readers`` may still be empty.
    """

    def __init__(
        self,
        settings: config.Config,
        store: StoreThreads,
        transcript: Transcript,
        publish: events.Publish,
        accounts: Mapping[str, Account],
        readers: Mapping[str, Reader],
        loop: asyncio.AbstractEventLoop,
        patience: Callable[[], Awaitable[None]],
        *,
        read_only: bool,
        standalone: bool,
        sends: bool,
    ) -> None:
        self._settings = settings
        self._threads = store
        self._store = Calls(store)
        self._publish = publish
        self._accounts = accounts
        self._readers = readers
        self._loop = loop
        self._idle = read_only or not sends
        self._standalone = standalone
        self._keepers: dict[str, DraftKeeper] = {}
        self._sizes = ServerSizes(settings, store, transcript, publish)
        self._chores = Chores(accounts, store)
        self._box = DraftBox(store, self._keepers, self._chores, publish)
        self._desk = Desk(settings, store, read_only=read_only)
        self._surroundings = Surroundings(
            store, transcript, publish, self._chores, self._accepted, standalone
        )
        own = [one.address for each in settings.accounts for one in each.identities]
        self._learning = AddressLearning(store, own, patience)
        self._tasks: set[asyncio.Task[None]] = set()
        self._command_failed = ""

    # Life, on the mail thread

    def add(self, account: Account) -> None:
        """An account that writes."""
        office = self._desk.add(account, self._surroundings)
        keeper = DraftKeeper(
            account,
            self._threads,
            self._publish,
            self._chores,
            standalone=self._standalone,
        )
        self._keepers[account.name] = keeper
        if not self._idle:
            for work in (office.run, keeper.run):
                self._begin(work())

    async def start(self) -> None:
        """All accounts are there: see to what was left, and learn addresses."""
        await self._sizes.load(self._accounts)
        if self._standalone:
            return
        self._begin(self._learning.run([account.id for account in self._accounts.values()]))
        if not self._idle:
            self._begin(self._adopt())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="writing")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _adopt(self) -> None:
        self._threads.write(Store.blobs_sweep, time.time() - FORGOTTEN)
        while True:
            with suppress(MailError):
                await self._desk.adopt()
                await self._box.adopt()
            await asyncio.sleep(ADOPT_INTERVAL)

    def hear(self, event: events.Event) -> None:
        """Every event of the service, on the mail thread."""
        self._desk.hear(event)
        self._learning.hear(event)
        if isinstance(event, events.PhaseChanged) and event.phase is Phase.ONLINE:
            self._begin(self._line_is_back(event.account))

    async def _line_is_back(self, account: str) -> None:
        if account in self._keepers:
            self._keepers[account].line_is_back()
        with suppress(MailError):
            await self._desk.line_is_back(account)

    async def settled(self) -> None:
        """Nothing is begun any more; done when what was begun has come to its end.

        That is what the server was handed over, and drafts on their way to the Drafts mailbox.
        """
        await self._desk.close()
        for keeper in self._keepers.values():
            if not self._idle:
                await keeper.idle.wait()

    async def stop(self) -> None:
        """End everything; what waits, waits in the store."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accepted(self, outgoing: Outgoing, draft: Draft | None, size: int | None) -> None:
        from tui_mail.mail.compose.addresses import parse

        self._sizes.note(self._accounts[outgoing.account], size)
        texts = [draft.to, draft.cc, draft.bcc] if draft else outgoing.recipients
        typed = [each for text in texts for each in parse(text) if not each.problem]
        self._threads.write(Store.learn_written_to, [(each.name, each.address) for each in typed])
        if draft is not None:
            self._publish(events.DraftsChanged(outgoing.account))

    # Drafts

    def new_draft(self, draft: Draft) -> Future[int]:
        """Keep it from now on; its number."""
        self._ask_size(draft)
        return self._call(self._box.new(draft))

    def save_draft(self, number: int, draft: Draft) -> Future[None]:
        """Keep it as it is now. Raises DraftGone."""
        self._ask_size(draft)
        return self._call(self._box.save(number, draft))

    def _ask_size(self, draft: Draft) -> None:
        account = self._accounts.get(draft.account)
        if draft.attachments and account is not None and not self._standalone:
            self._call(self._sizes.ask(account))

    def drafts(self) -> Future[list[SavedDraft]]:
        """Those on this machine that are not in the outbox, the one changed last first."""
        return self._call(self._box.all())

    def open_draft(self, number: int) -> Future[Draft]:
        """As ``DraftBox.open``."""
        return self._call(self._box.open(number))

    def discard_draft(self, number: int) -> Future[None]:
        """Forget it, and its copy in the Drafts mailbox."""
        return self._call(self._box.discard(number))

    def postpone(self, number: int) -> Future[None]:
        """Have it put into the Drafts mailbox; it waits here until that is done."""
        return self._call(self._box.postpone(number))

    def recall(self, account: str, mailbox_id: int, uid: int) -> Future[int]:
        """A message of the Drafts mailbox as a draft again: its number.

        Raises MailError for what is no message, and as ``whole.fetch_whole``.
        """

        async def recall() -> int:
            copy = await whole.reference(self._accounts[account], self._threads, mailbox_id, uid)
            number = await self._box.of_copy(copy)
            if number is not None:
                return number
            raw = await self._whole(account, mailbox_id, uid)
            return await self._box.recalled(raw, account, copy)

        return self._call(recall())

    def edit_as_new(self, account: str, mailbox_id: int, uid: int) -> Future[int]:
        """Any message as a new draft: its number. Raises as ``recall``."""

        async def edit() -> int:
            from tui_mail.mail.compose.parse_draft import edit_as_new

            raw = await self._whole(account, mailbox_id, uid)
            writer = await self._writer(account)
            return await self._box.of(lambda keep: edit_as_new(raw, writer, keep))

        return self._call(edit())

    def add_blob(self, data: bytes) -> Future[int]:
        """Keep octets that a draft is about to name as an attachment; their number."""
        return self._threads.write(Store.blob_add, data)

    def blob(self, number: int) -> Future[bytes]:
        """Raises DraftGone."""
        return self._threads.read(Store.blob, number)

    # What replies and forwards are made of

    def writer(self, account: str) -> Future[Writer]:
        """Who writes from this account."""
        return self._call(self._writer(account))

    async def _writer(self, account: str) -> Writer:
        from tui_mail.mail.compose.writer import writer

        return await asyncio.to_thread(writer, self._settings.accounts, account)

    def original(
        self, account: str, mailbox_id: int, uid: int, *, whole: bool = False
    ) -> Future[Original]:
        """A message as replies and forwards want it; ``whole`` with its attachments, as blobs.

        Raises as ``Reader.open``.
        """
        return self._call(self._original(account, mailbox_id, uid, whole))

    async def _original(self, account: str, mailbox_id: int, uid: int, all_of_it: bool) -> Original:
        from tui_mail.mail.compose.original import original, whole_original

        where = await whole.reference(self._accounts[account], self._threads, mailbox_id, uid)
        if all_of_it:
            raw = await self._whole(account, mailbox_id, uid)
            return await asyncio.to_thread(whole_original, raw, self._box.keep, reference=where)
        message = await self._readers[account].open(mailbox_id, uid, whole=True)
        return await asyncio.to_thread(
            original, message.header, message.part, message.data, reference=where
        )

    async def _whole(self, account: str, mailbox_id: int, uid: int) -> bytes:
        told = False

        def tell(done: int) -> None:
            nonlocal told
            if done >= whole.PIECE:
                told = True
                progress = Progress("reading the message", done, None, account)
                self._publish(events.ProgressChanged(account, progress))

        try:
            return await whole.fetch_whole(
                self._accounts[account], self._threads, mailbox_id, uid, tell
            )
        finally:
            if told:
                self._publish(events.ProgressChanged(account, None))

    # The outbox

    def send(self, number: int, *, hold: float | None = None) -> Future[OutboxEntry]:
        """Put a draft into the outbox. ``hold``: seconds to call it back, None as configured.

        Raises DraftError for what is wrong with it, DraftGone, NotAllowed.
        """
        return self._call(self._desk.send_draft(number, hold))

    def bounce(self, account: str, mailbox_id: int, uid: int, to: str) -> Future[OutboxEntry]:
        """Send a message on as it is (Resent-*). Raises DraftError, and as ``recall``."""

        async def send_on() -> OutboxEntry:
            from tui_mail.mail.compose.forwarding import bounce

            raw = await self._whole(account, mailbox_id, uid)
            writer = await self._writer(account)
            now = datetime.now().astimezone()
            outgoing = await asyncio.to_thread(bounce, raw, writer, to, now)
            return await self._desk.add_message(outgoing, hold=None, draft=None, to_file=False)

        return self._call(send_on())

    def outbox(self) -> Future[list[OutboxEntry]]:
        """Every message of it, the newest first, the last ones that were filed among them."""
        return self._threads.read(Store.outbox)

    def call_back(self, number: int) -> Future[int]:
        """As ``Desk.call_back``."""
        return self._call(self._desk.call_back(number))

    def retry(self, number: int) -> Future[OutboxEntry]:
        """As ``Desk.retry``."""
        return self._call(self._desk.retry(number))

    def drop(self, number: int) -> Future[None]:
        """As ``Desk.drop``."""
        return self._call(self._desk.drop(number))

    def send_to_the_others(self, number: int) -> Future[OutboxEntry]:
        """As ``Desk.send_to_the_others``."""
        return self._call(self._desk.send_to_the_others(number))

    def mark_sent(self, number: int) -> Future[OutboxEntry]:
        """As ``Desk.mark_sent``."""
        return self._call(self._desk.mark_sent(number))

    def unsent(self) -> int:
        """How many messages are on their way just now, or wait for their first try."""
        return self._desk.unsent

    def send_now(self) -> Future[None]:
        """End every hold; done when nothing waits for its first try any longer."""
        return self._call(self._desk.send_now())

    # Addresses, sizes

    def complete(
        self, account: str, text: str, *, command: bool = True
    ) -> Future[list[Suggestion]]:
        """Addresses that what was typed of one may become, the best first.

        Without ``command`` only the address book is asked, which takes no time.
        """
        return self._call(self._complete(account, text, command))

    async def _complete(self, account: str, text: str, command: bool) -> list[Suggestion]:
        from tui_mail.mail.compose.addresses import formatted, key

        known = await self._store.read(Store.addresses, text, SUGGESTIONS)
        found = {
            key(each.address): Suggestion(
                formatted(each.name, each.address),
                time.strftime("%Y-%m-%d", time.localtime(each.last)),
            )
            for each in known
        }
        program = self._settings.compose.address_command
        if command and program is not None and text.strip():
            from tui_mail.mail.compose.address_command import look_up

            try:
                for other in await asyncio.to_thread(look_up, program, text.strip()):
                    suggestion = Suggestion(formatted(other.name, other.address), other.detail)
                    found.setdefault(key(other.address), suggestion)
            except MailError as error:
                # Said once: the next key would say it again.
                if self._command_failed != error.title:
                    self._command_failed = error.title
                    self._publish(events.Notice(account, error))
        return list(found.values())[:SUGGESTIONS]

    def server_size(self, account: str) -> int | None:
        """The largest message the submission server takes, in octets, as far as it is known."""
        return self._sizes.of(account)

    def _call(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)
