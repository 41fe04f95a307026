"""The latency proxy as a process of its own, for measurements that must not share an interpreter.

python tests/benchmarks/slow_line.py PORT TARGET-PORT MILLISECONDS   (each way)
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from servers import LatencyProxy


def main() -> None:
    port, target_port, milliseconds = sys.argv[1:4]
    with LatencyProxy(int(target_port), float(milliseconds) / 1000, port=int(port)):
        threading.Event().wait()


if __name__ == "__main__":
    main()
