"""A ``MailService`` under test, with every event it published and a way to wait for one."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from tui_mail.config import Account, Config, ServerUrl
from tui_mail.mail import events
from tui_mail.mail.service import MailService

SECONDS = 20.0
Found = TypeVar("Found", bound=events.Event)


def account(url: str, *, password: str | None = "secret", **options: Any) -> Account:
    """An account named "work" with its password at hand."""
    return Account(
        "work",
        "Anna",
        "anna@example.org",
        ServerUrl.parse(url, "imap"),
        password=password,
        **options,
    )


class RunningService:
    """``with RunningService(account(url)) as running:``"""

    def __init__(
        self, *accounts: Account, read_only: bool = False, demo: bool = True, **options: Any
    ) -> None:
        # "demo" keeps the store in memory.
        self.service = MailService(Config(accounts, demo=demo, **options), read_only=read_only)
        self.events: list[events.Event] = []
        self._changed = threading.Condition()

    def __enter__(self) -> RunningService:
        self.service.listen(self._heard)
        self.service.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.service.stop()

    def _heard(self, event: events.Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait_for(
        self,
        kind: type[Found],
        condition: Callable[[Found], bool] = lambda event: True,
        *,
        after: int = 0,
    ) -> Found:
        """The first event of this kind and condition, from number ``after`` on."""

        def found() -> Found | None:
            for event in self.events[after:]:
                if isinstance(event, kind) and condition(event):
                    return event
            return None

        with self._changed:
            if not self._changed.wait_for(found, SECONDS):
                seen = "\n".join(str(event)[:120] for event in self.events)
                raise AssertionError(f"no {kind.__name__} in {SECONDS} s; there were:\n{seen}")
            event = found()
            assert event is not None
            return event

    def opened(self, name: bytes = b"INBOX") -> int:
        """The mailbox's id, once it is live and its list is known."""
        live = self.wait_for(events.MailboxOpened, lambda event: event.live and event.name == name)
        return live.mailbox_id

    def order(self) -> array[int]:
        """The list as it was told last."""
        told = [event for event in self.events if isinstance(event, events.OrderChanged)]
        return told[-1].order

    def wire(self) -> list[str]:
        """What crossed the wire, arrow first."""
        return [
            f"{line.direction.value} {line.text.decode('utf-8', 'replace')}"
            for line in self.service.transcript.lines()
        ]
