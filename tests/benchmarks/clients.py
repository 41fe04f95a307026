"""The mail clients that are compared: how each is configured, started, and which keys it wants.

Each lives in a home of its own below the folder it is given; nothing of the user's is read. The
mailbox is shown newest first in all of them, the bar on the newest message.
"""

from __future__ import annotations

import re
import shutil
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from servers.process import find_program
from terminal import Program, PtySession, Terminal

COLUMNS, LINES = 120, 40
_NUMBER = re.compile(r"#(\d+)\b")


@dataclass(frozen=True, slots=True)
class Account:
    """Where the mailbox is: an IMAP server without TLS."""

    host: str
    port: int
    user: str
    password: str


class Client(ABC):
    """One client in one home. ``caches``: whether it can keep what it fetched over a restart."""

    name: str
    caches = True
    background_sync = False  # draws the list first, and fetches the rest meanwhile
    down = "down"
    home_key = "home"
    open_key = "enter"
    next_key = "j"
    close_key = "q"
    quit_keys: tuple[str, ...] = ("q",)

    def __init__(self, folder: Path) -> None:
        self.home = folder / self.name
        self.program = find_program(self.name)

    @property
    def installed(self) -> bool:
        return self.program is not None

    def set_up(self, account: Account, *, cache: bool) -> None:
        """Configures it anew, with nothing cached unless ``cache`` keeps what there is."""
        if not cache:
            shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True, exist_ok=True)
        self.configure(account, cache=cache)

    @abstractmethod
    def configure(self, account: Account, *, cache: bool) -> None:
        """Writes its files below ``home``."""

    @abstractmethod
    def command(self) -> list[str]: ...

    def environment(self) -> dict[str, str]:
        return Program(self.home).environment()

    def start(self) -> PtySession:
        return PtySession(
            self.command(), columns=COLUMNS, lines=LINES, environment=self.environment()
        )

    def quit(self, session: PtySession) -> None:
        """Ends it in good order, so that it writes its cache."""
        session.press(*self.quit_keys)
        session.wait_exit(60)


class Mutt(Client):
    """Fetches every header before it draws; ``header_cache`` keeps them."""

    name = "mutt"

    def configure(self, account: Account, *, cache: bool) -> None:
        # The cache is always there: what is uncached is a new home.
        headers, bodies = self.home / "headers", self.home / "bodies"
        for folder in (headers, bodies):
            folder.mkdir(exist_ok=True)
        base = f"imap://{account.user}@{account.host}:{account.port}/"
        (self.home / "rc").write_text(
            f'set folder="{base}" spoolfile="{base}INBOX"\n'
            f'set imap_user="{account.user}" imap_pass="{account.password}"\n'
            "set ssl_starttls=no ssl_force_tls=no\n"
            f'set header_cache="{headers}/" message_cachedir="{bodies}/"\n'
            "set sort=reverse-mailbox-order quit=yes wait_key=no beep=no\n"
            "set from=anna@example.org use_domain=no\n"
            "set record='' postponed='' move=no\n"
        )

    def command(self) -> list[str]:
        return [self.name, "-n", "-F", str(self.home / "rc")]


class NeoMutt(Mutt):
    """As mutt."""

    name = "neomutt"


class Aerc(Client):
    """Fetches the headers it shows; ``cache-headers`` keeps them."""

    name = "aerc"
    background_sync = True
    home_key = "g"
    next_key = "J"
    quit_keys = (":quit\r",)

    def configure(self, account: Account, *, cache: bool) -> None:
        folder = self.home / "config/aerc"
        folder.mkdir(parents=True, exist_ok=True)
        accounts = folder / "accounts.conf"
        accounts.write_text(
            f"[work]\nsource = imap+insecure://{account.user}:{account.password}"
            f"@{account.host}:{account.port}\n"
            "default = INBOX\nfrom = Anna <anna@example.org>\ncache-headers = true\n"
        )
        accounts.chmod(0o600)

    def command(self) -> list[str]:
        return [self.name]


class Alpine(Client):
    """Fetches the headers it shows; keeps nothing."""

    name = "alpine"
    caches = False
    background_sync = True
    next_key = "n"
    close_key = "i"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._password = ""

    def configure(self, account: Account, *, cache: bool) -> None:
        self._password = account.password
        (self.home / "mail").mkdir(exist_ok=True)  # it says for seconds that it makes the folder
        server = f"{{{account.host}:{account.port}/imap/user={account.user}/notls/norsh}}"
        (self.home / "pinerc").write_text(
            "personal-name=Anna\nuser-domain=example.org\nlast-version-used=6.26\n"
            f"inbox-path={server}INBOX\nsort-key=Arrival/Reverse\n"
            # Otherwise it warns for seconds that the line is not encrypted.
            "disable-these-authenticators=PLAIN,LOGIN\n"
            "feature-list=quit-without-confirm,disable-password-file-saving\n"
            "last-time-prune-questioned=2099.1\n"
        )

    def command(self) -> list[str]:
        return [self.name, "-p", str(self.home / "pinerc"), "-i"]

    def start(self) -> PtySession:
        session = super().start()
        session.wait_for("PASSWORD")
        session.send(f"{self._password}\r")
        return session


class TuiMail(Client):
    """The program."""

    name = "tui-mail"
    background_sync = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._program = Program(self.home)

    @property
    def installed(self) -> bool:
        return True

    def configure(self, account: Account, *, cache: bool) -> None:
        self._program.write_config(account.host, account.port, account.user, account.password)

    def command(self) -> list[str]:
        return self._program.command()


CLIENTS: tuple[type[Client], ...] = (TuiMail, Mutt, NeoMutt, Aerc, Alpine)


def message_under_bar(terminal: Terminal) -> int | None:
    """The number of the message the bar stands on; None while there is no bar in a list."""
    display = terminal.display()
    for row in terminal.highlighted_rows():
        found = _NUMBER.search(display[row])
        if found:
            return int(found[1])
    return None
