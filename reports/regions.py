"""Where the load came from: each region's share of a level, from its own requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from records.measure import ended_inside
from records.request import RequestRecord
from reports import columns
from reports.document import NONE, Row, Table, number, spread
from reports.figures import Figures, figures_of
from reports.load import Load, heads
from reports.summary import CellSummary, Level
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


def regions(levels: Sequence[Level]) -> tuple[Region, ...]:
    """Of each valid level whose requests came from more than one region, in the order of their names."""
    return tuple(region for level in levels if level.valid for region in _of(level))


def _ended(cell: CellSummary) -> list[RequestRecord]:
    return ended_inside([r for part in cell.parts for r in part.data.requests], cell.window)


def _of(level: Level) -> Iterator[Region]:
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


def region_tables(found: Sequence[Region]) -> Iterator[Table]:
    """One for each row of the report, and workload, that has regions."""
    groups: dict[tuple[str, str, str], list[Region]] = {}
    for region in found:
        groups.setdefault((region.deployment, region.config, region.workload.name), []).append(region)
    for (deployment, config, _), own in groups.items():
        first, workload = heads(region.load for region in own), own[0].workload
        per, metrics = workload.throughput.title, columns.heads(workload, workload.columns.main)
        yield Table(
            title=f"{deployment}: {config}: by region",
            columns=(*first, "Region", "Requests", f"{per} share", *metrics, "Fail"),
            rows=tuple(_row(region, first) for region in own),
            notes=(
                f"{per} share: of the good answers. A region is what REGION said where a load worker ran.",
            ),
            keys=len(first),
        )


def _row(region: Region, first: Sequence[str]) -> Row:
    figures = region.figures
    share = NONE if region.share is None else f"{number(100 * region.share)} %"
    main = (spread(figures.at(key)) for key in region.workload.columns.main)
    return Row(
        cells=(
            *(*region.load.cells(first), region.name, str(figures.requests), share),
            *(*main, str(figures.failures)),
        )
    )
