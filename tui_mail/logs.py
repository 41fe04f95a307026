"""The log file of ``--log FILE``, and the end of every exception nobody caught.

Nothing here writes to the terminal, with or without a log file. An exception is logged by its type
and place; its words only where they are our own or the system's, for others may quote a password
or a message.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
import threading
from pathlib import Path
from types import TracebackType

from tui_mail.errors import ConfigError, MailError
from tui_mail.sanitize import clean

FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"
CHAIN_LIMIT = 10

_log = logging.getLogger("tui_mail")

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def start(path: Path | None) -> None:
    """Send what is logged, warned of or left uncaught to ``path`` (mode 0600), or nowhere.

    Raises ConfigError if the file cannot be written.
    """
    root = logging.getLogger()
    if path is None:
        # Without any handler logging would print warnings on the terminal.
        root.addHandler(logging.NullHandler())
    else:
        root.addHandler(_file_handler(path))
        _log.setLevel(logging.DEBUG)
    logging.captureWarnings(True)
    threading.excepthook = _thread_exception
    sys.unraisablehook = _unraisable


def uncaught(error: BaseException, where: str) -> None:
    """Log an exception that nobody caught; ``where`` says whose it is."""
    _log.critical("uncaught in %s", where, exc_info=error)


def _file_handler(path: Path) -> logging.Handler:
    try:
        number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # A device such as /dev/null keeps its mode.
        if stat.S_ISREG(os.fstat(number).st_mode):
            os.fchmod(number, 0o600)
    except OSError as error:
        raise ConfigError(f"--log {path}: cannot be written: {error.strerror}") from error
    handler = logging.StreamHandler(
        os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace")
    )
    handler.setFormatter(_Formatter(FORMAT))
    return handler


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        if record.name == "asyncio":
            # Its second line is the repr of a task with its exception, words and all.
            record.msg, record.args = record.getMessage().split("\n", 1)[0], None
        return clean(super().format(record), newlines=True)

    def formatException(self, ei: object) -> str:
        assert isinstance(ei, tuple)
        return _exception_lines(ei[1])


def _exception_lines(error: BaseException | None) -> str:
    """The types and places of an exception and of what led to it, newest first."""
    import traceback

    parts: list[str] = []
    while error is not None and len(parts) < CHAIN_LIMIT:
        frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
        parts.append(f"{_described(error)}\n{frames}".rstrip())
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nled to by ".join(parts)


def _described(error: BaseException) -> str:
    name = type(error).__qualname__
    if isinstance(error, MailError):
        return f"{name}: {error.title}"
    if isinstance(error, ImportError):
        return f"{name}: {error.name}"
    if isinstance(error, OSError) and error.strerror:
        return f"{name}: {error.strerror}"
    return name


def _thread_exception(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None and arguments.exc_type is not SystemExit:
        name = arguments.thread.name if arguments.thread else "a thread"
        uncaught(arguments.exc_value, name)


def _unraisable(arguments: sys.UnraisableHookArgs) -> None:
    if arguments.exc_value is not None:
        uncaught(arguments.exc_value, "a destructor")
