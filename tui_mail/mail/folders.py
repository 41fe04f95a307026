"""The account's mailboxes: LIST, LSUB, NAMESPACE and STATUS into the store.

Asks for as much in one command as the server can answer (LIST-EXTENDED, SPECIAL-USE,
LIST-STATUS), and for the rest one by one without holding up anything else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from time import perf_counter

from tui_mail.errors import CommandRefused
from tui_mail.mail import events
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.model import (
    INBOX,
    NOSELECT,
    SUBSCRIBED,
    Mailbox,
    MailboxStatus,
    SpecialUse,
)
from tui_mail.net.imap import ImapClient, OnResponse
from tui_mail.sanitize import clean
from tui_mail.wire import commands, mailbox_name
from tui_mail.wire.commands import Command
from tui_mail.wire.responses import ListData, LsubData, NamespaceData, Response, StatusData

ORIGIN = "list of folders"
STATUS_ITEMS = ("MESSAGES", "UNSEEN", "UIDNEXT", "UIDVALIDITY")
MAILBOX_LIMIT = 100_000  # more than this is not a person's folder list
NAME_LIMIT = 4096  # octets; a longer one could not be sent back in a command line
NAMESPACE_LIMIT = 50  # foreign namespaces looked into
# Up to so many mailboxes their figures come in one command; it holds up whatever comes behind it.
LIST_STATUS_LIMIT = 200
FIRST_BATCH = 8  # STATUS commands pipelined ...
LARGEST_BATCH = 200
BATCH_TARGET = 0.15  # ... so many that they take about this long, in seconds

# Where nothing says what a mailbox is for, its name does (last part, without regard to case).
USUAL_NAMES: Mapping[SpecialUse, frozenset[str]] = {
    SpecialUse.SENT: frozenset(
        {"sent", "sent items", "sent messages", "sent mail", "gesendet", "envoyés", "enviados"}
    ),
    SpecialUse.DRAFTS: frozenset({"drafts", "draft", "entwürfe", "brouillons", "borradores"}),
    SpecialUse.TRASH: frozenset(
        {"trash", "deleted items", "deleted messages", "papierkorb", "corbeille", "papelera"}
    ),
    SpecialUse.ARCHIVE: frozenset({"archive", "archives", "archiv"}),
    SpecialUse.JUNK: frozenset({"junk", "spam", "junk e-mail", "junk email", "bulk mail"}),
}


class Folders:
    """The folder list of one account."""

    def __init__(
        self,
        account: str,
        account_id: int,
        store: StoreThreads,
        publish: events.Publish,
        configured: Mapping[SpecialUse, str],
    ) -> None:
        self._account = account
        self._account_id = account_id
        self._store = store
        self._publish = publish
        self._configured = configured
        self._listing = asyncio.Lock()

    async def refresh(self, client: ImapClient) -> None:
        """Fetch the list and then the figures. Raises as ``ImapClient.run``.

        Refused is only what is refused in its plainest form: LIST itself.
        """
        answers = _Answers()
        # A list that was asked for before must not be stored after a newer one.
        async with self._listing:
            await self._list(client, answers)
            mailboxes = await asyncio.to_thread(answers.mailboxes, self._configured)
            await asyncio.wrap_future(
                self._store.write(Store.replace_mailboxes, self._account_id, mailboxes)
            )
        self._publish(events.MailboxesChanged(self._account))
        selectable = [mailbox for mailbox in mailboxes if mailbox.selectable]
        if _offers(client, "LIST-STATUS") and len(selectable) <= LIST_STATUS_LIMIT:
            return_ = (f"STATUS ({' '.join(STATUS_ITEMS)})",)
            command = commands.list_(b"", b"*", return_=return_)
            await _try([command], client, answers.receive)
            await self._put_status(answers.statuses)
        lacking = [mailbox for mailbox in selectable if mailbox.name not in answers.statuses]
        # What a person sees first is asked for first.
        lacking.sort(key=lambda mailbox: (mailbox.name != INBOX, not mailbox.subscribed))
        await self.refresh_status(client, lacking)

    async def _list(self, client: ImapClient, answers: _Answers) -> None:
        pipelined = [commands.namespace()] if _offers(client, "NAMESPACE") else []
        return_ = _return_options(client)
        if return_:
            pipelined.append(commands.list_(b"", b"*", return_=return_))
        else:
            pipelined += [commands.list_(b"", b"*"), commands.lsub(b"", b"*")]
        await _try(pipelined, client, answers.receive)
        if not answers.listed:
            await client.run(commands.list_(b"", b"*"), origin=ORIGIN, on_data=answers.receive)
            if return_:
                return_ = ()
                await _try([commands.lsub(b"", b"*")], client, answers.receive)
        # Other users' and shared mailboxes that ``LIST "" *`` did not show (RFC 2342).
        foreign = answers.foreign_prefixes()
        more = [commands.list_(b"", prefix + b"*", return_=return_) for prefix in foreign]
        await _try(more, client, answers.receive)

    async def refresh_status(self, client: ImapClient, mailboxes: Sequence[Mailbox]) -> None:
        """New figures for these mailboxes, in the order given. Raises ``ConnectionFailed``.

        In batches small enough that a person's next wish does not wait behind them.
        """
        size, start = FIRST_BATCH, 0
        while start < len(mailboxes):
            await client.quiet()
            batch = mailboxes[start : start + size]
            start += size
            answers = _Answers()
            began = perf_counter()
            # A refused one is gone, or not ours to read; the tree shows it without figures.
            await _try(
                [commands.status(mailbox.name, STATUS_ITEMS) for mailbox in batch],
                client,
                answers.receive,
                origin="figures of folders",
            )
            took = perf_counter() - began
            if took < BATCH_TARGET / 2:
                size = min(LARGEST_BATCH, size * 2)
            elif took > BATCH_TARGET:
                size = max(1, size // 2)
            await self._put_status(answers.statuses)

    async def _put_status(self, statuses: Mapping[bytes, MailboxStatus]) -> None:
        if not statuses:
            return
        await asyncio.wrap_future(
            self._store.write(Store.put_status, self._account_id, dict(statuses))
        )
        self._publish(events.CountsChanged(self._account, tuple(statuses)))


def _offers(client: ImapClient, capability: str) -> bool:
    # IMAP4rev2 has all of those that are asked about here (RFC 9051, appendix E).
    return bool(client.capabilities & {capability, "IMAP4REV2"})


def _return_options(client: ImapClient) -> tuple[str, ...]:
    """What LIST is to tell in the same answer (RFC 5258; RFC 6154); () where it cannot."""
    if not _offers(client, "LIST-EXTENDED"):
        return ()
    if _offers(client, "SPECIAL-USE"):
        return ("SUBSCRIBED", "CHILDREN", "SPECIAL-USE")
    return ("SUBSCRIBED", "CHILDREN")


async def _try(
    pipelined: Sequence[Command],
    client: ImapClient,
    receive: OnResponse,
    *,
    origin: str = ORIGIN,
) -> None:
    """Send all at once; those that are refused have no answer. Raises ``ConnectionFailed``."""
    started = [
        (command, client.start(command, origin=origin, on_data=receive)) for command in pipelined
    ]
    for command, answered in started:
        with suppress(CommandRefused):
            await client.finish(command, answered)


class _Answers:
    """What LIST, LSUB, NAMESPACE and LIST-STATUS said, put together."""

    def __init__(self) -> None:
        self.statuses: dict[bytes, MailboxStatus] = {}
        self._listed: dict[bytes, ListData] = {}
        self._subscribed: dict[bytes, LsubData] = {}
        self._namespace: NamespaceData | None = None

    @property
    def listed(self) -> bool:
        return bool(self._listed)

    def receive(self, response: Response) -> None:
        match response:
            case ListData(name=name) | LsubData(name=name) if len(name) > NAME_LIMIT:
                pass
            case ListData(name=name) if len(self._listed) < MAILBOX_LIMIT:
                self._listed[_canonical(name)] = response
            case LsubData(name=name, attributes=attributes):
                # \Noselect: not subscribed itself, but something below it (RFC 3501, 6.3.9).
                if NOSELECT not in attributes and len(self._subscribed) < MAILBOX_LIMIT:
                    self._subscribed[_canonical(name)] = response
            case StatusData(name=name, items=items) if len(self.statuses) < MAILBOX_LIMIT:
                self.statuses[_canonical(name)] = items
            case NamespaceData():
                self._namespace = response

    def foreign_prefixes(self) -> list[bytes]:
        if self._namespace is None:
            return []
        foreign = (*self._namespace.other, *self._namespace.shared)
        return [
            prefix
            for prefix, _ in foreign[:NAMESPACE_LIMIT]
            if prefix and not any(name.startswith(prefix) for name in self._listed)
        ]

    def mailboxes(self, configured: Mapping[SpecialUse, str]) -> list[Mailbox]:
        """Every mailbox, with what it is for and whether it is subscribed."""
        found = [self._mailbox(name, listed) for name, listed in self._listed.items()]
        # LSUB also names what no longer exists; it is shown where it was subscribed (RFC 3501).
        found += [
            replace(self._mailbox(name, lsub), attributes=lsub.attributes | {"\\NonExistent"})
            for name, lsub in self._subscribed.items()
            if name not in self._listed
        ]
        return _with_uses(found, configured)

    def _mailbox(self, name: bytes, listed: ListData | LsubData) -> Mailbox:
        shown = mailbox_name.decode(name)
        parts = shown.split(listed.delimiter) if listed.delimiter else [shown]
        uses = (use for use in SpecialUse if use.value in listed.attributes)
        return Mailbox(
            name=name,
            delimiter=listed.delimiter,
            attributes=listed.attributes,
            path=tuple(clean(part) for part in parts),
            special_use=next(uses, None),
            subscribed=name == INBOX or SUBSCRIBED in listed.attributes or name in self._subscribed,
        )


def _canonical(name: bytes) -> bytes:
    """INBOX is one mailbox in any case (RFC 9051, 5.1); every other name is exact."""
    return INBOX if name.upper() == INBOX else name


def _with_uses(mailboxes: list[Mailbox], configured: Mapping[SpecialUse, str]) -> list[Mailbox]:
    """Special uses from the configuration, else from the server, else from the usual names."""
    named = {mailbox_name.encode(name): use for use, name in configured.items()}
    told = {mailbox.special_use for mailbox in mailboxes}
    guessing = {
        use: names
        for use, names in USUAL_NAMES.items()
        if use not in told and use not in configured
    }
    result = []
    for mailbox in mailboxes:
        use = mailbox.special_use
        if mailbox.name in named:
            use = named[mailbox.name]
        elif use in configured:
            use = None  # the person said which mailbox this is, and it is another
        elif use is None and mailbox.selectable and len(mailbox.path) <= 2:
            use = _guess(mailbox.path, guessing)
        result.append(mailbox if use == mailbox.special_use else replace(mailbox, special_use=use))
    return result


def _guess(path: tuple[str, ...], guessing: dict[SpecialUse, frozenset[str]]) -> SpecialUse | None:
    """The use that a usual name tells, at the top or right below INBOX; each is given once."""
    if len(path) == 2 and path[0].upper() != "INBOX":
        return None
    for use, names in guessing.items():
        if path[-1].casefold() in names:
            del guessing[use]
            return use
    return None
