"""Where a password comes from: the keyring, then ``password_command``; the prompt is the screen's.
And where an OAuth 2.0 access token comes from: ``token_command``.

May block for as long as a person takes to unlock a keyring, so callers run it in a thread. Writes
a password nowhere but into the keyring, and puts none into an error. keyring is imported only when
it is asked: it takes a tenth of a second.
"""

from __future__ import annotations

import os
import re
import selectors
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from tui_mail.config import APPLICATION, Account, ServerUrl
from tui_mail.errors import Cancelled, CredentialError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = APPLICATION
KEYRING_TIMEOUT = 30.0
COMMAND_TIMEOUT = 60.0
OUTPUT_LIMIT = 64 * 1024
ERROR_LIMIT = 4096
# How soon a cancellation is noticed, in seconds; an answer is noticed at once.
CANCEL_INTERVAL = 0.1
KILL_GRACE = 1.0

Answer = TypeVar("Answer")
_TOKEN = re.compile(r"[\x21-\x7e]+")


class KeyringUnavailable(CredentialError):
    """There is no keyring here, or it is locked, or it failed; the title is one line saying so."""


class Credentials:
    """The way to one account's password. One call at a time; ``cancel`` from any thread.

    ``username`` is what the keyring has it under: ``USER@HOST`` of the IMAP server, or of
    ``server``, for one that has a password of its own (``kept``).

    After ``find``, ``source`` says where the password came from ("keyring", "password_command",
    "fixed" or ""), and ``notice`` is one line about a keyring that could not be asked, or "".
    """

    def __init__(
        self,
        account: Account,
        server: ServerUrl | None = None,
        *,
        keyring_timeout: float = KEYRING_TIMEOUT,
        command_timeout: float = COMMAND_TIMEOUT,
    ) -> None:
        self.account = account
        self.username = (server or account.imap).identity
        self.source = ""
        self.notice = ""
        self._keyring_timeout = keyring_timeout
        self._command_timeout = command_timeout
        self._cancelled = threading.Event()

    def find(self) -> str | None:
        """The password, or None when a person has to be asked.

        Raises CredentialError if ``password_command`` fails, Cancelled after ``cancel``.
        """
        self.source, self.notice = "", ""
        if self.account.password is not None:
            self.source = "fixed"
            return self.account.password
        password = self.kept()
        if password is not None:
            self.source = "keyring"
            return password
        if self.account.password_command is None:
            return None
        password = self._run_command("password_command", self.account.password_command)
        self.source = "password_command"
        return password

    def kept(self) -> str | None:
        """The password in the keyring; None if there is none, or no keyring (see ``notice``).

        Raises Cancelled.
        """
        try:
            password = self._ask_keyring(lambda ring: ring.get_password(SERVICE, self.username))
        except KeyringUnavailable as error:
            self.notice = error.title
            return None
        return password or None

    def token(self) -> str:
        """What ``token_command`` prints now: an access token (RFC 6750, 2.1), for every server.

        Raises CredentialError if it fails or prints something else, Cancelled after ``cancel``.
        """
        command = self.account.token_command
        assert command is not None, "an account without token_command logs in by password"
        token = self._run_command("token_command", command)
        if not _TOKEN.fullmatch(token):
            raise CredentialError(
                "token_command printed something that is no access token",
                advice="It must print the token alone: one line of ASCII without spaces.",
            )
        return token

    def remember(self, password: str) -> None:
        """Keep ``password`` in the keyring. Raises KeyringUnavailable, or Cancelled."""

        def keep(ring: KeyringBackend) -> bool:
            ring.set_password(SERVICE, self.username, password)
            return ring.get_password(SERVICE, self.username) == password

        # keyring's null backend takes everything and keeps nothing, so it is read back.
        if not self._ask_keyring(keep):
            raise KeyringUnavailable("The keyring is switched off here: it kept no password.")

    def forget(self) -> bool:
        """Remove the password from the keyring; False if there was none.

        Raises KeyringUnavailable, or Cancelled.
        """

        def remove(ring: KeyringBackend) -> bool:
            if ring.get_password(SERVICE, self.username) is None:
                return False
            ring.delete_password(SERVICE, self.username)
            return True

        return self._ask_keyring(remove)

    def cancel(self) -> None:
        """Stop what is being waited for; this object asks nothing more."""
        self._cancelled.set()

    def _check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled("The search for the password was cancelled.")

    def _ask_keyring(self, question: Callable[[KeyringBackend], Answer]) -> Answer:
        # A locked keyring may wait for ever for a person at another screen, and nothing in it
        # can be interrupted: ask in a thread that may be left behind.
        if _no_keyring_possible():
            raise KeyringUnavailable("There is no keyring here.")
        answers: list[Answer] = []
        problems: list[Exception] = []
        finished = threading.Event()

        def ask() -> None:
            try:
                answers.append(question(_keyring()))
            except Exception as error:
                problems.append(error)
            finally:
                finished.set()

        threading.Thread(target=ask, name="keyring", daemon=True).start()
        deadline = time.monotonic() + self._keyring_timeout
        while not finished.wait(CANCEL_INTERVAL):
            self._check_cancelled()
            if time.monotonic() >= deadline:
                raise KeyringUnavailable(
                    f"The keyring did not answer within {self._keyring_timeout:.0f} seconds "
                    "(is it locked?)."
                )
        self._check_cancelled()
        if problems:
            raise _unavailable(problems[0]) from problems[0]
        return answers[0]

    def _run_command(self, setting: str, command: str) -> str:
        self._check_cancelled()
        words = [os.path.expanduser(word) for word in shlex.split(command)]
        # No terminal of its own: a pinentry that finds ours would draw over the screen.
        environment = {name: value for name, value in os.environ.items() if name != "GPG_TTY"}
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise CredentialError(f"{setting} cannot run {words[0]}: {error.strerror}") from error
        with process:
            try:
                output, errors = self._collect(process, f"{setting} ({words[0]})")
            finally:
                _end(process)
        if process.returncode:
            raise CredentialError(
                f"{setting} ({words[0]}) {_ending(process.returncode)}",
                server_line=errors.decode("utf-8", "replace").strip(),
                advice="Try it in a shell: it has to work there without asking on the terminal.",
            )
        return _first_line(output, setting, words[0])

    def _collect(self, process: subprocess.Popen[bytes], command: str) -> tuple[bytes, bytes]:
        assert process.stdout is not None and process.stderr is not None
        output, errors = bytearray(), bytearray()
        deadline = time.monotonic() + self._command_timeout
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ, output)
            selector.register(process.stderr, selectors.EVENT_READ, errors)
            while True:
                self._check_cancelled()
                if time.monotonic() >= deadline:
                    raise CredentialError(
                        f"{command} did not finish within {self._command_timeout:.0f} seconds",
                        server_line=errors.decode("utf-8", "replace").strip(),
                    )
                ended = process.poll() is not None
                if not selector.get_map():
                    if ended:
                        break
                    _wait(process, CANCEL_INTERVAL)
                    continue
                ready = selector.select(0 if ended else CANCEL_INTERVAL)
                if ended and not ready:
                    # An agent it started may hold its pipes open for good.
                    break
                for key, _events in ready:
                    _read(selector, key)
                if len(output) > OUTPUT_LIMIT:
                    raise CredentialError(
                        f"{command} printed more than {OUTPUT_LIMIT // 1024} KiB; expected one line"
                    )
                del errors[:-ERROR_LIMIT]
        return bytes(output), bytes(errors)


def _keyring() -> KeyringBackend:
    import keyring

    return keyring.get_keyring()


def _no_keyring_possible() -> bool:
    """True where asking would load keyring only to learn that it has no backend.

    On Linux its own backends all need a session bus; others are installed or named beside it.
    """
    if not sys.platform.startswith("linux"):
        return False
    if {"DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND"} & os.environ.keys():
        return False
    # keyring's own place for its configuration (keyring.util.platform_).
    data = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    if os.path.exists(os.path.join(data, "python_keyring", "keyringrc.cfg")):
        return False
    from importlib.metadata import entry_points

    others = entry_points(group="keyring.backends")
    return all(other.value.startswith("keyring.") for other in others)


def _unavailable(error: Exception) -> KeyringUnavailable:
    from keyring.errors import InitError, KeyringLocked, NoKeyringError

    if isinstance(error, NoKeyringError):
        return KeyringUnavailable("There is no keyring here.")
    if isinstance(error, KeyringLocked):
        return KeyringUnavailable("The keyring is locked.")
    words = " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, InitError):
        return KeyringUnavailable(f"The keyring could not be opened: {words}")
    return KeyringUnavailable(f"The keyring failed: {words}")


def _read(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    data = os.read(key.fd, OUTPUT_LIMIT)
    buffer: Any = key.data
    buffer += data
    if not data:
        selector.unregister(key.fileobj)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, number)
        _wait(process, KILL_GRACE)


def _ending(status: int) -> str:
    if status > 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def _first_line(output: bytes, setting: str, name: str) -> str:
    line = output.split(b"\n", 1)[0].removesuffix(b"\r")
    if not line:
        raise CredentialError(f"{setting} ({name}) printed no {setting.removesuffix('_command')}")
    try:
        password = line.decode("utf-8")
    except UnicodeDecodeError:
        # Not chained: the error would carry the bytes of the password.
        raise CredentialError(f"{setting} ({name}) printed something that is not UTF-8") from None
    if "\0" in password:
        raise CredentialError(f"{setting} ({name}) printed a NUL")
    return password
