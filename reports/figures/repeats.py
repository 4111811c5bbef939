"""How much one measurement differs from the next one of the same: pooled over all cells of a report.

Two repeats know their own spread badly: their Student factor is 12.7, and resampling two of them puts the
interval's ends near the two themselves, which held 1 in 16 of 20 simulated comparisons of equals. So what
repeats differ by is estimated once, from all levels together. The logarithm of a cell's figure is taken as

    level + repeat + start + cell + within

``repeat`` is what all of its cells share (the machine was slower that hour) and cancels in a ratio; ``start``
is shared by the cells of one started service, ``cell`` by nothing, and both are between repeats. Their mean
squares are those of a nested analysis of variance, fitted by least squares (Montgomery, *Design and Analysis
of Experiments*, chapters 4 and 14), the degrees of freedom of their sum Satterthwaite's (1946). ``within`` is
known from the bootstrap of the cells' time bins, and half of it is taken off, at least to nothing: the whole
would too often leave nothing by chance, and the intervals then held 1 in 18 of 20, where now it is 19.

A few cells know that variance badly. So it is moderated, as in Smyth (2004), "Linear models and empirical
Bayes methods for assessing differential expression": what repeats of a quiet sweep differ by, PRIOR, counts
as PRIOR_FREEDOM degrees of freedom more. In 27 sweeps of a service beside itself, quiet ones and disturbed
ones, it took the median half-width of a TTFT's ratio from 12 % to 9 %, and no interval was without 1, where
7 of 108 were before. Where repeats really differ by 10 %, it costs coverage: 86 to 88 % for 95 % (simulated).
Where they differ by more than an F test lets pass for quiet, the prior is of other sweeps than this one, and
is left out.

A level's own interval (`of_levels`) is of no ratio: what all cells of a repeat share does not cancel, and is
part of it. And a level whose repeats differ by more than the greatest of so many alike would (an F test
again) has a variance of its own; its ratios, that of the pair where it is greater. Simulated,
95 % intervals of three repeats beside three quiet levels:

| repeats differ by | all 3 % | one 30 % | one 70 % | all 20 %, shared |
|---|---|---|---|---|
| held before | 96 % | 66 % | 62 % | 30 % |
| hold now | 97 % | 88 % | 94 % | 84 % |

A quiet level's are as wide as before (4.8 % for 4.6 %), and narrower beside a wild one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtri, fdtri, stdtrit

from records.cells.measure import CONFIDENCE
from reports.columns.kinds import Floats
from reports.figures import stats
from reports.figures.stats import Estimate, Sample
from workloads.workload import Workload

FEWEST_REPEATS = 2
"""Degrees of freedom: with fewer nothing is pooled, and where Satterthwaite's are fewer, so many are taken.
With one, an interval says next to nothing; with two it held 1 in 17 of 20 comparisons of equals, simulated,
where they differed by their starts alone and each was started twice."""
PRIOR = 0.03**2
"""Cells of 3 s: 1.5 % at 5 users and 3.8 % at 20, by ``make bench-same`` on a quiet machine."""
PRIOR_FREEDOM = 2
TOO_WILD = 0.95
"""Such a share of what is alike differs by less, by an F test."""
Service = Hashable
"""A deployment's configuration: it is started once a repeat."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure of cells together, and its bootstrap."""

    name: str
    value: Callable[[Sequence[Sample]], float | None]
    draws: Callable[[Sequence[Sample], Sequence[Floats]], Floats]


def throughput_figure(workload: Workload) -> Figure:
    return Figure(name=workload.throughput.name, value=stats.rate, draws=stats.rate_draws)


def median_figure(workload: Workload) -> Figure:
    """Of the metric that is compared."""
    return Figure(name=workload.compared.name, value=stats.median, draws=stats.median_draws)


@dataclass(frozen=True, kw_only=True)
class Between:
    """The variance of the logarithm of a figure from repeat to repeat, what is within cells left out."""

    variance: float
    freedom: float
    wild: bool = False
    """Of one level, whose repeats differ by more than those of the others."""

    def factors(self, repeats: Sequence[int], rng: np.random.Generator) -> Floats:
        """Draws of what it does to a ratio of levels that have so many repeats each."""
        scale = math.sqrt(self.variance * sum(1 / k for k in repeats))
        factors: Floats = np.exp(scale * rng.standard_t(self.freedom, stats.DRAWS))
        return factors

    def half(self, repeats: int) -> float:
        """Of the interval of a mean of so many, on the logarithm's scale."""
        return float(stdtrit(self.freedom, (1 + CONFIDENCE) / 2)) * math.sqrt(self.variance / repeats)

    def widened(self, estimate: Estimate, repeats: int) -> Estimate:
        """A level's estimate whose interval knows only the noise within its cells, with that between repeats:
        on the logarithm's scale the two half-widths add in squares."""
        half = self.half(repeats)

        def moved(end: float | None, sign: int) -> float | None:
            if end is None or not end > 0 or not estimate.value > 0:
                return end
            return estimate.value * math.exp(sign * math.hypot(math.log(end / estimate.value), half))

        low, high = moved(estimate.low, -1), moved(estimate.high, 1)
        return Estimate(value=estimate.value, low=low, high=high)


_QUIET = Between(variance=PRIOR, freedom=PRIOR_FREEDOM)


@dataclass(frozen=True, kw_only=True)
class LoggedCell:
    service: Service
    level: int
    repeat: Hashable
    log: float
    within: float
    """The variance of ``log`` within the cell."""


def logged_cells(
    levels: Sequence[tuple[Service, Sequence[Sample]]], figure: Figure, rng: np.random.Generator
) -> Iterator[LoggedCell]:
    """Of the samples of each service's levels, those that have the figure."""
    for number, (service, samples) in enumerate(levels):
        for sample in samples:
            value, draws = figure.value([sample]), figure.draws([sample], stats.bin_weights([sample], rng))
            logs = np.log(draws[draws > 0])
            if value and len(logs) > stats.DRAWS / 2:
                yield LoggedCell(
                    service=service,
                    level=number,
                    repeat=sample.key,
                    log=math.log(value),
                    within=float(logs.var()) * stats.BINS / (stats.BINS - 1),
                )


def between(
    levels: Sequence[tuple[Service, Sequence[Sample]]], figure: Figure, rng: np.random.Generator
) -> Between | None:
    """From the samples of each service's levels; None where too few cells are repeats of others."""
    return between_cells(list(logged_cells(levels, figure, rng)))


def between_cells(cells: Sequence[LoggedCell]) -> Between | None:
    if not cells:
        return None
    starts = [(cell.service, cell.repeat) for cell in cells]
    shared: list[Sequence[Hashable]] = [[cell.level for cell in cells], [cell.repeat for cell in cells]]
    logs = np.array([cell.log for cell in cells])
    all_left, all_freedom = _left(logs, shared)
    cells_left, cells_freedom = _left(logs, [*shared, starts])
    starts_freedom = all_freedom - cells_freedom
    if all_freedom < FEWEST_REPEATS:
        return None
    alike = len(cells) / len(set(starts))  # cells of one start
    parts = [
        ((all_left - cells_left) / starts_freedom / alike if starts_freedom else 0.0, starts_freedom),
        (cells_left / cells_freedom * (1 - 1 / alike) if cells_freedom else 0.0, cells_freedom),
    ]
    if not starts_freedom:  # one service: its repeats are its starts
        parts = [(cells_left / cells_freedom, cells_freedom)]
    return _moderated(*_sum_of(parts, cells))


def _sum_of(parts: Sequence[tuple[float, int]], cells: Sequence[LoggedCell]) -> tuple[float, float]:
    """Of parts of a variance with their degrees of freedom: what is not within cells, and Satterthwaite's."""
    variance = sum(part for part, _ in parts)
    squares = sum(part**2 / freedom for part, freedom in parts if freedom)
    excess = max(0.0, variance - float(np.mean([cell.within for cell in cells])) / 2)
    return excess, max(FEWEST_REPEATS, variance**2 / squares) if squares else FEWEST_REPEATS


def _moderated(variance: float, freedom: float) -> Between:
    if variance > PRIOR * _most_times(freedom, PRIOR_FREEDOM):
        return Between(variance=variance, freedom=max(FEWEST_REPEATS, freedom))
    return Between(
        variance=(PRIOR_FREEDOM * PRIOR + freedom * variance) / (PRIOR_FREEDOM + freedom),
        freedom=PRIOR_FREEDOM + freedom,
    )


def _most_times(freedom: float, of_freedom: float, *, of: int = 1) -> float:
    """How many times another variance one of equal things may be estimated at; the greatest ``of`` many."""
    return float(fdtri(freedom, of_freedom, 1 - (1 - TOO_WILD) / of))


def of_levels(cells: Sequence[LoggedCell]) -> dict[int, Between]:
    """For each level the variance of its own figure from repeat to repeat, what they share included. None are
    there where nothing was repeated."""
    groups: dict[int, list[LoggedCell]] = {}
    for cell in cells:
        groups.setdefault(cell.level, []).append(cell)
    own = {level: (_spread(its), len(its) - 1) for level, its in groups.items() if len(its) > 1}
    wild = {}
    for level, (variance, freedom) in own.items():
        others = _usual([its for one, its in own.items() if one != level])
        if variance > others.variance * _most_times(freedom, others.freedom, of=len(own)):
            wild[level] = replace(_moderated(variance, freedom), wild=True)
    rest = [cell for cell in cells if cell.level not in wild]
    pooled = _shared_and_own(rest) if any(level in own for level in groups if level not in wild) else _QUIET
    return {level: wild.get(level, pooled) for level in groups} if own else {}


def of_ratio(one: Sequence[LoggedCell], other: Sequence[LoggedCell]) -> Between | None:
    """As two levels have it in what their ratio differs by from repeat to repeat. None of less than two."""
    by_repeat = {cell.repeat: cell for cell in other}
    pairs = [(cell, by_repeat[cell.repeat]) for cell in one if cell.repeat in by_repeat]
    if len(pairs) < FEWEST_REPEATS:
        return None
    apart = float(np.var([a.log - b.log for a, b in pairs], ddof=1)) / 2  # the half of either
    freedom = len(pairs) - 1
    return _moderated(_sum_of([(apart, freedom)], [cell for pair in pairs for cell in pair])[0], freedom)


def of_both(one: tuple[Between, int], other: tuple[Between, int]) -> Between:
    """Of the ratio of two levels of different repeats, from the noise of each (`of_levels`) and how many
    repeats it has: nothing cancels, so both variances add. The degrees of freedom of a sum of two estimates
    are Welch's (1947); of one estimate for both, its own."""
    parts = [(noise.variance / repeats, noise.freedom) for noise, repeats in (one, other)]
    variance = sum(part for part, _ in parts)
    if one[0] == other[0] or not variance:
        return Between(variance=variance, freedom=one[0].freedom)
    return Between(variance=variance, freedom=variance**2 / sum(part**2 / f for part, f in parts))


def _usual(variances: Sequence[tuple[float, int]]) -> Between:
    """By the median, which wild ones among them do not move; it knows about half of what the mean does."""
    if not variances:
        return _QUIET
    unbiased = [variance * freedom / chdtri(freedom, 0.5) for variance, freedom in variances]
    return _moderated(float(np.median(unbiased)), sum(freedom for _, freedom in variances) / 2)


def _spread(its: Sequence[LoggedCell]) -> float:
    """The variance between cells of one level."""
    return _sum_of([(float(np.var([cell.log for cell in its], ddof=1)), len(its) - 1)], its)[0]


def _shared_and_own(cells: Sequence[LoggedCell]) -> Between:
    """Of levels that differ from repeat to repeat alike: what all cells of a repeat share, those of a start,
    and none."""
    logs, by_level = np.array([cell.log for cell in cells]), [cell.level for cell in cells]
    repeats, starts = [cell.repeat for cell in cells], [(cell.service, cell.repeat) for cell in cells]
    whole, whole_freedom = _left(logs, [by_level])
    apart, apart_freedom = _left(logs, [by_level, repeats])
    own, own_freedom = _left(logs, [by_level, repeats, starts])
    of_repeat, of_start = len(set(repeats)) / len(cells), len(set(starts)) / len(cells)
    parts = (
        (whole - apart, whole_freedom - apart_freedom, of_repeat),
        (apart - own, apart_freedom - own_freedom, of_start - of_repeat),
        (own, own_freedom, 1 - of_start),
    )
    known = [(left / freedom * share, freedom) for left, freedom, share in parts if freedom]
    return _moderated(*_sum_of(known, cells))


def by_repeats(value: float, groups: Sequence[Sequence[float]]) -> Estimate:
    """A figure of the last group, with the interval that its repeats give: what they differ by, as a share,
    is taken from those of all groups, each about its own mean, and moderated as above. Without one where no
    group has two."""
    own = [[math.log(one) for one in group if one > 0] for group in groups]
    freedom = sum(len(logs) - 1 for logs in own if logs)
    if not freedom or not own[-1] or not value > 0:
        return Estimate(value=value)
    left = math.fsum((log - math.fsum(logs) / len(logs)) ** 2 for logs in own for log in logs)
    noise = _moderated(left / freedom, freedom)
    half = noise.half(len(own[-1]))
    return Estimate(value=value, low=value * math.exp(-half), high=value * math.exp(half))


def _left(logs: Floats, factors: Sequence[Sequence[Hashable]]) -> tuple[float, int]:
    """What a model of these factors leaves: the sum of squares, and its degrees of freedom."""
    columns = [[value == one for value in factor] for factor in factors for one in dict.fromkeys(factor)]
    design = np.array(columns, dtype=np.float64).T
    residuals = logs - design @ np.linalg.lstsq(design, logs, rcond=None)[0]
    return float(residuals @ residuals), len(logs) - int(np.linalg.matrix_rank(design))
