"""Order statistics of many values without sorting them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64] | npt.NDArray[np.signedinteger[Any]]
Span = tuple[int, int]
"""Places in rising order, the first and the last of some, from 0."""
FEW = 1 << 12
"""So many are sorted at once: that takes no longer."""


class Ranked:
    """Values in rising order, as far as they were `placed`, each divided."""

    def __init__(self, ordered: Numbers, divisor: float) -> None:
        self._ordered, self._divisor = ordered, divisor

    def __len__(self) -> int:
        return len(self._ordered)

    def __getitem__(self, place: int) -> float:
        return float(self._ordered[place]) / self._divisor


def span_of(n: int, q: float, interval: tuple[int, int] | None = None) -> Span:
    """The places, of n values, that a quantile by `records.cells.measure.between_ranks` lies between, and the
    ends of its interval (ranks, from 1)."""
    below = int(round((n - 1) * q, 6))
    first, last = below, min(below + 1, n - 1)
    return (first, last) if interval is None else (min(first, interval[0] - 1), max(last, interval[1] - 1))


def placed(values: Numbers, spans: Iterable[Span]) -> Numbers:
    """A copy in which the values of these places are where they were if all were sorted. Hoare's selection
    (Communications of the ACM 4, 1961), which takes a time in proportion to their number."""
    found = values.copy()
    if len(found) <= FEW:
        found.sort()
        return found
    start = 0
    for first, last in _apart(spans):
        found[start:].partition(first - start)
        if last > first:
            found[first + 1 :].partition(last - first - 1)
            found[first + 1 : last].sort()
        start = last + 1
    return found


def _apart(spans: Iterable[Span]) -> Iterator[Span]:
    """In rising order, those together that touch each other."""
    now: Span | None = None
    for first, last in sorted(spans):
        if now is not None and first <= now[1] + 1:
            now = (now[0], max(now[1], last))
            continue
        if now is not None:
            yield now
        now = (first, last)
    if now is not None:
        yield now
