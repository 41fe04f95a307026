"""The one boundary between text from outside and the terminal.

Everything a server or a message said goes through here before it is drawn: no control
character, bidi override or invisible filler comes out. Imports nothing of the project,
decodes no header and knows no markup.
"""

from __future__ import annotations

import re
import unicodedata

REPLACEMENT = "\ufffd"

# Marks, joiners and fillers that draw nothing but move the cursor, reorder the line or hide text:
# Unicode 15, "Default_Ignorable_Code_Point" and "Bidi_Control", less ZWNJ, ZWJ and VS1-16, which
# some scripts and emoji need; ``columnar`` takes those as well.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17)
)
_LINE_BREAK = "\r\n\x0b\x0c\x85\u2028\u2029"
_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff" + _NONCHARACTERS

_find_unclean = re.compile(f"[{_CONTROLS}{_INVISIBLE}]").search
_sub_invisible = re.compile(f"[{_INVISIBLE}]+").sub
_sub_line_break = re.compile(f"\r\n|[{_LINE_BREAK}]").sub
# Runs after the line breaks and tabs have been dealt with, so it leaves \n and \t alone.
_sub_control = re.compile(
    f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_NONCHARACTERS}]"
).sub
_sub_escaped = re.compile(f"[{_CONTROLS}{_INVISIBLE}\u200c\u200d\ufe00-\ufe0f]").sub

_EMOJI = "\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_sub_modifier = re.compile("[\u200c\ufe00-\ufe0f\u20e3\U0001f3fb-\U0001f3ff]+").sub
_sub_joined = re.compile(f"(?<=[{_EMOJI}])(?:\u200d[{_EMOJI}])+|\u200d").sub
_sub_stacked = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3})"
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
).sub
_sub_space = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f]").sub
_sub_regional = re.compile("[\U0001f1e6-\U0001f1ff]").sub


def clean(text: str, *, newlines: bool = False, tabs: bool = False) -> str:
    """Return ``text`` fit to be drawn: one line unless ``newlines``.

    Line breaks of every kind become a space, or ``\\n`` with ``newlines``; a tab becomes a space
    unless ``tabs``. Other control characters, lone surrogates and noncharacters become U+FFFD;
    bidi controls and invisible characters go. Cleaning twice changes nothing more.
    """
    if text.isprintable() and text.isascii():
        return text
    if _find_unclean(text) is None:
        return text
    text = _sub_line_break("\n" if newlines else " ", text)
    if not tabs:
        text = text.replace("\t", " ")
    return _sub_control(REPLACEMENT, _sub_invisible("", text))


def columnar(text: str) -> str:
    """Return ``text`` cleaned to one line whose width every terminal and multiplexer agrees on.

    NFC; variation selectors, keycaps and skin tones dropped; a family joined by ZWJ is reduced to
    its first member; a flag becomes its two letters; odd spaces become a space; more than three
    stacked diacritics are cut; a code point this Python's Unicode does not know becomes U+FFFD.
    """
    if text.isprintable() and text.isascii():
        return text
    text = clean(text)
    if text.isascii():
        return text
    text = _sub_space(" ", text)
    # Latin, Greek and Cyrillic text ends here: nothing below can apply to it.
    if max(text) < "\u0300":
        return text
    text = unicodedata.normalize("NFC", _sub_modifier("", text))
    text = _sub_stacked(r"\1", _sub_joined("", text))
    text = _sub_regional(lambda found: chr(ord(found[0]) - 0x1F1E6 + ord("A")), text)
    if not text.isprintable():
        text = "".join(_assigned(character) for character in text)
    return text


def _assigned(character: str) -> str:
    return REPLACEMENT if unicodedata.category(character) == "Cn" else character


def decode_clean(data: bytes) -> str:
    """Return the bytes of a protocol line as one line of text, nothing in it hidden.

    UTF-8, or ISO-8859-1 where it is not that; what may not be drawn is shown escaped
    (``\\x1b``, ``\\u202e``). A backslash stays as it is, so ``\\Seen`` reads as on the wire.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if text.isprintable() and text.isascii():
        return text
    return _sub_escaped(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
