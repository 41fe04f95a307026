"""The transcript: bounded, numbered, cheap, and readable while it is written."""

from __future__ import annotations

import threading

from tui_mail.wire import commands
from tui_mail.wire.imap import NEED_DATA, ImapConnection
from tui_mail.wire.transcript import MASK, Direction, Recorder, Transcript


def write(recorder: Recorder, count: int, text: bytes = b"x") -> None:
    for _ in range(count):
        recorder.received("", text, (), len(text))


def connected(transcript: Transcript, greeting: bytes = b"* PREAUTH hello\r\n") -> ImapConnection:
    connection = ImapConnection(transcript.recorder("work/1"))
    hear(connection, greeting)
    return connection


def hear(connection: ImapConnection, data: bytes) -> None:
    connection.receive_data(data)
    while connection.next_event() is not NEED_DATA:
        pass


def shown(transcript: Transcript) -> list[tuple[str, bytes]]:
    return [(line.direction.value, line.text) for line in transcript.lines()]


def test_lines_of_a_session_in_order() -> None:
    transcript = Transcript()
    connection = connected(transcript)
    connection.send(commands.append(b"a", b"secret text"), origin="send")
    connection.data_to_send()
    hear(connection, b"+ go\r\n")
    connection.data_to_send()
    hear(connection, b"* 1 FETCH (BODY[] {3}\r\na\r\n FLAGS ())\r\nA1 OK done\r\n")
    transcript.note("work/1", "closed")
    assert shown(transcript) == [
        ("←", b"* PREAUTH hello"),
        ("→", b"A1 APPEND a {11}"),
        ("←", b"+ go"),
        ("→", b"{11}"),
        ("←", b"* 1 FETCH (BODY[] {3} FLAGS ())"),
        ("←", b"A1 OK done"),
        ("·", b"closed"),
    ]
    lines = transcript.lines()
    assert [line.number for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    assert [line.tag for line in lines] == ["", "A1", "A1", "A1", "A1", "A1", ""]
    assert [line.literals for line in lines[1:5]] == [(), (), (b"secret text",), (b"a\r\n",)]
    assert [line.size for line in lines] == [17, 18, 6, 13, 38, 12, 0]
    assert {line.connection for line in lines} == {"work/1"}


def test_the_command_awaited_longest_is_told_until_its_connection_is_another() -> None:
    transcript = Transcript()
    recorder = transcript.recorder("work/2")
    recorder.sent("A1", "IDLE", "watch", b"A1 IDLE", (), 9)
    assert transcript.awaited() is None
    recorder = transcript.recorder("work/1")
    for tag, name in (("A1", "UID FETCH"), ("A2", "NOOP")):
        recorder.sent(tag, name, "open message", b"", (), 9)
    awaited = transcript.awaited()
    assert awaited is not None and awaited[0] == "UID FETCH" and awaited[1] >= 0
    recorder.completed("A1", "OK")
    awaited = transcript.awaited()
    assert awaited is not None and awaited[0] == "NOOP"
    transcript.recorder("work/1")
    assert transcript.awaited() is None


def test_an_exchange_counts_what_belongs_to_it() -> None:
    transcript = Transcript()
    connection = connected(transcript)
    assert transcript.last_exchange is None
    connection.send(commands.noop(), origin="check mail")
    connection.data_to_send()
    running = transcript.exchange("work/1", "A1")
    assert running is not None
    assert (running.finished, running.status, running.milliseconds) == (None, None, None)
    hear(connection, b"* 3 EXISTS\r\nA1 NO x\r\n* 4 EXISTS\r\n")
    done = transcript.exchange("work/1", "A1")
    assert done is not None
    assert done == transcript.last_exchange
    assert (done.name, done.origin, done.status) == ("NOOP", "check mail", "NO")
    assert (done.sent, done.received) == (9, 21)
    assert done.milliseconds is not None
    assert done.milliseconds >= 0
    assert transcript.exchange("work/1", "A2") is None
    assert transcript.exchange("work/2", "A1") is None


def test_connections_with_the_same_tags_are_kept_apart() -> None:
    transcript = Transcript()
    for name in ("work/1", "work/2"):
        connection = ImapConnection(transcript.recorder(name))
        hear(connection, b"* PREAUTH x\r\n")
        connection.send(commands.noop(), origin=name)
        connection.data_to_send()
    first, second = (transcript.exchange(name, "A1") for name in ("work/1", "work/2"))
    assert first is not None and second is not None
    assert (first.origin, second.origin) == ("work/1", "work/2")


def test_a_connection_made_again_does_not_reuse_tags() -> None:
    transcript = Transcript()
    for origin in ("first", "second"):
        connection = connected(transcript)
        connection.send(commands.noop(), origin=origin)
        connection.data_to_send()
    origins = [
        exchange.origin
        for line in transcript.lines()
        if (exchange := transcript.exchange(line.connection, line.tag)) is not None
    ]
    assert origins == ["first", "second"]


def test_literals_that_do_not_wait_are_in_their_line() -> None:
    transcript = Transcript()
    connection = connected(transcript, b"* PREAUTH [CAPABILITY LITERAL+] x\r\n")
    connection.send(commands.login("\u00e9", "\u00fc"))
    connection.data_to_send()
    line = transcript.lines()[-1]
    assert line.text == b"A1 LOGIN {2+} {*+}"
    assert line.literals == (b"\xc3\xa9", None)


def test_secrets_are_masked() -> None:
    transcript = Transcript()
    connection = connected(transcript)
    connection.send(commands.login("anna", "hunter2"))
    connection.data_to_send()
    assert transcript.lines()[-1].text == b"A1 LOGIN anna " + MASK


def test_the_number_of_lines_is_bounded() -> None:
    transcript = Transcript(max_lines=10)
    write(transcript.recorder("a"), 25)
    assert [line.number for line in transcript.lines()] == list(range(16, 26))
    assert (transcript.first_number, transcript.last_number) == (16, 25)
    assert [line.number for line in transcript.lines(after=23)] == [24, 25]
    assert transcript.lines(after=25) == []


def test_octets_are_bounded() -> None:
    transcript = Transcript(max_bytes=10_000)
    write(transcript.recorder("a"), 100, b"x" * 1000)
    assert 5 <= len(transcript.lines()) <= 10
    transcript.recorder("a").received("", b"x" * 50_000, (), 50_000)
    assert [len(line.text) for line in transcript.lines()] == [50_000]
    write(transcript.recorder("a"), 1)
    assert [line.number for line in transcript.lines()] == [102]


def test_one_line_is_bounded() -> None:
    transcript = Transcript()
    huge = b"x" * 1_000_000
    transcript.recorder("a").received("", huge, (huge, None, *[huge] * 9), 11_000_000)
    (line,) = transcript.lines()
    assert len(line.text) == 65536
    assert [len(data) for data in line.literals if data is not None] == [65536] * 4 + [0] * 6
    assert line.literals[1] is None
    assert line.size == 11_000_000


def test_exchanges_are_bounded() -> None:
    transcript = Transcript(max_lines=10)
    connection = connected(transcript)
    for _ in range(30):
        connection.send(commands.noop())
    connection.data_to_send()
    known = [number for number in range(1, 31) if transcript.exchange("work/1", f"A{number}")]
    assert known == list(range(21, 31))
    hear(connection, b"A1 OK x\r\n")  # its exchange is gone: nothing to complete
    assert transcript.last_exchange is None


def test_clear_hides_what_was() -> None:
    transcript = Transcript(max_lines=10)
    recorder = transcript.recorder("a")
    write(recorder, 5)
    transcript.clear()
    assert transcript.lines() == []
    assert transcript.first_number > transcript.last_number
    write(recorder, 2)
    assert [line.number for line in transcript.lines()] == [6, 7]
    assert transcript.first_number == 6


def test_the_listener_is_called_while_it_is_set() -> None:
    transcript = Transcript()
    recorder = transcript.recorder("a")
    heard: list[int] = []
    write(recorder, 1)
    transcript.listener = lambda: heard.append(transcript.last_number)
    write(recorder, 2)
    transcript.listener = None
    write(recorder, 1)
    assert heard == [2, 3]


def test_lines_of_other_protocols() -> None:
    transcript = Transcript()
    recorder = transcript.recorder("work/smtp")
    recorder.line(Direction.SENT, b"EHLO x")
    recorder.note("TLS 1.3")
    assert shown(transcript) == [("→", b"EHLO x"), ("·", b"TLS 1.3")]
    assert transcript.lines()[0].size == 8


def test_export_has_no_control_characters() -> None:
    transcript = Transcript()
    recorder = transcript.recorder("work/1")
    recorder.received("", b"* OK \x1b[31m\xff \xc2\x9b \xe2\x80\xae\xc3\xa9\n", (), 1)
    (line,) = transcript.export(transcript.lines()).splitlines()
    stamp, connection, arrow, text = line.split(" ", 3)
    assert stamp.endswith("Z")
    assert (connection, arrow) == ("work/1", "←")
    assert text == "* OK \\x1b[31m\\xff \\x9b \\u202eé\\n"


def test_readers_and_a_writer_do_not_disturb_each_other() -> None:
    transcript = Transcript(max_lines=50)
    recorder = transcript.recorder("a")
    done = threading.Event()
    problems: list[object] = []

    def read() -> None:
        after = 0
        while not done.is_set():
            numbers = [line.number for line in transcript.lines(after)]
            if numbers != sorted(set(numbers)) or any(number <= after for number in numbers):
                problems.append(numbers)
            after = numbers[-1] if numbers else after

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    write(recorder, 20_000)
    done.set()
    for reader in readers:
        reader.join()
    assert problems == []
    assert transcript.last_number == 20_000
