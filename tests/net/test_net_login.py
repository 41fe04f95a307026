"""Connecting and logging in against servers that misbehave: nothing secret leaves, and it ends."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from servers import Certificates, Peer, ScriptedServer

from tui_mail.config import ServerUrl
from tui_mail.errors import (
    AuthenticationFailed,
    CommandRefused,
    ConnectionFailed,
    InsecureConnection,
    MailError,
    ProtocolError,
)
from tui_mail.model import Phase
from tui_mail.net import imap, login
from tui_mail.net.imap import ImapClient
from tui_mail.net.stream import context_for, tls_context
from tui_mail.wire import commands
from tui_mail.wire.responses import Malformed, Response
from tui_mail.wire.sasl import LogIn

Script = Callable[[Peer], object]


@pytest.fixture(autouse=True)
def short_goodbyes(monkeypatch: pytest.MonkeyPatch) -> None:
    """These servers do not answer LOGOUT."""
    monkeypatch.setattr(imap, "LOGOUT_TIMEOUT", 0.02)


@asynccontextmanager
async def connected(
    server: ScriptedServer, scheme: str, certificates: Certificates
) -> AsyncIterator[ImapClient]:
    url = ServerUrl.parse(f"{scheme}://anna@{server.host}:{server.port}", "imap")
    context = tls_context(certificates.ca_file)
    client = await login.connect(url, context, None, lambda phase: None)
    try:
        yield client
    finally:
        await client.close()


async def refused(
    script: Script, scheme: str, certificates: Certificates, kind: type[MailError]
) -> tuple[MailError, list[bytes]]:
    """The error that connecting ends with, and every line the server saw."""
    async with ScriptedServer(script) as server:
        with pytest.raises(kind) as caught:
            async with connected(server, scheme, certificates) as client:
                await login.authenticate(client, LogIn("anna", "secret"))
        return caught.value, server.peers[0].lines


def no_secret(lines: list[bytes]) -> bool:
    return not any(b"AUTHENTICATE" in line or b"LOGIN" in line for line in lines)


async def test_missing_starttls_is_refused(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("IMAP4rev1 AUTH=PLAIN")
        await peer.end_of_input()

    error, lines = await refused(script, "imap", certificates, InsecureConnection)
    assert "does not offer STARTTLS" in error.title
    assert no_secret(lines)


async def test_refused_starttls_is_refused(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("IMAP4rev1 STARTTLS AUTH=PLAIN")
        await peer.answer(b"STARTTLS", status=b"NO not today")
        await peer.end_of_input()

    error, lines = await refused(script, "imap", certificates, InsecureConnection)
    assert "not today" in error.server_line
    assert no_secret(lines)


async def test_preauth_before_starttls_is_refused(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.send(b"* PREAUTH [CAPABILITY IMAP4rev1] welcome\r\n")
        await peer.end_of_input()

    error, lines = await refused(script, "imap", certificates, InsecureConnection)
    assert "before it was encrypted" in error.title
    assert no_secret(lines)


async def test_plain_text_behind_the_starttls_ok_is_dropped(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("IMAP4rev1 STARTTLS AUTH=PLAIN")
        tag = await peer.expect(b"STARTTLS")
        await peer.send(tag + b" OK go\r\n* CAPABILITY IMAP4rev1 INJECTED\r\n* 99 EXISTS\r\n")
        await peer.start_tls(certificates.server_context())
        await peer.answer(b"CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n")
        await peer.end_of_input()

    async with (
        ScriptedServer(script) as server,
        connected(server, "imap", certificates) as client,
    ):
        seen: list[Response] = []
        client.on_response = seen.append
        assert client.capabilities == frozenset()
        await client.run(commands.capability(), origin="test")
        assert client.capabilities == {"IMAP4REV1", "AUTH=PLAIN", "SASL-IR"}
        assert "EXISTS" not in str(seen)


async def test_a_handshake_that_never_ends_is_given_up(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STARTTLS is answered, TLS is not: the wait ends, and so does the connection."""
    monkeypatch.setattr(imap, "TLS_TIMEOUT", 0.1)
    monkeypatch.setattr(login, "TLS_TIMEOUT", 0.1)

    async def script(peer: Peer) -> None:
        await peer.greet("IMAP4rev1 STARTTLS AUTH=PLAIN")
        await peer.answer(b"STARTTLS")
        await peer.end_of_input()

    async with asyncio.timeout(5):
        error, lines = await refused(script, "imap", certificates, ConnectionFailed)
    assert "TLS" in error.title
    assert no_secret(lines)


async def test_a_server_that_does_not_say_what_it_can_do(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.send(b"* OK hello\r\n")
        await peer.answer(b"CAPABILITY", status=b"BAD no such command")
        await peer.answer(b"LOGIN")
        await peer.answer(b"CAPABILITY", status=b"NO still not")
        await peer.end_of_input()

    async with (
        ScriptedServer(script) as server,
        connected(server, "imap+insecure", certificates) as client,
    ):
        await login.authenticate(client, LogIn("anna", "secret"))
        assert client.capabilities == frozenset()


async def test_login_disabled_is_refused(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("IMAP4rev1 LOGINDISABLED")
        await peer.end_of_input()

    error, lines = await refused(script, "imap+insecure", certificates, InsecureConnection)
    assert "LOGINDISABLED" in error.title
    assert no_secret(lines)


@pytest.mark.parametrize(
    ("capabilities", "sent"),
    [
        ("IMAP4rev1", [b"LOGIN"]),
        ("IMAP4rev1 AUTH=PLAIN", [b"AUTHENTICATE"]),
        ("IMAP4rev1 AUTH=PLAIN SASL-IR", [b"AUTHENTICATE"]),
    ],
)
async def test_logs_in_by_what_is_offered(
    certificates: Certificates, capabilities: str, sent: list[bytes]
) -> None:
    async def script(peer: Peer) -> None:
        await peer.log_in(capabilities)
        await peer.end_of_input()

    async with (
        ScriptedServer(script) as server,
        connected(server, "imap+insecure", certificates) as client,
    ):
        await login.authenticate(client, LogIn("anna", "secret"))
        names = [line.split()[1] for line in server.peers[0].lines if len(line.split()) > 1]
        assert names == sent


async def test_capabilities_are_asked_for_after_login_when_not_told(
    certificates: Certificates,
) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("IMAP4rev1")
        await peer.answer(b"LOGIN")
        await peer.answer(b"CAPABILITY", b"* CAPABILITY IMAP4rev1 IDLE\r\n")
        await peer.end_of_input()

    async with (
        ScriptedServer(script) as server,
        connected(server, "imap+insecure", certificates) as client,
    ):
        await login.authenticate(client, LogIn("anna", "secret"))
        assert "IDLE" in client.capabilities


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"NO [AUTHENTICATIONFAILED] wrong", AuthenticationFailed),
        (b"NO wrong", AuthenticationFailed),
        (b"NO [UNAVAILABLE] the directory is down", ConnectionFailed),
        (b"NO [PRIVACYREQUIRED] use TLS", InsecureConnection),
        (b"BAD what", AuthenticationFailed),
    ],
)
async def test_what_a_refused_login_means(
    certificates: Certificates, answer: bytes, kind: type[MailError]
) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("IMAP4rev1")
        await peer.answer(b"LOGIN", status=answer)
        await peer.end_of_input()

    error, _ = await refused(script, "imap+insecure", certificates, kind)
    assert answer.split()[-1].decode() in error.server_line


@pytest.mark.parametrize(
    ("greeting", "kind"),
    [
        (b"* BYE too many connections\r\n", ConnectionFailed),
        (b"220 mail.example.org ESMTP\r\n", ProtocolError),
        (b"\x16\x03\x01\x02\x00\r\n", ProtocolError),
        (b"", ConnectionFailed),
    ],
)
async def test_a_greeting_that_is_none(
    certificates: Certificates, greeting: bytes, kind: type[MailError]
) -> None:
    async def script(peer: Peer) -> None:
        await peer.send(greeting)
        await peer.close()

    await refused(script, "imap+insecure", certificates, kind)


async def test_plain_text_on_a_tls_port(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet()
        await peer.end_of_input()

    error, _ = await refused(script, "imaps", certificates, ConnectionFailed)
    assert "TLS" in error.title and "imap://" in error.advice


async def test_silence_ends_with_what_was_waited_for(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "GREETING_TIMEOUT", 0.2)

    async def script(peer: Peer) -> None:
        await peer.end_of_input()

    error, _ = await refused(script, "imap+insecure", certificates, ConnectionFailed)
    assert "the greeting" in error.title


async def test_a_slow_answer_is_not_cut_while_bytes_arrive(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("IMAP4rev1")
        tag = await peer.expect(b"NOOP")
        for _ in range(6):
            await asyncio.sleep(0.05)
            await peer.send(b"* OK still here\r\n")
        await peer.ok(tag)
        await peer.end_of_input()

    async with (
        ScriptedServer(script) as server,
        connected(server, "imap+insecure", certificates) as client,
    ):
        await client.run(commands.noop(), origin="test", timeout=0.2)


async def test_a_malformed_response_breaks_only_itself(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("IMAP4rev1")
        await peer.answer(
            b"NOOP", b"* 1 FETCH (FLAGS (\\Seen\r\n* 2 EXISTS\r\n* 99999999999 EXPUNGE\r\n"
        )
        await peer.answer(b"NOOP", b"* 3 EXISTS\r\n")
        await peer.end_of_input()

    async with (
        ScriptedServer(script) as server,
        connected(server, "imap+insecure", certificates) as client,
    ):
        seen: list[Response] = []
        client.on_response = seen.append
        await client.run(commands.noop(), origin="test")
        await client.run(commands.noop(), origin="test")
        assert client.malformed == sum(isinstance(item, Malformed) for item in seen) == 2
        assert "Exists(count=2)" in str(seen) and "Exists(count=3)" in str(seen)


async def test_a_lost_connection_fails_everything_in_flight(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("IMAP4rev1")
        await peer.expect(b"NOOP")
        await peer.expect(b"NOOP")
        peer.reset()

    async with (
        ScriptedServer(script) as server,
        connected(server, "imap+insecure", certificates) as client,
    ):
        command = commands.noop()
        both = [client.start(command, origin="test") for _ in range(2)]
        for answered in both:
            with pytest.raises(ConnectionFailed):
                await client.finish(command, answered)
        with pytest.raises(ConnectionFailed):
            client.start(command, origin="test")


async def test_a_refusal_carries_the_servers_line(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("IMAP4rev1")
        await peer.answer(b"NOOP", status=b"NO [LIMIT] not so fast")
        await peer.end_of_input()

    async with (
        ScriptedServer(script) as server,
        connected(server, "imap+insecure", certificates) as client,
    ):
        with pytest.raises(CommandRefused) as caught:
            await client.run(commands.noop(), origin="test")
        assert caught.value.code == "LIMIT"
        assert "not so fast" in caught.value.server_line


async def test_an_endless_line_ends_the_connection(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("IMAP4rev1")
        await peer.expect(b"NOOP")
        for _ in range(64):
            await peer.send(b"x" * 1024 * 1024)
        await peer.end_of_input()

    async with (
        ScriptedServer(script) as server,
        connected(server, "imap+insecure", certificates) as client,
    ):
        with pytest.raises(MailError):
            await client.run(commands.noop(), origin="test")


async def test_phases_are_told_in_order(certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("IMAP4rev1 STARTTLS")
        await peer.answer(b"STARTTLS")
        await peer.start_tls(certificates.server_context())
        await peer.end_of_input()

    async with ScriptedServer(script) as server:
        url = ServerUrl.parse(f"imap://anna@{server.host}:{server.port}", "imap")
        phases: list[Phase] = []
        client = await login.connect(url, tls_context(certificates.ca_file), None, phases.append)
        await client.close()
    assert phases == [Phase.CONNECTING, Phase.SECURING]


# What the line is secured with


def test_connections_of_one_time_share_what_they_trust(
    certificates: Certificates, tmp_path: Path
) -> None:
    own = shutil.copy(certificates.ca_file, tmp_path / "ca.pem")
    secure = ServerUrl.parse("imaps://anna@imap.test", "imap")
    first = context_for(secure, own)
    assert context_for(secure, own) is first
    assert context_for(secure, None) is not first
    assert first.get_ca_certs() and first.verify_mode is ssl.CERT_REQUIRED
    unused = weakref.ref(first)
    del first
    assert unused() is None, "what is trusted is read again once nobody uses it"


def test_a_line_without_tls_reads_no_certificates(certificates: Certificates) -> None:
    plain = ServerUrl.parse("imap+insecure://anna@imap.test", "imap")
    context = context_for(plain, certificates.ca_file)
    assert context.get_ca_certs() == [] and context.verify_mode is ssl.CERT_REQUIRED
