"""Which other programs took CPU from the machine that cells were measured on, as the sweep saw it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from records.cells.other_programs import MOST_NAMED
from reports.figures.summary import CellSummary
from workloads.checks.machine import notable


def busiest_others(cells: Iterable[CellSummary], *, much: bool = False) -> dict[str, float]:
    """By name, in the cell in which they took most: so much of a core. The busiest first; none of older runs,
    and where nobody took much. ``much``: of those cells alone in which they took so much together that they
    may be why something waited."""
    most: dict[str, float] = {}
    for part in (part for cell in cells for part in cell.parts):
        taken: dict[str, float] = defaultdict(float)
        found = part.cell.other_programs or ()
        for one in notable(found) if much else found:  # several may bear one name
            taken[one.name] += one.cores
        for name, cores in taken.items():
            most[name] = max(cores, most.get(name, 0.0))
    return dict(sorted(most.items(), key=lambda item: -item[1])[:MOST_NAMED])
