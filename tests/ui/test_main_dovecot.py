"""The whole program against a real Dovecot: the list, reading, marking, folders, news."""

from __future__ import annotations

import pytest
from main_app import whole_app
from running_service import account
from servers import Dovecot, RawImap, generate

from tui_mail.config import Config
from tui_mail.model import SEEN

pytestmark = pytest.mark.server


def flags(connection: RawImap, uid: int) -> bytes:
    return b"".join(connection.command(f"UID FETCH {uid} (FLAGS)"))


async def test_a_day_with_a_real_server(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    with dovecot.connect(user) as other:
        other.append_many("INBOX", generate(300))
        other.append_many("Archive", generate(3))
        url = f"imap+insecure://{user}@{dovecot.host}:{dovecot.port}"
        async with whole_app(Config((account(url),), demo=True)) as person:
            messages = person.main.messages
            assert len(messages.order) == 300
            newest = messages.cursor_uid

            await person.press("enter")
            await person.sees("This is message 299.")
            await person.press("j")
            await person.sees("This is message 298.")
            await person.press("q")
            await person.until(lambda: row_is_seen(messages.row(newest)))
            other.command("SELECT INBOX")
            await person.until(lambda: b"\\Seen" in flags(other, newest), "the flag at the server")

            await person.press("end", "enter")
            await person.sees("This is message 0.")
            await person.press("q", "home")

            other.append_many("INBOX", generate(1))
            await person.until(lambda: len(messages.order) == 301, "the new message")
            assert messages.cursor_uid == newest

            await person.opens("c")
            await person.type("arch")
            await person.press("enter")
            await person.sees("Archive", "of 3")
            await person.settled()
            assert len(messages.order) == 3


def row_is_seen(row: object) -> bool:
    return SEEN in getattr(row, "flags", ())
