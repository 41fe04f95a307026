"""What happens to a test whose server cannot run here: skipped, or failed where it has to run."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

from .process import ServerMissing

REQUIRE_SERVERS = os.environ.get("TUI_MAIL_REQUIRE_SERVERS") == "1"


def missing(problem: ServerMissing) -> NoReturn:
    """Skips the test with the reason; fails it under ``TUI_MAIL_REQUIRE_SERVERS=1``."""
    if REQUIRE_SERVERS:
        pytest.fail(f"a server is required here: {problem}", pytrace=False)
    pytest.skip(str(problem))
