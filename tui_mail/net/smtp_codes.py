"""SMTP replies in plain words: reply codes (RFC 5321, 4.2) and enhanced codes (RFC 3463).

A table and how to look things up in it; queue ids as servers write them. Does no I/O.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ENHANCED = re.compile(r"([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])")


@dataclass(frozen=True, slots=True)
class Meaning:
    """``what`` goes on with "the server says that …"; ``advice`` is what to try, or ""."""

    what: str
    advice: str = ""


_LATER = "Nothing need be done: it is tried again later."
_ADDRESS = "Check the address."
_PROVIDER = "Ask whoever runs this server."
_LOGIN = "Check the user name in the smtp URL and the password."

# Whole codes first, then the last two numbers of RFC 3463, 3 for both 4.x.x and 5.x.x.
_ENHANCED_MEANINGS: dict[str, Meaning] = {
    "4.7.1": Meaning("it does not take this yet (greylisting, most often)", _LATER),
    "5.7.1": Meaning(
        "this is not allowed", "The usual reasons: no login, a From that is not yours, or spam."
    ),
    "4.2.2": Meaning("the mailbox is full", _LATER),
    "4.7.0": Meaning("it does not take this just now, by its own rules", _LATER),
    "4.7.12": Meaning("the password has to be sent once in another way", _PROVIDER),
    "1.0": Meaning("something is wrong with an address", _ADDRESS),
    "1.1": Meaning("there is no such mailbox", _ADDRESS),
    "1.2": Meaning("there is no mail system of that name", "Check what stands behind the @."),
    "1.3": Meaning("the address is not written as an address is", _ADDRESS),
    "1.4": Meaning("the address stands for more than one mailbox", _ADDRESS),
    "1.6": Meaning("the mailbox has moved, and nobody says where", _ADDRESS),
    "1.7": Meaning("the sender's address is not written as an address is", "Check From."),
    "1.8": Meaning("the sender's address leads nowhere", "Check From."),
    "1.10": Meaning("that domain takes no mail at all (RFC 7505)", "Check what is behind the @."),
    "2.0": Meaning("something is wrong with the mailbox"),
    "2.1": Meaning("the mailbox is switched off", "Ask its owner in another way."),
    "2.2": Meaning("the mailbox is full", "Ask its owner in another way, or try again in a day."),
    "2.3": Meaning(
        "the message is too big for this mailbox", "Send less, or the files in another way."
    ),
    "2.4": Meaning("the mailing list could not be taken apart", _PROVIDER),
    "3.0": Meaning("something is wrong with its mail system", _PROVIDER),
    "3.1": Meaning("its mail system is full", _LATER),
    "3.2": Meaning("its mail system takes nothing just now", _LATER),
    "3.3": Meaning("its mail system cannot do what this message needs", _PROVIDER),
    "3.4": Meaning("the message is too big", "Send less, or the files in another way."),
    "3.5": Meaning("its mail system is set up wrong", _PROVIDER),
    "4.0": Meaning("something is wrong on the way to the mailbox", _LATER),
    "4.1": Meaning("the host of the mailbox does not answer", _LATER),
    "4.2": Meaning("the connection on the way there was bad", _LATER),
    "4.3": Meaning("a directory of addresses failed", _LATER),
    "4.4": Meaning("no way leads to that mail system", "Check what stands behind the @."),
    "4.5": Meaning("too much mail is on its way", _LATER),
    "4.6": Meaning("the mail would go round in circles", _PROVIDER),
    "4.7": Meaning("it took too long", _LATER),
    "5.0": Meaning("something is wrong with what tui-mail said to it"),
    "5.1": Meaning("it does not know, or not now allow, this command", _PROVIDER),
    "5.2": Meaning("it does not understand this command"),
    "5.3": Meaning("there are too many recipients", "Send to fewer at a time."),
    "5.4": Meaning("an argument of the command is wrong", _PROVIDER),
    "5.5": Meaning("it speaks another version of SMTP", _PROVIDER),
    "5.6": Meaning("a line of the login is too long", _PROVIDER),
    "6.0": Meaning("something is wrong with the content of the message"),
    "6.1": Meaning("this kind of content is not taken", "Look at the attachments."),
    "6.2": Meaning("the content would have to be converted, which is forbidden"),
    "6.3": Meaning("the content would have to be converted, which it cannot do"),
    "6.6": Meaning("the content could not be read"),
    "6.7": Meaning("addresses outside ASCII are not taken (RFC 6531)", _ADDRESS),
    "7.0": Meaning("its rules forbid this", _PROVIDER),
    "7.2": Meaning("you may not send to this mailing list", "Ask the list's owner."),
    "7.3": Meaning("it would have to change the protection of the message, and may not"),
    "7.4": Meaning("it does not know how the message is to be protected"),
    "7.5": Meaning("the protection of the message could not be kept"),
    "7.7": Meaning("the message was damaged on the way"),
    "7.8": Meaning("the user name or the password is wrong", _LOGIN),
    "7.9": Meaning("this way to log in is too weak for it", _PROVIDER),
    "7.11": Meaning("it wants an encrypted line for this", "Use smtps:// or smtp:// in the URL."),
    "7.13": Meaning("the account is switched off", _PROVIDER),
    "7.14": Meaning("it trusts the server of the sender too little", _PROVIDER),
    "7.23": Meaning("SPF says that this server may not send for that From (RFC 7208)", _PROVIDER),
    "7.25": Meaning("the address of this machine has no name in the DNS", _PROVIDER),
    "7.26": Meaning("neither SPF nor DKIM vouch for the sender (DMARC)", _PROVIDER),
    "7.28": Meaning("too much mail came from here", "Wait some hours before sending more."),
}

_CODES: dict[int, Meaning] = {
    421: Meaning("it is closing the connection", _LATER),
    432: Meaning("the password has to be sent once in another way", _PROVIDER),
    450: Meaning("the mailbox cannot be written just now (busy, or greylisting)", _LATER),
    451: Meaning("an error of its own stopped it", _LATER),
    452: Meaning("it has no room, or there are too many recipients", _LATER),
    454: Meaning("it cannot do this just now", _LATER),
    455: Meaning("it cannot take these parameters just now", _LATER),
    500: Meaning("it does not understand this command", _PROVIDER),
    501: Meaning("an argument of the command is wrong", _PROVIDER),
    502: Meaning("it does not have this command", _PROVIDER),
    503: Meaning("the commands came in a wrong order", _PROVIDER),
    504: Meaning("it does not have this way", _PROVIDER),
    521: Meaning("it takes no mail at all (RFC 7504)", "Check the host in the smtp URL."),
    523: Meaning("the message is too big", "Send less, or the files in another way."),
    530: Meaning(
        "you have to log in first", "Give the user name in the smtp URL: smtps://USER@HOST"
    ),
    534: Meaning("this way to log in is too weak for it", _PROVIDER),
    535: Meaning("the user name or the password is wrong", _LOGIN),
    538: Meaning("it wants an encrypted line for this", "Use smtps:// or smtp:// in the URL."),
    550: Meaning("the mailbox is not there, or this is not allowed", _ADDRESS),
    551: Meaning("the recipient is somewhere else", _ADDRESS),
    552: Meaning("the message or the mailbox is too big", "Send less."),
    553: Meaning("an address is not allowed, often a From that is not yours", _ADDRESS),
    554: Meaning("it will not do this", "The usual reasons: it takes this for spam, or no login."),
    555: Meaning("it does not know a parameter of MAIL or RCPT", _PROVIDER),
    556: Meaning("that domain takes no mail at all (RFC 7504)", "Check what is behind the @."),
}

_BY_CLASS: dict[int, Meaning] = {
    4: Meaning("it cannot do this just now", _LATER),
    5: Meaning("it will not do this", _PROVIDER),
}
_STRANGE = Meaning("something that has no meaning here")

_QUEUE_IDS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bqueued as <?([\w.@-]{4,100})",  # Postfix
        r"\bid=([\w-]{6,100})",  # Exim
        r"\[InternalId=([0-9]{1,30})",  # Exchange
        r"^(?:2\.[0-9]\.[0-9] )?OK:? +[0-9]{8,12} +([\w.-]{8,200}) +- +gsmtp",  # Gmail
        r"\bqp ([0-9]{1,12})\b",  # qmail
        r"^2\.[0-9]\.[0-9] ([\w.-]{6,100}) Message accepted",  # Sendmail, OpenSMTPD
        r"\bMessage queued \(?([\w.-]{8,100})",  # Haraka
        r"^Ok ([0-9a-f]{8,}[0-9a-f-]{8,100})",  # Amazon SES
    )
)


def enhanced_code(text: str) -> str:
    """``5.1.1`` at the start of a reply's text (RFC 2034, 4), "" when there is none."""
    found = _ENHANCED.match(text)
    return found[0] if found else ""


def explain(code: int, enhanced: str) -> Meaning:
    """What a refusal means. The enhanced code is asked first: it says more."""
    by_enhanced = _ENHANCED_MEANINGS.get(enhanced) or _ENHANCED_MEANINGS.get(enhanced[2:])
    found = by_enhanced or _CODES.get(code) or _BY_CLASS.get(code // 100, _STRANGE)
    if found.advice == _LATER and code >= 500:
        return Meaning(found.what, _PROVIDER)
    return found


def queue_id(reply: str) -> str:
    """What the server calls the message in the text of its final 250; "" where it does not say."""
    for pattern in _QUEUE_IDS:
        found = pattern.search(reply)
        if found:
            return found[1]
    return ""
