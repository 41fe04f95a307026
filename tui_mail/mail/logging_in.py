"""What an account logs in with: found, asked for and remembered while the program runs.

Runs on the mail thread, for both servers of the account. Opens no connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tui_mail import config
from tui_mail.credentials import Credentials
from tui_mail.errors import Cancelled
from tui_mail.mail import events
from tui_mail.wire.sasl import LogIn


class LoggingIn:
    """The password or the access token of one account."""

    def __init__(
        self,
        settings: config.Account,
        credentials: Credentials,
        publish: Callable[[events.Event], None],
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._own: Credentials | None = None  # of a server beside the IMAP server
        self._publish = publish
        self._password: str | None = None
        self._token: str | None = None
        self._passed_over: dict[config.ServerUrl, set[str]] = {}
        self._given: asyncio.Future[str] | None = None
        self._finding = asyncio.Lock()

    @property
    def by_token(self) -> bool:
        """Whether a refusal is nothing that a person could mend by typing."""
        return self._settings.token_command is not None

    async def find(self, server: config.ServerUrl, *, refused: LogIn | None = None) -> LogIn:
        """What to log in with to one of the account's servers; a person is asked if need be.

        ``refused`` is what the server did not take: a token is not used again then, but made
        anew. Raises ``CredentialError``, or ``Cancelled`` when the person gave up.
        """
        passed_over = self._passed_over.setdefault(server, set())
        async with self._finding:  # ``Credentials`` answers one at a time
            if self.by_token:
                if self._token is None or (refused is not None and refused.secret == self._token):
                    self._token = await asyncio.to_thread(self._credentials.token)
                return LogIn(server.user, self._token, True, passed_over)
            if server != self._settings.imap and self._settings.password is None:
                self._own = Credentials(self._settings, server)
                own = await asyncio.to_thread(self._own.kept)
                if own is not None:
                    return LogIn(server.user, own, False, passed_over)
            if self._password is None:
                self._password = await asyncio.to_thread(self._credentials.find)
            if self._password is None:
                await self.ask(self._credentials.notice)
            assert self._password is not None
            return LogIn(server.user, self._password, False, passed_over)

    async def ask(self, reason: str) -> None:
        """Ask the person for the password, once for all who want it. Raises ``Cancelled``."""
        if self._given is None or self._given.done():
            self._given = asyncio.get_running_loop().create_future()
            self._given.add_done_callback(asyncio.Future.exception)  # nobody may be waiting
            name, server = self._settings.name, self._settings.imap
            self._publish(events.PasswordWanted(name, server.user, server.host, reason))
        self._password = await asyncio.shield(self._given)

    async def give(self, password: str | None, *, remember: bool) -> None:
        """The answer to ``PasswordWanted``; None when the person gave up.

        Raises ``CredentialError`` when it should be kept and the keyring does not take it.
        """
        if self._given is not None and not self._given.done():
            if password is None:
                self._given.set_exception(Cancelled("No password was given"))
            else:
                self._given.set_result(password)
        if password is not None and remember:
            await asyncio.to_thread(self._credentials.remember, password)

    def forget(self) -> None:
        """The password was refused."""
        self._password = None

    def stop(self) -> None:
        """The program ends: nobody waits for a keyring or a command any longer."""
        for each in (self._credentials, self._own):
            if each is not None:
                each.cancel()
