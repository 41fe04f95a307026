"""Adding to the TOML file: what was there stays byte for byte, what is added reads back."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tui_mail import config, config_file
from tui_mail.config import Account, Identity, NewsRule, ServerUrl
from tui_mail.config_edit import Additions, add, free_name
from tui_mail.config_values import account_name
from tui_mail.errors import ConfigError
from tui_mail.model import SpecialUse

WRITTEN = """\
# mine, do not touch
[accounts.work]   # the office
email = "Ben <ben@example.org>"
imap = "imaps://ben@mail.example.org"

# How it looks
[ui]
theme = "dark"  # at night

# Writing
[compose]  # slow
hold = 30
# the end of writing

# Keys
[keys]
"wire.toggle" = "f12"
# the end"""


def account(name: str = "home", **more: Any) -> Account:
    anna = Account(
        name,
        "Anna Example",
        "anna@example.org",
        ServerUrl.parse("imaps://anna%40example.org@mail.example.org", "imap"),
    )
    return replace(anna, **more)


def test_a_new_file_is_private_and_so_is_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "a" / "tui-mail" / "config.toml"
    before = os.umask(0)
    try:
        found = add(file, Additions((account(),)))
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert found == config.load(file)
    assert found.accounts == (account(),)
    assert os.listdir(file.parent) == ["config.toml"]
    assert file.read_text() == (
        "[accounts.home]\n"
        'email = "Anna Example <anna@example.org>"\n'
        'imap = "imaps://anna%40example.org@mail.example.org"\n'
    )


def test_everything_an_account_may_have_reads_back_the_same(tmp_path: Path) -> None:
    for name in ("signature", "ca.pem"):
        (tmp_path / name).write_text("")
    whole = account(
        'wörk "2"',
        smtp=ServerUrl.parse("smtp://anna@[::1]:2525", "smtp"),
        aliases=(Identity("Anna, at home", "a@home.test"), Identity("", "b@home.test")),
        password_command="pass 'show me' \"x\\y\"",
        token_command="token",
        ca_file=tmp_path / "ca.pem",
        folders={SpecialUse.SENT: "Gesendet", SpecialUse.TRASH: 'a"b\\c'},
        signature=tmp_path / "signature",
        save_sent=False,
    )
    rule = NewsRule("Lists/*", 'wörk "2"', watch=True, bell=False)
    found = add(
        tmp_path / "c.toml",
        Additions((whole, account()), {"editor": "vim -f", "always_edit": True}, (rule, rule)),
    )
    assert found.accounts == (whole, account())
    assert found.news.rules == (rule, rule)
    assert (found.compose.editor, found.compose.always_edit) == ("vim -f", True)


def test_what_a_person_wrote_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(WRITTEN)
    file.chmod(0o644)
    found = add(
        file, Additions((account(),), {"editor": "vim", "hold": True}, (NewsRule("x", watch=True),))
    )
    text = file.read_text()
    head, tail = WRITTEN.split("[compose]  # slow\n")
    added = text.removeprefix(f'{head}[compose]  # slow\neditor = "vim"\n{tail}')
    assert added == (
        "\n\n[accounts.home]\n"
        'email = "Anna Example <anna@example.org>"\n'
        'imap = "imaps://anna%40example.org@mail.example.org"\n'
        '\n[[news.rules]]\nfolder = "x"\nwatch = true\n'
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in found.accounts] == ["work", "home"]
    assert (found.compose.hold, found.compose.editor) == (30, "vim")
    assert found.keys == {"wire.toggle": ("f12",)}


def test_a_mark_at_the_start_and_line_ends_of_another_system_stay(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    before = b"\xef\xbb\xbf" + WRITTEN.replace("\n", "\r\n").encode()
    file.write_bytes(before)
    assert len(add(file, Additions((account(),), {"editor": "vi"})).accounts) == 2
    assert file.read_bytes().replace(b'editor = "vi"\n', b"").startswith(before)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real, link = tmp_path / "dotfiles" / "mail.toml", tmp_path / "config.toml"
    real.write_text(WRITTEN)
    link.symlink_to(real)
    add(link, Additions((account(),)))
    assert link.is_symlink()
    assert "[accounts.home]" in real.read_text()


def test_a_file_without_accounts_gets_its_first(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[ui]\ntheme = "dark"\n')
    with pytest.raises(config.AccountsMissing):
        config.load(file)
    assert add(file, Additions((account(),))).ui.theme == "dark"


REFUSED: dict[str, tuple[str | bytes, str]] = {
    "an account of that name": ('[accounts.home]\nemail="a@b"\nimap="imaps://a@b"', "is there al"),
    "accounts in one line": ('accounts = { w = { email = "a@b", imap = "imaps://a@b" } }', "anew"),
    "no table": ("accounts = 3", "anew"),
    "not TOML": ("[accounts", "expected TOML"),
    "another mistake": (WRITTEN.replace("dark", "../x"), "ui.theme: expected the name"),
    "not UTF-8": (b"# gr\xfcn", "at line 1"),
    "too long": ("#" * (config.FILE_LIMIT + 1), "at most 1024 KiB"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_added_to_is_left_alone(name: str, tmp_path: Path) -> None:
    written, expected = REFUSED[name]
    raw = written if isinstance(written, bytes) else written.encode()
    file = tmp_path / "c.toml"
    file.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        add(file, Additions((account(),)))
    assert expected in caught.value.title and str(file) in caught.value.title
    assert file.read_bytes() == raw
    assert os.listdir(tmp_path) == ["c.toml"]


def test_keys_of_a_table_written_in_dots_are_refused_whole(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f"compose.hold = 3\n{WRITTEN.partition('# Writing')[0]}")
    with pytest.raises(ConfigError, match="nothing can be added"):
        add(file, Additions(compose={"editor": "vi"}))
    assert add(file, Additions((account(),))).compose.hold == 3


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be (read|written): "):
        add(tmp_path / "in the way" / "c.toml", Additions((account(),)))


def test_a_file_that_changed_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "c.toml"
    file.write_text(WRITTEN)
    parse = config_file.parse

    def edited_meanwhile(raw: bytes, path: Path) -> config.Config:
        file.write_text(f"{WRITTEN}\n# one more\n")
        return parse(raw, path)

    monkeypatch.setattr(config_file, "parse", edited_meanwhile)
    with pytest.raises(ConfigError, match="changed by somebody else"):
        add(file, Additions((account(),)))
    assert file.read_text() == f"{WRITTEN}\n# one more\n"
    assert os.listdir(tmp_path) == ["c.toml"]


def test_no_password_is_written(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    add(file, Additions((account(password="hunter2"),)))
    assert "hunter2" not in file.read_text()


@pytest.mark.parametrize(
    ("wanted", "taken", "name"),
    [
        ("example.org", (), "example.org"),
        ("work", ("work",), "work-2"),
        ("work", ("work", "work-2", "home"), "work-3"),
        ("a/b\n", (), "ab"),
        ("", (), "mail"),
        ("x" * 100, ("x" * 36,), "x" * 36 + "-2"),
    ],
)
def test_a_name_that_is_free(wanted: str, taken: tuple[str, ...], name: str) -> None:
    assert free_name(wanted, taken) == name
    assert account_name(name) == name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    name=st.text(max_size=50),
    display=st.text(max_size=20),
    user=st.text(min_size=1, max_size=20).filter(str.isprintable),
    command=st.text(max_size=30),
    folder=st.text(max_size=20),
)
@example(name="a\x7f", display='"', user="a b:c%", command="x\ny", folder="\ud800")
def test_any_text_reads_back_the_same_or_is_refused(
    tmp_path: Path, name: str, display: str, user: str, command: str, folder: str
) -> None:
    file = tmp_path / "c.toml"
    file.unlink(missing_ok=True)
    imap = ServerUrl("imaps", user, "h", 993, config.Security.TLS, "imap")
    wanted = account(
        free_name(name, ()),
        email_name=display,
        imap=imap,
        password_command=command,
        folders={SpecialUse.SENT: folder},
    )
    try:
        found = add(file, Additions((wanted,))).accounts[0]
    except ConfigError:
        assert os.listdir(tmp_path) == []
        return
    assert (found.name, found.imap, found.password_command, found.folders) == (
        wanted.name,
        wanted.imap,
        wanted.password_command,
        wanted.folders,
    )
    assert found == config.load(file).accounts[0]
