"""The mailbox a person has open in one account: wished for, selected, and left for the next one.

The wish outlives the connection: each new one selects the mailbox again. Runs on the mail thread;
makes no connection, and sends no command but by way of ``MailboxSync`` and ``Background``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tui_mail.errors import Cancelled, CommandRefused, ConnectionFailed, MailError, ProtocolError
from tui_mail.mail import events
from tui_mail.mail.acting import Acting
from tui_mail.mail.background import Background
from tui_mail.mail.store import Store, StoredMailbox, StoreThreads
from tui_mail.mail.sync import MailboxSync
from tui_mail.net.imap import ImapClient

SELECT_WAIT = 60.0  # seconds a wish waits for its mailbox to be selected

Work = Callable[[], Awaitable[None]]


class CurrentMailbox:
    """What is wished for and what is selected, which differ while one becomes the other.

    ``guarded`` runs work of a session and tells what goes wrong. ``pause`` and ``patience`` are
    those of ``MailboxSync`` and ``Background``.
    """

    def __init__(
        self,
        account: str,
        account_id: int,
        store: StoreThreads,
        publish: events.Publish,
        acting: Acting,
        *,
        read_only: bool,
        pause: Work,
        patience: Work,
        guarded: Callable[[Work], Awaitable[None]],
    ) -> None:
        self._account = account
        self._account_id = account_id
        self._store = store
        self._publish = publish
        self._acting = acting
        self._read_only = read_only
        self._pause = pause
        self._patience = patience
        self._guarded = guarded
        self._wished: bytes | None = None
        self._wished_read_only = False
        self._wish = asyncio.Event()
        self._opening = 0
        self._sync: MailboxSync | None = None
        self._opened = asyncio.Condition()
        self._not_opened: MailError | None = None
        self._background: Background | None = None
        self._serving: asyncio.Task[None] | None = None
        # Held while the mailbox must stay selected, and while another is being selected.
        self.selection = asyncio.Lock()

    @property
    def sync(self) -> MailboxSync | None:
        """What is selected now, on a connection that may have ended by this moment."""
        return self._sync

    async def open(self, name: bytes, *, read_only: bool = False) -> None:
        """Make this the current mailbox: from the store at once, from the server when it can.

        ``read_only`` opens it with EXAMINE, also when the connection was lost and comes back.
        """
        self._wished, self._not_opened = name, None
        self._wished_read_only = read_only = read_only or self._read_only
        self._opening += 1
        try:
            stored = await self._stored(name)
            self._acting.current = stored.id
            self._acting.examined = stored.id if read_only else 0
            cached = await self._acting.cached_order(stored.id)
            self._publish(
                events.MailboxOpened(
                    self._account, name, stored.id, live=False, read_only=read_only
                )
            )
            if cached.order:
                self._publish(cached)
        finally:
            self._opening -= 1
            self._wish.set()

    async def renamed(self, old: bytes, new: bytes) -> None:
        """Another client renamed a mailbox: the current one is opened again by its new name."""
        if self._wished == old:
            await self.open(new, read_only=self._wished_read_only)

    def want(self, mailbox_id: int, rows: tuple[int, ...], structures: tuple[int, ...]) -> None:
        """Rows the screen shows and the store lacks."""
        if self._background is not None and self._sync is not None and self._sync.id == mailbox_id:
            self._background.want(rows, structures)

    async def selected(self, mailbox_id: int) -> MailboxSync:
        """The mailbox, once it is selected on a living connection.

        Raises ``ConnectionFailed`` when it does not come about in ``SELECT_WAIT`` seconds, the
        error that kept the mailbox from being opened, or ``Cancelled`` when another mailbox is
        wished for meanwhile.
        """
        try:
            async with asyncio.timeout(SELECT_WAIT), self._opened:
                while self._sync is None or self._sync.client.closed.done():
                    if self._not_opened is not None:
                        raise self._not_opened
                    await self._opened.wait()
                if self._sync.id != mailbox_id:
                    raise Cancelled("Another mailbox is open now")
                return self._sync
        except TimeoutError:
            raise ConnectionFailed("The mailbox was not selected in time") from None

    async def follow(
        self,
        client: ImapClient,
        *,
        resync: bool,
        on_selected: Callable[[bytes], None],
        settled: Callable[[], None],
    ) -> None:
        """Select on this connection whatever is wished for, until cancelled.

        ``settled`` is called whenever nothing is wished for that is not selected: the time for
        what is less urgent. ``resync`` says that QRESYNC is enabled (RFC 7162).
        """
        if self._wished is None:
            settled()
        else:
            self._wish.set()
        while True:
            await self._wish.wait()
            self._wish.clear()
            if (name := self._wished) is None or self._opening:
                continue  # what the store has of it is shown first; then this is called for
            async with self.selection:
                await self.leave()
                if await self._enter(client, name, resync):
                    on_selected(name)
            self._acting.wake()
            settled()

    async def let_go(self) -> None:
        """It is about to be renamed or deleted: none is open until the next wish.

        What the server then says is no longer about its messages.
        """
        async with self.selection:
            await self.leave()
            self._wished = None

    async def leave(self) -> None:
        """Nothing is selected any more, as far as we go; the wish stays."""
        sync, self._sync, self._background = self._sync, None, None
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
            self._serving = None
        if sync is not None:
            sync.leave()
            self._publish(events.ProgressChanged(self._account, None))

    async def _enter(self, client: ImapClient, name: bytes, resync: bool) -> bool:
        """Whether the server let us in."""
        read_only = self._wished_read_only
        stored = await self._stored(name)
        self._not_opened = None
        sync = MailboxSync(
            self._account,
            self._account_id,
            client,
            stored,
            self._store,
            self._acting.actions,
            self._publish,
            self._pause,
        )
        try:
            await sync.select(read_only=read_only, resync=resync, origin="open mailbox")
        except (CommandRefused, ProtocolError) as error:
            self._publish(events.MailboxGone(self._account, name, error))
            async with self._opened:
                self._not_opened = error
                self._opened.notify_all()
            return False
        background = Background(self._account, sync, self._store, self._publish, self._patience)
        self._background = background
        async with self._opened:
            self._sync = sync
            self._opened.notify_all()
        self._publish(
            events.MailboxOpened(
                self._account, name, stored.id, live=True, read_only=sync.selected.read_only
            )
        )
        self._serving = asyncio.create_task(self._serve(client, sync, background))
        return True

    async def _stored(self, name: bytes) -> StoredMailbox:
        write = self._store.write(Store.ensure_mailbox, self._account_id, name)
        return await asyncio.wrap_future(write)

    async def _serve(self, client: ImapClient, sync: MailboxSync, background: Background) -> None:
        work: tuple[Work, ...] = (
            sync.settle,
            background.serve,
            background.fill,
            lambda: self._learn_rights(client, sync),
        )
        await asyncio.gather(*(self._guarded(each) for each in work))

    async def _learn_rights(self, client: ImapClient, sync: MailboxSync) -> None:
        await self._acting.learn_rights(client, sync)
        self._publish(events.PermissionsChanged(self._account, sync.id))
