"""Where the load came from: each region's share of a level, from its own requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from records.measure import ended_inside
from records.request import RequestRecord
from reports import stats
from reports.document import NONE, Row, Table, number, spread
from reports.figures import good_and_timed
from reports.load import Load, heads
from reports.stats import Estimate
from reports.summary import CellSummary, Level


@dataclass(frozen=True, kw_only=True)
class Region:
    """What the load workers of one region measured of a level."""

    deployment: str
    config: str
    load: Load
    region: str
    requests: int
    rps_share: float | None
    """Of the good answers that ended inside the windows; None where none did."""
    ttft_p50: Estimate | None
    ttft_p95: Estimate | None
    failures: int

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
    ended = [request.region for cell in level.valid_cells for request in _ended(cell)]
    for name, requests in sorted(counted.items()):
        ttft = [ms for r in good_and_timed(requests) if (ms := r.ttft_ms) is not None]
        yield Region(
            deployment=level.deployment,
            config=level.config,
            load=level.load,
            region=name,
            requests=len(requests),
            rps_share=ended.count(name) / len(ended) if ended else None,
            ttft_p50=stats.percentile_estimate(ttft, 0.5),
            ttft_p95=stats.percentile_estimate(ttft, 0.95),
            failures=sum(r.outcome != "ok" for r in requests),
        )


def region_tables(found: Sequence[Region]) -> Iterator[Table]:
    """One for each row of the report that has regions."""
    groups: dict[tuple[str, str], list[Region]] = {}
    for region in found:
        groups.setdefault((region.deployment, region.config), []).append(region)
    for (deployment, config), own in groups.items():
        first = heads(region.load for region in own)
        yield Table(
            title=f"{deployment}: {config}: by region",
            columns=(*first, "Region", "Requests", "RPS share", "TTFT p50 ms", "TTFT p95 ms", "Fail"),
            rows=tuple(_row(region, first) for region in own),
            notes=("RPS share: of the good answers. A region is what REGION said where a load worker ran.",),
        )


def _row(region: Region, columns: Sequence[str]) -> Row:
    share = NONE if region.rps_share is None else f"{number(100 * region.rps_share)} %"
    return Row(
        cells=(
            *region.load.cells(columns),
            region.name,
            str(region.requests),
            share,
            spread(region.ttft_p50),
            spread(region.ttft_p95),
            str(region.failures),
        )
    )
