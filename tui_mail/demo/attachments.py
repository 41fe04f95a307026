"""Small files to attach: a drawing, a page, an archive, an invitation. Made, not stored."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from datetime import datetime, timedelta


def png(width: int = 96, height: int = 64) -> bytes:
    """A picture of a sun going down over the sea (PNG, 8 bits RGB)."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            sun = (x - width * 0.6) ** 2 + (y - height * 0.45) ** 2 < (height * 0.2) ** 2
            sea = y > height * 0.6
            if sun and not sea:
                rows += bytes((255, 226, 130))
            elif sea:
                rows += bytes((20, 60 + y // 2, 110 + (x * 7 + y * 13) % 40))
            else:
                rows += bytes((250 - y, 140 + y // 2, 90 + y))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _png_chunk(b"IHDR", header),
            _png_chunk(b"IDAT", zlib.compress(bytes(rows), 9)),
            _png_chunk(b"IEND", b""),
        )
    )


def pdf(lines: list[str]) -> bytes:
    """One A4 page with ``lines`` of ASCII text in Helvetica (PDF 1.4)."""
    text = "BT /F1 12 Tf 72 770 Td 16 TL\n"
    text += "".join(f"({_pdf_escaped(line)}) Tj T*\n" for line in lines)
    stream = f"{text}ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    document = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(document)
    document += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    document += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    document += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    document += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(document)


def archive(files: dict[str, str]) -> bytes:
    """A ZIP of text files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, text in files.items():
            # The date is fixed: the same files give the same archive.
            zipped.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 12, 0, 0)), text)
    return buffer.getvalue()


def invitation(start: datetime, organizer: str, attendee: str) -> str:
    """A meeting request for an hour from ``start``, in UTC (RFC 5545, RFC 5546)."""
    end = start + timedelta(hours=1)
    lines = [
        "BEGIN:VCALENDAR",
        "PRODID:-//tui-mail//demo//EN",
        "VERSION:2.0",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        "UID:tea-and-plans@lighthouse.example",
        f"DTSTAMP:{start - timedelta(days=3):%Y%m%dT%H%M%SZ}",
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
        f"DTEND:{end:%Y%m%dT%H%M%SZ}",
        "SUMMARY:Tea and plans for the lighthouse",
        "LOCATION:The lamp room\\, third landing",
        "DESCRIPTION:What is left to do before the light is switched on:\\n"
        "the lens\\, the rail and the song.",
        f"ORGANIZER;CN=Ada Quill:mailto:{organizer}",
        f"ATTENDEE;CN=Robin Demo;RSVP=TRUE;PARTSTAT=NEEDS-ACTION:mailto:{attendee}",
        "SEQUENCE:0",
        "STATUS:CONFIRMED",
        "BEGIN:VALARM",
        "TRIGGER:-PT15M",
        "ACTION:DISPLAY",
        "DESCRIPTION:Tea",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "\r\n".join(_folded(line) for line in lines) + "\r\n"


def _folded(line: str) -> str:
    # RFC 5545, 3.1: no content line longer than 75 octets.
    pieces = [line[:75]]
    pieces += [line[place : place + 74] for place in range(75, len(line), 74)]
    return "\r\n ".join(pieces)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pdf_escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
