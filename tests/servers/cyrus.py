"""Cyrus IMAP 3, private; as root or as an ordinary user.

Separator ".", everything of the user's below ``INBOX.``, ACL, QUOTA, CONDSTORE and QRESYNC.
Users are made by ``new_user``; each finds INBOX, Drafts, Sent and Trash at the first login.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from .certificates import Certificates
from .process import (
    HOST,
    NOBODY,
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
from .unpacked import unpacked

_PROGRAMS = Path("/usr/lib/cyrus/bin")


class Cyrus:
    """One running server; use it as a context manager or call ``start`` and ``stop``."""

    host = HOST
    password = "secret"

    def __init__(self, certificates: Certificates) -> None:
        self._master = _PROGRAMS / "master"
        if not self._master.exists():
            raise ServerMissing("cyrus-common is not installed")
        self._saslpasswd = need_program("saslpasswd2")
        self._imapd = unpacked("cyrus-imapd") / "usr/lib/cyrus/bin/imapd"
        self.certificates = certificates
        self.ca_file = certificates.ca_file
        self.folder = private_folder("cyrus")
        self.port = free_port()
        self.tls_port = free_port()
        self._account = pwd.getpwuid(NOBODY if os.getuid() == 0 else os.getuid())
        self._process: subprocess.Popen[bytes] | None = None
        self._users = itertools.count(1)

    def __enter__(self) -> Cyrus:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Cyrus:
        """Raises ServerFailed when it does not come up."""
        for name in ("conf", "spool", "run", "socket"):
            (self.folder / name).mkdir(exist_ok=True)
        shutil.copy(self.certificates.key, self.folder / "key.pem")
        (self.folder / "imapd.conf").write_text(self._configuration())
        (self.folder / "cyrus.conf").write_text(self._services())
        self.new_user()
        if os.getuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, self._account.pw_uid, self._account.pw_gid)
        log = self.folder / "output.log"
        self._process = start_process(
            [
                *(self._master, "-C", self.folder / "imapd.conf"),
                *("-M", self.folder / "cyrus.conf", "-p", self.folder / "run/master.pid"),
            ],
            log=log,
            environment={**os.environ, "CYRUS_USER": self._account.pw_name},
        )
        try:
            wait_for_port(self.host, self.port, self._process, lambda: tail(log))
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Ends every process of it and removes the folder."""
        if self._process is not None:
            stop_process(self._process, 0)
            self._process = None
        remove_folder(self.folder)

    def new_user(self) -> str:
        """A new account with the usual password."""
        name = f"user{next(self._users)}"
        subprocess.run(
            [
                *(str(self._saslpasswd), "-p", "-c", "-f", str(self.folder / "sasldb2")),
                *("-u", "localhost", name),
            ],
            input=self.password.encode(),
            check=True,
            capture_output=True,
        )
        return name

    def connect(self, user: str) -> RawImap:
        """A logged-in plain connection beside the program's: another client of the account."""
        return RawImap.login(self.host, self.port, user, self.password)

    def _configuration(self) -> str:
        folder = self.folder
        settings = {
            "configdirectory": folder / "conf",
            "defaultpartition": "default",
            "partition-default": folder / "spool",
            "cyrus_user": self._account.pw_name,
            "servername": "localhost",
            "admins": "cyrus",
            "sasl_pwcheck_method": "auxprop",
            "sasl_auxprop_plugin": "sasldb",
            "sasl_sasldb_path": folder / "sasldb2",
            "sasl_mech_list": "PLAIN LOGIN",
            "allowplaintext": "yes",
            "tls_server_cert": self.certificates.certificate,
            "tls_server_key": folder / "key.pem",
            "virtdomains": "off",
            "unixhierarchysep": "no",
            "altnamespace": "no",
            "autocreate_quota": "2048000",
            "autocreate_inbox_folders": "Drafts|Sent|Trash",
            "autocreate_subscribe_folders": "Drafts|Sent|Trash",
            "conversations": "off",
            "syslog_prefix": "tui-mail-test",
            "socket": folder / "socket",
            "proc_path": folder / "run/proc",
            "mboxname_lockpath": folder / "run/lock",
        }
        return "".join(f"{name}: {value}\n" for name, value in settings.items())

    def _services(self) -> str:
        command = f"{self._imapd} -C {self.folder}/imapd.conf"
        return (
            "START {\n"
            f'  recover cmd="{_PROGRAMS}/ctl_cyrusdb -C {self.folder}/imapd.conf -r"\n'
            "}\n"
            "SERVICES {\n"
            f'  imap cmd="{command}" listen="{HOST}:{self.port}" prefork=1\n'
            f'  imaps cmd="{command} -s" listen="{HOST}:{self.tls_port}" prefork=0\n'
            "}\n"
            "EVENTS {\n}\n"
        )
