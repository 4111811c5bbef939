"""Do the intervals of effects hold what they claim? Simulated sweeps of four variants whose effects are
known, with log-normal noise from repeat to repeat of 3 to 10 %: how often a 95 % interval holds its effect,
how often all of a table hold theirs, and how wide they are. Exit 1 if a bound is missed.

python benchmarks/intervals.py [--times 1000] [--repeats 2] [--seed 1]
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from records.services.variants import MOCKS
from reports.figures.effects import FACTORS, Timed, noise_of, saved
from sweep.planning.plan import Plan

USERS = (1, 2, 5, 10, 20)
"""About as many points as ``--concurrency auto`` finds."""
VARIANTS = tuple(MOCKS)
AT_ONCE = 0.95 - 2 * math.sqrt(0.95 * 0.05 / 1000)
"""All effects of a table: 95 %, and what 1,000 sweeps may miss by chance."""
NOISE = (0.03, 0.10)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A request's time in milliseconds: what is always there, what the parts take, and what they take
    together; and the shape of the noise."""

    rest: float = 20.0
    embeddings: float = 76.0
    llm: float = 259.0
    interaction: float = 0.0
    of_starts: float = 0.0
    """The share of the noise's variance that is of a started service, so that all its points have it."""
    drift: float = 0.0
    """What all cells of a repeat share besides: the machine, which is in the effects as they were met."""

    def ms(self, variant: str, users: int) -> float:
        """Parts queue: with more users they take longer, alike in all variants."""
        embeddings = 0.0 if variant in ("mock-embeddings", "mock-both") else self.embeddings
        llm = 0.0 if variant in ("mock-llm", "mock-both") else self.llm
        both = 0.0 if variant == "mock-both" else self.interaction
        return self.rest + (embeddings + llm + both) * (1 + users / 20)

    def effect(self, factor: str, users: int) -> float:
        return sum(weight * self.ms(variant, users) for variant, weight in FACTORS[factor].items())


HELD = (0.93, 0.97)
HALF_OF_STARTS, MOST_OF_STARTS = (0.91, 0.97), (0.87, 0.97)
"""Four variants started twice tell little of their starts: there less is held."""
SWEEPS = {
    "no interaction": (Truth(), HELD),
    "interaction 60 ms": (Truth(interaction=60.0), HELD),
    "interaction -40 ms": (Truth(interaction=-40.0), HELD),
    "repeats 10 % apart besides": (Truth(drift=0.10), HELD),
    "half of the noise of starts": (Truth(of_starts=0.5), HALF_OF_STARTS),
    "four fifths of it": (Truth(of_starts=0.8), MOST_OF_STARTS),
}


@dataclass(kw_only=True)
class Counts:
    """Over many simulated sweeps."""

    held: dict[str, list[bool]] = field(default_factory=lambda: {factor: [] for factor in FACTORS})
    at_once: list[bool] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    """Half-widths of the parts' effects, of the baseline's time."""

    @property
    def coverage(self) -> dict[str, float]:
        return {factor: statistics.fmean(held) for factor, held in self.held.items()}


def sweep_of(
    truth: Truth, rng: np.random.Generator, *, noise: float, drifts: Sequence[float]
) -> Iterator[tuple[str, Timed]]:
    """The cells of one, as many repeats as there are ``drifts`` (logarithms)."""
    for variant, (repeat, drift) in product(VARIANTS, enumerate(drifts)):
        start = rng.normal(0, noise * math.sqrt(truth.of_starts))
        for users in USERS:
            log = drift + start + rng.normal(0, noise * math.sqrt(1 - truth.of_starts)) - noise**2 / 2
            ms = truth.ms(variant, users) * math.exp(log)
            yield variant, Timed(group=0, service=variant, point=users, repeat=repeat, ms=ms)


def count(cells: Sequence[tuple[str, Timed]], truth: Truth, machine: float, counts: Counts) -> None:
    """Add what one simulated sweep's intervals hold; ``machine``: how many times slower it was."""
    noise = noise_of(cell for _, cell in cells)
    family, all_hold = len(USERS) * len(FACTORS), True
    for users in USERS:
        times: dict[str, dict[Hashable, float]] = {variant: {} for variant in VARIANTS}
        for variant, cell in cells:
            if cell.point == users:
                times[variant][cell.repeat] = cell.ms
        for factor in FACTORS:
            found, wanted = saved(factor, times), machine * truth.effect(factor, users)
            if found is None or noise is None:
                raise ValueError("an interval wants repeats of all four variants")
            half = noise.half_width(found.squares)
            counts.held[factor].append(abs(found.ms - wanted) <= half)
            all_hold = all_hold and abs(found.ms - wanted) <= noise.half_width(found.squares, family)
            if factor != "interaction":
                counts.shares.append(half / machine / truth.ms("baseline", users))
    counts.at_once.append(all_hold)


def simulate(
    times: int, seed: int, *, truth: Truth, repeats: int, noise: tuple[float, float] = NOISE
) -> Counts:
    """So many sweeps, each with a noise between those two."""
    rng, counts = np.random.default_rng(seed), Counts()
    for _ in range(times):
        own = float(rng.uniform(*noise))
        drifts = [float(drift) for drift in rng.normal(0, truth.drift, repeats)]
        machine = statistics.fmean(map(math.exp, drifts))
        count(list(sweep_of(truth, rng, noise=own, drifts=drifts)), truth, machine, counts)
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=Plan.repeats)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    missed = False
    print(f"{arguments.times} sweeps of {len(USERS)} loads, {arguments.repeats} repeats")
    for name, (truth, (least, most)) in SWEEPS.items():
        counts = simulate(arguments.times, arguments.seed, truth=truth, repeats=arguments.repeats)
        at_once = statistics.fmean(counts.at_once)
        bad = any(not least <= share <= most for share in counts.coverage.values()) or at_once < AT_ONCE
        missed = missed or bad
        said = ", ".join(f"{factor} {share:.1%}" for factor, share in counts.coverage.items())
        print(f"{name}: {said} (bounds {least:.0%} to {most:.0%}); ", end="")
        print(f"all of a table {at_once:.1%} (bound {AT_ONCE:.0%}){'  MISSED' if bad else ''}")
    for noise in (0.03, 0.05, 0.10):
        both = (noise, noise)
        counts = simulate(
            arguments.times, arguments.seed, truth=Truth(), repeats=arguments.repeats, noise=both
        )
        half = statistics.median(counts.shares)
        print(f"noise {noise:.0%}: median half-width of an effect on users/RPS {half:.1%} of the baseline's")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
