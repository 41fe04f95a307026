"""Sending a draft: what is asked before it goes, and what is told when it went.

The mail service builds, queues and sends it. Imported when a person first sends.
"""

from __future__ import annotations

import asyncio
from asyncio import wrap_future
from typing import TYPE_CHECKING

from tui_mail.mail.compose.addresses import parse
from tui_mail.mail.compose.forgotten import attachment_forgotten
from tui_mail.ui.controllers.drafting import attach
from tui_mail.ui.screens.confirm import Confirm
from tui_mail.ui.widgets.compose_attachments import missing

if TYPE_CHECKING:
    from tui_mail.ui.controllers.open_draft import OpenDraft
    from tui_mail.ui.screens.main import MainScreen


async def send(screen: MainScreen, opened: OpenDraft) -> None:
    """Send it if nothing is wrong with it, or the person says so all the same.

    Raises MailError as the service does: the draft stays as it is then.
    """
    if not await _in_order(screen, opened):
        return
    number = await screen.composing.number(opened)
    with screen.outbox.handing_over():
        entry = await wrap_future(screen.service.writing.send(number))
        await screen.composing.close(opened)
        screen.outbox.told_sent(entry)


async def _in_order(screen: MainScreen, opened: OpenDraft) -> bool:
    """Whether it may go; where something has to be put right, the cursor is there."""
    pane, hints = opened.pane, screen.hints
    wrong = pane.header.problem()
    if wrong is not None:
        field, place, text = wrong
        pane.header.focus_field(field, place)
        hints.show_notice(text, error=True)
        return False
    draft = pane.draft
    recipients = (draft.to, draft.cc, draft.bcc)
    if not any(typed.address for field in recipients for typed in parse(field)):
        pane.header.focus_field("to")
        hints.show_notice("Nobody to send it to: To, Cc and Bcc are empty", error=True)
        return False
    if not any(typed.address for typed in parse(draft.from_)):
        pane.header.focus_field("from_")
        hints.show_notice("From has no address", error=True)
        return False
    gone = await asyncio.to_thread(missing, draft.attachments)
    if gone:
        pane.focus_commands()
        hints.show_notice(f"This attachment is not there any more: {gone[0]}", error=True)
        return False
    if not draft.subject.strip() and not await _sure(screen, "Send it without a subject?"):
        pane.header.focus_field("subject")
        return False
    words = attachment_forgotten(draft)
    if words and not await _sure(
        screen, "Send it without an attachment?", f'The text says "{words}", and there is none.'
    ):
        await attach(screen, opened)
        return False
    return not pane.attached.too_big or await _sure(
        screen, "Send it although the server will refuse it?", pane.attached.total()
    )


async def _sure(screen: MainScreen, question: str, detail: str = "") -> bool:
    asked = Confirm(question, detail)
    return await screen.app.push_screen_wait(asked)
