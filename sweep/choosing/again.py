"""Which cells are measured again: those that the machine spoiled, not the service, or that were too short;
how often, and for how long.

Whoever asks at a window's end is answered while others stop, in less time than under the load. Of a window as
long as ten answers, which is what `Plan.requests_at` asks for, that is a tenth; of one that ``--max-seconds``
ends after two or three, a half, and its latencies fall through it, whatever the service does.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from records.cells.cell import Cell
from records.cells.layout import CELL, TRY
from records.cells.reader import TARGET_ENDED
from records.errors import RecordError
from records.evidence.noise import Noise
from records.files import read_json
from sweep.planning.bounds import MOST_REQUESTS, WARM_UP_TIMES
from sweep.planning.plan import Plan
from workloads.catalogue import check_named, workload
from workloads.checks.machine import noisy
from workloads.checks.steady_advice import ANSWERS_LONG
from workloads.checks.too_short import TOO_SHORT

MOST_TIMES = 2
MOST_TIMES_AS_LONG = 10
"""As the plan's longest cell, however often a cell is measured again."""


def spoiled(cell: Cell, plan: Plan) -> str | None:
    """What the machine did to a cell that failed for its sake alone; None for any other cell. A good one is
    never put at risk, however little it counted.

    Such noise has to be on record: what fails on a quiet machine would fail again, but where it was too short
    and can be longer. Where a process of ours was gone, whatever else failed follows from that.
    """
    failures = cell.verdict.failures
    if any(check.name == TARGET_ENDED for check in failures):
        return None
    if gone := [check.found for check in failures if check_named(check.name).of_its_end]:
        return "; ".join(gone)
    known = [check_named(check.name) for check in failures]
    if not known or not all(check.of_the_machine for check in known):
        return None
    late = cell.achieved.get("late")
    recorded = noisy(Noise.from_json(cell.achieved.get("noise"))) or (isinstance(late, int) and late > 0)
    if not recorded and not any(check.of_our_own for check in known) and seconds_needed(cell, plan) is None:
        return None
    return "; ".join(check.found for check in failures)


def failed_by_target(cell: Cell) -> str | None:
    """What the service did for which a cell is not believed; None where it is, or others did it, or where the
    service ended: the next repeat starts it afresh."""
    names = [check.name for check in cell.verdict.failures]
    if any(name == TARGET_ENDED or check_named(name).of_its_end for name in names):
        return None
    named = ((check, check_named(check.name)) for check in cell.verdict.failures)
    its = [check.found for check, known in named if not (known.of_the_machine or known.of_the_record)]
    return "; ".join(its) or None


def times(folder: Path) -> int:
    """How often a cell was measured again already, or was about to be."""
    return sum(path.name.startswith(f"{folder.name}{TRY}") for path in folder.parent.glob("*"))


def seconds_needed(cell: Cell, plan: Plan) -> int | None:
    """In which its requests would be done, by the pace that they had, or, where none counted, ten answers in
    a row; None where it was not for want of time that a closed loop's cell was not steady, or had none, or
    where it had all that a cell may have. In an open loop a queue is not steady, and time makes that longer.
    """
    most = MOST_TIMES_AS_LONG * plan.cell_seconds[1]
    known = [check_named(check.name) for check in cell.verdict.failures]
    asked, window, got = cell.requested, cell.window, cell.achieved.get("requests")
    longest, wanted = _had(cell), asked.get("requests")
    if (first := _seconds_of_first(cell)) is not None and longest is not None:
        return math.ceil(min(most, first)) if longest < min(most, first) else None
    if asked.get("rate") or window is None or not any(check.of_steadiness for check in known):
        return None
    if not (longest is not None and isinstance(wanted, int) and isinstance(got, int)):
        return None
    if not 0 < got < wanted < MOST_REQUESTS:  # it ended by itself; or by the clock, on purpose
        return None
    before = 0.0 if asked.get("max_seconds") else max(0.0, longest - window.seconds)
    return math.ceil(min(most, before + window.seconds * wanted / got)) if longest < most else None


def _had(cell: Cell) -> float | None:
    """The time that its window had at most; in older cells the warm-up was part of it."""
    had = cell.requested.get("max_seconds") or cell.requested.get("run_time_s")
    return had if isinstance(had, int | float) else None


def _seconds_of_first(cell: Cell) -> float | None:
    """What ten answers in a row take, or the warm-up before them, of a closed loop whose warm-up was answered
    well, and of which no other answer came; None of any other."""
    asked, each, warm = cell.requested, cell.achieved.get("answer_s"), cell.requested.get("warmup_requests")
    if asked.get("rate") or not workload(cell.workload).constant_load:
        return None
    if not (isinstance(warm, int) and isinstance(each, int | float)):
        return None
    if not any(check.name == TOO_SHORT for check in cell.verdict.failures):
        return None
    rounds = math.ceil(warm / max(1, cell.concurrency)) or 1
    return max(ANSWERS_LONG * each, rounds * each / WARM_UP_TIMES)


def wanted_seconds(folder: Path, plan: Plan) -> int | None:
    """How long the next try of the cell in a folder may last: as long as this one at least. None: as the plan
    says, also where there is no cell.json or it cannot be read."""
    with suppress(RecordError, OSError):
        cell = Cell.from_json(read_json(folder / CELL))
        seconds = max(seconds_needed(cell, plan) or 0, math.ceil(_had(cell) or 0))
        return seconds if seconds > plan.cell_seconds[1] else None
    return None


def with_time_for(folder: Path, plan: Plan) -> Plan:
    """The plan by which a cell is measured: one whose last try was too short has as long as that wanted."""
    seconds = wanted_seconds(folder.with_name(f"{folder.name}{TRY}{times(folder)}"), plan)
    return plan if seconds is None else replace(plan, max_seconds=seconds)
