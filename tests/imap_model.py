"""A small IMAP server in memory that keeps the rules, for ``ScriptedServer``; tests bend it.

It knows what it has told the client, as a real server does: what happens to a mailbox is noted,
and told at the next moment at which the protocol allows it, or at one that the test picks.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from running_service import Found, RunningService, account
from servers import Peer, ScriptedServer

LATER = b"IMAP4rev1 SASL-IR UIDPLUS"

_RANGE = re.compile(rb"(\d+|\*)(?::(\d+|\*))?")
_SECTION = re.compile(rb"BODY\.PEEK\[([^\]]*)\](?:<(\d+)\.(\d+)>)?")


@dataclass
class Message:
    uid: int
    flags: set[str] = field(default_factory=set)
    modseq: int = 1
    text: bytes = b"hello\r\n"

    @property
    def header(self) -> bytes:
        return b"Subject: message %d\r\n\r\n" % self.uid

    def item(self, name: bytes) -> bytes:
        return {
            b"UID": b"UID %d" % self.uid,
            b"FLAGS": b"FLAGS (%b)" % " ".join(sorted(self.flags)).encode(),
            b"INTERNALDATE": b'INTERNALDATE "01-Mar-2026 09:30:00 +0000"',
            b"RFC822.SIZE": b"RFC822.SIZE %d" % (len(self.header) + len(self.text)),
            b"ENVELOPE": b'ENVELOPE ("Sun, 1 Mar 2026 09:30:00 +0000" "message %d"'
            b' (("Anna" NIL "anna" "example.org")) NIL NIL NIL NIL NIL NIL "<%d@x>")'
            % (self.uid, self.uid),
            b"BODYSTRUCTURE": b'BODYSTRUCTURE ("text" "plain" ("charset" "utf-8") NIL NIL "7bit"'
            b" %d 1)" % len(self.text),
            b"MODSEQ": b"MODSEQ (%d)" % self.modseq,
        }[name]

    def section(self, found: re.Match[bytes]) -> bytes:
        whole = {
            b"": self.header + self.text,
            b"HEADER": self.header,
            b"TEXT": self.text,
            b"1": self.text,
        }[found[1].upper()]
        if found[2] is None:
            return b"BODY[%b] {%d}\r\n%b" % (found[1], len(whole), whole)
        begin, length = int(found[2]), int(found[3])
        piece = whole[begin : begin + length]
        return b"BODY[%b]<%d> {%d}\r\n%b" % (found[1], begin, len(piece), piece)


class Mailbox:
    """``messages`` is what is there; ``seen`` what the client has been told so far.

    ``vanished``: EXPUNGE is told as VANISHED (QRESYNC was enabled).
    """

    def __init__(self, count: int = 0, *, uid_validity: int = 7) -> None:
        self.uid_validity = uid_validity
        self.messages = [Message(2 * n) for n in range(1, count + 1)]  # with gaps
        self.uid_next = 2 * count + 2
        self.modseq = 10
        self.vanished = False
        self.seen: list[Message] = list(self.messages)
        self._changed: list[Message] = []

    @property
    def uids(self) -> list[int]:
        return [message.uid for message in self.messages]

    # What happens to it

    def arrive(self, count: int = 1) -> None:
        for _ in range(count):
            self.modseq += 1
            self.messages.append(Message(self.uid_next, modseq=self.modseq))
            self.uid_next += 2

    def expunge(self, place: int) -> None:
        """The message at this place, counted from 0 and around."""
        if self.messages:
            self.modseq += 1
            del self.messages[place % len(self.messages)]

    def flag(self, place: int, flag: str = "\\Flagged") -> None:
        if self.messages:
            self.modseq += 1
            message = self.messages[place % len(self.messages)]
            message.flags ^= {flag}
            message.modseq = self.modseq
            self._changed.append(message)

    # What is told of it

    def news(self, *, expunges: bool = True, uid: bool = True) -> bytes:
        """The untagged responses for what has happened since the last."""
        told = []
        if expunges:
            there = {id(message) for message in self.messages}
            gone = [message for message in self.seen if id(message) not in there]
            if gone and self.vanished:
                told.append(b"* VANISHED %b\r\n" % b",".join(b"%d" % m.uid for m in gone))
                self.seen = [message for message in self.seen if id(message) in there]
            for message in [] if self.vanished else gone:
                told.append(b"* %d EXPUNGE\r\n" % (self.seen.index(message) + 1))
                self.seen.remove(message)
        known = {id(message) for message in self.seen}
        new = [message for message in self.messages if id(message) not in known]
        if new:
            self.seen += new
            told.append(b"* %d EXISTS\r\n" % len(self.seen))
        changed, self._changed = self._changed, []
        items = [b"UID", b"FLAGS", b"MODSEQ"] if uid else [b"FLAGS"]
        for message in changed:
            if message in self.seen:
                told.append(self.fetch(message, items))
        return b"".join(told)

    def fetch(self, message: Message, items: list[bytes], extra: bytes = b"") -> bytes:
        place = next(n for n, each in enumerate(self.seen, 1) if each is message)
        told = b" ".join(message.item(item) for item in items)
        return b"* %d FETCH (%b)\r\n" % (place, told + extra)

    def chosen(self, numbers: bytes, *, uid: bool) -> Iterator[Message]:
        highest = max((m.uid for m in self.seen), default=0) if uid else len(self.seen)
        ranges = []
        for found in _RANGE.finditer(numbers):
            ends = [highest if end == b"*" else int(end) for end in found.groups() if end]
            ranges.append((min(ends), max(ends)))
        for place, message in enumerate(self.seen, 1):
            number = message.uid if uid else place
            if any(low <= number <= high for low, high in ranges):
                yield message


Hook = Callable[["Session", bytes, bytes], Awaitable[bool | None]]


class Model:
    """The script of a server: ``ScriptedServer(Model(mailbox))``.

    ``hooks`` by the start of a command ("SELECT", "UID FETCH") are called with the session, tag
    and the command's text before it is answered; one that returns True has answered it.
    ``before``, ``after`` (by the same names, also "SEARCHED" behind its untagged line) are called
    once when that moment comes; what they do to the mailbox is told there and then.
    ``refused``: the commands answered with that status. ``late``: SEARCH speaks of messages, and
    is silent of expunged ones, before the client has been told.
    """

    def __init__(
        self, *mailboxes: Mailbox, capabilities: str = LATER.decode(), late: bool = False
    ) -> None:
        names = [b"INBOX", b"Other", b"Third"]
        self.mailboxes = dict(zip(names, mailboxes or (Mailbox(),), strict=False))
        self.capabilities = capabilities
        self.late = late
        self.hooks: dict[str, Hook] = {}
        self.before: dict[str, Callable[[], None]] = {}
        self.after: dict[str, Callable[[], None]] = {}
        self.refused: dict[str, bytes] = {}
        self.commands: list[str] = []
        self.sessions: list[Session] = []

    async def __call__(self, peer: Peer) -> None:
        session = Session(self, peer)
        self.sessions.append(session)
        await peer.log_in(self.capabilities)
        while True:
            tag, _, rest = (await peer.receive()).rstrip(b"\r\n").partition(b" ")
            await session.answer(tag, rest)

    def sent(self, name: str) -> list[str]:
        """The commands that began so."""
        return [each for each in self.commands if each.startswith(name)]


class Session:
    """One connection's side of the model."""

    def __init__(self, model: Model, peer: Peer) -> None:
        self.model = model
        self.peer = peer
        self.mailbox: Mailbox | None = None

    async def answer(self, tag: bytes, text: bytes) -> None:
        words = text.split(b" ")
        name = words[0].upper().decode()
        if name == "UID":
            name = f"UID {words[1].upper().decode()}"
        self.model.commands.append(text.decode())
        moment = self.model.before.pop(name, None)
        if moment is not None:
            moment()
            await self.tell(expunges=name not in ("FETCH", "STORE", "SEARCH"))
        hook = self.model.hooks.get(name)
        if hook is not None and await hook(self, tag, text):
            return
        status = self.model.refused.get(name, b"OK done")
        if status.startswith(b"OK"):
            method = getattr(self, "do_" + name.lower().replace(" ", "_"), None)
            status = (await method(words) if method else None) or status
        moment = self.model.after.pop(name, None)
        if moment is not None:
            moment()
        if name not in ("FETCH", "SELECT", "EXAMINE"):
            await self.tell()
        await self.peer.send(b"%b %b\r\n" % (tag, status))

    async def tell(self, **how: bool) -> None:
        if self.mailbox is not None:
            await self.peer.send(self.mailbox.news(**how))

    async def do_list(self, words: list[bytes]) -> None:
        for name in self.model.mailboxes:
            await self.peer.send(b'* LIST () "/" %b\r\n' % name)

    async def do_status(self, words: list[bytes]) -> bytes | None:
        mailbox = self.model.mailboxes.get(words[1])
        if mailbox is None:
            return b"NO no such mailbox"
        await self.peer.send(
            b"* STATUS %b (MESSAGES %d UNSEEN %d UIDNEXT %d UIDVALIDITY %d)\r\n"
            % (
                words[1],
                len(mailbox.messages),
                sum("\\Seen" not in message.flags for message in mailbox.messages),
                mailbox.uid_next,
                mailbox.uid_validity,
            )
        )
        return None

    async def do_select(self, words: list[bytes]) -> bytes | None:
        mailbox = self.model.mailboxes.get(words[1])
        self.mailbox = None
        if mailbox is None:
            return b"NO [NONEXISTENT] no such mailbox"
        self.mailbox = mailbox
        mailbox.seen = list(mailbox.messages)
        mailbox._changed.clear()
        await self.peer.send(
            b"* FLAGS (\\Seen \\Flagged)\r\n* %d EXISTS\r\n* OK [UIDVALIDITY %d] .\r\n"
            b"* OK [UIDNEXT %d] .\r\n" % (len(mailbox.seen), mailbox.uid_validity, mailbox.uid_next)
        )
        if "CONDSTORE" in self.model.capabilities:
            await self.peer.send(b"* OK [HIGHESTMODSEQ %d] .\r\n" % mailbox.modseq)
        moment = self.model.after.pop("SELECTING", None)
        if moment is not None:
            moment()
            await self.tell()
        return b"OK [READ-WRITE] done"

    do_examine = do_select

    async def do_fetch(self, words: list[bytes]) -> None:
        await self._fetch(words[1], b" ".join(words[2:]), uid=False)

    async def do_uid_fetch(self, words: list[bytes]) -> None:
        await self._fetch(words[2], b" ".join(words[3:]), uid=True)

    async def _fetch(self, numbers: bytes, text: bytes, *, uid: bool) -> None:
        assert self.mailbox is not None
        since = re.search(rb"CHANGEDSINCE (\d+)", text)
        plain = re.sub(rb"\(CHANGEDSINCE.*?\)|BODY\.PEEK\S+", b"", text)
        items = re.findall(rb"[A-Z][A-Z0-9.]*", plain)
        chosen = list(self.mailbox.chosen(numbers, uid=uid))
        for at, message in enumerate(chosen):
            if since is not None and message.modseq <= int(since[1]):
                continue
            sections = [message.section(found) for found in _SECTION.finditer(text)]
            extra = b"".join(b" " + section for section in sections)
            data = self.mailbox.fetch(message, items, extra)
            hook = self.model.hooks.get("FETCHED")
            if hook is None or not await hook(self, b"", data):
                await self.peer.send(data)
            if at == len(chosen) // 2:
                moment = self.model.after.pop("HALF", None)
                if moment is not None:
                    moment()
                    await self.tell(expunges=uid)
            if message not in self.mailbox.seen:
                break

    async def do_uid_search(self, words: list[bytes]) -> None:
        assert self.mailbox is not None
        found = self.mailbox.seen
        if self.model.late:
            found = self.mailbox.messages
        uids = [message.uid for message in found]
        if b"RETURN" in words:
            every = b" ALL " + b",".join(b"%d" % uid for uid in uids) if uids else b""
            line = b'* ESEARCH (TAG "%b") UID%b\r\n' % (self._tag(), every)
        else:
            line = b"* SEARCH%b\r\n" % b"".join(b" %d" % uid for uid in uids)
        hook = self.model.hooks.get("SEARCHED")
        if hook is None or not await hook(self, b"", line):
            await self.peer.send(line)
        moment = self.model.after.pop("SEARCHED", None)
        if moment is not None:
            moment()
            await self.tell()

    def _tag(self) -> bytes:
        return self.peer.lines[-1].split(b" ")[0]

    async def do_uid_store(self, words: list[bytes]) -> None:
        assert self.mailbox is not None
        flags = set(re.findall(r"[\\$]\w+", b" ".join(words[4:]).decode()))
        for message in self.mailbox.chosen(words[2], uid=True):
            message.flags = message.flags | flags

    async def do_logout(self, words: list[bytes]) -> None:
        await self.peer.send(b"* BYE\r\n")


@asynccontextmanager
async def serving(model: Model, **options: Any) -> AsyncIterator[RunningService]:
    """A ``MailService`` that is served by the model, which runs on the test's own loop.

    Ends with an error where a script failed.
    """
    async with ScriptedServer(model) as server:
        running = RunningService(
            account(f"imap+insecure://anna@{server.host}:{server.port}"), **options
        )
        await asyncio.to_thread(running.__enter__)
        try:
            yield running
        finally:
            await asyncio.to_thread(running.__exit__, None, None, None)


async def heard(
    running: RunningService,
    kind: type[Found],
    condition: Callable[[Found], bool] = lambda event: True,
    *,
    after: int = 0,
) -> Found:
    """As ``RunningService.wait_for``, without holding up the server."""
    return await asyncio.to_thread(running.wait_for, kind, condition, after=after)
