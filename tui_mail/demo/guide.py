"""The letters that teach the program: the newest in the INBOX, one thing each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tui_mail.demo import attachments as files
from tui_mail.demo.compose import Attachment, Letter, letter, rich_letter
from tui_mail.demo.people import ADA, FINN, GWEN, LETTER, MARA, ME_ADDRESS, TUI
from tui_mail.model import FLAGGED, SEEN

WELCOME = """\
Welcome to tui-mail, a mail client for people who live in a terminal.

This is the demo: an IMAP and an SMTP server run inside the program itself,
filled with sample mail. Nothing here touches your own mail, and nothing is
left behind when you leave.

The keys are mutt's, where mutt has one:

    j k  or arrows     down and up the list
    Enter              read a message
    Tab                the next unread one
    c                  another folder: type a part of its name
    I                  the wire pane: every line of the protocol
    ?                  all keys
    q                  back, and at last out

The messages below this one show one thing each. Tab takes you through them.

--\x20
tui-mail
hides nothing
"""

WIRE = """\
Press I. The pane that opens shows every line that crosses the wire, in both
directions, as it happens: the time, the connection, an arrow, the text.

When you opened this message, something like this went over it:

    > A12 UID FETCH 187 (BODY.PEEK[1])
    < * 87 FETCH (UID 187 BODY[1] {1482}
    < A12 OK UID FETCH completed.

{1482} is a literal: the text you are reading, folded to its size. It opens
with Enter. BODY.PEEK asks without marking the message as read; that is a
second command, and it goes out only now that you have seen the text:

    > A13 UID STORE 187 +FLAGS.SILENT (\\Seen)

A password never shows: it is masked before it reaches the pane.

There are two connections. One takes your commands. The other one sits in
IDLE and waits, so that new mail is seen while the first is at work.

With a line selected, the pane says which of your actions asked for it, how
long the answer took, and how many bytes it was.
"""

QUOTES = """\
A message in format=flowed, as a careful program sends it: the lines of a
paragraph end in a space, and are joined and broken anew at the width of
your window. Make it wider or narrower and look again.

>>> Three marks deep: the first letter of this conversation, which said
>>> that nobody needs more than eighty columns.
>> Two marks deep: the answer, which said that some of us have a hundred
>> and forty, and would like to use them.
> One mark deep: the answer to that, which said that both are right, and
> that a paragraph is not a line.

Each depth has a color of its own, and keeps its marks, so that nothing
depends on the color alone. Links are found and numbered:
https://www.rfc-editor.org/rfc/rfc3676 is the one that describes all this.
Press o for the list of them.

What stands below the line of two hyphens and a space is a signature, and
steps back a little.

--\x20
Gwen Hart
The ferry leaves on time. You may not.
"""

HTML = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>The Slow Letter</title>
<style>.button { color: white; background: #06c } .gone { display: none }</style></head>
<body bgcolor="#f4f1ea">
<div class="gone" style="display:none">You should not be able to read this preview line.</div>
<table role="presentation" width="100%" cellpadding="0"><tr><td align="center">
<table role="presentation" width="600"><tr><td>
<img src="https://slow.example/head.png" alt="The Slow Letter, number 14" width="600">
<h1>Things that take their time</h1>
<p>Dear reader, this month: <strong>bread</strong>, <em>tides</em> and a harbor that was
drawn before it was built. Read it <a href="https://slow.example/14">in a browser</a> if you
must; it is better here.</p>
<h2>1. Bread without hurry</h2>
<p>Flour, water, salt, and a night. The <a href="https://slow.example/14/bread">whole recipe</a>
has four lines:</p>
<ol><li>Mix everything.<li>Go to bed.<li>Fold it
<ul><li>once in the morning,<li>once again when you remember.</ul><li>Bake until it sounds hollow.
</ol>
<h2>2. High water</h2>
<table border="1"><thead>
<tr><th>Day</th><th>Morning</th><th>Evening</th><th>Height</th></tr></thead>
<tbody><tr><td>Monday</td><td>5:12</td><td>17:40</td><td>3.1&nbsp;m</td></tr>
<tr><td>Tuesday</td><td>6:03</td><td>18:27</td><td>3.4&nbsp;m</td></tr>
<tr><td>Wednesday</td><td>6:51</td><td>19:12</td><td>3.6&nbsp;m</td></tr>
</tbody></table>
<h2>3. A reader writes</h2>
<blockquote><p>I have waited eleven years for the second volume. I am told it is being dried.</p>
<blockquote><p>It is. Please do not touch it.</p></blockquote></blockquote>
<pre>   |\\        a boat,
   | \\       in case
 __|__\\__    you need
 \\______/    one</pre>
<p><a class="button" href="https://slow.example/14/next">Wait for the next one</a></p>
<hr>
<p><small>You get this letter because you asked for it, on paper, in 2019.
<a href="https://slow.example/goodbye?who=robin">Say goodbye</a>.</small></p>
<img src="https://track.slow.example/p.gif?u=robin" width="1" height="1" alt="">
</td></tr></table></td></tr></table></body></html>
"""

BOTH_TEXT = """\
This message exists twice: once as plain text, which you are reading, and
once as HTML. The sender made both and means the same by them.

Press A to change between the two. tui-mail begins with the plain one.
"""
BOTH_HTML = """\
<h1>The other form</h1><p>This is the <b>HTML</b> of the same message. Press <kbd>A</kbd> to go
back to the plain text.</p><p>Nothing was fetched from anywhere to show it: images are their
<i>alt</i> text, and a link shows where it goes before it is opened.</p>
"""

FILES = """\
Three files hang on this message: a picture, a bill and an archive.

Opening the message did not fetch them: the server was asked for its
structure (BODYSTRUCTURE) and for the text, and you can see in the wire pane
that it sent no more. Press v for the list of parts, and s there to save
one. A file that is already in the folder is never overwritten.

Mara
"""

INVITATION = """\
Tea and plans, in the lamp room? The invitation is attached, and shown below
in words: what, when, where and who.

Ada
"""

FORWARDED = """\
The letter below came inside this one, as message/rfc822: whole, with its own
header and its own parts. It opens in place from the list of parts (v).

Finn
"""

HARMLESS = """\
The subject of this message holds an escape sequence that would turn the
screen red, a bell, and a character that would write the rest of the line
from right to left. The text holds them too:

    red: \x1b[41m   bell: \x07   title: \x1b]0;gotcha\x07   backwards: \u202egnorw\u202c

A mail client that passes them on lets a stranger draw on your screen. Here
all text from outside goes through one gate, and these do not pass.

Markup does not count either: [bold red]not bold, not red[/] and <b>neither</b>.
"""

ODD = """\
This message has a date from another century, no To line worth the name, a
subject whose encoding breaks off in the middle, and a claim to be in a
character set that does not exist. It is readable all the same: what cannot
be understood is shown as it came, and the rest is not lost.
"""


def letters(now: datetime) -> Iterator[Letter]:
    """The guide, oldest first; all of it is from the last three hours before ``now``."""

    def ago(minutes: float) -> datetime:
        return now - timedelta(minutes=minutes)

    yield _odd(ago(171))
    yield letter(
        FINN,
        "Escape \x1b[41m sequences \x07 stay \u202eoutside",
        HARMLESS,
        ago(148),
        flags=(),
        encoding="base64",
    )
    inner = rich_letter(
        ADA,
        "The lens has arrived",
        "The lens is here, in two crates and one piece. Pictures below.\n\nAda\n",
        ago(60 * 30),
        attachments=(Attachment("lens.png", "image/png", files.png(48, 32)),),
        to=(FINN,),
    )
    yield rich_letter(
        FINN, "Fwd: The lens has arrived", FORWARDED, ago(121), forwarded=inner, flags=()
    )
    yield rich_letter(
        ADA,
        "Invitation: Tea and plans for the lighthouse",
        INVITATION,
        ago(96),
        calendar=files.invitation(_next_tea(now), ADA.address, ME_ADDRESS),
        flags=(FLAGGED,),
    )
    yield rich_letter(
        MARA,
        "The picture, the bill and the archive",
        FILES,
        ago(73),
        attachments=_attachments(now),
        flags=(),
    )
    yield rich_letter(
        TUI,
        "One message, two forms: press A",
        BOTH_TEXT,
        ago(52),
        html=BOTH_HTML,
        flags=(),
    )
    yield rich_letter(
        LETTER,
        "Things that take their time",
        "",
        ago(38),
        html=HTML,
        flags=(),
        headers=(
            ("List-Id", "The Slow Letter <letter.slow.example>"),
            ("List-Unsubscribe", "<https://slow.example/goodbye?who=robin>"),
        ),
    )
    yield letter(
        GWEN,
        "Quotes, flowed paragraphs, links and a signature",
        _flowed(QUOTES),
        ago(21),
        flags=(),
        parameters="; format=flowed; delsp=no",
    )
    yield letter(TUI, "What the wire pane shows: press I", WIRE, ago(8), flags=())
    yield letter(TUI, "Welcome: press Enter to read, ? for all keys", WELCOME, ago(2), flags=())


def _flowed(text: str) -> str:
    """``text`` with a space at the end of each line that goes on in the next (RFC 3676, 4.1)."""
    body, mark, signature = text.partition("\n--\x20\n")
    lines = body.split("\n")
    following = [*lines[1:], ""]
    flowed = (
        f"{line} " if line and after and _depth(line) == _depth(after) else line
        for line, after in zip(lines, following, strict=True)
    )
    return "\n".join(flowed) + mark + signature


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(">"))


def _attachments(now: datetime) -> tuple[Attachment, ...]:
    bill = [
        "TIDES AND TABLES",
        "",
        f"Bill of {now:%d %B %Y}",
        "One picture of the sea, evening .... 12.00",
        "One archive of the sea, all day ..... 8.00",
        "Together ........................... 20.00",
        "",
        "Paid, with thanks.",
    ]
    log = "\n".join(f"{hour:02}:00  {310 + (hour * 37) % 90} cm" for hour in range(24))
    zipped = files.archive({"tides/monday.txt": log, "README.txt": "The sea, by the hour.\n"})
    return (
        Attachment("evening.png", "image/png", files.png(), inline=True),
        Attachment("Bill \u2013 March.pdf", "application/pdf", files.pdf(bill)),
        Attachment("../../tides.zip", "application/zip", zipped),
    )


def _next_tea(now: datetime) -> datetime:
    return (now + timedelta(days=2)).replace(hour=15, minute=0, second=0, microsecond=0)


def _odd(when: datetime) -> Letter:
    head = (
        "From: Nobody in particular <nobody@>\r\n"
        "To: undisclosed-recipients:;\r\n"
        "Subject: =?utf-8?B?QSBzdWJqZWN0IHRoYXQgYnJlYWtzIG9m?= =?utf-8?B?Zg\r\n"
        "Date: Fri, 31 Feb 1899 25:61:00 +9999\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=x-klingon-8\r\n"
        "\r\n"
    )
    return Letter((head + ODD.replace("\n", "\r\n")).encode("ascii"), when, (SEEN,), "")
