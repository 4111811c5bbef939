"""Order statistics of many values without sorting them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from reports.columns.kinds import end_to_end

Numbers = npt.NDArray[np.number[Any]]
Span = tuple[int, int]
"""Places in rising order, the first and the last of some, from 0."""
FEW = 1 << 14
"""So many are sorted at once: that takes no longer."""
DRAWN = 1 << 14
"""Of the sample by which the others are parted."""
AT_ONCE = 1 << 16
"""So many are compared at once: what is made of them stays in a CPU's cache."""
ERRORS = 6.0
"""So many standard errors of its quantile are on either side; where that is not enough, all are sorted."""


class Ranked:
    """The values of all parts in rising order, as far as their places are in ``spans``; each divided."""

    def __init__(self, parts: Sequence[Numbers], spans: Iterable[Span], divisor: float = 1.0) -> None:
        self._count, self._divisor = sum(map(len, parts)), divisor
        self._sorted = list(_sorted(parts, self._count, sorted(spans)))

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int) -> float:
        for start, values in self._sorted:
            if start <= place < start + len(values):
                return float(values[place - start]) / self._divisor
        raise IndexError(place)


def span_of(n: int, q: float, interval: tuple[int, int] | None = None) -> Span:
    """The places, of n values, that a quantile by `records.cells.measure.between_ranks` lies between, and the
    ends of its interval (ranks, from 1)."""
    below = int(round((n - 1) * q, 6))
    first, last = below, min(below + 1, n - 1)
    return (first, last) if interval is None else (min(first, interval[0] - 1), max(last, interval[1] - 1))


def _sorted(parts: Sequence[Numbers], count: int, spans: Iterable[Span]) -> Iterator[tuple[int, Numbers]]:
    """Sorted values, and the place of the first of them: some that have all places of a span, for each. What
    lies between two values of a sample, which are near those that are sought, is counted and sorted (Floyd
    and Rivest, Communications of the ACM 18, 1975)."""
    if count <= FEW:
        yield 0, np.sort(end_to_end(parts, np.float64))
        return
    drawn = np.sort(_drawn(parts, count))
    for first, last in spans:
        start, values = _between(parts, *_around(drawn, first / count, last / count))
        if not start <= first <= last < start + len(values):
            start, values = 0, end_to_end(parts, np.float64)
        yield start, np.sort(values)


def _drawn(parts: Sequence[Numbers], count: int) -> Numbers:
    """A sample of all, with replacement."""
    places = np.sort(np.random.default_rng(count).integers(0, count, DRAWN))
    starts = np.cumsum([0, *map(len, parts)])
    own = np.split(places, np.searchsorted(places, starts[1:-1]))
    return np.concatenate([part[at - start] for part, at, start in zip(parts, own, starts[:-1], strict=True)])


def _around(drawn: Numbers, first: float, last: float) -> tuple[Any, Any]:
    """Two values of a sample in order, which those at these shares of the whole most likely lie between; None
    where there is no such."""
    n = len(drawn)
    below = first * n - ERRORS * (n * first * (1 - first)) ** 0.5 - 1
    above = last * n + ERRORS * (n * last * (1 - last)) ** 0.5 + 1
    return drawn[int(below)] if below >= 0 else None, drawn[int(above)] if above < n else None


def _between(parts: Sequence[Numbers], low: Any, high: Any) -> tuple[int, Numbers]:
    """Those that are between, and how many are below them."""
    below, found = 0, []
    for own in (piece for part in parts for piece in np.array_split(part, len(part) // AT_ONCE + 1)):
        # Few are: to take those out at once is quicker than to take out all that are above, and then these.
        inside = np.ones(len(own), dtype=np.bool_) if low is None else own >= low
        below += len(own) - int(np.count_nonzero(inside))
        found.append(own[inside if high is None else inside & (own <= high)])
    return below, np.concatenate(found)
