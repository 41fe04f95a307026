"""What can go wrong, in words for a person.

One small tree. Every error says what happened (``title``), the server's own line where there
is one, what to try (``advice``), and whether trying again may help (``temporary``).
No secret and no message text may be put into any of these.
"""

from __future__ import annotations


class MailError(Exception):
    """Base of all errors that may reach the screen.

    ``server_line`` is the answer as it arrived, undecorated; the screen cleans it before drawing.
    """

    temporary = False

    def __init__(self, title: str, *, server_line: str = "", advice: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.server_line = server_line
        self.advice = advice

    def __str__(self) -> str:
        return "\n".join(part for part in (self.title, self.server_line, self.advice) if part)


class ConfigError(MailError):
    """The configuration file is wrong: the title names file, key and what was expected."""


class CredentialError(MailError):
    """No password could be had, or the way to it failed."""


class ProtocolError(MailError):
    """The server sent something that is not IMAP (or not SMTP), or broke a size limit."""


class ConnectionFailed(MailError):
    """The network failed, or a wait ran out; the same may work a moment later."""

    temporary = True


class InsecureConnection(MailError):
    """Going on would have sent a password, or read mail, over a line that is not safe."""


class AuthenticationFailed(MailError):
    """The server refused the user name or the password."""


class LoginNotOffered(AuthenticationFailed):
    """The server offers no way to log in that this program has: another password is no help."""


class CommandRefused(MailError):
    """The server answered NO or BAD (RFC 9051, 7.1); ``code`` is its response code, if any."""

    def __init__(
        self, title: str, *, server_line: str = "", advice: str = "", code: str | None = None
    ) -> None:
        super().__init__(title, server_line=server_line, advice=advice)
        self.code = code


class Cancelled(MailError):
    """A person stopped it."""


class StoreError(MailError):
    """The local database could not be opened, read or written."""
