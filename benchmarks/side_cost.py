"""What it costs an app to be measured: CPU a request with the collector, probes, exports and the profiler,
and without them, in turn, in one and the same process.

The reference app has a core of its own, under two loads: `light`, 10 users, embeddings and LLM mocked,
where a request costs least; and `default`, the heaviest load of a sweep: 20 users, real embeddings, the
mock LLM server. Windows alternate as ABBA, so that a drift of the machine falls on both, and are short, for
the speed of a virtual machine changes by a half within seconds; a round's ratio is of two with and two
without, and the interval is Wilcoxon's of their Hodges-Lehmann median: windows change places from round to
round, so that what chance adds to a round's ratio falls on both sides alike. The CPU is that of the app's
process (its own clock, in ns), with the profiler's own, at the rate that it has where nobody stops it. Most
of it is so much a second, which is also measured while nobody asks the app (without the profiler's own):
where other programs take the app's core, each request bears more. Exit 1 if a whole interval of all sides
together is above the bound.

python benchmarks/side_cost.py [--json] [--rounds 80] [--seconds 0.4] [--load light] [--each]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import operator
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from serving import FORMS, ROOT, Load, free_port, function_names, pinned, server, wait_ready

BOUND_PERCENT = 2.0
COLLECTOR, PROBES, EXPORTS, PROFILER = SIDES = "collector", "probes", "exports", "profiler"
ALL, NONE = frozenset(SIDES), frozenset[str]()
LOADS = {
    "light": (10, {"USE_MOCK_EMBEDDINGS": "yes", "USE_MOCK_LLM": "yes"}),
    "default": (20, {}),
}
SETTLE_S = 0.1
"""What was due while a side was stopped comes at once, and is not of its window."""
FEWEST = 50
"""Answers a window, which is longer where the machine gives the app too little."""
FEWEST_ROUNDS = 6
"""Whose least and greatest hold the median with 97 %: 1 - 2 / 2**6."""
OWN_S = 15.0
"""So long all is on at first, and nothing stopped: what is read once in some seconds seems frequent to who is
stopped in between."""
REST_S, WARM_S = 2.0, 2.0
_SIGNS = (-1, 1, 1, -1) * 2
SITE = ROOT / "profiler" / "inside" / "site"


def cpu_s(process: psutil.Process) -> float:
    """Of all its threads, by its own clock (clock_getcpuclockid(3)); elsewhere in ticks."""
    if sys.platform == "linux":
        return time.clock_gettime(~process.pid << 3 | 2)
    times = process.cpu_times()
    return float(times.user + times.system)


@dataclass(kw_only=True)
class Measured:
    """The app, who asks it, and who is beside it."""

    port: int
    load: Load
    app: psutil.Process
    beside: dict[str, psutil.Process]
    own_from_s: float = 0.0
    """Unix time."""
    own_share: dict[str, float] = field(default_factory=dict)
    """Of a core, that those beside and the app itself took while nobody was stopped."""

    async def own(self, seconds: float) -> None:
        await self.turn(ALL)
        self.own_from_s = time.time()
        every = {"app": self.app, **self.beside}
        before, began_s = {name: cpu_s(one) for name, one in every.items()}, time.monotonic()
        await asyncio.sleep(seconds)
        over_s = time.monotonic() - began_s
        self.own_share = {name: (cpu_s(one) - before[name]) / over_s for name, one in every.items()}

    async def turn(self, on: frozenset[str]) -> None:
        for name, process in self.beside.items():
            process.send_signal(signal.SIGCONT if name in on else signal.SIGSTOP)
        wanted = json.dumps({name: name in on for name in (COLLECTOR, EXPORTS)}).encode()
        await asyncio.to_thread(self._fetch, "/switch", wanted)

    def _fetch(self, path: str, body: bytes | None = None) -> None:
        headers = {"content-type": "application/json"}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers)
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=30).read()

    async def at_rest(self, on: frozenset[str]) -> float:
        """The share of a core that the app takes while nobody asks it."""
        await self.turn(on)
        await asyncio.sleep(SETTLE_S)
        began_s, used_s = time.monotonic(), cpu_s(self.app)
        await asyncio.sleep(REST_S)
        return (cpu_s(self.app) - used_s) / (time.monotonic() - began_s)

    async def window(self, on: frozenset[str], seconds: float) -> float:
        """Milliseconds of CPU a request."""
        await self.turn(on)
        # The profiler asks for them as often.
        scrapes = asyncio.create_task(self._scrape() if EXPORTS in on and PROFILER not in on else _nothing())
        await asyncio.sleep(SETTLE_S)
        began_s, used_s, answered = time.monotonic(), cpu_s(self.app), self.load.answered
        while (over_s := time.monotonic() - began_s) < seconds or self.load.answered < answered + FEWEST:
            await asyncio.sleep(max(0.02, seconds - over_s))
            self.load.check()
        used_s, answered = cpu_s(self.app) - used_s, self.load.answered - answered
        scrapes.cancel()
        used_s += over_s * self.own_share[PROFILER] if PROFILER in on else 0.0
        return 1e3 * used_s / answered

    async def _scrape(self) -> None:
        while True:
            await asyncio.to_thread(self._fetch, "/metrics")
            await asyncio.sleep(2.0)


async def _nothing() -> None:
    pass


def interval(values: Sequence[float]) -> list[float]:
    """[low, middle, high]: the median of the means of all pairs, each value with itself, too (Hodges and
    Lehmann, 1963), and what holds it with 95 %, by the ranks of Wilcoxon's test, as of many values (of under
    ten the least and the greatest)."""
    count = len(values)
    means = sorted((one + other) / 2 for one, other in itertools.combinations_with_replacement(values, 2))
    spread = 1.96 * math.sqrt(count * (count + 1) * (2 * count + 1) / 24)
    place = max(0, math.floor(len(means) / 2 - spread)) if count >= 10 else 0
    return [means[place], statistics.median(means), means[-1 - place]]


async def compared(
    measured: Measured, users: int, arms: dict[str, frozenset[str]], rounds: int, seconds: float
) -> dict[str, Any]:
    """{arm: [low, median, high] of how much more CPU a request is, in percent}, and what it is without."""
    rest = {
        name: [await measured.at_rest(side) for side in (NONE, on, on, NONE) * 2] for name, on in arms.items()
    }
    await measured.load.open(users)
    await asyncio.sleep(WARM_S)
    await measured.own(OWN_S)
    ratios: dict[str, list[float]] = {name: [] for name in arms}
    without: list[float] = []
    for number in range(rounds):
        for name, on in arms.items():
            order = (NONE, on, on, NONE) if number % 2 else (on, NONE, NONE, on)
            taken = [(side, await measured.window(side, seconds)) for side in order]
            plain = [math.log(ms) for side, ms in taken if side is NONE]
            sided = [math.log(ms) for side, ms in taken if side is not NONE]
            ratios[name].append(statistics.fmean(sided) - statistics.fmean(plain))
            without += [ms for side, ms in taken if side is NONE]
    await measured.turn(ALL)
    await measured.load.close()
    more = {name: [math.expm1(one) for one in interval(found)] for name, found in ratios.items()}
    return {
        "more_cpu_percent": {name: [round(100 * one, 2) for one in found] for name, found in more.items()},
        "cpu_ms_a_request": round(statistics.median(without), 3),
        "all_percent_of_core": [round(100 * one * measured.own_share["app"], 2) for one in more["all"]],
        "at_rest_percent_of_core": {
            name: round(100 * sum(map(operator.mul, found, _SIGNS)) / 4, 2) for name, found in rest.items()
        },
        "own_percent_of_core": {name: round(100 * share, 2) for name, share in measured.own_share.items()},
    }


@contextmanager
def started(*words: str, core: int | None) -> Iterator[psutil.Process]:
    """A module of ours, ended on the way out."""
    with pinned(core):
        process = subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(20)


def measure(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    users, settings = LOADS[name]
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [None]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        llm = free_port()
        stack.enter_context(started("mocks.openai_server", "--port", str(llm), core=cores[0]))
        environment = {
            "PYTHONPATH": os.pathsep.join([str(SITE), str(ROOT)]),
            "CHOKEPOINT_INSIDE": str(folder),
            "OPENAI_BASE_URL": f"http://127.0.0.1:{llm}/v1",
            "OPENAI_API_KEY": "none",
            **(dict.fromkeys(("OMP_NUM_THREADS", "TORCH_THREADS"), "1") if len(cores) > 1 else {}),
        }
        before = set(psutil.Process().children())
        port = stack.enter_context(server("switched_app:app", environment | settings, core=cores[-1]))
        [app] = set(psutil.Process().children()) - before
        wait_ready(port)
        url = f"http://127.0.0.1:{port}"
        probes, profile = folder / "probes", folder / "profile.json"
        words = ["--pid", str(app.pid), "--duration", "0", "--interval", "1", "--quiet"]
        words += ["--scrape", f"app={url}/metrics", "--output", str(profile)]
        probing = ("profiler.probes", url, "--output", str(probes), "--idle", "20", "--probe-path=/health")
        beside = {
            PROBES: stack.enter_context(started(*probing, core=cores[0])),
            PROFILER: stack.enter_context(started("profiler", *words, core=cores[0])),
        }
        stack.enter_context(pinned(cores[0]))
        time.sleep(3.0)  # those taken before the load
        load = Load(port, [FORMS[0].format(one) for one in function_names(200, arguments.seed)])
        measured = Measured(port=port, load=load, app=app, beside=beside)
        arms = {"all": ALL} | ({side: frozenset({side}) for side in SIDES} if arguments.each else {})
        found = asyncio.run(compared(measured, users, arms, arguments.rounds, arguments.seconds))
        return found | seen(folder / f"{app.pid}.jsonl", probes, measured.own_from_s)


def seen(inside: Path, probes: Path, began_s: float) -> dict[str, Any]:
    """How often was looked while nothing was stopped, and what a look took by its own count."""

    def within(path: Path, key: str) -> list[dict[str, Any]]:
        lines = map(json.loads, path.read_text().splitlines())
        return [one for one in lines if 0 < one[key] / 1e9 - began_s < OWN_S]

    samples, kinds = within(inside, "at_ns"), Counter(one["kind"] for one in within(probes, "sent_at_ns"))
    return {
        "samples_a_second": round(len(samples) / OWN_S, 1),
        "us_a_sample": round(statistics.fmean(one["took_us"] for one in samples)),
        "probes_a_second": {kind: round(count / OWN_S, 1) for kind, count in kinds.items()},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=80, help="of four windows each")
    parser.add_argument("--seconds", type=float, default=0.4, help="a window")
    parser.add_argument("--load", choices=LOADS, help="this one alone")
    parser.add_argument("--each", action="store_true", help="each side alone, too: five times as long")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.rounds < FEWEST_ROUNDS:
        parser.error(
            f"--rounds wants at least {FEWEST_ROUNDS}: the range of fewer holds the median too seldom"
        )
    found = {name: measure(name, arguments) for name in ([arguments.load] if arguments.load else LOADS)}
    passed = all(one["more_cpu_percent"]["all"][0] <= BOUND_PERCENT for one in found.values())
    if arguments.json:
        print(json.dumps({"bound_percent": BOUND_PERCENT, "passed": passed, **found}, indent=2))
        return 0 if passed else 1
    for name, one in found.items():
        print(f"{name}: {one['cpu_ms_a_request']} ms of CPU a request, bound {BOUND_PERCENT:g} %")
        for arm, (low, middle, high) in one["more_cpu_percent"].items():
            print(f"  {arm:10}{middle:+6.2f} % ({low:+.2f} to {high:+.2f})")
        print(f"  {json.dumps({key: one[key] for key in (*one,)[2:]})}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
