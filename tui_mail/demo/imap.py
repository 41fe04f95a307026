"""pymap's in-memory server, holding our mailboxes, in this process.

All it adds to pymap is SPECIAL-USE (RFC 6154), keywords, structures as the RFC has them
(``structure``), and a start that asks neither the command line, the name service nor a slow
password hash.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config as PymapConfig
from pymap.backend.dict import Login
from pymap.backend.dict import mailbox as pymap_mailbox
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxData, MailboxSet
from pymap.concurrent import Subsystem
from pymap.config import BackendCapability
from pymap.imap import IMAPServer
from pymap.listtree import ListEntry, ListTree
from pymap.mailbox import MailboxSnapshot
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials.flag import Flag, Wildcard
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import BuiltinHash

from tui_mail import __version__
from tui_mail.demo.structure import SampleMessage
from tui_mail.model import SpecialUse


class _Mailbox(MailboxData):
    """One that keeps any keyword (RFC 9051, 7.1: ``\\*`` in PERMANENTFLAGS)."""

    @property
    def permanent_flags(self) -> frozenset[Flag]:
        return super().permanent_flags | {Wildcard}


class _Snapshot(MailboxSnapshot):
    @property
    def flags(self) -> frozenset[Flag]:
        return super().flags - {Wildcard}


# pymap names its classes in the middle of methods and has no other place to give it ours.
pymap_mailbox.LoadedMessage = SampleMessage  # type: ignore[misc, assignment]
pymap_mailbox.MailboxData = _Mailbox  # type: ignore[misc]
pymap_mailbox.MailboxSnapshot = _Snapshot  # type: ignore[attr-defined]

log = logging.getLogger(__name__)


class ImapServer:
    """One user's mailboxes, served on a listening socket it is given."""

    def __init__(
        self, user: str, password: str, special_use: Mapping[str, SpecialUse], uid_validity: int
    ) -> None:
        self._user = user
        self._password = password
        self._uid_validity = uid_validity
        self._config = _Config(
            Namespace(passlib_cfg=None, proxy_protocol=None),
            host=None,
            port=0,
            demo_data=False,
            demo_user=user,
            demo_password=password,
            tls_enabled=False,
            bad_command_limit=None,
            hash_context=BuiltinHash(rounds=1),
            cpu_subsystem=Subsystem.for_asyncio(),
        )
        self._config.apply_context()
        self._mailboxes = _Mailboxes(special_use)
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def create(self, name: str, *, subscribed: bool = True) -> None:
        """Make a mailbox; INBOX is there from the start."""
        await self._mailboxes.add_mailbox(name)
        await self._mailboxes.set_subscribed(name, subscribed)

    async def append(
        self, name: str, message: bytes, when: datetime, flags: Iterable[str] = ()
    ) -> None:
        """Put a message into a mailbox; who has it selected hears of it.

        ``when`` has a time zone. Raises KeyError for an unknown mailbox.
        """
        mailbox = await self._mailboxes.get_mailbox(name)
        kept = frozenset(Flag(flag.encode("ascii")) for flag in flags)
        await mailbox.append(AppendMessage(message, when, kept), recent=not kept)

    async def start(self, listener: socket.socket) -> None:
        """Serve on ``listener`` until ``stop``."""
        names = [entry.name for entry in (await self._mailboxes.list_mailboxes()).list()]
        for number, name in enumerate(names):
            if name == "INBOX" or name in self._mailboxes.names:
                # pymap's are random, and so would be every picture of the wire.
                mailbox = await self._mailboxes.get_mailbox(name)
                mailbox._uid_validity = self._uid_validity + number
        login = Login(self._config)
        password = await Passwords(self._config).hash_password(self._password)
        await login.demo_user_identity.set(
            UserMetadata(self._config, self._user, password=password)
        )
        self._config.set_cache[self._user] = (self._mailboxes, FilterSet())
        server = IMAPServer(login, self._config)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._connections.add(task)
            try:
                await server(reader, writer, SocketInfo.get(writer, None))
            except Exception:
                log.exception("the demo's IMAP server failed")
            finally:
                self._connections.discard(task)
                writer.close()

        self._server = await asyncio.start_server(serve, sock=listener)

    async def stop(self) -> None:
        """Close the listener and every connection."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Config(PymapConfig):
    @property
    def backend_capability(self) -> BackendCapability:
        return BackendCapability(
            idle=True, object_id=True, multi_append=True, custom=[b"SPECIAL-USE"]
        )

    @property
    def greeting(self) -> bytes:
        # pymap asks the name service here, which may take seconds.
        return b"tui-mail's demo is ready."

    @property
    def id_response(self) -> Mapping[bytes, bytes]:
        return {b"name": b"tui-mail demo (pymap)", b"version": __version__.encode("ascii")}


class _Mailboxes(MailboxSet):
    def __init__(self, special_use: Mapping[str, SpecialUse]) -> None:
        super().__init__()
        self._special_use = special_use

    @property
    def names(self) -> set[str]:
        return set(self._set)

    async def list_mailboxes(self) -> ListTree:
        return _Tree(self.delimiter, self._special_use).update("INBOX", *self._set)


class _Tree(ListTree):
    def __init__(self, delimiter: str, special_use: Mapping[str, SpecialUse]) -> None:
        super().__init__(delimiter)
        self._special_use = special_use

    def list(self) -> Iterator[ListEntry]:
        for entry in super().list():
            use = self._special_use.get(entry.name)
            yield _Entry(
                entry.name,
                entry.exists,
                entry.marked,
                entry.has_children,
                use and use.value.removeprefix("\\").encode("ascii"),
            )


@dataclass(frozen=True)
class _Entry(ListEntry):
    special_use: bytes | None

    @property
    def attributes(self) -> Sequence[bytes]:
        mark = [self.special_use] if self.special_use else []
        return [*super().attributes, *mark]
