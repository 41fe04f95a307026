"""The folders of every account: what can be opened, and what is unread in it.

Draws ``Folders`` and keeps the cursor on its folder; asks for a mailbox with ``MailboxChosen``.
It reads no store and speaks to no server. The screen turns keys into calls.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip

from tui_mail.model import SpecialUse
from tui_mail.ui.cells import fit
from tui_mail.ui.widgets.folder_nodes import FolderEntry, Folders, Node
from tui_mail.ui.widgets.line_view import LineView

__all__ = ["FolderEntry", "FolderTree"]

# One cell each in every terminal and font that was tried; none of them an emoji.
_MARKS = {
    SpecialUse.DRAFTS: ("✎", "~"),
    SpecialUse.SENT: ("➜", ">"),
    SpecialUse.ARCHIVE: ("▪", "="),
    SpecialUse.FLAGGED: ("✶", "*"),
    SpecialUse.ALL: ("*", "*"),
    SpecialUse.JUNK: ("!", "!"),
    SpecialUse.TRASH: ("✗", "x"),
}
_OPEN = ("▾", "-")
_CLOSED = ("▸", "+")
_CURRENT = ">"

_NAME_AT_LEAST = 10


class FolderTree(LineView):
    """A line for each account and each folder that is not hidden by a closed one."""

    class MailboxChosen(Message):
        """A person asked for this mailbox; ``name`` is exactly as LIST gave it."""

        def __init__(self, sender: FolderTree, account: str, name: bytes) -> None:
            super().__init__()
            self.sender = sender
            self.account = account
            self.name = name

        @property
        def control(self) -> FolderTree:
            return self.sender

    class EmptyAccountChosen(Message):
        """A person asked for an account of which no folder is known."""

        def __init__(self, sender: FolderTree, account: str) -> None:
            super().__init__()
            self.sender = sender
            self.account = account

        @property
        def control(self) -> FolderTree:
            return self.sender

    class CursorMoved(Message):
        """The cursor is on another line, or on another folder."""

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
        ascii_only: bool = False,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._folders = Folders()
        self._glyph = 1 if ascii_only else 0
        self._current: tuple[str, bytes] | None = None

    # What is shown

    @property
    def subscribed_only(self) -> bool:
        return self._folders.subscribed_only

    @property
    def cursor_node(self) -> Node | None:
        """The account or folder under the cursor."""
        return self._folders.lines[self.cursor] if self._folders.lines else None

    def set_accounts(self, accounts: Sequence[str]) -> None:
        """Have these accounts as roots, in this order; others go with their mailboxes."""
        with_cursor = self.cursor_node
        self._folders.set_accounts(accounts)
        self._lines_changed(with_cursor)

    def set_mailboxes(self, account: str, entries: Sequence[FolderEntry]) -> None:
        """Replace all the mailboxes of ``account``; cursor and open folders stay what they are."""
        with_cursor = self.cursor_node
        self._folders.set_mailboxes(account, entries)
        self._lines_changed(with_cursor)

    def set_counts(self, account: str, name: bytes, unseen: int | None, total: int | None) -> None:
        """Set the figures of one mailbox; one line is drawn again, or none."""
        node = self._folders.set_counts(account, name, unseen, total)
        if node is not None:
            self.refresh_row(node.line)

    def set_current(self, account: str, name: bytes) -> None:
        """Mark this mailbox as the one that is open."""
        before, self._current = self._current, (account, name)
        for key in (before, self._current):
            node = self._folders.find(*key) if key else None
            if node is not None and self._folders.seen(node) is node:
                self.refresh_row(node.line)

    def set_subscribed_only(self, only: bool) -> None:
        """Show subscribed mailboxes (and INBOX) alone, or all."""
        if only != self._folders.subscribed_only:
            with_cursor = self.cursor_node
            self._folders.subscribed_only = only
            self._folders.rebuild()
            self._lines_changed(with_cursor)

    # What a person does

    def go_to_mailbox(self, account: str, name: bytes) -> bool:
        """Put the cursor on a mailbox, opening what hides it; False where it is not shown."""
        node = self._folders.find(account, name)
        if node is None:
            return False
        if self._folders.seen(node) is not node:
            with_cursor = self.cursor_node
            self._folders.show(node)
            self._lines_changed(with_cursor)
        self.go_to(node.line)
        return True

    def choose(self) -> None:
        """Ask for the mailbox under the cursor; open or close what is not a mailbox."""
        node = self.cursor_node
        if node is None:
            return
        if node.selectable and node.name is not None:
            self.post_message(self.MailboxChosen(self, node.account, node.name))
        elif node.parent is None and not node.children:
            self.post_message(self.EmptyAccountChosen(self, node.account))
        else:
            self._set_open(node, not node.open)

    def unfold(self) -> None:
        """Show the folders below the cursor; go to the first where they are shown already."""
        node = self.cursor_node
        if node is None or not node.children:
            return
        if node.open:
            self.move(1)
        else:
            self._set_open(node, True)

    def fold(self) -> None:
        """Hide the folders below the cursor; go to the one above where none are shown."""
        node = self.cursor_node
        if node is None:
            return
        if node.open and node.children:
            self._set_open(node, False)
        elif node.parent is not None:
            self.go_to(node.parent.line)

    def on_click(self, event: events.Click) -> None:
        index = self.line_at(event)
        if index is not None:
            self.go_to(index)
            self.choose()

    def cursor_changed(self) -> None:
        self.post_message(self.CursorMoved())

    # Drawing

    def render_row(self, index: int, width: int, cursor: bool) -> Strip:
        node = self._folders.lines[index]
        counts = _counts(node, width)
        is_current = (node.account, node.name) == self._current
        before = " " * max(0, 2 * node.depth - 1)
        if is_current:
            before = _CURRENT + before[1:]
        room = max(0, width - len(before) - 2 - len(counts) - 1)
        label = fit(node.label, room)
        unread = node.unseen or (not node.open and node.unseen_below)
        parts = [
            (before, ""),
            (self._mark(node) + " ", "tree-special"),
            (label, self._label_style(node)),
            (counts + " ", "" if unread else "count"),
        ]
        return self.compose_row(parts, width, cursor=cursor, base="tree-unread" if unread else "")

    def _mark(self, node: Node) -> str:
        if node.children:
            return (_OPEN if node.open else _CLOSED)[self._glyph]
        use = node.mailbox.special_use if node.mailbox else None
        return _MARKS[use][self._glyph] if use else " "

    @staticmethod
    def _label_style(node: Node) -> str:
        if node.depth == 0:
            return "tree-account"
        return "" if node.selectable else "tree-noselect"

    # Keeping the cursor on its folder

    def _set_open(self, node: Node, is_open: bool) -> None:
        if node.children:
            self._folders.set_open(node, is_open)
            self._lines_changed(node)

    def _lines_changed(self, with_cursor: Node | None) -> None:
        """Take up new lines; the cursor and its line of the screen stay with its folder."""
        on_screen = self.cursor - self.top
        cursor = self._line_of(with_cursor)
        self.set_line_count(len(self._folders.lines), cursor=cursor, top=max(0, cursor - on_screen))
        self.refresh()

    def _line_of(self, node: Node | None) -> int:
        """The line of this folder or of the nearest one above that is still there."""
        lines = self._folders.lines
        if node is not None and node.line < len(lines) and lines[node.line] is node:
            return node.line
        places = {line.identity: line.line for line in lines} if node else {}
        by_path = {(line.account, line.path): line.line for line in reversed(lines)} if node else {}
        while node is not None:
            for place in (places.get(node.identity), by_path.get((node.account, node.path))):
                if place is not None:
                    return place
            node = node.parent
        return min(self.cursor, max(0, len(lines) - 1))


def _counts(node: Node, width: int) -> str:
    """The figures at the end of a line ``width`` cells wide; "" where there is no room for them.

    Unread and total; the total alone where nothing is unread; on a closed folder all that is
    unread in it and below, with a "+".
    """
    unseen = node.unseen or 0
    total = "" if node.total is None else _short(node.total)
    if not node.open and node.unseen_below:
        forms = [f"{_short(unseen + node.unseen_below)}+"]
    elif unseen:
        forms = [f"{_short(unseen)}/{total}" if total else _short(unseen), _short(unseen)]
    else:
        forms = [total]
    room = width - 2 * node.depth - 2 - _NAME_AT_LEAST
    return next((f" {form}" for form in forms if form and len(form) < room), "")


def _short(number: int) -> str:
    """A count in at most five cells, so that one huge mailbox does not push the names away."""
    if number < 100_000:
        return str(number)
    if number < 10_000_000:
        return f"{number // 1000}k"
    return f"{min(number // 1_000_000, 9999)}M"
