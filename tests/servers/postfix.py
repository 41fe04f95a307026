"""Postfix, private: a submission server as providers run it. Needs root, as Postfix itself does.

STARTTLS on ``port``, TLS from the first byte on ``tls_port``; AUTH is checked by a Dovecot of its
own, which serves IMAP with the same mechanisms. Nothing is delivered: a message that Postfix takes
is put on hold before it says 250, so ``accepted`` is exact at any moment.
"""

from __future__ import annotations

import itertools
import os
import pwd
import re
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .certificates import Certificates
from .dovecot import Dovecot
from .mechanisms import MECHANISMS, offering
from .process import (
    HOST,
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

# What RCPT TO, and the sender after the final dot, are answered with.
REFUSED = {
    "nobody@example.org": "550 5.1.1 there is nobody of that name",
    "full@example.org": "552 5.2.2 the mailbox is full",
    "later@example.org": "450 4.7.1 greylisted, come back later",
}
REFUSED_MESSAGES = {
    "spammer@example.org": "554 5.7.1 this looks like spam",
    "hasty@example.org": "451 4.3.0 the filter is busy",
}


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """A message Postfix has taken. ``data`` is header and body with LF line ends."""

    queue_id: str
    sender: str
    recipients: tuple[str, ...]
    data: bytes


class Postfix:
    """One running server; use it as a context manager or call ``start`` and ``stop``.

    Any user name logs in with ``password``, or with an access token.
    ``strict_port`` offers STARTTLS too, and AUTH only behind it; ``ports`` speak TLS and offer one
    mechanism each. ``size``: the largest message in octets. ``extra``: more lines for main.cf.
    """

    host = HOST
    password = "secret"

    def __init__(
        self,
        certificates: Certificates,
        *,
        size: int = 300_000,
        extra: str = "",
    ) -> None:
        self._program = need_program("postfix")
        self._postcat = need_program("postcat")
        need_program("dovecot")
        if os.getuid() != 0:
            raise ServerMissing("Postfix runs as root alone")
        try:
            self._owner = pwd.getpwnam("postfix").pw_uid
        except KeyError:
            raise ServerMissing("there is no user postfix here") from None
        self.certificates = certificates
        self.ca_file = certificates.ca_file
        self.size = size
        self.extra = extra
        self.folder = private_folder("postfix")
        self.log = self.folder / "mail.log"
        self.port = free_port()
        self.tls_port = free_port()
        self.strict_port = free_port()
        self.ports = {mechanism: free_port() for mechanism in MECHANISMS}
        self.dovecot = Dovecot(certificates, extra=self._authentication())
        self._process: subprocess.Popen[bytes] | None = None
        self._senders = itertools.count(1)

    def __enter__(self) -> Postfix:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Postfix:
        """Raises ServerFailed with the log when it does not come up."""
        self.dovecot.start()
        for name in ("etc", "queue", "data"):
            (self.folder / name).mkdir(exist_ok=True)
        os.chown(self.folder / "data", self._owner, -1)
        (self.folder / "etc" / "main.cf").write_text(self._main())
        (self.folder / "etc" / "master.cf").write_text(self._master())
        self._process = start_process(
            [self._program, "-c", self.folder / "etc", "start-fg"],
            log=self.folder / "output.log",
        )
        try:
            wait_for_port(self.host, self.port, self._process, self._logs)
            wait_for_port(self.host, self.tls_port, self._process, self._logs)
        except BaseException:
            self._end()
            raise
        return self

    def stop(self) -> None:
        """Ends every process of it and removes the folder."""
        self._end()
        remove_folder(self.folder)

    def new_sender(self) -> str:
        """An address nobody has sent from yet, so that ``accepted`` can be asked for its mail."""
        return f"sender{next(self._senders)}@example.org"

    def accepted(self, sender: str | None = None) -> list[HeldMessage]:
        """Every message it has said 250 to, or those of one sender, oldest first."""
        found = []
        for queue in ("hold", "incoming", "active", "deferred", "maildrop"):
            for path in (self.folder / "queue" / queue).rglob("*"):
                # Postfix sets the x bit when a message is whole (cleanup(8)).
                if path.is_file() and path.stat().st_mode & stat.S_IXUSR:
                    found.append((path.stat().st_mtime_ns, path))
        messages = [self._read(path) for _, path in sorted(found)]
        return [each for each in messages if sender in (None, each.sender)]

    def _end(self) -> None:
        if self._process is not None:
            stop_process(self._process, 0)
            self._process = None
        self.dovecot.stop()

    def _logs(self) -> str:
        return f"{tail(self.folder / 'output.log')}\n{tail(self.log)}"

    def _read(self, path: Path) -> HeldMessage:
        config = self.folder / "etc"
        envelope = self._run(self._postcat, "-c", config, "-e", path).decode()
        data = self._run(self._postcat, "-c", config, "-hb", path)
        sender = re.search(r"^sender: (.*)$", envelope, re.MULTILINE)
        # The mark of header and body is not part of them.
        assert sender is not None, envelope
        return HeldMessage(
            path.name,
            sender[1],
            tuple(re.findall(r"^recipient: (.*)$", envelope, re.MULTILINE)),
            data,
        )

    def _run(self, *command: str | Path) -> bytes:
        return subprocess.run(
            [str(each) for each in command], check=True, capture_output=True
        ).stdout

    def _authentication(self) -> str:
        """Dovecot's part: the mechanisms, and the socket where Postfix asks."""
        socket = f"unix_listener {self.folder}/auth {{\n    mode = 0666\n  }}"
        return f"{offering(MECHANISMS, self.folder)}service auth {{\n  {socket}\n}}\n"

    def _main(self) -> str:
        return "\n".join(
            (
                "compatibility_level = 3.6",
                f"queue_directory = {self.folder}/queue",
                f"data_directory = {self.folder}/data",
                f"maillog_file = {self.log}",
                f"maillog_file_prefixes = {self.folder}",
                "myhostname = mail.example.org",
                "mydestination =",
                "alias_maps =",
                "alias_database =",
                "inet_interfaces = 127.0.0.1",
                "inet_protocols = ipv4",
                # Nothing leaves the machine, whatever happens.
                "default_transport = discard",
                "local_transport = discard",
                "relayhost =",
                f"smtpd_tls_cert_file = {self.certificates.certificate}",
                f"smtpd_tls_key_file = {self.certificates.key}",
                "smtpd_tls_security_level = may",
                "smtpd_tls_auth_only = no",
                "smtpd_sasl_auth_enable = yes",
                "smtpd_sasl_type = dovecot",
                f"smtpd_sasl_path = {self.folder}/auth",
                "smtpd_sasl_security_options = noanonymous",
                "smtpd_relay_restrictions = permit_sasl_authenticated, reject",
                f"smtpd_recipient_restrictions = check_recipient_access {_table(REFUSED)}",
                "smtpd_data_restrictions = check_client_access static:HOLD",
                f"smtpd_end_of_data_restrictions = check_sender_access {_table(REFUSED_MESSAGES)}",
                f"message_size_limit = {self.size}",
                # A test's mistakes are answered at once; the waits are meant for strangers.
                "smtpd_error_sleep_time = 0",
                "smtpd_soft_error_limit = 1000",
                "smtpd_hard_error_limit = 1001",
                "smtpd_client_connection_count_limit = 0",
                "in_flow_delay = 0",
                self.extra,
                "",
            )
        )

    def _master(self) -> str:
        wrapped = "-o smtpd_tls_wrappermode=yes"
        listeners = [
            (self.port, ""),
            (self.tls_port, wrapped),
            (self.strict_port, "-o smtpd_tls_auth_only=yes"),
            *(
                (port, f"{wrapped} -o smtpd_sasl_mechanism_filter={mechanism}")
                for mechanism, port in self.ports.items()
            ),
        ]
        lines = "\n".join(
            f"{HOST}:{port} inet n - n - - smtpd {options}" for port, options in listeners
        )
        return f"""\
{lines}
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
discard unix - - n - - discard
anvil unix - - n - 1 anvil
error unix - - n - - error
retry unix - - n - - error
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
"""


def _table(answers: dict[str, str]) -> str:
    entries = ", ".join(f"{{ {key} = {answer} }}" for key, answer in answers.items())
    return f"inline:{{ {entries} }}"
