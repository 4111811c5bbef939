"""The load generator against its peers, on a core of its own: throughput, CPU an event, accuracy of figures.

Every part starts `benchmarks/stream_server.py` on one core and one generator after the other on another, in
turn, round after round. The server's own record is the truth; a generator's CPU, with that of all its
processes, is what the system says.

guidellm and aiperf are measured where they are installed: in the folder that the environment variable
CHOKEPOINT_PEERS names (the bin of a virtual environment), beside this Python, or on PATH. They take long to
start, so they get one round. Their requirements contradict constraints.txt; give them a place of their own:

    python3 -m venv .venv.peers && .venv.peers/bin/pip install '.[bench]'
    CHOKEPOINT_PEERS=.venv.peers/bin python benchmarks/client.py

Exit 1 if a bound is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from client_accuracy import accuracy, most, omission, tls
from client_bench import Bench
from client_cost import paced, throughput
from generators import PEERS, Failed

PARTS: dict[str, Callable[[Bench], bool]] = {
    "throughput": throughput,
    "paced": paced,
    "accuracy": accuracy,
    "tls": tls,
    "most": most,
    "omission": omission,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="*", default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=6.0, help="measured in each run (default 6)")
    parser.add_argument("--json", action="store_true", help="figures as JSON, on the last line but one")
    wanted = parser.parse_args()
    if unknown := set(wanted.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if wanted.rounds < 1 or wanted.seconds <= 0:
        parser.error("--rounds and --seconds are more than 0")
    if (peers := os.environ.get(PEERS)) and not Path(peers).is_dir():
        parser.error(f"{PEERS}: no folder {peers}")
    bench = Bench(rounds=wanted.rounds, seconds=wanted.seconds)
    try:
        good = True
        for part in wanted.parts:
            good &= PARTS[part](bench)
    except Failed:  # told already
        return 1
    if wanted.json:
        print(json.dumps(bench.figures))
    print("every bound is met" if good else "a bound is missed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
