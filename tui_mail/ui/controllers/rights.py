"""Changing who has which rights on a folder: the dialogs, and what they want from the server.

What is allowed is the business of ``mail.folder_details``; draws nothing.
"""

from __future__ import annotations

from asyncio import wrap_future
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from tui_mail.errors import MailError
from tui_mail.mail import folder_details
from tui_mail.mail.folder_details import FolderDetails
from tui_mail.mail.folder_session import Session
from tui_mail.mail.rights import Rights
from tui_mail.sanitize import clean
from tui_mail.ui.screens.confirm import Confirm
from tui_mail.ui.screens.error import ErrorScreen
from tui_mail.ui.screens.rights import Change, LettersScreen, Remove, RightsScreen
from tui_mail.ui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from tui_mail.ui.screens.main import MainScreen

Work = Callable[[Session], Coroutine[Any, Any, FolderDetails]]
ADMINISTER = "a"


class RightsController:
    """Works on one folder of one account."""

    def __init__(self, screen: MainScreen, account: str) -> None:
        self._screen = screen
        self._account = account
        self._spoken_of = b""  # the entry the cursor goes back to

    async def change(self, found: FolderDetails) -> FolderDetails:
        """Until the person goes back; the details as they are then."""
        cursor = 0
        while found.grants is not None:
            wish = await self._screen.app.push_screen_wait(RightsScreen(found, cursor=cursor))
            if wish is None:
                break
            if isinstance(wish, Remove):
                found = await self._remove(found, wish.identifier)
            else:
                found = await self._set(found, wish)
            cursor = _place(found, self._spoken_of)
        return found

    async def _set(self, found: FolderDetails, wish: Change) -> FolderDetails:
        grants = {grant.identifier: grant for grant in found.grants or ()}
        if wish.identifier is None:
            who = await self._screen.app.push_screen_wait(
                Prompt(
                    "Give rights to:",
                    hint="A user name, anyone, or a group as the server writes it; - before it"
                    " takes rights away.",
                )
            )
            if not who or not who.strip():
                return found
            who = who.strip()
        else:
            who = wish.identifier.decode("utf-8", "surrogateescape")
        self._spoken_of = who.encode("utf-8", "surrogateescape")
        known = grants.get(self._spoken_of)
        before = known.rights if known is not None else frozenset()
        rights = await self._screen.app.push_screen_wait(LettersScreen(found, who, before))
        if rights is None or rights == before or not await self._sure(found, who, before, rights):
            return found
        letters = "".join(sorted(rights))
        return await self._do(
            found,
            partial(folder_details.set_rights, before=found, identifier=who, letters=letters),
            f"The rights of {clean(who)} are changed",
        )

    async def _remove(self, found: FolderDetails, identifier: bytes) -> FolderDetails:
        self._spoken_of = identifier
        who = identifier.decode("utf-8", "replace")
        before = next(each.rights for each in found.grants or () if each.identifier == identifier)
        question = Confirm(f"Take {clean(who)} off the list of rights?")
        if not await self._screen.app.push_screen_wait(question):
            return found
        if not await self._sure(found, who, before, frozenset()):
            return found
        return await self._do(
            found,
            partial(folder_details.remove_rights, before=found, identifier=identifier),
            f"{clean(who)} is off the list",
        )

    async def _sure(self, found: FolderDetails, who: str, before: Rights, after: Rights) -> bool:
        """Asks where nobody might be left to change the rights again."""
        others = [
            grant
            for grant in found.grants or ()
            if ADMINISTER in grant.rights and grant.shown != clean(who)
        ]
        if ADMINISTER not in before - after or others:
            return True
        question = Confirm(
            "Nobody else on the list may change rights.",
            "Without it this cannot be taken back from here. Go on?",
        )
        sure = await self._screen.app.push_screen_wait(question)
        return bool(sure)

    async def _do(self, found: FolderDetails, work: Work, told: str) -> FolderDetails:
        """What the server refuses is shown, and everything is as it was."""
        try:
            changed = await wrap_future(self._screen.service.folder_work(self._account, work))
        except MailError as error:
            await self._screen.app.push_screen_wait(
                ErrorScreen(error, account=self._account, retry=False)
            )
            return found
        self._screen.offering.learn_rights(self._account, found.mailbox.name, changed.rights)
        self._screen.hints.show_notice(told)
        return changed


def _place(found: FolderDetails, identifier: bytes) -> int:
    identifiers = [grant.identifier for grant in found.grants or ()]
    return identifiers.index(identifier) if identifier in identifiers else 0
