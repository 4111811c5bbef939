"""Ratios of two levels with their intervals; the noise between repeats is pooled over all levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reports.figures import stats
from reports.figures.figures import generator
from reports.figures.repeats import (
    Between,
    Figure,
    LoggedCell,
    between_cells,
    logged_cells,
    median_figure,
    of_levels,
    of_ratio,
    throughput_figure,
)
from reports.figures.stats import Estimate
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
        above, below = figure.value(a.samples), figure.value(b.samples)
        if above is None or below is None or not below > 0:
            return None
        known, ratio = self._between[a.workload.name, figure.name], above / below
        if known is None or {s.key for s in a.samples} != {s.key for s in b.samples}:
            return _resampled(a, b, figure, ratio)
        if any(one and one.wild for one in (self._noise(level, figure.name) for level in (a, b))):
            keys = [(level.workload.name, figure.name, level.name) for level in (a, b)]
            pair = of_ratio(*(self._cells.get(key, []) for key in keys))
            known = pair if pair and pair.variance > known.variance else known
        return _pooled(a, b, figure, ratio, known)

    def _noise(self, level: OperatingPoint, figure: str) -> Between | None:
        return self._own.get((level.workload.name, figure, level.name))


def _pooled(a: OperatingPoint, b: OperatingPoint, figure: Figure, ratio: float, known: Between) -> Estimate:
    """Time bins resampled within the cells, and the noise between repeats."""
    rng = generator(f"{a.name} {figure.name} {b.name}")
    draws = stats.divide(
        figure.draws(a.samples, stats.bin_weights(a.samples, rng)),
        figure.draws(b.samples, stats.bin_weights(b.samples, rng)),
    )
    repeats = [stats.repeats_of(level.samples) for level in (a, b)]
    return stats.interval(draws * known.factors(repeats, rng), ratio, 1)


def _resampled(a: OperatingPoint, b: OperatingPoint, figure: Figure, ratio: float) -> Estimate:
    """Repeats resampled, paired where both have them: where nothing else is known of them, or where they are
    not the same."""
    rng = generator(f"{a.name} {figure.name} {b.name}")
    wa, wb = stats.paired_weights(a.samples, b.samples, rng)
    draws = stats.divide(figure.draws(a.samples, wa), figure.draws(b.samples, wb))
    return stats.interval(draws, ratio, min(stats.repeats_of(a.samples), stats.repeats_of(b.samples)))
