"""The load generator against its peers, on a core of its own: throughput, CPU an event, accuracy of figures.

Every part starts `benchmarks/stream_server.py` on one core and one generator after the other on another, in
turn, round after round. The server's own record is the truth; a generator's CPU is what the system says.

python benchmarks/client.py [throughput paced accuracy omission] [--rounds 3] [--seconds 6] [--json]
Exit 1 if a bound is missed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("throughput", "paced", "accuracy", "omission")
TOKENS = 128
SETTLE_S = 2.0
"""From when all users are connected until measuring begins."""
START_LIMIT_S = 30.0
QUESTIONS = 60_000
Argv = Callable[[str, float, Path], list[str]]

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a timeout, too, ends the servers


@dataclass(kw_only=True)
class Run:
    """One generator against the server: what the server saw, what the generator used and what it said."""

    truth: list[dict[str, Any]]
    seen: list[dict[str, Any]]
    start_s: float
    end_s: float
    cpu_s: float
    streams: int = field(init=False)

    def __post_init__(self) -> None:
        inside = (one["sent_ns"][-1] / 1e9 for one in self.truth)
        self.streams = sum(self.start_s < ended <= self.end_s for ended in inside)

    @property
    def streams_per_s(self) -> float:
        return self.streams / (self.end_s - self.start_s)

    @property
    def us_per_event(self) -> float:
        inside = [s for one in self.truth for s in one["sent_ns"] if self.start_s < s / 1e9 <= self.end_s]
        return self.cpu_s * 1e6 / max(1, len(inside))


def cores() -> tuple[int, int]:
    """One for the server, one for the generator (the same where there is only one)."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


@contextmanager
def process(argv: Sequence[str], core: int, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A child pinned to a core, ended at the end."""
    child = subprocess.Popen(
        [sys.executable, *argv],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        os.sched_setaffinity(child.pid, {core})
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
        try:
            child.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()


def cpu_s(pid: int) -> float:
    with psutil.Process(pid).oneshot():
        times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def measure(name: str, seconds: float, server: Sequence[str]) -> Run:
    """Run one generator for ``seconds`` after it has settled."""
    server_core, generator_core = cores()
    with tempfile.TemporaryDirectory() as folder:
        record, seen = Path(folder) / "record.jsonl", Path(folder) / "seen.jsonl"
        argv = ["benchmarks/stream_server.py", "--record", str(record), *server]
        with process(argv, server_core, {}) as served:
            assert served.stdout
            url = served.stdout.readline().split()[-1]
            load = GENERATORS[name](url, seconds + SETTLE_S + 1.0, Path(folder))
            with process(load, generator_core, {"SEEN": str(seen), "DIALECT": WANTED.dialect}) as generator:
                all_connected(generator, served)
                time.sleep(SETTLE_S)
                start_s, start_cpu = time.monotonic(), cpu_s(generator.pid)
                time.sleep(seconds)
                end_s, end_cpu = time.monotonic(), cpu_s(generator.pid)
                said = generator.communicate(timeout=60)[0]
            if generator.returncode not in (0, 1, 3):
                raise SystemExit(f"{name} ended with {generator.returncode}: {said[-2000:]}")
        truth = [json.loads(line) for line in record.read_text().splitlines()]
        return Run(
            truth=truth,
            seen=list(read_seen(seen, Path(folder) / "results")),
            start_s=start_s,
            end_s=end_s,
            cpu_s=end_cpu - start_cpu,
        )


def all_connected(generator: subprocess.Popen[str], served: subprocess.Popen[str]) -> None:
    """Wait until nearly all users are connected to the server: one that only asks whether it is there, or
    what it is, is none."""
    wanted = 0.8 * WANTED.users
    ends = time.monotonic() + START_LIMIT_S
    server = psutil.Process(served.pid)
    while time.monotonic() < ends and generator.poll() is None:
        connected = [c for c in server.net_connections("tcp") if c.status == psutil.CONN_ESTABLISHED]
        if len(connected) >= wanted:
            return
        time.sleep(0.02)
    said = generator.communicate()[0] if generator.poll() is not None else "nothing"
    raise SystemExit(f"the generator sent no request; it said: {said[-2000:]}")


def read_seen(seen: Path, results: Path) -> Iterator[dict[str, Any]]:
    """What a generator recorded, in one form: question, ttft_ms, gaps_ms."""
    if seen.exists():
        yield from map(json.loads, seen.read_text().splitlines())
    lines = results / "requests.jsonl"
    for line in lines.read_text().splitlines() if lines.exists() else []:
        one = json.loads(line)
        if one["outcome"] == "ok":
            ttft_ms = (one["first_token_at_ns"] - one["sent_at_ns"]) / 1e6
            gaps_ms = [gap / 1e3 for gap in one["gaps_us"]]
            yield {"question": one["question"], "ttft_ms": ttft_ms, "gaps_ms": gaps_ms}


def locust(file: str, url: str, seconds: float) -> list[str]:
    return [
        *("-m", "locust", "-f", file, "--headless", "-H", url, "--only-summary", "--loglevel", "ERROR"),
        *("-u", str(WANTED.users), "-r", str(WANTED.users), "-t", f"{seconds:.0f}s"),
    ]


def naive(url: str, seconds: float, folder: Path) -> list[str]:
    return locust("benchmarks/peers/naive_locust.py", url, seconds)


def ours(url: str, seconds: float, folder: Path) -> list[str]:
    asked = folder / "questions.jsonl"
    names = (f"q{number}" for number in range(QUESTIONS))
    asked.write_text("".join(json.dumps({"id": n, "question": n}) + "\n" for n in names))
    argv = [
        *locust("locustfiles/stream.py", url, seconds),
        "--dialect",
        WANTED.dialect,
        "--questions",
        str(asked),
    ]
    return [*argv, "--drain-seconds", "5"]


def ours_recording(url: str, seconds: float, folder: Path) -> list[str]:
    return [*ours(url, seconds, folder), "--results", str(folder / "results")]


def aiohttp(url: str, seconds: float, folder: Path) -> list[str]:
    return ["benchmarks/peers/aiohttp_streams.py", url, str(WANTED.users), str(seconds)]


GENERATORS: dict[str, Argv] = {
    "naive Locust": naive,
    "aiohttp": aiohttp,
    "chokepoint": ours,
    "chokepoint --results": ours_recording,
}


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median (least to most)."""
    middle = statistics.median(values)
    return f"{middle:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def rounds(names: Sequence[str], server: Sequence[str]) -> dict[str, list[Run]]:
    """Each generator in turn, the order turned round each time."""
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for number in range(WANTED.rounds):
        for name in names if number % 2 == 0 else reversed(names):
            runs[name].append(measure(name, WANTED.seconds, server))
            say(f"round {number + 1}: {name}")
    return runs


def throughput() -> bool:
    """No delays, 50 users: how many streams a second until the generator's core is full?"""
    return all([throughput_in("ask"), throughput_in("openai")])


def throughput_in(dialect: str) -> bool:
    WANTED.users, WANTED.dialect = 50, dialect
    names = ("naive Locust", "chokepoint", "chokepoint --results")
    runs = rounds(names, ["--tokens", str(TOKENS), "--dialect", dialect])
    WANTED.dialect = "openai"
    print(f"\nThroughput: {WANTED.users} users, {TOKENS} tokens a stream, no delays, dialect {dialect}")
    print("generator            | streams/s                | times naive Locust    | us CPU a stream")
    good = True
    for name in names:
        rates = [run.streams_per_s for run in runs[name]]
        ratios = [
            run.streams_per_s / base.streams_per_s
            for run, base in zip(runs[name], runs["naive Locust"], strict=True)
        ]
        cost = [run.cpu_s * 1e6 / max(1, run.streams) for run in runs[name]]
        print(f"{name:20} | {spread(rates, 0):24} | {spread(ratios):21} | {spread(cost, 0)}")
        bound = {"chokepoint": 10.0, "chokepoint --results": 9.0}.get(name, 0.0)
        good &= statistics.median(ratios) >= bound
        RESULT[f"throughput {dialect} {name}"] = {
            "streams_per_s": rates,
            "times_naive": ratios,
            "bound": bound,
        }
    return good


def paced() -> bool:
    """200 streams with gaps of 10 ms: what does an event cost the generator?"""
    WANTED.users = 200
    names = ("naive Locust", "aiohttp", "chokepoint")
    runs = rounds(names, ["--tokens", str(TOKENS), "--ttft-ms", "50", "--itl-ms", "10"])
    print(f"\nPaced: {WANTED.users} streams, a token each 10 ms")
    print("generator            | us CPU an event          | events/s")
    cost = {name: [run.us_per_event for run in runs[name]] for name in names}
    for name in names:
        events = [run.cpu_s * 1e6 / run.us_per_event / (run.end_s - run.start_s) for run in runs[name]]
        print(f"{name:20} | {spread(cost[name], 1):24} | {statistics.median(events):.0f}")
    good = True
    for peer, bound in (("naive Locust", 0.5), ("aiohttp", 0.6)):
        ratios = [a / b for a, b in zip(cost["chokepoint"], cost[peer], strict=True)]
        good &= statistics.median(ratios) <= bound
        print(f"chokepoint / {peer}: {spread(ratios)}, at most {bound} wanted")
        RESULT[f"paced chokepoint/{peer}"] = {"ratios": ratios, "bound": bound}
    return good


def errors(run: Run) -> tuple[list[float], list[float]]:
    """Client less server, by request: TTFT and every gap, absolute milliseconds. Only streams that began
    after the generator had settled, and questions asked once (a name stands for one request)."""
    truth = {one["question"]: one for one in run.truth if one["received_ns"] / 1e9 > run.start_s}
    ttft, gaps = [], []
    for one in run.seen:
        true = truth.get(one["question"])
        if true is None or len(true["sent_ns"]) != len(one["gaps_ms"]) + 1:
            continue
        ttft.append(abs(one["ttft_ms"] - true["ttft_ms"]))
        sent = true["sent_ns"]
        pairs = zip(one["gaps_ms"], itertools.pairwise(sent), strict=True)
        gaps += [abs(gap - (b - a) / 1e6) for gap, (a, b) in pairs]
    return ttft, gaps


def accuracy() -> bool:
    """400 streams of 100 tokens a second: how far from the server's own record are the figures?"""
    WANTED.users = 400
    names = ("naive Locust", "aiohttp", "chokepoint --results")
    runs = rounds(names, ["--tokens", "100", "--ttft-ms", "100", "--itl-ms", "10"])
    print(f"\nAccuracy: {WANTED.users} streams of 100 tokens/s; error against the server's record, ms")
    print("generator            | TTFT p50 | TTFT p99 | ITL p99 | streams")
    good = True
    for name in names:
        figures = []
        for run in runs[name]:
            ttft, gaps = errors(run)
            figures.append((quantile(ttft, 0.5), quantile(ttft, 0.99), quantile(gaps, 0.99), len(ttft)))
        middle = [statistics.median(column) for column in zip(*figures, strict=True)]
        print(f"{name:20} | {middle[0]:8.2f} | {middle[1]:8.2f} | {middle[2]:7.2f} | {middle[3]:.0f}")
        RESULT[f"accuracy {name}"] = {"rounds": figures, "bound": [0.3, 1.0, 1.0]}
        if name.startswith("chokepoint"):
            good &= middle[0] <= 0.3 and middle[1] <= 1.0 and middle[2] <= 1.0
    return good


def omission() -> bool:
    """A server that stalls 3 s, closed against open loop, against the truth."""
    WANTED.users = 5
    rate, seconds = 20.0, 12.0
    server = ["--tokens", "10", "--ttft-ms", "50", "--stall-at-s", "5", "--stall-s", "3"]
    print("\nCoordinated omission: 20 requests a second, a server that stalls 3 s once; TTFT in ms")
    print("loop   | p50  | p95  | p99  | slower than 500 ms")
    held = WANTED.seconds
    WANTED.seconds = seconds - SETTLE_S - 1.0
    figures = {}
    for loop, extra in (
        ("closed", ["--think-time", "0.2"]),
        ("open", ["--arrival", "constant", "--rate", str(rate)]),
    ):
        GENERATORS[loop] = lambda url, s, folder, extra=extra: [*ours_recording(url, s, folder), *extra]  # type: ignore[misc]
        ttft = [one["ttft_ms"] for one in measure_due(loop, server)]
        late = sum(t > 500 for t in ttft) / max(1, len(ttft))
        figures[loop] = late
        cells = " | ".join(f"{quantile(ttft, share):4.0f}" for share in (0.5, 0.95, 0.99))
        print(f"{loop:6} | {cells} | {late:.1%}")
        RESULT[f"omission {loop}"] = {"share_over_500_ms": late}
    WANTED.seconds = held
    true = (3.0 - 0.5) * rate / (rate * seconds)  # those due more than 500 ms before the stall's end
    print(f"true   |                    | {true:.1%}: of requests due evenly, those due in the stall")
    return figures["open"] > 0.7 * true


def measure_due(loop: str, server: Sequence[str]) -> list[dict[str, Any]]:
    return measure(loop, WANTED.seconds, server).seen


def say(line: str) -> None:
    if sys.stderr.isatty():
        print(line, file=sys.stderr)


WANTED = argparse.Namespace(users=0, rounds=3, seconds=6.0, dialect="openai")
RESULT: dict[str, Any] = {}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="*", default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--json", action="store_true", help="figures as JSON, on the last line")
    wanted = parser.parse_args(namespace=WANTED)
    if unknown := set(wanted.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if shutil.which("locust") is None and not (Path(sys.executable).parent / "locust").exists():
        parser.error("locust is not installed here")
    good = True
    for part in wanted.parts:
        good &= globals()[part]()
    if wanted.json:
        print(json.dumps(RESULT))
    print("every bound is met" if good else "a bound is missed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
