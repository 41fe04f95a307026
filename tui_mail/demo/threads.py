"""The mailing lists of the sample: conversations about the protocol, and a series of patches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tui_mail.demo.compose import Letter, letter, reply_text
from tui_mail.demo.people import FRIENDS, PATCHES_LIST, PROTOCOL_LIST, Person
from tui_mail.model import ANSWERED, FLAGGED, SEEN

# A subject, the letter that opens it, and the answers in their order.
Topic = tuple[str, str, tuple[str, ...]]

TOPICS: tuple[Topic, ...] = (
    (
        "Why does UIDVALIDITY exist at all?",
        "A UID is promised never to change, and then there is a number that says\n"
        "when the promise is off. Why not simply keep it?",
        (
            "Because a server may lose its index, or a mailbox may be deleted and made\n"
            "again under the same name. The number lets a client notice.",
            "And then everything cached under the old one has to go. Everything: a\n"
            "body that belongs to another message is worse than no body.",
            "I have seen a server that changed it every day. It was a cron job.",
            "Thank you all. It reads as pessimism and works as honesty.",
        ),
    ),
    (
        "Literals: {42} or {42+}",
        "My client sends {42} and then waits for a + before it goes on. On a slow\n"
        "line that costs a round trip for every folder name with an umlaut.",
        (
            "If the server says LITERAL+ you may send {42+} and keep talking. With\n"
            "LITERAL- only up to 4096 bytes (RFC 7888).",
            "And before login, mind what you send without waiting: the server may\n"
            "not want it, and has to read it all the same.",
        ),
    ),
    (
        "IDLE, and what it keeps you from doing",
        "While a connection sits in IDLE it can do nothing else. Does everybody\n"
        "send DONE before each command and IDLE after it?",
        (
            "Some do. Two connections are kinder: one works, one listens.",
            "End it every 29 minutes in any case; servers may hang up after 30.",
            "Some boxes between you and the server forget a quiet connection after\n"
            "five minutes, so I do it more often than that.",
            "NOTIFY (RFC 5465) tells you about every folder, if the server has it.",
            "Mine has it and says so only after login. Ask again when you are in.",
        ),
    ),
    (
        "Sequence numbers, a warning",
        "I deleted message 4, and then message 5, and message 6 was gone.",
        (
            "When 4 goes, 5 becomes 4. Numbers name places, UIDs name messages.",
            "Use UID STORE and UID EXPUNGE. Always. Put it on the wall.",
            "On the wall it is.",
        ),
    ),
    (
        "What CONDSTORE saves",
        "Every time I open a mailbox of 80,000 messages, my client asks for the\n"
        "flags of all of them. It takes eleven seconds.",
        (
            "With CONDSTORE each change has a number. Remember the highest, and ask\n"
            "next time for what is newer: FETCH 1:* (FLAGS) (CHANGEDSINCE 715194).",
            "QRESYNC goes one further and tells you in the answer to SELECT, with\n"
            "what has vanished. One round trip for the whole of it.",
            "Eleven seconds became one tenth. I am going to lie down.",
        ),
    ),
    (
        "Modified UTF-7, a confession",
        "I wrote a decoder for folder names and it took three attempts. Why is\n"
        "the ampersand written &-, and what is the comma for?",
        (
            "The comma stands for the slash of base64, because a slash divides\n"
            "folders. The ampersand begins the coded part, so it has to be coded.",
            "And after all that, half the servers hold names that are not valid.\n"
            "Show them as they are and send them back byte for byte.",
        ),
    ),
    (
        "Three folders called Sent",
        "There are Sent, Sent Items and Sent Messages, one for each program I\n"
        "ever used. How does a client know which one is meant?",
        (
            "LIST answers with \\Sent on the right one where the server knows\n"
            "SPECIAL-USE (RFC 6154). For the others there are only guesses.",
            "And a line in the configuration, which wins over both.",
        ),
    ),
    (
        "The numbers of BODYSTRUCTURE",
        "Which part is 2.1? I count and I count.",
        (
            "Count at each level from one. A multipart has no number of its own at\n"
            "the top: its first child is 1.",
            "Where the second part is a message/rfc822, 2 is the whole message in it,\n"
            "2.HEADER is its header, and 2.1 the first part of its body.",
            "And 2.MIME is the header of the part itself. That one is easy to forget.",
            "I drew it. Now it looks like a family tree, with the same quarrels.",
        ),
    ),
    (
        "PEEK, or how not to be seen",
        "FETCH BODY[1] marked everything as read while my client was only\n"
        "looking for attachments.",
        (
            "BODY.PEEK[1] does the same and touches no flag.",
            "A message is read when a person read it. Set \\Seen then.",
        ),
    ),
    (
        "Stripping STARTTLS",
        "If somebody in the middle removes STARTTLS from the greeting, the client\n"
        "believes that there is none, and logs in without.",
        (
            "So it must not be a question. Either the line is secure or there is no\nlogin.",
            "And whatever arrived in the clear before the handshake has to be thrown\n"
            "away after it, unread bytes in the buffer too.",
            "Port 993 has none of these problems (RFC 8314).",
        ),
    ),
    (
        "How many round trips to the first subject?",
        "I counted nine from connect to the first line on the screen.",
        (
            "TLS is one or two. LOGIN can go right after the greeting; SELECT can be\n"
            "sent before the answer to anything that does not decide it.",
            "FETCH of the newest hundred can ride behind SELECT: the number of\n"
            "messages is not needed if you ask for * and count down from there.",
            "I am at four now. The rest is light in glass.",
        ),
    ),
    (
        "Encoded words that are broken",
        "=?utf-8?Q?Caf=C3?= =?utf-8?Q?=A9?= is a letter cut in two. May one?",
        (
            "One may not (RFC 2047, section 5). One does it every day.",
            "Join the bytes first where the charset is the same, decode then.",
        ),
    ),
    (
        "Colors inside GNU screen",
        "Everything is green. Outside it is blue.",
        (
            "COLORTERM=truecolor was set outside and inherited inside, where it is\n"
            "not true. Unset it in screen.",
            "And leave Ctrl-A alone: it belongs to screen. Ctrl-S and Ctrl-Q belong\n"
            "to the terminal, and Escape takes its time.",
            "Blue. Thank you.",
        ),
    ),
    (
        "Is the envelope enough for a list?",
        "Date, from, subject. What do you fetch more than ENVELOPE for?",
        (
            "FLAGS, INTERNALDATE and RFC822.SIZE, all in one FETCH.",
            "References is not in it, only In-Reply-To. For threads ask for that\nheader as well.",
            "BODYSTRUCTURE, for the paper clip. It costs more than it shows.",
        ),
    ),
    (
        "NO, BAD and BYE",
        "My server says BAD to everything after the fifth mistake.",
        (
            "NO: understood and refused. BAD: not understood. BYE: goodbye.",
            "The code in brackets is for the program, the rest of the line is for a\n"
            "person. Show it to the person.",
        ),
    ),
    (
        "Deleting is four different things",
        "I press d. What happens?",
        (
            "\\Deleted is a flag. EXPUNGE removes. CLOSE removes without telling you.\n"
            "MOVE to the trash is what most people mean.",
            "And UID EXPUNGE removes only yours, not what another program has marked\n"
            "in the meantime (UIDPLUS).",
            "So the answer is: it depends, and a client should say on what.",
        ),
    ),
)

PATCHES: tuple[tuple[str, str, str], ...] = (
    (
        "lamp: keep the time of the last turn",
        "The lamp forgot when it had turned, and turned again. Keep the time, so\n"
        "that a restart in the middle of the night does not blind the ferry.",
        """\
--- a/lamp/turn.py
+++ b/lamp/turn.py
@@ -12,7 +12,9 @@ class Lamp:
     def turn(self, now: float) -> None:
-        self.angle += 30
+        if now - self.last_turn < self.period:
+            return
+        self.angle = (self.angle + 30) % 360
         self.last_turn = now
""",
    ),
    (
        "lamp: say in words what is wrong",
        "An error of the motor came out as a number. People on the stairs do not\n"
        "carry the table of numbers.",
        """\
--- a/lamp/motor.py
+++ b/lamp/motor.py
@@ -3,4 +3,8 @@ import serial
\x20
 def check(code: int) -> None:
-    if code:
-        raise MotorError(code)
+    if code not in WORDS:
+        raise MotorError(f"unknown code {code}")
+    if WORDS[code]:
+        raise MotorError(WORDS[code])
""",
    ),
    (
        "horn: no longer than the fog",
        "The horn went on after the fog had gone.",
        """\
--- a/horn/fog.py
+++ b/horn/fog.py
@@ -21,3 +21,4 @@ def watch(sensor: Sensor, horn: Horn) -> None:
     while sensor.fog():
         horn.blow(seconds=4)
         sleep(26)
+    horn.stop()
""",
    ),
)


def protocol_list(now: datetime) -> Iterator[Letter]:
    """All conversations, in no order of time."""
    for number, (subject, opening, answers) in enumerate(TOPICS):
        people = _rotated(FRIENDS, number * 5)
        start = now - timedelta(days=3 + number * 4, hours=number * 7 % 11)
        yield from _conversation(subject, opening, answers, people, start, unread=number < 3)


def patches_list(now: datetime) -> Iterator[Letter]:
    """A cover letter, its patches, and what was said of the second."""
    author, reviewer = FRIENDS[0], FRIENDS[5]
    start = now - timedelta(days=2, hours=5)
    count = len(PATCHES)
    cover = letter(
        author,
        f"[PATCH 0/{count}] The lamp, the horn and the night",
        "Three small ones before the light is switched on.\n\n"
        + "".join(f"  {subject}\n" for subject, _, _ in PATCHES)
        + "\n 3 files changed, 9 insertions(+), 3 deletions(-)\n",
        start,
        to=(PATCHES_LIST,),
        headers=(("List-Id", "<patches.lists.example>"),),
    )
    yield cover
    for number, (subject, reason, diff) in enumerate(PATCHES, 1):
        patch = letter(
            author,
            f"[PATCH {number}/{count}] {subject}",
            f"{reason}\n\nSigned-off-by: {author.name} <{author.address}>\n"
            f"---\n{diff}-- \n2.45.1\n",
            start + timedelta(minutes=number),
            to=(PATCHES_LIST,),
            flags=() if number == count else (SEEN,),
            headers=(("List-Id", "<patches.lists.example>"),),
            references=(cover.message_id,),
        )
        yield patch
        if number == 2:
            when = start + timedelta(hours=3)
            yield letter(
                reviewer,
                f"Re: [PATCH {number}/{count}] {subject}",
                reply_text(
                    reviewer,
                    '+        raise MotorError(f"unknown code {code}")',
                    author,
                    start,
                    "Good. Put the number in as hexadecimal, please: that is how the\n"
                    "manual has it.\n\nReviewed-by: " + reviewer.name,
                ),
                when,
                to=(author,),
                cc=(PATCHES_LIST,),
                references=(cover.message_id, patch.message_id),
                flags=(SEEN, FLAGGED),
                headers=(("List-Id", "<patches.lists.example>"),),
            )


def _conversation(
    subject: str,
    opening: str,
    answers: Sequence[str],
    people: Sequence[Person],
    start: datetime,
    *,
    unread: bool,
) -> Iterator[Letter]:
    headers = (
        ("List-Id", "Talk about the protocol <protocol.lists.example>"),
        ("List-Post", "<mailto:protocol@lists.example>"),
    )
    text = f"{opening}\n\n{people[0].name.split()[0]}\n"
    when = start
    first = letter(
        people[0],
        f"[protocol] {subject}",
        text,
        when,
        to=(PROTOCOL_LIST,),
        headers=headers,
        flags=(SEEN, ANSWERED),
    )
    yield first
    references = [first.message_id]
    for number, answer in enumerate(answers, 1):
        writer, parent = people[number % 4], people[(number - 1) % 4]
        said = when
        when = when + timedelta(hours=2 + number * 5 % 9, minutes=number * 17)
        text = reply_text(writer, text, parent, said, answer)
        last = number == len(answers)
        reply = letter(
            writer,
            f"Re: [protocol] {subject}",
            text,
            when,
            to=(PROTOCOL_LIST,),
            cc=(parent,),
            headers=headers,
            references=tuple(references),
            flags=() if unread and last else (SEEN,),
        )
        references.append(reply.message_id)
        yield reply


def _rotated(people: Sequence[Person], places: int) -> list[Person]:
    places %= len(people)
    return [*people[places:], *people[:places]]
