"""Who has which rights on a folder (RFC 4314), to be looked at and to be changed.

Two dialogs: the list, and the letters of one entry. They answer with what a person wants and ask
no server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from textual.widget import Widget
from textual.widgets import Static

from tui_mail.mail.folder_details import FolderDetails
from tui_mail.mail.rights import LETTERS, Right, Rights, explained
from tui_mail.sanitize import columnar
from tui_mail.ui.cells import fit
from tui_mail.ui.screens.dialog import Hints, styled
from tui_mail.ui.screens.sheet import Lines, Parts, Sheet

_NAME = 30  # cells of a name at most
_MOST_EXPLAINED = len(LETTERS)


@dataclass(frozen=True, slots=True)
class Change:
    """Change an entry of the list, or make one where ``identifier`` is None."""

    identifier: bytes | None


@dataclass(frozen=True, slots=True)
class Remove:
    """Take an entry off the list."""

    identifier: bytes


class RightsScreen(Sheet[Change | Remove | None]):
    """The entries, and in words what the one under the cursor may do."""

    def __init__(self, details: FolderDetails, *, cursor: int = 0) -> None:
        self._details = details
        self._grants = details.grants or ()
        self._letters_shown = explained(known_letters(details))
        names = [columnar(grant.shown) for grant in self._grants]
        self._width = min(_NAME, max(map(cell_len, names), default=0))
        super().__init__(Lines(list(self._rows(names)), cursor))
        self._cursor = cursor
        self._words = Static()

    def heading(self) -> str:
        return f"Rights: {'/'.join(self._details.mailbox.path)}"

    def _rows(self, names: Iterable[str]) -> Iterator[Parts]:
        for name, grant in zip(names, self._grants, strict=True):
            letters = (r.letter if r.letter in grant.rights else "·" for r in self._letters_shown)
            yield ((f" {fit(name, self._width)}  ", ""), (" ".join(letters), "strong"))

    def below(self) -> Iterable[Widget]:
        self._words.add_class("gap")
        yield self._words

    def taken(self) -> int:
        return _MOST_EXPLAINED + 2

    def on_mount(self) -> None:
        super().on_mount()
        # Not the lines' own: they may be mounted after this.
        self._explain(self._cursor)

    def _explain(self, index: int) -> None:
        if not self._grants:
            self._words.update(styled("Nobody is on the list.", "dim"))
            return
        grant = self._grants[index]
        name = columnar(grant.shown)
        takes = name.startswith("-")  # RFC 4314, 2: an entry of negative rights
        verb = "loses the right to" if takes else "may"
        text = styled(f"{name.removeprefix('-')} {verb}", "header-name")
        for right in explained(grant.rights):
            text.append_text(styled(f"\n  {right.letter}  {right.words}"))
        if not grant.rights:
            text.append_text(styled("\n  nothing", "dim"))
        self._words.update(text)

    def hints(self) -> Hints:
        entry = (("Enter", "Change"), ("d", "Remove")) if self._grants else ()
        return (*entry, ("a", "Add somebody"), ("j k", "Next, previous"), ("q", "Back"))

    def key(self, key: str) -> bool:
        if key == "a":
            self.dismiss(Change(None))
        elif key == "enter" and self._grants:
            self.dismiss(Change(self._grants[self.lines.cursor].identifier))
        elif key == "d" and self._grants:
            self.dismiss(Remove(self._grants[self.lines.cursor].identifier))
        elif super().key(key):
            self._explain(self.lines.cursor)
        else:
            return False
        return True


class LettersScreen(Sheet[Rights | None]):
    """The rights of one entry, each with a box: its letter, or Space, takes or gives it.

    Answers with the rights to set, None when nothing shall change.
    """

    def __init__(self, details: FolderDetails, who: str, rights: Rights) -> None:
        self._who = columnar(who)
        self._rights = rights
        self._modern = details.modern_rights
        self._offered: tuple[Right, ...] = explained(known_letters(details) | rights)
        super().__init__(Lines(list(self._rows())), letters=False)

    def heading(self) -> str:
        return f"What {self._who} may do"

    def _rows(self) -> Iterator[Parts]:
        for right in self._offered:
            box = "[x]" if right.letter in self._rights else "[ ]"
            yield ((f" {box} ", ""), (right.letter, "strong"), (f"  {right.words}", ""))

    def below(self) -> Iterable[Widget]:
        if not self._modern:
            yield Static(
                styled("This server has older rights: k goes with x, and t with e.", "notice"),
                classes="gap",
            )

    def taken(self) -> int:
        return 0 if self._modern else 2

    def hints(self) -> Hints:
        return (
            ("↑ ↓", "Move"),
            ("Space or the letter", "Give, take"),
            ("Enter", "Set"),
            ("q", "Leave as it was"),
        )

    def key(self, key: str) -> bool:
        letters = [right.letter for right in self._offered]
        if key == "enter":
            self.dismiss(self._rights)
        elif key == "space":
            self._toggle(letters[self.lines.cursor])
        elif key in letters:
            self.lines.go_to(letters.index(key))
            self._toggle(key)
        else:
            return super().key(key)
        return True

    def _toggle(self, letter: str) -> None:
        self._rights ^= {letter}
        self.lines.show(list(self._rows()))


def known_letters(details: FolderDetails) -> Rights:
    """The rights of RFC 4314, and those that only this server has."""
    own = (grant.rights for grant in details.grants or ())
    return LETTERS.union(details.rights or (), *own)
