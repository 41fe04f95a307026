"""NOTIFY (RFC 5465): one connection that is told about all mailboxes.

Sends the command and reads what it answers; what follows unasked is ``news_watch``'s.
"""

from __future__ import annotations

import logging

from tui_mail.errors import CommandRefused
from tui_mail.net.imap import ImapClient
from tui_mail.wire import commands
from tui_mail.wire.responses import Condition, Response

_EVENTS = "MessageNew MessageExpunge FlagChange"
_NAMES = "MailboxName SubscriptionChange"
# RFC 5465, 5: MessageNew and MessageExpunge come together, and both where FlagChange is. The first
# group that holds a mailbox counts for it; "subscribed" has other people's mailboxes as well.
SPECIFICATION = (
    f"SET STATUS (selected ({_EVENTS})) (subscribed ({_EVENTS} {_NAMES}))"
    f" (personal ({_EVENTS} {_NAMES}))"
)
log = logging.getLogger(__name__)


async def begin(client: ImapClient, *, origin: str) -> bool:
    """Ask to be told of everything; False where the server does not want to.

    The STATUS of every mailbox comes as untagged data before the answer. To be called with INBOX
    selected, and once a connection: Dovecot 2.3 tells nothing about INBOX unless it is selected
    (``mailbox_list_index_include_inbox``), and nothing at all after a second NOTIFY SET.
    Raises ``ConnectionFailed``.
    """
    if not {"NOTIFY", "IDLE"} <= client.capabilities:
        return False
    try:
        if {"CONDSTORE", "ENABLE"} <= client.capabilities:
            # Without it a change of flags other than \Seen is not told (RFC 5465, 5.1).
            await client.run(commands.enable(("CONDSTORE",)), origin=origin)
        await client.run(commands.notify(SPECIFICATION), origin=origin)
    except CommandRefused as error:
        log.info("NOTIFY is offered and refused: %s", error.server_line)
        return False
    return True


def has_ended(response: Response) -> bool:
    """Whether this says that nothing more will be told (RFC 5465, 5.8)."""
    return (
        isinstance(response, Condition)
        and response.code is not None
        and response.code.name == "NOTIFICATIONOVERFLOW"
    )
