"""What a real server refuses: told in its words, the rows as they were, and what can be done."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from main_app import whole_app
from running_service import account
from servers import Dovecot

from tui_mail.config import Config
from tui_mail.ui.screens.confirm import Confirm
from tui_mail.ui.screens.error import ErrorScreen

pytestmark = pytest.mark.server
TEXT = b"Subject: %s\r\n\r\n" + b"words " * 2000 + b"\r\n"


def settings(dovecot: Dovecot, user: str) -> Config:
    return Config((account(f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}"),), demo=True)


async def test_a_full_quota_is_told_with_its_figures(start_dovecot: Callable[..., Dovecot]) -> None:
    dovecot = start_dovecot(extra="plugin {\n  quota_rule = *:storage=40K\n}")
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        for number in range(3):
            raw.append("INBOX", TEXT % b"%d" % number)
    async with whole_app(settings(dovecot, user)) as person:
        count = len(person.main.messages.order)
        await person.opens("C")
        await person.type("archive")
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.screen, ErrorScreen), "the refusal")
        await person.sees("The server refused to copy 1 message to Archive", "[OVERQUOTA]")
        await person.sees("Of the quota is used: 36 KiB of 40 KiB (90 %).")
        await person.press("q")
        assert len(person.main.messages.order) == count


@pytest.mark.parametrize("key", ["s", "C"])
async def test_a_folder_that_is_gone_can_be_made_again(dovecot: Dovecot, key: str) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as raw:
        raw.append("INBOX", TEXT % b"first")
        raw.append("INBOX", TEXT % b"second")
        raw.command("CREATE Projects")
        async with whole_app(settings(dovecot, user)) as person:
            await person.until(lambda: b"Projects" in person.main.mailboxes["work"])
            raw.command("DELETE Projects")
            await person.opens(key)
            await person.type("proj")
            await person.press("enter")
            await person.until(lambda: isinstance(person.app.screen, Confirm), "the offer")
            await person.sees("There is no folder Projects. Create Projects?")
            assert len(person.main.messages.order) == 2
            await person.press("y")
            left = 1 if key == "s" else 2
            await person.until(lambda: len(person.main.messages.order) == left)
            await person.until(lambda: "1 message to Projects" in person.notice, "it done")
            await person.until(lambda: person.service.waiting("work") == 0)
        assert any(b"* 1 EXISTS" in line for line in raw.command("SELECT Projects"))
