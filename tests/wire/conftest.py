"""Hypothesis without a deadline, for machines are busy; the same examples each time in CI."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("no-deadline", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("no-deadline")
