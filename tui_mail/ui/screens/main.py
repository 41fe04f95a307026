"""The main screen: folders, messages, the message, the wire, and one line of status and of hints.

Lays them out for the width there is, hands keys to actions and events to widgets. What an action
does is in ``controllers``.
"""

from __future__ import annotations

import logging
import time
import weakref
from asyncio import wrap_future
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.events import DescendantFocus, Key, Resize
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker

from tui_mail.config import Config
from tui_mail.errors import Cancelled, MailError
from tui_mail.mail.service import MailService
from tui_mail.mail.store import StoredMailbox
from tui_mail.model import Phase
from tui_mail.ui.actions import BY_ID, Context
from tui_mail.ui.controllers.acting import ActingController
from tui_mail.ui.controllers.choosing import ChoosingController
from tui_mail.ui.controllers.composing import ComposingController
from tui_mail.ui.controllers.folder_acting import FolderActingController
from tui_mail.ui.controllers.leaving import Leaving
from tui_mail.ui.controllers.mailbox import MailboxController
from tui_mail.ui.controllers.news import News
from tui_mail.ui.controllers.offering import Offering
from tui_mail.ui.controllers.outbox import OutboxController
from tui_mail.ui.controllers.performer import Performer
from tui_mail.ui.controllers.reading import ReadingController
from tui_mail.ui.keymap import BurstGuard, Keymap, canonical, display_key
from tui_mail.ui.labels import Labels
from tui_mail.ui.messages import MailEvent
from tui_mail.ui.screens.error import ErrorScreen
from tui_mail.ui.widgets.folder_tree import FolderTree
from tui_mail.ui.widgets.message_list import MessageList
from tui_mail.ui.widgets.message_viewer import MessageViewer
from tui_mail.ui.widgets.news_pane import NewsPane
from tui_mail.ui.widgets.status_bar import COMMAND_SHOWN_EVERY, HintLine, StatusBar
from tui_mail.ui.widgets.wire_pane import WirePane

if TYPE_CHECKING:
    from tui_mail.ui.widgets.compose_pane import ComposePane

WIDE = 130  # columns from which tree, list and viewer stand side by side
TREE_BESIDE = 100  # columns from which the tree is shown without being asked for
TREE_BESIDE_DRAFT = 170  # the same while a draft stands beside the message

log = logging.getLogger(__name__)


class MainScreen(Screen[None], inherit_bindings=False):
    """``mailboxes`` are the folders of each account as the store told them last."""

    def __init__(
        self,
        service: MailService,
        settings: Config,
        keymap: Keymap,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.service = service
        self.settings = settings
        self.keymap = keymap
        self.mailboxes: dict[str, dict[bytes, StoredMailbox]] = {}
        self.labels = Labels(settings.labels)
        self.folder_tree = FolderTree(id="tree")
        self.messages = MessageList(id="list", now=now, labels=self.labels)
        self.viewer = MessageViewer(id="viewer")
        self.news = NewsPane(service.news, now=now, id="news")
        self.wire = WirePane(service.transcript, id="wire")
        self.status = StatusBar(id="status")
        self.hints = HintLine(id="hints")
        self.mailbox = MailboxController(service, self.messages, self.run)
        self.reading = ReadingController(self)
        self.choosing = ChoosingController(self)
        self.acting = ActingController(self)
        self.folder_acting = FolderActingController(self)
        self.offering = Offering(self)
        self.leaving = Leaving(self)
        self.composing = ComposingController(self)
        self.outbox = OutboxController(self)
        self.performer = Performer(self)
        self._news = News(self)
        self.awaited_uid = 0
        self._burst = BurstGuard()
        self._tree_asked: bool | None = None  # None: as the width has it
        self._tree_fits: bool | None = None  # None: before the first layout

    @property
    def account(self) -> str:
        """The account whose mailbox is shown, "" before any is."""
        return self.mailbox.account

    @property
    def context(self) -> Context:
        """Which keys count: those of the pane that has the focus."""
        contexts: dict[Widget | None, Context] = {
            self.folder_tree: "tree",
            self.messages: "list",
            self.viewer: "viewer",
            self.news: "news",
            self.wire: "wire",
        }
        return contexts.get(self.focused) or self.composing.context or "list"

    # Layout

    def compose(self) -> ComposeResult:
        with Horizontal(id="panes"):
            yield self.folder_tree
            with Container(id="mail"):
                yield self.messages
                yield self.viewer
        yield self.news
        yield self.wire
        yield self.status
        yield self.hints

    def on_mount(self) -> None:
        self.add_class("wire-hidden", "news-hidden")
        self._lay_out(self.app.size.width)  # the first picture comes before the first Resize
        names = [account.name for account in self.settings.accounts]
        self.folder_tree.set_accounts(names)
        # The connection was begun before there was a screen to tell of it.
        self.status.change(account=names[0], phase=Phase.CONNECTING)
        self.messages.focus()
        show_command = partial(self.status.show_command, self.service.transcript)
        self.set_interval(COMMAND_SHOWN_EVERY, show_command)
        self.run(self.composing.start())
        self.run(self.outbox.start())
        for warning in self.keymap.warnings:
            self.hints.show_notice(warning)

    def on_unmount(self) -> None:
        self.composing.left()

    def on_resize(self, event: Resize) -> None:
        self._lay_out(event.size.width)
        self.call_after_refresh(self._show_position)

    @property
    def wide(self) -> bool:
        return self.size.width >= WIDE

    @property
    def tree_shown(self) -> bool:
        return not self.has_class("tree-hidden")

    def _lay_out(self, width: int) -> None:
        fits = width >= (TREE_BESIDE_DRAFT if self.has_class("composing") else TREE_BESIDE)
        if fits is not self._tree_fits:
            # What was asked for on a screen of another size does not bind this one.
            self._tree_fits, self._tree_asked = fits, None
        self.set_class(width >= WIDE, "wide")
        self.set_class(width < WIDE, "narrow")
        self.set_class(not fits, "slim")
        self.set_class(not (fits if self._tree_asked is None else self._tree_asked), "tree-hidden")

    def lay_out(self) -> None:
        """Something stands beside the mail now, or no longer."""
        self._lay_out(self.size.width)

    def show_tree(self, shown: bool) -> None:
        """Show or hide the folders; the focus leaves what is hidden.

        Where there is no room for them beside a message, that is left.
        """
        self._tree_asked = shown
        self._lay_out(self.size.width)
        if shown and not self._tree_fits and self.has_class("reading"):
            self.show_reading(False)
        if not shown and self.focused is self.folder_tree:
            self.messages.focus()

    def leave_tree(self) -> None:
        """Back to the message or the list; folders that took room from it go."""
        if not self._tree_fits:
            self.show_tree(False)
        self.pane_before_wire().focus()

    def show_reading(self, shown: bool) -> None:
        """Go into the message, or back to the list."""
        self.set_class(shown, "reading")
        (self.viewer if shown else self.messages).focus()

    def show_wire(self, shown: bool) -> None:
        """Open or close the wire pane."""
        self.set_class(not shown, "wire-hidden")
        if shown:
            self.wire.open()
            self.wire.focus()
        else:
            self.wire.close()
            self.pane_before_wire().focus()

    def show_news(self, shown: bool) -> None:
        """Open or close the pane that says what happened."""
        self.set_class(not shown, "news-hidden")
        if shown:
            self.news.open()
            self.news.focus()
        else:
            self.news.close()
            self.pane_before_wire().focus()

    def pane_before_wire(self) -> Widget:
        draft = self.composing.stop if self.has_class("draft-front") else None
        return draft or self.pane_of_mail()

    def pane_of_mail(self) -> Widget:
        """The message, or the list where none is read."""
        return self.viewer if self.has_class("reading") else self.messages

    @on(DescendantFocus)
    def _focus_moved(self) -> None:
        # Side by side the focus says which of the two stays when the screen becomes narrow.
        if self.wide and self.context in ("list", "viewer"):
            self.set_class(self.context == "viewer", "reading")
        self.composing.focus_moved()
        self.show_hints()

    @on(FolderTree.CursorMoved)
    def show_hints(self) -> None:
        """The keys that count in the pane with the focus, less what cannot be done there."""
        self.hints.show_hints(self.keymap.hints(self.context, self.offering.offered))

    # Keys down

    async def on_key(self, event: Key) -> None:
        self.service.person_active()
        action = self.keymap.lookup(self.context, event.key)
        if await self.composing.takes(event, action):
            event.stop()
            return
        allowed = self._burst.allows(BY_ID.get(action or ""), event.key, event.time)
        if action is None:
            self._say_unbound(event)
            return
        event.stop()
        event.prevent_default()
        self.hints.clear_notice()
        if allowed:
            self.performer.perform(action)
        else:
            self.hints.show_notice("That looked like pasted text: nothing was deleted or moved")

    def _say_unbound(self, event: Key) -> None:
        """What is there to be read already is worth more."""
        if event.is_printable and not self.hints.notice:
            help_key = self.keymap.shown_key("app.help", self.context)
            key = display_key(canonical(event.key))
            self.hints.show_notice(f"{key} does nothing here; {help_key} shows the keys")

    # Events up

    def on_mail_event(self, message: MailEvent) -> None:
        self._news.hear(message.event)

    @on(MessageList.RowsWanted)
    def _rows_wanted(self, message: MessageList.RowsWanted) -> None:
        self.mailbox.rows_wanted(message.uids)

    @on(MessageList.CursorMoved)
    def _cursor_moved(self) -> None:
        self._show_position()
        self.mailbox.ask()

    def _show_position(self) -> None:
        if self.messages.page_height:
            whole = len(self.messages.shown) >= self.messages.line_count
            self.status.change(position="" if whole else f"{self.messages.percent}%")

    @on(MessageList.Opened)
    def _message_opened(self, message: MessageList.Opened) -> None:
        if self.composing.in_drafts:
            self.composing.begin("message.edit")
        else:
            self.reading.open(message.uid)

    @on(MessageViewer.RenderWanted)
    def _render_wanted(self) -> None:
        self.reading.render_again()

    @on(NewsPane.Chosen)
    def _news_chosen(self, message: NewsPane.Chosen) -> None:
        here = (message.account, message.mailbox) == (self.account, self.mailbox.name)
        if not here:
            self.open_mailbox(message.account, message.mailbox)
        self.awaited_uid = message.uid or 0
        self.go_to_awaited()

    def go_to_awaited(self) -> None:
        """Open the message a line of the news led to, once its mailbox is shown."""
        if self.awaited_uid and self.messages.go_to_uid(self.awaited_uid):
            uid, self.awaited_uid = self.awaited_uid, 0
            self.reading.open(uid)

    @on(WirePane.CopyWanted)
    def _copy_wanted(self, message: WirePane.CopyWanted) -> None:
        self.app.copy_to_clipboard(message.text)
        self.hints.show_notice("Copied, if the terminal allows it (OSC 52)")

    @on(WirePane.Noticed)
    def _noticed(self, message: WirePane.Noticed) -> None:
        self.hints.show_notice(message.text)

    @on(FolderTree.EmptyAccountChosen)
    def _empty_account_chosen(self, message: FolderTree.EmptyAccountChosen) -> None:
        self._news.explain_account(message.account)

    @on(FolderTree.MailboxChosen)
    def _mailbox_chosen(self, message: FolderTree.MailboxChosen) -> None:
        self.open_mailbox(message.account, message.name)

    # By name: what draws a draft is imported with the first of them.
    def on_compose_pane_changed(self, message: ComposePane.Changed) -> None:
        self.composing.changed(message.pane, typed=message.typed)

    def on_compose_pane_offers_wanted(self, message: ComposePane.OffersWanted) -> None:
        self.run(self.composing.offer(message.pane, message.text), group="offers")

    def on_compose_pane_noticed(self, message: ComposePane.Noticed) -> None:
        self.hints.show_notice(message.text, error=True)

    def show_current(self) -> None:
        """Say what the list shows now."""
        self._news.show_current()

    def open_mailbox(
        self, account: str, name: bytes, *, read_only: bool = False, stay: bool = False
    ) -> None:
        """Make this mailbox the current one; ``read_only`` opens it with EXAMINE.

        ``stay`` leaves the keys where they are, among the folders.
        """
        here = self.mailbox.account, self.mailbox.name
        self.mailbox.account, self.mailbox.wished = account, name
        self.reading.forget()
        if not stay:
            self.show_reading(False)
            if not self._tree_fits:
                self.show_tree(False)
        elsewhere = bool(here[0]) and (account, name) != here
        self.run(self._open_mailbox(account, name, read_only=read_only, elsewhere=elsewhere))

    def toggle_write(self) -> None:
        """mutt's toggle-write: the current mailbox read-only, or with changes allowed again."""
        mailbox = self.mailbox
        if self.service.read_only:
            self.hints.show_notice("tui-mail was started with --read-only: it changes nothing")
        elif mailbox.mailbox_id:
            told = "Changes are allowed" if mailbox.read_only else "Read only: nothing is changed"
            self.hints.show_notice(told)
            work = self._open_mailbox(
                mailbox.account, mailbox.name, read_only=not mailbox.read_only
            )
            self.run(work)

    async def _open_mailbox(
        self, account: str, name: bytes, *, read_only: bool, elsewhere: bool = False
    ) -> None:
        """``elsewhere``: another mailbox is left for it."""
        if elsewhere:
            await self.leaving.leave()
        await wrap_future(self.service.open_mailbox(account, name, read_only=read_only))

    # Work

    def run(self, work: Coroutine[Any, Any, None], *, group: str = "default") -> None:
        """Do something that waits, without holding up the screen; what fails is told.

        Work of a named group replaces what that group was doing.
        """
        guarded: Callable[[], Coroutine[None, None, None]] = partial(self._guarded, work)
        # Replaced before it began, it would complain that nobody ever awaited it.
        weakref.finalize(guarded, work.close)
        worker: Worker[None] = self.run_worker(
            guarded, group=group, exclusive=group != "default", exit_on_error=False
        )
        log.debug("working on %s", worker.group)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Cancelled:
            return
        except MailError as error:
            self.tell(error)
        except Exception:
            log.exception("work for the screen failed")
            self.hints.show_notice(
                "Something went wrong inside tui-mail; start it with --log FILE for details",
                error=True,
            )

    def tell(self, error: MailError) -> None:
        """Show what went wrong, in a box when there is more to it than a line."""
        log.info("told: %s", error.title)
        if not self.is_running:
            return
        if (error.server_line or error.advice) and not isinstance(self.app.screen, ErrorScreen):
            self.app.push_screen(ErrorScreen(error, account=self.account, retry=False))
        else:
            self.hints.show_notice(error.title, error=True)
