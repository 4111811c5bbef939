"""What `RETRIEVAL=async` gains over `blocking`, LLM mocked, real model: one sweep of two variants, and what
/health takes meanwhile. Exit 1 if a bound is missed.

python benchmarks/switches.py [--json] [--repeats 3] [--concurrency 20] [--cpus auto] [--output DIR]
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # runs from a clone that is not installed too

from records.cells import layout  # noqa: E402
from records.files import read_json  # noqa: E402

BOUND_RATIO = 2.0
BOUND_ASYNC_MS = 50.0
BLOCKING_MS = (300.0, 450.0)
POLL_S = 0.02
LOOK_S = 0.5
"""How often a target is looked for."""
LIMIT_S = 900.0
"""Of the sweep; its first start may have to build the index."""
WAYS = ("async", "blocking")


@dataclass
class Waits:
    """What each call of a variant's `/health` took, and when it began."""

    calls: dict[str, list[tuple[int, float]]] = field(default_factory=lambda: {way: [] for way in WAYS})

    def within(self, way: str, windows: Sequence[tuple[int, int]]) -> list[float]:
        """Of the calls that began while the variant was measured, milliseconds."""
        return [ms for at, ms in self.calls[way] if any(start <= at <= end for start, end in windows)]


def targets(run: Path) -> Iterator[int]:
    """The ports of the apps that a sweep has running."""
    with suppress(OSError):
        for line in (run / layout.PROCESSES).read_text().splitlines():
            with suppress(psutil.Error, ValueError, KeyError):
                words = psutil.Process(json.loads(line)["pid"]).cmdline()
                if "target_app.app:app" in words:
                    yield int(words[words.index("--port") + 1])


def way_of(port: int) -> str | None:
    """Which variant answers there; None while none does."""
    with suppress(OSError, http.client.HTTPException, ValueError):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/config")
        return str(json.loads(connection.getresponse().read())["settings"]["RETRIEVAL"])
    return None


def watch(output: Path, sweep: subprocess.Popen[str], waits: Waits) -> None:
    """Ask every target in turn, one every POLL_S, until the sweep has ended."""
    known: dict[int, tuple[str, http.client.HTTPConnection]] = {}
    looked_s, ends_s = 0.0, time.monotonic() + LIMIT_S
    while sweep.poll() is None and time.monotonic() < ends_s:
        if time.monotonic() - looked_s > LOOK_S:
            looked_s = time.monotonic()
            for port in [port for run in output.glob("*") for port in targets(run) if port not in known]:
                if way := way_of(port):
                    known[port] = way, http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        for port, (way, connection) in list(known.items()):
            at_ns, began_s = time.time_ns(), time.perf_counter()
            try:
                connection.request("GET", "/health")
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                del known[port]
                continue
            waits.calls[way].append((at_ns, (time.perf_counter() - began_s) * 1e3))
        time.sleep(POLL_S)


def measure(arguments: argparse.Namespace, output: Path) -> dict[str, Any]:
    """One sweep of both ways, its comparison and the waits. Raises SystemExit where it fails."""
    argv = [sys.executable, "-m", "sweep", "--reference", "blocking", "--set", "USE_MOCK_LLM=yes"]
    argv += ["--config", "blocking:RETRIEVAL=blocking", "--config", "async:RETRIEVAL=async"]
    argv += ["--concurrency", str(arguments.concurrency), "--repeats", str(arguments.repeats)]
    argv += ["--cpus", arguments.cpus, "--seed", str(arguments.seed), "--output", str(output)]
    waits, said = Waits(), output / "sweep.txt"
    with said.open("w") as log:
        sweep = subprocess.Popen(argv, cwd=ROOT, stdout=log, stderr=log, text=True)
        try:
            watch(output, sweep, waits)
            code = sweep.wait(60)
        finally:
            if sweep.poll() is None:
                sweep.terminate()  # it stops what it started
                sweep.wait(60)
    if code:
        raise SystemExit(f"the sweep ended with {code}: {said.read_text()[-500:]}")
    [run] = [path for path in output.iterdir() if path.is_dir()]
    results = read_json(run / layout.RESULTS)
    [comparison] = results["comparisons"]
    levels = results["configurations"]["local"]
    return {
        "rps": {way: one["rps"]["value"] for way in WAYS for one in levels[way]["levels"].values()},
        "ratio": comparison["rps"],
        "ttft": comparison["ttft"],
        "health": {way: summary(waits.within(way, list(windows(run, way)))) for way in WAYS},
    }


def windows(run: Path, way: str) -> Iterator[tuple[int, int]]:
    for path in (run / layout.CELLS / "local" / way).glob(f"*/{layout.CELL}"):
        window = read_json(path)["achieved"]["window"]
        if window:
            yield window["start_ns"], window["end_ns"]


def summary(took: list[float]) -> dict[str, float]:
    if not took:
        raise SystemExit("/health was not asked while a cell was measured")
    ordered = sorted(took)
    p50, p99 = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.99))
    return {
        "calls": len(took),
        "p50_ms": round(p50, 1),
        "p99_ms": round(p99, 1),
        "max_ms": round(max(took), 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=20)
    parser.add_argument("--cpus", default="auto")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, help="keep the sweep's results here; unset: nowhere")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        output = arguments.output or Path(name)
        output.mkdir(parents=True, exist_ok=True)
        found = measure(arguments, output)
    ratio, health = found["ratio"], found["health"]
    passed = ratio["value"] >= BOUND_RATIO and health["async"]["p99_ms"] <= BOUND_ASYNC_MS
    if arguments.json:
        bounds = {"ratio": BOUND_RATIO, "async_p99_ms": BOUND_ASYNC_MS, "blocking_ms_expected": BLOCKING_MS}
        print(json.dumps({"passed": passed, "bounds": bounds, **found}, indent=2))
        return 0 if passed else 1
    print(
        f"{arguments.concurrency} users: async {found['rps']['async']:.1f} RPS, blocking "
        f"{found['rps']['blocking']:.1f} RPS, ratio {ratio['value']:.2f} ({ratio['low']:.2f} to "
        f"{ratio['high']:.2f}, 95 % interval; bound {BOUND_RATIO:.0f})"
    )
    for way, wait in health.items():
        print(
            f"/health, {way}: p50 {wait['p50_ms']} ms, p99 {wait['p99_ms']} ms, max {wait['max_ms']} ms "
            f"of {wait['calls']}"
        )
    print(f"bounds: async p99 {BOUND_ASYNC_MS:.0f} ms; blocking waits 300 to 450 ms as seen elsewhere")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
