"""Mailboxes and servers as mutt names them: URLs, ``{host}box``, ``=box`` (mutt's manual, 4.10).

Values only. A password in a URL is kept apart and shows in no ``repr``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from tui_mail.config import ServerUrl

_URL = re.compile(r"(?P<scheme>imaps?|smtps?)://(?P<server>[^/]*)(?:/(?P<path>.*))?", re.I | re.S)
# The notation of c-client, which mutt still reads.
_BRACES = re.compile(r"\{(?P<server>[^/}]*)(?P<options>(?:/[^/}]*)*)\}(?P<path>.*)", re.S)
_HOST = re.compile(
    r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?"
)
# mutt's ports where they are not this program's.
_PORTS = {"smtp": 25}


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a URL. ``user``, ``password`` and ``path`` are "" where it names none."""

    scheme: str
    host: str
    port: int | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    path: str = ""

    @property
    def protocol(self) -> str:
        return self.scheme.removesuffix("s")

    def url(self, user: str) -> ServerUrl:
        """The same server as this program writes it. Raises ValueError."""
        from urllib.parse import quote

        port = self.port or _PORTS.get(self.scheme)
        who = f"{quote(user, safe='')}@" if user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        where = f"{host}:{port}" if port else host
        return ServerUrl.parse(f"{self.scheme}://{who}{where}", self.protocol)


def server(text: str) -> Server | None:
    """The server ``text`` names, None if it names none."""
    text = text.strip()
    if match := _URL.fullmatch(text):
        return _server(match["scheme"].lower(), match["server"], unquote(match["path"] or ""))
    if match := _BRACES.fullmatch(text):
        options = match["options"].lower().split("/")
        return _server("imaps" if "ssl" in options else "imap", match["server"], match["path"])
    return None


def _server(scheme: str, written: str, path: str) -> Server | None:
    # As mutt splits it: a user name may have an @ in it, a host has none.
    login, _, address = written.rpartition("@")
    user, _, password = login.partition(":")
    host = _HOST.fullmatch(address)
    if host is None:
        return None
    port = int(host["port"]) if host["port"] else None
    name = host["host"].strip("[]").lower()
    return Server(scheme, name, port, unquote(user), unquote(password), path.strip("/"))


def mailbox(text: str, folder: Server | None) -> tuple[Server, str] | None:
    """The IMAP server and the mailbox ``text`` means while ``$folder`` is ``folder``.

    None for a file of this machine, or one of mutt's shortcuts (``!``, ``<``).
    """
    text = text.strip()
    if text[:1] in ("=", "+"):
        name = text[1:].strip("/")
        if folder is None or not name:
            return None
        if name.upper() == "INBOX" or not folder.path:
            return folder, name
        return folder, f"{folder.path}/{name}"
    found = server(text)
    if found is None or found.protocol != "imap":
        return None
    return found, found.path or "INBOX"
