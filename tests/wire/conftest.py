"""Hypothesis without a deadline: a busy machine is no failure. In CI it begins where it did last."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("no-deadline", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("no-deadline")
