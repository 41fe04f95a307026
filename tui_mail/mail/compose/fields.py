"""Header fields as they are sent: cleaned to one line, encoded where they must be, folded.

Every value that reaches a message goes through here, so that nothing typed or taken over from
somebody's mail can begin a field of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from email.header import Header
from urllib.parse import quote

from tui_mail.mail.compose.addresses import Typed, ascii_address

FOLD_AT = 76  # RFC 5322, 2.1.1 recommends 78; RFC 2047, 2 allows 76 with an encoded word
MAX_VALUE = 128 * 1024  # characters

_FIELD_NAME = re.compile(r"[!-9;-~]{1,200}")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATES = re.compile("[\ud800-\udfff]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
# Behind which a name in quotes says the same as before them; what is longer is encoded.
_QUOTABLE = re.compile(r"[ -~]{1,60}")
_TOKEN = re.compile(r"[A-Za-z0-9!#$&+.^_`{|}~-]+")
_PIECE = 50  # octets of a parameter's value in one line


def is_name(text: str) -> bool:
    """Whether ``text`` is the name of a field (RFC 5322, 2.2)."""
    return _FIELD_NAME.fullmatch(text) is not None


def one_line(text: str) -> str:
    """``text`` without anything that could end a field: controls become a space.

    Lone surrogates become U+FFFD; white space at both ends goes.
    """
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", text[:MAX_VALUE])).strip()


def unstructured(name: str, text: str) -> str:
    """The value of Subject and the like for the field ``name``, encoded words as needed.

    RFC 5322, 2.2.1; RFC 2047, 5 (1).
    """
    text = one_line(text)
    lines = _folded(name, re.findall(r"^[^ ]*| [^ ]*", text))
    # Runs of spaces may get lost in folding, and nothing may look like an encoded word.
    plain = text.isascii() and "=?" not in text and "  " not in text
    if plain and all(len(line) <= FOLD_AT for line in lines):
        return "\r\n".join(lines)
    return _encoded(text, len(name) + 2)


def _folded(name: str, words: Iterable[str]) -> list[str]:
    """Lines of at most ``FOLD_AT`` characters where the words allow it; each keeps its space."""
    lines = [""]
    room = FOLD_AT - len(name) - 2
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) > room and word.startswith(" "):
            lines.append(word)
            room = FOLD_AT
        else:
            lines[-1] += word
    return lines


def _encoded(text: str, before: int) -> str:
    """Encoded words of whole characters (RFC 2047, 5), ``before`` characters into a line."""
    header = Header(text, "utf-8", maxlinelen=FOLD_AT, header_name="x" * min(before, 40))
    return header.encode(splitchars="", linesep="\r\n")


def phrase(text: str, before: int = 1) -> str:
    """A display name (RFC 5322, 3.2.5): bare, quoted or in encoded words. May be folded.

    ``before`` is how many characters stand before it in its line.
    """
    text = " ".join(one_line(text).split())
    if _ATOMS.fullmatch(text) and len(text) <= 60 and "=?" not in text:
        return text
    if _QUOTABLE.fullmatch(text) and "=?" not in text:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return _encoded(text, before)


def addresses(name: str, typed: Iterable[Typed]) -> str:
    """The value of To and the like: names encoded, domains in ASCII, groups as groups.

    RFC 5322, 3.4. Only for addresses without a problem: raises ValueError for others. A local part
    that is not ASCII stays as it is (RFC 6532, 3.2).
    """
    words: list[str] = []
    group = ""
    for each in typed:
        if group and each.group != group:
            words[-1] = words[-1].removesuffix(",") + ";,"
        before = 1 if words else len(name) + 2
        if each.group and each.group != group:
            words.append(f"{phrase(each.group, before)}:")
        group = each.group
        if each.address:
            words += _mailbox(each, before)
            words[-1] += ","
    if words:
        words[-1] = words[-1].removesuffix(",") + (";" if group else "")
    return _joined(name, words)


def _mailbox(typed: Typed, before: int) -> list[str]:
    """The words between which it may be folded: a line with an encoded word is a short one."""
    address = ascii_address(typed.address)
    if address != one_line(address) or "\n" in address:
        raise ValueError("a character that cannot be in an address")
    if not one_line(typed.name):
        return [address]
    name = phrase(typed.name, before)
    return [name, f"<{address}>"] if name.endswith("?=") else [f"{name} <{address}>"]


def ids(name: str, values: Iterable[str]) -> str:
    """The value of In-Reply-To and References, one id after the other, folded between them."""
    return _joined(name, [one_line(each) for each in values])


def _joined(name: str, words: Iterable[str]) -> str:
    """Words with spaces between, a fold before what would make a line too long."""
    text = ""
    used = len(name) + 2
    for word in words:
        first = word.partition("\r\n")[0]
        if text and used + 1 + len(first) > FOLD_AT:
            text += "\r\n"
            used = 0
        if text:
            text += " "
            used += 1
        text += word
        used = len(word) - word.rfind("\n") - 1 if "\r\n" in word else used + len(word)
    return text


def with_parameters(value: str, parameters: Mapping[str, str]) -> str:
    """``value`` with parameters, each on a line of its own (RFC 2045, 5.1).

    What is not ASCII, or too long for a line, is written as RFC 2231, 3 and 4 has it.
    """
    lines = [value]
    for name, text in parameters.items():
        text = one_line(text)
        if text.isascii() and len(text) <= _PIECE:
            quoted = text.replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f"{name}={text}" if _TOKEN.fullmatch(text) else f'{name}="{quoted}"')
        else:
            lines += _continued(name, text)
    return ";\r\n ".join(lines)


def _continued(name: str, text: str) -> list[str]:
    pieces = re.findall(f"(?:%..|[^%]){{1,{_PIECE}}}", quote(text, safe=""))
    if len(pieces) == 1:
        return [f"{name}*=utf-8''{pieces[0]}"]
    return [
        f"{name}*{number}*={'' if number else chr(39).join(('utf-8', '', ''))}{piece}"
        for number, piece in enumerate(pieces)
    ]
