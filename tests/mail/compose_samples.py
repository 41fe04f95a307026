"""Drafts, accounts and messages that the tests of composing start from."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from tui_mail.config import Account, Identity, ServerUrl
from tui_mail.mail.compose.addresses import key
from tui_mail.mail.compose.values import Draft
from tui_mail.mail.compose.writer import Writer

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=timezone(timedelta(hours=1)))
DRAFT = Draft("work", "Anna Example <anna@example.org>", to="bo@example.net", subject="Hello")
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 5


def account(name: str, *identities: Identity) -> Account:
    first, *others = identities
    url = ServerUrl.parse(f"imaps://{name}@mail.example.org", "imap")
    return Account(name, first.name, first.address, url, aliases=tuple(others))


WORK = account(
    "work",
    Identity("Anna Example", "anna@example.org"),
    Identity("Anna at the Club", "club@example.com"),
)
HOME = account("home", Identity("", "anna@home.example"))


def writing(signature: str = "") -> Writer:
    """Anna, writing from her account "work"."""
    own = {each.address for one in (WORK, HOME) for each in one.identities}
    return Writer(WORK, frozenset(map(key, own)), signature)


class Blobs:
    """Where attachments are kept: ``keep`` and ``blobs`` as the store has them."""

    def __init__(self, *data: bytes) -> None:
        self.data = list(data)

    def keep(self, data: bytes) -> int:
        self.data.append(data)
        return len(self.data)

    def read(self, number: int) -> bytes:
        return self.data[number - 1]
