"""Which actions are offered here, and why the others are not. Asks no server, changes nothing.

What is known beforehand: rights (MYRIGHTS), PERMANENTFLAGS, EXAMINE, the attributes of LIST. What
is not known is offered, and the server has the last word.
"""

from __future__ import annotations

from asyncio import wrap_future
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from tui_mail.config import Deletion
from tui_mail.errors import MailError
from tui_mail.mail import actions
from tui_mail.mail.actions import Action, ChangeFlags, Copy, Erase, Expunge, Move
from tui_mail.mail.actions.permissions import UNKNOWN, Permissions, refusal
from tui_mail.mail.rights import NotAllowed, Operation, Rights, allowed
from tui_mail.model import FLAGGED, Mailbox, SpecialUse
from tui_mail.ui.actions import BY_ID

if TYPE_CHECKING:
    from tui_mail.ui.screens.main import MainScreen

EMPTIED = (SpecialUse.TRASH, SpecialUse.JUNK)
# What an action of the list would do; a folder that is yet to be chosen is not looked at.
_ON_MESSAGES: Mapping[str, Action] = MappingProxyType(
    {
        "message.move": Move(b""),
        "message.copy": Copy(b""),
        "message.archive": actions.ARCHIVE,
        "message.junk": actions.JUNK,
        "message.toggle_new": actions.MARK_SEEN,
        "message.toggle_flag": ChangeFlags("+FLAGS", frozenset({FLAGGED})),
        "message.set_flag": ChangeFlags("+FLAGS", frozenset()),
        "message.clear_flag": ChangeFlags("-FLAGS", frozenset()),
        "mailbox.expunge": Expunge(),
    }
)
_ON_FOLDERS: Mapping[str, Operation] = MappingProxyType(
    {
        "tree.examine": Operation.OPEN,
        "folder.create": Operation.CREATE_BELOW,
        "folder.rename": Operation.RENAME,
        "folder.delete": Operation.DELETE,
        "folder.subscribe": Operation.SUBSCRIBE,
        "folder.unsubscribe": Operation.SUBSCRIBE,
        "folder.read": Operation.MARK_READ,
        "folder.empty": Operation.EMPTY,
    }
)
_CHANGING = frozenset({*_ON_MESSAGES, "message.delete", "message.undo"}) - {"message.copy"}
# These change messages, and an examined folder's stay as they are.
_WRITING = frozenset({Operation.MARK_READ, Operation.EMPTY})
# A folder is made on an account, too.
_NEED_A_FOLDER = frozenset({*_ON_FOLDERS, "folder.details"}) - {"folder.create"}


class Offering:
    """``refused`` says why an action cannot be done where the keys count now."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self.permissions: Permissions = UNKNOWN
        self._rights: dict[tuple[str, bytes], Rights] = {}

    def refused(self, action: str) -> MailError | None:
        """The reason in words, None where the action is offered."""
        contexts = BY_ID[action].contexts
        if "tree" in contexts and self._screen.context == "tree":
            return self._refused_in_tree(action)
        if self._screen.context in contexts:
            return self._refused_on_messages(action)
        return None

    def offered(self, action: str) -> bool:
        return self.refused(action) is None

    # What is known

    async def learn(self) -> None:
        """Take up what the server says of the open mailbox."""
        screen = self._screen
        mailbox = screen.mailbox
        at = (mailbox.account, mailbox.name, mailbox.mailbox_id)
        told = await wrap_future(screen.service.permissions(at[0], at[2]))
        if at != (mailbox.account, mailbox.name, mailbox.mailbox_id):
            return
        self.permissions = told
        if told.rights is not None:
            self._rights[at[:2]] = told.rights
        screen.show_hints()

    def learn_rights(self, account: str, name: bytes, rights: Rights | None) -> None:
        """A folder's details say what a person may do there."""
        if rights is not None:
            self._rights[account, name] = rights
        self._screen.show_hints()

    @property
    def may_expunge(self) -> bool:
        """Whether messages may be removed for good from the open mailbox."""
        writes = not self._screen.mailbox.read_only
        return writes and refusal(Expunge(), self.permissions, UNKNOWN) is None

    def keeps(self, flag: str) -> bool:
        """Whether the open mailbox takes this flag or keyword."""
        return refusal(ChangeFlags("+FLAGS", frozenset({flag})), self.permissions, UNKNOWN) is None

    # Messages

    def _refused_on_messages(self, action: str) -> MailError | None:
        meant = self.deletion() if action == "message.delete" else _ON_MESSAGES.get(action)
        changes = action in _CHANGING
        copies = action == "message.copy" and self._screen.service.read_only
        if copies or (changes and self._screen.mailbox.read_only):
            return NotAllowed("This folder is open for reading only", advice=self._way_out())
        return None if meant is None else refusal(meant, self.permissions, UNKNOWN)

    def _way_out(self) -> str:
        if self._screen.service.read_only:
            return "tui-mail was started with --read-only, and changes nothing."
        key = self._screen.keymap.shown_key("mailbox.toggle_write", "list")
        return f"{key} opens it for changes, where the server allows them." if key else ""

    def deletion(self) -> Action:
        """What to delete means in the open mailbox, as configured."""
        screen = self._screen
        if screen.settings.actions.delete is Deletion.MARK:
            return actions.MARK_DELETED
        stored = screen.mailboxes.get(screen.account, {}).get(screen.mailbox.name)
        in_trash = stored is not None and stored.mailbox.special_use is SpecialUse.TRASH
        return Erase() if in_trash else actions.DELETE

    # Folders

    def _refused_in_tree(self, action: str) -> MailError | None:
        operation = _ON_FOLDERS.get(action)
        account, mailbox = self._under_cursor()
        if mailbox is None and action in _NEED_A_FOLDER:
            return NotAllowed("This is no folder of its own: it only holds others")
        if operation is None:
            return None
        name = mailbox.name if mailbox is not None else b""
        current = (account, name) == (self._screen.account, self._screen.mailbox.name)
        examined = current and self._screen.mailbox.read_only and operation in _WRITING
        reason = allowed(
            self._rights.get((account, name)),
            operation,
            mailbox,
            read_only=self._screen.service.read_only or examined,
        )
        if reason is not None:
            return NotAllowed(reason)
        if action == "folder.empty" and mailbox is not None and mailbox.special_use not in EMPTIED:
            return NotAllowed("Only Trash and Junk can be emptied")
        return None

    def _under_cursor(self) -> tuple[str, Mailbox | None]:
        node = self._screen.folder_tree.cursor_node
        return ("", None) if node is None else (node.account, node.mailbox)
