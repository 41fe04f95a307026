"""Recorded sessions with real servers, replayed whole, line by line and byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from wire_session import DATE, FOLDER, IDLE_DONE, load, session

from tui_mail.wire.imap import NEED_DATA, ImapConnection, State
from tui_mail.wire.responses import (
    Completed,
    Continuation,
    ESearchData,
    Fetch,
    Greeting,
    ListData,
    Malformed,
    NamespaceData,
    QuotaRootData,
    Response,
    SearchData,
    Unknown,
    Vanished,
)
from tui_mail.wire.transcript import Transcript

PREFIX = {"dovecot-2.3": b"", "cyrus-3.6": b"INBOX.", "courier-5.0": b"INBOX."}
SERVERS = sorted(PREFIX)
INSIDE = [("3.TEXT", "multipart/mixed"), ("3.1", "text/plain"), ("3.2", "image/png")]


def whole(data: bytes) -> Iterator[bytes]:
    yield data


def by_line(data: bytes) -> Iterator[bytes]:
    yield from data.splitlines(keepends=True)


def by_byte(data: bytes) -> Iterator[bytes]:
    yield from (data[at : at + 1] for at in range(len(data)))


class Replay:
    """Plays the server's side of a recording against the connection."""

    def __init__(self, server: str, pieces: Callable[[bytes], Iterator[bytes]]) -> None:
        self.transcript = Transcript()
        self.connection = ImapConnection(self.transcript.recorder(server))
        self.responses: list[Response] = []
        self._steps = load(FOLDER / f"{server}.txt")
        self._pieces = pieces
        self._prefix = PREFIX[server]

    def run(self) -> None:
        self.hear()
        for step in session(self.connection, self._prefix):
            if step == IDLE_DONE:
                self.connection.idle_done()
            else:
                assert not isinstance(step, str)
                self.connection.send(step)
            while (data := self.connection.data_to_send()) or not self.answered(step):
                if data:
                    expected = self._steps.pop(0)
                    assert expected.sent
                    assert data == expected.data
                self.hear()
            if getattr(step, "name", "") == "STARTTLS":
                self.connection.start_tls_done()
        assert not self._steps
        self.connection.receive_eof()

    def answered(self, step: object) -> bool:
        last = self.responses[-1]
        if getattr(step, "name", "") == "IDLE":
            return isinstance(last, Continuation)
        return not self.connection.pending

    def hear(self) -> None:
        expected = self._steps.pop(0)
        assert not expected.sent
        for piece in self._pieces(expected.data):
            self.connection.receive_data(piece)
            while (response := self.connection.next_event()) is not NEED_DATA:
                self.responses.append(response)

    def all(self, kind: type) -> list[Response]:
        return [response for response in self.responses if isinstance(response, kind)]


def replay(server: str, pieces: Callable[[bytes], Iterator[bytes]] = whole) -> Replay:
    played = Replay(server, pieces)
    played.run()
    return played


@pytest.mark.parametrize("server", SERVERS)
def test_everything_a_server_said_is_understood(server: str) -> None:
    played = replay(server)
    assert isinstance(played.responses[0], Greeting)
    assert not played.all(Malformed)
    assert not played.all(Unknown)
    assert [fetch for fetch in played.all(Fetch) if fetch.broken] == []
    assert played.connection.state is State.LOGOUT


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("pieces", [by_line, by_byte])
def test_pieces_make_no_difference(server: str, pieces: Callable[[bytes], Iterator[bytes]]) -> None:
    assert replay(server, pieces).responses == replay(server).responses


@pytest.mark.parametrize("server", SERVERS)
def test_names_come_back_exactly(server: str) -> None:
    prefix = PREFIX[server]
    listed = {response.name for response in replay(server).all(ListData)}
    assert {prefix + b"with space", prefix + b"Gr&APwA3w-e &- &ZeVnLA-", b"INBOX"} <= listed
    if server != "cyrus-3.6":  # it refuses to make these
        assert {prefix + b'quo"ted', prefix + b"back\\slash"} <= listed


@pytest.mark.parametrize("server", SERVERS)
def test_the_first_fetch_has_every_summary(server: str) -> None:
    first, second, third, fourth = [
        fetch for fetch in replay(server).all(Fetch) if fetch.envelope is not None
    ]
    assert [fetch.uid for fetch in (first, second, third, fourth)] == [1, 2, 3, 4]
    assert first.envelope.subject == b'=?utf-8?q?Gr=C3=BC=C3=9Fe?= "quoted" \\ and {5}'
    assert first.internal_date == second.internal_date == DATE
    assert {"\\Seen", "$Label"} <= first.flags
    assert "\\Flagged" in fourth.flags
    names = [address.mailbox for address in second.envelope.to]
    # Courier marks where a group begins and ends, but does not name it.
    group = (b"", b"") if server == "courier-5.0" else (b"Friends", None)
    assert names == [group[0], b"bob", b"carol", group[1], b"dave"]
    assert fourth.envelope.from_ == ()
    sections = [(part.section, part.content_type) for part in second.body_structure.walk()]
    # The inner message has no MIME-Version: to Courier it is plain text then.
    inside = [("3.1", "text/plain")] if server == "courier-5.0" else INSIDE
    assert sections == [
        ("", "multipart/mixed"),
        ("1", "multipart/alternative"),
        ("1.1", "text/plain"),
        ("1.2", "text/html"),
        ("2", "application/pdf"),
        ("3", "message/rfc822"),
        *inside,
    ]
    assert third.body_structure.content_type == "multipart/mixed"


@pytest.mark.parametrize("server", SERVERS)
def test_sections_have_their_octets(server: str) -> None:
    with_sections = {
        fetch.uid: dict(fetch.sections) for fetch in replay(server).all(Fetch) if fetch.sections
    }
    mixed = with_sections[2]
    assert mixed["HEADER.FIELDS (DATE FROM X-NONE)"].startswith(b"From: ")
    assert mixed["1.MIME"].startswith(b"Content-Type: multipart/alternative")
    assert mixed["TEXT<0>"] == b"--outer\r\nC"
    assert mixed["3.HEADER"].startswith(b"From: bob@example.com\r\n")
    assert not mixed["9.9"]
    assert with_sections[1]["1"].endswith(b"{3}\r\n* 1 FETCH (FLAGS ())\r\n")


def test_dovecot_speaks_qresync() -> None:
    played = replay("dovecot-2.3")
    gone = [(bytes(vanished.uids), vanished.earlier) for vanished in played.all(Vanished)]
    assert gone == [(b"2", False), (b"3", False), (b"2:3", True)]


@pytest.mark.parametrize("server", ["cyrus-3.6", "dovecot-2.3"])
def test_extended_searches(server: str) -> None:
    found, nothing = replay(server).all(ESearchData)
    assert (str(found.all), found.count, found.minimum, found.maximum) == ("1:4", 4, 1, 4)
    assert nothing.all is None
    assert nothing.uid


@pytest.mark.parametrize("server", SERVERS)
def test_searches_and_the_rest(server: str) -> None:
    played = replay(server)
    assert [list(search.numbers) for search in played.all(SearchData)][:2] == [[1, 2, 3, 4], []]
    assert len(played.all(NamespaceData)) == len(played.all(QuotaRootData)) == 1


@pytest.mark.parametrize("server", SERVERS)
def test_the_transcript_has_every_octet_but_the_secrets(server: str) -> None:
    played = replay(server)
    lines = played.transcript.lines()
    text = b"\n".join(line.text for line in lines)
    assert b"wrong" not in text
    assert b"AGFubmEAc2VjcmV0" not in text
    steps = load(FOLDER / f"{server}.txt")
    received = sum(len(step.data) for step in steps if not step.sent)
    assert sum(line.size for line in lines if line.direction.value == "←") == received


@pytest.mark.parametrize("server", SERVERS)
def test_every_command_has_its_exchange(server: str) -> None:
    played = replay(server)
    for completed in played.all(Completed):
        exchange = played.transcript.exchange(server, completed.tag)
        assert exchange.status == completed.status
        assert exchange.milliseconds >= 0
        assert exchange.sent > 0
        assert exchange.received > 0
