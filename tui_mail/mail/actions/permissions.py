"""What a mailbox lets be done to its messages, as far as the server has said; asks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tui_mail.errors import MailError
from tui_mail.mail.actions.values import Action, ChangeFlags, Copy, Erase, Expunge, Move, MoveTo
from tui_mail.mail.rights import NotAllowed, Operation, Rights, allowed
from tui_mail.model import DELETED, RECENT, SEEN
from tui_mail.sanitize import clean
from tui_mail.wire.commands import is_flag

ANY_KEYWORD = "\\*"  # PERMANENTFLAGS: new keywords may be made (RFC 9051, 7.1)
_FLAG_OPERATIONS = {SEEN: Operation.MARK_READ, DELETED: Operation.DELETE_MESSAGES}


@dataclass(frozen=True, slots=True)
class Permissions:
    """What SELECT and MYRIGHTS said. None: the server has not said, so it decides later."""

    read_only: bool = False
    permanent_flags: frozenset[str] | None = None
    rights: Rights | None = None

    def keeps(self, flag: str) -> bool:
        """Whether a flag outlives the session (PERMANENTFLAGS)."""
        permanent = self.permanent_flags
        if permanent is None or flag.lower() in {each.lower() for each in permanent}:
            return True
        return not flag.startswith("\\") and ANY_KEYWORD in permanent


UNKNOWN = Permissions()


def refusal(action: Action, source: Permissions, target: Permissions) -> MailError | None:
    """Why this can not be done, before anything is sent; None when nothing speaks against it."""
    if not isinstance(action, Copy) and source.read_only:
        return NotAllowed(
            "This folder was opened for reading only", advice="Nothing in it can be changed."
        )
    if isinstance(action, ChangeFlags):
        if RECENT in action.flags:
            return NotAllowed("\\Recent is set by the server alone")
        for flag in sorted(action.flags):
            if not is_flag(flag):
                return NotAllowed(
                    f"{clean(flag)} cannot be the name of a flag",
                    advice='One word of ASCII letters, digits and signs, without ( ) { % * " \\ ].',
                )
            if not source.keeps(flag):
                return NotAllowed(
                    f"This folder does not keep {flag}",
                    advice="The server does not list it in PERMANENTFLAGS.",
                )
    for permissions, where, operation in _needed(action, source, target):
        reason = allowed(permissions.rights, operation)
        if reason is not None:
            return NotAllowed(f"{where}: {reason}")
    return None


def _needed(
    action: Action, source: Permissions, target: Permissions
) -> Iterator[tuple[Permissions, str, Operation]]:
    """Whose rights, which folder in words, and what is to be done with it."""
    match action:
        case ChangeFlags(flags=flags):
            for flag in sorted(flags):
                yield source, "This folder", _FLAG_OPERATIONS.get(flag, Operation.FLAG)
        case Copy():
            yield target, "The other folder", Operation.ADD
        case Move() | MoveTo():
            yield target, "The other folder", Operation.ADD
            yield source, "This folder", Operation.MOVE_OUT
        case Expunge():
            yield source, "This folder", Operation.EXPUNGE
        case Erase():
            yield source, "This folder", Operation.DELETE_MESSAGES
            yield source, "This folder", Operation.EXPUNGE
