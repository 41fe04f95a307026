"""Actions on messages: asked for, journaled, shown at once, sent in order, undone.

``values``       what may be asked for, in values and in words
``permissions``  what a mailbox allows
``entries``      an action as a journal entry, and its inverse
``pending``      how a mailbox looks with what is waiting
``queues``       what waits, in order, and what can be undone
``queue``        the journal of an account: act, undo, what the server said
``following``    the journal follows messages to new UIDs, and mailboxes to new names
``sending``      an entry as commands, step by step
``expunging``    exactly these messages and no others
``looking``      what became of a command whose answer was lost
``identity``     which message is the copy of which
``errands``      what needs another mailbox than the open one
``refusing``     the server's refusal in words
"""

from tui_mail.mail.actions.queue import Actions
from tui_mail.mail.actions.values import (
    ARCHIVE,
    DELETE,
    JUNK,
    MARK_DELETED,
    MARK_SEEN,
    MARK_UNSEEN,
    UNDELETE,
    Action,
    ChangeFlags,
    Copy,
    Deed,
    Erase,
    Expunge,
    Move,
    MoveTo,
    TargetMissing,
    add_flags,
    can_undo,
    describe,
    remove_flags,
    replace_flags,
)

__all__ = [
    "ARCHIVE",
    "DELETE",
    "JUNK",
    "MARK_DELETED",
    "MARK_SEEN",
    "MARK_UNSEEN",
    "UNDELETE",
    "Action",
    "Actions",
    "ChangeFlags",
    "Copy",
    "Deed",
    "Erase",
    "Expunge",
    "Move",
    "MoveTo",
    "TargetMissing",
    "add_flags",
    "can_undo",
    "describe",
    "remove_flags",
    "replace_flags",
]
