"""The files that go with a draft, in the lines below its text; here letters are commands.

Draws what it was given. Adding, taking away and sending are the registry's actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual.strip import Strip

from tui_mail.mail.compose.values import Attachment
from tui_mail.sanitize import columnar
from tui_mail.ui.cells import fit, fit_right
from tui_mail.ui.widgets.columns import format_size
from tui_mail.ui.widgets.line_view import LineView

MOST = 5  # lines
_MARK, _SIZE = 3, 6  # cells
_LEAST_NAME, _MOST_KIND, _ROOM_FOR_KIND = 10, 24, 45
# Base64 makes four octets of three, and a line end after 76 of them (RFC 2045, 6.8).
_ENCODED = 4 / 3 * 78 / 76


def encoded_size(attachments: Sequence[Attachment]) -> int:
    """About how many octets the attachments are on the wire."""
    return round(sum(attachment.size for attachment in attachments) * _ENCODED)


class AttachmentList(LineView):
    """One line each. ``server_size`` is what the server takes in octets, None if it did not say."""

    DEFAULT_CSS = """
    AttachmentList {
        height: 1;
        background: $background;
        color: $foreground;
    }
    """

    def __init__(self, attachments: Sequence[Attachment]) -> None:
        super().__init__()
        self.attachments: tuple[Attachment, ...] = tuple(attachments)
        self._server_size: int | None = None

    def on_mount(self) -> None:
        self._fit()

    def take(self, attachments: Sequence[Attachment]) -> None:
        """Show these from now on."""
        self.attachments = tuple(attachments)
        self._fit()

    def take_server_size(self, size: int | None) -> None:
        """The largest message the server takes, in octets (RFC 1870)."""
        self._server_size = size
        self._fit()

    @property
    def current(self) -> Attachment | None:
        """The one under the cursor."""
        return self.attachments[self.cursor] if self.attachments else None

    @property
    def too_big(self) -> bool:
        """Whether the server will not take them."""
        size = self._server_size
        return size is not None and encoded_size(self.attachments) > size

    def _fit(self) -> None:
        lines = max(1, len(self.attachments))
        self.styles.height = min(MOST, lines)
        self.set_line_count(lines)
        self.refresh()

    def total(self) -> str:
        """What they come to, and what the server takes: ``2.1M, 2.9M as sent, of 10M``."""
        plain = sum(attachment.size for attachment in self.attachments)
        words = [format_size(plain)]
        if self._server_size is not None:
            words.append(
                f"{format_size(encoded_size(self.attachments))} as sent"
                f" of {format_size(self._server_size)}"
            )
        return ", ".join(words) + (": too big for the server" if self.too_big else "")

    def render_row(self, index: int, width: int, cursor: bool) -> Strip:
        if not self.attachments:
            parts = [(fit(" No attachments", width), "dim")]
            return self.compose_row(parts, width, cursor=cursor and self.has_focus)
        attachment = self.attachments[index]
        total = f"  {self.total()}" if index == 0 else ""
        room = width - _MARK - _SIZE - len(total)
        kind = min(_MOST_KIND, room // 3) if room >= _ROOM_FOR_KIND else 0
        parts = [
            (" @ ", "attachment"),
            (fit(columnar(attachment.name), max(_LEAST_NAME, room - kind)), "attachment"),
            (" " + fit_right(format_size(attachment.size), 4) + " ", "size"),
            (fit(columnar(attachment.content_type), kind), "dim"),
            (total, "error" if self.too_big else "dim"),
        ]
        return self.compose_row(parts, width, cursor=cursor and self.has_focus)


def missing(attachments: Sequence[Attachment]) -> list[Path]:
    """The files of these that are not there any more; looks at the disk."""
    return [each.path for each in attachments if each.path is not None and not each.path.is_file()]
