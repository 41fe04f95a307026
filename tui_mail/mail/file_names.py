"""Names and files for what is saved out of a message: harmless on any system, never overwriting.

Touches the file system only in ``create_new`` and ``free_path``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from tui_mail.sanitize import REPLACEMENT, clean

MAX_BYTES = 200  # of UTF-8; every file system in use takes 255
_MAX_SUFFIX = 20
_MAX_ATTEMPTS = 10_000

# Characters Windows or a shell gives a meaning to.
_AWKWARD = re.compile(f'[<>:"|?*\\x00-\\x1f{REPLACEMENT}]')
# Device names of Windows, with or without a suffix.
_DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)")


def _shorten(text: str, limit: int) -> str:
    """The longest head of ``text`` with at most ``limit`` octets of UTF-8."""
    return text.encode("utf-8")[:limit].decode("utf-8", "ignore")


def _harmless(name: str) -> str:
    name = clean(name).replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    name = _AWKWARD.sub("_", name)
    name = " ".join(name.split()).lstrip(". ").rstrip(". ")
    if name.startswith(("-", "~")):
        name = "_" + name[1:]
    if _DEVICE.match(name):
        name = "_" + name
    stem, dot, suffix = name.rpartition(".")
    if stem and len(suffix.encode("utf-8")) <= _MAX_SUFFIX:
        return _shorten(stem, MAX_BYTES - _MAX_SUFFIX - 1).rstrip(". ") + dot + suffix
    return _shorten(name, MAX_BYTES).rstrip(". ")


def safe_file_name(name: str, fallback: str = "attachment") -> str:
    """Turn a name out of a message into one file name; ``fallback`` where nothing is left.

    No folder, no leading dot or dash, no control or bidi character, no device of Windows; at most
    ``MAX_BYTES`` octets of UTF-8, the suffix kept.
    """
    return _harmless(name) or _harmless(fallback) or "attachment"


def _numbered(name: str, number: int) -> str:
    if number == 1:
        return name
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}-{number}{dot}{suffix}" if stem else f"{name}-{number}"


def free_path(folder: Path, name: str) -> Path:
    """The first of ``name``, ``name-2``, … that is not there yet, for showing beforehand.

    Only ``create_new`` makes sure of it. Raises FileExistsError if none is to be had.
    """
    name = safe_file_name(name)
    for number in range(1, _MAX_ATTEMPTS):
        path = folder / _numbered(name, number)
        if not os.path.lexists(path):
            return path
    raise FileExistsError(f"no free name for {name} in {folder}")


def create_new(folder: Path, name: str) -> tuple[Path, int]:
    """Create and open a new file for writing, mode 0600; return its path and descriptor.

    Never opens what exists, be it a dangling link: O_EXCL. Raises OSError.
    """
    name = safe_file_name(name)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    for number in range(1, _MAX_ATTEMPTS):
        path = folder / _numbered(name, number)
        try:
            return path, os.open(path, flags, 0o600)
        except FileExistsError:
            continue
    raise FileExistsError(f"no free name for {name} in {folder}")
