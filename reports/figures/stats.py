"""Statistics, pure: percentiles with distribution-free intervals, rates and ratios by bootstrap.

Percentiles: `records.cells.measure.between_ranks`.
Their 95 % intervals: order statistics by the binomial distribution (Conover, *Practical Nonparametric
Statistics*, 3rd ed., section 3.2; Hahn & Meeker, *Statistical Intervals*, section 5.2). They take answers
as independent. Rates and ratios: hierarchical bootstrap (Davison & Hinkley, *Bootstrap Methods and their
Application*, sections 2.4 and 3.8): repeats are resampled first, then equal time bins inside each cell.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, bdtrik  # not scipy.stats, which is slow to import

from records.cells.measure import CONFIDENCE, between_ranks, wanted_answers
from reports.columns.kinds import Floats, Ints
from reports.figures.ranks import Numbers, Ranked, span_of

BINS = 10
DRAWS = 1000
GRID = 2048


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure with its 95 % interval; a bound is ``None`` where the data cannot give it."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def excludes_one(self) -> bool:
        """Does the interval of a ratio show a difference?"""
        return self.low is not None and self.high is not None and (self.low > 1 or self.high < 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """One cell's raw material for the bootstrap: everything by the time bin in which it happened."""

    key: Hashable
    """Which repeat of which run: cells with equal keys are paired in a ratio."""
    seconds: float
    ended_bins: Ints
    """The bin in which each good answer ended."""
    amounts: Floats
    """How much each of those counts in throughput."""
    values: Floats
    """The compared metric of each good measured answer, in the order of ``value_bins``."""
    value_bins: Ints
    """The bin in which each of those was sent."""


def bins_of(at_ns: Sequence[int] | Ints, start_ns: int, end_ns: int) -> Ints:
    """The time bin (0 .. BINS-1) of each moment between ``start_ns`` and ``end_ns``."""
    offsets = (np.asarray(at_ns, dtype=np.int64) - start_ns).astype(np.float64)
    return np.clip((offsets * BINS / max(1, end_ns - start_ns)).astype(np.int64), 0, BINS - 1)


def percentile(values: Sequence[float] | Numbers, q: float) -> float:
    """The q-quantile, as `between_ranks`; ``values`` may hold +inf (failures), and must not be empty."""
    found = np.asarray(values, dtype=np.float64)
    if not len(found):
        raise ValueError("no values")
    return between_ranks(Ranked([found], [span_of(len(found), q)]), q)


def order_interval(n: int, q: float) -> tuple[int, int] | None:
    """1-based ranks (l, u) with P(x_l <= quantile <= x_u) >= 95 %, or None when n is too small.

    Equal tails where they exist; else the outermost value on one side, the rest of the 5 % on the other:
    that is what makes 59 answers enough for p95.
    """
    tail = (1 - CONFIDENCE) / 2
    upper = _below(1 - tail, n, q) + 1
    lower = _below(tail, n, q)
    if upper > n:
        upper = n
        left = 1 - CONFIDENCE - q**n
        lower = _rank_below(n, q, left)
    elif lower < 1:
        lower = 1
        left = 1 - CONFIDENCE - (1 - q) ** n
        upper = _below(1 - left, n, q) + 1 if left > 0 else n + 1
    if lower < 1 or upper > n or lower > upper:
        return None
    return lower, upper


def _rank_below(n: int, q: float, tail: float) -> int:
    """The largest rank l with P(fewer than l values lie below the quantile) <= ``tail``; 0 if none."""
    if tail <= 0:
        return 0
    rank = _below(tail, n, q)
    return rank if rank == 0 or float(bdtr(rank - 1, n, q)) <= tail else rank - 1


def _below(p: float, n: int, q: float) -> int:
    """The p-quantile of how many of n values lie below their q-quantile (binomial)."""
    reached: int = max(0, math.ceil(bdtrik(p, n, q)))
    fewer = max(0, reached - 1)
    return fewer if float(bdtr(fewer, n, q)) >= p else reached


def percentile_estimates(
    parts: Sequence[Numbers], divisor: float, qs: Sequence[float]
) -> list[Estimate | None]:
    """Percentiles of all values of these parts, each divided by ``divisor``, with their order-statistic
    intervals; None (shown as ``-``) for too few values."""
    n = sum(map(len, parts))
    enough = [n > 0 and (q == 0.5 or n >= wanted_answers(max(q, 1 - q))) for q in qs]
    intervals = [order_interval(n, q) if n else None for q in qs]
    spans = [
        span_of(n, q, interval) for q, interval, there in zip(qs, intervals, enough, strict=True) if there
    ]
    ordered = Ranked(parts, spans, divisor)
    return [
        _estimate(ordered, q, interval) if there else None
        for q, interval, there in zip(qs, intervals, enough, strict=True)
    ]


def _estimate(ordered: Ranked, q: float, interval: tuple[int, int] | None) -> Estimate:
    value = between_ranks(ordered, q)
    if interval is None:
        return Estimate(value=value)
    return Estimate(value=value, low=ordered[interval[0] - 1], high=ordered[interval[1] - 1])


def _draw_repeats(keys: Sequence[Hashable], rng: np.random.Generator) -> dict[Hashable, Floats]:
    """How often each repeat was drawn, in each of DRAWS resamplings of them with replacement."""
    if not keys:
        return {}
    counts = rng.multinomial(len(keys), [1 / len(keys)] * len(keys), size=DRAWS)
    return {key: counts[:, i].astype(np.float64) for i, key in enumerate(keys)}


def _draw_bins(
    samples: Sequence[Sample], repeats: Mapping[Hashable, Floats], rng: np.random.Generator
) -> list[Floats]:
    """Weights (DRAWS x BINS) of each sample's time bins: bins resampled inside resampled repeats."""
    weights = []
    for sample in samples:
        counts = rng.multinomial(BINS, [1 / BINS] * BINS, size=DRAWS)
        weights.append(counts * repeats[sample.key][:, None])
    return weights


def bin_weights(samples: Sequence[Sample], rng: np.random.Generator) -> list[Floats]:
    """The bootstrap's weights of the time bins alone: every repeat as it was."""
    return _draw_bins(samples, {sample.key: np.ones(DRAWS) for sample in samples}, rng)


def weights_of(samples: Sequence[Sample], rng: np.random.Generator) -> list[Floats]:
    """The hierarchical bootstrap's weights for one group of cells."""
    keys = list(dict.fromkeys(sample.key for sample in samples))
    return _draw_bins(samples, _draw_repeats(keys, rng), rng)


def paired_weights(
    a: Sequence[Sample], b: Sequence[Sample], rng: np.random.Generator
) -> tuple[list[Floats], list[Floats]]:
    """The same for two groups: a repeat that both have is drawn as often on either side."""
    keys_a = list(dict.fromkeys(s.key for s in a))
    keys_b = list(dict.fromkeys(s.key for s in b))
    common = _draw_repeats([k for k in keys_a if k in keys_b], rng)
    only_a = _draw_repeats([k for k in keys_a if k not in keys_b], rng)
    only_b = _draw_repeats([k for k in keys_b if k not in keys_a], rng)
    return _draw_bins(a, common | only_a, rng), _draw_bins(b, common | only_b, rng)


def rate(samples: Sequence[Sample]) -> float:
    """Throughput: what all good answers amount to, over all seconds of the pooled cells."""
    seconds = sum(sample.seconds for sample in samples)
    return sum(float(sample.amounts.sum()) for sample in samples) / seconds if seconds > 0 else 0.0


def rate_draws(samples: Sequence[Sample], weights: Sequence[Floats]) -> Floats:
    """The rate in each of the bootstrap's draws."""
    answers = np.zeros(DRAWS)
    seconds = np.zeros(DRAWS)
    for sample, weight in zip(samples, weights, strict=True):
        answers += weight @ np.bincount(sample.ended_bins, weights=sample.amounts, minlength=BINS)
        seconds += weight.sum(axis=1) * sample.seconds / BINS
    return divide(answers, seconds)


def median(samples: Sequence[Sample]) -> float | None:
    """The median of the pooled values."""
    values = np.concatenate([sample.values for sample in samples]) if samples else np.empty(0)
    return percentile(values, 0.5) if len(values) else None


def median_draws(samples: Sequence[Sample], weights: Sequence[Floats]) -> Floats:
    """The weighted median of the pooled values in each of the bootstrap's draws; nan without values.

    Sought among the pooled values; where there are more than GRID, among GRID of them evenly spaced in
    rank, which is finer than such a sample's own noise.
    """
    medians = np.full(DRAWS, np.nan)
    values = np.sort(np.concatenate([sample.values for sample in samples]))
    if not len(values):
        return medians
    candidates = values[np.unique(np.linspace(0, len(values) - 1, GRID).round().astype(np.int64))]
    counts = [
        np.searchsorted(np.sort(sample.values[sample.value_bins == i]), candidates, side="right")
        for sample in samples
        for i in range(BINS)
    ]
    drawn, by_candidate = np.hstack(weights), np.stack(counts, axis=1).astype(np.float64)
    half = (drawn * by_candidate[-1]).sum(axis=1) / 2  # sums of whole numbers: exact in any order
    low = _first(drawn, by_candidate, half)
    high = _first(drawn, by_candidate, np.nextafter(half, np.inf))
    some = half > 0
    medians[some] = ((candidates[low] + candidates[high]) / 2)[some]
    return medians


def _first(drawn: Floats, by_candidate: Floats, least: Floats) -> Ints:
    """Of each draw, the first candidate up to which its weights add up to so much, or the last: by halves."""
    last = len(by_candidate) - 1
    low, high = np.zeros(len(drawn), dtype=np.int64), np.full(len(drawn), last)
    while (low < high).any():
        middle = (low + high) // 2
        reached = (drawn * by_candidate[middle]).sum(axis=1) >= least
        low, high = np.where(reached, low, np.minimum(middle + 1, last)), np.where(reached, middle, high)
    return low


def spread(draws: Floats, value: float, repeats: int) -> Floats:
    """The draws stretched about ``value`` (on the log scale) by sqrt(k/(k-1)), k what was resampled.

    Resampling k things with replacement understates their variance by (k-1)/k (Davison & Hinkley,
    section 3.8), half of it at the sweep's two repeats.
    """
    k = repeats if repeats > 1 else BINS
    if not value > 0:
        return draws
    stretched: Floats = value * (np.maximum(draws, 0) / value) ** math.sqrt(k / (k - 1))
    return stretched


def interval(draws: Floats, value: float, repeats: int) -> Estimate:
    """``value`` with the bootstrap's percentile interval."""
    finite = spread(draws, value, repeats)
    finite = finite[np.isfinite(finite)]
    if not value > 0 or len(finite) < DRAWS / 2:
        return Estimate(value=value)
    if np.ptp(finite) == 0:  # all bins alike: of chance they say nothing
        return Estimate(value=value)
    low, high = np.percentile(finite, [100 * (1 - CONFIDENCE) / 2, 100 * (1 + CONFIDENCE) / 2])
    return Estimate(value=value, low=min(float(low), value), high=max(float(high), value))


def divide(a: Floats, b: Floats) -> Floats:
    """a/b draw by draw, nan where b is nothing."""
    quotient: Floats = np.divide(a, b, out=np.full(len(a), np.nan), where=b > 0)
    return quotient


def repeats_of(samples: Sequence[Sample]) -> int:
    """How many different repeats a group holds."""
    return len({sample.key for sample in samples})
