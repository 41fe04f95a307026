"""What the mail thread says, handed to the widgets it concerns. One table, one way up."""

from __future__ import annotations

from asyncio import wrap_future
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui_mail.errors import CommandRefused, MailError
from tui_mail.mail import events
from tui_mail.mail.actions import TargetMissing
from tui_mail.mail.folder_names import shown
from tui_mail.mail.news import NewMail
from tui_mail.mail.store import StoredMailbox
from tui_mail.model import Mailbox, Phase, SpecialUse
from tui_mail.ui.display import DisplayApp
from tui_mail.ui.screens.error import ErrorScreen
from tui_mail.ui.screens.password import PasswordScreen
from tui_mail.ui.widgets.folder_tree import FolderEntry

if TYPE_CHECKING:
    from tui_mail.ui.screens.main import MainScreen

AT_ONCE = 50  # mailboxes whose figures are taken over without a pause
_RECIPIENTS = (SpecialUse.SENT, SpecialUse.DRAFTS)


class News:
    """Hears every event on the screen's thread."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self._phases: dict[str, events.PhaseChanged] = {}
        self._handlers: dict[type[events.Event], Callable[[Any], None]] = {
            events.PhaseChanged: self._phase_changed,
            events.PasswordWanted: self._password_wanted,
            events.ServerSizeKnown: self._server_size_known,
            events.MailboxesChanged: self._mailboxes_changed,
            events.CountsChanged: self._counts_changed,
            events.MailboxOpened: self._mailbox_opened,
            events.PermissionsChanged: self._permissions_changed,
            events.MailboxGone: self._mailbox_gone,
            events.OrderChanged: self._order_changed,
            events.RowsChanged: self._rows_changed,
            NewMail: self._new_mail,
            events.ProgressChanged: self._progress_changed,
            events.Notice: self._notice,
            events.ActionsChanged: self._actions_changed,
            events.OutboxChanged: lambda event: screen.outbox.changed(event.entry),
        }

    def hear(self, event: events.Event) -> None:
        handler = self._handlers.get(type(event))
        if handler is not None:  # some are for the log of news alone
            handler(event)

    def show_phase(self, account: str) -> None:
        """The status bar speaks of this account now."""
        told = self._phases.get(account)
        if told is None:
            return
        retry_in = None if told.retry_in is None else max(1, round(told.retry_in))
        error = told.error.title if told.error is not None else ""
        self._screen.status.change(
            account=account, phase=told.phase, retry_in=retry_in, error=error
        )
        self._explain_empty()

    # Connections

    def explain_account(self, account: str) -> None:
        """Say why an account has no folders to show: the bar speaks of another one."""
        told = self._phases.get(account)
        if told is not None and told.error is not None:
            self._screen.run(self._show_refusal(account, told.error))
        else:
            phase = (told.phase if told is not None else Phase.CONNECTING).value
            self._screen.hints.show_notice(f"{account}: {phase}")

    def _phase_changed(self, event: events.PhaseChanged) -> None:
        self._phases[event.account] = event
        if event.account == self._screen.account:
            self.show_phase(event.account)
        if event.phase is Phase.REFUSED and event.error is not None:
            self._screen.run(self._show_refusal(event.account, event.error))

    async def _show_refusal(self, account: str, error: MailError) -> None:
        if await self._screen.app.push_screen_wait(ErrorScreen(error, account=account, retry=True)):
            self._screen.service.retry_now(account)

    def _password_wanted(self, event: events.PasswordWanted) -> None:
        self._screen.run(self._ask_password(event))

    async def _ask_password(self, event: events.PasswordWanted) -> None:
        await self._screen.composing.rest()
        whose = f"sending from {event.account}" if event.sending else event.account
        answer = await self._screen.app.push_screen_wait(
            PasswordScreen(
                whose, event.user, event.host, reason=event.reason, keyring=event.keyring
            )
        )
        password = answer.password if answer is not None else None
        remember = answer is not None and answer.remember
        give = self._screen.service.give_password
        try:
            await wrap_future(
                give(event.account, password, remember=remember, sending=event.sending)
            )
        except MailError as error:
            self._screen.tell(error)

    def _server_size_known(self, event: events.ServerSizeKnown) -> None:
        self._screen.composing.take_server_size(event.account, event.size)

    # Folders

    def _mailboxes_changed(self, event: events.MailboxesChanged) -> None:
        self._screen.run(self._show_mailboxes(event.account))

    async def _show_mailboxes(self, account: str) -> None:
        stored = await wrap_future(self._screen.service.mailboxes(account))
        self._screen.mailboxes[account] = {each.mailbox.name: each for each in stored}
        self._screen.folder_tree.set_mailboxes(account, [_entry(each) for each in stored])
        self._tree_follows()
        if account == self._screen.account:
            self.show_current()

    def _counts_changed(self, event: events.CountsChanged) -> None:
        self._screen.run(self._show_counts(event.account, event.names))

    async def _show_counts(self, account: str, names: tuple[bytes, ...]) -> None:
        service, tree = self._screen.service, self._screen.folder_tree
        known = self._screen.mailboxes.setdefault(account, {})
        # A few at a time: keys are heard between them, be there ever so many folders.
        for begin in range(0, len(names), AT_ONCE):
            wanted = names[begin : begin + AT_ONCE]
            for each in await wrap_future(service.mailboxes_named(account, wanted)):
                name, status = each.mailbox.name, each.status
                if known.get(name) != each:
                    known[name] = each
                    tree.set_counts(account, name, status.unseen, status.messages)
        if account == self._screen.account:
            self.show_current()

    # The current mailbox

    def _mailbox_opened(self, event: events.MailboxOpened) -> None:
        screen = self._screen
        if screen.account not in ("", event.account):
            return
        if screen.mailbox.wished not in (None, event.name):
            return  # a person has gone on to another since
        screen.mailbox.opened(
            event.account,
            event.name,
            event.mailbox_id,
            live=event.live,
            read_only=event.read_only,
        )
        screen.folder_tree.set_current(event.account, event.name)
        self._tree_follows()
        self.show_phase(event.account)
        self.show_current()
        screen.run(screen.offering.learn(), group="permissions")
        if event.live:
            screen.reading.retry()

    def _permissions_changed(self, event: events.PermissionsChanged) -> None:
        if event.mailbox_id == self._screen.mailbox.mailbox_id:
            self._screen.run(self._screen.offering.learn(), group="permissions")

    def _tree_follows(self) -> None:
        """Who goes to the folders begins at the one that is open."""
        screen = self._screen
        if screen.focused is not screen.folder_tree:
            screen.folder_tree.go_to_mailbox(screen.account, screen.mailbox.name)

    def _explain_empty(self) -> None:
        """A list without a message says why, and what to do about it."""
        screen, limit = self._screen, self._screen.mailbox.limit
        told = self._phases.get(screen.account)
        text = ""
        if limit:
            key = screen.keymap.shown_key("list.limit", "list")
            text = f"No message matches {limit}\n{key} and all shows every message again."
        elif screen.mailbox.live:
            status = screen.status.status
            text = "" if status.total or status.total is None else "No messages"
        elif told is not None and told.phase in (Phase.WAITING, Phase.REFUSED) and told.error:
            key = screen.keymap.shown_key("account.check", "list")
            error = told.error
            lines = (error.title, error.server_line, error.advice, f"{key} tries again now.")
            text = "\n".join(filter(None, lines))
        screen.messages.explain_empty(text)

    def show_current(self) -> None:
        """The status bar, an empty list and the window's name speak of the current mailbox."""
        self._show_current()
        self._explain_empty()

    def _show_current(self) -> None:
        screen = self._screen
        stored = screen.mailboxes.get(screen.account, {}).get(screen.mailbox.name)
        if stored is None:
            shown = screen.mailbox.name.decode("ascii", "replace")
            total = len(screen.messages.order) or None
            screen.status.change(account=screen.account, mailbox=shown, total=total, unread=None)
            return
        mailbox, status = stored.mailbox, stored.status
        screen.messages.set_show_recipients(mailbox.special_use in _RECIPIENTS)
        self._name_window(mailbox, status.unseen)
        limit = screen.mailbox.limit
        screen.status.change(
            account=screen.account,
            mailbox="/".join(mailbox.path) + (f" [{limit}]" if limit else ""),
            read_only=screen.mailbox.read_only,
            total=len(screen.messages.order) or status.messages,
            unread=None if limit else status.unseen,
        )

    def _name_window(self, mailbox: Mailbox, unseen: int | None) -> None:
        app = self._screen.app
        if isinstance(app, DisplayApp):
            unread = f" ({unseen:,} unread)" if unseen else ""
            app.name_window(f"tui-mail: {mailbox.path[-1]}{unread}")

    def _mailbox_gone(self, event: events.MailboxGone) -> None:
        screen = self._screen
        if (event.account, event.name) == (screen.account, screen.mailbox.name):
            screen.mailbox.live = False
        screen.tell(
            CommandRefused(
                f"The folder {shown(event.name)} cannot be opened",
                server_line=event.error.server_line or event.error.title,
                advice="If it was deleted or renamed elsewhere, what is stored here stays to read.",
            )
        )

    def _order_changed(self, event: events.OrderChanged) -> None:
        if event.account != self._screen.account:
            return
        self._screen.mailbox.order_changed(event.mailbox_id, event.order)
        self._screen.reading.order_changed(event.mailbox_id, event.order)
        self._screen.go_to_awaited()
        self.show_current()

    def _rows_changed(self, event: events.RowsChanged) -> None:
        if event.account == self._screen.account:
            self._screen.mailbox.rows_changed(event.mailbox_id, event.uids)
            self._screen.reading.rows_changed(event.mailbox_id, event.uids)

    def _new_mail(self, event: NewMail) -> None:
        if event.notify:
            self._screen.hints.show_notice(event.text)
        if event.bell and self._screen.settings.ui.bell:
            self._screen.app.bell()

    # What is going on

    def _progress_changed(self, event: events.ProgressChanged) -> None:
        if event.account == self._screen.account:
            self._screen.status.change(progress=event.progress)

    def _actions_changed(self, event: events.ActionsChanged) -> None:
        if event.account == self._screen.account:
            self._screen.status.change(waiting=event.waiting)

    def _notice(self, event: events.Notice) -> None:
        self._screen.hints.clear_done()
        if isinstance(event.error, TargetMissing):
            self._screen.run(self._screen.acting.offer_target(event.account, event.error))
        else:
            self._screen.tell(event.error)


def _entry(stored: StoredMailbox) -> FolderEntry:
    return FolderEntry(stored.mailbox, stored.status.unseen, stored.status.messages)
