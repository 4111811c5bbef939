"""What probes from outside (TCP accept and two paths, each ten times a second) cost the probed app: its CPU a
request with them and without, in turn, under full load on a core of its own. Exit 1 if the interval of the
ratio lies above the bound.

python benchmarks/probes.py [--json] [--rounds 12] [--seconds 5] [--connections 10]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from scipy import stats
from serving import FORMS, ROOT, Load, function_names, pinned, server, wait_ready

BOUND_PERCENT = 2.0
CONFIDENCE = 0.95
PATHS = ("/health", "/ready")
START_S = 20.0


@dataclass(frozen=True)
class Window:
    """One stretch of load."""

    cpu_s: float
    seconds: float
    answered: int

    @property
    def cpu_ms_a_request(self) -> float:
        return 1e3 * self.cpu_s / self.answered


@contextmanager
def probed(port: int, output: Path) -> Iterator[None]:
    """Probes as a sweep starts them, from when the first are taken."""
    argv = [sys.executable, "-m", "profiler.probes", f"http://127.0.0.1:{port}", "--output", str(output)]
    argv += [f"--probe-path={path}" for path in PATHS]
    child = subprocess.Popen(argv, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        ends_s = time.monotonic() + START_S
        while not (output.exists() and output.stat().st_size):
            if child.poll() is not None or time.monotonic() > ends_s:
                raise SystemExit("the probes did not begin")
            time.sleep(0.02)
        yield
    finally:
        child.terminate()
        child.wait(10)


def measure(target: psutil.Process, port: int, questions: list[str], arguments: argparse.Namespace) -> Window:
    load = Load(port, questions)
    before, began_s = target.cpu_times(), time.monotonic()
    load.rps(arguments.connections, arguments.seconds)
    after = target.cpu_times()
    cpu_s = after.user + after.system - before.user - before.system
    return Window(cpu_s, time.monotonic() - began_s, load.answered)


def more_percent(plain: list[Window], probed: list[Window]) -> tuple[float, float, float]:
    """By how much CPU a request is more with probes, round by round: the mean of the ratios' logarithms, and
    Student's interval."""
    ratios = [math.log(b.cpu_ms_a_request / a.cpu_ms_a_request) for a, b in zip(plain, probed, strict=True)]
    mean = statistics.fmean(ratios)
    t = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(ratios) - 1))
    half = t * statistics.stdev(ratios) / math.sqrt(len(ratios))
    low, middle, high = (100 * math.expm1(one) for one in (mean - half, mean, mean + half))
    return low, middle, high


def rounds(arguments: argparse.Namespace) -> tuple[list[Window], list[Window]]:
    """(without, with), in turn; which comes first changes from round to round."""
    questions = [FORMS[0].format(name) for name in function_names(200, arguments.seed)]
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    client_core, server_core = (cores[0], cores[-1]) if len(cores) > 1 else (None, None)
    settings = {"USE_MOCK_LLM": "yes", "KNOWLEDGE_BASE_DIR": str(ROOT / "docs")}
    found: tuple[list[Window], list[Window]] = ([], [])
    with (
        tempfile.TemporaryDirectory() as folder,
        server("target_app.app:app", server_core, **settings) as port,
        pinned(client_core),
    ):
        [target] = psutil.Process().children()
        wait_ready(port)
        Load(port, questions).rps(arguments.connections, 2.0)  # only warms up
        for number in range(arguments.rounds):
            for with_probes in (False, True) if number % 2 else (True, False):
                if with_probes:
                    with probed(port, Path(folder) / f"{number}.jsonl"):
                        found[1].append(measure(target, port, questions, arguments))
                else:
                    found[0].append(measure(target, port, questions, arguments))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.rounds < 2:
        parser.error("--rounds wants at least 2: an interval is of several")
    plain, probed = rounds(arguments)
    low, middle, high = more_percent(plain, probed)
    result = {
        "passed": low <= BOUND_PERCENT,
        "bound_percent": BOUND_PERCENT,
        "more_percent": round(middle, 2),
        "more_percent_low": round(low, 2),
        "more_percent_high": round(high, 2),
        "rounds": arguments.rounds,
        "cpu_ms_a_request": round(statistics.median(one.cpu_ms_a_request for one in plain), 3),
        "cpu_ms_a_request_probed": round(statistics.median(one.cpu_ms_a_request for one in probed), 3),
        "core_percent": round(statistics.median(100 * one.cpu_s / one.seconds for one in plain), 1),
    }
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        print(
            f"{arguments.connections} connections, {result['core_percent']:.0f} % of a core: "
            f"{result['cpu_ms_a_request']:.2f} ms of CPU a request, probed "
            f"{result['cpu_ms_a_request_probed']:.2f} ms; {middle:+.2f} % ({low:+.2f} to {high:+.2f}, "
            f"{arguments.rounds} rounds; bound {BOUND_PERCENT:.0f} %)"
        )
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
