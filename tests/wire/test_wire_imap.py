"""The connection: states, tags, and when which bytes may go out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.errors import ProtocolError
from tui_mail.wire import commands
from tui_mail.wire.commands import Command
from tui_mail.wire.framing import Limits
from tui_mail.wire.imap import NEED_DATA, ImapConnection, State
from tui_mail.wire.responses import (
    Completed,
    Continuation,
    Exists,
    Greeting,
    Malformed,
    Response,
    Unknown,
)
from tui_mail.wire.sasl import LogIn, Plain
from tui_mail.wire.sequence_set import SequenceSet
from tui_mail.wire.transcript import Transcript

LITERAL = commands.select(b"\xff\xfe")


def hear(connection: ImapConnection, data: bytes) -> list[Response]:
    connection.receive_data(data)
    found = []
    while (response := connection.next_event()) is not NEED_DATA:
        found.append(response)
    return found


def greeted(
    greeting: bytes = b"* OK x\r\n", transcript: Transcript | None = None
) -> ImapConnection:
    connection = ImapConnection(transcript.recorder("work/1") if transcript else None)
    hear(connection, greeting)
    return connection


def run(connection: ImapConnection, command: Command, answer: str) -> None:
    tag = connection.send(command)
    connection.data_to_send()
    hear(connection, f"{tag} {answer}\r\n".encode())


# the greeting


@pytest.mark.parametrize(
    ("line", "state"),
    [
        (b"* OK x\r\n", State.NOT_AUTHENTICATED),
        (b"* PREAUTH x\r\n", State.AUTHENTICATED),
        (b"* BYE x\r\n", State.LOGOUT),
    ],
)
def test_the_greeting_decides_the_first_state(line: bytes, state: State) -> None:
    connection = ImapConnection()
    assert connection.state is State.GREETING
    assert connection.next_event() is NEED_DATA
    (greeting,) = hear(connection, line)
    assert isinstance(greeting, Greeting)
    assert connection.greeting is greeting
    assert connection.state is state


@pytest.mark.parametrize(
    "line",
    [
        b"220 smtp.example.org ESMTP\r\n",
        b"+OK pop\r\n",
        b"\x15\x03\x01\n",
        b"* NO x\r\n",
        b"* 1 EXISTS\r\n",
    ],
)
def test_what_is_not_imap(line: bytes) -> None:
    with pytest.raises(ProtocolError, match="not an IMAP server"):
        hear(ImapConnection(), line)


# states


def test_states_of_a_session() -> None:
    connection = greeted()
    run(connection, commands.login("a", "b"), "NO x")
    assert connection.state is State.NOT_AUTHENTICATED
    run(connection, commands.login("a", "b"), "OK x")
    assert connection.state is State.AUTHENTICATED
    run(connection, commands.select(b"one"), "OK [READ-WRITE] x")
    assert (connection.state, connection.selected) == (State.SELECTED, b"one")
    run(connection, commands.select(b"two"), "BAD x")
    assert (connection.state, connection.selected) == (State.SELECTED, b"one")
    run(connection, commands.select(b"two", read_only=True), "OK x")
    assert (connection.state, connection.selected) == (State.SELECTED, b"two")
    run(connection, commands.select(b"three"), "NO x")
    assert (connection.state, connection.selected) == (State.AUTHENTICATED, None)
    for leave in (commands.close(), commands.unselect()):
        run(connection, commands.select(b"one"), "OK x")
        run(connection, leave, "OK x")
        assert (connection.state, connection.selected) == (State.AUTHENTICATED, None)
    connection.send(commands.logout())
    connection.data_to_send()
    hear(connection, b"* BYE x\r\n")
    assert connection.state is State.LOGOUT


def test_pipelined_commands_are_answered_in_any_order() -> None:
    connection = greeted(b"* PREAUTH x\r\n")
    first, second = (connection.send(command) for command in (commands.noop(), commands.close()))
    assert connection.pending == {}
    assert connection.data_to_send() == b"A1 NOOP\r\nA2 CLOSE\r\n"
    assert list(connection.pending) == [first, second]
    found = hear(connection, b"A2 OK x\r\n* 3 EXISTS\r\nA1 OK y\r\n")
    assert found == [
        Completed("A2", "OK", None, "x"),
        Exists(3),
        Completed("A1", "OK", None, "y"),
    ]
    assert connection.pending == {}


def test_answers_that_nobody_waits_for() -> None:
    connection = greeted()
    assert hear(connection, b"A1 OK x\r\n") == [Unknown("A1", b"A1 OK x")]
    connection.send(commands.login("a", "b"))
    # not sent yet, so this is no answer to it
    assert hear(connection, b"A1 OK x\r\n") == [Unknown("A1", b"A1 OK x")]
    assert connection.state is State.NOT_AUTHENTICATED
    connection.data_to_send()
    assert hear(connection, b"A1 OK x\r\nA1 OK x\r\n")[1:] == [Unknown("A1", b"A1 OK x")]


def test_a_malformed_response_does_not_end_the_stream() -> None:
    connection = greeted(b"* PREAUTH x\r\n")
    found = hear(connection, b"* LIST oops\r\n* 3 EXISTS\r\n")
    assert isinstance(found[0], Malformed)
    assert found[1] == Exists(3)


def test_a_broken_limit_ends_it() -> None:
    connection = ImapConnection(limits=Limits(line=100))
    with pytest.raises(ProtocolError):
        hear(connection, b"* OK " + b"x" * 200)


# capabilities


def test_capabilities_are_those_told_last() -> None:
    connection = greeted(b"* OK [CAPABILITY IMAP4rev1 a] x\r\n")
    assert connection.capabilities == {"IMAP4REV1", "A"}
    hear(connection, b"* CAPABILITY b\r\n")
    assert connection.capabilities == {"B"}
    run(connection, commands.login("a", "b"), "OK [CAPABILITY c] x")
    assert connection.capabilities == {"C"}
    hear(connection, b"* OK [CAPABILITY d] x\r\n* OK [ALERT] x\r\n")
    assert connection.capabilities == {"D"}


# literals


def test_a_literal_waits_for_the_server() -> None:
    connection = greeted(b"* PREAUTH x\r\n")
    connection.send(LITERAL)
    connection.send(commands.noop())
    assert connection.data_to_send() == b"A1 SELECT {2}\r\n"
    assert connection.data_to_send() == b""
    assert hear(connection, b"+ go\r\n") == [Continuation(b"go")]
    assert connection.data_to_send() == b"\xff\xfe\r\nA2 NOOP\r\n"


def test_two_literals_wait_twice() -> None:
    connection = greeted()
    connection.send(commands.login("\u00e9", "\u00fc"))
    assert connection.data_to_send() == b"A1 LOGIN {2}\r\n"
    hear(connection, b"+\r\n")
    assert connection.data_to_send() == b"\xc3\xa9 {2}\r\n"
    hear(connection, b"+\r\n")
    assert connection.data_to_send() == b"\xc3\xbc\r\n"


def test_a_refused_literal_is_not_sent() -> None:
    connection = greeted(b"* PREAUTH x\r\n")
    connection.send(commands.append(b"a", b"long"))
    connection.send(commands.noop())
    assert connection.data_to_send() == b"A1 APPEND a {4}\r\n"
    hear(connection, b"A1 NO [TRYCREATE] x\r\n")
    assert connection.data_to_send() == b"A2 NOOP\r\n"


def test_an_earlier_answer_does_not_release_a_literal() -> None:
    connection = greeted(b"* PREAUTH x\r\n")
    connection.send(commands.noop())
    connection.send(LITERAL)
    assert connection.data_to_send() == b"A1 NOOP\r\nA2 SELECT {2}\r\n"
    hear(connection, b"A1 OK x\r\n")
    assert connection.data_to_send() == b""
    hear(connection, b"+ x\r\n")
    assert connection.data_to_send() == b"\xff\xfe\r\n"


@pytest.mark.parametrize(
    ("offered", "size", "mark"),
    [
        ("LITERAL+", 2, b"+"),
        ("LITERAL+", 5000, b"+"),
        ("LITERAL-", 4096, b"+"),
        ("LITERAL-", 4097, b""),
        ("IMAP4rev2", 4096, b"+"),
        ("IMAP4rev1", 2, b""),
    ],
)
def test_literals_that_need_not_wait(offered: str, size: int, mark: bytes) -> None:
    connection = greeted(f"* PREAUTH [CAPABILITY {offered}] x\r\n".encode())
    connection.send(commands.append(b"a", b"x" * size))
    begins = b"A1 APPEND a {%d%b}\r\n" % (size, mark)
    assert connection.data_to_send() == begins + (b"x" * size + b"\r\n" if mark else b"")


def test_literal8_only_where_the_server_takes_it() -> None:
    connection = greeted(b"* PREAUTH [CAPABILITY LITERAL+] x\r\n")
    connection.send(commands.append(b"a", b"\0"))
    assert connection.data_to_send() == b"A1 APPEND a {1+}\r\n\0\r\n"


# AUTHENTICATE


def test_authenticate_by_continuation() -> None:
    connection = greeted()
    connection.send(commands.authenticate(Plain(LogIn("u", "p")), initial_response=False))
    connection.send(commands.noop())
    assert connection.data_to_send() == b"A1 AUTHENTICATE PLAIN\r\n"
    hear(connection, b"+ \r\n")
    assert connection.data_to_send() == b"AHUAcA==\r\n"
    hear(connection, b"A1 OK x\r\n")
    assert connection.state is State.AUTHENTICATED
    assert connection.data_to_send() == b"A2 NOOP\r\n"


def test_asked_twice_before_anything_was_sent() -> None:
    connection = greeted()
    connection.send(commands.authenticate(Plain(LogIn("u", "p")), initial_response=False))
    connection.data_to_send()
    hear(connection, b"+ \r\n+ \r\n")
    assert connection.data_to_send() == b"AHUAcA==\r\n"


@pytest.mark.parametrize("initial_response", [True, False])
def test_authenticate_does_not_answer_more_than_it_has_to_say(initial_response: bool) -> None:
    connection = greeted()
    connection.send(
        commands.authenticate(Plain(LogIn("u", "p")), initial_response=initial_response)
    )
    connection.data_to_send()
    if not initial_response:
        hear(connection, b"+ \r\n")
        connection.data_to_send()
    hear(connection, b"+ bW9yZQ==\r\n")
    assert connection.data_to_send() == b"*\r\n"
    hear(connection, b"A1 BAD x\r\n")
    assert connection.state is State.NOT_AUTHENTICATED


def test_authenticate_refused_before_it_was_asked_for() -> None:
    connection = greeted()
    connection.send(commands.authenticate(Plain(LogIn("u", "p")), initial_response=False))
    connection.send(commands.noop())
    connection.data_to_send()
    hear(connection, b"+ \r\nA1 NO x\r\n")
    assert connection.data_to_send() == b"A2 NOOP\r\n"
    hear(connection, b"+ \r\n")
    assert connection.data_to_send() == b""


# IDLE


def idling() -> ImapConnection:
    connection = greeted(b"* PREAUTH x\r\n")
    connection.send(commands.idle())
    assert connection.data_to_send() == b"A1 IDLE\r\n"
    return connection


def test_idle_and_a_command_right_behind_done() -> None:
    connection = idling()
    connection.send(commands.noop())
    assert connection.data_to_send() == b""
    hear(connection, b"+ idling\r\n* 4 EXISTS\r\n")
    assert connection.data_to_send() == b""
    connection.idle_done()
    connection.idle_done()
    assert connection.data_to_send() == b"DONE\r\nA2 NOOP\r\n"
    connection.idle_done()
    assert connection.data_to_send() == b""
    assert hear(connection, b"A1 OK x\r\nA2 OK x\r\n") != []
    assert connection.pending == {}


def test_done_before_the_server_says_that_it_idles() -> None:
    connection = idling()
    connection.idle_done()
    assert connection.data_to_send() == b""
    hear(connection, b"+ idling\r\n")
    assert connection.data_to_send() == b"DONE\r\n"


def test_idle_refused() -> None:
    connection = idling()
    connection.idle_done()
    connection.send(commands.noop())
    hear(connection, b"A1 BAD x\r\n")
    assert connection.data_to_send() == b"A2 NOOP\r\n"


def test_idle_ended_by_the_server() -> None:
    connection = idling()
    hear(connection, b"+ idling\r\nA1 OK x\r\n")
    connection.idle_done()
    connection.send(commands.noop())
    assert connection.data_to_send() == b"A2 NOOP\r\n"


def test_done_for_an_idle_that_is_still_queued() -> None:
    connection = greeted(b"* PREAUTH x\r\n")
    connection.send(LITERAL)
    connection.send(commands.idle())
    connection.send(commands.noop())
    connection.idle_done()
    assert connection.data_to_send() == b"A1 SELECT {2}\r\n"
    hear(connection, b"+ x\r\n")
    assert connection.data_to_send() == b"\xff\xfe\r\nA2 IDLE\r\n"
    hear(connection, b"+ x\r\n")
    assert connection.data_to_send() == b"DONE\r\nA3 NOOP\r\n"


def test_idle_again() -> None:
    connection = idling()
    hear(connection, b"+ x\r\n")
    connection.idle_done()
    connection.send(commands.idle())
    assert connection.data_to_send() == b"DONE\r\nA2 IDLE\r\n"
    hear(connection, b"A1 OK x\r\n+ x\r\n")
    connection.idle_done()
    assert connection.data_to_send() == b"DONE\r\n"


def test_done_without_idle_is_nothing() -> None:
    connection = greeted()
    connection.idle_done()
    assert connection.data_to_send() == b""


# STARTTLS


def test_plain_text_behind_starttls_is_dropped() -> None:
    connection = greeted(b"* OK [CAPABILITY STARTTLS] x\r\n")
    connection.send(commands.starttls())
    connection.send(commands.capability())
    assert connection.data_to_send() == b"A1 STARTTLS\r\n"
    found = hear(connection, b"A1 OK x\r\n* CAPABILITY EVIL\r\nA2 OK x\r\n* half")
    assert found == [Completed("A1", "OK", None, "x")]
    assert connection.data_to_send() == b""
    assert hear(connection, b"* CAPABILITY EVIL2\r\n") == []
    connection.start_tls_done()
    assert connection.capabilities == frozenset()
    assert connection.next_event() is NEED_DATA
    assert connection.data_to_send() == b"A2 CAPABILITY\r\n"
    hear(connection, b"* CAPABILITY GOOD\r\n")
    assert connection.capabilities == {"GOOD"}


def test_starttls_refused() -> None:
    connection = greeted(b"* OK [CAPABILITY STARTTLS] x\r\n")
    connection.send(commands.starttls())
    connection.send(commands.noop())
    connection.data_to_send()
    assert len(hear(connection, b"A1 NO x\r\n* 1 EXISTS\r\n")) == 2
    assert connection.data_to_send() == b"A2 NOOP\r\n"
    assert connection.capabilities == {"STARTTLS"}


# the end


def test_after_the_end_nothing_is_sent_or_heard() -> None:
    connection = greeted()
    connection.send(commands.noop())
    connection.data_to_send()
    connection.send(commands.noop())
    connection.receive_data(b"* 1 EXI")
    connection.receive_eof()
    assert connection.state is State.LOGOUT
    assert connection.data_to_send() == b""
    assert connection.pending == {}
    assert hear(connection, b"STS\r\n") == []
    with pytest.raises(ProtocolError, match="ended"):
        connection.send(commands.noop())


# secrets


@pytest.mark.parametrize(
    "command",
    [
        commands.login("anna", 'hun"ter2'),
        commands.authenticate(Plain(LogIn("anna", 'hun"ter2')), initial_response=True),
        commands.authenticate(Plain(LogIn("anna", 'hun"ter2')), initial_response=False),
        commands.login("anna", 'hun"ter2\u00e9'),
    ],
)
@pytest.mark.parametrize("offered", [b"LITERAL+", b"x"])
def test_secrets_are_masked_at_the_source(command: Command, offered: bytes) -> None:
    transcript = Transcript()
    connection = greeted(b"* OK [CAPABILITY " + offered + b"] x\r\n", transcript)
    connection.send(command)
    sent = connection.data_to_send()
    hear(connection, b"+ \r\n")
    sent += connection.data_to_send()
    repeated = sent.replace(b"\r\n", b" ") + b"\r\n"
    answers = hear(connection, b"* BAD you said: " + repeated)
    answers += hear(connection, b"* HUH " + repeated + b"* 1 EXISTS " + repeated)
    answers += hear(connection, b"A1 NO not " + repeated)
    assert len(answers) == 4
    everything = repr((transcript.lines(), answers, transcript.export(transcript.lines())))
    for secret in ("ter2", "AGFubmEAaHVu"):
        assert secret not in everything


def test_the_length_of_a_secret_is_not_told_either() -> None:
    sizes = []
    for password in ("a", "a much longer one", "\u00e9", "\u00e9" * 99):
        transcript = Transcript()
        connection = greeted(b"* OK [CAPABILITY LITERAL+] x\r\n", transcript)
        connection.send(commands.login("anna", password))
        connection.data_to_send()
        sizes.append((transcript.lines()[-1].text[-6:], transcript.lines()[-1].size))
    assert sizes[0] == sizes[1]
    assert sizes[2] == sizes[3]


# anything at all

octets = st.binary(max_size=60) | st.sampled_from(
    [
        b"* OK x\r\n",
        b"A1 OK x\r\n",
        b"A2 NO x\r\n",
        b"A3 BAD x\r\n",
        b"+ x\r\n",
        b"* 1 FETCH (",
        b"{3}\r\n",
        b'BODY[] {2}\r\nab ENVELOPE ("',
        b"* BYE\r\n",
        b"* CAPABILITY LITERAL+\r\n",
        b"* LIST () ",
        b"\r\n",
        b")",
        b'"',
    ]
)
actions = st.sampled_from(
    [
        commands.noop(),
        commands.idle(),
        commands.starttls(),
        commands.login("a", "\u00e9"),
        commands.authenticate(Plain(LogIn("a", "b")), initial_response=False),
        commands.append(b"a", b"b"),
        commands.fetch(SequenceSet.between(1), ("ALL",)),
        "done",
        "tls",
    ]
)


@given(st.lists(octets | actions, max_size=30))
def test_anything_ends_in_responses_or_a_clean_error(steps: list[bytes | Command | str]) -> None:
    transcript = Transcript()
    connection = greeted(transcript=transcript)
    sent = b""
    try:
        for step in steps:
            if isinstance(step, bytes):
                hear(connection, step)
            elif step == "done":
                connection.idle_done()
            elif step == "tls":
                connection.start_tls_done()
            else:
                assert isinstance(step, Command)
                connection.send(step)
            sent += connection.data_to_send()
    except ProtocolError:
        return
    lines = [line for line in transcript.lines() if line.direction.value == "\u2192"]
    assert sum(line.text.startswith(b"A") for line in lines) == len({line.tag for line in lines})
    connection.receive_eof()
    assert connection.data_to_send() == b""


@given(st.lists(octets, max_size=20))
def test_anything_as_a_greeting(pieces: list[bytes]) -> None:
    connection = ImapConnection(limits=Limits(line=200, literal=100))
    try:
        for piece in pieces:
            hear(connection, piece)
    except ProtocolError as error:
        assert error.title
    else:
        assert isinstance(connection.greeting, Greeting | None)
