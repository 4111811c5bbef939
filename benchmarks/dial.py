"""Are the signs of the dial's elasticities right, and do they predict what a slower stage really does?

For each case (benchmarks/dialled/cases.py) `sweep --dial` measures the elasticities; then, in a sweep without
it, the service stands beside itself with one stage that really takes about a quarter longer: a slower LLM
server, or longer questions to embed. How much longer is read from the stage's own times. Predicted is the
change of RPS and of TTFT: right is within 20 % of the real one. One time of all cases takes under 10 minutes;
each case that is kept in --output is not measured again. Exit 1 under 98 % of signs or 80 % of predictions.

python benchmarks/dial.py [--case NAME] [--times N] [--again] [--json] [--output DIR]
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # runs from a clone that is not installed too

from dialled.cases import CASES, Case  # noqa: E402
from dialled.measuring import Stage, elasticities, predictions, write_questions  # noqa: E402
from plants.sweeping import Failed  # noqa: E402
from plants.texts import write_texts  # noqa: E402

from records.errors import RecordError  # noqa: E402
from records.files import read_json, write_json  # noqa: E402

SIGNS, PREDICTIONS = 0.98, 0.8

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a timeout, too, ends the servers


def measured(case: Case, number: int, output: Path, *, again: bool) -> dict[str, Any]:
    """What one case came to, measured now or kept; ``again``: judged again. Raises as `swept` and readers."""
    folder = output / f"{case.name}-{number}"
    kept = folder / "judged.json"
    if kept.exists() and not again:
        return dict(read_json(kept))
    folder.mkdir(parents=True, exist_ok=True)
    write_texts(folder)
    write_questions(folder)
    began, before = time.monotonic(), read_json(kept) if kept.exists() else {}
    found, valid = elasticities(case, folder)
    stages = [
        Stage(
            stage=name,
            rps=own.throughput.value,
            ttft=own.compared.value,
            wanted=wanted,
            found=own.signs,
        )
        for name, wanted in case.signs.items()
        for own in found
        if own.stage == name and own.throughput and own.compared
    ]
    foretold = predictions(case, found, folder)
    judged = {
        "case": case.name,
        "number": number,
        "valid": valid,
        "seconds": before.get("seconds") or round(time.monotonic() - began, 1),
        "stages": [{**asdict(one), "right": one.right} for one in stages],
        "not_judged": sorted(set(case.signs) - {one.stage for one in stages}),
        "predictions": [{**asdict(one), "right": one.right} for one in foretold],
    }
    write_json(kept, judged)
    return judged


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    names = [case.name for case in CASES]
    parser.add_argument("--case", action="append", choices=names, metavar="NAME", help="repeatable")
    parser.add_argument("--times", type=int, default=1, help="how often each is measured; unset: once")
    parser.add_argument("--again", action="store_true", help="judge again what is kept")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("results/dial"), metavar="DIR")
    arguments = parser.parse_args()
    if arguments.times < 1:
        parser.error("--times is at least 1")
    return arguments


def lines(judged: dict[str, Any]) -> list[str]:
    spoiled = "" if judged["valid"] else ", the machine was busy: its cell is not valid"
    found = [f"{judged['case']} {judged['number']}, {judged['seconds']:.0f} s{spoiled}"]
    for one in judged["stages"]:
        signs = " ".join(
            f"{name} {one[name]:+.2f} ({sign or '0'}, is {wanted or '0'})"
            for name, sign, wanted in zip(("rps", "ttft"), one["found"], one["wanted"], strict=True)
        )
        found.append(f"  {one['stage']}: {signs}: {'right' if one['right'] else 'WRONG'}")
    found += [f"  {stage}: slowed in too few windows, or never" for stage in judged["not_judged"]]
    found += [
        f"  {one['stage']} {100 * (one['slower'] - 1):+.0f} %: {one['figure']} predicted "
        f"{100 * one['predicted']:+.1f} %, really {100 * one['real']:+.1f} %: "
        f"{'right' if one['right'] else 'WRONG'}{'' if one['valid'] else ' (no valid cells)'}"
        for one in judged["predictions"]
    ]
    return found


def main() -> int:
    arguments = parsed()
    output, found, failed = arguments.output.resolve(), [], False
    for number in range(1, arguments.times + 1):
        for case in CASES:
            if arguments.case is not None and case.name not in arguments.case:
                continue
            try:
                judged = measured(case, number, output, again=arguments.again)
            except (Failed, OSError, RecordError) as error:
                print(f"error: {case.name} {number}: {error}", file=sys.stderr, flush=True)
                failed = True
                continue
            found.append(judged)
            if not arguments.json:
                print(*lines(judged), sep="\n", flush=True)
    kinds = ("stages", SIGNS), ("predictions", PREDICTIONS)
    for kind, bound in kinds:
        right = [one["right"] for judged in found for one in judged[kind]]
        failed |= sum(right) < bound * len(right)
        if not arguments.json:
            print(f"{kind}: {sum(right)} of {len(right)} right (bound {100 * bound:.0f} %)")
    if arguments.json:
        print(json.dumps(found, indent=2))
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
