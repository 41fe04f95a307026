"""The two lines at the bottom: what the program stands at, and which keys count here.

``StatusBar`` draws a frozen ``Status``; ``fit_status`` decides what gives way on a narrow screen.
``HintLine`` draws the registry's hints or, until the next one, a notice. Neither asks anybody
anything: the screen hands them what they tell, and what looks the same draws nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from tui_mail.model import Phase, Progress
from tui_mail.sanitize import columnar
from tui_mail.ui.cells import amount, cut
from tui_mail.ui.theme import style
from tui_mail.wire.transcript import Transcript

Part = tuple[str, str]
"""A text and the name of its style."""

COMMAND_SHOWN_EVERY = 0.5  # seconds
_SEPARATOR = "  "
_UNCONNECTED = (Phase.OFFLINE, Phase.WAITING, Phase.REFUSED)


@dataclass(frozen=True, slots=True)
class Status:
    """All the status bar says.

    ``mailbox`` is its path for showing. ``total`` and ``unread`` are None while unknown;
    ``position`` says which part of the lines is shown (``42%``); a number that changes with every
    step of the cursor would be paid for on every step. ``retry_in`` is in whole seconds.
    ``waiting`` actions have not reached the server yet. ``drafts`` says how many are open,
    ``outbox`` what is being sent.
    ``command`` is the last command's name and ``milliseconds`` its round trip, None while it is
    under way, ``awaited`` whole seconds by now. ``error`` is one line about what went wrong, until
    it is settled.
    """

    account: str = ""
    phase: Phase = Phase.OFFLINE
    retry_in: int | None = None
    mailbox: str = ""
    read_only: bool = False
    total: int | None = None
    unread: int | None = None
    position: str = ""
    progress: Progress | None = None
    command: str = ""
    milliseconds: float | None = None
    awaited: int = 0
    waiting: int = 0
    error: str = ""
    drafts: str = ""
    outbox: str = ""


def duration(milliseconds: float) -> str:
    """A round trip as people read it: ``8 ms``, ``1.2 s``."""
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s"


def progress_text(progress: Progress) -> str:
    """``what 1,200/10,234 11%``, or as much of it as is known."""
    if progress.total:
        percent = min(100, 100 * progress.done // progress.total)
        return f"{progress.what} {progress.done:,}/{progress.total:,} {percent}%"
    return f"{progress.what} {progress.done:,}" if progress.done else f"{progress.what}…"


def _phase(status: Status) -> Part:
    text = status.phase.value
    if status.phase is Phase.WAITING and status.retry_in is not None:
        text = f"offline, again in {status.retry_in} s"
    return text, "status-online" if status.phase is Phase.ONLINE else "status-offline"


def _counts(status: Status) -> list[str]:
    """The counts, the longest way of saying them first."""
    if status.total is None:
        return ["…" if status.mailbox else ""]
    if status.unread is None:
        return [amount(status.total, "message"), f"{status.total:,}"]
    short = f"{status.unread:,}/{status.total:,}"
    return [f"{status.unread:,} unread of {status.total:,}", short]


def _activity(status: Status) -> list[Part]:
    """What is going on, the longest way of saying it first; an error before anything else."""
    if status.error:
        return [(columnar(status.error), "status-error")]
    if status.waiting and status.phase is not Phase.ONLINE:
        return [(f"{status.waiting:,} to send when online", "status-busy"), ("", "status")]
    if status.progress is not None:
        what = columnar(status.progress.what)
        whole = progress_text(replace(status.progress, what=what))
        share = whole.rpartition(" ")[2]
        short = f"{what} {share}" if share.endswith("%") else what
        return [(whole, "status-busy"), (short, "status-busy"), (what, "status-busy")]
    return []


def _outgoing(status: Status) -> Part:
    """What is being written and sent."""
    return "  ".join(filter(None, (status.drafts, columnar(status.outbox)))), "status-busy"


def _command(status: Status) -> Part:
    if not status.command:
        return "", "status"
    if status.milliseconds is not None:
        took = f" {duration(status.milliseconds)}"
    else:
        took = f"… {status.awaited} s" if status.awaited else "…"
    return f"{columnar(status.command)}{took}", "status"


def fit_status(status: Status, width: int) -> list[Part]:
    """What the bar says in ``width`` cells: parts on the left, then padding, then the rest.

    Account, connection state, mailbox and counts always stay, and something of what is going on.
    What gives way, in this order: the position, the last command, words, letters of names.
    """
    for left, right in _layouts(status, width):
        if _width(left) + _width(right) + 2 * bool(right) + 2 <= width:
            return _joined(left, right, width)
    return _joined(left, right, width)


def _layouts(status: Status, width: int) -> Iterator[tuple[list[Part], list[Part]]]:
    """Ways to say it, the best one first, the shortest last; the first that fits is taken."""
    account = columnar(status.account)
    mailbox = columnar(status.mailbox) + (" (read only)" if status.read_only else "")
    position, command = (status.position, "status"), _command(status)
    counts, activity, outgoing = _counts(status), _activity(status), _outgoing(status)

    def left(account: str, mailbox: str, count: str) -> list[Part]:
        return [(account, "status"), _phase(status), (mailbox, "status"), (count, "status")]

    for count in counts:
        for doing in activity or [("", "status")]:
            names = left(account, mailbox, count)
            yield [*names, position], [outgoing, doing, command]
            yield names, [outgoing, doing, command]
            yield names, [outgoing, doing]
    shortened = [
        left(cut(account, max(4, width // share)), cut(mailbox, width // share), counts[-1])
        for share in (4, 6, 8, 12)
    ]
    for text, name in activity[:1]:
        for names in shortened:
            yield names, [(cut(text, max(8, width - _width(names) - 4)), name)]
    for names in shortened:
        yield names, [outgoing]
    for names in shortened:
        yield names, []


def _spaced(parts: Iterable[Part]) -> list[Part]:
    """The parts that say something, with space between."""
    found: list[Part] = []
    for part in parts:
        if part[0]:
            found += [(_SEPARATOR, "status"), part] if found else [part]
    return found


def _width(parts: Iterable[Part]) -> int:
    return sum(cell_len(text) for text, _ in _spaced(parts))


def _joined(left: list[Part], right: list[Part], width: int) -> list[Part]:
    padding = width - _width(left) - _width(right) - 2
    return [
        (" ", "status"),
        *_spaced(left),
        (" " * max(0, padding), "status"),
        *_spaced(right),
        (" ", "status"),
    ]


def _strip(parts: Iterable[Part], width: int, rest: str) -> Strip:
    base = style("")
    segments = [Segment(text, base + style(name)) for text, name in parts if text]
    return Strip(segments).adjust_cell_length(width, base + style(rest)).simplify()


class StatusBar(Widget):
    """One line. ``change`` takes the fields of ``Status`` that are new."""

    DEFAULT_CSS = """
    StatusBar { height: 1; width: 100%; }
    """
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.status = Status()

    def change(self, **fields: Any) -> None:
        """Set fields of ``Status``; draws only if the line would look different."""
        before, self.status = self.status, replace(self.status, **fields)
        width = self.content_size.width
        if before != self.status and fit_status(before, width) != fit_status(self.status, width):
            self.refresh()

    def show_command(self, transcript: Transcript) -> None:
        """Tell the command whose answer is awaited longer than a moment, or else the last one."""
        awaited = transcript.awaited() if self.status.phase not in _UNCONNECTED else None
        if awaited is not None and awaited[1] >= COMMAND_SHOWN_EVERY:
            name, seconds = awaited
            self.change(command=name, milliseconds=None, awaited=int(seconds))
            return
        exchange = transcript.last_exchange
        if exchange is not None and exchange.name != "IDLE":  # how long it lasted says nothing
            self.change(command=exchange.name, milliseconds=exchange.milliseconds)

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        return _strip(fit_status(self.status, width), width, "status")


class HintLine(Widget):
    """The keys that count in this pane, or a notice, in one line.

    Notices stay until the next one, ``clear_notice``, or a key the screen passes on: there is no
    timer, so nothing is drawn while nobody does anything.
    """

    DEFAULT_CSS = """
    HintLine { height: 1; width: 100%; }
    """
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._hints: tuple[tuple[str, str], ...] = ()
        self._notice: Part | None = None

    @property
    def notice(self) -> str:
        """The notice now shown, "" for none."""
        return self._notice[0] if self._notice else ""

    def show_hints(self, hints: Iterable[tuple[str, str]]) -> None:
        """Key and label pairs, see ``Keymap.hints``; a notice stays before them."""
        hints = tuple(hints)
        if hints != self._hints:
            self._hints = hints
            if self._notice is None:
                self.refresh()

    def show_notice(self, text: str, *, error: bool = False) -> None:
        """Show one line of text instead of the hints. It is cleaned here."""
        self._set_notice((columnar(text), "error" if error else "notice"))

    def clear_notice(self) -> None:
        self._set_notice(None)

    def clear_done(self) -> None:
        """What the notice said was done is not; an error that it told stays."""
        if self._notice is not None and self._notice[1] != "error":
            self._set_notice(None)

    def _set_notice(self, notice: Part | None) -> None:
        if notice != self._notice:
            self._notice = notice
            self.refresh()

    def parts(self, width: int) -> list[Part]:
        """What is drawn in ``width`` cells; hints that do not fit are left out from the end."""
        if self._notice is not None:
            text, name = self._notice
            return [(" ", ""), (cut(text, width - 2), name)]
        # The last hint is Help: it leads to all the others, so it is the last to give way.
        *others, last = self._hints or (("", ""),)
        left = width - 1 - _hint_width(last)
        parts: list[Part] = [(" ", "")]
        for hint in others:
            left -= _hint_width(hint)
            if left < 0:
                break
            parts += _hint_parts(hint)
        return parts + _hint_parts(last)

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        return _strip(self.parts(width), width, "")


def _hint_width(hint: tuple[str, str]) -> int:
    return cell_len(hint[0]) + 1 + cell_len(hint[1]) + len(_SEPARATOR)


def _hint_parts(hint: tuple[str, str]) -> list[Part]:
    return [(hint[0], "hint-key"), (f" {hint[1]}{_SEPARATOR}", "hint")]
