"""The largest message each account's submission server takes (SIZE, RFC 1870), remembered.

Learned from each message that is sent; asked for where a draft has attachments before that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from tui_mail import config
from tui_mail.errors import MailError
from tui_mail.mail import events
from tui_mail.mail.account import Account
from tui_mail.mail.outbox.submitting import LABEL
from tui_mail.mail.store import Store, StoreThreads
from tui_mail.net.stream import context_for
from tui_mail.wire.transcript import Transcript

SETTING = "smtp size"

log = logging.getLogger(__name__)


class ServerSizes:
    """``of`` may be asked from any thread."""

    def __init__(
        self,
        settings: config.Config,
        store: StoreThreads,
        transcript: Transcript,
        publish: events.Publish,
    ) -> None:
        self._settings = {each.name: each for each in settings.accounts}
        self._store = store
        self._transcript = transcript
        self._publish = publish
        self._known: dict[str, int | None] = {}
        self._asked: set[str] = set()

    async def load(self, accounts: Mapping[str, Account]) -> None:
        """What was said in earlier runs."""
        for account in accounts.values():
            noted = await asyncio.wrap_future(self._store.read(Store.setting, account.id, SETTING))
            if noted is not None and noted.isdecimal():
                self._known[account.name] = int(noted)

    def of(self, account: str) -> int | None:
        """In octets; None when the server has not said, or sets no limit."""
        return self._known.get(account)

    def note(self, account: Account, size: int | None) -> None:
        """What EHLO said this time."""
        if account.name in self._known and size == self._known[account.name]:
            return
        self._known[account.name] = size
        text = None if size is None else str(size)
        self._store.write(Store.put_setting, account.id, SETTING, text)
        self._publish(events.ServerSizeKnown(account.name, size))

    async def ask(self, account: Account) -> None:
        """Ask the server, without a login, once in a run and only where it is not known."""
        server = self._settings[account.name].smtp
        if account.name in self._known or account.name in self._asked or server is None:
            return
        self._asked.add(account.name)
        from tui_mail.net import submission

        recorder = self._transcript.recorder(f"{account.name}/{LABEL}")
        try:
            ca_file = self._settings[account.name].ca_file
            context = await asyncio.to_thread(context_for, server, ca_file)
            found = await submission.capabilities(server, context, recorder, None)
        except MailError as error:
            # Whoever sends something will be told.
            log.info("account %s: %s", account.name, error.title)
        else:
            self.note(account, found.size)
