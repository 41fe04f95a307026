"""A draft on the screen: the header's fields, the text, and the files that go with it.

Holds what is typed and says when it changed. It saves, sends and looks up nothing: that is the
controller's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static, TextArea

from tui_mail.mail.compose.values import Attachment, Draft
from tui_mail.sanitize import clean
from tui_mail.ui.keymap import canonical
from tui_mail.ui.theme import style
from tui_mail.ui.widgets.compose_attachments import AttachmentList
from tui_mail.ui.widgets.compose_body import ComposeBody, plain
from tui_mail.ui.widgets.compose_header import (
    COMPLETED_FIELDS,
    FIELDS,
    LABEL_WIDTH,
    ComposeHeader,
    Judge,
)
from tui_mail.ui.widgets.compose_offers import ComposeOffers, Offer

TALL = 30  # lines of the screen from which the fields seldom used are shown unasked
OFFERS_AFTER = 0.15  # seconds of rest


class ComposePane(Vertical):
    """One draft. ``in_text`` says whether letters are text: they are but in the last lines."""

    DEFAULT_CSS = """
    ComposePane {
        layers: below above;
        border-top: solid $primary;
        border-title-color: $foreground;
        border-title-background: $background;
        border-title-style: bold;
        background: $background;
        color: $foreground;
    }
    ComposePane Static { height: 1; background: $background; color: $foreground; }
    """

    class Changed(Message):
        """The draft is another one than before; ``typed``: by a person's keys."""

        def __init__(self, pane: ComposePane, *, typed: bool = False) -> None:
            super().__init__()
            self.pane = pane
            self.typed = typed

        @property
        def control(self) -> ComposePane:
            return self.pane

    class OffersWanted(Message):
        """A person rests in an address: ``text`` of it was typed. The answer is ``offer``."""

        def __init__(self, pane: ComposePane, text: str) -> None:
            super().__init__()
            self.pane = pane
            self.text = text

    class Noticed(Message):
        """A field was left with something wrong in it."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, draft: Draft, *, judge: Judge) -> None:
        super().__init__()
        self._base = draft
        self.header = ComposeHeader(draft, judge=judge)
        self._rule = Static()
        self.body = ComposeBody(draft.body)
        self.attached = AttachmentList(draft.attachments)
        self._offers = ComposeOffers()
        self._left: Widget = self.body
        self._timer: Timer | None = None
        self._accepted: str | None = None  # the value of a field after an offer was taken

    def compose(self) -> ComposeResult:
        yield self.header
        yield self._rule
        yield self.body
        yield self.attached
        yield self._offers

    def on_resize(self) -> None:
        self._offers.close()
        self.header.lay_out(tall=self.screen.size.height >= TALL)
        self._rule.update(Text("─" * self.content_size.width, style("border")))

    # The draft

    @property
    def draft(self) -> Draft:
        """The draft as it stands on the screen."""
        base = self._base
        # What only had to be cleaned for drawing was not changed by anybody.
        changed: dict[str, Any] = {
            name: value
            for name, value in self.header.typed.items()
            if value != clean(getattr(base, name))
        }
        body = self.body.text
        if body != plain(base.body):
            changed["body"] = body
        return replace(base, **changed, attachments=self.attached.attachments)

    def take(self, draft: Draft) -> None:
        """Another state of the same draft, as an editor left it."""
        self._base = draft
        self.header.take({name: getattr(draft, name) for name in FIELDS})
        self.body.take(draft.body)
        self.attached.take(draft.attachments)
        self.post_message(self.Changed(self))

    @property
    def title(self) -> str:
        """What a list of drafts calls it."""
        return self.header.fields["subject"].value or "no subject"

    @property
    def account(self) -> str:
        """The account it is sent from."""
        return self._base.account

    def write_as(self, account: str, identity: str) -> None:
        """Another sender, who may be one of another account."""
        self._base = replace(self._base, account=account)
        self.header.take({"from_": identity})
        self.post_message(self.Changed(self))

    def attach(self, attachments: Sequence[Attachment]) -> None:
        """These files go with it, and no others."""
        self.attached.take(attachments)
        self.post_message(self.Changed(self))

    def name_it(self, name: str) -> None:
        """What stands in its frame."""
        self.border_title = Text(name)

    # Where the keys go

    @property
    def in_text(self) -> bool:
        """Whether letters are text where the focus is."""
        return self.screen.focused is not self.attached

    @property
    def stop(self) -> Widget:
        """What has the focus here, or had it last."""
        return self._left if self.in_text else self.attached

    def focus_first(self) -> None:
        """Where a person goes on writing: who it is to, what it is about, or the text."""
        self._left = self.body
        for name in ("to", "subject"):
            if not self.header.fields[name].value:
                self._left = self.header.fields[name]
                break
        self.screen.set_focus(self._left)

    def focus_commands(self) -> None:
        """To the last lines, where letters are commands; from there back into the text."""
        self.screen.set_focus(self.attached if self.in_text else self._left)

    def step(self, by: int, *, every: bool = False) -> None:
        """To the next or previous field, the text, or the files; ``every`` field there is."""
        fields = self.header.shown if every else self.header.stops
        stops: list[Widget] = [*fields, self.body, self.attached]
        focused = self.screen.focused
        place = stops.index(focused) if focused in stops else -by
        self.screen.set_focus(stops[(place + by) % len(stops)])

    @on(events.DescendantFocus)
    def _focus_came(self, event: events.DescendantFocus) -> None:
        if event.widget is not self.attached:
            self._left = event.widget

    @on(ComposeHeader.Left)
    def _field_left(self, event: ComposeHeader.Left) -> None:
        event.stop()
        self._offers.close()
        if event.problem:
            self.post_message(self.Noticed(event.problem))

    def on_key(self, event: events.Key) -> None:
        key = canonical(event.key)
        if self._key_for_offers(key) or self._key_for_field(key) or self._key_for_body(key):
            event.stop()
            event.prevent_default()

    def _key_for_offers(self, key: str) -> bool:
        offers = self._offers
        if not offers.is_open:
            return False
        if key in ("up", "down"):
            offers.step(-1 if key == "up" else 1)
        elif key in ("tab", "enter") and offers.chosen is not None:
            self._accept(offers.chosen)
        elif key in ("escape", "ctrl+g"):
            offers.close()
        else:
            return False
        return True

    def _key_for_field(self, key: str) -> bool:
        field = self.header.focused
        if field is None or key not in ("enter", "down", "up"):
            return False
        if key != "up" or field is not self.header.shown[0]:
            self.step(-1 if key == "up" else 1, every=key != "enter")
        return True

    def _key_for_body(self, key: str) -> bool:
        """Up from the very beginning of the text leads into the header."""
        if (
            key != "up"
            or self.screen.focused is not self.body
            or self.body.cursor_location != (0, 0)
        ):
            return False
        self.step(-1)
        return True

    # What was typed

    @on(ComposeHeader.Changed)
    def _field_changed(self, event: ComposeHeader.Changed) -> None:
        event.stop()
        self._offers.close()
        if self._timer is not None:
            self._timer.stop()
        # What was just chosen is not looked up again.
        field = event.field
        wanted = field.field in COMPLETED_FIELDS and field is self.header.focused
        if wanted and field.value != self._accepted:
            self._timer = self.set_timer(OFFERS_AFTER, self._want_offers)
        self.post_message(self.Changed(self, typed=True))

    @on(TextArea.Changed)
    def _body_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self, typed=True))

    # Addresses that are offered

    def _want_offers(self) -> None:
        text = self._typed_address()
        if text.strip():
            self.post_message(self.OffersWanted(self, text))

    def _typed_address(self) -> str:
        """What of an address stands before the cursor."""
        field = self.header.focused
        if field is None or field.field not in COMPLETED_FIELDS:
            return ""
        return field.value[self.header.at_cursor(field)[0] : field.cursor_position]

    def offer(self, text: str, offers: Sequence[Offer]) -> None:
        """Show what ``text`` may become, if it is still what stands before the cursor."""
        field = self.header.focused
        if field is None or self._typed_address() != text:
            return
        start, end, right = self.header.at_cursor(field)
        self._offers.open(
            [offer for offer in offers if offer.text != field.value[start:end]],
            # Who has typed a whole address means that one, whatever else there is.
            selected=not right,
            x=LABEL_WIDTH,
            y=field.region.bottom - self.content_region.y,
        )

    def _accept(self, offer: Offer) -> None:
        field = self.header.focused
        if field is not None:
            self.header.put(field, offer.text)
            self._accepted = field.value
        self._offers.close()
