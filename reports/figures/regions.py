"""Where the load came from: each region's share of a level, from its own requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.columns.requests import Requests
from reports.figures import stats
from reports.figures.figures import Figures, figures_of, generator, sample_in
from reports.figures.load import Load
from reports.figures.stats import Estimate, Sample
from reports.figures.summary import CellSummary, OperatingPoint
from reports.figures.text import NONE
from workloads.workload import Workload


@dataclass(frozen=True, kw_only=True)
class Region:
    """What the load workers of one region measured of a level. That of an invalid level is shown, too, struck
    out: a region that is cut off has failures that may make it so."""

    deployment: str
    config: str
    load: Load
    region: str
    figures: Figures
    """Without throughput: the windows are those of all regions together."""
    share: float | None
    """Of the throughput of all, by the good answers that ended inside the windows; None where none did."""

    valid: bool
    unanswered: int
    """Requests sent inside the windows that nobody had answered when the load ended: those of a region that
    is cut off, until their timeout makes failures of them. They are among no other figures."""
    nearest: str
    """The region with the best median of the compared metric, over all loads of this row."""
    better: Estimate | None
    """How many times better that median is in the nearest region at this load; None of the nearest itself."""

    @property
    def workload(self) -> Workload:
        return self.figures.workload

    @property
    def name(self) -> str:
        return self.region or NONE


def regions(levels: Sequence[OperatingPoint]) -> tuple[Region, ...]:
    """Of each level whose requests came from more than one region, in the order of their names."""
    found = [(level, by_region) for level in levels if len(by_region := _samples(level)) > 1]
    pooled: dict[tuple[str, str, str], dict[str, list[Sample]]] = {}
    for level, by_region in found:
        pooled.setdefault(_row(level), {})
        if not level.valid:
            continue
        for name, samples in by_region.items():
            pooled[_row(level)].setdefault(name, []).extend(samples)
    return tuple(
        region for level, own in found for region in _of(level, own, _nearest(level, pooled[_row(level)]))
    )


def _row(level: OperatingPoint) -> tuple[str, str, str]:
    return level.deployment, level.config, level.workload.name


def _nearest(level: OperatingPoint, by_region: Mapping[str, Sequence[Sample]]) -> str:
    """By all that was measured from each, never by an average of medians; empty where nothing was."""
    medians = {name: median for name, own in by_region.items() if (median := stats.median(own)) is not None}
    best = max if level.workload.compared.higher_is_better else min
    return best(medians, key=lambda name: medians[name], default="")


def _samples(level: OperatingPoint) -> dict[str, list[Sample]]:
    """By region, one a cell, in the order of the cells."""
    cells = _cells(level)
    names = sorted({name for cell in cells for name in cell.counted.manner.counts(lambda one: one.region)})
    return {name: [_sample(level, cell, name) for cell in cells] for name in names}


def _cells(level: OperatingPoint) -> tuple[CellSummary, ...]:
    """Those that the level's figures are of."""
    return level.valid_cells or level.cells


def _from(requests: Requests, name: str) -> Requests:
    return requests.that(lambda one: one.region == name)


def _sample(level: OperatingPoint, cell: CellSummary, name: str) -> Sample:
    own, every = _from(cell.counted, name), _from(cell.every, name)
    return sample_in(level.workload, cell.window, own, every, key=cell.sample.key)


def _of(level: OperatingPoint, by_region: Mapping[str, Sequence[Sample]], nearest: str) -> Iterator[Region]:
    amounts = {name: sum(float(one.amounts.sum()) for one in own) for name, own in by_region.items()}
    total = sum(amounts.values())
    for name, samples in by_region.items():
        counted = Requests.joined([_from(cell.counted, name) for cell in _cells(level)])
        yield Region(
            deployment=level.deployment,
            config=level.config,
            load=level.load,
            region=name,
            figures=figures_of(level.workload, counted, (), None),
            share=amounts[name] / total if total else None,
            valid=level.valid,
            unanswered=sum(_unanswered(cell, name) for cell in _cells(level)),
            nearest=nearest,
            better=None
            if name == nearest or not level.valid
            else _ratio(level, by_region.get(nearest, ()), samples),
        )


def _unanswered(cell: CellSummary, region: str) -> int:
    window = cell.window
    if window is None:
        return 0
    waits = cell.every.mask(lambda one: one.region == region and one.outcome == "aborted")
    return int((waits & cell.every.sent_in(window)).sum())


def _ratio(level: OperatingPoint, nearest: Sequence[Sample], other: Sequence[Sample]) -> Estimate | None:
    """Both were measured at the same time: a time bin that is drawn is drawn for both, so that what the
    service did in it is on either side."""
    above, below = (nearest, other) if level.workload.compared.higher_is_better else (other, nearest)
    top, bottom = stats.median(above), stats.median(below)
    if top is None or bottom is None or not bottom > 0:
        return None
    weights = stats.weights_of(nearest, generator(f"{level.name} regions"))
    draws = stats.divide(stats.median_draws(above, weights), stats.median_draws(below, weights))
    return stats.interval(draws, top / bottom, stats.repeats_of(nearest))
