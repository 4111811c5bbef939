"""What ``profile`` costs: its CPU share with 10 processes followed at 0.5 s. Exit 1 if over the bound.

python benchmarks/profiler_cost.py [--json] [--seconds 8]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from side_cost import cpu_s, started

PROCESSES = 10
THREADS = 8
BOUND_PERCENT = 1.0
_FOLLOWED = f"""
import sys, threading
for _ in range({THREADS - 1}):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
sys.stdin.read()
"""


def measure(seconds: float, *more: str) -> dict[str, float]:
    """Run ``profile`` over 10 processes; its start-up CPU seconds and its CPU share once it samples."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pids = []
        for _ in range(PROCESSES):
            child = subprocess.Popen([sys.executable, "-c", _FOLLOWED], stdin=subprocess.PIPE)
            stack.callback(child.communicate)  # its end is that of what it reads
            pids += ["--pid", str(child.pid)]
        words = ["--duration", "0", "--interval", "0.5", "--quiet", "--output", str(folder / "profile.json")]
        process = stack.enter_context(started("profiler", *words, *pids, *more, core=None))
        samples, deadline_s = folder / "profile.jsonl", time.monotonic() + 10
        while not (samples.exists() and samples.stat().st_size) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        began_cpu_s, began_s = cpu_s(process), time.monotonic()
        time.sleep(seconds)
        share = (cpu_s(process) - began_cpu_s) / (time.monotonic() - began_s)
        last = json.loads(samples.read_bytes().splitlines()[-1])
    return {
        "percent_of_core": round(100 * share, 3),
        "startup_cpu_seconds": round(began_cpu_s, 3),
        "processes_followed": last["processes"]["process_count"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each of the two is watched")
    arguments = parser.parse_args()
    match = ("--match", "no-such-command-line")
    found = {"pids": measure(arguments.seconds), "pids_and_match": measure(arguments.seconds, *match)}
    passed = all(one["percent_of_core"] < BOUND_PERCENT for one in found.values())
    if arguments.json:
        print(json.dumps({"bound_percent_of_core": BOUND_PERCENT, "passed": passed, **found}, indent=2))
        return 0 if passed else 1
    for kind, one in found.items():
        print(
            f"{one['processes_followed']} processes, {kind}: {one['percent_of_core']:.2f} % of a core "
            f"(bound {BOUND_PERCENT:g} %), start-up {one['startup_cpu_seconds']:.2f} s of CPU once"
        )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
