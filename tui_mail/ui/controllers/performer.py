"""What each action does: one table from the registry's ids to calls on widgets and controllers."""

from __future__ import annotations

from asyncio import wrap_future
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from textual.widget import Widget

from tui_mail.errors import ConnectionFailed
from tui_mail.ui.display import DisplayApp
from tui_mail.ui.screens.help import HelpScreen
from tui_mail.ui.widgets.line_view import LineView
from tui_mail.ui.widgets.picker import Choice, Picker, action_choices

if TYPE_CHECKING:
    from tui_mail.ui.app import TuiMail
    from tui_mail.ui.screens.main import MainScreen


class Performer:
    """``perform`` takes an id of ``ui.actions``."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        viewer, wire, reading, tree = (
            screen.viewer,
            screen.wire,
            screen.reading,
            screen.folder_tree,
        )
        acting, folders = screen.acting, screen.folder_acting
        self.table: dict[str, Callable[[], object]] = {
            "cursor.down": lambda: self._view().move(1),
            "cursor.up": lambda: self._view().move(-1),
            "cursor.page_down": lambda: self._view().page(1),
            "cursor.page_up": lambda: self._view().page(-1),
            "cursor.home": lambda: self._view().home(),
            "cursor.end": lambda: self._view().end(),
            "message.open": screen.messages.open_message,
            "message.tag": screen.messages.toggle_tag,
            "list.tag_range": screen.choosing.tag_range,
            "list.tagged": screen.choosing.say_tagged,
            "list.tag": lambda: screen.run(screen.choosing.tag_pattern()),
            "list.untag": lambda: screen.run(screen.choosing.tag_pattern(tag=False)),
            "list.limit": lambda: screen.run(screen.choosing.limit()),
            "message.delete": acting.delete,
            "message.undo": acting.undo,
            "message.move": acting.move,
            "message.copy": acting.copy,
            "message.archive": acting.archive,
            "message.junk": acting.junk,
            "message.toggle_new": acting.toggle_new,
            "message.toggle_flag": acting.toggle_flag,
            "message.set_flag": lambda: acting.ask_flag(add=True),
            "message.clear_flag": lambda: acting.ask_flag(add=False),
            "mailbox.expunge": lambda: screen.run(acting.expunge()),
            "message.next": lambda: reading.step(1),
            "message.previous": lambda: reading.step(-1),
            "message.next_unread": lambda: screen.run(self._next_unread(newer=False)),
            "message.previous_unread": lambda: screen.run(self._next_unread(newer=True)),
            "viewer.page_down": lambda: reading.page_down(),
            "viewer.page_up": lambda: viewer.page(-1),
            "viewer.down": lambda: viewer.move(1),
            "viewer.up": lambda: viewer.move(-1),
            "viewer.home": lambda: viewer.home(),
            "viewer.end": lambda: viewer.end(),
            "viewer.search": lambda: screen.run(reading.search()),
            "viewer.search_next": lambda: reading.search_again(1),
            "viewer.search_previous": lambda: reading.search_again(-1),
            "viewer.headers": reading.toggle_headers,
            "viewer.source": reading.toggle_source,
            "viewer.alternative": reading.next_alternative,
            "viewer.parts": lambda: screen.run(reading.show_parts()),
            "viewer.links": lambda: screen.run(reading.show_links()),
            "tree.open": tree.choose,
            "tree.examine": folders.examine,
            "mailbox.toggle_write": screen.toggle_write,
            "folder.create": lambda: screen.run(folders.create()),
            "folder.rename": lambda: screen.run(folders.rename()),
            "folder.delete": lambda: screen.run(folders.delete()),
            "folder.subscribe": lambda: screen.run(folders.subscribe(wanted=True)),
            "folder.unsubscribe": lambda: screen.run(folders.subscribe(wanted=False)),
            "folder.read": lambda: screen.run(folders.mark_all_read()),
            "folder.empty": lambda: screen.run(folders.empty()),
            "folder.details": lambda: screen.run(folders.details()),
            "tree.expand": tree.unfold,
            "tree.collapse": tree.fold,
            "tree.subscribed": self._switch_subscribed,
            "tree.close": self._leave_tree,
            "tree.focus": self._to_tree,
            "tree.toggle": lambda: screen.show_tree(not screen.tree_shown),
            "wire.open": wire.toggle_literal,
            "wire.details": wire.show_exchange,
            "wire.follow": wire.toggle_follow,
            "wire.connection": wire.next_connection,
            "wire.direction": wire.next_direction,
            "wire.search": lambda: screen.run(wire.ask_search()),
            "wire.search_next": lambda: wire.search_next(),
            "wire.search_previous": lambda: wire.search_next(backwards=True),
            "wire.copy": wire.copy_line,
            "wire.save": lambda: screen.run(wire.ask_save()),
            "news.open": screen.news.choose,
            "news.follow": screen.news.toggle_follow,
            "news.toggle": lambda: screen.show_news(screen.has_class("news-hidden")),
            "wire.toggle": lambda: screen.show_wire(screen.has_class("wire-hidden")),
            **screen.composing.table,
            **screen.outbox.table,
            "pane.close": self._close_pane,
            "pane.left": lambda: self._to_neighbor(-1),
            "pane.right": lambda: self._to_neighbor(1),
            "pane.next": lambda: self._to_neighbor(1, around=True),
            "mailbox.change": lambda: screen.run(self._change_mailbox()),
            "account.check": self._check,
            "app.help": self._help,
            "app.palette": lambda: screen.run(self._palette()),
            "app.cancel": self._cancel,
            "app.theme": lambda: screen.run(self._choose_theme()),
            "app.redraw": lambda: self._app.redraw(),
            "app.suspend": lambda: self._app.action_suspend_process(),
        }

    @property
    def _app(self) -> TuiMail:
        app = self._screen.app
        assert isinstance(app, DisplayApp)
        return app  # type: ignore[return-value]

    def perform(self, action: str) -> None:
        """Do it, or say why it cannot be done here, before anybody is asked anything."""
        refused = self._screen.offering.refused(action)
        if refused is None:
            self.table[action]()
        else:
            self._screen.tell(refused)

    def _view(self) -> LineView:
        focused = self._screen.focused
        return focused if isinstance(focused, LineView) else self._screen.messages

    # Messages

    async def _next_unread(self, *, newer: bool) -> None:
        screen = self._screen
        uid = await screen.mailbox.next_unread(screen.messages.cursor_uid, newer=newer)
        if uid is None:
            screen.hints.show_notice("No unread messages")
            return
        screen.messages.go_to_uid(uid)
        if screen.context == "viewer":
            screen.reading.open(uid)

    # Folders

    def _to_tree(self) -> None:
        self._screen.show_tree(True)
        self._screen.folder_tree.focus()

    def _leave_tree(self) -> None:
        self._screen.leave_tree()

    def _switch_subscribed(self) -> None:
        tree = self._screen.folder_tree
        tree.set_subscribed_only(not tree.subscribed_only)
        shown = "Subscribed folders only" if tree.subscribed_only else "All folders"
        self._screen.hints.show_notice(shown)

    async def _change_mailbox(self) -> None:
        screen = self._screen
        choices = []
        several = len(screen.settings.accounts) > 1
        for account, mailboxes in screen.mailboxes.items():
            for stored in mailboxes.values():
                if not stored.mailbox.selectable:
                    continue
                path = "/".join(stored.mailbox.path)
                unseen = stored.status.unseen
                choices.append(
                    Choice(
                        f"{account}: {path}" if several else path,
                        (account, stored.mailbox.name),
                        detail=f"{unseen:,} unread" if unseen else "",
                    )
                )
        # Where there is news comes first; a person going elsewhere types a letter or two.
        choices.sort(key=lambda choice: (not choice.detail, choice.text.casefold()))
        chosen = await screen.app.push_screen_wait(Picker("Change to folder", choices))
        if chosen is not None:
            screen.open_mailbox(*chosen)

    # Panes

    def _close_pane(self) -> None:
        screen = self._screen
        if screen.context == "wire":
            screen.show_wire(False)
        elif screen.context == "news":
            screen.show_news(False)
        else:
            screen.reading.close()

    def _to_neighbor(self, step: int, *, around: bool = False) -> None:
        screen = self._screen
        behind = screen.composing.behind if around else None
        panes = [
            screen.folder_tree,
            screen.messages,
            screen.viewer,
            screen.composing.stop or behind,
            screen.news,
            screen.wire,
        ]
        shown = [pane for pane in panes if pane is not None and (pane is behind or _seen(pane))]
        place = shown.index(screen.focused) + step if screen.focused in shown else 0
        if around or 0 <= place < len(shown):
            shown[place % len(shown)].focus()

    # Everywhere

    def _check(self) -> None:
        screen = self._screen
        if screen.account:
            screen.service.retry_now(screen.account)
            screen.run(self._refresh_folders(screen.account))

    async def _refresh_folders(self, account: str) -> None:
        with suppress(ConnectionFailed):  # the status bar tells, and the folders are listed then
            await wrap_future(self._screen.service.refresh_folders(account))

    def _help(self) -> None:
        self._screen.app.push_screen(HelpScreen(self._screen.keymap, self._screen.context))

    async def _palette(self) -> None:
        screen = self._screen
        offered = screen.offering.offered
        choices = list(action_choices(screen.keymap, screen.context, offered))
        if screen.context == "compose":
            known = {choice.value for choice in choices}
            further = action_choices(screen.keymap, "draft", offered)
            choices += [choice for choice in further if choice.value not in known]
        chosen = await screen.app.push_screen_wait(Picker("Do", choices))
        if chosen is not None:
            self.perform(chosen)

    async def _choose_theme(self) -> None:
        app = self._app
        choices = [Choice(name, name) for name in app.themes.names()]
        chosen = await app.push_screen_wait(Picker("Theme", choices))
        if chosen is not None:
            app.use_theme(app.themes.load(chosen))

    def _cancel(self) -> None:
        cancelled = self._screen.reading.cancel()
        self._screen.hints.show_notice("Cancelled" if cancelled else "Nothing is being waited for")


def _seen(pane: Widget) -> bool:
    return bool(pane.size.width) and all(
        each.display for each in pane.ancestors_with_self if isinstance(each, Widget)
    )
