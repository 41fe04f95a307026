"""Textual messages that belong to no widget."""

from __future__ import annotations

from textual.message import Message

from tui_mail.mail.events import Event


class MailEvent(Message):
    """Something the mail thread had to say."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event
