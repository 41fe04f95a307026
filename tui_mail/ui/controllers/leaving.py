"""Leaving a mailbox: what is marked as deleted there is expunged, or not, as configured.

Asks the person where ``expunge_on_leave`` says so, and hands the expunge to ``mail.actions``.
"""

from __future__ import annotations

from asyncio import wrap_future
from typing import TYPE_CHECKING

from tui_mail.config import ExpungeOnLeave
from tui_mail.mail import actions
from tui_mail.mail.actions.values import shown_name
from tui_mail.mail.store.tables import END
from tui_mail.ui.cells import amount
from tui_mail.ui.screens.confirm import Confirm

if TYPE_CHECKING:
    from tui_mail.ui.screens.main import MainScreen


async def marked_deleted(screen: MainScreen, mailbox_id: int) -> tuple[int, ...]:
    """The UIDs of all in this mailbox that are marked as deleted."""
    from tui_mail.mail.patterns import parse

    pattern = parse("~D")
    uids: list[int] = []
    below = END
    while below:
        matches = await wrap_future(screen.service.matching(mailbox_id, pattern, below))
        uids += matches.uids
        below = matches.below
    return tuple(uids)


def counted(uids: tuple[int, ...]) -> str:
    return amount(len(uids), "message")


class Leaving:
    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen

    async def leave(self, *, may_ask: bool = True) -> None:
        """Before another mailbox is opened, or the program ends.

        Not ``may_ask``: nobody is there to answer, and what needs an answer is left as it is.
        """
        screen, mailbox = self._screen, self._screen.mailbox
        wanted = screen.settings.actions.expunge_on_leave
        if wanted is ExpungeOnLeave.NEVER or not mailbox.mailbox_id:
            return
        if wanted is ExpungeOnLeave.ASK and not may_ask:
            return
        if not screen.offering.may_expunge:
            return
        account, mailbox_id, name = mailbox.owner, mailbox.mailbox_id, mailbox.name
        uids = await marked_deleted(screen, mailbox_id)
        if not uids:
            return
        question = Confirm(
            f"Expunge {counted(uids)} marked as deleted in {shown_name(name)}?",
            "This cannot be undone. No leaves them as they are.",
        )
        asks = wanted is ExpungeOnLeave.ASK
        if not asks or await screen.app.push_screen_wait(question):
            await wrap_future(screen.service.act(account, mailbox_id, uids, actions.Expunge()))
