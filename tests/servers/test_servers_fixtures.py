"""The fixtures themselves: the servers say what they are there for, and leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from . import (
    Certificates,
    Courier,
    Cyrus,
    Dovecot,
    LatencyProxy,
    Peer,
    Postfix,
    RawImap,
    ScriptedServer,
)
from .mechanisms import MECHANISMS
from .messages import generate
from .postfix import REFUSED, REFUSED_MESSAGES
from .process import (
    HOST,
    ServerFailed,
    alive,
    free_port,
    start_process,
    stop_process,
    wait_for_port,
)
from .raw_imap import RawImapError
from .scripted_smtp import Close, Reset, ScriptedSmtp, Steps

DELAY = 0.05


@pytest.mark.server
def test_dovecot_offers_what_the_program_uses(dovecot: Dovecot) -> None:
    with dovecot.connect(dovecot.new_user()) as connection:
        assert connection.capabilities >= {
            *("QRESYNC", "CONDSTORE", "MOVE", "LIST-STATUS", "SPECIAL-USE", "NOTIFY", "ID"),
            *("MULTIAPPEND", "LITERAL+", "ACL", "QUOTA", "UIDPLUS", "ESEARCH", "IDLE"),
        }
        answer = b"".join(connection.command('LIST "" "*" RETURN (SPECIAL-USE)'))
        assert b"(\\Drafts) " in answer.replace(b"\\HasNoChildren ", b"")


@pytest.mark.server
def test_dovecot_takes_other_shapes(start_dovecot: Callable[..., Dovecot]) -> None:
    server = start_dovecot(separator=".", mail_format="maildir", capabilities="IMAP4rev1 UIDPLUS")
    with server.connect(server.new_user()) as connection:
        assert connection.capabilities == {"IMAP4REV1", "UIDPLUS"}
        assert b'"." INBOX' in b"".join(connection.command('LIST "" INBOX'))


@pytest.mark.server
def test_dovecot_without_plain_text_login(start_dovecot: Callable[..., Dovecot]) -> None:
    server = start_dovecot(plaintext_login=False)
    with RawImap(server.host, server.port) as connection:
        assert b"LOGINDISABLED" in connection.greeting


@pytest.mark.server
def test_dovecot_certificate(dovecot: Dovecot, start_dovecot: Callable[..., Dovecot]) -> None:
    trusting = ssl.create_default_context(cafile=str(dovecot.ca_file))
    with (
        socket.create_connection((dovecot.host, dovecot.tls_port)) as plain,
        trusting.wrap_socket(plain, server_hostname="localhost") as line,
    ):
        assert line.recv(4) == b"* OK"
    wrong = start_dovecot(wrong_name=True)
    with (
        socket.create_connection((wrong.host, wrong.tls_port)) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match="localhost"),
    ):
        trusting.wrap_socket(plain, server_hostname="localhost")


@pytest.mark.server
def test_dovecot_keeps_mail_over_a_restart_and_ends_wholly(certificates: Certificates) -> None:
    with Dovecot(certificates) as server:
        user = server.new_user()
        with server.connect(user) as connection:
            assert connection.append_many("INBOX", generate(30), batch=7) == 30
            server.restart()
            with pytest.raises((RawImapError, OSError)):
                connection.command("NOOP")
        with server.connect(user) as connection:
            assert b"MESSAGES 30" in connection.command("STATUS INBOX (MESSAGES)")[0]
    assert not server.folder.exists()
    with pytest.raises(OSError):
        socket.create_connection((server.host, server.port), timeout=1).close()


@pytest.mark.server
def test_dovecot_kicks_a_user(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as connection:
        dovecot.kick(user)
        with pytest.raises((RawImapError, OSError)):
            connection.command("NOOP")


@pytest.mark.server
def test_a_mailbox_holds_what_was_generated(dovecot: Dovecot) -> None:
    messages = list(generate(40, newest_subject="the last one"))
    with dovecot.connect(dovecot.new_user()) as connection:
        connection.append_many("INBOX", messages)
        connection.command("EXAMINE INBOX")
        answer = connection.command("FETCH 40 (INTERNALDATE FLAGS BODY.PEEK[])")[0]
    newest = messages[-1]
    assert newest.data in answer
    assert newest.internal_date.encode() in answer
    assert all(flag.encode() in answer for flag in newest.flags)
    assert b"Subject: the last one\r\n" in newest.data


@pytest.mark.server
def test_cyrus_is_unlike_dovecot(cyrus: Cyrus) -> None:
    user = cyrus.new_user()
    with cyrus.connect(user) as connection:
        assert connection.capabilities >= {"ACL", "QUOTA", "CONDSTORE", "QRESYNC", "MULTIAPPEND"}
        connection.append_many("INBOX", generate(20))
        assert b"MESSAGES 20" in connection.command("STATUS INBOX (MESSAGES)")[0]
        listing = b"".join(connection.command('LIST "" "*"'))
        assert b'"." INBOX.Sent' in listing.replace(b'"INBOX.Sent"', b"INBOX.Sent")
    assert cyrus.new_user() != user


@pytest.mark.server
def test_courier_is_unlike_both(courier: Courier) -> None:
    user = courier.new_user()
    with courier.connect(user) as connection:
        assert not connection.capabilities & {"MOVE", "CONDSTORE", "SPECIAL-USE", "LITERAL+"}
        connection.append_many("INBOX", generate(5))
        assert b"MESSAGES 5" in connection.command("STATUS INBOX (MESSAGES)")[0]
        assert b'"." "INBOX"' in b"".join(connection.command('LIST "" "*"'))
    assert courier.new_user() != user


@pytest.mark.server
def test_the_proxy_adds_its_delay_each_way(dovecot: Dovecot) -> None:
    with LatencyProxy(dovecot.port, DELAY) as proxy:
        line = RawImap.login(proxy.host, proxy.port, dovecot.new_user(), dovecot.password)
        with line:
            started = time.monotonic()
            line.command("NOOP")
            assert time.monotonic() - started >= 2 * DELAY
            proxy.delay = 0
            # Latency is not throughput: this is a thousand times what passes in one round trip.
            line.append_many("INBOX", generate(300))
            assert proxy.received > 300 * 1000
        assert proxy.connections == 1


@pytest.mark.server
def test_the_proxy_stalls_and_cuts(dovecot: Dovecot) -> None:
    with LatencyProxy(dovecot.port) as proxy:
        with RawImap(proxy.host, proxy.port, timeout=0.3) as line:
            proxy.stall()
            with pytest.raises(TimeoutError):
                line.command("NOOP")
        proxy.resume()
        with RawImap(proxy.host, proxy.port) as line:
            proxy.cut()
            with pytest.raises((OSError, RawImapError)):
                line.command("NOOP")
        with RawImap(proxy.host, proxy.port) as line:
            line.command("NOOP")


async def test_the_scripted_server_follows_its_script() -> None:
    async def script(peer: Peer) -> None:
        await peer.log_in()
        assert await peer.answer(b"SELECT", b"* 3 EXISTS\r\n") == b'a2 select "x"\r\n'
        await peer.end_of_input()

    async with ScriptedServer(script) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        assert (await reader.readline()).startswith(b"* OK [CAPABILITY IMAP4rev1")
        writer.write(b"a1 LOGIN {4}\r\n")
        assert await reader.readline() == b"+ go on\r\n"
        writer.write(b"anna {6+}\r\nsecret\r\n")
        assert (await reader.readline()).startswith(b"a1 OK")
        writer.write(b'a2 select "x"\r\n')
        assert await reader.readline() == b"* 3 EXISTS\r\n"
        assert await reader.readline() == b"a2 OK done\r\n"
        writer.close()
        await writer.wait_closed()
    assert server.peers[0].lines[0] == b"a1 LOGIN {4}\r\nanna {6+}\r\nsecret\r\n"


async def test_the_scripted_server_raises_what_its_script_raised() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet()
        await peer.expect(b"NOOP")

    with pytest.raises(AssertionError, match="expected b'NOOP'"):
        async with ScriptedServer(script) as server:
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write(b"a1 LOGOUT\r\n")
            await reader.read()
            writer.close()
            await writer.wait_closed()


async def test_the_scripted_server_speaks_tls_and_starts_it(certificates: Certificates) -> None:
    context = certificates.server_context()
    trusting = ssl.create_default_context(cafile=str(certificates.ca_file))

    async def at_once(peer: Peer) -> None:
        await peer.send(b"* OK tls\r\n")
        await peer.end_of_input()

    async def later(peer: Peer) -> None:
        await peer.greet("IMAP4rev1 STARTTLS")
        await peer.ok(await peer.expect(b"STARTTLS"))
        await peer.start_tls(context)
        await peer.answer(b"NOOP", b"* OK now in private\r\n")
        await peer.end_of_input()

    async with ScriptedServer(at_once, tls=context) as server:
        reader, writer = await asyncio.open_connection(
            server.host, server.port, ssl=trusting, server_hostname="localhost"
        )
        assert await reader.readline() == b"* OK tls\r\n"
        writer.close()
        await writer.wait_closed()
    async with ScriptedServer(later) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        await reader.readline()
        writer.write(b"a1 STARTTLS\r\n")
        assert await reader.readline() == b"a1 OK done\r\n"
        await writer.start_tls(trusting, server_hostname="localhost")
        writer.write(b"a2 NOOP\r\n")
        assert await reader.readline() == b"* OK now in private\r\n"
        writer.close()
        await writer.wait_closed()


def test_a_server_that_does_not_start_is_reported_with_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = start_process(["sh", "-c", "echo no such luck; exit 3"], log=log)
    with pytest.raises(ServerFailed, match=r"status 3:\nno such luck"):
        wait_for_port("127.0.0.1", free_port(), process, log.read_text)
    stop_process(process)


def test_stopping_ends_the_whole_family(tmp_path: Path) -> None:
    # The shell ends at the first signal; its grandchild ignores it and has to be killed.
    script = "sh -c 'trap \"\" TERM; echo $$; while :; do read -r _ < /dev/zero; done' & wait"
    log = tmp_path / "log"
    process = start_process(["sh", "-c", script], log=log)
    deadline = time.monotonic() + 10
    while not log.read_text().strip() and time.monotonic() < deadline:
        time.sleep(0.01)
    grandchild = int(log.read_text())
    stop_process(process)
    while alive(grandchild) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(grandchild)


@pytest.mark.server
def test_a_killed_test_run_leaves_no_server(dovecot: Dovecot, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from servers import Certificates, Dovecot\n"
        "server = Dovecot(Certificates.make(Path(sys.argv[1]))).start()\n"
        "print(server.port, server.folder, flush=True); sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    with child:
        assert child.stdout is not None
        port, folder = child.stdout.readline().split()
        child.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _listening(int(port)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _listening(int(port))
    subprocess.run(["rm", "-rf", folder], check=True)


def _listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.mark.server
def test_postfix_takes_counts_and_refuses(postfix: Postfix) -> None:
    trusting = ssl.create_default_context(cafile=str(postfix.ca_file))
    sender = postfix.new_sender()
    with smtplib.SMTP("localhost", postfix.port) as line:
        line.starttls(context=trusting)
        line.ehlo()
        assert set(line.esmtp_features["auth"].split()) == set(MECHANISMS)
        assert line.esmtp_features["size"] == str(postfix.size)
        with pytest.raises(smtplib.SMTPRecipientsRefused):  # nobody has logged in
            line.sendmail(sender, "bert@example.org", b"Subject: x\r\n\r\n")
        line.login("anna", postfix.password)
        line.sendmail(sender, ["bert@example.org"], b"Subject: x\r\n\r\n.body\r\n")
        for address in REFUSED:
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                line.sendmail(sender, address, b"Subject: x\r\n\r\n")
            assert refused.value.recipients[address][0] == int(REFUSED[address][:3])
        for address in REFUSED_MESSAGES:
            with pytest.raises(smtplib.SMTPDataError):
                line.sendmail(address, "bert@example.org", b"Subject: x\r\n\r\n")
            assert not postfix.accepted(address)
    (held,) = postfix.accepted(sender)
    assert held.recipients == ("bert@example.org",) and held.data.endswith(b"\n\n.body\n")


@pytest.mark.server
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_postfix_offers_one_mechanism_where_one_is_wanted(postfix: Postfix, mechanism: str) -> None:
    trusting = ssl.create_default_context(cafile=str(postfix.ca_file))
    with smtplib.SMTP_SSL("localhost", postfix.ports[mechanism], context=trusting) as line:
        line.ehlo()
        assert line.esmtp_features["auth"].split() == [mechanism]


async def test_the_faulty_smtp_server_is_good_where_it_is_not_told_otherwise() -> None:
    def send(port: int) -> str:
        with smtplib.SMTP(HOST, port) as line:
            line.login("anna", "secret")
            line.sendmail("a@example.org", ["b@example.org"], b"Subject: x\r\n\r\n.dot\r\n")
            return line.docmd("NOOP")[1].decode()

    async with ScriptedSmtp({"NOOP": b"250 scripted"}) as server:
        assert await asyncio.to_thread(send, server.port) == "scripted"
    (taken,) = server.accepted
    assert (taken.sender, taken.recipients) == ("a@example.org", ("b@example.org",))
    assert taken.data == b"Subject: x\r\n\r\n.dot\r\n"


async def test_the_faulty_smtp_server_fails_where_it_is_told_to() -> None:
    def send(port: int) -> type[Exception]:
        try:
            with smtplib.SMTP(HOST, port) as line:
                line.sendmail("a@example.org", ["b@example.org"], b"Subject: x\r\n\r\n")
        except smtplib.SMTPException as problem:
            return type(problem)
        raise AssertionError("it was sent")

    steps: tuple[Steps, ...] = ({"RCPT": b"550 no"}, {"dot": Close()}, {"dot": Reset(taken=True)})
    async with ScriptedSmtp(*steps) as server:
        ended = [await asyncio.to_thread(send, server.port) for _ in steps]
    assert ended[0] is smtplib.SMTPRecipientsRefused
    assert ended[1] is ended[2] is smtplib.SMTPServerDisconnected
    assert len(server.accepted) == 1
