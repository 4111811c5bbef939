"""The heaviest load of each row, for findings of cells that nothing but what is found makes invalid."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.figures.summary import CellSummary, OperatingPoint


def heaviest(analysis: Analysis, *, but: str) -> Iterator[tuple[OperatingPoint, list[CellSummary]]]:
    """Each with its cells that are valid, or of which the check ``but`` alone failed."""
    found = {(level.deployment, level.config, level.load.others): level for level in analysis.levels}
    for level in found.values():
        yield level, [cell for cell in level.cells if {check.name for check in cell.failed_checks} <= {but}]
