"""What a person does to the draft on the screen beside typing: files, sender, putting it away.

Imported when it is first asked for.
"""

from __future__ import annotations

import asyncio
from asyncio import wrap_future
from typing import TYPE_CHECKING

from tui_mail.errors import MailError
from tui_mail.mail.compose.attaching import attach as attached
from tui_mail.mail.compose.attaching import complete_path
from tui_mail.ui.screens.confirm import Confirm
from tui_mail.ui.widgets.picker import Choice, Picker
from tui_mail.ui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from tui_mail.ui.controllers.open_draft import OpenDraft
    from tui_mail.ui.screens.main import MainScreen


async def attach(screen: MainScreen, opened: OpenDraft) -> None:
    """A file more, by its path."""
    composing = screen.composing
    typed = await screen.app.push_screen_wait(
        Prompt("Attach file:", composing.last_folder, complete=complete_path)
    )
    if not typed:
        return
    try:
        added = await asyncio.to_thread(attached, typed)
    except MailError:
        composing.last_folder = typed  # to be put right when it is asked for again
        raise
    folder, slash, _ = typed.rpartition("/")
    composing.last_folder = folder + slash
    files = opened.pane.attached
    opened.pane.attach([*files.attachments, added])
    screen.hints.show_notice(f"Attached: {added.name}; {files.total()}", error=files.too_big)


async def detach(screen: MainScreen, opened: OpenDraft) -> None:
    """Without the attachment under the cursor."""
    gone = opened.pane.attached.current
    if gone is not None:
        opened.pane.attach([each for each in opened.pane.attached.attachments if each is not gone])


async def choose_writer(screen: MainScreen, opened: OpenDraft) -> None:
    """Another identity; one of another account sends from there."""
    accounts = screen.settings.accounts
    choices = [
        Choice(
            str(identity), (account.name, str(identity)), account.name if len(accounts) > 1 else ""
        )
        for account in accounts
        for identity in account.identities
    ]
    chosen = await screen.app.push_screen_wait(Picker("Write as", choices))
    if chosen is not None:
        opened.pane.write_as(*chosen)
        opened.pane.attached.take_server_size(screen.service.writing.server_size(chosen[0]))


async def postpone(screen: MainScreen, opened: OpenDraft) -> None:
    """Into the Drafts folder, to be gone on with later."""
    number = await screen.composing.number(opened)
    await screen.composing.close(opened)
    key = screen.keymap.shown_key("draft.recall", "list")
    screen.hints.show_notice(f"Postponed; {key} goes on with it")
    await wrap_future(screen.service.writing.postpone(number))


async def ask_to_close(screen: MainScreen, opened: OpenDraft) -> None:
    """Mutt's q: postpone it, discard it, or go on; one nobody wrote in goes unasked."""
    if opened.pane.draft == opened.begun:
        if opened.number is None:
            await screen.composing.close(opened)
        else:
            await postpone(screen, opened)
        return
    choices = [
        Choice("Postpone: keep it in the Drafts folder", postpone),
        Choice("Discard: throw it away", _discard),
        Choice("Go on writing", None),
    ]
    wanted = await screen.app.push_screen_wait(Picker("This draft", choices))
    if wanted is not None:
        await wanted(screen, opened)


async def _discard(screen: MainScreen, opened: OpenDraft) -> None:
    if await screen.app.push_screen_wait(
        Confirm("Throw this draft away?", detail=opened.pane.title)
    ):
        number = await screen.composing.number(opened)
        await screen.composing.close(opened)
        await wrap_future(screen.service.writing.discard_draft(number))
        screen.hints.show_notice("The draft was thrown away")
