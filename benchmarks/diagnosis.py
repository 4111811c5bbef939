"""Is the diagnosis right about bottlenecks that were planted, one by one?

For each case one interleaved sweep of a healthy and a planted variant, at a light and a heavy load; then what
`report` finds in the planted one's results, in which nothing names what was planted (benchmarks/plants/).
Writes diagnosis.md and diagnosis.json into --output. A case that is kept there is not measured again.
Exit 1 if more than two of those that count are not right.

python benchmarks/diagnosis.py [--case NAME] [--dose half|full|double] [--times N] [--list]
                               [--again] [--json] [--output DIR]
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # runs from a clone that is not installed too

from plants.blanking import TellingError  # noqa: E402
from plants.case import DOSES, Case  # noqa: E402
from plants.catalogue import CASES  # noqa: E402
from plants.judging import Judged, judge  # noqa: E402
from plants.matrix import matrix, summary  # noqa: E402
from plants.sweeping import Failed, measure  # noqa: E402

from records.errors import RecordError  # noqa: E402
from records.files import read_json, write_json  # noqa: E402

MOST_WRONG = 2
JUDGED = "judged.json"
BLANKED = "blanked"

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a timeout, too, ends the servers


def kept(folder: Path) -> Judged | None:
    """What an earlier run came to; None where there is none, or it ended in the middle."""
    path = folder / JUDGED
    return Judged.from_json(read_json(path)) if path.exists() else None


def one(case: Case, dose: str, number: int, output: Path, *, again: bool) -> Judged:
    """Measure a case at a dose, unless that is kept, and judge it; ``again``: judge what is kept again, as
    after a change of the finders. Raises Failed, OSError, RecordError."""
    folder = output / (f"{case.name}-{dose}" if number == 1 else f"{case.name}-{dose}-{number}")
    known = kept(folder)
    if known is not None and not again:
        return known
    if known is None:
        shutil.rmtree(folder, ignore_errors=True)  # it ended in the middle
        run = measure(case, DOSES[dose], case.name, folder)
    else:
        run = sorted(folder.glob(f"*-{case.name}"))[-1]
        shutil.rmtree(folder / BLANKED, ignore_errors=True)
    judged = judge(case, dose, run, folder / BLANKED)
    write_json(folder / JUDGED, judged.to_json())
    return judged


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    names = [case.name for case in CASES]
    parser.add_argument("--case", action="append", choices=names, metavar="NAME", help="repeatable")
    parser.add_argument("--dose", action="append", choices=list(DOSES), help="repeatable; unset: full")
    parser.add_argument("--times", type=int, default=1, help="how often each is measured; unset: once")
    parser.add_argument("--list", action="store_true", help="name the cases, and what is right of each")
    parser.add_argument(
        "--again", action="store_true", help="judge again what is kept, measure only the rest"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("results/diagnosis"), metavar="DIR")
    arguments = parser.parse_args()
    if arguments.times < 1:
        parser.error("--times is at least 1")
    return arguments


def all_of(cases: Sequence[Case], doses: Sequence[str], arguments: argparse.Namespace) -> list[Judged]:
    """One after the other; what cannot be measured is said and left out."""
    found = []
    for case, dose, number in product(cases, doses, range(1, arguments.times + 1)):
        try:
            judged = one(case, dose, number, arguments.output, again=arguments.again)
        except (Failed, TellingError, OSError, RecordError) as error:
            print(f"error: {case.name} at {dose} dose: {error}", file=sys.stderr, flush=True)
            continue
        found.append(judged)
        if not arguments.json:
            print(f"{case.name} at {dose} dose: {said(judged)}", flush=True)
    return found


def said(judged: Judged) -> str:
    """In a few words; a machine that is busy with others is why cells are not valid."""
    counts = "counts" if judged.counted else "does not count"
    if judged.spoiled_by and not judged.counted:
        counts += f" (cells that are not valid: {', '.join(judged.spoiled_by)})"
    first = judged.codes[0] if judged.codes else "nothing found"
    return f"{counts}; {first}: {'right' if judged.right else 'not right'}"


def main() -> int:
    arguments = parsed()
    if arguments.list:
        for case in CASES:
            print(f"{case.name:30} {'; and '.join(' or '.join(group) for group in case.right)}")
        return 0
    cases = [case for case in CASES if arguments.case is None or case.name in arguments.case]
    doses = arguments.dose or ["full"]
    wanted = len(cases) * len(doses) * arguments.times
    if not arguments.json:
        print(f"{wanted} measurements of about 80 s, those that are kept left out", flush=True)
    found = all_of(cases, doses, arguments)
    raw = [judged.to_json() for judged in found]
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "diagnosis.md").write_text(matrix(found))
    write_json(arguments.output / "diagnosis.json", raw)
    wrong = sum(judged.counted and not judged.right for judged in found)
    if arguments.json:
        print(json.dumps(raw, indent=2))
    else:
        print(*summary(found), f"{arguments.output / 'diagnosis.md'}", sep="\n")
    return 1 if wrong > MOST_WRONG or len(found) < wanted else 0


if __name__ == "__main__":
    sys.exit(main())
