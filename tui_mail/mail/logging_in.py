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
        # The IMAP server's, which counts for both; another server's own once a person gave one.
        self._passwords: dict[config.ServerUrl, str] = {}
        self._token: str | None = None
        self._passed_over: dict[config.ServerUrl, set[str]] = {}
        self._given: dict[config.ServerUrl, asyncio.Future[str]] = {}
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
        imap = self._settings.imap
        async with self._finding:  # ``Credentials`` answers one at a time
            if self.by_token:
                if self._token is None or (refused is not None and refused.secret == self._token):
                    self._token = await asyncio.to_thread(self._credentials.token)
                return LogIn(server.user, self._token, True, passed_over)
            own = self._passwords.get(server)
            if own is None and server != imap and self._settings.password is None:
                own = await asyncio.to_thread(self._of(server).kept)
            if own is None:
                own = self._passwords.get(imap)
            if own is None:
                own = await asyncio.to_thread(self._credentials.find)
                if own is not None:
                    self._passwords[imap] = own
            if own is None:
                own = await self.ask(self._credentials.notice)
            return LogIn(server.user, own, False, passed_over)

    async def ask(self, reason: str, server: config.ServerUrl | None = None) -> str:
        """Ask the person for the password, once for all who want it. Raises ``Cancelled``.

        ``server`` is the one that refused the password of the IMAP server, None for that itself.
        """
        server = server or self._settings.imap
        given = self._given.get(server)
        if given is None or given.done():
            given = self._given[server] = asyncio.get_running_loop().create_future()
            given.add_done_callback(asyncio.Future.exception)  # nobody may be waiting
            name, sending = self._settings.name, server != self._settings.imap
            keyring = not self._credentials.notice
            self._publish(
                events.PasswordWanted(name, server.user, server.host, reason, sending, keyring)
            )
        password = self._passwords[server] = await asyncio.shield(given)
        return password

    async def give(self, password: str | None, *, remember: bool, sending: bool = False) -> None:
        """The answer to ``PasswordWanted``; None when the person gave up.

        Raises ``CredentialError`` when it should be kept and the keyring does not take it.
        """
        smtp = self._settings.smtp
        server = smtp if sending and smtp is not None else self._settings.imap
        given = self._given.get(server)
        if given is not None and not given.done():
            if password is None:
                given.set_exception(Cancelled("No password was given"))
            else:
                given.set_result(password)
        if password is not None and remember:
            await asyncio.to_thread(self._of(server).remember, password)

    def _of(self, server: config.ServerUrl) -> Credentials:
        if server == self._settings.imap:
            return self._credentials
        self._own = Credentials(self._settings, server)
        return self._own

    def forget(self) -> None:
        """The password of the IMAP server was refused."""
        self._passwords.pop(self._settings.imap, None)

    def stop(self) -> None:
        """The program ends: nobody waits for a keyring or a command any longer."""
        for each in (self._credentials, self._own):
            if each is not None:
                each.cancel()
