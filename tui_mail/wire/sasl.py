"""SASL (RFC 4422) without a socket: what to answer to a server's challenge, for IMAP and SMTP.

No mechanism here is ever told whether the line is encrypted: ``choose`` is, and orders them by
it. Nothing here may be shown or logged but names.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from tui_mail.errors import MailError

FEWEST_ITERATIONS = 4096  # RFC 7677, 4
MOST_ITERATIONS = 1_000_000  # half a second of work; a server that wants more wants harm
DETAIL_KEPT = 500  # characters of what a server says about a token


class SaslError(MailError):
    """The server broke the rules of a mechanism, or could not prove that it knows the password.

    ``impostor``: it is that proof which failed, so this server must be told nothing more.
    """

    def __init__(self, title: str, *, impostor: bool = False) -> None:
        super().__init__(title)
        self.impostor = impostor


@dataclass(frozen=True, slots=True)
class LogIn:
    """Who logs in. ``secret`` is the password, or with ``token`` an OAuth 2.0 access token.

    ``passed_over``, where it is given, collects the mechanisms that the server refused before
    another was right. They go last from then on: a login that fails each time looks like an
    attack.
    """

    user: str
    secret: str = field(repr=False)
    token: bool = False
    passed_over: set[str] | None = field(default=None, repr=False, compare=False)

    def took(self, refused: Iterable[Mechanism]) -> None:
        """The server let this in, by a mechanism that came after these."""
        if self.passed_over is not None:
            self.passed_over.update(each.name for each in refused)


class Mechanism:
    """One exchange; use it once.

    ``decisive``: the server sees the password itself, so where it refuses no other mechanism
    need be tried. Another may be right where a server keeps passwords in a form that this one
    cannot work with.
    ``detail`` is what the server said about a failure inside the exchange, or "".
    """

    name = ""
    decisive = False

    def __init__(self, log_in: LogIn) -> None:
        if "\0" in log_in.user or "\0" in log_in.secret:
            raise ValueError("a user name or password with a NUL cannot be sent")
        self._log_in = log_in
        self.detail = ""

    @property
    def secrets(self) -> tuple[bytes, ...]:
        return (self._log_in.secret.encode(),)

    def initial(self) -> bytes | None:
        """The initial response (RFC 4422, 3), None where the server speaks first."""
        return None

    def respond(self, challenge: bytes) -> bytes:
        """What to say to the next challenge. Raises ``SaslError`` when there is nothing."""
        raise SaslError(f"The server asked {self.name} for more than there is to say")

    def finish(self) -> None:
        """The server says that this succeeded. Raises ``SaslError`` if it proved too little."""


class Plain(Mechanism):
    """PLAIN (RFC 4616)."""

    name = "PLAIN"
    decisive = True

    def initial(self) -> bytes:
        return f"\0{self._log_in.user}\0{self._log_in.secret}".encode()


class Login(Mechanism):
    """LOGIN (draft-murchison-sasl-login): two questions, whatever their words."""

    name = "LOGIN"
    decisive = True

    def __init__(self, log_in: LogIn) -> None:
        super().__init__(log_in)
        self._answers = [log_in.secret.encode(), log_in.user.encode()]

    def respond(self, challenge: bytes) -> bytes:
        return self._answers.pop() if self._answers else super().respond(challenge)


class CramMd5(Mechanism):
    """CRAM-MD5 (RFC 2195): one challenge; the server proves nothing."""

    name = "CRAM-MD5"

    def __init__(self, log_in: LogIn) -> None:
        super().__init__(log_in)
        self._answered = False

    def respond(self, challenge: bytes) -> bytes:
        if self._answered or not challenge:
            return super().respond(challenge)
        self._answered = True
        digest = hmac.new(self._log_in.secret.encode(), challenge, "md5").hexdigest()
        return f"{self._log_in.user} {digest}".encode()


class ScramSha256(Mechanism):
    """SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding; both sides prove themselves."""

    name = "SCRAM-SHA-256"

    def __init__(self, log_in: LogIn, nonce: str | None = None) -> None:
        super().__init__(log_in)
        # Printable without a comma, as RFC 5802, 7 wants it; 144 bits.
        self._nonce = nonce or b64encode(os.urandom(18)).decode()
        user = prepared(log_in.user)
        self._first = f"n={_escaped(user)},r={self._nonce}"
        self._signature: bytes | None = None
        self._proven = False

    def initial(self) -> bytes:
        return f"n,,{self._first}".encode()

    def respond(self, challenge: bytes) -> bytes:
        if self._signature is None:
            return self._proof(challenge)
        if self._proven:
            return super().respond(challenge)
        self._verify(challenge)
        return b""

    def finish(self) -> None:
        if not self._proven:
            raise SaslError(
                "The server did not prove that it knows the password (SCRAM)", impostor=True
            )

    def _proof(self, challenge: bytes) -> bytes:
        found = re.fullmatch(rb"r=([^,]+),s=([A-Za-z0-9+/=]+),i=([0-9]{1,9})(?:,.*)?", challenge)
        if found is None:
            raise SaslError("The server's SCRAM message cannot be read")
        nonce, salt, iterations = found[1], _decoded(found[2]), int(found[3])
        ours = self._nonce.encode()
        if not nonce.startswith(ours) or nonce == ours:
            raise SaslError("The server's SCRAM nonce is not made from ours", impostor=True)
        if not FEWEST_ITERATIONS <= iterations <= MOST_ITERATIONS:
            raise SaslError(f"The server wants {iterations} rounds of SCRAM, which is not safe")
        last = b"c=biws,r=" + nonce
        message = b",".join((self._first.encode(), challenge, last))
        salted = hashlib.pbkdf2_hmac(
            "sha256", prepared(self._log_in.secret).encode(), salt, iterations
        )
        client_key = _hmac(salted, b"Client Key")
        signature = _hmac(hashlib.sha256(client_key).digest(), message)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        self._signature = _hmac(_hmac(salted, b"Server Key"), message)
        return last + b",p=" + b64encode(proof)

    def _verify(self, challenge: bytes) -> None:
        if challenge.startswith(b"e="):
            self.detail = challenge[2:].decode("utf-8", "replace")[:DETAIL_KEPT]
            raise SaslError("The server refused the proof of the password (SCRAM)")
        found = re.match(rb"v=([A-Za-z0-9+/=]+)", challenge)
        given = _decoded(found[1]) if found else b""
        if not hmac.compare_digest(given, self._signature or b""):
            raise SaslError(
                "The server's proof that it knows the password is wrong (SCRAM)", impostor=True
            )
        self._proven = True


class _Bearer(Mechanism):
    """An access token, and a server that explains a refusal in one more challenge."""

    _acknowledgement = b""

    def __init__(self, log_in: LogIn, host: str = "", port: int = 0) -> None:
        super().__init__(log_in)
        # %x01 separates the fields: one inside the token would begin another.
        if "\1" in log_in.user or not re.fullmatch(r"[\x21-\x7e]+", log_in.secret):
            raise ValueError("an access token is printable ASCII without spaces")
        self._host, self._port = host, port
        self._explained = False

    def respond(self, challenge: bytes) -> bytes:
        if self._explained:
            return super().respond(challenge)
        self._explained = True
        self.detail = _explanation(challenge)
        return self._acknowledgement


class OAuthBearer(_Bearer):
    """OAUTHBEARER (RFC 7628, 3.1 and 3.2.3)."""

    name = "OAUTHBEARER"
    _acknowledgement = b"\1"

    def initial(self) -> bytes:
        where = f"\1host={self._host}\1port={self._port}" if self._host else ""
        user = _escaped(self._log_in.user)
        return f"n,a={user},{where}\1auth=Bearer {self._log_in.secret}\1\1".encode()


class XOAuth2(_Bearer):
    """XOAUTH2, Google's own, which Microsoft took over."""

    name = "XOAUTH2"

    def initial(self) -> bytes:
        return f"user={self._log_in.user}\1auth=Bearer {self._log_in.secret}\1\1".encode()


_PASSWORD: tuple[type[Mechanism], ...] = (ScramSha256, Plain, Login, CramMd5)
# On a line that anybody may read, what does not show the password goes first.
_PASSWORD_IN_THE_CLEAR: tuple[type[Mechanism], ...] = (ScramSha256, CramMd5, Plain, Login)
_TOKEN: tuple[type[_Bearer], ...] = (OAuthBearer, XOAuth2)


def choose(
    offered: Collection[str], log_in: LogIn, *, encrypted: bool, host: str = "", port: int = 0
) -> list[Mechanism]:
    """The mechanisms to try one after the other; ``offered`` are upper case names.

    In TLS CRAM-MD5 comes last: it protects nothing there, and servers that offer it often keep
    passwords it cannot work with. ``host`` and ``port`` are the server's, for OAUTHBEARER.
    Raises ``SaslError`` for a user name or secret that no mechanism can carry.
    """
    found: list[Mechanism]
    try:
        if log_in.token:
            found = [each(log_in, host, port) for each in _TOKEN if each.name in offered]
        else:
            order = _PASSWORD if encrypted else _PASSWORD_IN_THE_CLEAR
            found = [each(log_in) for each in order if each.name in offered]
    except ValueError as error:
        raise SaslError(f"This login cannot be sent: {error}") from None
    return sorted(found, key=lambda each: each.name in (log_in.passed_over or ()))


class Dialogue:
    """One mechanism in base64, as IMAP (RFC 9051, 6.2.2) and SMTP (RFC 4954, 4) carry it.

    ``problem`` is why it was given up with ``*``, if it was. ``secrets`` is what was said so far
    and the secret itself: what no transcript may show, even where the server repeats it.
    """

    def __init__(self, mechanism: Mechanism) -> None:
        self.mechanism = mechanism
        self.problem: SaslError | None = None
        self.secrets: tuple[bytes, ...] = mechanism.secrets
        self._first = mechanism.initial()

    def initial(self, longest: int | None = None) -> bytes | None:
        """What goes with the command itself: base64, ``=`` for nothing.

        None where it has to wait until it is asked for, as it has when it is longer than
        ``longest`` octets.
        """
        if self._first is None:
            return None
        text = b64encode(self._first) or b"="
        if longest is not None and len(text) > longest:
            return None
        self._first = None
        return self._said(text)

    def answer(self, challenge: bytes) -> bytes:
        """The line to send for the base64 of a challenge; ``*`` cancels."""
        if self.problem is not None:
            return b"*"
        if self._first is not None:
            answer, self._first = self._first, None
            return self._said(b64encode(answer))
        try:
            return self._said(b64encode(self.mechanism.respond(_decoded(challenge.strip()))))
        except SaslError as problem:
            self.problem = problem
            return b"*"

    def unproven(self) -> SaslError | None:
        """The server says that it succeeded: why it may not be believed, if so."""
        if self.problem is None:
            try:
                self.mechanism.finish()
            except SaslError as problem:
                self.problem = problem
        return self.problem

    def _said(self, text: bytes) -> bytes:
        if len(text) > 1:
            self.secrets += (text,)
        return text


def prepared(text: str) -> str:
    """SASLprep (RFC 4013) of a user name or password; unchanged where that forbids it.

    RFC 5802, 5.1 would give up then. A password the server keeps unprepared may still be right.
    """
    if text.isascii():
        return text
    import stringprep
    import unicodedata

    mapped = "".join(
        " " if stringprep.in_table_c12(c) else c for c in text if not stringprep.in_table_b1(c)
    )
    normal = unicodedata.normalize("NFKC", mapped)
    forbidden = (
        stringprep.in_table_c12,
        stringprep.in_table_c21_c22,
        stringprep.in_table_c3,
        stringprep.in_table_c4,
        stringprep.in_table_c5,
        stringprep.in_table_c6,
        stringprep.in_table_c7,
        stringprep.in_table_c8,
        stringprep.in_table_c9,
    )
    if any(table(c) for c in normal for table in forbidden):
        return text
    right_to_left = [stringprep.in_table_d1(c) for c in normal]
    if any(right_to_left):
        mixed = any(stringprep.in_table_d2(c) for c in normal)
        if mixed or not (right_to_left[0] and right_to_left[-1]):
            return text
    return normal


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _escaped(name: str) -> str:
    """saslname (RFC 5801, 4)."""
    return name.replace("=", "=3D").replace(",", "=2C")


def _decoded(text: bytes) -> bytes:
    try:
        return b64decode(b"" if text == b"=" else text, validate=True)
    except NotBase64:
        raise SaslError("The server sent something that is not base64") from None


def _explanation(challenge: bytes) -> str:
    """The JSON of a refusal in words; a server may send anything."""
    import json

    text = challenge.decode("utf-8", "replace")[:DETAIL_KEPT]
    try:
        found = json.loads(challenge)
    except (ValueError, RecursionError):
        return text
    if not isinstance(found, dict):
        return text
    return ", ".join(f"{key} {value}" for key, value in found.items() if isinstance(value, str))[
        :DETAIL_KEPT
    ]
