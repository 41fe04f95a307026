"""What each command looks like on the wire, and that nothing can be smuggled into one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.wire import commands
from tui_mail.wire.commands import Command, Literal
from tui_mail.wire.framing import Framer, Limits
from tui_mail.wire.imap import ImapConnection
from tui_mail.wire.sasl import LogIn, Plain
from tui_mail.wire.sequence_set import SequenceSet
from tui_mail.wire.tokens import Cursor

UIDS = SequenceSet.parse("1:3,7")


def wire(command: Command, capabilities: bytes = b"LITERAL+ BINARY") -> bytes:
    connection = ImapConnection()
    connection.receive_data(b"* PREAUTH [CAPABILITY " + capabilities + b"] x\r\n")
    connection.next_event()
    connection.send(command)
    return connection.data_to_send()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (commands.capability(), b"CAPABILITY"),
        (commands.noop(), b"NOOP"),
        (commands.logout(), b"LOGOUT"),
        (commands.starttls(), b"STARTTLS"),
        (commands.idle(), b"IDLE"),
        (commands.id_({}), b"ID NIL"),
        (commands.id_({"name": "a", "version": 'b"'}), b'ID ("name" "a" "version" "b\\"")'),
        (commands.enable(["QRESYNC", "X"]), b"ENABLE QRESYNC X"),
        (
            commands.authenticate(Plain(LogIn("u", "p")), initial_response=True),
            b"AUTHENTICATE PLAIN AHUAcA==",
        ),
        (
            commands.authenticate(Plain(LogIn("u", "p")), initial_response=False),
            b"AUTHENTICATE PLAIN",
        ),
        (commands.login("anna", "p"), b'LOGIN anna "p"'),
        (commands.login("anna@x.org", 'a"b\\c'), b'LOGIN anna@x.org "a\\"b\\\\c"'),
        (commands.login("é", "ü"), b"LOGIN {2+}\r\n\xc3\xa9 {2+}\r\n\xc3\xbc"),
        (commands.namespace(), b"NAMESPACE"),
        (commands.list_(b"", b"*"), b'LIST "" "*"'),
        (
            commands.list_(
                b"", b"%", select=("SUBSCRIBED",), return_=("CHILDREN", "STATUS (MESSAGES)")
            ),
            b'LIST (SUBSCRIBED) "" "%" RETURN (CHILDREN STATUS (MESSAGES))',
        ),
        (commands.lsub(b"", b"*"), b'LSUB "" "*"'),
        (commands.status(b"a b", ("MESSAGES", "UNSEEN")), b'STATUS "a b" (MESSAGES UNSEEN)'),
        (commands.select(b"INBOX"), b"SELECT INBOX"),
        (commands.select(b"a", read_only=True, condstore=True), b"EXAMINE a (CONDSTORE)"),
        (commands.select(b"a", qresync=(1, 2, None)), b"SELECT a (QRESYNC (1 2))"),
        (
            commands.select(b"a", condstore=True, qresync=(1, 2, UIDS)),
            b"SELECT a (QRESYNC (1 2 1:3,7))",
        ),
        (commands.fetch(UIDS, ("UID", "FLAGS")), b"UID FETCH 1:3,7 (UID FLAGS)"),
        (commands.fetch(UIDS, ("FAST",), uid=False), b"FETCH 1:3,7 FAST"),
        (
            commands.fetch(UIDS, ("FLAGS",), changed_since=9, vanished=True),
            b"UID FETCH 1:3,7 FLAGS (CHANGEDSINCE 9 VANISHED)",
        ),
        (commands.search("ALL"), b"UID SEARCH ALL"),
        (commands.search(b"ALL", uid=False, return_=()), b"SEARCH RETURN () ALL"),
        (commands.search("ALL", return_=("MIN", "COUNT")), b"UID SEARCH RETURN (MIN COUNT) ALL"),
        (commands.store(UIDS, "+FLAGS", ["\\Seen", "a"]), b"UID STORE 1:3,7 +FLAGS (\\Seen a)"),
        (
            commands.store(UIDS, "FLAGS", [], uid=False, silent=True, unchanged_since=3),
            b"STORE 1:3,7 (UNCHANGEDSINCE 3) FLAGS.SILENT ()",
        ),
        (commands.copy(UIDS, b"a b"), b'UID COPY 1:3,7 "a b"'),
        (commands.move(UIDS, b"a", uid=False), b"MOVE 1:3,7 a"),
        (commands.expunge(), b"EXPUNGE"),
        (commands.expunge(UIDS), b"UID EXPUNGE 1:3,7"),
        (commands.append(b"a", b"x\r\n"), b"APPEND a {3+}\r\nx\r\n"),
        (
            commands.append(b"a", b"x", ["\\Seen"], 0),
            b'APPEND a (\\Seen) " 1-Jan-1970 00:00:00 +0000" {1+}\r\nx',
        ),
        (commands.append(b"a", b"\0"), b"APPEND a ~{1+}\r\n\0"),
        (commands.create(b"a"), b"CREATE a"),
        (commands.create(b"a", "\\Sent"), b"CREATE a (USE (\\Sent))"),
        (commands.delete(b'a"b'), b'DELETE "a\\"b"'),
        (commands.rename(b"a", b"NIL"), b'RENAME a "NIL"'),
        (commands.subscribe(b""), b'SUBSCRIBE ""'),
        (commands.unsubscribe(b"a]"), b"UNSUBSCRIBE a]"),
        (commands.close(), b"CLOSE"),
        (commands.unselect(), b"UNSELECT"),
        (commands.getquotaroot(b"a"), b"GETQUOTAROOT a"),
        (commands.getacl(b"a"), b"GETACL a"),
        (commands.myrights(b"a"), b"MYRIGHTS a"),
        (commands.setacl(b"a", b"bob", "+lr"), b"SETACL a bob +lr"),
        (commands.deleteacl(b"a", b"bob b"), b'DELETEACL a "bob b"'),
        (commands.notify("NONE"), b"NOTIFY NONE"),
    ],
    ids=lambda value: value.name if isinstance(value, Command) else "",
)
def test_command(command: Command, expected: bytes) -> None:
    assert wire(command) == b"A1 " + expected + b"\r\n"


@pytest.mark.parametrize(
    "build",
    [
        lambda: commands.astring(b"a\0b"),
        lambda: commands.string(b"\0"),
        lambda: commands.login("a", "b\0"),
        lambda: commands.authenticate(Plain(LogIn("a\0", "b")), initial_response=True),
        lambda: commands.authenticate(Plain(LogIn("a", "b\0")), initial_response=False),
        lambda: commands.enable(["A\r\nB"]),
        lambda: commands.list_(b"", b"*", return_=["A\r\nB"]),
        lambda: commands.status(b"a", ["X\n"]),
        lambda: commands.fetch(UIDS, ["FLAGS\r\nA2 LOGOUT"]),
        lambda: commands.fetch(SequenceSet(), ["FLAGS"]),
        lambda: commands.search("ALL\r"),
        lambda: commands.search("SUBJECT é"),
        lambda: commands.search(b"\xff"),
        lambda: commands.store(UIDS, "+FLAGS", ["a b"]),
        lambda: commands.store(UIDS, "+FLAGS", ["a)"]),
        lambda: commands.store(UIDS, "+FLAGS", ["a\n"]),
        lambda: commands.store(UIDS, "+FLAGS", ["é"]),
        lambda: commands.store(UIDS, "+FLAGS", [""]),
        lambda: commands.store(UIDS, "FLAGS\r\n", []),  # type: ignore[arg-type]
        lambda: commands.create(b"a", "\\Sent)"),
        lambda: commands.notify("NONE\n"),
    ],
)
def test_what_cannot_be_sent_is_refused(build: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        build()


@pytest.mark.parametrize("name", [b"a\r\nA2 LOGOUT", b"a\n", b"\xff", b"x" * 901], ids=repr)
def test_what_quotes_cannot_hold_goes_as_a_literal(name: bytes) -> None:
    assert commands.astring(name) == Literal(name)
    assert wire(commands.select(name)) == b"A1 SELECT {%d+}\r\n%b\r\n" % (len(name), name)


@given(st.binary(max_size=60).filter(lambda value: b"\0" not in value))
def test_an_astring_is_read_back_as_it_was(value: bytes) -> None:
    sent = wire(Command("X", (b" ", commands.astring(value))))
    framer = Framer(Limits())
    framer.feed(sent.removeprefix(b"A1 X "))
    raw = framer.take()
    assert raw is not None
    cursor = Cursor(raw.text, raw.literals)
    assert cursor.value() == value
    assert cursor.at_end()
    assert framer.take() is None


def test_nothing_shows_a_secret_by_accident() -> None:
    for command in (
        commands.login("anna", "hunter2"),
        commands.login("anna", "hünter2"),
        commands.authenticate(Plain(LogIn("anna", "hunter2")), initial_response=True),
        commands.authenticate(Plain(LogIn("anna", "hunter2")), initial_response=False),
    ):
        shown = repr(command)
        assert "unter2" not in shown
        assert "aHVudGVyMg" not in shown
        assert "h\\xc3" not in shown
    assert "text" not in repr(commands.append(b"a", b"text"))
