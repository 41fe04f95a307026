"""What an element of a mail's HTML means for its layout: style, spacing, whether it shows.

Reads tags, attributes and inline styles of ``html_tree`` nodes; lays nothing out.
"""

from __future__ import annotations

from typing import NamedTuple

from tui_mail.mail.html_tree import Node, is_zero, pixels
from tui_mail.mail.text import Span, quote_style

# Elements that stand on lines of their own; True where a blank line belongs around them.
BLOCKS = {
    "address": False,
    "article": True,
    "aside": True,
    "blockquote": True,
    "caption": True,
    "center": False,
    "dd": False,
    "details": True,
    "div": False,
    "dl": True,
    "dt": False,
    "fieldset": True,
    "figcaption": False,
    "figure": True,
    "footer": True,
    "form": False,
    "h1": True,
    "h2": True,
    "h3": True,
    "h4": True,
    "h5": True,
    "h6": True,
    "header": True,
    "hr": True,
    "li": False,
    "main": False,
    "nav": True,
    "ol": True,
    "p": True,
    "pre": True,
    "section": True,
    "summary": False,
    "table": True,
    "td": False,
    "tfoot": False,
    "th": False,
    "thead": False,
    "tr": False,
    "ul": True,
}
_INLINE_STYLES = {
    "b": "strong",
    "strong": "strong",
    "th": "strong",
    "em": "emphasis",
    "i": "emphasis",
    "cite": "emphasis",
    "dfn": "emphasis",
    "code": "code",
    "kbd": "code",
    "samp": "code",
    "tt": "code",
    "h1": "heading",
    "h2": "heading",
    "h3": "heading",
    "h4": "heading",
    "h5": "heading",
    "h6": "heading",
    "pre": "code",
    "dt": "strong",
}
# Space of this many pixels above or below shows as a blank line.
_BLANK_PIXELS = 8

# Blocks whose own margins, given in pixels, say whether they are set apart.
_MARGINS_COUNT = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol"])

# A style wins over the one around it if it ranks no lower.
_RANK = {"": 0, "emphasis": 1, "strong": 2, "code": 3, "heading": 4, "signature": 5}


class Context(NamedTuple):
    """What an element passes on to those inside it."""

    style: str = ""
    link: int | None = None
    pre: bool = False
    hidden: bool = False  # text of font size zero; an element inside may undo it
    quotes: int = 0
    lists: int = 0

    def span(self, text: str) -> Span:
        if self.link is not None:
            return Span(text, "link", self.link)
        return Span(text, self.style or quote_style(self.quotes))


def styled(node: Node, context: Context) -> Context:
    """The context inside ``node`` by its tag and inline style."""
    name = _INLINE_STYLES.get(node.tag, "")
    style = node.style
    if style:
        weight = style.get("font-weight", "")
        if weight.startswith("bold") or weight in ("600", "700", "800", "900"):
            name = name or "strong"
        elif style.get("font-style") == "italic":
            name = name or "emphasis"
        if "white-space" in style:
            context = context._replace(pre=style["white-space"].startswith("pre"))
        if "font-size" in style:
            context = context._replace(
                hidden=style["font-size"] == "1px" or is_zero(style["font-size"])
            )
        if style.get("color") == "transparent":
            context = context._replace(hidden=True)
    if "signature" in node.get("class"):
        name = "signature"
    if node.tag == "pre":
        context = context._replace(pre=True)
    if name and _RANK[name] >= _RANK[context.style]:
        context = context._replace(style=name)
    return context


def is_pixel(image: Node) -> bool:
    """Tracking pixels and spacers: no more than three pixels in one direction."""
    sizes = (
        pixels(image.get("width") or image.style.get("width")),
        pixels(image.get("height") or image.style.get("height")),
    )
    return any(size is not None and size <= 3 for size in sizes)


def spacing(node: Node) -> tuple[bool, bool]:
    """Whether a blank line belongs above and below a block, by its kind and its style."""
    before = after = BLOCKS[node.tag]
    # Outlook makes every line a paragraph, without margins by its style sheet.
    if node.tag == "p" and node.get("class").startswith("Mso"):
        before = after = False
    if not node.style:
        return before, after
    for name in ("margin", "padding"):
        sides = node.style.get(name, "").split()
        top = node.style.get(f"{name}-top", sides[0] if sides else "")
        bottom = node.style.get(
            f"{name}-bottom", sides[2 if len(sides) > 2 else 0] if sides else ""
        )
        above, below = pixels(top), pixels(bottom)
        if name == "margin" and node.tag in _MARGINS_COUNT:
            before = before and (above is None or above >= _BLANK_PIXELS)
            after = after and (below is None or below >= _BLANK_PIXELS)
        before = before or (above or 0) >= _BLANK_PIXELS
        after = after or (below or 0) >= _BLANK_PIXELS
    return before, after


def has_border(node: Node, side: str) -> bool:
    border = node.style.get(f"border-{side}", "")
    return bool(border) and "none" not in border and not border.startswith("0")


def is_spacer(node: Node) -> bool:
    """An element that is there for its height alone."""
    if node.length > 3 or any(isinstance(child, Node) for child in node.children):
        return False
    height = pixels(node.get("height") or node.style.get("height") or node.style.get("line-height"))
    return height is not None and height >= _BLANK_PIXELS


def contains_image(node: Node) -> bool:
    pending = [node]
    while pending:
        for child in pending.pop().children:
            if isinstance(child, Node):
                if child.tag == "img" and not is_pixel(child):
                    return True
                pending.append(child)
    return False
