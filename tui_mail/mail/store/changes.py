"""Journal entries together with what they do to rows and order: both or neither, whenever it ends.

What a person did must look done after a restart, and what the server has confirmed must not come
back from the cache: so neither may be a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tui_mail.mail.store.database import numbers
from tui_mail.mail.store.flags import unpack
from tui_mail.mail.store.journal import Journal
from tui_mail.mail.store.messages import Messages
from tui_mail.mail.store.orders import Orders
from tui_mail.mail.store.tables import BASE
from tui_mail.mail.store.values import FlagChange, JournalDraft, JournalEntry, MessageTraits
from tui_mail.model import SEEN
from tui_mail.wire.sequence_set import SET_LENGTH, SequenceSet

_SLICE = 1000  # messages read at a time

Flags = frozenset[str]


class Changes(Orders, Messages, Journal):
    def journal_write(
        self,
        account_id: int,
        drafts: Sequence[JournalDraft],
        *,
        owner: str,
        instead_of: Iterable[int] = (),
        mailbox_id: int = 0,
        changes: Iterable[FlagChange] = (),
        rewritten: Iterable[JournalEntry] = (),
    ) -> list[JournalEntry]:
        """Note what is to be done, forget what it stands ``instead_of``, and set flags of rows.

        Drafts without a batch begin one together. ``rewritten`` are entries with more known.
        """
        with self._database.transaction():
            self._journal_forget(instead_of)
            self._journal_rewrite(rewritten)
            written = self._journal_insert(account_id, drafts, owner)
            self._change_flags(mailbox_id, changes)
        return written

    def journal_flags(
        self,
        account_id: int,
        draft: JournalDraft,
        mailbox_id: int,
        change: Callable[[Flags], Flags],
        *,
        owner: str,
    ) -> JournalEntry | None:
        """Note a change of flags, and make it in the rows; None when it changes none.

        ``change`` gives the new flags for the old. The payload gets ``changes``, those made.
        Messages without a row count as changed: their flags are not known.
        """
        with self._database.transaction():
            named = SequenceSet.parse(draft.uids).to_array()
            groups: dict[tuple[Flags, Flags], list[int]] = {}
            same = set()
            for uid, old in self._flags(mailbox_id, named):
                new = change(old)
                if new == old:
                    same.add(uid)
                else:
                    groups.setdefault((new - old, old - new), []).append(uid)
            lacking = SequenceSet.from_numbers(uid for uid in named if uid not in same)
            if not lacking:
                return None
            changes = [
                FlagChange(str(SequenceSet.from_numbers(uids)), added, removed)
                for (added, removed), uids in groups.items()
            ]
            told = [[each.uids, sorted(each.added), sorted(each.removed)] for each in changes]
            # A set with holes may be too long for a line; changing the others as well is no harm.
            sent = str(lacking) if len(str(lacking)) <= SET_LENGTH else draft.uids
            noted = replace(draft, uids=sent, payload={**draft.payload, "changes": told})
            entry = self._journal_insert(account_id, [noted], owner)[0]
            self._change_flags(mailbox_id, changes)
        return entry

    def journal_conclude(
        self,
        account_id: int,
        number: int,
        facts: Mapping[str, object],
        *,
        keep: bool,
        mailbox_id: int = 0,
        gone: SequenceSet | None = None,
        rewritten: Iterable[JournalEntry] = (),
    ) -> None:
        """The server has done what an entry asked for; ``keep`` it so that it can be undone.

        ``gone`` are the messages that are no longer in the mailbox; ``rewritten`` are entries
        that are about messages which have another UID now.
        """
        with self._database.transaction():
            self._journal_rewrite(rewritten)
            if keep:
                self._journal_done(account_id, number, facts)
            else:
                self._journal_forget([number])
            base = self._base(mailbox_id)
            if base is not None and gone:
                uids = gone.to_array()
                self._remove_from_order(base, uids)
                for block in _blocks(uids):
                    for table in ("message", "structure", "body"):
                        self._database.execute(
                            f"DELETE FROM {table} WHERE key IN"
                            " (SELECT ? + value FROM json_each(?))",
                            base,
                            numbers(block),
                        )

    def traits(self, mailbox_id: int, uids: Sequence[int]) -> list[MessageTraits]:
        """What tells these messages apart from others; those without a row are left out."""
        return [
            MessageTraits(*row)
            for block in _blocks(uids)
            for row in self._database.select(
                "json_each.value, size, sent_date, message_id, sender_address",
                f"FROM json_each(?) CROSS JOIN message ON message.key = {BASE} + json_each.value",
                numbers(block),
                mailbox_id,
            )
        ]

    def unread_among(self, mailbox_id: int, uids: Sequence[int]) -> int:
        """How many of these messages have a row that lacks \\Seen."""
        return sum(SEEN not in flags for _, flags in self._flags(mailbox_id, uids))

    def _flags(self, mailbox_id: int, uids: Sequence[int]) -> Iterator[tuple[int, Flags]]:
        for block in _blocks(uids):
            for uid, bits, keywords in self._database.select(
                "json_each.value, flags, keywords",
                f"FROM json_each(?) CROSS JOIN message ON message.key = {BASE} + json_each.value",
                numbers(block),
                mailbox_id,
            ):
                yield uid, unpack(bits, keywords)

    def change_flags(
        self, mailbox_id: int, uids: Sequence[int], change: Callable[[Flags], Flags]
    ) -> None:
        """Give the rows of these messages the flags that ``change`` makes of theirs."""
        with self._database.transaction():
            new = [(uid, change(flags), None) for uid, flags in self._flags(mailbox_id, uids)]
            self.put_flags(mailbox_id, new)

    def _change_flags(self, mailbox_id: int, changes: Iterable[FlagChange]) -> None:
        for change in changes:
            uids = SequenceSet.parse(change.uids).to_array()
            new = [(uid, change.apply(flags), None) for uid, flags in self._flags(mailbox_id, uids)]
            self.put_flags(mailbox_id, new)


def _blocks(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (uids[start : start + _SLICE] for start in range(0, len(uids), _SLICE))
