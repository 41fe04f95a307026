"""HTML of a mail → a small tree of what a reader can see.

lxml's parser (libxml2) is used through its event interface alone: that has no depth limit, takes
time linear in what a person may send, and can be fed in slices and stopped. What is hidden,
scripted or styled away is dropped here. Nothing is fetched and no entity reaches a file.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tui_mail.mail.text import ONLY_THE

if TYPE_CHECKING:
    from lxml import etree

MAX_CHARACTERS = 1_500_000
MAX_NODES = 60_000
# Deeper elements are laid out as if they stood at this depth; layout recurses by it.
MAX_DEPTH = 120
MAX_SECONDS = 2.0
_SLICE = 4096
_MAX_STYLE = 4000

# What has no place in a text, with all that is in it.
_DROPPED = frozenset(
    [
        "head",
        "script",
        "style",
        "template",
        "title",
        "noembed",
        "noframes",
        "iframe",
        "object",
        "applet",
        "embed",
        "audio",
        "video",
        "canvas",
        "svg",
        "math",
        "map",
        "select",
        "datalist",
        "textarea",
        "input",
        "meta",
        "link",
        "base",
        "param",
    ]
)
# Elements that mean nothing to the layout: their children count as their parent's.
_TRANSPARENT = frozenset(
    ["html", "body", "tbody", "colgroup", "col", "picture", "source", "label", "o:p"]
)
# Elements in which only cells and rows may stand.
_TABLE_FRAME = frozenset(["table", "thead", "tfoot", "tr"])
# Elements that make a table cell more than a run of text.
_BLOCKY = frozenset(
    ["table", "ul", "ol", "dl", "pre", "blockquote", "hr", "h1", "h2", "h3", "h4", "h5", "h6"]
)

_NO_STYLE: Mapping[str, str] = {}
_DATA_URL = re.compile(r"data:[^\"'\s>)]{200,}")
_MEDIA = re.compile(r"@[\w-]+[^{};@]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_DISPLAY_NONE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_SIMPLE_CLASS = re.compile(r"(?:\w+)?\.([\w-]+)")
_ZERO = re.compile(r"0(?:\.0+)?(?:px|pt|em|rem|%)?")
_PIXELS = re.compile(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*", re.IGNORECASE)


class Node:
    """An element that is seen. ``blocky`` and ``length`` (characters) speak of all inside it."""

    __slots__ = ("attributes", "blocky", "children", "length", "style", "tag")

    def __init__(self, tag: str, attributes: Mapping[str, str], style: Mapping[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.style = style
        self.children: list[Node | str] = []
        self.blocky = False
        self.length = 0

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")


def _declarations(style: str) -> Mapping[str, str]:
    """An inline style's declarations, names and values in lower case."""
    found: dict[str, str] = {}
    for declaration in style[:_MAX_STYLE].lower().split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            found[name.strip()] = value.replace("!important", "").strip()
    return found


def is_zero(value: str | None) -> bool:
    return value is not None and _ZERO.fullmatch(value) is not None


def pixels(value: str | None) -> int | None:
    """A length in pixels, zero in any unit; None if there is none or it is relative."""
    if not value:
        return None
    found = _PIXELS.fullmatch(value)
    if found:
        return int(found[1])
    return 0 if is_zero(value) else None


def _is_hidden(attributes: Mapping[str, str], style: Mapping[str, str]) -> bool:
    """Whether a browser would show nothing of the element (preheaders, mobile doubles)."""
    if "hidden" in attributes:
        return True
    if not style:
        return False
    if style.get("display") == "none" or style.get("visibility") in ("hidden", "collapse"):
        return True
    if is_zero(style.get("opacity")):
        return True
    clipped = style.get("overflow", "").startswith("hidden")
    if clipped and any(is_zero(style.get(name)) for name in ("max-height", "height", "max-width")):
        return True
    away = (style.get("left", ""), style.get("text-indent", ""), style.get("top", ""))
    return any(value.startswith(("-999", "-1000")) for value in away)


def hidden_classes(css: str) -> frozenset[str]:
    """The classes a style sheet hides on every medium: only simple ``.name`` selectors."""
    hidden: set[str] = set()
    for rule in _MEDIA.sub("", css[: 50 * 1024]).split("}"):
        selectors, _, body = rule.rpartition("{")
        if not _DISPLAY_NONE.search(body):
            continue
        for selector in selectors.split(","):
            if simple := _SIMPLE_CLASS.fullmatch(selector.strip()):
                hidden.add(simple[1])
    return frozenset(hidden)


class _TreeBuilder:
    """The target of the parser's events."""

    def __init__(self) -> None:
        self.root = Node("body", {}, _NO_STYLE)
        self._open: list[Node] = [self.root]
        self._skipped = 0
        self._style: list[str] | None = None
        self._hidden: frozenset[str] = frozenset()
        self._text: list[str] = []
        self.nodes = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "style":
            self._style = []
        if self._skipped or self.nodes >= MAX_NODES:
            self._skipped += 1
            return
        # An address in angle brackets that nobody escaped.
        if "@" in tag:
            self._text.append(f"<{tag}>")
            self._open.append(self._open[-1])
            return
        style = _declarations(attributes["style"]) if "style" in attributes else _NO_STYLE
        if tag in _DROPPED or _is_hidden(attributes, style) or self._has_hidden_class(attributes):
            self._skipped = 1
            return
        self._end_text()
        parent = self._open[-1]
        if len(self._open) > MAX_DEPTH and parent.tag in _TABLE_FRAME:
            parent = next(node for node in reversed(self._open) if node.tag not in _TABLE_FRAME)
        if tag in _TRANSPARENT or len(self._open) > MAX_DEPTH:
            self._open.append(parent)
            return
        self.nodes += 1
        node = Node(tag, dict(attributes) if attributes else _NO_STYLE, style)
        parent.children.append(node)
        self._open.append(node)

    def end(self, tag: str) -> None:
        if tag == "style" and self._style is not None:
            self._hidden |= hidden_classes("".join(self._style))
            self._style = None
        if self._skipped:
            self._skipped -= 1
            return
        self._end_text()
        if len(self._open) == 1:
            return
        node = self._open.pop()
        parent = self._open[-1]
        if parent.children and parent.children[-1] is node:
            parent.blocky |= node.blocky or node.tag in _BLOCKY
            parent.length += node.length

    def data(self, text: str) -> None:
        if self._style is not None:
            self._style.append(text)
        if not self._skipped:
            self._text.append(text)

    def _end_text(self) -> None:
        """One string a run: libxml2 hands out long text, and each entity, in pieces."""
        if self._text:
            node = self._open[-1]
            text = "".join(self._text)
            self._text.clear()
            node.children.append(text)
            node.length += len(text)
            self.nodes += 1

    def close(self) -> Node:
        self._end_text()
        return self.root

    def _has_hidden_class(self, attributes: Mapping[str, str]) -> bool:
        if not self._hidden or "class" not in attributes:
            return False
        return not self._hidden.isdisjoint(attributes["class"].split())


def parse_html(html: str) -> tuple[Node, tuple[str, ...]]:
    """Parse a mail's HTML, however broken; return the body and notes on what was left out.

    About 5 ms of CPU per 100 KB, in slices of well under a millisecond; stops after
    ``MAX_SECONDS``, ``MAX_CHARACTERS`` or ``MAX_NODES`` with a note. Raises nothing.
    """
    from lxml import etree

    notes: list[str] = []
    html = _DATA_URL.sub("data:", html).replace("\0", "")
    if len(html) > MAX_CHARACTERS:
        html = html[:MAX_CHARACTERS]
        notes.append(f"{ONLY_THE}first 1.5 million characters of the HTML are shown.")
    builder = _TreeBuilder()
    parser: etree.HTMLParser = etree.HTMLParser(
        target=builder, encoding="utf-8", huge_tree=True, no_network=True
    )
    octets = html.encode("utf-8", "replace")
    deadline = time.monotonic() + MAX_SECONDS
    try:
        for start in range(0, len(octets), _SLICE):
            parser.feed(octets[start : start + _SLICE])
            if builder.nodes >= MAX_NODES:
                notes.append("The HTML is too large; its end is not shown.")
                break
            if time.monotonic() > deadline:
                notes.append("The HTML takes too long to read; its end is not shown.")
                break
        parser.close()
    except etree.LxmlError:
        if not builder.nodes:
            notes.append("The HTML could not be read.")
    return builder.root, tuple(notes)
