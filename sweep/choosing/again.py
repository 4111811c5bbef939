"""Which cells are measured again: those that the machine spoiled, not the service; and how often."""

from __future__ import annotations

from pathlib import Path

from records.cells.cell import Cell
from records.cells.layout import TRY
from records.cells.reader import TARGET_ENDED
from records.evidence.noise import Noise
from workloads.catalogue import check_named
from workloads.checks.machine import noisy

MOST_TIMES = 2
_OF_OUR_OWN = {"records"}


def spoiled(cell: Cell) -> str | None:
    """What the machine did to a cell that failed for its sake alone; None for any other cell.

    Such noise has to be on record: what fails on a quiet machine would fail again. Where a process of ours
    was gone, whatever else failed follows from that.
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
    if not recorded and not any(check.of_our_own for check in known):
        return None
    return "; ".join(check.found for check in failures)


def failed_by_target(cell: Cell) -> str | None:
    """What the service did for which a cell is not believed; None where it is, or others did it, or where the
    service ended: the next repeat starts it afresh."""
    names = [check.name for check in cell.verdict.failures]
    if any(name == TARGET_ENDED or check_named(name).of_its_end for name in names):
        return None
    its = [
        check
        for check in cell.verdict.failures
        if not check_named(check.name).of_the_machine and check.name not in _OF_OUR_OWN
    ]
    return "; ".join(check.found for check in its) or None


def times(folder: Path) -> int:
    """How often a cell was measured again already, or was about to be."""
    return sum(path.name.startswith(f"{folder.name}{TRY}") for path in folder.parent.glob("*"))
