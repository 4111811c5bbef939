"""Everything a report says, computed once; the console, Markdown, JSON and CSV only show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from records.exit_codes import INVALID
from records.reader import Run
from records.served import AS_IS
from reports.figures.account import Account, accounts
from reports.figures.compare import (
    Comparison,
    DeploymentRatio,
    compare_configs,
    compare_deployments,
)
from reports.figures.figures import good_and_timed
from reports.figures.knees import Knee, find_knees
from reports.figures.load import Load
from reports.figures.ratios import Ratios
from reports.figures.regions import Region, regions
from reports.figures.shaped import ShapedCell, shaped_cells
from reports.figures.stats import repeats_of
from reports.figures.summary import CellSummary, Level, planned_variants, source_names, summarise
from workloads.workload import Workload

DRIFT_RATIO = 1.3


@dataclass(frozen=True, kw_only=True)
class Source:
    """One of the directories read."""

    name: str
    run: Run
    budget_ended: bool


@dataclass(frozen=True, kw_only=True)
class Lag:
    """The load generator's worst figure of one kind, over all cells that measured it."""

    name: str
    worst: float
    bound: float | None
    cell: str
    measured: int


@dataclass(frozen=True, kw_only=True)
class Drift:
    """Repeats of one level that differ by more than DRIFT_RATIO."""

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
class Cold:
    """What the very first requests of one configuration's loads took: they are in no other figure."""

    deployment: str
    config: str
    workload: Workload
    requests: int
    median: float
    """Of the compared metric."""
    worst: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Analysis:
    """What was measured and what follows from it."""

    sources: tuple[Source, ...]
    levels: tuple[Level, ...]
    comparisons: tuple[Comparison, ...]
    deployment_ratios: tuple[DeploymentRatio, ...]
    knees: tuple[Knee, ...]
    accounts: tuple[Account, ...]
    generator: tuple[Lag, ...]
    drifts: tuple[Drift, ...]
    cold: tuple[Cold, ...]
    shaped: tuple[ShapedCell, ...]
    """Loads with a shape, by the levels they went through."""
    regions: tuple[Region, ...]
    """Levels by where their requests came from, where that is more than one region."""
    incomplete: tuple[str, ...]
    """Cells without an end, ``source: name``: never used."""
    without_valid_cell: tuple[tuple[str, str], ...]
    """(deployment, configuration) that have none: exit code 3."""

    @property
    def cells(self) -> tuple[CellSummary, ...]:
        return tuple(cell for level in self.levels for cell in level.cells)

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """What the cells measured, each once."""
        return tuple({level.workload.name: level.workload for level in self.levels}.values())

    @property
    def invalid(self) -> tuple[CellSummary, ...]:
        return tuple(cell for cell in self.cells if not cell.valid)

    @property
    def as_is(self) -> tuple[CellSummary, ...]:
        """Cells whose configuration was never proved."""
        return tuple(c for c in self.cells if _status(c, "configuration") == "n/a" or c.cell.config == AS_IS)

    @property
    def repeats(self) -> int:
        """Of the valid level that has fewest: what the intervals can know about run-to-run noise."""
        return min((repeats_of(level.samples) for level in self.levels if level.valid), default=0)

    @property
    def most_repeats(self) -> int:
        """Of the valid level that has most."""
        return max((repeats_of(level.samples) for level in self.levels if level.valid), default=0)

    @property
    def merged(self) -> tuple[CellSummary, ...]:
        """Cells that several masters made together."""
        return tuple(cell for cell in self.cells if len(cell.parts) > 1)

    @property
    def overlapping(self) -> tuple[tuple[CellSummary, CellSummary], ...]:
        """Pairs of valid cells of one deployment that overlap in time without being one measurement."""
        timed = [(c.window.start_ns, c.window.end_ns, c) for c in self.cells if c.valid and c.window]
        timed.sort(key=lambda entry: entry[:2])
        return tuple(
            (one, other)
            for (_, end_ns, one), (start_ns, _, other) in combinations(timed, 2)
            if start_ns < end_ns and one.cell.deployment == other.cell.deployment
        )

    @property
    def exit_code(self) -> int:
        return INVALID if self.without_valid_cell or not self.levels else 0


def _status(cell: CellSummary, name: str) -> str | None:
    return next((check.status for check in cell.cell.verdict.checks if check.name == name), None)


def _drifts(levels: Sequence[Level]) -> Iterator[Drift]:
    for level in levels:
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


def _cold(levels: Sequence[Level]) -> Iterator[Cold]:
    found: dict[tuple[str, str, str], list[float]] = {}
    workloads = {level.workload.name: level.workload for level in levels}
    for level in levels:
        every = [r for cell in level.cells for part in cell.parts for r in part.data.requests]
        first = [r for r in good_and_timed(every) if "cold" in r.flags]
        if values := level.workload.compared.values(first):
            found.setdefault((level.deployment, level.config, level.workload.name), []).extend(values)
    for (deployment, config, name), values in found.items():
        yield Cold(
            deployment=deployment,
            config=config,
            workload=workloads[name],
            requests=len(values),
            median=median(values),
            worst=min(values) if workloads[name].compared.higher_is_better else max(values),
        )


def _generator(cells: Sequence[CellSummary]) -> tuple[Lag, ...]:
    lags = []
    for name in ("generator-lag", "generator-cpu"):
        seen = [
            (float(check.figure), check.bound, cell.cell.name)
            for cell in cells
            for check in cell.cell.verdict.checks
            if check.name == name and isinstance(check.figure, (int, float))
        ]
        if seen:
            worst, bound, where = max(seen, key=lambda entry: entry[0])
            number = float(bound) if isinstance(bound, (int, float)) else None
            lags.append(Lag(name=name, worst=worst, bound=number, cell=where, measured=len(seen)))
    return tuple(lags)


def _reference(runs: Sequence[Run]) -> str | None:
    """The first that a plan names."""
    plans = [plan for run in runs if isinstance(plan := run.meta.get("plan"), dict)]
    return next((name for plan in plans if isinstance(name := plan.get("reference"), str)), None)


def analyse(runs: Sequence[Run], reference: str | None = None) -> Analysis:
    """``reference``: the variant that others are compared with, if not the one that the runs' plans name."""
    found = summarise(runs)
    ratios = Ratios(found)
    levels = tuple(map(ratios.with_noise, found))
    names = source_names(runs)
    sources = [
        Source(name=name, run=run, budget_ended=run.meta.get("budget_ended") is True)
        for name, run in zip(names, runs, strict=True)
    ]
    incomplete = [f"{name}: {cell}" for name, run in zip(names, runs, strict=True) for cell in run.incomplete]
    valid = {(level.deployment, level.config) for level in levels if level.valid}
    met = [(level.deployment, level.config) for level in levels]
    known = {(level.deployment, level.row.variant) for level in levels}
    for run in runs:
        cut = [(part[0], part[1]) for cell in run.incomplete if len(part := cell.split("/")) == 3]
        met += [pair for pair in cut if pair not in known]
    return Analysis(
        sources=tuple(sources),
        levels=levels,
        comparisons=compare_configs(
            levels, ratios, reference=reference or _reference(runs), given=planned_variants(runs)
        ),
        deployment_ratios=compare_deployments(levels, ratios),
        knees=find_knees(levels, budget_ended=any(source.budget_ended for source in sources)),
        accounts=accounts(levels),
        generator=_generator([cell for level in levels for cell in level.cells]),
        drifts=tuple(_drifts(levels)),
        cold=tuple(_cold(levels)),
        shaped=shaped_cells(levels),
        regions=regions(levels),
        incomplete=tuple(incomplete),
        without_valid_cell=tuple(pair for pair in dict.fromkeys(met) if pair not in valid),
    )
