"""Which cells are measured again: those that the machine spoiled, not the service; and how often."""

from __future__ import annotations

from pathlib import Path

from records.cell import Cell
from records.layout import TRY
from records.noise import Noise
from workloads.checks.general import OF_THE_MACHINE
from workloads.checks.machine import noisy

MOST_TIMES = 2
OF_OUR_OWN = {"generator-lag", "generator-cpu", "lateness", "profiler"}
"""Checks that hold our own processes to their time: one that fails is noise recorded."""


def spoiled(cell: Cell) -> str | None:
    """What the machine did to a cell that failed for its sake alone; None for any other cell.

    Such noise has to be on record: what fails on a quiet machine would fail again.
    """
    failures = cell.verdict.failures
    names = {check.name for check in failures}
    if not names or not names <= OF_THE_MACHINE:
        return None
    late = cell.achieved.get("late")
    recorded = noisy(Noise.from_json(cell.achieved.get("noise"))) or (isinstance(late, int) and late > 0)
    if not recorded and not names & OF_OUR_OWN:
        return None
    return "; ".join(check.text.partition("; ")[0] for check in failures)  # behind it is what to do about it


def times(folder: Path) -> int:
    """How often a cell was measured again already, or was about to be."""
    return sum(path.name.startswith(f"{folder.name}{TRY}") for path in folder.parent.glob("*"))
