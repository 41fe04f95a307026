"""Fills a Dovecot mailbox with 100,000 messages and compares the clients on it, in one run.

    .test-venv/bin/python tests/benchmarks/compare.py [--messages N] [--rounds N] [--only NAME ...]

Prints one table: the program and whichever of mutt, neomutt, aerc and alpine is installed, the
best of these, the program's ratio to it, and the budget. A script, not a test: figures depend on
the machine, ratios of one run hardly. Every client is run once before, unmeasured, so that the
server's own caches are equally warm for all; rounds go round the clients in turn.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from clients import CLIENTS, COLUMNS, LINES, Account, Client, TuiMail
from measures import (
    Figures,
    measure_far,
    measure_near,
    median,
    percentile,
)
from servers import Certificates, Dovecot, generate
from servers.process import (
    HOST,
    free_port,
    private_folder,
    remove_folder,
    start_process,
    stop_process,
    wait_for_port,
)
from terminal import WaitedTooLong

ROUND_TRIP = 50  # milliseconds


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``value`` gives None where there is nothing to say.

    ``limit``: the most the program may have, given the figures of the peers.
    """

    title: str
    unit: str
    value: Callable[[Figures], float | None]
    budget: str
    limit: Callable[[dict[str, float]], float | None]


def _share_of_aerc(share: float) -> Callable[[dict[str, float]], float | None]:
    return lambda peers: share * peers["aerc"] if "aerc" in peers else None


def _at_most(limit: float) -> Callable[[dict[str, float]], float | None]:
    return lambda peers: limit


def _no_limit(peers: dict[str, float]) -> float | None:
    return None


def _milliseconds(values: list[float], share: float) -> float | None:
    return percentile(values, share) * 1000 if values else None


def _mebibytes(values: list[int]) -> float | None:
    middle = median(values)
    return None if middle is None else middle / 2**20


def _next_message(figures: Figures) -> float | None:
    return _milliseconds(figures.next_far, 0.5)


ROWS = (
    Row("start, nothing cached", "s", lambda f: median(f.start), "0.5 aerc", _share_of_aerc(0.5)),
    Row("start, cached", "s", lambda f: median(f.start_cached), "0.6 aerc", _share_of_aerc(0.6)),
    Row(
        f"start, nothing cached, {ROUND_TRIP} ms line",
        "s",
        lambda f: median(f.start_far),
        "0.6 aerc",
        _share_of_aerc(0.6),
    ),
    Row("key, at rest, p50", "ms", lambda f: _milliseconds(f.keys_idle, 0.5), "", _no_limit),
    Row("key, at rest, p99", "ms", lambda f: _milliseconds(f.keys_idle, 0.99), "", _no_limit),
    Row("key, syncing, p50", "ms", lambda f: _milliseconds(f.keys_syncing, 0.5), "", _no_limit),
    Row(
        "key, syncing, p99",
        "ms",
        lambda f: _milliseconds(f.keys_syncing, 0.99),
        "16",
        _at_most(16),
    ),
    Row("bytes for a step down", "B", lambda f: median(f.step_bytes), "260", _at_most(260)),
    Row("resident memory", "MiB", lambda f: _mebibytes(f.memory), "60", _at_most(60)),
    Row(f"next message, {ROUND_TRIP} ms line", "ms", _next_message, "30", _at_most(30)),
)


def fill(server: Dovecot, count: int) -> str:
    """A new user whose INBOX holds that many messages; the name.

    Pipelined MULTIAPPEND: 15,000 a second, faster than ``doveadm import`` of files that have to
    be written first, and the server's index is as it would be in life.
    """
    user = server.new_user()
    started = time.monotonic()
    with server.connect(user) as connection:
        connection.append_many("INBOX", generate(count), batch=1000)
    print(f"{count:,} messages stored in {time.monotonic() - started:.1f} s", flush=True)
    return user


@contextmanager
def slow_line(server: Dovecot, folder: Path) -> Iterator[int]:
    """A port that leads to the server over a line with latency, in a process of its own."""
    port = free_port()
    log = folder / "proxy.log"
    process = start_process(
        [
            *(sys.executable, Path(__file__).with_name("slow_line.py")),
            *(str(port), str(server.port), str(ROUND_TRIP / 2)),
        ],
        log=log,
    )
    try:
        wait_for_port(HOST, port, process, log.read_text)
        yield port
    finally:
        stop_process(process, seconds=0)


def compare(
    options: argparse.Namespace, server: Dovecot, folder: Path
) -> tuple[dict[str, Figures], list[str]]:
    """The figures by client, and what went wrong."""
    user = fill(server, options.messages)
    newest = options.messages - 1
    near = Account(server.host, server.port, user, server.password)
    clients = [made for made in (kind(folder) for kind in CLIENTS) if _wanted(made, options.only)]
    figures = {client.name: Figures() for client in clients}
    problems: list[str] = []

    def attempt(client: Client, what: str, work: Callable[[], None]) -> None:
        started = time.monotonic()
        try:
            work()
        except WaitedTooLong as problem:
            problems.append(f"{client.name}, {what}: {problem}")
        print(f"{client.name}: {what}, {time.monotonic() - started:.1f} s", flush=True)

    with slow_line(server, folder) as far_port:
        far = Account(server.host, far_port, user, server.password)
        for client in clients:
            attempt(
                client,
                "unmeasured",
                partial(measure_near, client, near, newest, Figures(), keys=20),
            )
        for number in range(1, options.rounds + 1):
            for client in clients:
                mine = figures[client.name]
                attempt(
                    client,
                    f"round {number}",
                    partial(measure_near, client, near, newest, mine, keys=options.keys),
                )
                attempt(
                    client,
                    f"round {number}, {ROUND_TRIP} ms line",
                    partial(measure_far, client, far, newest, mine, messages=8),
                )
    return figures, problems


def _wanted(client: Client, only: list[str] | None) -> bool:
    return client.installed and (not only or client.name in only)


def table(figures: dict[str, Figures]) -> str:
    """The figures as a Markdown table."""
    names = list(figures)
    ours = TuiMail.name
    head = ["", *names, "best peer", "ratio", "budget", ""]
    rows = [head, ["---"] * len(head)]
    for row in ROWS:
        values = {name: row.value(figures[name]) for name in names}
        peers = {n: value for n, value in values.items() if value is not None and n != ours}
        best = min(peers, key=lambda name: peers[name]) if peers else ""
        mine = values.get(ours)
        limit = row.limit(peers)
        ratio = f"{mine / peers[best]:.2f}" if mine is not None and best else ""
        verdict = ""
        if mine is not None and limit is not None:
            verdict = "met" if mine <= limit else "MISSED"
        cells = [_number(values[name], row.unit) for name in names]
        rows.append([row.title, *cells, best, ratio, row.budget, verdict])
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "| "
        + " | ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        + " |"
        for row in rows
    )


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    return f"{value:.0f} {unit}" if value >= 100 or unit == "B" else f"{value:.3g} {unit}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keys", type=int, default=150, help="keys pressed for each key time")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these clients alone")
    return parser.parse_args()


def _version(client: str) -> str:
    package = ["dpkg-query", "-W", "-f", "${Version}", client]
    done = subprocess.run(package, capture_output=True, text=True)
    return f"{client} {done.stdout}" if done.returncode == 0 else client


def main() -> None:
    options = _arguments()
    folder = private_folder("benchmark")
    try:
        certificates = Certificates.make(folder / "tls")
        with Dovecot(certificates) as server:
            figures, problems = compare(options, server, folder)
    finally:
        remove_folder(folder)
    print(
        f"\n{options.messages:,} messages, {options.rounds} rounds, terminal {COLUMNS} by {LINES}; "
        + ", ".join(map(_version, figures))
        + "\n"
    )
    print(table(figures))
    for problem in problems:
        print(f"\n{problem}", file=sys.stderr)


if __name__ == "__main__":
    main()
