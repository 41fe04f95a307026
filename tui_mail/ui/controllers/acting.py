"""What a person does to messages: asked for here, carried out by ``mail.actions``.

Every action means the tagged messages, or else the one under the cursor. Draws nothing; what
changes on the screen comes back as events.
"""

from __future__ import annotations

from asyncio import wrap_future
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tui_mail.mail import actions, folder_actions
from tui_mail.mail.actions import (
    MARK_DELETED,
    Action,
    ChangeFlags,
    Copy,
    Erase,
    Move,
    MoveTo,
)
from tui_mail.mail.actions.values import shown_name
from tui_mail.mail.folder_names import full_name
from tui_mail.mail.folder_session import Session
from tui_mail.mail.store import StoredMailbox
from tui_mail.model import ANSWERED, DELETED, FLAGGED, SEEN, SpecialUse
from tui_mail.ui.controllers.leaving import counted, marked_deleted
from tui_mail.ui.screens.confirm import Confirm
from tui_mail.ui.widgets.picker import Choice, Picker, Unlisted
from tui_mail.ui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from tui_mail.ui.screens.main import MainScreen

# The letters of mutt's set-flag; anything longer is a keyword or an RFC name.
FLAG_LETTERS = {
    "n": "-" + SEEN,
    "o": SEEN,
    "r": ANSWERED,
    "d": DELETED,
    "!": FLAGGED,
    "*": FLAGGED,
}
FLAG_HINT = "N new  O read  r answered  d deleted  ! flagged "
EXACTLY = "=A B exactly these "
LOOKED_AT = 500  # of the messages meant, to see which labels they carry
FLAG_NAMES = {"seen": SEEN, "answered": ANSWERED, "flagged": FLAGGED, "deleted": DELETED}


@dataclass(frozen=True, slots=True)
class Meant:
    """What a person meant when the key was pressed.

    Nothing that happens while a question stands on the screen makes it other messages.
    """

    account: str
    mailbox_id: int
    name: bytes
    uids: tuple[int, ...]
    reading: bool


class ActingController:
    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self._final: tuple[str, str] = ("", "")  # account and words of what no undo brings back

    # Flags

    def toggle_new(self) -> None:
        """Unread, if all that are meant are read; else read."""
        self._begin(partial(self._toggle, flag=SEEN))

    def toggle_flag(self) -> None:
        """Flagged, if one of those meant is not; else not flagged."""
        self._begin(partial(self._toggle, flag=FLAGGED))

    async def _toggle(self, meant: Meant, flag: str) -> None:
        # From the store: behind the viewer the list need not be up to date.
        rows = await wrap_future(self._screen.service.rows(meant.mailbox_id, meant.uids))
        if rows:
            add = not all(flag in row.flags for row in rows)
            await self._act(meant, ChangeFlags("+FLAGS" if add else "-FLAGS", frozenset({flag})))

    def ask_flag(self, *, add: bool) -> None:
        """Set or clear what is typed: a letter of mutt's, a label's name, a flag or keyword.

        After ``=`` there may be several, and no other flag is left.
        """
        self._begin(partial(self._ask_flag, add=add))

    async def _ask_flag(self, meant: Meant, add: bool) -> None:
        screen, labels = self._screen, self._screen.labels
        rows = await wrap_future(screen.service.rows(meant.mailbox_id, meant.uids[:LOOKED_AT]))
        carried = frozenset[str]().union(*(row.flags for row in rows))
        kept = {label.keyword for label in screen.settings.labels.values()}
        kept = {keyword for keyword in kept if screen.offering.keeps(keyword)}
        names = labels.names(kept if add else carried)
        text = await screen.app.push_screen_wait(
            Prompt(
                f"{'Set' if add else 'Clear'} flag or label:",
                complete=lambda typed: [name for name in names if name.startswith(typed)],
                hint="  ".join((FLAG_HINT, *((EXACTLY,) if add else ()), *names)),
            )
        )
        typed = text.strip() if text else ""
        if not typed:
            return
        if add and typed.startswith("="):
            named = {self._flag(word, carried) for word in typed[1:].split()}
            flags = frozenset(flag for flag in named if not flag.startswith("-"))
            await self._act(meant, ChangeFlags("FLAGS", flags))
            return
        flag = self._flag(typed, carried)
        if flag.startswith("-"):
            flag, add = flag[1:], not add
        await self._act(meant, ChangeFlags("+FLAGS" if add else "-FLAGS", frozenset({flag})))

    def _flag(self, typed: str, carried: frozenset[str]) -> str:
        """What is called so; with a leading ``-`` where its absence is."""
        word = typed.casefold()
        known = FLAG_LETTERS.get(word) or FLAG_NAMES.get(word.removeprefix("\\"))
        return known or self._screen.labels.keyword(typed, carried) or typed

    # Away with them

    def delete(self) -> None:
        """To Trash, or marked as mutt does it, as the configuration says."""
        self._begin(self._delete)

    async def _delete(self, meant: Meant) -> None:
        action = self._screen.offering.deletion()
        if isinstance(action, Erase):
            question = Confirm(
                f"Delete {counted(meant.uids)} for good?",
                detail=f"{shown_name(meant.name)} is where deleted mail goes."
                " This cannot be undone.",
            )
            if not await self._screen.app.push_screen_wait(question):
                return
        await self._act(meant, actions.DELETE if isinstance(action, Erase) else action)

    def archive(self) -> None:
        self._begin(partial(self._act, action=actions.ARCHIVE))

    def junk(self) -> None:
        self._begin(partial(self._act, action=actions.JUNK))

    def move(self) -> None:
        self._begin(partial(self._transfer, title="Move to folder", action=Move))

    def copy(self) -> None:
        self._begin(partial(self._transfer, title="Copy to folder", action=Copy))

    async def _transfer(self, meant: Meant, title: str, action: type[Move] | type[Copy]) -> None:
        target = await self._choose_target(meant, title)
        if isinstance(target, Unlisted):
            layout = await wrap_future(
                self._screen.service.folder_work(meant.account, folder_actions.layout)
            )
            name = full_name(target.text, None, layout)
            again = (meant.mailbox_id, meant.uids, action(name))
            title = f"There is no folder {shown_name(name)}"
            await self.offer_target(meant.account, actions.TargetMissing(title, name, again=again))
        elif target is not None:
            await self._act(meant, action(target))

    async def expunge(self) -> None:
        """Everything in this mailbox that is marked deleted, after a question."""
        screen = self._screen
        meant = self._meant(())
        meant = replace(meant, uids=await marked_deleted(screen, meant.mailbox_id))
        if not meant.uids:
            screen.hints.show_notice("No message is marked as deleted")
            return
        question = f"Expunge {counted(meant.uids)} marked as deleted?"
        sure = await screen.app.push_screen_wait(Confirm(question, detail="This cannot be undone."))
        if sure:
            await self._act(meant, actions.Expunge())

    # Back again

    def undo(self) -> None:
        """Mutt's u: undelete what is marked here, else take back what was done last."""
        self._screen.run(self._undo(self._meant()))

    async def _undo(self, meant: Meant) -> None:
        screen = self._screen
        rows = await wrap_future(screen.service.rows(meant.mailbox_id, meant.uids))
        if rows and all(DELETED in row.flags for row in rows):
            await self._act(meant, actions.UNDELETE)
            return
        stack = screen.service.undo_stack(meant.account)
        final, self._final = self._final, ("", "")
        if final[0] == meant.account and final[1]:
            next_one = f"; {self._undo_key()} again: undo: {stack[0].description}" if stack else ""
            screen.hints.show_notice(
                screen.labels.worded(f"Cannot be taken back: {final[1]}{next_one}")
            )
            return
        if not stack:
            screen.hints.show_notice("There is nothing to undo")
            return
        deed = await wrap_future(screen.service.undo(meant.account))
        anew = "; on top of the list, as if new" if deed.comes_back_anew else ""
        screen.hints.show_notice(f"Undone: {screen.labels.worded(deed.description)}{anew}")

    # How

    def _undoable(self, account: str) -> frozenset[int]:
        return frozenset(deed.number for deed in self._screen.service.undo_stack(account))

    def _undo_key(self) -> str:
        return self._screen.keymap.shown_key("message.undo", "list")

    def _meant(self, uids: tuple[int, ...] | None = None) -> Meant:
        screen = self._screen
        reading = screen.context == "viewer"
        if uids is None and reading:
            uids = (screen.reading.uid,) if screen.reading.uid else ()
        elif uids is None:
            uids = screen.choosing.meant
        mailbox = screen.mailbox
        return Meant(mailbox.owner, mailbox.mailbox_id, mailbox.name, uids, reading)

    def _begin(self, work: Callable[[Meant], Coroutine[Any, Any, None]]) -> None:
        meant = self._meant()
        if meant.uids:
            self._screen.run(work(meant))

    async def _act(self, meant: Meant, action: Action) -> None:
        screen = self._screen
        tagged = bool(screen.messages.tagged) and not meant.reading
        following = screen.messages.uids_around(0, 1)
        try:
            deed = await wrap_future(
                screen.service.act(meant.account, meant.mailbox_id, meant.uids, action)
            )
        except actions.TargetMissing as missing:
            await self.offer_target(meant.account, missing)
            return
        if deed.can_undo and deed.number not in self._undoable(meant.account):
            return  # refused already, and told
        said = "Done" if deed.number else "They are so already"
        screen.hints.show_notice(
            f"{said}: {screen.labels.worded(deed.description)}"
            + (f"; {self._undo_key()} takes it back" if deed.can_undo else "")
        )
        if deed.number:
            self._final = ("", "") if deed.can_undo else (meant.account, deed.description)
        if meant.mailbox_id != screen.mailbox.mailbox_id:
            return
        if tagged:
            screen.messages.set_tags(())
        elif meant.reading and (isinstance(action, Move | MoveTo) or action == MARK_DELETED):
            self._read_on(following)
        elif isinstance(action, ChangeFlags) and not meant.reading:
            screen.messages.move(1)

    def _read_on(self, following: tuple[int, ...]) -> None:
        """What was read has gone elsewhere, or will: the next one, as in mutt."""
        screen = self._screen
        if following and screen.messages.go_to_uid(following[0]):
            screen.reading.open(following[0])
        else:
            screen.show_reading(False)

    async def offer_target(self, account: str, missing: actions.TargetMissing) -> None:
        """The folder is not there: create it, if the person agrees, and do it then."""
        screen = self._screen
        name = shown_name(missing.suggested)
        if not await screen.app.push_screen_wait(
            Confirm(f"{missing.title}. Create {name}?", detail=missing.server_line)
        ):
            return
        mailbox_id, uids, action = missing.again
        use = action.use if isinstance(action, MoveTo) else None
        create = partial(_create, name=missing.suggested, use=use)
        await wrap_future(screen.service.folder_work(account, create))
        deed = await wrap_future(screen.service.act(account, mailbox_id, uids, action))
        screen.hints.show_notice(f"Done: {deed.description}; {self._undo_key()} takes it back")

    async def _choose_target(self, meant: Meant, title: str) -> bytes | Unlisted | None:
        screen = self._screen
        last = await wrap_future(screen.service.last_targets(meant.account))
        mailboxes = screen.mailboxes.get(meant.account, {})
        names = [name for name in last if name in mailboxes]
        names += sorted(
            (name for name in mailboxes if name not in names),
            key=lambda name: mailboxes[name].mailbox.path,
        )
        choices = [
            Choice(_path(mailboxes[name]), name, detail="used last" if name in last else "")
            for name in names
            if mailboxes[name].mailbox.selectable and name != meant.name
        ]
        chosen: bytes | Unlisted | None = await screen.app.push_screen_wait(
            Picker(title, choices, unlisted="Enter makes a new folder")
        )
        return chosen


async def _create(session: Session, *, name: bytes, use: SpecialUse | None) -> None:
    where = await folder_actions.layout(session)
    await folder_actions.create(session, name, where.delimiter, special_use=use)


def _path(stored: StoredMailbox) -> str:
    return "/".join(stored.mailbox.path)
