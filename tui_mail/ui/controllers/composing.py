"""The drafts on the screen: opened, saved as they are typed, put away.

Every word goes to the mail service at a pause in typing and on leaving. How a draft begins is in
``answering``, how it leaves in ``sending``. What draws a draft is imported with the first of them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from asyncio import wrap_future
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from textual.events import Key
from textual.widget import Widget

from tui_mail import config
from tui_mail.errors import MailError
from tui_mail.mail.compose.values import Draft
from tui_mail.model import SpecialUse
from tui_mail.ui.actions import Context
from tui_mail.ui.controllers.open_draft import OpenDraft

if TYPE_CHECKING:
    from tui_mail.mail.compose.mailto import MailtoFields
    from tui_mail.ui.screens.main import MainScreen
    from tui_mail.ui.widgets.compose_pane import ComposePane

EDITING = "editing"  # the folder of drafts that are in an editor, below the state's
TYPED_AHEAD = 1.0  # seconds in which a letter is no command after a draft was asked for
LEAVING = 2.0  # seconds at most that the end of the program waits for the store
REST = 1.0  # seconds without a letter after which a box may open over a draft
PAUSE = 0.4  # seconds without a key after which what was typed is saved
LONGEST = 2.0  # seconds after which it is saved without a pause
log = logging.getLogger(__name__)


@cache
def _editing_keys(kind: type[Widget]) -> dict[str, str]:
    """Which key asks a line editor of Textual's for which of its own actions."""
    found: dict[str, str] = {}
    for base in kind.__mro__:
        for binding in vars(base).get("BINDINGS", ()):
            for key in binding.key.split(","):
                found.setdefault(key, binding.action)
    return found


class ComposingController:
    """``drafts`` are the open ones in the order they were opened, ``current`` is the one shown.

    ``asked_for`` are the fields of a draft that is to be open as soon as the screen stands.
    """

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self.drafts: list[OpenDraft] = []
        self.current: OpenDraft | None = None
        self.asked_for: MailtoFields | None = None
        self._beginning = self._typed_at = float("-inf")
        self.last_folder = ""  # of the files that were attached, as it was typed
        begins = ("new", "reply", "reply_all", "reply_list", "forward", "forward_attached")
        self.table: dict[str, Callable[[], object]] = {
            **{
                action: partial(self.begin, action)
                for action in (
                    *(f"message.{name}" for name in (*begins, "bounce", "edit")),
                    "draft.recall",
                )
            },
            "draft.commands": self.commands,
            "draft.text": self.commands,
            **{
                f"draft.{name}": partial(self._do, f"draft.{name}")
                for name in ("send", "postpone", "close", "attach", "detach", "from", "editor")
            },
            **{
                f"draft.{field}": partial(self.go_to, field)
                for field in ("to", "cc", "bcc", "reply_to", "subject")
            },
            "draft.undo": self.undo,
            "draft.redo": partial(self.undo, redo=True),
            "draft.next": self.next,
            "draft.next_field": partial(self.step, 1),
            "draft.previous_field": partial(self.step, -1),
            "draft.leave": self.leave,
            "draft.show": self.go_on,
        }

    def begin(self, action: str) -> None:
        """One of the actions that begin a draft, or take one up again."""
        from tui_mail.ui.controllers import answering

        self._beginning = time.monotonic()
        self._screen.run(self._begin(answering.ACTIONS[action](self._screen)))

    async def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        finally:
            self._beginning = float("-inf")

    @property
    def in_drafts(self) -> bool:
        """Whether the current mailbox is the one drafts are kept in."""
        screen = self._screen
        stored = screen.mailboxes.get(screen.account, {}).get(screen.mailbox.name)
        return stored is not None and stored.mailbox.special_use is SpecialUse.DRAFTS

    def _do(self, action: str) -> None:
        """One of the actions on the draft that is shown."""
        opened = self.current
        if opened is None or opened.busy:
            return
        from tui_mail.ui.controllers import drafting, editing, sending

        do = {
            "draft.send": sending.send,
            "draft.postpone": drafting.postpone,
            "draft.close": drafting.ask_to_close,
            "draft.attach": drafting.attach,
            "draft.detach": drafting.detach,
            "draft.from": drafting.choose_writer,
            "draft.editor": editing.edit,
        }[action]
        self._screen.run(self._one_at_a_time(opened, do(self._screen, opened)))

    async def _one_at_a_time(self, opened: OpenDraft, work: Coroutine[Any, Any, None]) -> None:
        # A key that repeats must not send twice.
        opened.busy = True
        try:
            await work
        finally:
            opened.busy = False

    # Where the keys go

    @property
    def context(self) -> Context | None:
        """Which keys of a draft count, None while the focus is elsewhere."""
        pane = self._pane
        if pane is None or not pane.has_focus_within:
            return None
        return "compose" if pane.in_text else "draft"

    @property
    def stop(self) -> Widget | None:
        """What the focus goes to in the draft that is on the screen, None for no draft."""
        pane = self._pane
        shown = pane is not None and pane.display and pane.size.width
        return pane.stop if pane is not None and shown else None

    @property
    def behind(self) -> Widget | None:
        """What is hidden where only one of both has room: the draft behind the mail, or the mail.

        None where nothing is.
        """
        if self.current is None or self._screen.wide:
            return None
        in_front = self._screen.has_class("draft-front")
        return self._screen.pane_of_mail() if in_front else self.current.pane.stop

    @property
    def _pane(self) -> ComposePane | None:
        return self.current.pane if self.current is not None else None

    async def takes(self, key: Key, action: str | None) -> bool:
        """Whether a key is for a draft although it asks for this action, or for none.

        A letter that is typed ahead of a draft that is about to open is no command. A key of the
        line editor's own is done here: left to Textual it would be done last, behind letters that
        were typed after it.
        """
        if action is not None:
            return key.is_printable and time.monotonic() - self._beginning < TYPED_AHEAD
        focused = self._screen.focused
        if focused is None or self.context != "compose":
            return False
        own = _editing_keys(type(focused)).get(key.key)
        return own is not None and await self._screen.app.run_action(own, focused)

    async def rest(self) -> None:
        """Returns when nobody is typing into a draft: what opens then gets none of its letters."""
        while self.context is not None and time.monotonic() - self._typed_at < REST:
            await asyncio.sleep(PAUSE)

    def focus_moved(self) -> None:
        """Where only one of both has room, the draft or the mail is shown, as the focus goes."""
        context = self._screen.context
        if context in ("compose", "draft"):
            self._screen.add_class("draft-front")
        elif context in ("list", "viewer", "tree"):
            self._screen.remove_class("draft-front")

    def go_on(self) -> None:
        """To the draft that is open, where its focus was."""
        if self.current is not None:
            self._screen.set_focus(self.current.pane.stop)
        else:
            key = self._screen.keymap.shown_key("message.new", "list")
            self._screen.hints.show_notice(f"No draft is open: {key} begins one")

    def leave(self) -> None:
        """To the mail; the draft stays open."""
        if self.current is not None:
            self.save(self.current)
        self._screen.set_focus(self._screen.pane_of_mail())

    # Opening

    async def start(self) -> None:
        """Say what is kept from before: a program that was killed leaves what was typed in it."""
        if not self._screen.settings.demo:
            await self._adopt_edited()
        saved = await wrap_future(self._screen.service.writing.drafts())
        kept = sum(not (each.postponed or each.elsewhere) for each in saved)
        if kept:
            key = self._screen.keymap.shown_key("draft.recall", "list")
            what = "A draft is" if kept == 1 else f"{kept:,} drafts are"
            self._screen.hints.show_notice(f"{what} kept from before: {key} goes on")
        if self.asked_for is not None:
            from tui_mail.ui.controllers.answering import from_link

            await from_link(self._screen, self.asked_for)

    async def _adopt_edited(self) -> None:
        """Files that an editor was left with go back into their drafts."""
        folder = config.state_path() / EDITING
        if folder.is_dir():
            from tui_mail.ui.controllers.editing import adopt

            await adopt(self._screen, folder)

    async def open(
        self, draft: Draft, number: int | None = None, *, typing_at: int = 0
    ) -> OpenDraft:
        """Show a draft, beside those that are open. ``typing_at`` is a place in its text.

        Without a ``number`` it is kept from the first change on.
        """
        from tui_mail.mail.compose.addresses import parse
        from tui_mail.ui.widgets.compose_pane import ComposePane

        for opened in self.drafts:
            if number is not None and opened.known_number == number:
                self.show(opened)
                return opened
        pane = ComposePane(draft, judge=parse)
        opened = OpenDraft(pane, number)
        self.drafts.append(opened)
        await self._screen.query_one("#panes").mount(pane)
        pane.body.go_to(typing_at)
        self.show(opened, focus=False)
        pane.focus_first()
        pane.attached.take_server_size(self._screen.service.writing.server_size(draft.account))
        if self._screen.settings.compose.always_edit:
            self._do("draft.editor")
        return opened

    def show(self, opened: OpenDraft, *, focus: bool = True) -> None:
        """Bring one of the open drafts to the front."""
        before, self.current = self.current, opened
        if before is not None and before is not opened:
            self.save(before)
            before.pane.remove_class("current")
        opened.pane.add_class("current")
        self._screen.add_class("composing")
        self._screen.lay_out()
        self._name_panes()
        if focus:
            self._screen.set_focus(opened.pane.stop)

    def _name_panes(self) -> None:
        for place, opened in enumerate(self.drafts, 1):
            several = f" {place} of {len(self.drafts)}" if len(self.drafts) > 1 else ""
            opened.pane.name_it(f"Draft{several}")
        count = len(self.drafts)
        key = self._screen.keymap.shown_key("draft.show", "list")
        several = "s" if count > 1 else ""
        self._screen.status.change(drafts=f"{count} draft{several}: {key}" if count else "")

    def next(self) -> None:
        """The next of the open drafts."""
        if len(self.drafts) < 2 or self.current is None:
            self._screen.hints.show_notice("No other draft is open")
            return
        place = self.drafts.index(self.current)
        self.show(self.drafts[(place + 1) % len(self.drafts)])

    # Saving

    def changed(self, pane: ComposePane, *, typed: bool) -> None:
        """It is saved when a person rests, and at times while one does not."""
        if typed:
            self._typed_at = time.monotonic()
            self._screen.service.person_active()
            self._screen.hints.clear_notice()
        opened = self._of(pane)
        if opened is None:
            return
        now = time.monotonic()
        if opened.timer is not None:
            opened.timer.stop()
        else:
            opened.unsaved_since = now
        if opened.number is None or now - opened.unsaved_since > LONGEST:
            self.save(opened)
            opened.unsaved_since = now
        opened.timer = pane.set_timer(PAUSE, lambda: self.save(opened))

    def _of(self, pane: ComposePane) -> OpenDraft | None:
        return next((each for each in self.drafts if each.pane is pane), None)

    def save(self, opened: OpenDraft) -> None:
        """Hand over what was typed; nothing happens where nothing was."""
        saving = opened.hand_over(self._screen.service.writing)
        if saving is not None:
            self._screen.run(self._watch(opened, saving))

    async def _watch(self, opened: OpenDraft, saving: Future[Any]) -> None:
        try:
            await wrap_future(saving)
        except MailError:
            opened.failed(saving)
            opened.pane.name_it("Draft: NOT SAVED")
            raise

    async def number(self, opened: OpenDraft) -> int:
        """The draft as it stands is safe when this returns its number."""
        opened.hand_over(self._screen.service.writing, untouched=True)
        if opened.saving is not None:
            await self._watch(opened, opened.saving)
        assert opened.number is not None
        return await wrap_future(opened.number)

    def left(self) -> None:
        """The screen is gone, whatever the reason: waits until what was typed is safe."""
        wait(self.put_all_away(), LEAVING)

    def put_all_away(self) -> list[Future[None]]:
        """The program ends: what was typed is saved, and goes to the Drafts folder if it can.

        Each of what is returned is done when that is certain to come about.
        """
        drafts, self.drafts, self.current = self.drafts, [], None
        writing = self._screen.service.writing
        return [doing for opened in drafts if (doing := opened.postpone(writing)) is not None]

    def take_server_size(self, account: str, size: int | None) -> None:
        """What the account's server takes at most, in octets: held against what is attached."""
        for opened in self.drafts:
            if opened.pane.account == account:
                opened.pane.attached.take_server_size(size)

    # Putting away

    async def close(self, opened: OpenDraft) -> None:
        """Take it off the screen; what becomes of it is said elsewhere."""
        if opened.timer is not None:
            opened.timer.stop()
        place = self.drafts.index(opened)
        had_focus = opened.pane.has_focus_within
        self.drafts.remove(opened)
        if opened is self.current:
            self.current = None
            if self.drafts:
                self.show(self.drafts[min(place, len(self.drafts) - 1)], focus=had_focus)
            else:
                self._screen.remove_class("composing", "draft-front")
                self._screen.lay_out()
                if had_focus:
                    self._screen.set_focus(self._screen.pane_of_mail())
        await opened.pane.remove()
        self._name_panes()

    # What a person does to the draft

    def commands(self) -> None:
        """To the lines where letters are commands, or from there back into the text."""
        if self._pane is not None:
            self._pane.focus_commands()

    def go_to(self, field: str) -> None:
        if self._pane is not None:
            self._pane.header.focus_field(field)

    def step(self, by: int) -> None:
        if self._pane is not None:
            self._pane.step(by)

    def undo(self, *, redo: bool = False) -> None:
        if self._pane is not None:
            (self._pane.body.redo if redo else self._pane.body.undo)()

    async def offer(self, pane: ComposePane, text: str) -> None:
        """Addresses that ``text`` may become, to be shown below it.

        First those known here: the person's own command may take its time.
        """
        writing = self._screen.service.writing
        known = await wrap_future(writing.complete(pane.account, text, command=False))
        pane.offer(text, known)
        if self._screen.settings.compose.address_command:
            found = await wrap_future(writing.complete(pane.account, text))
            if found != known:
                pane.offer(text, found)
