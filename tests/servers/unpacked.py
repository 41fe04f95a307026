"""Debian packages that cannot be installed beside dovecot-imapd, unpacked into a cache folder.

cyrus-imapd, courier-imap and dovecot-imapd conflict with each other; what the first two need is
in cyrus-common and courier-base, which do not. Needs no root, only a working ``apt-get download``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .process import ServerMissing, find_program, need_program

CACHE = Path(__file__).parents[2] / ".cache" / "servers"


def unpacked(package: str) -> Path:
    """The folder the package is unpacked under, downloaded first if need be.

    ``TUI_MAIL_SERVER_CACHE`` names another cache folder. Raises ServerMissing.
    """
    cache = Path(os.environ.get("TUI_MAIL_SERVER_CACHE") or CACHE)
    folder = cache / package
    if folder.exists():
        return folder
    if find_program("apt-get") is None:
        raise ServerMissing(f"{package} is not unpacked in {cache}, and there is no apt-get")
    need_program("dpkg-deb")
    cache.mkdir(parents=True, exist_ok=True)
    archives = cache / "archives"
    archives.mkdir(exist_ok=True)
    done = subprocess.run(
        ["apt-get", "download", "-q", "-o", "Acquire::Retries=3", package],
        cwd=archives, capture_output=True, text=True,
    )  # fmt: skip
    found = sorted(archives.glob(f"{package}_*.deb"), key=lambda path: path.stat().st_mtime)
    if done.returncode or not found:
        raise ServerMissing(f"{package} could not be downloaded: {done.stderr.strip()[-300:]}")
    # Into a folder of its own first: a half unpacked one must not be taken for whole.
    partial = cache / f"{package}.partial"
    subprocess.run(["dpkg-deb", "-x", str(found[-1]), str(partial)], check=True)
    partial.rename(folder)
    return folder


def main() -> None:
    for package in sys.argv[1:]:
        try:
            print(f"{package}: {unpacked(package)}")
        except ServerMissing as problem:
            raise SystemExit(f"skipped: {problem}") from None


if __name__ == "__main__":
    main()
