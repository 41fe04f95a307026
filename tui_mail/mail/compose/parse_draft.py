"""From a message to a draft: one saved by this program or another, or any message to edit anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tui_mail.errors import MailError
from tui_mail.mail.compose import draft_fields, fields, flowed
from tui_mail.mail.compose.addresses import key, parse, parse_header, written
from tui_mail.mail.compose.message_id import valid_ids
from tui_mail.mail.compose.mime import Taken, field_bodies, field_body, take_apart
from tui_mail.mail.compose.original import kept_attachments, readable_text
from tui_mail.mail.compose.values import Draft
from tui_mail.mail.compose.writer import Writer
from tui_mail.mail.headers import decode_header, message_ids
from tui_mail.mail.parts import choose_text
from tui_mail.model import BodyPart
from tui_mail.sanitize import clean

_ADDRESSES = {"from_": "From", "to": "To", "cc": "Cc", "bcc": "Bcc", "reply_to": "Reply-To"}


def parse_draft(raw: bytes, account: str, keep: Callable[[bytes], int]) -> Draft:
    """A message of the Drafts mailbox as the draft it was; ``saved`` is for the caller to set.

    ``keep`` stores an attachment's octets and returns the number of the blob. Raises MailError
    for what is no message at all.
    """
    taken = _taken(raw)
    draft = replace(
        _message(taken, account, keep),
        in_reply_to=next(iter(_ids(taken, "In-Reply-To")), ""),
        references=_ids(taken, "References"),
        message_id=next(iter(_ids(taken, "Message-ID")), ""),
    )
    kept = draft_fields.read(field_body(taken.header, draft_fields.NAME).decode("latin-1"))
    return _with_kept(draft, kept) if kept is not None else draft


def edit_as_new(raw: bytes, writer: Writer, keep: Callable[[bytes], int]) -> Draft:
    """Any message as a new draft: recipients, subject, text and attachments, but a new message.

    Answers nothing, has no id yet, and nothing in it that only a saved draft may say is believed.
    From is the person's own, Reply-To stays only where the message was the person's own.
    """
    taken = _taken(raw)
    draft = _message(taken, writer.account.name, keep)
    senders = [each.address for each in parse_header(field_body(taken.header, "From"))]
    own = bool(senders) and all(map(writer.is_own, senders))
    return replace(draft, from_=writer.identity(senders), reply_to=draft.reply_to if own else "")


def _taken(raw: bytes) -> Taken:
    taken = take_apart(raw)
    if not taken.header.strip() or b":" not in taken.header:
        raise MailError("This is no message that could be edited: it has no header")
    return taken


def _message(taken: Taken, account: str, keep: Callable[[bytes], int]) -> Draft:
    choice = choose_text(taken.structure)
    part = choice.part
    shown = {id(each) for each in choice.alternatives}
    others = [each for each in _leaves(taken.structure) if id(each) not in shown]
    data = taken.bodies.get(part.section, b"") if part else b""
    typed: dict[str, Any] = {field: _addresses(taken, name) for field, name in _ADDRESSES.items()}
    return Draft(
        account=account,
        **typed,
        subject=decode_header(field_body(taken.header, "Subject")),
        body=readable_text(part, data, limit=None) if part else "",
        attachments=tuple(kept_attachments(taken, keep, others)),
    )


def _leaves(part: BodyPart) -> Iterator[BodyPart]:
    """Everything that is content: a draft must not lose what is only embedded in another part."""
    if part.type != "multipart":
        yield part
    else:
        for child in part.children:
            yield from _leaves(child)


def _addresses(taken: Taken, name: str) -> str:
    bodies = field_bodies(taken.header, name)
    return ", ".join(
        text for body in bodies if (text := clean(written(parse_header(body))).strip())
    )


def _ids(taken: Taken, name: str) -> tuple[str, ...]:
    return valid_ids(message_ids(field_body(taken.header, name)))


def _with_kept(draft: Draft, kept: draft_fields.Kept) -> Draft:
    """What was typed, where the message still says the same: another program may have edited it."""
    typed: dict[str, Any] = {
        name: clean(fields.one_line(text)).strip()
        for name, text in kept.typed.items()
        if _sent_as(name, text) == _sent_as(name, getattr(draft, name))
    }
    body = draft.body
    if kept.body is not None:
        whole = clean(flowed.sendable(kept.body), newlines=True, tabs=True)
        body = whole if flowed.normal(whole) == flowed.normal(body) else body
    return replace(
        draft,
        **typed,
        body=body,
        answers=kept.answers,
        forwards=kept.forwards,
        attachments=(*draft.attachments, *kept.lost),
    )


def _sent_as(name: str, text: str) -> object:
    """What of a typed field gets into a message."""
    if name == "subject":
        return clean(fields.one_line(text))
    return [
        (each.group, " ".join(clean(each.name).split()), key(each.address))
        for each in parse(text)
        if not each.problem
    ]
