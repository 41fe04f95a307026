"""``import-muttrc`` with configurations as people have them: what is taken and what is said."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from file_keyring import FileKeyring
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_mail import config
from tui_mail.cli_muttrc import import_muttrc
from tui_mail.config import Account, Config
from tui_mail.credentials import Credentials
from tui_mail.errors import ConfigError
from tui_mail.mail.store import Store
from tui_mail.model import SpecialUse

SECRET = "hunter2"


class Import:
    """One import in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.target = home / "config.toml"
        self.ring = home / "ring.json"
        self.said = ""
        self.found = False

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.home / name).write_text(text)

    def run(self, muttrc: str = "", **files: str) -> Config | None:
        self.write(muttrc=muttrc, **files)
        self.found, lines = import_muttrc(self.home / "muttrc", self.target)
        self.said = "\n".join(lines)
        written = self.target.read_text() if self.target.exists() else ""
        assert SECRET not in self.said and SECRET not in written
        return config.load(self.target) if written else None

    def account(self, muttrc: str, **files: str) -> Account:
        """The one account that comes of it."""
        found = self.run(muttrc, **files)
        assert found is not None
        [account] = found.accounts
        return account

    def keyring(self) -> dict[str, str]:
        """What is in the keyring, by USER@HOST."""
        entries = json.loads(self.ring.read_text()) if self.ring.exists() else {}
        return {key.removeprefix("tui-mail "): value for key, value in entries.items()}


@pytest.fixture
def importing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Import]:
    imported = Import(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TUI_MAIL_TEST_KEYRING", str(imported.ring))
    monkeypatch.delenv("EMAIL", raising=False)
    before = keyring.get_keyring()
    keyring.set_keyring(FileKeyring())
    yield imported
    keyring.set_keyring(before)


GMAIL = """\
# Gmail
set realname = "Anna Example"
set from = "anna@gmail.com"
set use_from = yes
set imap_user = "$from"
set imap_pass = "hunter2"
set folder = "imaps://imap.gmail.com:993"
set spoolfile = "+INBOX"
set postponed = "+[Gmail]/Drafts"
set trash="+[Gmail]/Trash"
set record = ""           # Gmail files it
set smtp_url = "smtp://$imap_user@smtp.gmail.com:587/"
set smtp_pass = $imap_pass
set header_cache =~/.mutt/cache/headers
set editor = "vim +/^$ -c 'set tw=72'" sort=threads
set query_command = "khard email --parsable %s"
set signature = ~/signature
set autoedit
color index red default ~N
bind index G imap-fetch-mail
mailboxes =INBOX "=Lists/python" \\
  =[Gmail]/Important
"""


def test_gmail(importing: Import) -> None:
    account = importing.account(GMAIL, signature="Anna")
    assert account.name == "gmail"
    assert str(account.identities[0]) == "Anna Example <anna@gmail.com>"
    assert str(account.imap) == "imaps://anna%40gmail.com@imap.gmail.com"
    assert str(account.smtp) == "smtp://anna%40gmail.com@smtp.gmail.com"
    assert account.folders == {
        SpecialUse.DRAFTS: "[Gmail]/Drafts",
        SpecialUse.TRASH: "[Gmail]/Trash",
    }
    assert account.signature == importing.home / "signature"
    assert not account.save_sent
    assert account.password_command is None
    assert importing.keyring() == {"anna@gmail.com@imap.gmail.com": SECRET}
    found = config.load(importing.target)
    assert [rule.folder for rule in found.news.rules] == ["Lists/python", "[[]Gmail]/Important"]
    assert found.compose.always_edit
    assert found.compose.address_command == "khard email --parsable"
    assert found.compose.editor is not None
    for line in (
        "password: in the keyring",
        "muttrc:14: header_cache: not needed",
        "sort: no counterpart",
        "color: colors are a theme's",
        "bind: keys are in [keys]",
        "2 mailboxes watched",
    ):
        assert line in importing.said


def test_an_editor_that_needs_a_shell_gets_its_file_as_one_argument(importing: Import) -> None:
    """What becomes of it is run, with a name that a shell would trip over."""
    importing.run(GMAIL.replace("vim +/^$ -c 'set tw=72'", "printf '<%s>' $HOME 2>&1; echo %s"))
    editor = config.load(importing.target).compose.editor
    assert editor is not None
    ran = subprocess.run([*shlex.split(editor), "a b;c"], capture_output=True, text=True)
    assert ran.stdout.endswith("a b;c\n")


FASTMAIL = """\
set my_name="Anna Example"
set realname=$my_name
set from='Anna at work <anna@fastmail.com>'
set folder=imaps://anna%40fastmail.com@imap.fastmail.com/
set imap_pass="`pass show mail/fastmail | head -n1`"
set smtp_url=smtps://anna@fastmail.com@smtp.fastmail.com:465
set smtp_pass="`pass show mail/fastmail | head -n1`"
set record=+Sent postponed=+Drafts trash=+Trash mbox=+Archive
set alternates="x"
alternates '^anna@example\\.org$' "me\\+.*@x\\.org"
set ssl_force_tls=yes certificate_file=~/.certs
set copy=yes
unset beep
"""


def test_fastmail_with_a_command(importing: Import) -> None:
    account = importing.account(FASTMAIL)
    assert (account.email_name, account.email_address) == ("Anna at work", "anna@fastmail.com")
    assert account.imap.user == account.smtp.user == "anna@fastmail.com"  # type: ignore[union-attr]
    assert account.password_command == "sh -c 'pass show mail/fastmail | head -n1'"
    assert account.folders == {
        SpecialUse.SENT: "Sent",
        SpecialUse.DRAFTS: "Drafts",
        SpecialUse.TRASH: "Trash",
    }
    assert [str(alias) for alias in account.aliases] == ["Anna at work <anna@example.org>"]
    assert account.save_sent
    assert importing.keyring() == {}
    assert "password_command: sh …, not run so far" in importing.said
    assert "alternates: a pattern" in importing.said
    assert "smtp_pass" not in importing.said


TWO = """\
set realname = "Anna Example"
set folder = imaps://anna@mail.home.test/
set imap_pass = hunter2home
set smtp_url = smtps://anna@mail.home.test/
set from = anna@home.test
set record = "=Sent"
account-hook . 'unset imap_pass'
account-hook imaps://anna@mail\\.home\\.test/ 'set imap_pass = hunter2home'
account-hook imaps://aw@imap\\.work\\.test/ 'set imap_pass = hunter2work imap_user = aw'
mailboxes =INBOX imaps://aw@imap.work.test/INBOX imaps://aw@imap.work.test/Team
folder-hook imap.work.test 'set from=anna@work.test signature=~/worksig'
folder-hook imap.work.test 'set smtp_url="smtps://aw@smtp.work.test/"'
folder-hook =Lists 'set sort=threads'
send-hook ~tboss 'set signature=~/other'
"""


def test_two_accounts_by_account_hooks(importing: Import) -> None:
    found = importing.run(TWO, worksig="-- w")
    assert found is not None
    home, work = found.accounts
    assert (home.name, str(home.imap)) == ("home", "imaps://anna@mail.home.test")
    assert (work.name, str(work.imap)) == ("work", "imaps://aw@imap.work.test")
    assert (home.email_address, work.email_address) == ("anna@home.test", "anna@work.test")
    assert str(home.smtp) == "smtps://anna@mail.home.test"
    assert str(work.smtp) == "smtps://aw@smtp.work.test"
    assert (home.signature, work.signature) == (None, importing.home / "worksig")
    assert importing.keyring() == {
        "anna@mail.home.test": "hunter2home",
        "aw@imap.work.test": "hunter2work",
    }
    assert [(rule.account, rule.folder) for rule in found.news.rules] == [("work", "Team")]
    assert "account-hook (3 lines): no counterpart" in importing.said
    assert "folder-hook (3 lines): no counterpart" in importing.said
    assert "send-hook: no counterpart" in importing.said


SWITCHED = """\
set realname="Anna Example"
source ~/account.home
folder-hook $folder 'source ~/account.home'
folder-hook 'account.work' 'source ~/account.work'
macro index <f2> '<sync-mailbox><enter-command>source ~/account.home<enter>'
"""
HOME = """\
set folder=imaps://anna@mail.home.test
set imap_pass=hunter2 from=anna@home.test smtp_url=smtps://anna@mail.home.test
"""
WORK = """\
set folder=imap://imap.work.test/
set imap_user=aw from=anna@work.test
set ssl_starttls=yes
"""


def test_accounts_in_files_of_their_own(importing: Import) -> None:
    importing.write(**{"account.home": HOME, "account.work": WORK})
    found = importing.run(SWITCHED)
    assert found is not None
    home, work = found.accounts
    assert str(home.imap) == "imaps://anna@mail.home.test"
    assert str(work.imap) == "imap://aw@imap.work.test"
    assert work.email_address == "anna@work.test"


def test_a_password_never_goes_to_another_account(importing: Import) -> None:
    importing.write(**{"account.home": HOME, "account.work": WORK})
    found = importing.run(f"{SWITCHED}mailboxes imaps://bob@elsewhere.test/INBOX")
    assert found is not None
    assert importing.keyring() == {"anna@mail.home.test": SECRET}
    others = found.accounts[1:]
    assert [account.name for account in others] == ["elsewhere", "work"]
    for account in others:
        assert (account.password_command, account.smtp) == (None, None)
        assert account.email_address != "anna@home.test"


@pytest.mark.parametrize(
    ("written", "how"),
    [
        ("set imap_pass=hunter2", "source 'cat ~/secrets |'"),
        ('set   imap_pass = "hunter2" ', "source 'cat ~/secrets|'"),
        ("set a=b\nset my_pw='hunter2' # x\nset my_pw=no", "source 'cat ~/secrets|'"),
        (r'set imap_pass="hun\ter2"', 'source "cat ~/secrets|"'),
        (r"set my_pw=hun\ter2", "source 'cat ~/secrets|'; source 'true secret|'"),
    ],
)
def test_a_file_that_only_a_command_can_read(written: str, how: str, importing: Import) -> None:
    """As people keep it: gpg -dq ~/.mutt/passwords.gpg |. What is written is run to prove it."""
    variable = "set imap_pass=$my_pw" if "my_pw" in written else ""
    how = how.replace("cat ", "cat ~/pass ") if not variable else how
    text = f"{how}\nset folder=imaps://anna@mail.test\n{variable}\n"
    importing.write(**{"pass": ""})
    account = importing.account(text, secrets=written)
    assert account.password_command is not None
    assert Credentials(account).find() == SECRET
    assert "source" not in importing.said


def test_a_command_that_gives_no_password_is_said_and_not_run(importing: Import) -> None:
    text = "source 'touch ~/ran |'\nset folder=imaps://anna@mail.test imap_pass=hunter2"
    account = importing.account(text)
    assert account.password_command is None
    assert not (importing.home / "ran").exists()
    assert "muttrc:1: source: what a command prints is not read: none is run" in importing.said


def test_a_variable_of_mutt_in_backticks_is_filled_in(importing: Import) -> None:
    account = importing.account(
        "set my_key=mail/x\nset folder=imaps://a@h.test imap_pass=`pass $my_key`\n"
    )
    assert account.password_command == "pass mail/x"


def test_tokens(importing: Import) -> None:
    account = importing.account(
        "set folder=imaps://anna%40x.test@h.test/ imap_authenticators='oauthbearer:xoauth2'\n"
        'set imap_oauth_refresh_command="mutt_oauth2.py ~/token"\n'
        "set smtp_url=smtp://anna%40x.test@h.test\n"
        "set smtp_oauth_refresh_command=$imap_oauth_refresh_command"
    )
    assert account.token_command == "mutt_oauth2.py ~/token"
    assert str(account.smtp) == "smtp://anna%40x.test@h.test:25"


def test_other_ways_to_name_a_server(importing: Import) -> None:
    account = importing.account("set spoolfile={anna:hunter2@H.test:1993/ssl}INBOX")
    assert str(account.imap) == "imaps://anna@h.test:1993"
    assert importing.keyring() == {"anna@h.test": SECRET}
    assert "smtp_url of h: no server that can be used" in importing.said


def test_a_folder_below_inbox(importing: Import) -> None:
    account = importing.account(
        'set folder=imaps://a:hunter2@[::1]/INBOX from="a@x.test"\n'
        "set record==Sent postponed=~/postponed trash=imaps://other.test/Trash"
    )
    assert account.imap.host == "::1"
    assert account.folders == {SpecialUse.SENT: "INBOX/Sent"}
    assert "postponed: no mailbox of this account" in importing.said
    assert "trash: no mailbox of this account" in importing.said


def test_another_password_for_sending_is_kept_for_that_server(importing: Import) -> None:
    importing.account(
        "set folder=imaps://a@h.test imap_pass=hunter2\n"
        "set smtp_url=smtps://a@smtp.h.test smtp_pass=swordfish from=a@h.test"
    )
    assert importing.keyring() == {"a@h.test": SECRET, "a@smtp.h.test": "swordfish"}
    assert "password for sending: in the keyring" in importing.said
    assert "swordfish" not in importing.said


def test_another_password_for_the_same_name_is_said(importing: Import) -> None:
    importing.account(
        "set folder=imaps://a@h.test imap_pass=hunter2\n"
        "set smtp_url=smtps://a:hunter2x@h.test from=a@h.test"
    )
    assert "smtp_pass of h: another password than for IMAP" in importing.said


def test_aliases_go_to_the_address_book(
    importing: Import, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    importing.account(
        "set folder=imaps://a@h.test from=a@h.test\n"
        "alias -group x bb Ben Bolt <ben@x.test>  # a friend\n"
        'alias both "Ann, A." <ann@x.test>, ben@x.test, bb\n'
        "alias team `cat team`\nalias wrong <not an address>\n"
    )
    assert "2 addresses of aliases" in importing.said
    assert "alias: found by name and address" in importing.said
    store = Store.open(config.store_path())
    try:
        found = {(each.name, each.address) for each in store.addresses("x.test")}
    finally:
        store.close()
    assert found == {("Ben Bolt", "ben@x.test"), ("Ann, A.", "ann@x.test")}


def test_an_account_is_added_to_what_is_there(importing: Import) -> None:
    before = (
        "# mine\n[accounts.gmail] # ha\nemail = 'x@y'\nimap = 'imaps://x@y'\n"
        "[compose]\neditor = 'ed'\n# end\n"
    )
    importing.target.write_text(before)
    found = importing.run(GMAIL)
    assert found is not None
    assert [account.name for account in found.accounts] == ["gmail", "gmail-2"]
    assert found.compose.editor == "ed"
    text = importing.target.read_text()
    assert text.startswith("# mine\n[accounts.gmail] # ha\n")
    again = importing.run(GMAIL)
    assert importing.found and again == found
    assert importing.target.read_text() == text
    assert "Account gmail-2 is in the configuration already" in importing.said


@pytest.mark.parametrize(
    "muttrc",
    [
        "",
        "set folder=~/Maildir spoolfile=/var/mail/anna editor=vim",
        "set folder=imaps://h.test",
        "set folder=imaps://a%00b@h.test",
        "set folder=`cat x`",
        "set folder=imaps://a@h.test:99999",
        "set folder=imaps://a@h_%t/ from=a@h",
        "set folder=pops://a@h.test",
    ],
)
def test_without_an_account_nothing_is_written(muttrc: str, importing: Import) -> None:
    importing.run(muttrc)
    assert not importing.found and not importing.target.exists()
    assert "there is no IMAP account in it" in importing.said


def test_without_a_keyring_the_password_is_kept_nowhere(importing: Import) -> None:
    from keyring.backends.null import Keyring

    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    importing.account(GMAIL)
    assert "password: asked for each time. The keyring is switched off here" in importing.said


def test_a_wrong_configuration_is_left_alone_before_anything_is_kept(importing: Import) -> None:
    importing.target.write_text("[accounts")
    with pytest.raises(ConfigError, match="expected TOML"):
        importing.run(GMAIL)
    assert importing.target.read_text() == "[accounts"
    assert importing.keyring() == {}


def test_escapes_do_not_reach_the_terminal(importing: Import) -> None:
    importing.run(
        'set folder=imaps://a@h.test from=a@h.test realname="\\e[31mred" editor="\\e[2Jvi"\n'
        "mailboxes =\\e[31m\nsource ~/\\e[2J\nset record==\\e[1m"
    )
    assert importing.found and not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", importing.said)


PIECES = st.sampled_from(
    [
        *(
            "imaps://",
            "imap://",
            "{",
            "}",
            "a",
            "@",
            ":",
            "/",
            "h.test",
            "%40",
            "%",
            "[",
            "]",
            "::1",
        ),
        *(
            "=",
            "+",
            "INBOX",
            "$folder",
            "$from",
            "`x`",
            " ",
            "'",
            '"',
            "~",
            "|",
            "é",
            "\t",
            "\\e",
            "..",
        ),
    ]
)
NAMES = st.sampled_from(
    [
        *("folder", "spoolfile", "imap_user", "imap_pass", "smtp_url", "smtp_pass", "from"),
        *("realname", "record", "postponed", "trash", "signature", "editor", "query_command"),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(NAMES, st.lists(PIECES, max_size=6).map("".join)), max_size=8))
def test_whatever_is_written_is_a_configuration_that_is_read(
    importing: Import, values: list[tuple[str, str]]
) -> None:
    importing.target.unlink(missing_ok=True)
    lines = [f'set {name}="{value}"' for name, value in values]
    importing.run("set folder=imaps://a@h.test from=a@h.test\n" + "\n".join(lines))


def test_from_the_command_line(
    importing: Import, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "c")}
    environment.pop("PYTHON_KEYRING_BACKEND")
    environment.pop("DBUS_SESSION_BUS_ADDRESS", None)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tui_mail", "import-muttrc", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    nothing = run()
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "There is no muttrc: looked for" in nothing.stderr
    (tmp_path / ".mutt").mkdir()
    (tmp_path / ".mutt" / "muttrc").write_text(GMAIL)
    taken = run()
    assert (taken.returncode, taken.stderr) == (0, "")
    assert "asked for each time. There is no keyring here." in taken.stdout
    assert SECRET not in taken.stdout
    assert config.load(tmp_path / "c" / "tui-mail" / "config.toml").accounts[0].name == "gmail"
    missing = run(str(tmp_path / "none"))
    assert missing.returncode == 2 and "cannot be read" in missing.stderr
    (tmp_path / "empty").write_text("")
    assert run(str(tmp_path / "empty")).returncode == 1
