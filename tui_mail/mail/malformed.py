"""Tells a person that a response could not be read, without repeating itself.

Such a response is left out and nothing else is lost; the wire pane has every one of them.
"""

from __future__ import annotations

import time

from tui_mail.errors import ProtocolError
from tui_mail.mail import events
from tui_mail.wire.responses import Fetch, Malformed

AGAIN_AFTER = 60.0  # seconds between two notices of one account
SHOWN = 200  # octets of a response


class MalformedNotices:
    """For ``ImapClient.on_malformed``."""

    def __init__(self, account: str, publish: events.Publish) -> None:
        self._account = account
        self._publish = publish
        self._told_at: float | None = None
        self._untold = 0

    def tell(self, response: Malformed | Fetch) -> None:
        """The first at once, then at most one notice in ``AGAIN_AFTER`` seconds."""
        now = time.monotonic()
        if self._told_at is not None and now - self._told_at < AGAIN_AFTER:
            self._untold += 1
            return
        others = f" (and {self._untold} before it)" if self._untold else ""
        self._told_at, self._untold = now, 0
        error = ProtocolError(
            f"A response of the server could not be read{others}",
            server_line=_line(response),
            advice="It was left out, and nothing else; see the wire pane.",
        )
        self._publish(events.Notice(self._account, error))


def _line(response: Malformed | Fetch) -> str:
    if isinstance(response, Malformed):
        return response.line[:SHOWN].decode("utf-8", "replace")
    return f"* {response.sequence} FETCH: {'; '.join(response.broken)}"[:SHOWN]
