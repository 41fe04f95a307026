"""``tui-mail send`` from a shell: the exit status is what the server said, and nothing else is."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from servers import Dovecot
from servers.scripted_smtp import Action, Close, ScriptedSmtp, Silence
from writing_service import WritingService, filed, submission_url

from tui_mail.__main__ import _split_mailto
from tui_mail.mail.compose.values import Draft, OutboxEntry, Sending
from tui_mail.mail.store import Store

pytestmark = pytest.mark.server

CONFIG = """\
[accounts.work]
email = "Anna <anna@example.org>"
aliases = ["Anna Office <office@example.org>"]
imap = "{imap}"
smtp = "{smtp}"
password_command = "echo secret"

[accounts.home]
email = "me@home.example"
imap = "{imap}"
smtp = "{smtp}"
password_command = "echo secret"
"""


@dataclass
class Ended:
    status: int
    said: str


class Shell:
    """Runs the program with a configuration and a state of its own."""

    def __init__(self, folder: Path, dovecot: Dovecot, smtp: ScriptedSmtp) -> None:
        self.user = dovecot.new_user()
        self.imap = f"imap+insecure://{self.user}@{dovecot.host}:{dovecot.port}"
        self.dovecot = dovecot
        self.state = folder / "state"
        self._environment = {
            **os.environ,
            "XDG_CONFIG_HOME": str(folder),
            "XDG_STATE_HOME": str(self.state),
        }
        (folder / "tui-mail").mkdir()
        text = CONFIG.format(imap=self.imap, smtp=submission_url(smtp))
        (folder / "tui-mail" / "config.toml").write_text(text)

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tui_mail", *arguments),
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def run(self, *arguments: str, typed: str = "Hello\n") -> Ended:
        process = await self.start(*arguments)
        async with asyncio.timeout(60):
            said, _ = await process.communicate(typed.encode())
        assert process.returncode is not None
        return Ended(process.returncode, said.decode())

    def left(self) -> tuple[list[OutboxEntry], list[Draft]]:
        """The outbox but for what is done with, and the drafts."""
        store = Store.open(self.state / "tui-mail" / "mail.sqlite3")
        outbox = [each for each in store.outbox() if each.state is not Sending.FILED]
        drafts = [each.draft for each in store.drafts()]
        store.close()
        return outbox, drafts

    async def in_sent(self) -> Counter[str]:
        with self.dovecot.connect(self.user) as raw:
            return await asyncio.to_thread(filed, raw)


async def test_a_message_with_everything(dovecot: Dovecot, tmp_path: Path) -> None:
    file = tmp_path / "Größe.txt"
    file.write_text("in the file\n")
    async with ScriptedSmtp({}) as smtp:
        shell = Shell(tmp_path, dovecot, smtp)
        ended = await shell.run(
            *("send", "-s", "Größe", "-a", str(file), "-c", "c@example.org"),
            *("-b", "b1@example.org", "-b", "b2@example.org", "--from", "office@example.org"),
            *("Bert <bert@example.org>, d@example.org", "e@example.org"),
            typed="Grüße\n",
        )
        assert ended == Ended(0, "")
        (taken,) = smtp.accepted
        assert taken.sender == "office@example.org"
        names = ("bert", "d", "e", "c", "b1", "b2")
        assert taken.recipients == tuple(f"{each}@example.org" for each in names)
        message = message_from_bytes(taken.data, policy=policy.default)
        assert (message["Subject"], message["From"]) == (
            "Größe",
            "Anna Office <office@example.org>",
        )
        body = message.get_body()
        assert body is not None and body.get_content().strip() == "Grüße"
        (attached,) = message.iter_attachments()
        assert attached.get_filename() == "Größe.txt"
        assert list(await shell.in_sent()) == [message["Message-ID"]]
        assert shell.left() == ([], [])


@pytest.mark.parametrize(
    ("trouble", "status", "words"),
    [
        (b"550 5.7.1 not from you", 1, "550 5.7.1 not from you"),
        (b"451 4.3.0 later", 75, "451 4.3.0 later"),
        (Close(), 75, "closed the connection"),
    ],
)
@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT", "DATA", "dot"])
async def test_a_refusal_is_told_and_leaves_nothing(
    dovecot: Dovecot, tmp_path: Path, step: str, trouble: Action, status: int, words: str
) -> None:
    async with ScriptedSmtp({step: trouble}, {}) as smtp:
        shell = Shell(tmp_path, dovecot, smtp)
        ended = await shell.run("send", "-s", "x", "bert@example.org")
        if step == "EHLO" and status == 1:
            return  # HELO is tried then, and does as well
        assert smtp.accepted == [] and smtp.connections == 1
        if step == "dot" and isinstance(trouble, Close):
            assert ended.status == 1 and "may have been sent" in ended.said
            ((entry,), _) = shell.left()
            assert entry.state is Sending.UNCERTAIN
        else:
            assert (ended.status, words in ended.said) == (status, True), ended.said
            # Nothing is left that would be tried again by itself.
            assert "tried again" not in ended.said
            assert ("--queue" in ended.said) == (status == 75)
            assert shell.left() == ([], [])


async def test_blind_copies_alone_and_nobody_at_all(dovecot: Dovecot, tmp_path: Path) -> None:
    async with ScriptedSmtp() as smtp:
        shell = Shell(tmp_path, dovecot, smtp)
        assert await shell.run("send", "-b", "b@example.org") == Ended(0, "")
        assert [each.recipients for each in smtp.accepted] == [("b@example.org",)]
        ended = await shell.run("send", "-s", "x")
        assert ended == Ended(2, "tui-mail: send: expected an ADDRESS, or one with -c or -b\n")


async def test_some_refused_is_all_refused(dovecot: Dovecot, tmp_path: Path) -> None:
    async with ScriptedSmtp({"RCPT 2": b"550 5.1.1 who?"}) as smtp:
        shell = Shell(tmp_path, dovecot, smtp)
        ended = await shell.run("send", "a@example.org", "b@example.org")
        assert ended.status == 1 and "b@example.org" in ended.said and "who?" in ended.said
        assert smtp.accepted == [] and shell.left() == ([], [])


async def test_what_the_shell_was_told_to_queue_a_program_sends(
    dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ScriptedSmtp({}) as smtp:
        shell = Shell(tmp_path, dovecot, smtp)
        ended = await shell.run("send", "--queue", "-s", "later", "bert@example.org")
        assert ended == Ended(0, "") and smtp.connections == 0
        ((entry,), drafts) = shell.left()
        assert (entry.state, entry.subject, drafts) == (Sending.QUEUED, "later", [])
        monkeypatch.setenv("XDG_STATE_HOME", str(shell.state))
        async with WritingService(shell.imap, submission_url(smtp), in_memory=False) as post:
            await post.until(entry.id, Sending.FILED)
        assert len(smtp.accepted) == 1 and sum((await shell.in_sent()).values()) == 1


async def test_what_others_left_in_the_outbox_is_not_touched(
    dovecot: Dovecot, tmp_path: Path
) -> None:
    async with ScriptedSmtp({}) as smtp:
        shell = Shell(tmp_path, dovecot, smtp)
        await shell.run("send", "--queue", "-s", "theirs", "bert@example.org")
        assert (await shell.run("send", "-s", "mine", "carl@example.org")).status == 0
        assert [each.recipients for each in smtp.accepted] == [("carl@example.org",)]
        ((entry,), _) = shell.left()
        assert (entry.subject, entry.state) == ("theirs", Sending.QUEUED)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("step", ["RCPT", "dot"])
async def test_interrupted(
    dovecot: Dovecot, tmp_path: Path, step: str, number: signal.Signals
) -> None:
    """Taken back where that can be; else it is said that nobody knows, and the outbox does too."""
    async with ScriptedSmtp({step: Silence(taken=step == "dot")}) as smtp:
        shell = Shell(tmp_path, dovecot, smtp)
        process = await shell.start("send", "-s", "x", "bert@example.org")
        assert process.stdin is not None
        process.stdin.write(b"Hello\n")
        process.stdin.close()
        async with asyncio.timeout(30):
            await smtp.silent.wait()
            process.send_signal(number)
            said, _ = await process.communicate()
        assert process.returncode == 130
        outbox, drafts = shell.left()
        assert drafts == []
        if step == "RCPT":
            assert b"nothing was sent" in said and outbox == []
        else:
            assert b"may have been sent" in said
            assert [each.state for each in outbox] == [Sending.SENDING]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["nonsense"], 1, "no domain"),
        (["-a", "/nowhere/file", "bert@example.org"], 1, "no such file"),
        (["--account", "other", "bert@example.org"], 2, "expected one of work, home"),
        (["--from", "nobody", "bert@example.org"], 2, "--from nobody"),
        ([], 2, "ADDRESS"),
    ],
)
async def test_wrong_use(
    dovecot: Dovecot, tmp_path: Path, arguments: list[str], status: int, words: str
) -> None:
    async with ScriptedSmtp({}) as smtp:
        shell = Shell(tmp_path, dovecot, smtp)
        ended = await shell.run("send", *arguments)
        assert (ended.status, words in ended.said) == (status, True), ended.said
        assert smtp.connections == 0
        if status == 1 and "no domain" in words:
            assert shell.left() == ([], [])


@pytest.mark.parametrize(
    ("arguments", "sender"),
    [
        ([], "anna@example.org"),
        (["--account", "home"], "me@home.example"),
        (["--from", "ME@home.example"], "me@home.example"),
        (["--from", "anna office"], "office@example.org"),
        (["--from", "List <list@other.example>"], "list@other.example"),
    ],
)
async def test_who_sends(
    dovecot: Dovecot, tmp_path: Path, arguments: list[str], sender: str
) -> None:
    async with ScriptedSmtp({}) as smtp:
        shell = Shell(tmp_path, dovecot, smtp)
        assert await shell.run("send", *arguments, "bert@example.org") == Ended(0, "")
        assert [each.sender for each in smtp.accepted] == [sender]


async def test_the_copy_waits_where_sent_cannot_be_reached(
    dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ScriptedSmtp({}) as smtp:
        shell = Shell(tmp_path, dovecot, smtp)
        file = tmp_path / "tui-mail" / "config.toml"
        file.write_text(file.read_text().replace(f":{dovecot.port}", ":1"))
        ended = await shell.run("send", "bert@example.org")
        assert ended.status == 0 and "copy for Sent" in ended.said
        ((entry,), _) = shell.left()
        assert entry.state is Sending.ACCEPTED
        monkeypatch.setenv("XDG_STATE_HOME", str(shell.state))
        async with WritingService(shell.imap, submission_url(smtp), in_memory=False) as post:
            await post.until(entry.id, Sending.FILED)
        assert len(smtp.accepted) == 1


async def test_no_password_asks_nobody(dovecot: Dovecot, tmp_path: Path) -> None:
    async with ScriptedSmtp({}) as smtp:
        shell = Shell(tmp_path, dovecot, smtp)
        file = tmp_path / "tui-mail" / "config.toml"
        lines = [each for each in file.read_text().splitlines() if "password" not in each]
        file.write_text("\n".join(lines))
        ended = await shell.run("send", "bert@example.org")
        assert ended.status == 1 and "tui-mail password work" in ended.said
        assert smtp.accepted == [] and shell.left() == ([], [])


@pytest.mark.parametrize(
    ("given", "left", "mailto"),
    [
        (["mailto:a@b.org?cc=c"], [], "mailto:a@b.org?cc=c"),
        (["--demo", "MAILTO:a@b.org"], ["--demo"], "MAILTO:a@b.org"),
        (["send", "-s", "x", "mailto:a@b.org"], ["send", "-s", "x", "mailto:a@b.org"], None),
        (["--demo"], ["--demo"], None),
    ],
)
def test_mailto_is_found_before_a_command(
    given: list[str], left: list[str], mailto: str | None
) -> None:
    assert _split_mailto(given) == (left, mailto)
