"""The links of a message: the whole address is shown before anything is opened.

Opens nothing itself and knows no clipboard: both are functions it was given. Nothing is fetched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

from rich.cells import cell_len
from textual import events
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from tui_mail.errors import MailError
from tui_mail.mail.links import find_urls, host
from tui_mail.mail.text import Link
from tui_mail.sanitize import clean, columnar
from tui_mail.ui.browser import open_url
from tui_mail.ui.cells import fit, fit_right
from tui_mail.ui.keymap import Keymap
from tui_mail.ui.screens.dialog import styled
from tui_mail.ui.screens.list_dialog import ListDialog
from tui_mail.ui.theme import style
from tui_mail.ui.widgets.line_view import LineView

_ADDRESS_LINES = 6


def misleading(link: Link) -> str:
    """A warning where the text of a link names another host than its address; else ""."""
    leads = host(link.url)
    for _, _, url in find_urls(clean(link.text)):
        says = host(url)
        if says and leads and says != leads and not leads.endswith("." + says):
            return f"The text says {says}, but the link leads to {leads}"
    return ""


def spelled_out(link: Link) -> str:
    """The host as the network spells it, where letters of it are not ASCII; else ""."""
    name = host(link.url)
    if name.isascii():
        return ""
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return "not a valid host"


class _Links(LineView):
    def __init__(self, links: Sequence[Link], moved: Callable[[], None]) -> None:
        super().__init__()
        self._links = links
        self._moved = moved

    def on_mount(self) -> None:
        self.set_line_count(len(self._links))

    def cursor_changed(self) -> None:
        self._moved()

    def render_row(self, index: int, width: int, cursor: bool) -> Strip:
        link = self._links[index]
        number = f"[{link.number}]"
        text = columnar(link.text).strip()
        url = columnar(link.url)
        same = not text or text == url or url in (f"http://{text}", f"mailto:{text}")
        parts = [(fit_right(number, 6) + " ", "dim")]
        room = width - 7
        if same:
            parts.append((fit(url, room), "link"))
        else:
            shown = min(cell_len(text), room // 2)
            parts += [(fit(text, shown) + "  ", ""), (fit(url, room - shown - 2), "dim")]
        return self.compose_row(parts, width, cursor=cursor)


class LinksScreen(ListDialog[None]):
    """``copy`` gets an address for the clipboard.

    ``open_address`` starts the browser, on a thread; it raises ``MailError``.
    """

    DEFAULT_CSS = """
    LinksScreen #address { height: 8; }
    """
    context = "links"
    title_text = "Links of the message"
    least_height = 12

    def __init__(
        self,
        links: Sequence[Link],
        keymap: Keymap,
        copy: Callable[[str], object],
        *,
        open_address: Callable[[str], None] = open_url,
    ) -> None:
        self._links = _Links(links, self._show_address)
        actions = {"links.open": self.open_link, "links.copy": self.copy_link}
        super().__init__(self._links, keymap, actions)
        self._all = links
        self._copy = copy
        self._open_address = open_address
        self._address = Static(id="address")
        self._told = ("", "")

    def below(self) -> Iterable[Widget]:
        yield self._address

    def wanted_height(self) -> int:
        return len(self._all) + 11

    def on_mount(self) -> None:
        super().on_mount()
        self._show_address()

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.call_after_refresh(self._show_address)

    @property
    def chosen(self) -> Link | None:
        """The link under the cursor, None where there is none."""
        return self._all[self._links.cursor] if self._all else None

    def copy_link(self) -> None:
        """Hand the address under the cursor to the clipboard."""
        if self.chosen is not None:
            self._copy(self.chosen.url)
            self._tell("Copied, if the terminal allows it", "notice")

    def open_link(self) -> None:
        """Open the address under the cursor, which is shown in full below the list."""
        if self.chosen is not None:
            self.run_worker(self._open(self.chosen.url), exclusive=True, exit_on_error=False)

    async def _open(self, url: str) -> None:
        self._tell("Opening …", "notice")
        try:
            await asyncio.to_thread(self._open_address, url)
        except MailError as error:
            self._tell(" ".join(filter(None, (error.title + ".", error.advice))), "error")
        else:
            self._tell("Opened", "notice")

    def _tell(self, text: str, name: str) -> None:
        if self.is_attached:
            self._told = (text, name)
            self._show_address(told=True)

    def _show_address(self, *, told: bool = False) -> None:
        """The whole address, what is wrong with it, and what has become of it."""
        if not told:
            self._told = ("", "")
        link = self.chosen
        if link is None:
            return
        room = max(40, (self._address.content_size.width or 76) * _ADDRESS_LINES)
        url = clean(link.url)
        if len(url) > room:
            url = url[: room - 24] + f"… ({len(url):,} characters)"
        text = styled("")
        ascii_host = spelled_out(link)
        # Before the address, which may fill all the lines there are.
        for warning, look in (
            (misleading(link), "error"),
            (f"Its host is {ascii_host}" if ascii_host else "", "error"),
            self._told,
        ):
            if warning:
                text.append(clean(warning) + "\n", style(look))
        name = urlsplit(link.url).netloc if host(link.url) else ""
        before, found, after = url.partition(clean(name)) if name else (url, "", "")
        text.append(before).append(found, style("strong")).append(after)
        self._address.update(text)
