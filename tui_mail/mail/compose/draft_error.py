"""What is wrong with a draft, in words for a person."""

from __future__ import annotations

from tui_mail.errors import MailError


class DraftError(MailError):
    """A draft that cannot be sent as it is. ``field`` is the Draft's field that is wrong."""

    def __init__(self, title: str, *, field: str, advice: str = "") -> None:
        super().__init__(title, advice=advice)
        self.field = field
