"""What stands in a line of the outbox, and below the list about the line under the cursor.

Pure functions from an ``OutboxEntry`` to texts with style names.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from tui_mail.mail.compose.values import OutboxEntry, Sending
from tui_mail.sanitize import columnar
from tui_mail.ui.cells import fit, fit_right
from tui_mail.ui.widgets.columns import format_size
from tui_mail.ui.widgets.news_row import moment

Part = tuple[str, str]

# Which word and which style each state is shown with.
STATES: Mapping[Sending, Part] = {
    Sending.HELD: ("held", "notice"),
    Sending.QUEUED: ("queued", "notice"),
    Sending.SENDING: ("sending", "notice"),
    Sending.ACCEPTED: ("sent", "wire-ok"),
    Sending.FILED: ("sent, filed", "wire-ok"),
    Sending.FAILED: ("refused", "error"),
    Sending.UNCERTAIN: ("uncertain", "error"),
    Sending.PARTLY_REFUSED: ("refused part", "error"),
}
_WORD = max(len(word) for word, _ in STATES.values())
_TIME = 6


def entry_parts(entry: OutboxEntry, width: int, *, now: float) -> list[Part]:
    """The texts of a line with their styles, together ``width`` cells."""
    word, style = STATES[entry.state]
    recipients = max(10, min(34, (width - _WORD - _TIME - 10) * 2 // 5))
    subject = max(0, width - _WORD - _TIME - recipients - 10)
    return [
        (" " + fit(word, _WORD) + " ", style),
        (fit(moment(entry.created, now), _TIME) + " ", "date"),
        (fit(columnar(", ".join(entry.recipients)), recipients) + " ", "sender"),
        (fit(columnar(entry.subject or "no subject"), subject), ""),
        (" " + fit_right(format_size(entry.size), 4) + " ", "size"),
    ]


def details(entry: OutboxEntry, *, now: float) -> list[Part]:
    """What else there is to say about it, one line each, the server's own words among it."""
    lines: list[Part] = [(f"To {', '.join(entry.recipients)}", "")]
    if entry.due is not None:
        at = time.strftime("%H:%M:%S", time.localtime(entry.due))
        what = "Can be called back until" if entry.state is Sending.HELD else "Tried again at"
        lines.append((f"{what} {at}" if entry.due > now else "Tried now", ""))
    if entry.tries > 1:
        lines.append((f"Tried {entry.tries} times", ""))
    lines += [(f"{each.address}: {each.reply}", "error") for each in entry.refused]
    if entry.reply and not entry.refused:
        lines.append((f"The server said: {entry.reply}", STATES[entry.state][1]))
    lines += [(each, "") for each in entry.explanation.splitlines()]
    if entry.queue_id:
        lines.append((f"It calls the message {entry.queue_id}", "dim"))
    if entry.state is Sending.ACCEPTED:
        lines.append(("The copy for Sent is still to be filed", "dim"))
    return lines
