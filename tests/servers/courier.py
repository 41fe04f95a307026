"""Courier-IMAP 5, private; as root or as an ordinary user.

No MOVE, no CONDSTORE, no SPECIAL-USE, no LITERAL+; separator ".", all below INBOX, and ``* NO`` in
answers that end in OK. Its paths are compiled in (/etc/courier, /run/courier), so it runs in a
mount namespace of its own where private folders stand in their place.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
import socket
import subprocess
import time
from pathlib import Path

from .process import (
    HOST,
    NOBODY,
    ServerFailed,
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

_AUTHDAEMON = Path("/usr/lib/courier/courier-authlib/authdaemond")
_SETTINGS = {
    "authmodulelist": "authuserdb",
    "authmodulelistorig": "authuserdb",
    "daemons": "2",
    "authdaemonvar": "/run/courier/authdaemon",
    "DEBUG_LOGIN": "0",
    "DEFAULTOPTIONS": "",
    "LOGGEROPTS": "",
}


class Courier:
    """One running server; use it as a context manager or call ``start`` and ``stop``."""

    host = HOST
    password = "secret"

    def __init__(self) -> None:
        self._tcpd = need_program("couriertcpd")
        self._maildirmake = find_maildirmake()
        self._makeuserdb = need_program("makeuserdb")
        self._openssl = need_program("openssl")
        self._unshare = need_program("unshare")
        for path in (_AUTHDAEMON, Path("/etc/courier")):
            if not path.exists():
                raise ServerMissing(f"courier-authdaemon is not installed: no {path}")
        self._root = unpacked("courier-imap")
        self._new_namespace = [str(self._unshare), "--mount"]
        if os.getuid() != 0:
            self._new_namespace.append("--map-root-user")
        allowed = subprocess.run([*self._new_namespace, "true"], capture_output=True, text=True)
        if allowed.returncode:
            reason = allowed.stderr.strip()
            raise ServerMissing(f"Courier needs a mount namespace of its own: {reason}")
        self.folder = private_folder("courier")
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._users = itertools.count(1)
        self._owner = (NOBODY, NOBODY) if os.getuid() == 0 else (os.getuid(), os.getgid())

    def __enter__(self) -> Courier:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Courier:
        """Raises ServerFailed when it does not come up."""
        for name in ("etc/shared", "run/authdaemon", "mail"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "etc/authdaemonrc").write_text(
            "".join(f'{name}="{value}"\n' for name, value in _SETTINGS.items())
        )
        self.new_user()
        log = self.folder / "output.log"
        self._process = start_process([*self._new_namespace, "sh", "-euc", self._script()], log=log)
        try:
            wait_for_port(self.host, self.port, self._process, lambda: tail(log))
            self._wait_for_authdaemon(log)
        except BaseException:
            self.stop()
            raise
        return self

    def _wait_for_authdaemon(self, log: Path) -> None:
        address = str(self.folder / "run/authdaemon/socket")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket(socket.AF_UNIX) as line, contextlib.suppress(OSError):
                line.connect(address)
                return
            time.sleep(0.02)
        raise ServerFailed(f"authdaemond does not listen:\n{tail(log)}")

    def stop(self) -> None:
        """Ends every process of it and removes the folder."""
        if self._process is not None:
            stop_process(self._process, 0)
            self._process = None
        remove_folder(self.folder)

    def new_user(self) -> str:
        """A new account with the usual password and an empty maildir."""
        name = f"user{next(self._users)}"
        home = self.folder / "mail" / name
        home.mkdir()
        subprocess.run([str(self._maildirmake), str(home / "Maildir")], check=True)
        for path in (home, *home.rglob("*")):
            os.chown(path, *self._owner)
        hashed = subprocess.run(
            [str(self._openssl), "passwd", "-1", self.password],
            check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip
        database = self.folder / "etc/userdb"
        uid, gid = self._owner
        with database.open("a") as users:
            users.write(f"{name}\tuid={uid}|gid={gid}|home={home}|systempw={hashed}\n")
        database.chmod(0o600)
        subprocess.run([str(self._makeuserdb), "-f", str(database)], check=True)
        return name

    def connect(self, user: str) -> RawImap:
        """A logged-in plain connection beside the program's: another client of the account."""
        return RawImap.login(self.host, self.port, user, self.password)

    def _script(self) -> str:
        command = [
            *(str(self._tcpd), f"-address={HOST}", "-maxprocs=100", "-maxperip=100"),
            *("-nodnslookup", "-noidentlookup", str(self.port)),
            str(self._root / "usr/lib/courier/courier/imaplogin"),
            *(str(self._root / "usr/bin/imapd"), "Maildir"),
        ]
        if os.getuid() != 0:
            # Mounting made this user 0, and as 0 Courier would call setgroups, which it may not.
            uid, gid = self._owner
            command[:0] = [str(self._unshare), "--user", f"--map-user={uid}", f"--map-group={gid}"]
        return (
            f"mount --bind {shlex.quote(str(self.folder / 'etc'))} /etc/courier\n"
            # /run/courier is made at boot, so may not be there: a /run of our own has it.
            "mount -t tmpfs tmpfs /run\nmkdir /run/courier\n"
            f"mount --bind {shlex.quote(str(self.folder / 'run'))} /run/courier\n"
            "set -a\n. /etc/courier/authdaemonrc\n"
            f". {shlex.quote(str(self._root / 'etc/courier/imapd'))}\n"
            "IMAP_EMPTYTRASH= IMAP_TLS_REQUIRED=0 IMAP_STARTTLS=NO\nset +a\n"
            f"{_AUTHDAEMON} &\n"
            f"exec {shlex.join(command)}\n"
        )


def find_maildirmake() -> Path:
    """Courier's own; the name it has beside other packages with a maildirmake comes first."""
    try:
        return need_program("maildirmake.courier")
    except ServerMissing:
        return need_program("maildirmake")
