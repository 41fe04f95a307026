"""A server for sending that has a password of its own: where it is kept, and found again."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import keyring
import pytest
from file_keyring import FileKeyring
from running_service import account

from tui_mail import credentials
from tui_mail.cli_password import change_password
from tui_mail.config import Config, ServerUrl
from tui_mail.credentials import Credentials
from tui_mail.errors import ConfigError
from tui_mail.mail.logging_in import LoggingIn

SMTP = ServerUrl.parse("smtps://anna@smtp.test", "smtp")
ACCOUNT = replace(account("imaps://anna@imap.test", smtp=SMTP), password=None)


@pytest.fixture(autouse=True)
def ring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TUI_MAIL_TEST_KEYRING", str(tmp_path / "keyring"))
    monkeypatch.setattr(credentials, "_no_keyring_possible", lambda: False)
    monkeypatch.setattr(keyring.core, "_keyring_backend", FileKeyring())


def test_each_server_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config((ACCOUNT,))
    for smtp, typed in ((False, "for reading\n"), (True, "for sending\n")):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        told = change_password(config, "work", delete=False, smtp=smtp)
        host = "smtp.test" if smtp else "imap.test"
        assert told == f"The password of anna@{host} is in the keyring."
    assert Credentials(ACCOUNT).find() == "for reading"
    assert Credentials(ACCOUNT, SMTP).kept() == "for sending"
    assert "removed" in change_password(config, "work", delete=True, smtp=True)
    assert Credentials(ACCOUNT, SMTP).kept() is None


def test_an_account_that_sends_nothing_has_none() -> None:
    config = Config((replace(ACCOUNT, smtp=None),), path=Path("c.toml"))
    with pytest.raises(ConfigError, match=r"c\.toml: accounts\.work\.smtp"):
        change_password(config, "work", delete=False, smtp=True)


async def test_what_a_person_gives_for_sending_is_kept_for_sending() -> None:
    logging_in = LoggingIn(ACCOUNT, Credentials(ACCOUNT), lambda event: None)
    await logging_in.give("typed", remember=True, sending=True)
    assert Credentials(ACCOUNT, SMTP).kept() == "typed"
    assert Credentials(ACCOUNT).kept() is None
