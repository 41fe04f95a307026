"""A mail service that writes, and what its servers really hold: for tests that compare the two."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from email import message_from_bytes
from types import TracebackType
from typing import Any, TypeVar

from running_service import RunningService, account
from servers import RawImap
from servers.scripted_smtp import ScriptedSmtp

from tui_mail.config import Account, ComposeSettings, ServerUrl
from tui_mail.mail import events
from tui_mail.mail.compose.values import Draft, OutboxEntry, Sending
from tui_mail.mail.service import MailService
from tui_mail.model import Phase

ANNA = "Anna <anna@example.org>"
_LITERAL = re.compile(rb"\{(\d+)\}\r\n")
_FLAGS = re.compile(rb"FLAGS \(([^)]*)\)")

Result = TypeVar("Result")


def draft(number: int = 1, to: str = "bert@example.org", **more: Any) -> Draft:
    return Draft("work", ANNA, to=to, subject=f"message {number}", body="Hello\n", **more)


def submission_url(server: ScriptedSmtp) -> ServerUrl:
    return ServerUrl.parse(f"smtp+insecure://anna@{server.host}:{server.port}", "smtp")


class WritingService:
    """``async with WritingService(imap_url, smtp_url) as post:``, on a thread of its own.

    ``in_memory=False`` keeps the store in the state folder, for another one to find it.
    """

    def __init__(
        self,
        imap: str,
        smtp: ServerUrl | None,
        *,
        in_memory: bool = True,
        online: bool = True,
        read_only: bool = False,
        compose: ComposeSettings = ComposeSettings(),  # noqa: B008
        **options: Any,
    ) -> None:
        self.settings: Account = account(imap, smtp=smtp, **options)
        self.running = RunningService(
            self.settings, demo=in_memory, read_only=read_only, compose=compose
        )
        self._online = online

    @property
    def service(self) -> MailService:
        return self.running.service

    async def __aenter__(self) -> WritingService:
        self.running.__enter__()
        if self._online:
            await self.heard(events.PhaseChanged, lambda event: event.phase is Phase.ONLINE)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.service.stop)

    async def heard(
        self, kind: type[Any], condition: Callable[[Any], bool] = lambda event: True
    ) -> Any:
        return await asyncio.to_thread(self.running.wait_for, kind, condition)

    async def heard_more(self, kind: type[Any]) -> Any:
        """The next event of this kind."""
        after = len(self.running.events)
        return await asyncio.to_thread(self.running.wait_for, kind, after=after)

    async def call(self, future: Future[Result]) -> Result:
        async with asyncio.timeout(20):
            return await asyncio.wrap_future(future)

    async def put(self, written: Draft, hold: float = 0.0) -> OutboxEntry:
        """Into the outbox."""
        number = await self.call(self.service.writing.new_draft(written))
        return await self.call(self.service.writing.send(number, hold=hold))

    async def until(self, number: int, *states: Sending) -> OutboxEntry:
        """How a message of the outbox stands once it is in one of these states."""
        found: events.OutboxChanged = await self.heard(
            events.OutboxChanged,
            lambda event: (
                event.entry is not None and event.entry.id == number and event.entry.state in states
            ),
        )
        assert found.entry is not None
        return found.entry

    async def send(self, written: Draft) -> OutboxEntry:
        """Send it and wait until it is done with, in whatever way."""
        entry = await self.put(written)
        return await self.until(entry.id, *FINAL)

    async def outbox(self) -> dict[int, OutboxEntry]:
        return {each.id: each for each in await self.call(self.service.writing.outbox())}


async def eventually(told: Callable[[], Awaitable[Result]], expected: Result) -> None:
    """Ask until that is the answer; the last one is in the error."""
    deadline = asyncio.get_running_loop().time() + 20
    while (answer := await told()) != expected:
        assert asyncio.get_running_loop().time() < deadline, answer
        await asyncio.sleep(0.02)


FINAL = (Sending.FILED, Sending.FAILED, Sending.UNCERTAIN, Sending.PARTLY_REFUSED)


def message_ids(messages: list[bytes]) -> Counter[str]:
    return Counter(str(message_from_bytes(each)["Message-ID"]) for each in messages)


def stored(raw: RawImap, mailbox: str) -> list[tuple[frozenset[str], bytes]]:
    """(Flags, octets) of each message of a mailbox; none where there is no such mailbox."""
    if not any(line.startswith(b"* LIST") for line in raw.command(f'LIST "" "{mailbox}"')):
        return []
    raw.command(f'EXAMINE "{mailbox}"')
    found = []
    for line in raw.command("UID FETCH 1:* (FLAGS BODY.PEEK[])"):
        flags, literal = _FLAGS.search(line), _LITERAL.search(line)
        if flags and literal:
            data = line[literal.end() : literal.end() + int(literal[1])]
            names = frozenset(flags[1].decode().split()) - {"\\Recent"}
            found.append((names, data))
    return found


def filed(raw: RawImap, mailbox: str = "Sent") -> Counter[str]:
    """Message-IDs of a mailbox, and how often each is there."""
    return message_ids([data for _, data in stored(raw, mailbox)])
