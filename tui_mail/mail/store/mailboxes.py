"""Mailboxes: what LIST and STATUS said, and how far the store follows each of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from tui_mail.mail.store.database import Row, Value
from tui_mail.mail.store.tables import Tables, fitting
from tui_mail.mail.store.values import StoredMailbox, SyncState
from tui_mail.model import Mailbox, MailboxStatus, SpecialUse
from tui_mail.sanitize import decode_clean

_COLUMNS = (
    "id, name, delimiter, attributes, path, special_use, subscribed,"
    " messages, unseen, uid_next, status_uid_validity, status_highest_modseq, size"
)
TAKE_OVER = (
    "UPDATE SET delimiter = excluded.delimiter, attributes = excluded.attributes,"
    " path = excluded.path, special_use = excluded.special_use, subscribed = excluded.subscribed"
)
_PAGE = 1000  # mailboxes read or written at a time


class Mailboxes(Tables):
    def replace_mailboxes(self, account_id: int, mailboxes: Sequence[Mailbox]) -> None:
        """Take over a whole LIST answer; mailboxes missing from it go, with their mail.

        The figures and the mail of those that stay are kept. An empty answer is not believed,
        since INBOX always exists (RFC 9051, 5.1), and changes nothing.
        """
        if not mailboxes:
            return
        listed = {_text(mailbox.name): mailbox for mailbox in mailboxes}
        with self._database.transaction():
            known = {
                name
                for (name,) in self._database.select(
                    "name", "FROM mailbox WHERE account_id = ?", account_id
                )
            }
            gone = json.dumps(sorted(known - listed.keys()))
            named = "account_id = ? AND name IN (SELECT value FROM json_each(?))"
            self._database.execute(
                f"INSERT INTO stale SELECT generation FROM mailbox WHERE {named}", account_id, gone
            )
            self._database.execute(f"DELETE FROM mailbox WHERE {named}", account_id, gone)
            self._add(account_id, list(listed.values()), TAKE_OVER)
        self.untidy = True

    def mailboxes(self, account_id: int) -> list[StoredMailbox]:
        """All mailboxes of an account, in the order of their names' bytes."""
        found: list[StoredMailbox] = []
        last = ""
        while True:
            rows = self._database.select(
                _COLUMNS,
                f"FROM (SELECT * FROM mailbox WHERE account_id = ? AND name > ?"
                f" ORDER BY name LIMIT {_PAGE})",
                account_id,
                last,
            )
            found.extend(map(_stored, rows))
            if len(rows) < _PAGE:
                return found
            last = rows[-1][1]

    def mailbox_by_name(self, account_id: int, name: bytes) -> StoredMailbox | None:
        rows = self._database.select(
            _COLUMNS, "FROM mailbox WHERE account_id = ? AND name = ?", account_id, _text(name)
        )
        return _stored(rows[0]) if rows else None

    def mailbox(self, mailbox_id: int) -> StoredMailbox | None:
        rows = self._database.select(_COLUMNS, "FROM mailbox WHERE id = ?", mailbox_id)
        return _stored(rows[0]) if rows else None

    def ensure_mailbox(self, account_id: int, name: bytes) -> StoredMailbox:
        """The mailbox of this name; made, with nothing known of it, when LIST has not named it."""
        stored = self.mailbox_by_name(account_id, name)
        while stored is None:
            # LIST brings the name in its parts, decoded.
            mailbox = Mailbox(name, None, frozenset(), (decode_clean(name),))
            with self._database.transaction():
                self._add(account_id, [mailbox], "NOTHING")
            stored = self.mailbox_by_name(account_id, name)
        return stored

    def put_status(self, account_id: int, statuses: Mapping[bytes, MailboxStatus]) -> None:
        """Keep STATUS figures (RFC 9051, 7.3.4); a None leaves the figure as it was."""
        rows = [
            [
                _text(name),
                fitting(status.messages),
                fitting(status.unseen),
                fitting(status.uid_next),
                fitting(status.uid_validity),
                fitting(status.highest_modseq),
                fitting(status.size),
            ]
            for name, status in statuses.items()
        ]
        for start in range(0, len(rows), _PAGE):
            self._database.execute(_PUT_STATUS, json.dumps(rows[start : start + _PAGE]), account_id)

    def sync_state(self, mailbox_id: int) -> SyncState:
        """How far the store follows this mailbox; all empty when there is no such mailbox."""
        row = self._database.row(
            "SELECT uid_validity, uid_next, highest_modseq, filled_to FROM mailbox WHERE id = ?",
            mailbox_id,
        )
        return SyncState(*row) if row else SyncState(None, None, None, 0)

    def set_filled_to(self, mailbox_id: int, uid: int) -> None:
        """All messages from this UID up have their rows."""
        self._database.execute("UPDATE mailbox SET filled_to = ? WHERE id = ?", uid, mailbox_id)

    def reset_if_stale(self, mailbox_id: int, uid_validity: int) -> bool:
        """Compare with the UIDVALIDITY of what is stored (RFC 9051, 2.3.1.1), which it becomes.

        When it is another one, all that was stored under the old UIDs goes at once (messages,
        bodies, the order, journal entries that name UIDs) and the answer is True.
        """
        with self._database.transaction():
            row = self._database.row(
                "SELECT uid_validity, generation, account_id, name FROM mailbox WHERE id = ?",
                mailbox_id,
            )
            if row is None:
                return False
            stored, generation, account_id, name = row
            # Also where nothing is stored: the mailbox may have gone and come back meanwhile.
            self._database.execute(
                "DELETE FROM journal"
                " WHERE account_id = ? AND mailbox = ? AND uids <> '' AND uid_validity <> ?",
                account_id,
                name,
                uid_validity,
            )
            if stored == uid_validity:
                return False
            if stored is None:
                self._database.execute(
                    "UPDATE mailbox SET uid_validity = ? WHERE id = ?", uid_validity, mailbox_id
                )
                return False
            self._database.execute("INSERT INTO stale VALUES (?)", generation)
            self._database.execute(
                "UPDATE mailbox SET generation = ?, uid_validity = ?, highest_modseq = NULL,"
                " filled_to = 0, messages = NULL, unseen = NULL, uid_next = NULL, size = NULL"
                " WHERE id = ?",
                self._new_generation(),
                uid_validity,
                mailbox_id,
            )
        self.untidy = True
        return True

    def _add(self, account_id: int, mailboxes: Sequence[Mailbox], known: str) -> None:
        """Insert; ``known`` is what ON CONFLICT shall DO with those that are there already."""
        generation = self._new_generation(len(mailboxes))
        self._database.insert(
            "INSERT INTO mailbox (account_id, name, delimiter, attributes, path, special_use,"
            " subscribed, generation)",
            [
                (account_id, *_listing(mailbox), generation + number)
                for number, mailbox in enumerate(mailboxes)
            ],
            f"ON CONFLICT (account_id, name) DO {known}",
        )


_STATUS_COLUMNS = (
    "messages",
    "unseen",
    "uid_next",
    "status_uid_validity",
    "status_highest_modseq",
    "size",
)
# MATERIALIZED keeps SQLite from reading the whole text again for each mailbox of the account.
_PUT_STATUS = """
    WITH new AS MATERIALIZED (
        SELECT json_extract(value, '$[0]') AS name, value AS figures FROM json_each(?))
    UPDATE mailbox SET {}
    FROM new WHERE mailbox.account_id = ? AND mailbox.name = new.name""".format(
    ", ".join(
        f"{column} = coalesce(json_extract(new.figures, '$[{place}]'), mailbox.{column})"
        for place, column in enumerate(_STATUS_COLUMNS, start=1)
    )
)


def _text(name: bytes) -> str:
    return name.decode("latin-1")


def _listing(mailbox: Mailbox) -> tuple[Value, ...]:
    return (
        _text(mailbox.name),
        mailbox.delimiter,
        " ".join(sorted(mailbox.attributes)),
        json.dumps(mailbox.path),
        mailbox.special_use.value if mailbox.special_use else None,
        int(mailbox.subscribed),
    )


def _stored(row: Row) -> StoredMailbox:
    number, name, delimiter, attributes, path, special_use, subscribed, *figures = row
    return StoredMailbox(
        id=number,
        mailbox=Mailbox(
            name=name.encode("latin-1"),
            delimiter=delimiter,
            attributes=frozenset(attributes.split()),
            path=tuple(json.loads(path)),
            special_use=SpecialUse(special_use) if special_use else None,
            subscribed=bool(subscribed),
        ),
        status=MailboxStatus(*figures),
    )
