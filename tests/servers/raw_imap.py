"""The least blocking IMAP client that can fill a mailbox and look at what is there.

Shares no code with the program: it is the other client of the account. For trusted local
servers only: nothing is bounded but the time.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Sequence

from .messages import GeneratedMessage

_LITERAL_AT_END = re.compile(rb"\{(\d+)\}\r\n\Z")


class RawImapError(Exception):
    """The server answered NO or BAD, or went away; the text is its line."""


def quoted(text: bytes | str) -> bytes:
    """An IMAP quoted string."""
    data = text.encode() if isinstance(text, str) else text
    return b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


class RawImap:
    """One connection. ``greeting`` is its first line; ``capabilities`` upper case, after login."""

    def __init__(self, host: str, port: int, timeout: float = 60) -> None:
        self._socket = socket.create_connection((host, port), timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb", buffering=1 << 16)
        self._tag = 0
        self.greeting = self._response()
        self.capabilities: frozenset[str] = frozenset()

    @classmethod
    def login(cls, host: str, port: int, user: str, password: str) -> RawImap:
        """A connection that has logged in with LOGIN."""
        connection = cls(host, port)
        try:
            connection.command(b"LOGIN " + quoted(user) + b" " + quoted(password))
            answer = connection.command("CAPABILITY")
        except BaseException:
            connection.close()
            raise
        words = next(line for line in answer if line.startswith(b"* CAPABILITY")).split()[2:]
        connection.capabilities = frozenset(word.decode().upper() for word in words)
        return connection

    def __enter__(self) -> RawImap:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection without LOGOUT."""
        self._file.close()
        self._socket.close()

    def command(self, text: bytes | str) -> list[bytes]:
        """Sends one command without tag or CRLF; every response to it, the tagged one last.

        Responses hold their literals. Raises RawImapError for anything but OK.
        """
        tag = self._next_tag()
        data = text.encode() if isinstance(text, str) else text
        self._socket.sendall(tag + b" " + data + b"\r\n")
        return self._completion(tag)

    def append(
        self,
        mailbox: bytes | str,
        message: bytes,
        *,
        flags: Sequence[str] = (),
        internal_date: str | None = None,
    ) -> None:
        """Stores one message, with a synchronizing literal that every server understands."""
        tag = self._next_tag()
        self._socket.sendall(
            tag + b" APPEND " + quoted(mailbox) + _item(flags, internal_date)
            + b" {%d}\r\n" % len(message)
        )  # fmt: skip
        line = self._response()
        while not line.startswith(b"+"):
            if line.startswith(tag):
                raise RawImapError(line.decode(errors="replace").strip())
            line = self._response()
        self._socket.sendall(message + b"\r\n")
        self._completion(tag)

    def append_many(
        self, mailbox: bytes | str, messages: Iterable[GeneratedMessage], *, batch: int = 200
    ) -> int:
        """Stores all of them, many to a command where MULTIAPPEND (RFC 3502) is offered.

        The commands are pipelined with non-synchronizing literals (RFC 7888); without LITERAL+
        each message goes by itself. The number stored.
        """
        if not {"MULTIAPPEND", "LITERAL+"} <= self.capabilities:
            stored = 0
            for message in messages:
                self.append(
                    mailbox, message.data, flags=message.flags, internal_date=message.internal_date
                )
                stored += 1
            return stored
        stored = 0
        waiting: list[bytes] = []
        parts: list[bytes] = []
        for message in messages:
            parts.append(
                b"%b {%d+}\r\n%b"
                % (_item(message.flags, message.internal_date), len(message.data), message.data)
            )
            stored += 1
            if len(parts) == batch:
                waiting.append(self._send_multiappend(mailbox, parts))
                parts = []
                # Two in flight: the next is on its way while the server still stores the last.
                if len(waiting) > 1:
                    self._completion(waiting.pop(0))
        if parts:
            waiting.append(self._send_multiappend(mailbox, parts))
        for tag in waiting:
            self._completion(tag)
        return stored

    def _send_multiappend(self, mailbox: bytes | str, parts: list[bytes]) -> bytes:
        tag = self._next_tag()
        self._socket.sendall(tag + b" APPEND " + quoted(mailbox) + b"".join(parts) + b"\r\n")
        return tag

    def _next_tag(self) -> bytes:
        self._tag += 1
        return b"R%d" % self._tag

    def _response(self) -> bytes:
        """One whole response: a line, and after each literal the rest of it."""
        pieces = []
        while True:
            line = self._file.readline()
            if not line:
                raise RawImapError("the server closed the connection")
            pieces.append(line)
            literal = _LITERAL_AT_END.search(line)
            if literal is None:
                return b"".join(pieces)
            pieces.append(self._file.read(int(literal[1])))

    def _completion(self, tag: bytes) -> list[bytes]:
        responses = []
        while True:
            response = self._response()
            responses.append(response)
            if response.startswith(tag + b" "):
                if not response.startswith(tag + b" OK"):
                    raise RawImapError(response.decode(errors="replace").strip())
                return responses


def _item(flags: Sequence[str], internal_date: str | None) -> bytes:
    item = b" (" + " ".join(flags).encode() + b")" if flags else b""
    return item + (b" " + quoted(internal_date) if internal_date else b"")
