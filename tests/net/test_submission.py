"""How a message goes out: what the server gets octet for octet, and what the transcript shows."""

from __future__ import annotations

import re
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import Certificates
from servers.scripted_smtp import Action, Close, Say, SayAndClose, ScriptedSmtp
from submitting import MESSAGE, agree, job, outcome

from tui_mail.config import ServerUrl
from tui_mail.errors import AuthenticationFailed, InsecureConnection
from tui_mail.net import smtp_text
from tui_mail.net.smtp_text import Reply, ReplyReader, pieces
from tui_mail.net.stream import tls_context
from tui_mail.net.submission import Accepted, LogIn, SubmissionRefused, capabilities
from tui_mail.wire.transcript import MASK, Direction, Transcript


def url(server: ScriptedSmtp) -> str:
    return f"smtp+insecure://anna@{server.host}:{server.port}"


def verbs(server: ScriptedSmtp) -> list[bytes]:
    return [line.split()[0] for line in server.lines]


# What arrives


@pytest.mark.parametrize(
    "message",
    [
        MESSAGE,
        b"Subject: x\r\n\r\n.\r\n..\r\n...\r\n.",
        b"Subject: no end",
        b"Subject: x\r\n\r\n" + b".dots\r\n" * 30_000,
        b"Subject: x\r\n\r\n" + b"\r\n" * 100_000 + b".",
        b"Subject: x\r\n\r\n\xc3\xa9 8bit\r\n",
        b"",
    ],
    ids=["small", "dots", "no end", "many dots", "empty lines", "8bit", "nothing"],
)
async def test_arrives_octet_for_octet(message: bytes) -> None:
    progress: list[tuple[int, int]] = []
    async with ScriptedSmtp() as server:
        said = await outcome(url(server), job(message=message), progress=progress)
        agree(said, len(server.accepted))
    ended = message if message.endswith(b"\r\n") or not message else message + b"\r\n"
    assert server.accepted[0].data == ended
    assert progress == sorted(progress)
    assert progress[-1:] == [(len(message), len(message))][: len(message)]
    assert isinstance(said, Accepted)
    assert (said.queue_id, said.reply) == ("SCRIPTED1", "2.0.0 Ok: queued as SCRIPTED1")


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\n.\r"])
async def test_no_line_end_smuggles_a_second_message(end: bytes) -> None:
    message = b"Subject: x\r\n\r\none" + end + b"MAIL FROM:<evil@example.org>\r\n"
    async with ScriptedSmtp() as server:
        agree(await outcome(url(server), job(message=message)), len(server.accepted))
        assert len(server.accepted) == 1
        assert b"\r\n.\r\nMAIL FROM" in server.accepted[0].data


def test_pieces_are_whole_lines_and_count_what_was_read() -> None:
    message = (b"x" * 998 + b"\r\n.y\r\n") * 500
    found = list(pieces(message))
    assert [done for done, _ in found][-1] == len(message)
    assert all(piece.endswith(b"\r\n") and not piece.startswith(b".y") for _, piece in found)
    assert b"".join(piece for _, piece in found) == message.replace(b"\n.", b"\n..")


@given(st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"x", b"\r\n.", b"\xe9"])))
def test_whatever_the_message_is_it_comes_back_and_never_ends_early(parts: list[bytes]) -> None:
    message = b"".join(parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(smtp_text, "PIECE", 3)
        sent = b"".join(piece for _, piece in pieces(message))
    lines = sent.split(b"\r\n")
    assert b"." not in lines and lines.pop() == b""
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    came = [line[1:] if line.startswith(b".") else line for line in lines]
    assert came == re.split(rb"\r\n|\r|\n", message)[: len(came)]
    assert b"".join(came) == re.sub(rb"[\r\n]", b"", message)


# What is said about it


async def test_parameters_of_mail() -> None:
    message = "Subject: x\r\n\r\né\r\n".encode()
    async with ScriptedSmtp() as server:
        agree(await outcome(url(server), job(message=message)), len(server.accepted))
        assert b"MAIL FROM:<anna@example.org> SIZE=18 BODY=8BITMIME\r\n" in server.lines


async def test_nothing_is_asked_of_a_server_that_offers_nothing() -> None:
    seven = b"Subject: x\r\n\r\n=C3=A9\r\n"
    what = job(message="Subject: x\r\n\r\né\r\n".encode(), to_seven_bit=lambda _message: seven)
    async with ScriptedSmtp(features=()) as server:
        agree(await outcome(url(server), what), len(server.accepted))
        assert b"MAIL FROM:<anna@example.org>\r\n" in server.lines
        assert server.accepted[0].data == seven


async def test_seven_bit_is_not_asked_for_without_need() -> None:
    def never(_message: bytes) -> bytes:
        raise AssertionError("it is ASCII already")

    async with ScriptedSmtp(features=()) as server:
        agree(await outcome(url(server), job(to_seven_bit=never)), len(server.accepted))


async def test_smtputf8() -> None:
    what = job("bärt@example.org", sender="änna@example.org", smtputf8=True)
    async with ScriptedSmtp() as server:
        said = await outcome(url(server), what)
        agree(said, len(server.accepted))
        assert "RCPT TO:<bärt@example.org>\r\n".encode() in server.lines
        assert any(line.endswith(b" SMTPUTF8\r\n") for line in server.lines)
        assert server.accepted[0].sender == "änna@example.org"


async def test_smtputf8_that_is_not_offered() -> None:
    async with ScriptedSmtp(features=("8BITMIME",)) as server:
        said = await outcome(url(server), job("bärt@example.org", smtputf8=True))
        agree(said, len(server.accepted))
        assert b"MAIL" not in verbs(server)
    assert isinstance(said, SubmissionRefused) and not said.temporary
    assert "SMTPUTF8" in said.title and said.advice


async def test_too_big_is_known_before_it_is_sent() -> None:
    async with ScriptedSmtp(features=("SIZE 50",)) as server:
        said = await outcome(url(server), job())
        agree(said, len(server.accepted))
        assert b"MAIL" not in verbs(server)
    assert isinstance(said, SubmissionRefused)
    assert (said.enhanced, said.temporary, said.server_line) == ("5.3.4", False, "250-SIZE 50")


@pytest.mark.parametrize("size", ["SIZE", "SIZE 0", "SIZE many"])
async def test_a_size_that_says_no_limit(size: str) -> None:
    async with ScriptedSmtp(features=(size,)) as server:
        said = await outcome(url(server), job())
        agree(said, len(server.accepted))
    assert isinstance(said, Accepted) and said.capabilities.size is None
    assert any(b" SIZE=" in line for line in server.lines)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org>\r\nRCPT TO:<evil@example.org",
        "a@example.org> SIZE=1",
        "a b@example.org",
        "bärt@example.org",
        "a\0@example.org",
        '"a\r\nb"@example.org',
    ],
)
async def test_an_address_that_would_say_more(address: str) -> None:
    async with ScriptedSmtp() as server:
        said = await outcome(url(server), job("good@example.org", address))
        agree(said, len(server.accepted))
        assert b"MAIL" not in verbs(server)
    assert isinstance(said, SubmissionRefused) and not said.temporary


async def test_a_quoted_address() -> None:
    address = '"a > b"@example.org'
    async with ScriptedSmtp() as server:
        agree(await outcome(url(server), job(address)), len(server.accepted))
        assert f"RCPT TO:<{address}>\r\n".encode() in server.lines


async def test_an_empty_sender() -> None:
    async with ScriptedSmtp() as server:
        agree(await outcome(url(server), job(sender="")), len(server.accepted))
        assert server.accepted[0].sender == ""


# How the conversation begins


async def test_the_name_in_ehlo_tells_nothing() -> None:
    async with ScriptedSmtp() as server:
        agree(await outcome(url(server), job()), len(server.accepted))
        assert server.lines[0] == b"EHLO [127.0.0.1]\r\n"


@pytest.mark.parametrize("refusal", [b"502 5.5.1 what?", b"500 what?", b"554 no"])
async def test_helo_where_ehlo_is_not_known(refusal: bytes) -> None:
    async with ScriptedSmtp({"EHLO": refusal}) as server:
        said = await outcome(url(server), job(), None)
        agree(said, len(server.accepted))
        assert server.lines[:3] == [
            b"EHLO [127.0.0.1]\r\n",
            b"HELO [127.0.0.1]\r\n",
            b"MAIL FROM:<anna@example.org>\r\n",
        ]
    assert isinstance(said, Accepted) and not said.capabilities.extended


async def test_helo_alone_cannot_log_in() -> None:
    async with ScriptedSmtp({"EHLO": b"502 what?"}) as server:
        said = await outcome(url(server), job())
        agree(said, len(server.accepted))
    assert isinstance(said, AuthenticationFailed) and "offers no login" in said.title


async def test_one_after_the_other_where_pipelining_is_not_offered() -> None:
    """What is behind a refused MAIL is never sent."""
    async with ScriptedSmtp({"MAIL": b"550 5.7.1 not you"}, features=()) as server:
        said = await outcome(url(server), job("a@example.org", "b@example.org"))
        agree(said, len(server.accepted))
        assert b"RCPT" not in verbs(server)


async def test_multi_line_replies() -> None:
    steps: dict[str, Action] = {
        "greeting": Say(b"220-welcome\r\n220-to\r\n220 us\r\n"),
        "MAIL": Say(b"250-fine\r\n250\r\n"),
        "dot": Say(b"250-2.0.0 virus: none\r\n250 2.0.0 Ok: queued as MULTI123\r\n"),
    }
    async with ScriptedSmtp(steps) as server:
        said = await outcome(url(server), job())
        agree(said, len(server.accepted))
    assert isinstance(said, Accepted)
    assert (said.reply, said.queue_id) == (
        "2.0.0 virus: none\n2.0.0 Ok: queued as MULTI123",
        "MULTI123",
    )


def test_what_is_a_reply() -> None:
    reader = ReplyReader()
    assert reader.add(b"250-one") is None and not reader.broken
    assert reader.add(b"250 two") == Reply(250, ("one", "two"))
    assert Reply(250, ("one", "two")).whole == "250-one\n250 two"
    for wrong in (b"25 x", b"abc", b"", b"150 x", b"650 x", b"2500 x", b"250x"):
        reader = ReplyReader()
        assert reader.add(wrong) is None and reader.broken


# AUTH


def auth_lines(server: ScriptedSmtp) -> list[bytes]:
    return [line.split()[1] for line in server.lines if line.startswith(b"AUTH")]


async def test_a_mechanism_that_fails_gives_way_to_the_next() -> None:
    """The server offers SCRAM and has no password that SCRAM could use."""
    steps = {"AUTH SCRAM-SHA-256": b"535 5.7.8 no", "AUTH PLAIN": b"504 5.5.4 not really"}
    log_in = LogIn("anna", "secret", passed_over=set())
    async with ScriptedSmtp(steps, mechanisms=("PLAIN", "LOGIN", "SCRAM-SHA-256")) as server:
        agree(await outcome(url(server), job(), log_in), len(server.accepted))
        assert auth_lines(server) == [b"SCRAM-SHA-256", b"PLAIN", b"LOGIN"]
        server.lines.clear()
        said = await outcome(url(server), job(), log_in)
        assert isinstance(said, Accepted) and len(server.accepted) == 2
        assert auth_lines(server) == [b"LOGIN"], "each failed login may count against us"


async def test_a_refused_password_is_not_sent_again() -> None:
    steps = {"AUTH SCRAM-SHA-256": b"535 5.7.8 no"}
    async with ScriptedSmtp(steps, mechanisms=("PLAIN", "LOGIN", "SCRAM-SHA-256")) as server:
        said = await outcome(url(server), job(), LogIn("anna", "wrong"))
        agree(said, len(server.accepted))
        assert auth_lines(server) == [b"SCRAM-SHA-256", b"PLAIN"]
    assert isinstance(said, AuthenticationFailed) and "535 5.7.8" in said.server_line


async def test_a_server_that_hangs_up_after_a_refusal() -> None:
    steps: dict[str, Action] = {"AUTH SCRAM-SHA-256": SayAndClose(b"535 5.7.8 no\r\n")}
    async with ScriptedSmtp(steps, mechanisms=("PLAIN", "SCRAM-SHA-256")) as server:
        said = await outcome(url(server), job())
        agree(said, len(server.accepted))
    assert isinstance(said, AuthenticationFailed), "it would be tried again for ever"


@pytest.mark.parametrize(
    "action",
    [b"235 2.7.0 in", Say(b"334 " + b64encode(b"r=x,s=QUJD,i=4096") + b"\r\n")],
    ids=["no proof", "not our nonce"],
)
async def test_an_impostor_is_told_nothing_more(action: Action) -> None:
    steps = {"AUTH SCRAM-SHA-256": action}
    async with ScriptedSmtp(steps, mechanisms=("PLAIN", "SCRAM-SHA-256")) as server:
        said = await outcome(url(server), job())
        agree(said, len(server.accepted))
        assert auth_lines(server) == [b"SCRAM-SHA-256"] and b"MAIL" not in verbs(server)
    assert isinstance(said, InsecureConnection) and "may not be your server" in said.advice


async def test_no_mechanism_that_is_known() -> None:
    async with ScriptedSmtp(mechanisms=("GSSAPI", "NTLM")) as server:
        said = await outcome(url(server), job())
        agree(said, len(server.accepted))
        assert not auth_lines(server)
    assert isinstance(said, AuthenticationFailed) and "GSSAPI NTLM" in said.server_line


async def test_the_old_way_to_offer_auth() -> None:
    features = ("AUTH=LOGIN PLAIN",)
    async with ScriptedSmtp(features=features, mechanisms=()) as server:
        agree(await outcome(url(server), job()), len(server.accepted))


async def test_a_login_that_cannot_be_checked_just_now() -> None:
    async with ScriptedSmtp({"AUTH": b"454 4.7.0 the directory is away"}) as server:
        said = await outcome(url(server), job())
        agree(said, len(server.accepted))
        assert auth_lines(server) == [b"PLAIN"]
    assert isinstance(said, SubmissionRefused) and said.temporary


async def test_a_long_token_waits_until_it_is_asked_for() -> None:
    """RFC 4954, 4: a command line has 512 octets at most."""
    steps: dict[str, Action] = {"AUTH OAUTHBEARER": Say(b"334 \r\n")}
    token = "x" * 2000
    async with ScriptedSmtp(steps, mechanisms=("OAUTHBEARER",)) as server:
        await outcome(url(server), job(), LogIn("anna", token, token=True))
        assert b"AUTH OAUTHBEARER\r\n" in server.lines


async def test_without_a_login() -> None:
    async with ScriptedSmtp({"MAIL": b"530 5.7.0 who are you?"}) as server:
        said = await outcome(url(server), job(), None)
        agree(said, len(server.accepted))
        assert not auth_lines(server)
    assert isinstance(said, SubmissionRefused) and said.code == 530


# The transcript


async def test_the_transcript_shows_everything_but_secrets() -> None:
    transcript = Transcript()
    plain = b64encode(b"\0anna\0secret")
    async with ScriptedSmtp({"AUTH": Say(b"535 5.7.8 no: secret " + plain + b"\r\n")}) as server:
        said = await outcome(url(server), job(), transcript=transcript)
        assert isinstance(said, AuthenticationFailed)
        server.steps = ({},)
        agree(await outcome(url(server), job(), transcript=transcript), len(server.accepted))
    lines = transcript.lines()
    shown = b"\n".join(line.text for line in lines) + said.server_line.encode()
    assert b"secret" not in shown and plain not in shown
    assert b"AUTH PLAIN " + MASK in shown and b"no: " + MASK + b" " + MASK in shown
    sent = [line.text for line in lines if line.direction is Direction.SENT]
    assert sent[-6:] == [
        b"MAIL FROM:<anna@example.org> SIZE=%d" % len(MESSAGE),
        b"RCPT TO:<bert@example.org>",
        b"DATA",
        b"{%d}" % len(MESSAGE),
        b".",
        b"QUIT",
    ]
    (content,) = [line for line in lines if line.literals]
    assert (content.literals, content.size) == ((MESSAGE,), len(MESSAGE))


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_no_mechanism_shows_its_payload(mechanism: str) -> None:
    transcript = Transcript()
    async with ScriptedSmtp(mechanisms=(mechanism,)) as server:
        agree(await outcome(url(server), job(), transcript=transcript), len(server.accepted))
    shown = b"\n".join(line.text for line in transcript.lines())
    assert not [piece for piece in (b"secret", b"anna\n") if b64encode(piece).strip(b"=") in shown]
    assert shown.count(MASK) == (1 if mechanism == "PLAIN" else 2)


async def test_every_command_is_an_exchange() -> None:
    transcript = Transcript()
    async with ScriptedSmtp() as server:
        agree(await outcome(url(server), job(), transcript=transcript), len(server.accepted))
    tags = dict.fromkeys(line.tag for line in transcript.lines() if line.tag)
    found = [transcript.exchange("work/smtp", tag) for tag in tags]
    assert [(each.name, each.status) for each in found if each] == [
        ("EHLO", "250"),
        ("AUTH", "235"),
        ("MAIL", "250"),
        ("RCPT", "250"),
        ("DATA", "250"),
        ("QUIT", "221"),
    ]
    assert all(each and each.origin == "send: hello" and each.milliseconds for each in found)


# The look at a server


async def test_capabilities(certificates: Certificates) -> None:
    async with ScriptedSmtp(starttls=certificates.server_context()) as server:
        found = await capabilities(
            ServerUrl.parse(f"smtp://anna@localhost:{server.port}", "smtp"),
            tls_context(certificates.ca_file),
            Transcript().recorder("work/smtp"),
            LogIn("anna", "secret"),
        )
        assert verbs(server) == [b"EHLO", b"STARTTLS", b"EHLO", b"AUTH", b"QUIT"]
    assert (found.size, found.encrypted, found.eight_bit) == (1_000_000, True, True)
    assert found.mechanisms == {"PLAIN", "LOGIN"}


async def test_capabilities_with_a_wrong_password() -> None:
    async with ScriptedSmtp() as server:
        with pytest.raises(AuthenticationFailed):
            await capabilities(
                ServerUrl.parse(url(server), "smtp"),
                tls_context(None),
                Transcript().recorder("work/smtp"),
                LogIn("anna", "wrong"),
            )
        assert verbs(server)[-1] == b"QUIT"


async def test_a_quit_that_fails_changes_nothing() -> None:
    async with ScriptedSmtp({"QUIT": Close()}) as server:
        agree(await outcome(url(server), job()), len(server.accepted))
        assert len(server.accepted) == 1
