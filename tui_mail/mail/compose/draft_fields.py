"""Fields of our own in a saved draft: what a message has no place for, and a draft must not lose.

They are written to the person's own Drafts mailbox alone, and believed only when found there. None
of them makes anything be read from the disk: whoever can write to that mailbox could ask for it.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui_mail.mail.compose import fields, flowed
from tui_mail.mail.compose.addresses import parse
from tui_mail.mail.compose.addresses import written as rewritten
from tui_mail.mail.compose.values import Attachment, Draft, MessageReference

NAME = "X-Tui-Mail-Draft"
MAX_OCTETS = 64 * 1024  # with a body in it; fetching a header has its limits

# What was typed there may be wrong by now, and must come back as it was.
_TYPED = ("from_", "to", "cc", "bcc", "reply_to", "subject")


@dataclass(frozen=True, slots=True)
class Kept:
    """What the field held. ``typed`` are fields of the Draft by name."""

    typed: Mapping[str, str]
    answers: MessageReference | None
    forwards: tuple[MessageReference, ...]
    lost: tuple[Attachment, ...]
    body: str | None


def written(draft: Draft, lost: Sequence[Attachment]) -> Iterator[tuple[str, str]]:
    """The field, folded: JSON in base64. ``lost`` are attachments that could not be put in.

    None at all where the message says everything by itself.
    """
    kept: dict[str, Any] = {
        "typed": {
            name: text for name in _TYPED if _would_change(name, text := getattr(draft, name))
        },
        "answers": _packed(draft.answers),
        "forwards": [_packed(each) for each in draft.forwards],
        "lost": [[each.name, each.content_type, each.size] for each in lost],
    }
    # Spaces at the ends of lines do not travel; where they are being typed they matter.
    if draft.body != flowed.normal(draft.body):
        kept["body"] = draft.body
    if not any(kept.values()):
        return
    data = json.dumps(kept).encode("ascii")
    if len(data) > MAX_OCTETS:
        kept.pop("body", None)
        data = json.dumps(kept).encode("ascii")
    text = binascii.b2a_base64(data, newline=False).decode("ascii")
    yield NAME, fields.ids(NAME, [text[at : at + 64] for at in range(0, len(text), 64)])


def _would_change(name: str, text: str) -> bool:
    """Whether a field as it was typed is not what can be read out of the message."""
    if name == "subject":
        return text != fields.one_line(text)
    found = parse(text)
    ascii_only = all(each.address.rpartition("@")[2].isascii() for each in found)
    return not ascii_only or any(each.problem for each in found) or text != rewritten(found)


def _packed(reference: MessageReference | None) -> list[Any] | None:
    if reference is None:
        return None
    mailbox = reference.mailbox.decode("latin-1")
    return [reference.account, mailbox, reference.uid_validity, reference.uid]


def read(value: str) -> Kept | None:
    """What ``written`` wrote; None for anything else."""
    try:
        kept = json.loads(binascii.a2b_base64("".join(value.split()).encode("ascii")))
        typed, answers = kept["typed"], kept["answers"]
        return Kept(
            typed={name: _text(typed[name]) for name in _TYPED if name in typed},
            answers=_unpacked(answers) if answers is not None else None,
            forwards=tuple(map(_unpacked, _list(kept["forwards"]))),
            lost=tuple(_lost(_list(kept["lost"]))),
            body=_text(kept["body"]) if "body" in kept else None,
        )
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < 2**63:
        raise TypeError("not a number")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _unpacked(value: object) -> MessageReference:
    account, mailbox, uid_validity, uid = _list(value)
    return MessageReference(
        _text(account), _text(mailbox).encode("latin-1"), _number(uid_validity), _number(uid)
    )


def _lost(values: Iterable[Any]) -> Iterator[Attachment]:
    for name, content_type, size in values:
        yield Attachment(_text(name), _text(content_type), _number(size))
