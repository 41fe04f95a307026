"""The embedded servers, spoken to with the standard library: what they answer, what stays."""

from __future__ import annotations

import asyncio
import imaplib
import logging
import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from tui_mail.config import Config, Security
from tui_mail.credentials import Credentials
from tui_mail.demo.people import ME_ADDRESS
from tui_mail.demo.server import PASSWORD, USER, Demo
from tui_mail.demo.thread import demo_in_thread

NOW = datetime(2024, 5, 14, 10, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo() -> Iterator[Config]:
    with demo_in_thread(NOW) as config:
        yield config


@pytest.fixture
def imap(demo: Config) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4("127.0.0.1", demo.accounts[0].imap.port, timeout=20) as connection:
        connection.login(USER, PASSWORD)
        yield connection


def fetched(imap: imaplib.IMAP4, number: str, items: str) -> bytes:
    status, data = imap.fetch(number, items)
    assert status == "OK"
    return b"".join(
        b"%b\r\n%b" % (piece[0], piece[1]) if isinstance(piece, tuple) else piece
        for piece in data
        if piece is not None
    )


def by_subject(imap: imaplib.IMAP4, subject: str) -> str:
    status, data = imap.search(None, "SUBJECT", f'"{subject}"')
    assert status == "OK"
    return str(data[0].split()[-1], "ascii")


def test_the_settings(demo: Config) -> None:
    (account,) = demo.accounts
    assert demo.demo
    assert demo.path is None
    assert account.imap.host == "127.0.0.1"
    assert account.imap.security is Security.INSECURE
    assert account.smtp is not None
    assert (account.smtp.scheme, account.smtp.user) == ("smtp+insecure", USER)
    assert account.email_address == ME_ADDRESS
    assert Credentials(account).find() == PASSWORD


def test_folders_with_their_uses(imap: imaplib.IMAP4) -> None:
    lines = [line for line in imap.list()[1] if isinstance(line, bytes)]
    assert rb'(\HasNoChildren) "/" INBOX' in lines
    assert rb'(\HasNoChildren \Sent) "/" Sent' in lines
    assert rb'(\HasChildren \Archive) "/" Archive' in lines
    assert rb'(\Noselect \HasChildren) "/" Lists' in lines
    assert rb'(\HasNoChildren) "/" "Projects/Gr&APYA3w-e &- Ma&AN8-"' in lines
    assert rb'(\HasNoChildren) "/" "Odd \"names\" \\ and 100%"' in lines
    subscribed = [line for line in imap.lsub()[1] if isinstance(line, bytes)]
    assert any(b"Lists/Protocol" in line for line in subscribed)
    assert not any(b"Projects/Asleep" in line for line in subscribed)


def test_the_numbers_of_a_mailbox_are_the_same_every_time(imap: imaplib.IMAP4) -> None:
    assert imap.status("INBOX", "(UIDVALIDITY UIDNEXT)") == (
        "OK",
        [b"INBOX (UIDVALIDITY 20240501 UIDNEXT 185)"],
    )


def test_an_envelope_is_the_header_as_it_was_sent(imap: imaplib.IMAP4) -> None:
    imap.select("INBOX", readonly=True)
    answer = fetched(imap, by_subject(imap, "Invitation"), "(ENVELOPE)")
    assert b'ENVELOPE ("Tue, 14 May 2024 09:54:00 +0100" "Invitation: Tea and plans' in answer
    assert b'(("Ada Quill" NIL "ada" "lighthouse.example"))' in answer


def test_searching_sees_the_decoded_text(imap: imaplib.IMAP4) -> None:
    imap.select("INBOX", readonly=True)
    for criteria in ("FROM Ada", "TO robin", "CC robin", "SENTBEFORE 1-May-2024", "BODY lamp"):
        status, data = imap.search(None, criteria)
        assert status == "OK"
        assert data[0]


def test_encoded_words_stay_encoded(imap: imaplib.IMAP4) -> None:
    imap.select("INBOX", readonly=True)
    answer = fetched(imap, "1:*", "(ENVELOPE)")
    assert b"=?koi8-r?b?" in answer
    assert b"=?gb18030?b?" in answer
    assert answer.isascii()


def test_the_structure_of_attachments(imap: imaplib.IMAP4) -> None:
    imap.select("INBOX", readonly=True)
    number = by_subject(imap, "the bill and the archive")
    answer = fetched(imap, number, "(BODYSTRUCTURE)")
    assert b'("inline" ("filename" "evening.png"))' in answer
    assert b'("attachment" ("filename*" "utf-8\'\'Bill%20%E2%80%93%20March.pdf"))' in answer
    assert b'("attachment" ("filename" "../../tides.zip"))' in answer
    assert answer.count(b"(") == answer.count(b")")
    plain = fetched(imap, number, "(BODY)")
    assert b"filename" not in plain


def test_a_size_is_that_of_the_body(imap: imaplib.IMAP4) -> None:
    imap.select("INBOX", readonly=True)
    number = by_subject(imap, "Welcome")
    body = fetched(imap, number, "(BODY.PEEK[1])").partition(b"\r\n")[2].removesuffix(b")")
    structure = fetched(imap, number, "(BODYSTRUCTURE)")
    assert b'"7bit" %d %d NIL' % (len(body), body.count(b"\n")) in structure
    assert body.startswith(b"Welcome to tui-mail")


def test_the_parts_of_an_enclosed_message(imap: imaplib.IMAP4) -> None:
    imap.select("INBOX", readonly=True)
    number = by_subject(imap, "Fwd: The lens")
    structure = fetched(imap, number, "(BODYSTRUCTURE)")
    assert b'("message" "rfc822"' in structure
    assert b'"The lens has arrived"' in structure
    assert b"Subject: The lens has arrived" in fetched(imap, number, "(BODY.PEEK[2.HEADER])")
    assert b"The lens is here" in fetched(imap, number, "(BODY.PEEK[2.1])")
    assert b"image/png" in fetched(imap, number, "(BODY.PEEK[2.2.MIME])")
    assert b"iVBORw0KGgo" in fetched(imap, number, "(BODY.PEEK[2.2]<0.40>)")


@pytest.mark.parametrize("section", ["9", "1.2", "2.9", "2.1.1.1.1", "0"])
def test_a_part_that_is_not_there_is_empty(imap: imaplib.IMAP4, section: str) -> None:
    imap.select("INBOX", readonly=True)
    number = by_subject(imap, "Fwd: The lens")
    try:
        answer = fetched(imap, number, f"(BODY.PEEK[{section}])")
    except imaplib.IMAP4.error:
        assert section == "0"
    else:
        assert b"{0}" in answer or b'""' in answer


def test_every_message_can_be_fetched_whole(imap: imaplib.IMAP4) -> None:
    names = [line.rpartition(b'"/" ')[2] for line in imap.list()[1] if isinstance(line, bytes)]
    total = 0
    for name in names:
        status, data = imap.select(name.decode(), readonly=True)
        if status == "OK" and data[0] != b"0":
            assert fetched(imap, "1:*", "(ENVELOPE BODYSTRUCTURE BODY BODY.PEEK[TEXT])")
            total += int(data[0] or b"0")
    assert total > 250


def test_a_wrong_password_is_refused(demo: Config) -> None:
    account = demo.accounts[0]
    with (
        imaplib.IMAP4("127.0.0.1", account.imap.port, timeout=20) as connection,
        pytest.raises(imaplib.IMAP4.error),
    ):
        connection.login(USER, "wrong")
    assert account.smtp is not None
    with smtplib.SMTP("127.0.0.1", account.smtp.port, timeout=20) as smtp:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            smtp.login(USER, "wrong")
        with pytest.raises(smtplib.SMTPSenderRefused):
            smtp.sendmail(ME_ADDRESS, [ME_ADDRESS], b"Subject: x\r\n\r\n")


async def test_mail_sent_to_oneself_arrives_in_idle() -> None:
    async with Demo(NOW) as config:
        account = config.accounts[0]
        assert account.smtp is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", account.imap.port)

        async def answer(until: bytes) -> bytes:
            lines = b""
            while until not in lines:
                line = await asyncio.wait_for(reader.readline(), 20)
                assert line
                lines += line
            return lines

        await answer(b"* OK")
        writer.write(b"a LOGIN demo demo\r\nb SELECT INBOX\r\nc IDLE\r\n")
        await answer(b"+ Idling")
        await asyncio.to_thread(submit, account.smtp.port, [ME_ADDRESS.upper()])
        assert b"* 85 EXISTS" in await answer(b"EXISTS")
        writer.write(b"DONE\r\nd FETCH 85 (FLAGS BODY.PEEK[])\r\n")
        message = await answer(b"d OK")
        assert b"Received: by demo.example for <robin@demo.example>" in message
        assert b"Subject: To myself" in message
        assert rb"\Seen" not in message
        await asyncio.to_thread(submit, account.smtp.port, ["somebody@else.example"])
        writer.write(b"e NOOP\r\nf LOGOUT\r\n")
        assert b"EXISTS" not in await answer(b"f OK")
        writer.close()


def test_submitting_warns_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    # A script without any logging of its own would have it on standard error.
    with demo_in_thread(NOW) as config:
        account = config.accounts[0]
        assert account.smtp is not None
        submit(account.smtp.port, ["somebody@else.example"])
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def submit(port: int, recipients: list[str]) -> None:
    message = EmailMessage()
    message["From"] = ME_ADDRESS
    message["Subject"] = "To myself"
    message.set_content("Hello.\n")
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as smtp:
        smtp.login(USER, PASSWORD)
        smtp.send_message(message, to_addrs=recipients)


def test_nothing_listens_and_no_thread_runs_afterwards() -> None:
    before = {thread.name for thread in threading.enumerate()}
    with demo_in_thread(NOW) as config:
        port = config.accounts[0].imap.port
        open_to_the_end = socket.create_connection(("127.0.0.1", port), timeout=20)
        assert open_to_the_end.recv(4) == b"* OK"
    assert {thread.name for thread in threading.enumerate()} == before
    with open_to_the_end:
        while open_to_the_end.recv(4096):
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=20)


def test_leaving_while_it_still_starts() -> None:
    with demo_in_thread(NOW):
        pass


def test_it_listens_at_once_and_loads_nothing_heavy_in_the_calling_thread() -> None:
    program = (
        "import sys, tui_mail.demo.thread\n"
        "print(sorted({'pymap', 'aiosmtpd', 'textual'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")


def test_it_writes_nothing_to_disk(tmp_path: Path) -> None:
    program = (
        "import imaplib; from tui_mail.demo.thread import demo_in_thread\n"
        "with demo_in_thread() as config:\n"
        "    connection = imaplib.IMAP4('127.0.0.1', config.accounts[0].imap.port, timeout=20)\n"
        "    print(connection.login('demo', 'demo')[0]); connection.logout()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-B", "-c", program],
        env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path.cwd())},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ran.stdout, ran.stderr) == ("OK\n", "")
    assert list(tmp_path.iterdir()) == []
