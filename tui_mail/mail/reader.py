"""One message: which parts to fetch, and no others.

The header and the one text part that is shown come from the store, or in one command from the
server; attachments stay there until somebody asks. Never sets ``\\Seen``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tui_mail.errors import CommandRefused, ConnectionFailed
from tui_mail.mail.account import Account
from tui_mail.mail.parts import choose_text
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.mail.sync import MailboxSync
from tui_mail.model import BodyPart
from tui_mail.wire import commands
from tui_mail.wire.parser import parse_body_structure
from tui_mail.wire.responses import Fetch, Response
from tui_mail.wire.sequence_set import SequenceSet

HEADER_LIMIT = 256 * 1024  # octets
TEXT_LIMIT = 512 * 1024  # octets of one text part fetched at first
RAW_LIMIT = 2 * 1024 * 1024  # octets of source shown
AHEAD_LIMIT = 128 * 1024  # a neighbor whose text is longer is not fetched ahead

# Where the structure cannot be read, the whole body is shown as text (BODY[TEXT]).
UNREADABLE = BodyPart(section="TEXT", type="text", subtype="plain", encoding="8bit")


@dataclass(frozen=True, slots=True)
class Message:
    """What the viewer shows of a message, or of a message/rfc822 inside one.

    ``root`` is the node whose header is shown; ``part`` the text chosen, None when there is no
    text at all; ``alternatives`` the other texts to choose from. ``complete`` is False when
    ``data`` is only the beginning.
    """

    mailbox_id: int
    uid: int
    structure: BodyPart
    root: BodyPart
    header: bytes
    part: BodyPart | None
    alternatives: tuple[BodyPart, ...]
    data: bytes
    complete: bool
    note: str = ""


class Reader:
    """Opens messages of one account."""

    def __init__(self, account: Account, store: StoreThreads) -> None:
        self._account = account
        self._store = store

    async def open(
        self,
        mailbox_id: int,
        uid: int,
        *,
        root: str | None = None,
        section: str | None = None,
        prefer_html: bool = False,
        whole: bool = False,
        origin: str = "open message",
    ) -> Message:
        """The message, with the text of ``section`` or else the best one.

        ``root`` is the section of a message/rfc822 to look into; ``whole`` fetches more than
        the beginning of a very long text. Raises ``ConnectionFailed``, ``CommandRefused``,
        ``Cancelled``.
        """
        structure, note = await self._structure(mailbox_id, uid, origin)
        node = _node(structure, root) or structure
        inner = node.children[0] if root and node.children else node
        choice = choose_text(inner, prefer_html=prefer_html)
        part = (_node(structure, section) if section else None) or choice.part
        header_section = f"{node.section}.HEADER" if root else "HEADER"
        limit = RAW_LIMIT if whole else TEXT_LIMIT
        wanted = [(header_section, HEADER_LIMIT)]
        if part is not None:
            wanted.append((part.section, limit))
        bodies = await self._bodies(mailbox_id, uid, wanted, origin)
        data, complete = bodies[part.section] if part is not None else (b"", True)
        header, _ = bodies[header_section]
        return Message(
            mailbox_id=mailbox_id,
            uid=uid,
            structure=structure,
            root=node,
            header=header,
            part=part,
            alternatives=choice.alternatives,
            data=data,
            complete=complete,
            note=note,
        )

    async def source(self, mailbox_id: int, uid: int) -> tuple[bytes, bool]:
        """The raw message (BODY[]), at most ``RAW_LIMIT`` octets, and whether that is all."""
        bodies = await self._bodies(mailbox_id, uid, [("", RAW_LIMIT)], "show source")
        return bodies[""]

    async def fetch_ahead(self, mailbox_id: int, uids: Sequence[int]) -> None:
        """Have the texts of these messages in the store before they are asked for."""
        sync = await self._account.selected(mailbox_id)
        unknown = [uid for uid in uids if not await self._stored_structure(mailbox_id, uid)]
        if unknown:
            await sync.client.quiet()
            await sync.fetch_structures(unknown)
        for uid in uids:
            structure = await self._stored_structure(mailbox_id, uid)
            if structure is None:
                continue
            part = choose_text(structure).part
            wanted = [("HEADER", HEADER_LIMIT)]
            if part is not None and part.size <= AHEAD_LIMIT:
                wanted.append((part.section, TEXT_LIMIT))
            await sync.client.quiet()
            await self._bodies(mailbox_id, uid, wanted, "fetch ahead")

    async def _structure(self, mailbox_id: int, uid: int, origin: str) -> tuple[BodyPart, str]:
        stored = await self._stored_structure(mailbox_id, uid)
        if stored is not None:
            return stored, ""
        sync = await self._account.selected(mailbox_id)
        header = f"BODY.PEEK[HEADER]<0.{HEADER_LIMIT}>"
        await self._fetch(sync, uid, ("BODYSTRUCTURE", header), origin)
        stored = await self._stored_structure(mailbox_id, uid)
        if stored is not None:
            return stored, ""
        return UNREADABLE, "The server's description of this message cannot be read; as plain text:"

    async def _stored_structure(self, mailbox_id: int, uid: int) -> BodyPart | None:
        raw = await asyncio.wrap_future(self._store.read(Store.structure, mailbox_id, uid))
        return parse_body_structure(raw) if raw else None

    async def _bodies(
        self, mailbox_id: int, uid: int, wanted: Sequence[tuple[str, int]], origin: str
    ) -> dict[str, tuple[bytes, bool]]:
        """Sections from the store, those it lacks from the server, all in one command."""
        found, lacking = await self._stored_bodies(mailbox_id, uid, wanted)
        if lacking:
            sync = await self._account.selected(mailbox_id)
            items = tuple(f"BODY.PEEK[{section}]<0.{limit}>" for section, limit in lacking)
            await self._fetch(sync, uid, items, origin, dict(lacking))
            more, still = await self._stored_bodies(mailbox_id, uid, lacking)
            found.update(more)
            for section, _ in still:
                found[section] = (b"", True)  # NIL: the server has no such part
        return found

    async def _stored_bodies(
        self, mailbox_id: int, uid: int, wanted: Sequence[tuple[str, int]]
    ) -> tuple[dict[str, tuple[bytes, bool]], list[tuple[str, int]]]:
        found: dict[str, tuple[bytes, bool]] = {}
        lacking = []
        for section, limit in wanted:
            stored = await asyncio.wrap_future(
                self._store.read(Store.body, mailbox_id, uid, section)
            )
            if stored is not None and (stored.complete or len(stored.data) >= limit):
                found[section] = (stored.data, stored.complete)
            else:
                lacking.append((section, limit))
        return found, lacking

    async def _fetch(
        self,
        sync: MailboxSync,
        uid: int,
        items: tuple[str, ...],
        origin: str,
        limits: dict[str, int] | None = None,
    ) -> None:
        fetched: list[Fetch] = []

        def gather(response: Response) -> None:
            if isinstance(response, Fetch) and response.uid == uid:
                fetched.append(response)

        command = commands.fetch(SequenceSet.from_numbers([uid]), ("UID", *items))
        await sync.client.run(command, origin=origin, on_data=gather)
        if not fetched and not sync.client.malformed:
            raise CommandRefused(
                "This message is no longer on the server",
                advice="It was deleted or moved by another client.",
            )
        for response in fetched:
            await sync.keep_structure(response)
            for name, data in response.sections:
                section = name.partition("<")[0]
                if data is None:
                    continue
                limit = (limits or {}).get(section, HEADER_LIMIT)
                await asyncio.wrap_future(
                    self._store.write(
                        Store.put_body, sync.id, uid, section, data, len(data) < limit
                    )
                )


def _node(structure: BodyPart, section: str | None) -> BodyPart | None:
    if section is None:
        return None
    return next((part for part in structure.walk() if part.section == section), None)


async def piece(
    sync: MailboxSync, uid: int, section: str, begin: int, length: int, origin: str
) -> bytes:
    """Octets of a section (RFC 9051, 6.4.5: partial FETCH); short or empty at its end.

    Raises as ``ImapClient.run``, and ``ConnectionFailed`` when the server sends no data.
    """
    got: list[bytes] = []

    def gather(response: Response) -> None:
        if isinstance(response, Fetch) and response.uid == uid:
            got.extend(data for _, data in response.sections if data is not None)

    item = f"BODY.PEEK[{section}]<{begin}.{length}>"
    command = commands.fetch(SequenceSet.from_numbers([uid]), ("UID", item))
    await sync.client.run(command, origin=origin, on_data=gather)
    if not got:
        raise ConnectionFailed("The server sent no data for this part")
    return got[0]
