"""What a person sees of a line that stalls, breaks and comes back, and of servers that refuse."""

from __future__ import annotations

import imaplib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from main_app import NOW, WIDE, Person, send_mail, whole_app
from servers import Certificates, LatencyProxy, Peer, ScriptedServer
from textual.widgets import Input

from tui_mail.config import Account, Config, ServerUrl
from tui_mail.demo.server import PASSWORD, USER
from tui_mail.demo.thread import demo_in_thread
from tui_mail.model import SEEN, Phase
from tui_mail.ui.screens.error import ErrorScreen
from tui_mail.ui.screens.password import PasswordScreen


@pytest.fixture
def demo() -> Iterator[Config]:
    with demo_in_thread(NOW) as settings:
        yield settings


def to_port(settings: Config, port: int, *, password: str = "demo") -> Config:
    """The same account at another port of this machine."""
    account = settings.accounts[0]
    imap = replace(account.imap, port=port)
    return replace(settings, accounts=(replace(account, imap=imap, password=password),))


@asynccontextmanager
async def over_a_line(demo: Config) -> AsyncIterator[tuple[Person, LatencyProxy]]:
    """The program with a line to the demo that can stall and break."""
    with LatencyProxy(demo.accounts[0].imap.port) as line:
        async with whole_app(to_port(demo, line.port)) as person:
            yield person, line


def phase(person: Person) -> Phase:
    return person.main.status.status.phase


# Waiting


async def test_a_wait_says_what_for_and_is_cancelled(demo: Config) -> None:
    async with over_a_line(demo) as (person, line):
        uid = await person.go_to("Your umbrella")
        line.stall()
        await person.press("enter")
        await person.sees("Waiting for the message")
        await person.until(lambda: "UID FETCH…" in person.text().splitlines()[-2], "the wait")
        await person.press("space", "space")
        assert person.main.reading.uid == uid
        await person.press("ctrl+g")
        await person.sees("Cancelled")
        await person.press("q")
        assert person.main.context == "list"
        await person.press("ctrl+g")
        assert person.notice == "Nothing is being waited for"
        line.resume()
        await person.press("enter")
        await person.shown(uid)


async def test_going_back_ends_the_wait_and_the_message_stays_unread(demo: Config) -> None:
    async with over_a_line(demo) as (person, line):
        uid = await person.go_to("Re: Lunch on Thursday")
        line.stall()
        await person.press("enter")
        await person.sees("Waiting for the message")
        await person.press("q")
        assert person.main.context == "list"
        line.resume()
        await person.press("j", "enter")
        await person.shown(uid - 1)
        row = person.main.messages.row(uid)
        assert row is not None and SEEN not in row.flags


async def test_while_another_form_is_awaited_the_text_stays(demo: Config) -> None:
    async with over_a_line(demo) as (person, line):
        await person.read("One message, two forms")
        line.stall()
        await person.press("H")
        await person.sees("Waiting for the message")
        await person.press("q")
        await person.sees("once as plain text")
        assert person.main.context == "viewer"
        line.resume()
        await person.press("H")
        await person.sees("Content-Type: multipart/alternative")


async def test_the_list_is_walked_while_nothing_comes_over_the_line(demo: Config) -> None:
    async with over_a_line(demo) as (person, line):
        await person.until(lambda: not person.main.messages._asked)
        line.stall()
        await person.press("end", "home", "pagedown", "j", "I", "I")
        await person.opens("c")
        await person.press("ctrl+g")
        assert person.main.messages.cursor > 20


# Broken and back


async def test_a_line_that_breaks_while_reading_leaves_the_text_and_comes_back(
    demo: Config,
) -> None:
    server = demo.accounts[0].imap.port
    line = LatencyProxy(server).start()
    async with whole_app(to_port(demo, line.port)) as person:
        await person.read("The picture, the bill")
        line.stop()
        await person.until(lambda: phase(person) is Phase.WAITING, "an offline status")
        await person.sees("offline, again in", "Subject: The picture, the bill")
        far = await person.go_to("Which green?")
        person.main.reading.open(far)
        await person.sees("not stored here yet", "It is fetched when the connection is back")
        with LatencyProxy(server, port=line.port):
            await person.press("f5")
            await person.until(lambda: phase(person) is Phase.ONLINE, "an online status")
            await person.shown(far)
            assert "offline" not in person.text()


async def test_what_was_read_before_is_read_offline(demo: Config) -> None:
    line = LatencyProxy(demo.accounts[0].imap.port).start()
    async with whole_app(to_port(demo, line.port)) as person:
        uid = await person.read("Quotes, flowed")
        await person.press("q")
        line.stop()
        await person.until(lambda: phase(person) is Phase.WAITING)
        await person.press("enter")
        await person.shown(uid)
        await person.press("A", "H")
        await person.until(lambda: "not stored here" in person.notice)
        await person.sees("Three marks deep")
        assert len(person.app.screen_stack) == 1


# News


async def test_mail_that_arrives_is_told_and_moves_nothing(demo: Config) -> None:
    async with whole_app(demo) as person:
        messages = person.main.messages
        uid = await person.go_to("Your umbrella")
        line, newest = person.row(uid), messages.order[0]
        send_mail(demo, "News from the pier", "It stands.")
        await person.until(lambda: messages.order[0] > newest, "the new message")
        assert messages.cursor_uid == uid and person.row(uid) == line
        await person.until(lambda: "News from the pier" in person.notice)
        await person.sees("13 unread of 85", "News from the pier")
        await person.press("=", "enter")
        await person.sees("It stands.")


async def test_mail_that_arrives_does_not_disturb_a_reader(demo: Config) -> None:
    async with whole_app(demo, size=WIDE) as person:
        uid = await person.read("Things that take")
        await person.press("space")
        top, order = person.main.viewer.top, len(person.main.messages.order)
        send_mail(demo, "News from the pier", "It stands.")
        await person.until(lambda: len(person.main.messages.order) > order)
        assert person.main.reading.uid == uid and person.main.viewer.top == top
        await person.press("j")
        await person.shown(uid - 1)


async def test_a_list_that_never_had_a_message_says_why(demo: Config) -> None:
    with LatencyProxy(1) as nothing:
        dead = nothing.port
    async with whole_app(to_port(demo, dead), wait=False) as person:
        await person.sees("refused the connection", "the port is another", "F5 tries again now")
        assert person.main.status.status.phase is Phase.WAITING


async def test_another_account_that_has_no_folders_says_why(demo: Config) -> None:
    with LatencyProxy(1) as nothing:
        dead = to_port(demo, nothing.port).accounts[0]
    settings = replace(demo, accounts=(*demo.accounts, replace(dead, name="home")))
    async with whole_app(settings) as person:
        await person.press("y", "end", "enter")
        await person.sees("home: not done", "refused the connection", "r Try again")


async def test_an_empty_folder_says_that_it_is(demo: Config) -> None:
    server = demo.accounts[0].imap
    with imaplib.IMAP4(server.host, server.port) as connection:
        connection.login(USER, PASSWORD)
        connection.create("Nothing")
    async with whole_app(demo) as person:
        person.main.open_mailbox(person.main.account, b"Nothing")
        await person.sees("No messages")
        person.main.open_mailbox(person.main.account, b"INBOX")
        await person.sees("Welcome")
        assert "No messages" not in person.text()


# Refused


async def test_a_wrong_password_is_asked_for_and_the_right_one_goes_on(demo: Config) -> None:
    settings = to_port(demo, demo.accounts[0].imap.port, password="wrong")
    async with whole_app(settings, wait=False) as person:
        await person.until(lambda: isinstance(person.app.screen, PasswordScreen))
        await person.sees("demo at 127.0.0.1", "did not accept")
        assert "wrong" not in person.text()
        person.app.screen.query_one(Input).value = "demo"
        await person.press("enter")
        await person.settled()
        assert phase(person) is Phase.ONLINE


async def test_a_password_not_given_is_told_and_can_be_given_later(demo: Config) -> None:
    settings = to_port(demo, demo.accounts[0].imap.port, password="wrong")
    async with whole_app(settings, wait=False) as person:
        await person.until(lambda: isinstance(person.app.screen, PasswordScreen))
        await person.press("ctrl+g")
        await person.sees("No password was given", "r Try again")
        await person.press("r")
        await person.until(lambda: isinstance(person.app.screen, PasswordScreen))


def account_at(url: str) -> Config:
    server = ServerUrl.parse(url, "imap")
    account = Account("work", "Anna", "anna@example.org", server, password="secret")
    return Config((account,), demo=True)


async def test_a_certificate_nobody_vouches_for_is_refused_in_a_box(
    certificates: Certificates,
) -> None:
    async def silent(peer: Peer) -> None:
        await peer.end_of_input()

    async with ScriptedServer(silent, tls=certificates.server_context()) as server:
        settings = account_at(f"imaps://anna@localhost:{server.port}")
        async with whole_app(settings, wait=False) as person:
            await person.until(lambda: isinstance(person.app.screen, ErrorScreen))
            await person.sees("certificate", "r Try again")
            await person.press("q")
            assert "certificate" in person.main.status.status.error
            assert all(not peer.lines for peer in server.peers)


async def test_a_server_that_is_not_imap_is_told_in_the_status_line() -> None:
    async def web(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>\r\n")
        await peer.end_of_input()

    async with ScriptedServer(web) as server:
        settings = account_at(f"imap+insecure://anna@localhost:{server.port}")
        async with whole_app(settings, wait=False) as person:
            await person.until(lambda: person.main.status.status.error, "an error")
            assert not any(b"secret" in b"".join(peer.lines) for peer in server.peers)
            await person.press("I")
            await person.sees("HTTP/1.1 400")


async def test_a_server_that_says_nothing_leaves_the_keys_alive() -> None:
    async def silent(peer: Peer) -> None:
        await peer.end_of_input()

    async with ScriptedServer(silent) as server:
        settings = account_at(f"imap+insecure://anna@localhost:{server.port}")
        async with whole_app(settings, wait=False) as person:
            await person.until(lambda: phase(person) is not Phase.OFFLINE)
            await person.press("j", "enter", "tab", "v", "y", "T", "q")
            await person.opens("question_mark")
            await person.press("q")
            assert person.main.context == "list"
            assert len(person.app.screen_stack) == 1
