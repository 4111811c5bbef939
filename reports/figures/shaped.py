"""A load with a shape, level by level: figures of each from the raw records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from records.cells.cell import Window
from records.cells.flags import WARMUP
from records.cells.levels import LoadStage, LoadStages, lasts_long, waited_in
from records.cells.reader import search_sentence
from records.errors import RecordError
from reports.columns.kinds import NO_INTEGER
from reports.columns.requests import Requests
from reports.figures import stats
from reports.figures.figures import Figures, figures_in
from reports.figures.summary import CellSummary, OperatingPoint
from workloads.workload import Workload


@dataclass(frozen=True, kw_only=True)
class StageFigures:
    """What was measured of one level: requests that began in its time (an open loop: were due), and
    throughput of the good answers that ended in it: None where it would mean nothing
    (`records.cells.levels.has_rate`)."""

    held: LoadStage
    figures: Figures
    aborted: int
    """Requests that were aborted or dropped, by `records.cells.levels.waited_in`: in no figure."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ShapedCell:
    """A cell, by the levels that its shape went through."""

    cell: CellSummary
    unit: str
    levels: tuple[StageFigures, ...]
    sentence: str
    """What a search found, or why that is not known; empty of other shapes."""

    @property
    def shape(self) -> str:
        return str(self.cell.cell.requested.get("shape"))

    @property
    def is_search(self) -> bool:
        return any(level.held.status is not None for level in self.levels)


def shaped_cells(levels: Sequence[OperatingPoint]) -> tuple[ShapedCell, ...]:
    """All cells with levels, in the order of the report; those written before levels were kept have none."""
    return tuple(
        _shaped(cell, held)
        for level in levels
        for cell in level.cells
        if (held := cell.cell.levels) is not None and held.levels
    )


def _shaped(cell: CellSummary, held: LoadStages) -> ShapedCell:
    return ShapedCell(
        cell=cell,
        unit=held.unit,
        levels=tuple(
            level_figures(
                cell.workload, held, cell.every, cell.window, source=cell.source, name=cell.cell.name
            )
        ),
        sentence=_sentence(cell) if any(level.status is not None for level in held.levels) else "",
    )


def level_figures(
    workload: Workload,
    held: LoadStages,
    every: Requests,
    window: Window | None,
    *,
    source: str,
    name: str,
) -> Iterator[StageFigures]:
    """Of each level, from ``every`` request of the cell. ``source``, ``name``: of its random numbers."""
    counted = every.measured(window)
    unanswered = every.where(~every.counts & every.mask(lambda one: WARMUP not in one.flags))
    times = zip(unanswered.start_ns.tolist(), unanswered.ended_ns.tolist(), strict=True)
    for number, (level, aborted) in enumerate(zip(held.levels, waited_in(times, held.levels), strict=True)):
        began_ns = counted.start_ns
        own = counted.where((level.start_ns <= began_ns) & (began_ns < level.end_ns))
        _, figures = figures_in(
            workload,
            Window(start_ns=level.start_ns, end_ns=level.end_ns),
            own,
            every,
            key=(source, number),
            name=f"{name}/{number}",
        )
        if not _has_rate(level, own):
            figures = figures.without_throughput()
        yield StageFigures(held=level, figures=figures, aborted=aborted)


def _has_rate(level: LoadStage, own: Requests) -> bool:
    """As `records.cells.levels.has_rate` says."""
    good = own.good
    if not (good.ended_ns <= level.end_ns).any():
        return False
    if good.integers("due_at_ns")[0] != NO_INTEGER:
        return True
    return lasts_long(level, stats.percentile(good.ended_ns - good.start_ns, 0.5))


def _sentence(cell: CellSummary) -> str:
    try:
        return search_sentence(cell.parts[0].data.path)
    except RecordError as error:
        return f"What the search found is not known: {error}"
