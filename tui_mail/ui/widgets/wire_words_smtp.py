"""What the commands and replies of SMTP mean, in a few words and with their RFC.

Beside ``wire_words``, for lines of submission. Parses nothing beyond the first words of a line.
"""

from __future__ import annotations

import re

from tui_mail.wire.transcript import SUBMISSION_TAG, Direction, WireLine

_RFC = "RFC 5321"

COMMANDS: dict[str, tuple[str, str]] = {
    "EHLO": ("says who is calling, asks what the server can do", f"{_RFC}, 4.1.1.1"),
    "HELO": ("says who is calling, to a server of the old kind", f"{_RFC}, 4.1.1.1"),
    "STARTTLS": ("asks to encrypt the connection from here on", "RFC 3207"),
    "AUTH": ("logs in by a SASL mechanism", "RFC 4954"),
    "MAIL": ("begins a message: who sends it", f"{_RFC}, 4.1.1.2"),
    "RCPT": ("names one recipient", f"{_RFC}, 4.1.1.3"),
    "DATA": ("asks to send the message itself", f"{_RFC}, 4.1.1.4"),
    "RSET": ("takes the message begun back", f"{_RFC}, 4.1.1.5"),
    "QUIT": ("says goodbye", f"{_RFC}, 4.1.1.10"),
}

_REPLY = re.compile(r"([2-5])[0-9]{2}(?:([ -])|\Z)")
_STATUS = {"2": "OK", "4": "NO", "5": "BAD"}
_AGREED = {
    "220": "the server is there, or ready for TLS",
    "221": "the server closes the connection",
    "235": "logged in",
    "250": "done",
    "251": "done; the server sends it on",
    "252": "perhaps; the server will try",
    "334": "the server asks for the next step of logging in",
    "354": "the server waits for the message, up to a line with a single dot",
}


def is_command(line: WireLine) -> bool:
    """Whether a command of SMTP begins with this line: not its later lines."""
    begins = line.direction is Direction.SENT and line.tag.startswith(SUBMISSION_TAG)
    return begins and line.text[:1].isalpha()


def reply_status(line: WireLine) -> str:
    """As IMAP would say it, OK, NO or BAD for the last line of a final reply; else ""."""
    if line.direction is not Direction.RECEIVED or not line.tag.startswith(SUBMISSION_TAG):
        return ""
    found = _REPLY.match(line.text[:4].decode("latin-1"))
    return _STATUS.get(found[1], "") if found and found[2] != "-" else ""


def explain_smtp(line: WireLine, command: str) -> str:
    """What a line of SMTP is; "" where there is nothing to say."""
    text = line.text[:200].decode("latin-1")
    if line.direction is Direction.SENT:
        if is_command(line):
            return "{} ({})".format(*COMMANDS[command]) if command in COMMANDS else ""
        return f"ends the message ({_RFC}, 4.1.1.4)" if text == "." else ""
    found = _REPLY.match(text[:4])
    if line.direction is Direction.NOTE or found is None:
        return ""
    if found[1] in "45":
        from tui_mail.net.smtp_codes import enhanced_code, explain

        return f"{explain(int(text[:3]), enhanced_code(text[4:])).what} ({_RFC}, 4.2)"
    if command == "EHLO" and found[2] == "-":
        return f"what the server can do ({_RFC}, 4.1.1.1)"
    return f"{_AGREED[text[:3]]} ({_RFC}, 4.2)" if text[:3] in _AGREED else ""
