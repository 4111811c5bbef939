"""Notes on the machine and the load generator: what they did to the measurement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from records.evidence.noise import Noise
from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.figures.load import Load
from reports.figures.summary import CellSummary, OperatingPoint
from workloads.catalogue import check_named, checks_that
from workloads.workload import Workload

DRIFT_RATIO = 1.3
STEAL_PERCENT = 2.0
GENERATOR_DELAY_PERCENT = 5.0
"""In the median of the cells: from here on it matters to whoever reads the figures."""
STOOD_STILL_PERCENT = 5.0
"""Of a cell's time: from here on it is told that the load generator did not run."""
LAG = "generator-lag"
"""The check without which nobody knows whether the load generator stalled."""


@dataclass(frozen=True, kw_only=True)
class Drift(Note):
    """Repeats of one level differ by more than `of_machine.DRIFT_RATIO`."""

    code = "drift"
    deployment: str
    config: str
    load: Load
    workload: Workload
    figure: str
    """Throughput, or the median of the compared metric, by its title: RPS, TTFT p50."""
    lowest: float
    highest: float

    @property
    def ratio(self) -> float:
        return self.highest / self.lowest


@dataclass(frozen=True, kw_only=True)
class _OfTheMachine(Note):
    """Per cent of the time."""

    median: float
    """Over cells."""
    worst: float
    compared: bool = False
    """Are there ratios of such cells?"""


@dataclass(frozen=True, kw_only=True)
class Steal(_OfTheMachine):
    """The host took the machine's time."""

    code = "steal"


@dataclass(frozen=True, kw_only=True)
class GeneratorWaited(_OfTheMachine):
    """The load generator waited for a CPU."""

    code = "generator-waited"


@dataclass(frozen=True, kw_only=True)
class StoodStill(Note):
    """The load generator did not run for so many per cent of a cell's time: users asked late."""

    code = "stood-still"
    cell: str
    percent: float


@dataclass(frozen=True, kw_only=True)
class NoPriority(Note):
    """The system did not let the load run before other programs, and in these cells it was late."""

    code = "no-priority"
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GeneratorFigure(Note):
    """The load generator's worst figure of one check, over all cells that measured it."""

    code = "generator"
    check: str
    worst: float
    bound: float | None
    cell: str
    measured: int


@dataclass(frozen=True, kw_only=True)
class GeneratorUnknown(Note):
    """Whether the load generator stalled was not measured."""

    code = "generator-unknown"


def noise_of(cell: CellSummary) -> dict[str, float | None]:
    """What was noted while the cell was measured; of several masters' machines the worst of each figure."""
    seen = [Noise.from_json(part.data.cell.achieved.get("noise")).to_json() for part in cell.parts]
    return {name: max((v for one in seen if (v := one[name]) is not None), default=None) for name in seen[0]}


def drifts(analysis: Analysis) -> Iterator[Note]:
    """In the order of the levels."""
    for level in analysis.levels:
        yield from _drifts(level)


def _drifts(level: OperatingPoint) -> Iterator[Drift]:
    estimates = {
        level.workload.throughput.title: [cell.figures.throughput for cell in level.valid_cells],
        level.workload.median.title: [cell.figures.median for cell in level.valid_cells],
    }
    for figure, found in estimates.items():
        values = [estimate.value for estimate in found if estimate is not None and estimate.value > 0]
        if len(values) > 1 and max(values) > DRIFT_RATIO * min(values):
            yield Drift(
                deployment=level.deployment,
                config=level.config,
                load=level.load,
                workload=level.workload,
                figure=figure,
                lowest=min(values),
                highest=max(values),
            )


def disturbed(analysis: Analysis) -> Iterator[Note]:
    """Only where it matters: a cell without a good answer has no figure that it could have moved."""
    noise = [noise_of(cell) for cell in analysis.cells if cell.figures.good]
    kinds: tuple[tuple[type[_OfTheMachine], str, float], ...] = (
        (Steal, "steal_percent", STEAL_PERCENT),
        (GeneratorWaited, "generator_delay_percent", GENERATOR_DELAY_PERCENT),
    )
    for kind, name, bound in kinds:
        known = [value for one in noise if (value := one[name]) is not None]
        if known and median(known) >= bound:
            compared = bool(analysis.comparisons or analysis.deployment_ratios)
            yield kind(median=median(known), worst=max(known), compared=compared)


def stood_still(analysis: Analysis) -> Iterator[Note]:
    """Users of a generator that stands still ask late, so that there are fewer requests. Worst first."""
    found = [
        StoodStill(cell=analysis.named(cell), percent=max(percents))
        for cell in analysis.cells
        if cell.valid and (percents := list(_stood_still(cell))) and max(percents) >= STOOD_STILL_PERCENT
    ]
    yield from sorted(found, key=lambda note: -note.percent)


def no_priority(analysis: Analysis) -> Iterator[Note]:
    """Where nothing was late, and no cell fell for the machine's sake, nobody has to know it."""
    cells = [
        analysis.named(cell)
        for cell in analysis.cells
        if _refused(cell) and (cell.figures.late or _fell(cell))
    ]
    if cells:
        yield NoPriority(cells=tuple(cells))


def _refused(cell: CellSummary) -> bool:
    return any(part.data.cell.division.realtime_refused for part in cell.parts)


def _fell(cell: CellSummary) -> bool:
    return any(check_named(check.name).of_the_machine for check in cell.failed_checks)


def _stood_still(cell: CellSummary) -> Iterator[float]:
    for part in cell.parts:
        for worker in part.data.cell.achieved.get("load_workers") or ():
            percent = worker.get("stood_still_percent") if isinstance(worker, dict) else None
            if isinstance(percent, (int, float)):
                yield percent


def generator(analysis: Analysis) -> Iterator[Note]:
    known = set()
    for name in checks_that(lambda check: check.of_the_generator):
        seen = [
            (float(check.figure), check.bound, cell.cell.name)
            for cell in analysis.cells
            for check in cell.cell.verdict.checks
            if check.name == name and isinstance(check.figure, (int, float))
        ]
        if seen:
            worst, bound, where = max(seen, key=lambda entry: entry[0])
            number = float(bound) if isinstance(bound, (int, float)) else None
            known.add(name)
            yield GeneratorFigure(check=name, worst=worst, bound=number, cell=where, measured=len(seen))
    if LAG not in known and any(cell.figures.good for cell in analysis.cells):
        yield GeneratorUnknown()
