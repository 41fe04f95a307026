"""All that a server tells of one folder: figures, size, quota, rights; and changing rights.

Asks, and puts figures into the store; what a server does not offer, or refuses, is left out and
said in a note.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui_mail.errors import CommandRefused
from tui_mail.mail.folder_session import Report, Session, quoted, worded
from tui_mail.mail.rights import (
    LETTERS,
    OLD_LETTERS,
    NotAllowed,
    Operation,
    Rights,
    allowed,
    has_modern_rights,
    understood,
    written,
)
from tui_mail.mail.searching import SLICE
from tui_mail.mail.store import Store
from tui_mail.model import Mailbox, MailboxStatus
from tui_mail.sanitize import clean, decode_clean
from tui_mail.wire import commands
from tui_mail.wire.responses import (
    AclData,
    Exists,
    Fetch,
    MyRightsData,
    QuotaData,
    QuotaRootData,
    Response,
    StatusData,
)
from tui_mail.wire.sequence_set import EXPANSION, SequenceSet

ORIGIN = "folder details"
QUOTA_LIMIT = 100  # resources; GRANT_LIMIT: identifiers. More is not for a screen.
GRANT_LIMIT = 1000
_KIB = 1024  # what STORAGE counts in (RFC 9208, 5.1)
_IDENTIFIER = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True, slots=True)
class Quota:
    """One limit of a quota root (RFC 9208): STORAGE and ANNOTATION-STORAGE here in octets.

    ``root`` and ``resource`` are fit to be drawn.
    """

    root: str
    resource: str
    usage: int
    limit: int

    @property
    def share(self) -> float:
        """How much of the limit is used up; more than 1 when it is exceeded."""
        return self.usage / self.limit if self.limit else float(self.usage > 0)

    @property
    def in_octets(self) -> bool:
        return self.resource.endswith("STORAGE")


@dataclass(frozen=True, slots=True)
class Grant:
    """An entry of the access control list (RFC 4314, 2): whose rights they are, and which.

    ``identifier`` is as on the wire; one with a leading ``-`` takes rights away.
    """

    identifier: bytes
    rights: Rights

    @property
    def shown(self) -> str:
        return decode_clean(self.identifier)


@dataclass(frozen=True, slots=True)
class FolderDetails:
    """``quotas`` None: no QUOTA there. ``rights`` None: no ACL. ``grants`` None: not for us to see.

    ``status.size`` is None where the server does not tell it: ``measured_size`` adds it up.
    ``modern_rights`` False is a server whose letters are those of RFC 2086. ``notes`` say what
    was refused.
    """

    mailbox: Mailbox
    status: MailboxStatus
    quotas: tuple[Quota, ...] | None
    rights: Rights | None
    grants: tuple[Grant, ...] | None
    modern_rights: bool
    notes: tuple[CommandRefused, ...] = ()


async def details(session: Session, mailbox: Mailbox) -> FolderDetails:
    """Everything in one round trip, and one more for the access control list.

    Raises ``ConnectionFailed``; what the server refuses is in ``notes``.
    """
    capabilities = session.client.capabilities
    told = _Told(mailbox.name)
    asked = []
    if mailbox.selectable:
        items = ["MESSAGES", "UNSEEN", "UIDNEXT", "UIDVALIDITY"]
        if capabilities & {"STATUS=SIZE", "IMAP4REV2"}:
            items.append("SIZE")
        if "CONDSTORE" in capabilities:
            items.append("HIGHESTMODSEQ")
        asked.append(commands.status(mailbox.name, items))
        if "QUOTA" in capabilities:
            asked.append(commands.getquotaroot(mailbox.name))
    if "ACL" in capabilities:
        asked.append(commands.myrights(mailbox.name))
    notes = [note for note in await session.run_all(asked, ORIGIN, told.receive) if note]
    modern = has_modern_rights(capabilities)
    rights = None if told.rights is None else understood(told.rights, modern=modern)
    if rights is not None and allowed(rights, Operation.SEE_RIGHTS) is None:
        getacl = commands.getacl(mailbox.name)
        notes += [note for note in await session.run_all([getacl], ORIGIN, told.receive) if note]
    if told.status is not None:
        statuses = {mailbox.name: told.status}
        await session.write(Store.put_status, session.account_id, statuses)
    return FolderDetails(
        mailbox,
        told.status or MailboxStatus(),
        told.limits() if "QUOTA" in capabilities else None,
        rights,
        told.grants(modern=modern),
        modern,
        tuple(notes),
    )


async def measured_size(session: Session, mailbox: Mailbox, report: Report | None = None) -> int:
    """The sum of all RFC822.SIZE, where STATUS does not tell SIZE (RFC 8438).

    Examines the folder, a slice of messages at a time: wants a connection of its own.
    ``report`` is called with how many messages are added up, of how many.
    """
    session.require(Operation.OPEN, mailbox)
    sizes: dict[int, int] = {}
    exists = 0

    def receive(response: Response) -> None:
        nonlocal exists
        if isinstance(response, Exists):
            exists = response.count
        elif isinstance(response, Fetch) and response.size and response.sequence <= exists:
            sizes[response.sequence] = response.size

    try:
        await session.run(commands.select(mailbox.name, read_only=True), ORIGIN, receive)
        total = exists = min(exists, EXPANSION)
        for first in range(1, total + 1, SLICE):
            numbers = SequenceSet.between(first, min(first + SLICE - 1, total))
            command = commands.fetch(numbers, ("RFC822.SIZE",), uid=False)
            await session.run(command, ORIGIN, receive)
            if report is not None:
                report(min(first + SLICE - 1, total), total)
    except CommandRefused as error:
        raise worded(error, f"The size of {quoted(mailbox.name)} could not be had") from error
    finally:
        await session.leave()
    size = sum(sizes.values())
    await session.write(
        Store.put_status, session.account_id, {mailbox.name: MailboxStatus(size=size)}
    )
    return size


async def set_rights(
    session: Session, before: FolderDetails, identifier: str, letters: str
) -> FolderDetails:
    """Give somebody exactly these rights (SETACL; RFC 4314, 3.1); the details as they are then."""
    rights = frozenset(letters.replace(" ", ""))
    # Courier takes any letter and forgets it; a server's own are known from its list.
    known = LETTERS.union(before.rights or (), *(grant.rights for grant in before.grants or ()))
    known |= frozenset() if before.modern_rights else OLD_LETTERS
    if strange := "".join(sorted(rights - known)):
        raise NotAllowed(
            f"There is no right {clean(strange)!r} on this server.",
            advice=f"The letters are {' '.join(sorted(known))}.",
        )
    name = _identifier(identifier)
    command = commands.setacl(
        before.mailbox.name, name, written(rights, modern=before.modern_rights)
    )
    return await _change_rights(session, before, command, f"give rights to {decode_clean(name)}")


async def remove_rights(
    session: Session, before: FolderDetails, identifier: bytes
) -> FolderDetails:
    """Take an entry off the list (DELETEACL; RFC 4314, 3.2); the details as they are then."""
    command = commands.deleteacl(before.mailbox.name, identifier)
    who = decode_clean(identifier)
    return await _change_rights(session, before, command, f"take the rights from {who}")


async def _change_rights(
    session: Session, before: FolderDetails, command: commands.Command, what: str
) -> FolderDetails:
    mailbox = before.mailbox
    reason = allowed(before.rights, Operation.SET_RIGHTS, mailbox, read_only=session.read_only)
    if before.rights is None:
        reason = reason or "This server has no access control lists."
    if reason is not None:
        raise NotAllowed(reason)
    try:
        await session.run(command, "rights")
    except CommandRefused as error:
        raise worded(error, f"The server did not {what}") from error
    return await details(session, mailbox)


def _identifier(typed: str) -> bytes:
    name = typed.strip()
    if not _IDENTIFIER.fullmatch(name) or clean(name) != name:
        raise NotAllowed(
            "That is nobody's name.",
            advice="It is a user name as one logs in with, anyone, or what the server calls a"
            " group; a - before it takes rights away.",
        )
    return name.encode()


class _Told:
    """What the answers about one mailbox say, bounded."""

    def __init__(self, name: bytes) -> None:
        self.status: MailboxStatus | None = None
        self.rights: str | None = None
        self._name = name
        self._roots: list[bytes] = []
        self._quotas: dict[bytes, QuotaData] = {}
        self._acl: AclData | None = None

    def receive(self, response: Response) -> None:
        match response:
            case StatusData(name=name, items=items) if name == self._name:
                self.status = items
            case QuotaRootData(mailbox=name, roots=roots) if name == self._name:
                self._roots = list(roots[:QUOTA_LIMIT])
            case QuotaData(root=root) if len(self._quotas) < QUOTA_LIMIT:
                self._quotas[root] = response
            case MyRightsData(mailbox=name, rights=rights) if name == self._name:
                self.rights = rights
            case AclData(mailbox=name) if name == self._name:
                self._acl = response

    def limits(self) -> tuple[Quota, ...]:
        return tuple(
            Quota(
                decode_clean(root),
                clean(each.name),
                each.usage * (_KIB if each.name.endswith("STORAGE") else 1),
                each.limit * (_KIB if each.name.endswith("STORAGE") else 1),
            )
            for root in self._roots
            if root in self._quotas
            for each in self._quotas[root].resources[:QUOTA_LIMIT]
        )

    def grants(self, *, modern: bool) -> tuple[Grant, ...] | None:
        if self._acl is None:
            return None
        return tuple(
            Grant(identifier, understood(letters, modern=modern))
            for identifier, letters in self._acl.rights[:GRANT_LIMIT]
        )
