"""The keys for writing mail: identities, signature, tokens, Sent, and the [compose] table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_mail import config
from tui_mail.config import Config, Identity, ServerUrl
from tui_mail.errors import ConfigError

ACCOUNT = """\
[accounts.work]
email = "Anna Example <anna@example.org>"
imap = "imaps://anna@mail.example.org"
"""


def load(folder: Path, text: str) -> Config:
    file = folder / "config.toml"
    file.write_text(ACCOUNT + text)
    return config.load(file)


def test_everything_about_writing(tmp_path: Path) -> None:
    (tmp_path / "signature").write_text("Anna")
    loaded = load(
        tmp_path,
        """\
        aliases = ["Anna, at home <a@home.test>", "b@home.test", '"C" <c@home.test>']
        signature = "signature"
        token_command = "oauth-token 'mail/work'"
        save_sent = false
        [compose]
        editor = "vim -f"
        always_edit = true
        hold = 0
        address_command = "khard email --parsable %s"
        """,
    )
    account = loaded.accounts[0]
    assert account.identities == (
        Identity("Anna Example", "anna@example.org"),
        Identity("Anna, at home", "a@home.test"),
        Identity("", "b@home.test"),
        Identity("C", "c@home.test"),
    )
    assert account.signature == tmp_path / "signature"
    assert account.token_command == "oauth-token 'mail/work'"
    assert not account.save_sent
    assert loaded.compose == config.ComposeSettings("vim -f", True, 0, "khard email --parsable %s")


def test_what_is_so_without_a_word(tmp_path: Path) -> None:
    loaded = load(tmp_path, "")
    account = loaded.accounts[0]
    assert account.identities == (Identity("Anna Example", "anna@example.org"),)
    assert (account.signature, account.token_command, account.save_sent) == (None, None, True)
    assert loaded.compose == config.ComposeSettings(None, False, 10, None)


def test_a_signature_may_be_below_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".signature").write_text("")
    account = load(tmp_path, 'signature = "~/.signature"').accounts[0]
    assert account.signature == tmp_path / ".signature"


WRONG = {
    "aliases that are text": ('aliases = "a@b"', "work.aliases: expected a list of addresses"),
    "an alias that is none": ('aliases = ["anna"]', "work.aliases: expected an address such as"),
    "an alias that is a number": ("aliases = [1]", "work.aliases: expected a list of addresses"),
    "a signature that is not there": ('signature = "x"', "work.signature: expected a file of text"),
    "a signature with a NUL": ('signature = "\\u0000"', "work.signature: expected a file of text"),
    "a token_command without end": ('token_command = "a \'b"', "token_command: expected a command"),
    "save_sent that is text": ('save_sent = "no"', "work.save_sent: expected true or false"),
    "a typing error": ("save_send = false", "no such key (did you mean save_sent?)"),
    "an empty editor": ('[compose]\neditor = ""', "compose.editor: expected a command such as vim"),
    "a hold below zero": ("[compose]\nhold = -1", "compose.hold: expected a number from 0 to 3600"),
    "a hold in words": ('[compose]\nhold = "long"', "compose.hold: expected a number"),
    "always in words": ('[compose]\nalways_edit = "yes"', "compose.always_edit: expected true"),
    "another typing error": (
        "[compose]\nedit = 1",
        "compose.edit: no such key (did you mean editor",
    ),
    "compose that is no table": ("save_sent = true\n[[compose]]", "compose: expected a table"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_names_its_key_and_what_was_expected(name: str, tmp_path: Path) -> None:
    text, expected = WRONG[name]
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert expected in str(caught.value)
    assert str(tmp_path / "config.toml") in caught.value.title


@pytest.mark.parametrize(
    "url",
    [
        "imaps://anna@mail.example.org",
        "imap://anna%40example.org@mail.example.org:1143",
        "imap+insecure://a%2Fb%3Ac%25@127.0.0.1",
        "imaps://J%C3%BCrgen@[::1]:1993",
    ],
)
def test_a_url_is_written_as_it_is_read(url: str) -> None:
    assert str(ServerUrl.parse(url, "imap")) == url


def test_a_server_without_login_is_written_without_user() -> None:
    assert str(ServerUrl.parse("smtp+insecure://localhost:2525", "smtp")) == (
        "smtp+insecure://localhost:2525"
    )
