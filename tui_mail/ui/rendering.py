"""A message as lines for the viewer: its header with labels, its texts one below the other.

Pure: fetches nothing, draws nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from tui_mail.mail.readable import header_lines, render_part
from tui_mail.mail.reader import Message
from tui_mail.mail.text import Line, RenderedText, Span, cut, wrap
from tui_mail.sanitize import decode_clean

_NEXT_PAGE = "The text goes on: with the next page more of it is fetched."
_TOO_LONG = "The text goes on, too long to be shown here: saved, this part is whole."
_RULE = 24  # cells of the line between two texts of a message


def rendered(
    message: Message, width: int, all_headers: bool, labels: tuple[tuple[str, str], ...]
) -> tuple[tuple[Line, ...], RenderedText]:
    """A message's header, with the names and styles of its labels, and all its texts.

    ``width`` is in cells. Costs what the renderers cost: not for the screen's own thread.
    """
    from tui_mail.mail.links import LinkList  # in the thread that needs it, not at the start

    header = header_lines(message.header, all_headers=all_headers, width=width)
    if labels:
        spans = [Span(f"{name} ", style) for name, style in labels]
        header += tuple(wrap(spans, width, first=(Span("Labels: ", "header-name"),)))
    if message.part is None:
        nothing = "This message has no text; v lists its parts."
        return header, RenderedText(((Span(nothing, "notice", None),),), (), ())
    links = LinkList()
    text = render_part(
        message.part, message.data, width=width, complete=message.complete, links=links
    )
    if text.cut_off:
        goes_on = _NEXT_PAGE if not message.complete and not message.whole else _TOO_LONG
        lines = (*text.lines, (), *wrap([Span(goes_on, "notice")], width))
        text = RenderedText(lines, text.links, text.notes)
    for part, data, complete in message.further:
        below = render_part(part, data, width=width, complete=complete, links=links)
        rule: Line = (Span("─" * min(width, _RULE), "rule", None),)
        lines = (*text.lines, (), rule, (), *below.lines)
        text = RenderedText(lines, below.links, (*text.notes, *below.notes))
    if message.note:
        text = RenderedText(text.lines, text.links, (message.note, *text.notes))
    return header, text


def rendered_source(data: bytes, complete: bool, width: int) -> RenderedText:
    """A message's octets as lines, nothing decoded; ``complete`` False: not all of them."""
    lines = tuple(
        (Span(piece, "", None),)
        for line in data.splitlines()
        for piece in _pieces(decode_clean(line), width)
    )
    notes = () if complete else ("Only the beginning of the source is shown.",)
    return RenderedText(lines, (), notes)


def _pieces(text: str, width: int) -> Iterator[str]:
    """A line of source in pieces that fit: nothing of it may be hidden."""
    piece, text = cut(text, width)
    yield piece
    while text and piece:
        piece, text = cut(text, width)
        yield piece


def form_name(message: Message) -> str:
    """Which of several forms of its text is shown; "" where there is one only."""
    if message.part is None or not {*message.alternatives} - {message.part}:
        return ""
    return "HTML" if message.part.subtype == "html" else message.part.subtype
