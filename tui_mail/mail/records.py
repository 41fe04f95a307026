"""A FETCH response as the row the store keeps. Decodes and cleans; touches nothing else."""

from __future__ import annotations

from tui_mail.mail.headers import display_addresses, summary_fields
from tui_mail.mail.parts import has_attachment
from tui_mail.mail.store import MessageRecord
from tui_mail.wire.responses import Fetch


def to_record(fetched: Fetch) -> MessageRecord | None:
    """The row of a message, None when the response lacks what a row needs."""
    if fetched.uid is None:
        return None
    if fetched.envelope is None:
        broken = any(item.startswith("ENVELOPE") for item in fetched.broken)
        return unreadable_record(fetched) if broken else None
    fields = summary_fields(fetched.envelope)
    structure = fetched.body_structure
    return MessageRecord(
        uid=fetched.uid,
        flags=fetched.flags or frozenset(),
        modseq=fetched.modseq,
        internal_date=fetched.internal_date or fields.sent_date or 0,
        size=fetched.size or 0,
        sent_date=fields.sent_date,
        sender=fields.sender,
        recipients=fields.recipients,
        subject=fields.subject,
        sender_address=fields.sender_address,
        message_id=fields.message_id,
        in_reply_to=fields.in_reply_to,
        has_attachment=None if structure is None else has_attachment(structure),
        structure=fetched.body_structure_raw,
        to_addresses=display_addresses(fetched.envelope.to, full=True),
        cc_addresses=display_addresses(fetched.envelope.cc, full=True),
    )


def unreadable_record(fetched: Fetch) -> MessageRecord:
    """The row of a message whose envelope the server could not tell, or told wrongly."""
    return MessageRecord(
        uid=fetched.uid or 0,
        flags=fetched.flags or frozenset(),
        modseq=fetched.modseq,
        internal_date=fetched.internal_date or 0,
        size=fetched.size or 0,
        sent_date=None,
        sender="?",
        recipients="",
        subject="(the server's answer about this message is malformed: see the wire pane)",
        sender_address="",
        message_id="",
        in_reply_to="",
        has_attachment=None,
        structure=None,
    )


def to_structure(fetched: Fetch) -> tuple[int, bool, bytes] | None:
    """UID, whether there are attachments, and BODYSTRUCTURE as it came."""
    if fetched.uid is None or fetched.body_structure is None:
        return None
    raw = fetched.body_structure_raw or b""
    return fetched.uid, has_attachment(fetched.body_structure), raw
