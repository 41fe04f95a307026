"""Submission to Postfix: what it has in its queue is what the program says was sent."""

from __future__ import annotations

import pytest
from servers import Postfix
from servers.mechanisms import MECHANISMS, TOKEN_MECHANISMS, access_token
from submitting import ANNA, agree, job, outcome

from tui_mail.config import ServerUrl
from tui_mail.errors import AuthenticationFailed, InsecureConnection
from tui_mail.net.stream import tls_context
from tui_mail.net.submission import (
    Accepted,
    LogIn,
    RecipientsRefused,
    SubmissionRefused,
    capabilities,
)
from tui_mail.wire.transcript import Transcript

pytestmark = pytest.mark.server

WRONG = LogIn("anna", "wrong")


def url(server: Postfix, scheme: str = "smtps") -> str:
    host = "127.0.0.1" if scheme == "smtp+insecure" else "localhost"
    return f"{scheme}://anna@{host}:{server.tls_port if scheme == 'smtps' else server.port}"


@pytest.mark.parametrize("scheme", ["smtp", "smtps", "smtp+insecure"])
async def test_arrives(postfix: Postfix, scheme: str) -> None:
    sender = postfix.new_sender()
    body = "Subject: hello\r\n\r\n.dot\r\n..\r\né ü\r\n.".encode()
    what = job("bert@example.org", "carl@example.net", sender=sender, message=body)
    said = await outcome(url(postfix, scheme), what, ca_file=postfix.ca_file)
    (held,) = postfix.accepted(sender)
    agree(said, 1)
    assert isinstance(said, Accepted)
    assert said.queue_id == held.queue_id
    assert said.capabilities.size == postfix.size
    assert said.capabilities.encrypted == (scheme != "smtp+insecure")
    assert held.recipients == ("bert@example.org", "carl@example.net")
    assert held.data.endswith(body.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n") + b"\n")


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
async def test_every_mechanism(postfix: Postfix, mechanism: str, right: bool) -> None:
    sender = postfix.new_sender()
    if mechanism in TOKEN_MECHANISMS:
        token = access_token("anna") if right else access_token("anna", b"another key")
        login = LogIn("anna", token, token=True)
    else:
        login = ANNA if right else WRONG
    transcript = Transcript()
    said = await outcome(
        f"smtps://anna@localhost:{postfix.ports[mechanism]}",
        job(sender=sender),
        login,
        ca_file=postfix.ca_file,
        transcript=transcript,
    )
    agree(said, len(postfix.accepted(sender)))
    assert isinstance(said, Accepted if right else AuthenticationFailed)
    shown = b"\n".join(line.text for line in transcript.lines())
    assert b"AUTH " + mechanism.encode() in shown
    assert login.secret.encode() not in shown


async def test_the_safest_mechanism_is_taken(postfix: Postfix) -> None:
    transcript = Transcript()
    sender = postfix.new_sender()
    said = await outcome(
        url(postfix), job(sender=sender), ca_file=postfix.ca_file, transcript=transcript
    )
    agree(said, len(postfix.accepted(sender)))
    assert any(line.text.startswith(b"AUTH SCRAM-SHA-256 ") for line in transcript.lines())


async def test_no_password_in_the_clear(postfix: Postfix) -> None:
    sender = postfix.new_sender()
    address = f"localhost:{postfix.strict_port}"
    said = await outcome(f"smtp+insecure://anna@{address}", job(sender=sender))
    agree(said, len(postfix.accepted(sender)))
    assert isinstance(said, AuthenticationFailed) and "offers no login here" in said.title
    said = await outcome(f"smtp://anna@{address}", job(sender=sender), ca_file=postfix.ca_file)
    agree(said, len(postfix.accepted(sender)))
    assert isinstance(said, Accepted)


async def test_a_stranger_is_not_trusted(postfix: Postfix) -> None:
    sender = postfix.new_sender()
    stranger = postfix.certificates.stranger_ca_file
    for scheme in ("smtp", "smtps"):
        said = await outcome(url(postfix, scheme), job(sender=sender), ca_file=stranger)
        assert isinstance(said, InsecureConnection)
    assert not postfix.accepted(sender)


async def test_a_refused_recipient(postfix: Postfix) -> None:
    sender = postfix.new_sender()
    what = job("bert@example.org", "nobody@example.org", "later@example.org", sender=sender)
    said = await outcome(url(postfix), what, ca_file=postfix.ca_file)
    agree(said, len(postfix.accepted(sender)))
    assert isinstance(said, RecipientsRefused)
    assert [(each.address, each.code) for each in said.refused] == [
        ("nobody@example.org", 550),
        ("later@example.org", 450),
    ]
    assert said.accepted == ("bert@example.org",)
    what = job(*said.accepted, sender=sender)
    agree(await outcome(url(postfix), what, ca_file=postfix.ca_file), 1)
    assert [each.recipients for each in postfix.accepted(sender)] == [("bert@example.org",)]


@pytest.mark.parametrize(
    ("address", "code", "what", "temporary"),
    [
        ("nobody@example.org", 550, "there is no such mailbox", False),
        ("full@example.org", 552, "the mailbox is full", False),
        ("later@example.org", 450, "greylisting", True),
    ],
)
async def test_the_only_recipient_is_refused(
    postfix: Postfix, address: str, code: int, what: str, temporary: bool
) -> None:
    sender = postfix.new_sender()
    said = await outcome(url(postfix), job(address, sender=sender), ca_file=postfix.ca_file)
    agree(said, len(postfix.accepted(sender)))
    assert isinstance(said, SubmissionRefused)
    assert (said.code, said.temporary) == (code, temporary)
    assert what in said.title


@pytest.mark.parametrize(
    ("sender", "code"), [("spammer@example.org", 554), ("hasty@example.org", 451)]
)
async def test_refused_after_the_final_dot(postfix: Postfix, sender: str, code: int) -> None:
    said = await outcome(url(postfix), job(sender=sender), ca_file=postfix.ca_file)
    agree(said, len(postfix.accepted(sender)))
    assert isinstance(said, SubmissionRefused)
    assert (said.code, said.stage, said.temporary) == (code, "message", code == 451)


async def test_a_message_that_is_too_big(postfix: Postfix) -> None:
    sender = postfix.new_sender()
    big = b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n" * (postfix.size // 2)
    said = await outcome(url(postfix), job(sender=sender, message=big), ca_file=postfix.ca_file)
    agree(said, len(postfix.accepted(sender)))
    assert isinstance(said, SubmissionRefused)
    assert said.enhanced == "5.3.4" and not said.temporary


async def test_addresses_outside_ascii(postfix: Postfix) -> None:
    sender = postfix.new_sender()
    what = job("bärt@example.org", sender=sender, smtputf8=True)
    said = await outcome(url(postfix), what, ca_file=postfix.ca_file)
    agree(said, len(postfix.accepted(sender)))
    assert postfix.accepted(sender)[0].recipients == ("bärt@example.org",)


async def test_many_recipients(postfix: Postfix) -> None:
    sender = postfix.new_sender()
    names = tuple(f"n{number}@example.org" for number in range(300))
    said = await outcome(url(postfix), job(*names, sender=sender), ca_file=postfix.ca_file)
    agree(said, len(postfix.accepted(sender)))
    assert postfix.accepted(sender)[0].recipients == names


async def test_cancelled_before_data(postfix: Postfix) -> None:
    sender = postfix.new_sender()
    await outcome(url(postfix), job(sender=sender), ca_file=postfix.ca_file, to_data=lambda: False)
    assert not postfix.accepted(sender)


async def test_a_look_at_the_server(postfix: Postfix) -> None:
    found = await capabilities(
        ServerUrl.parse(url(postfix, "smtp"), "smtp"),
        tls_context(postfix.ca_file),
        Transcript().recorder("work/smtp"),
        ANNA,
    )
    assert (found.size, found.smtputf8, found.encrypted) == (postfix.size, True, True)
    assert found.mechanisms == set(MECHANISMS)
