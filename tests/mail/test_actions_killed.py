"""``kill -9`` at hundreds of random moments, and lines cut in between: none lost, none doubled."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from killing import Lane
from servers import Dovecot

pytestmark = [pytest.mark.server, pytest.mark.slow]

CAPABILITIES = {
    "MOVE": None,
    "UIDPLUS without MOVE": "IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN UIDPLUS CONDSTORE QRESYNC"
    " ENABLE IDLE",
    "neither": "IMAP4rev1 AUTH=PLAIN",
}
LANES = 3  # accounts whose programs are killed at the same time
KILLS = 24  # of each of them
MESSAGES = 24
SEED = int(os.environ.get("TUI_MAIL_KILL_SEED", "1"))


@pytest.fixture(params=list(CAPABILITIES))
def server(request, start_dovecot) -> Dovecot:  # type: ignore[no-untyped-def]
    capabilities = CAPABILITIES[request.param]
    return start_dovecot(capabilities=capabilities) if capabilities else start_dovecot()


async def test_killed_at_random_moments(server: Dovecot, tmp_path: Path) -> None:
    lanes = []
    for number in range(LANES):
        folder = tmp_path / str(number)
        folder.mkdir()
        lanes.append(Lane(server, folder, SEED * 1000 + number, MESSAGES))
    runs = await asyncio.gather(*(lane.run(KILLS) for lane in lanes), return_exceptions=True)
    for failure in filter(None, runs):
        raise failure
    assert sum(lane.kills for lane in lanes) == LANES * KILLS
    assert sum(lane.cuts for lane in lanes) > 0
