"""Does a comparison of a service with itself find no difference? A sweep of `baseline` as two deployments
that are the same, again and again: how often the interval of the ratio holds 1, and how wide it is.
Exit 1 if a bound is missed.

python benchmarks/same.py [--times 20] [--concurrency 5,20] [--repeats 2] [--output DIR]

With --output its sweeps are kept there, and what is there already is not measured again.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HELD_SHARE = 17 / 20
"""With 95 % intervals fewer than 17 of 20 come by chance one time in 60."""
HALF_WIDTH = 0.10
SWEEP_S = 75.0
LIMIT_S = 600.0
FIGURES = ("rps", "ttft")


def measure(output: Path, number: int, arguments: argparse.Namespace) -> Path:
    """The results directory of sweep ``number``, made unless it is there and complete."""
    name = f"same-{number:02d}"
    for found in sorted(output.glob(f"*-{name}")):
        if (found / "systematic_results.json").exists():
            return found
    command = [sys.executable, "-m", "sweep", "--deployment", "a=local", "--deployment", "b=local"]
    command += ["--config", "baseline", "--concurrency", arguments.concurrency, "--seed", str(number)]
    command += ["--repeats", str(arguments.repeats), "--name", name, "--output", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
    if done.returncode not in (0, 3):
        raise SystemExit(f"sweep {number} ended with {done.returncode}: {done.stderr[-500:]}")
    return max(output.glob(f"*-{name}"))


def ratios(directory: Path) -> Iterator[tuple[str, int, float, float, float]]:
    """(figure, users, ratio, low, high) of each comparison of the two."""
    results = json.loads((directory / "systematic_results.json").read_text())
    for ratio in results["deployment_ratios"]:
        for figure in FIGURES:
            if estimate := ratio[figure]:
                yield figure, ratio["concurrency"], estimate["value"], estimate["low"], estimate["high"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--concurrency", default="5,20")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    print(f"{arguments.times} sweeps, about {arguments.times * SWEEP_S / 60:.0f} minutes", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        output = arguments.output or Path(temporary)
        found: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
        for number in range(1, arguments.times + 1):
            said = []
            for figure, users, value, low, high in ratios(measure(output, number, arguments)):
                found.setdefault((figure, users), []).append((value, low, high))
                said.append(f"{figure} at {users}: {value:.3f} ({low:.3f}-{high:.3f})")
            print(f"{number:>3}  {'; '.join(said)}", flush=True)
    missed = False
    for (figure, users), all_of_them in sorted(found.items()):
        held = sum(low <= 1 <= high for _, low, high in all_of_them)
        half = statistics.median((high - low) / 2 / value for value, low, high in all_of_them)
        wanted = math.ceil(HELD_SHARE * len(all_of_them))
        bad = held < wanted or (figure == "ttft" and half > HALF_WIDTH)
        missed = missed or bad
        width = f"median half-width {half:.1%}" + (f" (bound {HALF_WIDTH:.0%})" if figure == "ttft" else "")
        counts = f"{held} of {len(all_of_them)} intervals hold 1 (bound {wanted})"
        print(f"{figure} at {users} users: {counts}, {width}{'  MISSED' if bad else ''}")
    return 1 if missed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
