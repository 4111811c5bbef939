"""What it costs a target to be looked into, and profiled: its CPU time an answer, with and without, in turn.

The reference app streams the mock LLM server's answers to 40 users, so that 40 requests wait at a time. The
profiler's own CPU time counts as the target's. Exit 1 if the whole interval lies above the bound.

python benchmarks/inside.py [--json] [--rounds 30] [--seconds 1.5]
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
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
from serving import ROOT, Load, free_port, function_names, pinned, server, wait_ready

BOUND_PERCENT = 2.0
USERS = 40
SITE = ROOT / "profiler" / "inside" / "site"


class Target:
    """One of the two, with what it used for its answers."""

    def __init__(self, port: int, questions: list[str]) -> None:
        self._port = port
        self._questions = questions
        self.watching: psutil.Process | None = None
        [self.process] = [
            child for child in psutil.Process().children() if f"--port {port}" in " ".join(child.cmdline())
        ]

    def cpu_ms_per_answer(self, seconds: float) -> float:
        load = Load(self._port, self._questions)
        before_s = self._cpu_s()
        load.rps(USERS, seconds)
        return 1e3 * (self._cpu_s() - before_s) / load.answered

    def _cpu_s(self) -> float:
        used = (process.cpu_times() for process in (self.process, self.watching) if process is not None)
        return sum(float(times.user + times.system) for times in used)


@contextmanager
def started(*words: str, core: int | None = None) -> Iterator[psutil.Process]:
    """A module of ours, ended on the way out."""
    with pinned(core):
        process = subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def measure(rounds: int, seconds: float) -> dict[str, float]:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [None]
    questions = function_names(200, seed=1)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        llm = free_port()
        stack.enter_context(started("mocks.openai_server", "--port", str(llm), core=cores[0]))
        common = {"USE_MOCK_EMBEDDINGS": "yes", "OPENAI_BASE_URL": f"http://127.0.0.1:{llm}/v1"}
        common["OPENAI_API_KEY"] = "none"
        seen = {"PYTHONPATH": os.pathsep.join([str(SITE), str(ROOT)]), "CHOKEPOINT_INSIDE": str(folder)}
        targets = []
        for more in (seen, {}):
            port = stack.enter_context(server("target_app.app:app", common | more, core=cores[-1]))
            wait_ready(port)
            targets.append(Target(port, questions))
        looked_into = targets[0]
        words = ("--pid", str(looked_into.process.pid), "--duration", "0", "--interval", "0.5", "--quiet")
        output = str(folder / "profile.json")
        profiler = started("profiler", *words, "--output", output, core=cores[0])
        looked_into.watching = stack.enter_context(profiler)
        for target in targets:
            target.cpu_ms_per_answer(2.0)  # warm
        first: list[float] = []
        second: list[float] = []
        for number in range(rounds):
            for target in targets if number % 2 else reversed(targets):
                (first if target is looked_into else second).append(target.cpu_ms_per_answer(seconds))
        lines = (folder / f"{looked_into.process.pid}.jsonl").read_text().splitlines()
        samples = [json.loads(line) for line in lines]
        took_us = [sample["took_us"] for sample in samples]
        over_us = (samples[-1]["at_ns"] - samples[0]["at_ns"]) / 1e3
    ratios = sorted(one / other for one, other in zip(first, second, strict=True))
    low, high = median_interval(ratios)
    return {
        "cpu_ms_with": round(statistics.median(first), 3),
        "cpu_ms_without": round(statistics.median(second), 3),
        "ratio": round(statistics.median(ratios), 4),
        "ratio_low": round(low, 4),
        "ratio_high": round(high, 4),
        "samples": len(took_us),
        "percent_of_core_by_itself": round(100 * sum(took_us) / over_us, 2),
        "us_per_sample": round(statistics.mean(took_us)),
    }


def median_interval(ordered: list[float]) -> tuple[float, float]:
    """What holds the median with 95 % (of few values: the least and the greatest), by their order alone."""
    count, place, beyond = len(ordered), 0, 1
    while 2 * (beyond + math.comb(count, place + 1)) <= 0.05 * 2**count:
        place += 1
        beyond += math.comb(count, place)
    return ordered[place], ordered[-1 - place]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each of the two, a round")
    arguments = parser.parse_args()
    found = measure(arguments.rounds, arguments.seconds)
    passed = found["ratio_low"] < 1 + BOUND_PERCENT / 100
    if arguments.json:
        print(json.dumps({"bound_percent": BOUND_PERCENT, "passed": passed, **found}, indent=2))
    else:
        ratio, low, high = (100 * (found[name] - 1) for name in ("ratio", "ratio_low", "ratio_high"))
        print(
            f"looked into and profiled, {USERS} requests at a time: {ratio:+.1f} % CPU an answer "
            f"({low:+.1f} to {high:+.1f}; bound {BOUND_PERCENT:g} %); "
            f"{found['percent_of_core_by_itself']} % of a core by its own count"
        )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
