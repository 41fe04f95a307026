"""A draft, and what belongs to it, as the JSON texts in which they are stored. No SQL.

What an older or newer version wrote is read as far as it is understood: a word that was typed is
never lost to a field that is not known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from tui_mail.mail.compose.values import Attachment, Draft, MessageReference, RefusedRecipient

# Columns of their own: they are the store's to change.
_APART = frozenset({"saved", "message_id"})
_TEXTS = tuple(
    each.name for each in fields(Draft) if each.type == "str" and each.name not in _APART
)


def draft_text(draft: Draft) -> str:
    """All of a draft but ``saved`` and ``message_id``."""
    data: dict[str, object] = {name: getattr(draft, name) for name in _TEXTS}
    data["attachments"] = [_attachment_data(each) for each in draft.attachments]
    data["references"] = draft.references
    data["answers"] = draft.answers and _reference_data(draft.answers)
    data["forwards"] = [_reference_data(each) for each in draft.forwards]
    return json.dumps(data)


def read_draft(text: str, saved: str | None, message_id: str) -> Draft:
    data: Mapping[str, Any] = json.loads(text)
    known: dict[str, Any] = {name: str(data[name]) for name in _TEXTS if name in data}
    draft = replace(Draft(account="", from_=""), **known)
    answers = data.get("answers")
    return replace(
        draft,
        attachments=tuple(_attachment(each) for each in data.get("attachments", ())),
        references=tuple(map(str, data.get("references", ()))),
        answers=_reference(answers) if answers else None,
        forwards=tuple(_reference(each) for each in data.get("forwards", ())),
        saved=read_reference(saved),
        message_id=message_id,
    )


def reference_text(reference: MessageReference | None) -> str | None:
    return None if reference is None else json.dumps(_reference_data(reference))


def read_reference(text: str | None) -> MessageReference | None:
    return None if text is None else _reference(json.loads(text))


def refused_text(refused: tuple[RefusedRecipient, ...]) -> str:
    return json.dumps([[each.address, each.code, each.reply] for each in refused])


def read_refused(text: str) -> tuple[RefusedRecipient, ...]:
    return tuple(RefusedRecipient(*each) for each in json.loads(text))


def _reference_data(reference: MessageReference) -> list[object]:
    name = reference.mailbox.decode("latin-1")
    return [reference.account, name, reference.uid_validity, reference.uid]


def _reference(data: list[Any]) -> MessageReference:
    account, name, validity, uid = data
    return MessageReference(account, name.encode("latin-1"), validity, uid)


def _attachment_data(attachment: Attachment) -> dict[str, object]:
    return {
        "name": attachment.name,
        "content_type": attachment.content_type,
        "size": attachment.size,
        "path": None if attachment.path is None else str(attachment.path),
        "blob": attachment.blob,
    }


def _attachment(data: Mapping[str, Any]) -> Attachment:
    path = data.get("path")
    return Attachment(
        name=data["name"],
        content_type=data["content_type"],
        size=data["size"],
        path=None if path is None else Path(path),
        blob=data.get("blob"),
    )
