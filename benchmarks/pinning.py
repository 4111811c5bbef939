"""What `sweep --cpus auto` changes against `shared`, interleaved: how many cells are valid, how far figures
differ from round to round. `--busy`: beside a busy loop of the lowest priority and a burner of 50 ms a
second on each CPU.

python benchmarks/pinning.py [--rounds 5] [--busy] [--config baseline,mock-llm] [--concurrency 5,20]
"""

from __future__ import annotations

import argparse
import csv
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # runs from a clone that is not installed too

from records.cells import layout  # noqa: E402
from records.cells.point import Point  # noqa: E402
from records.files import read_json  # noqa: E402

MODES = ("auto", "shared")
CELL_S, START_S, REPORT_S = 6.0, 9.0, 6.0
"""About what a cell, a target's start and a sweep's own start with its report take."""
LIMIT_S = 900.0
"""Of one sweep; the first may have to build the index."""
BURNERS = {
    "busy loop": "import os; os.nice(19)\nwhile True: pass",
    "50 ms a second": "import time\nwhile True:\n"
    " ends = time.monotonic() + 0.05\n while time.monotonic() < ends: pass\n time.sleep(0.95)",
}

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a timeout, too, ends what was started


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One cell as the sweep keeps it."""

    load: str
    valid: bool
    valid_at_once: bool
    """In its first try; a sweep measures again what the machine spoiled."""
    rps: float | None
    ttft_ms: float | None
    late: float
    """Share of its requests."""
    lag_ms: float | None
    noise: dict[str, float | None]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--config", default="baseline,mock-llm")
    parser.add_argument("--concurrency", default="5,20")
    arguments = parser.parse_args()
    configs, levels = arguments.config.split(","), arguments.concurrency.split(",")
    one_s = REPORT_S + len(configs) * (START_S + len(levels) * CELL_S)
    minutes = max(1, round(arguments.rounds * len(MODES) * one_s / 60))
    print(
        f"{arguments.rounds} rounds of {len(MODES)} sweeps: about {minutes} minutes, half as much again "
        f"where cells are measured again; an index is built first, if there is none; no sweep takes over "
        f"{LIMIT_S:.0f} s",
        flush=True,
    )
    found: dict[str, list[Measured]] = {mode: [] for mode in MODES}
    with ExitStack() as stack:
        if arguments.busy:
            stack.enter_context(busy())
        for number in range(arguments.rounds):
            for mode in MODES if number % 2 == 0 else MODES[::-1]:
                cells = sweep(mode, arguments.config, arguments.concurrency)
                found[mode] += cells
                print(
                    f"round {number + 1}, {mode}: {sum(c.valid for c in cells)} of {len(cells)} valid",
                    flush=True,
                )
    for line in table(found):
        print(line)
    return 0


@contextmanager
def busy() -> Iterator[None]:
    """Every burner on every CPU that this process may use; all are ended at the end."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        for cpu in sorted(os.sched_getaffinity(0)):
            for program in BURNERS.values():
                kept = f"import os; os.sched_setaffinity(0, {{{cpu}}})\n{program}"
                started.append(subprocess.Popen([sys.executable, "-c", kept]))
        yield
    finally:
        for process in started:
            process.kill()
            process.wait(10)


def sweep(mode: str, config: str, concurrency: str) -> list[Measured]:
    """One sweep of one repeat; its cells. Raises SystemExit with its last words where it fails."""
    with tempfile.TemporaryDirectory() as name:
        argv = [
            sys.executable,
            "-m",
            "sweep",
            "--cpus",
            mode,
            "--config",
            config,
            "--concurrency",
            concurrency,
        ]
        argv += ["--repeats", "1", "--output", name, "--seed", str(time.time_ns() % 2**31)]
        child = subprocess.Popen(
            argv,
            cwd=name,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            _, said = child.communicate(timeout=LIMIT_S)
        finally:
            if child.poll() is None:
                child.terminate()  # it stops what it started
                child.communicate(timeout=60)
        if child.returncode not in (0, 3):  # 3: a configuration without a valid cell is a result
            raise SystemExit(f"sweep --cpus {mode} ended with {child.returncode}: {said[-500:]}")
        [run] = Path(name).iterdir()
        with (run / layout.SUMMARY).open(newline="") as file:
            return [measured(run, row) for row in csv.DictReader(file)]


def measured(run: Path, row: dict[str, str]) -> Measured:
    name = layout.cell_name(
        row["deployment"], row["config"], Point.of_users(int(row["concurrency"])), int(row["repeat"])
    )
    folder = run / layout.CELLS / name
    achieved: dict[str, Any] = read_json(folder / layout.CELL)["achieved"]
    return Measured(
        load=f"{row['config']} at {row['concurrency']}",
        valid=read_json(folder / layout.CELL)["verdict"]["valid"],
        valid_at_once=read_json(first_try(folder) / layout.CELL)["verdict"]["valid"],
        rps=float(row["rps"]) if row["rps"] else None,
        ttft_ms=float(row["ttft_p50_ms"]) if row["ttft_p50_ms"] else None,
        late=achieved["late"] / max(1, achieved["requests"]),
        lag_ms=achieved["loop_lag_p99_ms"],
        noise=achieved["noise"],
    )


def first_try(folder: Path) -> Path:
    first = folder.with_name(f"{folder.name}{layout.TRY}1")
    return first if first.exists() else folder


def table(found: dict[str, list[Measured]]) -> Iterator[str]:
    """For each mode what holds of all its cells, then each load of both modes beside each other."""
    for mode, cells in found.items():
        count = len(cells)
        yield (
            f"{mode:7}  valid at once {sum(c.valid_at_once for c in cells)}/{count}, in the end "
            f"{sum(c.valid for c in cells)}/{count}; late {statistics.mean(c.late for c in cells):.1%}; "
            f"lag p99 {middle([c.lag_ms for c in cells])} ms; waited for a CPU: generator "
            f"{middle([c.noise['generator_delay_percent'] for c in cells])} %, target "
            f"{middle([c.noise['target_delay_percent'] for c in cells])} %; steal "
            f"{middle([c.noise['steal_percent'] for c in cells])} %"
        )
    for load in dict.fromkeys(cell.load for cells in found.values() for cell in cells):
        for mode, cells in found.items():
            good = [cell for cell in cells if cell.load == load and cell.valid]
            yield (
                f"{load:22} {mode:7} RPS {varied([c.rps for c in good])}   "
                f"TTFT p50 ms {varied([c.ttft_ms for c in good])}   ({len(good)} valid)"
            )


def middle(values: Sequence[float | None]) -> str:
    """The median and the highest."""
    known = [value for value in values if value is not None]
    return f"{statistics.median(known):.2f} (max {max(known):.2f})" if known else "-"


def varied(values: Sequence[float | None]) -> str:
    """The mean, and the coefficient of variation between rounds."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    mean = statistics.mean(known)
    return f"{mean:8.1f} ± {statistics.stdev(known) / mean:5.1%}" if len(known) > 1 else f"{mean:8.1f} (once)"


if __name__ == "__main__":
    sys.exit(main())
