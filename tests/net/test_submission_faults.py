"""Submission to a server that fails at every step in every way: what it took is what is said."""

from __future__ import annotations

import asyncio
import threading

import pytest
from servers import Certificates
from servers.scripted_smtp import (
    Action,
    Close,
    Dribble,
    Inject,
    InTheMiddle,
    Reset,
    Say,
    SayAndClose,
    ScriptedSmtp,
    Silence,
)
from submitting import ANNA, MESSAGE, Outcome, agree, job, outcome

from tui_mail.config import ServerUrl
from tui_mail.errors import AuthenticationFailed, Cancelled, InsecureConnection
from tui_mail.net import smtp_waits
from tui_mail.net.stream import tls_context
from tui_mail.net.submission import (
    Accepted,
    LogIn,
    RecipientsRefused,
    SubmissionRefused,
    SubmissionUncertain,
    submit,
)
from tui_mail.wire.transcript import Transcript

PLAIN_FEATURES = ("SIZE 1000000", "8BITMIME", "ENHANCEDSTATUSCODES")
PIPELINED = (*PLAIN_FEATURES, "PIPELINING", "SMTPUTF8")
# More than the kernel takes in before the server has read anything.
BIG = MESSAGE + b"a line of text that is a line of text\r\n" * 200_000

SHORT = {"GREETING": 0.5, "LOGIN": 0.5, "COMMAND": 0.5, "DATA": 0.5, "FINAL": 0.5, "TLS": 0.5}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {**SHORT, "QUIT": 0.1, "PARTING": 0.1}.items():
        monkeypatch.setattr(smtp_waits, name, seconds)


def url(server: ScriptedSmtp, scheme: str = "smtp+insecure") -> str:
    host = "localhost" if scheme != "smtp+insecure" else server.host
    return f"{scheme}://anna@{host}:{server.port}"


STAGES = {
    "greeting": "connect",
    "EHLO": "EHLO",
    "AUTH": "AUTH",
    "MAIL": "MAIL FROM",
    "RCPT": "RCPT TO",
    "DATA": "DATA",
    "dot": "message",
}
GARBAGE = b"\x16\x03\x01\x02\x00\xff\xfe<html>\r\n"


@pytest.mark.parametrize("features", [PLAIN_FEATURES, PIPELINED], ids=["plain", "pipelined"])
@pytest.mark.parametrize("step", STAGES)
async def test_a_temporary_refusal(step: str, features: tuple[str, ...]) -> None:
    async with ScriptedSmtp({step: b"451 4.3.0 come back"}, features=features) as server:
        said = await outcome(url(server), job())
        agree(said, len(server.accepted))
    assert isinstance(said, SubmissionRefused)
    assert (said.temporary, said.stage, said.code) == (True, STAGES[step], 451)
    assert (said.enhanced, said.server_line) == ("4.3.0", "451 4.3.0 come back")
    assert "error of its own" in said.title or "mail system" in said.title


@pytest.mark.parametrize("features", [PLAIN_FEATURES, PIPELINED], ids=["plain", "pipelined"])
@pytest.mark.parametrize("step", [step for step in STAGES if step not in ("EHLO", "AUTH")])
async def test_a_refusal_for_good(step: str, features: tuple[str, ...]) -> None:
    async with ScriptedSmtp({step: b"554 5.7.1 never"}, features=features) as server:
        said = await outcome(url(server), job())
        agree(said, len(server.accepted))
    assert isinstance(said, SubmissionRefused)
    assert (said.temporary, said.stage, said.code) == (False, STAGES[step], 554)
    assert "not allowed" in said.title


@pytest.mark.parametrize("code", [b"421 4.3.2 shutting down", b"421"])
@pytest.mark.parametrize("step", STAGES)
async def test_a_server_that_shuts_down(step: str, code: bytes) -> None:
    script: Action = SayAndClose(code + b"\r\n")
    async with ScriptedSmtp({step: script}) as server:
        said = await outcome(url(server), job("a@example.org", "b@example.org"))
        agree(said, len(server.accepted))
    assert isinstance(said, SubmissionRefused)
    assert (said.temporary, said.stage, said.code) == (True, STAGES[step], 421)


@pytest.mark.parametrize("features", [PLAIN_FEATURES, PIPELINED], ids=["plain", "pipelined"])
@pytest.mark.parametrize("step", STAGES)
@pytest.mark.parametrize("how", [Close(), Reset()], ids=["closes", "resets"])
async def test_a_line_that_breaks(how: Action, step: str, features: tuple[str, ...]) -> None:
    async with ScriptedSmtp({step: how}, features=features) as server:
        said = await outcome(url(server), job())
        agree(said, len(server.accepted))
    told(said, step)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("step", STAGES)
@pytest.mark.parametrize(
    "how",
    [
        Silence(),
        Dribble(b"250-" * 40, 0.02),
        Say(GARBAGE),
        Say(b"250 two\r\n550 codes\r\n".replace(b"250 ", b"250-")),
        Say(b"2" * 40_000),
        Say(b"250-endless\r\n" * 6000),
        Say(b"100 what is this\r\n"),
    ],
    ids=["silence", "dribble", "garbage", "two codes", "a line", "many lines", "a code"],
)
async def test_an_answer_that_is_none(how: Action, step: str) -> None:
    async with ScriptedSmtp({step: how}) as server:
        said = await outcome(url(server), job())
        agree(said, len(server.accepted))
    told(said, step)


def told(said: Outcome, step: str) -> None:
    """Before the final dot it is certain that nothing was sent, and after it nothing is."""
    if step == "dot":
        assert isinstance(said, SubmissionUncertain) and not said.temporary
    else:
        assert isinstance(said, SubmissionRefused), repr(said)
        assert (said.temporary, said.code, said.stage) == (True, 0, STAGES[step])


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("how", [Close(taken=True), Reset(taken=True), Silence(taken=True)])
async def test_taken_but_never_said(how: Action) -> None:
    """The server keeps the message and the 250 is lost: only a person may send it again."""
    async with ScriptedSmtp({"dot": how}) as server:
        said = await outcome(url(server), job())
        assert len(server.accepted) == 1
    assert isinstance(said, SubmissionUncertain)
    assert not said.temporary and "Look whether it has arrived" in said.advice


@pytest.mark.parametrize("reply", [b"200 ok", b"251 later", b"354 more?"])
async def test_only_250_is_sent(reply: bytes) -> None:
    async with ScriptedSmtp({"dot": SayAndClose(reply + b"\r\n")}) as server:
        said = await outcome(url(server), job())
    assert isinstance(said, SubmissionUncertain) and reply.decode() in said.server_line


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (Close(), 0),
        (Reset(), 0),
        (SayAndClose(b"552 5.3.4 that is enough\r\n"), 552),
        (SayAndClose(b"451 4.3.0 out of room\r\n"), 451),
        (Say(b"250 2.0.0 Ok: queued as TOOSOON\r\n"), 0),
    ],
)
async def test_in_the_middle_of_the_message(how: Action, code: int) -> None:
    async with ScriptedSmtp(
        {"content": InTheMiddle(100_000, how)}, features=("8BITMIME",)
    ) as server:
        said = await outcome(url(server), job(message=BIG))
        agree(said, len(server.accepted))
    assert isinstance(said, SubmissionRefused)
    assert said.temporary == (code < 500)
    # A reset may take with it what was said before it.
    assert said.code in (code, 0) and said.stage == "message"


async def test_an_answer_behind_354_is_not_one_to_the_message() -> None:
    async with ScriptedSmtp({"DATA": Say(b"354 go\r\n250 2.0.0 Ok: queued as LIE\r\n")}) as server:
        said = await outcome(url(server), job())
        agree(said, len(server.accepted))
    assert isinstance(said, SubmissionRefused) and said.temporary


async def test_an_answer_too_many_is_noticed_before_the_message() -> None:
    async with ScriptedSmtp({"EHLO": Say(b"250 hello\r\n250 hello again\r\n")}) as server:
        said = await outcome(url(server), job(), None)
        agree(said, len(server.accepted))
    assert isinstance(said, SubmissionRefused) and said.stage == "DATA"


# Recipients


@pytest.mark.parametrize("features", [PLAIN_FEATURES, PIPELINED], ids=["plain", "pipelined"])
async def test_some_recipients_are_refused(features: tuple[str, ...]) -> None:
    steps = {"RCPT 2": b"550 5.1.1 no such user", "RCPT 4": b"452 4.2.2 full"}
    async with ScriptedSmtp(steps, features=features) as server:
        names = tuple(f"{name}@example.org" for name in "abcd")
        said = await outcome(url(server), job(*names))
        agree(said, len(server.accepted))
        verbs = [line.split()[0] for line in server.lines]
    assert isinstance(said, RecipientsRefused)
    assert [(each.address, each.code) for each in said.refused] == [
        (names[1], 550),
        (names[3], 452),
    ]
    assert said.refused[0].explanation == "there is no such mailbox"
    assert said.refused[0].reply == "550 5.1.1 no such user"
    assert said.accepted == (names[0], names[2])
    assert not said.temporary
    assert verbs[-2:] == [b"RSET", b"QUIT"] and b"DATA" not in verbs


async def test_some_recipients_are_refused_for_now() -> None:
    async with ScriptedSmtp({"RCPT 2": b"450 4.7.1 greylisted"}) as server:
        said = await outcome(url(server), job("a@example.org", "b@example.org"))
        agree(said, len(server.accepted))
    assert isinstance(said, RecipientsRefused) and said.temporary


async def test_every_recipient_is_refused() -> None:
    steps = {"RCPT 1": b"450 4.7.1 greylisted", "RCPT 2": b"550 5.1.1 no such user"}
    async with ScriptedSmtp(steps) as server:
        said = await outcome(url(server), job("a@example.org", "b@example.org"))
        agree(said, len(server.accepted))
    assert isinstance(said, SubmissionRefused)
    assert (said.code, said.temporary, len(said.refused)) == (550, False, 2)
    assert "b@example.org: there is no such mailbox" in said.title


async def test_many_recipients_go_in_groups() -> None:
    names = tuple(f"n{number}@example.org" for number in range(230))
    async with ScriptedSmtp(features=PIPELINED) as server:
        agree(await outcome(url(server), job(*names)), len(server.accepted))
        assert server.accepted[0].recipients == names


# Cancelling


async def test_cancelled_before_data_leaves_no_trace() -> None:
    async with ScriptedSmtp() as server:
        said = await outcome(url(server), job(), to_data=lambda: False)
        agree(said, len(server.accepted))
        verbs = [line.split()[0] for line in server.lines]
    assert isinstance(said, Cancelled)
    assert verbs[-2:] == [b"RSET", b"QUIT"] and b"DATA" not in verbs


async def test_to_data_is_asked_once_on_another_thread() -> None:
    asked: list[int] = []

    def to_data() -> bool:
        asked.append(threading.get_ident())
        return True

    async with ScriptedSmtp() as server:
        agree(await outcome(url(server), job(), to_data=to_data), len(server.accepted))
    assert len(asked) == 1 and asked[0] != threading.get_ident()


@pytest.mark.parametrize("step", [*STAGES, "content"])
async def test_a_cancelled_task_cuts_the_line(step: str) -> None:
    """Whatever it waits for, it ends at once, and its connection with it."""
    action: Action = InTheMiddle(10, Silence()) if step == "content" else Silence()
    async with ScriptedSmtp({step: action}, features=("8BITMIME",)) as server:
        task = asyncio.create_task(
            submit(
                ServerUrl.parse(url(server), "smtp"),
                tls_context(None),
                Transcript().recorder("work/smtp"),
                ANNA,
                job(message=BIG),
                on_progress=lambda *octets: None,
                to_data=lambda: True,
            )
        )
        async with asyncio.timeout(10):
            await server.silent.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await server.finished()
        assert not server.accepted


# TLS


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_through_tls(scheme: str, certificates: Certificates) -> None:
    context = certificates.server_context()
    options = {"starttls" if scheme == "smtp" else "tls": context}
    async with ScriptedSmtp({}, **options) as server:
        said = await outcome(url(server, scheme), job(), ca_file=certificates.ca_file)
        agree(said, len(server.accepted))
    assert isinstance(said, Accepted) and said.capabilities.encrypted


async def test_starttls_that_is_not_offered(certificates: Certificates) -> None:
    """Stripped by somebody between, or never there: nothing is sent."""
    async with ScriptedSmtp() as server:
        said = await outcome(url(server, "smtp"), job(), ca_file=certificates.ca_file)
        agree(said, len(server.accepted))
        assert {line.split()[0] for line in server.lines} == {b"EHLO", b"QUIT"}
    assert isinstance(said, InsecureConnection) and "does not offer STARTTLS" in said.title


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (b"502 5.5.1 no", InsecureConnection),
        (b"454 4.7.0 not now", SubmissionRefused),
        (Inject(b"250-evil\r\n250 AUTH PLAIN\r\n"), InsecureConnection),
        (Say(b"220 ready\r\n220 ready\r\n"), InsecureConnection),
        (Close(), SubmissionRefused),
        (Say(GARBAGE), SubmissionRefused),
    ],
)
async def test_starttls_that_goes_wrong(
    action: Action, kind: type, certificates: Certificates
) -> None:
    context = certificates.server_context()
    async with ScriptedSmtp({"STARTTLS": action}, starttls=context) as server:
        said = await outcome(url(server, "smtp"), job(), ca_file=certificates.ca_file)
        agree(said, len(server.accepted))
        assert not [line for line in server.lines if line.split()[0] in (b"AUTH", b"MAIL")]
    assert type(said) is kind


@pytest.mark.usefixtures("impatient")
async def test_a_handshake_that_never_ends(certificates: Certificates) -> None:
    async with ScriptedSmtp({"greeting": Silence()}) as server:
        said = await outcome(url(server, "smtps"), job(), ca_file=certificates.ca_file)
        agree(said, len(server.accepted))
    assert isinstance(said, SubmissionRefused) and said.temporary


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
@pytest.mark.parametrize("trusted", [True, False], ids=["another name", "a stranger"])
async def test_a_certificate_that_is_not_good(
    scheme: str, trusted: bool, certificates: Certificates
) -> None:
    context = certificates.server_context(wrong_name=trusted)
    options = {"starttls" if scheme == "smtp" else "tls": context}
    async with ScriptedSmtp({}, **options) as server:
        ca_file = certificates.ca_file if trusted else certificates.stranger_ca_file
        said = await outcome(url(server, scheme), job(), ca_file=ca_file)
        agree(said, len(server.accepted))
        assert not [line for line in server.lines if line.split()[0] in (b"AUTH", b"MAIL")]
    assert isinstance(said, InsecureConnection) and "not trusted" in said.title


async def test_capabilities_before_tls_are_forgotten(certificates: Certificates) -> None:
    context = certificates.server_context()
    steps = {"EHLO 1": Say(b"250-x\r\n250-STARTTLS\r\n250-SIZE 5\r\n250 AUTH LOGIN\r\n")}
    async with ScriptedSmtp(steps, starttls=context, features=()) as server:
        said = await outcome(url(server, "smtp"), job(), ca_file=certificates.ca_file)
        agree(said, len(server.accepted))
    assert isinstance(said, Accepted) and said.capabilities.size is None


async def test_plain_text_on_a_tls_port(certificates: Certificates) -> None:
    async with ScriptedSmtp({"greeting": SayAndClose(b"220 hello\r\n")}) as server:
        said = await outcome(url(server, "smtps"), job(), ca_file=certificates.ca_file)
    assert isinstance(said, SubmissionRefused) and "smtp://" in said.advice


async def test_nobody_listens() -> None:
    async with ScriptedSmtp() as server:
        pass
    said = await outcome(url(server), job())
    assert isinstance(said, SubmissionRefused)
    assert said.temporary and "refused the connection" in said.title


async def test_a_wrong_password() -> None:
    async with ScriptedSmtp() as server:
        said = await outcome(url(server), job(), LogIn("anna", "wrong"))
        agree(said, len(server.accepted))
        assert [line.split()[1] for line in server.lines if line.startswith(b"AUTH")] == [b"PLAIN"]
    assert isinstance(said, AuthenticationFailed) and not said.temporary
