"""What the embedded server answers, read by our own parser: nothing of it is malformed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tui_mail.demo.server import PASSWORD, USER
from tui_mail.demo.thread import demo_in_thread
from tui_mail.wire import commands
from tui_mail.wire.commands import Command
from tui_mail.wire.imap import NEED_DATA, ImapConnection
from tui_mail.wire.responses import Completed, Fetch, ListData, Malformed, Response, Unknown
from tui_mail.wire.sequence_set import SequenceSet

NOW = datetime(2024, 5, 14, 10, 30, tzinfo=UTC)


class Talk:
    """One connection, spoken to command by command."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.connection = ImapConnection()

    def run(self, command: Command) -> list[Response]:
        tag = self.connection.send(command)
        responses: list[Response] = []
        while True:
            self.socket.sendall(self.connection.data_to_send())
            event = self.connection.next_event()
            if event is NEED_DATA:
                data = self.socket.recv(65536)
                assert data
                self.connection.receive_data(data)
                continue
            assert not isinstance(event, Malformed | Unknown), event
            responses.append(event)
            if isinstance(event, Completed) and event.tag == tag:
                assert event.status == "OK", event
                return responses


@pytest.fixture(scope="module")
def talk() -> Iterator[Talk]:
    with demo_in_thread(NOW) as config:
        talk = Talk(config.accounts[0].imap.port)
        with talk.socket:
            talk.run(commands.login(USER, PASSWORD))
            yield talk


def test_every_mailbox_and_message_parses(talk: Talk) -> None:
    found = [data for data in talk.run(commands.list_(b"", b"*")) if isinstance(data, ListData)]
    assert len(found) == 18
    total = 0
    for mailbox in found:
        if "\\Noselect" in mailbox.attributes:
            continue
        talk.run(commands.status(mailbox.name, ("MESSAGES", "UNSEEN", "UIDNEXT", "UIDVALIDITY")))
        talk.run(commands.select(mailbox.name, read_only=True))
        items = ("UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE")
        for response in talk.run(commands.fetch(SequenceSet.parse("1:*"), items)):
            if isinstance(response, Fetch):
                assert response.envelope is not None
                assert response.body_structure is not None
                total += 1
    assert total > 250


def test_every_part_named_by_the_structure_can_be_fetched(talk: Talk) -> None:
    talk.run(commands.select(b"INBOX", read_only=True))
    fetched = talk.run(commands.fetch(SequenceSet.parse("1:*"), ("UID", "BODYSTRUCTURE")))
    messages = [response for response in fetched if isinstance(response, Fetch)]
    for message in messages:
        assert message.uid is not None
        assert message.body_structure is not None
        for part in message.body_structure.walk():
            if part.type == "multipart":
                continue
            item = f"BODY.PEEK[{part.section}]"
            uids = SequenceSet.from_numbers([message.uid])
            answers = talk.run(commands.fetch(uids, ("UID", item)))
            (sections,) = [
                answer.sections for answer in answers if isinstance(answer, Fetch) and answer.uid
            ]
            assert [(name, len(data or b"")) for name, data in sections] == [
                (part.section, part.size)
            ]
