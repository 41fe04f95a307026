"""One SMTP connection on the standard library's ``smtplib``: lines out, replies in, all of it seen.

Blocks, so it lives in a thread of its own. What crosses the wire goes to the transcript by way of
the loop, secrets already masked. Knows no mechanism and decides nothing about a message.
"""

from __future__ import annotations

import asyncio
import re
import smtplib
import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

from tui_mail.config import Security, ServerUrl
from tui_mail.errors import ConnectionFailed, InsecureConnection, MailError, ProtocolError
from tui_mail.net import smtp_waits
from tui_mail.net.smtp_text import Refusal, Reply, ReplyReader, pieces
from tui_mail.net.stream import explain, keep_alive
from tui_mail.net.submission_results import SmtpCapabilities
from tui_mail.wire.transcript import MASK, SUBMISSION_TAG, Recorder

# RFC 5321, 4.1.4 wants an address literal where there is no public name. One's own address would
# tell strangers about the network at home, "localhost" is refused by servers that want a domain.
EHLO_NAME = "[127.0.0.1]"

LONGEST_LINE = 8192  # octets; RFC 5321, 4.5.3.1.5 allows 512


class OnLoop:
    """How a thread tells something to the loop. What comes after its end is let go."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def __call__(self, function: Callable[..., None], *arguments: Any) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments)


class SmtpClient(smtplib.SMTP):
    """``open`` it first. Any method but ``abort`` belongs to one thread.

    ``stage`` is where the conversation is, in the words of ``SubmissionRefused``.
    ``final_dot`` is True from the moment that the server may have the whole message.
    ``secrets``: what nothing that the server says may repeat.
    Every wait ends: with ``ConnectionFailed`` when the line breaks or stalls, with
    ``ProtocolError`` when what comes is not SMTP, with ``Refusal`` where the server gave a
    reason for breaking off.
    """

    sock: socket.socket | None
    ehlo_msg = "EHLO"

    def __init__(
        self,
        server: ServerUrl,
        context: ssl.SSLContext,
        recorder: Recorder,
        on_loop: OnLoop,
        origin: str,
    ) -> None:
        super().__init__(local_hostname=EHLO_NAME)
        self.stage = "connect"
        self.final_dot = False
        self.secrets: tuple[bytes, ...] = ()
        self.patience = smtp_waits.GREETING  # seconds for a whole reply
        self.last_reply = Reply(0, ("",))  # to what smtplib asked
        self._server = server
        self._context = context
        self._recorder = recorder
        self._on_loop = on_loop
        self._origin = origin
        self._received = bytearray()
        self._unanswered: deque[tuple[str, str]] = deque()  # tag and name of each command
        self._aborted = False

    @property
    def host_name(self) -> str:
        return self._server.host

    @property
    def encrypted(self) -> bool:
        return isinstance(self.sock, ssl.SSLSocket)

    def open(self) -> Reply:
        """Connect, with TLS from the first byte for smtps://; the server's greeting."""
        server = self._server
        try:
            self.sock = socket.create_connection((server.host, server.port), smtp_waits.CONNECT)
            keep_alive(self.sock)
            # The final dot is a packet of its own and must not wait for the one before it.
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, UnicodeError) as error:
            self.close()
            raise self._explained(error, "connecting") from error
        if server.security is Security.TLS:
            self._shake_hands()
        return self.reply(smtp_waits.GREETING)

    def go_secure(self) -> None:
        """STARTTLS (RFC 3207). Raises ``InsecureConnection`` when TLS does not come of it."""
        self.stage = "STARTTLS"
        if not self.has_extn("starttls"):
            raise InsecureConnection(
                f"{self.host_name} does not offer STARTTLS, so nothing was sent to it",
                advice="Use smtps:// if the server has a TLS port. "
                "smtp+insecure:// sends the password in the clear.",
            )
        self.putcmd("STARTTLS")
        reply = self.reply(smtp_waits.TLS)
        if reply.code != 220:
            if reply.code // 100 == 4:
                raise Refusal(reply)
            raise InsecureConnection(
                f"{self.host_name} refused STARTTLS, so nothing was sent to it",
                server_line=reply.whole,
            )
        if self._received:
            # Said in plain text, so anybody may have said it (RFC 3207, 6).
            raise InsecureConnection(
                f"{self.host_name} said more in plain text after it agreed to STARTTLS",
                advice="Somebody may be tampering with the line. "
                "Use smtps:// if the server has a TLS port.",
            )
        self._shake_hands()
        self.esmtp_features = {}
        self.does_esmtp = False

    def capabilities(self) -> SmtpCapabilities:
        features = self.esmtp_features
        size = features.get("size", "").split()
        number = int(size[0]) if size and re.fullmatch("[0-9]{1,18}", size[0]) else 0
        return SmtpCapabilities(
            extended=self.does_esmtp,
            encrypted=self.encrypted,
            size=number or None,  # 0 is "no fixed limit" (RFC 1870, 3)
            eight_bit="8bitmime" in features,
            smtputf8="smtputf8" in features,
            pipelining="pipelining" in features,
            starttls="starttls" in features,
            mechanisms=frozenset(features.get("auth", "").upper().split()),
        )

    def ask(self, command: str, timeout: float) -> Reply:
        """One command and its reply."""
        self.putcmd(command)
        return self.reply(timeout)

    def say_all(self, commands: Sequence[str]) -> None:
        """Commands in one packet (RFC 2920); ``reply`` takes their answers in this order."""
        lines = [command.encode(self.command_encoding) for command in commands]
        for line in lines:
            self._begin_command(line)
        self._write(b"".join(line + b"\r\n" for line in lines), self.patience)

    def begin_secret(self, command: str, secret: bytes) -> None:
        """A command that ends in something secret, which is masked before it is recorded."""
        line = command.encode("ascii")
        self._begin_command(line, MASK)
        self._write(line + secret + b"\r\n", self.patience)

    def say_secret(self, answer: bytes) -> None:
        """The answer to a challenge. An empty one and ``*`` are no secret."""
        self._record_sent(MASK if len(answer) > 1 else answer)
        self._write(answer + b"\r\n", self.patience)

    def send_content(self, message: bytes, on_progress: Callable[[int, int], None]) -> None:
        """The message after 354, dots doubled (RFC 5321, 4.5.2), and the final dot."""
        tag, name = self._unanswered[0]
        self._tell(
            *(self._recorder.sent, tag, name, self._origin),
            *(b"{%d}" % len(message), (message,), len(message)),
        )
        for done, piece in pieces(message):
            self._look_for_reply()
            self._write(piece, smtp_waits.BLOCK)
            self._on_loop(on_progress, done, len(message))
        self._look_for_reply()
        self._record_sent(b".")
        self.final_dot = True
        self._write(b".\r\n", smtp_waits.BLOCK)

    def reply(self, timeout: float) -> Reply:
        """The next reply, the whole of it within ``timeout`` seconds."""
        deadline = monotonic() + timeout
        tag, name = self._unanswered[0] if self._unanswered else ("", "the greeting")
        reading = ReplyReader()
        while (reply := reading.add(line := self._line(deadline, name))) is None:
            if reading.broken:
                raise ProtocolError(
                    f"{self.host_name} sent something that is not SMTP",
                    server_line=self._masked(line[:200]).decode("utf-8", "replace"),
                    advice="Check host and port in the smtp URL.",
                )
        # After 334 and 354 the same command goes on.
        if tag and not (reply.code // 100 == 3 and name in ("AUTH", "DATA")):
            self._unanswered.popleft()
            self._tell(self._recorder.completed, tag, str(reply.code))
        # A challenge is for the mechanism alone, and it needs every octet.
        return reply if reply.code == 334 else reply.masked(self._masked)

    def leave(self) -> None:
        """QUIT, where there is somebody to say it to, and close. Raises nothing."""
        if self.sock is not None and not self._aborted:
            with suppress(MailError, Refusal):
                self.ask("QUIT", smtp_waits.QUIT)
        self.close()

    def abort(self) -> None:
        """From another thread: whatever this one waits for fails at once."""
        self._aborted = True
        connected = self.sock
        if connected is not None:
            with suppress(OSError):
                # Not SSLSocket's own shutdown: it would go on in plain text.
                socket.socket.shutdown(connected, socket.SHUT_RDWR)

    # What smtplib calls

    def send(self, s: Any) -> None:
        """A whole command line that holds no secret."""
        data: bytes = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        self._begin_command(data.rstrip(b"\r\n"))
        self._write(data, self.patience)

    def getreply(self) -> tuple[int, bytes]:
        self.last_reply = self.reply(self.patience)
        return self.last_reply.code, self.last_reply.text.encode()

    # The socket

    def _shake_hands(self) -> None:
        assert self.sock is not None
        try:
            self.sock.settimeout(smtp_waits.TLS)
            secured = self._context.wrap_socket(
                self.sock, server_hostname=self.host_name, do_handshake_on_connect=False
            )
            self.sock = secured
            self._check_aborted()
            secured.do_handshake()
        except (OSError, ValueError) as error:
            self.close()
            raise self._explained(error, "starting TLS") from error

    def _write(self, data: bytes, timeout: float) -> None:
        if self.sock is None:
            raise ConnectionFailed(f"{self.host_name} has closed the connection")
        self._check_aborted()
        try:
            self.sock.settimeout(timeout)
            self.sock.sendall(data)
        except OSError as error:
            parting = self._parting_words()
            self.close()
            if parting is not None:
                raise Refusal(parting) from error
            raise self._explained(error, "sending") from error

    def _parting_words(self) -> Reply | None:
        """A refusal the server sent before it closed; the line cannot be written any more."""
        self._unanswered.clear()
        with suppress(MailError):
            reply = self.reply(smtp_waits.PARTING)
            if reply.code >= 400:
                return reply
        return None

    def _look_for_reply(self) -> None:
        """Nothing may come while the message goes out: a 250 now would not be an answer to it.

        Raises ``Refusal`` for a refusal that comes early, with which the line is closed.
        """
        assert self.sock is not None
        try:
            self._check_aborted()
            self.sock.settimeout(0)
            early = self.sock.recv(4096)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            early = b""
        except OSError as error:
            self.close()
            raise self._explained(error, "sending") from error
        else:
            if not early:
                self.close()
                raise ConnectionFailed(f"{self.host_name} closed the connection (sending)")
        self._received += early
        if not self._received:
            return
        reply = self.reply(smtp_waits.PARTING)
        self.close()
        if reply.code >= 400:
            raise Refusal(reply)
        raise ProtocolError(
            f"{self.host_name} gave an answer before it had the message", server_line=reply.whole
        )

    def _line(self, deadline: float, waited_for: str) -> bytes:
        searched = 0
        while (end := self._received.find(b"\n", searched)) < 0:
            searched = len(self._received)
            if searched > LONGEST_LINE:
                self.close()
                raise ProtocolError(f"{self.host_name} sent a line that does not end")
            self._received += self._read(deadline, waited_for)
        line = bytes(self._received[:end]).rstrip(b"\r")
        del self._received[: end + 1]
        tag = self._unanswered[0][0] if self._unanswered else ""
        self._tell(self._recorder.received, tag, self._masked(line), (), len(line) + 2)
        return line

    def _read(self, deadline: float, waited_for: str) -> bytes:
        left = deadline - monotonic()
        if self.sock is None or left <= 0:
            self.close()
            raise ConnectionFailed(f"{self.host_name} did not answer in time ({waited_for})")
        self._check_aborted()
        try:
            self.sock.settimeout(left)
            data = self.sock.recv(4096)
        except OSError as error:
            self.close()
            raise self._explained(error, waited_for) from error
        if not data:
            self.close()
            raise ConnectionFailed(f"{self.host_name} closed the connection ({waited_for})")
        return data

    def _check_aborted(self) -> None:
        # ``abort`` may have found no socket yet, or one that TLS was just taking over.
        if self._aborted:
            self.close()
            raise ConnectionFailed(f"The connection to {self.host_name} was given up")

    def _explained(self, error: OSError | ValueError, waited_for: str) -> MailError:
        if not isinstance(error, OSError):  # a host name that IDNA cannot encode
            return ConnectionFailed(f"The name {self.host_name} cannot be looked up: {error}")
        found = explain(error, self.host_name, self._server.port, waited_for)
        if isinstance(error, ssl.SSLError) and not isinstance(found, InsecureConnection):
            found.advice = (
                "Is this port meant for TLS? smtps:// is TLS from the start (port 465), "
                "smtp:// begins in plain text and switches by STARTTLS (port 587)."
            )
        return found

    # The transcript

    def _begin_command(self, line: bytes, mask: bytes = b"") -> None:
        name = line.split(b" ", 1)[0].upper().decode("ascii", "replace")
        # Taking a number is one step, so it may be done on this thread.
        self._unanswered.append((f"{SUBMISSION_TAG}{self._recorder.next_command()}", name))
        self._record_sent(line + mask, self._unanswered[-1])

    def _record_sent(self, shown: bytes, command: tuple[str, str] | None = None) -> None:
        tag, name = command or self._unanswered[0]
        self._tell(self._recorder.sent, tag, name, self._origin, shown, (), len(shown) + 2)

    def _masked(self, line: bytes) -> bytes:
        """Some servers repeat what they refuse."""
        for secret in self.secrets:
            line = line.replace(secret, MASK) if secret else line
        return line

    def _tell(self, function: Callable[..., None], *arguments: Any) -> None:
        self._on_loop(function, *arguments)
