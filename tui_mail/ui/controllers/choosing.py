"""Which messages are meant: tags, and the limit that shows only some. Changes no message."""

from __future__ import annotations

from array import array
from asyncio import wrap_future
from typing import TYPE_CHECKING

from tui_mail.mail.store.tables import END
from tui_mail.ui.cells import amount
from tui_mail.ui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from tui_mail.mail.patterns import Pattern
    from tui_mail.ui.screens.main import MainScreen

EVERYTHING = ("", "all", "~A")  # what ends a limit; mutt's "all"


class ChoosingController:
    """Patterns are mutt's, or part of a subject or sender."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self._typed: list[str] = []

    @property
    def meant(self) -> tuple[int, ...]:
        """The tagged messages, or else the one under the cursor."""
        messages = self._screen.messages
        if messages.tagged:
            return messages.tagged
        return (messages.cursor_uid,) if messages.cursor_uid else ()

    def tag_range(self) -> None:
        """From the message that was tagged last to the one under the cursor."""
        screen = self._screen
        if screen.messages.tag_range():
            screen.hints.show_notice(f"{len(screen.messages.tagged):,} tagged")
        else:
            key = screen.keymap.shown_key("message.tag", "list")
            screen.hints.show_notice(f"Tag the first message with {key}, then go to the last")

    def say_tagged(self) -> None:
        """mutt's tag-prefix, which nothing needs here: what is tagged is meant in any case."""
        count = len(self._screen.messages.tagged)
        self._screen.hints.show_notice(
            f"The next action means {amount(count, 'tagged message')}"
            if count
            else "No message is tagged: the next action means the one under the cursor"
        )

    async def tag_pattern(self, *, tag: bool = True) -> None:
        """Tag, or untag, all that match."""
        pattern = await self._ask("Tag messages matching:" if tag else "Untag messages matching:")
        if pattern is None:
            return
        found = set(await self._matching(pattern))
        messages = self._screen.messages
        tagged = set(messages.tagged)
        messages.set_tags(tagged | found if tag else tagged - found)
        count = len(messages.tagged)
        self._screen.hints.show_notice(f"{count:,} tagged" if count else "Nothing is tagged")

    async def limit(self) -> None:
        """Show only what matches, or everything again."""
        screen = self._screen
        text = await self._prompt("Limit to messages matching (all: no limit):")
        if text is None:
            return
        if text in EVERYTHING:
            screen.mailbox.set_limit(None, array("I"), "")
            screen.show_current()
            return
        pattern = self._parsed(text)
        if pattern is None:
            return
        found = await self._matching(pattern)
        if not found:
            screen.hints.show_notice(f"Nothing matches {text}")
            return
        screen.mailbox.set_limit(pattern, found, text)
        screen.show_current()

    async def _matching(self, pattern: Pattern) -> array[int]:
        service, mailbox_id = self._screen.service, self._screen.mailbox.mailbox_id
        found = array("I")
        below = END
        while below:
            matches = await wrap_future(service.matching(mailbox_id, pattern, below))
            found.extend(matches.uids)
            below = matches.below
        return found

    async def _ask(self, label: str) -> Pattern | None:
        text = await self._prompt(label)
        return self._parsed(text) if text else None

    async def _prompt(self, label: str) -> str | None:
        text = await self._screen.app.push_screen_wait(
            Prompt(label, history=self._typed, allow_empty=True)
        )
        if text and text not in self._typed:
            self._typed.append(text)
        return text

    def _parsed(self, text: str) -> Pattern | None:
        from tui_mail.mail.patterns import PatternError, parse

        try:
            return parse(text, keyword=self._screen.labels.keyword)
        except PatternError as error:
            self._screen.hints.show_notice(error.title, error=True)
            return None
