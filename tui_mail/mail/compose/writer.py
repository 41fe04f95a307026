"""Who writes: the account, its identities, every address that is the person's own, the signature.

Reads one file, the signature; everything else is values.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui_mail.config import Account, Identity
from tui_mail.mail.charsets import decode_unknown
from tui_mail.mail.compose.addresses import formatted, key

MAX_SIGNATURE = 16 * 1024  # octets

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Writer:
    """``own`` are the bare addresses of all accounts, as ``addresses.key`` writes them.

    ``signature`` is its text without the separator, "" for none.
    """

    account: Account
    own: frozenset[str]
    signature: str = ""

    def is_own(self, address: str) -> bool:
        """Whether a bare address is one of the person's, of whichever account."""
        return key(address) in self.own or key(without_detail(address)) in self.own

    def identity(self, addressed: Iterable[str], delivered: Iterable[str] = ()) -> str:
        """Whom to write as, ``Name <address>``, by the addresses a message came to.

        ``addressed`` are those of To and Cc. ``delivered`` (Delivered-To) decides where several
        of them are one's own, or none is: aliases end in one mailbox, lists name nobody.
        """
        reached = list(self._reached(addressed))
        final = list(self._reached(delivered))
        both = [each for each in reached if each in final]
        chosen = next(iter((both if len(set(reached)) > 1 else []) or reached or final), None)
        identity = chosen or self.account.identities[0]
        return formatted(identity.name, identity.address)

    def _reached(self, addresses: Iterable[str]) -> Iterable[Identity]:
        known = {key(each.address): each for each in reversed(self.account.identities)}
        for address in addresses:
            found = known.get(key(address)) or known.get(key(without_detail(address)))
            if found is not None:
                yield found


def without_detail(address: str) -> str:
    """``anna@example.org`` for ``anna+lists@example.org`` (subaddresses, RFC 5233, 1)."""
    local, at, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"


def writer(accounts: Sequence[Account], name: str) -> Writer:
    """Who writes from the account ``name``. Reads its signature file: may block.

    A signature that cannot be read is left out. Raises KeyError for an account there is not.
    """
    account = {each.name: each for each in accounts}[name]
    own = frozenset(key(one.address) for each in accounts for one in each.identities)
    return Writer(account, own, _read_signature(account.signature))


def _read_signature(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        # A FIFO or a device would never end, or never begin.
        if not path.is_file():
            raise OSError("not a file")
        with path.open("rb") as file:
            data = file.read(MAX_SIGNATURE)
    except OSError as error:
        log.warning("the signature cannot be read: %s", error)
        return ""
    text = decode_unknown(data).replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return text.removeprefix("-- \n").rstrip()
