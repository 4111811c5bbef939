"""Effects of the mocked parts at each load of a report: from its valid levels, by deployment and figure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import fsum

from records.services.variants import MOCKS, SWITCHES
from reports.figures.compare import by_workload, differ
from reports.figures.effects import FACTORS, Noise, Saved, Timed, noise_of, saved
from reports.figures.load import Load
from reports.figures.pooling.alike import more_than_named, variant_settings
from reports.figures.stats import Estimate
from reports.figures.summary import CellSummary, OperatingPoint
from workloads.metric import Quantile
from workloads.workload import Workload

CYCLE = "cycle"
"""The time of a cycle: users over good answers a second."""
SHOWN = (0.5, 0.95)
"""The quantiles of times that have effects."""


@dataclass(frozen=True, kw_only=True)
class TimeFigure:
    """A time of a cell, in milliseconds."""

    key: str
    title: str
    of: Callable[[CellSummary], float | None]


@dataclass(frozen=True, kw_only=True)
class PartEffect:
    """What one part takes at one load: how much less a time is with the part mocked, in milliseconds."""

    deployment: str
    reference: str
    """The baseline's row."""
    workload: Workload
    load: Load
    factor: str
    """One of FACTORS."""
    of: str
    """Which time: ``cycle``, ``ttft_p50``."""
    title: str
    now: float | None
    """That time in the baseline."""
    estimate: Estimate | None
    """With its own 95 % interval; without one where nothing was repeated."""
    together: Estimate | None
    """With an interval that holds together with those of all effects on this time in the deployment."""
    family: int
    """How many those are."""
    noise: Noise | None
    missing: tuple[str, ...]
    """The variants without a valid cell that has this time: then there is no estimate."""
    differ_in: tuple[str, ...]
    """In what variants differ beyond the mock, in themselves or in what they were asked: no estimate."""

    @property
    def shown(self) -> bool:
        """Is it beyond chance, all effects of its table considered?"""
        found = self.together
        return found is not None and found.low is not None and found.high is not None and not (
            found.low <= 0 <= found.high
        )  # fmt: skip


def cycle_ms(cell: CellSummary) -> float | None:
    """Its users over its good answers a second; None of a load that has no number of users, or no answers."""
    load, sample = Load.of(cell.cell), cell.sample
    answers = len(sample.ended_bins)
    return 1000 * load.users * sample.seconds / answers if load.closed and answers else None


def _quantile(quantile: Quantile) -> Callable[[CellSummary], float | None]:
    def of(cell: CellSummary) -> float | None:
        found = cell.figures.at(quantile.key)
        return None if found is None else found.value

    return of


def time_figures(workload: Workload) -> tuple[TimeFigure, ...]:
    """The cycle, and the median and p95 of each time that has both."""
    found = [TimeFigure(key=CYCLE, title="cycle time", of=cycle_ms)]
    for metric in workload.metrics:
        if metric.unit == "ms" and set(SHOWN) <= set(metric.quantiles):
            own = (quantile for quantile in metric.estimates if quantile.q in SHOWN)
            found += [TimeFigure(key=q.key, title=q.title, of=_quantile(q)) for q in own]
    return tuple(found)


def _times(level: OperatingPoint, figure: TimeFigure) -> dict[Hashable, float]:
    """By the repeat."""
    return {cell.sample.key: ms for cell in level.valid_cells if (ms := figure.of(cell)) is not None}


def _noise(levels: Sequence[OperatingPoint], figure: TimeFigure) -> Noise | None:
    return noise_of(
        Timed(group=level.deployment, service=level.row, point=level.load, repeat=repeat, ms=ms)
        for level in levels
        for repeat, ms in _times(level, figure).items()
    )


def _more_than_mocked(levels: Sequence[OperatingPoint]) -> tuple[str, ...]:
    """In what the levels of one effect differ, the mocks left out."""
    found: dict[str, None] = {}
    first = [cell.cell for cell in levels[0].valid_cells]
    switches = {switch.setting for switch in SWITCHES}
    for level in levels[1:]:
        other = [cell.cell for cell in level.valid_cells]
        found |= dict.fromkeys(more_than_named(first, other, named=levels[0].row.named | level.row.named))
        own, others = variant_settings(first[0]) or {}, variant_settings(other[0]) or {}
        names = {*own, *others} - switches
        found |= dict.fromkeys(sorted(name for name in names if own.get(name) != others.get(name)))
    return tuple({**found, **dict.fromkeys(differ(levels))})


def _effect(
    by_variant: dict[str, OperatingPoint],
    baseline: OperatingPoint,
    factor: str,
    figure: TimeFigure,
    noise: Noise | None,
) -> tuple[PartEffect, Saved | None]:
    """Still without the interval that holds together with others."""
    wanted = FACTORS[factor]
    times = {variant: _times(by_variant[variant], figure) for variant in wanted if variant in by_variant}
    missing = tuple(variant for variant in wanted if not times.get(variant))
    known = [by_variant[variant] for variant in wanted if variant in by_variant]
    differ_in = () if missing else _more_than_mocked(known)
    found = None if missing or differ_in else saved(factor, times)
    own = times.get(baseline.row.variant)
    effect = PartEffect(
        deployment=baseline.deployment,
        reference=baseline.config,
        workload=baseline.workload,
        load=baseline.load,
        factor=factor,
        of=figure.key,
        title=figure.title,
        now=fsum(own.values()) / len(own) if own else None,
        estimate=None if found is None else found.estimate(noise),
        together=None,
        family=0,
        noise=noise,
        missing=missing,
        differ_in=differ_in,
    )
    return effect, found


def _designs(
    levels: Sequence[OperatingPoint],
) -> dict[tuple[str, str], dict[Load, dict[str, OperatingPoint]]]:
    """The variants of the design by deployment and by what their rows' names have besides, at each load."""
    found: dict[tuple[str, str], dict[Load, dict[str, OperatingPoint]]] = {}
    for level in levels:
        if level.row.variant in MOCKS:
            loads = found.setdefault((level.deployment, level.row.difference), {})
            loads.setdefault(level.load, {})[level.row.variant] = level
    return found


def _of_design(
    loads: dict[Load, dict[str, OperatingPoint]], figure: TimeFigure, noise: Noise | None
) -> Iterator[PartEffect]:
    """All effects on one time in one design; none where there is no mock beside a baseline anywhere."""
    found = [
        _effect(own, own["baseline"], factor, figure, noise)
        for _, own in sorted(loads.items())
        if "baseline" in own
        for factor in FACTORS
    ]
    family = sum(part is not None for _, part in found)
    if not family and not any(effect.differ_in for effect, _ in found):
        return
    for effect, part in found:
        together = None if part is None else part.estimate(noise, family)
        yield replace(effect, together=together, family=family)


def attribute(levels: Sequence[OperatingPoint]) -> tuple[PartEffect, ...]:
    """Of every deployment, workload and time: by load, the three effects as far as cells are there."""
    found: list[PartEffect] = []
    for group in by_workload(levels):
        for figure in time_figures(group[0].workload):
            noise = _noise(group, figure)
            for loads in _designs(group).values():
                found += _of_design(loads, figure, noise)
    return tuple(found)
