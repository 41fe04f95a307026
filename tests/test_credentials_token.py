"""``token_command``: an access token from a program of the person's own."""

from __future__ import annotations

import shlex

import pytest

from tui_mail.config import Account, ServerUrl
from tui_mail.credentials import Credentials
from tui_mail.errors import Cancelled, CredentialError


def credentials(line: str, *, timeout: float = 30.0) -> Credentials:
    account = Account(
        "work",
        "",
        "anna@example.org",
        ServerUrl.parse("imaps://anna@mail.test", "imap"),
        token_command=shlex.join(["sh", "-c", line]),
    )
    return Credentials(account, command_timeout=timeout)


def test_the_token_is_the_first_line() -> None:
    assert credentials("echo ya29.a0-_~+/=; echo expires in 3599").token() == "ya29.a0-_~+/="


def test_it_is_asked_anew_each_time() -> None:
    source = credentials("date +%N")
    assert source.token() != source.token()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("true", "printed no token"),
        ("echo two words", "no access token"),
        ("echo é", "no access token"),
        (r"printf 'a\001b\n'", "no access token"),
        (r"printf '\351\n'", "not UTF-8"),
        ("exit 3", "ended with status 3"),
        ("yes", "more than 64 KiB"),
    ],
)
def test_an_answer_that_is_no_token(line: str, expected: str) -> None:
    with pytest.raises(CredentialError) as caught:
        credentials(line).token()
    assert expected in caught.value.title and "token_command" in caught.value.title
    assert caught.value.__cause__ is None


def test_what_it_says_is_shown() -> None:
    with pytest.raises(CredentialError) as caught:
        credentials("echo log in again >&2; exit 1").token()
    assert caught.value.server_line == "log in again"


def test_a_slow_one_is_ended() -> None:
    with pytest.raises(CredentialError) as caught:
        credentials("sleep 60", timeout=0.2).token()
    assert "did not finish" in caught.value.title


def test_cancelled() -> None:
    source = credentials("sleep 60")
    source.cancel()
    with pytest.raises(Cancelled):
        source.token()
