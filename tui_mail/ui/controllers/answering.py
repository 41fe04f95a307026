"""How a draft begins: new, as a reply, a forward, a bounce, or taken up again.

Means the message that is read, or the one under the cursor of the list or the news. Imported when
a person first writes.
"""

from __future__ import annotations

from asyncio import wrap_future
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tui_mail.mail.compose import forwarding, replying
from tui_mail.mail.compose.addresses import parse
from tui_mail.mail.compose.mailto import MailtoFields
from tui_mail.mail.compose.original import Original
from tui_mail.mail.compose.values import Draft
from tui_mail.mail.compose.writer import Writer
from tui_mail.model import SpecialUse
from tui_mail.ui.cells import amount
from tui_mail.ui.screens.confirm import Confirm
from tui_mail.ui.widgets.picker import Choice, Picker
from tui_mail.ui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from tui_mail.mail.writing import SavedDraft
    from tui_mail.ui.screens.main import MainScreen

MAX_NAMES = 200  # characters
Reply = Callable[[Original, Writer], Draft]
REPLIES: dict[str, Reply] = {
    "message.reply": replying.reply,
    "message.reply_all": replying.reply_all,
    "message.reply_list": replying.list_reply,
}


class _Target(NamedTuple):
    """A message on its server, as the service names it."""

    account: str
    mailbox_id: int
    uid: int


async def new(screen: MainScreen) -> None:
    """An empty draft; where some were postponed, one of them if the person likes, as mutt asks."""
    account = _account(screen)
    folder = await wrap_future(screen.service.special_mailbox(account, SpecialUse.DRAFTS))
    postponed = len(await _kept(screen)) + ((folder and folder.status.messages) or 0)
    if postponed:
        what = "1 draft is" if postponed == 1 else f"{postponed:,} drafts are"
        choices = [Choice("Write a new message", new), Choice(f"{what} kept: go on", recall)]
        wanted = await screen.app.push_screen_wait(Picker("New message", choices))
        if wanted is not new:
            if wanted is not None:
                await recall(screen)
            return
    writer = await wrap_future(screen.service.writing.writer(account))
    await screen.composing.open(replying.new(writer))


async def from_link(screen: MainScreen, fields: MailtoFields) -> None:
    """The draft that a mailto: URI asks for; what it must not ask for is told."""
    writer = await wrap_future(screen.service.writing.writer(screen.settings.accounts[0].name))
    await screen.composing.open(replying.new(writer, fields))
    if fields.refused:
        names = ", ".join(fields.refused)[:MAX_NAMES]
        screen.hints.show_notice(f"The link also asked for: {names}. That was left out", error=True)


async def reply(screen: MainScreen, action: str) -> None:
    """One of ``REPLIES``."""
    target = await _target(screen)
    if target is None:
        return
    if screen.wide and screen.context == "list":
        screen.reading.open(target.uid)  # there is room for it beside its answer
    writing = screen.service.writing
    original = await wrap_future(writing.original(*target))
    draft = REPLIES[action](original, await wrap_future(writing.writer(target.account)))
    await screen.composing.open(draft, typing_at=replying.where_to_type(draft.body))


async def forward(screen: MainScreen, *, attached: bool) -> None:
    """The text in a new message, or the messages whole; tagged ones go together as attachments."""
    targets = await _targets(screen)
    if not targets:
        return
    writing = screen.service.writing
    screen.hints.show_notice("Fetching what is to be forwarded …")
    originals = [await wrap_future(writing.original(*target, whole=True)) for target in targets]
    screen.hints.clear_notice()
    writer = await wrap_future(writing.writer(targets[0].account))
    if attached or len(originals) > 1:
        await screen.composing.open(forwarding.forward_attached(originals, writer))
    else:
        await screen.composing.open(forwarding.forward_inline(originals[0], writer))


async def bounce(screen: MainScreen) -> None:
    """The message as it is, to somebody else, after a question."""
    target = await _target(screen)
    if target is None:
        return
    writing = screen.service.writing

    def complete(typed: str) -> list[str]:
        before, comma, last = typed.rpartition(",")
        begin = before + comma + (" " if comma else "")
        found = writing.complete(target.account, last.strip()).result()
        return [begin + each.text for each in found]

    label, typed = "Bounce to:", ""
    while True:
        to = await screen.app.push_screen_wait(Prompt(label, typed, complete=complete))
        if not to:
            return
        wrong = [each for each in parse(to) if each.problem]
        if not wrong:
            break
        # There is room for half a line before what was typed.
        label, typed = f"{wrong[0].problem.partition(':')[0]}; bounce to:", to
    asked = Confirm(
        f"Bounce this message to {to}?", "It is sent on as it is, in its sender's name."
    )
    if await screen.app.push_screen_wait(asked):
        with screen.outbox.handing_over():
            entry = await wrap_future(writing.bounce(*target, to))
            screen.outbox.told_sent(entry)


async def edit_as_new(screen: MainScreen) -> None:
    """The message as a draft of one's own; in the Drafts folder the draft itself."""
    target = await _target(screen)
    if target is None:
        return
    if screen.composing.in_drafts:
        await continue_draft(screen, target.uid)
    else:
        number = await wrap_future(screen.service.writing.edit_as_new(*target))
        await open_number(screen, number)


# Drafts that were begun before


async def continue_draft(screen: MainScreen, uid: int) -> None:
    """Go on with a message of the Drafts folder, which another client may have put there."""
    number = await wrap_future(
        screen.service.writing.recall(screen.account, screen.mailbox.mailbox_id, uid)
    )
    await open_number(screen, number)


async def recall(screen: MainScreen) -> None:
    """One of the open drafts, of those kept here, or the Drafts folder."""
    choices = [Choice(opened.pane.title, opened, "open") for opened in screen.composing.drafts]
    for saved in await _kept(screen):
        title = saved.draft.subject or "no subject"
        choices.append(Choice(title, saved, saved.draft.to or "to nobody yet"))
    account = _account(screen)
    folder = await wrap_future(screen.service.special_mailbox(account, SpecialUse.DRAFTS))
    if folder is not None:
        count = folder.status.messages
        detail = amount(count, "message") if count is not None else ""
        choices.append(Choice("The Drafts folder", folder, detail))
    if not choices:
        screen.hints.show_notice("There are no drafts")
        return
    chosen = choices[0].value
    if len(choices) > 1:
        chosen = await screen.app.push_screen_wait(Picker("Drafts", choices))
    if chosen is None:
        return
    if chosen is folder and folder is not None:
        screen.open_mailbox(account, folder.mailbox.name)
    elif chosen in screen.composing.drafts:
        screen.composing.show(chosen)
    else:
        await open_number(screen, chosen.number)


async def _kept(screen: MainScreen) -> list[SavedDraft]:
    """The drafts that are kept here and not open, in this program or another."""
    numbers = {opened.known_number for opened in screen.composing.drafts}
    saved = await wrap_future(screen.service.writing.drafts())
    return [each for each in saved if each.number not in numbers and not each.elsewhere]


async def open_number(screen: MainScreen, number: int) -> None:
    """Show the draft of this number, which nobody else has open."""
    draft = await wrap_future(screen.service.writing.open_draft(number))
    await screen.composing.open(draft, number)


# Which message


def _account(screen: MainScreen) -> str:
    return screen.account or screen.settings.accounts[0].name


async def _target(screen: MainScreen) -> _Target | None:
    if screen.context == "news":
        item = screen.news.current
        if item is None or item.mailbox is None or item.uid is None:
            return None
        mailboxes = await wrap_future(screen.service.mailboxes_named(item.account, (item.mailbox,)))
        return _Target(item.account, mailboxes[0].id, item.uid) if mailboxes else None
    uid = screen.reading.uid if screen.context == "viewer" else screen.messages.cursor_uid
    return _Target(screen.account, screen.mailbox.mailbox_id, uid) if uid else None


async def _targets(screen: MainScreen) -> list[_Target]:
    """The tagged messages of the list, or the one that is meant."""
    if screen.context == "list" and screen.messages.tagged:
        mailbox_id = screen.mailbox.mailbox_id
        return [_Target(screen.account, mailbox_id, uid) for uid in screen.messages.tagged]
    target = await _target(screen)
    return [target] if target is not None else []


ACTIONS: Mapping[str, Callable[[MainScreen], Coroutine[Any, Any, None]]] = {
    "message.new": new,
    **{action: partial(reply, action=action) for action in REPLIES},
    "message.forward": partial(forward, attached=False),
    "message.forward_attached": partial(forward, attached=True),
    "message.bounce": bounce,
    "message.edit": edit_as_new,
    "draft.recall": recall,
}
