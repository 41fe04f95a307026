"""The account form without a terminal, and somebody who fills it in.

What the program logs as an error, or would crash of, fails the test.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from main_app import NARROW, Person, no_logged_errors

from tui_mail.config import Config
from tui_mail.ui.account_app import AccountApp
from tui_mail.ui.controllers.account_setup import NewAccount
from tui_mail.ui.screens.account_form import AccountForm
from tui_mail.ui.terminal import prepare


class Applicant(Person):
    """Somebody who fills the form in."""

    def __init__(self, app: AccountApp, pilot: object, file: Path) -> None:
        self.app = app  # type: ignore[assignment]
        self.pilot = pilot  # type: ignore[assignment]
        self.form: AccountForm = app.form
        self.file = file

    async def fill(self, *values: str) -> None:
        """Type these into one line after the other, and Enter after each."""
        for value in values:
            await self.press("ctrl+e", "ctrl+u")
            await self.type(value)
            await self.press("enter")

    async def left(self) -> NewAccount | None:
        """Wait until the form is over; what came of it."""
        await self.until(lambda: self.app._exit, "the end")
        return self.app.return_value  # type: ignore[return-value]

    def wire(self) -> str:
        transcript = self.form.wire._transcript
        return transcript.export(transcript.lines())


@asynccontextmanager
async def form(
    file: Path,
    existing: Config | None = None,
    *,
    ca_file: Path | None = None,
    size: tuple[int, int] = NARROW,
) -> AsyncIterator[Applicant]:
    terminal = prepare({"TERM": "xterm-256color"})
    app = AccountApp(terminal, file, existing, ca_file=ca_file)
    with no_logged_errors():
        async with app.run_test(size=size) as pilot:
            yield Applicant(app, pilot, file)
        if app.crash is not None:
            raise app.crash
