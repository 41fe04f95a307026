"""Finding an address's servers: the names, their order, what counts as an answer, what is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from dns_server import DnsServer
from hypothesis import given
from hypothesis import strategies as st
from servers import Certificates, Peer, ScriptedServer

from tui_mail.config import SCHEMES, Security
from tui_mail.net import discover
from tui_mail.net.discover import Guess, Tried, find, named_servers, usual_servers
from tui_mail.net.stream import tls_context
from tui_mail.wire.transcript import Direction, Transcript

ANNA = "Anna.E@Example.TEST"


def hosts(guesses: Sequence[Guess]) -> list[str]:
    return [f"{guess.server.scheme}://{guess.server.host}:{guess.server.port}" for guess in guesses]


async def imap(peer: Peer) -> None:
    await peer.send(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n")
    await peer.answer(b"LOGOUT", b"* BYE\r\n")
    await peer.end_of_input()


async def smtp(peer: Peer) -> None:
    await peer.send(b"220 mail.test ESMTP\r\n")
    assert (await peer.receive()).startswith(b"EHLO ")
    await peer.send(b"250-mail.test\r\n250 AUTH PLAIN\r\n")
    assert await peer.receive() == b"QUIT\r\n"
    await peer.send(b"221 bye\r\n")
    await peer.end_of_input()


async def silent(peer: Peer) -> None:
    await peer.end_of_input()


# Names


async def test_the_records_come_by_service_priority_and_weight() -> None:
    records = {
        "_imaps._tcp.example.test": ["10 1 993 c.test.", "5 1 1993 B.Example.test.", "10 9 993 d."],
        "_imap._tcp.example.test": ["0 0 143 example.test."],
        "_submissions._tcp.example.test": ["0 0 465 smtp.example.test."],
    }
    async with DnsServer(records) as server:
        guesses = await named_servers(ANNA, "imap", server.resolver)
        assert hosts(guesses) == [
            "imaps://b.example.test:1993",
            "imaps://d:993",
            "imaps://c.test:993",
            "imap://example.test:143",
        ]
        assert [guess.outside for guess in guesses] == [False, True, True, False]
        assert {guess.server.user for guess in guesses} == {ANNA}
        assert guesses[0].source == "SRV _imaps._tcp.example.test"
        assert hosts(await named_servers(ANNA, "smtp", server.resolver)) == [
            "smtps://smtp.example.test:465"
        ]
        assert sorted(server.asked) == [
            f"{name}.example.test"
            for name in ("_imap._tcp", "_imaps._tcp", "_submission._tcp", "_submissions._tcp")
        ]


async def test_a_name_that_only_ends_alike_is_outside() -> None:
    records = {"_imaps._tcp.example.test": ["0 0 993 notexample.test."]}
    async with DnsServer(records) as server:
        [guess] = await named_servers(ANNA, "imap", server.resolver)
        assert guess.outside


@pytest.mark.parametrize(
    "record",
    ["0 0 993 .", "0 0 0 mail.test.", r"0 0 993 ma\032il.test.", r"0 0 993 a\@b.test.", "0 0 9 -."],
)
async def test_what_names_no_server_is_none(record: str) -> None:
    async with DnsServer({"_imaps._tcp.example.test": [record]}) as server:
        assert await named_servers(ANNA, "imap", server.resolver) == []


async def test_endless_records_are_cut() -> None:
    records = [f"0 0 993 m{number}.test." for number in range(20)]
    async with DnsServer({"_imaps._tcp.example.test": records}) as server:
        guesses = await named_servers(ANNA, "imap", server.resolver)
        assert len(guesses) == discover.RECORDS_LIMIT


async def test_no_dns_is_no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discover, "LOOK_UP_TIMEOUT", 0.2)
    notes: list[str] = []
    async with DnsServer({}) as server:
        assert await named_servers(ANNA, "imap", server.resolver, notes.append) == []
    async with DnsServer({}, silent=True) as server:
        assert await named_servers(ANNA, "imap", server.resolver, notes.append) == []
        assert server.asked
    assert notes == [
        "SRV _imaps._tcp.example.test: no server",
        "SRV _imap._tcp.example.test: no server",
        "SRV _imaps._tcp.example.test: no answer",
        "SRV _imap._tcp.example.test: no answer",
    ]


def test_the_usual_names_with_tls_before_starttls() -> None:
    assert hosts(usual_servers(ANNA, "imap")) == [
        "imaps://imap.example.test:993",
        "imaps://mail.example.test:993",
        "imaps://example.test:993",
        "imap://imap.example.test:143",
        "imap://mail.example.test:143",
        "imap://example.test:143",
    ]
    assert hosts(usual_servers(ANNA, "smtp"))[::3] == [
        "smtps://smtp.example.test:465",
        "smtp://smtp.example.test:587",
    ]
    assert not any(guess.outside for guess in usual_servers(ANNA, "imap"))


def test_a_domain_in_another_script_is_asked_for_in_ascii() -> None:
    assert discover.domain_of("anna@Bücher.example") == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    "address", ["", "anna", "anna@", "a@b c", "a@-", "a@b/c", "a@\u2028", "a@" + "x" * 300, "@"]
)
def test_no_domain_is_a_clear_error(address: str) -> None:
    with pytest.raises(ValueError, match="expected an address with a domain"):
        discover.domain_of(address)


@given(st.text(max_size=40))
def test_any_text_is_a_domain_that_can_be_asked_for_or_an_error(text: str) -> None:
    try:
        domain = discover.domain_of(f"a@{text}")
    except ValueError:
        return
    assert domain.isascii() and domain == domain.lower()
    for guess in usual_servers(f"a@{text}", "imap"):
        assert guess.server.host.endswith(domain)


# Trying


class Looking:
    """One search, with what was tried."""

    def __init__(self, certificates: Certificates, records: dict[str, list[str]]) -> None:
        self.tried: list[Tried] = []
        self.transcript = Transcript()
        self._context = tls_context(certificates.ca_file)
        self._records = records

    async def find(self, protocol: str, address: str = ANNA) -> Guess | None:
        async with DnsServer(self._records) as server:
            return await find(
                address,
                protocol,
                self._context,
                self.transcript,
                self.tried.append,
                resolver=server.resolver,
            )

    def sent(self) -> list[bytes]:
        lines = self.transcript.lines()
        return [line.text for line in lines if line.direction is Direction.SENT]


@pytest.fixture
def short_goodbyes(monkeypatch: pytest.MonkeyPatch) -> None:
    """These servers do not answer LOGOUT."""
    monkeypatch.setattr("tui_mail.net.imap.LOGOUT_TIMEOUT", 0.02)


@pytest.fixture
def no_usual_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discover, "USUAL_NAMES", {"imap": (), "smtp": ()})


def srv(service: str, *servers: ScriptedServer) -> dict[str, list[str]]:
    records = [f"{place} 0 {server.port} localhost." for place, server in enumerate(servers)]
    return {f"{service}._tcp.example.test": records}


async def test_the_best_that_answers_is_found_and_nothing_secret_is_sent(
    certificates: Certificates, no_usual_names: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discover, "TRY_TIMEOUT", 0.5)
    tls = certificates.server_context()
    async with ScriptedServer(silent) as plain, ScriptedServer(imap, tls=tls) as good:
        looking = Looking(certificates, srv("_imaps", plain, good))
        found = await looking.find("imap")
        assert found is not None and found.outside
        assert found.server.port == good.port
        assert [line.split()[-1] for line in looking.sent()] == [b"LOGOUT"]
        errors = [each.error for each in looking.tried if each.error]
        assert len(errors) == 1 and "did not answer" in errors[0].title


async def test_a_submission_server_is_greeted_and_left(
    certificates: Certificates, no_usual_names: None
) -> None:
    tls = certificates.server_context()
    async with ScriptedServer(smtp, tls=tls) as server:
        looking = Looking(certificates, srv("_submissions", server))
        found = await looking.find("smtp")
        assert found is not None and found.server.scheme == "smtps"
        assert [line.split()[0] for line in looking.sent()] == [b"EHLO", b"QUIT"]


async def test_a_server_nobody_vouches_for_is_none(
    certificates: Certificates, no_usual_names: None
) -> None:
    async def untrusted(peer: Peer) -> None:
        await peer.end_of_input()

    wrong = certificates.server_context(wrong_name=True)
    async with ScriptedServer(untrusted, tls=wrong) as server:
        looking = Looking(certificates, srv("_imaps", server))
        assert await looking.find("imap") is None
        [tried] = looking.tried
        assert tried.error is not None and "certificate" in tried.error.title
        assert looking.sent() == []


@pytest.mark.usefixtures("short_goodbyes")
async def test_starttls_that_is_not_offered_is_no_answer(
    certificates: Certificates, no_usual_names: None
) -> None:
    async def stripped(peer: Peer) -> None:
        await peer.send(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n")
        await peer.end_of_input()

    async with ScriptedServer(stripped) as server:
        looking = Looking(certificates, srv("_imap", server))
        assert await looking.find("imap") is None
        [tried] = looking.tried
        assert tried.error is not None and "STARTTLS" in tried.error.title


@pytest.mark.usefixtures("short_goodbyes")
@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400\r\n\r\n", b"\0" * 5000, b"* BYE no\r\n", b""])
async def test_what_is_no_mail_server_is_none(
    greeting: bytes, certificates: Certificates, no_usual_names: None, monkeypatch: Any
) -> None:
    monkeypatch.setattr(discover, "TRY_TIMEOUT", 0.5)

    async def other(peer: Peer) -> None:
        await peer.send(greeting)
        await peer.end_of_input()

    tls = certificates.server_context()
    async with ScriptedServer(other, tls=tls) as server:
        looking = Looking(certificates, {**srv("_imaps", server), **srv("_submissions", server)})
        found = await asyncio.gather(looking.find("imap"), looking.find("smtp"))
        assert not any(found)
        assert len(looking.tried) == 2


async def test_the_usual_names_are_tried_where_dns_names_none(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = certificates.server_context()
    async with ScriptedServer(imap, tls=tls) as server:
        schemes = {**SCHEMES, "imaps": ("imap", Security.TLS, server.port)}
        monkeypatch.setattr(discover, "SCHEMES", schemes)
        monkeypatch.setattr(discover, "USUAL_NAMES", {"imap": ("",)})
        looking = Looking(certificates, {})
        found = await looking.find("imap", "anna@localhost")
        assert found is not None
        assert (found.source, found.outside) == ("usual name", False)
        assert str(found.server) == f"imaps://anna%40localhost@localhost:{server.port}"
