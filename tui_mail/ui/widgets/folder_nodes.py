"""The folders of all accounts as a tree, and the lines of it that are to be seen.

Plain data and arithmetic: no widget, no drawing. Takes mailboxes as LIST named them, in any order
and with parents missing, and never loses or merges one: two names that read alike stay two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tui_mail.model import INBOX, Mailbox, SpecialUse
from tui_mail.sanitize import columnar

Path = tuple[str, ...]

# Deeper names keep the rest of their path in one label: nesting is bounded whatever a server says.
MAX_DEPTH = 16
# An account with more mailboxes than this starts with its folders closed.
OPEN_AT_FIRST = 200

_USES = (
    SpecialUse.DRAFTS,
    SpecialUse.SENT,
    SpecialUse.ARCHIVE,
    SpecialUse.FLAGGED,
    SpecialUse.ALL,
    SpecialUse.JUNK,
    SpecialUse.TRASH,
)
_RANKS: dict[SpecialUse | None, int] = {use: rank for rank, use in enumerate(_USES, 1)}
_LAST = len(_USES) + 1


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """One mailbox with its figures (messages); None while the server has not said."""

    mailbox: Mailbox
    unseen: int | None = None
    total: int | None = None


@dataclass(slots=True, eq=False)
class Node:
    """One line of the tree: an account (depth 0), a mailbox, or a parent that LIST did not name.

    ``unseen_below`` counts what is unread in all the mailboxes below this one. ``line`` is where
    it was drawn last, and holds only if ``Folders.lines`` has this node there.
    """

    account: str
    path: Path
    label: str
    mailbox: Mailbox | None
    parent: Node | None
    unseen: int | None = None
    total: int | None = None
    unseen_below: int = 0
    open: bool = False
    children: list[Node] = field(default_factory=list)
    line: int = -1

    @property
    def depth(self) -> int:
        return len(self.path)

    @property
    def name(self) -> bytes | None:
        return self.mailbox.name if self.mailbox else None

    @property
    def selectable(self) -> bool:
        return self.mailbox is not None and self.mailbox.selectable

    @property
    def identity(self) -> tuple[str, Path, bytes | None]:
        """Tells the same folder after the tree was built anew."""
        return self.account, self.path, self.name


class Folders:
    """All accounts and their folders; ``lines`` are those to be seen, top to bottom."""

    def __init__(self) -> None:
        self.lines: list[Node] = []
        self.subscribed_only = False
        self._entries: dict[str, tuple[FolderEntry, ...]] = {}
        self._roots: dict[str, Node] = {}
        self._by_name: dict[tuple[str, bytes], Node] = {}
        # The newest figures, and what a person opened or closed; both outlive the nodes.
        self._figures: dict[tuple[str, bytes], tuple[int | None, int | None]] = {}
        self._opened: dict[tuple[str, Path], bool] = {}

    def set_accounts(self, accounts: Sequence[str]) -> None:
        """Have these accounts as roots, in this order; others go with their mailboxes."""
        for account in set(self._entries).difference(accounts):
            self._forget_figures(account)
        self._entries = {account: self._entries.get(account, ()) for account in accounts}
        self.rebuild()

    def set_mailboxes(self, account: str, entries: Sequence[FolderEntry]) -> None:
        """Replace all the mailboxes of ``account``; a new account becomes the last root.

        Where an entry has no figures, those known of its mailbox stay.
        """
        known = self._forget_figures(account)
        for entry in entries:
            key = account, entry.mailbox.name
            unseen, total = known.get(key, (None, None))
            self._figures[key] = (
                unseen if entry.unseen is None else entry.unseen,
                total if entry.total is None else entry.total,
            )
        self._entries[account] = tuple(entries)
        self._build(account)
        self._lay_out()

    def set_counts(
        self, account: str, name: bytes, unseen: int | None, total: int | None
    ) -> Node | None:
        """Set the figures of one mailbox; the node whose line shows it, None where none does."""
        if (account, name) in self._figures:
            self._figures[account, name] = unseen, total
        node = self._by_name.get((account, name))
        if node is None:
            return None
        change = (unseen or 0) - (node.unseen or 0)
        node.unseen, node.total = unseen, total
        for above in _above(node):
            above.unseen_below += change
        return self.seen(node)

    def find(self, account: str, name: bytes) -> Node | None:
        """The node of this mailbox, to be seen or not; None where the filter leaves it out."""
        return self._by_name.get((account, name))

    def seen(self, node: Node) -> Node | None:
        """``node``, or the closed one that hides it."""
        hidden_by = [above for above in _above(node) if not above.open]
        node = hidden_by[-1] if hidden_by else node
        on_line = 0 <= node.line < len(self.lines) and self.lines[node.line] is node
        return node if on_line else None

    def set_open(self, node: Node, is_open: bool) -> None:
        """Show or hide what is below ``node``."""
        node.open = is_open
        self._opened[node.account, node.path] = is_open
        self._lay_out()

    def show(self, node: Node) -> None:
        """Open everything above ``node``."""
        for above in _above(node):
            above.open = True
            self._opened[above.account, above.path] = True
        self._lay_out()

    def rebuild(self) -> None:
        """Build every account anew, after the accounts or the filter changed."""
        self._roots.clear()
        self._by_name.clear()
        for account in self._entries:
            self._build(account)
        self._lay_out()

    def _forget_figures(
        self, account: str
    ) -> dict[tuple[str, bytes], tuple[int | None, int | None]]:
        gone = [key for key in self._figures if key[0] == account]
        return {key: self._figures.pop(key) for key in gone}

    def _build(self, account: str) -> None:
        for key in [key for key in self._by_name if key[0] == account]:
            del self._by_name[key]
        root = Node(account, (), columnar(account), None, None)
        nodes: dict[Path, Node] = {(): root}
        shown = [(_path(entry.mailbox), entry) for entry in self._entries[account]]
        if self.subscribed_only:
            shown = _subscribed(shown)
        # Parents come before what is below them, so each finds its own.
        for path, entry in sorted(shown, key=lambda item: len(item[0])):
            parent = nodes[()]
            for depth in range(1, len(path)):
                prefix = path[:depth]
                if prefix not in nodes:
                    nodes[prefix] = _add(parent, prefix, None)
                parent = nodes[prefix]
            node = _add(parent, path, entry.mailbox)
            node.unseen, node.total = self._figures[account, entry.mailbox.name]
            nodes.setdefault(path, node)
            self._by_name[account, entry.mailbox.name] = node
        few = len(shown) <= OPEN_AT_FIRST
        for node in reversed(list(_walk(root))):
            node.children.sort(key=_sort_key)
            default = few or node.depth == 0 or _is_inbox(node.mailbox)
            node.open = self._opened.get((account, node.path), default)
            if node.parent:
                node.parent.unseen_below += node.unseen_below + (node.unseen or 0)
        self._roots[account] = root

    def _lay_out(self) -> None:
        self.lines = []
        stack = [self._roots[account] for account in reversed(self._entries)]
        while stack:
            node = stack.pop()
            node.line = len(self.lines)
            self.lines.append(node)
            if node.open:
                stack.extend(reversed(node.children))


def _above(node: Node) -> Iterator[Node]:
    while node.parent is not None:
        node = node.parent
        yield node


def _walk(root: Node) -> Iterator[Node]:
    """``root`` and everything below it, parents first."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.children)


def _add(parent: Node, path: Path, mailbox: Mailbox | None) -> Node:
    label = columnar(path[-1]).strip() or "(no name)"
    node = Node(parent.account, path, label, mailbox, parent)
    parent.children.append(node)
    return node


def _path(mailbox: Mailbox) -> Path:
    path = mailbox.path or ("",)
    # Some servers name a folder that only holds others with the delimiter at its end.
    while len(path) > 1 and not path[-1]:
        path = path[:-1]
    # INBOX is the one name without regard to case (RFC 9051, 5.1), also as a parent.
    if path[0].upper() == "INBOX":
        path = ("INBOX", *path[1:])
    if len(path) > MAX_DEPTH:
        rest = (mailbox.delimiter or "").join(path[MAX_DEPTH - 1 :])
        path = (*path[: MAX_DEPTH - 1], rest)
    return path


def _is_inbox(mailbox: Mailbox | None) -> bool:
    return mailbox is not None and mailbox.name.upper() == INBOX


def _subscribed(entries: Iterable[tuple[Path, FolderEntry]]) -> list[tuple[Path, FolderEntry]]:
    """The subscribed ones and INBOX, with those above them."""
    entries = list(entries)
    wanted: set[Path] = set()
    for path, entry in entries:
        if entry.mailbox.subscribed or _is_inbox(entry.mailbox):
            wanted.update(path[:depth] for depth in range(1, len(path)))
    return [
        (path, entry)
        for path, entry in entries
        if entry.mailbox.subscribed or _is_inbox(entry.mailbox) or path in wanted
    ]


def _sort_key(node: Node) -> tuple[int, str, str, bytes]:
    mailbox = node.mailbox
    rank = 0 if _is_inbox(mailbox) else _RANKS.get(mailbox.special_use if mailbox else None, _LAST)
    return rank, node.label.casefold(), node.label, node.name or b""
