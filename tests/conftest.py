"""What every test gets: a private home, no keyring, real mail servers that end with the session.

A test that wants a server asks for its fixture and carries ``@pytest.mark.server``. Where a server
cannot run the test is skipped with the reason; ``TUI_MAIL_REQUIRE_SERVERS=1`` makes that a failure.
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import pytest

_HOME = Path(tempfile.mkdtemp(prefix="tui-mail-home-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
# Before anything of the program is imported: Textual reads its variables at import.
for _name in ("NO_COLOR", "TEXTUAL_THEME", "STY", "TMUX", "COLORTERM", "BROWSER"):
    os.environ.pop(_name, None)
os.environ.update(
    HOME=str(_HOME),
    XDG_CONFIG_HOME=str(_HOME / "config"),
    XDG_DATA_HOME=str(_HOME / "data"),
    XDG_STATE_HOME=str(_HOME / "state"),
    XDG_CACHE_HOME=str(_HOME / "cache"),
    PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring",
    TEXTUAL_ANIMATIONS="none",
    TZ="UTC",
)

from servers import (  # noqa: E402
    Certificates,
    Courier,
    Cyrus,
    Dovecot,
    Postfix,
    ServerMissing,
)
from servers.process import private_folder, remove_folder  # noqa: E402
from servers.requirement import missing  # noqa: E402

# Hundreds of programs are started, and each would compile all of it anew where this is set.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A tenth of the time of a run goes into collections that find nothing.
gc.set_threshold(100_000, 50, 1_000)

SNAPSHOT_PYTHON = (3, 11)  # pictures differ in detail between versions of Python


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if sys.version_info[:2] == SNAPSHOT_PYTHON:
        return
    other = pytest.mark.skip(reason="pictures are compared on Python 3.11 only")
    for item in items:
        if "snap_compare" in getattr(item, "fixturenames", ()):
            item.add_marker(other)


@pytest.fixture(scope="session", autouse=True)
def sample_mail_is_made_once() -> None:
    """Every demo holds the same mail: making it and parsing it take a quarter of a second."""
    from pymap.mime import MessageContent

    from tui_mail.demo import sample

    MessageContent.parse = lru_cache(2_000)(MessageContent.parse)  # type: ignore[method-assign]
    mailboxes = sample.mailboxes
    sample.mailboxes = lru_cache(2)(lambda now: tuple(mailboxes(now)))  # type: ignore[assignment]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A name one can read, and a log one can open, for a parameter of many characters."""
    if isinstance(val, str | bytes) and len(val) > 60:
        return f"{argname}-of-{len(val)}"
    return None


@pytest.fixture(scope="session")
def certificates() -> Iterator[Certificates]:
    """A private authority and its certificates, as PEM files."""
    folder = private_folder("tls")
    try:
        yield Certificates.make(folder)
    except ServerMissing as problem:
        missing(problem)
    finally:
        remove_folder(folder)


class Stoppable(Protocol):
    """A server that ``start`` makes ready, or it raises ServerMissing, and ``stop`` clears away."""

    def start(self) -> Self: ...

    def stop(self) -> None: ...


Server = TypeVar("Server", bound=Stoppable)


@contextmanager
def started_once(make: Callable[..., Server]) -> Iterator[Callable[..., Server]]:
    """A function that starts a server, once for each set of options; all are stopped at the end."""
    running: dict[tuple[tuple[str, Any], ...], Server] = {}

    def start(**options: Any) -> Server:
        key = tuple(sorted(options.items()))
        if key not in running:
            try:
                running[key] = make(**options).start()
            except ServerMissing as problem:
                missing(problem)
        return running[key]

    try:
        yield start
    finally:
        for server in running.values():
            server.stop()


@pytest.fixture(scope="session")
def start_dovecot(certificates: Certificates) -> Iterator[Callable[..., Dovecot]]:
    """Starts a Dovecot with the options of its class, once a session for each set of options.

    ``start_dovecot(separator=".", mail_format="maildir")``. Shared: take a user of your own with
    ``new_user``, and use ``Dovecot`` itself for one that is to be restarted.
    """
    with started_once(partial(Dovecot, certificates)) as start:
        yield start


@pytest.fixture(scope="session")
def dovecot(start_dovecot: Callable[..., Dovecot]) -> Dovecot:
    """Dovecot as it comes: sdbox, separator "/", TLS and STARTTLS, everything offered."""
    return start_dovecot()


@pytest.fixture(scope="session")
def cyrus(certificates: Certificates) -> Iterator[Cyrus]:
    """Cyrus IMAP: separator ".", everything below INBOX, ACL, QUOTA, CONDSTORE."""
    with started_once(partial(Cyrus, certificates)) as start:
        yield start()


@pytest.fixture(scope="session")
def courier() -> Iterator[Courier]:
    """Courier-IMAP: no MOVE, no CONDSTORE, no SPECIAL-USE, ``* NO`` in answers that end in OK."""
    with started_once(Courier) as start:
        yield start()


@pytest.fixture(scope="session")
def start_postfix(certificates: Certificates) -> Iterator[Callable[..., Postfix]]:
    """Starts a Postfix with the options of its class, once a session for each set of options.

    Shared: send from an address of your own, taken from ``new_sender``.
    """
    with started_once(partial(Postfix, certificates)) as start:
        yield start


@pytest.fixture(scope="session")
def postfix(start_postfix: Callable[..., Postfix]) -> Postfix:
    """Postfix as it comes: STARTTLS and TLS, every mechanism, a limit on the size."""
    return start_postfix()
