"""A person who writes in the whole program: what the tests of that have in common.

The servers are the demo's: what is sent to oneself comes back through IDLE. Where a server has to
refuse something, a scripted one takes the mail.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from main_app import NARROW, NOW, SECONDS, Person, whole_app
from servers.scripted_smtp import ScriptedSmtp, Steps

from tui_mail.config import ComposeSettings, Config, ServerUrl
from tui_mail.demo.server import PASSWORD, USER
from tui_mail.demo.thread import demo_in_thread
from tui_mail.mail.compose.values import Draft, OutboxEntry, Sending
from tui_mail.ui.screens.confirm import Confirm


@asynccontextmanager
async def writing(
    *, size: tuple[int, int] = NARROW, smtp_port: int | None = None, hold: int = 0
) -> AsyncIterator[Person]:
    """Somebody at the demo, whose mail goes to the server at ``smtp_port``, if there is one."""
    with demo_in_thread(NOW) as settings:
        settings = replace(settings, compose=ComposeSettings(hold=hold))
        if smtp_port is not None:
            settings = sent_through(settings, smtp_port)
        async with whole_app(settings, size=size) as person:
            yield person


def sent_through(settings: Config, port: int) -> Config:
    smtp = ServerUrl.parse(f"smtp+insecure://{USER}@127.0.0.1:{port}", "smtp")
    return replace(settings, accounts=(replace(settings.accounts[0], smtp=smtp),))


@asynccontextmanager
async def refusing(*steps: Steps, hold: int = 0) -> AsyncIterator[tuple[Person, ScriptedSmtp]]:
    """The same with a submission server that does what ``steps`` say."""
    server = ScriptedSmtp(*steps)
    server.user, server.password = USER, PASSWORD
    async with server, writing(smtp_port=server.port, hold=hold) as person:
        yield person, server


async def begin(person: Person) -> None:
    """An empty draft."""
    await person.opens("m")
    await person.press("enter")
    await person.until(lambda: person.main.context == "compose", "the draft")


async def opened(person: Person, *keys: str) -> Draft:
    """Press keys that open a draft; what it begins with."""
    before = len(person.main.composing.drafts)
    await person.press(*keys)
    await person.until(lambda: len(person.main.composing.drafts) > before, f"a draft by {keys}")
    await person.until(lambda: person.main.context == "compose", "the focus in it")
    return draft(person)


def draft(person: Person) -> Draft:
    """The draft on the screen."""
    current = person.main.composing.current
    assert current is not None
    return current.pane.draft


async def write(person: Person, to: str, subject: str, text: str) -> None:
    await begin(person)
    await person.type(to)
    await person.press("enter", "enter")
    await person.type(subject)
    await person.press("enter")
    await person.type(text)


async def answers(person: Person, question: str, key: str) -> None:
    """Answer a yes or no question that is asked."""
    await person.until(lambda: isinstance(person.app.screen, Confirm), "a question")
    assert question in person.text()
    await person.press(key)


def entries(person: Person) -> list[OutboxEntry]:
    return person.service.writing.outbox().result(SECONDS)


async def until_sent(person: Person, state: Sending = Sending.FILED) -> OutboxEntry:
    await person.until(lambda: [each.state for each in entries(person)][:1] == [state], state.value)
    return entries(person)[0]


def subjects(person: Person) -> list[str]:
    """Of the messages in the list."""
    messages = person.main.messages
    rows = person.service.rows(person.main.mailbox.mailbox_id, list(messages.order)[:20])
    return [row.subject for row in rows.result(SECONDS)]


async def change_folder(person: Person, name: str) -> None:
    await person.opens("c")
    await person.type(name)
    await person.press("enter")
    await person.until(lambda: person.main.mailbox.name == name.encode(), name)
    await person.settled()
