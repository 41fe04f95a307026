"""Logging in to IMAP by every mechanism: Dovecot, and scripted servers that refuse or cheat."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from servers import Certificates, Dovecot, Peer, ScriptedServer
from servers.mechanisms import MECHANISMS, TOKEN_MECHANISMS, access_token, offering
from servers.process import private_folder, remove_folder

from tui_mail.config import ServerUrl
from tui_mail.errors import AuthenticationFailed, ConnectionFailed, InsecureConnection, MailError
from tui_mail.net import imap, login
from tui_mail.net.stream import tls_context
from tui_mail.wire import commands
from tui_mail.wire.imap import State
from tui_mail.wire.sasl import LogIn
from tui_mail.wire.transcript import MASK, Transcript

ANNA = LogIn("anna", "secret")


@pytest.fixture(autouse=True)
def short_goodbyes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripted servers do not answer LOGOUT."""
    monkeypatch.setattr(imap, "LOGOUT_TIMEOUT", 0.02)


async def logged_in(
    url: str, log_in: LogIn, certificates: Certificates
) -> tuple[MailError | None, Transcript]:
    """How logging in ended, None for well; and what was seen of it."""
    transcript = Transcript()
    client = await login.connect(
        ServerUrl.parse(url, "imap"),
        tls_context(certificates.ca_file),
        transcript.recorder("work/1"),
        lambda phase: None,
    )
    try:
        await login.authenticate(client, log_in)
        assert client.connection.state is State.AUTHENTICATED
    except MailError as error:
        return error, transcript
    finally:
        await client.close()
    return None, transcript


def shown(transcript: Transcript) -> bytes:
    return b"\n".join(line.text for line in transcript.lines())


# Dovecot


@pytest.fixture(scope="module")
def offer(start_dovecot: Callable[..., Dovecot]) -> Iterator[Callable[..., Dovecot]]:
    """A Dovecot that offers these mechanisms."""
    folder = private_folder("mechanisms")

    @cache
    def offering_alone(*mechanisms: str) -> Dovecot:
        below = folder / "-".join(mechanisms)
        below.mkdir()
        return start_dovecot(extra=offering(mechanisms, below))

    yield offering_alone
    remove_folder(folder)


@pytest.mark.server
@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
async def test_every_mechanism(offer: Callable[..., Dovecot], mechanism: str, right: bool) -> None:
    dovecot = offer(mechanism)
    if mechanism in TOKEN_MECHANISMS:
        token = access_token("anna") if right else access_token("anna", b"another key")
        log_in = LogIn("anna", token, token=True)
    else:
        log_in = ANNA if right else LogIn("anna", "wrong")
    error, transcript = await logged_in(
        f"imaps://anna@localhost:{dovecot.tls_port}", log_in, dovecot.certificates
    )
    assert error is None if right else isinstance(error, AuthenticationFailed)
    text = shown(transcript)
    used = b"LOGIN" if mechanism == "LOGIN" else b"AUTHENTICATE " + mechanism.encode()
    assert used in text
    assert log_in.secret.encode() not in text and b64encode(log_in.secret.encode()) not in text


@pytest.mark.server
async def test_a_refused_token_says_why(offer: Callable[..., Dovecot]) -> None:
    dovecot = offer("XOAUTH2")
    error, _ = await logged_in(
        f"imaps://anna@localhost:{dovecot.tls_port}",
        LogIn("anna", access_token("anna", b"another key"), token=True),
        dovecot.certificates,
    )
    assert isinstance(error, AuthenticationFailed)
    assert "status 401" in error.server_line and "token_command" in error.advice


@pytest.mark.server
@pytest.mark.parametrize("scheme", ["imaps", "imap", "imap+insecure"])
async def test_scram_where_everything_is_offered(
    offer: Callable[..., Dovecot], scheme: str
) -> None:
    dovecot = offer(*MECHANISMS)
    port = dovecot.tls_port if scheme == "imaps" else dovecot.port
    error, transcript = await logged_in(
        f"{scheme}://anna@localhost:{port}", ANNA, dovecot.certificates
    )
    assert error is None and b"AUTHENTICATE SCRAM-SHA-256 " + MASK in shown(transcript)


# Scripted


async def with_script(
    script: Callable[[Peer], object],
    certificates: Certificates,
    log_in: LogIn = ANNA,
    *,
    encrypted: bool = True,
) -> tuple[MailError | None, list[bytes], Transcript]:
    context = certificates.server_context() if encrypted else None
    scheme = "imaps" if encrypted else "imap+insecure"
    async with ScriptedServer(script, tls=context) as server:  # type: ignore[arg-type]
        url = f"{scheme}://anna@localhost:{server.port}"
        error, transcript = await logged_in(url, log_in, certificates)
        return error, server.peers[0].lines, transcript


def ways(lines: list[bytes]) -> list[bytes]:
    words = [line.split() for line in lines]
    return [
        b"LOGIN" if line[1] == b"LOGIN" else line[2]
        for line in words
        if len(line) > 1 and line[1] in (b"LOGIN", b"AUTHENTICATE")
    ]


async def refuse(peer: Peer, *answers: bytes) -> None:
    """Refuses each way to log in with the next answer, asking nothing; then waits for the end."""
    for answer in answers:
        line = await peer.receive()
        await peer.send(line.split()[0] + b" " + answer + b"\r\n")
    await peer.end_of_input()


EVERYTHING = "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 AUTH=SCRAM-SHA-256"


@pytest.mark.parametrize(
    ("encrypted", "wanted"),
    [
        (True, [b"SCRAM-SHA-256", b"PLAIN"]),
        (False, [b"SCRAM-SHA-256", b"CRAM-MD5", b"PLAIN"]),
    ],
)
async def test_a_refusal_gives_way_to_the_next(
    certificates: Certificates, encrypted: bool, wanted: list[bytes]
) -> None:
    """Until the server has seen the password itself."""

    async def script(peer: Peer) -> None:
        await peer.greet(EVERYTHING)
        await refuse(peer, *[b"NO [AUTHENTICATIONFAILED] no"] * len(wanted))

    error, lines, _ = await with_script(script, certificates, encrypted=encrypted)
    assert ways(lines) == wanted
    assert isinstance(error, AuthenticationFailed)


async def test_what_was_refused_is_tried_last_the_next_time(certificates: Certificates) -> None:
    """The server offers SCRAM and has no password that SCRAM could use."""
    log_in = LogIn("anna", "secret", passed_over=set())

    async def first(peer: Peer) -> None:
        await peer.greet(EVERYTHING)
        await refuse(peer, b"NO no", b"OK [CAPABILITY IMAP4rev1] in")

    async def second(peer: Peer) -> None:
        await peer.greet(EVERYTHING)
        await refuse(peer, b"OK [CAPABILITY IMAP4rev1] in")

    error, lines, _ = await with_script(first, certificates, log_in)
    assert (error, ways(lines)) == (None, [b"SCRAM-SHA-256", b"PLAIN"])
    error, lines, _ = await with_script(second, certificates, log_in)
    assert (error, ways(lines)) == (None, [b"PLAIN"])


async def test_a_mechanism_that_is_broken_gives_way_to_the_next(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(EVERYTHING)
        await refuse(peer, b"BAD what?", b"BAD what?", b"OK [CAPABILITY IMAP4rev1] in")

    error, lines, _ = await with_script(script, certificates)
    assert ways(lines) == [b"SCRAM-SHA-256", b"PLAIN", b"LOGIN"] and error is None


@pytest.mark.parametrize("code", [b"UNAVAILABLE", b"INUSE", b"LIMIT"])
async def test_come_back_later_is_not_asked_again(certificates: Certificates, code: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(EVERYTHING)
        await refuse(peer, b"NO [%b] later" % code)

    error, lines, _ = await with_script(script, certificates)
    assert len(ways(lines)) == 1 and isinstance(error, ConnectionFailed)


async def test_a_server_that_hangs_up_after_a_refusal(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(EVERYTHING)
        line = await peer.receive()
        await peer.send(line.split()[0] + b" NO no\r\n* BYE too many\r\n")
        await peer.close()

    error, _, _ = await with_script(script, certificates)
    assert isinstance(error, AuthenticationFailed), "it would be tried again for ever"


async def test_the_proof_of_the_server_is_wanted(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(EVERYTHING)
        await refuse(peer, b"OK in")

    error, lines, _ = await with_script(script, certificates)
    assert isinstance(error, InsecureConnection) and ways(lines) == [b"SCRAM-SHA-256"]


async def test_a_wrong_proof_ends_it(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(EVERYTHING)
        tag, *_, first = (await peer.receive()).split()
        nonce = b64decode(first).rpartition(b"r=")[2]
        await peer.send(b"+ " + b64encode(b"r=" + nonce + b"x,s=QUJD,i=4096") + b"\r\n")
        await peer.receive()
        await peer.send(b"+ " + b64encode(b"v=" + b64encode(b"\0" * 32)) + b"\r\n")
        assert await peer.receive() == b"*\r\n"
        await peer.send(tag + b" BAD cancelled\r\n")
        await peer.end_of_input()

    error, lines, transcript = await with_script(script, certificates)
    assert isinstance(error, InsecureConnection) and len(ways(lines)) == 1
    assert shown(transcript).count(MASK) == 2


async def test_what_a_server_repeats_is_masked(certificates: Certificates) -> None:
    """In the transcript and in the error: the password, and each thing that was said."""

    async def script(peer: Peer) -> None:
        await peer.greet("IMAP4rev1 LOGINDISABLED AUTH=LOGIN")
        tag = (await peer.receive()).split()[0]
        answers = []
        for question in (b"User Name\0", b"Password\0"):
            await peer.send(b"+ " + b64encode(question) + b"\r\n")
            answers.append((await peer.receive()).strip())
        await peer.send(tag + b" NO not secret nor " + b" ".join(answers) + b"\r\n")
        await peer.end_of_input()

    error, _, transcript = await with_script(script, certificates)
    assert error is not None
    for text in (shown(transcript), str(error).encode()):
        assert b"not ******** nor ******** ********" in text and b"secret" not in text


async def test_a_token_where_none_is_taken(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(EVERYTHING)
        await peer.end_of_input()

    log_in = LogIn("anna", "token", token=True)
    error, lines, _ = await with_script(script, certificates, log_in)
    assert isinstance(error, AuthenticationFailed) and not ways(lines)
    assert "access token" in error.title


async def test_oauthbearer_first_and_xoauth2_when_it_is_refused(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(f"{EVERYTHING} AUTH=XOAUTH2 AUTH=OAUTHBEARER")
        tag = (await peer.receive()).split()[0]
        await peer.send(b"+ " + b64encode(b'{"status":"invalid_token"}') + b"\r\n")
        assert await peer.receive() == b"AQ==\r\n"
        await peer.send(tag + b" NO no\r\n")
        tag = (await peer.receive()).split()[0]
        await peer.send(b"+ " + b64encode(b'{"status":"400"}') + b"\r\n")
        assert await peer.receive() == b"\r\n"
        await peer.send(tag + b" NO no\r\n")
        await peer.end_of_input()

    error, lines, transcript = await with_script(
        script, certificates, LogIn("anna", "token", token=True)
    )
    assert ways(lines) == [b"OAUTHBEARER", b"XOAUTH2"]
    assert isinstance(error, AuthenticationFailed) and "status 400" in error.server_line
    assert b"token_command" not in shown(transcript)


async def test_commands_go_on_after_a_dialogue(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("IMAP4rev1 LOGINDISABLED AUTH=CRAM-MD5")
        tag = (await peer.receive()).split()[0]
        await peer.send(b"+ " + b64encode(b"<1@x>") + b"\r\n")
        await peer.receive()
        await peer.ok(tag, b"[CAPABILITY IMAP4rev1] in")
        await peer.answer(b"NOOP")
        await peer.end_of_input()

    async with ScriptedServer(script) as server:
        client = await login.connect(
            ServerUrl.parse(f"imap+insecure://anna@{server.host}:{server.port}", "imap"),
            tls_context(None),
            None,
            lambda phase: None,
        )
        await login.authenticate(client, ANNA)
        await client.run(commands.noop(), origin="test")
        await client.close()
