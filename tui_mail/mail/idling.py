"""One IDLE (RFC 2177) on the selected mailbox, from its beginning to its answer.

Says nothing about what was heard meanwhile: that is for the connection's ``on_response``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tui_mail.net.imap import ImapClient
from tui_mail.wire import commands

SHORTEST_IDLE = 5.0  # seconds: an IDLE that the server ends sooner is begun again only then


async def idle(
    client: ImapClient,
    woken: asyncio.Future[Any],
    *,
    origin: str,
    timeout: float,
    patience: Callable[[], float],
) -> None:
    """IDLE until ``woken`` is done, or for ``timeout`` seconds.

    ``patience`` says, when it has ended, how many seconds its answer may take. Raises as
    ``ImapClient.run``.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    command = commands.idle()
    answered = client.start(command, origin=origin)
    await first_of(woken, answered, client.closed, timeout=timeout)
    ended_by_server = answered.done()
    if not ended_by_server:
        client.idle_done()
    await client.finish(command, answered, timeout=patience())
    if ended_by_server:
        left = max(0.0, began + SHORTEST_IDLE - loop.time())
        await first_of(woken, client.closed, timeout=left)


async def first_of(*futures: asyncio.Future[Any], timeout: float) -> None:
    """Wait until one of them is done; cancels none."""
    await asyncio.wait(futures, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
