"""One response to one value (RFC 9051, 9: response). What cannot be read becomes Malformed.

Which response it is, and the status responses with their codes, are read here; the siblings
``parser_data``, ``parser_fetch``, ``parser_envelope`` and ``parser_body`` read the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tui_mail.wire.parser_body import parse_body_structure
from tui_mail.wire.parser_data import (
    acl_data,
    capability_data,
    enable_data,
    esearch_response,
    expunged_resp,
    flags_data,
    id_response,
    list_data,
    listrights_data,
    lsub_data,
    mailbox_data_search,
    myrights_data,
    namespace_data,
    quota_response,
    quotaroot_response,
    status_data,
)
from tui_mail.wire.parser_fetch import flag, message_data_fetch
from tui_mail.wire.responses import (
    CodeArgument,
    Completed,
    Condition,
    ConditionStatus,
    Continuation,
    Exists,
    Expunge,
    Malformed,
    Recent,
    Response,
    StatusCode,
    TaggedStatus,
    Unknown,
)
from tui_mail.wire.sequence_set import SequenceSet
from tui_mail.wire.tokens import Cursor, ParseError, nz_number, text

__all__ = ["parse_body_structure", "parse_response"]

MAX_MESSAGES = 50_000_000  # in one mailbox: more than any server holds, less than memory does
SHOWN = 4096  # octets of a response that could not be read

_UNTAGGED = re.compile(rb"\* +(?:(\d{1,10}) +)?([A-Za-z][^\s()\"\[]*+)")
_TAGGED = re.compile(rb"([^\s*+][^\s]*+) +(OK|NO|BAD)(?![^\s])", re.IGNORECASE)
_CODE = re.compile(
    rb"""\ *+\[([^\s\]]++)                                        # 1: its name
    (?:\ +((?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|\([^()]*+\)|[^\]"])*+))?   # 2: its arguments
    \]\ *+""",
    re.VERBOSE,
)
_CONDITIONS: dict[bytes, ConditionStatus] = {
    b"OK": "OK",
    b"NO": "NO",
    b"BAD": "BAD",
    b"BYE": "BYE",
    b"PREAUTH": "PREAUTH",
}
_TAGGED_CONDITIONS: dict[bytes, TaggedStatus] = {b"OK": "OK", b"NO": "NO", b"BAD": "BAD"}


def parse_response(raw: bytes, literals: tuple[bytes, ...] = ()) -> Response:
    """The value of a whole response, as ``framing.RawResponse`` holds it."""
    cursor = Cursor(raw, literals)
    try:
        if raw.startswith(b"*"):
            return _untagged(cursor)
        if raw.startswith(b"+"):
            return continue_req(cursor)
        return response_tagged(cursor)
    except (ValueError, OverflowError) as error:
        return Malformed(raw[:SHOWN].rstrip(b"\r\n"), str(error))


def continue_req(cursor: Cursor) -> Continuation:
    """continue-req; the space after ``+`` is not always there (Cyrus, in IDLE)."""
    return Continuation(cursor.text[1:].strip())


def response_tagged(cursor: Cursor) -> Completed:
    found = _TAGGED.match(cursor.text)
    if found is None:
        raise cursor.error("neither a tag, nor *, nor + begins a response that can be read")
    cursor.pos = found.end()
    code, words = resp_text(cursor)
    return Completed(text(found[1]), _TAGGED_CONDITIONS[found[2].upper()], code, words)


def _untagged(cursor: Cursor) -> Response:
    found = _UNTAGGED.match(cursor.text)
    if found is None:
        raise cursor.error("the name of a response was expected")
    cursor.pos = found.end()
    digits, name = found[1], found[2].upper()
    if digits is not None:
        numbered = _NUMBERED.get(name)
        if numbered is not None:
            return numbered(int(digits), cursor)
    elif name in _CONDITIONS:
        code, words = resp_text(cursor)
        return Condition(_CONDITIONS[name], code, words)
    else:
        reader = _DATA.get(name)
        if reader is not None:
            return reader(cursor)
    return Unknown(text(name), cursor.text.rstrip(b"\r\n"))


def _message_data(sequence: int, cursor: Cursor) -> Response:
    return message_data_fetch(nz_number(b"%d" % sequence), cursor)


def _exists(count: int, cursor: Cursor) -> Exists:
    cursor.end()
    if count > MAX_MESSAGES:
        raise ParseError(f"no mailbox holds {count} messages")
    return Exists(count)


def _recent(count: int, cursor: Cursor) -> Recent:
    cursor.end()
    return Recent(count)


def _expunge(sequence: int, cursor: Cursor) -> Expunge:
    cursor.end()
    return Expunge(nz_number(b"%d" % sequence))


_NUMBERED: dict[bytes, Callable[[int, Cursor], Response]] = {
    b"FETCH": _message_data,
    b"EXISTS": _exists,
    b"EXPUNGE": _expunge,
    b"RECENT": _recent,
}
_DATA: dict[bytes, Callable[[Cursor], Response]] = {
    b"ACL": acl_data,
    b"CAPABILITY": capability_data,
    b"ENABLED": enable_data,
    b"ESEARCH": esearch_response,
    b"FLAGS": flags_data,
    b"ID": id_response,
    b"LIST": list_data,
    b"LISTRIGHTS": listrights_data,
    b"LSUB": lsub_data,
    b"MYRIGHTS": myrights_data,
    b"NAMESPACE": namespace_data,
    b"QUOTA": quota_response,
    b"QUOTAROOT": quotaroot_response,
    b"SEARCH": mailbox_data_search,
    b"STATUS": status_data,
    b"VANISHED": expunged_resp,
}


def resp_text(cursor: Cursor) -> tuple[StatusCode | None, str]:
    """resp-text: an optional code and words. A code that cannot be read is left in the words."""
    found = _CODE.match(cursor.text, cursor.pos)
    if found is None:
        return None, text(cursor.rest())
    cursor.pos = found.end()
    return resp_text_code(found[1], found[2]), text(cursor.rest())


def resp_text_code(raw_name: bytes, raw: bytes | None) -> StatusCode:
    """resp-text-code; its arguments are as ``StatusCode`` says."""
    name = text(raw_name).upper()
    if name not in _CODE_ARGUMENTS:
        return StatusCode(name, () if raw is None else (text(raw),))
    try:
        return StatusCode(name, _CODE_ARGUMENTS[name](raw or b""))
    except ValueError:
        return StatusCode(name)


def _one_number(raw: bytes) -> tuple[CodeArgument, ...]:
    if not raw.isdigit() or int(raw) >= 2**63:
        raise ParseError("a number was expected")
    return (int(raw),)


def _capabilities(raw: bytes) -> tuple[CodeArgument, ...]:
    return (frozenset(text(name).upper() for name in raw.split()),)


def _flags(raw: bytes) -> tuple[CodeArgument, ...]:
    return (frozenset(flag(name) for name in raw.strip(b" ()").split()),)


def _append_uid(raw: bytes) -> tuple[CodeArgument, ...]:
    validity, uids = raw.split()
    return (*_one_number(validity), str(SequenceSet.parse(uids)))


def _copy_uid(raw: bytes) -> tuple[CodeArgument, ...]:
    validity, source, target = raw.split()
    for uids in (source, target):  # kept as text: their order pairs them
        SequenceSet.parse(uids)
    return (*_one_number(validity), text(source), text(target))


_CODE_ARGUMENTS: dict[str, Callable[[bytes], tuple[CodeArgument, ...]]] = {
    "APPENDUID": _append_uid,
    "CAPABILITY": _capabilities,
    "COPYUID": _copy_uid,
    "HIGHESTMODSEQ": _one_number,
    "PERMANENTFLAGS": _flags,
    "UIDNEXT": _one_number,
    "UIDVALIDITY": _one_number,
    "UNSEEN": _one_number,
}
