"""An account with ``token_command``: the token is kept, and made anew once it is refused."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from running_service import RunningService, account
from servers import Dovecot
from servers.mechanisms import access_token, offering
from servers.process import private_folder, remove_folder

from tui_mail import config
from tui_mail.config import ServerUrl
from tui_mail.credentials import Credentials
from tui_mail.errors import AuthenticationFailed, Cancelled
from tui_mail.mail import events
from tui_mail.mail.logging_in import LoggingIn
from tui_mail.model import Phase
from tui_mail.wire.sasl import LogIn

SMTP = ServerUrl.parse("smtps://anna%40example.org@smtp.test", "smtp")


@pytest.fixture(scope="module")
def dovecot_of_tokens(start_dovecot: Callable[..., Dovecot]) -> Iterator[Dovecot]:
    folder = private_folder("tokens")
    yield start_dovecot(extra=offering(("XOAUTH2", "OAUTHBEARER"), folder))
    remove_folder(folder)


def with_tokens(folder: Path, url: str, *tokens: str) -> config.Account:
    """Each run of its token_command prints the next token and leaves a line; the last one stays."""
    for number, token in enumerate(tokens, 1):
        (folder / f"token{number}").write_text(f"{token}\n")
    program = (
        f"cd {folder}; echo run >> runs; n=$(grep -c run runs); "
        f"[ $n -gt {len(tokens)} ] && n={len(tokens)}; cat token$n"
    )
    return account(url, password=None, token_command=shlex.join(["sh", "-c", program]))


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text().splitlines())


@pytest.mark.server
def test_logs_in_and_keeps_the_token(dovecot_of_tokens: Dovecot, tmp_path: Path) -> None:
    user = dovecot_of_tokens.new_user()
    url = f"imap+insecure://{user}@{dovecot_of_tokens.host}:{dovecot_of_tokens.port}"
    with RunningService(with_tokens(tmp_path, url, access_token(user))) as running:
        running.opened()
        begun = len(running.events)
        dovecot_of_tokens.kick(user)
        running.wait_for(events.PhaseChanged, lambda e: e.phase is Phase.ONLINE, after=begun)
        assert access_token(user) not in "\n".join(running.wire())
        assert any("AUTHENTICATE OAUTHBEARER ****" in line for line in running.wire())
    assert runs(tmp_path) == 1


@pytest.mark.server
def test_a_refused_token_is_made_anew_once(dovecot_of_tokens: Dovecot, tmp_path: Path) -> None:
    user = dovecot_of_tokens.new_user()
    url = f"imap+insecure://{user}@{dovecot_of_tokens.host}:{dovecot_of_tokens.port}"
    old = access_token(user, b"a key of long ago")
    with RunningService(with_tokens(tmp_path, url, old, access_token(user))) as running:
        running.opened()
        assert not [each for each in running.events if isinstance(each, events.PasswordWanted)]
    assert runs(tmp_path) == 2


@pytest.mark.server
def test_two_refused_tokens_are_told_and_no_password_is_asked_for(
    dovecot_of_tokens: Dovecot, tmp_path: Path
) -> None:
    user = dovecot_of_tokens.new_user()
    url = f"imap+insecure://{user}@{dovecot_of_tokens.host}:{dovecot_of_tokens.port}"
    settings = with_tokens(tmp_path, url, access_token(user, b"a key of long ago"))
    with RunningService(settings) as running:
        refused = running.wait_for(events.PhaseChanged, lambda e: e.phase is Phase.REFUSED)
        assert isinstance(refused.error, AuthenticationFailed)
        assert "access token" in refused.error.title
        assert not [each for each in running.events if isinstance(each, events.PasswordWanted)]
    assert runs(tmp_path) == 2


# What a server is logged in to with


async def test_one_token_for_both_servers(tmp_path: Path) -> None:
    settings = with_tokens(tmp_path, "imaps://anna@imap.test", "one", "two", "three")
    logging_in = LoggingIn(settings, Credentials(settings), lambda event: None)
    first = await logging_in.find(settings.imap)
    assert first == LogIn("anna", "one", token=True)
    assert await logging_in.find(SMTP) == LogIn("anna@example.org", "one", token=True)
    both = await asyncio.gather(
        logging_in.find(settings.imap, refused=first), logging_in.find(SMTP, refused=first)
    )
    assert [each.secret for each in both] == ["two", "two"]
    assert runs(tmp_path) == 2


async def test_the_password_of_the_imap_server_serves_both() -> None:
    settings = account("imaps://anna@imap.test", password="secret")
    logging_in = LoggingIn(settings, Credentials(settings), lambda event: None)
    assert await logging_in.find(SMTP) == LogIn("anna@example.org", "secret")


async def test_a_person_is_asked_once_for_all_who_wait() -> None:
    settings = replace(account("imaps://anna@imap.test"), password=None)
    told: list[events.Event] = []
    logging_in = LoggingIn(settings, Credentials(settings), told.append)
    waiting = [asyncio.create_task(logging_in.find(each)) for each in (settings.imap, SMTP)]
    while not told:
        await asyncio.sleep(0.005)
    again = asyncio.create_task(logging_in.ask("refused"))
    await asyncio.sleep(0)
    await logging_in.give("typed", remember=False)
    assert [(await each).secret for each in waiting] == ["typed", "typed"]
    await again
    assert len(told) == 1 and isinstance(told[0], events.PasswordWanted)


async def test_a_keyring_that_is_not_there_is_not_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui_mail.credentials._no_keyring_possible", lambda: True)
    settings = replace(account("imaps://anna@imap.test"), password=None)
    told: list[events.Event] = []
    logging_in = LoggingIn(settings, Credentials(settings), told.append)
    waiting = asyncio.create_task(logging_in.find(settings.imap))
    while not told:
        await asyncio.sleep(0.005)
    reason = "There is no keyring here."
    assert told == [events.PasswordWanted("work", "anna", "imap.test", reason, keyring=False)]
    await logging_in.give("typed", remember=False)
    await waiting


async def test_a_person_who_gives_up() -> None:
    settings = replace(account("imaps://anna@imap.test"), password=None)
    told: list[events.Event] = []
    logging_in = LoggingIn(settings, Credentials(settings), told.append)
    waiting = asyncio.create_task(logging_in.find(settings.imap))
    while not told:
        await asyncio.sleep(0.005)
    await logging_in.give(None, remember=False)
    with pytest.raises(Cancelled):
        await waiting
