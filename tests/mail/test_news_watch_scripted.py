"""Watching servers that do what real ones will not do on demand."""

from __future__ import annotations

import asyncio

import pytest
from news_watching import Watching, quickly
from servers import Peer, ScriptedServer

from tui_mail.config import News
from tui_mail.errors import ConnectionFailed
from tui_mail.mail import idling, news_watch
from tui_mail.mail.news import Happening, NewMail
from tui_mail.model import INBOX

LISTS = b"Lists"
ENVELOPE = b'("x" "%b" (("Bea" NIL "bea" "h")) NIL NIL NIL NIL NIL NIL NIL)'


DATE = b'INTERNALDATE " 1-Jan-2099 00:00:00 +0000"'
NOTIFIED = (
    b"".join(
        b"* STATUS %b (MESSAGES 4 UIDNEXT 5 UIDVALIDITY 7 UNSEEN 1)\r\n" % name
        for name in (b"Lists", b"Other")
    )
    + b"{tag} OK\r\n"
)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    quickly(monkeypatch)
    monkeypatch.setattr(news_watch, "FIRST_RETRY", 0.01)


class Server:
    """Answers as an ordinary server would; a test says where it does not.

    ``answers`` are whole answers by the beginning of the command, ``{tag}`` in them replaced.
    ``idling`` is set while the client is in IDLE; ``say`` says something then.
    ``mute``: nothing is answered until there is a new line.
    """

    def __init__(self, capabilities: str, answers: dict[str, bytes]) -> None:
        self.capabilities = capabilities
        self.answers = {"NOTIFY": NOTIFIED, **answers}
        self.uid_next = {"INBOX": 5, "Lists": 5, "Other": 5}
        self.validity = 7
        self.idling = asyncio.Event()
        self.ends_idle = False
        self.mute = False
        self.received: list[str] = []
        self.peer: Peer | None = None

    async def serve(self, peer: Peer) -> None:
        await peer.log_in(f"IMAP4rev1 SASL-IR LITERAL+ {self.capabilities}")
        self.peer, self.mute = peer, False
        while True:
            line = (await peer.receive()).decode().rstrip()
            if self.mute:
                continue
            self.received.append(line)
            tag, _, command = line.partition(" ")
            await peer.send(await self._answer(peer, tag, command))
            if command == "LOGOUT":
                return

    async def _answer(self, peer: Peer, tag: str, command: str) -> bytes:
        for start, answer in self.answers.items():
            if command.startswith(start):
                return answer.replace(b"{tag}", tag.encode())
        ok = f"{tag} OK done\r\n".encode()
        word, _, rest = command.partition(" ")
        if word == "EXAMINE":
            return self._figures(rest) + ok
        if word == "STATUS":
            name = rest.partition(" ")[0]
            status = f"* STATUS {name} (MESSAGES 4 UNSEEN 1 UIDNEXT {self.uid_next[name]}"
            return f"{status} UIDVALIDITY {self.validity})\r\n".encode() + ok
        if word == "IDLE":
            await self._idle(peer)
        elif command.startswith("UID FETCH"):
            return self._fetch(rest) + ok
        return ok

    def _figures(self, name: str) -> bytes:
        return (
            f"* 4 EXISTS\r\n* OK [UIDVALIDITY {self.validity}] x\r\n"
            f"* OK [UIDNEXT {self.uid_next[name]}] x\r\n"
        ).encode()

    async def _idle(self, peer: Peer) -> None:
        await peer.send(b"+ idling\r\n")
        if self.ends_idle:
            return
        self.idling.set()
        while (await peer.receive()).strip() != b"DONE" or self.mute:
            pass
        self.idling.clear()

    def _fetch(self, rest: str) -> bytes:
        first, last = _range(rest)
        return b"".join(
            b"* %d FETCH (UID %d FLAGS () %b ENVELOPE %b)\r\n"
            % (number, uid, DATE, ENVELOPE % b"mail %d" % uid)
            for number, uid in enumerate(range(first, min(last, first + 50) + 1), start=5)
        )

    async def say(self, data: bytes) -> None:
        await asyncio.wait_for(self.idling.wait(), 10)
        assert self.peer is not None
        await self.peer.send(data)

    def sent(self, start: str) -> list[str]:
        """The commands received that begin so, without their tags."""
        commands = (line.partition(" ")[2] for line in self.received)
        return [command for command in commands if command.startswith(start)]


def _range(rest: str) -> tuple[int, int]:
    first, _, last = rest.split()[1].partition(":")
    return int(first), int(last or first)


class Scripted:
    """A ``Server`` and somebody who watches it."""

    def __init__(
        self,
        capabilities: str,
        *,
        follow: bytes = INBOX,
        poll: float = 3600,
        answers: dict[str, bytes] | None = None,
        folders: tuple[str, ...] = ("INBOX", "Lists", "Other"),
    ) -> None:
        self.server = Server(capabilities, answers or {})
        self._scripted = ScriptedServer(self.server.serve)
        self._options = follow, poll, folders

    async def __aenter__(self) -> tuple[Server, Watching]:
        follow, poll, folders = self._options
        await self._scripted.__aenter__()
        url = f"imap+insecure://anna@{self._scripted.host}:{self._scripted.port}"
        self._watching = Watching(url, News(poll=poll), follow=follow, listed=False)
        watching = await self._watching.__aenter__()
        await watching.put_list(*folders)
        return self.server, watching

    async def __aexit__(self, *error: object) -> None:
        await self._watching.__aexit__(None, None, None)
        await self._scripted.__aexit__(None, None, None)


def mails(watching: Watching) -> list[NewMail]:
    return [event for event in watching.events if isinstance(event, NewMail)]


async def test_notify_tells_of_another_mailbox_and_the_watch_goes_and_looks() -> None:
    async with Scripted("NOTIFY IDLE ENABLE CONDSTORE") as (server, watching):
        await server.say(b"* STATUS Lists (MESSAGES 5 UIDNEXT 6 UNSEEN 2)\r\n")
        mail = await watching.mail(LISTS)
        assert (mail.uids, mail.subject) == ((5,), "mail 5")
        await watching.counts(LISTS, messages=4, unseen=2)  # EXAMINE's EXISTS came last
        assert server.sent("ENABLE") == ["ENABLE CONDSTORE"]
        assert len(server.sent("NOTIFY")) == 1
        assert server.sent("EXAMINE") == ["EXAMINE INBOX", "EXAMINE Lists", "EXAMINE INBOX"]
        assert server.sent("STATUS") == []


async def test_notify_that_is_refused() -> None:
    answers = {"NOTIFY": b"{tag} NO [NOTIFICATIONOVERFLOW] too much\r\n"}
    async with Scripted("NOTIFY IDLE", follow=LISTS, answers=answers) as (server, watching):
        await watching.ready(LISTS)
        await watching.until(lambda: server.sent("STATUS Other") != [])
        await watching.until(lambda: server.sent("EXAMINE")[-1] == "EXAMINE Lists")


async def test_notify_that_ends_later() -> None:
    async with Scripted("NOTIFY IDLE", follow=LISTS) as (server, watching):
        await watching.ready(LISTS)
        await server.say(b"* OK [NOTIFICATIONOVERFLOW] too much\r\n")
        await watching.until(lambda: server.sent("EXAMINE")[-1] == "EXAMINE Lists")
        await watching.until(lambda: "STATUS Other" in " ".join(server.sent("STATUS")))
        assert watching.watch.alive


async def test_a_mailbox_that_notify_does_not_cover() -> None:
    async with Scripted("NOTIFY IDLE", follow=b"Shared") as (server, watching):
        await watching.until(server.idling.is_set)
        assert watching.watch.connected and not watching.watch.alive
        watching.watch.follow(LISTS)
        await watching.until(lambda: watching.watch.alive)


async def test_news_of_the_followed_mailbox_are_the_accounts() -> None:
    async with Scripted("NOTIFY IDLE", follow=LISTS) as (server, watching):
        await watching.ready(LISTS)
        before = watching.pokes
        await server.say(b"* STATUS Lists (HIGHESTMODSEQ 9)\r\n")
        await watching.until(lambda: watching.pokes == before + 1)
        await server.say(b"* STATUS Lists (MESSAGES 5 UIDNEXT 6)\r\n")
        await watching.until(lambda: watching.pokes == before + 2)
        assert watching.items() == []


@pytest.mark.parametrize("refusal", [b"{tag} BAD no such command\r\n", b"{tag} NO not now\r\n"])
async def test_idle_that_is_refused(refusal: bytes) -> None:
    async with Scripted("IDLE", answers={"IDLE": refusal}) as (server, watching):
        await watching.until(lambda: len(server.sent("STATUS Lists")) == 1)
        await watching.until(lambda: bool(server.sent("CLOSE")))
        assert len(server.sent("IDLE")) == 1
        assert watching.watch.connected and not watching.watch.alive


async def test_idle_that_ends_at_once_is_not_begun_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(idling, "SHORTEST_IDLE", 0.5)
    async with Scripted("IDLE") as (server, watching):
        server.ends_idle = True
        loop = asyncio.get_running_loop()
        await watching.until(lambda: len(server.sent("IDLE")) == 1)
        began = loop.time()
        await watching.until(lambda: len(server.sent("IDLE")) == 2)
        assert loop.time() - began > 0.4


async def test_idle_is_issued_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert news_watch.REISSUE < 29 * 60
    monkeypatch.setattr(news_watch, "REISSUE", 0.1)
    async with Scripted("NOTIFY IDLE") as (server, watching):
        await watching.until(lambda: len(server.sent("IDLE")) > 2)
        assert server.sent("EXAMINE") == ["EXAMINE INBOX"]


async def test_a_line_in_doubt_is_tried_and_a_dead_one_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(news_watch, "CHECK_TIMEOUT", 0.2)
    monkeypatch.setattr(news_watch, "FIRST_RETRY", 600.0)
    async with Scripted("IDLE") as (server, watching):
        await watching.ready()
        watching.watch.check()
        await watching.until(lambda: len(server.sent("IDLE")) == 2)
        assert len(server.sent("EXAMINE")) == 1
        await asyncio.wait_for(server.idling.wait(), 10)
        server.mute = True
        watching.watch.check()
        await watching.until(lambda: len(server.sent("EXAMINE")) == 2)


async def test_a_line_that_cannot_be_had_is_tried_again() -> None:
    async with Scripted("IDLE", poll=3600) as (server, watching):
        await watching.ready()
        watching.failures = [RuntimeError("a mistake in the program"), ConnectionFailed("no")]
        assert server.peer is not None
        server.peer.reset()
        await watching.until(lambda: not watching.failures)
        await watching.until(lambda: len(server.sent("EXAMINE")) == 2)
        await watching.until(lambda: watching.watch.alive)


async def test_a_refused_password_is_not_tried_often() -> None:
    tries = 0

    async def refuse(peer: Peer) -> None:
        nonlocal tries
        tries += 1
        await peer.greet("IMAP4rev1 SASL-IR AUTH=PLAIN")
        await peer.answer(b"AUTHENTICATE", status=b"NO [AUTHENTICATIONFAILED] no")
        await peer.answer(b"LOGOUT")

    async with ScriptedServer(refuse) as server:
        url = f"imap+insecure://anna@{server.host}:{server.port}"
        async with Watching(url, listed=False) as watching:
            await watching.until(lambda: tries == 1)
            watching.watch.follow(LISTS)
            watching.watch.follow(INBOX)
            await watching.until(lambda: any("LOGOUT" in line for line in watching.wire()))
            await asyncio.sleep(0.1)
            assert tries == 1


async def test_a_uidnext_that_cannot_be_is_looked_at_once_and_boundedly() -> None:
    async with Scripted("NOTIFY IDLE ESEARCH") as (server, watching):
        server.answers["UID SEARCH"] = b"{tag} OK\r\n"
        server.answers["UID FETCH"] = b"{tag} OK\r\n"
        server.uid_next["Lists"] = 4294967295
        await server.say(b"* STATUS Lists (UIDNEXT 4294967295)\r\n")
        await watching.until(lambda: bool(server.sent("UID SEARCH")))
        await watching.until(lambda: server.sent("EXAMINE")[-1] == "EXAMINE INBOX")
        assert server.sent("UID FETCH") == [
            "UID FETCH 4294967275:4294967294 (UID FLAGS INTERNALDATE ENVELOPE)"
        ]
        assert server.sent("UID SEARCH") == ["UID SEARCH RETURN (COUNT) UID 5:4294967294"]
        assert watching.items() == []


async def test_an_answer_with_other_messages_and_broken_ones() -> None:
    async with Scripted("NOTIFY IDLE") as (server, watching):
        hostile = ENVELOPE % b"=?utf-8?q?=1B[2J?= x"
        server.answers["UID FETCH"] = (
            b"* 1 FETCH (UID 1 FLAGS () %b ENVELOPE %b)\r\n" % (DATE, hostile)
            + b"* 5 FETCH (UID 5 FLAGS () %b ENVELOPE (broken))\r\n" % DATE
            + b"* 6 FETCH (UID 6 FLAGS () %b ENVELOPE %b)\r\n" % (DATE, hostile)
            + b"* 7 FETCH (UID nonsense\r\n"
            + b"* 9 FETCH (UID 9 FLAGS () %b ENVELOPE %b)\r\n" % (DATE, hostile) * 1000
            + b"{tag} OK\r\n"
        )
        server.uid_next["Lists"] = 8
        await server.say(b"* STATUS Lists (UIDNEXT 8)\r\n")
        mail = await watching.mail(LISTS)
        assert mail.uids == (5, 6)
        assert (mail.sender, mail.subject) == ("Bea", "\ufffd[2J x")
        assert all(item.text.isprintable() for item in watching.items())


async def test_a_mailbox_that_cannot_be_opened_is_told_of_by_number() -> None:
    async with Scripted("NOTIFY IDLE") as (server, watching):
        server.answers["EXAMINE Lists"] = b"{tag} NO [NOPERM] no\r\n"
        await server.say(b"* STATUS Lists (MESSAGES 6 UIDNEXT 7)\r\n")
        mail = await watching.mail(LISTS)
        assert (mail.count, mail.uids, mail.text) == (2, (), "2 new messages in Lists")
        await watching.item(Happening.ARRIVED, "2 new messages")
        await watching.until(lambda: watching.watch._selected == INBOX)


async def test_a_fetch_that_is_refused() -> None:
    async with Scripted("NOTIFY IDLE") as (server, watching):
        server.answers["UID FETCH"] = b"{tag} NO [SERVERBUG] no\r\n"
        server.uid_next["Lists"] = 6
        await server.say(b"* STATUS Lists (UIDNEXT 6)\r\n")
        assert (await watching.mail(LISTS)).text == "1 new message in Lists"


async def test_another_uidvalidity_makes_no_mail_new() -> None:
    async with Scripted("NOTIFY IDLE") as (server, watching):
        await watching.ready()
        server.validity = 8
        server.uid_next["Lists"] = 300
        await server.say(b"* STATUS Lists (UIDNEXT 300)\r\n")
        await watching.until(lambda: "EXAMINE Lists" in server.sent("EXAMINE"))
        await watching.until(lambda: server.sent("EXAMINE")[-1] == "EXAMINE INBOX")
        assert watching.items() == [] and mails(watching) == []
        server.uid_next["Lists"] = 301
        await server.say(b"* STATUS Lists (UIDNEXT 301)\r\n")
        assert (await watching.mail(LISTS)).uids == (300,)


async def test_a_flood_of_figures_of_mailboxes_that_are_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui_mail.mail.news_arrivals.MOST_MAILBOXES", 100)
    monkeypatch.setattr(news_watch, "MAILBOX_LIMIT", 100)
    async with Scripted("NOTIFY IDLE") as (server, watching):
        await watching.ready()
        await server.say(
            b"".join(b"* STATUS x%d (MESSAGES 1 UIDNEXT 2)\r\n" % number for number in range(5000))
        )
        await server.say(b"* STATUS Lists (UIDNEXT 6)\r\n")
        server.uid_next["Lists"] = 6
        await watching.mail(LISTS)
        assert len(watching.news._arrivals._known) <= 100
        assert len(watching.watch._covered) <= 100


async def test_folders_that_come_and_go_are_listed_once_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(news_watch, "LIST_GAP", 0.1)
    async with Scripted("NOTIFY IDLE") as (server, watching):
        await watching.ready()
        await server.say(
            b'* LIST () "/" New\r\n* LIST (\\Subscribed) "/" New\r\n'
            b'* LIST (\\NonExistent) "/" Lists\r\n'
        )
        await watching.until(lambda: watching.lists == 1)
        await server.say(b'* LIST (\\Subscribed) "/" Other\r\n')  # as it is known
        before = watching.pokes
        await server.say(b"* 5 EXISTS\r\n")
        await watching.until(lambda: watching.pokes > before)
        assert watching.lists == 1


async def test_mail_that_comes_fast_is_looked_at_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(news_watch, "READ_GAP", 0.3)
    async with Scripted("NOTIFY IDLE") as (server, watching):
        await watching.ready()
        for uid_next in range(6, 26):
            server.uid_next["Lists"] = uid_next
            await server.say(b"* STATUS Lists (UIDNEXT %d)\r\n" % uid_next)
            await asyncio.sleep(0.01)
        await watching.until(lambda: sum(mail.count for mail in mails(watching)) == 20)
        assert len(server.sent("EXAMINE Lists")) <= 4


async def test_without_idle_and_notify_it_only_asks() -> None:
    async with Scripted("", poll=0.1) as (server, watching):
        await watching.until(lambda: len(server.sent("STATUS Lists")) > 1)
        server.uid_next["Lists"] = 6
        assert (await watching.mail(LISTS)).uids == (5,)
        server.uid_next["Lists"] = 7
        await watching.until(lambda: len(mails(watching)) == 2)
        assert server.sent("IDLE") == []
        assert server.sent("EXAMINE") == ["EXAMINE Lists"] * 2
        assert not watching.watch.alive
        # The open mailbox is asked about by the account itself.
        assert server.sent("STATUS INBOX") == []


async def test_a_mailbox_about_which_one_may_not_ask_is_asked_about_once() -> None:
    answers = {"STATUS Lists": b"{tag} NO [NOPERM] no\r\n"}
    async with Scripted("IDLE", poll=0.1, answers=answers) as (server, watching):
        await watching.until(lambda: len(server.sent("STATUS Other")) > 2)
        assert len(server.sent("STATUS Lists")) == 1
        assert watching.lists == 1


async def test_polling_on_a_connection_that_has_other_things_to_do() -> None:
    """Where no second connection can be had: one question at a time, none in anybody's way."""
    async with Scripted("IDLE") as (server, watching):
        await watching.until(lambda: len(server.sent("STATUS")) == 2)
        await watching.watch.stop()
        client = await watching.connect("1", lambda _phase: None)
        try:
            await watching.watch.poll_on(client)
            assert len(server.sent("STATUS")) == 4
            await watching.watch.poll_on(client)
            assert len(server.sent("STATUS")) == 4  # it is not time yet
            watching.watch._poll_at = 0.0
            server.uid_next["Lists"] = 8
            await watching.watch.poll_on(client)
            mail = await watching.mail(LISTS)
            assert (mail.count, mail.text) == (3, "3 new messages in Lists")
        finally:
            await client.close()
        crossed = watching.wire("work/1")
        asked = [
            at for at, line in enumerate(crossed) if line.startswith("→ ") and "STATUS" in line
        ]
        assert len(asked) == 4
        assert all("OK done" in crossed[at + 2] for at in asked)
