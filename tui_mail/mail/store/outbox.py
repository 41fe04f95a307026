"""The outbox: messages on their way to the submission server, and then into Sent.

A message is sent by the program that owns it; every step is written down before it is taken, and
those that decide whether a message goes out twice survive a power cut. Sends nothing itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Mapping, Sequence

from tui_mail.mail.compose.values import (
    Draft,
    OutboxEntry,
    Outgoing,
    RefusedRecipient,
    Sending,
)
from tui_mail.mail.store.database import Value, numbers
from tui_mail.mail.store.draft_text import (
    read_reference,
    read_refused,
    reference_text,
    refused_text,
)
from tui_mail.mail.store.drafts import Drafts
from tui_mail.mail.store.values import Chore, Unfiled
from tui_mail.model import ANSWERED

FORWARDED = "$Forwarded"  # RFC 5788, 3.1
KEPT = 200  # of those that have been filed

WAITING = (Sending.HELD, Sending.QUEUED)
# What a person may still take back, correct or send anew.
STOPPED = (Sending.FAILED, Sending.PARTLY_REFUSED, Sending.UNCERTAIN)

_INTERRUPTED = (
    "tui-mail ended while this was being handed over, so nobody knows whether the server took it.\n"
    "Ask a recipient, or look for it in Sent, before you send it again."
)
_COLUMNS = (
    "id, account, state, subject, recipients, size, created, due, tries, reply, queue_id,"
    " refused, draft_id, explanation"
)


class Outbox(Drafts):
    def outbox_add(
        self,
        outgoing: Outgoing,
        owner: str,
        *,
        due: float,
        held: bool,
        to_file: bool,
        draft: int | None = None,
    ) -> OutboxEntry:
        """Put a message into the outbox, to be sent when it is ``due``.

        ``to_file``: a copy of it belongs into Sent.
        """
        with self._database.durable():
            number: int = self._database.value(
                "INSERT INTO outbox (account, owner, state, sender, recipients, smtputf8,"
                " message_id, subject, bcc, size, created, due, draft_id, to_file, message)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                outgoing.account,
                owner,
                (Sending.HELD if held else Sending.QUEUED).value,
                outgoing.sender,
                json.dumps(outgoing.recipients),
                outgoing.smtputf8,
                outgoing.message_id,
                outgoing.subject,
                outgoing.bcc,
                len(outgoing.message),
                time.time(),
                due,
                draft,
                to_file,
                outgoing.message,
            )
        entry = self.outbox_entry(number)
        assert entry is not None
        return entry

    def outbox(self) -> list[OutboxEntry]:
        """Every message of the outbox, the newest first."""
        return self._entries("1 ORDER BY id DESC")

    def outbox_entry(self, number: int) -> OutboxEntry | None:
        return next(iter(self._entries("id = ?", number)), None)

    def outbox_of_draft(self, draft: int) -> OutboxEntry | None:
        """The entry that was made from this draft."""
        return next(iter(self._entries("draft_id = ?", draft)), None)

    def outbox_next(
        self, account: str, owner: str, without: Collection[int] = (), below: int | None = None
    ) -> OutboxEntry | None:
        """What this program has to send next, due or not, ``without`` those being tried.

        ``below``: only what has fewer octets.
        """
        return next(
            iter(
                self._entries(
                    "account = ? AND owner = ? AND state IN ('held', 'queued')"
                    " AND due IS NOT NULL AND id NOT IN (SELECT value FROM json_each(?))"
                    " AND size < coalesce(?, size + 1) ORDER BY due, id LIMIT 1",
                    account,
                    owner,
                    numbers(sorted(without)),
                    below,
                )
            ),
            None,
        )

    def outbox_waiting(self, owner: str) -> list[OutboxEntry]:
        """What this program has to send, whenever that is due."""
        return self._entries(
            "owner = ? AND state IN ('held', 'queued', 'sending') ORDER BY due, id", owner
        )

    def outgoing(self, number: int) -> Outgoing | None:
        """The message itself, as long as it is kept."""
        row = self._database.row(
            "SELECT account, sender, recipients, message, message_id, subject, bcc, smtputf8"
            " FROM outbox WHERE id = ? AND message IS NOT NULL",
            number,
        )
        if row is None:
            return None
        account, sender, recipients, message, message_id, subject, bcc, smtputf8 = row
        return Outgoing(
            account,
            sender,
            tuple(json.loads(recipients)),
            bytes(message),
            message_id,
            subject,
            bcc,
            bool(smtputf8),
        )

    def outbox_begin(self, number: int, owner: str) -> bool:
        """The message is about to be handed over: from here on only its answer says what became
        of it. False when it was called back, or belongs to another program."""
        with self._database.durable():
            return bool(
                self._database.execute(
                    "UPDATE outbox SET state = 'sending' WHERE id = ? AND owner = ?"
                    " AND state IN ('held', 'queued')",
                    number,
                    owner,
                )
            )

    def outbox_accepted(
        self, number: int, reply: str, queue_id: str, owner: str | None = None
    ) -> Draft | None:
        """The server has said 250, or a person says that it has. The draft goes; here it is.

        What is to be done to other messages now is among the ``chores``.
        """
        with self._database.durable():
            draft_id: int | None = self._database.value(
                "SELECT draft_id FROM outbox WHERE id = ?", number
            )
            stored = self.draft(draft_id) if draft_id is not None else None
            if stored is not None:
                self.draft_remove(stored.number)
            self._set(
                number,
                state=Sending.ACCEPTED.value,
                due=None,
                reply=reply,
                explanation="",
                queue_id=queue_id,
                refused="[]",
                draft_id=None,
                chores=_chores_text(_chores(stored.draft) if stored else ()),
            )
            if owner is not None:
                self._set(number, owner=owner)
            if not self._database.value("SELECT to_file FROM outbox WHERE id = ?", number):
                self._filed(number)
        return stored.draft if stored else None

    def outbox_stop(
        self,
        number: int,
        state: Sending,
        reply: str,
        explanation: str,
        refused: Sequence[RefusedRecipient] = (),
    ) -> None:
        """It was not sent, or nobody knows: a person decides."""
        with self._database.durable():
            self._set(
                number,
                state=state.value,
                due=None,
                reply=reply,
                explanation=explanation,
                refused=refused_text(tuple(refused)),
            )

    def outbox_later(
        self, number: int, due: float, tries: int, reply: str, explanation: str
    ) -> None:
        """It was not sent, and is tried again when it is ``due``."""
        with self._database.transaction():
            self._set(
                number,
                state=Sending.QUEUED.value,
                due=due,
                tries=tries,
                reply=reply,
                explanation=explanation,
            )

    def outbox_due(self, number: int, due: float) -> None:
        """Try one that waits at another time than it was to be tried."""
        with self._database.transaction():
            self._database.execute(
                "UPDATE outbox SET state = 'queued', due = ? WHERE id = ?"
                " AND state IN ('held', 'queued')",
                due,
                number,
            )

    def outbox_again(
        self,
        number: int,
        owner: str,
        allowed: Iterable[Sending],
        *,
        without: Sequence[str] = (),
    ) -> bool:
        """A person wants it sent now, but to none of ``without``; False in any other state."""
        with self._database.durable():
            entry = self.outbox_entry(number)
            if entry is None or entry.state not in tuple(allowed):
                return False
            recipients = [each for each in entry.recipients if each not in without]
            self._set(
                number,
                state=Sending.QUEUED.value,
                owner=owner,
                due=time.time(),
                tries=0,
                reply="",
                explanation="",
                refused="[]",
                recipients=json.dumps(recipients),
            )
        return True

    def outbox_withdraw(self, number: int, owner: str, *, with_draft: bool) -> OutboxEntry | None:
        """Take it out of the outbox unless it is being sent or was; None if so.

        Its draft becomes one that ``owner`` has open, or goes ``with_draft``.
        """
        with self._database.transaction():
            entry = self.outbox_entry(number)
            if entry is None or entry.state not in (*WAITING, *STOPPED):
                return None
            self._database.execute("DELETE FROM outbox WHERE id = ?", number)
            if entry.draft is not None and with_draft:
                self.draft_remove(entry.draft)
            elif entry.draft is not None:
                self._database.execute(
                    "UPDATE draft SET owner = ?, postponed = 0 WHERE id = ?", owner, entry.draft
                )
        return entry

    # After it was accepted

    def outbox_unfiled(self, account: str, owner: str, later: Sequence[int] = ()) -> Unfiled | None:
        """The oldest that is to be filed in Sent by this program, and none of ``later``."""
        number: int | None = self._database.value(
            "SELECT min(id) FROM outbox WHERE account = ? AND owner = ? AND state = 'accepted'"
            " AND id NOT IN (SELECT value FROM json_each(?))",
            account,
            owner,
            numbers(later),
        )
        if number is None:
            return None
        entry, outgoing = self.outbox_entry(number), self.outgoing(number)
        facts = self._database.value("SELECT facts FROM outbox WHERE id = ?", number)
        assert entry is not None and outgoing is not None
        return Unfiled(entry, outgoing, json.loads(facts))

    def outbox_note(self, number: int, facts: Mapping[str, object]) -> None:
        """Keep what is known about filing it, before going on."""
        self._set(number, facts=json.dumps(facts))

    def outbox_explain(self, number: int, explanation: str) -> None:
        """Say why it is not filed yet."""
        self._set(number, explanation=explanation)

    def outbox_filed(self, number: int) -> None:
        """Its copy is in Sent, or none is wanted. The message itself is not kept any longer."""
        with self._database.transaction():
            self._filed(number)

    def outbox_chores(self, account: str, owner: str) -> list[tuple[int, tuple[Chore, ...]]]:
        """What is to be done to other messages, by the number of the one that was sent."""
        rows = self._database.select(
            "id, chores",
            "FROM outbox WHERE account = ? AND owner = ? AND chores <> '[]'",
            account,
            owner,
        )
        return [(number, _read_chores(chores)) for number, chores in rows]

    def outbox_chores_done(self, number: int) -> None:
        self._database.execute("UPDATE outbox SET chores = '[]' WHERE id = ?", number)

    # Programs

    def outbox_owners(self) -> list[str]:
        """The programs to which messages of the outbox belong."""
        rows = self._database.select("owner", "FROM (SELECT DISTINCT owner FROM outbox)")
        return [owner for (owner,) in rows]

    def outbox_claim(self, owner: str, dead: str) -> list[OutboxEntry]:
        """Take over what a program that has ended left; those taken that are not done with.

        Nobody knows what became of a message that it was just handing over.
        """
        with self._database.durable():
            self._database.execute(
                "UPDATE outbox SET state = 'uncertain', due = NULL, explanation = ?"
                " WHERE owner = ? AND state = 'sending'",
                _INTERRUPTED,
                dead,
            )
            taken = self._entries("owner = ? AND state <> 'filed'", dead)
            self._database.execute("UPDATE outbox SET owner = ? WHERE owner = ?", owner, dead)
        return taken

    def _filed(self, number: int) -> None:
        self._set(number, state=Sending.FILED.value, facts="{}", explanation="", message=None)
        self._database.execute(
            "DELETE FROM outbox WHERE state = 'filed' AND chores = '[]' AND id NOT IN"
            " (SELECT id FROM outbox WHERE state = 'filed' ORDER BY id DESC LIMIT ?)",
            KEPT,
        )

    def _set(self, number: int, **columns: Value) -> None:
        assignments = ", ".join(f"{column} = ?" for column in columns)
        self._database.execute(
            f"UPDATE outbox SET {assignments} WHERE id = ?", *columns.values(), number
        )

    def _entries(self, condition: str, *parameters: Value) -> list[OutboxEntry]:
        return [
            OutboxEntry(
                number,
                account,
                Sending(state),
                subject,
                tuple(json.loads(recipients)),
                size,
                created,
                due,
                tries,
                reply,
                queue_id,
                read_refused(refused),
                draft,
                explanation,
            )
            for (
                number,
                account,
                state,
                subject,
                recipients,
                size,
                created,
                due,
                tries,
                reply,
                queue_id,
                refused,
                draft,
                explanation,
            ) in self._database.select(
                _COLUMNS, f"FROM (SELECT * FROM outbox WHERE {condition})", *parameters
            )
        ]


def _chores(draft: Draft) -> tuple[Chore, ...]:
    chores = [Chore(each, FORWARDED) for each in draft.forwards]
    if draft.answers is not None:
        chores.append(Chore(draft.answers, ANSWERED))
    if draft.saved is not None:
        chores.append(Chore(draft.saved))
    return tuple(chores)


def _chores_text(chores: Iterable[Chore]) -> str:
    return json.dumps([[reference_text(each.message), each.flag] for each in chores])


def _read_chores(text: str) -> tuple[Chore, ...]:
    read = ((read_reference(message), flag) for message, flag in json.loads(text))
    return tuple(Chore(message, flag) for message, flag in read if message is not None)
