"""One row for each message: what the list shows, the flags, the structure.

A call with many messages is one transaction for each slice, so that no call holds the
database, or the interpreter, for long. A mailbox that is gone swallows what is put into it.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Sequence
from itertools import islice

from tui_mail.mail.store.database import Value, numbers
from tui_mail.mail.store.flags import SEEN_BIT, pack, unpack
from tui_mail.mail.store.tables import BASE, END, Tables, fitting, is_uid
from tui_mail.mail.store.values import MessageRecord
from tui_mail.model import MessageSummary

TEXT_LIMIT = 1000  # characters: more than any line of the list or of a header shows
_SLICE = 1000
_UNSEEN = f"flags & {SEEN_BIT} = 0"  # as the partial index spells it

_RECORD_COLUMNS = (
    "key, flags, keywords, modseq, internal_date, size, sent_date, has_attachment,"
    " sender, recipients, subject, sender_address, message_id, in_reply_to,"
    " to_addresses, cc_addresses"
)
_REPLACED = (
    "flags",
    "keywords",
    "internal_date",
    "size",
    "sent_date",
    "sender",
    "recipients",
    "subject",
    "sender_address",
    "message_id",
    "in_reply_to",
    "to_addresses",
    "cc_addresses",
)
# What a FETCH did not ask for is not forgotten.
_UPSERT = "ON CONFLICT (key) DO UPDATE SET {}, {}".format(
    ", ".join(f"{column} = excluded.{column}" for column in _REPLACED),
    ", ".join(
        f"{column} = coalesce(excluded.{column}, {column})"
        for column in ("modseq", "has_attachment")
    ),
)
_PUT_STRUCTURE = "INSERT INTO structure"
_OR_REPLACE = "ON CONFLICT (key) DO UPDATE SET data = excluded.data"
_ROW_COLUMNS = (
    "json_each.value, flags, keywords, internal_date, size,"
    " sender, recipients, subject, has_attachment"
)
# A row that would not change is not written: a server may repeat the flags of all messages.
_PUT_FLAGS = f"""
    WITH new AS MATERIALIZED (
        SELECT {BASE} + json_extract(value, '$[0]') AS key,
            json_extract(value, '$[1]') AS flags,
            json_extract(value, '$[2]') AS keywords,
            json_extract(value, '$[3]') AS modseq
        FROM json_each(?))
    UPDATE message SET flags = new.flags, keywords = new.keywords,
        modseq = coalesce(new.modseq, message.modseq)
    FROM new WHERE message.key = new.key AND (message.flags <> new.flags
        OR message.keywords IS NOT new.keywords
        OR message.modseq IS NOT coalesce(new.modseq, message.modseq))"""


class Messages(Tables):
    def put_messages(self, mailbox_id: int, records: Sequence[MessageRecord]) -> None:
        """Add these messages, or bring their rows up to date.

        A ``modseq``, ``has_attachment`` or ``structure`` of None leaves what is stored.
        """
        for start in range(0, len(records), _SLICE):
            block = [record for record in records[start : start + _SLICE] if is_uid(record.uid)]
            with self._database.transaction():
                base = self._base(mailbox_id)
                if base is None:
                    return
                self._database.insert(
                    f"INSERT INTO message ({_RECORD_COLUMNS})",
                    [_columns(base, record) for record in block],
                    _UPSERT,
                )
                self._database.insert(
                    _PUT_STRUCTURE,
                    [
                        (base + record.uid, record.structure)
                        for record in block
                        if record.structure is not None
                    ],
                    _OR_REPLACE,
                )

    def put_flags(
        self, mailbox_id: int, changes: Sequence[tuple[int, frozenset[str], int | None]]
    ) -> None:
        """Set the flags of messages: (UID, all its flags, its mod-sequence or None).

        UIDs without a row are passed over. A row that says the same already is not written.
        """
        for start in range(0, len(changes), _SLICE):
            rows = [
                [uid, *pack(flags), fitting(modseq)]
                for uid, flags, modseq in changes[start : start + _SLICE]
                if is_uid(uid)
            ]
            self._database.execute(_PUT_FLAGS, mailbox_id, json.dumps(rows))

    def remove_messages(self, mailbox_id: int, uids: Iterable[int]) -> None:
        """Forget rows, structures and bodies. The order is ``put_order``'s alone."""
        remaining = filter(is_uid, uids)
        while block := numbers(islice(remaining, _SLICE)).strip("[]"):
            with self._database.transaction():
                base = self._base(mailbox_id)
                if base is None:
                    return
                for table in ("message", "structure", "body"):
                    self._database.execute(
                        f"DELETE FROM {table} WHERE key IN (SELECT ? + value FROM json_each(?))",
                        base,
                        f"[{block}]",
                    )

    def rows(self, mailbox_id: int, uids: Sequence[int]) -> list[MessageSummary]:
        """The rows of those UIDs that have one, in the order given. For a screenful or a few."""
        found = {
            uid: MessageSummary(
                uid,
                unpack(bits, keywords),
                internal_date,
                size,
                sender,
                recipients,
                subject,
                None if has_attachment is None else has_attachment == 1,
            )
            for (
                uid,
                bits,
                keywords,
                internal_date,
                size,
                sender,
                recipients,
                subject,
                has_attachment,
            ) in self._database.select(
                _ROW_COLUMNS,
                f"FROM json_each(?) CROSS JOIN message ON message.key = {BASE} + json_each.value",
                numbers(uids),
                mailbox_id,
            )
        }
        return [found[uid] for uid in uids if uid in found]

    def unknown(self, mailbox_id: int, uids: Sequence[int]) -> array[int]:
        """Those of these UIDs that have no row, in the order given.

        About a microsecond for each UID: ask for a few thousand at a time, or rows wait behind it.
        """
        missing = array("I")
        for start in range(0, len(uids), _SLICE):
            missing.extend(
                uid
                for (uid,) in self._database.select(
                    "json_each.value",
                    "FROM json_each(?) WHERE NOT EXISTS"
                    f" (SELECT 1 FROM message WHERE key = {BASE} + json_each.value)",
                    numbers(uids[start : start + _SLICE]),
                    mailbox_id,
                )
            )
        return missing

    def next_unread(self, mailbox_id: int, uid: int, *, newer: bool) -> int | None:
        """The nearest UID above (``newer``) or below this one whose row lacks \\Seen."""
        base = self._base(mailbox_id)
        if base is None:
            return None
        low, high, order = (uid + 1, END, "ASC") if newer else (1, uid, "DESC")
        key: int | None = self._database.value(
            f"SELECT key FROM message INDEXED BY unread WHERE {_UNSEEN} AND key >= ? AND key < ?"
            f" ORDER BY key {order} LIMIT 1",
            base + low,
            base + high,
        )
        return None if key is None else key - base

    def unread_count(self, mailbox_id: int) -> int:
        """How many rows lack \\Seen; messages without a row are not counted."""
        count: int = self._database.value(
            f"SELECT count(*) FROM message INDEXED BY unread WHERE {_UNSEEN}"
            f" AND key >= {BASE} AND key < {BASE} + {END}",
            mailbox_id,
            mailbox_id,
        )
        return count

    def strangers(self, mailbox_id: int, order: array[int]) -> list[int]:
        """UIDs that have a row and are not in ``order``, which has every UID there is.

        Costs one count where there are none, which is nearly always.
        """
        within = f"FROM message WHERE key >= {BASE} AND key < {BASE} + {END}"
        count: int = self._database.value(f"SELECT count(*) {within}", mailbox_id, mailbox_id)
        if count <= len(order):
            return []
        base = self._base(mailbox_id) or 0
        known = set(order)
        rows = self._database.select("key", within, mailbox_id, mailbox_id)
        return [key - base for (key,) in rows if key - base not in known]

    def structure(self, mailbox_id: int, uid: int) -> bytes | None:
        """BODYSTRUCTURE as it arrived, None when it has not been fetched."""
        found: bytes | None = self._database.value(
            f"SELECT data FROM structure WHERE key = {BASE} + ?", mailbox_id, uid
        )
        return found

    def put_structures(
        self, mailbox_id: int, structures: Sequence[tuple[int, bool, bytes]]
    ) -> None:
        """Add to messages that have a row: (UID, has an attachment, BODYSTRUCTURE as it arrived).

        UIDs without a row are passed over.
        """
        for start in range(0, len(structures), _SLICE):
            block = [entry for entry in structures[start : start + _SLICE] if is_uid(entry[0])]
            with self._database.transaction():
                base = self._base(mailbox_id)
                if base is None:
                    return
                known = {
                    uid
                    for (uid,) in self._database.select(
                        "json_each.value",
                        "FROM json_each(?) CROSS JOIN message ON message.key = ? + json_each.value",
                        numbers(uid for uid, _, _ in block),
                        base,
                    )
                }
                self._database.insert(
                    _PUT_STRUCTURE,
                    [(base + uid, data) for uid, _, data in block if uid in known],
                    _OR_REPLACE,
                )
                for has_attachment in (False, True):
                    self._database.execute(
                        "UPDATE message SET has_attachment = ?"
                        " WHERE key IN (SELECT ? + value FROM json_each(?))",
                        has_attachment,
                        base,
                        numbers(uid for uid, has, _ in block if has is has_attachment),
                    )

    def record(self, mailbox_id: int, uid: int) -> MessageRecord | None:
        """All that is kept about one message."""
        row = self._database.row(
            f"SELECT {_RECORD_COLUMNS}, (SELECT data FROM structure WHERE key = message.key)"
            f" FROM message WHERE key = {BASE} + ?",
            mailbox_id,
            uid,
        )
        if row is None:
            return None
        _, bits, keywords, modseq, internal_date, size, sent_date, has_attachment, *rest = row
        sender, recipients, subject, sender_address, message_id, in_reply_to, to, cc, data = rest
        return MessageRecord(
            uid,
            unpack(bits, keywords),
            modseq,
            internal_date,
            size,
            sent_date,
            sender,
            recipients,
            subject,
            sender_address,
            message_id,
            in_reply_to,
            None if has_attachment is None else bool(has_attachment),
            data,
            to,
            cc,
        )


def _columns(base: int, record: MessageRecord) -> tuple[Value, ...]:
    return (
        base + record.uid,
        *pack(record.flags),
        fitting(record.modseq),
        fitting(record.internal_date),
        fitting(record.size),
        fitting(record.sent_date),
        record.has_attachment,
        _text(record.sender),
        _text(record.recipients),
        _text(record.subject),
        _text(record.sender_address),
        _text(record.message_id),
        _text(record.in_reply_to),
        _text(record.to_addresses),
        _text(record.cc_addresses),
    )


def _text(text: str) -> str:
    # A lone surrogate has no UTF-8; one bad text must not keep a whole slice out.
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return text[:TEXT_LIMIT]
