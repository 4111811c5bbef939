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

import psutil

PROCESSES = 10
THREADS = 8
INTERVAL_S = 0.5
BOUND_PERCENT = 1.0
ROOT = Path(__file__).resolve().parents[1]
_FOLLOWED = f"""
import sys, threading
for _ in range({THREADS - 1}):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
sys.stdin.read()
"""


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def measure(seconds: float, *more: str) -> dict[str, float]:
    """Run ``profile`` over 10 processes; its start-up CPU seconds and its CPU share once it samples."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        followed = []
        for _ in range(PROCESSES):
            child = subprocess.Popen([sys.executable, "-c", _FOLLOWED], stdin=subprocess.PIPE)
            followed.append(child)
            stack.callback(end, child)
        samples = folder / "profile.jsonl"
        pids = [text for child in followed for text in ("--pid", str(child.pid))]
        profiler = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "profiler",
                "--duration",
                "0",
                "--interval",
                str(INTERVAL_S),
                "--quiet",
                "--output",
                str(folder / "profile.json"),
                *pids,
                *more,
            ],
            cwd=ROOT,
        )
        stack.callback(end, profiler)
        deadline_s = time.monotonic() + 10
        while not (samples.exists() and samples.stat().st_size) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        process = psutil.Process(profiler.pid)
        started_cpu_s, started_s = cpu_seconds(process), time.monotonic()
        time.sleep(seconds)
        used_s, over_s = cpu_seconds(process) - started_cpu_s, time.monotonic() - started_s
        profiler.terminate()
        profiler.wait(10)
        profile = json.loads((folder / "profile.json").read_text())
    last = profile["data_points"][-1]
    return {
        "percent_of_core": round(100 * used_s / over_s, 3),
        "percent_of_core_by_itself": last["profiler"]["cpu_percent_of_core"],
        "startup_cpu_seconds": round(started_cpu_s, 3),
        "processes_followed": last["processes"]["process_count"],
        "missed_samples": profile["metadata"]["missed_samples"],
    }


def end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
    if process.poll() is None:
        process.terminate()
    process.wait(10)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each of the two is watched")
    arguments = parser.parse_args()
    results = {
        "pids": measure(arguments.seconds),
        "pids_and_match": measure(arguments.seconds, "--match", "no-such-command-line"),
    }
    passed = all(found["percent_of_core"] < BOUND_PERCENT for found in results.values())
    if arguments.json:
        print(json.dumps({"bound_percent_of_core": BOUND_PERCENT, "passed": passed, **results}, indent=2))
    else:
        for kind, found in results.items():
            print(
                f"profile, {found['processes_followed']} processes, {INTERVAL_S} s, {kind}: "
                f"{found['percent_of_core']:.2f} % of a core (bound {BOUND_PERCENT} %), "
                f"start-up {found['startup_cpu_seconds']:.2f} s of CPU once"
            )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
