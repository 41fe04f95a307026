"""A message put into a mailbox exactly once: APPEND, and a look where its answer was lost.

For the copy in Sent and for drafts. Writes down that it begins before it does.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from tui_mail.errors import CommandRefused
from tui_mail.mail.account import Account
from tui_mail.mail.actions.looking import select
from tui_mail.mail.actions.values import shown_name
from tui_mail.mail.compose.values import MessageReference
from tui_mail.model import SpecialUse
from tui_mail.net.imap import ANSWER_TIMEOUT, ImapClient
from tui_mail.wire import commands, mailbox_name
from tui_mail.wire.responses import ESearchData, Response, SearchData
from tui_mail.wire.sequence_set import SequenceSet

SLOWEST = 8 * 1024  # octets a second at which a message still gets through
DAY = 86400

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_USES = frozenset({"CREATE-SPECIAL-USE"})


@dataclass(frozen=True, slots=True)
class Letter:
    """What is put into the mailbox for ``use``. ``date`` is its INTERNALDATE, epoch seconds.

    ``recent``: it cannot have been put there before ``date``.
    """

    use: SpecialUse
    message: bytes
    message_id: str
    flags: Collection[str]
    date: int
    origin: str
    recent: bool = False

    @property
    def since(self) -> str:
        """What keeps a search in a large mailbox short (RFC 9051, 6.4.4: SINCE)."""
        if not self.recent:
            return ""
        # The server's date of arrival is a day of its own zone.
        at = time.gmtime(self.date - 2 * DAY)
        return f"SINCE {at.tm_mday}-{_MONTHS[at.tm_mon - 1]}-{at.tm_year:04} "


class Filing:
    """Files one account's letters over a connection that may select."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def mailbox(self, client: ImapClient, use: SpecialUse) -> bytes:
        """The mailbox for this; made, once, where there is none. Raises as ``ImapClient.run``."""
        found = await self._account.acting.special_mailbox(use)
        if found is None:
            # It may have been made elsewhere, or nothing has been listed yet.
            await self._account.folders.refresh(client)
            found = await self._account.acting.special_mailbox(use)
        if found is not None:
            return found.mailbox.name
        name = await self._account.acting.usual_name(use)
        await self._create(client, name, use)
        return name

    async def put(
        self,
        client: ImapClient,
        name: bytes,
        letter: Letter,
        begin: Callable[[], Awaitable[None]],
    ) -> MessageReference | None:
        """APPEND it (RFC 9051, 6.3.12). Where it is now, None where the server did not say.

        ``begin`` is awaited before anything is sent. Raises ``CommandRefused`` when it certainly
        is not there; after ``ConnectionFailed`` nobody knows (``find``).
        """
        await begin()
        command = commands.append(name, letter.message, letter.flags, letter.date)
        timeout = ANSWER_TIMEOUT + len(letter.message) / SLOWEST
        try:
            completed = await client.run(command, origin=letter.origin, timeout=timeout)
        except CommandRefused as error:
            if error.code != "TRYCREATE":
                raise CommandRefused(
                    f"{letter.origin}: {shown_name(name)} did not take it",
                    server_line=error.server_line,
                    advice=error.advice,
                    code=error.code,
                ) from error
            await self._create(client, name, letter.use)
            completed = await client.run(command, origin=letter.origin, timeout=timeout)
        code = completed.code
        if code is None or code.name != "APPENDUID" or len(code.arguments) != 2:
            self._account.acting.has_put(name, ())
            return None
        validity, uids = code.arguments
        (uid, *_) = SequenceSet.parse(str(uids)).to_array()
        self._account.acting.has_put(name, (uid,))
        return MessageReference(self._account.name, name, int(str(validity)), uid)

    async def find(self, client: ImapClient, name: bytes, letter: Letter) -> list[MessageReference]:
        """The messages of this Message-ID in a mailbox. Raises as ``ImapClient.run``."""
        try:
            selected = await select(client, name, origin=letter.origin, read_only=True)
        except CommandRefused as error:
            if error.code in ("NONEXISTENT", "TRYCREATE"):
                return []
            raise
        quoted = letter.message_id.replace("\\", "\\\\").replace('"', '\\"')
        found: set[int] = set()

        def receive(response: Response) -> None:
            match response:
                case SearchData(numbers=numbers):
                    found.update(numbers)
                case ESearchData(uid=True, all=numbers) if numbers is not None:
                    found.update(numbers.to_array())

        command = commands.search(f'{letter.since}HEADER Message-ID "{quoted}"')
        await client.run(command, origin=letter.origin, on_data=receive)
        return [
            MessageReference(self._account.name, name, selected.uid_validity, uid)
            for uid in sorted(found)
        ]

    async def remove(self, client: ImapClient, copy: MessageReference) -> None:
        """Mark one message ``\\Deleted`` and expunge it alone, where the server can do that.

        Raises as ``ImapClient.run``.
        """
        selected = await select(client, copy.mailbox, origin="remove the old draft")
        if selected.uid_validity != copy.uid_validity:
            return
        uids = SequenceSet.from_numbers([copy.uid])
        command = commands.store(uids, "+FLAGS", ["\\Deleted"], silent=True)
        await client.run(command, origin="remove the old draft")
        if client.capabilities & {"UIDPLUS", "IMAP4REV2"}:
            await client.run(commands.expunge(uids), origin="remove the old draft")

    async def _create(self, client: ImapClient, name: bytes, use: SpecialUse) -> None:
        what = f"create {mailbox_name.decode(name)}"
        special = use.value if client.capabilities & _USES else None
        try:
            await client.run(commands.create(name, special), origin=what)
        except CommandRefused as error:
            if special is None or error.code not in ("USEATTR", None):
                raise
            # RFC 6154, 3: another mailbox has this use, or it cannot be kept.
            await client.run(commands.create(name), origin=what)
        await client.run(commands.subscribe(name), origin=what)
        await self._account.folders.refresh(client)
