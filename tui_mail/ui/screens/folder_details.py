"""What the server says of one folder: figures, quota, rights. Asks nothing, changes nothing."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text
from textual.widget import Widget
from textual.widgets import Static

from tui_mail.mail.folder_details import FolderDetails, Quota
from tui_mail.mail.rights import explained
from tui_mail.ui.screens.dialog import Dialog, styled
from tui_mail.ui.theme import style
from tui_mail.ui.widgets.columns import format_size

_BAR = 24  # cells of the quota bar
_NAME = 16  # cells of the names on the left
_GRANTS = 12  # entries of the access control list that are shown


class FolderDetailsScreen(Dialog[None]):
    """Closes with q, Esc or Enter."""

    def __init__(self, details: FolderDetails) -> None:
        super().__init__()
        self._details = details

    def heading(self) -> str:
        return "/".join(self._details.mailbox.path)

    def content(self) -> Iterable[Widget]:
        yield Static(_table(_figures(self._details)))
        for quota in self._details.quotas or ():
            yield Static(_quota(quota))
        yield Static(_rights(self._details), classes="gap")
        for note in self._details.notes:
            yield Static(styled(f"{note.title}: {note.server_line}", "notice"))

    def key(self, key: str) -> bool:
        if key in ("enter", "space"):
            self.cancel()
            return True
        return False


def _figures(details: FolderDetails) -> Iterable[tuple[str, str]]:
    mailbox, status = details.mailbox, details.status

    def number(value: int | None) -> str:
        return "not told" if value is None else f"{value:,}"

    yield "Messages", f"{number(status.messages)}, {number(status.unseen)} unread"
    if status.size is not None:
        yield "Size", format_size(status.size)
    yield "UIDVALIDITY", number(status.uid_validity).replace(",", "")
    yield "Next UID", number(status.uid_next).replace(",", "")
    if status.highest_modseq is not None:
        yield "Highest modseq", str(status.highest_modseq)
    yield "Special use", mailbox.special_use.value if mailbox.special_use else "none"
    yield "Subscribed", "yes" if mailbox.subscribed else "no"
    yield "Name on the wire", ascii(mailbox.name)[1:]


def _table(rows: Iterable[tuple[str, str]]) -> Text:
    text = Text()
    for name, value in rows:
        if text:
            text.append("\n")
        text.append(f"{name:<{_NAME}}  ", style("header-name"))
        text.append_text(styled(value))
    return text


def _quota(quota: Quota) -> Text:
    """A limit as a bar; its words say the same without it."""
    full = min(_BAR, round(quota.share * _BAR))
    if quota.in_octets:
        used = f"{format_size(quota.usage)} of {format_size(quota.limit)}"
    else:
        used = f"{quota.usage:,} of {quota.limit:,}"
    text = styled(f"{quota.resource.lower():<{_NAME}}  ", "header-name")
    text.append("█" * full + "░" * (_BAR - full), style("status-busy"))
    text.append_text(styled(f"  {used}, {quota.share:.0%}  {quota.root}"))
    return text


def _rights(details: FolderDetails) -> Text:
    if details.rights is None:
        return styled("This server does not tell rights (no ACL).", "dim")
    text = styled("You may:", "header-name")
    for right in explained(details.rights):
        text.append_text(styled(f"\n  {right.letter}  {right.words}"))
    for grant in (details.grants or ())[:_GRANTS]:
        letters = "".join(right.letter for right in explained(grant.rights))
        text.append_text(styled(f"\n{grant.shown}: {letters}"))
    return text
