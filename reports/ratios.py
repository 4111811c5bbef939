"""Ratios of two levels with their intervals; the noise between repeats is pooled over all levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reports import stats
from reports.figures import generator
from reports.repeats import RPS, TTFT, Between, Figure, between
from reports.stats import Estimate
from reports.summary import Level


class Ratios:
    """Of the levels of one report."""

    def __init__(self, levels: Sequence[Level]) -> None:
        samples = [((lv.deployment, lv.config), lv.samples) for lv in levels if lv.valid]
        self._between = {
            figure.name: between(samples, figure, generator(f"between {figure.name}"))
            for figure in (RPS, TTFT)
        }

    def with_noise(self, level: Level) -> Level:
        """The level with the noise between repeats in the intervals of its TTFT, p95's taken as p50's.
        Without it they cover a cell, and the next repeat's median often lies outside."""
        known, repeats = self._between[TTFT.name], stats.repeats_of(level.samples)
        if known is None or not level.valid:
            return level
        figures = level.figures
        p50, p95 = (e and known.widened(e, repeats) for e in (figures.ttft_p50, figures.ttft_p95))
        return replace(level, figures=replace(figures, ttft_p50=p50, ttft_p95=p95))

    def rps(self, a: Level, b: Level) -> Estimate | None:
        """a's RPS over b's."""
        return self._ratio(a, b, RPS)

    def ttft(self, slow: Level, fast: Level) -> Estimate | None:
        """slow's TTFT p50 over fast's."""
        return self._ratio(slow, fast, TTFT)

    def _ratio(self, a: Level, b: Level, figure: Figure) -> Estimate | None:
        if not (a.valid and b.valid):
            return None
        above, below = figure.value(a.samples), figure.value(b.samples)
        if above is None or below is None or not below > 0:
            return None
        known, ratio = self._between[figure.name], above / below
        if known is None or {s.key for s in a.samples} != {s.key for s in b.samples}:
            return _resampled(a, b, figure, ratio)
        return _pooled(a, b, figure, ratio, known)


def _pooled(a: Level, b: Level, figure: Figure, ratio: float, known: Between) -> Estimate:
    """Time bins resampled within the cells, and the noise between repeats as all levels have it."""
    rng = generator(f"{a.name} {figure.name} {b.name}")
    draws = stats.divide(
        figure.draws(a.samples, stats.bin_weights(a.samples, rng)),
        figure.draws(b.samples, stats.bin_weights(b.samples, rng)),
    )
    repeats = [stats.repeats_of(level.samples) for level in (a, b)]
    return stats.interval(draws * known.factors(repeats, rng), ratio, 1)


def _resampled(a: Level, b: Level, figure: Figure, ratio: float) -> Estimate:
    """Repeats resampled, paired where both have them: where nothing else is known of them, or where they are
    not the same."""
    rng = generator(f"{a.name} {figure.name} {b.name}")
    wa, wb = stats.paired_weights(a.samples, b.samples, rng)
    draws = stats.divide(figure.draws(a.samples, wa), figure.draws(b.samples, wb))
    return stats.interval(draws, ratio, min(stats.repeats_of(a.samples), stats.repeats_of(b.samples)))
