"""What came of a muttrc: what is added to the configuration, and what has no counterpart.

Values that the rest of this package fills in. No password is in any ``repr``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from tui_mail.config import Account, NewsRule
from tui_mail.config_edit import Additions
from tui_mail.muttrc.reader import Alias


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Something without a counterpart: what, why or what instead, and where it stands."""

    what: str
    why: str
    where: str = ""


@dataclass(slots=True)
class Imported:
    """``passwords`` are by account name, and so are those of servers for sending that have one of
    their own; ``present`` names accounts the configuration has already.

    ``home`` is what ~ stands for. ``reads_pipes``: a password_command reads what mutt would have
    sourced from a command.
    """

    home: Path
    accounts: list[Account] = field(default_factory=list)
    compose: dict[str, str | bool] = field(default_factory=dict)
    rules: list[NewsRule] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    passwords_for_sending: dict[str, str] = field(default_factory=dict, repr=False)
    present: set[str] = field(default_factory=set)
    aliases: list[Alias] = field(default_factory=list)
    not_taken: list[NotTaken] = field(default_factory=list)
    reads_pipes: bool = False

    @property
    def additions(self) -> Additions:
        return Additions(tuple(self.accounts), self.compose, tuple(self.rules))

    def miss(self, what: str, why: str, where: str = "") -> None:
        """Note something that was not taken over, once."""
        missed = NotTaken(what, why, where)
        if missed not in self.not_taken:
            self.not_taken.append(missed)

    def path(self, written: str) -> Path:
        """A path of mutt's, with ~ and relative to the home it was usually started in."""
        if written == "~" or written.startswith("~/"):
            return self.home / written[2:]
        return self.home / os.path.expanduser(written)

    def is_text_file(self, written: str) -> bool:
        return written.isprintable() and self.path(written).is_file()
