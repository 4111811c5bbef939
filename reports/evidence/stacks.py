"""Stacks taken from outside while a service's cells were measured: all samples of a load together."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from records.cells import layout
from records.evidence.stacks import Stacks, StackSample, read_stacks, summary
from reports.figures.summary import CellSummary


def stacks_of(cells: Iterable[CellSummary]) -> Stacks | None:
    """None where nobody took any while a cell was measured, or none of their files can be opened."""
    found: list[StackSample] = []
    for cell in cells:
        if (window := cell.window) is None:
            continue
        for part in cell.parts:
            with suppress(OSError):
                own = read_stacks(part.data.path / layout.STACKS)
                found += [one for one in own if window.start_ns <= one.at_ns <= window.end_ns]
    return summary(found, 0, max((one.at_ns for one in found), default=0))
