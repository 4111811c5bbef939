"""What the embeddings, the LLM and their interaction take, in milliseconds: a 2x2 design of four variants.

Effects are differences of times, not ratios: delays in sequence add, so that of two parts which have nothing
to do with each other both ratios multiply to anything but the ratio of both (1.29 and 4.23 times beside
56.5), while their differences add up to the difference of both, and the interaction is nothing.

The unit of an interval is the repeat, whose service was started anew, and never the request. Two repeats
alone would mean a Student factor of 12.7, so what they differ by is taken from all cells of the run together,
on the logarithm's scale, since it grows with the time. As for ratios (`reports.figures.repeats`), what all
cells of a repeat share is left out: the machine was slower that hour, which is in all sides of a difference.

- Instant cells differ by several times from repeat to repeat, and by 2 ms. So each counts by the square of
  its time, over the greatest one of its point: as much as its noise is in milliseconds.
- Cells of one start share its noise, so they tell less of it. By how much is estimated, and the degrees of
  freedom are those of a quadratic form with that correlation (Satterthwaite 1946).
- Repeats may be alike by chance. So the prior of the ratios is mixed in where they differ by less than it;
  where they differ by more it would make intervals too narrow, and is left out.

Simulated sweeps of known effects are held against this by ``benchmarks/intervals.py``.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from records.cells.measure import CONFIDENCE
from reports.figures.repeats import PRIOR, PRIOR_FREEDOM
from reports.figures.stats import Estimate, Floats

FACTORS: Mapping[str, Mapping[str, int]] = {
    "embeddings": {"baseline": 1, "mock-embeddings": -1},
    "llm": {"baseline": 1, "mock-llm": -1},
    "interaction": {"mock-embeddings": 1, "mock-llm": 1, "baseline": -1, "mock-both": -1},
}
"""By its name, how often a factor's effect has the time of each variant in it: what the mock saves. The
interaction is what both mocks save beyond the savings of each."""
LEAST_SHARE = 0.001
"""Of a point's greatest time: no cell counts for less, so that something is always left to tell the noise."""

ROUNDING = 1e-9
"""Residuals of logarithms below it are what a machine's arithmetic left of nothing, and share nothing."""


@dataclass(frozen=True, kw_only=True)
class Timed:
    """One cell's figure: a time, of a variant at a point, in one repeat."""

    group: Hashable
    """Where the variant runs: at a point, its cells are held against each other."""
    service: Hashable
    """What was started once a repeat, for all points."""
    point: Hashable
    repeat: Hashable
    ms: float


@dataclass(frozen=True, kw_only=True)
class Noise:
    """From repeat to repeat: the standard deviation of a time's logarithm, and how well it is known."""

    sd: float
    freedom: float

    def half_width(self, squares: float, effects: int = 1) -> float:
        """Of an interval that holds for so many effects at once (Bonferroni); ``squares``: the sum of each
        mean's square over its number of repeats."""
        tail = (1 - CONFIDENCE) / 2 / effects
        return float(stdtrit(self.freedom, 1 - tail)) * self.sd * math.sqrt(squares)


def noise_of(cells: Iterable[Timed]) -> Noise | None:
    """From all cells of a run; None where no two are repeats that tell of it."""
    used = [cell for cell in cells if cell.ms > 0]
    if not used:
        return None
    levels = [(cell.service, cell.point) for cell in used]
    weights = _weights(used, levels)
    left = _residual_maker([levels, [cell.repeat for cell in used]], weights)
    form = left.T @ (weights[:, None] * left)
    logs = np.log([cell.ms for cell in used])
    starts = _alike([(cell.service, cell.repeat) for cell in used])
    if np.trace(form) < 1e-9:
        return None
    correlation = starts * _shared(left @ logs, starts, weights, left)
    np.fill_diagonal(correlation, 1.0)
    spread = form @ correlation
    expected = float(np.trace(spread))
    freedom = expected**2 / float(np.sum(spread * spread.T))
    variance = max(0.0, float(logs @ form @ logs)) / expected
    if variance < PRIOR:  # alike by chance: no effect is exact
        variance = (PRIOR_FREEDOM * PRIOR + freedom * variance) / (PRIOR_FREEDOM + freedom)
    return Noise(sd=math.sqrt(variance), freedom=freedom)


def _weights(cells: Sequence[Timed], levels: Sequence[Hashable]) -> Floats:
    """The square of each level's mean over that of the greatest at its point."""
    times: dict[Hashable, list[float]] = {}
    for cell, level in zip(cells, levels, strict=True):
        times.setdefault(level, []).append(cell.ms)
    means = {level: math.fsum(own) / len(own) for level, own in times.items()}
    most: dict[Hashable, float] = {}
    for cell, level in zip(cells, levels, strict=True):
        place = cell.group, cell.point
        most[place] = max(most.get(place, 0.0), means[level])
    shares = [means[level] / most[c.group, c.point] for c, level in zip(cells, levels, strict=True)]
    return np.square(np.maximum(LEAST_SHARE, shares))


def _alike(values: Sequence[Hashable]) -> Floats:
    """1 where two cells have the same value."""
    numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
    own = np.array([numbers[value] for value in values])
    same: Floats = (own[:, None] == own[None, :]).astype(np.float64)
    return same


def _residual_maker(factors: Sequence[Sequence[Hashable]], weights: Floats) -> Floats:
    """What gives the residuals of a fit of these factors, cells weighted."""
    columns = [[value == one for value in factor] for factor in factors for one in dict.fromkeys(factor)]
    design, roots = np.array(columns, dtype=np.float64).T, np.sqrt(weights)[:, None]
    fit = np.linalg.pinv(roots * design) * roots.T
    maker: Floats = np.eye(len(weights)) - design @ fit
    return maker


def _shared(residuals: Floats, starts: Floats, weights: Floats, left: Floats) -> float:
    """The share of the variance that is of a start, from products of residuals of its cells: 0 to 1."""
    roots = np.sqrt(weights)
    pairs = np.outer(roots, roots) * (starts - np.eye(len(roots)))
    if not pairs.any() or np.max(np.abs(residuals)) < ROUNDING:
        return 0.0
    # What products and squares are expected to be, of noise of cells and of noise of starts.
    of_pairs, of_squares = left.T @ pairs @ left, left.T @ (weights[:, None] * left)
    expected = np.array([
        [np.trace(of_pairs), np.sum(of_pairs * starts)],
        [np.trace(of_squares), np.sum(of_squares * starts)],
    ])  # fmt: skip
    seen = np.array([residuals @ pairs @ residuals, residuals @ (weights * residuals)])
    own, started = np.linalg.lstsq(expected, seen, rcond=None)[0]
    return float(min(1.0, max(0.0, started / (own + started)))) if own + started > 0 else 0.0


@dataclass(frozen=True, kw_only=True)
class Saved:
    """One effect in numbers, without its name."""

    ms: float
    squares: float
    paired: bool
    """Whether its variants have repeats in common: it is of those alone."""

    def estimate(self, noise: Noise | None, effects: int = 1) -> Estimate:
        """With its interval, which holds for so many effects at once."""
        if noise is None or not self.paired:
            return Estimate(value=self.ms)
        half = noise.half_width(self.squares, effects)
        return Estimate(value=self.ms, low=self.ms - half, high=self.ms + half)


def saved(factor: str, times: Mapping[str, Mapping[Hashable, float]]) -> Saved | None:
    """The effect at one point, from each variant's time in each repeat; None where one of its variants has
    none."""
    weights = FACTORS[factor]
    if any(not times.get(variant) for variant in weights):
        return None
    common = set.intersection(*(set(times[variant]) for variant in weights))
    used = {v: [ms for repeat, ms in times[v].items() if repeat in common or not common] for v in weights}
    # Exactly rounded sums: the order of the cells is nothing that an effect could depend on.
    means = {variant: math.fsum(own) / len(own) for variant, own in used.items()}
    return Saved(
        ms=math.fsum(weight * means[variant] for variant, weight in weights.items()),
        squares=math.fsum(means[variant] ** 2 / len(own) for variant, own in used.items()),
        paired=bool(common),
    )
