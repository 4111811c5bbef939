"""Tables of where the load came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.document.document import Row, Table
from reports.figures.load import heads
from reports.figures.regions import Region
from reports.figures.text import NONE, number, spread
from reports.tables import columns


def region_tables(found: Sequence[Region]) -> Iterator[Table]:
    """One for each row of the report, and workload, that has regions."""
    groups: dict[tuple[str, str, str], list[Region]] = {}
    for region in found:
        groups.setdefault((region.deployment, region.config, region.workload.name), []).append(region)
    for (deployment, config, _), own in groups.items():
        first, workload = heads(region.load for region in own), own[0].workload
        per, metrics = workload.throughput.title, columns.heads(workload, workload.main)
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
    main = (spread(figures.at(key)) for key in region.workload.main)
    return Row(
        cells=(
            *(*region.load.cells(first), region.name, str(figures.requests), share),
            *(*main, str(figures.failures)),
        )
    )
