"""A session to show: a real ``ImapConnection`` speaks with answers written down here."""

from __future__ import annotations

from collections.abc import Sequence

from tui_mail.wire import commands
from tui_mail.wire.commands import Command
from tui_mail.wire.imap import NEED_DATA, ImapConnection
from tui_mail.wire.sasl import LogIn, Plain
from tui_mail.wire.sequence_set import SequenceSet
from tui_mail.wire.transcript import Transcript

TEXT = (
    b"Hello Anna,\r\n\r\nthe minutes are attached. See you on Thursday:\r\n"
    b"https://example.org/agenda\r\n\r\n-- \r\nBen\r\n"
)


class Conversation:
    """One connection: ``say`` sends a command and feeds its answer, ``TAG`` in it replaced."""

    def __init__(self, transcript: Transcript, name: str = "work/1") -> None:
        self.recorder = transcript.recorder(name)
        self.connection = ImapConnection(self.recorder)

    def hear(self, data: bytes) -> None:
        self.connection.receive_data(data)
        while self.connection.next_event() is not NEED_DATA:
            pass

    def start(self, command: Command, origin: str = "") -> str:
        tag = self.connection.send(command, origin=origin)
        self.connection.data_to_send()
        return tag

    def say(self, command: Command, answer: bytes, origin: str = "") -> str:
        tag = self.start(command, origin)
        self.hear(answer.replace(b"TAG", tag.encode()))
        return tag


def fetch_text(talk: Conversation, uid: int, text: bytes = TEXT) -> str:
    items = ("UID", "BODY.PEEK[1]")
    answer = b"* %d FETCH (UID %d BODY[1] {%d}\r\n%b)\r\nTAG OK Fetch completed.\r\n"
    return talk.say(
        commands.fetch(SequenceSet.from_numbers([uid]), items),
        answer % (uid, uid, len(text), text),
        "open message",
    )


def session(transcript: Transcript, name: str = "work/1") -> Conversation:
    """Greeting, login, SELECT, two FETCHes and a command that is refused."""
    talk = Conversation(transcript, name)
    transcript.note(name, "TLS 1.3, mail.example.org")
    talk.hear(b"* OK [CAPABILITY IMAP4rev1 SASL-IR ID ENABLE IDLE LITERAL+ AUTH=PLAIN] Ready.\r\n")
    talk.say(
        commands.authenticate(
            Plain(LogIn("anna@example.org", "correct horse")), initial_response=True
        ),
        b"* CAPABILITY IMAP4rev1 ENABLE IDLE CONDSTORE QRESYNC MOVE UIDPLUS LIST-STATUS\r\n"
        b"TAG OK Logged in\r\n",
        "log in",
    )
    talk.say(
        commands.select(b"INBOX"),
        b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded)\r\n"
        b"* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Kept.\r\n"
        b"* 231 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 1731000000] UIDs valid\r\n"
        b"* OK [UIDNEXT 412] Predicted next UID\r\n"
        b"TAG OK [READ-WRITE] Select completed (0.002 + 0.000 secs).\r\n",
        "open mailbox",
    )
    talk.say(
        commands.fetch(SequenceSet.from_numbers([231]), ("UID", "FLAGS", "ENVELOPE")),
        b'* 231 FETCH (UID 411 FLAGS (\\Seen) ENVELOPE ("Thu, 12 Nov 2026 10:00:00 +0100" '
        b'"Minutes of the meeting" (("Ben Example" NIL "ben" "example.org")) NIL NIL '
        b'((NIL NIL "anna" "example.org")) NIL NIL NIL "<a1@example.org>"))\r\n'
        b"TAG OK Fetch completed.\r\n",
        "newest messages",
    )
    fetch_text(talk, 231)
    talk.say(
        commands.status(b"Lists/secret", ("MESSAGES", "UNSEEN")),
        b"TAG NO [NOPERM] Permission denied\r\n",
        "figures of folders",
    )
    return talk


def shown_texts(strips: Sequence[object]) -> list[str]:
    return [getattr(strip, "text", "").rstrip() for strip in strips]
