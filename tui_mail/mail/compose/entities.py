"""The parts of a message and how each travels. No I/O.

Built with the standard ``email`` package, under a policy of its own: fields go out as they were
written (``fields`` has folded them, a message passed on keeps its own), lines end in CRLF.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.policy import Policy
from io import BytesIO

from tui_mail.mail.compose import fields
from tui_mail.mail.compose.seven_bit import (
    base64_lines,
    crlf,
    is_sendable,
    narrowed,
    quoted_printable,
    too_long,
)

_LINE_END = re.compile(r"\r\n|\r|\n")
_INJECTED = re.compile(r"(?:\r(?!\n)|\n)(?![ \t])")


class AsWritten(Policy):
    """Neither folds nor decodes a field; refuses one with the beginning of another in it."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, _, value = sourcelines[0].partition(":")
        return name, (value.lstrip(" \t") + "".join(sourcelines[1:])).rstrip("\r\n")

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        if _INJECTED.search(value) or not fields.is_name(name):
            raise ValueError(f"not the field it should be: {name}")
        return name, value

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value

    def fold(self, name: str, value: str) -> str:
        return f"{name}: {_LINE_END.sub(self.linesep, value)}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("utf-8", "surrogateescape")


AS_WRITTEN = AsWritten(linesep="\r\n", cte_type="8bit", max_line_length=None)


class _Verbatim(EmailMessage):
    """A part whose body is octets that are not looked into, whatever its type.

    The generator would write a message/rfc822 anew, and break what its sender signed.
    """

    def get_content_maintype(self) -> str:
        return "text"


def _part(content_type: str, encoding: str, body: bytes) -> EmailMessage:
    part = _Verbatim(policy=AS_WRITTEN)
    part["Content-Type"] = content_type
    part["Content-Transfer-Encoding"] = encoding
    part.set_payload(body.decode("ascii", "surrogateescape"))
    return part


def text(body: str, *, flowed: bool) -> EmailMessage:
    """The text of a message, ``body`` with ``\\n`` (RFC 2046, 4.1; RFC 3676).

    7bit or 8bit as it is; quoted-printable where a line is too long for either.
    """
    data = body.encode("utf-8")
    parameters = {"charset": "us-ascii" if data.isascii() else "utf-8"}
    if flowed:
        parameters["format"] = "flowed"
    content_type = fields.with_parameters("text/plain", parameters).replace("\r\n", "")
    if too_long(data):
        return _part(content_type, "quoted-printable", quoted_printable(data))
    return _part(content_type, _plain_encoding(data), data)


def attachment(name: str, content_type: str, data: bytes, *, charset: str = "") -> EmailMessage:
    """A file: base64, but a message/rfc822, which may not be (RFC 2046, 5.2.1)."""
    if content_type == "message/rfc822" and (message := _sendable_message(data)) is not None:
        part = _part(content_type, _plain_encoding(message), message)
    else:
        if content_type.startswith(("message/", "multipart/")) or not _is_type(content_type):
            content_type = "application/octet-stream"
        typed = fields.with_parameters(content_type, {"charset": charset} if charset else {})
        part = _part(typed, "base64", base64_lines(data))
    part["Content-Disposition"] = fields.with_parameters("attachment", {"filename": name})
    return part


def multipart(parts: Sequence[EmailMessage]) -> EmailMessage:
    """multipart/mixed. Its encoding is the widest of its parts' (RFC 2045, 6.4)."""
    whole = EmailMessage(policy=AS_WRITTEN)
    # Random, so that nothing that is passed on can have it; the package's own is looked for in all.
    boundary = f"=_{secrets.token_hex(16)}"
    whole["Content-Type"] = f'multipart/mixed;\r\n boundary="{boundary}"'
    eight_bit = any(part["Content-Transfer-Encoding"] == "8bit" for part in parts)
    whole["Content-Transfer-Encoding"] = "8bit" if eight_bit else "7bit"
    whole.set_payload(list(parts))
    return whole


def message(header: Iterable[tuple[str, str]], body: EmailMessage) -> bytes:
    """The whole: the fields of ``header`` (values folded already) before those of the body."""
    own = body.items()
    for name in set(body.keys()):
        del body[name]
    for name, value in (*header, ("MIME-Version", "1.0"), *own):
        body[name] = value
    return _written(body)


def _written(whole: EmailMessage) -> bytes:
    buffer = BytesIO()
    BytesGenerator(buffer, mangle_from_=False, policy=AS_WRITTEN).flatten(whole)
    return buffer.getvalue()


def _plain_encoding(data: bytes) -> str:
    return "7bit" if data.isascii() else "8bit"


def _is_type(content_type: str) -> bool:
    return (
        re.fullmatch(
            r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,100}", content_type
        )
        is not None
    )


def _sendable_message(data: bytes) -> bytes | None:
    """A message as it can be passed on inside one; None where no encoding allows it to."""
    data = crlf(data)
    if is_sendable(data):
        return data
    data = narrowed(data)
    return data if is_sendable(data) else None
