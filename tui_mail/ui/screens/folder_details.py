"""What the server says of one folder: figures, quota, rights. Asks nothing, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto

from rich.cells import cell_len

from tui_mail.mail.folder_details import FolderDetails, Quota
from tui_mail.mail.rights import LETTERS, Operation, allowed, explained
from tui_mail.sanitize import columnar
from tui_mail.ui.cells import fit
from tui_mail.ui.screens.dialog import Hints
from tui_mail.ui.screens.sheet import Parts, Sheet, Text
from tui_mail.ui.widgets.columns import format_size

_BAR = 24  # cells of the quota bar
_NAME = 16  # cells of the names on the left
# A share of the limit, and the style of a bar that is as full as that.
_FULLNESS = ((0.95, "error"), (0.8, "notice"), (0.0, "answered"))


class Wish(Enum):
    """What a person wants done with the folder that is shown."""

    RIGHTS = auto()
    MEASURE = auto()


class FolderDetailsScreen(Sheet[Wish | None]):
    """Closes with q, Esc or Enter; answers with what a person wants done."""

    def __init__(self, details: FolderDetails, *, read_only: bool = False) -> None:
        super().__init__(Text(list(rows(details))))
        self._details = details
        self._read_only = read_only

    def heading(self) -> str:
        return "/".join(self._details.mailbox.path)

    @property
    def may_set_rights(self) -> bool:
        """ACL's administer right, and a list to change (RFC 4314, 4)."""
        details = self._details
        reason = allowed(
            details.rights, Operation.SET_RIGHTS, details.mailbox, read_only=self._read_only
        )
        return details.grants is not None and reason is None

    @property
    def lacks_size(self) -> bool:
        return self._details.mailbox.selectable and self._details.status.size is None

    def hints(self) -> Hints:
        rights = (("r", "Change rights"),) if self.may_set_rights else ()
        measure = (("m", "Add up the size"),) if self.lacks_size else ()
        return (*rights, *measure, ("j k", "Scroll"), ("q", "Close"))

    def key(self, key: str) -> bool:
        if key == "r" and self.may_set_rights:
            self.dismiss(Wish.RIGHTS)
        elif key == "m" and self.lacks_size:
            self.dismiss(Wish.MEASURE)
        elif key == "enter":
            self.cancel()
        else:
            return super().key(key)
        return True


def rows(details: FolderDetails) -> Iterator[Parts]:
    """All that is told, a line each."""
    for name, value in _figures(details):
        yield _named(name, value)
    roots = {quota.root for quota in details.quotas or ()}
    for quota in details.quotas or ():
        yield _quota(quota, named=len(roots) > 1)
    yield ()
    yield from _rights(details)
    for note in details.notes:
        yield ((columnar(f"{note.title}: {note.server_line}"), "notice"),)


def _figures(details: FolderDetails) -> Iterator[tuple[str, str]]:
    mailbox, status = details.mailbox, details.status

    def number(value: int | None) -> str:
        return "not told" if value is None else f"{value:,}"

    if mailbox.selectable:
        yield "Messages", f"{number(status.messages)}, {number(status.unseen)} unread"
        size = "not told" if status.size is None else format_size(status.size)
        yield "Size", f"{size} ({status.size:,} octets)" if status.size is not None else size
        yield "UIDVALIDITY", number(status.uid_validity).replace(",", "")
        yield "Next UID", number(status.uid_next).replace(",", "")
        if status.highest_modseq is not None:
            yield "Highest modseq", str(status.highest_modseq)
    else:
        yield "Messages", "none: it only holds other folders"
    yield "Special use", mailbox.special_use.value if mailbox.special_use else "none"
    yield "Subscribed", "yes" if mailbox.subscribed else "no"
    yield "Name on the wire", ascii(mailbox.name)[1:]
    if details.quotas is None:
        yield "Quota", "this server does not tell (no QUOTA)"
    elif not details.quotas:
        yield "Quota", "no limits"


def _named(name: str, value: str) -> Parts:
    return ((f"{name:<{_NAME}}  ", "header-name"), (columnar(value), ""))


def _quota(quota: Quota, *, named: bool) -> Parts:
    """A limit as a bar; its words say the same without it. ``named``: whose limit it is."""
    full = min(_BAR, round(quota.share * _BAR))
    if quota.in_octets:
        used = f"{format_size(quota.usage)} of {format_size(quota.limit)}"
    else:
        used = f"{quota.usage:,} of {quota.limit:,}"
    style = next(style for share, style in _FULLNESS if quota.share >= share)
    name = fit(columnar(f"Quota, {quota.resource.lower()}"), _NAME)
    bar = ("█" * full, style), ("░" * (_BAR - full), "dim")
    whose = f" ({quota.root})" if named else ""
    told = columnar(f"  {used}, {quota.share:.0%}{whose}")
    return ((f"{name}  ", "header-name"), *bar, (told, ""))


def _rights(details: FolderDetails) -> Iterator[Parts]:
    if details.rights is None:
        yield (("This server does not tell rights (no ACL).", "dim"),)
        return
    yield (("You may", "header-name"),)
    for right in explained(details.rights):
        yield ((f"  {right.letter}  ", "strong"), (right.words, ""))
    lacking = explained(LETTERS - details.rights)
    if lacking:
        yield (("You may not", "header-name"),)
    for right in lacking:
        yield ((f"  {right.letter}  {right.words}", "dim"),)
    if details.grants is None:
        return
    yield ()
    yield (("Who has which rights", "header-name"),)
    shown = [columnar(grant.shown) for grant in details.grants]
    width = min(40, max(map(cell_len, shown), default=0))
    for name, grant in zip(shown, details.grants, strict=True):
        letters = "".join(right.letter for right in explained(grant.rights))
        yield ((f"  {fit(name, width)}  ", ""), (letters or "none", "strong" if letters else "dim"))
