"""Dovecot 2.3, private, in any shape a test asks for; as root or as an ordinary user.

Any user name is an account with the password ``secret``; a test takes a name of its own from
``new_user`` and so an empty mailbox of its own.
"""

from __future__ import annotations

import grp
import itertools
import os
import pwd
import subprocess
from pathlib import Path

from .certificates import Certificates
from .process import (
    HOST,
    NOBODY,
    OTHER_HOST,
    ServerMissing,
    free_port,
    need_program,
    private_folder,
    remove_folder,
    start_process,
    stop_process,
    tail,
    wait_for_port,
)
from .raw_imap import RawImap

SPECIAL_USE = ("Drafts", "Sent", "Trash", "Archive", "Junk")


class Dovecot:
    """One running server; use it as a context manager or call ``start`` and ``stop``.

    ``capabilities``: what CAPABILITY says instead of Dovecot's own list (the commands stay), or
    with a leading ``+`` in addition to it.
    ``separator``: "/" or ".". ``mail_format``: "sdbox", "maildir" or "mbox".
    ``plaintext_login=False`` gives LOGINDISABLED on a line without TLS.
    ``extra``: more lines for its configuration.
    """

    password = "secret"

    def __init__(
        self,
        certificates: Certificates,
        *,
        capabilities: str | None = None,
        separator: str = "/",
        mail_format: str = "sdbox",
        plaintext_login: bool = True,
        wrong_name: bool = False,
        extra: str = "",
    ) -> None:
        self._program = need_program("dovecot")
        self._doveadm = need_program("doveadm")
        _need_version(self._program)
        self.certificates = certificates
        self.ca_file = certificates.ca_file
        self.capabilities = capabilities
        self.separator = separator
        self.mail_format = mail_format
        self.plaintext_login = plaintext_login
        self.wrong_name = wrong_name
        self.extra = extra
        # Dovecot takes a line between one address and itself for safe, and offers LOGIN there.
        self.host = HOST if plaintext_login else OTHER_HOST
        self.folder = private_folder("dovecot")
        self.config_file = self.folder / "dovecot.conf"
        self.log = self.folder / "dovecot.log"
        self.port = free_port()
        self.tls_port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._users = itertools.count(1)

    def __enter__(self) -> Dovecot:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Dovecot:
        """Raises ServerFailed with the log when it does not come up."""
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir(exist_ok=True)
        if os.getuid() == 0:
            os.chown(self.folder / "mail", NOBODY, NOBODY)
        self.config_file.write_text(self._configuration())
        self._launch()
        return self

    def stop(self) -> None:
        """Ends every process of it and removes the folder."""
        self._end(0)
        remove_folder(self.folder)

    def restart(self) -> None:
        """Breaks every connection and comes back on the same ports with the same mail."""
        self._end()
        self._launch()

    def _launch(self) -> None:
        self._process = start_process(
            [self._program, "-F", "-c", self.config_file], log=self.folder / "output.log"
        )
        try:
            wait_for_port(self.host, self.port, self._process, self._logs)
            wait_for_port(self.host, self.tls_port, self._process, self._logs)
        except BaseException:
            self._end()
            raise

    def _end(self, seconds: float = 5) -> None:
        if self._process is not None:
            stop_process(self._process, seconds)
            self._process = None

    def _logs(self) -> str:
        return f"{tail(self.folder / 'output.log')}\n{tail(self.log)}"

    def new_user(self) -> str:
        """A user name nobody has had yet: an account with empty mailboxes."""
        return f"user{next(self._users)}"

    def mail_folder(self, user: str) -> Path:
        """Where the user's mail is kept on disk."""
        return self.folder / "mail" / user

    def doveadm(self, *arguments: str | Path, data: bytes | None = None) -> str:
        """Runs doveadm on this server; its output. Raises CalledProcessError."""
        command = [str(self._doveadm), "-c", str(self.config_file), *map(str, arguments)]
        done = subprocess.run(command, input=data, capture_output=True)
        if done.returncode:
            raise subprocess.CalledProcessError(
                done.returncode, command, done.stdout, done.stderr.decode(errors="replace")
            )
        return done.stdout.decode(errors="replace")

    def kick(self, user: str) -> None:
        """Ends the user's connections, as an administrator would."""
        self.doveadm("kick", user)

    def connect(self, user: str) -> RawImap:
        """A logged-in plain connection beside the program's: another client of the account."""
        return RawImap.login(self.host, self.port, user, self.password)

    def _configuration(self) -> str:
        root = os.getuid() == 0
        uid, gid = (NOBODY, NOBODY) if root else (os.getuid(), os.getgid())
        certificates = self.certificates
        certificate, key = (
            (certificates.other_certificate, certificates.other_key)
            if self.wrong_name
            else (certificates.certificate, certificates.key)
        )
        location = {
            "mbox": f"mbox:{self.folder}/mail/%u:INBOX={self.folder}/mail/%u/INBOX",
        }.get(self.mail_format, f"{self.mail_format}:{self.folder}/mail/%u")
        special_use = "\n".join(
            f"  mailbox {name} {{\n    special_use = \\{name}\n    auto = subscribe\n  }}"
            for name in SPECIAL_USE
        )
        lines = [
            f"base_dir = {self.folder}/run",
            f"state_dir = {self.folder}/state",
            f"log_path = {self.log}",
            "protocols = imap",
            f"listen = {self.host}",
            f"mail_location = {location}",
            f"mail_uid = {uid}",
            f"mail_gid = {gid}",
            "first_valid_uid = 1",
            "first_valid_gid = 1",
            f"disable_plaintext_auth = {'no' if self.plaintext_login else 'yes'}",
            "auth_mechanisms = plain login",
            "auth_worker_max_count = 2",
            "mail_max_userip_connections = 1000",
            "mail_fsync = never",
            # A wrong password is answered at once, and the next login too; both delays are meant
            # for strangers.
            "auth_failure_delay = 0 secs",
            "service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}",
            "ssl = yes",
            f"ssl_cert = <{certificate}",
            f"ssl_key = <{key}",
            "passdb {\n  driver = static\n  args = password=secret\n}",
            f"userdb {{\n  driver = static\n  args = uid={uid} gid={gid} "
            f"home={self.folder}/mail/%u\n}}",
            "mail_plugins = quota acl",
            "protocol imap {\n  mail_plugins = quota acl imap_quota imap_acl\n}",
            "plugin {\n  quota = count:User quota\n  quota_vsizes = yes\n"
            "  quota_rule = *:storage=20G\n  acl = vfile\n}",
            f"namespace inbox {{\n  inbox = yes\n  separator = {self.separator}\n{special_use}\n}}",
            f"service imap-login {{\n  inet_listener imap {{\n    port = {self.port}\n  }}\n"
            f"  inet_listener imaps {{\n    port = {self.tls_port}\n    ssl = yes\n  }}\n}}",
        ]
        if self.capabilities is not None:
            lines.append(f"imap_capability = {self.capabilities}")
        if not root:
            lines += _rootless()
        lines.append(self.extra)
        return "\n".join(lines) + "\n"


def _need_version(program: Path) -> None:
    version = subprocess.run([str(program), "--version"], capture_output=True, text=True).stdout
    if not version.startswith("2.3."):
        # 2.4 reads another configuration language altogether.
        raise ServerMissing(f"Dovecot 2.3 is needed, and here is {version.split(' ')[0]}")


def _rootless() -> list[str]:
    """What lets Dovecot run without root: every process as this user, nothing chrooted."""
    # Not getpass: LOGNAME may name somebody else under sudo.
    user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    lines = [
        f"default_internal_user = {user}",
        f"default_internal_group = {group}",
        f"default_login_user = {user}",
    ]
    lines += [
        f"service {name} {{\n  chroot =\n  user = {user}\n}}"
        for name in (
            "anvil",
            "imap-login",
            "stats",
            "auth",
            "auth-worker",
            "imap",
            "indexer-worker",
        )
    ]
    return lines
