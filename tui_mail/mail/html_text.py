"""text/html as lines to draw: what a reader of the mail should see, at the width of the pane.

lxml parses (``html_tree``); the layout is here, and tables of data in ``html_table``. Fetches
nothing. About 45 ms of CPU per 100 KB of newsletter, all of it Python that lets go of the
interpreter; bounded at ``html_tree.MAX_CHARACTERS`` of input and ``MAX_LINES`` of output.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tui_mail.mail import html_table
from tui_mail.mail.html_style import (
    BLOCKS,
    Context,
    contains_image,
    has_border,
    is_pixel,
    is_spacer,
    spacing,
    styled,
)
from tui_mail.mail.html_tree import Node, parse_html
from tui_mail.mail.links import LinkList, host, marker, openable
from tui_mail.mail.text import (
    ONLY_THE,
    Line,
    RenderedText,
    Span,
    cell_width,
    line_text,
    quote_style,
    truncate,
    wrap,
)
from tui_mail.sanitize import columnar

MAX_LINES = 20_000
# Prose wider than this is hard to read; tables may use the whole pane.
MAX_PROSE = 96
_MAX_ALT = 120
_MENU_ITEM = 28

# What is put before and after; a struck-out price must not read as the price.
_AROUND = {"s": ("~", "~"), "strike": ("~", "~"), "del": ("~", "~"), "q": ("“", "”")}
_BULLETS = ("•", "◦", "▪")
_SUPERSCRIPT = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_NO_BREAK_RUN = re.compile("(?:\u00a0[ \u200c\u200b]*){4,}")
_PRE_SPACE = re.compile(r"^ +| {2,}", re.MULTILINE)


def _columnar(text: str) -> str:
    """``columnar`` that keeps no-break spaces until the lines have been broken."""
    if "\u00a0" in text:
        return "\u00a0".join(map(columnar, text.split("\u00a0")))
    return columnar(text)


def _collapse(spans: list[Span]) -> list[Span]:
    """Spans of one line without the spaces at its ends and after one another."""
    kept: list[Span] = []
    open_space = False
    for text, style, link in spans:
        text = text.lstrip(" ") if open_space else text
        if text:
            open_space = text[-1] == " "
            kept.append(Span(text, style, link))
    while kept and not (end := kept[-1].text.rstrip(" \u00a0")):
        kept.pop()
    if kept:
        kept[-1] = kept[-1]._replace(text=end)
    return kept


class _Layout:
    """Lays a tree out into lines, block by block."""

    def __init__(self, width: int, links: LinkList) -> None:
        self.links = links
        self.lines: list[Line] = []
        self._width = max(width, 16)
        self._prose = min(self._width, MAX_PROSE)
        self._prefix: Line = ()  # before each line: quote bars and indentation
        self._marker: Line | None = None  # in its place before the next line: a list's bullet
        self._blank: Line | None = None  # wanted before the next line, with this prefix
        self._inline: list[Span] = []
        self._has_ink = 0

    # Lines

    def _want_blank(self) -> None:
        """A blank line before what comes next, framed as the outermost block that wants it."""
        if self._marker is None and (self._blank is None or len(self._prefix) < len(self._blank)):
            self._blank = self._prefix

    def _settle_blank(self) -> None:
        if self._blank is not None and self.lines:
            frame = min(self._blank, self._prefix, key=len)
            text = line_text(frame).rstrip()
            self.lines.append((Span(text, frame[0].style),) if text else ())
        self._blank = None

    def _emit(self, lines: list[Line]) -> None:
        self._settle_blank()
        self.lines += lines
        self._marker = None

    def _end_paragraph(self) -> None:
        """Break the gathered spans into lines."""
        if not self._inline:
            return
        spans, self._inline = self._inline, []
        logical: list[list[Span]] = [[]]
        for text, style, link in spans:
            head, *more = text.split("\n")
            logical[-1].append(Span(head, style, link))
            logical += [[Span(each, style, link)] for each in more]
        # A paragraph of nothing but a no-break space is how editors write a blank line.
        spacer = any("\u00a0" in span.text for span in logical[-1])
        *complete, last = map(_collapse, logical)
        for line in (*complete, last) if last or spacer else complete:
            if line:
                first = self._prefix if self._marker is None else self._marker
                self._emit(wrap(line, self._prose, first=first, rest=self._prefix))
            else:
                self._want_blank()

    def _emit_framed(self, lines: list[Line]) -> None:
        """Emit finished lines behind the prefix."""
        first = self._prefix if self._marker is None else self._marker
        self._emit([(*(self._prefix if n else first), *line) for n, line in enumerate(lines)])

    def _rule(self) -> None:
        self._end_paragraph()
        self._want_blank()
        if self.lines and line_text(self.lines[-1]).strip(" │─"):
            room = self._prose - cell_width(line_text(self._prefix))
            self._emit_framed([(Span("─" * max(room, 3), "rule"),)])

    # Inline content

    def _text(self, text: str, context: Context) -> None:
        if context.hidden:
            return
        if context.pre:
            text = text.replace("\r\n", "\n").expandtabs(8)
            if context.style == "code":
                text = text.replace(" ", "\u00a0")
            else:
                text = _PRE_SPACE.sub(lambda found: "\u00a0" * len(found[0]), text)
            text = "\n".join(map(_columnar, text.split("\n")))
        else:
            text = _columnar(_NO_BREAK_RUN.sub(" ", _SPACE.sub(" ", text)))
        if text.strip(" \n\u00a0"):
            self._has_ink += 1
        if context.link is None and ("://" in text or "@" in text or "www." in text):
            self._inline += self.links.spans(text, context.span("").style)
        else:
            self._inline.append(context.span(text))

    def _image(self, node: Node, context: Context) -> None:
        if is_pixel(node):
            return
        alt = truncate(_columnar(_SPACE.sub(" ", node.get("alt"))).strip(" \u00a0"), _MAX_ALT)
        if not alt and node.get("src").lower().startswith("cid:"):
            alt = "image"
        if not alt:
            return
        block = node.style.get("display") == "block"
        if block:
            self._end_paragraph()
        self._has_ink += 1
        linked = context.link is not None
        span = context.span(alt) if linked else Span(f"[{alt}]", "image")
        self._inline += [Span(" "), span, Span(" ")]
        if block and not linked:
            self._end_paragraph()

    def _anchor(self, node: Node, context: Context) -> None:
        url = openable(node.get("href"))
        number = self.links.number(url) if url and context.link is None else None
        if number is None:
            self._walk(node, context)
            return
        ink, lines, start = self._has_ink, len(self.lines), len(self._inline)
        self._walk(node, context._replace(link=number))
        if self._has_ink == ink:
            if not contains_image(node):
                return
            self._has_ink += 1
            self._inline.append(Span(host(url) or "image", "link", number))
        inside = [line_text(line) for line in self.lines[lines:]]
        inside += [line_text(tuple(self._inline[start if not inside else 0 :]))]
        text = " ".join(" ".join(inside).split())[:200]
        self.links.add(url, text)
        if shown := marker(number, url, text):
            self._attach(Span(f" {shown}".replace(" ", "\u00a0"), "link", number))

    def _attach(self, marker: Span) -> None:
        """Put a link's number right behind its last word, be it in a block that has ended."""
        index = len(self._inline) - 1
        while index >= 0 and not self._inline[index].text.strip():
            index -= 1
        if index >= 0:
            text, style, link = self._inline[index]
            bare = text.rstrip()
            self._inline[index] = Span(bare, style, link)
            self._inline.insert(index + 1, marker)
            self._inline.insert(index + 2, Span(text[len(bare) :] or "", style))
        elif self.lines:
            text = marker.text.replace("\u00a0", " ")
            last = (*self.lines[-1], marker._replace(text=text))
            if cell_width(line_text(last)) <= self._prose:
                self.lines[-1] = last
            else:
                self._emit_framed([(marker._replace(text=text.strip()),)])

    # Blocks

    def _walk(self, node: Node, context: Context) -> None:
        for child in node.children:
            if isinstance(child, str):
                self._text(child, context)
            elif len(self.lines) < MAX_LINES:
                self._element(child, context)

    def _element(self, node: Node, context: Context) -> None:
        tag = node.tag
        if tag == "br":
            self._inline.append(Span("\n"))
            return
        if tag == "img":
            self._image(node, context)
            return
        context = styled(node, context)
        if tag == "a":
            self._anchor(node, context)
        elif tag in BLOCKS or node.style.get("display") == "block":
            self._block(node, context)
        elif tag in _AROUND:
            before, after = _AROUND[tag]
            self._inline.append(context.span(before))
            self._walk(node, context)
            self._inline.append(context.span(after))
        elif tag == "sup":
            start = len(self._inline)
            self._walk(node, context)
            for index in range(start, len(self._inline)):
                span = self._inline[index]
                if span.text.isascii() and span.text.strip("+-").isdigit() and span.link is None:
                    self._inline[index] = span._replace(text=span.text.translate(_SUPERSCRIPT))
        else:
            self._walk(node, context)

    def _block(self, node: Node, context: Context) -> None:
        self._end_paragraph()
        if is_spacer(node):
            self._want_blank()
            return
        before, after = spacing(node) if node.tag in BLOCKS else (False, False)
        if context.lists and node.tag in ("ul", "ol"):
            before = after = False
        if before:
            self._want_blank()
        if has_border(node, "top") and node.tag != "table":
            self._rule()
        outer = self._prefix
        handler = _HANDLERS.get(node.tag)
        if handler is not None:
            handler(self, node, context)
        elif node.style.get("text-indent", "").startswith("-"):
            # Outlook's lists: paragraphs with the bullet as text in a hanging indent.
            first = self._prefix
            self._indent(Span("  "))
            self._marker = first
            self._walk(node, context)
        elif has_border(node, "left") and not has_border(node, "right") and node.tag == "div":
            self._quote(node, context)
        else:
            self._walk(node, context)
        self._end_paragraph()
        self._prefix = outer
        if after:
            self._want_blank()

    def _indent(self, span: Span) -> None:
        """Put ``span`` before the lines to come, unless half the width is taken already."""
        if 2 * cell_width(line_text((*self._prefix, span))) <= self._width:
            self._prefix = (*self._prefix, span)

    def _quote(self, node: Node, context: Context) -> None:
        # Gmail's "indent more" is a blockquote as well.
        if node.style.get("border") == "none" and "40px" in node.style.get("margin", ""):
            self._indent(Span("    "))
            self._walk(node, context)
            return
        context = context._replace(quotes=context.quotes + 1)
        self._indent(Span("│ ", quote_style(context.quotes)))
        self._walk(node, context)

    def _list(self, node: Node, context: Context) -> None:
        plain = node.style.get("list-style", node.style.get("list-style-type", ""))
        number = int(node.get("start")) if node.get("start").isdecimal() else 1
        bullet = _BULLETS[min(context.lists, len(_BULLETS) - 1)]
        inner = context._replace(lists=context.lists + 1)
        for child in node.children:
            if isinstance(child, str):
                self._text(child, context)
                continue
            if child.tag != "li":
                self._element(child, inner)
                continue
            if child.get("value").isdecimal():
                number = int(child.get("value")[:9])
            mark = f"{_ordinal(number, node.get('type'))}. " if node.tag == "ol" else f"{bullet} "
            if plain.startswith("none"):
                mark = ""
            number += 1
            self._item(child, inner, mark)

    def _item(self, node: Node, context: Context, mark: str) -> None:
        self._end_paragraph()
        self._settle_blank()
        outer = self._prefix
        bars = quote_style(context.quotes)
        if mark:
            self._marker = (*outer, Span(mark, bars))
            self._indent(Span(" " * len(mark), bars))
        self._walk(node, styled(node, context))
        self._end_paragraph()
        self._marker, self._prefix = None, outer

    def _definition(self, node: Node, context: Context) -> None:
        self._indent(Span("    "))
        self._walk(node, context)

    # Tables

    def _cell(self, node: Node, context: Context) -> html_table.Cell:
        """A cell's content as logical lines, laid out aside."""
        aside = (self.lines, self._prefix, self._marker, self._blank, self._prose, self._inline)
        self.lines, self._prefix, self._marker, self._blank = [], (), None, None
        self._prose, self._inline = 100_000, []
        self._walk(node, styled(node, context))
        self._end_paragraph()
        lines = tuple(line for line in self.lines if line)
        self.lines, self._prefix, self._marker, self._blank, self._prose, self._inline = aside
        span = node.get("colspan")
        align = node.style.get("text-align") or node.get("align").lower()
        return html_table.Cell(
            lines,
            columns=min(int(span), html_table.MAX_COLUMNS)
            if span.isdecimal() and span != "0"
            else 1,
            header=node.tag == "th",
            right=align in ("right", "end"),
        )

    def _table(self, node: Node, context: Context) -> None:
        caption = [c for c in node.children if isinstance(c, Node) and c.tag == "caption"]
        for each in caption:
            self._element(each, context)
        rows = html_table.rows_of(node)
        cells = [html_table.cells_of(row) for row in rows]
        drawn: list[list[html_table.Cell]] = []
        if len(rows) <= html_table.MAX_ROWS and not any(
            cell.blocky for row in cells for cell in row
        ):
            drawn = [[self._cell(cell, context) for cell in row] for row in cells]
        if drawn and html_table.is_data(drawn):
            room = self._width - cell_width(line_text(self._prefix))
            self._emit_framed(html_table.draw(html_table.with_row_spans(drawn, cells), room))
        else:
            for row in rows:
                self._row(row, context)
        # libxml2 leaves inside the table what a browser would put before it.
        self._strays(node, _TABLE_PARTS, context)

    def _strays(self, node: Node, expected: tuple[str, ...], context: Context) -> None:
        for child in node.children:
            if isinstance(child, str):
                if child.strip():
                    self._text(child, context)
            elif child.tag not in expected:
                self._element(child, context)

    def _row(self, node: Node, context: Context) -> None:
        """A row of a layout table: on one line if its cells fit, else one under the other."""
        self._end_paragraph()
        cells = html_table.cells_of(node)
        context = styled(node, context)
        self._strays(node, ("td", "th"), context)
        if len(cells) > 1 and not any(cell.blocky for cell in cells):
            filled = [cell for cell in (self._cell(each, context) for each in cells) if cell.lines]
            room = self._prose - cell_width(line_text(self._prefix))
            if len(filled) > 1 and _stands_in_line(filled, room):
                before, after = zip(*map(spacing, cells), strict=True)
                if any(before):
                    self._want_blank()
                self._emit_framed(_side_by_side(filled, room))
                if any(after):
                    self._want_blank()
                return
        for cell in cells:
            ink = self._has_ink
            self._element(cell, context)
            if self._has_ink != ink and len(cells) > 1:
                self._want_blank()


def _stands_in_line(cells: list[html_table.Cell], room: int) -> bool:
    """Whether cells of a layout table go on one line, or flow: a menu, a row of icons."""
    if any(len(cell.lines) > 1 for cell in cells):
        return False
    widths = [cell.widest() for cell in cells]
    return sum(widths) + 3 * (len(cells) - 1) <= room or (
        len(cells) > 2 and max(widths) <= _MENU_ITEM
    )


def _side_by_side(cells: list[html_table.Cell], room: int) -> list[Line]:
    spans: list[Span] = []
    for cell in cells:
        spans += [span._replace(text=span.text.replace(" ", "\u00a0")) for span in cell.lines[0]]
        spans.append(Span("   "))
    return wrap(spans[:-1], room)


def _ordinal(number: int, kind: str) -> str:
    if kind in ("a", "A") and 1 <= number <= 26:
        return chr(ord(kind) + number - 1)
    return str(number)


_TABLE_PARTS = ("tr", "thead", "tfoot", "caption")
_HANDLERS: dict[str, Callable[[_Layout, Node, Context], None]] = {
    "blockquote": _Layout._quote,
    "ul": _Layout._list,
    "ol": _Layout._list,
    "dd": _Layout._definition,
    "table": _Layout._table,
    "tr": _Layout._row,
    "hr": lambda layout, node, context: layout._rule(),
}


def render_html(html: str, *, width: int, links: LinkList | None = None) -> RenderedText:
    """Return a mail's HTML as lines of at most ``width`` cells (prose: at most ``MAX_PROSE``).

    Links are numbered behind their text, ``text [3]``; one whose text names another host than it
    leads to says so. Images are their alternative text. What the mail hides is left out.
    ``links`` are those of the text above, where it goes on numbering.
    """
    root, notes = parse_html(html)
    layout = _Layout(width, links or LinkList())
    layout._walk(root, Context())
    layout._end_paragraph()
    lines = layout.lines
    while lines and not line_text(lines[-1]).strip(" │─"):
        lines.pop()
    if not lines and not notes:
        notes = ("The HTML holds no text to show.",)
    if len(lines) >= MAX_LINES:
        del lines[MAX_LINES:]
        notes = (*notes, f"{ONLY_THE}first {MAX_LINES} lines are shown.")
    return RenderedText(tuple(lines), layout.links.links(), notes)
