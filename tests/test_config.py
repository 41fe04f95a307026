"""config.py: a good file gives its settings; a wrong one gives one line that helps."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tui_mail import config
from tui_mail.errors import ConfigError
from tui_mail.model import SpecialUse

ACCOUNT = """\
[accounts.work]
email = "Anna Example <anna@example.org>"
imap = "imaps://anna@mail.example.org"
"""


def load(folder: Path, text: str | bytes) -> config.Config:
    path = folder / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return config.load(path)


def problem(folder: Path, text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    message = str(caught.value)
    assert message.startswith(str(folder / "config.toml"))
    assert "\n" not in message
    return message.removeprefix(f"{folder / 'config.toml'}: ")


def test_the_whole_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("certificates")
    loaded = load(
        tmp_path,
        """
        [accounts.work]
        email = "Anna Example <anna@example.org>"
        imap = "imaps://anna@mail.example.org"
        smtp = "smtps://anna@mail.example.org"
        password_command = "pass show mail/work"
        ca_file = "ca.pem"
        folders = { sent = "Gesendet", junk = "Größe/Spam" }

        [accounts.home]
        email = "anna@home.example"
        imap = "imap://anna%40home.example@[2001:db8::1]:1143"

        [ui]
        theme = "high-contrast"
        mouse = true
        bell = false

        [keys]
        message.next = "j"
        "message.previous" = ["k", "up"]
        "app.quit" = []

        [wire]
        lines = 500
        bytes = 100000
        """,
    )
    work, home = loaded.accounts
    assert (work.name, work.email_name, work.email_address) == (
        "work",
        "Anna Example",
        "anna@example.org",
    )
    assert work.imap == config.ServerUrl(
        "imaps", "anna", "mail.example.org", 993, config.Security.TLS, "imap"
    )
    assert work.smtp is not None
    assert (work.smtp.port, work.smtp.security) == (465, config.Security.TLS)
    assert work.password_command == "pass show mail/work"
    assert work.ca_file == tmp_path / "ca.pem"
    assert work.folders == {SpecialUse.SENT: "Gesendet", SpecialUse.JUNK: "Größe/Spam"}
    assert work.password is None
    assert (home.email_name, home.smtp, home.ca_file) == ("", None, None)
    assert home.imap.identity == "anna@home.example@2001:db8::1"
    assert (home.imap.port, home.imap.security) == (1143, config.Security.STARTTLS)
    assert loaded.ui == config.Ui("high-contrast", mouse=True, bell=False)
    assert loaded.keys == {
        "message.next": ("j",),
        "message.previous": ("k", "up"),
        "app.quit": (),
    }
    assert loaded.wire == config.WireSettings(500, 100_000)
    assert (loaded.path, loaded.demo) == (tmp_path / "config.toml", False)


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    loaded = load(tmp_path, b"\xef\xbb\xbf" + ACCOUNT.encode())
    assert loaded.ui == config.Ui("terminal", mouse=False, bell=True)
    assert loaded.wire == config.WireSettings(10_000, 4 * 1024 * 1024)
    assert loaded.keys == {}
    assert loaded.accounts[0].folders == {}


def test_the_example_is_right(tmp_path: Path) -> None:
    assert load(tmp_path, config.EXAMPLE).accounts[0].name == "work"


@pytest.mark.parametrize(
    ("url", "port", "security"),
    [
        ("imaps://a@h", 993, config.Security.TLS),
        ("imap://a@h", 143, config.Security.STARTTLS),
        ("imap+insecure://a@h", 143, config.Security.INSECURE),
        ("IMAPS://a@h/", 993, config.Security.TLS),
        ("smtps://a@h", 465, config.Security.TLS),
        ("smtp://a@h:2525", 2525, config.Security.STARTTLS),
        ("smtp+insecure://h", 25, config.Security.INSECURE),
    ],
)
def test_a_scheme_decides_port_and_security(url: str, port: int, security: config.Security) -> None:
    parsed = config.ServerUrl.parse(url, url[:4].lower())
    assert (parsed.port, parsed.security, parsed.host) == (port, security, "h")


@pytest.mark.parametrize(
    ("written", "user"),
    [
        ("anna%40example.org", "anna@example.org"),
        ("a%25b%3Ac%2Fd", "a%b:c/d"),
        ("a+b=c", "a+b=c"),
        ("J%C3%BCrgen", "Jürgen"),
        ("DOMAIN%5Canna", "DOMAIN\\anna"),
    ],
)
def test_a_user_name_is_decoded(written: str, user: str) -> None:
    assert config.ServerUrl.parse(f"imaps://{written}@h", "imap").user == user


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "imaps://, imap://, imap+insecure://"),
        ("mail.example.org", "imaps://"),
        ("http://a@h", "imaps://"),
        ("smtps://a@h", "imaps://"),
        ("imaps://h", "USER@HOST"),
        ("imaps://@h", "USER@HOST"),
        ("imaps://a@b@h", "%40"),
        ("imaps://a%4@h", "%25"),
        ("imaps://a@", "USER@HOST"),
        ("imaps://a@h:0", "from 1 to 65535"),
        ("imaps://a@h:65536", "from 1 to 65535"),
        ("imaps://a@h:99999999", "USER@HOST:PORT"),
        ("imaps://a@h/INBOX", "USER@HOST"),
        ("imaps://a@h?x", "USER@HOST"),
        ("imaps://a@h\n", "USER@HOST"),
        ("imaps://a b@h h", "USER@HOST"),
        ("imaps://a%0Ab@h", "printable"),
        ("imaps://a%00b@h", "printable"),
        ("imaps://a%FF@h", "UTF-8"),
    ],
)
def test_a_wrong_url_says_what_was_expected(url: str, expected: str) -> None:
    with pytest.raises(ValueError, match=r"^expected") as caught:
        config.ServerUrl.parse(url, "imap")
    assert expected in str(caught.value)


@pytest.mark.parametrize("url", ["imaps://a:hunter2@h", "imap//a:hunter2@h", "ftp://:hunter2@h x"])
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str, tmp_path: Path) -> None:
    text = problem(tmp_path, ACCOUNT.replace("imaps://anna@mail.example.org", url))
    assert text.startswith("accounts.work.imap: expected no password in the URL")
    assert "hunter2" not in text


WRONG = {
    "not TOML": ("accounts = [", "expected TOML: "),
    "no accounts": ("", "accounts: expected at least one [accounts.NAME] table"),
    "accounts is no table": ("accounts = 3", "accounts: expected a table [accounts], found 3"),
    "an account is no table": ("[accounts]\nwork = 3", "accounts.work: expected a table"),
    "a typing error in a key": (
        ACCOUNT + 'pasword_command = "x"',
        "accounts.work.pasword_command: no such key (did you mean password_command?)",
    ),
    "a typing error in a table": (ACCOUNT + "[key]", "key: no such key (did you mean keys?)"),
    "an unknown key": (ACCOUNT + "[zzzz]", "zzzz: no such key; expected one of accounts, ui"),
    "a key with escapes": (ACCOUNT + '["\\u001b[2J"]', "'\\x1b[2J': no such key"),
    "a password": (
        ACCOUNT + 'password = "hunter2"',
        "accounts.work.password: expected no password in the file",
    ),
    "no imap": ('[accounts.w]\nemail = "a@b"', "accounts.w.imap: expected, but not there"),
    "no email": ('[accounts.w]\nimap = "imaps://a@b"', "accounts.w.email: expected, but"),
    "an email without @": (
        ACCOUNT.replace("<anna@example.org>", ""),
        "accounts.work.email: expected an address such as",
    ),
    "a number for text": (ACCOUNT + "password_command = 3", "expected text in quotes, found 3"),
    "an open quote in the command": (
        ACCOUNT + 'password_command = "pass \'show"',
        "accounts.work.password_command: expected a command with its quotes closed",
    ),
    "an empty command": (ACCOUNT + 'password_command = " "', "expected a command such as"),
    "a file that is not there": (
        ACCOUNT + 'ca_file = "/no/such.pem"',
        "accounts.work.ca_file: expected a file of PEM certificates, found no file",
    ),
    "a folder that is none": (
        ACCOUNT + 'folders = { snet = "Sent" }',
        "accounts.work.folders.snet: no such key (did you mean sent?)",
    ),
    "folders is text": (ACCOUNT + 'folders = "Sent"', "accounts.work.folders: expected a table"),
    "a folder without a name": (ACCOUNT + 'folders = { sent = "" }', "folders.sent: expected the"),
    "an account name with a slash": (
        ACCOUNT.replace("accounts.work", 'accounts."a/b"'),
        "expected an account name of 1 to 40 printable characters without /",
    ),
    "an account name with an escape": (
        ACCOUNT.replace("accounts.work", 'accounts."\\u001b"'),
        "accounts.'\\x1b': expected an account name",
    ),
    "a theme with a path": (ACCOUNT + '[ui]\ntheme = "../x"', "ui.theme: expected the name"),
    "a mouse that is text": (ACCOUNT + '[ui]\nmouse = "on"', "ui.mouse: expected true or false"),
    "lines that are too few": (ACCOUNT + "[wire]\nlines = 1", "wire.lines: expected a number from"),
    "lines that are true": (ACCOUNT + "[wire]\nlines = true", "wire.lines: expected a number from"),
    "a key that is a number": (ACCOUNT + "[keys]\nx = 1", "keys.x: expected a key or a list"),
    "keys with numbers": (ACCOUNT + '[keys]\na.b = ["x", 1]', "keys.a.b: expected a key or a list"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_names_file_key_and_expectation(name: str, tmp_path: Path) -> None:
    text, expected = WRONG[name]
    found = problem(tmp_path, text)
    assert expected in found
    assert "hunter2" not in found


def test_not_utf8_says_the_line(tmp_path: Path) -> None:
    assert "at line 4" in problem(tmp_path, ACCOUNT.encode() + b"# gr\xfcn\n")


def test_sizes_are_bounded(tmp_path: Path) -> None:
    assert "at most 1024 KiB" in problem(tmp_path, "#" * (config.FILE_LIMIT + 1))
    assert "nested" in problem(tmp_path, "a = " + "[" * 50_000)


def test_a_long_value_is_not_repeated_whole(tmp_path: Path) -> None:
    assert len(problem(tmp_path, ACCOUNT + f"[ui]\ntheme = {'a' * 5000!r}")) < 300


def test_no_file_is_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigMissing, match="there is no such file"):
        config.load(tmp_path / "none.toml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        config.load(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200))
@example(b'[accounts.work]\nemail = "\\ud800"\n')
@example(b"[accounts.'']\n")
def test_any_bytes_give_settings_or_one_clear_line(tmp_path: Path, data: bytes) -> None:
    problem(tmp_path, data)


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_a_clear_error(text: str) -> None:
    for url in (text, f"imaps://{text}", f"imaps://a@{text}", f"imaps://{text}@h"):
        try:
            parsed = config.ServerUrl.parse(url, "imap")
        except ValueError as error:
            assert str(error).startswith("expected")
            assert str(error).isprintable()
        else:
            assert parsed.user and parsed.host and 0 < parsed.port < 65536


def test_xdg_wins_and_relative_ones_are_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    assert config.config_path() == tmp_path / "c" / "tui-mail" / "config.toml"
    assert config.themes_path() == tmp_path / "c" / "tui-mail" / "themes"
    assert config.store_path() == tmp_path / "s" / "tui-mail" / "mail.sqlite3"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config.config_path().is_relative_to(tmp_path)


def test_the_state_folder_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "new" / "state"))
    folder = config.state_path()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert config.state_path() == folder
    os.rmdir(folder)
    folder.write_text("in the way")
    with pytest.raises(ConfigError, match="cannot make this folder"):
        config.state_path()


def test_the_password_of_an_account_shows_in_no_repr(tmp_path: Path) -> None:
    account = load(tmp_path, ACCOUNT).accounts[0]
    fixed = config.Account("demo", "", "a@b", account.imap, password="hunter2")
    assert "hunter2" not in repr(fixed)
