"""``auto``: which levels lead to a configuration's knee, and which of them decide it. Pure.

First the levels that all configurations share. From there onward, by doubling, while throughput grows; where
it grew by much less than the users did, the level between is asked first, for there the knee may be. Then the
gaps beside the knee are filled in. The next level follows from what came of the others and from nothing else,
so that a sweep that is resumed finds its way by reading its cells again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from reports.figures.knee import falls_short, knee_index

SURE_GROWTH = 1.05
"""At the highest level not even this: a repeat could take what lies between the two for growth."""
SURE_SPAN = 1.5
"""Nor is a knee sure before so many times its users brought no more: a step from 15 to 20 users brings a
third at the most, and one noisy cell hides as much."""
WIDE_BELOW, WIDE_ABOVE = 1.7, 2.0
"""A knee and the level beside it are no further apart than this, where a level lies between them."""

Outcomes = Mapping[int, float | None]
"""Throughput by level; None where the cell is not valid, so that it decides nothing."""


def next_level(levels: Sequence[int], onward: Sequence[int], found: Outcomes) -> int | None:
    """The level that brings the search for the knee on, of ``levels`` (rising) that were not asked yet;
    None when there is nothing to find out, or nothing valid to go by."""
    throughput = _valid(found)
    if not throughput:
        return None
    at = knee_index(list(throughput.values()))
    top, broken = max(throughput), [n for n in found if n > max(throughput)]
    if at is None:
        if broken:  # no valid cell up there, so whoever goes higher learns nothing
            return _between(levels, found, top, min(broken), math.sqrt(top * min(broken)))
        return _where_it_bent(levels, found, throughput) or next((n for n in onward if n > top), None)
    grows = throughput[top] > SURE_GROWTH * max(x for n, x in throughput.items() if n != top)
    if not broken and (grows or top < SURE_SPAN * list(throughput)[at]):
        higher = next((n for n in levels if n > top), None)
        if higher is not None:
            return higher
    return _beside(levels, found, throughput, at)


def _where_it_bent(levels: Sequence[int], found: Outcomes, throughput: Mapping[int, float]) -> int | None:
    """A level below the top one, if throughput grew by much less than the users did."""
    if len(throughput) < 2:
        return None
    below, top = list(throughput)[-2:]
    if not falls_short(below, top, throughput[top] / throughput[below]):
        return None
    return _between(levels, found, below, top, below * throughput[top] / throughput[below])


def _beside(levels: Sequence[int], found: Outcomes, throughput: Mapping[int, float], at: int) -> int | None:
    """A level in a wide gap beside the knee; below it where its throughput would be reached in proportion."""
    valid = list(throughput)
    knee, above = valid[at], valid[at + 1]
    if at > 0 and knee > WIDE_BELOW * valid[at - 1]:
        below = valid[at - 1]
        level = _between(levels, found, below, knee, below * throughput[knee] / throughput[below])
        if level is not None:
            return level
    if above > WIDE_ABOVE * knee:
        return _between(levels, found, knee, above, math.sqrt(knee * above))
    return None


def _between(levels: Sequence[int], found: Outcomes, low: int, high: int, near: float) -> int | None:
    inside = [n for n in levels if low < n < high and n not in found]
    return min(inside, key=lambda n: abs(math.log(n / near)), default=None)


def deciding_levels(found: Outcomes) -> set[int]:
    """The knee and the valid levels beside it (the two highest where there is none), and the levels above
    that gave no valid cell: they leave it open how throughput goes on."""
    throughput = _valid(found)
    valid = list(throughput)
    at = knee_index(list(throughput.values()))
    core = valid[-2:] if at is None else valid[max(0, at - 1) : at + 2]
    return {*core, *(n for n in found if n not in throughput and n > min(core, default=0))}


def _valid(found: Outcomes) -> dict[int, float]:
    return {n: throughput for n, throughput in sorted(found.items()) if throughput is not None}
