"""What is being sent: told as it goes, counted in the status bar, taken back while it can be.

Hears the mail service's events. The screen that lists the outbox is imported when it is opened.
"""

from __future__ import annotations

import time
from asyncio import wrap_future
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tui_mail.errors import MailError
from tui_mail.mail.compose.values import OutboxEntry, Sending
from tui_mail.ui.screens.confirm import Confirm
from tui_mail.ui.screens.error import ErrorScreen
from tui_mail.ui.widgets.picker import Choice, Picker

if TYPE_CHECKING:
    from tui_mail.ui.screens.main import MainScreen
    from tui_mail.ui.screens.outbox import OutboxScreen

UNSENT = frozenset(
    {Sending.HELD, Sending.QUEUED, Sending.SENDING, Sending.FAILED, Sending.UNCERTAIN}
    | {Sending.PARTLY_REFUSED}
)
# A person has to decide what becomes of these.
STUCK = frozenset({Sending.FAILED, Sending.UNCERTAIN, Sending.PARTLY_REFUSED})
# What dropping an entry means, where that is not what one thinks.
_DROPPED = {
    Sending.UNCERTAIN: "Nobody knows whether it was sent.",
    Sending.ACCEPTED: "It was sent, and is not filed in Sent then.",
}
CAN_BE_CALLED_BACK = frozenset(
    {Sending.HELD, Sending.QUEUED, Sending.FAILED, Sending.PARTLY_REFUSED}
)


class OutboxController:
    """``entries`` are those the service told of, the newest first."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self.entries: dict[int, OutboxEntry] = {}
        self._shown: OutboxScreen | None = None
        self._handing_over = 0
        self._untold: dict[int, OutboxEntry] = {}
        self.table: dict[str, Callable[[], object]] = {
            "outbox.show": lambda: screen.run(self.show()),
            "app.quit": lambda: screen.run(self.leave()),
            "outbox.call_back": lambda: screen.run(self.call_back()),
        }

    async def start(self) -> None:
        """Learn what is in the outbox from before."""
        for entry in await wrap_future(self._screen.service.writing.outbox()):
            self.entries.setdefault(entry.id, entry)
        self._show_counts()

    async def leave(self) -> None:
        """Leave the program, after a question where something is still to be sent."""
        app, writing = self._screen.app, self._screen.service.writing
        await self._screen.leaving.leave()
        count = writing.unsent()
        if not count:
            await self._exit()
            return
        what = "1 message is" if count == 1 else f"{count:,} messages are"
        choices = [
            Choice("Send now, and leave then", "send"),
            Choice(f"Leave: {self._if_left()}", "leave"),
            Choice("Stay", None),
        ]
        wanted = await app.push_screen_wait(Picker(f"{what} not sent yet", choices))
        if wanted == "send":
            self._screen.hints.show_notice("Sending …")
            await wrap_future(writing.send_now())
        if wanted is not None:
            await self._exit()

    def _if_left(self) -> str:
        """What becomes of messages when the program ends now."""
        if any(entry.state is Sending.SENDING for entry in self.entries.values()):
            # Cut in the middle, nobody knows whether the server has it.
            return "what is on its way is cut off, and may be sent or not"
        return "sent at the next start"

    async def _exit(self) -> None:
        for doing in self._screen.composing.put_all_away():
            await wrap_future(doing)
        self._screen.app.exit(0)

    # Told

    @contextmanager
    def handing_over(self) -> Iterator[None]:
        """What becomes of messages is told when this is over, in place of "Sending".

        A server may refuse one before its draft is off the screen.
        """
        self._handing_over += 1
        try:
            yield
        finally:
            self._handing_over -= 1
            if not self._handing_over:
                untold, self._untold = self._untold, {}
                for entry in untold.values():
                    self._tell(entry)

    def told_sent(self, entry: OutboxEntry) -> None:
        """A person has sent this; it may have gone on meanwhile."""
        self._take(self.entries.get(entry.id, entry))
        screen = self._screen
        key = screen.keymap.shown_key("outbox.call_back", "list")
        wait = entry.due - time.time() if entry.due is not None else 0.0
        when = f"in {max(1, round(wait))} s; {key} calls it back" if wait > 0.5 else "now"
        screen.hints.show_notice(f"Sending {when}")

    def changed(self, entry: OutboxEntry | None) -> None:
        """The service says how it stands with one of them, or that the list is another."""
        if entry is None:
            self._screen.run(self._read_again())
            return
        before = self.entries.get(entry.id)
        self._take(entry)
        if before is None or before.state is not entry.state or before.tries != entry.tries:
            if self._handing_over:
                self._untold[entry.id] = entry
            else:
                self._tell(entry)

    async def _read_again(self) -> None:
        entries = await wrap_future(self._screen.service.writing.outbox())
        self.entries = {entry.id: entry for entry in entries}
        self._show_counts()

    def _take(self, entry: OutboxEntry) -> None:
        self.entries[entry.id] = entry
        self._show_counts()

    def _show_counts(self) -> None:
        unsent = [entry for entry in self.entries.values() if entry.state in UNSENT]
        stuck = sum(entry.state in STUCK for entry in unsent)
        text = f"{len(unsent):,} to send" if unsent else ""
        if stuck:
            text = f"{stuck:,} not sent: {self._screen.keymap.shown_key('outbox.show', 'list')}"
        self._screen.status.change(outbox=text)
        if self._shown is not None:
            self._shown.take(self.newest_first)

    @property
    def newest_first(self) -> list[OutboxEntry]:
        return sorted(self.entries.values(), key=lambda entry: -entry.id)

    def _tell(self, entry: OutboxEntry) -> None:
        hints, about = self._screen.hints, entry.subject or "no subject"
        match entry.state:
            case Sending.ACCEPTED:
                hints.show_notice(f"Sent: {about} ({entry.reply})")
            case Sending.QUEUED if entry.tries and entry.due is not None:
                again = time.strftime("%H:%M", time.localtime(entry.due))
                why = entry.reply or entry.explanation.partition("\n")[0]
                hints.show_notice(f"Not sent yet, again at {again}: {about} ({why})", error=True)
            case Sending.FAILED:
                self._screen.run(self._told_failure(entry))
            case Sending.UNCERTAIN | Sending.PARTLY_REFUSED:
                self._screen.run(self._told_doubt(entry))
            case _:
                pass

    @property
    def _busy(self) -> bool:
        """Whether a person writes, or answers something: no other box may open then."""
        return self._screen.composing.context is not None or len(self._screen.app.screen_stack) > 1

    async def _told_failure(self, entry: OutboxEntry) -> None:
        """Refused for good: the draft is back on the screen, with the server's line."""
        screen = self._screen
        error = failure(entry)
        if self._busy:
            # Somebody who types must not type into a box that opens meanwhile.
            key = screen.keymap.shown_key("outbox.show", "list")
            why = entry.reply or entry.explanation.partition("\n")[0]
            screen.hints.show_notice(f"{error.title} ({why}); {key}: outbox", error=True)
            return
        if entry.draft is not None:  # a bounce has none and stays where it is
            await self._back_to_draft(entry)
        screen.hints.clear_notice()  # it said that this is being sent
        screen.app.push_screen(ErrorScreen(error, account=entry.account, retry=False))

    async def _back_to_draft(self, entry: OutboxEntry) -> None:
        from tui_mail.ui.controllers.answering import open_number

        number = await wrap_future(self._screen.service.writing.call_back(entry.id))
        self._forget(entry)
        if number:  # a bounce had no draft
            await open_number(self._screen, number)

    def _forget(self, entry: OutboxEntry) -> None:
        self.entries.pop(entry.id, None)
        self._show_counts()

    async def _told_doubt(self, entry: OutboxEntry) -> None:
        """Only the person can say what is to become of it: the outbox offers what there is."""
        screen = self._screen
        key = screen.keymap.shown_key("outbox.show", "list")
        screen.hints.show_notice(f"{failure(entry).title}; {key}: outbox", error=True)
        screen.app.bell()
        if entry.state is not Sending.PARTLY_REFUSED or self._busy:
            return
        others = len(entry.recipients) - len(entry.refused)
        choices = [
            Choice("Correct it: back to the draft", "outbox.edit"),
            Choice(
                f"Send it to the {others:,} others" if others > 1 else "Send it to the other one",
                "outbox.others",
            ),
            Choice("Later: it stays in the outbox", None),
        ]
        wanted = await screen.app.push_screen_wait(Picker(_refused(entry), choices))
        if wanted is not None:
            await self._do(wanted, entry)

    # What a person does

    async def call_back(self) -> None:
        """The message sent last, if it has not gone yet: back to a draft."""
        for entry in self.newest_first:
            if entry.state in CAN_BE_CALLED_BACK:
                await self._back_to_draft(entry)
                self._screen.hints.show_notice("Called back: it was not sent")
                return
        self._screen.hints.show_notice("There is nothing that could be called back")

    async def show(self) -> None:
        """The list of what is being sent and what was."""
        from tui_mail.ui.screens.outbox import OutboxScreen

        await self._read_again()
        self._shown = shown = OutboxScreen(self.newest_first, self._screen.keymap)
        try:
            wanted = await self._screen.app.push_screen_wait(shown)
        finally:
            self._shown = None
        if wanted is not None:
            await self._do(*wanted)

    async def _do(self, action: str, entry: OutboxEntry) -> None:
        screen, writing = self._screen, self._screen.service.writing
        match action:
            case "outbox.edit":
                if await self._may_arrive_twice(entry, "Edit it, to send it again?"):
                    await self._back_to_draft(entry)
            case "outbox.retry":
                if await self._may_arrive_twice(entry, "Send it again?"):
                    await wrap_future(writing.retry(entry.id))
            case "outbox.others":
                await wrap_future(writing.send_to_the_others(entry.id))
            case "outbox.sent":
                await wrap_future(writing.mark_sent(entry.id))
            case "outbox.drop":
                what = _DROPPED.get(entry.state, "It was not sent, and is thrown away.")
                if await self._sure(f"Drop this entry? {what}", entry.subject):
                    await wrap_future(writing.drop(entry.id))
                    await self._read_again()
            case "outbox.wire":
                screen.show_wire(True)

    async def _may_arrive_twice(self, entry: OutboxEntry, question: str) -> bool:
        """Whether a person wants that, of a message that may have been sent."""
        return entry.state is not Sending.UNCERTAIN or await self._sure(
            question, "The server may have it already: it may arrive twice."
        )

    async def _sure(self, question: str, detail: str) -> bool:
        asked = Confirm(question, detail)
        return await self._screen.app.push_screen_wait(asked)


def _refused(entry: OutboxEntry) -> str:
    return f"the server refused {', '.join(each.address for each in entry.refused)}"


def failure(entry: OutboxEntry) -> MailError:
    """What an entry that needs a person has come to, in words."""
    about = entry.subject or "the message without a subject"
    match entry.state:
        case Sending.PARTLY_REFUSED:
            title = f"Not sent: {about}: {_refused(entry)}"
        case Sending.UNCERTAIN:
            title = f"Nobody knows whether this was sent: {about}"
        case _:
            title = f"Not sent: {about}"
    return MailError(title, server_line=entry.reply, advice=entry.explanation)
