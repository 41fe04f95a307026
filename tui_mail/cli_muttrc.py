"""``tui-mail import-muttrc [FILE]``: a mutt configuration becomes accounts, without the screen.

Writes the configuration first, then the address book, then the passwords into the keyring; prints
no password and runs no command.
"""

from __future__ import annotations

import os
from pathlib import Path

from tui_mail import config, config_edit
from tui_mail.config import ServerUrl
from tui_mail.credentials import Credentials, KeyringUnavailable
from tui_mail.errors import ConfigError, MailError
from tui_mail.muttrc import accounts, reader, report, settings
from tui_mail.muttrc.imported import Imported

NO_ACCOUNT = """\
{file}: there is no IMAP account in it that could be taken over.
A folder or spoolfile with imap:// or imaps:// is needed; mail in files of this machine is not read.
"""


def import_muttrc(file: Path | None, target: Path | None) -> tuple[bool, list[str]]:
    """Do it; whether there was an account in it, and the lines that say what was done.

    ``file`` None looks where mutt and neomutt do; ``target`` None is the usual configuration.
    Raises ConfigError, with nothing changed, if a file cannot be read or written.
    """
    home = Path(os.path.expanduser("~"))
    file = file or _usual_file(home)
    target = target or config.config_path()
    try:
        existing: config.Config | None = config.load(target)
    except (config.ConfigMissing, config.AccountsMissing):
        existing = None
    try:
        said = reader.read(file, os.environ)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    found = Imported(home, aliases=said.aliases)
    accounts.gather(said, existing, found)
    settings.compose(said, existing, found)
    settings.left_over(said, found)
    said_first: list[str] = []
    if found.accounts or (found.present and found.compose):
        config_edit.add(target, found.additions)
        said_first.append(f"From {file} to {target}.")
    elif not found.present:
        found.compose.clear()
        said_first += NO_ACCOUNT.format(file=file).splitlines()
    addresses = _learn_addresses(found) if found.accounts or found.present else 0
    lines = report.lines(found, _keep_passwords(found), addresses=addresses)
    return bool(found.accounts or found.present), [*said_first, *lines]


def _usual_file(home: Path) -> Path:
    """The first there is of those mutt and neomutt look for (neomutt(1), FILES)."""
    settings_folder = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    places = (
        home / ".muttrc",
        home / ".mutt/muttrc",
        settings_folder / "mutt/muttrc",
        settings_folder / "neomutt/neomuttrc",
        settings_folder / "neomutt/muttrc",
        home / ".neomuttrc",
        home / ".neomutt/neomuttrc",
    )
    for place in places:
        if place.is_file():
            return place
    raise ConfigError(f"There is no muttrc: looked for {', '.join(map(str, places))}")


def _learn_addresses(found: Imported) -> int:
    """Put the addresses of aliases into the address book; how many there were."""
    if not found.aliases:
        return 0
    from tui_mail.mail.compose.addresses import parse
    from tui_mail.mail.store import Store

    typed = [each for alias in found.aliases for each in parse(alias.addresses)]
    right = [each for each in typed if each.address and not each.problem]
    # Of an address that stands there twice, once with a name, the name counts.
    addresses = {each.address: each.name for each in sorted(right, key=lambda each: each.name)}
    if not addresses:
        found.miss("alias", "no address that can be written to")
        return 0
    try:
        store = Store.open(config.store_path())
        try:
            store.learn_written_to([(name, address) for address, name in addresses.items()])
        finally:
            store.close()
    except MailError as error:
        found.miss("alias", f"the address book could not be written: {error.title}")
        return 0
    found.miss("alias", "found by name and address from now on; nicknames and groups are not kept")
    return len(addresses)


def _keep_passwords(found: Imported) -> dict[ServerUrl, str]:
    """Put them into the keyring; where each server's password is then, in words."""
    kept: dict[ServerUrl, str] = {}
    for account in found.accounts:
        passwords = (
            (account.imap, found.passwords.get(account.name)),
            (account.smtp, found.passwords_for_sending.get(account.name)),
        )
        for server, password in passwords:
            if server is None or password is None:
                continue
            try:
                Credentials(account, server).remember(password)
            except KeyringUnavailable as error:
                kept[server] = f"asked for each time. {error.title} It was not written anywhere."
            else:
                kept[server] = "in the keyring"
    return kept
