"""The heaviest load of each row, for findings of cells that nothing but what is found makes invalid."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reports.analysis.analysis import Analysis
from reports.figures.summary import CellSummary, OperatingPoint

OF_THE_SERVICE = frozenset(
    ("failures", "retried", "unanswered", "concurrency", "littles-law", "steady-state", "steady-ttft")
)
"""What a service fails that is gone or breaks off in between, however well the load was made."""


def heaviest(
    analysis: Analysis, *, but: Collection[str]
) -> Iterator[tuple[OperatingPoint, list[CellSummary]]]:
    """Each with its cells that are valid, or of which none but these checks failed."""
    found = {(level.deployment, level.config, level.load.others): level for level in analysis.levels}
    for level in found.values():
        yield level, cells_but(level, but)


def cells_but(level: OperatingPoint, but: Collection[str]) -> list[CellSummary]:
    return [cell for cell in level.cells if {check.name for check in cell.failed_checks} <= set(but)]
