"""Starting the program that opens a link: as an argument vector, never through a shell.

Opens ``http``, ``https`` and ``mailto`` alone. The program gets no terminal of ours, so one that
would draw on it is not found fault with but does nothing.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping

from tui_mail.errors import MailError
from tui_mail.mail.links import openable

_OPENERS = ("xdg-open", "open", "wslview")
_FAILS_WITHIN = 3.0  # seconds; a program that runs longer has begun to show the page
_COPY = "The address can be copied instead."


def browser_command(url: str, environ: Mapping[str, str] = os.environ) -> list[str]:
    """The arguments that open ``url``: the first of ``$BROWSER``, or the desktop's opener.

    Raises ``MailError`` where there is none, or nothing that may be opened.
    """
    if not url or openable(url) != url:
        raise MailError("Only web addresses and mail addresses are opened", advice=_COPY)
    wanted = environ.get("BROWSER", "").split(os.pathsep)[0]
    if wanted:
        try:
            words = shlex.split(wanted)
        except ValueError as error:
            raise MailError(f"$BROWSER cannot be read: {error}", advice=_COPY) from error
        found = [word.replace("%s", url) for word in words]
        return found if found != words else [*words, url]
    graphical = environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    for name in _OPENERS:
        path = shutil.which(name, path=environ.get("PATH"))
        # Without a desktop xdg-open starts a browser that wants the terminal.
        if path and (graphical or name != "xdg-open"):
            return [path, url]
    raise MailError("There is no browser to be started here", advice=f"Set $BROWSER. {_COPY}")


def open_url(url: str, environ: Mapping[str, str] = os.environ) -> None:
    """Start the browser; blocks for up to three seconds, so not for the screen's thread.

    Raises ``MailError`` when it cannot be started or fails at once.
    """
    command = browser_command(url, environ)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=dict(environ),
        )
    except OSError as error:
        raise MailError(
            f"{command[0]} cannot be started: {error.strerror}", advice=_COPY
        ) from error
    try:
        status = process.wait(_FAILS_WITHIN)
    except subprocess.TimeoutExpired:
        return
    if status:
        raise MailError(f"{command[0]} failed with status {status}", advice=_COPY)
