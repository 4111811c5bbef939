"""What probes from outside (TCP accept and a path, as a sweep takes them) cost the probed app: its CPU a
request with them and without, in turn, under full load on a core of its own.

They cost the app so much a second, whatever its load. Where other programs take that core from it, it answers
fewer requests, each of which then bears more of it; so what counts is the share of a core, which is the same
as that of a request's CPU where the core is full. Exit 1 if the whole interval of it is above the bound.

python benchmarks/probes.py [--json] [--rounds 12] [--seconds 5] [--connections 10] [--paths 1]
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
from collections.abc import Iterator, Sequence
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
def probed(port: int, output: Path, paths: Sequence[str]) -> Iterator[None]:
    """Probes as a sweep starts them, from when the first are taken."""
    argv = [sys.executable, "-m", "profiler.probes", f"http://127.0.0.1:{port}", "--output", str(output)]
    argv += [f"--probe-path={path}" for path in paths]
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


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """(low, mean, high) by Student's t: a value a round."""
    mean = statistics.fmean(values)
    t = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1))
    half = t * statistics.stdev(values) / math.sqrt(len(values))
    return mean - half, mean, mean + half


def figures(plain: list[Window], probed: list[Window]) -> dict[str, list[float]]:
    """Each as [low, mean, high]: by how much CPU a request is more with probes (the mean is that of the
    ratios' logarithms), and what share of a core that is."""
    pairs = list(zip(plain, probed, strict=True))
    ratios = interval([math.log(b.cpu_ms_a_request / a.cpu_ms_a_request) for a, b in pairs])
    extra = interval(
        [(b.cpu_ms_a_request - a.cpu_ms_a_request) * b.answered / b.seconds / 10 for a, b in pairs]
    )
    return {
        "more_cpu_a_request_percent": [round(100 * math.expm1(one), 2) for one in ratios],
        "of_a_core_percent": [round(one, 2) for one in extra],
    }


def rounds(arguments: argparse.Namespace) -> tuple[list[Window], list[Window]]:
    """(without, with), in turn; which comes first changes from round to round."""
    questions = [FORMS[0].format(name) for name in function_names(200, arguments.seed)]
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    client_core, server_core = (cores[0], cores[-1]) if len(cores) > 1 else (None, None)
    settings = {"USE_MOCK_LLM": "yes", "KNOWLEDGE_BASE_DIR": str(ROOT / "docs")}
    found: tuple[list[Window], list[Window]] = ([], [])
    with (
        tempfile.TemporaryDirectory() as folder,
        server("target_app.app:app", settings, core=server_core) as port,
        pinned(client_core),
    ):
        [target] = psutil.Process().children()
        wait_ready(port)
        Load(port, questions).rps(arguments.connections, 2.0)  # only warms up
        for number in range(arguments.rounds):
            for with_probes in (False, True) if number % 2 else (True, False):
                if with_probes:
                    with probed(port, Path(folder) / f"{number}.jsonl", PATHS[: arguments.paths]):
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
    parser.add_argument("--paths", type=int, choices=(0, 1, 2), default=1)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.rounds < 2:
        parser.error("--rounds wants at least 2: an interval is of several")
    plain, probed = rounds(arguments)
    found = figures(plain, probed)
    more, core = found["more_cpu_a_request_percent"], found["of_a_core_percent"]
    result = {
        "passed": core[0] <= BOUND_PERCENT,
        "bound_percent_of_core": BOUND_PERCENT,
        **found,
        "rounds": arguments.rounds,
        "cpu_ms_a_request": round(statistics.median(one.cpu_ms_a_request for one in plain), 3),
        "cpu_ms_a_request_probed": round(statistics.median(one.cpu_ms_a_request for one in probed), 3),
        "core_percent": round(statistics.median(100 * one.cpu_s / one.seconds for one in plain), 1),
    }
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        print(
            f"probes take {core[1]:.2f} % of a core ({core[0]:.2f} to {core[2]:.2f}; {arguments.rounds} "
            f"rounds, bound {BOUND_PERCENT:.0f} %). App at {result['core_percent']:.0f} % of a core: "
            f"{result['cpu_ms_a_request']:.2f} ms of CPU a request, probed "
            f"{result['cpu_ms_a_request_probed']:.2f} ms, {more[1]:+.1f} % ({more[0]:+.1f} to {more[2]:+.1f})"
        )
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
