"""Re: and Fwd:, never stacked, in the languages that programs write them in. Pure text."""

from __future__ import annotations

import re

# What mail programs put before a subject, by language; a colon, narrow or wide, ends each.
_REPLIES = (
    "re|aw|antw|antwort|sv|vs|vá|odp|ynt|res|resp|rép|bls|yan|σχετ|απ|отв|ответ|"
    "回复|回覆|答复|返信|답장|회신"
)
_FORWARDS = (
    "fwd|fw|wg|tr|rv|enc|vb|vl|pd|i̇lt|ilt|doorst|továbbítás|πρθ|переслано|пересл|"
    "转发|轉寄|転送|전달"
)
# Outlook's Italian ones; in lower case, or with more before the colon, they are words.
_SINGLE = "R|I"
_PREFIX = re.compile(
    rf"\s*(?:(?i:{_REPLIES}|{_FORWARDS})|{_SINGLE})"
    r"\s?(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?\s?[:：]\s*"  # noqa: RUF001
)
_TAG = re.compile(r"\s*\[[^\[\]]{1,60}\]\s*")


def base(subject: str) -> str:
    """``subject`` without the marks of replying and forwarding; a list's ``[tag]`` stays."""
    rest = _stripped(subject)
    tag = _TAG.match(rest)
    if tag and (behind := _stripped(rest[tag.end() :])) != rest[tag.end() :]:
        # A list put its tag before the mark.
        return f"{tag[0].strip()} {behind}".strip()
    return rest


def _stripped(subject: str) -> str:
    position = 0
    while found := _PREFIX.match(subject, position):
        position = found.end()
    return subject[position:].strip()


def reply(subject: str) -> str:
    """The subject of a reply: one ``Re:`` (RFC 5322, 3.6.5)."""
    return f"Re: {base(subject)}".strip()


def forward(subject: str) -> str:
    """The subject of a forwarded message: one ``Fwd:``."""
    return f"Fwd: {base(subject)}".strip()
