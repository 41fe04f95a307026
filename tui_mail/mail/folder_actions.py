"""Make, rename, delete and subscribe to folders: on the server, then in the store.

Each function sends what a person asked for, asks LIST how the folders stand after it, and puts
that into the store, so that nothing else need be loaded again. What cannot be is refused before
it is sent (``NotAllowed``); what the server refuses keeps its words (``CommandRefused``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from tui_mail.errors import CommandRefused
from tui_mail.mail.folder_names import Layout, ancestors, is_below
from tui_mail.mail.folder_session import Session, quoted, worded
from tui_mail.mail.rights import NotAllowed, Operation
from tui_mail.mail.store import Store
from tui_mail.model import Mailbox, SpecialUse
from tui_mail.wire import commands
from tui_mail.wire.responses import ListData, NamespaceData, Response

_NO_RENAMES: Mapping[bytes, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FoldersChanged:
    """What is different in the store: names told anew, names that are gone, old names to new."""

    listed: tuple[bytes, ...] = ()
    gone: tuple[bytes, ...] = ()
    renamed: Mapping[bytes, bytes] = field(default_factory=lambda: _NO_RENAMES)


@dataclass(frozen=True, slots=True)
class WouldGo:
    """What deleting a folder would take away: itself, last, and all below it, deepest first.

    ``messages`` are those in all of them together; ``unknown`` names those the server does not
    tell them of.
    """

    mailboxes: tuple[Mailbox, ...]
    messages: int
    unknown: tuple[bytes, ...] = ()

    @property
    def mailbox(self) -> Mailbox:
        return self.mailboxes[-1]

    @property
    def folders_below(self) -> int:
        return len(self.mailboxes) - 1

    @property
    def empty(self) -> bool:
        return len(self.mailboxes) == 1 and not self.messages and not self.unknown


async def layout(session: Session) -> Layout:
    """Where new folders go: NAMESPACE (RFC 2342), else what LIST says of the delimiter."""
    told: list[Layout] = []

    def receive(response: Response) -> None:
        if isinstance(response, NamespaceData) and response.personal:
            told.append(Layout(*response.personal[0]))
        elif isinstance(response, ListData) and not response.name:
            told.append(Layout(b"", response.delimiter))

    # An empty pattern asks for the delimiter alone (RFC 9051, 6.3.9).
    has_namespaces = bool(session.client.capabilities & {"NAMESPACE", "IMAP4REV2"})
    command = commands.namespace() if has_namespaces else commands.list_(b"", b"")
    await session.run(command, "where folders go", receive)
    return told[0] if told else Layout(b"", None)


async def create(
    session: Session,
    name: bytes,
    delimiter: str | None,
    *,
    subscribe: bool = True,
    special_use: SpecialUse | None = None,
) -> FoldersChanged:
    """Make a folder, and those it is in where there are none yet (RFC 9051, 6.3.4).

    ``name`` is from ``folder_names.full_name``, ``delimiter`` its parent's or the layout's.
    ``special_use`` is told to servers that want to know it (RFC 6154, 3).
    """
    session.require(Operation.CREATE_BELOW)
    known = await _known(session)
    # Another client may have deleted it since the folders were listed.
    if name in known and known[name].selectable and await session.list_([name]):
        raise NotAllowed(f"{quoted(name)} is there already.", advice="Choose another name.")
    title = f"{quoted(name)} could not be made"
    _own(session, [name, *(each for each in ancestors(name, delimiter) if each not in known)])
    use = special_use.value if special_use else None
    if use is None or "CREATE-SPECIAL-USE" not in session.client.capabilities:
        await _run(session, commands.create(name), "create folder", title)
    else:
        try:
            await session.run(commands.create(name, use), "create folder")
        except CommandRefused as error:
            if error.code != "USEATTR":
                raise worded(error, title) from error
            await _run(session, commands.create(name), "create folder", title)
    subscribed: dict[bytes, bool] = {}
    if subscribe:
        (refused,) = await session.run_all([commands.subscribe(name)], "create folder")
        subscribed[name] = refused is None
    changed = await _take_over(
        session,
        known,
        [*ancestors(name, delimiter), name],
        (),
        subscribed=subscribed,
        uses={name: special_use},
    )
    await session.statuses([name])
    return changed


async def rename(session: Session, mailbox: Mailbox, new_name: bytes) -> FoldersChanged:
    """Rename a folder and all in it (RFC 9051, 6.3.6), subscriptions included.

    Messages stay known: the store keeps what it has of each. A mailbox that is selected on this
    connection is left first, and has to be opened again by its new name.
    """
    session.require(Operation.RENAME, mailbox)
    old, delimiter = mailbox.name, mailbox.delimiter
    known = await _known(session)
    if new_name == old:
        return FoldersChanged()
    if new_name in known and known[new_name].selectable:
        raise NotAllowed(f"{quoted(new_name)} is there already.", advice="Choose another name.")
    if is_below(new_name, old, delimiter):
        raise NotAllowed("A folder cannot go into itself.")
    moving = {
        name: new_name + name[len(old) :]
        for name in known
        if name == old or is_below(name, old, delimiter)
    }
    await session.nothing_waits(moving, "renamed")
    await session.let_go(moving.__contains__)
    title = f"{quoted(old)} could not be renamed"
    _own(session, [*moving, *moving.values()])
    await _run(session, commands.rename(old, new_name), "rename folder", title)
    followed = [name for name in moving if known[name].subscribed]
    # Dovecot and Courier keep the subscriptions of the old names, Cyrus drops them.
    await session.run_all(
        [commands.subscribe(moving[name]) for name in followed]
        + [commands.unsubscribe(name) for name in followed],
        "rename folder",
    )
    changed = await _take_over(
        session,
        known,
        [*ancestors(old, delimiter), *ancestors(new_name, delimiter), old, new_name],
        [(old, delimiter), (new_name, delimiter)],
        renamed=moving,
        subscribed={moving[name]: True for name in followed},
    )
    if new_name not in changed.listed:  # Courier says OK to renaming what is not there
        raise CommandRefused(
            title, advice="The server said OK, but has no folder of the new name: list them again."
        )
    return changed


async def would_go(session: Session, mailbox: Mailbox) -> WouldGo:
    """What ``delete`` would take away, as the server has it now. Changes nothing."""
    session.require(Operation.DELETE, mailbox)
    known = await _known(session)
    told = await session.list_([mailbox.name], [(mailbox.name, mailbox.delimiter)])
    found = {name: session.mailbox(each, known.get(name)) for name, each in told.items()}
    found.setdefault(mailbox.name, mailbox)
    deepest_first = sorted(found.values(), key=lambda each: (-len(each.path), each.name))
    with_messages = [each.name for each in deepest_first if each.selectable]
    figures = await session.statuses(with_messages)
    counts = {name: status.messages for name, status in figures.items()}
    return WouldGo(
        tuple(deepest_first),
        sum(count or 0 for count in counts.values()),
        tuple(name for name in with_messages if counts.get(name) is None),
    )


async def delete(session: Session, going: WouldGo) -> FoldersChanged:
    """Delete a folder and all in it (RFC 9051, 6.3.5), the deepest first.

    ``going`` is what a person has seen and agreed to: if there is more meanwhile nothing is
    deleted. When the server refuses one, those before it are gone; the store says which.
    """
    mailbox = going.mailbox
    session.require(Operation.DELETE, mailbox)
    doomed = [each.name for each in going.mailboxes]
    await session.nothing_waits(doomed, "deleted")
    _nothing_more(going, await would_go(session, mailbox))
    await session.let_go(set(doomed).__contains__)
    known = await _known(session)
    failed: CommandRefused | None = None
    deleted: list[bytes] = []
    _own(session, doomed)
    for each in going.mailboxes:
        try:
            await session.run(commands.delete(each.name), "delete folder")
        except CommandRefused as error:
            # A name that only holds others may have gone with the last of them (Courier).
            if each.selectable:
                failed = worded(error, f"{quoted(each.name)} could not be deleted")
                break
        deleted.append(each.name)
    dropped = [name for name in deleted if name in known and known[name].subscribed]
    await session.run_all([commands.unsubscribe(name) for name in dropped], "delete folder")
    changed = await _take_over(
        session,
        known,
        [*ancestors(mailbox.name, mailbox.delimiter), mailbox.name],
        [(mailbox.name, mailbox.delimiter)],
        subscribed=dict.fromkeys(deleted, False),
    )
    if failed is not None:
        raise failed
    return changed


async def subscribe(session: Session, mailbox: Mailbox, *, wanted: bool = True) -> FoldersChanged:
    """Subscribe to a folder or, when not ``wanted``, unsubscribe (RFC 9051, 6.3.7 and 6.3.8)."""
    session.require(Operation.SUBSCRIBE, mailbox)
    command = commands.subscribe if wanted else commands.unsubscribe
    doing = "subscribe" if wanted else "unsubscribe"
    title = f"{quoted(mailbox.name)} could not be {doing}d"
    await _run(session, command(mailbox.name), f"{doing} folder", title)
    known = await _known(session)
    return await _take_over(session, known, [mailbox.name], (), subscribed={mailbox.name: wanted})


async def _run(session: Session, command: commands.Command, origin: str, title: str) -> None:
    try:
        await session.run(command, origin)
    except CommandRefused as error:
        raise worded(error, title) from error


def _own(session: Session, names: Sequence[bytes]) -> None:
    for name in names:
        session.own_mailbox(name)


async def _known(session: Session) -> dict[bytes, Mailbox]:
    stored = await session.read(Store.mailboxes, session.account_id)
    return {each.mailbox.name: each.mailbox for each in stored}


async def _take_over(
    session: Session,
    known: Mapping[bytes, Mailbox],
    names: Sequence[bytes],
    tops: Sequence[tuple[bytes, str | None]],
    *,
    renamed: Mapping[bytes, bytes] = _NO_RENAMES,
    subscribed: Mapping[bytes, bool] = MappingProxyType({}),
    uses: Mapping[bytes, SpecialUse | None] = MappingProxyType({}),
) -> FoldersChanged:
    """Ask LIST about these names and all below ``tops``, and put what it says into the store.

    ``renamed`` is what may have been: a name counts as renamed when LIST has the new one only.
    """
    told = await session.list_(names, tops)
    really = {old: new for old, new in renamed.items() if new in told and old not in told}
    before = {**known, **{new: known[old] for old, new in really.items()}}
    listed = []
    for name, each in told.items():
        mailbox = session.mailbox(each, before.get(name), subscribed=subscribed.get(name))
        if mailbox.special_use is None:
            mailbox = replace(mailbox, special_use=uses.get(name))
        listed.append(mailbox)
    asked = {*names}
    gone = [
        name
        for name in known.keys() - told.keys() - really.keys()
        if name in asked or any(is_below(name, top, delimiter) for top, delimiter in tops)
    ]
    await session.write(
        Store.change_mailboxes, session.account_id, listed=listed, gone=gone, renamed=really
    )
    if really:
        session.renamed(really)
    return FoldersChanged(tuple(told), tuple(sorted(gone)), really)


def _nothing_more(agreed: WouldGo, now: WouldGo) -> None:
    """Raises ``NotAllowed`` when more would go than a person has agreed to."""
    names = {each.name for each in agreed.mailboxes}
    more = [quoted(each.name) for each in now.mailboxes if each.name not in names]
    arrived = now.messages - agreed.messages
    if more:
        what = f"{', '.join(more[:3])} {'was' if len(more) == 1 else 'were'} made in it"
    elif arrived > 0:
        what = f"{arrived} more message{'' if arrived == 1 else 's'} arrived in it"
    else:
        return
    raise NotAllowed(
        f"{quoted(agreed.mailbox.name)} was not deleted: meanwhile {what}.",
        advice="Look again, and delete it if it may still go.",
    )
