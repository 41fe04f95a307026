"""SASL mechanisms byte by byte, as the examples of their RFCs have them, and servers that cheat."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode

import pytest

from tui_mail.wire.sasl import (
    CramMd5,
    Dialogue,
    LogIn,
    Login,
    Mechanism,
    OAuthBearer,
    Plain,
    SaslError,
    ScramSha256,
    XOAuth2,
    choose,
    prepared,
)

# RFC 7677, 3
NONCE = "rOprNGfwEbeRWgbNEkqO"
SERVER_FIRST = (
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
)
CLIENT_FINAL = (
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)
SERVER_FINAL = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def scram() -> ScramSha256:
    return ScramSha256(LogIn("user", "pencil"), NONCE)


def answered(mechanism: Mechanism, *challenges: bytes) -> list[bytes]:
    return [mechanism.respond(challenge) for challenge in challenges]


def test_plain() -> None:  # RFC 4616, 4
    mechanism = Plain(LogIn("tim", "tanstaaftanstaaf"))
    assert mechanism.initial() == b"\0tim\0tanstaaftanstaaf"
    mechanism.finish()
    with pytest.raises(SaslError):
        mechanism.respond(b"")


def test_cram_md5() -> None:  # RFC 2195, 2
    mechanism = CramMd5(LogIn("tim", "tanstaaftanstaaf"))
    assert mechanism.initial() is None
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    assert mechanism.respond(challenge) == b"tim b913a602c7eda7a495b4e6e7334d3890"
    with pytest.raises(SaslError):
        mechanism.respond(challenge)


def test_login() -> None:
    mechanism = Login(LogIn("tim", "tanstaaf"))
    assert mechanism.initial() is None
    assert answered(mechanism, b"User Name\0", b"Password\0") == [b"tim", b"tanstaaf"]
    with pytest.raises(SaslError):
        mechanism.respond(b"more?")


def test_scram_sha_256() -> None:  # RFC 7677, 3
    mechanism = scram()
    assert mechanism.initial() == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    assert answered(mechanism, SERVER_FIRST, SERVER_FINAL) == [CLIENT_FINAL, b""]
    mechanism.finish()


def test_scram_nonces_differ() -> None:
    log_in = LogIn("user", "pencil")
    assert ScramSha256(log_in).initial() != ScramSha256(log_in).initial()


def test_scram_escapes_and_prepares_the_user_name() -> None:
    mechanism = ScramSha256(LogIn("a=b,c\u00ad", "x"), NONCE)
    assert mechanism.initial() == b"n,,n=a=3Db=2Cc,r=rOprNGfwEbeRWgbNEkqO"


def test_scram_wants_the_servers_proof() -> None:
    """The server says OK without having shown that it knows the password."""
    mechanism = scram()
    with pytest.raises(SaslError) as caught:
        mechanism.finish()
    assert caught.value.impostor
    mechanism.respond(SERVER_FIRST)
    with pytest.raises(SaslError) as caught:
        mechanism.finish()
    assert caught.value.impostor


@pytest.mark.parametrize(
    "final",
    [b"v=" + b64encode(b"\0" * 32), b"v=", b"", b"x=1", b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5n"],
)
def test_scram_with_a_wrong_proof(final: bytes) -> None:
    mechanism = scram()
    mechanism.respond(SERVER_FIRST)
    with pytest.raises(SaslError) as caught:
        mechanism.respond(final)
    assert caught.value.impostor
    with pytest.raises(SaslError):
        mechanism.finish()


def test_scram_refused_inside_the_exchange() -> None:
    mechanism = scram()
    mechanism.respond(SERVER_FIRST)
    with pytest.raises(SaslError) as caught:
        mechanism.respond(b"e=invalid-proof")
    assert not caught.value.impostor and mechanism.detail == "invalid-proof"


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=QUJD",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=!!!,i=4096",
        b"r=rOprNGfwEbeRWgbNEkqO,s=QUJD,i=4096",  # nothing of its own
        b"r=other,s=QUJD,i=4096",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=1",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=999999999",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=99999999999999999999",
        b"m=ext,r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=4096",
    ],
)
def test_scram_with_a_first_message_that_is_not_safe(first: bytes) -> None:
    with pytest.raises(SaslError):
        scram().respond(first)


def test_scram_takes_extensions() -> None:
    """RFC 5802, 5.1: what is not known behind the known fields is ignored."""
    salt, key = b64decode("QUJD"), b"pencil"
    first = f"r={NONCE}srv,s=QUJD,i=4096".encode() + b",x=more"
    mechanism = scram()
    final = mechanism.respond(first)
    salted = hashlib.pbkdf2_hmac("sha256", key, salt, 4096)
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    message = f"n=user,r={NONCE},".encode() + first + b"," + final.rpartition(b",p=")[0]
    signature = hmac.digest(server_key, message, "sha256")
    assert mechanism.respond(b"v=" + b64encode(signature) + b",x=more") == b""
    mechanism.finish()


def test_oauthbearer() -> None:  # RFC 7628, 4.1
    token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
    mechanism = OAuthBearer(LogIn("user@example.com", token, token=True), "server.example.com", 143)
    assert b64encode(mechanism.initial()) == (
        b"bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVy"
        b"IHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
    )


def test_oauthbearer_acknowledges_a_refusal() -> None:  # RFC 7628, 3.2.3 and 4.3
    mechanism = OAuthBearer(LogIn("u", "t", token=True))
    challenge = b'{"status":"invalid_token","scope":"example_scope","openid-configuration":"x"}'
    assert mechanism.respond(challenge) == b"\1"
    assert "status invalid_token" in mechanism.detail and "example_scope" in mechanism.detail
    with pytest.raises(SaslError):
        mechanism.respond(challenge)


def test_xoauth2() -> None:  # Google's example
    mechanism = XOAuth2(
        LogIn("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg", True)
    )
    assert b64encode(mechanism.initial()) == (
        b"dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhk"
        b"SFJoZG1semRHRXVZMjl0Q2cBAQ=="
    )
    assert mechanism.respond(b'{"status":"401","schemes":"bearer","scope":"mail"}') == b""
    assert mechanism.detail == "status 401, schemes bearer, scope mail"


@pytest.mark.parametrize("challenge", [b"not json", b"[1]", b"\xff", b"[" * 100_000, b"{}"])
def test_a_refused_token_with_strange_words(challenge: bytes) -> None:
    mechanism = XOAuth2(LogIn("u", "t", token=True))
    assert mechanism.respond(challenge) == b"" and len(mechanism.detail) <= 500


@pytest.mark.parametrize("token", ["", "two words", "a\1b", "ü", "a\nb"])
def test_a_token_that_cannot_be_sent(token: str) -> None:
    with pytest.raises(ValueError):
        XOAuth2(LogIn("u", token, token=True))


@pytest.mark.parametrize("log_in", [LogIn("a\0", "b"), LogIn("a", "b\0")])
def test_a_nul_cannot_be_sent(log_in: LogIn) -> None:
    with pytest.raises(ValueError):
        Plain(log_in)


def test_a_log_in_does_not_show_its_secret() -> None:
    assert "pencil" not in repr(LogIn("user", "pencil"))


# SASLprep


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("user", "user"),
        ("USER", "USER"),
        ("I\u00adX", "IX"),  # RFC 4013, 3
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u0007\u00fc", "\u0007\u00fc"),  # forbidden: sent as it is
        ("\u0627\u0031", "\u0627\u0031"),  # a bidirectional string that may not be
        ("\u0627\u0628", "\u0627\u0628"),
    ],
)
def test_prepared(text: str, wanted: str) -> None:
    assert prepared(text) == wanted


# The choice

EVERYTHING = {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER", "GSSAPI"}


def chosen(offered: set[str], *, encrypted: bool, token: bool = False) -> list[str]:
    log_in = LogIn("anna", "secret", token)
    return [each.name for each in choose(offered, log_in, encrypted=encrypted)]


def test_the_order_in_tls() -> None:
    assert chosen(EVERYTHING, encrypted=True) == ["SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5"]


def test_the_order_in_the_clear() -> None:
    wanted = ["SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN"]
    assert chosen(EVERYTHING, encrypted=False) == wanted


def test_a_token_is_never_sent_as_a_password() -> None:
    assert chosen(EVERYTHING, encrypted=True, token=True) == ["OAUTHBEARER", "XOAUTH2"]
    assert chosen({"PLAIN", "LOGIN"}, encrypted=True, token=True) == []


def test_a_password_is_never_sent_as_a_token() -> None:
    assert chosen({"XOAUTH2", "OAUTHBEARER", "NTLM"}, encrypted=True) == []


def test_what_was_refused_before_goes_last() -> None:
    log_in = LogIn("anna", "secret", passed_over={"SCRAM-SHA-256"})
    names = [each.name for each in choose(EVERYTHING, log_in, encrypted=True)]
    assert names == ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"]


def test_what_cannot_be_sent_is_told() -> None:
    with pytest.raises(SaslError):
        choose(EVERYTHING, LogIn("a\0", "b"), encrypted=True)


# In base64


def test_a_dialogue_with_an_initial_response() -> None:
    dialogue = Dialogue(scram())
    assert b64decode(dialogue.initial() or b"") == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    assert b64decode(dialogue.answer(b64encode(SERVER_FIRST))) == CLIENT_FINAL
    assert dialogue.answer(b64encode(SERVER_FINAL)) == b""
    assert dialogue.unproven() is None
    assert len(dialogue.secrets) == 3 and b"pencil" in dialogue.secrets


def test_a_dialogue_without() -> None:
    dialogue = Dialogue(Plain(LogIn("u", "p")))
    assert dialogue.initial(longest=7) is None
    assert dialogue.answer(b"") == b"AHUAcA=="
    assert dialogue.answer(b"") == b"*"
    assert dialogue.problem is not None
    assert dialogue.unproven() is dialogue.problem


def test_a_dialogue_is_cancelled_by_what_is_not_base64() -> None:
    dialogue = Dialogue(Login(LogIn("u", "p")))
    assert dialogue.initial() is None
    assert [dialogue.answer(b"%%%"), dialogue.answer(b"VXNlcg==")] == [b"*", b"*"]
    assert dialogue.problem is not None and not dialogue.problem.impostor
