"""The account form as a person meets it: real servers, keys alone, and what is left behind."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from account_form_person import form
from dns_server import DnsServer
from file_keyring import FileKeyring
from hypothesis import example, given
from hypothesis import strategies as st
from keyring.backends.null import Keyring as NoKeyring
from main_app import NOW, WIDE
from servers import Certificates, Peer, ScriptedServer
from textual.events import Key, Paste

from tui_mail import config
from tui_mail.demo.server import PASSWORD
from tui_mail.demo.thread import demo_in_thread
from tui_mail.mail.new_account import server_of
from tui_mail.net import discover
from tui_mail.ui.screens.confirm import Confirm
from tui_mail.ui.widgets.prompt import Prompt
from tui_mail.wire.transcript import Direction

ADDRESS = "anna@example.test"


@pytest.fixture
def demo() -> Iterator[tuple[str, str]]:
    """The URLs of both servers of a demo; its user and password are both "demo"."""
    with demo_in_thread(NOW) as settings:
        account = settings.accounts[0]
        yield str(account.imap), str(account.smtp)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "tui-mail" / "config.toml"


@pytest.fixture(autouse=True)
def no_usual_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discover, "USUAL_NAMES", {"imap": (), "smtp": ()})
    monkeypatch.setattr(discover, "_resolver", lambda: _NOBODY)


class _Nobody:
    """A resolver for which there is no network."""

    async def resolve(self, *_: object, **__: object) -> list[object]:
        raise OSError(101, "Network is unreachable")


_NOBODY = _Nobody()


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A keyring that keeps what it is given."""
    monkeypatch.setenv("TUI_MAIL_TEST_KEYRING", str(tmp_path / "ring.json"))
    before = keyring.get_keyring()
    keyring.set_keyring(FileKeyring())
    yield tmp_path / "ring.json"
    keyring.set_keyring(before)


@pytest.fixture
def no_ring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


# From an empty form to an account


async def test_an_account_by_keyboard(file: Path, demo: tuple[str, str], ring: Path) -> None:
    async with form(file) as person:
        await person.sees("A new account", str(file)[:40], "Your name", "Password", "Wire")
        await person.fill("Anna Example", ADDRESS)
        await person.sees("No IMAP server of example.test was found")
        await person.fill(*demo, PASSWORD)
        new = await person.left()
        assert new is not None and new.password is None
        assert "AUTHENTICATE PLAIN" in person.wire() and "AUTH PLAIN ****" in person.wire()
    written = config.load(file)
    assert new.config == written
    [account] = written.accounts
    assert (account.name, str(account.identities[0])) == ("example", f"Anna Example <{ADDRESS}>")
    assert (str(account.imap), str(account.smtp)) == demo
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert json.loads(ring.read_text())[f"tui-mail {account.imap.identity}"] == PASSWORD
    assert "password" not in file.read_text()


async def test_without_a_keyring_a_command_is_asked_for_and_tried(
    file: Path, demo: tuple[str, str], no_ring: None
) -> None:
    async with form(file) as person:
        await person.fill("", ADDRESS, *demo, PASSWORD)
        await person.until(lambda: isinstance(person.app.screen, Prompt), "the question")
        await person.sees("switched off here", "asked at every start")
        assert not file.parent.exists()
        await person.type("echo demx")
        await person.press("enter")
        await person.sees("what it prints is another password")
        await person.until(lambda: isinstance(person.app.screen, Prompt), "the question")
        await person.press("ctrl+u")
        await person.type("no-such-command")
        await person.press("enter")
        await person.sees("cannot run no-such-command")
        await person.until(lambda: isinstance(person.app.screen, Prompt), "the question")
        await person.press("ctrl+u")
        await person.type("echo demo")
        await person.press("enter")
        new = await person.left()
        assert new is not None and new.password is None
    assert config.load(file).accounts[0].password_command == "echo demo"


async def test_without_keyring_and_command_the_password_is_for_this_run(
    file: Path, demo: tuple[str, str], no_ring: None
) -> None:
    async with form(file) as person:
        await person.fill("", ADDRESS, *demo, PASSWORD)
        await person.until(lambda: isinstance(person.app.screen, Prompt), "the question")
        await person.type("echo demx")
        await person.press("enter")
        await person.sees("another password")
        await person.until(lambda: isinstance(person.app.screen, Prompt), "the question")
        await person.press("ctrl+u", "enter")
        new = await person.left()
        assert new is not None and new.password == PASSWORD
        assert "password='" not in repr(new)
    assert config.load(file).accounts[0].password_command is None


async def test_one_more_account_keeps_what_is_there(
    file: Path, demo: tuple[str, str], ring: Path
) -> None:
    before = "# mine\n[accounts.example]\nemail = 'Anna E <a@b>'\nimap = 'imaps://a@b'  # ha\n"
    file.parent.mkdir(parents=True)
    file.write_text(before)
    async with form(file, config.load(file)) as person:
        assert person.form.typed.name == "Anna E"
        await person.fill("Anna", ADDRESS, *demo, PASSWORD)
        new = await person.left()
        assert new is not None and new.name == "example-2"
    assert file.read_text().startswith(before)
    assert len(config.load(file).accounts) == 2


async def test_an_account_that_is_there_already_is_named(
    file: Path, demo: tuple[str, str], ring: Path
) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(f"[accounts.work]\nemail = 'a@b'\nimap = '{demo[0]}'\n")
    async with form(file, config.load(file)) as person:
        await person.fill("Anna", ADDRESS, *demo, PASSWORD)
        await person.sees("IMAP server: account work is this one already")
        assert person.form.focused is person.form._fields["imap"]
    assert not ring.exists()


# What goes wrong


async def test_a_refused_password_is_explained_with_the_servers_line(
    file: Path, demo: tuple[str, str], ring: Path
) -> None:
    imap = demo[0].replace("demo@", "demo%40example.test@")
    async with form(file) as person:
        await person.fill("Anna", ADDRESS, imap, demo[1], "s3cret")
        await person.sees(
            "did not accept the password of demo@example.test",
            "The server said: NO [AUTHENTICATIONFAILED]",
            "first part of the address",
            "^O Keep it untried",
        )
        assert person.form.typed.password == "s3cret"
        assert "s3cret" not in person.text() and "s3cret" not in person.wire()
        await person.press("up", "up")
        await person.fill(demo[0])
        await person.press("down")
        await person.fill(PASSWORD)
        assert await person.left() is not None
    assert not ring.exists() or "s3cret" not in ring.read_text()


async def test_a_server_for_sending_that_is_not_there(
    file: Path, demo: tuple[str, str], ring: Path
) -> None:
    async with form(file) as person:
        await person.fill("Anna", ADDRESS, demo[0], "smtp+insecure://a@127.0.0.1:1", PASSWORD)
        await person.sees("127.0.0.1 port 1 refused the connection")
        assert not file.exists() and not ring.exists()
        await person.press("ctrl+o")
        assert await person.left() is not None
    assert config.load(file).accounts[0].smtp is not None


async def test_a_file_that_cannot_be_written_takes_the_password_out_again(
    file: Path, demo: tuple[str, str], ring: Path
) -> None:
    file.parent.parent.write_text("in the way")
    async with form(file) as person:
        await person.fill("Anna", ADDRESS, *demo, PASSWORD)
        await person.sees("cannot be")
        assert json.loads(ring.read_text()) == {}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("", "", "", "", "x"), "Address: expected an address"),
        (("", "anna", "", "", "x"), "Address: expected an address"),
        (("<b>", "a@b", "h", "", "x"), "Your name: expected a name without"),
        (("", "a@b", "", "", "x"), "IMAP server: expected one of imaps://"),
        (("", "a@b", "imaps://a:hunter2@h", "", "x"), "IMAP server: expected no password"),
        (("", "a@b", "a:hunter2@h", "", "x"), "IMAP server: expected no password"),
        (("", "a@b", "smtps://h", "", "x"), "IMAP server: expected one of imaps://"),
        (("", "a@b", "h", "h:99999", "x"), "SMTP server: expected a port"),
        (("", "a@b", "h", "", ""), "Password: expected the password"),
    ],
)
async def test_a_wrong_line_is_named_and_gone_to(
    values: tuple[str, ...], expected: str, file: Path
) -> None:
    async with form(file) as person:
        for field, value in zip(person.form._fields.values(), values, strict=True):
            field.value = value
        person.form.setup.submit()
        await person.sees(expected)
        assert "hunter2" not in person.text().partition("Password")[2]
    assert not file.exists()


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("mail.x.test", "imaps://anna%40example.test@mail.x.test"),
        ("mail.x.test:143", "imap://anna%40example.test@mail.x.test"),
        ("mail.x.test:1993", "imaps://anna%40example.test@mail.x.test:1993"),
        ("imap://mail.x.test", "imap://anna%40example.test@mail.x.test"),
        ("imaps://anna@x.test@mail.x.test", "imaps://anna%40x.test@mail.x.test"),
        ("imaps://anna%40x.test@mail.x.test", "imaps://anna%40x.test@mail.x.test"),
        ("anna@mail.x.test", "imaps://anna@mail.x.test"),
        ("[::1]:993", "imaps://anna%40example.test@[::1]"),
    ],
)
def test_a_server_is_understood_as_people_write_it(typed: str, url: str) -> None:
    assert str(server_of(typed, "imap", ADDRESS)) == url


@given(st.text(max_size=40), st.sampled_from(["imap", "smtp"]))
@example("a@b@c:d", "imap")
@example("%zz@h", "smtp")
def test_any_text_is_a_server_with_a_user_or_a_clear_error(text: str, protocol: str) -> None:
    try:
        server = server_of(text, protocol, ADDRESS)
    except ValueError as error:
        assert str(error).startswith("expected")
    else:
        assert server.user and server.protocol == protocol
        if "+insecure" not in text.lower():
            assert server.security is not config.Security.INSECURE
        assert config.ServerUrl.parse(str(server), protocol) == server


# Servers found by DNS


async def test_what_dns_names_is_proposed_and_outside_names_are_asked_about(
    file: Path, certificates: Certificates, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def imap(peer: Peer) -> None:
        await peer.send(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready\r\n")
        line = await peer.receive()
        tag = line.split()[0]
        if b"AUTHENTICATE" in line:
            await peer.ok(tag, b"[CAPABILITY IMAP4rev1 X-GM-EXT-1] in")
            await peer.answer(b"LOGOUT", b"* BYE\r\n")
        else:
            await peer.send(b"* BYE\r\n")
            await peer.ok(tag)
        await peer.end_of_input()

    async with ScriptedServer(imap, tls=certificates.server_context()) as server:
        record = [f"0 0 {server.port} localhost."]
        async with DnsServer({"_imaps._tcp.example.test": record}) as dns:
            monkeypatch.setattr(discover, "_resolver", lambda: dns.resolver)
            async with form(file, ca_file=certificates.ca_file) as person:
                await person.fill("Anna", ADDRESS)
                await person.sees("IMAP: localhost", "SRV _imaps._tcp", "No SMTP server")
                await person.sees("Outside example.test, named by DNS alone: localhost")
                url = f"imaps://anna%40example.test@localhost:{server.port}"
                assert person.form.typed.imap == url
                assert len(server.peers) == 1
                await person.press("down", "down")
                await person.fill("s3cret")
                await person.until(lambda: isinstance(person.app.screen, Confirm), "a question")
                await person.sees("Is localhost the server of your provider?")
                await person.press("n")
                await person.sees("Nothing was sent")
                assert len(server.peers) == 1
                await person.press("enter")
                await person.until(lambda: isinstance(person.app.screen, Confirm), "a question")
                await person.press("y")
                assert await person.left() is not None
    [account] = config.load(file).accounts
    assert account.ca_file == certificates.ca_file
    assert account.smtp is None
    assert not account.save_sent  # Gmail files what is sent


async def test_what_was_typed_is_not_overwritten(
    file: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def imap(peer: Peer) -> None:
        await peer.greet("IMAP4rev1")
        await peer.answer(b"LOGOUT", b"* BYE\r\n")
        await peer.end_of_input()

    async with ScriptedServer(imap, tls=certificates.server_context()) as server:
        record = [f"0 0 {server.port} localhost."]
        async with DnsServer({"_imaps._tcp.example.test": record}) as dns:
            monkeypatch.setattr(discover, "_resolver", lambda: dns.resolver)
            async with form(file, ca_file=certificates.ca_file) as person:
                person.form._fields["imap"].value = "mine"
                await person.fill("Anna", ADDRESS)
                await person.sees("IMAP: localhost")
                assert person.form.typed.imap == "mine"


# Keys


async def test_keys_that_come_in_one_piece_count_in_order(file: Path) -> None:
    """As they do over a slow line, when a person types ahead."""
    async with form(file) as person:
        for key in (*"Annx", "backspace", "a", "enter", *"a@b", "enter", *"one", "enter", *"two"):
            person.app.post_message(Key(key, key if len(key) == 1 else None))
        person.app.post_message(Key("enter", None))
        for key in "s3cret":
            person.app.post_message(Key(key, key))
        await person.until(lambda: person.form.typed.password == "s3cret", "the password")
        typed = person.form.typed
        assert (typed.name, typed.address, typed.imap, typed.smtp) == ("Anna", "a@b", "one", "two")
        assert "s3cret" not in person.text()


async def test_what_is_pasted_lands_where_the_cursor_is(file: Path) -> None:
    async with form(file) as person:
        person.app.post_message(Key("enter", None))
        person.app.post_message(Paste("a@b.test\x1b[2J"))
        await person.until(lambda: person.form.typed.address, "the address")
        assert person.form.typed.name == ""


@pytest.mark.parametrize("key", ["ctrl+g", "escape", "ctrl+c"])
async def test_leaving_leaves_nothing_behind(key: str, file: Path) -> None:
    async with form(file) as person:
        await person.press(key)
        assert await person.left() is None
    async with form(file) as person:
        await person.fill("Anna", ADDRESS)
        await person.opens(key)
        await person.sees("Leave without an account?")
        await person.press("n", key)
        await person.until(lambda: isinstance(person.app.screen, Confirm), "the question")
        await person.press("y")
        assert await person.left() is None
    assert os.listdir(file.parent.parent.parent) == []


async def test_a_silent_server_is_stopped_waiting_for(file: Path) -> None:
    async def silent(peer: Peer) -> None:
        await peer.end_of_input()

    async with ScriptedServer(silent) as server:
        url = f"imap+insecure://a@127.0.0.1:{server.port}"
        async with form(file) as person:
            await person.fill("Anna", ADDRESS, url, "", "s3cret")
            await person.sees("Logging in at 127.0.0.1", "^G Stop")
            await person.until(lambda: server.peers, "a connection")
            await person.press("x", "enter", "ctrl+g")
            await person.sees("Stopped. Nothing was kept.", "Enter Log in")
            assert person.form.typed.password == "s3cret"
        assert not file.exists()


async def test_the_wire_is_walked_while_servers_are_looked_for(file: Path) -> None:
    async with form(file, size=WIDE) as person:
        await person.fill("Anna", ADDRESS)
        person.form.wire._transcript.note("imap x", "a remark")
        await person.sees("a remark")
        await person.press("f6")
        assert person.app.focused is person.form.wire
        await person.press("k", "j", "F", "D", "q")
        assert person.form.focused is not person.form.wire
        await person.press("f6", "ctrl+g", "x")
        assert person.form.typed.imap == "x"


async def test_the_form_fits_small_screens(file: Path) -> None:
    async with form(file, size=(60, 18)) as person:
        await person.sees("Your name", "Password", "Enter Next")
        await person.pilot.resize_terminal(140, 45)
        await person.sees("Your name", "Password", "Enter Next", "Wire")


async def test_a_password_is_on_no_line_of_the_wire(
    file: Path, demo: tuple[str, str], ring: Path
) -> None:
    async with form(file) as person:
        await person.fill("Anna", ADDRESS, *demo, "s3cret-ä")
        await person.sees("did not accept")
        lines = person.form.wire._transcript.lines()
        sent = b"\n".join(line.text for line in lines if line.direction is Direction.SENT)
        assert b"********" in sent and b"s3cret" not in sent
