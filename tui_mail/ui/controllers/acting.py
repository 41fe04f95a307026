"""What a person does to messages: asked for here, carried out by ``mail.actions``.

Every action means the tagged messages, or else the one under the cursor. Draws nothing; what
changes on the screen comes back as events.
"""

from __future__ import annotations

from asyncio import wrap_future
from functools import partial
from typing import TYPE_CHECKING

from tui_mail.config import Deletion
from tui_mail.mail import actions, folder_actions
from tui_mail.mail.actions import Action, ChangeFlags, Copy, Move, MoveTo
from tui_mail.mail.actions.values import shown_name
from tui_mail.mail.folder_session import Session
from tui_mail.mail.store import StoredMailbox
from tui_mail.model import ANSWERED, DELETED, FLAGGED, SEEN
from tui_mail.ui.controllers.leaving import counted, marked_deleted
from tui_mail.ui.screens.confirm import Confirm
from tui_mail.ui.widgets.picker import Choice, Picker
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
LOOKED_AT = 500  # of the messages meant, to see which labels they carry
FLAG_NAMES = {"seen": SEEN, "answered": ANSWERED, "flagged": FLAGGED, "deleted": DELETED}


class ActingController:
    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen

    # Flags

    async def toggle_new(self) -> None:
        """Unread, if all that are meant are read; else read."""
        await self._toggle(SEEN)

    async def toggle_flag(self) -> None:
        """Flagged, if one of those meant is not; else not flagged."""
        await self._toggle(FLAGGED)

    async def _toggle(self, flag: str) -> None:
        # From the store: behind the viewer the list need not be up to date.
        uids = self._meant()
        mailbox_id = self._screen.mailbox.mailbox_id
        rows = await wrap_future(self._screen.service.rows(mailbox_id, uids))
        if rows:
            add = not all(flag in row.flags for row in rows)
            await self._act(uids, ChangeFlags("+FLAGS" if add else "-FLAGS", frozenset({flag})))

    async def ask_flag(self, *, add: bool) -> None:
        """Set or clear what is typed: a letter of mutt's, a label's name, a flag or keyword."""
        screen, labels = self._screen, self._screen.labels
        uids = self._meant()
        if not uids:
            return
        rows = await wrap_future(screen.service.rows(screen.mailbox.mailbox_id, uids[:LOOKED_AT]))
        carried = frozenset[str]().union(*(row.flags for row in rows))
        kept = {label.keyword for label in screen.settings.labels.values()}
        kept = {keyword for keyword in kept if screen.offering.keeps(keyword)}
        names = labels.names(kept if add else carried)
        text = await screen.app.push_screen_wait(
            Prompt(
                f"{'Set' if add else 'Clear'} flag or label:",
                complete=lambda typed: [name for name in names if name.startswith(typed)],
                hint="  ".join((FLAG_HINT, *names)),
            )
        )
        typed = text.strip() if text else ""
        if not typed:
            return
        word = typed.casefold()
        flag = FLAG_LETTERS.get(word) or FLAG_NAMES.get(word) or labels.keyword(typed, carried)
        flag = flag or typed
        if flag.startswith("-"):
            flag, add = flag[1:], not add
        await self._act(uids, ChangeFlags("+FLAGS" if add else "-FLAGS", frozenset({flag})))

    # Away with them

    def delete(self) -> None:
        """To Trash, or marked as mutt does it, as the configuration says."""
        marks = self._screen.settings.actions.delete is Deletion.MARK
        self._do(actions.MARK_DELETED if marks else actions.DELETE)

    def archive(self) -> None:
        self._do(actions.ARCHIVE)

    def junk(self) -> None:
        self._do(actions.JUNK)

    async def move(self) -> None:
        target = await self._choose_target("Move to folder")
        if target is not None:
            self._do(Move(target))

    async def copy(self) -> None:
        target = await self._choose_target("Copy to folder")
        if target is not None:
            self._do(Copy(target))

    async def expunge(self) -> None:
        """Everything in this mailbox that is marked deleted, after a question."""
        screen = self._screen
        uids = await marked_deleted(screen)
        if not uids:
            screen.hints.show_notice("No message is marked as deleted")
            return
        question = f"Expunge {counted(uids)} marked as deleted?"
        sure = await screen.app.push_screen_wait(Confirm(question, detail="This cannot be undone."))
        if sure:
            await self._act(uids, actions.Expunge())

    # Back again

    async def undo(self) -> None:
        """Mutt's u: undelete what is marked here, else take back what was done last."""
        screen = self._screen
        uids = self._meant()
        rows = await wrap_future(screen.service.rows(screen.mailbox.mailbox_id, uids))
        if rows and all(DELETED in row.flags for row in rows):
            await self._act(uids, actions.UNDELETE)
            return
        if not screen.service.undo_stack(screen.account):
            screen.hints.show_notice("There is nothing to undo")
            return
        deed = await wrap_future(screen.service.undo(screen.account))
        screen.hints.show_notice(f"Undone: {screen.labels.worded(deed.description)}")

    # How

    def _meant(self) -> tuple[int, ...]:
        screen = self._screen
        if screen.context == "viewer":
            return (screen.reading.uid,) if screen.reading.uid else ()
        return screen.choosing.meant

    def _do(self, action: Action) -> None:
        uids = self._meant()
        if uids:
            self._screen.run(self._act(uids, action))

    async def _act(self, uids: tuple[int, ...], action: Action) -> None:
        screen = self._screen
        reading = screen.context == "viewer"
        tagged = bool(screen.messages.tagged) and not reading
        following = screen.messages.uids_around(0, 1)
        account, mailbox_id = screen.account, screen.mailbox.mailbox_id
        try:
            deed = await wrap_future(screen.service.act(account, mailbox_id, uids, action))
        except actions.TargetMissing as missing:
            await self.offer_target(account, missing)
            return
        undo = screen.keymap.shown_key("message.undo", "list")
        said = "Done" if deed.number else "They are so already"
        screen.hints.show_notice(
            f"{said}: {screen.labels.worded(deed.description)}"
            + (f"; {undo} takes it back" if deed.can_undo else "")
        )
        if tagged:
            screen.messages.set_tags(())
        elif reading and isinstance(action, Move | MoveTo):
            self._read_on(following)
        elif isinstance(action, ChangeFlags) and not reading:
            screen.messages.move(1)

    def _read_on(self, following: tuple[int, ...]) -> None:
        """What was read has gone elsewhere: the next one, as in mutt."""
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
        create = partial(_create, name=missing.suggested)
        await wrap_future(screen.service.folder_work(account, create))
        mailbox_id, uids, action = missing.again
        deed = await wrap_future(screen.service.act(account, mailbox_id, uids, action))
        screen.hints.show_notice(f"Done: {deed.description}")

    async def _choose_target(self, title: str) -> bytes | None:
        screen = self._screen
        if not self._meant():
            return None
        last = await wrap_future(screen.service.last_targets(screen.account))
        mailboxes = screen.mailboxes.get(screen.account, {})
        names = [name for name in last if name in mailboxes]
        names += sorted(
            (name for name in mailboxes if name not in names),
            key=lambda name: mailboxes[name].mailbox.path,
        )
        choices = [
            Choice(_path(mailboxes[name]), name, detail="used last" if name in last else "")
            for name in names
            if mailboxes[name].mailbox.selectable and name != screen.mailbox.name
        ]
        chosen: bytes | None = await screen.app.push_screen_wait(Picker(title, choices))
        return chosen


async def _create(session: Session, *, name: bytes) -> None:
    where = await folder_actions.layout(session)
    await folder_actions.create(session, name, where.delimiter)


def _path(stored: StoredMailbox) -> str:
    return "/".join(stored.mailbox.path)
