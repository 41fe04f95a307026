"""One message: which parts to fetch, and no others.

The header and the one text part that is shown come from the store, or in one command from the
server; attachments stay there until somebody asks. Never sets ``\\Seen``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tui_mail.errors import CommandRefused, ConnectionFailed, MailError, ProtocolError
from tui_mail.mail.account import Account
from tui_mail.mail.gathering import Sections
from tui_mail.mail.parts import Choice, choose_text
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.model import BodyPart
from tui_mail.wire import commands
from tui_mail.wire.parser import parse_body_structure
from tui_mail.wire.sequence_set import SequenceSet

HEADER_LIMIT = 256 * 1024  # octets
TEXT_LIMIT = 512 * 1024  # octets of one text part fetched at first
RAW_LIMIT = 2 * 1024 * 1024  # octets of source shown
EXPUNGED = "EXPUNGEISSUED"  # RFC 5530, 3
FURTHER_LIMIT = 64 * 1024  # octets of a text shown below the first
FURTHER_MOST = 8
AHEAD_LIMIT = 128 * 1024  # a neighbor whose text is longer is not fetched ahead

_UNREADABLE_STRUCTURE = "The server's description of this message cannot be read; as plain text:"
_UNREADABLE_BODY = "The server's answer with this text could not be read: see the wire pane."

Result = TypeVar("Result")
log = logging.getLogger(__name__)

# Where the structure cannot be read, the whole body is shown as text (BODY[TEXT]).
UNREADABLE = BodyPart(section="TEXT", type="text", subtype="plain", encoding="8bit")


@dataclass(frozen=True, slots=True)
class Message:
    """What the viewer shows of a message, or of a message/rfc822 inside one.

    ``root`` is the node whose header is shown; ``part`` the text chosen, None when there is no
    text at all; ``alternatives`` the other texts to choose from. ``complete`` is False when
    ``data`` is only the beginning. ``further`` are the texts that follow it in the message, each
    with its octets and whether those are all. ``whole`` says that no more will be fetched.
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
    further: tuple[tuple[BodyPart, bytes, bool], ...] = ()
    whole: bool = False


def _further(choice: Choice) -> tuple[BodyPart, ...]:
    """The texts that follow inline: a list's footer, what was written below a picture."""
    return tuple(part for part in choice.further if part.size <= FURTHER_LIMIT)[:FURTHER_MOST]


class Reader:
    """Opens messages of one account.

    What a person waits for is asked for once more when the connection is lost under it and comes
    back in time.
    """

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

        async def work() -> Message:
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
            # What hangs below one form of the text hangs below the others too.
            below = _further(choice) if part in choice.alternatives else ()
            further = tuple(each for each in below if each is not part)
            wanted += [(each.section, TEXT_LIMIT) for each in further]
            bodies = await self._bodies(mailbox_id, uid, wanted, origin)
            data, complete = bodies.get(part.section, (b"", True)) if part else (b"", True)
            if len(bodies) < len(wanted):
                note = note or _UNREADABLE_BODY
            return Message(
                mailbox_id=mailbox_id,
                uid=uid,
                structure=structure,
                root=node,
                header=bodies.get(header_section, (b"", True))[0],
                part=part,
                alternatives=choice.alternatives,
                data=data,
                complete=complete,
                note=note,
                whole=whole,
                further=tuple(
                    (each, *bodies[each.section]) for each in further if each.section in bodies
                ),
            )

        return await self._patiently(mailbox_id, work)

    async def source(self, mailbox_id: int, uid: int) -> tuple[bytes, bool]:
        """The raw message (BODY[]), at most ``RAW_LIMIT`` octets, and whether that is all.

        Raises as ``open``, and ``ProtocolError`` when the server's answer makes no sense.
        """

        async def work() -> tuple[bytes, bool]:
            bodies = await self._bodies(mailbox_id, uid, [("", RAW_LIMIT)], "show source")
            if "" not in bodies:
                raise ProtocolError(_UNREADABLE_BODY)
            return bodies[""]

        return await self._patiently(mailbox_id, work)

    async def _patiently(self, mailbox_id: int, work: Callable[[], Awaitable[Result]]) -> Result:
        was_connected = self._account.connected
        try:
            return await work()
        except ConnectionFailed:
            if not was_connected:
                raise
        await self._account.selected(mailbox_id, patient=True)
        return await work()

    async def fetch_ahead(self, mailbox_id: int, uids: Sequence[int]) -> None:
        """Have the texts of these messages in the store before they are asked for.

        Raises nothing: who opens one of them hears what is wrong with it.
        """
        try:
            await self._fetch_structures_ahead(mailbox_id, uids)
            for uid in uids:
                structure = await self._stored_structure(mailbox_id, uid)
                if structure is not None:
                    await self._fetch_text_ahead(mailbox_id, uid, structure)
        except MailError as error:
            log.info("nothing fetched ahead: %s", error.title)

    async def _fetch_structures_ahead(self, mailbox_id: int, uids: Sequence[int]) -> None:
        unknown = [uid for uid in uids if not await self._stored_structure(mailbox_id, uid)]
        if unknown:
            sync = await self._account.selected(mailbox_id)
            await sync.client.quiet()
            await sync.fetch_structures(unknown)

    async def _fetch_text_ahead(self, mailbox_id: int, uid: int, structure: BodyPart) -> None:
        choice = choose_text(structure)
        part = choice.part
        wanted = [("HEADER", HEADER_LIMIT)]
        wanted += [(each.section, TEXT_LIMIT) for each in _further(choice)]
        if part is not None and part.size <= AHEAD_LIMIT:
            wanted.append((part.section, TEXT_LIMIT))
        _, lacking = await self._stored_bodies(mailbox_id, uid, wanted)
        if lacking:
            sync = await self._account.selected(mailbox_id)
            await sync.client.quiet()
            await self._bodies(mailbox_id, uid, lacking, "fetch ahead")

    async def _structure(self, mailbox_id: int, uid: int, origin: str) -> tuple[BodyPart, str]:
        stored = await self._stored_structure(mailbox_id, uid)
        if stored is not None:
            return stored, ""
        items = ("BODYSTRUCTURE", f"BODY.PEEK[HEADER]<0.{HEADER_LIMIT}>")
        try:
            told = await self._fetch(mailbox_id, uid, items, {"HEADER": HEADER_LIMIT}, origin)
        except CommandRefused as error:
            if error.code == EXPUNGED:
                raise
            # A server that cannot parse the message may still hand out its text.
            return UNREADABLE, _UNREADABLE_STRUCTURE
        if told.structure is None or told.structure.body_structure is None:
            return UNREADABLE, _UNREADABLE_STRUCTURE
        return told.structure.body_structure, ""

    async def _stored_structure(self, mailbox_id: int, uid: int) -> BodyPart | None:
        raw = await asyncio.wrap_future(self._store.read(Store.structure, mailbox_id, uid))
        try:
            return parse_body_structure(raw) if raw else None
        except ValueError:
            return None

    async def _bodies(
        self, mailbox_id: int, uid: int, wanted: Sequence[tuple[str, int]], origin: str
    ) -> dict[str, tuple[bytes, bool]]:
        """Sections from the store, those it lacks from the server, all in one command.

        What the server said nothing readable about is not in the answer.
        """
        found, lacking = await self._stored_bodies(mailbox_id, uid, wanted)
        if lacking:
            items = tuple(f"BODY.PEEK[{section}]<0.{limit}>" for section, limit in lacking)
            told = await self._fetch(mailbox_id, uid, items, dict(lacking), origin)
            found |= told.bodies()
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
        self, mailbox_id: int, uid: int, items: tuple[str, ...], limits: dict[str, int], origin: str
    ) -> Sections:
        """Sections from the server, into the store as well. Raises as ``open``."""
        sync = await self._account.selected(mailbox_id)
        malformed = sync.client.malformed
        sections = Sections(uid, limits)
        command = commands.fetch(SequenceSet.from_numbers([uid]), ("UID", *items))
        await sync.run(command, origin=origin, on_data=sections.receive)
        if not sections.answered and sync.client.malformed == malformed:
            raise CommandRefused(
                "This message is no longer on the server",
                advice="It was deleted or moved by another client.",
                code=EXPUNGED,
            )
        if sections.structure is not None:
            await sync.keep_structure(sections.structure)
        for section, (data, complete) in sections.bodies().items():
            if sections.found[section] is not None:
                self._store.write(Store.put_body, sync.id, uid, section, data, complete)
        return sections


def _node(structure: BodyPart, section: str | None) -> BodyPart | None:
    if section is None:
        return None
    return next((part for part in structure.walk() if part.section == section), None)
