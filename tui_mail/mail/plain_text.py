"""text/plain as lines to draw: format=flowed, quotes by depth, signature, links, patches.

Gets decoded text, cleans it, knows no charset and no structure. About 1 ms of CPU per 10 KB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tui_mail.mail.links import LinkList
from tui_mail.mail.text import (
    ONLY_THE,
    Line,
    RenderedText,
    Span,
    cell_width,
    cut,
    quote_style,
    wrap,
)
from tui_mail.sanitize import clean, columnar

MAX_CHARACTERS = 1_000_000
MAX_LINES = 100_000
_MAX_QUOTE_DEPTH = 50
_LONGEST_PATCH_LINE = 10_000

_SIGNATURE = "-- "
# Quote marks: ">" packed or spaced; "|" and initials ("AB>") are told from text by no one.
_QUOTE = re.compile(r"(?:> ?)*>")


class Paragraph(NamedTuple):
    """One logical line: ``depth`` levels quoted, ``text`` without the quote marks."""

    depth: int
    text: str
    flowed: bool = False


def _split_quote(line: str) -> tuple[int, str]:
    found = _QUOTE.match(line)
    if not found:
        return 0, line
    # ">From " is mbox's escape, not a quote.
    if line.startswith(">From "):
        return 0, line[1:]
    return found[0].count(">"), line[found.end() :]


def unflow(text: str, *, delsp: bool) -> Iterator[Paragraph]:
    """Join the lines of format=flowed into paragraphs (RFC 3676, 4).

    A change of quote depth ends a paragraph whatever its line says (4.5), and the signature
    separator never flows (4.3).
    """
    depth = 0
    pending: list[str] = []
    for line in text.split("\n"):
        stripped = line.lstrip(">")
        line_depth = len(line) - len(stripped)
        content = stripped.removeprefix(" ")  # space-stuffing, 4.4
        flows = content.endswith(" ") and content != _SIGNATURE
        if pending and (line_depth != depth or content == _SIGNATURE):
            yield Paragraph(depth, "".join(pending), True)
            pending = []
        depth = line_depth
        pending.append(content[:-1] if flows and delsp else content)
        if not flows:
            yield Paragraph(depth, "".join(pending), len(pending) > 1)
            pending = []
    if pending:
        yield Paragraph(depth, "".join(pending), True)


def _fixed(text: str) -> Iterator[Paragraph]:
    for line in text.split("\n"):
        depth, content = _split_quote(line)
        yield Paragraph(depth, content.removeprefix(" ") if depth else content)


def _paragraph(paragraph: Paragraph, width: int, style: str, links: LinkList) -> list[Line]:
    depth = min(paragraph.depth, _MAX_QUOTE_DEPTH)
    prefix: Line = (Span(">" * depth + " ", style),) if depth else ()
    text = columnar(paragraph.text.expandtabs(8)).rstrip()
    if not text:
        return [(Span(">" * depth, style),)] if depth else [()]
    spans = links.spans(text, style)
    if depth + 1 + cell_width(text) <= width:
        return [(*prefix, *spans)]
    # What was laid out by hand keeps its indentation where it has to wrap.
    indent = len(text) - len(text.lstrip(" "))
    if 0 < indent < width // 2:
        head = Span(" " * indent, style)
        spans = links.spans(text[indent:], style)
        return wrap(spans, width, first=(*prefix, head), rest=(*prefix, head))
    return wrap(spans, width, first=prefix, rest=prefix)


def render_plain(
    text: str,
    *,
    width: int,
    flowed: bool = False,
    delsp: bool = False,
    links: LinkList | None = None,
) -> RenderedText:
    """Return ``text`` as lines of at most ``width`` cells.

    ``flowed`` and ``delsp`` are the parameters of text/plain (RFC 3676). Quotes get the style of
    their depth, all from the signature separator on is dimmed, URLs and addresses become links.
    Text beyond ``MAX_CHARACTERS`` or ``MAX_LINES`` is left out with a note. ``links`` are those
    of the text above, where it goes on numbering.
    """
    notes: list[str] = []
    if len(text) > MAX_CHARACTERS:
        text = text[:MAX_CHARACTERS]
        notes.append(f"{ONLY_THE}first million characters are shown.")
    text = clean(text, newlines=True, tabs=True).rstrip("\n ")
    links = links or LinkList()
    lines: list[Line] = []
    in_signature = False
    for paragraph in unflow(text, delsp=delsp) if flowed else _fixed(text):
        if paragraph.depth == 0 and paragraph.text in (_SIGNATURE, "--"):
            in_signature = True
        elif paragraph.depth:
            in_signature = False
        style = "signature" if in_signature else quote_style(paragraph.depth)
        lines += _paragraph(paragraph, width, style, links)
        if len(lines) > MAX_LINES:
            del lines[MAX_LINES:]
            notes.append(f"{ONLY_THE}first {MAX_LINES} lines are shown.")
            break
    return RenderedText(tuple(lines), links.links(), tuple(notes))


# The first that fits names the style; the order tells "+++" from "+" (POSIX diff -u, git).
_PATCH_STYLES = (
    ("diff --git ", "diff-header"),
    ("index ", "diff-header"),
    ("--- ", "diff-header"),
    ("+++ ", "diff-header"),
    ("@@ ", "diff-hunk"),
    ("+", "diff-add"),
    ("-", "diff-remove"),
)
_PATCH_START = re.compile(r"^(?:diff --git |--- \S.*\n\+\+\+ \S|Index: \S)", re.MULTILINE)


def looks_like_patch(text: str) -> bool:
    """Whether unquoted text carries a unified diff (``git format-patch``, ``diff -u``)."""
    return _PATCH_START.search(text) is not None and re.search(r"^@@ -\d", text, re.M) is not None


def render_patch(text: str, *, width: int, links: LinkList | None = None) -> RenderedText:
    """Text with a patch in it: what stands before the patch as mail, the patch line by line.

    Patch lines are cut at ``width`` rather than wrapped at words, so that columns stay true.
    ``links`` as for ``render_plain``.
    """
    links = links or LinkList()
    text = clean(text[:MAX_CHARACTERS], newlines=True, tabs=True).rstrip("\n ")
    found = _PATCH_START.search(text)
    start = found.start() if found else 0
    head = render_plain(text[:start], width=width, links=links) if start else RenderedText(())
    lines = list(head.lines)
    in_signature = False
    for raw in text[start:].split("\n")[:MAX_LINES]:
        in_signature = in_signature or raw == _SIGNATURE
        styled = (style for mark, style in _PATCH_STYLES if raw.startswith(mark))
        style = "signature" if in_signature else next(styled, "code")
        rest = columnar(raw[:_LONGEST_PATCH_LINE].expandtabs(8))
        if len(raw) > _LONGEST_PATCH_LINE:
            rest += "…"
        while True:
            taken, rest = cut(rest, max(width, 8))
            lines.append((Span(taken, style),) if taken else ())
            if not rest:
                break
    return RenderedText(tuple(lines), links.links(), head.notes)
