"""Octets to characters, whatever a message claims its charset to be.

Unknown, wrong and lying charsets degrade to the most likely text with a note that says so.
Returns text as decoded: cleaning for the screen is the caller's.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple


class Decoded(NamedTuple):
    """``text``, and in ``note`` what had to be assumed ("" where nothing was)."""

    text: str
    note: str


# What mailers write and Python does not know, or knows as something narrower than what is meant:
# the WHATWG Encoding Standard, 4.2, reads the left as the right, as senders expect by now.
_MEANT = {
    "": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "646": "utf-8",
    "default": "utf-8",
    "default_charset": "utf-8",
    "charset": "utf-8",
    "none": "utf-8",
    "unknown": "utf-8",
    "unknown-8bit": "utf-8",
    "x-unknown": "utf-8",
    "_iso-2022-jp$esc": "iso2022_jp_ext",
    "utf-8-mac": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "l1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "windows-31j": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cn-gb": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "x-windows-949": "cp949",
    "big5": "big5hkscs",
    "x-big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "win-1251": "cp1251",
    "win1251": "cp1251",
    "koi8": "koi8-r",
    "iso-10646-ucs-2": "utf-16-be",
    "unicode": "utf-16",
}
# UTF-7 lets markup and controls hide behind plain letters, and no mailer needs it any more;
# the others are Python's own and no charsets at all.
_REFUSED = frozenset(
    {
        "utf-7",
        "utf7",
        "utf_7",
        "unicode-1-1-utf-7",
        "x-unicode-2-0-utf-7",
        "idna",
        "punycode",
        "unicode_escape",
        "unicode-escape",
        "raw_unicode_escape",
        "raw-unicode-escape",
        "undefined",
        "mbcs",
        "oem",
        "palmos",
    }
)
_NAME = re.compile(r"[a-z0-9_.:$-]{1,60}")


def _codec(charset: str) -> codecs.CodecInfo | None:
    """The codec meant by ``charset``; None if there is none, or none that yields text."""
    name = _MEANT.get(charset, charset)
    if name in _REFUSED or not _NAME.fullmatch(name):
        return None
    for candidate in (name, name.replace("cp-", "cp"), name.removeprefix("x-")):
        try:
            info = codecs.lookup(candidate)
        except (LookupError, ValueError):
            continue
        # bz2, zip, rot13 and the like are codecs of Python too, and a small bomb becomes a big one.
        return info if getattr(info, "_is_text_encoding", True) else None
    return None


def decode_unknown(data: bytes) -> str:
    """Decode octets of which nothing is known: UTF-8, else Windows-1252, never failing."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _windows_1252(data)


def _windows_1252(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def decode_charset(data: bytes, charset: str | None) -> Decoded:
    """Decode ``data`` as ``charset`` says, or as well as can be.

    Declared charset first; where that does not fit, UTF-8; then the declared one with U+FFFD for
    what it lacks, if that is little; then Windows-1252. None and "" mean US-ASCII (RFC 2045, 5.2),
    read as UTF-8. UTF-7 is refused. Never raises.
    """
    name = (charset or "").strip().strip("\"'").lower()[:80]
    if data.isascii() and name in ("", "us-ascii", "utf-8", "iso-8859-1", "windows-1252"):
        return Decoded(data.decode("ascii"), "")
    info = _codec(name)
    if info is None:
        what = "is not read" if name in _REFUSED else "is not known"
        return Decoded(decode_unknown(data), f"The charset “{name}” {what}; the text may be wrong.")
    if info.name == "utf-8" and data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
    try:
        return Decoded(info.decode(data, "strict")[0], "")
    except (UnicodeError, ValueError):
        pass
    label = name or "us-ascii"
    try:
        return Decoded(data.decode("utf-8"), f"The text is not {label} as declared; read as UTF-8.")
    except UnicodeDecodeError:
        pass
    try:
        text = info.decode(data, "replace")[0]
    except (UnicodeError, ValueError):
        text = ""
    bad = text.count("\ufffd")
    if text and bad <= max(2, len(text) // 50) and not (info.name == "utf-8" and name != "utf-8"):
        return Decoded(text, f"Some characters do not fit the declared charset {label}.")
    note = f"The text is not {label} as declared; read as Windows-1252."
    return Decoded(_windows_1252(data), note)
