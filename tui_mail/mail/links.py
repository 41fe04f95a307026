"""Links: finding them in plain text, and the numbered list a rendered text carries.

Decides which addresses may be opened at all. Opens nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from tui_mail.mail.text import Link, Span
from tui_mail.sanitize import clean

# Nothing else becomes a link: file:, javascript:, data: and the schemes of other programs could
# do harm when opened, and relative addresses lead nowhere from a mail.
SCHEMES = ("http", "https", "mailto")
MAX_URL = 4096
MAX_LINKS = 2000

_URL = re.compile(
    r"(?:https?://|www\.(?=[\w-]+\.)|mailto:)[^\s<>\"\u00a0\u3000-\u3003\uff01-\uff60]+"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}",
    re.IGNORECASE,
)
_BARE_HOST = re.compile(
    r"(?:[\w-]+\.)+(?:com|org|net|edu|gov|info|biz|eu|de|uk|fr|nl|at|ch|it|es|us|ca|au|in|ru|cn)"
    r"(?:/\S*)?",
    re.IGNORECASE,
)
# A browser ignores these inside an address (WHATWG URL, 4.4).
_NOT_IN_URL = re.compile(r"[\t\r\n]+")
_TRAILING = ".,;:!?'*_~"
_PAIRS = {")": "(", "]": "[", "}": "{", ">": "<", "’": "‘", "”": "“"}  # noqa: RUF001


def _trim(url: str) -> str:
    """Take off the punctuation of the sentence around a URL; balanced brackets belong to it."""
    while url:
        last = url[-1]
        if last in _TRAILING or (last in _PAIRS and url.count(last) > url.count(_PAIRS[last])):
            url = url[:-1]
        else:
            break
    return url


def find_urls(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, url) for what reads as a link in a line of cleaned text.

    ``www.`` gets http, an address gets mailto.
    """
    if "://" not in text and "@" not in text and "www." not in text and "mailto:" not in text:
        return
    for found in _URL.finditer(text):
        shown = _trim(found[0][:MAX_URL])
        lower = shown.lower()
        if lower.startswith(("http://", "https://", "mailto:")):
            url = shown
        elif lower.startswith("www."):
            url = "http://" + shown
        else:
            url = "mailto:" + shown
        if len(shown) > 8 or "@" in shown:
            yield found.start(), found.start() + len(shown), url


def openable(url: str) -> str:
    """The URL cleaned and trimmed if it may be opened, else ""."""
    url = clean(_NOT_IN_URL.sub("", url.strip())).replace(" ", "%20")
    scheme = url.partition(":")[0].lower()
    return url if scheme in SCHEMES and len(url) <= MAX_URL else ""


def host(url: str) -> str:
    """The host a URL leads to, in lower case without ``www.``; "" where it has none."""
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return name.removeprefix("www.")


def marker(number: int, url: str, text: str) -> str:
    """What stands behind a link: its number; nothing if the text is the address already; and
    where the link leads, if the text names another host."""
    bare = url.removeprefix("mailto:").partition("?")[0] if url.startswith("mailto:") else url
    if text == bare or _plain_form(text) == _plain_form(url):
        return ""
    shown = next((found for _, _, found in find_urls(text)), "")
    if not shown and _BARE_HOST.fullmatch(text):
        shown = f"http://{text}"
    shown_host, real = host(shown), host(url)
    if (
        shown_host
        and shown_host != real
        and not (real.endswith(f".{shown_host}") or shown_host.endswith(f".{real}"))
    ):
        return f"[{number} → {real or url.partition(':')[0]}]"
    return f"[{number}]"


def _plain_form(url: str) -> str:
    url = url.lower().removeprefix("http://").removeprefix("https://")
    return url.removeprefix("www.").rstrip("/")


class LinkList:
    """Numbers links as they come up; the same URL keeps its number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._links: list[Link] = []

    def number(self, url: str) -> int | None:
        """The number ``url`` has, or would have if it were added next."""
        known = self._numbers.get(url)
        return known or (len(self._links) + 1 if len(self._links) < MAX_LINKS else None)

    def add(self, url: str, text: str) -> int | None:
        """The number of an openable ``url``; None once there are ``MAX_LINKS``."""
        number = self._numbers.get(url)
        if number is None and len(self._links) < MAX_LINKS:
            number = self._numbers[url] = len(self._links) + 1
            self._links.append(Link(number, url, text))
        return number

    def links(self) -> tuple[Link, ...]:
        return tuple(self._links)

    def spans(self, text: str, style: str) -> list[Span]:
        """Cut cleaned ``text`` into spans, what reads as a URL being a link."""
        spans: list[Span] = []
        position = 0
        for start, end, url in find_urls(text):
            number = self.add(url, text[start:end])
            if number is None:
                break
            if start > position:
                spans.append(Span(text[position:start], style))
            spans.append(Span(text[start:end], "link", number))
            position = end
        if position < len(text):
            spans.append(Span(text[position:], style))
        return spans
