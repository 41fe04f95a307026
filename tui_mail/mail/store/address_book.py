"""The address book: everybody the person's mail came from or went to, learned from stored rows.

An address counts the more the oftener and the later it was seen. Each time it is seen adds
``weight * 2 ** (time / HALF_LIFE)`` to its score, so the order of scores never has to be brought
up to date. Mailboxes are learned a slice at a time, the newest mail first.
"""

from __future__ import annotations

import re
import time
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable
from typing import Any

from tui_mail.mail.store.messages import TEXT_LIMIT
from tui_mail.mail.store.orders import SPAN, uids_of
from tui_mail.mail.store.tables import END, Tables
from tui_mail.mail.store.values import KnownAddress

SLICE = 40  # messages learned at a time: a few ms
PER_MAILBOX = 10_000  # UIDs: older ones hardly count
HOPELESS = 1000  # rows beyond one that is missing: it will not come any more
MOST_ADDRESSES = 50_000
HALF_LIFE = 180 * 86400.0  # seconds
EPOCH = 1.7e9  # seconds: 2023; keeps the scores small
RECIPIENTS = 20  # of one message; a longer list is no sign of knowing each other
WORDS = 12  # of one name and address

WRITTEN_TO, SENDER, RECIPIENT = 5.0, 1.0, 0.2  # weights

_NOBODY = re.compile(
    r"(?:.*[._+-])?(?:no-?_?reply|do-?_?not-?_?reply|mailer-daemon|bounces?|postmaster)"
    r"(?:[._+-].*)?@|.*[+-]bounces?[+@-]",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+")
_PUT = """
    INSERT INTO address (address, name, named, last, written_to, score)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (address) DO UPDATE SET
        name = CASE WHEN ?2 <> '' AND ?3 >= named THEN ?2 ELSE name END,
        named = max(named, ?3),
        last = max(last, ?4), written_to = written_to OR ?5, score = score + ?6
    RETURNING id, name"""

Seen = tuple[str, str, float]  # name, address, weight


class AddressBook(Tables):
    def addresses(self, text: str, limit: int = 20) -> list[KnownAddress]:
        """Those with a word that begins with each of the words of ``text``, the best first.

        Words are those of name and address; the whole address counts as one, too.
        """
        wanted = _wanted(text)
        if not wanted:
            return []
        first, *others = sorted(wanted, key=len, reverse=True)
        also = " AND EXISTS (SELECT 1 FROM address_word AS w WHERE w.address_id = address.id"
        rows = self._database.select(
            "name, address, last, written_to",
            "FROM (SELECT * FROM address WHERE id IN"
            " (SELECT address_id FROM address_word WHERE word >= ? AND word < ?)"
            + f"{also} AND w.word >= ? AND w.word < ?)" * len(others)
            + " ORDER BY score DESC LIMIT ?)",
            *(bound for word in (first, *others) for bound in (word, f"{word}\U0010ffff")),
            limit,
        )
        return [KnownAddress(name, address, last, bool(to)) for name, address, last, to in rows]

    def learn_written_to(self, addresses: Collection[tuple[str, str]]) -> None:
        """A message was sent to these: (name, address)."""
        with self._database.transaction():
            for name, address in addresses:
                self._learn(name, address, WRITTEN_TO, time.time())

    def learn_addresses(self, mailbox_id: int, own: Collection[str]) -> bool:
        """Learn one slice of a mailbox's stored rows; True while there is more.

        ``own`` are the person's own addresses in lower case: to whom they wrote counts most.
        Rows that are still to come, between those that are stored, are waited for.
        """
        base = self._base(mailbox_id)
        newest: int | None = self._database.value(
            "SELECT max(key) FROM message WHERE key >= ? AND key < ?", base, (base or 0) + END
        )
        if base is None or newest is None:
            return False
        known = self._database.row(
            "SELECT lowest, highest FROM address_learned WHERE generation = ?", base >> 32
        )
        lowest, highest = known or (newest - base + 1, newest - base)
        if rows := self._rows(base, highest + 1, END, newer=True):
            highest = rows[-1][0] - base
        elif rows := self._rows(base, max(1, highest - PER_MAILBOX), lowest, newer=False):
            lowest = rows[-1][0] - base
        with self._database.transaction():
            for _, *row in rows:
                self._learn_row(row, own)
            self._database.execute(
                "INSERT INTO address_learned VALUES (?1, ?2, ?3) ON CONFLICT (generation)"
                " DO UPDATE SET lowest = ?2, highest = ?3",
                base >> 32,
                lowest,
                highest,
            )
            self._forget_least()
        return bool(rows)

    def _rows(self, base: int, low: int, high: int, *, newer: bool) -> list[list[Any]]:
        """A slice of the rows from UID ``low`` to below ``high``, as far as there is no gap."""
        rows = self._database.select(
            "key, internal_date, sender, sender_address, to_addresses, cc_addresses",
            "FROM (SELECT * FROM message WHERE key >= ? AND key < ?"
            f" ORDER BY key {'ASC' if newer else 'DESC'} LIMIT ?)",
            base + low,
            base + high,
            SLICE,
        )
        if not rows:
            return rows
        end = rows[-1][0]
        known = {key for key, *_ in rows}
        first, last = (base + low, end) if newer else (end, base + high - 1)
        missing = [key for key in self._keys(first, last) if key not in known]
        if not missing:
            return rows
        edge = missing[0] if newer else missing[-1]
        first, last = (edge, base + END) if newer else (base, edge)
        beyond: int = self._database.value(
            "SELECT count(*) FROM (SELECT 1 FROM message WHERE key > ? AND key < ? LIMIT ?)",
            first,
            last,
            HOPELESS,
        )
        if beyond >= HOPELESS:
            return rows
        return [row for row in rows if (row[0] < edge) is newer]

    def _keys(self, first: int, last: int) -> list[int]:
        """The keys from ``first`` to ``last`` of messages that are on the server."""
        base = first >> 32 << 32
        uids = array("I")
        for data in self._database.blobs(
            "SELECT data FROM uids WHERE key > ? AND key <= ? ORDER BY key",
            first - (1 << SPAN),
            last,
        ):
            uids.extend(uids_of(data))
        begin, end = bisect_left(uids, first - base), bisect_right(uids, last - base)
        return [base + uid for uid in uids[begin:end]]

    def _learn_row(self, row: list[Any], own: Collection[str]) -> None:
        date, sender, sender_address, to, cc = row
        when = min(float(date), time.time())
        from_me = sender_address.casefold() in own
        if not from_me and "@" in sender_address:
            name = "" if sender == sender_address else sender
            self._learn(name, sender_address, SENDER, when)
        weight = WRITTEN_TO if from_me else RECIPIENT
        for name, address in _recipients(to, cc):
            if address.casefold() not in own:
                self._learn(name, address, weight, when)

    def _learn(self, name: str, address: str, weight: float, when: float) -> None:
        if _NOBODY.match(address) or "@" not in address or len(address) > 254:
            return
        name = "" if name.casefold() == address.casefold() else name[:200]
        before = self._database.value("SELECT name FROM address WHERE address = ?", address.lower())
        number, name = self._database.row(
            _PUT,
            address.lower(),
            name,
            when if name else 0.0,
            when,
            weight == WRITTEN_TO,
            weight * 2.0 ** ((when - EPOCH) / HALF_LIFE),
        ) or (0, "")
        if name != before:
            self._database.execute("DELETE FROM address_word WHERE address_id = ?", number)
            for word in words(name, address):
                self._database.execute("INSERT INTO address_word VALUES (?, ?)", word, number)

    def _forget_least(self) -> None:
        """Keep the book bounded, whatever a mailbox holds."""
        excess = self._database.value("SELECT count(*) FROM address") - MOST_ADDRESSES
        if excess > 0:
            least = "SELECT id FROM address ORDER BY score LIMIT ?"
            self._database.execute(
                f"DELETE FROM address_word WHERE address_id IN ({least})", excess
            )
            self._database.execute(f"DELETE FROM address WHERE id IN ({least})", excess)


def words(name: str, address: str) -> set[str]:
    """What an address is found by: words of the name, of the address, and the address itself."""
    plain = _plain(address)
    local, _, domain = plain.rpartition("@")
    found = [*_WORD.findall(_plain(name))[:WORDS], *_WORD.findall(local)[:WORDS]]
    return {each[:100] for each in (*found, domain, plain) if each}


def _wanted(text: str) -> list[str]:
    """The words of what was typed; one with an @ is the beginning of an address."""
    return [
        word
        for piece in _plain(text).replace("<", " ").replace('"', " ").split()[:8]
        for word in ([piece] if "@" in piece or "." in piece else _WORD.findall(piece))
    ]


def _plain(text: str) -> str:
    """Without regard to case and accents, so that ``jose`` finds ``José``."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def _recipients(*fields: str) -> Iterable[tuple[str, str]]:
    # Whoever has only ever read mail does not need to load this.
    from tui_mail.mail.compose.addresses import parse

    found = []
    for text in fields:
        typed = [each for each in parse(text) if each.address and not each.problem]
        # What was cut off may look like an address.
        found += typed[:-1] if len(text) >= TEXT_LIMIT else typed
    return [(each.name, each.address) for each in found] if len(found) <= RECIPIENTS else []
