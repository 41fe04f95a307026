"""The pump of a connection: waits that end, answers that belong to somebody, floods."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from servers import Peer, ScriptedServer

from tui_mail.config import ServerUrl
from tui_mail.errors import ConnectionFailed, ProtocolError
from tui_mail.net import imap, login
from tui_mail.net.imap import ImapClient
from tui_mail.net.stream import tls_context
from tui_mail.wire import commands
from tui_mail.wire.responses import ESearchData, Fetch, Malformed, Response, SearchData


@pytest.fixture(autouse=True)
def short_goodbyes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "LOGOUT_TIMEOUT", 0.02)


@asynccontextmanager
async def connected(script: Callable[[Peer], object]) -> AsyncIterator[ImapClient]:
    """A client of a server that greets and then does as the script says."""

    async def greeting_first(peer: Peer) -> None:
        await peer.greet("IMAP4rev1 ESEARCH")
        await script(peer)  # type: ignore[misc]
        await peer.end_of_input()

    async with ScriptedServer(greeting_first) as server:
        url = ServerUrl.parse(f"imap+insecure://anna@{server.host}:{server.port}", "imap")
        client = await login.connect(url, tls_context(None), None, lambda phase: None)
        try:
            yield client
        finally:
            await client.close()


async def test_silence_ends_everything_that_waits_and_says_for_what() -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.receive()

    async with connected(script) as client:
        first = client.start(commands.noop(), origin="test")
        with pytest.raises(ConnectionFailed) as caught:
            await client.run(commands.capability(), origin="test", timeout=0.05)
        assert "said nothing for 0.05 s (waiting for the answer to CAPABILITY)" in str(caught.value)
        with pytest.raises(ConnectionFailed):
            await client.finish(commands.noop(), first)
        assert client.closed.done()


async def test_endless_talk_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "ANSWER_LONGEST", 0.3)

    async def script(peer: Peer) -> None:
        await peer.receive()
        while True:
            await peer.send(b"* OK still working\r\n" * 100)

    async with connected(script) as client:
        with pytest.raises(ConnectionFailed) as caught:
            await client.run(commands.noop(), origin="test", timeout=0.2)
        assert "did not come to an end" in caught.value.title


async def test_a_wait_can_be_cancelled_and_the_connection_goes_on() -> None:
    goes_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        tag = await peer.expect(b"NOOP")
        await goes_on.wait()
        await peer.ok(tag)
        await peer.answer(b"CAPABILITY")

    async with connected(script) as client:
        waiting = asyncio.create_task(client.run(commands.noop(), origin="test"))
        while not client.in_flight:
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        goes_on.set()
        await client.run(commands.capability(), origin="test")
        await asyncio.wait_for(client.quiet(), 1)


async def test_a_command_that_is_never_answered_holds_nothing_up_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(imap, "ANSWER_LONGEST", 0.05)

    async def script(peer: Peer) -> None:
        await peer.expect(b"ID")
        await peer.answer(b"NOOP")

    async with connected(script) as client:
        lost = client.start(commands.id_({}), origin="test")
        await asyncio.sleep(0.06)
        await client.run(commands.noop(), origin="test", timeout=1)
        await asyncio.wait_for(client.quiet(), 1)
        with pytest.raises(ConnectionFailed, match="never answered ID"):
            lost.result()
        assert not client.closed.done()


async def test_esearch_goes_to_the_command_it_names() -> None:
    async def script(peer: Peer) -> None:
        first, second = await peer.expect(b"UID SEARCH"), await peer.expect(b"UID SEARCH")
        await peer.send(b'* ESEARCH (TAG "%b") UID ALL 2\r\n' % second)
        await peer.send(b'* ESEARCH (TAG "%b") UID ALL 1\r\n' % first)
        await peer.send(b"* ESEARCH UID ALL 3\r\n")
        await peer.ok(first)
        await peer.ok(second)

    async with connected(script) as client:
        search = commands.search("ALL", return_=("ALL",))
        heard: list[list[str]] = [[], []]

        def hear(into: list[str]) -> Callable[[Response], None]:
            return lambda data: into.append(str(data.all) if isinstance(data, ESearchData) else "")

        started = [client.start(search, origin="test", on_data=hear(into)) for into in heard]
        for answered in started:
            await client.finish(search, answered)
        assert heard == [["1", "3"], ["2", "3"]]


async def test_search_goes_to_the_first_that_searches() -> None:
    async def script(peer: Peer) -> None:
        first = await peer.expect(b"NOOP")
        second, third = await peer.expect(b"UID SEARCH ALL"), await peer.expect(b"UID SEARCH")
        await peer.ok(first)
        await peer.send(b"* SEARCH 1 2 3\r\n")
        await peer.ok(second)
        await peer.send(b"* SEARCH 2\r\n")
        await peer.ok(third)

    async with connected(script) as client:
        heard: list[list[int]] = [[], [], []]

        def hear(into: list[int]) -> Callable[[Response], None]:
            return lambda data: into.extend(data.numbers if isinstance(data, SearchData) else ())

        wanted = (commands.noop(), commands.search("ALL"), commands.search("DELETED"))
        started = [
            (each, client.start(each, origin="test", on_data=hear(into)))
            for each, into in zip(wanted, heard, strict=True)
        ]
        for command, answered in started:
            await client.finish(command, answered)
        assert heard == [[], [1, 2, 3], [2]]


async def test_what_cannot_be_read_is_told_wholly_or_in_part() -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(
            b"NOOP", b"* FETCH FETCH\r\n* 3 FETCH (UID 9 ENVELOPE 5)\r\n* 1 FETCH (\r\n"
        )

    async with connected(script) as client:
        told: list[Malformed | Fetch] = []
        client.on_malformed = told.append
        await client.run(commands.noop(), origin="test")
        assert client.malformed == len(told) == 2
        assert isinstance(told[0], Fetch) and told[0].uid == 9 and told[0].broken


@pytest.mark.parametrize(
    "flood",
    [
        b"* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n" * 1000,
        b"* 7 FETCH (UID 9 BODY[] {4000}\r\n" + b"x" * 4000 + b")\r\n",
        b"* LIST () NIL nonsense\r\n" * 1000,
        b"* OK [ALERT] listen\r\n" * 1000,
        b"* garbage ((((\r\n" * 1000,
        b"X99 OK nobody asked\r\n" * 1000,
        b"+ go on\r\n" * 1000,
    ],
    ids=["FETCH", "literals", "LIST", "OK", "garbage", "tags", "continuations"],
)
async def test_a_flood_is_drained_and_nothing_of_it_kept(flood: bytes) -> None:
    """Megabytes that nobody asked for, while an answer is awaited."""
    size = 2_000_000

    async def script(peer: Peer) -> None:
        tag = await peer.expect(b"NOOP")
        for _ in range(size // len(flood)):
            await peer.send(flood)
        await peer.ok(tag)

    async with connected(script) as client:
        gc.collect()
        before = len(gc.get_objects())
        await client.run(commands.noop(), origin="test")
        gc.collect()
        assert len(gc.get_objects()) - before < 1000
        assert client.connection.pending == {}


async def test_a_flood_without_an_end_is_bounded() -> None:
    """One line, or one literal, that goes on: the limits of the framing end the connection."""

    async def script(peer: Peer) -> None:
        await peer.expect(b"NOOP")
        for _ in range(64):
            await peer.send(b"* OK " + b"x" * (1 << 20))

    tracemalloc.start()
    try:
        async with connected(script) as client:
            with pytest.raises(ProtocolError):
                await client.run(commands.noop(), origin="test")
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()
