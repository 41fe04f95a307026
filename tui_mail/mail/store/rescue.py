"""What was being written, taken over from a damaged file into the new one, row by row.

Mail can be fetched again; a draft cannot. What cannot be read is left in the old file.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tui_mail.errors import StoreError
from tui_mail.mail.store.damage import unmark
from tui_mail.mail.store.database import Database

# In this order: a draft's blobs are noted once it is there.
_TABLES = ("blob", "draft", "outbox")
_ATTACHED = """
    INSERT OR IGNORE INTO draft_blob
    SELECT json_extract(attachment.value, '$.blob'), draft.id
    FROM draft, json_each(draft.data, '$.attachments') AS attachment
    WHERE json_extract(attachment.value, '$.blob') IS NOT NULL"""

# Its last step may be among what was lost, and no message may go out twice.
_DOUBT = """
    UPDATE outbox SET state = 'uncertain', due = NULL, explanation = ?
    WHERE state IN ('held', 'queued', 'sending')"""
_DOUBTED = (
    "The file that this was kept in was damaged, so nobody knows whether it was sent.\n"
    "Look for it in Sent, or ask a recipient, before you send it again."
)


def rescue(damaged: Path, new: Database) -> str:
    """Copy drafts and the outbox; what was found, in words for a person, "" for nothing."""
    found = dict.fromkeys(_TABLES, 0)
    with suppress(StoreError):
        old = Database(damaged, reader=True)
        try:
            for table in _TABLES:
                found[table] = _copy(table, old, new)
        finally:
            with suppress(StoreError):
                old.close()
    unmark(damaged)
    if found["draft"]:
        new.execute(_ATTACHED)
    if found["outbox"]:
        new.execute(_DOUBT, _DOUBTED)
    parts = [
        f"{found[table]} {name if found[table] == 1 else names}"
        for table, name, names in (
            ("draft", "draft", "drafts"),
            ("outbox", "message of the outbox", "messages of the outbox"),
        )
        if found[table]
    ]
    return f" {' and '.join(parts)} could be saved." if parts else ""


def _copy(table: str, old: Database, new: Database) -> int:
    columns = sorted(_columns(old, table) & _columns(new, table))
    names = ", ".join(columns)
    count = 0
    for number in _numbers(old, table):
        with suppress(StoreError):
            row = old.row(f"SELECT {names} FROM {table} WHERE id = ?", number)
            if row is not None:
                marks = ", ".join("?" * len(columns))
                sql = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"
                count += new.execute(sql, *row)
    return count


def _columns(database: Database, table: str) -> set[str]:
    rows = database.select("name", "FROM pragma_table_info(?)", table)
    return {name for (name,) in rows}


def _numbers(old: Database, table: str) -> Iterable[int]:
    """Every number there may be, where the rows cannot be listed."""
    with suppress(StoreError):
        return [number for (number,) in old.select("id", f"FROM {table}")]
    last = old.value("SELECT seq FROM sqlite_sequence WHERE name = ?", table)
    return range(1, (last or 0) + 1)
