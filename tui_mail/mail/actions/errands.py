"""Entries that need another mailbox than the open one: a short SELECT on a connection aside."""

from __future__ import annotations

from collections.abc import Callable

from tui_mail.errors import CommandRefused, MailError
from tui_mail.mail import events
from tui_mail.mail.actions.entries import UNDO, Entry, inverse_of_transfer
from tui_mail.mail.actions.looking import find_arrived, look_for_copies, select
from tui_mail.mail.actions.queue import Actions
from tui_mail.mail.actions.sending import Sender
from tui_mail.mail.actions.values import shown_name


class Errands:
    """``held`` are mailboxes that could not be selected; those found so are added."""

    def __init__(
        self,
        account: str,
        sender: Sender,
        actions: Actions,
        publish: events.Publish,
        held: set[bytes],
    ) -> None:
        self._account = account
        self._client = sender.client
        self._sender = sender
        self._actions = actions
        self._publish = publish
        self._held = held

    async def run(self, entry: Entry, open_mailbox: Callable[[], bytes | None]) -> None:
        """Send this entry, and those behind it until its mailbox is the open one.

        Raises ``ConnectionFailed``.
        """
        if entry.kind == UNDO:
            await self._find_out(entry)
            return
        if entry.facts.moved:
            await find_arrived(self._client, entry)
            await self._actions.conclude(entry, gone=entry.uids)
            return
        try:
            if entry.must_look:
                await look_for_copies(self._client, entry)
                await self._actions.note(entry)
            selected = await select(self._client, entry.mailbox, origin=entry.text)
        except CommandRefused as error:
            await self._not_there(entry, error)
            return
        following: Entry | None = entry
        while following is not None:
            await self._sender.send(following, selected.uid_validity)
            if entry.mailbox == open_mailbox():
                return
            following = self._actions.next_here(entry.mailbox)

    async def _find_out(self, entry: Entry) -> None:
        """Where messages went that are to be brought back."""
        original = self._actions.original(entry)
        if original is None:
            return
        await find_arrived(self._client, original)
        facts = original.facts
        drafts = inverse_of_transfer(original)
        await self._actions.replace(entry, original, drafts)
        missing = len(original.uids) - len(facts.arrived)
        if missing > 0:
            which = "None of them is" if not facts.arrived else f"{missing} of them are not"
            title = f"{which} to be found in {shown_name(original.target)} any more"
            self._publish(events.Notice(self._account, MailError(f"{title}: {entry.text}")))

    async def _not_there(self, entry: Entry, error: CommandRefused) -> None:
        """Give up where the mailbox is gone; else keep its entries for another connection."""
        name = shown_name(entry.mailbox)
        if error.code == "NONEXISTENT":
            if await self._actions.renamed_in_journal(entry):
                return
            for each in self._actions.of_mailbox(entry.mailbox):
                title = f"The folder {name} is gone; this could not be done: {each.text}"
                told = CommandRefused(title, server_line=error.server_line, code=error.code)
                await self._actions.take_back(each, told)
            return
        self._held.add(entry.mailbox)
        advice = f"It will be tried again later: {entry.text}"
        told = CommandRefused(
            f"The folder {name} could not be opened",
            server_line=error.server_line,
            advice=advice,
            code=error.code,
        )
        self._publish(events.Notice(self._account, told))
