"""Where the load came from: each region's share of a level, from its own requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from records.cells.measure import ended_inside
from records.cells.request import RequestRecord
from reports.figures.figures import Figures, figures_of
from reports.figures.load import Load
from reports.figures.summary import CellSummary, OperatingPoint
from reports.figures.text import NONE
from workloads.workload import Workload


@dataclass(frozen=True, kw_only=True)
class Region:
    """What the load workers of one region measured of a level."""

    deployment: str
    config: str
    load: Load
    region: str
    figures: Figures
    """Without throughput: the windows are those of all regions together."""
    share: float | None
    """Of the throughput of all, by the good answers that ended inside the windows; None where none did."""

    @property
    def workload(self) -> Workload:
        return self.figures.workload

    @property
    def name(self) -> str:
        return self.region or NONE


def regions(levels: Sequence[OperatingPoint]) -> tuple[Region, ...]:
    """Of each valid level whose requests came from more than one region, in the order of their names."""
    return tuple(region for level in levels if level.valid for region in _of(level))


def _ended(cell: CellSummary) -> list[RequestRecord]:
    return ended_inside([r for part in cell.parts for r in part.data.requests], cell.window)


def _of(level: OperatingPoint) -> Iterator[Region]:
    counted: dict[str, list[RequestRecord]] = {}
    for cell in level.valid_cells:
        for request in cell.counted:
            counted.setdefault(request.region, []).append(request)
    if len(counted) < 2:
        return
    amounts = dict.fromkeys(counted, 0.0)
    for request in (request for cell in level.valid_cells for request in _ended(cell)):
        amount = level.workload.throughput.of(request)
        amounts[request.region] = amounts.get(request.region, 0.0) + amount
    total = sum(amounts.values())
    for name, requests in sorted(counted.items()):
        yield Region(
            deployment=level.deployment,
            config=level.config,
            load=level.load,
            region=name,
            figures=figures_of(level.workload, requests, (), None),
            share=amounts[name] / total if total else None,
        )
