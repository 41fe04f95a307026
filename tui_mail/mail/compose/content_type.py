"""What a file is: by what is in it first, by its name where that says more. No I/O."""

from __future__ import annotations

import codecs
import re

HEAD = 64 * 1024  # octets that are looked at

# Text that says what it is in its first words, whatever the file is called.
_TEXT_STARTS = (
    (re.compile(rb"%PDF-"), "application/pdf"),
    (re.compile(rb"%!PS"), "application/postscript"),
    (re.compile(rb"\{\\rtf"), "application/rtf"),
    (re.compile(rb"BEGIN:VCALENDAR\r?\n", re.I), "text/calendar"),
    (re.compile(rb"BEGIN:VCARD\r?\n", re.I), "text/vcard"),
    (re.compile(rb"<!doctype html|<html[\s>]", re.I), "text/html"),
    (
        re.compile(
            rb"(?:<\?xml[^>]*>\s*)?(?:<!--.{0,500}?-->\s*)*(?:<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]",
            re.S,
        ),
        "image/svg+xml",
    ),
    (re.compile(rb"<\?xml\s"), "application/xml"),
    (re.compile(rb"-----BEGIN PGP PUBLIC KEY BLOCK-----"), "application/pgp-keys"),
    (re.compile(rb"-----BEGIN PGP SIGNATURE-----"), "application/pgp-signature"),
    (re.compile(rb"diff --git |From [0-9a-f]{40} |Index: \S+\r?\n=+"), "text/x-patch"),
)
# Names that the table of the standard library lacks, or that the system's own may get wrong.
_NAMES = {
    "md": "text/markdown",
    "patch": "text/x-patch",
    "diff": "text/x-patch",
    "eml": "message/rfc822",
    "ics": "text/calendar",
    "vcf": "text/vcard",
    "csv": "text/csv",
    "json": "application/json",
    "asc": "application/pgp-keys",
    "sig": "application/pgp-signature",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "epub": "application/epub+zip",
    "jar": "application/java-archive",
    "opus": "audio/ogg",
    "7z": "application/x-7z-compressed",
    "log": "text/plain",
}
# Formats that are packed into another, which is all that their first octets show.
_CONTAINERS = {
    "application/zip": re.compile(
        r"application/(?:.*\+zip|vnd\..*|java-archive|x-.*|epub.*)|(?:model|image)/.*"
    ),
    "application/gzip": re.compile(r".*gzip|.*(?:tgz|compressed).*|application/x-tar"),
    "audio/ogg": re.compile(r"(?:audio|video|application)/.*(?:ogg|opus).*"),
    "video/mp4": re.compile(r"(?:audio|video)/(?:mp4|x-m4.*|m4.*|3gpp.*)"),
    "application/x-msdownload": re.compile(r"application/(?:x-ms.*|vnd\.microsoft.*)"),
}
# Said of text with a name: what can only be text, and what text is written in.
_TEXTUAL = re.compile(
    r"text/.*|application/(?:json|xml|javascript|ecmascript|x-sh|x-csh|x-tex|x-latex|x-python"
    r"|x-perl|x-httpd-php|sql|toml|yaml|.*\+(?:xml|json)|pgp-.*)|image/svg\+xml|message/rfc822"
)
_HEADER_LINE = re.compile(rb"(?:From |[!-9;-~]{1,100}:[^\r\n]{0,998}\r?\n)")
# As RFC 6838, 4.2 has it, or as it was named before it was registered.
_PROPER = {
    "audio/x-flac": "audio/flac",
    "audio/x-wav": "audio/wav",
    "application/font-woff": "font/woff",
    "application/x-sqlite3": "application/vnd.sqlite3",
    "application/x-xz": "application/x-xz",
}
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ISO_2022_JP = re.compile(rb"\x1b\$[@B]")


def content_type(name: str, head: bytes) -> str:
    """``type/subtype`` in lower case for a file with this name that begins with ``head``.

    The name decides between kinds that look alike; a name that its content gives the lie to does
    not count. Text of no known kind is text/plain, anything else application/octet-stream.
    """
    head = head[:HEAD]
    named = _by_name(name)
    if not head:
        return named or "application/octet-stream"
    if _is_text(head):
        return _text_type(named, head)
    found = _by_content(head)
    if not found:
        # Text it is not. What else there is has no signature, or none that is known.
        return named if named and not named.startswith("text/") else "application/octet-stream"
    container = _CONTAINERS.get(found)
    if container and named and container.fullmatch(named):
        return named
    return _PROPER.get(found, found)


def _text_type(named: str, head: bytes) -> str:
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    found = next((kind for pattern, kind in _TEXT_STARTS if pattern.match(start)), "")
    # XHTML, KML and the like are XML, and their name says more.
    if found and not (found == "application/xml" and _TEXTUAL.fullmatch(named)):
        return found
    if named == "message/rfc822":
        return named if _HEADER_LINE.match(head) else "text/plain"
    return named if _TEXTUAL.fullmatch(named) else "text/plain"


def _by_name(name: str) -> str:
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if suffix in _NAMES:
        return _NAMES[suffix]
    # Reads the system's tables the first time.
    import mimetypes

    kind, encoding = mimetypes.guess_type(f"x.{suffix}", strict=False)
    if encoding:
        return {"gzip": "application/gzip", "bzip2": "application/x-bzip2"}.get(encoding, "")
    return (kind or "").lower()


def _by_content(head: bytes) -> str:
    import filetype

    found = filetype.guess(head)
    return str(found.mime).lower() if found is not None else ""


def _is_text(head: bytes) -> bool:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    if _CONTROLS.search(head):
        return False
    if text_charset(head) or head.isascii():
        return True
    # Text of one of the older charsets: letters mostly, a few of them beyond ASCII.
    beyond = sum(octet >= 0x80 for octet in head[:4096])
    return beyond < len(head[:4096]) * 0.9 and _by_content(head) == ""


def text_charset(data: bytes) -> str:
    """The charset of text as a MIME name; "" where it cannot be told for sure."""
    for mark, charset in _BOMS:
        if data.startswith(mark):
            return charset
    if data.isascii():
        return "iso-2022-jp" if _ISO_2022_JP.search(data) else "us-ascii"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        # A head may end inside a character.
        cut = len(data) - error.start < 4 and error.reason == "unexpected end of data"
        return "utf-8" if cut else ""
    return "utf-8"
