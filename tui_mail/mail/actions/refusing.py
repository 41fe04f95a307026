"""A refusal in words for a person: what was asked, the server's own line, what can be done."""

from __future__ import annotations

from tui_mail.errors import CommandRefused, MailError
from tui_mail.mail.actions.entries import Entry
from tui_mail.mail.actions.values import Copy, Move, TargetMissing, shown_name
from tui_mail.net.imap import ImapClient
from tui_mail.wire import commands
from tui_mail.wire.responses import QuotaData, QuotaResource, Response

_KIB = 1024
_FULL = 0.98  # of the limit


async def explained(
    client: ImapClient, entry: Entry, error: CommandRefused, advice: str = ""
) -> MailError:
    """Why the entry was refused. Asks how full the target is where that was the reason.

    Raises ``ConnectionFailed``.
    """
    # Dovecot says NONEXISTENT where the RFC has TRYCREATE.
    if entry.transfers and error.code in ("TRYCREATE", "NONEXISTENT"):
        action = Copy(entry.target) if entry.kind == "copy" else Move(entry.target)
        return TargetMissing(
            f"There is no folder {shown_name(entry.target)}",
            entry.target,
            again=(entry.mailbox_id, tuple(entry.uids.to_array()), action),
            server_line=error.server_line,
        )
    if error.code == "OVERQUOTA":
        full = await _how_full(client, entry.target or entry.mailbox)
        advice = " ".join(filter(None, (full, advice)))
    return CommandRefused(
        f"The server refused to {entry.text}",
        server_line=error.server_line or error.title,
        advice=advice or error.advice,
        code=error.code,
    )


async def _how_full(client: ImapClient, mailbox: bytes) -> str:
    """The quota of a mailbox (RFC 9208) in a sentence; "" when the server does not say."""
    if not any(name == "QUOTA" or name.startswith("QUOTA=") for name in client.capabilities):
        return ""
    resources: list[QuotaResource] = []

    def receive(response: Response) -> None:
        if isinstance(response, QuotaData):
            resources.extend(response.resources)

    try:
        await client.run(commands.getquotaroot(mailbox), origin="how full it is", on_data=receive)
    except CommandRefused:
        return ""
    full = max(resources, key=lambda each: each.usage / max(each.limit, 1), default=None)
    if full is None:
        return ""
    # One message may be too much for what is left, too.
    is_full = full.usage >= _FULL * full.limit
    return f"{'The quota is full' if is_full else 'Of the quota is used'}: {_amounts(full)}."


def _amounts(resource: QuotaResource) -> str:
    percent = round(100 * resource.usage / max(resource.limit, 1))
    if resource.name != "STORAGE":
        return f"{resource.usage:,} of {resource.limit:,} {resource.name.lower()}s ({percent} %)"
    return f"{_size(resource.usage)} of {_size(resource.limit)} ({percent} %)"


def _size(kib: int) -> str:
    for unit, factor in (("GiB", _KIB * _KIB), ("MiB", _KIB)):
        if kib >= factor:
            return f"{kib / factor:.1f} {unit}"
    return f"{kib} KiB"
