"""Ratios of two levels with their intervals; the noise between repeats is pooled over all levels.

A ratio is over the repeats that both levels have valid, as effects are: what else those share cancels. Where
these are fewer than two (a lost cell, runs of different hours), it is of all that either has, and its
interval has the noise from repeat to repeat of both (`repeats.of_both`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from reports.figures import stats
from reports.figures.figures import generator
from reports.figures.repeats import (
    FEWEST_REPEATS,
    Between,
    Figure,
    LoggedCell,
    between_cells,
    logged_cells,
    median_figure,
    of_both,
    of_levels,
    of_ratio,
    throughput_figure,
)
from reports.figures.stats import Estimate, Sample
from reports.figures.summary import OperatingPoint


class Ratios:
    """Of the levels of one report."""

    def __init__(self, levels: Sequence[OperatingPoint]) -> None:
        self._between: dict[tuple[str, str], Between | None] = {}
        self._own: dict[tuple[str, str, str], Between] = {}
        self._cells: dict[tuple[str, str, str], list[LoggedCell]] = {}
        """Of one level, by the workload, the figure and its name."""
        for workload in {lv.workload.name: lv.workload for lv in levels}.values():
            its = [lv for lv in levels if lv.valid and lv.workload.name == workload.name]
            samples = [((lv.deployment, lv.config), lv.samples) for lv in its]
            for figure in (throughput_figure(workload), median_figure(workload)):
                cells = list(logged_cells(samples, figure, generator(f"between {figure.name}")))
                self._between[workload.name, figure.name] = between_cells(cells)
                for cell in cells:
                    key = workload.name, figure.name, its[cell.level].name
                    self._cells.setdefault(key, []).append(cell)
                for number, noise in of_levels(cells).items():
                    self._own[workload.name, figure.name, its[number].name] = noise

    def with_noise(self, level: OperatingPoint) -> OperatingPoint:
        """The level with the noise between repeats in the intervals of its compared metric, p95's taken as
        p50's. Without it they cover a cell, and the next repeat's median often lies outside."""
        metric, repeats = level.workload.compared, stats.repeats_of(level.samples)
        known = self._noise(level, metric.name)
        if known is None or not level.valid:
            return level
        figures, keys = level.figures, {f"{metric.name}_p50", f"{metric.name}_p95"}
        widened = {
            key: known.widened(e, repeats) if e and key in keys else e for key, e in figures.estimates.items()
        }
        return replace(level, figures=replace(figures, estimates=widened))

    def throughput(self, a: OperatingPoint, b: OperatingPoint) -> Estimate | None:
        """a's throughput over b's."""
        return self._ratio(a, b, throughput_figure(a.workload))

    def compared(self, better: OperatingPoint, than: OperatingPoint) -> Estimate | None:
        """How many times better one level's median of the compared metric is than the other's."""
        above, below = (better, than) if better.workload.compared.higher_is_better else (than, better)
        return self._ratio(above, below, median_figure(better.workload))

    def _ratio(self, a: OperatingPoint, b: OperatingPoint, figure: Figure) -> Estimate | None:
        if not (a.valid and b.valid):
            return None
        shared = common(a, b)
        if len(shared) < FEWEST_REPEATS and not same(a, b):
            return self._unpaired(a, b, figure)
        above, below = ([s for s in level.samples if s.key in shared] for level in (a, b))
        ratio, known = _value(above, below, figure), self._between[a.workload.name, figure.name]
        if ratio is None:
            return None
        wild = any(one and one.wild for one in (self._noise(level, figure.name) for level in (a, b)))
        if (wild and known) or not (known or same(a, b)):
            own = self._of_pair(a, b, figure)
            known = own if own and (known is None or own.variance > known.variance) else known
        if known is None:
            return _resampled(a, b, figure, ratio) if same(a, b) else Estimate(value=ratio)
        repeats = [stats.repeats_of(samples) for samples in (above, below)]
        rng = generator(f"{a.name} {figure.name} {b.name}")
        return _with_noise(above, below, figure, ratio, known, repeats, rng)

    def _unpaired(self, a: OperatingPoint, b: OperatingPoint, figure: Figure) -> Estimate | None:
        """What all cells of a repeat share does not cancel here, so it is of two levels, and the noise of
        both. Without an interval where nothing was repeated: a cell's own would show what is not there."""
        ratio = _value(a.samples, b.samples, figure)
        one, other = (self._noise(level, figure.name) for level in (a, b))
        if ratio is None or one is None or other is None:
            return None if ratio is None else Estimate(value=ratio)
        known = of_both((one, stats.repeats_of(a.samples)), (other, stats.repeats_of(b.samples)))
        rng = generator(f"{a.name} {figure.name} {b.name}")
        return _with_noise(a.samples, b.samples, figure, ratio, known, [1], rng)

    def _of_pair(self, a: OperatingPoint, b: OperatingPoint, figure: Figure) -> Between | None:
        one, other = (self._cells.get((lv.workload.name, figure.name, lv.name), []) for lv in (a, b))
        return of_ratio(one, other)

    def _noise(self, level: OperatingPoint, figure: str) -> Between | None:
        return self._own.get((level.workload.name, figure, level.name))


def common(a: OperatingPoint, b: OperatingPoint) -> frozenset[Hashable]:
    """The repeats that two levels both have valid."""
    return frozenset(s.key for s in a.samples) & frozenset(s.key for s in b.samples)


def same(a: OperatingPoint, b: OperatingPoint) -> bool:
    """Has either no valid repeat that the other lacks?"""
    return {s.key for s in a.samples} == {s.key for s in b.samples}


def _value(a: Sequence[Sample], b: Sequence[Sample], figure: Figure) -> float | None:
    above, below = figure.value(a), figure.value(b)
    return above / below if above is not None and below is not None and below > 0 else None


def _with_noise(
    a: Sequence[Sample],
    b: Sequence[Sample],
    figure: Figure,
    ratio: float,
    known: Between,
    repeats: Sequence[int],
    rng: np.random.Generator,
) -> Estimate:
    """Time bins resampled within the cells, and the noise between repeats."""
    draws = stats.divide(
        figure.draws(a, stats.bin_weights(a, rng)), figure.draws(b, stats.bin_weights(b, rng))
    )
    return stats.interval(draws * known.factors(repeats, rng), ratio, 1)


def _resampled(a: OperatingPoint, b: OperatingPoint, figure: Figure, ratio: float) -> Estimate:
    """The same repeats resampled, paired: where nothing else is known of them."""
    rng = generator(f"{a.name} {figure.name} {b.name}")
    wa, wb = stats.paired_weights(a.samples, b.samples, rng)
    draws = stats.divide(figure.draws(a.samples, wa), figure.draws(b.samples, wb))
    return stats.interval(draws, ratio, stats.repeats_of(a.samples))
