"""A folder emptied through the journal: exactly what a person agreed to, on real servers."""

from __future__ import annotations

from functools import partial

import pytest
from folder_sessions import KINDS, AnyServer, started
from mailbox_contents import contents, fill, message, numbers
from running_service import RunningService, account
from servers import Cyrus, Dovecot

from tui_mail.mail import events, folder_actions, folder_contents
from tui_mail.mail.actions import Move
from tui_mail.mail.folder_contents import Messages
from tui_mail.mail.folder_names import full_name
from tui_mail.mail.rights import NotAllowed
from tui_mail.mail.store import StoredMailbox
from tui_mail.model import DELETED

pytestmark = pytest.mark.server


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest) -> AnyServer:
    return started(request.param, request)


def service_of(place: AnyServer, user: str) -> RunningService:
    return RunningService(account(f"imap+insecure://{user}@{place.host}:{place.port}"))


def made(running: RunningService) -> StoredMailbox:
    """A folder for this, since not every server has a Trash."""
    running.opened()
    running.wait_for(events.MailboxesChanged)
    service = running.service
    where = service.folder_work("work", folder_actions.layout).result(10)
    name = full_name("Rubbish", None, where)
    make = partial(folder_actions.create, name=name, delimiter=where.delimiter)
    service.folder_work("work", make).result(10)
    (stored,) = service.mailboxes_named("work", [name]).result(10)
    return stored


def seen(running: RunningService, stored: StoredMailbox) -> Messages:
    look = partial(folder_contents.messages_in, mailbox=stored.mailbox)
    return running.service.folder_work("work", look, aside=True).result(10)


def empty(running: RunningService, agreed: Messages) -> None:
    service = running.service
    service.empty("work", agreed.mailbox.name, agreed.uid_validity, agreed.uids).result(10)
    service.all_sent("work").result(20)


def test_what_came_since_and_what_others_marked_stays(place: AnyServer) -> None:
    user = place.new_user()
    with service_of(place, user) as running:
        stored = made(running)
        name = stored.mailbox.name.decode()
        fill(place, user, 4, name)
        agreed = seen(running, stored)
        assert len(agreed.uids) == 4
        with place.connect(user) as raw:
            raw.append(name, message(5), flags=[DELETED])
            raw.append(name, message(6))
            empty(running, agreed)
            assert contents(raw, name) == [(5, {DELETED}), (6, set())]
        running.wait_for(events.CountsChanged, lambda e: stored.mailbox.name in e.names)
        assert running.service.undo_stack("work") == ()


def test_an_empty_folder_is_emptied_without_a_word(place: AnyServer) -> None:
    with service_of(place, place.new_user()) as running:
        agreed = seen(running, made(running))
        empty(running, agreed)
        said = [line for line in running.wire() if line.startswith("→")]
        assert not any("STORE" in line or "EXPUNGE" in line for line in said)


def test_another_folder_of_the_same_name_is_spared(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    fill(dovecot, user, 2, "Trash")
    with service_of(dovecot, user) as running, dovecot.connect(user) as raw:
        running.opened()
        running.wait_for(events.MailboxesChanged)
        (stored,) = running.service.mailboxes_named("work", [b"Trash"]).result(10)
        agreed = seen(running, stored)
        other = Messages(stored.mailbox, agreed.uid_validity - 1, agreed.uids)
        empty(running, other)  # nothing of it was stored, so only the server can tell
        told = running.wait_for(events.Notice)
        assert "has been made anew" in told.error.title
        running.service.open_mailbox("work", b"Trash").result(10)
        running.opened(b"Trash")
        with pytest.raises(NotAllowed, match="was replaced by another folder"):
            empty(running, other)
        assert numbers(raw, "Trash") == [1, 2]


def test_what_was_moved_out_on_the_screen_is_moved_first(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    fill(dovecot, user, 3, "Trash")
    with service_of(dovecot, user) as running, dovecot.connect(user) as raw:
        running.opened()
        running.wait_for(events.MailboxesChanged)
        (stored,) = running.service.mailboxes_named("work", [b"Trash"]).result(10)
        agreed = seen(running, stored)
        running.service.open_mailbox("work", b"Trash").result(10)
        running.opened(b"Trash")
        running.service.act("work", stored.id, [2], Move(b"Archive")).result(10)
        empty(running, agreed)
        assert (numbers(raw, "Trash"), numbers(raw, "Archive")) == ([], [2])


def test_what_rights_forbid_is_told_and_changes_nothing(cyrus: Cyrus) -> None:
    user = cyrus.new_user()
    with service_of(cyrus, user) as running, cyrus.connect(user) as raw:
        stored = made(running)
        name = stored.mailbox.name
        fill(cyrus, user, 2, name.decode())
        agreed = seen(running, stored)
        raw.command(b'SETACL "%b" %b lra' % (name, user.encode()))
        empty(running, agreed)
        told = running.wait_for(events.Notice)
        assert told.error.title == "The server refused to delete 2 messages for good"
        assert contents(raw, name.decode()) == [(1, set()), (2, set())]
