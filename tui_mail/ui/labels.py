"""Keywords as labels: which flags of a message are shown, by what name, in which style.

Pure: draws nothing and changes no flag. A name begins with ``#``, so that a label is told from a
subject without its color.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from rich.cells import cell_len

from tui_mail.config import LABELS, Label
from tui_mail.sanitize import columnar
from tui_mail.ui.cells import cut

Part = tuple[str, str]
"""A text and the name of its style."""

STYLE = "label"
FORWARDED = "$forwarded"
MOST_LABELS = 20  # of one message; a server may send any number of keywords
_LENGTHS = (20, 10, 6, 4)  # cells of a name, the longest that fit all of them
# What clients and servers note for themselves, in lower case: the IANA registry of IMAP keywords
# (RFC 5788), and what Thunderbird, Apple Mail, KMail and Dovecot's spam filters set beside it.
BOOKKEEPING = frozenset(
    {
        *(FORWARDED, "forwarded", "$mdnsent", "mdnsent", "$submitpending", "$submitted"),
        *("$junk", "junk", "$notjunk", "notjunk", "nonjunk", "$nonjunk", "junkrecorded"),
        *("$autojunk", "$ham", "$spam", "$notphishing", "$replied", "redirected", "$redirected"),
        *("$hasattachment", "$hasnoattachment", "$attachment", "$ismailinglist", "$istrusted"),
        *("$canunsubscribe", "$unsubscribed", "$autosent", "$imported", "$maskedemail", "$new"),
        *("$notify", "$recorded", "receipt-handled", "old", "$seen", "$queued", "$encrypted"),
        *("$signed", "$sent", "$error", "$watched", "$ignored", "$invitation"),
        *("$mailflagbit0", "$mailflagbit1", "$mailflagbit2"),
    }
)


class Labels:
    """The labels of the configuration; a keyword that is not in it is shown as it is written."""

    def __init__(self, configured: Mapping[str, Label] = LABELS) -> None:
        self._known = {
            keyword: ("#" + columnar(label.name), _style(label.color), label)
            for keyword, label in configured.items()
        }

    def shown(self, flags: frozenset[str]) -> tuple[Part, ...]:
        """The labels of a message: those of the configuration in its order, then the others."""
        keywords = [flag for flag in flags if not flag.startswith("\\")]
        if not keywords:
            return ()
        lowered = {keyword.lower(): keyword for keyword in keywords}
        parts = [self._known[each][:2] for each in self._known if each in lowered]
        others = (
            ("#" + columnar(written).lstrip("$"), STYLE)
            for keyword, written in sorted(lowered.items())
            if keyword not in self._known and keyword not in BOOKKEEPING
        )
        return tuple(islice((*parts, *others), MOST_LABELS))

    def names(self, flags: Iterable[str]) -> tuple[str, ...]:
        """What may be typed for the labels among ``flags``."""
        return tuple(name.removeprefix("#") for name, _ in self.shown(frozenset(flags)))

    def keyword(self, typed: str, flags: Iterable[str] = ()) -> str | None:
        """The keyword of the label that is called so, without regard to case.

        ``flags`` are those of the messages: what is shown of them is a name too.
        """
        wanted = typed.strip().removeprefix("#").casefold()
        for name, _, label in self._known.values():
            if name.removeprefix("#").casefold() == wanted:
                return label.keyword
        for flag in flags:
            if columnar(flag).lstrip("$").casefold() == wanted and not flag.startswith("\\"):
                return flag
        return None

    def worded(self, text: str) -> str:
        """``text`` with the labels' names in the place of their keywords."""
        return " ".join(self._worded(word) for word in text.split(" "))

    def _worded(self, word: str) -> str:
        known = self._known.get(word.lower())
        return word if known is None else known[0]


def is_forwarded(flags: frozenset[str]) -> bool:
    """``$Forwarded`` (RFC 5788, 3.1), in any case."""
    return any(flag.lower() == FORWARDED for flag in flags)


def fitted(labels: tuple[Part, ...], room: int) -> list[Part]:
    """The labels with a blank after each, in at most ``room`` cells.

    Names are cut before a label is left out, and how many are left out is said: ``+2``. Where
    not even one is to be had so, their first letters are left of them.
    """
    for length in _LENGTHS:
        parts = [(cut(text, length + 1) + " ", style) for text, style in labels]
        if _width(parts) <= room:
            return parts
    letters = [(text[:2] + " ", style) for text, style in labels]
    return _as_many(parts, room) or _as_many(letters, room)


def _as_many(parts: list[Part], room: int) -> list[Part]:
    """The first ones, with how many are left out; none where there is no room for one."""
    for count in range(len(parts), 0, -1):
        left_out = len(parts) - count
        kept = [*parts[:count], (f"+{left_out} ", STYLE)] if left_out else parts
        if _width(kept) <= room:
            return kept
    return []


def _width(parts: Iterable[Part]) -> int:
    return sum(cell_len(text) for text, _ in parts)


def _style(color: str) -> str:
    return STYLE if color == "default" else f"{STYLE}-{color}"
