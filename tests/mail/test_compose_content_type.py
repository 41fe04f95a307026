"""What a file is, by what is in it."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest
from compose_samples import PNG
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.compose.content_type import content_type, text_charset


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return buffer.getvalue()


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        # The name lies, or says nothing.
        ("photo.jpg", PNG, "image/png"),
        ("README", b"plain text\n", "text/plain"),
        ("report.txt", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n\x00", "application/pdf"),
        ("report.txt", b"%PDF-1.7\nall of it text\n", "application/pdf"),
        ("a.bin", b"<!DOCTYPE html><html></html>", "text/html"),
        ("invitation", b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "text/calendar"),
        ("fix", b"diff --git a/x b/x\n--- a/x\n", "text/x-patch"),
        ("notes.pdf", b"only text\n", "text/plain"),
        ("trick.html", b"\x00\x01\x02binary", "application/octet-stream"),
        ("movie.exe", b"MZ is a country code", "text/plain"),
        ("BM.txt", b"BM, as in basic metal\n", "text/plain"),
        ("fake.eml", b"no header in here", "text/plain"),
        # The name says more than what is in it.
        ("a.md", b"# Title\n", "text/markdown"),
        ("a.csv", b"a,b\n", "text/csv"),
        ("a.json", b"{}", "application/json"),
        ("a.eml", b"From: a@b\n\nHello\n", "message/rfc822"),
        ("a.svg", b"<?xml version='1.0'?>\n<svg xmlns='x'/>", "image/svg+xml"),
        ("a.kml", b"<?xml version='1.0'?>\n<kml/>", "application/vnd.google-earth.kml+xml"),
        ("a.xml", b"<?xml version='1.0'?>\n<x/>", "application/xml"),
        ("a.docx", _zip("[Content_Types].xml", "word/document.xml"), DOCX),
        ("a.jar", _zip("META-INF/MANIFEST.MF"), "application/java-archive"),
        ("a.zip", _zip("a.txt"), "application/zip"),
        ("a.tar.gz", gzip.compress(b"x"), "application/gzip"),
        ("a.flac", b"fLaC\x00\x00\x00\x22" + bytes(40), "audio/flac"),
        # Text of older charsets.
        ("a.txt", "Grüße".encode("latin-1"), "text/plain"),
        ("a.txt", "Grüße".encode("utf-16"), "text/plain"),
        # Nothing is known.
        ("a.unknown", bytes(range(256)), "application/octet-stream"),
        ("", b"", "application/octet-stream"),
        ("empty.png", b"", "image/png"),
    ],
)
def test_types(name: str, data: bytes, expected: str) -> None:
    assert content_type(name, data) == expected


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        (b"", "us-ascii"),
        (b"plain", "us-ascii"),
        ("Grüße".encode(), "utf-8"),
        ("Grüße".encode()[:3], "utf-8"),
        ("Grüße".encode("utf-8-sig"), "utf-8"),
        ("Grüße".encode("utf-16"), "utf-16"),
        ("Grüße".encode("utf-32"), "utf-32"),
        ("日本".encode("iso-2022-jp"), "iso-2022-jp"),
        ("Grüße aus Köln".encode("latin-1"), ""),
    ],
)
def test_charsets(data: bytes, charset: str) -> None:
    assert text_charset(data) == charset


@given(st.text(max_size=20), st.binary(max_size=400))
def test_anything_has_a_type(name: str, data: bytes) -> None:
    kind, slash, subtype = content_type(name, data).partition("/")
    assert kind and slash and subtype
