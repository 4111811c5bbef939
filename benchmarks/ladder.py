"""Is it right where throughput will stop growing, and at how many answers a second, foretold by light loads?

For each case (benchmarks/plants/laddered.py) one sweep of a service with a bottleneck that is known from how
it is made, from one user to far beyond it. By the loads of half the knee's users at most `report` predicts
both, or says that they are not predictable; right is a ceiling within 15 % of the measured one, and a knee
between the levels where throughput stopped growing. All cases take under 10 minutes; one that is kept in
--output is not measured again. Exit 1 where a prediction is wrong, or none is made at all.

python benchmarks/ladder.py [--case NAME] [--again] [--json] [--output DIR]
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # runs from a clone that is not installed too

from plants.judging import reported  # noqa: E402
from plants.laddered import LADDERED, Laddered  # noqa: E402
from plants.sweeping import Failed, measure  # noqa: E402

from records.errors import RecordError  # noqa: E402
from records.files import read_json, write_json  # noqa: E402

WITHIN = 0.15
"""Of the measured ceiling."""
JUDGED = "judged.json"

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a timeout, too, ends the servers


def judged(case: Laddered, output: Path, *, again: bool) -> dict[str, Any]:
    """What the report says of it: kept, or measured now. Raises Failed, OSError, RecordError."""
    folder = output / case.name
    kept = folder / JUDGED
    if kept.exists() and not again:
        return dict(read_json(kept))
    runs = sorted(folder.glob(f"*-{case.name}")) if kept.exists() else []
    if not runs:
        shutil.rmtree(folder, ignore_errors=True)  # it ended in the middle
        runs = [measure(case, 1.0, case.name, folder, sides=case.sides)]
    results = reported(runs[-1])
    knee = next(iter(results["knees"]), None) or {}
    found = {"case": case.name, "binds": case.binds, "knee": knee.get("concurrency"), **_said(knee)}
    found["valid"] = all(verdict["valid"] for verdict in results["verdicts"])
    write_json(kept, found)
    return found


def _said(knee: dict[str, Any]) -> dict[str, Any]:
    """The prediction beside the measurement; nothing where none was made."""
    said = knee.get("predicted")
    if not said:
        return {"predicted": None}
    off = said["per_second"]["value"] / said["measured_per_second"] - 1
    return {"predicted": said, "off": off, "right": abs(off) <= WITHIN and said["inside"]}


def line(found: dict[str, Any]) -> str:
    spoiled = "" if found["valid"] else " (cells that are not valid: the machine was busy)"
    said = found["predicted"]
    if said is None:
        at = "no knee was measured" if found["knee"] is None else f"knee at {found['knee']} users"
        return f"{found['case']}: {at}, nothing predicted{spoiled}"
    low, high = said["between"]
    by, what = ", ".join(map(str, said["by"])), said["resource"] or "something"
    return (
        f"{found['case']}: by {by} users {what} stops it (is {found['binds']}) "
        f"at {said['per_second']['value']:.1f} a second, measured "
        f"{said['measured_per_second']:.1f} ({100 * found['off']:+.0f} %), "
        f"and {said['users']['value']:.1f} users, measured between {low} and {high}: "
        f"{'right' if found['right'] else 'WRONG'}{spoiled}"
    )


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    names = [case.name for case in LADDERED]
    parser.add_argument("--case", action="append", choices=names, metavar="NAME", help="repeatable")
    parser.add_argument("--again", action="store_true", help="judge again what is kept")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("results/ladder"), metavar="DIR")
    return parser.parse_args()


def main() -> int:
    arguments = parsed()
    found, failed = [], False
    for case in (case for case in LADDERED if arguments.case is None or case.name in arguments.case):
        try:
            found.append(judged(case, arguments.output.resolve(), again=arguments.again))
        except (Failed, OSError, RecordError) as error:
            print(f"error: {case.name}: {error}", file=sys.stderr, flush=True)
            failed = True
            continue
        if not arguments.json:
            print(line(found[-1]), flush=True)
    right = [one["right"] for one in found if one["predicted"]]
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        print(f"{sum(right)} of {len(right)} predictions are right; {len(found) - len(right)} made none")
    return 1 if failed or not right or not all(right) else 0


if __name__ == "__main__":
    sys.exit(main())
