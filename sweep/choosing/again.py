"""Which cells are measured again: those that the machine spoiled, not the service; and how often."""

from __future__ import annotations

from pathlib import Path

from records.cells.cell import Cell
from records.cells.layout import TRY
from records.evidence.noise import Noise
from workloads.catalogue import check_named
from workloads.checks.machine import noisy

MOST_TIMES = 2


def spoiled(cell: Cell) -> str | None:
    """What the machine did to a cell that failed for its sake alone; None for any other cell.

    Such noise has to be on record: what fails on a quiet machine would fail again.
    """
    failures = cell.verdict.failures
    known = [check_named(check.name) for check in failures]
    if not known or not all(check.of_the_machine for check in known):
        return None
    late = cell.achieved.get("late")
    recorded = noisy(Noise.from_json(cell.achieved.get("noise"))) or (isinstance(late, int) and late > 0)
    if not recorded and not any(check.of_our_own for check in known):
        return None
    return "; ".join(check.found for check in failures)


def times(folder: Path) -> int:
    """How often a cell was measured again already, or was about to be."""
    return sum(path.name.startswith(f"{folder.name}{TRY}") for path in folder.parent.glob("*"))
