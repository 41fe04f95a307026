"""Who wrote the new messages of a mailbox that is not open, in one bounded command.

Runs on the watching connection, with the mailbox selected. Puts nothing into the store: the
messages are fetched in full when a person opens the mailbox.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui_mail.errors import CommandRefused
from tui_mail.mail.news_changes import ONE_BY_ONE
from tui_mail.mail.news_desk import AccountNews
from tui_mail.mail.records import to_record
from tui_mail.model import MessageSummary
from tui_mail.net.imap import ImapClient
from tui_mail.wire import commands
from tui_mail.wire.responses import ESearchData, Fetch, Response, SearchData
from tui_mail.wire.sequence_set import SequenceSet

ITEMS = ("UID", "FLAGS", "INTERNALDATE", "ENVELOPE")


@dataclass(frozen=True, slots=True)
class Fresh:
    """UIDs from ``first`` to below ``uid_next`` that nobody has told of."""

    first: int
    uid_next: int

    @property
    def most(self) -> int:
        """How many messages there are at most; UIDs may have gaps."""
        return self.uid_next - self.first

    def uids(self, most: int | None = None) -> SequenceSet:
        """All of them, or the newest."""
        last = self.uid_next - 1
        first = self.first if most is None else max(self.first, self.uid_next - most)
        return SequenceSet.between(first, last)


async def read_arrivals(
    client: ImapClient,
    news: AccountNews,
    name: bytes,
    fresh: Fresh,
    *,
    opened: bool,
    origin: str,
) -> None:
    """Tell ``news`` of them: sender and subject of the newest, the number of all.

    Only how many where the mailbox could not be ``opened``. Raises ``ConnectionFailed``.
    """
    if not opened:
        news.arrived(name, (), count=fresh.most, uid_next=fresh.uid_next)
        return
    found: dict[int, MessageSummary] = {}

    def receive(response: Response) -> None:
        if isinstance(response, Fetch) and len(found) < ONE_BY_ONE:
            summary = _summary(response)
            if summary is not None and fresh.first <= summary.uid < fresh.uid_next:
                found[summary.uid] = summary

    try:
        await client.run(
            commands.fetch(fresh.uids(ONE_BY_ONE), ITEMS), origin=origin, on_data=receive
        )
        count = len(found)
        if fresh.most > ONE_BY_ONE:
            count = await count_messages(client, f"UID {fresh.uids()}", origin=origin)
    except CommandRefused:
        count = fresh.most
    messages = [found[uid] for uid in sorted(found)]
    news.arrived(name, messages, count=max(count, len(messages)), uid_next=fresh.uid_next)


async def count_messages(client: ImapClient, criteria: str, *, origin: str) -> int:
    """How many messages of the selected mailbox match. Raises as ``ImapClient.run``."""
    count = 0

    def receive(response: Response) -> None:
        nonlocal count
        if isinstance(response, ESearchData):
            count = response.count or 0
        elif isinstance(response, SearchData):
            count += len(response.numbers)

    return_ = ("COUNT",) if "ESEARCH" in client.capabilities else None
    await client.run(commands.search(criteria, return_=return_), origin=origin, on_data=receive)
    return count


def _summary(fetched: Fetch) -> MessageSummary | None:
    record = to_record(fetched)
    if record is None or not record.uid:
        return None
    return MessageSummary(
        record.uid,
        record.flags,
        record.internal_date,
        record.size,
        record.sender,
        record.recipients,
        record.subject,
    )
