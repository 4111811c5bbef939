"""Order statistics of many values without sorting them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

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
    """Values in rising order, as far as their places are in ``spans``; each divided."""

    def __init__(self, values: Numbers, spans: Iterable[Span], divisor: float = 1.0) -> None:
        self._count, self._divisor = len(values), divisor
        self._parts = list(_parts(values, sorted(spans)))

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int) -> float:
        for start, part in self._parts:
            if start <= place < start + len(part):
                return float(part[place - start]) / self._divisor
        raise IndexError(place)


def span_of(n: int, q: float, interval: tuple[int, int] | None = None) -> Span:
    """The places, of n values, that a quantile by `records.cells.measure.between_ranks` lies between, and the
    ends of its interval (ranks, from 1)."""
    below = int(round((n - 1) * q, 6))
    first, last = below, min(below + 1, n - 1)
    return (first, last) if interval is None else (min(first, interval[0] - 1), max(last, interval[1] - 1))


def _parts(values: Numbers, spans: Iterable[Span]) -> Iterator[tuple[int, Numbers]]:
    """Sorted parts, and the place of the first of each: one that has all places of each span. What lies
    between two values of a sample, which are near those that are sought, is counted and sorted (Floyd and
    Rivest, Communications of the ACM 18, 1975)."""
    if len(values) <= FEW:
        yield 0, np.sort(values)
        return
    drawn = np.sort(np.random.default_rng(len(values)).choice(values, DRAWN))
    for first, last in spans:
        start, part = _between(values, *_around(drawn, first / len(values), last / len(values)))
        if not start <= first <= last < start + len(part):
            start, part = 0, values
        yield start, np.sort(part)


def _around(drawn: Numbers, first: float, last: float) -> tuple[Any, Any]:
    """Two values of a sample in order, which those at these shares of the whole most likely lie between; None
    where there is no such."""
    n = len(drawn)
    below = first * n - ERRORS * (n * first * (1 - first)) ** 0.5 - 1
    above = last * n + ERRORS * (n * last * (1 - last)) ** 0.5 + 1
    return drawn[int(below)] if below >= 0 else None, drawn[int(above)] if above < n else None


def _between(values: Numbers, low: Any, high: Any) -> tuple[int, Numbers]:
    """Those that are between, and how many are below them."""
    below, parts = 0, []
    for own in np.array_split(values, len(values) // AT_ONCE + 1):
        above = own if low is None else own[own >= low]
        below += len(own) - len(above)
        parts.append(above if high is None else above[above <= high])
    return below, np.concatenate(parts)
