"""One long session that exercises a server: recorded once per server, replayed by the tests.

``session`` says what to send next, from what the connection knows at that point, so that the same
code drives the recording and the replay. Holds no test and opens no socket.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tui_mail.wire import commands
from tui_mail.wire.commands import Command
from tui_mail.wire.imap import ImapConnection
from tui_mail.wire.mailbox_name import encode
from tui_mail.wire.sasl import LogIn, Plain
from tui_mail.wire.sequence_set import SequenceSet

FOLDER = Path(__file__).parent / "transcripts"
DATE = 1_700_000_000  # 14 November 2023, 22:13:20 UTC
IDLE_DONE = "done"  # a step that is no command
EVERYTHING = SequenceSet.between(1)

PLAIN = b"""\
From: Anna Example <anna@example.org>
To: undisclosed-recipients:;
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= "quoted" \\ and {5}
Date: Tue, 14 Nov 2023 22:13:20 +0100
Message-ID: <plain@example.org>

Hello,
{3}
* 1 FETCH (FLAGS ())
""".replace(b"\n", b"\r\n")

MIXED = b"""\
From: "Example, Anna" <anna@example.org>
To: Friends: bob@example.com, "Carol C." <carol@example.net>;, dave@example.com
Cc: =?iso-8859-1?q?J=F8rgen?= <jorgen@example.no>
Subject: parts
Date: Tue, 14 Nov 2023 22:13:20 +0100
In-Reply-To: <plain@example.org>
Message-ID: <mixed@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

--outer
Content-Type: multipart/alternative; boundary="inner"

--inner
Content-Type: text/plain; charset="utf-8"; format=flowed
Content-Transfer-Encoding: 8bit
Content-Language: de, en

Gr\xc3\xbc\xc3\x9fe
--inner
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<p>Gr=C3=BC=C3=9Fe</p>
--inner--
--outer
Content-Type: application/pdf; name*0*=utf-8''%C3%A4; name*1*=%C3%B6.pdf
Content-Disposition: attachment; filename="a\\"b\\\\c.pdf"; size=3
Content-ID: <part@example.org>
Content-Description: a document
Content-Transfer-Encoding: base64

AAEC
--outer
Content-Type: message/rfc822

From: bob@example.com
Subject: inside
Content-Type: multipart/mixed; boundary="deep"

--deep

one
--deep
Content-Type: image/png

two
--deep--
--outer--
""".replace(b"\n", b"\r\n")

ODD = b"""\
From: \xc3\xa9t\xc3\xa9 <ete@example.fr>
Subject: raw \xff octets
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="none"

There are no parts here.
""".replace(b"\n", b"\r\n")

EMPTY = b"\r\n"

SUMMARY = ("UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE")
SECTIONS = (
    "BODY.PEEK[HEADER.FIELDS (Date From X-None)]",
    "BODY.PEEK[1]",
    "BODY.PEEK[1.MIME]",
    "BODY.PEEK[TEXT]<0.10>",
    "BODY.PEEK[3.HEADER]",
    "BODY.PEEK[9.9]",
    "BODY",
)


@dataclass(frozen=True)
class Step:
    """What crossed the wire at one time, in one direction."""

    sent: bool
    data: bytes


def session(connection: ImapConnection, prefix: bytes) -> Iterator[Command | str]:
    """The steps, after the greeting. ``prefix`` goes before names of mailboxes."""

    def offered(name: str) -> bool:
        return name in connection.capabilities

    if not connection.capabilities:
        yield commands.capability()
    if offered("STARTTLS"):
        yield commands.starttls()
        yield commands.capability()
    if connection.state.value == "not authenticated":
        yield commands.login("anna", 'wrong "password"')
        if offered("AUTH=PLAIN"):
            yield commands.authenticate(
                Plain(LogIn("anna", "secret")), initial_response=offered("SASL-IR")
            )
        else:
            yield commands.login("anna", "secret")
        yield commands.capability()
    if offered("ID"):
        yield commands.id_({"name": "tui-mail", "version": "0.1"})
    yield Command("NONSENSE")
    if offered("NAMESPACE"):
        yield commands.namespace()
    names = [
        prefix + name
        for name in (b"with space", b'quo"ted', b"back\\slash", encode("Grüße & 日本"))
    ]
    for name in names:
        yield commands.create(name)
    yield commands.subscribe(names[0])
    yield commands.append(prefix + "rå".encode(), PLAIN)
    yield commands.list_(b"", b"")
    yield commands.list_(b"", b"*")
    yield commands.lsub(b"", b"*")
    if offered("LIST-EXTENDED"):
        yield commands.list_(b"", b"%", select=("SUBSCRIBED", "RECURSIVEMATCH"))
    if offered("LIST-STATUS"):
        yield commands.list_(
            b"", b"*", return_=("SUBSCRIBED", "CHILDREN", "STATUS (MESSAGES UNSEEN UIDNEXT)")
        )
    yield commands.append(names[0], PLAIN, ("\\Seen", "$Label"), DATE)
    yield commands.append(names[0], MIXED, (), DATE)
    yield commands.append(names[0], ODD)
    yield commands.append(names[0], EMPTY, ("\\Flagged",))
    yield commands.status(names[0], ("MESSAGES", "RECENT", "UNSEEN", "UIDNEXT", "UIDVALIDITY"))
    yield commands.select(b"Does not exist")
    yield commands.select(names[0], read_only=True)
    yield commands.close()
    if offered("QRESYNC"):
        yield commands.enable(("QRESYNC",))
    yield commands.select(names[0], condstore=offered("CONDSTORE") and not offered("QRESYNC"))
    yield commands.fetch(EVERYTHING, SUMMARY)
    yield commands.fetch(EVERYTHING, SECTIONS)
    yield commands.fetch(EVERYTHING, ("FAST",), uid=False)
    yield commands.fetch(SequenceSet.between(99), ("FLAGS",))
    yield commands.search("ALL")
    yield commands.search("SUBJECT nothing-like-this")
    if offered("ESEARCH"):
        yield commands.search("ALL", return_=("ALL", "COUNT", "MIN", "MAX"))
        yield commands.search("SUBJECT nothing-like-this", return_=())
    if offered("CONDSTORE"):
        yield commands.search("MODSEQ 1")
        yield commands.fetch(EVERYTHING, ("FLAGS",), changed_since=1)
    first, second, third = (SequenceSet.from_numbers([uid]) for uid in (1, 2, 3))
    yield commands.store(first, "+FLAGS", ("\\Answered", "Keyword"))
    yield commands.store(first, "-FLAGS", ("\\Seen",), silent=True)
    yield commands.copy(first, names[3])
    yield commands.copy(SequenceSet.from_numbers([77]), names[3])
    yield commands.move(second, names[3]) if offered("MOVE") else commands.noop()
    yield commands.store(third, "+FLAGS", ("\\Deleted",))
    yield commands.expunge(third) if offered("UIDPLUS") else commands.expunge()
    if offered("IDLE"):
        yield commands.idle()
        yield IDLE_DONE
    if offered("QRESYNC"):
        yield commands.select(names[0], qresync=(1, 1, None))
        yield commands.fetch(EVERYTHING, ("FLAGS",), changed_since=1, vanished=True)
    if offered("QUOTA"):
        yield commands.getquotaroot((prefix and b"INBOX") or names[0])
    if offered("ACL"):
        yield commands.setacl(names[3], b"bob", "lr")
        yield commands.getacl(names[3])
        yield commands.myrights(names[3])
        yield Command("LISTRIGHTS", (b' "%b" bob' % names[3],))
        yield commands.deleteacl(names[3], b"bob")
    yield commands.unselect() if offered("UNSELECT") else commands.close()
    yield commands.rename(names[3], prefix + b"renamed")
    yield commands.unsubscribe(names[0])
    for name in (*names[:3], prefix + b"renamed"):
        yield commands.delete(name)
    yield commands.logout()


def save(path: Path, steps: list[Step]) -> None:
    """One line a line of the wire, ``C`` sent or ``S`` received, as a bytes literal."""
    lines = [
        f"{'C' if step.sent else 'S'} {line!r}\n"
        for step in steps
        for line in step.data.splitlines(keepends=True)
    ]
    path.write_text("".join(lines), encoding="ascii")


def load(path: Path) -> list[Step]:
    """What ``save`` wrote; neighbouring lines of one direction are one step."""
    steps: list[Step] = []
    for line in path.read_text(encoding="ascii").splitlines():
        sent, data = line.startswith("C"), ast.literal_eval(line[2:])
        if steps and steps[-1].sent == sent:
            data = steps.pop().data + data
        steps.append(Step(sent, data))
    return steps
