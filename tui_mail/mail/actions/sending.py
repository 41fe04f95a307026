"""Journal entries as commands, each step written down before it is taken.

Whatever happens in between, an entry can be gone on with: a command that may be sent twice is,
and where that would double a message the target is looked at first (``looking``). Expects the
entry's mailbox to be selected; selects none itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from tui_mail.errors import CommandRefused, ConnectionFailed, MailError
from tui_mail.mail.actions.entries import NONE, Entry, Window, erasure_of_copies, union
from tui_mail.mail.actions.expunging import expunge, store_deleted
from tui_mail.mail.actions.queue import Actions
from tui_mail.mail.actions.refusing import explained
from tui_mail.mail.actions.values import shown_name
from tui_mail.mail.searching import search
from tui_mail.model import SYSTEM_FLAGS
from tui_mail.net.imap import ImapClient
from tui_mail.wire import commands
from tui_mail.wire.commands import Command
from tui_mail.wire.responses import Completed, Condition, Response, StatusCode, StatusData
from tui_mail.wire.sequence_set import SequenceSet

CRASH_WAIT = 600.0  # seconds until an entry that met an error of the program's own is tried again
NO_WINDOW: Window = (0, 0)


class Sender:
    """Sends what one account's journal holds over one connection.

    ``settled`` is awaited when the server has done an entry, before it leaves the journal.
    ``own_messages`` hears of UIDs that this puts into a mailbox, ``refused`` of refusals.
    """

    def __init__(
        self,
        client: ImapClient,
        actions: Actions,
        settled: Callable[[Entry], Awaitable[None]],
        own_messages: Callable[[bytes, Iterable[int]], None],
        refused: Callable[[CommandRefused], None],
    ) -> None:
        self.client = client
        self._actions = actions
        self._settled = settled
        self._own_messages = own_messages
        self._refused = refused

    async def send(self, entry: Entry, uid_validity: int) -> None:
        """Do what the entry says, to its end; a refusal is told and everything as before.

        ``uid_validity`` is that of the selected mailbox. The entry is not ``busy`` any longer
        when this ends. Raises ``ConnectionFailed``; the journal then has how far it came.
        """
        try:
            await self._send(entry, uid_validity)
        except MailError:
            raise
        except Exception:
            # It would fail on the next connection too, and end one after the other.
            entry.not_before = asyncio.get_running_loop().time() + CRASH_WAIT
            raise
        finally:
            entry.busy = False
            self._actions.wake()

    async def _send(self, entry: Entry, uid_validity: int) -> None:
        if entry.stored.uid_validity != uid_validity:
            title = f"The folder {shown_name(entry.mailbox)} has been made anew"
            error = MailError(f"{title}; this could not be done: {entry.text}")
            await self._actions.take_back(entry, error, restore=False)
            return
        if entry.flags is not None and not all(map(commands.is_flag, entry.flags.flags)):
            # A server may tell of a keyword that no command can name. It must not wait for ever.
            error = MailError(f"This flag cannot be named to the server: {entry.text}")
            await self._actions.take_back(entry, error)
            return
        try:
            try:
                gone = await _KINDS[entry.kind](self, entry)
            except CommandRefused as error:
                await self._take_back(entry, error)
                return
        except (ConnectionFailed, asyncio.CancelledError):
            self._actions.answer_lost(entry)
            raise
        await self._settled(entry)
        if entry.takes_back and len(entry.facts.pairs) < len(entry.identities):
            await self._actions.look_later(entry)
        else:
            await self._actions.conclude(entry, gone=gone)

    async def _change_flags(self, entry: Entry) -> SequenceSet:
        action = entry.flags
        assert action is not None
        # What the server makes of a keyword is its own affair, and so it is asked to say.
        silent = action.operation != "FLAGS" and action.flags <= set(SYSTEM_FLAGS)
        command = commands.store(entry.uids, action.operation, action.flags, silent=silent)
        await self._run(entry, command)
        return NONE

    async def _copy(self, entry: Entry) -> SequenceSet:
        await self._copy_all(entry)
        return NONE

    async def _move(self, entry: Entry) -> SequenceSet:
        facts = entry.facts
        offered = self.client.capabilities & {"MOVE", "IMAP4REV2"}
        if offered and facts.since is None:
            # Said twice, it moves what is still there; each message is moved whole (RFC 6851, 3.3).
            await self._transfer(entry, commands.move(entry.uids, entry.target))
            return entry.uids
        await self._copy_all(entry)
        facts.marked = True
        await self._actions.note(entry)
        await store_deleted(self.client, entry, "+FLAGS", facts.copied)
        await expunge(self.client, entry, facts.copied, self._actions.note)
        await self._all_gone(entry)
        return entry.uids

    async def _expunge(self, entry: Entry) -> SequenceSet:
        # What was marked over another connection need not be known on this one yet (Dovecot).
        await self._run(entry, commands.noop())
        await expunge(self.client, entry, entry.uids, self._actions.note)
        # What another client has undeleted meanwhile stays.
        left = frozenset(await search(self.client, f"UID {entry.uids}", entry.text))
        return SequenceSet.from_numbers(uid for uid in entry.uids.to_array() if uid not in left)

    async def _all_gone(self, entry: Entry) -> None:
        """Dovecot says OK to EXPUNGE, and to marking, also where the rights do not allow them."""
        if await search(self.client, f"UID {entry.uids}", entry.text):
            raise CommandRefused(
                "The server did not expunge them",
                advice="The rights on the folder may not allow it.",
            )

    async def _erase(self, entry: Entry) -> SequenceSet:
        entry.facts.marked = True
        await store_deleted(self.client, entry, "+FLAGS", entry.uids)
        await expunge(self.client, entry, entry.uids, self._actions.note)
        await self._all_gone(entry)
        return entry.uids

    async def _copy_all(self, entry: Entry) -> None:
        """COPY what is not known to be in the target. All of it is copied or nothing of it."""
        facts = entry.facts
        left = [uid for uid in entry.uids.to_array() if uid not in facts.copied]
        if not left:
            return
        facts.window = await self._window(entry)
        facts.since = facts.since or facts.window
        await self._actions.note(entry)
        for piece in SequenceSet.from_numbers(left).split():
            await self._transfer(entry, commands.copy(piece, entry.target))
        facts.copied = entry.uids
        facts.window = None
        await self._actions.note(entry)

    async def _transfer(self, entry: Entry, command: Command) -> None:
        """COPY or MOVE, and what COPYUID says of it (RFC 4315, 3; RFC 6851, 4.3)."""
        codes: list[StatusCode] = []

        def gather(response: Response) -> None:
            if isinstance(response, Condition) and response.code is not None:
                codes.append(response.code)

        completed = await self._run(entry, command, gather)
        if completed.code is not None:
            codes.append(completed.code)
        for code in codes:
            if code.name == "COPYUID" and len(code.arguments) == 3:
                validity, sources, arrived = code.arguments
                facts = entry.facts
                now = SequenceSet.parse(str(arrived))
                facts.arrived = union((facts.arrived, now))
                facts.pairs.update(_paired(entry.uids, str(sources), str(arrived)))
                facts.validity = int(str(validity))
                self._own_messages(entry.target, now.to_array())

    async def _window(self, entry: Entry) -> Window:
        """What the target's next UID is, by which a copy can be told from what was there."""
        told: list[Window] = []

        def receive(response: Response) -> None:
            if isinstance(response, StatusData):
                items = response.items
                told.append((items.uid_validity or 0, items.uid_next or 0))

        command = commands.status(entry.target, ("UIDNEXT", "UIDVALIDITY"))
        try:
            await self._run(entry, command, receive)
        except CommandRefused:
            return NO_WINDOW  # COPY itself will say what is wrong, or that nothing is
        return told[-1] if told else NO_WINDOW

    async def _run(
        self, entry: Entry, command: Command, on_data: Callable[[Response], None] | None = None
    ) -> Completed:
        return await self.client.run(command, origin=entry.text, on_data=on_data)

    # Refusals

    async def _take_back(self, entry: Entry, error: CommandRefused) -> None:
        """As it was before, on the server too where a move has come halfway."""
        facts = entry.facts
        advice = ""
        undo = []
        if facts.marked or facts.unmarked:
            advice = await self._restore_marks(entry)
        if entry.kind == "move" and facts.copied:
            # The messages themselves are where they were, but for those that are expunged.
            left = frozenset(await search(self.client, f"UID {facts.copied}", entry.text))
            copies = [new for old, new in facts.pairs.items() if old in left]
            if copies:
                undo = erasure_of_copies(entry, SequenceSet.from_numbers(copies))
            if len(copies) < len(left):
                advice = "The copies could not be told from what was there, and are left."
        told = await explained(self.client, entry, error, advice)
        await self._actions.take_back(entry, told, undo)
        self._refused(error)  # what comes of it is told after the refusal
        if entry.flags is not None:
            command = commands.fetch(entry.uids, ("UID", "FLAGS"))
            await self.client.run(command, origin="flags after a refusal")

    async def _restore_marks(self, entry: Entry) -> str:
        facts = entry.facts
        mine = facts.copied if entry.kind == "move" else entry.uids
        try:
            if facts.marked:
                await store_deleted(self.client, entry, "-FLAGS", mine)
            await store_deleted(self.client, entry, "+FLAGS", facts.unmarked)
        except CommandRefused:
            return "Some messages are left with a wrong mark \\Deleted."
        return ""


def _paired(sent: SequenceSet, sources: str, arrived: str) -> dict[int, int]:
    """Which UID became which, by the order in which COPYUID names them (RFC 4315, 3)."""
    if len(SequenceSet.parse(sources)) > len(sent) or len(SequenceSet.parse(arrived)) > len(sent):
        return {}
    old, new = _in_order(sources), _in_order(arrived)
    return dict(zip(old, new, strict=True)) if len(old) == len(new) else {}


def _in_order(named: str) -> list[int]:
    return [uid for item in named.split(",") for uid in SequenceSet.parse(item).to_array()]


# What does each kind; the messages that are gone from the mailbox after it.
_KINDS: Mapping[str, Callable[[Sender, Entry], Awaitable[SequenceSet]]] = {
    "add flags": Sender._change_flags,
    "remove flags": Sender._change_flags,
    "replace flags": Sender._change_flags,
    "copy": Sender._copy,
    "move": Sender._move,
    "expunge": Sender._expunge,
    "erase": Sender._erase,
}
