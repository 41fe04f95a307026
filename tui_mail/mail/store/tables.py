"""What every group of tables builds on: the connection, and how a message's key is made."""

from __future__ import annotations

from tui_mail.mail.store.database import Database

# The key of UID 0 of a mailbox; NULL, which matches nothing, when the mailbox is gone.
BASE = "(SELECT generation << 32 FROM mailbox WHERE id = ?)"
END = 1 << 32  # one more than the greatest UID (RFC 9051, 2.3.1.1)
LARGEST = (1 << 63) - 1  # SQLite's integers, and a mod-sequence (RFC 7162, 7), end here


class Tables:
    """A group of tables on one connection. ``untidy`` is set where ``tidy`` has work to do."""

    untidy: bool

    def __init__(self, database: Database) -> None:
        self._database = database
        self.untidy = True

    def _base(self, mailbox_id: int) -> int | None:
        """The key of UID 0, None when the mailbox is gone."""
        base: int | None = self._database.value(f"SELECT {BASE}", mailbox_id)
        return base

    def _new_generation(self, count: int = 1) -> int:
        """The first of ``count`` numbers never used before. Only within a transaction."""
        last: int = self._database.value(
            "UPDATE counter SET value = value + ? WHERE name = 'generation' RETURNING value", count
        )
        return last - count + 1


def fitting(number: int | None) -> int | None:
    """A number from outside, kept within what the database can hold."""
    return None if number is None else min(max(number, -LARGEST), LARGEST)


def is_uid(number: int) -> bool:
    """Any other number would make the key of another mailbox's message."""
    return 0 < number < END
