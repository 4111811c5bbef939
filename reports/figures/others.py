"""Which other programs took CPU from the machine that cells were measured on, as the sweep saw it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from records.cells.other_programs import MOST_NAMED
from reports.figures.summary import CellSummary


def busiest_others(cells: Iterable[CellSummary]) -> dict[str, float]:
    """By name, in the cell in which they took most: so much of a core. The busiest first; none of older runs,
    and where nobody took much."""
    most: dict[str, float] = {}
    for part in (part for cell in cells for part in cell.parts):
        taken: dict[str, float] = defaultdict(float)
        for one in part.cell.other_programs:  # several may bear one name
            taken[one.name] += one.cores
        for name, cores in taken.items():
            most[name] = max(cores, most.get(name, 0.0))
    return dict(sorted(most.items(), key=lambda item: -item[1])[:MOST_NAMED])
