"""What is really in the mailboxes of a server, told by a client that shares nothing with ours."""

from __future__ import annotations

import re
from collections import Counter
from typing import Protocol

from servers import RawImap

_FLAGS = re.compile(rb"FLAGS \(([^)]*)\)")
_UID = re.compile(rb"UID (\d+)")
_ID = re.compile(rb"Message-ID: <([^>]+)>", re.IGNORECASE)


class Server(Protocol):
    def connect(self, user: str) -> RawImap: ...


def message(number: int, *, size: int = 0) -> bytes:
    """A small message that says its number, in its Message-ID as well."""
    return (
        f"From: Anna <anna@example.org>\r\nSubject: message {number}\r\n"
        f"Date: Mon, 6 May 2024 10:{number // 60 % 60:02}:{number % 60:02} +0000\r\n"
        f"Message-ID: <{number}@test.example>\r\n\r\nText of {number}.\r\n" + "x" * size
    ).encode()


def fill(server: Server, user: str, count: int, mailbox: str = "INBOX", first: int = 1) -> None:
    """Messages from number ``first`` on; in an empty mailbox their UIDs are 1, 2, 3 …"""
    with server.connect(user) as raw:
        for number in range(first, first + count):
            raw.append(mailbox, message(number))


def contents(raw: RawImap, mailbox: str) -> list[tuple[int, frozenset[str]]]:
    """(Number of the message, flags without ``\\Recent``) in the order of UIDs."""
    raw.command(b'EXAMINE "%b"' % mailbox.encode())
    found = []
    for line in raw.command("UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"):
        flags, uid, number = _FLAGS.search(line), _UID.search(line), _ID.search(line)
        if flags and uid and number:
            kept = frozenset(flags[1].decode().split()) - {"\\Recent"}
            found.append((int(uid[1]), int(number[1].split(b"@")[0]), kept))
    return [(number, flags) for _, number, flags in sorted(found)]


def numbers(raw: RawImap, mailbox: str) -> list[int]:
    """The numbers of its messages, in the order of UIDs."""
    return [number for number, _ in contents(raw, mailbox)]


def everywhere(raw: RawImap, mailboxes: list[str]) -> Counter[int]:
    """How often each message is there, in all of these mailboxes together."""
    return Counter(number for mailbox in mailboxes for number in numbers(raw, mailbox))
