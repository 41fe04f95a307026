"""What a new account is told of a server for sending that does not let it in."""

from __future__ import annotations

import ssl

import pytest
from running_service import account
from servers.scripted_smtp import ScriptedSmtp

from tui_mail.config import ServerUrl
from tui_mail.errors import AuthenticationFailed, LoginNotOffered
from tui_mail.mail.new_account import check_smtp
from tui_mail.wire.transcript import Transcript


async def refusal(server: ScriptedSmtp) -> AuthenticationFailed:
    smtp = ServerUrl.parse(f"smtp+insecure://anna@{server.host}:{server.port}", "smtp")
    new = account("imaps://anna@imap.test", smtp=smtp)
    with pytest.raises(AuthenticationFailed) as raised:
        await check_smtp(new, "for reading", ssl.create_default_context(), Transcript())
    return raised.value


async def test_a_password_for_reading_alone() -> None:
    async with ScriptedSmtp() as server:
        refused = await refusal(server)
    assert "535" in refused.server_line and "The IMAP server took it." in refused.advice


async def test_a_server_without_a_login_is_no_matter_of_the_password() -> None:
    async with ScriptedSmtp(mechanisms=()) as server:
        refused = await refusal(server)
    assert isinstance(refused, LoginNotOffered) and "leave USER@ out" in refused.advice
