"""What a person does to folders, asked for from the tree. What it takes is ``mail.folder_actions``'
business; what changes comes back as events. Draws nothing."""

from __future__ import annotations

import asyncio
from asyncio import wrap_future
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from tui_mail.errors import MailError
from tui_mail.mail import folder_actions, folder_contents, folder_details
from tui_mail.mail.folder_actions import FoldersChanged, WouldGo
from tui_mail.mail.folder_details import FolderDetails
from tui_mail.mail.folder_names import full_name, is_below, parent_name, shown
from tui_mail.mail.folder_session import Session
from tui_mail.model import INBOX, Mailbox
from tui_mail.ui.cells import amount
from tui_mail.ui.screens.confirm import Confirm
from tui_mail.ui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from tui_mail.ui.screens.main import MainScreen

Answer = TypeVar("Answer")
Work = Callable[[Session], Coroutine[Any, Any, Answer]]


class FolderActingController:
    """Everything here means the folder under the cursor of the tree."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen

    async def create(self) -> None:
        """A folder in the one under the cursor, or at the top below an account."""
        parent = self._mailbox()
        where = f"in {'/'.join(parent.path)}" if parent is not None else "at the top"
        typed = await self._ask(f"New folder {where}:")
        if typed:
            await self._do(partial(_create, typed=typed, parent=parent))

    async def rename(self) -> None:
        mailbox = self._mailbox()
        if mailbox is None:
            return
        typed = await self._ask("Rename to:", mailbox.path[-1])
        if typed and typed != mailbox.path[-1]:
            known = self._screen.mailboxes[self._account()]
            parent = known.get(parent_name(mailbox))
            above = parent.mailbox if parent is not None else None
            work = partial(_rename, mailbox=mailbox, typed=typed, parent=above)
            await self._reopening(mailbox, work)

    async def delete(self) -> None:
        """After it was said what would go; a folder with something in it is named by the person."""
        mailbox = self._mailbox()
        if mailbox is None:
            return
        going = await self._do(partial(folder_actions.would_go, mailbox=mailbox))
        name = shown(mailbox.name)
        if going.empty:
            question = Confirm(f"Delete the folder {name}?", "It is empty.")
            if not await self._screen.app.push_screen_wait(question):
                return
        else:
            last = mailbox.path[-1]
            if await self._ask("Its name, to delete it:", hint=f"{last}: {_told(going)}") != last:
                self._screen.hints.show_notice("Nothing was deleted")
                return
        await self._reopening(mailbox, partial(folder_actions.delete, going=going))
        self._screen.hints.show_notice(f"Deleted: {name}")

    async def _reopening(self, mailbox: Mailbox, work: Work[FoldersChanged]) -> None:
        """Change this folder; what is open in it is left for that, and opened by its new name.

        INBOX takes the place of one that is gone.
        """
        screen, account, name = self._screen, self._account(), self._screen.mailbox.name
        affected = account == screen.account and (
            name == mailbox.name or is_below(name, mailbox.name, mailbox.delimiter)
        )
        read_only = screen.mailbox.read_only
        try:
            changed = await self._do(work)
        except MailError:
            if affected:
                screen.open_mailbox(account, name, read_only=read_only, stay=True)
            raise
        if affected:
            there = name not in changed.gone
            now = changed.renamed.get(name, name if there else INBOX)
            screen.open_mailbox(account, now, read_only=read_only and there, stay=True)

    async def subscribe(self, *, wanted: bool) -> None:
        mailbox = self._mailbox()
        if mailbox is not None:
            await self._do(partial(folder_actions.subscribe, mailbox=mailbox, wanted=wanted))
            done = "Subscribed to" if wanted else "No longer subscribed to"
            self._screen.hints.show_notice(f"{done} {shown(mailbox.name)}")

    async def mark_all_read(self) -> None:
        """After a question: which of them were unread is known to nobody afterwards."""
        mailbox = self._mailbox()
        if mailbox is None:
            return
        question = Confirm(
            f"Mark all messages in {shown(mailbox.name)} as read?", "This cannot be undone."
        )
        if await self._screen.app.push_screen_wait(question):
            read = await self._do(
                partial(folder_contents.mark_all_read, mailbox=mailbox), aside=True
            )
            self._screen.hints.show_notice(f"{amount(len(read.uids), 'message')} marked as read")

    async def empty(self) -> None:
        """Trash or Junk, after a question that says how many messages go."""
        mailbox = self._mailbox()
        if mailbox is None:
            return
        messages = await self._do(partial(folder_contents.messages_in, mailbox=mailbox), aside=True)
        if not len(messages.uids):
            self._screen.hints.show_notice("It is empty already")
            return
        question = Confirm(
            f"Remove {amount(len(messages.uids), 'message')} from {shown(mailbox.name)} for good?",
            "This cannot be undone.",
        )
        if await self._screen.app.push_screen_wait(question):
            await wrap_future(
                self._screen.service.empty(
                    self._account(), mailbox.name, messages.uid_validity, messages.uids
                )
            )
            self._screen.hints.show_notice(f"Done: {shown(mailbox.name)} is emptied")

    async def details(self) -> None:
        """All that is told of it; from there its rights, and its size where STATUS has none."""
        # Not before somebody asks: the program is to start quickly.
        from tui_mail.ui.controllers.rights import RightsController
        from tui_mail.ui.screens.folder_details import FolderDetailsScreen, Wish

        mailbox = self._mailbox()
        if mailbox is None:
            return
        account = self._account()
        found = await self._do(partial(folder_details.details, mailbox=mailbox))
        read_only = self._screen.service.read_only
        while True:
            self._screen.offering.learn_rights(account, mailbox.name, found.rights)
            wish = await self._screen.app.push_screen_wait(
                FolderDetailsScreen(found, read_only=read_only)
            )
            if wish is Wish.MEASURE:
                found = await self._measured(account, found)
            elif wish is Wish.RIGHTS:
                found = await RightsController(self._screen, account).change(found)
            else:
                return

    async def _measured(self, account: str, found: FolderDetails) -> FolderDetails:
        """With the sum of the sizes of its messages."""
        hints = self._screen.hints
        hints.show_notice("Adding up the sizes …")
        loop, context = asyncio.get_running_loop(), copy_context()

        def report(done: int, total: int) -> None:
            told = f"Adding up the sizes: {done:,} of {total:,}"
            loop.call_soon_threadsafe(hints.show_notice, told, context=context)

        work = partial(folder_details.measured_size, mailbox=found.mailbox, report=report)
        size = await wrap_future(self._screen.service.folder_work(account, work, aside=True))
        hints.clear_notice()
        return replace(found, status=replace(found.status, size=size))

    def examine(self) -> None:
        """Open it so that nothing in it can be changed."""
        node = self._screen.folder_tree.cursor_node
        if node is not None and node.name is not None:
            self._screen.open_mailbox(node.account, node.name, read_only=True)

    # How

    def _account(self) -> str:
        node = self._screen.folder_tree.cursor_node
        return node.account if node is not None else self._screen.account

    def _mailbox(self) -> Mailbox | None:
        node = self._screen.folder_tree.cursor_node
        if node is None or node.name is None:
            return None
        stored = self._screen.mailboxes.get(node.account, {}).get(node.name)
        return stored.mailbox if stored is not None else None

    async def _ask(self, label: str, value: str = "", *, hint: str = "") -> str | None:
        return await self._screen.app.push_screen_wait(Prompt(label, value, hint=hint))

    async def _do(self, work: Work[Answer], *, aside: bool = False) -> Answer:
        service = self._screen.service
        return await wrap_future(service.folder_work(self._account(), work, aside=aside))


async def _create(session: Session, *, typed: str, parent: Mailbox | None) -> None:
    layout = await folder_actions.layout(session)
    delimiter = parent.delimiter if parent is not None else layout.delimiter
    await folder_actions.create(session, full_name(typed, parent, layout), delimiter)


async def _rename(
    session: Session, *, mailbox: Mailbox, typed: str, parent: Mailbox | None
) -> FoldersChanged:
    layout = await folder_actions.layout(session)
    return await folder_actions.rename(session, mailbox, full_name(typed, parent, layout))


def _told(going: WouldGo) -> str:
    """What would go with the folder, in words."""
    below = going.folders_below
    parts = [amount(going.messages, "message")]
    if below:
        parts.append(f"{amount(below, 'folder')} below")
    return f"{' and '.join(parts)} would go, for good."
