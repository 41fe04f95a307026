"""A logged-in connection with a store beside it, to try actions on folders against a server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import pytest
from servers import Courier, Cyrus, Dovecot

from tui_mail.config import ServerUrl
from tui_mail.mail.folder_session import Session
from tui_mail.mail.folders import Folders
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.model import Mailbox
from tui_mail.net import login
from tui_mail.net.stream import context_for
from tui_mail.wire.sasl import LogIn
from tui_mail.wire.transcript import Direction, Transcript

_TOLD_BY_CHANCE = {"\\marked", "\\unmarked"}


PLAIN = "IMAP4rev1 SASL-IR LITERAL+ NAMESPACE"
KINDS = ("dovecot", "dovecot plain", "dovecot dots", "cyrus", "courier")
AnyServer = Dovecot | Cyrus | Courier


def started(kind: str, request: pytest.FixtureRequest) -> AnyServer:
    """The server of one of ``KINDS``."""
    name, _, variant = kind.partition(" ")
    if not variant:
        found: AnyServer = request.getfixturevalue(name)
        return found
    start: Callable[..., Dovecot] = request.getfixturevalue("start_dovecot")
    if variant == "plain":
        return start(capabilities=PLAIN)
    return start(separator=".", mail_format="maildir", capabilities="IMAP4rev1 LITERAL+")


class Server(Protocol):
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class TrySession(Session):
    """``Session`` with whose it is and what crossed the wire."""

    user: str = ""
    transcript: Transcript = field(default_factory=Transcript)

    def sent(self, after: int = 0) -> list[str]:
        """The commands since line ``after``, without tags."""
        return [
            line.text.decode().partition(" ")[2]
            for line in self.transcript.lines(after)
            if line.direction is Direction.SENT
        ]

    async def mailboxes(self) -> dict[bytes, Mailbox]:
        stored = await self.read(Store.mailboxes, self.account_id)
        return {each.mailbox.name: each.mailbox for each in stored}

    async def id(self, name: bytes) -> int:
        stored = await self.read(Store.mailbox_by_name, self.account_id, name)
        assert stored is not None, name
        return stored.id

    async def assert_as_reloaded(self) -> None:
        """The store's folders are those that loading all of them again finds."""
        store = StoreThreads(None)
        try:
            number = store.write(Store.account_id, "work", "a@b").result()
            await Folders("work", number, store, lambda event: None, {}).refresh(self.client)
            stored = store.read(Store.mailboxes, number).result()
            expected = {each.mailbox.name: _essence(each.mailbox) for each in stored}
        finally:
            store.close()
        found = {name: _essence(each) for name, each in (await self.mailboxes()).items()}
        differing = {
            name: (found.get(name), expected.get(name))
            for name in found.keys() | expected.keys()
            if found.get(name) != expected.get(name)
        }
        assert not differing, differing


def _essence(mailbox: Mailbox) -> tuple[object, ...]:
    return (
        mailbox.name,
        mailbox.delimiter,
        mailbox.path,
        {name.lower() for name in mailbox.attributes} - _TOLD_BY_CHANCE,
        mailbox.subscribed,
        mailbox.special_use,
    )


@asynccontextmanager
async def session(
    server: Server, user: str, *, read_only: bool = False
) -> AsyncIterator[TrySession]:
    """Logged in as ``user``, with the folders loaded into a store in memory."""
    url = ServerUrl.parse(f"imap+insecure://{user}@{server.host}:{server.port}", "imap")
    transcript = Transcript()
    recorder = transcript.recorder("work/1")
    client = await login.connect(url, context_for(url, None), recorder, lambda phase: None)
    store = StoreThreads(None)
    try:
        await login.authenticate(client, LogIn(user, "secret"))
        number = store.write(Store.account_id, "work", "a@b").result()
        await Folders("work", number, store, lambda event: None, {}).refresh(client)
        yield TrySession(client, store, number, read_only, user, transcript)
    finally:
        await client.close()
        store.close()
