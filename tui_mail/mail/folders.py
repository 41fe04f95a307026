"""The account's mailboxes: LIST, LSUB, NAMESPACE and STATUS into the store.

Asks for as much in one command as the server can answer (LIST-EXTENDED, SPECIAL-USE,
LIST-STATUS), and for the rest one by one without holding up anything else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tui_mail.errors import CommandRefused
from tui_mail.mail import events
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.model import (
    INBOX,
    SUBSCRIBED,
    Mailbox,
    MailboxStatus,
    SpecialUse,
)
from tui_mail.net.imap import ImapClient
from tui_mail.sanitize import clean
from tui_mail.wire import commands, mailbox_name
from tui_mail.wire.responses import ListData, LsubData, NamespaceData, Response, StatusData

ORIGIN = "list of folders"
STATUS_ITEMS = ("MESSAGES", "UNSEEN", "UIDNEXT", "UIDVALIDITY")
STATUS_TOLD_AFTER = 20  # mailboxes: the tree is told in batches
MAILBOX_LIMIT = 100_000  # more than this is not a person's folder list

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

    async def refresh(self, client: ImapClient) -> None:
        """Fetch the list and then the figures. Raises as ``ImapClient.run``."""
        answers = _Answers()
        await self._list(client, answers)
        mailboxes = answers.mailboxes(self._configured)
        await asyncio.wrap_future(
            self._store.write(Store.replace_mailboxes, self._account_id, mailboxes)
        )
        self._publish(events.MailboxesChanged(self._account))
        await self._put_status(answers.statuses)
        lacking = [
            mailbox
            for mailbox in mailboxes
            if mailbox.selectable and mailbox.name not in answers.statuses
        ]
        # What a person sees first is asked for first.
        lacking.sort(key=lambda mailbox: (not mailbox.subscribed, mailbox.name != INBOX))
        await self._ask_status(client, lacking)

    async def _list(self, client: ImapClient, answers: _Answers) -> None:
        capabilities = client.capabilities
        pipelined = []
        if "NAMESPACE" in capabilities:
            pipelined.append(commands.namespace())
        if "LIST-EXTENDED" in capabilities or "IMAP4REV2" in capabilities:
            return_: list[str] = ["SUBSCRIBED", "CHILDREN"]
            if "SPECIAL-USE" in capabilities or "IMAP4REV2" in capabilities:
                return_.append("SPECIAL-USE")
            if "LIST-STATUS" in capabilities or "IMAP4REV2" in capabilities:
                return_.append(f"STATUS ({' '.join(STATUS_ITEMS)})")
            pipelined.append(commands.list_(b"", b"*", return_=tuple(return_)))
        else:
            pipelined.append(commands.list_(b"", b"*"))
            pipelined.append(commands.lsub(b"", b"*"))
        started = [
            (command, client.start(command, origin=ORIGIN, on_data=answers.receive))
            for command in pipelined
        ]
        for command, answered in started:
            await client.finish(command, answered)
        await self._list_namespaces(client, answers)

    async def _list_namespaces(self, client: ImapClient, answers: _Answers) -> None:
        """Other users' and shared mailboxes that ``LIST "" *`` did not show (RFC 2342)."""
        for prefix in answers.foreign_prefixes():
            command = commands.list_(b"", prefix + b"*")
            try:
                await client.run(command, origin=ORIGIN, on_data=answers.receive)
            except CommandRefused:
                continue  # a namespace one may not look into is no reason to show no folders

    async def refresh_status(self, client: ImapClient, mailboxes: Sequence[Mailbox]) -> None:
        """New figures for these mailboxes. Raises ``ConnectionFailed``."""
        await self._ask_status(client, mailboxes)

    async def _ask_status(self, client: ImapClient, mailboxes: Iterable[Mailbox]) -> None:
        batch: dict[bytes, MailboxStatus] = {}

        def receive(response: Response) -> None:
            if isinstance(response, StatusData):
                batch[response.name] = response.items

        for mailbox in mailboxes:
            await client.quiet()
            command = commands.status(mailbox.name, STATUS_ITEMS)
            try:
                await client.run(command, origin="figures of folders", on_data=receive)
            except CommandRefused:
                continue  # gone, or not ours to read; the tree shows it without figures
            if len(batch) >= STATUS_TOLD_AFTER:
                await self._put_status(batch)
                batch.clear()
        await self._put_status(batch)

    async def _put_status(self, statuses: Mapping[bytes, MailboxStatus]) -> None:
        if not statuses:
            return
        await asyncio.wrap_future(
            self._store.write(Store.put_status, self._account_id, dict(statuses))
        )
        self._publish(events.CountsChanged(self._account, tuple(statuses)))


class _Answers:
    """What LIST, LSUB, NAMESPACE and LIST-STATUS said, put together."""

    def __init__(self) -> None:
        self.statuses: dict[bytes, MailboxStatus] = {}
        self._listed: dict[bytes, ListData] = {}
        self._subscribed: dict[bytes, LsubData] = {}
        self._namespace: NamespaceData | None = None

    def receive(self, response: Response) -> None:
        match response:
            case ListData(name=name) if len(self._listed) < MAILBOX_LIMIT:
                self._listed[_canonical(name)] = response
            case LsubData(name=name) if len(self._subscribed) < MAILBOX_LIMIT:
                self._subscribed[_canonical(name)] = response
            case StatusData(name=name, items=items):
                self.statuses[_canonical(name)] = items
            case NamespaceData():
                self._namespace = response

    def foreign_prefixes(self) -> list[bytes]:
        if self._namespace is None:
            return []
        foreign = (*self._namespace.other, *self._namespace.shared)
        return [
            prefix
            for prefix, _ in foreign
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
