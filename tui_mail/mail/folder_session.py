"""What every action on a folder works with: a connection, the store, and words for refusals.

Decides nothing about folders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeVar

from tui_mail.errors import CommandRefused, ConnectionFailed
from tui_mail.mail.folder_names import is_below, shown
from tui_mail.mail.folders import MAILBOX_LIMIT, STATUS_ITEMS
from tui_mail.mail.rights import NotAllowed, Operation, allowed
from tui_mail.mail.store import JournalEntry, Store, StoreThreads
from tui_mail.model import INBOX, SUBSCRIBED, Mailbox, MailboxStatus, SpecialUse
from tui_mail.net.imap import ImapClient, OnResponse
from tui_mail.sanitize import clean
from tui_mail.wire import commands, mailbox_name
from tui_mail.wire.commands import Command
from tui_mail.wire.responses import ListData, Response, StatusData

_UNSELECT = frozenset({"UNSELECT", "IMAP4REV2"})
PIPELINED = 50  # commands on their way at once
P = ParamSpec("P")
Answer = TypeVar("Answer")
Report = Callable[[int, int], None]  # how many are done, of how many

# RFC 5530, 3; RFC 9208, 4.1; RFC 4314. What may help where the server says why.
_ADVICE: Mapping[str, str] = {
    "NOPERM": "You lack a right on it: its details say which ones you have.",
    "NONEXISTENT": "It is gone: list the folders again.",
    "ALREADYEXISTS": "Choose another name.",
    "INUSE": "Another program uses it; try again in a moment.",
    "CANNOT": "The server does not take this name.",
    "LIMIT": "The server allows no more of them.",
    "OVERQUOTA": "The quota is used up: the folder's details say how far.",
    "HASCHILDREN": "Delete the folders in it first.",
    "UNAVAILABLE": "The server cannot do it just now; try again later.",
}


@dataclass(frozen=True, slots=True)
class Session:
    """A logged-in connection and the account's place in the store.

    What selects a mailbox (all of ``folder_contents``, ``measured_size``) wants a connection of
    its own, on which nothing else is under way. ``read_only`` refuses whatever would change
    something, before it is sent. ``before_letting_go`` is awaited before the mailbox that is
    selected on this connection is left for another's sake. ``own_mailbox`` is called with each
    name that is about to be made or removed here, ``renamed`` with old names and new ones.
    """

    client: ImapClient
    store: StoreThreads
    account_id: int
    read_only: bool = False
    before_letting_go: Callable[[], Awaitable[None]] | None = field(default=None, kw_only=True)
    own_mailbox: Callable[[bytes], None] = field(default=lambda name: None, kw_only=True)
    renamed: Callable[[Mapping[bytes, bytes]], None] = field(
        default=lambda names: None, kw_only=True
    )

    def require(self, operation: Operation, mailbox: Mailbox | None = None) -> None:
        """Raises ``NotAllowed`` for what cannot be, whoever asks."""
        reason = allowed(None, operation, mailbox, read_only=self.read_only)
        if reason is not None:
            raise NotAllowed(reason)

    async def nothing_waits(self, names: Iterable[bytes], done: str) -> None:
        """Raises ``NotAllowed`` while something a person did there has not reached the server.

        A message that was moved out on the screen may still be in the folder on the server.
        """
        affected = frozenset(names)
        entries = await self.read(Store.journal, self.account_id)
        if any(entry.done is None and _touches(entry, affected) for entry in entries):
            raise NotAllowed(
                f"It cannot be {done} yet: something done there still waits to be sent.",
                advice="Try again in a moment, when the connection is up.",
            )

    async def run(self, command: Command, origin: str, on_data: OnResponse | None = None) -> None:
        await self.client.run(command, origin=origin, on_data=on_data)

    async def run_all(
        self, wanted: Sequence[Command], origin: str, on_data: OnResponse | None = None
    ) -> list[CommandRefused | None]:
        """Run many commands, pipelined; what each was refused for, None where it was not."""
        refused: list[CommandRefused | None] = []
        for start in range(0, len(wanted), PIPELINED):
            started = [
                (command, self.client.start(command, origin=origin, on_data=on_data))
                for command in wanted[start : start + PIPELINED]
            ]
            for command, answered in started:
                try:
                    await self.client.finish(command, answered)
                    refused.append(None)
                except CommandRefused as error:
                    refused.append(error)
        return refused

    async def list_(
        self, names: Sequence[bytes], tops: Sequence[tuple[bytes, str | None]] = ()
    ) -> dict[bytes, ListData]:
        """What LIST says of these names, and of all below each of ``tops`` (name, delimiter).

        Raises as ``ImapClient.run``.
        """
        wanted = set(names)
        told: dict[bytes, ListData] = {}

        def receive(response: Response) -> None:
            if not isinstance(response, ListData) or len(told) >= MAILBOX_LIMIT:
                return
            name = response.name
            if name in wanted or any(is_below(name, top, between) for top, between in tops):
                told[name] = response

        patterns = list(dict.fromkeys(names))
        patterns += [top + delimiter.encode() + b"*" for top, delimiter in tops if delimiter]
        return_ = self._list_options()
        lists = [commands.list_(b"", pattern, return_=return_) for pattern in patterns]
        for error in await self.run_all(lists, "list of folders", receive):
            if error is not None:
                raise error
        return told

    async def statuses(self, names: Sequence[bytes]) -> dict[bytes, MailboxStatus]:
        """Figures of those that the server tells them of; they go into the store, too."""
        wanted = set(names)
        told: dict[bytes, MailboxStatus] = {}

        def receive(response: Response) -> None:
            if isinstance(response, StatusData) and response.name in wanted:
                told[response.name] = response.items

        asked = [commands.status(name, STATUS_ITEMS) for name in names]
        await self.run_all(asked, "figures of folders", receive)
        if told:
            await self.write(Store.put_status, self.account_id, told)
        return told

    async def let_go(self, affected: Callable[[bytes], bool]) -> None:
        """Select nothing, if what is selected here is affected; expunges nothing."""
        selected = self.client.connection.selected
        if selected is None or not affected(selected):
            return
        if self.before_letting_go is not None:
            await self.before_letting_go()
        if self.client.capabilities & _UNSELECT:
            await self.run(commands.unselect(), "leave the folder")
        else:
            await self.run(commands.select(INBOX, read_only=True), "leave the folder")

    async def leave(self) -> None:
        """Select nothing any more, where that expunges nothing; also after something has failed."""
        if self.client.connection.selected and self.client.capabilities & _UNSELECT:
            with suppress(CommandRefused, ConnectionFailed):
                await self.run(commands.unselect(), "leave the folder")

    def _list_options(self) -> tuple[str, ...]:
        capabilities = self.client.capabilities
        if not capabilities & {"LIST-EXTENDED", "IMAP4REV2"}:
            return ()
        special = ("SPECIAL-USE",) if capabilities & {"SPECIAL-USE", "IMAP4REV2"} else ()
        return ("SUBSCRIBED", "CHILDREN", *special)

    async def read(
        self, method: Callable[Concatenate[Store, P], Answer], *args: P.args, **kwargs: P.kwargs
    ) -> Answer:
        return await asyncio.wrap_future(self.store.read(method, *args, **kwargs))

    async def write(
        self, method: Callable[Concatenate[Store, P], Answer], *args: P.args, **kwargs: P.kwargs
    ) -> Answer:
        return await asyncio.wrap_future(self.store.write(method, *args, **kwargs))

    def mailbox(
        self, told: ListData, known: Mailbox | None, *, subscribed: bool | None = None
    ) -> Mailbox:
        """The mailbox that LIST told of; ``known`` fills in what LIST could not say."""
        uses = (use for use in SpecialUse if use.value in told.attributes)
        path = mailbox_name.decode(told.name)
        if subscribed is None:
            known_before = known is not None and known.subscribed and not self._list_options()
            subscribed = known_before or SUBSCRIBED in told.attributes
        return Mailbox(
            name=told.name,
            delimiter=told.delimiter,
            attributes=told.attributes,
            path=tuple(map(clean, path.split(told.delimiter) if told.delimiter else [path])),
            special_use=next(uses, known.special_use if known else None),
            subscribed=subscribed or told.name == INBOX,
        )


def _touches(entry: JournalEntry, names: frozenset[bytes]) -> bool:
    target = entry.payload.get("target")
    return entry.mailbox in names or (isinstance(target, str) and target.encode("latin-1") in names)


def worded(error: CommandRefused, title: str) -> CommandRefused:
    """The same refusal, saying what it was that a person wanted."""
    advice = _ADVICE.get(error.code or "", error.advice)
    return CommandRefused(title, server_line=error.server_line, advice=advice, code=error.code)


def quoted(name: bytes) -> str:
    return f"“{shown(name)}”"
