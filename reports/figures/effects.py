"""What the embeddings, the LLM and their interaction take, in milliseconds: a 2x2 design of four variants.

Effects are differences of times, not ratios: delays in sequence add, so that of two parts which have nothing
to do with each other both ratios multiply to anything but the ratio of both (1.29 and 4.23 times beside
56.5), while their differences add up to the difference of both, and the interaction is nothing.

The unit of an interval is the repeat, whose service was started anew, and never the request. What repeats
differ by is taken from all cells of the run together, as ratios do it (`reports.figures.repeats.nested`), on
the logarithm's scale, since it grows with the figure: two repeats alone would mean a Student factor of 12.7.
What is within cells is left in, and no prior is added: of four variants there are enough cells. What all
cells of a repeat share is left in, too; it hardly moves a difference, so where it is great intervals are too
wide.
Simulated sweeps of known effects are held against this by ``benchmarks/intervals.py``.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from records.measure import CONFIDENCE
from reports.figures.repeats import nested
from reports.figures.stats import Estimate

FACTORS: Mapping[str, Mapping[str, int]] = {
    "embeddings": {"baseline": 1, "mock-embeddings": -1},
    "llm": {"baseline": 1, "mock-llm": -1},
    "interaction": {"mock-embeddings": 1, "mock-llm": 1, "baseline": -1, "mock-both": -1},
}
"""By its name, how often a factor's effect has the time of each variant in it: what the mock saves. The
interaction is what both mocks save beyond the savings of each."""


@dataclass(frozen=True, kw_only=True)
class Timed:
    """One cell's figure: a time, of a variant at a point, in one repeat."""

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
        if not self.sd:
            return 0.0
        tail = (1 - CONFIDENCE) / 2 / effects
        return float(t.ppf(1 - tail, self.freedom)) * self.sd * math.sqrt(squares)


def noise_of(cells: Iterable[Timed]) -> Noise | None:
    """From all cells of a run; None where none is the repeat of another."""
    used = [cell for cell in cells if cell.ms > 0]
    if not used:
        return None
    found = nested(
        np.log([cell.ms for cell in used]),
        services=[cell.service for cell in used],
        repeats=[cell.repeat for cell in used],
        shared=[[(cell.service, cell.point) for cell in used]],
    )
    return None if found is None else Noise(sd=math.sqrt(found.variance), freedom=found.freedom)


@dataclass(frozen=True, kw_only=True)
class Saved:
    """One effect in numbers, without its name."""

    ms: float
    squares: float

    def estimate(self, noise: Noise | None, effects: int = 1) -> Estimate:
        """With its interval, which holds for so many effects at once."""
        if noise is None:
            return Estimate(value=self.ms)
        half = noise.half_width(self.squares, effects)
        return Estimate(value=self.ms, low=self.ms - half, high=self.ms + half)


def saved(factor: str, times: Mapping[str, Sequence[float]]) -> Saved | None:
    """The effect at one point, from each variant's times, one a repeat; None where one of its variants has
    none."""
    weights = FACTORS[factor]
    if any(not times.get(variant) for variant in weights):
        return None
    # Exactly rounded sums: the order of the cells is nothing that an effect could depend on.
    means = {variant: math.fsum(times[variant]) / len(times[variant]) for variant in weights}
    return Saved(
        ms=math.fsum(weight * means[variant] for variant, weight in weights.items()),
        squares=math.fsum(means[variant] ** 2 / len(times[variant]) for variant in weights),
    )
