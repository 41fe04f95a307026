"""What the commands and answers of the wire mean, in a few words and with their RFC.

Tables for a person who learns the protocol by watching it. Parses nothing beyond the first words
of a line, and is believed by nobody but the reader.
"""

from __future__ import annotations

from tui_mail.ui.widgets.wire_words_smtp import COMMANDS as SMTP_COMMANDS
from tui_mail.ui.widgets.wire_words_smtp import explain_smtp
from tui_mail.wire.transcript import SUBMISSION_TAG, Direction, WireLine

_REV2 = "RFC 9051"
_REV1 = "RFC 3501"

# Name of a command: what it asks for, and where it is defined.
COMMANDS: dict[str, tuple[str, str]] = {
    "CAPABILITY": ("asks what the server can do", f"{_REV2}, 6.1.1"),
    "NOOP": ("does nothing, but lets the server tell its news", f"{_REV2}, 6.1.2"),
    "LOGOUT": ("says goodbye", f"{_REV2}, 6.1.3"),
    "STARTTLS": ("asks to encrypt the connection from here on", f"{_REV2}, 6.2.1"),
    "AUTHENTICATE": ("logs in by a SASL mechanism", f"{_REV2}, 6.2.2"),
    "LOGIN": ("logs in with name and password", f"{_REV2}, 6.2.3"),
    "ENABLE": ("switches on what both sides can do", f"{_REV2}, 6.3.1"),
    "SELECT": ("opens a mailbox to read and change it", f"{_REV2}, 6.3.2"),
    "EXAMINE": ("opens a mailbox to read it only", f"{_REV2}, 6.3.3"),
    "CREATE": ("makes a mailbox", f"{_REV2}, 6.3.4"),
    "DELETE": ("removes a mailbox", f"{_REV2}, 6.3.5"),
    "RENAME": ("gives a mailbox another name", f"{_REV2}, 6.3.6"),
    "SUBSCRIBE": ("puts a mailbox on the list of those to show", f"{_REV2}, 6.3.7"),
    "UNSUBSCRIBE": ("takes a mailbox off that list", f"{_REV2}, 6.3.8"),
    "LIST": ("asks for the names of mailboxes", f"{_REV2}, 6.3.9"),
    "LSUB": ("asks for the mailboxes subscribed to", f"{_REV1}, 6.3.9"),
    "NAMESPACE": ("asks where one's own and others' mailboxes begin", f"{_REV2}, 6.3.10"),
    "STATUS": ("asks for the figures of a mailbox without opening it", f"{_REV2}, 6.3.11"),
    "APPEND": ("puts a message into a mailbox", f"{_REV2}, 6.3.12"),
    "IDLE": ("waits for the server to tell its news", f"{_REV2}, 6.3.13"),
    "CLOSE": ("leaves the mailbox, removing what is marked deleted", f"{_REV2}, 6.4.1"),
    "UNSELECT": ("leaves the mailbox and changes nothing", f"{_REV2}, 6.4.2"),
    "EXPUNGE": ("removes what is marked deleted", f"{_REV2}, 6.4.3"),
    "SEARCH": ("asks which messages fit", f"{_REV2}, 6.4.4"),
    "FETCH": ("asks for data of messages", f"{_REV2}, 6.4.5"),
    "STORE": ("changes the flags of messages", f"{_REV2}, 6.4.6"),
    "COPY": ("copies messages to another mailbox", f"{_REV2}, 6.4.7"),
    "MOVE": ("moves messages to another mailbox", f"{_REV2}, 6.4.8"),
    "ID": ("says which programs are talking", "RFC 2971"),
    "NOTIFY": ("asks to be told of events in several mailboxes", "RFC 5465"),
    "GETQUOTAROOT": ("asks how much room is left", "RFC 9208"),
    "GETACL": ("asks who may do what in a mailbox", "RFC 4314, 3.3"),
    "SETACL": ("says what somebody may do in a mailbox", "RFC 4314, 3.1"),
    "DELETEACL": ("takes somebody's rights in a mailbox away", "RFC 4314, 3.2"),
    "MYRIGHTS": ("asks what one may do in a mailbox", "RFC 4314, 3.5"),
}

# Untagged answers that begin with their name.
ANSWERS: dict[str, tuple[str, str]] = {
    "OK": ("information that needs no reaction", f"{_REV2}, 7.1.1"),
    "NO": ("a warning", f"{_REV2}, 7.1.2"),
    "BAD": ("the server did not understand something", f"{_REV2}, 7.1.3"),
    "PREAUTH": ("a greeting: already logged in", f"{_REV2}, 7.1.4"),
    "BYE": ("the server closes the connection", f"{_REV2}, 7.1.5"),
    "ENABLED": ("what is switched on now", f"{_REV2}, 7.2.1"),
    "CAPABILITY": ("what the server can do", f"{_REV2}, 7.2.2"),
    "LIST": ("a mailbox: attributes, delimiter, name", f"{_REV2}, 7.3.1"),
    "LSUB": ("a mailbox subscribed to", f"{_REV1}, 7.2.3"),
    "NAMESPACE": ("where mailboxes begin: one's own, others', shared", f"{_REV2}, 7.3.2"),
    "STATUS": ("the figures of a mailbox", f"{_REV2}, 7.3.3"),
    "ESEARCH": ("which messages fit, as a set", f"{_REV2}, 7.3.4"),
    "SEARCH": ("which messages fit", f"{_REV1}, 7.2.5"),
    "FLAGS": ("the flags that may be used in this mailbox", f"{_REV2}, 7.3.5"),
    "VANISHED": ("messages that are gone, by UID", "RFC 7162, 3.2.10"),
    "ID": ("which program the server is", "RFC 2971"),
    "QUOTA": ("how much room is used, and how much there is", "RFC 9208"),
    "QUOTAROOT": ("which quotas a mailbox counts to", "RFC 9208"),
    "ACL": ("who may do what in a mailbox", "RFC 4314, 3.6"),
    "LISTRIGHTS": ("which rights somebody can have", "RFC 4314, 3.7"),
    "MYRIGHTS": ("what one may do in a mailbox", "RFC 4314, 3.8"),
}

# Untagged answers of the form "* 23 EXISTS".
NUMBERED: dict[str, tuple[str, str]] = {
    "EXISTS": ("how many messages the mailbox has", f"{_REV2}, 7.4.1"),
    "RECENT": ("how many messages are new to this session", f"{_REV1}, 7.3.2"),
    "EXPUNGE": ("this message is gone; later ones count one less", f"{_REV2}, 7.5.1"),
    "FETCH": ("data of the message with this sequence number", f"{_REV2}, 7.5.2"),
}

COMPLETIONS: dict[str, tuple[str, str]] = {
    "OK": ("done", f"{_REV2}, 7.1.1"),
    "NO": ("refused", f"{_REV2}, 7.1.2"),
    "BAD": ("not understood", f"{_REV2}, 7.1.3"),
}

# Response codes in brackets that change what an OK or NO means (RFC 9051, 7.1, unless named).
CODES: dict[str, str] = {
    "ALERT": "a person has to see this",
    "ALREADYEXISTS": "there is one of this name",
    "APPENDUID": "the UID the new message got",
    "AUTHENTICATIONFAILED": "wrong name or password",
    "CAPABILITY": "what the server can do",
    "CLOSED": "the mailbox before is closed, what follows is of the new one",
    "COPYUID": "the UIDs the copies got",
    "HIGHESTMODSEQ": "the number of the newest change (RFC 7162)",
    "NONEXISTENT": "there is no such mailbox",
    "NOPERM": "not allowed",
    "OVERQUOTA": "there is no room left",
    "PERMANENTFLAGS": "the flags that can be kept for good",
    "PRIVACYREQUIRED": "only after the connection is encrypted",
    "READ-ONLY": "nothing can be changed here",
    "READ-WRITE": "flags and messages can be changed here",
    "TRYCREATE": "the mailbox has to be made first",
    "UIDNEXT": "the UID the next message will get",
    "UIDVALIDITY": "as long as this stays, UIDs mean the same messages",
    "UNAVAILABLE": "something behind the server does not answer",
    "UNSEEN": "the first message nobody has read (RFC 3501, 7.1)",
}

_CONTINUATION = ("the server waits for more", f"{_REV2}, 7.6")


def explain_command(name: str) -> str:
    """``FETCH`` or ``UID FETCH`` in words; "" for one that is not known."""
    words = COMMANDS.get(name.upper().removeprefix("UID ")) or SMTP_COMMANDS.get(name)
    if words is None:
        return ""
    what, where = words
    return f"{what}, by UID ({where})" if name.upper().startswith("UID ") else f"{what} ({where})"


def explain(line: WireLine, command: str) -> str:
    """What a line is; ``command`` is the name of the one it belongs to, "" for none."""
    if line.tag.startswith(SUBMISSION_TAG):
        return explain_smtp(line, command)
    words = line.text[:200].decode("latin-1").upper().split()
    if line.direction is Direction.SENT:
        if words[:1] == ["DONE"]:
            return f"ends the waiting ({_REV2}, 6.3.13)"
        begins = bool(line.tag) and words[:1] == [line.tag.upper()]
        return explain_command(command) if begins else ""
    if line.direction is Direction.NOTE or not words:
        return ""
    if words[0] == "+":
        return "{} ({})".format(*_CONTINUATION)
    if words[0] != "*":
        return _status(COMPLETIONS, words)
    if len(words) > 2 and words[1].isdecimal():
        found = NUMBERED.get(words[2])
        return "{} ({})".format(*found) if found else ""
    return _status(ANSWERS, words)


def _status(table: dict[str, tuple[str, str]], words: list[str]) -> str:
    found = table.get(words[1]) if len(words) > 1 else None
    if found is None:
        return ""
    code = CODES.get(words[2][1:].rstrip("]")) if len(words) > 2 and words[2][0] == "[" else None
    what = found[0] if code is None else code
    return f"{what} ({found[1]})"
