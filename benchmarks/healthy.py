"""Is a healthy app ever accused? Of 149 short runs, none: that shows under 2 % (with 95 %).

A run is one of the healthy app alone, at a light and a heavy load, twice each; the healthy sides of the cases
that `benchmarks/diagnosis.py` kept in --output are runs, too. Each is blanked as the cases are, and reported.
More are measured until there are --runs that count: those with a valid cell at each load, in which the app
did not fill its core, by the kernel's clock; those in which it did are told apart. Kept runs are not measured
again; what is kept is judged by the finders as they are now. Exit 1 if any is accused.

python benchmarks/healthy.py [--runs 149] [--kept] [--json] [--output DIR]
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from scipy import stats

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # runs from a clone that is not installed too

from plants.blanking import Blanking, TellingError  # noqa: E402
from plants.case import DOSES, FOREIGN_APP, HEALTHY, REFERENCE_APP, Case, settings  # noqa: E402
from plants.catalogue import CASES, HEALTHY_APPS  # noqa: E402
from plants.judging import reported  # noqa: E402
from plants.sweeping import Failed, measure  # noqa: E402

from records.cells import layout  # noqa: E402
from records.errors import RecordError  # noqa: E402
from records.files import write_json  # noqa: E402

NO_ACCUSATION = ("scales-to-measured-limit", "latency-only")
OF_OTHERS = "noisy-neighbour"
"""Accuses another program, and no app; counted apart."""
CONFIDENCE = 0.95
REQUESTS = 12
"""Of the light load; of the heavy one ten a user all the same."""
FULL = 0.85
"""The share of a cell's time for which the loop's thread was on a CPU, by the kernel's clock: from there
on an app is healthy no more, for on a machine that is so slow it can do no more."""
MOST_SPOILED = 20
"""Runs in a row without a valid cell of each load: this machine is too busy."""
USERS = 10
"""Half of the cases' heavy load, which fills a slow machine's core."""
ALONE = Case(name="healthy-alone", right=(NO_ACCUSATION,), planted=settings(), is_healthy=True, users=USERS)
JUDGED = "healthy"

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a timeout, too, ends the servers


@dataclass(frozen=True, kw_only=True)
class Run:
    """One healthy run."""

    name: str
    codes: tuple[str, ...]
    valid_loads: int
    loads: int
    full: bool = False
    """Its process had next to nothing left of its core: what is said of that is no accusation."""

    @property
    def measured(self) -> bool:
        return self.valid_loads == self.loads

    @property
    def counts(self) -> bool:
        return self.measured and not self.full

    @property
    def accused(self) -> tuple[str, ...]:
        return tuple(code for code in self.codes if code not in (*NO_ACCUSATION, OF_OTHERS))


def sides(output: Path) -> Iterator[tuple[str, Path]]:
    """(name, results directory) of each kept run with a healthy app beside a planted one."""
    for case in CASES:
        for dose, amount in DOSES.items():
            like_it = case.app in (REFERENCE_APP, FOREIGN_APP) and case.rates is None
            if like_it and case.healthy(amount) in HEALTHY_APPS:
                for folder in sorted(output.glob(f"{case.name}-{dose}*")):
                    yield from ((folder.name, run) for run in ended(folder, case.name))


def ended(folder: Path, name: str) -> list[Path]:
    """The results directory in a folder; none where it ended in the middle."""
    return [run for run in sorted(folder.glob(f"*-{name}"))[-1:] if (run / layout.RESULTS).exists()]


def alone(output: Path, number: int) -> Path:
    """The results directory of this run of the series, measured unless it is kept. Raises Failed, OSError."""
    folder = output / f"{ALONE.name}-{number}"
    if known := ended(folder, ALONE.name):
        return known[0]
    shutil.rmtree(folder, ignore_errors=True)
    return measure(ALONE, DOSES["full"], ALONE.name, folder, sides=(HEALTHY,), requests=REQUESTS)


def judge(name: str, run: Path) -> Run:
    """Raises Failed, OSError, RecordError, TellingError."""
    blanked = run.parent / JUDGED
    shutil.rmtree(blanked, ignore_errors=True)
    blanked.mkdir()
    Blanking().copy(run, HEALTHY, blanked)
    found = reported(blanked)
    valid = {verdict["cell"].rpartition("-r")[0] for verdict in found["verdicts"] if verdict["valid"]}
    loads = {verdict["cell"].rpartition("-r")[0] for verdict in found["verdicts"]}
    codes = tuple(str(finding["code"]) for finding in found["findings"])
    full = max(map(on_cpu, blanked.glob(f"{layout.CELLS}/**/{layout.INSIDE}")), default=0.0) >= FULL
    return Run(name=name, codes=codes, valid_loads=len(valid), loads=len(loads), full=full)


def on_cpu(inside: Path) -> float:
    """The share of a cell's time for which the loop's thread was on a CPU."""
    seen = [json.loads(line) for line in inside.read_text().splitlines()]
    told = [
        (one["at_ns"], one["loops"][0]["cpu_ns"])
        for one in seen
        if one["loops"] and "cpu_ns" in one["loops"][0]
    ]
    if len(told) < 2:
        return 0.0
    return float((told[-1][1] - told[0][1]) / (told[-1][0] - told[0][0]))


def runs(output: Path, wanted: int, *, kept: bool) -> Iterator[Run]:
    """Those beside planted ones first, then the series, until so many count. ``kept``: none is measured.
    Raises Failed where runs fail, or are spoiled, one after the other."""
    counted = spoiled = 0
    for name, run in sides(output):
        one = judge(name, run)
        counted += one.counts
        yield one
    for number in count(1):
        if counted >= wanted or (kept and not ended(output / f"{ALONE.name}-{number}", ALONE.name)):
            return
        one = judge(f"{ALONE.name}-{number}", alone(output, number))
        counted += one.counts
        spoiled = 0 if one.counts else spoiled + 1
        if spoiled > MOST_SPOILED:
            raise Failed(f"{spoiled} runs in a row have no valid cell at each load: the machine is too busy")
        yield one


def upper(accused: int, counted: int) -> float:
    """The share that is accused is at most this, with 95 % (one-sided; Clopper and Pearson, 1934)."""
    if accused >= counted:
        return 1.0
    return float(stats.beta.ppf(CONFIDENCE, accused + 1, counted - accused))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=149)
    parser.add_argument("--kept", action="store_true", help="judge what is kept, and measure nothing")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("results/diagnosis"), metavar="DIR")
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error("--runs is at least 1")
    return arguments


def main() -> int:
    arguments = parsed()
    arguments.output.mkdir(parents=True, exist_ok=True)
    found: list[Run] = []
    failed = ""
    try:
        for run in runs(arguments.output, arguments.runs, kept=arguments.kept):
            found.append(run)
            if not arguments.json:
                what = "counts" if run.counts else "full" if run.measured else "does not count"
                print(
                    f"{len(found)} {run.name}: {what}; {', '.join(run.codes) or 'nothing found'}", flush=True
                )
    except (Failed, TellingError, OSError, RecordError) as error:
        failed = str(error)
        print(f"error: {failed}", file=sys.stderr)
    counted = [run for run in found if run.counts]
    accused = [run for run in counted if run.accused]
    others = sum(OF_OTHERS in run.codes for run in counted)
    full = [run for run in found if run.measured and run.full]
    result = {
        "runs": len(counted),
        "not_counted": sum(not run.measured for run in found),
        "full": len(full),
        "codes_of_full": dict(Counter(code for run in full for code in run.codes)),
        "accused": len(accused),
        "at_most_percent": round(100 * upper(len(accused), len(counted)), 2) if counted else None,
        "noisy_neighbour": others,
        "codes": dict(Counter(code for run in counted for code in run.codes)),
        "accusations": [asdict(run) for run in accused],
    }
    write_json(arguments.output / "healthy.json", result)
    if arguments.json:
        print(json.dumps(result, indent=2))
    elif counted:
        print(
            f"accused in {len(accused)} of {len(counted)} runs: in under {result['at_most_percent']} % "
            f"(95 %); a noisy neighbour in {others}; {result['not_counted']} runs without a valid cell at "
            f"each load, {len(full)} in which the app filled its core: {result['codes_of_full']}"
        )
    return 1 if accused or failed or (len(counted) < arguments.runs and not arguments.kept) else 0


if __name__ == "__main__":
    sys.exit(main())
