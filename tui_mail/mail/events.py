"""What the screen is told: frozen values that name account, mailbox and UIDs.

Made on the mail thread, read on the screen's. They carry no rows: the screen asks the store
for those it shows.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass

from tui_mail.errors import MailError
from tui_mail.mail.compose.values import OutboxEntry
from tui_mail.model import Phase, Progress


@dataclass(frozen=True, slots=True)
class Event:
    account: str


@dataclass(frozen=True, slots=True)
class PhaseChanged(Event):
    """The connection's state; ``retry_in`` is in seconds when it will be tried again."""

    phase: Phase
    error: MailError | None = None
    retry_in: float | None = None


@dataclass(frozen=True, slots=True)
class PasswordWanted(Event):
    """Nobody but the person knows the password; ``MailService.give_password`` answers.

    ``sending``: it is the submission server's, which did not take that of the IMAP server.
    Without ``keyring`` there is none that could keep it.
    """

    user: str
    host: str
    reason: str = ""
    sending: bool = False
    keyring: bool = True


@dataclass(frozen=True, slots=True)
class MailboxesChanged(Event):
    """The folder list in the store is new."""


@dataclass(frozen=True, slots=True)
class CountsChanged(Event):
    """STATUS figures of these mailboxes are new in the store."""

    names: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class MailboxOpened(Event):
    """This mailbox is the account's current one; ``live`` once the server has selected it."""

    name: bytes
    mailbox_id: int
    live: bool
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class PermissionsChanged(Event):
    """The server has said what may be done in the open mailbox (``MailService.permissions``)."""

    mailbox_id: int


@dataclass(frozen=True, slots=True)
class OrderChanged(Event):
    """The UIDs of the list, newest first; 0 stands where the UID is not known yet."""

    mailbox_id: int
    order: array[int]


@dataclass(frozen=True, slots=True)
class RowsChanged(Event):
    """These messages are new or different in the store."""

    mailbox_id: int
    uids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MailArrived(Event):
    """Messages that were not there when the mailbox was opened."""

    mailbox_id: int
    uids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MailboxGone(Event):
    """The mailbox could not be opened, or vanished while it was."""

    name: bytes
    error: MailError


@dataclass(frozen=True, slots=True)
class ProgressChanged(Event):
    """Something long under way; None when it has ended."""

    progress: Progress | None


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """Something a person should know and need not answer."""

    error: MailError


@dataclass(frozen=True, slots=True)
class ActionsChanged(Event):
    """``waiting`` actions have not reached the server; ``undo`` is what undo would take back."""

    waiting: int
    undo: str


@dataclass(frozen=True, slots=True)
class OutboxChanged(Event):
    """How a message of the outbox stands now; None when one was taken out of it."""

    entry: OutboxEntry | None


@dataclass(frozen=True, slots=True)
class DraftsChanged(Event):
    """Drafts have come or gone, here or in the Drafts mailbox."""


@dataclass(frozen=True, slots=True)
class ServerSizeKnown(Event):
    """The largest message the submission server takes, in octets; None when it sets no limit."""

    size: int | None


Publish = Callable[[Event], None]
