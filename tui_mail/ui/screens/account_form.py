"""The form of a new account: five lines to fill in, what became of them, and the wire below.

Lays out, moves the cursor and says what it is told to; what is looked for, tried and kept is
``controllers.account_setup``'s business.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import DescendantBlur, DescendantFocus, Key, Paste
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker

from tui_mail.config import Config
from tui_mail.errors import Cancelled, MailError
from tui_mail.mail.new_account import Typed
from tui_mail.sanitize import clean
from tui_mail.ui.controllers.account_setup import AccountSetup
from tui_mail.ui.keymap import Keymap, canonical
from tui_mail.ui.screens.dialog import CANCEL_KEYS, styled
from tui_mail.ui.widgets.line_input import LineInput, SecretInput
from tui_mail.ui.widgets.status_bar import HintLine
from tui_mail.ui.widgets.wire_pane import WirePane
from tui_mail.wire.transcript import Transcript

LABELS = {
    "name": "Your name",
    "address": "Address",
    "imap": "IMAP server",
    "smtp": "SMTP server",
    "password": "Password",
}
_MAX_LENGTH = 1000
_MAX_TEXT = 1000
_LABEL_WIDTH = 13
_WELCOME = (
    "The servers are looked for once your address is there; a host name alone will do, too. "
    "Nothing is kept before both have let you in."
)
_FORWARD, _BACK = ("enter", "down", "tab"), ("up", "shift+tab")
_HINTS = (("Enter", "Next"), ("↑", "Back"), ("^R", "Look again"), ("F6", "Wire"), ("^G", "Leave"))
_LAST_HINTS = (("Enter", "Log in"), *_HINTS[1:])
_BUSY_HINTS = (("^G", "Stop"), ("F6", "Wire"))

log = logging.getLogger(__name__)
Line = tuple[str, str]  # text and the name of its style


class _Field(LineInput):
    """A line of the form, whose keys count in the order they were typed.

    Keys that come in one piece, as on a slow line, all wait at the line that had the cursor when
    they came: those behind the one that moved it are handed on to where it is now. And keys that
    edit are answered here, where Textual would answer them once they have gone all the way up.
    """

    @property
    def form(self) -> AccountForm:
        assert isinstance(self.screen, AccountForm)
        return self.screen

    async def on_key(self, event: Key) -> None:
        form = self.form
        if form.focused is not self:
            (form.focused or form).post_message(Key(event.key, event.character))
        elif not form.answer(canonical(event.key)):
            bindings = self._bindings.key_to_bindings.get(event.key, ())
            if not bindings:
                return
            await self.run_action(bindings[0].action)
        event.stop()
        event.prevent_default()

    def on_paste(self, event: Paste) -> None:
        form = self.form
        if form.focused is not self:
            (form.focused or form).post_message(Paste(event.text))
            event.stop()
            event.prevent_default()


class _Secret(_Field, SecretInput):
    """The password."""


class AccountForm(Screen[None], inherit_bindings=False):
    """Asks for an account that is to be added to ``file``; ``existing`` is what it says so far."""

    DEFAULT_CSS = """
    AccountForm { layout: vertical; overflow: hidden; background: $background; }
    AccountForm Static { height: auto; background: $background; color: $foreground; }
    AccountForm Horizontal { height: 1; padding: 0 1; }
    AccountForm #heading { padding: 0 1; margin-bottom: 1; }
    AccountForm .label { width: 13; }
    AccountForm #message { padding: 0 1; margin: 1 0; min-height: 3; max-height: 9; }
    AccountForm WirePane { height: 1fr; min-height: 3; }
    """

    def __init__(
        self,
        transcript: Transcript,
        file: Path,
        existing: Config | None,
        *,
        ca_file: Path | None = None,
    ) -> None:
        super().__init__()
        self.busy = False
        self._keymap = Keymap(existing.keys if existing else {})
        self._file = file
        self._fields: dict[str, LineInput] = {
            name: (_Secret if name == "password" else _Field)(max_length=_MAX_LENGTH)
            for name in LABELS
        }
        self._usual_name = existing.accounts[0].email_name if existing else ""
        self._message = Static(styled(_WELCOME), id="message")
        self.wire = WirePane(transcript, id="wire")
        self.hints = HintLine(id="hints")
        self.setup = AccountSetup(self, transcript, file, existing, ca_file)
        self._wire_keys: dict[str, Callable[[], object]] = {
            "cursor.down": lambda: self.wire.move(1),
            "cursor.up": lambda: self.wire.move(-1),
            "cursor.page_down": lambda: self.wire.page(1),
            "cursor.page_up": lambda: self.wire.page(-1),
            "cursor.home": lambda: self.wire.home(),
            "cursor.end": lambda: self.wire.end(),
            "wire.open": self.wire.toggle_literal,
            "wire.details": self.wire.show_exchange,
            "wire.follow": self.wire.toggle_follow,
            "wire.connection": self.wire.next_connection,
            "wire.direction": self.wire.next_direction,
            "wire.copy": self.wire.copy_line,
            "wire.search": lambda: self.work(self.wire.ask_search, "wire"),
            "wire.search_next": lambda: self.wire.search_next(),
            "wire.search_previous": lambda: self.wire.search_next(backwards=True),
            "wire.save": lambda: self.work(self.wire.ask_save, "wire"),
            "pane.close": self._to_form,
        }
        self._last_field = "name"

    def compose(self) -> ComposeResult:
        yield Static(self._heading(), id="heading")
        for name, label in LABELS.items():
            yield Horizontal(
                Static(styled(label.rjust(_LABEL_WIDTH - 2), "prompt"), classes="label"),
                self._fields[name],
            )
        yield self._message
        yield self.wire
        yield self.hints

    def _heading(self) -> Text:
        heading = styled("A new account", "title")
        return heading.append_text(styled(f"  for {self._file}", "dim"))

    def on_mount(self) -> None:
        self.wire.open()
        self._fields["name"].value = self._usual_name
        self._fields["name"].focus()

    # What stands in the form

    @property
    def typed(self) -> Typed:
        return Typed(**{name: line.value for name, line in self._fields.items()})

    def propose(self, field: str, value: str, *, instead_of: str) -> None:
        """Fill a field in, unless a person has something else there, or is about to."""
        line = self._fields[field]
        if line.value in ("", instead_of) and not (line.has_focus and line.value):
            line.value = value
            line.cursor_position = len(value)

    def go_to(self, field: str) -> None:
        # At once: keys of a fast typist are already behind the one that asked for it.
        self._last_field = field
        self.set_focus(self._fields[field])

    def say(self, *lines: Line) -> None:
        """Show these texts in place of those before, each with a style."""
        shown = (styled(clean(text, newlines=True)[:_MAX_TEXT], style) for text, style in lines)
        self._message.update(Text("\n").join(shown))

    def tell(self, error: MailError, *more: Line) -> None:
        """Say what went wrong, with the server's own line below."""
        lines: list[Line] = [(error.title, "error")]
        if error.server_line:
            lines.append((f"The server said: {error.server_line}", ""))
        if error.advice:
            lines.append((error.advice, ""))
        self.say(*lines, *more)

    def set_busy(self, busy: bool) -> None:
        """While both logins are tried the lines do not change under the one who typed them."""
        self.busy = busy
        for line in self._fields.values():
            line.disabled = busy
        if busy:
            self.set_focus(None)
        self._show_hints()

    # Keys

    @on(DescendantFocus)
    def _focused(self) -> None:
        for name, line in self._fields.items():
            if line.has_focus:
                self._last_field = name
        self._show_hints()

    @on(DescendantBlur)
    def _left(self, event: DescendantBlur) -> None:
        if event.widget is self._fields["address"]:
            self.setup.address_left()

    def _show_hints(self) -> None:
        if self.wire.has_focus:
            self.hints.show_hints((*self._keymap.hints("wire")[:5], ("F6", "Form")))
        elif self.busy:
            self.hints.show_hints(_BUSY_HINTS)
        else:
            last = self._fields["password"].has_focus
            hints = _LAST_HINTS if last else _HINTS
            keep = (("^O", "Keep it untried"),) if self.setup.may_keep_untried else ()
            self.hints.show_hints((hints[0], *keep, *hints[1:]))

    def on_key(self, event: Key) -> None:
        if self.answer(canonical(event.key)):
            event.stop()
            event.prevent_default()

    def answer(self, key: str) -> bool:
        """Answer a canonical key that is not text; True if it counted."""
        if key == "f6":
            self._to_form() if self.wire.has_focus else self.set_focus(self.wire)
        elif key == "ctrl+l":
            self.app.refresh(repaint=True, layout=True)
        elif key == "ctrl+z":
            self.app.action_suspend_process()
        elif self.wire.has_focus:
            return self._wire_key(key)
        elif key in CANCEL_KEYS:
            self.setup.cancel()
        elif self.busy:
            return False
        elif key == "ctrl+r":
            self.setup.look_again()
        elif key == "ctrl+o":
            self.setup.keep_untried()
        elif key in _FORWARD or key in _BACK:
            self._step(key)
        else:
            return False
        return True

    def _wire_key(self, key: str) -> bool:
        if key in CANCEL_KEYS and key != "escape":
            self._to_form()
            return True
        action = self._keymap.lookup("wire", key)
        if action not in self._wire_keys:
            return False
        self.hints.clear_notice()
        self._wire_keys[action]()
        return True

    def _step(self, key: str) -> None:
        names = list(LABELS)
        place = names.index(self._last_field)
        if key == "enter" and self._last_field == "password":
            self.setup.submit()
        else:
            step = 1 if key in _FORWARD else -1
            self.go_to(names[max(0, min(len(names) - 1, place + step))])

    def _to_form(self) -> None:
        if self.busy:
            self.set_focus(None)
            self._show_hints()
        else:
            self.go_to(self._last_field)

    # The wire's own wishes

    @on(WirePane.CopyWanted)
    def _copy_wanted(self, message: WirePane.CopyWanted) -> None:
        self.app.copy_to_clipboard(message.text)
        self.hints.show_notice("Copied, if the terminal allows it (OSC 52)")

    @on(WirePane.Noticed)
    def _noticed(self, message: WirePane.Noticed) -> None:
        self.hints.show_notice(message.text)

    # Work

    def work(self, work: Callable[[], Coroutine[Any, Any, object]], group: str) -> None:
        """Do something that waits; it replaces what its group was doing, and failures are told."""

        async def guarding() -> None:
            try:
                await work()
            except Cancelled:
                pass
            except MailError as error:
                self.tell(error)
            except Exception:
                log.exception("work for the account form failed")
                problem = "Something went wrong inside tui-mail; start it with --log FILE"
                self.say((problem, "error"))

        guarded: Callable[[], Coroutine[None, None, None]] = guarding
        worker: Worker[None] = self.run_worker(
            guarded, group=group, exclusive=True, exit_on_error=False
        )
        log.debug("working on %s", worker.group)
