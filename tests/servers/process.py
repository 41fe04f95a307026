"""Starting and ending server processes; free ports; private folders.

May start processes and make folders below the system's temporary folder, and nothing else.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

HOST = "127.0.0.1"
OTHER_HOST = "127.0.0.2"  # still this machine, but a client's own address there is HOST
NOBODY = 65534  # uid and gid that own the mail when the tests run as root
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PR_SET_PDEATHSIG = 1
_FIRST_PORT, _PORTS = 12_000, 20_000  # the kernel's own begin at 32768

_running: set[subprocess.Popen[bytes]] = set()
_ports = itertools.chain.from_iterable(
    # Another run at the same time begins elsewhere.
    (
        range(start := _FIRST_PORT + os.getpid() * 97 % _PORTS, _FIRST_PORT + _PORTS),
        range(_FIRST_PORT, start),
    )
)
_libc = ctypes.CDLL(None, use_errno=True)


class ServerMissing(Exception):
    """A server cannot run on this machine; the text says what is not there."""


class ServerFailed(Exception):
    """A server is installed but did not start; the text ends with its log."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 nobody listens on; never the same twice in a run.

    The kernel hands out none of these by itself: no client and no other test can take it before
    its server is up, nor while that is restarted.
    """
    for port in _ports:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise ServerFailed("every port below the kernel's own has been tried")


def find_program(name: str) -> Path | None:
    """The program's path; looks in the sbin folders too, which a user's PATH often lacks."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}")
    return Path(found) if found else None


def need_program(name: str) -> Path:
    """As ``find_program``, but raises ServerMissing."""
    path = find_program(name)
    if path is None:
        raise ServerMissing(f"{name} is not installed")
    return path


def private_folder(name: str) -> Path:
    """A new folder with a short path: the path of a Unix socket must fit in 108 bytes.

    Not pytest's tmp_path: that is closed to the user the mail processes run as.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"tui-mail-{name}-", dir=os.environ.get("TMPDIR")))
    folder.chmod(0o755)
    return folder


def remove_folder(folder: Path) -> None:
    """Removes the folder even while a dying process may still be writing into it."""
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def wait_for_port(
    host: str,
    port: int,
    process: subprocess.Popen[bytes] | None,
    log: Callable[[], str],
    seconds: float = 20,
) -> None:
    """Waits until something accepts on the port. Raises ServerFailed with the log if not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise ServerFailed(f"ended with status {process.returncode}:\n{log()}")
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        time.sleep(0.02)
    raise ServerFailed(f"nothing listens on port {port} after {seconds:g} s:\n{log()}")


def _end_with_parent() -> None:
    # A test run that is killed outright must leave no server behind.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def start_process(
    arguments: Sequence[str | Path], *, log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Starts a process in a session of its own; its output goes to the end of ``log``.

    Call it from the main thread: Linux ends the process with the thread that started it.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
    _running.add(process)
    return process


def _processes() -> list[tuple[int, int, int]]:
    """(pid, parent, session) of every process that can be seen."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError):
            # The name stands in parentheses and may hold anything, so cut behind the last one.
            fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
            found.append((int(entry), int(fields[1]), int(fields[3])))
    return found


def _family(pid: int) -> set[int]:
    """The process, its descendants and whatever is left of the session it leads."""
    processes = _processes()
    family = {pid}
    grown = True
    while grown:
        grown = False
        for child, parent, session in processes:
            if child not in family and (parent in family or session == pid):
                family.add(child)
                grown = True
    return family


def alive(pid: int) -> bool:
    """Whether it still runs. One that has ended may lie about for seconds until init buries it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def stop_process(process: subprocess.Popen[bytes], seconds: float = 5) -> None:
    """Ends the process and all it started: SIGTERM, then SIGKILL for whatever is left.

    With ``seconds`` 0 SIGKILL at once: for a server whose data are not wanted any more.
    """
    family = _family(process.pid)
    if process.poll() is None and seconds:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    # Looked at again: a server may start a last helper while it ends.
    for pid in family | _family(process.pid):
        if pid != process.pid or process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
    process.wait()
    _running.discard(process)


@atexit.register
def _stop_all() -> None:
    for process in list(_running):
        stop_process(process, seconds=0)


def tail(path: Path, lines: int = 20) -> str:
    """The last lines of a log, for an error message."""
    if not path.exists():
        return f"(no {path.name})"
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
